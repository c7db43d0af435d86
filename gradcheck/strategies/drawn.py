"""A network, or a layer, that knows how it was drawn: it prints as what makes it again."""

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
from gradcheck.strategies.recipes import Recipe, advanced, realised, shown
from gradcheck.testing.cases import LOSS_CASES, Array, Spec
from gradcheck.testing.faults import as_class


class DrawnNetwork(Network):
    """A network with a batch, all made from shapes and a seed.

    Parameters
    ----------
    layers : sequence
        Of each layer its description (see `Network.from_spec`), its class, or `functools.partial` of its class.
    loss : dict
        Description of the loss.
    shape : tuple of int
        Of one sample.
    samples : int
    seed : int
        Of all numbers: initial parameters, how far they are moved from there, inputs, targets, weights.
    digits : int or None
        How many digits the numbers have; None: all.
    weighted : bool
        Whether the samples have weights.
    regulariser : dict, optional
        Description of the regulariser.

    Attributes
    ----------
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
        X = input_of(layers, stream(seed, "X"), (samples, *shape), digits)
        made: list[Layer] = []
        seen: Counter[str] = Counter()
        x = X
        for recipe in layers:
            rng = stream(seed, shown(recipe), seen[shown(recipe)])
            seen[shown(recipe)] += 1
            made.append(realised(recipe, rng, x))
            for name, value in made[-1].params.items():
                made[-1].params[name] = spread(value, rng, digits).astype(value.dtype)
            x = advanced(made[-1], recipe, x)
        rng = stream(seed, "y")
        extra = make("regulariser", regulariser, rng=rng, dtype=np.float64) if regulariser else None
        super().__init__(made, loss_of(loss), regulariser=extra)
        self.batch = (X, target_of(self.criterion, rng, x.shape))
        if weighted:
            self.batch += (np.round(rng.uniform(0.5, 2.0, samples), 15 if digits is None else digits),)
        self._recipe = ", ".join(
            [
                f"[{', '.join(map(shown, layers))}], {loss!r}, shape={shape!r}",
                *([f"samples={samples}"] if samples != 1 else []),
                *([f"seed={seed}"] if seed else []),
                *([f"digits={digits}"] if digits != 2 else []),
                *(["weighted=True"] if weighted else []),
                *([f"regulariser={regulariser!r}"] if regulariser else []),
            ]
        )

    @classmethod
    def from_spec(cls, *arguments: Any, **options: Any) -> Network:
        """As `Network.from_spec`: there is no batch."""
        return Network.from_spec(*arguments, **options)

    def __repr__(self) -> str:
        return f"DrawnNetwork({self._recipe})"


class Drawn:
    """Mixed into the class of a layer that was drawn."""

    batch: tuple[Array]
    _shown: str

    def __repr__(self) -> str:
        return self._shown


def drawn_layer(
    recipe: Recipe, *, shape: tuple[int, ...], samples: int = 1, seed: int = 0, digits: int | None = 2
) -> Layer:
    """Make a layer that prints as a call of this function, and has a batch for it.

    Parameters
    ----------
    recipe : dict, type or functools.partial
        What each of the `layers` of a `DrawnNetwork` may be.
    shape, samples, seed, digits
        As for `DrawnNetwork`.

    Returns
    -------
    Layer
        Of the very class; its attribute `batch` is ``(X,)``.

    Examples
    --------
    >>> layer = drawn_layer({"kind": "Tanh"}, shape=(2,))
    >>> layer
    drawn_layer({'kind': 'Tanh'}, shape=(2,))
    >>> layer.forward(*layer.batch).shape
    (1, 2)
    """
    rng = np.random.default_rng(seed)
    X = input_of([recipe], rng, (samples, *shape), digits)
    layer = realised(recipe, rng, X)
    for name, value in layer.params.items():
        layer.params[name] = spread(value, rng, digits).astype(value.dtype)
    kind = type(layer)
    found: Layer = as_class(layer, type(kind.__name__, (Drawn, kind), {"__module__": kind.__module__}))
    options = [
        f"shape={shape!r}",
        *([f"samples={samples}"] if samples != 1 else []),
        *([f"seed={seed}"] if seed else []),
        *([f"digits={digits}"] if digits != 2 else []),
    ]
    found.__dict__ |= {"batch": (X,), "_shown": f"drawn_layer({', '.join([shown(recipe), *options])})"}
    return found


def stream(seed: int, *what: Any) -> np.random.Generator:
    """Random numbers for one thing: those of a layer stay when another layer goes, while an example shrinks."""
    return np.random.default_rng([seed, zlib.crc32(repr(what).encode())])


def input_of(layers: Iterable[Recipe], rng: np.random.Generator, shape: tuple[int, ...], digits: int | None) -> Array:
    """Inputs of a network or a layer: indices where the first layer looks them up."""
    first = next(iter(layers), None)
    if isinstance(first, dict) and first["kind"] == "Embedding":
        return rng.integers(0, first["vocabulary"], shape)
    return numbers(rng, shape, digits)


def target_of(criterion: Loss, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Targets that a loss takes for predictions of a shape."""
    kind = next((base.__name__ for base in type(criterion).__mro__ if base.__name__ in LOSS_CASES), None)
    if kind is None:
        raise SubjectError(f"{criterion!r} is no loss of gradcheck.nn: its targets are not known; pass (X, y) yourself")
    return LOSS_CASES[kind].targets(rng, shape)
