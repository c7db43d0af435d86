"""A model with named parameters that it reads itself, as teaching code writes them."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.batch import counts_of, samples_of, split
from gradcheck.subjects.holder import Holder, parameters_of
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.validation import read_gradient, read_loss

#: What a model may call its gradient, in the order in which the names are tried.
GRADIENTS = ("gradient", "gradients", "grad", "backward")


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
        self.name = type(model).__qualname__
        if not looks_like_model(model):
            raise SubjectTypeError(
                f"{self.name} is no model that gradcheck reads: it needs a mapping `params` (or `parameters`) and a "
                "method `loss`; for a function, pass check_gradients(fun, grad, x0)"
            )
        self._model = model
        self._batch = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        self._refuse_wrong_batch(model.loss)
        self._holder = Holder(model)
        self.blocks = self._holder.blocks
        self.point = tuple(array.copy() for array in self._holder.arrays)
        self._name = next((name for name in GRADIENTS if callable(getattr(model, name, None))), "")
        self._gradient: Callable[..., Any] | None = getattr(model, self._name) if self._name else None
        self._together: bool | None = None
        self._wide = False
        self._remarks: dict[str, str] = {}
        if any(array.dtype.itemsize < 8 for array in self.point) and self._takes_wide():
            self._wide = True
            self.point = tuple(array.astype(np.float64) for array in self.point)

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

    def _takes_wide(self) -> bool:
        """Whether the model computes in float64 when its mapping holds float64 arrays, and sees them change.

        Models whose layers keep arrays of their own do not look into the mapping again; they are moved in place.
        """
        if not self._holder.top_level:
            return False
        near = self.representable(tuple(1.5 * array.astype(np.float64) for array in self.point))
        try:
            with self.session():
                narrow = [read_loss(self._call(), "")]
                wide = [read_loss(self._holder.wide(point, self._call), "") for point in (self.point, near)]
                self._holder.write(near)
                narrow.append(read_loss(self._call(), ""))
                self.preparations += 4
        except Exception:
            return False
        change, other = narrow[1] - narrow[0], wide[1] - wide[0]
        coarsest = max(float(np.finfo(array.dtype).eps) for array in self.point)
        rounding = 16 * coarsest * max(map(abs, narrow))
        return abs(change) > 4 * rounding and abs(change - other) <= 0.05 * abs(change) + rounding

    def _call(self) -> Any:
        result = self._model.loss(*self._batch)
        return result[0] if isinstance(result, (tuple, list)) else result

    def representable(self, point: Point) -> Point:
        """Round to the types of the model's own arrays."""
        return tuple(
            np.asarray(x.astype(array.dtype).astype(x.dtype))
            for x, array in zip(point, self._holder.arrays, strict=True)
        )

    @contextmanager
    def session(self) -> Iterator[None]:
        """Put the parameters back bit for bit on leaving, whatever happened."""
        saved = tuple(array.copy() for array in self._holder.arrays)
        try:
            yield
        finally:
            self._holder.restore(saved)

    def loss(self, point: Point) -> float:
        """Move the model to the point and call its `loss`."""
        source = f"{self.name}.loss()"
        if self._wide and self._together is not None:
            return read_loss(self._holder.wide(point, self._call), source)
        value = read_loss(self._evaluate(point)[0], source)
        return read_loss(self._holder.wide(point, self._call), source) if self._wide else value

    def gradient(self, point: Point) -> Point:
        """Gradients that the model claims at a point."""
        if self._gradient is None or self._together:
            result, source = self._evaluate(point)[1], f"{self.name}.loss()"
        else:
            self._holder.write(point)
            result = self._gradient(*self._batch)
            source = f"{self.name}.{self._name}()"
            self._note_changes(point, source)
        if not isinstance(result, Mapping):
            kind = "None" if result is None else f"a {type(result).__qualname__}"
            raise SubjectTypeError(
                f"{source} returned {kind} as the gradients: return a mapping with the keys of "
                f"{self._holder.attribute}: {', '.join(block.name for block in self.blocks)}"
            )
        known = {key: result[key] for key in self._holder.mapping if key in result}
        chosen = known if len(known) == len(self._holder.mapping) else dict(result)
        return tuple(np.array(g) for g in read_gradient(chosen, self.blocks, self._holder.structure, source))

    @property
    def batch(self) -> tuple[Any, ...]:
        """Arguments of the model's methods."""
        return self._batch

    @property
    def samples(self) -> int:
        """Samples that the arrays of the batch have in common along their first axes."""
        return samples_of(self._batch)

    def restricted(self, part: slice) -> Subject | None:
        """The same model with part of the batch."""
        if self.samples < 2:
            return None
        smaller = copy.copy(self)
        smaller._batch = split(self._batch, part)
        return smaller

    def counts(self) -> dict[int, str]:
        """Lengths and sizes in the batch, or else in the parameters."""
        return counts_of(self._batch, self.blocks)

    def remarks(self) -> dict[str, str]:
        """Whether a call changed the parameters."""
        return dict(self._remarks)

    def _evaluate(self, point: Point) -> tuple[Any, Any]:
        self._holder.write(point)
        result = self._model.loss(*self._batch)
        if self._together is None:
            pair = isinstance(result, (tuple, list)) and len(result) == 2
            self._together = pair and isinstance(result[1], Mapping)
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
        changed = self._holder.changed(point)
        if changed is not None:
            self._remarks["mutates-input"] = f"{source} writes into {changed}"
