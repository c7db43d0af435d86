"""Programs in any shape: where the loop stands, and how the step is written, makes no difference."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from gradcheck.reports.report import Report
from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.samples import LINEAR_HEAD as HEAD

STEP = "r = x @ w - y\nloss = 0.5 * np.mean(r**2)\ng = x.T @ GRAD(r) / len(y)\nw -= 0.1 * g\n"


@dataclass(frozen=True)
class Shape:
    """A program: its files, the first of which is checked. ``GRAD(r)`` is where its gradient may be wrong."""

    main: str
    files: dict[str, str] = field(default_factory=dict)
    name: str = "main.py"

    def checked(self, folder: Path, wrong: bool) -> Report:
        """The report on the program, or on one with a mistake."""
        for name, text in {self.name: self.main, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("GRAD", "np.abs" if wrong else ""), encoding="utf-8")
        return check_program(folder / self.name, rng=0)


def deep(text: str, depth: int = 1) -> str:
    """Text that is indented."""
    return "".join(f"{'    ' * depth}{line}\n" if line.strip() else "\n" for line in text.strip("\n").split("\n"))


LOOP = "for i in range(100):\n" + deep(STEP)

TRAINER = (
    "import numpy as np\n\n\nclass Trainer:\n    def __init__(self, n):\n        self.w = 0.5 * np.ones(n)\n\n"
    "    def fit(self, x, y, steps):\n        for i in range(steps):\n"
    + deep(STEP.replace("@ w", "@ self.w").replace("w -=", "self.w -="), 3)
)
DRIVER = HEAD + "trainer = Trainer(3)\ntrainer.fit(x, y, 100)\n"

SHAPES = {
    "loop in a module beside": Shape("from trainer import Trainer\n" + DRIVER, {"trainer.py": TRAINER}),
    "loop in a package": Shape(
        "from pkg import Trainer\n" + DRIVER,
        {
            "pkg/__init__.py": "from .core.trainer import Trainer\n",
            "pkg/core/__init__.py": "",
            "pkg/core/trainer.py": TRAINER,
        },
    ),
    "namespace package": Shape("from pkg.core.trainer import Trainer\n" + DRIVER, {"pkg/core/trainer.py": TRAINER}),
    "folder above": Shape(
        "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), '..'))\n"
        "from lib.trainer import Trainer\n" + DRIVER,
        {"lib/trainer.py": TRAINER},
        "examples/main.py",
    ),
    "folder above by Path": Shape(
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).resolve().parents[1]))\n"
        "import lib.trainer as t\nTrainer = t.Trainer\n" + DRIVER,
        {"lib/__init__.py": "", "lib/trainer.py": TRAINER},
        "examples/main.py",
    ),
    "relative import": Shape(
        "from .trainer import Trainer\n" + DRIVER, {"pkg/__init__.py": "", "pkg/trainer.py": TRAINER}, "pkg/main.py"
    ),
    "relative import from above": Shape(
        "from ..lib.trainer import Trainer\n" + DRIVER, {"lib/trainer.py": TRAINER}, "pkg/main.py"
    ),
    "module that is imported late": Shape(
        HEAD + "def main():\n    import trainer\n    trainer.Trainer(3).fit(x, y, 100)\n\n\nmain()\n",
        {"trainer.py": TRAINER},
    ),
    "import of names": Shape("from trainer import *\n" + DRIVER, {"trainer.py": TRAINER}),
    "module by name": Shape(
        "import importlib\nTrainer = importlib.import_module('trainer').Trainer\n" + DRIVER, {"trainer.py": TRAINER}
    ),
    "methods of another file": Shape(
        "from model import Model\n" + HEAD + "class A:\n    def __init__(self): self.top = Model(3)\n"
        "    def train(self, x, y): return self.top.train(x, y)\n\n\na = A()\nfor i in range(100):\n"
        "    print(a.train(x, y))\n",
        {
            "model.py": "import numpy as np\n\n\nclass Model:\n    def __init__(self, n): self.w = np.ones(n)\n"
            "    def train(self, x, y):\n"
            + deep(STEP.replace("@ w", "@ self.w").replace("w -=", "self.w -=") + "return loss", 2)
        },
    ),
    "state in another module": Shape(
        "import model\n" + HEAD + "for i in range(100):\n    print(model.step(x, y))\n",
        {
            "model.py": "import numpy as np\nw = np.ones(3)\n\n\ndef step(x, y):\n    global w\n"
            + deep(STEP.replace("w -= 0.1 * g", "w = w - 0.1 * g") + "return loss")
        },
    ),
    "generator": Shape(
        HEAD + "def descend(w):\n    for i in range(100):\n" + deep(STEP, 2) + "        yield w, loss\n\n\n"
        "for w, c in descend(w):\n    print(c)\n"
    ),
    "generator that delegates": Shape(
        HEAD + "def once(w):\n" + deep(STEP) + "    yield loss\n\n\ndef descend(w):\n    for i in range(100):\n"
        "        yield from once(w)\n\n\nfor c in descend(w):\n    print(c)\n"
    ),
    "generator that is driven": Shape(
        HEAD + "def descend(w):\n    while True:\n" + deep(STEP, 2) + "        yield loss\n\n\nit = descend(w)\n"
        "for i in range(100):\n    print(next(it))\n"
    ),
    "comprehension": Shape(
        HEAD + "def step(w):\n" + deep(STEP) + "    return loss\n\n\nlosses = [step(w) for _ in range(100)]\n"
    ),
    "generator expression": Shape(
        HEAD
        + "def step(k):\n    global w\n"
        + deep(STEP)
        + "    return loss\n\n\ntotal = sum(step(k) for k in range(100))\n"
    ),
    "comprehension in a method": Shape(
        HEAD
        + "class Net:\n    def __init__(self): self.w = np.ones(3)\n    def step(self, x, y):\n"
        + deep(STEP.replace("@ w", "@ self.w").replace("w -=", "self.w -="), 2)
        + "        return loss\n    def fit(self, x, y):\n        return [self.step(x, y) for _ in range(100)]\n\n"
        "\nNet().fit(x, y)\n"
    ),
    "coroutine": Shape(
        "import asyncio\n" + HEAD + "async def batch():\n    await asyncio.sleep(0.1)\n    return x, y\n\n\n"
        "async def main(w):\n    for i in range(100):\n        x, y = await batch()\n"
        + deep(STEP, 2)
        + "\n\nasyncio.run(main(w))\n"
    ),
    "asynchronous loop": Shape(
        "import asyncio\n"
        + HEAD
        + "async def batches():\n    for i in range(100):\n        await asyncio.sleep(0)\n        yield x, y\n\n\n"
        "async def main(w):\n    async for x, y in batches():\n" + deep(STEP, 2) + "\n\nasyncio.run(main(w))\n"
    ),
    "gathered coroutines": Shape(
        "import asyncio\n"
        + HEAD
        + "async def part(k):\n    await asyncio.sleep(0)\n    return x[k::2].T @ GRAD(x[k::2] @ w - y[k::2])\n\n\n"
        "async def main():\n    global w\n    for i in range(100):\n        loss = 0.5 * np.sum((x @ w - y) ** 2)\n"
        "        g = sum(await asyncio.gather(part(0), part(1)))\n        w -= 0.1 * g\n\n\nasyncio.run(main())\n"
    ),
    "step is one call": Shape(HEAD + "def step():\n    global w\n" + deep(STEP) + "\n\nfor i in range(100): step()\n"),
    "step by a function in a variable": Shape(
        HEAD + "def step(w):\n" + deep(STEP) + "    return loss\n\n\nf = step\nfor i in range(100): f(w)\n"
    ),
    "mapped step": Shape(
        HEAD
        + "def step(k):\n    global w\n"
        + deep(STEP)
        + "    return loss\n\n\nlosses = list(map(step, range(100)))\n"
    ),
    "step that is called once": Shape(
        HEAD + "def step(w):\n" + deep(STEP) + "    return loss, w\n\n\nloss, w = step(w)\nprint(loss)\n"
    ),
    "private names": Shape(
        HEAD + "class Net:\n    def __init__(self): self.__w = np.ones(3)\n"
        "    def __loss(self, r): return 0.5 * np.mean(r**2)\n"
        "    def train(self, x, y):\n        for i in range(100):\n            r = x @ self.__w - y\n"
        "            loss = self.__loss(r)\n"
        "            __g = x.T @ GRAD(r) / len(y)\n            self.__w -= 0.1 * __g\n\n\nNet().train(x, y)\n"
    ),
    "super": Shape(
        HEAD + "class Base:\n    def back(self, x, r): return x.T @ GRAD(r) / len(x)\n\n\nclass Net(Base):\n"
        "    def __init__(self): self.w = np.ones(3)\n    def train(self, x, y):\n        for i in range(100):\n"
        "            r = x @ self.w - y\n            loss = 0.5 * np.mean(r**2)\n"
        "            self.w -= 0.1 * super().back(x, r)\n\n\n"
        "Net().train(x, y)\n"
    ),
    "slots": Shape(
        HEAD + "class Net:\n    __slots__ = 'w', 'g'\n    def __init__(self): self.w = np.ones(3)\n"
        "    def train(self, x, y):\n"
        "        for i in range(100):\n            r = x @ self.w - y\n            loss = 0.5 * np.mean(r**2)\n"
        "            self.g = x.T @ GRAD(r) / len(y)\n            self.w = self.w - 0.1 * self.g\n\n\n"
        "Net().train(x, y)\n"
    ),
    "annotations": Shape(
        HEAD + "w: np.ndarray = w\nfor i in range(100):\n    r: np.ndarray = x @ w - y\n"
        "    loss: float = 0.5 * np.mean(r**2)\n"
        "    g: np.ndarray\n    g = x.T @ GRAD(r) / len(y)\n    w -= 0.1 * g\n"
    ),
    "walrus": Shape(
        HEAD + "for i in range(100):\n    if (loss := 0.5 * np.mean((r := x @ w - y) ** 2)) < 0:\n        break\n"
        "    w -= 0.1 * (g := x.T @ GRAD(r) / len(y))\n"
    ),
    "decorators": Shape(
        "import functools, time\n\n\ndef timed(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n"
        "        t = time.time()\n"
        "        out = f(*a, **k)\n        inner.spent += time.time() - t\n        return out\n"
        "    inner.spent = 0.0\n    return inner\n\n\n"
        + HEAD
        + "@timed\ndef step(w):\n"
        + deep(STEP)
        + "    return loss\n\n\nfor i in range(100):\n    step(w)\n"
    ),
    "variables shared with inner functions": Shape(
        HEAD + "def main():\n    w = 0.5\n    x0 = x[:, 0]\n    def residual(): return x0 * w - y\n"
        "    def cost(): return 0.5 * np.mean(residual() ** 2)\n"
        "    def grad(): return np.mean(x0 * GRAD(residual()))\n    for i in range(100):\n        loss = cost()\n"
        "        w = w - 0.1 * grad()\n"
        "    return w\n\n\nmain()\n"
    ),
    "nonlocal step": Shape(
        HEAD
        + "def main():\n    w = np.ones(3)\n    def step():\n        nonlocal w\n"
        + deep(STEP.replace("w -= 0.1 * g", "w = w - 0.1 * g") + "return loss", 2)
        + "    for i in range(100):\n        print(step())\n\n\nmain()\n"
    ),
    "match": Shape(
        HEAD + "for i in range(100):\n    match (x, y):\n        case (a, b):\n            r = a @ w - b\n"
        "    loss = 0.5 * np.mean(r**2)\n"
        "    g = a.T @ GRAD(r) / len(b)\n    w -= 0.1 * g\n    del a\n"
    ),
    "exceptions": Shape(
        HEAD + "for i in range(100):\n    try:\n        {}['k']\n    except KeyError as e:\n        r = x @ w - y\n"
        "    finally:\n        loss = 0.5 * np.mean(r**2)\n    g = x.T @ GRAD(r) / len(y)\n    w -= 0.1 * g\n"
    ),
    "a long loop before": Shape(
        HEAD + "v = np.ones(3)\nfor j in range(10**9):\n    r = x @ v - y\n    loss = 0.5 * np.mean(r**2)\n"
        "    v -= 1e-6 * (x.T @ GRAD(r)) / len(y)\n\n\ndef never(a, b, lr):\n    for i in range(9):\n"
        "        da = x.T @ (x @ a - y)\n"
        "        db = np.sum(x @ a - y + b)\n        a -= lr * da\n        b -= lr * db\n"
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_no_mistake(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = SHAPES[name].checked(tmp_path, wrong=False)
    assert report.verdict is Verdict.PASS, str(report)
    assert not report.findings


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_hides_no_mistake(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = SHAPES[name].checked(tmp_path, wrong=True)
    assert report.verdict is Verdict.FAIL, str(report)


def notebook(folder: Path, cells: list[str]) -> Path:
    """A notebook with some cells of code."""
    path = folder / "train.ipynb"
    content = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_all_training_loops_of_a_notebook_are_checked(tmp_path: Path) -> None:
    """A loop stops at its first iteration, and the cells after it run, even if one of them needs what is missing."""
    loop = "for i in range(10**9):\n" + deep(STEP)
    function = "def train(w):\n" + deep(loop.replace("GRAD", "np.abs")) + "    return w\n"
    cells = [HEAD, loop.replace("GRAD", ""), "print(never_assigned)", function, "v = train(np.ones(3))", "train(v)"]
    path = notebook(tmp_path, cells)
    report = check_program(path, rng=0)
    verdicts = {name: block.verdict for name, block in report.blocks.items()}
    assert verdicts == {"w (cell 2, line 1)": Verdict.PASS, "w (cell 4, line 2)": Verdict.FAIL}
    assert report.verdict is Verdict.FAIL
    assert {finding.file for finding in report.findings} == {f"{path}, cell 4"}
    assert any("never_assigned" in note for note in report.notes)


def test_a_notebook_with_one_loop_is_checked_as_a_script_is(tmp_path: Path) -> None:
    report = check_program(notebook(tmp_path, [HEAD, LOOP.replace("GRAD", "")]), rng=0)
    assert list(report.blocks) == ["w"]
    assert report.verdict is Verdict.PASS


MINIMISED = {
    "minimize": "from scipy.optimize import minimize\nminimize(cost, w, args=(x, y), jac=grad)",
    "minimize in a module": "import scipy.optimize as so\nso.minimize(cost, w, (x, y), 'BFGS', grad)",
    "both": "import scipy.optimize\nscipy.optimize.minimize(lambda w: (cost(w, x, y), grad(w, x, y)), w, jac=True)",
    "fmin_l_bfgs_b": "from scipy import optimize\noptimize.fmin_l_bfgs_b(lambda w: (cost(w, x, y), grad(w, x, y)), w)",
    "fmin_cg": "from scipy.optimize import fmin_cg\nfmin_cg(cost, w, fprime=grad, args=(x, y))",
}


@pytest.mark.parametrize("name", MINIMISED)
def test_the_gradient_of_a_minimiser_is_checked(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    functions = (
        "def cost(w, x, y):\n    print('called')\n    return 0.5 * np.mean((x @ w - y) ** 2)\n\n\n"
        "def grad(w, x, y):\n    g = np.zeros(3)\n    for i in range(len(y)):\n"
        "        g = g + x[i] * GRAD(x[i] @ w - y[i])\n    return g / len(y)\n\n\n"
    )
    shape = Shape(HEAD + functions + MINIMISED[name] + "\nraise ZeroDivisionError\n")
    report = shape.checked(tmp_path, wrong=False)
    assert report.verdict is Verdict.PASS, str(report)
    assert "scipy.optimize" in report.notes[0]
    assert shape.checked(tmp_path, wrong=True).verdict is Verdict.FAIL
    assert "called" not in capfd.readouterr().out


def test_a_minimiser_without_a_gradient_runs(tmp_path: Path) -> None:
    text = "from scipy.optimize import minimize\nw = minimize(lambda w: np.sum((w - 1) ** 2), np.ones(3)).x\n"
    assert Shape(HEAD + text + LOOP).checked(tmp_path, wrong=False).verdict is Verdict.PASS


#: A program whose objects compute their length, and which has put a function of its own in the place of NumPy's.
_LENGTHS = """\
import numpy as np

