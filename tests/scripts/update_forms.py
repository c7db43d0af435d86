"""A logistic regression with parameters updated in many forms, with rates under many names and in many expressions."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """\
import operator
import types

import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 3))
y = (X @ np.array([1.0, -2.0, 0.5]) > 0).astype(float)
w = rng.normal(size=3) * 0.3
b = {bias}
m = 12
{setup}
for i in range(200):
    p = 1 / (1 + np.exp(-(X @ {w} + {b})))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    dz = (p - y) / m
    dw = X.T @ dz
    db = dz.sum()
{update}
    if i % 50 == 0:
        print(loss)
"""

#: The line that is made wrong, and how: the bias's gradient is 3 times too large, a sign, a term.
MISTAKES = {
    "db = dz.sum()": "db = 3.0 * dz.sum()",
    "dw = X.T @ dz": "dw = X.T @ (dz * p)",
    "dz = (p - y) / m": "dz = (p - y) * p / m",
}

#: Names of rates, usual and unusual ones.
NAMES = [
    "lr",
    "learning_rate",
    "alpha",
    "eta",
    "rate",
    "step",
    "step_size",
    "tau",
    "a",
    "dt",
    "training_rate",
    "c",
    "k",
    "s",
    "t",
    "h",
    "r",
    "kappa",
    "speed",
    "pace",
    "stride",
    "nudge",
    "scale",
    "factor",
    "coef",
    "coefficient",
    "weight",
    "multiplier",
    "delta",
    "grad",
    "loss_rate",
    "dw_rate",
    "x1",
    "theta_dot",
    "velocity_gain",
    "l",
    "lam",
    "q",
    "error_rate",
    "z0",
    "learnrate",
]


@dataclass(frozen=True)
class Form:
    """How parameters are updated.

    Attributes
    ----------
    name : str
    update : str
        Statements of the loop, with ``{r}`` for the rate.
    setup : str
        Statements before the loop.
    w, b : str
        The parameters, as the loop writes them.
    bias : str
        The initial value of b.
    """

    name: str
    update: str
    setup: str = ""
    w: str = "w"
    b: str = "b"
    bias: str = "0.1"

    def program(self, rate: str = "tau", value: str = "0.1", expression: str | None = None) -> str:
        """The program, with a name and a value for the rate, or with an expression in place of the name."""
        setup = f"{rate} = {value}\n{self.setup}".replace("{r}", rate)
        lines = self.update.replace("{r}", expression or rate).split("\n")
        update = "\n".join("    " + line for line in lines)
        return HEAD.format(setup=setup, update=update, w=self.w, b=self.b, bias=self.bias)


_ARRAY = "np.array([0.1])"

FORMS = (
    Form("augmented", "w -= {r} * dw\nb -= {r} * db"),
    Form("assigned", "w = w - {r} * dw\nb = b - {r} * db"),
    Form("rate last", "w -= dw * {r}\nb -= db * {r}"),
    Form("negative added", "w += -{r} * dw\nb += -{r} * db"),
    Form("negated product added", "w += -({r} * dw)\nb = b + -({r} * db)"),
    Form("increment in front", "w = -{r} * dw + w\nb = -{r} * db + b"),
    Form("both at once", "w, b = w - {r} * dw, b - {r} * db"),
    Form("step in a variable", "step_w = {r} * dw\nstep_b = {r} * db\nw = w - step_w\nb = b - step_b"),
    Form("negative step in a variable", "move_w = -{r} * dw\nmove_b = -{r} * db\nw += move_w\nb += move_b"),
    Form("new value in a variable", "new_w = w - {r} * dw\nnew_b = b - {r} * db\nw, b = new_w, new_b"),
    Form("multiply", "w -= np.multiply({r}, dw)\nb -= np.multiply(db, {r})"),
    Form("subtract", "w = np.subtract(w, {r} * dw)\nb = np.subtract(b, {r} * db)"),
    Form("subtract into", "np.subtract(w, {r} * dw, out=w)\nb -= {r} * db"),
    Form("add", "w = np.add(w, -{r} * dw)\nb = b + np.negative({r} * db)"),
    Form("full slice", "w[:] = w - {r} * dw\nb = b - {r} * db"),
    Form("ellipsis", "w[...] -= {r} * dw\nb -= {r} * db"),
    Form("entry by entry", "for j in range(3):\n    w[j] -= {r} * dw[j]\nb -= {r} * db"),
    Form("dot", "w -= np.dot({r}, dw)\nb -= np.dot(db, {r})"),
    Form("divided", "w -= dw / {r}\nb -= db / {r}"),
    Form("array of one rate", "w -= np.asarray({r}) * dw\nb -= float({r}) * db"),
    Form("function", "w = moved(w, dw, {r})\nb = moved(b, db, {r})", "def moved(v, g, h):\n    return v - h * g\n"),
    Form("lambda", "w = moved(w, dw)\nb = moved(b, db)", "moved = lambda v, g: v - {r} * g"),
    Form(
        "dictionary",
        "for n in P:\n    P[n] -= {r} * G[n]".replace("for", "G = {'w': dw, 'b': db}\nfor"),
        "P = {'w': w, 'b': np.array([b])}",
        "P['w']",
        "P['b'][0]",
    ),
    Form(
        "new dictionary",
        "G = {'w': dw, 'b': db}\nP = {n: P[n] - {r} * G[n] for n in P}",
        "P = {'w': w, 'b': b}",
        "P['w']",
        "P['b']",
    ),
    Form("list", "P = [v - {r} * g for v, g in zip(P, [dw, db])]", "P = [w, b]", "P[0]", "P[1]"),
    Form(
        "list by index",
        "for n, g in enumerate([dw, db]):\n    P[n] = P[n] - {r} * g",
        "P = [w, b]",
        "P[0]",
        "P[1]",
    ),
    Form(
        "attributes",
        "P.w -= {r} * dw\nP.b -= {r} * db",
        "P = types.SimpleNamespace(w=w, b=b)",
        "P.w",
        "P.b",
    ),
    Form(
        "setattr",
        "for n, g in (('w', dw), ('b', db)):\n    setattr(P, n, getattr(P, n) - {r} * g)",
        "P = types.SimpleNamespace(w=w, b=b)",
        "P.w",
        "P.b",
    ),
    Form(
        "optimiser object",
        "O.step([P.w, P.b], [dw, db])",
        "P = types.SimpleNamespace(w=w, b=np.array([b]))\n\n\nclass Optimiser:\n    def __init__(self, h):\n"
        "        self.h = h\n\n    def step(self, variables, gradients):\n"
        "        for v, g in zip(variables, gradients):\n            v -= self.h * g\n\n\nO = Optimiser({r})\n",
        "P.w",
        "P.b[0]",
    ),
    Form(
        "one vector",
        "g = np.concatenate([dw, [db]])\nv -= {r} * g",
        "v = np.concatenate([w, [b]])",
        "v[:3]",
        "v[3]",
    ),
    Form("momentum", "u = 0.9 * u - {r} * dw\nw = w + u\nb -= {r} * db", "u = np.zeros(3)"),
    Form("averaged", "u = 0.9 * u + 0.1 * dw\nw = w - {r} * u\nb -= {r} * db", "u = np.zeros(3)"),
    Form("scaled copies", "g, h = dw.copy(), db * 1.0\ng *= {r}\nh *= {r}\nw -= g\nb -= h"),
    Form("operators", "w = operator.isub(w, {r} * dw)\nb = operator.sub(b, {r} * db)"),
    Form("delta", "d = -dw\ne = -db\nw += {r} * d\nb += {r} * e"),
    Form("sum of one", "w = sum([w, -{r} * dw])\nb = sum([b, -{r} * db])"),
    Form("while", "n = 0\nwhile n < 1:\n    w -= {r} * dw\n    b -= {r} * db\n    n += 1"),
)

#: Expressions for a rate, with ``{r}`` for its name.
EXPRESSIONS = (
    "{r} / (1 + 0.01 * i)",
    "{r} / np.sqrt(i + 2)",
    "{r} * 0.99**i",
    "{r} * 0.5 ** (i // 10)",
    "max({r}, 1e-3)",
    "({r} if i < 100 else 0.01)",
    "{r} * np.exp(-0.01 * i)",
    "(2 * {r})",
    "{r} / m",
    "[{r}, 0.01][0]",
    "{{'v': {r}}}['v']",
    "np.linspace({r}, 0.01, 200)[i]",
    "0.05",
    "0.1 * 2",
    "np.float64({r})",
    "1e-2",
    "{r} * {r}",
)
