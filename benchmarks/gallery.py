"""The pictures that gradcheck draws, each with the lines that make it.

``python -m benchmarks.gallery [--output docs/gallery.md]`` writes the page, and the pictures to ``docs/pictures``.
The picture of the HTML page needs Chromium; without it, the one that is there stays.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import gradcheck
from benchmarks.output import add_output, write
from gradcheck.checks.gradients import check_subject
from gradcheck.reports.outcome import Outcome
from gradcheck.reports.page import page_of
from gradcheck.reports.step_curve import step_curve

DOCS = Path(__file__).parents[1] / "docs"
PICTURES = DOCS / "pictures"

#: Programs of the documentation whose training the doctor draws.
STALLED = DOCS.parent / "tests" / "training" / "doctor" / "programs" / "question.py"

#: Plots of the doctor that are shown.
PANELS = ("trials", "way-out", "gradients", "activations", "slices")

#: Code of the page; each leaves a figure or a report.
GAPS = """
import numpy as np
import gradcheck

rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 4))


def loss(p):
    residual = X @ p["W"] + p["b"] - y
    rounded = np.sum(np.sin(p["single"]), dtype=np.float32)
    return float(np.mean(residual**2) + rounded)


def gradient(p):
    residual = X @ p["W"] + p["b"] - y
    return {
        "W": 2 * X.T @ residual / y.size,
        "b": residual.mean(axis=0),  # wrong: twice the right one
        "single": 1.0001 * np.cos(p["single"]),  # wrong, but the rounding of single precision hides it
    }


start = {"W": rng.normal(size=(3, 4)), "b": np.zeros(4), "single": np.linspace(0, 1, 50)}
figure = gradcheck.check_gradients(loss, gradient, start, rng=0).plot()
"""

ENTRIES = """
import numpy as np
import gradcheck

rng = np.random.default_rng(1)
A, x = rng.normal(size=(6, 6)), rng.normal(size=6)


def loss(W):
    return float(np.sum(np.tanh(W @ x)))


def gradient(W):
    return np.outer(x, 1 - np.tanh(W @ x) ** 2)  # wrong: the two vectors are exchanged


figure = gradcheck.check_gradients(loss, gradient, A, rng=0, entries=True).plot()
"""

CURVES = """
import numpy as np


def loss(p):
    return float(np.sum(np.exp(p["right"])) + np.sum(np.sin(p["wrong"])))


def gradient(p):
    return {"right": np.exp(p["right"]), "wrong": 1.01 * np.cos(p["wrong"])}


def build():
    return loss, gradient, {"right": np.linspace(0, 1, 4), "wrong": np.linspace(0, 1, 4)}
"""


def executed(code: str) -> dict[str, Any]:
    """The names that code leaves behind."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def curves() -> dict[str, str]:
    """The error against the step of a right and of a wrong block, as SVG."""
    report = check_subject(gradcheck.as_subject(*executed(CURVES)["build"]()), rng=0, curves=True)
    return {name: step_curve(block, report.rtol) for name, block in report.blocks.items()}


def main() -> None:
    """Draw the pictures, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_output(parser)
    options = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    for name, code in (("gaps", GAPS), ("entries", ENTRIES)):
        executed(code)["figure"].savefig(PICTURES / f"{name}.svg", metadata={"Date": None})
    for name, svg in curves().items():
        own = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background: #fff; color: #000" ', 1)
        (PICTURES / f"step-{name}.svg").write_text(own, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        gradcheck.doctor(STALLED, rng=0, plots=folder)
        for name in PANELS:
            shutil.copy(Path(folder, f"{name}.svg"), PICTURES / f"{name}.svg")
    photograph()
    write(page(), options.output)


def photograph() -> None:
    """A picture of the HTML page on two programs, one of them wrong."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        return
    outcomes = []
    for name in ("question.py", "answer.py"):
        report = _checked(DOCS / "examples" / name, name)
        outcomes.append(Outcome(name, report, file=name, seconds=report.seconds))
    with tempfile.TemporaryDirectory() as folder:
        html = Path(folder, "page.html")
        html.write_text(page_of(outcomes, rerun="--seed {}"), encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}"]
        size = ["--window-size=1000,1300", f"--screenshot={PICTURES / 'page.png'}"]
        subprocess.run([chromium, *flags, *size, html.as_uri()], capture_output=True, check=True, timeout=300)


def _checked(path: Path, name: str) -> gradcheck.Report:
    from gradcheck.scripts.program import check_program
    from gradcheck.scripts.text.source import Source

    source = Source(name, path.read_text(encoding="utf-8"))
    return check_program(Path(name), sources=[source], rng=0, curves=True)


def page() -> str:
    """The text of the page."""
    return PAGE.format(gaps=GAPS.strip(), entries=ENTRIES.strip(), curves=CURVES.strip())


PAGE = """# Gallery

What gradcheck draws, with the lines that draw it. `python -m benchmarks.gallery` makes this page. Plots need
matplotlib, pages of HTML jinja2: `pip install "gradcheck[plots,html]"`.

## Gap and error bar of each block

`report.plot()` has a row for each block. The mark is the gap between the claimed and the numerical gradient, the pale
line its error bar, the dashed line the tolerance. A gap beyond both is proved to be wrong. Below are up to six blocks,
those that failed first: the gap of each step that the check took, beside the bound on its rounding and the error bar
of the block; and the entries, if every entry was measured, as in small wrong blocks. The picture costs no evaluation.

```python
{gaps}
```

![One block passes, one fails, one is undecided](pictures/gaps.svg)

## Entries

With `entries=True` every entry is measured and drawn: claimed, numerical, and their difference. A transposed gradient
is seen at once.

```python
{entries}
```

![Claimed entries, numerical entries and their difference as heat maps](pictures/entries.svg)

## Error against step

A check takes few steps, as long as they decide. The page that `gradcheck check model.py:build --format html` writes has
the gap against many more, along one random direction of a block. The dotted line is the bound on the rounding of a
difference. For a right gradient the gap falls with the square of the step
until rounding takes over. For a wrong one, here by 1%, it stays level.

```python
{curves}
```

![A right block: the gap falls](pictures/step-right.svg)
![A wrong block: the gap stays level](pictures/step-wrong.svg)

## The page of a check

`gradcheck check question.py answer.py --format html --output report.html` writes one file that loads nothing. It has
the source with marks, the repair as a diff, and filters. The two programs are [question.py](examples/question.py) and
[answer.py](examples/answer.py).

![A page on two programs, one of them wrong](pictures/page.png)

## Why the loss does not go down

`report.plot()` of a report of [`gradcheck.doctor`](doctor.md), and `gradcheck doctor train.py --format html`, draw
what was measured.

Changes that may help, each run with an equal number of steps; the median and the range of the seeds:

![The loss during trials](pictures/trials.svg)

The loss and the gradient along the gradient flow. The way out of this plateau takes millions of steps, the fall at
its end thousands, so the fall is drawn once more, closer. The dotted line is where the training stops:

![The loss and the norm of the gradient along the gradient flow](pictures/way-out.svg)

The size of the gradient at each layer, the outputs of the hidden units (here all units have nearly the same), and the
loss along two lines:

![The size of the gradient at each layer](pictures/gradients.svg)
![Histograms of the outputs of hidden units](pictures/activations.svg)
![The loss along the gradient and along the lowest curvature](pictures/slices.svg)
"""


if __name__ == "__main__":
    main()
