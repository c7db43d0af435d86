"""A model that holds its own named parameters, with its loss and gradient, as a subject."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.batch import counts_of, samples_of, split
from gradcheck.subjects.exclusive import exclusive
from gradcheck.subjects.guard import Guard, merged, named_arguments
from gradcheck.subjects.holder import ParameterHolder, parameters_of
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.validation import validated_gradient, validated_loss
from gradcheck.tracebacks import pass_on_signal

#: Names of a method that returns the gradients, in the order in which they are tried.
GRADIENT_METHODS = ("gradient", "gradients", "grad", "backward")


@dataclass(frozen=True, slots=True)
class WideningTest:
    """When a model with narrow parameters is taken to compute in float64 if its mapping holds float64 arrays.

    The parameters are multiplied by `factor`. The loss must change visibly, and by the same amount in both types.

    Attributes
    ----------
    factor : float
        Large enough for the loss to change by more than its rounding error, small enough to stay in the usual range of
        parameters; exact in binary.
    roundings : float
        Rounding error of the narrow loss in units of the epsilon of its narrowest parameter: one for each of a few
        operations.
    visible : float
        The narrow loss must change by more than this many times its rounding error.
    agreement : float
        Relative difference between the two changes that is allowed in addition to the rounding error.
    """

    factor: float = 1.5
    roundings: float = 16.0
    visible: float = 4.0
    agreement: float = 0.05


WIDENING = WideningTest()


def looks_like_model(model: Any) -> bool:
    """Whether an object has a mapping of parameters and a method `loss`."""
    return callable(getattr(model, "loss", None)) and parameters_of(model) is not None


class ModelSubject(Subject):
    """A model with `params` (or `parameters`) and `loss(*batch)`.

    Either ``loss(*batch)`` returns ``(loss, gradients)``, or a second method (`gradient`, `gradients`, `grad` or
    `backward`) takes the same batch and returns the gradients, as a mapping with the keys of the parameters. The
    parameters are changed in place, and restored bit for bit when the session ends. Until then, checks of the same
    model in other threads wait. What a call writes into the batch is undone.

    Parameters
    ----------
    model : object
    batch : sequence
        Arguments of `loss` and of the gradient method, such as ``(X, y)``.
    wrt : str or iterable of str, optional
        Names of the parameters to check, or the beginnings of names.
    """

    def __init__(self, model: Any, batch: Sequence[Any] = (), *, wrt: Wrt = None) -> None:
        self.name = type(model).__qualname__
        if not looks_like_model(model):
            raise SubjectTypeError(
                f"{self.name} is not a model that can be checked: it needs a mapping `params` (or `parameters`) and a "
                "method `loss`; a function is checked as check_gradients(fun, grad, x0)"
            )
        self._model = model
        self._batch = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        self._require_matching_batch(model.loss)
        self._holder = ParameterHolder(model, wrt)
        self.blocks = self._holder.blocks
        self._shared = [model, *map(_root, self._holder.arrays)]
        with exclusive(self._shared):  # not while a check in another thread has moved them
            self._holder = ParameterHolder(model, wrt)
            self.point = tuple(array.copy() for array in self._holder.arrays)
        where = self._holder.where
        self._arguments = Guard(
            [
                *named_arguments("batch", self._batch, model.loss),
                *((f"{where}[{name!r}]", value) for name, value in self._holder.parameters.others.items()),
            ]
        )
        self._notes: dict[str, None] = dict.fromkeys(self._holder.parameters.notes)
        self._name = next((name for name in GRADIENT_METHODS if callable(getattr(model, name, None))), "")
        self._gradient: Callable[..., Any] | None = getattr(model, self._name) if self._name else None
        #: Whether `loss` returns the gradients too; None before its first evaluation.
        self._together: bool | None = None
        #: Whether the loss is evaluated with float64 arrays in place of the model's own.
        self._wide = False
        self._remarks: dict[str, str] = {}
        if any(array.dtype.itemsize < 8 for array in self.point) and self._takes_wide():
            self._wide = True
            self.point = tuple(array.astype(np.float64) for array in self.point)

    def _require_matching_batch(self, loss: Any) -> None:
        try:
            signature = inspect.signature(loss)
            signature.bind(*self._batch)
        except ValueError:
            return  # a built-in function without a signature
        except TypeError as error:
            raise SubjectTypeError(
                f"{self.name}.loss{signature} cannot be called with a batch of {len(self._batch)}: {error}; "
                "pass its arguments as batch=(X, y)"
            ) from None

    def _takes_wide(self) -> bool:
        """Whether the model computes in float64 with the float64 arrays that its mapping holds.

        It does not if its layers keep references to the original arrays. Such a model is changed in place.
        """
        if not self._holder.top_level:
            return False
        moved = self.representable(tuple(WIDENING.factor * array.astype(np.float64) for array in self.point))
        try:
            with self.session():
                narrow = [self._prepared(lambda: self._evaluate(self.point)[0])]
                wide = [
                    self._prepared(lambda point=point: self._holder.with_float64(point, self._call))  # type: ignore[misc]
                    for point in (self.point, moved)
                ]
                narrow.append(self._prepared(lambda: self._evaluate(moved)[0]))
        except Exception as error:
            pass_on_signal(error)
            return False
        narrow_change, wide_change = narrow[1] - narrow[0], wide[1] - wide[0]
        coarsest = max(float(np.finfo(array.dtype).eps) for array in self.point)
        rounding = WIDENING.roundings * coarsest * max(map(abs, narrow))
        visible = abs(narrow_change) > WIDENING.visible * rounding
        return visible and abs(narrow_change - wide_change) <= WIDENING.agreement * abs(narrow_change) + rounding

    def _prepared(self, evaluate: Callable[[], Any]) -> float:
        """Loss of one evaluation that is counted in `preparations`."""
        self.preparations += 1
        return validated_loss(evaluate(), f"{self.name}.loss()")

    def _call(self) -> Any:
        result = self._with_batch(self._model.loss, f"{self.name}.loss()")
        return result[0] if isinstance(result, (tuple, list)) else result

    def representable(self, point: Point) -> Point:
        """Round to the types of the model's own arrays."""
        return tuple(
            np.asarray(x.astype(array.dtype).astype(x.dtype))
            for x, array in zip(point, self._holder.arrays, strict=True)
        )

    @contextmanager
    def session(self) -> Iterator[None]:
        """Restore the parameters and the batch bit for bit on exit, whatever happened."""
        with exclusive(self._shared), self._arguments.session():
            saved = tuple(array.copy() for array in self._holder.arrays)
            try:
                yield
            finally:
                try:
                    self._holder.restore(saved)
                except BaseException:  # a second interrupt
                    self._holder.restore(saved)
                    raise

    def loss(self, point: Point) -> float:
        """Set the model to the point and call its `loss`."""
        source = f"{self.name}.loss()"
        if self._wide:
            return validated_loss(self._holder.with_float64(point, self._call), source)
        return validated_loss(self._evaluate(point)[0], source)

    def gradient(self, point: Point) -> Point:
        """Claimed gradients at a point."""
        if self._gradient is None or self._together:
            result, source = self._evaluate(point)[1], f"{self.name}.loss()"
        else:
            self._holder.write(point)
            result = self._with_batch(self._gradient, f"{self.name}.{self._name}()")
            source = f"{self.name}.{self._name}()"
            self._note_changes(point, source)
        if not isinstance(result, Mapping):
            kind = "None" if result is None else f"a {type(result).__qualname__}"
            raise SubjectTypeError(
                f"{source} returned {kind} as the gradients: return a mapping with the keys of "
                f"{self._holder.attribute}: {', '.join(block.name for block in self.blocks)}"
            )
        known = {key: result[key] for key in self._holder.mapping if key in result}
        needed = self._holder.checked_keys
        chosen = known if needed <= known.keys() else dict(result)
        found = validated_gradient(chosen, self._holder.parameters, f"{source} returned", self._notes)
        return tuple(np.array(g) for g in found)

    @property
    def batch(self) -> tuple[Any, ...]:
        """Arguments of the model's methods."""
        return self._batch

    @property
    def samples(self) -> int:
        """Common length of the first axes of the arrays in the batch; 1 if they differ."""
        return samples_of(self._batch)

    def restricted(self, part: slice) -> Subject | None:
        """The same model with a slice of the batch."""
        if self.samples < 2:
            return None
        smaller = copy.copy(self)
        smaller._batch = split(self._batch, part)
        return smaller

    def counts(self) -> dict[int, str]:
        """Lengths and sizes of the arrays in the batch, or of the parameters if there are none."""
        return counts_of(self._batch, self.blocks)

    def remarks(self) -> dict[str, str]:
        """Evidence that a call changes the parameters or the batch, if one does."""
        return merged(self._remarks.get("mutates-input", ""), self._arguments.evidence)

    def functions(self) -> tuple[Any, ...]:
        """The methods that are called, and the model with all others."""
        return (self._model.loss, self._gradient, self._model) if self._gradient else (self._model.loss, self._model)

    def notes(self) -> tuple[str, ...]:
        """What is not checked, and what had to be assumed about the gradient."""
        return tuple(self._notes)

    @property
    def disturbed(self) -> bool:
        """Whether evaluations were made with a batch that an earlier one had changed."""
        return self._arguments.disturbed

    def _with_batch(self, function: Callable[..., Any], source: str) -> Any:
        """Result of a function of the batch, which is as it was afterwards."""
        return self._arguments.call(source, lambda: function(*self._batch))

    def _evaluate(self, point: Point) -> tuple[Any, Any]:
        """Loss and gradients as `loss` returns them at a point; None for the gradients if it returns the loss alone."""
        self._holder.write(point)
        result = self._with_batch(self._model.loss, f"{self.name}.loss()")
        if self._together is None:
            pair = isinstance(result, (tuple, list)) and len(result) == 2
            self._together = pair and isinstance(result[1], Mapping)
            self._note_changes(point, f"{self.name}.loss()")
        if self._together:
            return result[0], result[1]
        if self._gradient is None:
            raise SubjectTypeError(
                f"{self.name}.loss() returned a {type(result).__qualname__}, and {self.name} has no method "
                f"{', '.join(GRADIENT_METHODS)}: return (loss, gradients) from loss, or add such a method"
            )
        return result, None

    def _note_changes(self, point: Point, source: str) -> None:
        changed = self._holder.changed(point)
        if changed is not None:
            self._remarks["mutates-input"] = f"{source} writes into {changed}"


def _root(array: Any) -> Any:
    """The array that owns the memory of an array: two models may hold views of it."""
    while isinstance(array, np.ndarray) and isinstance(array.base, np.ndarray):
        array = array.base
    return array
