"""Layers, losses and optimisers in plain NumPy; knows nothing of the checker.

Each derivative is written by hand.

>>> from gradcheck.nn import Dense, MeanSquaredError, Network, Tanh
>>> network = Network([Dense(2, 3, rng=0), Tanh(), Dense(3, 1, rng=1)], MeanSquaredError())
>>> network.forward([[1.0, 2.0]]).shape
(1, 1)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES, OPTIMISERS, REGULARISERS, find

if TYPE_CHECKING:
    from gradcheck.nn.activations.activation import Activation
    from gradcheck.nn.activations.elu import ELU
    from gradcheck.nn.activations.gelu import GELU
    from gradcheck.nn.activations.leaky_relu import LeakyReLU
    from gradcheck.nn.activations.log_softmax import LogSoftmax
    from gradcheck.nn.activations.relu import ReLU
    from gradcheck.nn.activations.selu import SELU
    from gradcheck.nn.activations.sigmoid import Sigmoid
    from gradcheck.nn.activations.silu import SiLU
    from gradcheck.nn.activations.softmax import Softmax
    from gradcheck.nn.activations.softplus import Softplus
    from gradcheck.nn.activations.tanh import Tanh
    from gradcheck.nn.layer import Layer
    from gradcheck.nn.layers.average_pool1d import AveragePool1D
    from gradcheck.nn.layers.average_pool2d import AveragePool2D
    from gradcheck.nn.layers.batch_norm import BatchNorm
    from gradcheck.nn.layers.concatenate import Concatenate
    from gradcheck.nn.layers.container import Container
    from gradcheck.nn.layers.conv1d import Conv1D
    from gradcheck.nn.layers.conv2d import Conv2D
    from gradcheck.nn.layers.conv_transpose1d import ConvTranspose1D
    from gradcheck.nn.layers.conv_transpose2d import ConvTranspose2D
    from gradcheck.nn.layers.dense import Dense
    from gradcheck.nn.layers.dropout import Dropout
    from gradcheck.nn.layers.embedding import Embedding
    from gradcheck.nn.layers.flatten import Flatten
    from gradcheck.nn.layers.group_norm import GroupNorm
    from gradcheck.nn.layers.gru import GRU
    from gradcheck.nn.layers.layer_norm import LayerNorm
    from gradcheck.nn.layers.lstm import LSTM
    from gradcheck.nn.layers.max_pool1d import MaxPool1D
    from gradcheck.nn.layers.max_pool2d import MaxPool2D
    from gradcheck.nn.layers.multi_head_attention import MultiHeadAttention
    from gradcheck.nn.layers.reshape import Reshape
    from gradcheck.nn.layers.residual import Residual
    from gradcheck.nn.layers.rms_norm import RMSNorm
    from gradcheck.nn.layers.sequential import Sequential
    from gradcheck.nn.layers.simple_rnn import SimpleRNN
    from gradcheck.nn.losses.binary_cross_entropy import BinaryCrossEntropy
    from gradcheck.nn.losses.binary_cross_entropy_with_logits import BinaryCrossEntropyWithLogits
    from gradcheck.nn.losses.cosine_distance import CosineDistance
    from gradcheck.nn.losses.cross_entropy import CrossEntropy
    from gradcheck.nn.losses.cross_entropy_with_logits import CrossEntropyWithLogits
    from gradcheck.nn.losses.hinge import Hinge
    from gradcheck.nn.losses.huber import Huber
    from gradcheck.nn.losses.kullback_leibler import KullbackLeibler
    from gradcheck.nn.losses.log_cosh import LogCosh
    from gradcheck.nn.losses.loss import Loss
    from gradcheck.nn.losses.mean_absolute_error import MeanAbsoluteError
    from gradcheck.nn.losses.mean_squared_error import MeanSquaredError
    from gradcheck.nn.losses.negative_log_likelihood import NegativeLogLikelihood
    from gradcheck.nn.losses.poisson import Poisson
    from gradcheck.nn.losses.squared_hinge import SquaredHinge
    from gradcheck.nn.losses.triplet import Triplet
    from gradcheck.nn.network import Network
    from gradcheck.nn.optimisers.adagrad import AdaGrad
    from gradcheck.nn.optimisers.adam import Adam
    from gradcheck.nn.optimisers.adamw import AdamW
    from gradcheck.nn.optimisers.irprop_minus import IRpropMinus
    from gradcheck.nn.optimisers.momentum import Momentum
    from gradcheck.nn.optimisers.nesterov import Nesterov
    from gradcheck.nn.optimisers.optimiser import Optimiser
    from gradcheck.nn.optimisers.rmsprop import RMSProp
    from gradcheck.nn.optimisers.sgd import SGD
    from gradcheck.nn.regularisers import L1, L2, Elastic, Regulariser

#: The module of each public name; it is imported when the name is first used.
_HOME = {
    **LAYERS,
    **ACTIVATIONS,
    **LOSSES,
    **OPTIMISERS,
    **REGULARISERS,
    "Activation": "activations.activation",
    "Container": "layers.container",
    "Layer": "layer",
    "Loss": "losses.loss",
    "Network": "network",
    "Optimiser": "optimisers.optimiser",
    "Regulariser": "regularisers",
}

__all__ = [
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AveragePool1D",
    "AveragePool2D",
    "BatchNorm",
    "BinaryCrossEntropy",
    "BinaryCrossEntropyWithLogits",
    "Concatenate",
    "Container",
    "Conv1D",
    "Conv2D",
    "ConvTranspose1D",
    "ConvTranspose2D",
    "CosineDistance",
    "CrossEntropy",
    "CrossEntropyWithLogits",
    "Dense",
    "Dropout",
    "ELU",
    "Elastic",
    "Embedding",
    "Flatten",
    "GELU",
    "GRU",
    "GroupNorm",
    "Hinge",
    "Huber",
    "IRpropMinus",
    "KullbackLeibler",
    "L1",
    "L2",
    "LSTM",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LogCosh",
    "LogSoftmax",
    "Loss",
    "MaxPool1D",
    "MaxPool2D",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Momentum",
    "MultiHeadAttention",
    "NegativeLogLikelihood",
    "Nesterov",
    "Network",
    "Optimiser",
    "Poisson",
    "RMSNorm",
    "RMSProp",
    "ReLU",
    "Regulariser",
    "Reshape",
    "Residual",
    "SELU",
    "SGD",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "Softmax",
    "Softplus",
    "SquaredHinge",
    "Tanh",
    "Triplet",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gradcheck.nn' has no attribute {name!r}")
    value = find(name, _HOME[name])
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
