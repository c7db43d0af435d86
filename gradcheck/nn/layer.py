"""What every layer has: parameters and gradients by name, a forward and a backward pass."""

from __future__ import annotations

import abc
import inspect
from collections.abc import MutableMapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]

#: What NumPy makes a generator of: None, a seed, a `SeedSequence`, a `Generator` (SPEC 7).
RNG = int | np.random.SeedSequence | np.random.Generator | None


class Layer(abc.ABC):
    """A map of arrays to arrays, with its derivative written by hand.

    The first axis of an input counts samples. `forward` keeps what `backward` needs, so one `backward` follows each
    `forward`; it returns the gradient of the loss with respect to the input, given the one with respect to the output,
    and writes those of the parameters into `grads`. They are set anew at each call, never added up.

    Attributes
    ----------
    params : mapping of str to ndarray
        Parameters by name. Writing into the arrays, or putting others in their place, changes the layer.
    grads : mapping of str to ndarray
        Gradients by the same names, after a `backward`.
    """

    def __init__(self) -> None:
        self.params: MutableMapping[str, Array] = {}
        self.grads: MutableMapping[str, Array] = {}
        self._training = True
        self._cache: Any = None

    @property
    def takes_indices(self) -> bool:
        """Whether inputs are whole numbers that the layer looks up in a table, and not to be made floating."""
        return False

    @property
    def training(self) -> bool:
        """Whether layers that behave differently then (dropout, batch normalisation) are in training."""
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
        """Gradient with respect to the input, given that with respect to the output."""

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of the parameters alone, for a layer whose input nobody differentiates by."""
        self.backward(upstream)

    def children(self) -> dict[str, Layer]:
        """Layers inside this one, by name."""
        return {}

    def spec(self) -> dict[str, Any]:
        """Plain data that describe the layer without its parameters: its class and the arguments it was made with."""
        return {"kind": type(self).__name__} | self._arguments()

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self._arguments().items())
        return f"{type(self).__name__}({arguments})"

    def _arguments(self) -> dict[str, Any]:
        """What the layer was made with."""
        names = [name for name in inspect.signature(type(self)).parameters if name not in ("rng", "dtype")]
        return {name: getattr(self, name) for name in names}

    def _keep(self, *values: Any) -> None:
        """Remember what the backward pass needs; the last value is the output."""
        self._cache = values

    def _kept(self, upstream: Array) -> tuple[Any, ...]:
        """Give back what the forward pass kept, after a look at the upstream gradient."""
        if self._cache is None:
            raise ValueError(f"{self!r}: backward before forward; call forward(x) first")
        output: Array = self._cache[-1]
        if np.shape(upstream) != output.shape:
            raise ValueError(
                f"{self!r}: backward takes a gradient of the output's shape {output.shape}, got {np.shape(upstream)}"
            )
        return tuple(self._cache)

    def _input(self, x: Any, *axes: int | str) -> Array:
        """Input as an array of floats, or `ValueError` naming the layer, the shape it takes and the one given.

        `axes` says what the shape has to be after the axis of samples: a number where the size is fixed, a name where
        it is free. With an ellipsis as the last name any number of axes may follow.
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
        """Floating type of the parameters."""
        return next(iter(self.params.values())).dtype if self.params else np.float64


def positive(layer: str, **sizes: int) -> None:
    """Refuse sizes that are no positive whole numbers."""
    for name, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise ValueError(f"{layer}: {name} must be a positive whole number, got {size!r}")
