"""The recorder: what the rewritten expressions call in place of Python's own operators."""

from __future__ import annotations

import functools
import math
import operator
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.recording.calls import EVEN, Calls
from gradcheck.recording.casts import wide_call
from gradcheck.recording.functions import ReachableFunctions, RecentFunctions
from gradcheck.recording.graph import Graph, Ref, Value
from gradcheck.recording.memory import Buffer, owner_of, positions
from gradcheck.recording.operations import (
    BINARY,
    COMPARE,
    METHODS,
    OF_MATH,
    WRITES,
    WRITING_METHODS,
    Part,
    added_at,
    gathered,
    same,
    written,
)
from gradcheck.recording.program import Program, RunningFile
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.tolerances import tightened_call, tolerances_of

Array = NDArray[Any]

#: Built-in functions that go through their arguments one by one.
_ITERATING = (zip, enumerate, list, tuple, reversed, map, iter, sorted, set, any, all, filter)

#: Of a nesting of lists in the arguments of a call, values are looked for to this depth.
_DEPTH = 3


class _Index:
    """``index[1:, None]`` is what stands in the brackets."""

    def __getitem__(self, key: Any) -> Any:
        return key


class Recorder:
    """Builds the graph while the user's functions run.

    Parameters
    ----------
    functions : ReachableFunctions, optional
        Those that several recordings share.
    running : dict of str to RunningFile, optional
        Files whose functions run other code than their source says.
    recent : RecentFunctions, optional
        The functions of these files, which several recordings share.
    stand_ins : dict, optional
        Functions that are called in place of others.
    widens : bool
        Whether conversions to narrow floats give float64.
    tightens : float, optional
        What tolerances of functions are multiplied by.

    Attributes
    ----------
    graph : Graph
    program : Program
    index : object
        ``index[key]`` is the key.
    last : object
        What the function that ended last has returned.
    complete : bool
        Whether all was recorded: false after too many values.
    callers : list
        Functions of libraries that have called functions of the user repeatedly.
    stopping : list
        Functions that were called with a tolerance at which they stop.
    """

    def __init__(
        self,
        functions: ReachableFunctions | None = None,
        running: Mapping[str, RunningFile] | None = None,
        recent: RecentFunctions | None = None,
        stand_ins: Mapping[Any, Any] | None = None,
        *,
        widens: bool = False,
        tightens: float | None = None,
    ) -> None:
        self.graph = Graph()
        self.program = Program(self, functions, running, recent)
        self._stand_ins, self._widens = dict(stand_ins or {}), widens
        self._tightens = tightens
        self._met: set[int] = set()  # identities of the code, or type, of what was called in this run
        self.index = _Index()
        self.last: Any = None
        self.complete = True
        self.active = False
        self._phase = 0
        self._home: dict[int, tuple[Value, Any, int]] = {}
        self._buffers: dict[int, Buffer] = {}
        self._read: set[int] = set()  # owners of memory that was there before
        self._first: dict[int, Value] = {}  # what each of them held first
        self.calls = Calls()  # of all functions but NumPy's
        self.callers: list[Any] = []
        self.stopping: list[Any] = []
        self.forgets = False  # whether memory was written to in a way that has no rule

    @contextmanager
    def recording(self, phase: int, functions: Iterable[Any]) -> Iterator[None]:
        """Record what runs meanwhile, in these functions and in those that they call."""
        self._phase, self.active, self.last = phase, self.complete, None
        try:
            with self.program.in_place():
                for function in functions:
                    self.program.follow(function)
                yield
        finally:
            self.active = False

    @contextmanager
    def tightening(self, functions: Iterable[Any]) -> Iterator[None]:
        """Run these functions, and those that they call, with smaller tolerances meanwhile; nothing is recorded."""
        self._met.clear()
        with self.program.in_place():
            for function in functions:
                self.program.follow(function)
            yield

    def freeze(self, *, written: bool = False) -> None:
        """Copy the values in memory that was there before, or only where it was written, so that it may be put back."""
        for each, buffer in self._buffers.items():
            if each in self._read and (buffer.version or not written):
                buffer.freeze()

    def release(self) -> None:
        """Let go of everything: rewritten code refers to the recorder, and Python does not find such circles."""
        self.program.release()
        self._home.clear()
        self._buffers.clear()
        self._first.clear()
        self.last = None

    # -- what a value is -----------------------------------------------------------------------------------------------

    def value_of(self, thing: Any) -> Value | None:
        """The value that an array or a float holds now; None for anything else."""
        if isinstance(thing, np.ndarray):
            return self._of_array(thing) if thing.dtype.kind in "fcbiu" else None
        if isinstance(thing, float):
            known = self._home.get(id(thing))
            return known[0] if known is not None else self._leaf(thing)
        return None

    def _of_array(self, array: Array) -> Value:
        owner = owner_of(array)
        buffer = self._buffers.get(id(owner))
        if buffer is None:
            buffer = self._buffers[id(owner)] = Buffer(owner)
        known = self._home.get(id(array))
        if known is not None and known[2] == buffer.version:
            return known[0]
        if array is owner:
            return self._of_owner(buffer, array)
        where = positions(array, owner)
        if where is None:
            return self._leaf(array)
        return self._add(gathered, (Ref(self._of_owner(buffer, owner).id), where), {}, array, None)

    def _of_owner(self, buffer: Buffer, owner: Array) -> Value:
        if buffer.value is None and buffer.known is not None:
            view, value = buffer.known
            where = positions(view, owner)
            if where is not None and where.size == owner.size == np.unique(where).size:
                back = np.empty(owner.size, np.intp)
                back[where.reshape(-1)] = np.arange(owner.size)
                buffer.value = self._add(gathered, (Ref(value.id), back.reshape(owner.shape)), {}, owner, None)
        if buffer.value is None:
            buffer.value = self._leaf(owner)
        return buffer.value

    def _leaf(self, thing: Any) -> Value:
        value = self._add(None, (), {}, thing, None)
        if isinstance(thing, np.ndarray):
            self._read.add(id(owner_of(thing)))
            if owner_of(thing) is thing:
                self._first.setdefault(id(thing), value)
        return value

    def keep(self) -> None:
        """Copy what was in memory before: the functions may write into it when they are called again."""
        for buffer in self._buffers.values():
            if any(value.function is None for value in buffer.members):
                buffer.freeze()

    def started(self) -> dict[int, int]:
        """The values that were in memory before, by the id of the array that owns it."""
        return {owner: value.id for owner, value in self._first.items()}

    def marked(self, thing: Any, *, in_place: bool = False) -> tuple[Any, Value | None]:
        """Make what an array or a float holds now a value of its own.

        Parameters
        ----------
        thing : ndarray or float
        in_place : bool
            Whether the memory of the array holds the new value from now on.

        Returns
        -------
        object
            What holds the value: a copy, if it is not in place.
        Value or None
            None if it is unknown.
        """
        value = self.value_of(thing) if self.active else None
        if value is None:
            return thing, None
        if in_place and isinstance(thing, np.ndarray):
            self._about_to_write(thing)
            return thing, self._has_written(None, thing, same, (Ref(value.id),))
        out = thing.copy(order="K") if isinstance(thing, np.ndarray) else thing * 1.0
        return out, self._add(same, (Ref(value.id),), {}, out, None)

    def _add(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, site: int | None) -> Value:
        """A new value that an object holds."""
        unit = None if site is None else self.program.sites[site].unit
        value = self.graph.add(function, args, kwargs, out, site=site, unit=unit, phase=self._phase)
        version = 0
        if isinstance(out, np.ndarray):
            owner = owner_of(out)
            buffer = self._buffers.get(id(owner))
            if buffer is None:
                buffer = self._buffers[id(owner)] = Buffer(owner)
            buffer.members.append(value)
            version = buffer.version
            if out is owner:
                buffer.value = value
            elif buffer.value is None and buffer.known is None:
                buffer.known = (out, value)
        self._home[id(out)] = (value, out, version)
        if len(self.graph.values) > RECORDING.most_values or self.graph.bytes > RECORDING.most_bytes:
            self.active = self.complete = False
        return value

    def _template(self, structure: Any, depth: int = 0) -> Any:
        """Arguments with references in place of the values among them."""
        value = self.value_of(structure)
        if value is not None:
            return Ref(value.id)
        if type(structure) in (list, tuple) and depth < _DEPTH:
            return type(structure)(self._template(each, depth + 1) for each in structure)
        return structure

    def _record(self, site: int | None, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
        """Record an operation that was carried out."""
        if type(out) is tuple or (type(out) is list and function is not same) or _is_record(out):
            if 0 < len(out) <= 64 and any(isinstance(each, (np.ndarray, float)) for each in out):
                template = self._template(args), {key: self._template(each) for key, each in kwargs.items()}
                for i, each in enumerate(out):
                    if isinstance(each, (np.ndarray, float)) and not self._is_known(each):
                        self._add(Part(function, i), *template, each, site)
            return out
        if not isinstance(out, (np.ndarray, float)) or self._is_known(out):
            return out
        if isinstance(out, np.ndarray) and out.dtype.kind not in "fcbiu":
            return out
        template = self._template(args), {key: self._template(each) for key, each in kwargs.items()}
        self._add(function, *template, out, site)
        return out

    def _is_known(self, out: Any) -> bool:
        known = self._home.get(id(out))
        if known is None:
            return False
        buffer = self._buffers.get(id(owner_of(out))) if isinstance(out, np.ndarray) else None
        return buffer is None or known[2] == buffer.version

    # -- expressions ---------------------------------------------------------------------------------------------------

    def binary(self, site: int | None, kind: str, left: Any, right: Any) -> Any:
        """``left + right``, and so on."""
        plain, _, rule = BINARY[kind]
        out = plain(left, right)
        if self.active and (_is_number(left) or _is_number(right)):
            if not (_is_plain(left) and _is_plain(right)):
                rule = plain  # a sparse matrix, say
            self._record(site, rule, (left, right), {}, out)
        return out

    def negative(self, site: int, operand: Any) -> Any:
        """``-operand``."""
        out = -operand
        return self._record(site, np.negative, (operand,), {}, out) if self.active and _is_number(operand) else out

    def compare(self, site: int, kind: str, left: Any, right: Any) -> Any:
        """``left < right``, and so on."""
        plain, rule = COMPARE[kind]
        out = plain(left, right)
        return self._record(site, rule, (left, right), {}, out) if self.active and isinstance(out, np.ndarray) else out

    def item(self, site: int | None, base: Any, index: Any) -> Any:
        """``base[index]``."""
        out = base[index]
        if self.active and isinstance(base, np.ndarray):
            self._record(site, operator.getitem, (base, index), {}, out)
        return out

    def attribute(self, site: int, base: Any, name: str) -> Any:
        """``base.T``, and so on."""
        out = getattr(base, name)
        rule = {"T": np.transpose, "real": np.real, "imag": np.imag}.get(name)
        if self.active and rule is not None and isinstance(base, np.ndarray):
            self._record(site, rule, (base,), {}, out)
        return out

    def alias(self, site: int, thing: Any) -> Any:
        """A name alone: another object with the same memory, so that it is a value of its own."""
        if not self.active:
            return thing
        if type(thing) is np.ndarray and thing.dtype.kind in "fc":
            return self._record(site, same, (thing,), {}, thing.view())
        if type(thing) in (float, np.float64):
            return self._record(site, same, (thing,), {}, thing * 1.0)
        return thing

    def iterate(self, site: int, things: Any) -> Any:
        """What a loop goes through: the rows of an array are values."""
        if not self.active or type(things) is not np.ndarray or things.ndim == 0:
            return things
        return self.rows(site, things)

    def rows(self, site: int | None, array: Array) -> Iterator[Any]:
        """The rows of an array."""
        for i in range(len(array)):
            yield self.item(site, array, i)

    # -- statements ----------------------------------------------------------------------------------------------------

    def assigned(self, unit: int, thing: Any) -> Any:
        """A value gets a name."""
        if self.active and isinstance(thing, (np.ndarray, float)):
            value = self.value_of(thing)
            if value is not None:
                value.names.append(self.program.units[unit].target)
                value.named_in.append(unit)
                value.passed_in.append(unit)
                value.unit = unit if value.unit is None else value.unit
        return thing

    def unpacked(self, site: int, names: tuple[str, ...], things: Any) -> Any:
        """Several values get names."""
        if not self.active:
            return things
        found = list(self.rows(site, things)) if type(things) is np.ndarray and things.ndim else things
        if isinstance(found, (tuple, list)) and len(found) == len(names):
            for name, thing in zip(names, found, strict=True):
                value = self.value_of(thing)
                if value is not None:
                    value.names.append(name)
        return found

    def returned(self, unit: int, thing: Any) -> Any:
        """A function ends."""
        if self.active:
            self.last = thing
            value = self.value_of(thing) if isinstance(thing, (np.ndarray, float)) else None
            if value is not None:
                value.passed_in.append(unit)
        return thing

    def in_place(self, site: int, kind: str, target: Any, operand: Any) -> Any:
        """``target += operand``."""
        _plain, changing, rule = BINARY[kind]
        if not self.active or not isinstance(target, np.ndarray):
            out = changing(target, operand)
            if self.active and (_is_number(target) or _is_number(operand)):
                self._record(site, rule, (target, operand), {}, out)
            return out
        template = (self._template(target), self._template(operand))
        self._about_to_write(target)
        out = changing(target, operand)
        self._has_written(site, target, rule, template)
        return out

    def store(self, site: int | None, value: Any, base: Any, index: Any) -> None:
        """``base[index] = value``."""
        if not self.active or not isinstance(base, np.ndarray):
            base[index] = value
            return
        template = self._template(value)
        self._about_to_write(base)
        base[index] = value
        self._has_written(site, base, written, (template,), index)

    def store_in_place(self, site: int, place: int, kind: str, base: Any, index: Any, operand: Any) -> None:
        """``base[index] += operand``."""
        if not self.active or not isinstance(base, np.ndarray):
            base[index] = self.in_place(site, kind, base[index], operand)
            return
        old = self._record(None, operator.getitem, (base, index), {}, base[index])
        plain, _, rule = BINARY[kind]
        new = self._record(site, rule, (old, operand), {}, plain(old, operand))
        self.store(place, new, base, index)

    # -- writes --------------------------------------------------------------------------------------------------------

    def _about_to_write(self, array: Array) -> None:
        """Keep what the memory of an array holds now."""
        self.value_of(array)
        buffer = self._buffers[id(owner_of(array))]
        self._of_owner(buffer, buffer.owner)
        buffer.freeze()

    def _has_written(
        self, site: int | None, array: Array, rule: Any, template: tuple[Any, ...], index: Any = None
    ) -> Value | None:
        """The value of the array after a write: all of it by a rule, or some places of it; None if it is not known."""
        buffer = self._buffers[id(owner_of(array))]
        before = buffer.value
        assert before is not None
        where = positions(array, buffer.owner)
        buffer.version += 1
        if where is None or not self.active:
            buffer.value = None
            buffer.value = self._leaf(buffer.owner)
            return None
        if rule in (written, added_at):
            places = np.asarray(where[index])
            buffer.value = None
            return self._add(rule, (Ref(before.id), *template, places), {}, buffer.owner, site)
        if array is buffer.owner:
            return self._add(rule, template, {}, array, site)
        new = self._add(rule, template, {}, np.array(array), site)
        new.array = np.array(array)
        self._add(written, (Ref(before.id), Ref(new.id), where), {}, buffer.owner, None)
        return new

    # -- calls ---------------------------------------------------------------------------------------------------------

    def call(self, site: int, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """``function(*args, **kwargs)``."""
        if self._stand_ins and _is_hashable(function):
            function = self._stand_ins.get(function, function)
        if self._widens:
            function, args, kwargs = wide_call(function, args, kwargs)
        if self._tightens is not None:
            self._follow_once(function)
            args, kwargs = tightened_call(function, args, kwargs, self._tightens)
        if not self.active:
            return function(*args, **kwargs)
        owner = getattr(function, "__self__", None)
        if isinstance(function, types.BuiltinFunctionType) and isinstance(owner, np.ndarray):
            return self._method(site, function, owner, args, kwargs)
        if isinstance(function, np.ufunc) or isinstance(owner, np.ufunc):
            return self._of_ufunc(site, function, owner, args, kwargs)
        if function in _ITERATING if isinstance(function, type) or function in (sorted, iter, any, all) else False:
            rows = (self.iterate(site, each) for each in args)
            args = tuple(list(each) if isinstance(each, types.GeneratorType) else each for each in rows)
            return function(*args, **kwargs)
        if function is sum or function is math.fsum:
            return self._total(site, self.iterate(site, args[0]) if args else (), *args[1:], **kwargs)
        if function in (max, min) and args:
            return function(*(self.iterate(site, each) for each in args), **kwargs)
        if isinstance(function, type) and function in (float, np.float64) and len(args) == 1:
            out = function(args[0])
            if isinstance(out, float):
                out = out * 1.0  # another object
            return self._record(site, same, args, {}, out) if _is_number(args[0]) else out
        module = getattr(function, "__module__", None) or ""
        if isinstance(function, type) and not module.startswith(("numpy", "scipy", "builtins")):
            self.calls.note(function, args, kwargs)
            self.program.follow(function)
            return function(*args, **kwargs)
        if not module.startswith(EVEN):
            self.calls.note(function, args, kwargs)
            self.program.follow(function)
            if self.program.has_rewritten(function):
                return function(*args, **kwargs)
        return self._of_library(site, function, args, kwargs)

    def _follow_once(self, function: Any) -> None:
        """Rewrite the file of a function where nothing is recorded: what rewritten code makes is rewritten already."""
        key = id(getattr(function, "__code__", type(function)))
        if key not in self._met:
            self._met.add(key)
            self.program.follow(function)

    def _of_library(self, site: int, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = getattr(function, "__module__", None) or ""
        rule = OF_MATH.get(function, function) if _is_hashable(function) else function
        if rule in WRITES if _is_hashable(rule) else False:
            return self._placing(site, function, args, kwargs)
        if isinstance(kwargs.get("out"), np.ndarray):
            return self._into(site, rule, function, args, kwargs)
        pure = module.startswith(("numpy", "scipy", "math", "builtins"))
        template = None if pure else self._before(args, kwargs)
        known = len(self.graph.values)
        out = function(*args, **kwargs)
        if tolerances_of(function, args, kwargs):
            self.stopping.append(function)
        meanwhile = Counter(value.site for value in self.graph.values[known:])
        if max(meanwhile.values(), default=0) >= RECORDING.calls_back:
            self.callers.append(function)
        if template is not None:
            self._after(template)
        return self._record(site, rule, args, kwargs, out)

    def _into(self, site: int, rule: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of a function that writes what it computes into an array, and reads no other than its arguments."""
        into, others = kwargs["out"], {key: each for key, each in kwargs.items() if key != "out"}
        if type(into) is not np.ndarray or "where" in others or any(map(_is_number, others.values())):
            return self._writing(site, function, args, kwargs, (into,))
        template = self._template(args)
        self._about_to_write(into)
        out = function(*args, **kwargs)
        named = others and not isinstance(rule, np.ufunc)  # those have options for types and layouts alone
        self._has_written(site, into, functools.partial(rule, **others) if named else rule, template)
        return out

    def _total(self, site: int, terms: Iterable[Any], start: Any = 0) -> Any:
        """A sum, whose terms may be computed one by one meanwhile."""
        out = start
        for i, term in enumerate(terms):
            first = i == 0 and type(start) is int and start == 0 and _is_number(term)
            out = term if first else self.binary(site, "Add", out, term)
        return out

    def _method(self, site: int, function: Any, owner: Array, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A method of an array."""
        name = function.__name__
        if name in WRITING_METHODS:
            return self._writing(site, function, args, kwargs, (owner,))
        if kwargs.get("out") is not None:
            return self._writing(site, function, args, kwargs, (kwargs["out"],))
        out = function(*args, **kwargs)
        if name == "tolist":
            self._name_items(site, owner, out)
            return out
        if name in ("copy", "astype", "item", "__array__", "__copy__", "__deepcopy__", "view"):
            index = args if name == "item" and args else None
            if index is not None:
                return self._record(site, operator.getitem, (owner, index if len(index) > 1 else index[0]), {}, out)
            plain = not isinstance(out, np.ndarray) or out.dtype.kind == owner.dtype.kind
            return self._record(
                site, same if plain else getattr(np.ndarray, name), (owner, *(() if plain else args)), {}, out
            )
        rule = METHODS.get(name, getattr(np.ndarray, name))
        return self._record(site, rule, (owner, *args), kwargs, out)

    def _name_items(self, site: int, array: Array, out: Any) -> None:
        """The numbers in a list that was an array."""
        if isinstance(out, list):
            for i, each in enumerate(out):
                if isinstance(each, float):
                    self._record(site, operator.getitem, (array, i), {}, each)
                elif isinstance(each, list):
                    row = array[i]
                    self._record(site, operator.getitem, (array, i), {}, row)
                    self._name_items(site, row, each)

    def _of_ufunc(self, site: int, function: Any, owner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A universal function, or a method of one."""
        if isinstance(owner, np.ufunc) and function.__name__ == "at":
            if owner in (np.add, np.subtract) and isinstance(args[0], np.ndarray):
                value = args[2] if owner is np.add else self._record(site, np.negative, args[2:], {}, -args[2])
                template = self._template(value)
                self._about_to_write(args[0])
                out = function(*args, **kwargs)
                self._has_written(site, args[0], added_at, (template,), args[1])
                return out
            return self._placing(site, function, args, kwargs)
        into = kwargs.get("out")
        if into is None and isinstance(function, np.ufunc) and len(args) > function.nin:
            into, args = args[function.nin], args[: function.nin]
        if into is not None:
            given = {**kwargs, "out": into[0] if isinstance(into, tuple) else into}
            if not isinstance(function, np.ufunc):
                return self._writing(site, function, args, given, (given["out"],))
            return self._into(site, function, function, args, given)
        out = function(*args, **kwargs)
        if isinstance(owner, np.ufunc):
            if function.__name__ == "reduce" and owner is np.add and len(args) < 3:
                axis = {"axis": 0, **kwargs} if len(args) < 2 else kwargs
                return self._record(site, np.sum, args, axis, out)
            if function.__name__ == "outer" and owner is np.multiply:
                return self._record(site, np.outer if np.ndim(out) == 2 else function, args, kwargs, out)
        return self._record(site, function, args, kwargs, out)

    def _placing(self, site: int, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that puts values at some places of an array: these are seen by putting their numbers there."""
        k = WRITES[function]
        if len(args) <= k or not isinstance(args[0], np.ndarray) or not _is_plain(args[k]):
            return self._writing(site, function, args, kwargs, args[:1])
        values, numbers = np.asarray(args[k]), np.full(np.shape(args[0]), -1)
        function(numbers, *args[1:k], np.arange(values.size).reshape(values.shape), *args[k + 1 :], **kwargs)
        places = np.nonzero(numbers >= 0)
        moved: Any = gathered(args[k], numbers[places])
        if _is_number(args[k]):
            self._add(gathered, (self._template(args[k]), numbers[places]), {}, moved, site)
        template = self._template(moved)
        self._about_to_write(args[0])
        out = function(*args, **kwargs)
        self._has_written(site, args[0], written, (template,), places)
        return out

    def _writing(
        self, site: int, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], into: tuple[Any, ...]
    ) -> Any:
        """A call that writes into arrays in a way that has no rule."""
        arrays = [each for each in into if isinstance(each, np.ndarray)]
        for array in arrays:
            self._about_to_write(array)
        out = function(*args, **kwargs)
        for array in arrays:
            self._forget(array)
        return out

    def _forget(self, array: Array) -> None:
        self.forgets = True
        buffer = self._buffers[id(owner_of(array))]
        buffer.version += 1
        buffer.value = None
        buffer.value = self._leaf(buffer.owner)

    def _before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[Array, Array]]:
        """The arrays that an unknown function may write into, with copies."""
        arrays = [each for each in (*args, *kwargs.values()) if isinstance(each, np.ndarray) and each.flags.writeable]
        for array in arrays:
            self._about_to_write(array)
        return [(array, array.copy()) for array in arrays]

    def _after(self, arrays: list[tuple[Array, Array]]) -> None:
        for array, before in arrays:
            if array.shape != before.shape or not np.array_equal(array, before, equal_nan=array.dtype.kind in "fc"):
                self._forget(array)


def _is_number(thing: Any) -> bool:
    return isinstance(thing, (np.ndarray, float))


def _is_plain(thing: Any) -> bool:
    return isinstance(thing, (np.ndarray, np.generic, int, float, complex, list))


def _is_record(out: Any) -> bool:
    """Whether a function has returned a tuple with named entries, as `numpy.linalg.eigh` does."""
    return isinstance(out, tuple) and hasattr(out, "_fields")


def _is_hashable(function: Any) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True
