"""Registry of layers, losses, optimisers and regularisers: name, module, and construction from plain data."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike

LAYERS = {
    "Dense": "layers.dense",
    "Conv1D": "layers.conv1d",
    "Conv2D": "layers.conv2d",
    "ConvTranspose1D": "layers.conv_transpose1d",
    "ConvTranspose2D": "layers.conv_transpose2d",
    "MaxPool1D": "layers.max_pool1d",
    "MaxPool2D": "layers.max_pool2d",
    "AveragePool1D": "layers.average_pool1d",
    "AveragePool2D": "layers.average_pool2d",
    "BatchNorm": "layers.batch_norm",
    "LayerNorm": "layers.layer_norm",
    "GroupNorm": "layers.group_norm",
    "RMSNorm": "layers.rms_norm",
    "Embedding": "layers.embedding",
    "Dropout": "layers.dropout",
    "Flatten": "layers.flatten",
    "Reshape": "layers.reshape",
    "Concatenate": "layers.concatenate",
    "Residual": "layers.residual",
    "Sequential": "layers.sequential",
    "SimpleRNN": "layers.simple_rnn",
    "LSTM": "layers.lstm",
    "GRU": "layers.gru",
    "MultiHeadAttention": "layers.multi_head_attention",
}

ACTIVATIONS = {
    "Sigmoid": "activations.sigmoid",
    "Tanh": "activations.tanh",
    "ReLU": "activations.relu",
    "LeakyReLU": "activations.leaky_relu",
    "ELU": "activations.elu",
    "SELU": "activations.selu",
    "GELU": "activations.gelu",
    "SiLU": "activations.silu",
    "Softplus": "activations.softplus",
    "Softmax": "activations.softmax",
    "LogSoftmax": "activations.log_softmax",
}

LOSSES = {
    "BinaryCrossEntropy": "losses.binary_cross_entropy",
    "BinaryCrossEntropyWithLogits": "losses.binary_cross_entropy_with_logits",
    "CrossEntropy": "losses.cross_entropy",
    "CrossEntropyWithLogits": "losses.cross_entropy_with_logits",
    "NegativeLogLikelihood": "losses.negative_log_likelihood",
    "MeanSquaredError": "losses.mean_squared_error",
    "MeanAbsoluteError": "losses.mean_absolute_error",
    "Huber": "losses.huber",
    "LogCosh": "losses.log_cosh",
    "Hinge": "losses.hinge",
    "SquaredHinge": "losses.squared_hinge",
    "KullbackLeibler": "losses.kullback_leibler",
    "Poisson": "losses.poisson",
    "CosineDistance": "losses.cosine_distance",
    "Triplet": "losses.triplet",
}

OPTIMISERS = {
    "SGD": "optimisers.sgd",
    "Momentum": "optimisers.momentum",
    "Nesterov": "optimisers.nesterov",
    "AdaGrad": "optimisers.adagrad",
    "RMSProp": "optimisers.rmsprop",
    "Adam": "optimisers.adam",
    "AdamW": "optimisers.adamw",
    "IRpropMinus": "optimisers.irprop_minus",
}

REGULARISERS = {
    "L1": "regularisers",
    "L2": "regularisers",
    "Elastic": "regularisers",
}

Family = Literal["layer", "loss", "optimiser", "regulariser"]

FAMILIES: dict[Family, dict[str, str]] = {
    "layer": LAYERS | ACTIVATIONS,
    "loss": LOSSES,
    "optimiser": OPTIMISERS,
    "regulariser": REGULARISERS,
}


def find(name: str, module: str) -> Any:
    """Import a name from a module of `gradcheck.nn`."""
    return getattr(importlib.import_module(f"gradcheck.nn.{module}"), name)


def make(family: Family, spec: Any, *, rng: np.random.Generator, dtype: DTypeLike) -> Any:
    """Make a layer, loss, optimiser or regulariser from plain data as its `spec()` returns it.

    Parameters
    ----------
    family : {"layer", "loss", "optimiser", "regulariser"}
    spec : dict
        The kind, and the arguments by name. Layers inside layers are described in the same way.
    rng : Generator
        Source of random numbers, passed if the kind takes one.
    dtype : dtype
        Type of the parameters, passed if the kind takes one.

    Raises
    ------
    ValueError
        If the kind or an argument is unknown, or an argument is missing. The message lists the known names and suggests
        the most similar one.

    Examples
    --------
    >>> import numpy as np
    >>> make("layer", {"kind": "Dense", "inputs": 3, "outputs": 2}, rng=np.random.default_rng(0), dtype=np.float64)
    Dense(inputs=3, outputs=2, bias=True, scale='glorot')
    """
    kinds = FAMILIES[family]
    if not (isinstance(spec, Mapping) and "kind" in spec):
        article = "an" if family == "optimiser" else "a"
        raise ValueError(
            f"{article} {family} is described by a dict with its 'kind' and the arguments of that kind, such as "
            f"{{'kind': {min(kinds)!r}}}, got {spec!r}"
        )
    kind = str(spec["kind"])
    if kind not in kinds:
        raise ValueError(
            f"there is no {family} of kind {kind!r}{nearest(kind, kinds)}; the kinds are {', '.join(kinds)}"
        )
    found = find(kind, kinds[kind])
    parameters = dict(inspect.signature(found).parameters)
    automatic = {name: value for name, value in (("rng", rng), ("dtype", dtype)) if parameters.pop(name, None)}
    given = {name: _restored(value, rng, dtype) for name, value in spec.items() if name != "kind"}
    check_known(kind, given, parameters)
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and parameter.kind != parameter.VAR_POSITIONAL and name not in given:
            raise ValueError(f"{kind} needs {name!r}, got {', '.join(given) or 'nothing'}")
    several = [name for name, parameter in parameters.items() if parameter.kind == parameter.VAR_POSITIONAL]
    positional = [layer for name in several for layer in given.pop(name, ())]
    return found(*positional, **given, **automatic)


def check_known(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise `ValueError` if a name is unknown."""
    known = tuple(known)
    for name in given:
        if name not in known:
            taken = ", ".join(known) or "no arguments"
            raise ValueError(f"{owner} has no argument {name!r}{nearest(name, known)}; it takes {taken}")


def nearest(name: Any, known: Iterable[str]) -> str:
    """Suggestion of the most similar known name, or an empty string."""
    lower = {other.lower(): other for other in known}
    found = difflib.get_close_matches(str(name).lower(), lower, 1)
    return f", did you mean {lower[found[0]]!r}?" if found else ""


def _restored(value: Any, rng: np.random.Generator, dtype: DTypeLike) -> Any:
    """Turn plain data into an argument: descriptions into layers, and lists into tuples."""
    if isinstance(value, Mapping) and "kind" in value:
        return make("layer", value, rng=rng, dtype=dtype)
    if isinstance(value, (list, tuple)):
        return tuple(_restored(entry, rng, dtype) for entry in value)
    return value
