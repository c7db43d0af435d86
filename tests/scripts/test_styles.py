"""Common styles of training loops, in ten lines each: none of them is a mistake, and none may hide one."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from gradcheck.scripts.hints import Hints
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.samples import LINEAR_HEAD as HEAD


@dataclass(frozen=True)
class Style:
    """A program, one of its lines, and that line with a mistake."""

    name: str
    text: str
    right: str
    wrong: str

    def __str__(self) -> str:
        return self.name


STYLES = [
    Style(
        "bias that starts as an integer",
        HEAD + "b = 0\nfor i in range(100):\n    r = x @ w + b - y\n    loss = np.mean(r**2)\n"
        "    dw = 2 * x.T @ r / len(y)\n    db = 2 * np.mean(r)\n    w -= 0.1 * dw\n    b -= 0.1 * db\n",
        "db = 2 * np.mean(r)",
        "db = 2 * np.sum(r)",
    ),
    Style(
        "rate in front of a product",
        HEAD
        + "lr = 0.1\nfor i in range(100):\n    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n    w -= lr * x.T @ r\n",
        "w -= lr * x.T @ r",
        "w -= lr * x.T @ r**2",
    ),
    Style(
        "data scaled in place before the loop",
        HEAD + "x /= 12\nfor i in range(100):\n    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n"
        "    g = x.T @ r\n    w -= 0.1 * g\n",
        "g = x.T @ r",
        "g = x.T @ np.abs(r)",
    ),
    Style(
        "functions that share global variables",
        HEAD + "\n\ndef forward():\n    global r, loss\n    r = x @ w - y\n    loss = 0.5 * np.mean(r**2)\n\n\n"
        "def backward():\n    global g\n    g = x.T @ r / len(y)\n\n\ndef update():\n    global w\n"
        "    w = w - 0.1 * g\n\n\n"
        "def train():\n    for i in range(100):\n        forward()\n        backward()\n        update()\n\n\n"
        "train()\n",
        "g = x.T @ r / len(y)",
        "g = x.T @ r",
    ),
    Style(
        "single precision",
        HEAD.replace("w = rng.standard_normal(3)", "w = rng.standard_normal(3).astype(np.float32)")
        + "x, y = x.astype(np.float32), y.astype(np.float32)\nfor i in range(100):\n    r = x @ w - y\n"
        "    loss = 0.5 * np.mean(r**2)\n    g = x.T @ r / len(y)\n    w -= np.float32(0.1) * g\n",
        "g = x.T @ r / len(y)",
        "g = x.T @ r * r.sum() / len(y)",
    ),
    Style(
        "velocity that looks ahead",
        HEAD + "v = np.zeros(3)\nfor i in range(100):\n    ahead = w + 0.9 * v\n    r = x @ ahead - y\n"
        "    loss = 0.5 * np.mean(r**2)\n    g = x.T @ r / len(y)\n    v = 0.9 * v - 0.1 * g\n    w = w + v\n",
        "g = x.T @ r / len(y)",
        "g = x.T @ r",
    ),
    Style(
        "gradient clipped to a norm",
        HEAD
        + "for i in range(100):\n    r = 9 * x @ w - y\n    loss = 0.5 * np.mean(r**2)\n    g = 9 * x.T @ r / len(y)\n"
        "    norm = np.linalg.norm(g)\n    if norm > 1:\n        g = g / norm\n    w = w - 0.1 * g\n",
        "g = 9 * x.T @ r / len(y)",
        "g = 9 * x.T @ (r * np.abs(r)) / len(y)",
    ),
    Style(
        "layers in two loops",
        HEAD + "\n\nclass Linear:\n    def __init__(self, n, m):\n"
        "        self.p = {'w': rng.standard_normal((n, m)), 'b': np.zeros(m)}\n"
        "        self.d = {}\n\n    def forward(self, a):\n        self.a = a\n"
        "        return a @ self.p['w'] + self.p['b']\n\n"
        "    def backward(self, u):\n        self.d['w'] = self.a.T @ u\n        self.d['b'] = u.sum(axis=0)\n"
        "        return u @ self.p['w'].T\n\n\nlayers = [Linear(3, 4), Linear(4, 2)]\n"
        "t = rng.standard_normal((12, 2))\n"
        "for i in range(100):\n    h = x\n    for layer in layers:\n        h = layer.forward(h)\n"
        "    loss = 0.5 * np.sum((h - t) ** 2)\n    u = h - t\n    for layer in reversed(layers):\n"
        "        u = layer.backward(u)\n"
        "    for layer in layers:\n        for name, p in layer.p.items():\n            p -= 0.01 * layer.d[name]\n",
        "self.d['b'] = u.sum(axis=0)",
        "self.d['b'] = u.sum(axis=0) * (2.0 if u.shape[1] == 2 else 1.0)",
    ),
    Style(
        "averages created by the first step",
        HEAD + "\n\nclass Adam:\n    def __init__(self):\n        self.m, self.v, self.t = {}, {}, 0\n\n"
        "    def step(self, p, g):\n        self.t += 1\n        for k in p:\n            if k not in self.m:\n"
        "                self.m[k] = np.zeros_like(p[k])\n                self.v[k] = np.zeros_like(p[k])\n"
        "            self.m[k] = 0.9 * self.m[k] + 0.1 * g[k]\n"
        "            self.v[k] = 0.999 * self.v[k] + 0.001 * g[k] ** 2\n"
        "            a = self.m[k] / (1 - 0.9**self.t)\n            b = self.v[k] / (1 - 0.999**self.t)\n"
        "            p[k] = p[k] - 0.01 * a / (np.sqrt(b) + 1e-8)\n\n\np, adam = {'w': w}, Adam()\n"
        "for i in range(100):\n"
        "    r = x @ p['w'] - y\n    loss = 0.5 * np.mean(r**2)\n    g = {'w': x.T @ r / len(y)}\n"
        "    adam.step(p, g)\n",
        "g = {'w': x.T @ r / len(y)}",
        "g = {'w': x.T @ np.abs(r) / len(y)}",
    ),
    Style(
        "penalty added to part of a gradient",
        HEAD + "for i in range(100):\n    r = x @ w - y\n    loss = 0.5 * np.mean(r**2) + 0.05 * np.sum(w[1:] ** 2)\n"
        "    g = x.T @ r / len(y)\n    g[1:] += 0.1 * w[1:]\n    w -= 0.1 * g\n",
        "g = x.T @ r / len(y)",
        "g = x.T @ np.abs(r) / len(y)",
    ),
    Style(
        "one row at a time",
        HEAD
        + "U = rng.standard_normal((5, 3))\nV = rng.standard_normal((4, 3))\nratings = [(1, 2, 4.0), (0, 3, 1.0)]\n"
        "for epoch in range(100):\n    total = 0\n    for u, v, rating in ratings:\n        e = rating - U[u] @ V[v]\n"
        "        total += 0.5 * e**2\n        old = U[u, :].copy()\n        U[u, :] += 0.1 * e * V[v, :]\n"
        "        V[v, :] += 0.1 * e * old\n",
        "U[u, :] += 0.1 * e * V[v, :]",
        "U[u, :] += 0.1 * e * V[v, :] ** 2",
    ),
    Style(
        "likelihood that is maximised",
        HEAD + "c = (y > 0).astype(float)\nfor i in range(25):\n    p = 1 / (1 + np.exp(-x @ w))\n"
        "    ll = np.sum(c * np.log(p) + (1 - c) * np.log(1 - p))\n    gradient = x.T @ (c - p)\n"
        "    H = x.T @ ((p * (1 - p))[:, None] * x)\n    step = np.linalg.solve(H, gradient)\n    w = w + step\n",
        "gradient = x.T @ (c - p)",
        "gradient = x.T @ ((c - p) * p * (1 - p))",
    ),
    Style(
        "absolute error that is printed, half its square in the gradient",
        HEAD + "t = 1 / (1 + np.exp(-y))\nV = 0.5 * rng.standard_normal((3, 4))\nu = rng.standard_normal(4)\n\n\n"
        "def s(z):\n    return 1 / (1 + np.exp(-z))\n\n\nfor i in range(1000):\n    h = s(x @ V)\n    p = s(h @ u)\n"
        "    error = t - p\n    if i % 100 == 0:\n        print('Error: ' + str(np.mean(np.abs(error))))\n"
        "    delta = error * p * (1 - p)\n    h_error = np.outer(delta, u)\n    h_delta = h_error * h * (1 - h)\n"
        "    u += h.T @ delta\n    V += x.T @ h_delta\n",
        "h_delta = h_error * h * (1 - h)",
        "h_delta = h_error",
    ),
    Style(
        "array without initial values",
        HEAD + "for i in range(100):\n    r = np.empty(12)\n    for j in range(12):\n        r[j] = x[j] @ w - y[j]\n"
        "    loss = 0.5 * np.sum(r**2)\n    g = x.T @ r\n    w -= 0.1 * g\n",
        "g = x.T @ r",
        "g = -x.T @ r",
    ),
    Style(
        "loss that is only accumulated, with a short name",
        HEAD + "xent = 0.0\nt = (y > 0) * 1.0\nfor i in range(100):\n    p = 1 / (1 + np.exp(-x @ w))\n"
        "    xent += -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p))\n    d = p - t\n    w -= 0.1 * (x.T @ d)\n",
        "d = p - t",
        "d = (p - t) * p * (1 - p)",
    ),
    Style(
        "rate with a longer name",
        HEAD
        + "outer_lr = 0.05\nfor i in range(100):\n    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n    g = x.T @ r\n"
        "    w = w - outer_lr * g\n",
        "g = x.T @ r",
        "g = x.T @ r**2",
    ),
    Style(
        "local variable with the name of a global one",
        HEAD
        + "\n\ndef back(cache):\n    x, r = cache\n    x = x.copy()\n    return x.T @ r\n\n\nfor i in range(100):\n"
        "    r = x @ w - y\n    loss = 0.5 * np.sum(r**2)\n    g = back((x, r))\n    w -= 0.1 * g\n",
        "return x.T @ r",
        "return x.T @ np.abs(r)",
    ),
    Style(
        "ties of a maximum",
        HEAD + "V = rng.standard_normal((3, 8))\nu = rng.standard_normal(4)\nrows = np.arange(12)[:, None]\n"
        "for i in range(100):\n    z = x @ V\n    a = np.maximum(z, 0).reshape(12, 4, 2)\n    k = a.argmax(axis=2)\n"
        "    m = a.max(axis=2)\n    r = m @ u - y\n    loss = 0.5 * np.sum(r**2)\n    du = m.T @ r\n"
        "    dm = np.outer(r, u)\n    da = np.zeros((12, 4, 2))\n    da[rows, np.arange(4), k] = dm\n"
        "    dz = da.reshape(12, 8) * (z > 0)\n    dV = x.T @ dz\n    u -= 0.01 * du\n    V -= 0.01 * dV\n",
        "dV = x.T @ dz",
        "dV = -x.T @ dz",
    ),
]


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_a_style_is_not_a_mistake(style: Style, tmp_path: Path) -> None:
    report = checked(tmp_path, style.text)
    assert report.verdict is Verdict.PASS, str(report)
    assert not blamed(report)


@pytest.mark.parametrize("style", STYLES, ids=str)
def test_a_style_hides_no_mistake(style: Style, tmp_path: Path) -> None:
    text, line = planted(style.text, style.right, style.wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) == {line}, str(report)


TWO_LAYERS = HEAD + (
    "V = rng.standard_normal((3, 4))\nu = rng.standard_normal(4)\nfor i in range(100):\n    h = np.tanh(x @ V)\n"
    "    loss = 0.5 * np.mean((h @ u - y) ** 2)\n    d = (h @ u - y) / len(y)\n    du = h.T @ d\n"
)


def test_a_gradient_from_weights_that_were_updated_before_is_wrong(tmp_path: Path) -> None:
    back = "    dh = np.outer(d, u)\n"
    rest = "    dV = x.T @ (dh * (1 - h**2))\n    V -= 0.5 * dV\n"
    assert checked(tmp_path, TWO_LAYERS + back + "    u -= 0.5 * du\n" + rest)
    report = checked(tmp_path, TWO_LAYERS + "    u -= 0.5 * du\n" + back + rest)
    assert report.verdict is Verdict.FAIL
    assert [(f.slug, f.line) for f in report.findings] == [("stale-weights", 15)]


def test_several_steps_in_a_row_are_not_stale_weights(tmp_path: Path) -> None:
    again = "    u -= 0.5 * du\n    h = np.tanh(x @ V)\n    dh = np.outer((h @ u - y) / len(y), u)\n"
    text = TWO_LAYERS + again + "    dV = x.T @ (dh * (1 - h**2))\n    V -= 0.5 * dV\n"
    assert not [f for f in checked(tmp_path, text).findings if f.slug == "stale-weights"]


def test_a_loss_on_other_data_does_not_make_the_gradient_wrong(tmp_path: Path) -> None:
    text = HEAD + (
        "held = rng.standard_normal((9, 3))\nfor i in range(100):\n    g = x.T @ (x @ w - y) / len(y)\n"
        "    w -= 0.1 * g\n"
        "    val_loss = 0.5 * np.mean((held @ w) ** 2)\n    print(val_loss)\n"
    )
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.UNDECIDED
    assert "--loss" in str(report)
    assert checked(tmp_path, text, hints=Hints(loss="0.5 * np.mean((x @ w - y) ** 2)")).verdict is Verdict.PASS


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the program leaves its file open
def test_nothing_is_written_while_a_step_is_replayed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = tmp_path / "log.txt"
    text = HEAD + (
        f"import logging\nlog = open({str(log)!r}, 'w')\nlog.write('begun\\n')\nlog.flush()\nfor i in range(100):\n"
        "    r = x @ w - y\n    loss = 0.5 * np.mean(r**2)\n    log.write('step\\n')\n    logging.warning('step')\n"
        "    g = x.T @ r / len(y)\n    w -= 0.1 * g\n"
    )
    with caplog.at_level(logging.DEBUG):
        assert checked(tmp_path, text)
    gc.collect()
    assert log.read_text(encoding="utf-8") == "begun\n"
    assert not caplog.records


def test_another_loop_that_trains_is_mentioned(tmp_path: Path) -> None:
    loop = (
        "for i in range(100):\n    r = x @ {0} - y\n    loss = 0.5 * np.mean(r**2)\n    g = x.T @ r / len(y)\n"
        "    {0} -= 0.1 * g\n"
    )
    report = checked(tmp_path, HEAD + loop.format("w") + "v = np.ones(3)\n" + loop.format("v"))
    assert "loop on line 13" in " ".join(report.notes)


BACKTRACKING = (
    HEAD + "\n\ndef f(v):\n    return 0.5 * np.mean((x @ v - y) ** 2)\n\n\nfor i in range(100):\n    now = f(w)\n"
    "    g = x.T @ (x @ w - y) / len(y)\n    t = 1.0\n    while f(w - t * g) > now - 0.5 * t * g @ g:\n"
    "        t *= 0.5\n"
    "    w = w - t * g\n"
)


def test_a_line_search_is_not_a_mistake_and_hides_none(tmp_path: Path) -> None:
    """If the search takes another number of trials at the second point, a wrong gradient may be undecided."""
    assert checked(tmp_path, BACKTRACKING)
    wrong = BACKTRACKING.replace("/ len(y)\n    t", "/ len(y) * np.array([1.0, 1.5, 1.0])\n    t")
    assert wrong != BACKTRACKING
    assert checked(tmp_path, wrong).verdict is not Verdict.PASS


def test_an_absolute_error_beside_the_gradient_of_half_its_square_is_not_decided(tmp_path: Path) -> None:
    """Whatever it is called; only one that is merely printed is replaced by half its square."""
    text = HEAD + (
        "for i in range(100):\n    r = x @ w - y\n    loss = np.sum(np.abs(r))\n    print(loss)\n    g = x.T @ {0}\n"
        "    w -= 0.1 * g\n"
    )
    assert checked(tmp_path, text.format("np.sign(r)")).verdict is Verdict.PASS
    for name in ("loss", "total_error", "v1"):
        report = checked(tmp_path, text.format("r").replace("loss", name))
        assert report.verdict is Verdict.UNDECIDED, str(report)
        assert not blamed(report)
        assert "--loss" in str(report)
    assert checked(tmp_path, text.format("r**3")).verdict is Verdict.FAIL


def test_the_second_loop_of_an_imported_module_is_found_or_the_search_ends(tmp_path: Path) -> None:
    """A module is run again for each loop that is tried; its loops keep their numbers."""
    loop = (
        "    for i in range(100):\n        r = x @ w - y\n        loss = 0.5 * np.mean(r**2)\n"
        "        g = x.T @ r / len(y)\n"
    )
    helper = "import numpy as np\n\n\ndef train(x, y, w):\n" + loop + "        w -= 0.1 * g\n"
    (tmp_path / "helper.py").write_text(helper, encoding="utf-8")
    unused = "\n\ndef unused(v):\n    for k in range(2):\n        v = v - 0.1 * k\n\n\n"
    report = checked(tmp_path, "from helper import train\n" + HEAD + unused + "train(x, y, w)\n")
    assert report.verdict is Verdict.PASS
    assert {line.file for line in report.lines} == {str(tmp_path / "helper.py")}


def test_the_same_seed_gives_the_same_report(tmp_path: Path) -> None:
    """The step starts with the state that the global generator has at the loop, not with that of the interpreter."""
    text = HEAD + (
        "np.random.seed(3)\nfor i in range(100):\n    keep = np.random.rand(12) < 0.5\n    r = keep * (x @ w - y)\n"
        "    loss = 0.5 * np.sum(r**2)\n    g = x.T @ r\n    w -= 0.1 * g\n"
    )
    norms = [checked(tmp_path, text).blocks["w"].claimed_norm for _ in range(2)]
    assert norms[0] == norms[1]
