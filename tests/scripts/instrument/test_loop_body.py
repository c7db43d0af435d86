"""The body of a loop as a function of its local variables."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from gradcheck.scripts.instrument.events import Returned
from gradcheck.scripts.instrument.loop_body import compile_body
from gradcheck.scripts.instrument.tracer import TRACER, Tracer
from gradcheck.scripts.text.training_loop import Loop


def body_of(text: str, scope: dict[str, Any], local_names: list[str], inside: bool = False) -> Any:
    tree = ast.parse(text)
    function = tree.body[0]
    loop = function.body[-1] if inside else tree.body[-1]  # type: ignore[attr-defined]
    scope[TRACER] = Tracer()
    functions = (function,) if inside else ()
    return compile_body(Loop(0, loop, functions, "f.py", text), scope, local_names, 0)


def test_a_loop_of_a_module_assigns_global_variables() -> None:
    scope: dict[str, Any] = {"w": 1.0}
    body = body_of("for i in range(5):\n    w = w + 1.0\n    if w > 0: continue\n    w = 0.0\n", scope, [])
    body.function()
    assert scope["w"] == 2.0
    assert body.parameters == []


def test_a_loop_of_a_function_returns_its_local_variables() -> None:
    body = body_of("def f(w):\n    for i in range(5):\n        w = w + 1.0\n", {}, ["w"], inside=True)
    assert body.function(1.0)["w"] == 2.0


def test_a_return_statement_leaves_the_body() -> None:
    body = body_of("def f(w):\n    for i in range(5):\n        return w\n", {}, ["w"], inside=True)
    with pytest.raises(Returned):
        body.function(1.0)
