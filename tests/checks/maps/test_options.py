"""The keyword options of all checks are the same."""

from __future__ import annotations

import inspect

import pytest

import gradcheck

#: As the documentation promises them.
OPTIONS = (
    "wrt",
    "rtol",
    "rng",
    "budget",
    "entries",
    "workers",
    "progress",
    "bounds",
    "loss_accuracy",
    "diagnose",
    "retract",
    "project",
    "journal",
    "method",
)

CHECKS = ("gradients", "jacobian", "jvp", "vjp", "adjoint", "hessian", "problem")


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_has_every_option(check: str) -> None:
    parameters = inspect.signature(getattr(gradcheck, f"check_{check}")).parameters
    named = [name for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY or name == "bounds"]
    assert set(OPTIONS) <= set(named)


@pytest.mark.parametrize("check", CHECKS)
def test_every_option_is_documented(check: str) -> None:
    documentation = inspect.getdoc(getattr(gradcheck, f"check_{check}")) or ""
    listed = documentation.partition("Returns\n-------")[0]
    assert [name for name in OPTIONS if name not in listed] == []
