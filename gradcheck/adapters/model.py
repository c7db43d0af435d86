"""A model with named parameters that it reads itself, as teaching code writes them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.adapters.reading import read_gradient, read_loss, read_parameters
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subject import Point, Subject

#: Where a model may keep its parameters, and what it may call its gradient, in the order in which they are tried.
PARAMETERS = ("params", "parameters")
GRADIENTS = ("gradient", "gradients", "grad", "backward")


def parameters_of(model: Any) -> tuple[str, Mapping[str, Any]] | None:
    """Name and value of the model's mapping of parameters, if it has one."""
    for name in PARAMETERS:
        value = getattr(model, name, None)
        if isinstance(value, Mapping):
            return name, value
    return None


def looks_like_model(model: Any) -> bool:
    """Whether it has a mapping of parameters and a `loss` to call."""
    return callable(getattr(model, "loss", None)) and parameters_of(model) is not None


class ModelSubject(Subject):
    """A model with `params` (or `parameters`) and `loss(*batch)`.

    Either ``loss(*batch)`` returns ``(loss, gradients)``, or a second method (`gradient`, `gradients`, `grad` or
    `backward`) takes the same batch and returns the gradients, as a mapping with the keys of the parameters. The
    parameters are moved in place, and put back bit for bit when the session ends.

    Parameters
    ----------
    model : object
    batch : sequence
        Arguments of `loss` and of the gradient, ``(X, y)`` say.
    """

    def __init__(self, model: Any, batch: Sequence[Any] = ()) -> None:
        found = parameters_of(model)
        if found is None or not callable(getattr(model, "loss", None)):
            raise SubjectTypeError(
                f"{type(model).__qualname__} is no model that gradcheck reads: it needs a mapping `params` (or "
                "`parameters`) and a method `loss`; for a function, pass check_gradients(fun, grad, x0)"
            )
        self._attribute, parameters = found
        self._model = model
        self._batch = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        self.name = type(model).__qualname__
        self._where = f"{self.name}.{self._attribute}"
        self._refuse_wrong_batch(model.loss)
        self.blocks, arrays, self._structure = read_parameters(parameters, self._where)
        self._arrays = arrays
        self._scalars = tuple(not isinstance(leaf, np.ndarray) for leaf in self._structure.leaves(parameters))
        self._refuse_what_cannot_be_moved(parameters)
        self.point = tuple(array.copy() for array in arrays)
        self._wide = False
        self._gradient = next((getattr(model, g) for g in GRADIENTS if callable(getattr(model, g, None))), None)
        self._together: bool | None = None
        self._remarks: dict[str, str] = {}
        if any(array.dtype.itemsize < 8 for array in arrays) and self._takes_wide():
            self._wide = True
            self.point = tuple(array.astype(np.float64) for array in arrays)

    def _takes_wide(self) -> bool:
        """Whether the model computes in float64 when its mapping holds float64 arrays, and sees them change.

        Models whose layers keep arrays of their own do not look into the mapping again; they are moved in place.
        """
        mapping = getattr(self._model, self._attribute)
        if not isinstance(mapping, MutableMapping) or any(block.name not in mapping for block in self.blocks):
            return False
        near = self.representable(tuple(1.5 * array.astype(np.float64) for array in self._arrays))
        try:
            with self.session():
                narrow = [read_loss(self._call(), "")]
                wide = [read_loss(self._call_wide(point), "") for point in (self.point, near)]
                self._write(near)
                narrow.append(read_loss(self._call(), ""))
                self.preparations += 4
        except Exception:
            return False
        change, other = narrow[1] - narrow[0], wide[1] - wide[0]
        coarsest = max(float(np.finfo(array.dtype).eps) for array in self._arrays)
        rounding = 16 * coarsest * max(map(abs, narrow))
        return abs(change) > 4 * rounding and abs(change - other) <= 0.05 * abs(change) + rounding

    def _call(self) -> Any:
        result = self._model.loss(*self._batch)
        return result[0] if isinstance(result, tuple) else result

    def _call_wide(self, point: Point) -> Any:
        mapping = getattr(self._model, self._attribute)
        own = {block.name: mapping[block.name] for block in self.blocks}
        try:
            for block, value in zip(self.blocks, point, strict=True):
                mapping[block.name] = value.astype(np.float64)
            return self._call()
        finally:
            mapping.update(own)

    def representable(self, point: Point) -> Point:
        """Round to the types of the model's own arrays."""
        return tuple(x.astype(array.dtype).astype(x.dtype) for x, array in zip(point, self._arrays, strict=True))

    def _refuse_wrong_batch(self, loss: Any) -> None:
        try:
            signature = inspect.signature(loss)
            signature.bind(*self._batch)
        except ValueError:
            return  # a built-in that does not tell its arguments
        except TypeError as error:
            raise SubjectTypeError(
                f"{self.name}.loss{signature} cannot be called with a batch of {len(self._batch)}: {error}; "
                "pass its arguments as batch=(X, y)"
            ) from None

    def _refuse_what_cannot_be_moved(self, parameters: Mapping[str, Any]) -> None:
        for block, array, scalar in zip(self.blocks, self._arrays, self._scalars, strict=True):
            if scalar and not ("." not in block.name and isinstance(parameters, MutableMapping)):
                raise SubjectTypeError(f"{self._where}[{block.name!r}] is a plain number: make it an array of shape ()")
            if not scalar and not array.flags.writeable:
                raise SubjectError(
                    f"{self._where}[{block.name!r}] is read-only, and a model is checked by moving its parameters in "
                    "place: store a writeable copy, array.copy()"
                )
        again = read_parameters(getattr(self._model, self._attribute), self._where)[1]
        for block, array, other, scalar in zip(self.blocks, self._arrays, again, self._scalars, strict=True):
            if not scalar and array.size and not np.may_share_memory(array, other):
                raise SubjectError(
                    f"{self._where}[{block.name!r}] is a new copy at each access, so that moving it would not move the "
                    "model: return the arrays that the model computes with"
                )

    @contextmanager
    def session(self) -> Iterator[None]:
        """Put the parameters back bit for bit on leaving, whatever happened."""
        saved = tuple(array.copy() for array in self._arrays)
        try:
            yield
        finally:
            self._write(saved)

    def _write(self, point: Point) -> None:
        mapping = getattr(self._model, self._attribute)
        for block, array, value, scalar in zip(self.blocks, self._arrays, point, self._scalars, strict=True):
            if scalar:
                mapping[block.name] = value[()]
            else:
                np.copyto(array, value, casting="same_kind")

    def loss(self, point: Point) -> float:
        """Write the point into the model and call its `loss`."""
        if self._wide and self._together is not None:
            return read_loss(self._call_wide(point), f"{self.name}.loss()")
        value = read_loss(self._evaluate(point)[0], f"{self.name}.loss()")
        return read_loss(self._call_wide(point), f"{self.name}.loss()") if self._wide else value

    def gradient(self, point: Point) -> Point:
        """Gradients that the model claims at a point."""
        if self._gradient is None or self._together:
            result, source = self._evaluate(point)[1], f"{self.name}.loss()"
        else:
            self._write(point)
            result = self._gradient(*self._batch)
            source = f"{self.name}.{self._gradient.__name__}()"
            self._note_changes(point, source)
        if not isinstance(result, Mapping):
            raise SubjectTypeError(
                f"{source} returned a {type(result).__qualname__} as the gradients: return a mapping with the keys of "
                f"{self._attribute}: {', '.join(block.name for block in self.blocks)}"
            )
        wanted = {key: result[key] for key in getattr(self._model, self._attribute) if key in result}
        return tuple(np.array(g) for g in read_gradient(wanted, self.blocks, self._structure, source))

    def remarks(self) -> dict[str, str]:
        """Whether a call changed the parameters."""
        return dict(self._remarks)

    def _evaluate(self, point: Point) -> tuple[Any, Any]:
        self._write(point)
        result = self._model.loss(*self._batch)
        first = self._together is None
        if first:
            self._together = isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)
            self._note_changes(point, f"{self.name}.loss()")
        if self._together:
            return result[0], result[1]
        if self._gradient is None:
            raise SubjectTypeError(
                f"{self.name}.loss() returned a {type(result).__qualname__}, and {self.name} has no method "
                f"{', '.join(GRADIENTS)}: return (loss, gradients) from loss, or add such a method"
            )
        return result, None

    def _note_changes(self, point: Point, source: str) -> None:
        for block, array, value in zip(self.blocks, self._arrays, point, strict=True):
            if not np.array_equal(array, value.astype(array.dtype), equal_nan=True):
                self._remarks["mutates-input"] = f"{source} writes into {self._where}[{block.name!r}]"
                return
