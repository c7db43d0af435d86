"""A problem as a torch function with a backward pass of its own."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.gradcheck import GradcheckError

from benchmarks.corpus.problem import Problem, blocks, like
from benchmarks.peers.answer import Answer, Counter


class MismatchKnown(Exception):
    """The fast mode has failed and is only looking for a message."""


def gradcheck(problem: Problem, seed: int, fast_mode: bool = False) -> Answer:
    """Call `torch.autograd.gradcheck` with one tensor for each block.

    Once the fast mode has found a difference it goes on to difference every entry, for its message. That part is
    cut off, since the verdict is known.
    """
    torch.manual_seed(seed)
    counter = Counter(problem.fun)
    keys = list(blocks(problem.x0))
    enough = 10 * (len(keys) + 1)

    def params(tensors: Any) -> Any:
        arrays = [tensor.detach().numpy() for tensor in tensors]
        return like(problem.x0, dict(zip(keys, arrays, strict=True)))

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            if fast_mode and counter.count >= enough:
                raise MismatchKnown
            ctx.save_for_backward(*tensors)
            return torch.tensor(counter(params(tensors)), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            gradient = blocks(problem.grad(params(ctx.saved_tensors)))
            return tuple(upstream[0] * torch.tensor(gradient[key]) for key in keys)

    inputs = tuple(
        torch.tensor(block, dtype=torch.float64, requires_grad=True) for block in blocks(problem.x0).values()
    )
    try:
        passed = torch.autograd.gradcheck(Loss.apply, inputs, fast_mode=fast_mode)
    except (GradcheckError, MismatchKnown):
        passed = False
    return counter.answer(passed)
