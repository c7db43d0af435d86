"""`LayerContract`: a base class of tests that states what a layer promises, one test method a promise."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gradcheck.reports.report import Report
from gradcheck.testing.contract.example import Example, Violation, block_names
from gradcheck.testing.contract.fixture import LayerFixture
from gradcheck.testing.contract.gradients import (
    Tally,
    failed_gradient,
    wrong_input_gradient,
    wrong_parameter_gradient,
    wrong_shapes,
    wrong_single_samples,
)
from gradcheck.testing.contract.precision import loses_precision
from gradcheck.testing.contract.promise import BrokenPromise, Undecided, as_undecided
from gradcheck.testing.contract.purity import (
    leaves_state,
    nondeterministic,
    nonlinear_backward,
    writes_input,
    writes_parameters,
    writes_upstream,
)
from gradcheck.testing.contract.shape_sweep import Shape, small_shapes

Array = NDArray[Any]


class LayerContract:
    """Base class for the tests of a layer: inherit from it, and define `layer`.

    It works in pytest, and in unittest if the class also inherits from `unittest.TestCase`.

    Attributes
    ----------
    axes : int
        Axes of one sample: 1 for rows of numbers, 2 for sequences and signals, 3 for images.
    min_samples : int
        The smallest batch that the layer takes.
    max_size : int
        The largest size of an axis in the sweep over small shapes.
    max_shapes : int
        How many shapes the sweep may try. If there are no more than this, it tries all shapes up to `max_size`.
    dtypes : tuple of str
        Dtypes that the layer keeps. All tests use the first of them, or float64 if that is among them.
    parameters : tuple of str or None
        Names of the attributes that are parameters, if the layer has no mapping `params`; see `gradcheck.as_layer`. An
        empty tuple says that there are none.
    inputs : SearchStrategy of ndarray, optional
        A Hypothesis strategy of whole batches; the gradients are checked on these as well.
    undecided : {'fail', 'skip'}
        What a test does whose promise could not be decided, for instance because the output is so large that its
        rounding error hides the derivative: it fails, or it is skipped with the reason. A promise is decided if each
        gradient was found to be right on one batch at least, and wrong on none.
    seed : int
        Seed of all random numbers.
    rtol : float or None
        As for `gradcheck.check_gradients`.

    Examples
    --------
    >>> import numpy as np
    >>> class Scale:
    ...     def __init__(self, features):
    ...         self.s, self.ds = np.ones(features), np.zeros(features)
    ...     def forward(self, x):
    ...         self.x = x
    ...         return x * self.s
    ...     def backward(self, upstream):
    ...         self.ds = (upstream * self.x).sum(axis=0)
    ...         return upstream * self.s
    >>> class TestScale(LayerContract):
    ...     def layer(self, shape):
    ...         return Scale(*shape)
    >>> TestScale().test_gradient_by_the_input()
    """

    axes: ClassVar[int] = 1
    min_samples: ClassVar[int] = 1
    max_size: ClassVar[int] = 8
    max_shapes: ClassVar[int] = 512
    dtypes: ClassVar[tuple[str, ...]] = ("float64", "float32")
    parameters: ClassVar[tuple[str, ...] | None] = None
    inputs: ClassVar[Any] = None
    undecided: ClassVar[Undecided] = "fail"
    seed: ClassVar[int] = 0
    rtol: ClassVar[float | None] = None

    # -- defined by the user ---------------------------------------------------------------------------------------

    def layer(self, shape: Shape) -> Any:
        """Return the layer for samples of a shape, or None if it does not take that shape. You must define this.

        The layer is an object with `forward` and `backward` in any style that `gradcheck.as_layer` reads, or what
        `as_layer` returns. Initial numbers that it draws from NumPy's global
        generator are the same in each run: that is set to `seed` meanwhile.
        """
        raise NotImplementedError(f"{type(self).__name__}.layer(shape) is missing: return the layer for such samples")

    def input(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Draw a batch of a shape, samples first; normally distributed unless you override it."""
        return rng.standard_normal(shape)

    # -- gradients -------------------------------------------------------------------------------------------------

    def test_gradient_by_the_input(self) -> None:
        """The gradient that `backward` returns is that of Σ U·y, for a random upstream gradient U."""
        __tracebackhide__ = True
        fixture = self._fixture()
        self._refuse(wrong_input_gradient(fixture, fixture.examples()))

    def test_gradient_by_the_parameters(self) -> None:
        """The gradients of the parameters are those of Σ U·y."""
        __tracebackhide__ = True
        fixture = self._fixture()
        self._refuse(wrong_parameter_gradient(fixture, fixture.examples()))

    def test_every_small_shape(self) -> None:
        """All gradients are right for every small shape: odd and even sizes, edges, axes of size one."""
        __tracebackhide__ = True
        shapes = small_shapes(
            self.axes + 1, min_samples=self.min_samples, max_size=self.max_size, max_shapes=self.max_shapes
        )
        self._refuse(wrong_shapes(self._fixture(), shapes))

    def test_batch_of_one(self) -> None:
        """A batch of one sample keeps its axis and has the right gradients."""
        __tracebackhide__ = True
        fixture = self._fixture()
        if self.min_samples == 1:
            shapes = [(1, *typical.shape[1:]) for typical in fixture.examples()]
            self._refuse(wrong_single_samples(fixture, shapes))

    def test_gradient_of_drawn_inputs(self) -> None:
        """All gradients are right for the batches that `inputs` draws."""
        __tracebackhide__ = True
        if self.inputs is None:
            return
        from hypothesis import HealthCheck, given, note, settings

        what, fixture, tally = "a gradient for a drawn input", self._fixture(), Tally()

        @settings(deadline=None, suppress_health_check=[HealthCheck.differing_executors])
        @given(self.inputs)
        def check(x: Array) -> None:
            __tracebackhide__ = True
            example = fixture.example_on(np.asarray(x), np.shape(x))
            if example is None:
                return
            note(f"input {x!r}")
            found = failed_gradient(fixture, example, what)
            self._refuse(found if isinstance(found, Violation) else None)
            if isinstance(found, Report):
                tally.add(example, found, block_names(example))

        check()
        self._refuse(tally.violation(what))

    # -- side effects ----------------------------------------------------------------------------------------------

    def test_is_deterministic(self) -> None:
        """The same input gives the same output and the same gradients, bit for bit."""
        __tracebackhide__ = True
        self._on_examples(nondeterministic)

    def test_leaves_the_input_alone(self) -> None:
        """Neither pass writes into the input."""
        __tracebackhide__ = True
        self._on_examples(writes_input)

    def test_leaves_the_upstream_gradient_alone(self) -> None:
        """The backward pass does not write into the upstream gradient."""
        __tracebackhide__ = True
        self._on_examples(writes_upstream)

    def test_leaves_the_parameters_alone(self) -> None:
        """Neither pass changes a parameter."""
        __tracebackhide__ = True
        self._on_examples(writes_parameters)

    def test_backward_is_linear(self) -> None:
        """The gradients for aU − bV are a times those for U minus b times those for V, beyond every usual clip."""
        __tracebackhide__ = True
        self._on_examples(nonlinear_backward)

    def test_backward_can_be_repeated(self) -> None:
        """A second `backward` gives the same gradients, and another forward pass leaves nothing behind."""
        __tracebackhide__ = True
        fixture = self._fixture()
        self._on_examples(lambda example: leaves_state(example, fixture.another_batch(example.shape)))

    # -- dtypes ----------------------------------------------------------------------------------------------------

    def test_float64(self) -> None:
        """float64 stays float64, and nothing inside has fewer digits."""
        __tracebackhide__ = True
        self._keeps("float64")

    def test_float32(self) -> None:
        """float32 stays float32, and the gradients are right to its precision."""
        __tracebackhide__ = True
        self._keeps("float32")

    # -- how a check is run ----------------------------------------------------------------------------------------

    def _keeps(self, dtype: str) -> None:
        __tracebackhide__ = True
        if dtype in self.dtypes:
            fixture = self._fixture()
            self._refuse(loses_precision(fixture, list(fixture.examples()), dtype))

    def _fixture(self) -> LayerFixture:
        return LayerFixture(
            owner=type(self).__name__,
            build=self.layer,
            draw_input=self.input,
            axes=self.axes,
            min_samples=self.min_samples,
            parameters=self.parameters,
            seed=self.seed,
            rtol=self.rtol,
            dtype="float64" if "float64" in self.dtypes or not self.dtypes else self.dtypes[0],
        )

    def _on_examples(self, check: Callable[[Example], Violation | None]) -> None:
        __tracebackhide__ = True
        for example in self._fixture().examples():
            self._refuse(check(example))

    def _refuse(self, violation: Violation | None) -> None:
        __tracebackhide__ = True
        if violation is None:
            return
        promise = BrokenPromise(type(self).__name__, violation, self.seed)
        if violation.undecided and as_undecided(self.undecided) == "skip":
            raise unittest.SkipTest(str(promise))
        raise promise if violation.report is not None else AssertionError(str(promise))
