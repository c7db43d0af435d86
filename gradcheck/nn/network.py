"""A network: layers, a loss and a regulariser, which can be checked and trained."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.kinds import check_known, make
from gradcheck.nn.layer import RNG, Array, Layer, check_sizes
from gradcheck.nn.layers.container import inside, layers_of, plain, walk
from gradcheck.nn.layers.sequential import Sequential
from gradcheck.nn.losses.loss import Loss
from gradcheck.nn.optimisers.optimiser import Optimiser
from gradcheck.nn.regularisers import Regulariser


class Network:
    """A sequence of layers, and a loss of the output of the last one.

    Parameters
    ----------
    layers : iterable of Layer
    loss : Loss
        With the reduction ``"mean"`` or ``"sum"``.
    regulariser : Regulariser, optional
        Penalty on the weights that is added to the loss.

    Attributes
    ----------
    layers : tuple of Layer
    criterion : Loss
        The argument `loss`; the name `loss` is that of a method.
    regulariser : Regulariser or None

    Notes
    -----
    `params` and `loss` are the interface that ``gradcheck.check_gradients(network, batch=(X, y))`` needs.

    Examples
    --------
    >>> from gradcheck.nn import Adam, Dense, MeanSquaredError, Network, Tanh
    >>> network = Network([Dense(2, 8, rng=0), Tanh(), Dense(8, 1, rng=1)], MeanSquaredError())
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    >>> value, grads = network.loss(X, y)
    >>> list(grads)
    ['layers.0.W', 'layers.0.b', 'layers.2.W', 'layers.2.b']
    >>> losses = network.fit(X, y, Adam(0.05), steps=200)
    >>> network.predict(X).round()
    array([[0.],
           [1.],
           [1.],
           [0.]])
    """

    def __init__(self, layers: Iterable[Layer], loss: Loss, *, regulariser: Regulariser | None = None) -> None:
        if not isinstance(loss, Loss):
            hint = f"; did you mean {loss.__name__}()?" if isinstance(loss, type) else ""
            raise ValueError(f"Network: loss is {loss!r}, which is not a Loss{hint}")
        if loss.reduction == "none":
            raise ValueError(f"Network: the loss must be one number, got {loss!r}; choose the reduction mean or sum")
        if not (regulariser is None or isinstance(regulariser, Regulariser)):
            raise ValueError(
                f"Network: regulariser is {regulariser!r}, which is not a Regulariser; pass L2(1e-3), for example"
            )
        self.layers = layers_of("Network", [layers] if isinstance(layers, Layer) else layers)
        self.criterion = loss
        self.regulariser = regulariser
        self._layers = Sequential(*self.layers)

    @property
    def params(self) -> MutableMapping[str, Array]:
        """Parameters of all layers, such as ``layers.0.W``, as a live view; see `gradcheck.nn.nested.Nested`."""
        return self._layers.params

    @property
    def dtype(self) -> np.dtype[Any]:
        """Floating-point type of the parameters; float64 if there are none."""
        types = {value.dtype for layer in self.layers for value in layer.params.values()}
        return np.result_type(*types) if types else np.dtype(np.float64)

    @property
    def training(self) -> bool:
        """Whether the layers are in training mode, as they are initially."""
        return self._layers.training

    @training.setter
    def training(self, value: bool) -> None:
        self._layers.training = value

    def forward(self, X: Any) -> Array:
        """Output of the last layer in the current mode."""
        return self._layers.forward(self._read(X))

    def predict(self, X: Any) -> Array:
        """Output of the last layer in evaluation mode: no dropout, batch normalisation with its running averages."""
        with self._mode(training=False):
            return self.forward(X)

    def loss(self, X: Any, y: Any, weight: Any = None) -> tuple[float, dict[str, Array]]:
        """Loss of a batch, including the penalty of the regulariser, and its gradient.

        Parameters
        ----------
        X : array_like
            Samples along the first axis. They are cast to the type of the parameters, except for indices into a table.
        y : array_like
            Targets, in the form that the loss takes.
        weight : array_like, optional
            Weights of the samples.

        Returns
        -------
        value : float
        gradients : dict of str to ndarray
            Same names as in `params`.
        """
        value = self.value(X, y, weight)
        self._layers.parameter_gradients(self.criterion.backward())
        grads = dict(self._layers.grads)
        if self.regulariser is not None:
            for name, extra in self.regulariser.gradient(self.params).items():
                grads[name] = grads[name] + extra
        return value, grads

    def value(self, X: Any, y: Any, weight: Any = None) -> float:
        """Loss of a batch, including the penalty of the regulariser, without a gradient."""
        value = float(self.criterion.forward(self.forward(X), y, weight))
        return value if self.regulariser is None else value + self.regulariser.value(self.params)

    def redraw(self) -> None:
        """Draw new masks for all dropout layers; they stay until the next call."""
        for _, layer in walk(self._layers):
            if hasattr(layer, "redraw"):
                layer.redraw()

    def fit(
        self,
        X: Any,
        y: Any,
        optimiser: Optimiser,
        steps: int,
        *,
        batch_size: int | None = None,
        rng: RNG = None,
        callback: Callable[[int, float], object] | None = None,
    ) -> list[float]:
        """Train the network. Each step draws new dropout masks and updates the parameters by the gradient of one batch.

        Parameters
        ----------
        X : array_like
        y : array_like or None
        optimiser : Optimiser
        steps : int
        batch_size : int, optional
            Number of samples in each step, all by default. Each pass over the data has a new random order, and skips
            the samples at its end that do not fill a batch.
        rng : None, int, SeedSequence or Generator
            Source of the random order.
        callback : callable, optional
            Called as ``callback(step, loss)`` after each step, numbered from 0.

        Returns
        -------
        list of float
            Loss of the batch of each step, before its update.
        """
        check_sizes("Network.fit", steps=steps)
        X, y = np.asarray(X), None if y is None else np.asarray(y)
        if not X.ndim or (y is not None and y.shape[:1] != X.shape[:1]):
            raise ValueError(
                f"Network.fit: X and y must have the same number of samples, got {X.shape} and {np.shape(y)}"
            )
        batches = _batches(len(X), batch_size, np.random.default_rng(rng))
        losses = []
        with self._mode(training=True):
            for step in range(steps):
                chosen = next(batches)
                self.redraw()
                value, grads = self.loss(X[chosen], None if y is None else y[chosen])
                optimiser.step(self.params, grads)
                losses.append(value)
                if callback is not None:
                    callback(step, value)
        return losses

    def astype(self, dtype: DTypeLike) -> Network:
        """Copy of the network with parameters and running averages of another floating-point type."""
        if np.dtype(dtype).kind != "f":
            raise ValueError(f"Network.astype: takes a floating-point type, got {np.dtype(dtype)}")
        network = copy.deepcopy(self)
        for _, layer in walk(network._layers):
            for name, value in vars(layer).items():
                if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                    setattr(layer, name, value.astype(dtype))
        for name, value in network.params.items():
            network.params[name] = value.astype(dtype)
        return network

    def spec(self) -> dict[str, Any]:
        """Describe the network, without its parameters, as plain data for `from_spec`."""
        regulariser = None if self.regulariser is None else self.regulariser.spec()
        described = {"layers": self.layers, "loss": self.criterion.spec(), "regulariser": regulariser}
        return {name: plain(value) for name, value in described.items()}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], *, rng: RNG = None, dtype: DTypeLike = np.float64) -> Network:
        """Make a network from plain data, with new random parameters.

        Parameters
        ----------
        spec : dict
            ``{"layers": [{"kind": "Dense", "inputs": 2, "outputs": 1}, ...], "loss": {"kind": ...},
            "regulariser": {"kind": ...} or None}``.
        rng : None, int, SeedSequence or Generator
        dtype : dtype

        Raises
        ------
        ValueError
            If a kind, an argument or a key is unknown; the message lists the known names.

        Examples
        --------
        >>> spec = {"layers": [{"kind": "Dense", "inputs": 2, "outputs": 1}], "loss": {"kind": "MeanSquaredError"}}
        >>> Network.from_spec(spec, rng=0)
        Network([Dense(inputs=2, outputs=1, bias=True, scale='glorot')], MeanSquaredError(reduction='mean'))
        """
        if not (isinstance(spec, Mapping) and "layers" in spec and "loss" in spec):
            raise ValueError(f"a network is described by a dict with 'layers' and 'loss', got {spec!r}")
        check_known("Network", spec, ("layers", "loss", "regulariser"))
        if not isinstance(spec["layers"], (list, tuple)):
            raise ValueError(f"Network: 'layers' must be a list of the layers' descriptions, got {spec['layers']!r}")
        rng = np.random.default_rng(rng)
        layers = []
        for position, layer in enumerate(spec["layers"]):
            with inside(f"layers.{position}"):
                layers.append(make("layer", layer, rng=rng, dtype=dtype))
        regulariser = spec.get("regulariser")
        return cls(
            layers,
            make("loss", spec["loss"], rng=rng, dtype=dtype),
            regulariser=regulariser and make("regulariser", regulariser, rng=rng, dtype=dtype),
        )

    def __repr__(self) -> str:
        regulariser = "" if self.regulariser is None else f", regulariser={self.regulariser!r}"
        return f"Network([{', '.join(map(repr, self.layers))}], {self.criterion!r}{regulariser})"

    @contextmanager
    def _mode(self, *, training: bool) -> Iterator[None]:
        """Set the mode of all layers, and restore that of each layer on exit."""
        before = [(layer, layer.training) for _, layer in walk(self._layers)]
        self.training = training
        try:
            yield
        finally:
            for layer, was in before:
                layer.training = was

    def _read(self, X: Any) -> Array:
        """Input in the type of the parameters; indices unchanged."""
        given: Array = np.asarray(X)
        whole = given.dtype.kind in "iub"
        if not (given.dtype.kind == "f" or (whole and not any(layer.takes_indices for _, layer in walk(self._layers)))):
            return given
        with np.errstate(over="ignore"):
            read = given.astype(self.dtype, copy=False)
        if read.size and not (np.isfinite(read.min()) and np.isfinite(read.max())):  # a NaN is both
            raise ValueError(f"Network: X must be finite in {read.dtype}, got NaN or infinity")
        return read


def _batches(samples: int, size: int | None, rng: np.random.Generator) -> Iterator[Any]:
    """Endless sequence of the samples of each step."""
    if size is None:
        while True:
            yield slice(None)
    check_sizes("Network.fit", batch_size=size)
    if size > samples:
        raise ValueError(f"Network.fit: batch_size is {size}, and there are {samples} samples")
    while True:
        order = rng.permutation(samples)
        for start in range(0, samples - size + 1, size):
            yield order[start : start + size]
