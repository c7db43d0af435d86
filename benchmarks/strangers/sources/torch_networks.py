"""Networks of PyTorch modules, of random depth, width and scale of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Arrays, Derivative, NotApplicable, Source
from benchmarks.strangers.sources.torch_calls import derivative_by_torch

ACTIVATIONS = ("Tanh", "ReLU", "GELU", "SiLU", "Sigmoid", "ELU", "LeakyReLU", "Softplus", "Mish", "Softsign", "SELU")

NETWORKS = (
    "mlp",
    "mlp-batch-norm",
    "mlp-layer-norm",
    "residual",
    "convolution",
    "convolution-group-norm",
    "convolution-batch-norm",
    "pooling",
    "lstm",
    "gru",
    "rnn",
    "attention",
    "transformer",
    "embedding",
    "autoencoder",
)

#: Networks with more parameters than this are not drawn.
LARGEST = 20_000


def build(name: str, rng: np.random.Generator) -> Derivative:
    """A network with a batch and a loss."""
    import torch

    seed = int(rng.integers(2**31))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module, batch = _network(name, rng)
        module = module.double()
        with torch.no_grad():
            out = _first(module(batch))
        target, criterion = _criterion(rng, out)
        _rescale(module, rng)
    factor = float(10.0 ** rng.choice([0, 0, 0, -6, 4]))
    x0: Arrays = {key: value.detach().numpy().copy() for key, value in module.named_parameters()}
    if not 0 < sum(value.size for value in x0.values()) <= LARGEST:
        raise NotApplicable("too large")

    def loss(x: dict[str, Any]) -> Any:
        state = {key: value.clone() for key, value in module.named_buffers()}
        out = _first(torch.func.functional_call(module, (x, state), (batch,)))
        return factor * criterion(out, target)

    inner = [one for one in module.modules() if not list(one.children()) and one is not module]

    def cut(place: Any) -> Any:
        def detached(x: dict[str, Any]) -> Any:
            handle = place.register_forward_hook(lambda _module, _in, out: _detach(out))
            try:
                return loss(x)
            finally:
                handle.remove()

        return detached

    places = [inner[i] for i in rng.permutation(len(inner))[:3]]
    return derivative_by_torch(loss, x0, tuple(cut(place) for place in places))


def _detach(out: Any) -> Any:
    return out.detach() if not isinstance(out, tuple) else tuple(_detach(one) for one in out)


def _first(out: Any) -> Any:
    return out[0] if isinstance(out, tuple) else out


def _rescale(module: Any, rng: np.random.Generator) -> None:
    """Multiply the weights by one random factor, and in half of the networks give the biases random values."""
    import torch

    gain = float(10 ** rng.choice([0, 0, rng.uniform(-2, 1)]))
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                parameter *= gain
            elif rng.random() < 0.5:
                parameter += 0.3 * torch.randn_like(parameter)


def _criterion(rng: np.random.Generator, out: Any) -> tuple[Any, Any]:
    import torch
    from torch.nn import functional

    if out.ndim == 2 and out.shape[1] > 1 and rng.random() < 0.5:
        return torch.tensor(rng.integers(0, out.shape[1], out.shape[0])), functional.cross_entropy
    target = torch.tensor(rng.standard_normal(tuple(out.shape)))
    kinds = (functional.mse_loss, functional.smooth_l1_loss, functional.huber_loss, lambda a, b: ((a - b) ** 2).sum())
    if rng.random() < 0.2:
        return (target > 0).double(), functional.binary_cross_entropy_with_logits
    return target, kinds[int(rng.integers(len(kinds)))]


def _network(name: str, rng: np.random.Generator) -> tuple[Any, Any]:
    """A module and its input."""
    import torch
    from torch import nn

    def activation() -> Any:
        return getattr(nn, str(rng.choice(ACTIVATIONS)))()

    batch, width, depth = int(rng.integers(2, 17)), int(rng.integers(2, 17)), int(rng.integers(1, 9))
    features, classes = int(rng.integers(1, 8)), int(rng.integers(2, 6))
    x = torch.randn(batch, features, dtype=torch.float64) * float(10 ** rng.uniform(-1, 1))

    if name.startswith("mlp") or name == "residual":
        layers: list[Any] = [nn.Linear(features, width), activation()]
        for _ in range(depth):
            block = [nn.Linear(width, width), activation()]
            if name == "mlp-batch-norm":
                block.insert(1, nn.BatchNorm1d(width))
            if name == "mlp-layer-norm":
                block.insert(int(rng.integers(0, 2)), nn.LayerNorm(width))
            layers += [_residual(nn.Sequential(*block))] if name == "residual" else block
        return nn.Sequential(*layers, nn.Linear(width, classes)), x
    if name.startswith("convolution") or name == "pooling":
        channels, size = 2 * int(rng.integers(1, 4)), int(rng.integers(5, 9))
        images = torch.randn(min(batch, 6), 2, size, size, dtype=torch.float64)
        layers = [nn.Conv2d(2, channels, 3, padding=int(rng.integers(0, 2)), stride=int(rng.integers(1, 3)))]
        if name == "convolution-group-norm":
            layers.append(nn.GroupNorm(2, channels))
        if name == "convolution-batch-norm":
            layers.append(nn.BatchNorm2d(channels))
        layers.append(activation())
        layers += [nn.Conv2d(channels, channels, 2, groups=int(rng.choice([1, 2]))), activation()]
        if name == "pooling":
            layers.append((nn.MaxPool2d, nn.AvgPool2d)[int(rng.integers(2))](2, padding=1))
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
        return nn.Sequential(*layers), images
    steps = int(rng.integers(1, 8))
    words = torch.randn(min(batch, 6), steps, features, dtype=torch.float64)
    if name in ("lstm", "gru", "rnn"):
        kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[name]
        recurrent = kind(
            features, width, num_layers=int(rng.integers(1, 3)), batch_first=True, bidirectional=bool(rng.integers(2))
        )
        return recurrent, words
    if name in ("attention", "transformer"):
        heads = int(rng.choice([1, 2]))
        width = heads * int(rng.integers(2, 6))
        first = nn.Linear(features, width)
        if name == "attention":
            return nn.Sequential(first, _attention(width, heads), nn.Linear(width, classes)), words
        layers = [
            nn.TransformerEncoderLayer(
                width,
                heads,
                2 * width,
                dropout=0.0,
                activation=str(rng.choice(["relu", "gelu"])),
                batch_first=True,
                norm_first=bool(rng.integers(2)),
            )
            for _ in range(int(rng.integers(1, 4)))
        ]
        return nn.Sequential(first, *layers, nn.Linear(width, classes)), words
    if name == "embedding":
        tokens = torch.tensor(rng.integers(0, 9, (min(batch, 6), steps)))
        return nn.Sequential(nn.Embedding(10, width), nn.Flatten(), nn.Linear(width * steps, classes)), tokens
    encoder = [nn.Linear(features, width), activation(), nn.Linear(width, 2), activation()]
    decoder = [nn.Linear(2, width), activation(), nn.Linear(width, features)]
    return nn.Sequential(*encoder, *decoder), x


def _residual(inner: Any) -> Any:
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: Any) -> Any:
            return x + self.inner(x)

    return Residual()


def _attention(width: int, heads: int) -> Any:
    from torch import nn

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.MultiheadAttention(width, heads, batch_first=True)

        def forward(self, x: Any) -> Any:
            return self.inner(x, x, x, need_weights=False)[0]

    return Attention()


SOURCE = Source("torch-networks", "packages", ("torch",), 300, lambda: NETWORKS, build)
