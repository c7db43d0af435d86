"""Programs that train by a library's own gradients get told how these are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import GradcheckError
from gradcheck.scripts.libraries import advice_on
from gradcheck.scripts.program import check_program

MODULE = """
import torch

net = torch.nn.Linear(3, 1)
optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
X, y = torch.ones(4, 3), torch.ones(4, 1)
for _ in range(3):
    optimiser.zero_grad()
    loss = ((net(X) - y) ** 2).mean()
    loss.backward()
    optimiser.step()
"""

TENSORS = """
import torch

w, X = torch.zeros(3, requires_grad=True), torch.ones(4, 3)
for _ in range(3):
    loss = ((X @ w - 1) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
"""

ARRAYS = """
import jax
import jax.numpy as jnp

w = jnp.zeros(3)
for _ in range(3):
    w = w - 0.1 * jax.grad(lambda w: jnp.sum((w - 1) ** 2))(w)
"""


@pytest.mark.parametrize(("text", "words"), [(MODULE, "module"), (TENSORS, "module"), (ARRAYS, "parameters")])
def test_the_way_to_check_them_is_said(text: str, words: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    (tmp_path / "train.py").write_text(text)
    with pytest.raises(GradcheckError, match=rf"gradcheck\.check_gradients\(.*{words}"):
        check_program(tmp_path / "train.py", rng=0)


def test_others_get_no_advice(tmp_path: Path) -> None:
    assert advice_on(["import torchlight", "from . import torch", "x = 'import jax'", "import ("]) == ""
    (tmp_path / "train.py").write_text("import numpy as np\nw = np.zeros(3)\nfor _ in range(3):\n    print(w)\n")
    with pytest.raises(GradcheckError) as caught:
        check_program(tmp_path / "train.py", rng=0)
    assert "PyTorch" not in str(caught.value)


def test_a_program_with_a_gradient_of_its_own_is_checked(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = (
        "import numpy as np\nimport torch\nw = np.ones(3)\nfor _ in range(3):\n    loss = np.sum(w**2)\n"
        "    w -= 0.1 * 2 * w\n"
    )
    (tmp_path / "train.py").write_text(text)
    assert check_program(tmp_path / "train.py", rng=0)
