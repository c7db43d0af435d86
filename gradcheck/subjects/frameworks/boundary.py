"""Functions of a library's arrays as functions of NumPy arrays, and the library's own derivatives of them."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.frameworks.detection import framework_of
from gradcheck.subjects.frameworks.framework import Framework
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.selection import Wrt, chosen_names

Array = NDArray[Any]
Function = Callable[..., Any]


class Boundary:
    """Between a check and functions of the user's arrays.

    Parameters
    ----------
    x0 : array or nesting of arrays
        Of NumPy, PyTorch or JAX.

    Attributes
    ----------
    framework : Framework or None
        None for NumPy: then functions are as they were.
    x0 : array or nesting of arrays
        In NumPy's kind.
    coarse : frozenset of str
        Names of the leaves in bfloat16, which are float32 in NumPy.
    """

    def __init__(self, x0: Any) -> None:
        self.framework = framework_of(x0)
        self._leaves, self._structure = flatten(x0, "x")
        self._given = x0
        self.x0, self.coarse = x0, frozenset[str]()
        if self.framework is not None:
            found = [self._in_numpy(leaf) for leaf in self._leaves]
            self.x0 = found[0] if self._structure.bare else self._structure.unflatten(found)
            narrow = map(self.framework.is_bfloat16, self._leaves)
            self.coarse = frozenset(name for name, is_one in zip(self._structure.names, narrow, strict=True) if is_one)

    def _in_numpy(self, leaf: Any) -> Any:
        framework = self.framework
        assert framework is not None
        found = framework.to_numpy(leaf) if framework.owns(leaf) else leaf
        return found.astype(np.float32) if framework.is_bfloat16(leaf) else found

    def function(self, fun: Function, args: Sequence[Any] = (), extra: int = 0, *, tracked: bool = False) -> Function:
        """A function of the point and of `extra` nestings, then `args`, as one that takes and returns NumPy arrays.

        One that is `tracked`, as those that compute derivatives, gets tensors with a graph where those of `x0` have it.
        A point that is a tuple is passed as several arguments where the function takes those: see `takes_several`.
        """
        spread = self.takes_several(fun, args, extra)
        framework = self.framework
        if framework is None and not spread:
            return fun

        def called(x: Any, *more: Any) -> Any:
            if framework is None:
                return fun(*x, *more)
            trees, others = more[:extra], more[extra:]
            with _session(framework, x):
                point = self.restored(x, tracked=tracked)
                given = [self._in_kind(tree, x) for tree in trees]
                return numpy_tree(fun(*(point if spread else (point,)), *given, *others), framework)

        return _as(called, fun)

    def pair(self, fun: Function, args: Sequence[Any] = ()) -> Function:
        """A function that returns its outputs and a pull-back, as one of NumPy arrays."""
        framework, spread = self.framework, self.takes_several(fun, args, 0)
        if framework is None and not spread:
            return fun

        def called(x: Any, *more: Any) -> Any:
            if framework is None:
                return fun(*x, *more)
            with _session(framework, x):
                point = self.restored(x, tracked=True)
                found = fun(*(point if spread else (point,)), *more)
            if not isinstance(found, (tuple, list)) or len(found) != 2 or not callable(found[1]):
                return found
            outputs, pullback = found

            def pulled(u: Any) -> Any:
                with _session(framework, x):
                    return numpy_tree(pullback(self._in_kind(u, x)), framework)

            return numpy_tree(outputs, framework), pulled

        return _as(called, fun)

    def own_vjp(self, fun: Function, args: Sequence[Any] = ()) -> Function:
        """The library's own vector-Jacobian product of a function, as ``vjp(x, u, *args)`` of NumPy arrays."""
        framework, spread = self.framework, self.takes_several(fun, args, 0)
        assert framework is not None

        def vjp(x: Any, u: Any, *more: Any) -> Any:
            with _session(framework, x):
                flat = _Flat(framework, fun, self.restored(x), spread, more)
                weights = [np.asarray(each) for each in flatten(u, "f")[0]]

                def function(*xs: Any) -> Sequence[Any]:
                    outputs = flat.outputs(*xs)
                    flat.chosen = [i for i, y in enumerate(outputs) if framework.is_differentiable(y)]
                    if not flat.chosen:
                        raise SubjectTypeError(
                            f"{_named(fun)}() returned no array of {framework.name} that has a derivative: return one, "
                            "or pass the derivative"
                        )
                    return [outputs[i] for i in flat.chosen]

                found = framework.vjp(function, flat.primals, lambda: [weights[i] for i in flat.chosen])
                leaves: list[Any] = [_zero(leaf) for leaf in flat.leaves]
                for position, each in zip(flat.positions, found, strict=True):
                    leaves[position] = framework.to_numpy(each)
            return flat.structure.unflatten(leaves)

        vjp.__qualname__ = f"{framework.vjp_name} of {_named(fun)}"
        return vjp

    def own_gradient(self, fun: Function, args: Sequence[Any] = ()) -> Function:
        """The library's own gradient of a function that returns one number, as a function of NumPy arrays.

        Of complex parameters it is that of the change in the real and imaginary parts, whatever the library has.
        """
        framework, pull = self.framework, self.own_vjp(fun, args)
        assert framework is not None

        def gradient(x: Any, *more: Any) -> Any:
            leaves, structure = flatten(pull(x, np.ones(1), *more), "x")
            if framework.convention == "jax":
                leaves = [np.conj(leaf) if _kind_of(leaf) == "c" else leaf for leaf in leaves]
            return structure.unflatten(leaves)

        gradient.__qualname__ = f"{framework.gradient_name} of {_named(fun)}"
        return gradient

    def own_hessp(self, fun: Function, args: Sequence[Any] = ()) -> Function:
        """The library's own product of the Hessian of such a function, as ``hessp(x, v, *args)`` of NumPy arrays."""
        framework, spread = self.framework, self.takes_several(fun, args, 0)
        assert framework is not None

        def hessp(x: Any, v: Any, *more: Any) -> Any:
            with _session(framework, x):
                flat = _Flat(framework, fun, self.restored(x), spread, more)
                vectors = flatten(v, "x")[0]

                def slopes(*xs: Any) -> Sequence[Any]:
                    return framework.gradient(flat.outputs, xs)

                found = framework.vjp(slopes, flat.primals, lambda: [np.asarray(vectors[p]) for p in flat.positions])
                leaves: list[Any] = [_zero(leaf) for leaf in flat.leaves]
                for position, each in zip(flat.positions, found, strict=True):
                    leaves[position] = framework.to_numpy(each)
            return flat.structure.unflatten(leaves)

        hessp.__qualname__ = f"{framework.gradient_name}, twice, of {_named(fun)}"
        return hessp

    def own_wrt(self, wrt: Wrt) -> Wrt:
        """Which parameters the library's own derivative is with respect to: none but its own arrays.

        Raises
        ------
        SubjectTypeError
            If none of those that `wrt` names is one.
        """
        framework = self.framework
        assert framework is not None
        leaves = dict(zip(self._structure.names, self._leaves, strict=True))
        chosen = chosen_names(self._structure.names, wrt)
        foreign = {name for name in chosen if not framework.owns(leaves[name]) and _is_real(leaves[name])}
        if not foreign:
            return wrt
        own = [name for name in chosen if framework.is_differentiable(leaves[name])]
        if not own:
            raise SubjectTypeError(
                f"{framework.name} computes no derivative with respect to {', '.join(sorted(foreign))}: pass arrays of "
                f"{framework.name}"
            )
        return own

    def own_jvp(self, fun: Function, args: Sequence[Any] = ()) -> Function:
        """The library's own Jacobian-vector product of a function, as ``jvp(x, v, *args)`` of NumPy arrays."""
        framework, spread = self.framework, self.takes_several(fun, args, 0)
        assert framework is not None

        def jvp(x: Any, v: Any, *more: Any) -> Any:
            with _session(framework, x):
                flat = _Flat(framework, fun, self.restored(x), spread, more)
                vectors = flatten(v, "x")[0]
                shapes: list[Any] = []

                def function(*xs: Any) -> Sequence[Any]:
                    outputs = flat.outputs(*xs)
                    shapes[:] = [np.shape(y) for y in outputs]
                    flat.chosen = [i for i, y in enumerate(outputs) if framework.is_differentiable(y)]
                    return [outputs[i] for i in flat.chosen]

                found = framework.jvp(function, flat.primals, [np.asarray(vectors[p]) for p in flat.positions])
                leaves: list[Any] = [np.zeros(shape) for shape in shapes]
                for position, each in zip(flat.chosen, found, strict=True):
                    leaves[position] = framework.to_numpy(each)
            return flat.returned.unflatten(leaves)

        jvp.__qualname__ = f"{framework.jvp_name} of {_named(fun)}"
        return jvp

    def derivative(self, jac: Any, args: Sequence[Any] = ()) -> Any:
        """A Jacobian, as a function or as its value, in NumPy's kind; anything else as it is."""
        if callable(jac) and not hasattr(jac, "matvec") and not hasattr(jac, "shape"):
            return self.function(jac, args, tracked=True)
        return jac if self.framework is None else numpy_tree(jac, self.framework)

    def step(self, function: Function | None) -> Function | None:
        """A retraction or projection, ``(x, v)``, as a function of NumPy arrays."""
        return self.function(function, (), 1) if callable(function) else function

    def direction(self, tree: Any) -> Any:
        """A direction in NumPy's kind."""
        return tree if self.framework is None or tree is None else numpy_tree(tree, self.framework)

    def takes_several(self, fun: Function, args: Sequence[Any], extra: int) -> bool:
        """Whether a point that is a tuple is passed as several arguments, ``fun(*x0)``.

        That is so if the function cannot be called with the tuple as one argument; a function of a library's arrays
        also if it can be called with either, as ``fun(a, b=None)``.
        """
        if type(self._given) is not tuple or not self._given:
            return False
        together = _accepts(fun, 1 + extra + len(args))
        apart = _accepts(fun, len(self._given) + extra + len(args))
        if self.framework is not None:
            return apart is not False
        return apart is True and together is False

    def restored(self, tree: Any, *, tracked: bool = False) -> Any:
        """A point in the user's own kind."""
        framework = self.framework
        assert framework is not None
        parts = zip(self._structure.names, self._structure.leaves(tree), self._leaves, strict=True)
        leaves = [self._restored(name, leaf, like, tracked) for name, leaf, like in parts]
        return leaves[0] if self._structure.bare else self._structure.unflatten(leaves)

    def _restored(self, name: str, leaf: Any, like: Any, tracked: bool) -> Any:
        framework = self.framework
        assert framework is not None
        if framework.owns(leaf) or not framework.owns(like):
            return leaf
        array = np.asarray(leaf)
        narrow = name in self.coarse and array.dtype == np.float32
        found = framework.as_bfloat16(array, like) if narrow else framework.from_numpy(array, like)
        return framework.tracked(found, like) if tracked else found

    def _in_kind(self, tree: Any, x: Any) -> Any:
        """A cotangent or a direction in the user's own kind, no wider than the point that goes with it."""
        framework = self.framework
        assert framework is not None
        like = next(leaf for leaf in self._leaves if framework.owns(leaf))
        widest = max((_width_of(leaf) for leaf in flatten(x, "x")[0]), default=8) or 8
        leaves, structure = flatten(tree, "u")
        floats = [each for each in self._leaves if framework.is_differentiable(each)]
        narrow = widest <= 4 and bool(floats) and all(map(framework.is_bfloat16, floats))
        cast = framework.as_bfloat16 if narrow else framework.from_numpy
        found = [cast(_narrowed(np.asarray(leaf), widest), like) for leaf in leaves]
        return found[0] if structure.bare else structure.unflatten(found)


