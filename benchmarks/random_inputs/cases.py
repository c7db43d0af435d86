"""One random input: a check, its functions, point, claim and options."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse

import gradcheck
from benchmarks.random_inputs import functions
from benchmarks.random_inputs.functions import OwnError, like, numbers
from benchmarks.random_inputs.points import Generator, point

#: How likely each kind of input is hard in some way.
_WRONG, _FORM, _VALUE, _RAISING, _WRITING, _OPTION = 0.4, 0.06, 0.08, 0.02, 0.02, 0.05

#: How often a failing check is diagnosed, and its lines are looked for: that takes a hundred times as long.
_DIAGNOSED = 0.1

#: Checks, by how often they are drawn.
CHECKS = ("gradients",) * 12 + ("jacobian",) * 3 + ("vjp", "vjp", "jvp", "adjoint", "hessian", "problem")


@dataclass
class Case:
    """A check that is ready to run.

    Attributes
    ----------
    check : str
    x : object
        The point; None for adjoints.
    run : callable
        Makes the check and returns its report.
    is_right : bool
        Whether the claim is exact and nothing is hard, so that the verdict must not be fail.
    budget : int or None
        The largest number of evaluations that was asked for, if it was valid.
    """

    check: str
    x: Any
    run: Callable[[], gradcheck.Report]
    is_right: bool
    budget: int | None


def case(seed: int) -> Case:
    """The input of a number."""
    rng = np.random.default_rng(seed)
    check = str(rng.choice(CHECKS))
    x = point(rng)
    v = numbers(x)
    outputs = int(rng.integers(1, 4))
    with np.errstate(all="ignore"):
        size = np.abs(v[v != 0])
        moderate = bool(np.all((size > 1e-3) & (size < 100)))
    function = functions.drawn_map(rng, v.size, outputs, moderate and _is_double(x))
    options = drawn_options(rng, x)
    author = _Author(rng, function, x)
    budget = options.get("budget")
    is_plain = author.is_right and function.is_plain and not options.keys() - {"diagnose"}
    options.setdefault("rng", seed)
    return Case(
        check,
        None if check == "adjoint" else x,
        lambda: getattr(author, check)(options),
        is_plain,
        budget if type(budget) is int and budget > 0 and check != "problem" else None,  # there it is for each part
    )


def _is_double(x: Any) -> bool:
    """Whether all leaves are arrays of double precision."""
    return all(isinstance(leaf, np.ndarray) and leaf.dtype == np.float64 for leaf in functions.flat(x))


class _Author:
    """The functions that somebody wrote for one map, with the mistakes that were drawn."""

    def __init__(self, rng: Generator, function: functions.Map, x: Any) -> None:
        self._rng, self._function, self._x = rng, function, x
        self._mistake = _sometimes(rng, _WRONG, functions.MISTAKES)
        self._form = _sometimes(rng, _FORM, functions.FORMS)
        self._value = _sometimes(rng, _VALUE, functions.VALUES)
        self._raises = rng.random() < _RAISING
        self._writes = rng.random() < _WRITING
        self._style = int(rng.integers(8))
        self._calls = np.random.default_rng(int(rng.integers(2**32)))
        self.is_right = not (self._mistake or self._form or self._value or self._raises or self._writes)

    def _numbers(self, x: Any) -> np.ndarray:
        if self._raises and self._calls.random() < 0.1:
            raise OwnError
        v = numbers(x)
        for leaf in functions.flat(x) if self._writes else ():
            if isinstance(leaf, np.ndarray) and leaf.flags.writeable and leaf.dtype.kind == "f" and leaf.size:
                leaf.flat[0] += 1
        return v

    def _outputs(self, x: Any) -> np.ndarray:
        with np.errstate(all="ignore"):
            return self._function(self._numbers(x))

    def _loss(self, x: Any, *_: Any) -> Any:
        with np.errstate(all="ignore"):
            value = float(np.sum(self._outputs(x)))
            return value if self._value is None else self._value(self._calls, value)

    def _shaped(self, v: np.ndarray) -> Any:
        with np.errstate(all="ignore"):
            if self._mistake is not None:
                v = self._mistake(self._calls, v)
            claim = like(self._x, v)
            return claim if self._form is None else self._form(self._calls, claim)

    def _gradient(self, x: Any, *_: Any) -> Any:
        with np.errstate(all="ignore"):
            return self._shaped(self._function.jacobian(self._numbers(x)).sum(axis=0))

    def _jacobian(self, x: Any, *_: Any) -> Any:
        with np.errstate(all="ignore"):
            jacobian = self._function.jacobian(self._numbers(x))
            if self._mistake is not None:
                jacobian = self._mistake(self._calls, jacobian.ravel()).reshape(jacobian.shape)
        if self._form is not None:
            return self._form(self._calls, jacobian)
        if self._style == 0:
            return scipy.sparse.csr_array(jacobian)
        return scipy.sparse.linalg.aslinearoperator(jacobian) if self._style == 1 else jacobian

    def gradients(self, options: dict[str, Any]) -> gradcheck.Report:
        """A loss and its gradient, in one of the forms that are allowed."""
        if self._style == 0:
            return gradcheck.check_gradients(lambda x, *_: (self._loss(x), self._gradient(x)), True, self._x, **options)
        if self._style == 1:
            return gradcheck.check_gradients(self._loss, self._gradient(copy.deepcopy(self._x)), self._x, **options)
        if self._style == 2:
            return gradcheck.check_gradients(_Model(self, self._x), batch=options.pop("args", ()), **options)
        return gradcheck.check_gradients(self._loss, self._gradient, self._x, **options)

    def jacobian(self, options: dict[str, Any]) -> gradcheck.Report:
        """Several outputs and their derivatives by one vector."""
        self._flat()
        return gradcheck.check_jacobian(lambda x, *_: self._outputs(x), self._jacobian, self._x, **options)

    def vjp(self, options: dict[str, Any]) -> gradcheck.Report:
        """A product with the transposed Jacobian."""

        def product(x: Any, w: Any, *_: Any) -> Any:
            with np.errstate(all="ignore"):
                return self._shaped(np.asarray(w, dtype=float) @ self._function.jacobian(self._numbers(x)))

        return gradcheck.check_vjp(lambda x, *_: self._outputs(x), product, self._x, **options)

    def jvp(self, options: dict[str, Any]) -> gradcheck.Report:
        """A product with the Jacobian."""

        def product(x: Any, t: Any, *_: Any) -> Any:
            with np.errstate(all="ignore"):
                y = self._function.jacobian(self._numbers(x)) @ numbers(t)
                y = y if self._mistake is None else self._mistake(self._calls, y)
            return y if self._form is None else self._form(self._calls, y)

        return gradcheck.check_jvp(lambda x, *_: self._outputs(x), product, self._x, **options)

    def adjoint(self, options: dict[str, Any]) -> gradcheck.Report:
        """A matrix and its transpose."""
        m = self._function.m
        n, k = m.shape[1], m.shape[0]
        options = {key: value for key, value in options.items() if key in ("rtol", "rng", "budget", "entries")}

        def backward(y: Any) -> Any:
            with np.errstate(all="ignore"):
                x = m.T @ y
                x = x if self._mistake is None else self._mistake(self._calls, x)
            return x if self._form is None else self._form(self._calls, x)

        return gradcheck.check_adjoint(lambda x: m @ x, backward, np.zeros(n), np.zeros(k), **options)

    def hessian(self, options: dict[str, Any]) -> gradcheck.Report:
        """A loss, its gradient and the matrix of its second derivatives, by differences where none is known."""
        self._flat()

        def hessian(x: Any, *_: Any) -> Any:
            v = self._numbers(x)
            with np.errstate(all="ignore"):
                eye = 1e-5 * np.eye(v.size)
                slopes = [self._function.jacobian(v + e).sum(0) - self._function.jacobian(v - e).sum(0) for e in eye]
                h = np.array(slopes).reshape(v.size, v.size) / 2e-5
                h = h if self._mistake is None else self._mistake(self._calls, h.ravel()).reshape(h.shape)
            return h if self._form is None else self._form(self._calls, h)

        def gradient(x: Any, *_: Any) -> Any:
            with np.errstate(all="ignore"):
                return self._function.jacobian(self._numbers(x)).sum(axis=0)

        self.is_right = False
        return gradcheck.check_hessian(self._loss, gradient, hessian, self._x, **options)

    def problem(self, options: dict[str, Any]) -> gradcheck.Report:
        """A problem with a constraint."""
        self._flat()
        constraint = {"type": "ineq", "fun": lambda x, *_: self._outputs(x), "jac": self._jacobian}
        return gradcheck.check_problem(
            self._loss, self._x, jac=self._gradient, constraints=constraint if self._style else [constraint], **options
        )

    def _flat(self) -> None:
        """Take all numbers of the point as one vector."""
        self._x = numbers(self._x)


class _Model:
    """A model with parameters in a dict."""

    def __init__(self, author: _Author, x: Any) -> None:
        self._author, self.params = author, x if isinstance(x, dict) else {"w": x}

    def loss(self, *batch: Any) -> Any:
        """The loss and the gradients."""
        x = self.params if isinstance(self._author._x, dict) else self.params["w"]
        gradient = self._author._gradient(x)
        return self._author._loss(x), gradient if isinstance(self._author._x, dict) else {"w": gradient}


def drawn_options(rng: Generator, x: Any) -> dict[str, Any]:
    """Options, most of them as they are documented."""
    size = numbers(x).size
    low = np.sort(rng.standard_normal((2, size)), axis=0)
    drawn: dict[str, list[Any]] = {
        "rtol": [1e-3, 0.05, 1e-9, 0.5, 0.0, -1.0, np.nan, "a", True, np.float32(1e-3)],
        "budget": [1, 5, 20, 50, 100, 400, 0, -3, 2.5, "a", np.int64(60), 10**6],
        "entries": [True, True, True, 1, "a", None],
        "wrt": ["w0", ["w0"], "nothing", 3, [], ["w0", "w1"], "outer", "x", ""],
        "bounds": [
            scipy.optimize.Bounds(low[0], low[1]),
            [(-10, 10)] * size,
            [(None, None)] * size,
            [(0, None)] * size,
            [(1, -1)] * size,
            [(0, 1)],
            "a",
            (-1, 1),
        ],
        "loss_accuracy": [0, 1e-6, 1e-3, 0.1, -1, np.nan, "a", 2.0],
        "diagnose": [False, False, False, None],
        "method": ["taylor", "taylor", "complex", "textbook", "nonsense", None],
        "rng": [7, np.random.default_rng(3), None, "a", -1, 1.5],
        "retract": [lambda a, b: a + b, lambda a, b: None, "a"],
        "args": [(1,), (np.ones(2), "a"), 3],
        "workers": [1, 0, "a"],
        "unknown": [1],
    }
    if rng.random() < 0.5:
        return {} if rng.random() < _DIAGNOSED else {"diagnose": False}
    chosen = {name: choices[rng.integers(len(choices))] for name, choices in drawn.items() if rng.random() < _OPTION}
    if "unknown" in chosen and rng.random() < 0.9:
        del chosen["unknown"]
    if rng.random() >= _DIAGNOSED:
        chosen.setdefault("diagnose", False)
    return chosen


def _sometimes(rng: Generator, chance: float, table: dict[str, Callable[..., Any]]) -> Callable[..., Any] | None:
    return table[str(rng.choice(list(table)))] if rng.random() < chance else None
