"""Nested parameters (dict, list, tuple, namedtuple) as a flat list of named leaves, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import optree

_NAMESPACE = "gradcheck"

#: What is a leaf by its type alone, so that `optree` need not be loaded for it.
_LEAVES = frozenset({np.ndarray, float, int, complex, bool, np.float64, np.float32, type(None)})


@dataclass(frozen=True, slots=True)
class Structure:
    """The nesting of a tree, without its leaves.

    Attributes
    ----------
    names : tuple of str
        One for each leaf: the keys on its path, joined by dots (``layers.0.W``).
    """

    names: tuple[str, ...]
    _spec: optree.PyTreeSpec | None  # None for a single leaf

    @property
    def bare(self) -> bool:
        """Whether the tree is a single leaf."""
        return self._spec is None

    def unflatten(self, leaves: Sequence[Any]) -> Any:
        """Nest leaves in this structure."""
        if self._spec is None:
            (leaf,) = leaves
            return leaf
        return self._spec.unflatten(leaves)

    def leaves(self, tree: Any) -> list[Any]:
        """Leaves of a tree with this structure."""
        return [tree] if self._spec is None else self._spec.flatten_up_to(tree)

    def matches(self, other: Structure) -> bool:
        """Whether two structures have the same leaf names."""
        return set(self.names) == set(other.names) and len(self.names) == len(other.names)


def flatten(tree: Any, root: str, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Structure]:
    """Leaves of a tree in insertion order of its keys, and its structure.

    Parameters
    ----------
    tree : nesting of dict, list, tuple, and of classes that are registered with JAX
        None counts as a leaf, which makes a missing gradient visible.
    root : str
        Name of the leaf of a tree that is a single leaf.
    is_leaf : callable, optional
        Whether a node is a leaf, although it is a container.

    Returns
    -------
    leaves : list
    structure : Structure
    """
    if type(tree) in _LEAVES:
        return [tree], Structure((root,), None)
    import optree

    with optree.dict_insertion_ordered(True, namespace=_NAMESPACE):
        while True:
            accessors, leaves, spec = optree.tree_flatten_with_accessor(
                tree, is_leaf=is_leaf, none_is_leaf=True, namespace=_NAMESPACE
            )
            kinds = {type(leaf): leaf for leaf in leaves}
            if not any(_registered(leaf) for leaf in kinds.values()):
                break
    names = tuple(".".join(map(_key, accessor)) or root for accessor in accessors)
    if len(set(names)) < len(names):
        names = tuple(
            "".join(f"[{_key(entry)!r}]" if isinstance(entry.entry, str) else f"[{_key(entry)}]" for entry in accessor)
            for accessor in accessors
        )
    return list(leaves), Structure(names, None if spec.is_leaf() else spec)


def _registered(leaf: Any) -> bool:
    """Whether a leaf is a container that JAX knows: from now on it is one here too."""
    if type(leaf) in _LEAVES or hasattr(leaf, "dtype") or not hasattr(sys.modules.get("jax"), "tree_util"):
        return False
    from gradcheck.subjects.frameworks.jax_nodes import register

    return register(leaf, _NAMESPACE)


def _key(entry: optree.PyTreeEntry) -> str:
    """A dictionary's key, a sequence's index or a named tuple's field."""
    return str(getattr(entry, "field", entry.entry))
