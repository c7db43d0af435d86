"""Functions are found by the file of their code: what a callable reaches, and what is newer than the heap."""

from __future__ import annotations

import functools
import gc
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.recording.functions import ReachableFunctions, RecentFunctions, heap_aside


def made(file: str, text: str = "def f():\n    return 1", **variables: Any) -> types.FunctionType:
    space: dict[str, Any] = {"__name__": "made", **variables}
    exec(compile(text, file, "exec"), space)
    function = space["f"]
    assert isinstance(function, types.FunctionType)
    return function


def in_tests(file: str) -> bool:
    return file.startswith("<own")


def reached(function: types.FunctionType, root: Any = None, file: str = "<own helper>") -> list[types.FunctionType]:
    functions = ReachableFunctions(in_tests)
    functions.reach([function], function if root is None else root)
    return functions.of(file)


class Holder:
    def __init__(self, held: Any) -> None:
        self.held = held


def own_class(helper: types.FunctionType) -> Any:
    return type("Own", (), {"method": helper, "__module__": "made"})


def held_in_closure(helper: Callable[[], int]) -> Callable[[], int]:
    def wrapper() -> int:
        return helper()

    return wrapper


PLACES: dict[str, Callable[[types.FunctionType], Any]] = {
    "itself": lambda h: h,
    "a list": lambda h: [h],
    "a dict": lambda h: {"key": (h,)},
    "an attribute": Holder,
    "a partial": functools.partial,
    "a cache": functools.lru_cache,
    "a decorator of another file": held_in_closure,
    "a class": own_class,
    "an object of it": lambda h: own_class(h)(),
    "a derived class": lambda h: type("Derived", (own_class(h),), {"__module__": "made"}),
    "a property": property,
    "numpy.vectorize": np.vectorize,
    "a bound method": lambda h: types.MethodType(h, [1]),
    "a class inside of which it is static": lambda h: own_class(staticmethod(h)),  # type: ignore[arg-type]
    "an array of objects": lambda h: np.array([h, 1], dtype=object),
    "a module of the user": lambda h: vars(m := types.ModuleType("made_here")).update(f=h) or m,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_helper_is_reached_wherever_the_module_keeps_it(place: str) -> None:
    helper = made("<own helper>")
    function = made("<own file>", "def f():\n    return kept", kept=PLACES[place](helper))
    assert reached(function) == [helper]


@pytest.mark.parametrize("place", PLACES)
def test_a_helper_is_reached_from_a_default(place: str) -> None:
    helper = made("<own helper>")
    function = made("<own file>", "def f(x=kept):\n    return x", kept=None)
    function.__defaults__ = (PLACES[place](helper),)
    assert reached(function) == [helper]


def test_a_helper_is_reached_from_the_object_whose_method_is_called() -> None:
    helper, method = made("<own helper>"), made("<own file>")
    assert reached(method, types.MethodType(method, Holder([helper]))) == [helper]


def test_variables_of_installed_modules_are_not_looked_at() -> None:
    helper = made("<own helper>")
    installed = made("<installed>", kept=helper)
    assert reached(made("<own file>", "def f():\n    return g()", g=installed)) == []
    assert reached(made("<own file>", "def f():\n    return g()", g=np)) == []


def test_what_leads_in_circles_ends() -> None:
    circle: list[Any] = []
    circle.append(circle)
    function = made("<own file>", "def f():\n    return f", circle=circle)
    functions = ReachableFunctions(in_tests)
    assert functions.reach([function], function) == {"<own file>"}
    assert functions.of("<own file>") == [function]
    assert functions.reach([function], function) == set()  # known


def test_functions_that_are_found_later_are_told() -> None:
    functions = ReachableFunctions(in_tests)
    one, other = made("<own file>"), made("<own file>")
    functions.reach([one], one)
    assert functions.reach([other], other) == {"<own file>"}
    assert functions.of("<own file>") == [one, other]


def test_objects_that_answer_with_errors_are_no_obstacle() -> None:
    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("not bound")

        def __hash__(self) -> int:
            raise RuntimeError("not bound")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("not bound")

    helper = made("<own helper>")
    function = made("<own file>", "def f():\n    return kept", kept=[Proxy(), helper])
    assert reached(function) == [helper]


def test_functions_newer_than_the_heap_are_found() -> None:
    before = made("<before>")
    with heap_aside():
        after = made("<after>")
        recent = RecentFunctions()
        assert recent.of("<after>") == [after]
        assert recent.running(after.__code__) == [after]
        assert before not in recent.of("<before>")
        assert not any(each is before for each in gc.get_objects())


def test_the_heap_is_as_before_afterwards() -> None:
    with heap_aside(), heap_aside():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_a_heap_that_others_have_put_aside_stays_there() -> None:
    gc.freeze()
    try:
        with heap_aside():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
