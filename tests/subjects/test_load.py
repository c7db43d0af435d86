"""Objects named on the command line: found, called, or refused with the nearest name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gradcheck import TargetError
from gradcheck.checks.gradients import check_subject
from gradcheck.subjects.load import load

SOURCE = """
import numpy as np
import gradcheck

class Model:
    def __init__(self, start=1.0):
        self.params = {"w": np.array([start, 2.0])}
    def loss(self):
        return float(np.sum(self.params["w"] ** 2)), {"w": 2 * self.params["w"]}

class Needs:
    def __init__(self, size):
        self.size = size

class Holder:
    model = Model()
    @staticmethod
    def make():
        return Model()

def square(x):
    return float(x @ x)

model = Model()
subject = gradcheck.as_subject(square, lambda x: 2 * x, np.ones(3))
triple = (square, lambda x: 2 * x, np.ones(3))
number = 3

def make_model(): return Model()
def make_subject(): return subject
def make_triple(): return triple
def make_optional(start=2.0): return Model(start)
def make_nothing(): return None
def make_pair(): return triple[:2]
async def make_later(): return Model()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "loaded_target.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        *((name, ["w"]) for name in ("model", "Model", "Holder.model", "Holder.make", "make_model", "make_optional")),
        *((name, ["x"]) for name in ("subject", "triple", "make_subject", "make_triple")),
    ],
)
def test_whatever_can_be_checked_is_loaded(source: Path, name: str, blocks: list[str]) -> None:
    assert [block.name for block in load(f"{source}:{name}").blocks] == blocks


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("modle", "has no 'modle'; did you mean model\\?"),
        ("Holder.modell", "has no 'Holder.modell'; did you mean model\\?"),
        ("zzz", "has no 'zzz'$"),
        ("square", "takes arguments.*without arguments.*\\(fun, grad, x0\\)"),
        ("Needs", "takes arguments.*without arguments"),
        ("number", "number: cannot check an object of type int: pass a model"),
        ("make_nothing", "cannot check an object of type NoneType"),
        ("make_pair", "cannot check an object of type tuple.*\\(fun, grad, x0\\)"),
        ("make_later", "cannot check an object of type coroutine"),
    ],
)
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_name_that_cannot_be_checked_is_named_with_the_remedy(source: Path, name: str, message: str) -> None:
    with pytest.raises(TargetError, match=message):
        load(f"{source}:{name}")


@pytest.mark.parametrize("target", ["model.py", "model", ":model", "model.py:", "", ":"])
def test_target_without_file_or_name_is_refused_with_the_form(target: str) -> None:
    with pytest.raises(
        TargetError, match=r"there is no file or folder .*: write script.py, file.py:name or package.module:name"
    ):
        load(target)


def test_missing_file_is_named_with_the_nearest(source: Path) -> None:
    with pytest.raises(TargetError, match=r"there is no file.*did you mean loaded_target.py\?"):
        load(f"{source.parent / 'load_target.py'}:model")
    with pytest.raises(TargetError, match=r"there is no file '.*zzz.py'$"):
        load(f"{source.parent / 'zzz.py'}:model")
    with pytest.raises(TargetError, match="there is no file"):
        load(f"{source.parent}:model")


@pytest.mark.parametrize("module", ["no_such_module", "no_such_package.module", "gradcheck.no_such_module"])
def test_missing_module_is_named(module: str) -> None:
    with pytest.raises(TargetError, match=f"there is no module '{module}'.*file.py:name"):
        load(f"{module}:model")


def test_package_module_is_found_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "loaded_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "inner.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert load("loaded_package.inner:model").name == "Model"
    assert sys.path == before


def test_file_finds_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "loaded_neighbour.py").write_text(SOURCE)
    (tmp_path / "loaded_main.py").write_text("from loaded_neighbour import model")
    before = list(sys.path)
    assert load(f"{tmp_path / 'loaded_main.py'}:model").name == "Model"
    assert sys.path == before


def test_import_error_inside_the_module_is_passed_on(tmp_path: Path) -> None:
    path = tmp_path / "loaded_broken.py"
    path.write_text("import no_such_module_at_all")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        load(f"{path}:model")
    assert "loaded_broken" not in sys.modules


@pytest.mark.parametrize("stem", ["json", "difflib", "textwrap"])
def test_file_named_like_a_library_does_not_replace_it(tmp_path: Path, stem: str) -> None:
    import difflib
    import json
    import textwrap

    (tmp_path / f"{stem}.py").write_text(SOURCE)
    before = {"json": json, "difflib": difflib, "textwrap": textwrap}
    try:
        assert load(f"{tmp_path / stem}.py:model").name == "Model"
        assert all(sys.modules[name] is module for name, module in before.items())
    finally:
        sys.modules.update(before)


def test_dataclass_with_postponed_annotations_can_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "loaded_dataclass.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\nimport numpy as np\n"
        "@dataclass\nclass Model:\n    params: dict = field(default_factory=lambda: {'w': np.ones(2)})\n"
        "    def loss(self):\n        return float(self.params['w'].sum()), {'w': np.ones(2)}\n"
    )
    assert load(f"{path}:Model").name == "Model"


@pytest.mark.parametrize("code", ["0", "1", "'message'"])
@pytest.mark.parametrize("target", ["loaded_exit_file.py:model", "loaded_exit_module:model"])
def test_exit_while_importing_is_an_error_with_the_remedy(
    tmp_path: Path, code: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{target.split(':')[0].removesuffix('.py')}.py").write_text(f"import sys\nsys.exit({code})\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError, match=r"exit.*__main__"):
        load(target)


def test_a_model_that_needs_a_batch_says_how_to_give_one(source: Path) -> None:
    source.write_text(
        "import numpy as np\nclass Net:\n    params = {'w': np.ones(2)}\n"
        "    def loss(self, x, y):\n        return float(self.params['w'] @ x - y), {'w': x}\nnet = Net()\n"
    )
    with pytest.raises(TargetError, match=r"missing.*'x'.*returns.*as_subject\(model, batch=\(X, y\)\)"):
        load(f"{source}:net")


def test_a_folder_is_told_from_a_misspelt_name(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"is a folder: name one script") as error:
        load(str(tmp_path))
    assert "did you mean" not in str(error.value)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "pass"), (1.5, "fail")])
@pytest.mark.parametrize("name", ["gradient", "jacobian", "own"])
def test_functions_of_tensors(tmp_path: Path, name: str, factor: float, verdict: str) -> None:
    pytest.importorskip("torch")
    (tmp_path / "tensors.py").write_text(
        "import torch\n"
        "x0 = torch.tensor([0.5, -1.0])\n"
        "class Sine(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n"
        "        return x.sin()\n"
        "    @staticmethod\n"
        "    def backward(ctx, u):\n"
        f"        return {factor} * u * ctx.saved_tensors[0].cos()\n"
        f"gradient = (lambda x: x.sin().sum(), lambda x: {factor} * x.cos(), x0)\n"
        f"jacobian = (torch.sin, lambda x: {factor} * torch.diag(x.cos()), x0)\n"
        "own = (lambda x: Sine.apply(x).sum(), None, x0)\n"
    )
    report = check_subject(load(f"{tmp_path / 'tensors.py'}:{name}"), rng=0)
    assert (report.verdict.value, report.rtol) == (verdict, 1e-2)
