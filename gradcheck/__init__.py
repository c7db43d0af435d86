"""gradcheck says whether a hand-written gradient is right, where it is wrong, and what the mistake is.

>>> import gradcheck
>>> report = gradcheck.check_gradients(lambda x: x**2, lambda x: 2 * x, 3.0)
>>> report.verdict.value
'pass'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck import strategies as strategies
    from gradcheck import testing as testing
    from gradcheck._version import __version__
    from gradcheck.adapters import as_subject
    from gradcheck.adapters.foreign import as_layer
    from gradcheck.api import GradientMismatch, assert_gradients, check_gradients
    from gradcheck.comparison import Verdict
    from gradcheck.errors import GradcheckError, SubjectError, SubjectTypeError, TargetError
    from gradcheck.pairing import Pairs, pairs
    from gradcheck.report import BlockReport, Report
    from gradcheck.rules.checking import check_optimiser
    from gradcheck.rules.report import OptimiserReport
    from gradcheck.settings import defaults
    from gradcheck.subject import Block, Subject
    from gradcheck.training.doctor import doctor
    from gradcheck.training.report import DoctorReport

#: Where each name comes from. Nothing is loaded before it is used.
_HOME = {
    "__version__": "_version",
    "as_layer": "adapters.foreign",
    "as_subject": "adapters",
    "GradientMismatch": "api",
    "assert_gradients": "api",
    "check_gradients": "api",
    "Verdict": "comparison",
    "GradcheckError": "errors",
    "SubjectError": "errors",
    "SubjectTypeError": "errors",
    "TargetError": "errors",
    "Pairs": "pairing",
    "pairs": "pairing",
    "BlockReport": "report",
    "Report": "report",
    "OptimiserReport": "rules.report",
    "check_optimiser": "rules.checking",
    "defaults": "settings",
    "Block": "subject",
    "Subject": "subject",
    "doctor": "training.doctor",
    "DoctorReport": "training.report",
}

#: Modules that are loaded when they are first asked for, and by no ``import *``: the first needs Hypothesis.
_MODULES = ("strategies", "testing")

__all__ = [
    "Block",
    "BlockReport",
    "DoctorReport",
    "GradcheckError",
    "GradientMismatch",
    "OptimiserReport",
    "Pairs",
    "Report",
    "Subject",
    "SubjectError",
    "SubjectTypeError",
    "TargetError",
    "Verdict",
    "__version__",
    "as_layer",
    "as_subject",
    "assert_gradients",
    "check_gradients",
    "check_optimiser",
    "defaults",
    "doctor",
    "pairs",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME and name not in _MODULES:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"gradcheck.{name}")
    value = getattr(importlib.import_module(f"gradcheck.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
