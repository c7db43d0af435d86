"""Names the mistake in a wrong line by exact derivatives of the recorded graph; the program does not run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.diagnosis.attribution import diagnosed
from gradcheck.probes.evaluator import Evaluator
from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.blame import Blame
from gradcheck.recording.explain import label_of
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.matching import Kind
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.rules import NoRule
from gradcheck.scripts.instrument.values import Array
from gradcheck.subjects.subject import Block, Point, Subject
from gradcheck.subjects.views import LayerView, View
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.verdict import Verdict

#: Functions that make one number of many.
_STATISTICS = (np.mean, np.var, np.std, np.max, np.min, np.average, np.sum)


@dataclass(frozen=True)
class LineNamingSettings:
    """What the diagnosis of a line may use.

    Attributes
    ----------
    budget : int
        Evaluations of the recorded pull-back.
    entries : int
        A variable with more entries is not analysed as the input of an activation.
    others : int
        Other variables of the same shape that are offered as wrong arguments.
    uses : int
        Uses of a variable that are left out one by one.
    """

    budget: int = 1500
    entries: int = 4000
    others: int = 12
    uses: int = 40


LINE_NAMING = LineNamingSettings()


@dataclass(frozen=True)
class LineName:
    """The mistake in a line.

    Attributes
    ----------
    slug : str
    message : str
    evidence : str
    """

    slug: str
    message: str
    evidence: str = ""


def name_of(
    blame: Blame, faulty: Faulty, names: Sequence[str], counts: Mapping[int, str], rtol: float, rng: np.random.Generator
) -> LineName | None:
    """The mistake that explains a wrong line; None if none of the catalogue does.

    Parameters
    ----------
    blame : Blame
    faulty : Faulty
        It has the variable whose derivative it has to be.
    names : sequence of str
        Of the parameters.
    counts : dict of int to str
        Lengths of arrays, each with a sentence.
    rtol : float
    rng : numpy.random.Generator
    """
    if faulty.of is None or faulty.needed is None or faulty.of not in blame.recording.adjoints.of:
        return None
    line = _Line(blame, faulty, names)
    exact = (line.exchanged, line.factor, line.with_constants, line.penalty, line.without_uses, line.part_of_batch)
    found = next(filter(None, (test() for test in exact)), None)
    return found or _of_catalogue(line, counts, rtol, rng)


class _Line:
    """A wrong line and the forward value that it belongs to."""

    def __init__(self, blame: Blame, faulty: Faulty, names: Sequence[str]) -> None:
        assert faulty.of is not None
        self.blame, self.recording, self.graph = blame, blame.recording, blame.recording.graph
        self.value, self.of, self.names = self.graph.values[faulty.value], self.graph.values[faulty.of], names
        self.adjoint = np.asarray(self.recording.adjoints.of[faulty.of], dtype=np.float64)
        needed = np.asarray(faulty.needed, dtype=np.float64)
        self.carried = blame.backward.scale(self.adjoint, needed) if needed.size == self.adjoint.size else None
        self.unit = faulty.unit

    @property
    def label(self) -> str:
        """What the author calls the variable."""
        return label_of(self.blame, self.of.id, self.names)

    @property
    def claimed(self) -> Array:
        """The value, in the shape of the variable and without the constant that it carries."""
        return np.asarray(self.value.array, dtype=np.float64).reshape(self.adjoint.shape) / (self.carried or 1.0)

    @property
    def fits(self) -> bool:
        """Whether the value can be compared with the derivative."""
        return self.carried is not None and np.size(self.value.array) == self.adjoint.size

    def _is_claimed(self, adjoint: Any) -> bool:
        return adjoint is not None and bool(np.any(adjoint)) and self.recording.is_equal(adjoint, self.claimed)

    def exchanged(self) -> LineName | None:
        """The derivative with respect to another parameter."""
        for block, ids in enumerate(self.recording.parameters):
            whole = (m for m in self.blame.backward.meaning(self.value) if m.kind is Kind.WHOLE)
            if self.of.id not in ids and np.size(self.value.array) > 1 and any(m.of in ids for m in whole):
                return LineName("swapped-blocks", f"it is the derivative with respect to {self.names[block]}")
        return None

    def factor(self) -> LineName | None:
        """The derivative with the slope of an activation once too often, not at all, or at another value."""
        if not self.fits or self.adjoint.size < 3 or not np.all(self.adjoint):
            return None
        quotient = self.claimed / self.adjoint
        slopes = list(self._slopes())
        for text, slope, _ in slopes:
            if self.recording.is_equal(quotient, slope):
                return LineName("extra-activation-derivative", f"the factor {text} appears once too often")
        right = [each for each in slopes if np.all(each[1]) and self.blame.slopes.is_slope(each[1])]
        for text, slope, _ in right:
            if self.recording.is_equal(quotient, 1.0 / slope):
                return LineName("missing-activation-derivative", f"the factor {text} is missing")
        pairs = [(one, other) for one in right for other in slopes if one[0] != other[0]]
        for (text, slope, form), (other, wrong, same) in sorted(pairs, key=lambda pair: pair[0][2] != pair[1][2]):
            if self.recording.is_equal(quotient * slope, wrong):
                slug = "derivative-at-wrong-argument" if form == same else "wrong-activation-derivative"
                return LineName(slug, f"the factor is {other}, and has to be {text}")
        return None

    def _slopes(self) -> Iterator[tuple[str, Array, int]]:
        """Slopes of activations as they are written with a value of their shape: the text, the slope, the form."""
        seen: set[str] = set()
        for i in sorted(self.recording.adjoints.of):
            value = self.graph.values[i]
            if not value.names or np.shape(value.array) != self.adjoint.shape or value.names[0] in seen:
                continue
            seen.add(value.names[0])
            array, name = np.asarray(value.array, dtype=np.float64), value.names[0]
            with np.errstate(all="ignore"):
                logistic = 1.0 / (1.0 + np.exp(-array))
                forms = (
                    (f"{name} * (1 - {name})", array * (1.0 - array)),
                    (f"1 - {name}**2", 1.0 - array**2),
                    (f"{name} > 0", np.where(array > 0, 1.0, 0.0)),
                    (f"1 - tanh({name})**2", 1.0 - np.tanh(array) ** 2),
                    (f"σ({name}) * (1 - σ({name}))", logistic * (1.0 - logistic)),
                    (f"σ({name})", logistic),
                    (f"exp({name})", np.exp(array)),
                    (f"cos({name})", np.cos(array)),
                    (f"1 - {name}", 1.0 - array),
                )
            for form, (text, slope) in enumerate(forms):
                if np.all(np.isfinite(slope)) and np.ptp(slope) > 0:
                    yield text, slope, form

    def part_of_batch(self) -> LineName | None:
        """The derivative by the first, the last, or all but one of the samples alone."""
        if not self.fits:
            return None
        for value in self.blame.dataflow.operands_of(self.value, self.unit):
            for match in self.blame.backward.meaning(value):
                whole = np.asarray(self.recording.adjoints.of.get(match.of, 0.0), dtype=np.float64)
                if match.kind is not Kind.WHOLE or whole.ndim < 1 or len(whole) < 2:
                    continue
                for kept, shown in ((slice(0, 1), "the first"), (slice(-1, None), "the last")):
                    if self._is_claimed(self._pulled(match.of, whole, kept)):
                        message = f"only {shown} of {len(whole)} rows of {label_of(self.blame, match.of, ())} is used"
                        return LineName("partial-batch", message)
        return None

    def _pulled(self, of: int, whole: Array, kept: slice) -> Any:
        part = np.zeros(whole.shape)
        part[kept] = whole[kept]
        try:
            return adjoints(self.graph, {of: part}, set(self.recording.adjoints.of)).of.get(self.of.id)
        except NoRule:
            return None

    def _held(self, pinned: set[int]) -> Any:
        """The derivative if some values were constants."""
        seed = max(self.recording.adjoints.of)
        within = set(self.recording.adjoints.of) - pinned
        try:
            found = adjoints(self.graph, {seed: self.recording.adjoints.of[seed]}, within)
        except NoRule:
            return None
        return found.of.get(self.of.id)

    def with_constants(self) -> LineName | None:
        """The derivative with the statistics of the variable taken as constants."""
        if not self.fits:
            return None
        made = self.made_of_it()
        statistics = [v for v in made if v.function in _STATISTICS and np.size(v.array) < np.size(self.of.array)]
        sizes = {v.id for v in statistics if np.size(v.array) > 1 or np.ndim(self.of.array) < 2}
        if sizes and self._is_claimed(self._held(sizes)):
            shown = ", ".join(dict.fromkeys(label_of(self.blame, i, self.names) for i in sorted(sizes)))
            return LineName("statistics-held-constant", f"{shown} taken as constant, but made of {self.label}")
        return None

    def made_of_it(self) -> list[Value]:
        """The forward values that are made of the variable."""
        found = {self.of.id}
        for value in self.graph.values[self.of.id :]:
            if value.id in self.recording.adjoints.of and found & set(value.inputs):
                found.add(value.id)
        return [self.graph.values[i] for i in sorted(found - {self.of.id})]

    def penalty(self) -> LineName | None:
        """The derivative without that of a penalty on a parameter, or with one that the loss does not have."""
        leaf = self.of.function is None and self.fits
        if not leaf or self.adjoint.size < 2:
            return None
        rest, weights = self.adjoint - self.claimed, np.asarray(self.of.array, dtype=np.float64)
        for power in (weights, np.sign(weights)):
            scale = self.blame.backward.scale(power, rest)
            if scale is not None:
                slug = "regulariser-missing" if scale > 0 else "regulariser-extra"
                what = "is missing" if scale > 0 else "is too large, or not in the loss"
                return LineName(slug, f"the derivative of the penalty on {self.label} {what}")
        return None

    def without_uses(self) -> LineName | None:
        """The derivative without what some uses of the variable contribute."""
        uses = [(use, part) for use, of, part in self.recording.adjoints.uses if of == self.of.id]
        if not self.fits or not 1 < len(uses) <= LINE_NAMING.uses:
            return None
        lines = [self.graph.values[use].site for use, _ in uses]
        recurrent = len(set(lines)) < len(lines)
        for slug, left_out in _subsets(sorted(uses, key=lambda each: each[0]), recurrent):
            missing = sum(np.asarray(part) for _, part in left_out)
            if np.any(missing) and self._is_claimed(self.adjoint - missing):
                shown = ", ".join(dict.fromkeys(label_of(self.blame, use, self.names) for use, _ in left_out[:3]))
                path = "the time steps of" if slug == "truncated-bptt" else "the path through"
                return LineName(slug, f"without {path} {shown}")
        return None


def _subsets(uses: list[tuple[int, Any]], recurrent: bool) -> Iterator[tuple[str, list[tuple[int, Any]]]]:
    """What may have been left out: one use, or all but one; of time steps the first or the last ones."""
    if recurrent:
        for k in range(1, len(uses)):
            yield "truncated-bptt", uses[:k]
            yield "truncated-bptt", uses[k:]
    for use in uses:
        yield "missing-path", [use]
    if len(uses) > 2:
        for use in uses:
            yield "missing-path", [other for other in uses if other is not use]


# -- the catalogue -----------------------------------------------------------------------------------------------------


def _of_catalogue(line: _Line, counts: Mapping[int, str], rtol: float, rng: np.random.Generator) -> LineName | None:
    """The mistake by which the line, as a subject of its own, is explained."""
    try:
        subject = _LineSubject(line, counts)
        evaluator = Evaluator(subject, LINE_NAMING.budget)
        with np.errstate(all="ignore"):
            result = check(evaluator, CheckOptions(rtol, loss_accuracy=0.0), rng)
            wrong = [i for i, b in enumerate(result.blocks) if b.verdict is Verdict.FAIL and b.screening is not None]
            found = diagnosed(evaluator, result, wrong, rtol, rng)
    except Exception as error:  # an operation at values that it is not defined for
        pass_on_signal(error)
        return None
    if not found or found[0].diagnosis is None:
        return None
    named = found[0].diagnosis.named[0]
    return LineName(named.mistake.slug, named.message, found[0].diagnosis.evidence)


class _LineSubject(Subject):
    """What one line computes, as the gradient of the pull-back of the derivatives that it reads.

    Parameters
    ----------
    line : _Line
    counts : dict of int to str
    """

    def __init__(self, line: _Line, counts: Mapping[int, str]) -> None:
        self.name, self._line, self._graph = line.label, line, line.graph
        self._counts = dict(counts)
        start = np.asarray(line.of.array, dtype=np.float64)
        self.blocks = (Block("x", start.shape, "float64"),)
        self.point = (start.copy(),)
        self._upstream = self._read()
        self._outputs = sorted(self._upstream) or [max(line.recording.adjoints.of)]
        operands = line.blame.dataflow.operands_of(line.value, line.unit)
        self._fixed = {v.id: v.array for v in operands if line.blame.backward.meaning(v) and v.phase == 1}
        self._activation = self._directly_made()

    def _read(self) -> dict[int, Array]:
        """The derivatives that the line reads, by the variable, where these give what it has to be."""
        line = self._line
        found: dict[int, Array] = {}
        for value in line.blame.dataflow.operands_of(line.value, line.unit):
            whole = [m for m in line.blame.backward.meaning(value) if m.kind is Kind.WHOLE and value.phase == 1]
            after = [m for m in whole if line.of.id in self._graph.ancestors([m.of]) and m.of != line.of.id]
            if after:
                found[after[0].of] = np.asarray(line.recording.adjoints.of[after[0].of])
        if not found:
            return {}
        try:
            pulled = adjoints(self._graph, found, set(line.recording.adjoints.of)).of.get(line.of.id)
        except NoRule:
            return {}
        return found if pulled is not None and line.recording.is_equal(line.adjoint, pulled) else {}

    def _values(self, x: Array, wanted: Sequence[int]) -> dict[int, Any]:
        of = self._line.of.id
        return self._graph.recomputed({of: x.reshape(np.shape(self._graph.values[of].array))}, wanted)

    def _product(self, values: Mapping[int, Any]) -> float:
        if not self._upstream:
            return float(np.sum(values[self._outputs[0]]))
        return float(sum(np.sum(seed * values[i]) for i, seed in self._upstream.items()))

    def loss(self, point: Point) -> float:
        """The pull-back."""
        return self._product(self._values(point[0], self._outputs))

    def gradient(self, point: Point) -> Point:
        """What the line computes for another value of the variable, with the same derivatives coming in."""
        line = self._line
        instead = {**self._fixed, line.of.id: point[0].reshape(np.shape(line.of.array))}
        value = self._graph.recomputed(instead, [line.value.id])[line.value.id]
        return (np.asarray(value, dtype=np.float64).reshape(self.blocks[0].shape) / (line.carried or 1.0),)

    def counts(self) -> dict[int, str]:
        """Lengths of the arrays of the step, each with a sentence."""
        return self._counts

    def _directly_made(self) -> Value | None:
        """What the program makes of the variable, of the same shape, and then uses."""
        line = self._line
        shape = np.shape(line.of.array)
        if not shape or np.size(line.of.array) > LINE_NAMING.entries:
            return None
        made = [v for v in line.made_of_it() if np.shape(v.array) == shape and is_real(v.array)]
        read = [v for v in made if v.id in self._upstream]
        return next(iter([*read, *(v for v in made if v.names), *made]), None)

    def view(self, point: Point) -> View | None:
        """The activation that the variable goes through, with the derivative with respect to its output."""
        activation, line = self._activation, self._line
        if activation is None:
            return None
        return LayerView(
            layer=None,
            x=point[0],
            y=self._output(point[0]),
            upstream=np.asarray(line.recording.adjoints.of[activation.id], dtype=np.float64),
            parameters={},
            forward=self._output,
            loss=lambda *_: 0.0,
            others=self._others(),
        )

    def _output(self, x: Array) -> Array:
        assert self._activation is not None
        i = self._activation.id
        return np.asarray(self._values(np.asarray(x, dtype=np.float64), [i])[i], dtype=np.float64)

    def _others(self) -> dict[str, Array]:
        """Other forward values of the same shape, by name."""
        found: dict[str, Array] = {}
        for i in self._line.recording.adjoints.of:
            value = self._graph.values[i]
            if value.names and i != self._line.of.id and np.shape(value.array) == self.blocks[0].shape:
                found[value.names[0]] = np.asarray(value.array, dtype=np.float64)
        return dict(list(found.items())[: LINE_NAMING.others])
