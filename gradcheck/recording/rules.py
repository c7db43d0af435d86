"""The derivative of one operation: the rules of the library `autograd`, and differences where it has none.

`autograd` keeps, for each of about two hundred functions of NumPy and SciPy, the function that pulls a cotangent of the
result back to an argument. Functions that only move entries need none: called with the numbers of places in place of
entries, they tell where each comes from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.recording.graph import Graph, Pullback, Ref, Value, is_real, references
from gradcheck.recording.operations import MOVES, Part, added_at, gathered, same, written
from gradcheck.recording.settings import RECORDING
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]

#: Functions whose derivative is zero wherever they have one.
_CONSTANT = {
    *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal, np.sign, np.floor, np.ceil),
    *(np.rint, np.trunc, np.round, np.argmax, np.argmin, np.argsort, np.zeros_like, np.ones_like, np.empty_like),
    *(np.full_like, np.isnan, np.isfinite, np.signbit, np.nonzero, np.shape, np.size, np.ndim, np.floor_divide),
}


def is_constant(function: Any) -> bool:
    """Whether a function has a derivative of zero wherever it has one."""
    return _is_in(function, _CONSTANT)


class NoRule(Exception):
    """An operation has no rule, and is too large to be measured."""


def pulled_back(graph: Graph, value: Value, cotangent: Any, wanted: set[int]) -> tuple[dict[int, Any], bool]:
    """Cotangents of the inputs of a value, and whether they were measured by differences.

    Parameters
    ----------
    graph : Graph
    value : Value
    cotangent : ndarray
        Of its shape.
    wanted : set of int
        Inputs that need one.

    Raises
    ------
    NoRule
    """
    wanted_inputs = tuple([i for i in value.inputs if i in wanted])
    kept = None if graph.pullbacks is None else graph.pullbacks.get((value.id, wanted_inputs))
    if kept is not None:
        return kept(cotangent), False
    inputs = [i for i in wanted_inputs if is_real(graph.values[i].array)]
    function = value.function
    if not inputs or function is None or not is_real(value.array) or _is_in(function, _CONSTANT):
        return {}, False
    if function is same:
        return {inputs[0]: cotangent}, False
    if function is gathered:
        owner, where = graph.values[value.inputs[0]], value.args[1]
        found = np.zeros(np.shape(owner.array)).reshape(-1)
        np.add.at(found, where, cotangent)
        return {owner.id: found.reshape(np.shape(owner.array))}, False
    if function in (written, added_at) if _is_hashable(function) else False:
        return dict(_of_write(graph, value, cotangent, set(inputs))), False
    moving = function.function if isinstance(function, Part) else function
    if _is_in(moving, MOVES):
        moved = _moved(graph, value, cotangent, inputs)
        if moved is not None:
            return moved, False
    by_rule = _by_rule(graph, value, np.shape(cotangent), inputs)
    if by_rule is not None:
        pulled = _pulled_by(by_rule, cotangent)
        if pulled is not None:
            small = sum(np.size(graph.values[i].array) for i in (value.id, *inputs)) <= RECORDING.most_kept
            if graph.pullbacks is not None and small:
                graph.pullbacks[value.id, wanted_inputs] = by_rule
            return pulled, False
    moved = _moved(graph, value, cotangent, inputs) if _only_moves(graph, value) else None
    if moved is not None:
        return moved, False
    return _measured(graph, value, cotangent, inputs), True


def _of_write(graph: Graph, value: Value, cotangent: Any, wanted: set[int]) -> Iterator[tuple[int, Any]]:
    owner, new, where = value.args
    flat = np.array(cotangent).reshape(-1)
    if isinstance(new, Ref) and new.id in wanted:
        inner = flat[where]
        if value.function is written and np.unique(where).size != where.size:
            last = np.full(flat.size, -1)
            last[where] = np.arange(where.size).reshape(where.shape)
            inner = np.where(last[where] == np.arange(where.size).reshape(where.shape), inner, 0.0)
        yield new.id, _summed_to(inner, np.shape(graph.values[new.id].array))
    if owner.id in wanted:
        if value.function is written:
            flat[where] = 0.0
        yield owner.id, flat.reshape(np.shape(value.array))


def _summed_to(array: Any, shape: tuple[int, ...]) -> Any:
    """Undo a broadcast."""
    array = np.asarray(array)
    while array.ndim > len(shape):
        array = array.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1 and array.shape[axis] != 1:
            array = array.sum(axis=axis, keepdims=True)
    return array


# -- functions that move entries ---------------------------------------------------------------------------------------


def sources_of(graph: Graph, value: Value) -> tuple[Array, dict[int, tuple[int, int]]] | None:
    """For each entry of a value that only moves entries, the place that it comes from, counted through all inputs.

    Returns
    -------
    places : ndarray of int
        0 for entries that come from none.
    ranges : dict
        For each input the first of its places and the first after them.
    """
    ranges: dict[int, tuple[int, int]] = {}
    numbered: dict[int, Any] = {}
    start = 1
    moving = value.inputs
    if value.function is not None and getattr(value.function, "__name__", "") in ("getitem", "take", "repeat"):
        moving = value.inputs[:1]
    for each in moving:
        array = np.asarray(graph.values[each].array)
        if array.dtype.kind in "iub":
            continue
        ranges[each] = (start, start + array.size)
        numbered[each] = np.arange(start, start + array.size).reshape(array.shape)
        start += array.size
    args, kwargs = graph.filled(value.args, numbered), graph.filled(value.kwargs, numbered)
    kwargs = {key: each for key, each in kwargs.items() if key != "dtype"}
    try:
        assert value.function is not None
        places = np.asarray(value.function(*args, **kwargs))
    except Exception as error:
        pass_on_signal(error)
        return None
    if places.dtype.kind not in "iu":
        if places.dtype.kind != "f" or not np.array_equal(places, np.rint(places)):
            return None
        places = places.astype(np.intp)
    if places.shape != np.shape(value.array) or (
        places.size and not 0 <= int(places.min()) <= int(places.max()) < start
    ):
        return None
    return places, ranges


def _moved(graph: Graph, value: Value, cotangent: Any, inputs: list[int]) -> dict[int, Any] | None:
    found = sources_of(graph, value)
    if found is None:
        return None
    places, ranges = found
    end = max((high for _, high in ranges.values()), default=1)
    total = np.zeros(end, dtype=np.result_type(np.asarray(cotangent).dtype, np.float64))
    np.add.at(total, places, cotangent)
    return {
        each: total[ranges[each][0] : ranges[each][1]].reshape(np.shape(graph.values[each].array))
        for each in inputs
        if each in ranges
    }


def _only_moves(graph: Graph, value: Value) -> bool:
    """Whether a function of NumPy or SciPy without a rule moves entries here: so it does with random numbers as well.

    Those are what a function that rounds or clips would change, and one that sorts would put elsewhere.
    """
    if _package_of(value.function) not in ("numpy", "scipy") or any(map(callable, value.args)):
        return False
    found = sources_of(graph, value)
    if found is None or not set(value.inputs) <= found[1].keys():
        return False
    places, ranges = found
    generator = np.random.default_rng(0)
    own = {each: np.asarray(graph.values[each].array) for each in ranges}
    random = {each: generator.standard_normal(array.shape) for each, array in own.items()}
    for arrays, known in ((own, value.array), (random, None)):
        entries = np.concatenate([[0.0], *(array.reshape(-1) for array in arrays.values())])
        try:
            assert value.function is not None
            args, kwargs = graph.filled(value.args, random), graph.filled(value.kwargs, random)
            out = value.function(*args, **kwargs) if known is None else known
            if not np.array_equal(np.asarray(out), entries[places], equal_nan=True):
                return False
        except Exception as error:
            pass_on_signal(error)
            return False
    return True


# -- rules of autograd -------------------------------------------------------------------------------------------------


@cache
def _rules(of_scipy: bool) -> dict[Any, Any]:
    """For each plain function the one that `autograd` has a rule for."""
    import autograd.numpy
    from autograd.core import primitive_vjps

    if of_scipy:
        import autograd.scipy.linalg
        import autograd.scipy.special
        import autograd.scipy.stats  # noqa: F401
    return {wrapped.fun: wrapped for wrapped in primitive_vjps if _is_hashable(getattr(wrapped, "fun", None))}


def _by_rule(graph: Graph, value: Value, shape: tuple[int, ...], inputs: list[int]) -> Pullback | None:
    """By the rule of `autograd`; None if it has none for this function and these arguments."""
    part = value.function.index if isinstance(value.function, Part) else None
    function = value.function.function if isinstance(value.function, Part) else value.function
    if not _is_hashable(function) or (value.kwargs and list(references(tuple(value.kwargs.values())))):
        return None
    wrapped = _rules(False).get(function) or (_rules(True).get(function) if _is_of_scipy(function) else None)
    if wrapped is None or any(isinstance(each, (list, tuple)) and list(references(each)) for each in value.args):
        return None
    places = [i for i, argument in enumerate(value.args) if isinstance(argument, Ref) and argument.id in inputs]
    assert function is not None
    rule = _Rule(wrapped, function, part, graph.filled(value.args), graph.filled(value.kwargs), places)
    try:
        if not rule.is_right(shape):
            shorter = rule.without_kept_axes()
            if shorter is None:
                return None
            rule, shape = shorter, shorter.shape
            if not rule.is_right(shape):
                return None
        pull = rule.pullback()
    except Exception as error:
        pass_on_signal(error)
        return None
    of = [value.args[i].id for i in places]

    def pulled(cotangent: Any) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for each, inner in zip(of, pull(np.reshape(cotangent, shape)), strict=True):
            found[each] = found[each] + inner if each in found else inner
        return found

    return pulled


def _pulled_by(rule: Pullback, cotangent: Any) -> dict[int, Any] | None:
    """What a rule makes of a cotangent; None if it fails."""
    try:
        return rule(cotangent)
    except Exception as error:
        pass_on_signal(error)
        return None


#: Whether the rule of a function is right for arguments of a kind.
_BELIEVED: dict[Any, bool] = {}


class _Rule:
    """The rule of `autograd` for one call of a function.

    Parameters
    ----------
    wrapped, function : callable
        As `autograd` knows it, and as it was called.
    part : int or None
        Which of several results was used.
    args, kwargs : tuple, dict
    places : list of int
        The arguments that need a cotangent.
    """

    def __init__(
        self,
        wrapped: Any,
        function: Any,
        part: int | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        places: list[int],
    ) -> None:
        self._wrapped, self._function, self._part = wrapped, function, part
        self._args, self._kwargs, self._places = args, kwargs, places

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the result."""
        return np.shape(self._result({}))

    def without_kept_axes(self) -> _Rule | None:
        """The rule of the call without `keepdims`, whose result has the same entries."""
        if not self._kwargs.get("keepdims"):
            return None
        kwargs = {name: each for name, each in self._kwargs.items() if name != "keepdims"}
        return _Rule(self._wrapped, self._function, self._part, self._args, kwargs, self._places)

    def pullback(self, args: tuple[Any, ...] | None = None) -> Callable[[Any], list[Any]]:
        """What gives the cotangents of the arguments, perhaps of others than those of the call."""
        from autograd.core import primitive_vjps

        args = self._args if args is None else args
        answer = self._function(*args, **self._kwargs)
        rule = primitive_vjps[self._wrapped]
        pulls = [(rule((i,), answer, args, self._kwargs), np.shape(args[i])) for i in self._places]

        def pulled(cotangent: Any) -> list[Any]:
            seed = cotangent
            if self._part is not None:
                seed = tuple(cotangent if i == self._part else np.zeros_like(each) for i, each in enumerate(answer))
            found = []
            for pull, shape in pulls:
                inner = np.asarray(pull(seed)[0])
                if inner.shape != shape:
                    inner = inner.reshape(shape) if inner.size == math.prod(shape) else _summed_to(inner, shape)
                found.append(inner)
            return found

        return pulled

    def is_right(self, shape: tuple[int, ...]) -> bool:
        """Whether it agrees with differences for arguments of this kind, which are measured once.

        The rule of `numpy.linalg.norm`, for one, forgets `keepdims`.
        """
        key = (self._function, self._part, *map(_kind, self._args), *((k, _kind(v)) for k, v in self._kwargs.items()))
        if not _is_hashable(key):
            return True
        known = _BELIEVED.get(key)
        if known is None:
            known = self._agrees(shape)
            if known is not None:
                _BELIEVED[key] = known
        return known is not False

    def _agrees(self, shape: tuple[int, ...]) -> bool | None:
        """Whether it agrees at one of a few points near the arguments; None if it can be measured at none of them.

        Where a function is saturated, rounding hides its derivative.
        """
        if any(np.iscomplexobj(self._args[i]) for i in self._places):
            return True
        generator = np.random.default_rng(0)
        tested = False
        for _ in range(RECORDING.rule_points):
            near = {i: self._args[i] + 0.05 * self._move(i, generator) for i in self._places}
            moves = {i: self._move(i, generator) for i in self._places}
            seed = generator.standard_normal(shape)
            try:
                with np.errstate(all="ignore"):
                    pulled = self.pullback(self._with(near))(seed)
                    ahead, back = (
                        self._result({i: x + sign * RECORDING.rule_step * moves[i] for i, x in near.items()})
                        for sign in (1.0, -1.0)
                    )
            except Exception as error:
                pass_on_signal(error)
                continue
            if np.iscomplexobj(ahead):
                return True
            measured = float(np.vdot(seed, ahead - back)) / (2.0 * RECORDING.rule_step)
            claimed = sum(float(np.vdot(g, moves[i]).real) for i, g in zip(self._places, pulled, strict=True))
            if not np.isfinite(measured):
                continue
            gap = RECORDING.rule_gap * max(abs(measured), abs(claimed))
            if abs(measured - claimed) <= gap:
                return True
            rounding = np.finfo(np.float64).eps * float(np.vdot(np.abs(seed), np.abs(ahead)))
            tested = tested or bool(rounding <= gap * RECORDING.rule_step)
        return False if tested else None

    def _move(self, place: int, generator: np.random.Generator) -> Array:
        """A random change of an argument; of a symmetric matrix a symmetric one, as its rule may assume."""
        x = np.asarray(self._args[place], dtype=np.float64)
        move = np.asarray(generator.uniform(-1.0, 1.0, x.shape) * np.maximum(np.abs(x), 1e-3))
        if x.ndim < 2 or x.shape[-1] != x.shape[-2] or not np.allclose(x, np.swapaxes(x, -1, -2)):
            return move
        return np.asarray(0.5 * (move + np.swapaxes(move, -1, -2)))

    def _with(self, new: dict[int, Any]) -> tuple[Any, ...]:
        return tuple(new.get(i, each) for i, each in enumerate(self._args))

    def _result(self, new: dict[int, Any]) -> Any:
        found = self._function(*self._with(new), **self._kwargs)
        return np.asarray(found if self._part is None else found[self._part])


