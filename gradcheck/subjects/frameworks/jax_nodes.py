"""Containers of JAX, such as modules of Equinox and registered dataclasses, as nestings of their leaves."""

from __future__ import annotations

from typing import Any

import jax
import optree


def register(leaf: Any, namespace: str) -> bool:
    """Make a container of JAX one of `optree`.

    Parameters
    ----------
    leaf : object
        What `optree` takes for a leaf.
    namespace : str
        Of `optree`.

    Returns
    -------
    bool
        Whether it is such a container.
    """
    if jax.tree_util.all_leaves([leaf]):
        return False
    optree.register_pytree_node(type(leaf), _flattened, _nested, namespace=namespace)
    return True


def _flattened(node: Any) -> tuple[list[Any], Any, list[str]]:
    """What is directly inside a container, how it is made of that, and the names."""
    named, structure = jax.tree_util.tree_flatten_with_path(node, is_leaf=lambda inner: inner is not node)
    return [inner for _, inner in named], structure, [_name(path[-1]) for path, _ in named]


def _nested(structure: Any, inner: Any) -> Any:
    return structure.unflatten(list(inner))


def _name(key: Any) -> str:
    return str(next(value for name in ("name", "key", "idx") if (value := getattr(key, name, None)) is not None))
