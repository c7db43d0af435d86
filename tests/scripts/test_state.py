"""Whatever a step changes is put back before it is replayed, so that right programs pass and wrong ones fail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from gradcheck.errors import GradcheckError
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.samples import LINEAR_HEAD as HEAD

#: The step, with the rows of data that it looks at, and how the gradient is used.
STEP = (
    "for i in range(100):\n    {batch}\n    r = xb @ w - yb\n    loss = 0.5 * np.mean(r**2)\n"
    "    g = xb.T @ {residual} / len(yb)\n    {update}\n"
)


@dataclass(frozen=True)
class Keeper:
    """Where a program keeps what its step changes.

    Attributes
    ----------
    before : str
        What stands before the loop.
    batch, update : str
        Lines of the step.
    """

    before: str = ""
    batch: str = "xb, yb = x, y"
    update: str = "w -= 0.1 * g"

    def program(self, residual: str = "r") -> str:
        """The program; another residual makes its gradient wrong."""
        return HEAD + self.before + STEP.format(batch=self.batch, update=self.update, residual=residual)


_BATCHES = "def batches():\n    i = 0\n    while True:\n        yield x[i:i+4], y[i:i+4]\n        i = (i + 4) % 12\n"
_NEXT = "xb, yb = next(loader)"
_MOMENTUM = "{0} = 0.9 * {0} + g\n"

KEEPERS = {
    "generator": Keeper(_BATCHES + "loader = batches()\n", _NEXT),
    "batch that is changed": Keeper(
        "loader = iter([(x[i:i+4].copy(), y[i:i+4]) for i in (0, 4, 8)] * 9)\n", _NEXT + "; xb -= xb.mean(axis=0)"
    ),
    "generator in an object": Keeper(
        _BATCHES + "class Loader:\n    def __init__(self): self.it = batches()\nloader = Loader()\n",
        "xb, yb = next(loader.it)",
    ),
    "iterator of the program": Keeper(
        "class Loader:\n    i = 0\n    def __iter__(self): return self\n    def __next__(self):\n"
        "        self.i += 4\n        return x[self.i % 12:][:4], y[self.i % 12:][:4]\nloader = Loader()\n",
        _NEXT,
    ),
    "zip": Keeper("loader = zip(np.split(x, 3), np.split(y, 3))\n", _NEXT),
    "cycle": Keeper("import itertools\nloader = itertools.cycle(zip(np.split(x, 3), np.split(y, 3)))\n", _NEXT),
    "permutation": Keeper(
        "order = iter(rng.permutation(12))\n", "k = [next(order) for _ in range(3)]; xb, yb = x[k], y[k]"
    ),
    "bound generator": Keeper("draw = rng.integers\n", "k = draw(12, size=5); xb, yb = x[k], y[k]"),
    "partial of a generator": Keeper(
        "import functools\ndraw = functools.partial(rng.choice, 12, 5)\n", "k = draw(); xb, yb = x[k], y[k]"
    ),
    "generator in a list": Keeper(
        "held = [np.random.default_rng(3)]\n", "k = held[0].permutation(12)[:5]; xb, yb = x[k], y[k]"
    ),
    "random numbers of Python": Keeper(
        "import random\nr0 = random.Random(4)\n", "k = r0.sample(range(12), 5); xb, yb = x[k], y[k]"
    ),
    "generator that is made anew": Keeper("", "k = np.random.default_rng().permutation(12)[:5]; xb, yb = x[k], y[k]"),
    "deque": Keeper(
        "from collections import deque\nrows = deque(range(12), maxlen=12)\n",
        "rows.rotate(3); k = [rows.popleft() for _ in range(4)]; xb, yb = x[k], y[k]",
    ),
    "order of a dictionary": Keeper(
        "rows = {i: x[i] for i in range(12)}\n",
        "first = next(iter(rows)); rows[first] = rows.pop(first); k = list(rows)[:5]; xb, yb = x[k], y[k]",
    ),
    "set": Keeper(
        "seen = set()\n", "k = [i for i in range(12) if i not in seen][:4]; seen.update(k); xb, yb = x[k], y[k]"
    ),
    "lines of a file": Keeper(
        "import tempfile\nf = tempfile.TemporaryFile('w+')\nf.write('0 1 2\\n3 4 5\\n6 7 8\\n')\nf.seek(0)\n",
        "k = [int(j) for j in f.readline().split()]; xb, yb = x[k], y[k]",
    ),
    "closure": Keeper(
        "def make():\n    v = {}\n    def step(w, g):\n        v['w'] = 0.9 * v.get('w', 0) + g\n"
        "        w -= 0.1 * v['w']\n"
        "    return step\nstep = make()\n",
        update="step(w, g)",
    ),
    "nonlocal": Keeper(
        "def make():\n    n = 0\n    def step(w, g):\n        nonlocal n\n        n += 1\n        w -= 0.1 / n * g\n"
        "    return step\nstep = make()\n",
        update="step(w, g)",
    ),
    "attribute of a function": Keeper(
        "def step(w, g):\n    step.n += 1\n    w -= 0.1 / step.n * g\nstep.n = 0\n", update="step(w, g)"
    ),
    "default argument": Keeper(
        "def step(w, g, v={}):\n    v['w'] = 0.9 * v.get('w', 0) + g\n    w -= 0.1 * v['w']\n", update="step(w, g)"
    ),
    "attribute of a class": Keeper(
        "class Rate:\n    n = 0\n    @classmethod\n    def step(cls, w, g):\n        cls.n += 1\n"
        "        w -= 0.1 / cls.n * g\n",
        update="Rate.step(w, g)",
    ),
    "slots": Keeper(
        "class Momentum:\n    __slots__ = ('v', '__n')\n    def __init__(self): self.v = np.zeros(3); self.__n = 0\n"
        "    def step(self, w, g):\n        self.__n += 1\n        self.v = 0.9 * self.v + g\n"
        "        w -= 0.1 * self.v\n"
        "opt = Momentum()\n",
        update="opt.step(w, g)",
    ),
    "optimiser": Keeper(
        "class Adam:\n    def __init__(self): self.m = self.v = 0; self.t = 0\n    def step(self, w, g):\n"
        "        self.t += 1\n        self.m = 0.9 * self.m + 0.1 * g\n        self.v = 0.99 * self.v + 0.01 * g**2\n"
        "        w -= 0.1 * self.m / (1 - 0.9**self.t) / (np.sqrt(self.v / (1 - 0.99**self.t)) + 1e-8)\n"
        "opt = Adam()\n",
        update="opt.step(w, g)",
    ),
    "cached function": Keeper(
        "import functools\n@functools.lru_cache\ndef rows(n): return np.arange(12)[n:n + 6] * 1.0\n",
        "k = rows(2).astype(int); xb, yb = x[k], y[k]",
    ),
    "array of objects": Keeper(
        "held = np.array([x, None], dtype=object)\n",
        "held[1] = held[0][:8]; xb, yb = held[1], y[:8]; held[0] = held[0][::-1]",
    ),
    "shape": Keeper("z = np.zeros(12)\n", "xb, yb = x, y; z.shape = (3, 4) if z.ndim == 1 else (12,)"),
}


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
@pytest.mark.parametrize("name", KEEPERS)
def test_state_is_put_back(name: str, tmp_path: Path) -> None:
    report = checked(tmp_path, KEEPERS[name].program())
    assert report.verdict is Verdict.PASS, str(report)
    assert not report.findings


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
@pytest.mark.parametrize("name", KEEPERS)
def test_state_hides_no_mistake(name: str, tmp_path: Path) -> None:
    report = checked(tmp_path, KEEPERS[name].program("np.abs(r)"))
    assert report.verdict is Verdict.FAIL, str(report)


#: A counter outside of all that Python shows.
DEVICE = (
    "import ctypes\nheld = ctypes.c_double(0.0)\n\n\ndef reading():\n    held.value += 1.0\n    return held.value\n\n\n"
)


def test_what_cannot_be_put_back_is_named(tmp_path: Path) -> None:
    """A value that differs from one replay to the next leaves the gradient undecided, right or wrong."""
    for residual in ("r", "np.abs(r)"):
        program = Keeper(DEVICE, "xb, yb = x * (1 + 0.1 * reading()), y").program(residual)
        report = checked(tmp_path, program)
        assert report.verdict is Verdict.UNDECIDED, str(report)
        assert "differs between two runs" in str(report)


def test_what_cannot_be_put_back_but_does_not_matter_is_no_trouble(tmp_path: Path) -> None:
    keeper = Keeper(DEVICE, "xb, yb = x, y; seen = 1.0 * reading()")
    assert checked(tmp_path, keeper.program()).verdict is Verdict.PASS
    assert checked(tmp_path, keeper.program("np.abs(r)")).verdict is Verdict.FAIL


def test_a_step_that_takes_another_branch_each_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GradcheckError, match="two runs of the training step"):
        checked(tmp_path, Keeper(DEVICE, "xb, yb = x, y; seen = [1.0 * k for k in range(int(reading()))]").program())


#: A loss that goes on in another way where the arithmetic overflows, and the error is raised.
_RAISING = """\
import numpy as np