def _kind(argument: Any) -> Any:
    """What a rule may depend on: shapes up to lengths, other arguments as they are."""
    if isinstance(argument, (np.ndarray, np.generic, float)):
        array = np.asarray(argument)
        return array.dtype.kind, tuple(min(length, 2) for length in array.shape)
    return argument if isinstance(argument, (int, str, tuple, type(None))) else type(argument)


# -- differences -------------------------------------------------------------------------------------------------------


def _measured(graph: Graph, value: Value, cotangent: Any, inputs: list[int]) -> dict[int, Any]:
    """By central differences of sixth order in each entry of the inputs."""
    if sum(np.size(graph.values[each].array) for each in inputs) > RECORDING.most_measured:
        raise NoRule(getattr(value.function, "__name__", "an operation"))
    found: dict[int, Any] = {}
    for each in inputs:
        array = np.array(graph.values[each].array, dtype=np.float64)
        slope = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            step = RECORDING.stencil * max(1e-3, abs(float(array[index])))
            slope[index] = (
                sum(
                    weight * _product(graph, value, cotangent, each, array, index, k * step)
                    for k, weight in ((1, 0.75), (2, -0.15), (3, 1 / 60), (-1, -0.75), (-2, 0.15), (-3, -1 / 60))
                )
                / step
            )
        found[each] = slope
    return found


def _product(
    graph: Graph, value: Value, cotangent: Any, of: int, array: Array, index: tuple[int, ...], move: float
) -> float:
    moved = array.copy()
    moved[index] += move
    given = moved if isinstance(graph.values[of].array, np.ndarray) else float(moved)
    assert value.function is not None
    try:
        out = value.function(*graph.filled(value.args, {of: given}), **graph.filled(value.kwargs, {of: given}))
        return float(np.sum(np.asarray(out) * cotangent))
    except Exception as error:
        pass_on_signal(error)
        raise NoRule(getattr(value.function, "__name__", "an operation")) from None


def _is_of_scipy(function: Any) -> bool:
    """Whether a function may be one of SciPy, whose rules take seconds to load."""
    if isinstance(function, np.ufunc):
        return getattr(np, function.__name__, None) is not function
    return _package_of(function) == "scipy"


def _package_of(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]


def _is_in(function: Any, known: set[Any]) -> bool:
    return _is_hashable(function) and function in known


def _is_hashable(function: Any) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True
