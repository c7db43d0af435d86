"""Networks over sequences: recurrent cells and attention, as functions of their weights."""

from __future__ import annotations

import numpy as np

from benchmarks.corpus.normalisation import standardise, standardise_backward
from benchmarks.corpus.pieces import scalar, sigmoid, softmax, softmax_backward
from benchmarks.corpus.problem import Array, Problem, rng_for

FAMILY = "networks"
Blocks = dict[str, Array]


def _rnn(steps: int, size: int) -> Problem:
    name = f"rnn-{steps}-steps"
    rng = rng_for(name)
    inputs, targets = rng.normal(size=(steps, 2)), rng.normal(size=(steps, size))
    x0 = {"u": rng.normal(size=(2, size)), "w": 0.6 * rng.normal(size=(size, size)), "b": 0.1 * rng.normal(size=size)}

    def states(p: Blocks) -> list[Array]:
        h = [np.zeros(size)]
        for x in inputs:
            h.append(np.tanh(x @ p["u"] + h[-1] @ p["w"] + p["b"]))
        return h

    def fun(p: Blocks) -> float:
        return scalar(np.mean((np.array(states(p)[1:]) - targets) ** 2))

    def grad(p: Blocks) -> Blocks:
        h = states(p)
        result = {key: np.zeros_like(block) for key, block in p.items()}
        carried = np.zeros(size)
        for t in reversed(range(steps)):
            out = (2 * (h[t + 1] - targets[t]) / targets.size + carried) * (1 - h[t + 1] ** 2)
            result["u"] += np.outer(inputs[t], out)
            result["w"] += np.outer(h[t], out)
            result["b"] += out
            carried = p["w"] @ out
        return result

    return Problem(name, FAMILY, x0, fun, grad)


def _lstm() -> Problem:
    """Four steps of an LSTM; gates in the order input, forget, output, candidate."""
    steps, size = 4, 3
    rng = rng_for("lstm-4-steps")
    inputs, weights = rng.normal(size=(steps, 2)), rng.normal(size=size)
    x0 = {
        "u": 0.7 * rng.normal(size=(2, 4 * size)),
        "w": 0.7 * rng.normal(size=(size, 4 * size)),
        "b": 0.3 * rng.normal(size=4 * size),
    }

    def run(p: Blocks) -> tuple[list[Array], list[Array], list[Array]]:
        h, c, gates = [np.zeros(size)], [np.zeros(size)], []
        for x in inputs:
            i, f, o, g = np.split(x @ p["u"] + h[-1] @ p["w"] + p["b"], 4)
            gate = np.stack([sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)])
            c.append(gate[1] * c[-1] + gate[0] * gate[3])
            h.append(gate[2] * np.tanh(c[-1]))
            gates.append(gate)
        return h, c, gates

    def fun(p: Blocks) -> float:
        return scalar(sum(weights @ h for h in run(p)[0][1:]))

    def grad(p: Blocks) -> Blocks:
        h, c, gates = run(p)
        result = {key: np.zeros_like(block) for key, block in p.items()}
        by_h, by_c = np.zeros(size), np.zeros(size)
        for t in reversed(range(steps)):
            i, f, o, g = gates[t]
            squashed = np.tanh(c[t + 1])
            by_h = by_h + weights
            by_c = by_c + by_h * o * (1 - squashed**2)
            out = np.concatenate(
                [
                    by_c * g * i * (1 - i),
                    by_c * c[t] * f * (1 - f),
                    by_h * squashed * o * (1 - o),
                    by_c * i * (1 - g**2),
                ]
            )
            result["u"] += np.outer(inputs[t], out)
            result["w"] += np.outer(h[t], out)
            result["b"] += out
            by_h, by_c = p["w"] @ out, by_c * f
        return result

    return Problem("lstm-4-steps", FAMILY, x0, fun, grad)


