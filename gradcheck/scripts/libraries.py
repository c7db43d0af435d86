"""Libraries that compute gradients themselves: what to do with a program that trains by one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterable

#: What is said of a program that imports a library; the first that it imports counts.
ADVICE = {
    "torch": (
        "Gradients that PyTorch computes are checked as those of a module with a batch and its loss, "
        "gradcheck.check_gradients(module, batch=(x, y), loss=criterion), or of a function of tensors, "
        "gradcheck.check_gradients(fun, None, x0)"
    ),
    "jax": (
        "Gradients that JAX computes, custom rules included, are checked as those of a function of its arrays, "
        "gradcheck.check_gradients(loss, None, parameters)"
    ),
}


def advice_on(texts: Iterable[str]) -> str:
    """What to do with a program whose gradients a library computes; empty if it imports none.

    Parameters
    ----------
    texts : iterable of str
        The source of its files.

    Examples
    --------
    >>> advice_on(["import torch.nn as nn"])[:48]
    'Gradients that PyTorch computes are checked as t'
    >>> advice_on(["import numpy"])
    ''
    """
    names = {name for text in texts for name in _imported(text)}
    return next((advice for library, advice in ADVICE.items() if library in names), "")


def _imported(text: str) -> set[str]:
    """The libraries that a file imports."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return set()
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    members = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in (*plain, *members)}
