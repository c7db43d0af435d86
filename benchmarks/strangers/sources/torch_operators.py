"""PyTorch's operators with the sample inputs of its own tests; their automatic differentiation is the claim."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from benchmarks.strangers.derivative import Derivative, NotApplicable, Source
from benchmarks.strangers.sources.torch_calls import derivative_by_torch

#: Samples with more entries than this are left out.
LARGEST = 2000

SAMPLE = (
    "with a fixed seed the sample is the mean plus the deviation times a constant; PyTorch defines its derivative as 0"
)

#: Operators whose gradient is wrong. PyTorch's own tests leave them out too.
FAULTS = {
    "as_strided_scatter": "the operator is linear, and the gradient of an entry that is not overwritten is the "
    "cotangent; PyTorch gives zero for those behind the largest address that is written to",
    "normal": SAMPLE,
    "normal.number_mean": SAMPLE,
}


@cache
def operators() -> dict[str, Any]:
    """The operators whose derivative PyTorch defines, by name and variant."""
    from torch.testing._internal.common_methods_invocations import op_db

    return {
        f"{op.name}{'.' if op.variant_test_name else ''}{op.variant_test_name}": op
        for op in op_db
        if op.supports_autograd
    }


def names() -> tuple[str, ...]:
    return tuple(operators())


def build(name: str, rng: np.random.Generator) -> Derivative:
    """One operator with one of its samples: the loss is the outputs times random cotangents."""
    import torch
    from torch.utils._pytree import tree_flatten, tree_unflatten

    op = operators()[name]
    seed = int(rng.integers(2**31))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        samples = [one for one in op.sample_inputs("cpu", torch.float64, requires_grad=True) if _fits(one)]
    if not samples:
        raise NotApplicable("no sample with float64 inputs of this size")
    sample = samples[int(rng.integers(len(samples)))]
    leaves, structure = tree_flatten((sample.input, sample.args, sample.kwargs))
    places = {f"x{i}": i for i, leaf in enumerate(leaves) if _differentiable(leaf)}
    x0 = {block: leaves[i].detach().numpy().copy() for block, i in places.items()}
    fixed = [leaf.detach() if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
    cotangents: list[Any] = []

    def outputs(x: dict[str, Any]) -> list[Any]:
        filled = [leaf.clone() if isinstance(leaf, torch.Tensor) else leaf for leaf in fixed]
        for block, i in places.items():
            filled[i] = x[block] * 1  # an operator may write to its input
        first, args, kwargs = tree_unflatten(filled, structure)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            result = op.gradcheck_wrapper(op.op, first, *args, **kwargs)
        if sample.output_process_fn_grad is not None:
            result = sample.output_process_fn_grad(result)
        return [one for one in tree_flatten(result)[0] if isinstance(one, torch.Tensor) and one.numel()]

    try:
        first = outputs({block: torch.tensor(value, requires_grad=True) for block, value in x0.items()})
    except Exception as error:
        raise NotApplicable(f"the operator refuses its sample: {error}") from error
    used = [i for i, one in enumerate(first) if one.requires_grad]
    if not used:
        raise NotApplicable("no output has a derivative")
    for i in used:
        shape = tuple(first[i].shape)
        c = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if first[i].is_complex() else 0)
        cotangents.append(torch.tensor(c))

    def loss(x: dict[str, Any]) -> Any:
        result = outputs(x)
        total = torch.zeros((), dtype=torch.float64)
        for i, c in zip(used, cotangents, strict=True):
            one = result[i].to_dense() if result[i].layout is not torch.strided else result[i]
            total = total + ((one * c.conj()).real.sum() if one.is_complex() else (one * c.to(one.dtype)).sum())
        return total

    return replace(derivative_by_torch(loss, x0), fault=FAULTS.get(name, ""))


def _differentiable(leaf: Any) -> bool:
    import torch

    return bool(
        isinstance(leaf, torch.Tensor)
        and leaf.requires_grad
        and leaf.dtype is torch.float64
        and leaf.layout is torch.strided
        and leaf.numel() > 0
    )


def _fits(sample: Any) -> bool:
    from torch.utils._pytree import tree_flatten

    some = [leaf for leaf in tree_flatten((sample.input, sample.args, sample.kwargs))[0] if _differentiable(leaf)]
    return 0 < sum(int(leaf.numel()) for leaf in some) <= LARGEST


SOURCE = Source("torch-operators", "packages", ("torch", "expecttest"), 547, names, build)
