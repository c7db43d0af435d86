"""Update rules as textbooks and courses write them, in several styles, all of them right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
State = dict[str, Any]

#: Hyperparameters of each. No two of them, and no products of them, are equal.
NUMBERS: dict[str, dict[str, float]] = {
    "SGD": {"rate": 0.03},
    "Momentum": {"rate": 0.03, "momentum": 0.85},
    "Nesterov": {"rate": 0.03, "momentum": 0.85},
    "AdaGrad": {"rate": 0.03, "eps": 1e-7},
    "RMSProp": {"rate": 0.03, "decay": 0.95, "eps": 1e-7},
    "Adam": {"rate": 0.003, "beta1": 0.8, "beta2": 0.99, "eps": 1e-7},
    "AdamW": {"rate": 0.003, "beta1": 0.8, "beta2": 0.99, "eps": 1e-7, "weight_decay": 0.02},
    "IRpropMinus": {"rate": 0.01, "shrink": 0.5, "grow": 1.2, "smallest": 1e-6, "largest": 50.0},
}


class AdamClass:
    """As in a course: dicts of moments, created at the first call, and a counter."""

    def __init__(self, lr: float = 0.003, beta1: float = 0.8, beta2: float = 0.99, epsilon: float = 1e-7) -> None:
        self.lr, self.beta1, self.beta2, self.epsilon = lr, beta1, beta2, epsilon
        self.m: State = {}
        self.v: State = {}
        self.t = 0

    def update(self, params: State, grads: State) -> None:
        self.t += 1
        for key in params:
            if key not in self.m:
                self.m[key] = np.zeros_like(params[key])
                self.v[key] = np.zeros_like(params[key])
            self.m[key] = self.beta1 * self.m[key] + (1 - self.beta1) * grads[key]
            self.v[key] = self.beta2 * self.v[key] + (1 - self.beta2) * np.power(grads[key], 2)
            m_hat = self.m[key] / (1 - np.power(self.beta1, self.t))
            v_hat = self.v[key] / (1 - np.power(self.beta2, self.t))
            params[key] -= self.lr * m_hat / (np.sqrt(v_hat) + self.epsilon)


class AdamByDifferences:
    """Moments updated by differences, and one corrected rate with ε scaled to match."""

    def __init__(self) -> None:
        self.iter, self.m, self.v = 0, dict[str, Any](), dict[str, Any]()

    def update(self, params: State, grads: State) -> None:
        self.iter += 1
        root = np.sqrt(1.0 - 0.99**self.iter)
        rate = 0.003 * root / (1.0 - 0.8**self.iter)
        for key, w in params.items():
            m, v = self.m.setdefault(key, np.zeros_like(w)), self.v.setdefault(key, np.zeros_like(w))
            m += (1 - 0.8) * (grads[key] - m)
            v += (1 - 0.99) * (grads[key] ** 2 - v)
            w -= rate * m / (np.sqrt(v) + 1e-7 * root)


def adam_config(w: Array, dw: Array, config: State | None = None) -> tuple[Array, State]:
    """Takes and returns one array and a dict of settings."""
    config = {} if config is None else config
    config.setdefault("learning_rate", 3e-3)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)
    config["t"] += 1
    config["m"] = 0.8 * config["m"] + 0.2 * dw
    config["v"] = 0.99 * config["v"] + 0.01 * (dw * dw)
    mb = config["m"] / (1 - 0.8 ** config["t"])
    vb = config["v"] / (1 - 0.99 ** config["t"])
    return w - config["learning_rate"] * mb / (np.sqrt(vb) + 1e-7), config


def adam_tuple(w: Array, dw: Array, m: Any, v: Any, t: int) -> tuple[Array, Any, Any, int]:
    """Takes and returns moments and counter."""
    t = t + 1
    m = 0.8 * m + 0.2 * dw
    v = 0.99 * v + 0.01 * dw**2
    return w - 0.003 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-7), m, v, t


def adamw(params: State, grads: State, state: State) -> State:
    """Decay first, then Adam; returns a new dict."""
    state["t"] = state.get("t", 0) + 1
    new = {}
    for k, w in params.items():
        m = 0.8 * state.get(k + "m", 0.0) + 0.2 * grads[k]
        v = 0.99 * state.get(k + "v", 0.0) + 0.01 * np.square(grads[k])
        state[k + "m"], state[k + "v"] = m, v
        step = m / (1 - 0.8 ** state["t"]) / (np.sqrt(v / (1 - 0.99 ** state["t"])) + 1e-7)
        new[k] = w * (1 - 0.003 * 0.02) - 0.003 * step
    return new


def sgd(params: State, grads: State) -> None:
    for name in params:
        params[name] = params[name] - 0.03 * grads[name]


def sgd_list(params: list[Array], grads: list[Array]) -> list[Array]:
    return [w - 0.03 * g for w, g in zip(params, grads, strict=True)]


def momentum_velocity_of_steps(w: Array, dw: Array, state: State) -> None:
    """v is the step itself and contains the rate."""
    state["v"] = 0.85 * state.get("v", np.zeros_like(w)) - 0.03 * dw
    w += state["v"]


def momentum_sum(w: Array, dw: Array, state: State) -> Array:
    state["v"] = 0.85 * state.get("v", 0.0) + dw
    return np.asarray(w - 0.03 * state["v"])


def nesterov_of_two_velocities(w: Array, dw: Array, state: State) -> None:
    """As in a course, with the velocity before and after the step."""
    before = state.get("v", np.zeros_like(w))
    state["v"] = 0.85 * before - 0.03 * dw
    w += -0.85 * before + (1 + 0.85) * state["v"]


def adagrad(w: Array, dw: Array, state: State) -> None:
    state["cache"] = state.get("cache", 0) + dw**2
    w += -0.03 * dw / (np.sqrt(state["cache"]) + 1e-7)


class RMSpropLists:
    """Lists parallel to the parameters, created at the first call."""

    def __init__(self) -> None:
        self.h: list[Array] | None = None

    def step(self, params: list[Array], grads: list[Array]) -> None:
        if self.h is None:
            self.h = [np.zeros_like(w) for w in params]
        for w, g, h in zip(params, grads, self.h, strict=True):
            h *= 0.95
            h += (1 - 0.95) * g * g
            w -= 0.03 * g / (np.sqrt(h) + 1e-7)


def rmsprop_by_difference(w: Array, dw: Array, state: State) -> None:
    s = state.get("s", np.zeros_like(w))
    state["s"] = s + 0.05 * (dw * dw - s)
    w -= (0.03 / (np.sqrt(state["s"]) + 1e-7)) * dw


def irprop_with_loops(w: Array, dw: Array, state: State) -> None:
    """Entry by entry."""
    steps = state.setdefault("steps", np.full_like(w, 0.01))
    last = state.setdefault("last", np.zeros_like(w))
    for index, slope in np.ndenumerate(dw):
        if slope * last[index] > 0:
            steps[index] = min(steps[index] * 1.2, 50.0)
        elif slope * last[index] < 0:
            steps[index] = max(steps[index] * 0.5, 1e-6)
            slope = 0.0
        if slope > 0:
            w[index] -= steps[index]
        elif slope < 0:
            w[index] += steps[index]
        last[index] = slope


def irprop_with_masks(w: Array, dw: Array, state: State) -> None:
    """Masks, and the sign of the product."""
    if not state:
        state |= {"delta": np.full_like(w, 0.01), "old": np.zeros_like(w)}
    product = np.sign(dw) * state["old"]
    state["delta"][product > 0] *= 1.2
    state["delta"][product < 0] *= 0.5
    np.clip(state["delta"], 1e-6, 50.0, out=state["delta"])
    g = np.where(product < 0, 0.0, dw)
    w -= np.sign(g) * state["delta"]
    state["old"] = np.sign(g)


ZEROS = {name: np.random.default_rng(2).normal(size=(6, 3)) for name in ("a", "b")}

#: Rule, reference, and options of the check.
RIGHT: dict[str, tuple[Callable[[], Any], str, dict[str, Any]]] = {
    "Adam, a class": (AdamClass, "Adam", {}),
    "Adam, by differences": (AdamByDifferences, "Adam", {}),
    "Adam, a config": (lambda: adam_config, "Adam", {"each": True}),
    "Adam, a tuple": (lambda: adam_tuple, "Adam", {"each": True, "state": (0.0, 0.0, 0)}),
    "AdamW, a new dict": (lambda: adamw, "AdamW", {}),
    "SGD, rebound in the dict": (lambda: sgd, "SGD", {}),
    "SGD, lists": (lambda: sgd_list, "SGD", {"params": list(ZEROS.values())}),
    "Momentum, steps": (lambda: momentum_velocity_of_steps, "Momentum", {"each": True}),
    "Momentum, a sum": (lambda: momentum_sum, "Momentum", {"each": True}),
    "Nesterov, two velocities": (lambda: nesterov_of_two_velocities, "Nesterov", {"each": True}),
    "AdaGrad": (lambda: adagrad, "AdaGrad", {"each": True}),
    "RMSProp, lists": (RMSpropLists, "RMSProp", {"params": list(ZEROS.values())}),
    "RMSProp, by difference": (lambda: rmsprop_by_difference, "RMSProp", {"each": True}),
    "iRprop−, loops": (lambda: irprop_with_loops, "IRpropMinus", {"each": True}),
    "iRprop−, masks": (lambda: irprop_with_masks, "IRpropMinus", {"each": True}),
}
