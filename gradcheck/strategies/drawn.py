"""Networks and layers that are made from shapes and a seed, and print as the call that makes them again."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.nn import Layer, Loss, Network
from gradcheck.nn.kinds import make
from gradcheck.strategies.losses import loss_of
from gradcheck.strategies.numbers import numbers, spread
from gradcheck.strategies.recipes import Recipe, build, is_writable, output_of, source
from gradcheck.testing.cases import LOSS_CASES, Array, Spec
from gradcheck.testing.faults import as_class

#: Smallest and largest weight of a sample.
SAMPLE_WEIGHTS = (0.5, 2.0)

#: Rounding to so many decimals keeps all digits of a weight.
ALL_DECIMALS = 15


class DrawnNetwork(Network):
    """A network with a batch, made from shapes and a seed.

    Parameters
    ----------
    layers : sequence
        For each layer its description (see `Network.from_spec`), its class, `functools.partial` of its class or of a
        function that makes it, or the layer itself, which is copied.
    loss : dict
        Description of the loss.
    shape : tuple of int
        Shape of one sample.
    samples : int
    seed : int
        Seed of all numbers: initial parameters, their random changes, inputs, targets and weights.
    digits : int or None
        Digits of the numbers; None means all.
    weighted : bool
        Whether the samples have weights.
    regulariser : dict, optional
        Description of the regulariser.

    Attributes
    ----------
    writable : bool
        Whether what it prints as makes it again.
    batch : tuple
        ``(X, y)`` or ``(X, y, weight)``, as `Network.loss` takes them.

    Examples
    --------
    >>> import gradcheck
    >>> network = DrawnNetwork([{"kind": "Dense", "inputs": 2, "outputs": 1}], {"kind": "Huber"}, shape=(2,), seed=3)
    >>> network
    DrawnNetwork([{'kind': 'Dense', 'inputs': 2, 'outputs': 1}], {'kind': 'Huber'}, shape=(2,), seed=3)
    >>> bool(gradcheck.check_gradients(network, batch=network.batch))
    True
    """

    batch: tuple[Any, ...]

    def __init__(
        self,
        layers: Sequence[Recipe],
        loss: Spec,
        *,
        shape: tuple[int, ...],
        samples: int = 1,
        seed: int = 0,
        digits: int | None = 2,
        weighted: bool = False,
        regulariser: Spec | None = None,
    ) -> None:
        X = input_for(layers, generator(seed, "X"), (samples, *shape), digits)
        made: list[Layer] = []
        seen: Counter[str] = Counter()
        x = X
        for recipe in layers:
            rng = generator(seed, source(recipe), seen[source(recipe)])
            seen[source(recipe)] += 1
            layer = _at_generic_point(build(recipe, rng, x), rng, digits)
            x = output_of(layer, recipe, x)
            made.append(layer)
        rng = generator(seed, "y")
        extra = make("regulariser", regulariser, rng=rng, dtype=np.float64) if regulariser else None
        super().__init__(made, loss_of(loss), regulariser=extra)
        self.batch = (X, target_for(self.criterion, rng, x.shape))
        if weighted:
            self.batch += (sample_weights(rng, samples, ALL_DECIMALS if digits is None else digits),)
        options = _options(shape, samples, seed, digits)
        options += (["weighted=True"] if weighted else []) + ([f"regulariser={regulariser!r}"] if regulariser else [])
        self.writable = all(map(is_writable, layers))
        self._call = f"DrawnNetwork([{', '.join(map(source, layers))}], {loss!r}, {', '.join(options)})"

    @classmethod
    def from_spec(cls, *arguments: Any, **options: Any) -> Network:
        """Make a plain network, without a batch, as `Network.from_spec` does."""
        return Network.from_spec(*arguments, **options)

    def __repr__(self) -> str:
        return self._call


class _PrintsCall:
    """Mixin for the class of a drawn layer: it prints as the call that makes it."""

    batch: tuple[Array]
    _call: str

    def __repr__(self) -> str:
        return self._call


def drawn_layer(
    recipe: Recipe, *, shape: tuple[int, ...], samples: int = 1, seed: int = 0, digits: int | None = 2
) -> Layer:
    """Make a layer that prints as a call of this function, with a batch for it.

    Parameters
    ----------
    recipe : dict, type or functools.partial
        As each of the `layers` of a `DrawnNetwork`.
    shape, samples, seed, digits
        As for `DrawnNetwork`.

    Returns
    -------
    Layer
        An instance of the layer's own class; its attribute `batch` is ``(X,)``.

    Examples
    --------
    >>> layer = drawn_layer({"kind": "Tanh"}, shape=(2,))
    >>> layer
    drawn_layer({'kind': 'Tanh'}, shape=(2,))
    >>> layer.forward(*layer.batch).shape
    (1, 2)
    """
    rng = np.random.default_rng(seed)
    X = input_for([recipe], rng, (samples, *shape), digits)
    layer = _at_generic_point(build(recipe, rng, X), rng, digits)
    kind = type(layer)
    found: Layer = as_class(layer, type(kind.__name__, (_PrintsCall, kind), {"__module__": kind.__module__}))
    call = f"drawn_layer({', '.join([source(recipe), *_options(shape, samples, seed, digits)])})"
    found.__dict__ |= {"batch": (X,), "_call": call}
    return found


def _at_generic_point(layer: Layer, rng: np.random.Generator, digits: int | None) -> Layer:
    """Move the parameters of a new layer from their initial values; returns the layer."""
    for name, value in layer.params.items():
        layer.params[name] = spread(value, rng, digits).astype(value.dtype)
    return layer


def _options(shape: tuple[int, ...], samples: int, seed: int, digits: int | None) -> list[str]:
    """The keyword arguments of a call, without those that have their default."""
    return [
        f"shape={shape!r}",
        *([f"samples={samples}"] if samples != 1 else []),
        *([f"seed={seed}"] if seed else []),
        *([f"digits={digits}"] if digits != 2 else []),
    ]


def generator(seed: int, *what: Any) -> np.random.Generator:
    """Make a random generator for one purpose.

    The numbers of a layer stay the same when another layer is removed, so that shrinking an example changes little.
    """
    return np.random.default_rng([seed, zlib.crc32(repr(what).encode())])


def input_for(layers: Iterable[Recipe], rng: np.random.Generator, shape: tuple[int, ...], digits: int | None) -> Array:
    """Draw inputs: indices if the first layer is an embedding, else numbers."""
    first = next(iter(layers), None)
    if isinstance(first, dict) and first["kind"] == "Embedding":
        return rng.integers(0, first["vocabulary"], shape)
    return numbers(rng, shape, digits)


def sample_weights(rng: np.random.Generator, samples: int, digits: int) -> Array:
    """Draw weights of samples, rounded to a number of decimals."""
    return np.round(rng.uniform(*SAMPLE_WEIGHTS, samples), digits)


def target_for(criterion: Loss, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw targets that a loss takes for predictions of a shape.

    Raises
    ------
    SubjectError
        If the loss is not one of `gradcheck.nn`.
    """
    kind = next((base.__name__ for base in type(criterion).__mro__ if base.__name__ in LOSS_CASES), None)
    if kind is None:
        raise SubjectError(f"the targets of {criterion!r} are not known: it is not a loss of gradcheck.nn; pass (X, y)")
    return LOSS_CASES[kind].targets(rng, shape)