def _gru() -> Problem:
    """One step of a GRU on a batch, as a function of the state too."""
    rng = rng_for("gru-cell")
    n, size = 5, 3
    x, weights = rng.normal(size=(n, 2)), rng.normal(size=(n, size))
    x0 = {"h": rng.normal(size=(n, size))}
    for gate in "rzc":
        x0[f"u{gate}"] = rng.normal(size=(2, size))
        x0[f"w{gate}"] = rng.normal(size=(size, size))

    def gates(p: Blocks) -> tuple[Array, Array, Array]:
        r, z = (sigmoid(x @ p[f"u{gate}"] + p["h"] @ p[f"w{gate}"]) for gate in "rz")
        return r, z, np.tanh(x @ p["uc"] + (r * p["h"]) @ p["wc"])

    def fun(p: Blocks) -> float:
        _, z, c = gates(p)
        return scalar(np.sum(weights * (z * p["h"] + (1 - z) * c)))

    def grad(p: Blocks) -> Blocks:
        r, z, c = gates(p)
        h = p["h"]
        by_c = weights * (1 - z) * (1 - c**2)
        by_rh = by_c @ p["wc"].T
        by_r = by_rh * h * r * (1 - r)
        by_z = weights * (h - c) * z * (1 - z)
        by_h = weights * z + by_rh * r + by_r @ p["wr"].T + by_z @ p["wz"].T
        result = {"h": by_h, "uc": x.T @ by_c, "wc": (r * h).T @ by_c}
        for gate, out in (("r", by_r), ("z", by_z)):
            result[f"u{gate}"], result[f"w{gate}"] = x.T @ out, h.T @ out
        return {key: result[key] for key in p}

    return Problem("gru-cell", FAMILY, x0, fun, grad)


def _attention_forward(p: Blocks, x: Array) -> tuple[Array, ...]:
    q, k, v = x @ p["q"], x @ p["k"], x @ p["v"]
    a = softmax(q @ k.T / np.sqrt(q.shape[1]))
    return q, k, v, a, a @ v @ p["o"]


def _attention_backward(p: Blocks, x: Array, values: tuple[Array, ...], out: Array) -> tuple[Blocks, Array]:
    """Return the gradients by the blocks and by `x`, given that by the output."""
    q, k, v, a = values[:4]
    by_context = out @ p["o"].T
    by_scores = softmax_backward(a, by_context @ v.T) / np.sqrt(q.shape[1])
    by_q, by_k, by_v = by_scores @ k, by_scores.T @ q, a.T @ by_context
    grads = {"q": x.T @ by_q, "k": x.T @ by_k, "v": x.T @ by_v, "o": (a @ v).T @ out}
    return grads, by_q @ p["q"].T + by_k @ p["k"].T + by_v @ p["v"].T


def _attention() -> Problem:
    rng = rng_for("attention")
    x, targets = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    x0 = {key: 0.7 * rng.normal(size=(4, 4)) for key in "qkvo"}

    def fun(p: Blocks) -> float:
        return scalar(np.mean((_attention_forward(p, x)[-1] - targets) ** 2))

    def grad(p: Blocks) -> Blocks:
        values = _attention_forward(p, x)
        return _attention_backward(p, x, values, 2 * (values[-1] - targets) / targets.size)[0]

    return Problem("attention", FAMILY, x0, fun, grad)


def _transformer_block() -> Problem:
    """Attention with a residual, after a layer norm, as a function of the weights and of the input."""
    rng = rng_for("transformer-block")
    targets = rng.normal(size=(5, 4))
    x0 = {key: 0.7 * rng.normal(size=(4, 4)) for key in "qkvo"}
    x0["x"] = rng.normal(size=(5, 4))
    x0["gain"] = rng.uniform(0.5, 1.5, 4)

    def fun(p: Blocks) -> float:
        normed = standardise(p["x"], 1)[0] * p["gain"]
        return scalar(np.mean((p["x"] + _attention_forward(p, normed)[-1] - targets) ** 2))

    def grad(p: Blocks) -> Blocks:
        z, scale = standardise(p["x"], 1)
        normed = z * p["gain"]
        values = _attention_forward(p, normed)
        out = 2 * (p["x"] + values[-1] - targets) / targets.size
        result, by_normed = _attention_backward(p, normed, values, out)
        result["x"] = out + standardise_backward(z, scale, by_normed * p["gain"], 1)
        result["gain"] = np.sum(by_normed * z, axis=0)
        return {key: result[key] for key in p}

    return Problem("transformer-block", FAMILY, x0, fun, grad)


def problems() -> tuple[Problem, ...]:
    """Return the problems of this file."""
    return (_rnn(5, 4), _rnn(60, 3), _lstm(), _gru(), _attention(), _transformer_block())