def require_framework(boundary: Boundary, argument: str, instead: str) -> Framework:
    """The library whose own derivative is meant by None.

    Raises
    ------
    SubjectTypeError
        If the arrays are those of NumPy, which computes no derivatives; it names the argument.
    """
    if boundary.framework is None:
        raise SubjectTypeError(
            f"{argument} is None, which stands for what PyTorch or JAX computes, but x0 holds no tensor and no array "
            f"of JAX: pass {instead}, or x0 as torch.tensor(...) or jax.numpy.array(...)"
        )
    return boundary.framework


class _Flat:
    """A function at a point as one of the arrays that can be differentiated alone."""

    def __init__(self, framework: Framework, fun: Function, point: Any, spread: bool, args: Sequence[Any]) -> None:
        self._fun, self._spread, self._args, self._framework = fun, spread, args, framework
        self.leaves, self.structure = flatten(point, "x")
        self.positions = [i for i, leaf in enumerate(self.leaves) if framework.is_differentiable(leaf)]
        self.primals = [self.leaves[i] for i in self.positions]
        self.chosen: list[int] = []

    def outputs(self, *primals: Any) -> list[Any]:
        """All outputs, in their order; `returned` is their nesting."""
        leaves = list(self.leaves)
        for position, each in zip(self.positions, primals, strict=True):
            leaves[position] = each
        point = leaves[0] if self.structure.bare else self.structure.unflatten(leaves)
        found, self.returned = flatten(self._fun(*(point if self._spread else (point,)), *self._args), "f")
        return found


