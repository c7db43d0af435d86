"""What may be passed as `layers=`: each entry draws layers for the shapes that it takes, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, settings
from hypothesis import strategies as st

from gradcheck import nn
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS
from gradcheck.strategies.layer_factories import LayerFactory, factories_of
from gradcheck.strategies.recipes import source
from tests.strategies import library


def factory(entry: Any) -> LayerFactory:
    (found,) = factories_of([entry])
    return found


def drawn(entry: Any, shape: tuple[int, ...], wanted: Any = lambda recipe: True) -> Any:
    strategy = st.composite(lambda draw: factory(entry).draw(draw, shape, 4))()
    return find(strategy, wanted, settings=settings(database=None, derandomize=True))


class Mixed(library.Tanh):
    """A second width, a rate, a switch, a seed and an option."""

    def __init__(self, inputs: int, outputs: int, rate: float, flag: bool, seed: int, option: str = "") -> None: ...


def test_names_and_classes_of_ours_have_a_kind() -> None:
    assert factory("Dense").kind == factory(nn.Dense).kind == "Dense"
    assert factory(library.Tanh).kind is None
    assert len(factories_of(None)) == len(factories_of([*LAYERS, *ACTIVATIONS]))


def test_a_kind_takes_its_own_shapes_only() -> None:
    assert factory("Conv2D").fits((2, 3, 3), 1)
    assert not factory("Conv2D").fits((2, 3), 1)
    assert factory("BatchNorm").fits((2,), 3)
    assert not factory("BatchNorm").fits((2,), 2)


def test_arguments_of_a_class_are_the_width_and_drawn_values() -> None:
    assert factory(Mixed).fits((3,), 1)
    assert not factory(Mixed).fits((3, 3), 1), "a width needs a row of numbers"
    assert factory(library.Tanh).fits((3, 3), 1), "without arguments it may take any shape"
    recipe = drawn(Mixed, (3,))
    assert recipe.func is Mixed
    assert recipe.args == (3, 1, 0.5, False)
    assert source(drawn(Mixed, (3,), lambda recipe: recipe.args[3])) == "partial(Mixed, 3, 1, 0.5, True)"


def test_functions_and_strategies_are_asked_for_layers() -> None:
    assert drawn(lambda shape: st.just(("layer for", shape)), (2, 3)) == ("layer for", (2, 3))
    assert drawn(lambda shape: None, (2, 3)) is None
    assert drawn(st.just("layer"), (2,)) == "layer"
    assert factory(st.just("layer")).ignores_shape
    assert not factory(lambda shape: None).ignores_shape


def test_what_makes_no_layer_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match="3 makes no layer"):
        factories_of([3])
    with pytest.raises(SubjectError, match="there is no layer 'Dens', did you mean 'Dense'"):
        factories_of("Dens")
    with pytest.raises(SubjectError, match="the list of layers is empty"):
        factories_of([])


def test_a_function_that_needs_more_than_a_shape_is_refused_before_anything_is_drawn() -> None:
    def make(inputs: int, outputs: int) -> None: ...

    def with_default(shape: tuple[int, ...], outputs: int = 3) -> None: ...

    with pytest.raises(SubjectTypeError, match=r"make\(inputs.* cannot be called with the shape .* lambda shape"):
        factories_of([make])
    with pytest.raises(SubjectTypeError, match="cannot be called with the shape"):
        factories_of([lambda: None])
    assert len(factories_of([with_default, lambda shape: make(shape[0], 2), lambda *shape: None])) == 3


def test_a_class_without_a_signature_is_refused() -> None:
    class Unreadable(type):
        @property
        def __signature__(cls) -> Any:
            raise ValueError("no signature")

    made = Unreadable("Made", (library.Tanh,), {})
    with pytest.raises(SubjectTypeError, match="the arguments of Made cannot be read"):
        factories_of([made])
