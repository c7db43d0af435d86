"""Source text of right rules, and of wrong ones that differ in one line."""

from __future__ import annotations

from typing import Any

import numpy as np

#: A rule for each reference, with the hyperparameters of `tests.training.optimisers.right.NUMBERS`.
SOURCES: dict[str, str] = {
    "SGD": """
class SGD:
    def step(self, params, grads):
        for k in params:
            g = grads[k]
            params[k] -= 0.03 * g
""",
    "Momentum": """
class Momentum:
    def __init__(self):
        self.v = {}

    def step(self, params, grads):
        for k in params:
            g = grads[k]
            v = self.v.get(k, np.zeros_like(g))
            v = 0.85 * v + g
            self.v[k] = v
            params[k] -= 0.03 * v
""",
    "Nesterov": """
class Nesterov:
    def __init__(self):
        self.v = {}

    def step(self, params, grads):
        for k in params:
            g = grads[k]
            v = 0.85 * self.v.get(k, 0.0) + g
            self.v[k] = v
            params[k] -= 0.03 * (g + 0.85 * v)
""",
    "AdaGrad": """
class AdaGrad:
    def __init__(self):
        self.s = {}

    def step(self, params, grads):
        for k in params:
            g = grads[k]
            self.s[k] = self.s.get(k, np.zeros_like(g)) + g**2
            params[k] -= 0.03 * g / (np.sqrt(self.s[k]) + 1e-7)
""",
    "RMSProp": """
class RMSProp:
    def __init__(self):
        self.s, self.calls = {}, {}

    def count(self, k):
        self.calls[k] = self.calls.get(k, 0) + 1
        return self.calls[k]

    def step(self, params, grads):
        for k in params:
            g = grads[k]
            s = self.s.get(k, np.zeros_like(g))
            s = 0.95 * s + 0.05 * g**2
            self.s[k] = s
            params[k] -= 0.03 * g / (np.sqrt(s) + 1e-7)
""",
    "Adam": """
class Adam:
    def __init__(self):
        self.m, self.v, self.t = {}, {}, 0

    def step(self, params, grads):
        self.t += 1
        for k in params:
            g = grads[k]
            m = self.m.get(k, np.zeros_like(g))
            v = self.v.get(k, np.zeros_like(g))
            m = 0.8 * m + 0.2 * g
            v = 0.99 * v + 0.01 * g**2
            self.m[k], self.v[k] = m, v
            mh = m / (1 - 0.8**self.t)
            vh = v / (1 - 0.99**self.t)
            params[k] -= 0.003 * mh / (np.sqrt(vh) + 1e-7)
""",
    "AdamW": """
class AdamW:
    def __init__(self):
        self.m, self.v, self.t = {}, {}, 0

    def step(self, params, grads):
        self.t += 1
        for k in params:
            g = grads[k]
            m = 0.8 * self.m.get(k, 0.0) + 0.2 * g
            v = 0.99 * self.v.get(k, 0.0) + 0.01 * g**2
            self.m[k], self.v[k] = m, v
            step = m / (1 - 0.8**self.t) / (np.sqrt(v / (1 - 0.99**self.t)) + 1e-7)
            params[k] -= 0.003 * (step + 0.02 * params[k])
""",
    "IRpropMinus": """
class IRprop:
    def __init__(self):
        self.size, self.last, self.moved = {}, {}, {}

    def step(self, params, grads):
        for k in params:
            g = grads[k]
            size = self.size.get(k, np.full_like(g, 0.01))
            last = self.last.get(k, np.zeros_like(g))
            same = np.sign(g) * np.sign(last)
            size = np.where(same > 0, np.minimum(1.2 * size, 50.0), size)
            size = np.where(same < 0, np.maximum(0.5 * size, 1e-6), size)
            kept = g = np.where(same < 0, 0.0, g)
            move = -np.sign(g) * size
            self.size[k], self.last[k], self.moved[k] = size, kept, move
            params[k] += move
""",
}

#: Slug of a mistake, name of the rule, and the changed line before and after.
Change = tuple[str, str, str, str]