np.seterr(over="raise")
rng = np.random.default_rng(0)
x, w = np.array([[900.0, 0.0], [0.5, -1.0], [1.0, 2.0]]), np.array([1.0, 0.3])


def softplus(z):
    try:
        return np.log(1.0 + np.exp(z)), 1.0 / (1.0 + np.exp(-z))
    except FloatingPointError:
        return z, z / z


for epoch in range(10):
    loss, g = 0.0, np.zeros(2)
    for row in x:
        value, slope = softplus(np.dot(row, w))
        loss += value
        g += slope * row
    w = w - 1e-4 * g
"""


def test_errors_of_arithmetic_are_raised_in_replays_where_the_program_has_it_so(tmp_path: Path) -> None:
    assert checked(tmp_path, _RAISING).verdict is Verdict.PASS
    wrong, line = planted(_RAISING, "return z, z / z", "return z, z / (2.0 * z)")
    report = checked(tmp_path, wrong)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}


def test_errors_of_arithmetic_are_not_raised_where_they_are_only_printed(tmp_path: Path) -> None:
    text = _RAISING.replace('np.seterr(over="raise")', 'np.seterr(over="warn")')
    text = text.replace("np.log(1.0 + np.exp(z))", "np.logaddexp(0.0, z)")  # of which the slope alone overflows
    text = text.replace("[900.0, 0.0]", "[-900.0, 0.0]")
    assert checked(tmp_path, text).verdict is Verdict.PASS
