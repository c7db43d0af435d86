"""What is loaded only when it is used: the contract, and the layers of `gradcheck.nn`."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gradcheck.testing


def loaded_by(code: str) -> set[str]:
    command = [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_package_loads_no_numpy() -> None:
    assert "numpy" not in loaded_by("import gradcheck.testing")
    assert "numpy" in loaded_by("from gradcheck.testing import LayerContract")


def test_plain_checks_load_no_networks() -> None:
    loaded = loaded_by("import gradcheck; gradcheck.check_gradients(lambda x: x * x, lambda x: 2 * x, 1.0)")
    assert not [name for name in loaded if name.startswith("gradcheck.nn")]
    assert "numpy" in loaded


def test_the_package_names_what_it_has() -> None:
    assert dir(gradcheck.testing) == ["LayerContract"]
    with pytest.raises(AttributeError, match=r"'gradcheck.testing' has no attribute 'Contract'"):
        gradcheck.testing.Contract  # noqa: B018
