"""The public names of the package: the module of each, imported when the name is first used."""

from __future__ import annotations

import importlib
from typing import Any

#: The module of each public name; it is imported when the name is first used.
HOME = {
    "__version__": "_version",
    "as_layer": "subjects.foreign_layer",
    "as_subject": "subjects.convert",
    "GradientMismatch": "checks.gradients",
    "assert_gradients": "checks.gradients",
    "check_gradients": "checks.gradients",
    "assert_adjoint": "checks.maps.asserts",
    "assert_hessian": "checks.maps.asserts",
    "assert_jacobian": "checks.maps.asserts",
    "assert_jvp": "checks.maps.asserts",
    "assert_problem": "checks.maps.asserts",
    "assert_vjp": "checks.maps.asserts",
    "check_adjoint": "checks.maps.adjoint",
    "check_hessian": "checks.maps.hessian",
    "check_jacobian": "checks.maps.jacobian",
    "check_jvp": "checks.maps.products",
    "check_problem": "checks.maps.problem",
    "check_vjp": "checks.maps.products",
    "Verdict": "verdicts.verdict",
    "GradcheckError": "errors",
    "SubjectError": "errors",
    "SubjectTypeError": "errors",
    "TargetError": "errors",
    "Pairs": "testing.pairs.run",
    "pairs": "testing.pairs.run",
    "BlockReport": "reports.data",
    "Report": "reports.report",
    "OptimiserReport": "training.optimisers.report",
    "check_optimiser": "training.optimisers.checking",
    "defaults": "settings",
    "Block": "subjects.subject",
    "Subject": "subjects.subject",
    "doctor": "training.doctor.api",
    "DoctorReport": "training.doctor.report",
}

#: What other programs look for in the package, and nobody calls by hand: IPython's ``%load_ext gradcheck``.
PROTOCOLS = {"load_ipython_extension": "app.magic"}

#: Modules that are imported when first used, and not by ``import *``: the first needs Hypothesis.
SUBPACKAGES = ("strategies", "testing")


def load(name: str) -> Any:
    """The object of a public name.

    Raises
    ------
    AttributeError
        If there is none.
    """
    if name in SUBPACKAGES:
        return importlib.import_module(f"gradcheck.{name}")
    home = HOME.get(name) or PROTOCOLS.get(name)
    if home is None:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    return getattr(importlib.import_module(f"gradcheck.{home}"), name)