def numpy_tree(tree: Any, framework: Framework) -> Any:
    """A nesting with the arrays of a library as NumPy arrays; other leaves stay as they are."""
    leaves, structure = flatten(tree, "x")
    found = [framework.to_numpy(leaf) if framework.owns(leaf) else leaf for leaf in leaves]
    return found[0] if structure.bare else structure.unflatten(found)


def _session(framework: Framework, x: Any) -> AbstractContextManager[Any]:
    return framework.session(wide=any(_width_of(leaf) > 4 for leaf in flatten(x, "x")[0]))


def _is_real(leaf: Any) -> bool:
    """Whether a check would take a leaf for a parameter."""
    return isinstance(leaf, (float, complex)) or _kind_of(leaf) in ("f", "c")


def _kind_of(leaf: Any) -> str:
    return leaf.dtype.kind if isinstance(leaf, (np.ndarray, np.generic)) else ""


def _width_of(leaf: Any) -> int:
    return _width(leaf.dtype) if isinstance(leaf, (np.ndarray, np.generic)) else 0


def _width(dtype: np.dtype[Any]) -> int:
    """Bytes of a real number of a type; 0 for what is no float."""
    return dtype.itemsize // (2 if dtype.kind == "c" else 1) if dtype.kind in "fc" else 0


def _narrowed(array: Array, width: int) -> Array:
    if _width(array.dtype) <= width:
        return array
    return array.astype(np.dtype(f"{array.dtype.kind}{width * (2 if array.dtype.kind == 'c' else 1)}"))


def _zero(leaf: Any) -> Any:
    return np.zeros(np.shape(leaf)) if hasattr(leaf, "shape") else leaf


def _accepts(fun: Function, count: int) -> bool | None:
    """Whether a function takes so many arguments by position; None if that is not known."""
    if isinstance(fun, np.ufunc):
        return count == fun.nin
    try:
        signature = inspect.signature(fun)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _named(function: Any) -> str:
    if isinstance(function, types.BuiltinFunctionType):
        return function.__name__  # PyTorch's own have a private class before it
    return getattr(function, "__qualname__", type(function).__qualname__)


def _as(called: Function, fun: Function) -> Function:
    functools.update_wrapper(called, fun, updated=())
    called.__qualname__ = _named(fun)
    return called