HITS: tuple[Change, ...] = (
    ("nothing-changed", "SGD", "params[k] -= 0.03 * g", "w = params[k] - 0.03 * g"),
    ("nothing-changed", "Adam", "params[k] -= 0.003", "w = params[k] - 0.003"),
    ("parameter-forgotten", "RMSProp", "for k in params:", "for k in list(params)[:-1]:"),
    ("parameter-forgotten", "IRpropMinus", "for k in params:", "for k in list(params)[1:]:"),
    ("sign-flipped", "SGD", "params[k] -=", "params[k] +="),
    ("sign-flipped", "Adam", "params[k] -=", "params[k] +="),
    ("sign-flipped", "IRpropMinus", "move = -np", "move = np"),
    ("rate-power", "SGD", "0.03 * g", "0.03 * 0.03 * g"),
    ("rate-power", "Momentum", "0.85 * v + g", "0.85 * v + 0.03 * g"),
    ("rate-power", "RMSProp", "0.03 * g", "g"),
    ("betas-exchanged", "Adam", "m = 0.8 * m + 0.2 * g\n            v = 0.99 * v + 0.01 * g**2",
     "m = 0.99 * m + 0.01 * g\n            v = 0.8 * v + 0.2 * g**2"),
    ("weights-exchanged", "RMSProp", "0.95 * s + 0.05 * g**2", "0.05 * s + 0.95 * g**2"),
    ("weights-exchanged", "Adam", "0.8 * m + 0.2 * g", "0.2 * m + 0.8 * g"),
    ("bias-correction-missing", "Adam", "0.003 * mh / (np.sqrt(vh)", "0.003 * m / (np.sqrt(v)"),
    ("bias-correction-missing", "Adam", "0.003 * mh", "0.003 * m"),
    ("bias-correction-missing", "AdamW", "np.sqrt(v / (1 - 0.99**self.t))", "np.sqrt(v)"),
    ("bias-correction-extra", "RMSProp", "np.sqrt(s)", "np.sqrt(s / (1 - 0.95 ** self.count(k)))"),
    ("step-counter", "Adam", "self.t += 1\n", "pass\n"),
    ("step-counter", "Adam", "{}, {}, 0", "{}, {}, -1"),
    ("step-counter", "Adam", "{}, {}, 0", "{}, {}, 1"),
    ("step-counter", "Adam", "g = grads[k]", "g = grads[k]; self.t += k != 'w1'"),
    ("epsilon-place", "RMSProp", "(np.sqrt(s) + 1e-7)", "np.sqrt(s + 1e-7)"),
    ("epsilon-place", "AdaGrad", "(np.sqrt(self.s[k]) + 1e-7)", "np.sqrt(self.s[k] + 1e-7)"),
    ("epsilon-place", "Adam", "(np.sqrt(vh) + 1e-7)", "np.sqrt(vh + 1e-7)"),
    ("epsilon-place", "Adam", "(np.sqrt(vh) + 1e-7)", "((np.sqrt(v) + 1e-7) / np.sqrt(1 - 0.99**self.t))"),
    ("epsilon-missing", "RMSProp", " + 1e-7", ""),
    ("epsilon-missing", "Adam", " + 1e-7", ""),
    ("square-missing", "RMSProp", "0.05 * g**2", "0.05 * g"),
    ("square-missing", "Adam", "0.01 * g**2", "0.01 * abs(g)"),
    ("root-missing", "RMSProp", "np.sqrt(s)", "s"),
    ("root-missing", "Adam", "np.sqrt(vh)", "vh"),
    ("pooled-square", "RMSProp", "0.05 * g**2", "0.05 * np.mean(g**2)"),
    ("pooled-square", "AdaGrad", "+ g**2", "+ np.sum(g**2)"),
    ("biased-average", "RMSProp", "0.05 * g**2", "g**2"),
    ("biased-average", "RMSProp", "0.05 * g**2", "0.95 * g**2"),
    ("biased-average", "RMSProp", "0.05 * g**2", "0.97 * g**2"),
    ("biased-average", "Adam", "0.2 * g", "g"),
    ("biased-average", "Adam", "0.01 * g**2", "0.001 * g**2"),
    ("averaged-velocity", "Momentum", "0.85 * v + g", "0.85 * v + 0.15 * g"),
    ("look-ahead-missing", "Nesterov", "(g + 0.85 * v)", "v"),
    ("look-ahead-extra", "Momentum", "0.03 * v", "0.03 * (g + 0.85 * v)"),
    ("average-not-carried", "Momentum", "self.v[k] = v", "pass"),
    ("average-not-carried", "Adam", "self.m[k], self.v[k] = m, v", "self.m[k] = m"),
    ("average-late", "RMSProp", "s = 0.95 * s + 0.05 * g**2\n            self.s[k] = s",
     "self.s[k] = 0.95 * s + 0.05 * g**2"),
    ("average-late", "Momentum", "v = 0.85 * v + g\n            self.v[k] = v", "self.v[k] = 0.85 * v + g"),
    ("mean-unused", "Adam", "0.003 * mh", "0.003 * g"),
    ("state-shared", "Momentum", "            self.v[k] = v", "            self.v = dict.fromkeys(params, v)"),
    ("state-shared", "Adam", "self.m[k], self.v[k] = m, v",
     "self.m, self.v = (dict.fromkeys(params, x) for x in (m, v))"),
    ("state-reset", "Adam", "self.t += 1", "self.m, self.v, self.t = {}, {}, 1"),
    ("state-reset", "IRpropMinus", "        for k in params:", "        self.__init__()\n        for k in params:"),
    ("weight-decay-missing", "AdamW", "(step + 0.02 * params[k])", "step"),
    ("weight-decay-coupled", "AdamW", "g = grads[k] || (step + 0.02 * params[k])",
     "g = grads[k] + 0.02 * params[k] || step"),
    ("weight-decay-unscaled", "AdamW", "0.003 * (step + 0.02 * params[k])", "0.003 * step + 0.02 * params[k]"),
    ("weight-decay-extra", "SGD", "g = grads[k]", "g = grads[k] + 0.007 * params[k]"),
    ("weight-decay-extra", "Adam", "g = grads[k]", "g = grads[k] + 0.007 * params[k]"),
    ("weight-decay-extra", "RMSProp", "params[k] -= 0.03 * g /", "params[k] -= 0.03 * 0.007 * params[k] + 0.03 * g /"),
    ("step-after-sign-change", "IRpropMinus", "kept = g = np.where(same < 0, 0.0, g)", "kept = g"),
    ("step-after-sign-change", "IRpropMinus", "kept = g = np", "kept = np"),
    ("step-after-sign-change", "IRpropMinus", "self.size[k], self.last",
     "move = np.where(same < 0, -self.moved.get(k, 0.0), move); self.size[k], self.last"),
    ("sign-remembered", "IRpropMinus", "kept = g = np.where", "kept, g = g, np.where"),
    ("bounds-missing", "IRpropMinus", "np.minimum(1.2 * size, 50.0) || np.maximum(0.5 * size, 1e-6)",
     "1.2 * size || 0.5 * size"),
    ("factors-exchanged", "IRpropMinus", "np.minimum(1.2 * size, 50.0) || np.maximum(0.5 * size, 1e-6)",
     "np.clip(0.50 * size, 1e-6, 50.0) || np.clip(1.2 * size, 1e-6, 50.0)"),
    ("gradient-for-sign", "IRpropMinus", "-np.sign(g)", "-g"),
    ("another-number", "SGD", "0.03", "0.05"),
    ("another-number", "Momentum", "0.85", "0.9"),
    ("another-number", "Adam", "1e-7", "1e-8"),
    ("another-number", "IRpropMinus", "0.5 *", "0.6 *"),
    ("another-rule", "RMSProp", "0.95 * s + 0.05 * g**2", "s + g**2"),
    ("another-rule", "Adam", "0.003 * mh / (np.sqrt(vh)", "0.003 * g / (np.sqrt(v)"),
)  # fmt: skip

