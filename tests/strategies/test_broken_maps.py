"""Broken functions and operators: each fails, its right sibling passes, and its mistake is what it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import find, given, settings

import gradcheck
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.errors import SubjectError
from gradcheck.strategies import (
    BrokenFunction,
    BrokenOperator,
    broken_functions,
    broken_operators,
    functions,
    operators,
)
from gradcheck.strategies.broken_maps import FUNCTION_MISTAKES, OPERATOR_MISTAKES
from tests.profiles import DERANDOMIZE

few = settings(max_examples=30, deadline=None, derandomize=DERANDOMIZE, database=None)


@few
@given(broken_functions())
def test_broken_functions_fail_and_the_right_ones_pass(f: BrokenFunction) -> None:
    assert gradcheck.check_jacobian(f, f.jac, f.x0, rng=0).verdict.value == "fail"
    assert gradcheck.check_vjp(f, f.vjp, f.x0, diagnose=False, rng=0).verdict.value == "fail"
    assert gradcheck.check_jvp(f, f.jvp, f.x0, diagnose=False, rng=0).verdict.value == "fail"
    assert gradcheck.check_jacobian(f.right, f.right.jac, f.x0, rng=0).verdict.value == "pass"


@few
@given(broken_operators())
def test_broken_operators_fail_and_the_right_ones_pass(a: BrokenOperator) -> None:
    assert gradcheck.check_adjoint(a.forward, a.adjoint, a.x_like, a.y_like, rng=0).verdict.value == "fail"
    assert gradcheck.check_adjoint(a.right, rng=0).verdict.value == "pass"


@pytest.mark.parametrize("slug", FUNCTION_MISTAKES)
def test_a_mistake_of_a_function_is_named(slug: str) -> None:
    wide = functions(min_inputs=3, max_inputs=3, max_steps=1, steps=["cyclic"])
    f = find(broken_functions(functions=wide, slugs=slug), lambda f: True)
    report = gradcheck.check_jacobian(f, f.jac, f.x0, rng=0)
    assert report.verdict.value == "fail"
    if slug != "isolated-entries":
        assert slug in {finding.slug for finding in report.findings}
    else:
        assert sum(entry.wrong for entry in report.blocks["x"].entries) == 1


@pytest.mark.parametrize("slug", ["sign-flipped", "constant-factor", "not-conjugated", "transposed"])
def test_a_mistake_of_an_operator_is_named(slug: str) -> None:
    dense = operators(dtype="complex128", min_size=4, max_size=4, max_steps=1, steps=["cumulative"])
    if slug == "not-conjugated":
        dense = operators(dtype="complex128", min_size=4, max_size=4, max_steps=1, steps=["diagonal"])
    a = find(broken_operators(operators=dense, slugs=[slug]), lambda a: True)
    report = gradcheck.check_adjoint(a.forward, a.adjoint, a.x_like, a.y_like, rng=0)
    assert slug in {finding.slug for finding in report.findings}


@few
@given(broken_functions(functions=functions(scalar=True)))
def test_of_numbers_too(f: BrokenFunction) -> None:
    assert gradcheck.check_gradients(f, f.jac, f.x0, diagnose=False, rng=0).verdict.value == "fail"


def test_what_no_derivative_can_have_is_refused() -> None:
    with pytest.raises(SubjectError, match="'not-conjugated' cannot be drawn"):
        broken_functions(slugs=["not-conjugated"])
    with pytest.raises(SubjectError, match="'isolated-entries' cannot be drawn"):
        broken_operators(slugs=["isolated-entries"])
    with pytest.raises(SubjectError, match="the list of mistakes is empty"):
        broken_operators(slugs=[])
    assert {*OPERATOR_MISTAKES, *FUNCTION_MISTAKES} <= set(BY_SLUG)
    assert np.isfinite(find(broken_functions(), lambda f: True).x0).all()