rng = np.random.default_rng(0)
made = np.zeros


def zeros(shape, dtype=float):
    count = 0
    for n in np.atleast_1d(shape):
        count = count + n * 1
    return made(shape, dtype)


class Loader:
    def __init__(self, x, y, size):
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return (len(self.x) + self.size - 1) // self.size

    def __iter__(self):
        for i in range(len(self)):
            yield self.x[i * self.size : (i + 1) * self.size], self.y[i * self.size : (i + 1) * self.size]


np.zeros = zeros
loader, w = Loader(rng.standard_normal((9, 3)), rng.standard_normal(9), 4), rng.standard_normal(3)
for epoch in range(20):
    for x, y in loader:
        r = x @ w - y
        loss = 0.5 * np.sum(r**2)
        g = np.zeros(3) + x.T @ r
        w -= 0.01 * g
"""


def test_functions_of_the_program_that_a_look_at_its_objects_calls_do_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = np.zeros
    monkeypatch.setattr(np, "zeros", own)  # the program replaces it
    report = checked(tmp_path, _LENGTHS)
    assert report.verdict is Verdict.PASS, str(report)
    monkeypatch.setattr(np, "zeros", own)
    text, line = planted(_LENGTHS, "np.zeros(3) + x.T @ r", "np.zeros(3) + x.T @ (r * r)")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) == {line}
