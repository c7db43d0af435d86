"""Operations that a recording has in place of writes into memory, and what is known of those of NumPy."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def same(array: Any) -> Any:
    """A value under another name."""
    return array


def gathered(owner: Any, positions: Array) -> Any:
    """What a view of the memory of an array shows."""
    return np.asarray(owner).reshape(-1)[positions]


def written(owner: Any, value: Any, positions: Array) -> Array:
    """An array after a value was written to some of its places."""
    new = np.array(owner).reshape(-1)
    new[positions] = value
    return new.reshape(np.shape(owner))


def added_at(owner: Any, value: Any, positions: Array) -> Array:
    """An array after `numpy.add.at`: repeated places add up."""
    new = np.array(owner).reshape(-1)
    np.add.at(new, positions, np.broadcast_to(value, positions.shape))
    return new.reshape(np.shape(owner))


@dataclass(frozen=True)
class Part:
    """One entry of what a function returns."""

    function: Any
    index: int

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The entry."""
        return self.function(*args, **kwargs)[self.index]


#: Operators by the names of their nodes: of Python, and the function of NumPy whose rule they have.
BINARY: dict[str, tuple[Any, Any, Any]] = {
    "Add": (operator.add, operator.iadd, np.add),
    "Sub": (operator.sub, operator.isub, np.subtract),
    "Mult": (operator.mul, operator.imul, np.multiply),
    "Div": (operator.truediv, operator.itruediv, np.true_divide),
    "Pow": (operator.pow, operator.ipow, np.power),
    "MatMult": (operator.matmul, operator.imatmul, np.matmul),
    "Mod": (operator.mod, operator.imod, np.remainder),
    "FloorDiv": (operator.floordiv, operator.ifloordiv, np.floor_divide),
    "BitAnd": (operator.and_, operator.iand, np.bitwise_and),
    "BitOr": (operator.or_, operator.ior, np.bitwise_or),
    "BitXor": (operator.xor, operator.ixor, np.bitwise_xor),
    "LShift": (operator.lshift, operator.ilshift, np.left_shift),
    "RShift": (operator.rshift, operator.irshift, np.right_shift),
}

COMPARE: dict[str, tuple[Any, Any]] = {
    "Lt": (operator.lt, np.less),
    "LtE": (operator.le, np.less_equal),
    "Gt": (operator.gt, np.greater),
    "GtE": (operator.ge, np.greater_equal),
    "Eq": (operator.eq, np.equal),
    "NotEq": (operator.ne, np.not_equal),
}

#: Functions of one number, and those of NumPy that do the same.
OF_MATH: dict[Any, Any] = {
    getattr(math, name): getattr(np, other)
    for name, other in {
        **{each: each for each in ("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan")},
        **{
            each: each
            for each in ("sinh", "cosh", "tanh", "hypot", "fabs", "floor", "ceil", "exp2")
            if hasattr(math, each)
        },
        **{f"{a}{name}": f"arc{name}" for a in ("a",) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
        "atan2": "arctan2",
        "pow": "power",
    }.items()
}
OF_MATH |= {abs: np.absolute, pow: np.power}

#: Methods of arrays that are functions of NumPy with the same arguments.
METHODS = {
    name: getattr(np, name)
    for name in (
        "sum",
        "mean",
        "dot",
        "max",
        "min",
        "prod",
        "std",
        "var",
        "clip",
        "cumsum",
        "cumprod",
        "trace",
        "round",
    )
}
METHODS |= {"conj": np.conjugate, "conjugate": np.conjugate}

#: Functions that only move entries; where each comes from is found by calling them with numbers of places.
MOVES = {
    *(
        getattr(np, name)
        for name in (
            "reshape",
            "ravel",
            "transpose",
            "swapaxes",
            "moveaxis",
            "rollaxis",
            "squeeze",
            "expand_dims",
            "atleast_1d",
            "atleast_2d",
            "atleast_3d",
            "broadcast_to",
            "concatenate",
            "stack",
            "vstack",
            "hstack",
            "dstack",
            "column_stack",
            "append",
            "insert",
            "delete",
            "split",
            "array_split",
            "vsplit",
            "hsplit",
            "dsplit",
            "flip",
            "flipud",
            "fliplr",
            "rot90",
            "roll",
            "tile",
            "repeat",
            "take",
            "take_along_axis",
            "diagonal",
            "diag",
            "diagflat",
            "tril",
            "triu",
            "pad",
            "compress",
            "extract",
            "asarray",
            "ascontiguousarray",
            "array",
            "copy",
            "broadcast_arrays",
            "block",
            "meshgrid",
            "asanyarray",
            "real_if_close",
            "resize",
        )
    ),
    *(
        getattr(np.ndarray, name)
        for name in (
            "reshape",
            "ravel",
            "flatten",
            "transpose",
            "swapaxes",
            "squeeze",
            "repeat",
            "take",
            "diagonal",
            "compress",
        )
    ),
    np.lib.stride_tricks.as_strided,
    np.lib.stride_tricks.sliding_window_view,
    operator.getitem,
}

#: Functions that put values at some places of their first argument, with the place of the values among the arguments.
WRITES: dict[Any, int] = {
    np.copyto: 1,
    np.fill_diagonal: 1,
    np.put: 2,
    np.place: 2,
    np.putmask: 2,
    np.put_along_axis: 2,
}

#: Methods that write into their array.
WRITING_METHODS = {"sort", "fill", "put", "resize", "partition", "itemset", "setflags", "byteswap", "setfield"}