#: Slug of a mistake that must not be named, although the rule is close to it.
NEAR: tuple[Change, ...] = (
    ("nothing-changed", "SGD", "0.03 * g", "1e-9 * g"),
    ("parameter-forgotten", "RMSProp", "0.03 * g", "(0.03 if k != 'w1' else 0.001) * g"),
    ("sign-flipped", "Adam", "0.003 * mh", "-0.0031 * mh"),
    ("sign-flipped", "SGD", "0.03 * g", "0.03 * abs(g)"),
    ("rate-power", "SGD", "0.03 * g", "0.0009001 * g"),
    ("betas-exchanged", "Adam", "m = 0.8 * m + 0.2 * g", "m = 0.99 * m + 0.01 * g"),
    ("weights-exchanged", "RMSProp", "0.95 * s + 0.05 * g**2", "0.06 * s + 0.95 * g**2"),
    ("bias-correction-missing", "Adam", "0.8**self.t", "0.8 ** (self.t + 1)"),
    ("bias-correction-extra", "RMSProp", "0.03 * g", "0.03 / (1 - 0.95) * g"),
    ("step-counter", "Adam", "0.99**self.t", "0.99 ** (2 * self.t)"),
    ("epsilon-place", "RMSProp", "(np.sqrt(s) + 1e-7)", "np.sqrt(s + 2e-7)"),
    ("epsilon-place", "RMSProp", "(np.sqrt(s) + 1e-7)", "np.maximum(np.sqrt(s), 1e-7)"),
    ("epsilon-missing", "Adam", "1e-7", "1e-13"),
    ("square-missing", "RMSProp", "0.05 * g**2", "0.05 * abs(g) ** 1.9"),
    ("root-missing", "Adam", "np.sqrt(vh)", "vh**0.6"),
    ("pooled-square", "RMSProp", "0.05 * g**2", "0.05 * np.median(g**2)"),
    ("biased-average", "RMSProp", "0.95 * s + 0.05 * g**2", "0.94 * s + 0.06 * g**2"),
    ("biased-average", "RMSProp", "0.05 * g**2", "0.05 * abs(g) ** 2.01"),
    ("averaged-velocity", "Momentum", "0.85 * v + g", "0.85 * v + 0.16 * g"),
    ("look-ahead-missing", "Nesterov", "(g + 0.85 * v)", "(0.01 * g + v)"),
    ("look-ahead-extra", "Momentum", "0.03 * v", "0.03 * (g + 0.8 * v)"),
    ("average-not-carried", "Momentum", "self.v[k] = v", "self.v[k] = 0.1 * v"),
    ("average-late", "Momentum", "0.03 * v", "0.03 * (v + g) / 2"),
    ("mean-unused", "Adam", "0.003 * mh", "0.003 * (0.9 * g + 0.1 * mh)"),
    ("state-shared", "Momentum", "self.v[k] = v", "self.v[k] = v if k != 'w2' else self.v['w1']"),
    ("state-reset", "Adam", "self.t += 1", "self.v, self.t = {}, 1"),
    ("weight-decay-missing", "AdamW", "0.02 * params", "0.001 * params"),
    ("weight-decay-coupled", "AdamW", "g = grads[k] || (step + 0.02 * params[k])",
     "g = grads[k] + 0.02 * np.sign(params[k]) || step"),
    ("weight-decay-unscaled", "AdamW", "0.003 * (step + 0.02 * params[k])", "0.003 * step + 0.01 * params[k]"),
    ("weight-decay-extra", "SGD", "g = grads[k]", "g = grads[k] + 0.007 * np.sign(params[k])"),
    ("step-after-sign-change", "IRpropMinus", "kept = g = np.where(same < 0, 0.0, g)",
     "kept = g = np.where(same < 0, -g, g)"),
    ("sign-remembered", "IRpropMinus", "kept = g = np.where", "kept, g = -g, np.where"),
    ("bounds-missing", "IRpropMinus", "50.0", "55.0"),
    ("factors-exchanged", "IRpropMinus", "same = np", "size = 1.0 * size; same = 0.0 * np"),
    ("gradient-for-sign", "IRpropMinus", "-np.sign(g)", "-np.tanh(g)"),
    ("another-number", "Momentum", "0.85 * v + g", "0.85 * v * (1 + 1e-3 * np.tanh(g)) + g"),
    ("another-rule", "RMSProp", "np.sqrt(s)", "np.sqrt(s + self.s.get(k, 0))"),
)  # fmt: skip


def rule_of(reference: str, old: str = "", new: str = "") -> Any:
    """A new rule of a name with some of its text replaced; several pieces are separated by ``||``."""
    text = SOURCES[reference]
    for was, becomes in zip(old.split(" || "), new.split(" || "), strict=True):
        assert was in text, f"{reference} has no {was!r}"
        text = text.replace(was, becomes) if was else text
    names: dict[str, Any] = {"np": np}
    exec(text, names)
    return next(value for value in names.values() if isinstance(value, type))()
