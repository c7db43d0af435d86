"""Base class of layers: parameters and gradients by name, a forward and a backward pass."""

from __future__ import annotations

import abc
import inspect
from collections.abc import MutableMapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]

#: Arguments of `numpy.random.default_rng`: None, a seed, a `SeedSequence` or a `Generator` (SPEC 7).
RNG = int | np.random.SeedSequence | np.random.Generator | None


class Layer(abc.ABC):
    """A function of an array, with its derivative written by hand.

    The first axis of the input is that of the samples. `forward` stores what `backward` needs, so `backward` belongs to
    the last `forward`. Given the gradient of the loss with respect to the output, `backward` returns the gradient with
    respect to the input and writes those with respect to the parameters into `grads`. It replaces earlier gradients and
    does not add to them.

    Attributes
    ----------
    params : mapping of str to ndarray
        Parameters by name. Writing into the arrays, or replacing them, changes the layer.
    grads : mapping of str to ndarray
        Gradients of the parameters by name, after `backward`.
    """

    def __init__(self) -> None:
        self.params: MutableMapping[str, Array] = {}
        self.grads: MutableMapping[str, Array] = {}
        self._training = True
        self._cache: Any = None

    @property
    def takes_indices(self) -> bool:
        """Whether inputs are indices into a table, which must not be converted to floats."""
        return False

    @property
    def training(self) -> bool:
        """Whether the layer is in training mode, in which dropout and batch normalisation behave differently."""
        return self._training

    @training.setter
    def training(self, value: bool) -> None:
        self._training = value
        for child in self.children().values():
            child.training = value

    @abc.abstractmethod
    def forward(self, x: Array) -> Array:
        """Output for a batch of inputs."""

    @abc.abstractmethod
    def backward(self, upstream: Array) -> Array:
        """Gradient with respect to the input, given the one with respect to the output."""

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of the parameters only, if nothing needs the gradient with respect to the input."""
        self.backward(upstream)

    def children(self) -> dict[str, Layer]:
        """Layers inside this one, by name."""
        return {}

    def spec(self) -> dict[str, Any]:
        """Describe the layer as plain data: its class and constructor arguments, without its parameters."""
        return {"kind": type(self).__name__} | self._arguments()

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self._arguments().items())
        return f"{type(self).__name__}({arguments})"

    def _arguments(self) -> dict[str, Any]:
        """Constructor arguments."""
        names = [name for name in inspect.signature(type(self)).parameters if name not in ("rng", "dtype")]
        return {name: getattr(self, name) for name in names}

    def _keep(self, *values: Any) -> None:
        """Store values for the backward pass; the last one is the output."""
        self._cache = values

    def _kept(self, upstream: Array) -> tuple[Any, ...]:
        """Values that the forward pass stored, after a check of the shape of the upstream gradient."""
        if self._cache is None:
            raise ValueError(f"{self!r}: backward before forward; call forward(x) first")
        output: Array = self._cache[-1]
        if np.shape(upstream) != output.shape:
            raise ValueError(
                f"{self!r}: backward takes a gradient of the output's shape {output.shape}, got {np.shape(upstream)}"
            )
        return tuple(self._cache)

    def _input(self, x: Any, *axes: int | str) -> Array:
        """Input as an array of floats, or `ValueError` with the layer and the expected and actual shapes.

        `axes` describes the axes after that of the samples: a number for a fixed size, a name for any size. ``"..."``
        as the last name stands for any number of further axes.
        """
        array = np.asarray(x)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{self!r}: takes an array of real numbers, got dtype {array.dtype}")
        wanted = ("samples", *axes)
        free = wanted[-1] == "..."
        sizes = wanted[:-1] if free else wanted
        fits = array.ndim >= len(sizes) if free else array.ndim == len(sizes)
        fits = fits and all(isinstance(n, str) or n == m for n, m in zip(sizes, array.shape, strict=False))
        if not fits:
            raise ValueError(f"{self!r}: takes an input of shape ({', '.join(map(str, wanted))}), got {array.shape}")
        if 0 in array.shape:
            raise ValueError(f"{self!r}: got an empty input of shape {array.shape}")
        return array if array.dtype.kind == "f" else array.astype(self._dtype())

    def _dtype(self) -> DTypeLike:
        """Floating-point type of the parameters; float64 without parameters."""
        return next(iter(self.params.values())).dtype if self.params else np.float64


def check_sizes(layer: str, **sizes: int) -> None:
    """Raise `ValueError` unless all sizes are positive whole numbers."""
    for name, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{layer}: {name} must be a positive whole number, got {size!r}")
