"""What the values of a backward pass are: of which derivatives they are multiples, and which of them may be wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.claims import Claim, claims_of
from gradcheck.recording.dataflow import SUMS, Dataflow, is_move
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.matching import Kind, Match, Matches
from gradcheck.recording.operations import same
from gradcheck.recording.record import equal
from gradcheck.recording.replay import scale_of
from gradcheck.recording.rules import NoRule
from gradcheck.recording.settings import RECORDING


class Rank(IntEnum):
    """What a value is by itself, the most suspicious first."""

    NOTHING = 0  # the adjoint of nothing
    MULTIPLE = 1  # a multiple of an adjoint
    NAME = 2  # another name for something
    PART = 3  # of an adjoint
    WHOLE = 4  # an adjoint
    FORWARD = 5  # a value of the forward pass


class BackwardValues:
    """The values of the backward pass of one recording, and the claims that are made of them.

    Parameters
    ----------
    dataflow : Dataflow
    wrong : sequence of int
        Blocks that failed.

    Attributes
    ----------
    matches : Matches
    claims, right : list of Claim
        The wrong claims of the blocks that failed, and all that are right.
    innocent : set of int
        The values on which the right claims depend.
    by_claim : dict of int to Claim
        The wrong claims, by all values that are names of them.
    """

    def __init__(self, dataflow: Dataflow, wrong: Sequence[int]) -> None:
        self._dataflow = dataflow
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph
        self.matches = Matches(self._recording)
        every = [claim for block in range(len(self._recording.claims)) for claim in claims_of(self._recording, block)]
        self.claims = [claim for claim in every if not claim.right and claim.block in wrong]
        self.right = [claim for claim in every if claim.right]
        self._corrected: Mapping[int, Any] = {}
        self._meanings: dict[int, list[Match]] = {}
        self._making: dict[int, bool] = {}
        self.innocent = self._influences(self.right)
        self.by_claim = {each: claim for claim in self.claims for each in self._names_of(claim.id)}

    def meaning(self, value: Value) -> list[Match]:
        """Of which adjoints a value is a multiple."""
        if value.id in self._corrected:
            return self.meaning_of(self._corrected[value.id])
        if value.id not in self._meanings:
            self._meanings[value.id] = self.meaning_of(value.array)
        return self._meanings[value.id]

    def meaning_of(self, array: Any) -> list[Match]:
        """Of which adjoints an array is a multiple."""
        return self.matches.of(array) if is_real(array) else []

    def correct(self, arrays: Mapping[int, Any]) -> None:
        """Take some values for what they are when those before them are right; none if it is empty."""
        self._corrected = arrays

    def array(self, value: Value) -> Any:
        """A value, with what is wrong before it put right."""
        return self._corrected.get(value.id, value.array)

    def rank_of(self, value: Value, array: Any) -> Rank:
        """What an array is in place of a value, which may be that value itself."""
        found = self.meaning(value) if array is value.array else self.matches.of(array)
        exact = [match for match in found if match.exact]
        if any(match.kind is not Kind.PART for match in exact):
            return Rank.WHOLE
        if exact:
            return Rank.PART
        if self.matches.is_forward(array):
            return Rank.FORWARD
        return Rank.MULTIPLE if any(match.kind is Kind.WHOLE for match in found) else Rank.NOTHING

    def is_of_variable(self, value: Value) -> bool:
        """Whether a value is exactly the derivative with respect to something that has a name."""
        found = self.meaning(value)
        return any(m.kind is Kind.WHOLE and m.exact and self._graph.values[m.of].names for m in found)

    def is_derivative(self, value: Value) -> bool:
        """Whether a value is a multiple of an adjoint, or of a part of one unless it is a value of the forward pass."""
        found = self.meaning(value)
        return any(m.kind is not Kind.PART for m in found) or bool(found and not self.matches.is_forward(value.array))

    def multiples(self, value: Value) -> list[Match]:
        """Of which adjoints a value is a multiple, unless it is one."""
        found = self.meaning(value)
        return [] if any(match.exact for match in found) else found

    def scale(self, truth: Any, value: Any) -> float | None:
        """The constant by which a value is a multiple of the truth."""
        return scale_of(truth, value, self._recording.tolerance)

    def incoming(self, value: Value) -> Iterator[int]:
        """The forward values whose derivatives the line of a value reads."""
        if value.site is None:
            return
        for each in self._dataflow.operands_of(value, self._recording.sites[value.site].unit):
            if each.phase == 1 and each.function is not None and not self.matches.is_forward(each.array):
                yield from (match.of for match in self.meaning(each) if match.kind is Kind.WHOLE and match.exact)

    def is_computed(self, needed: Any, value: Value) -> bool:
        """Whether what is missing from a value was computed, and not used."""
        rest = np.asarray(needed) - np.asarray(value.array)
        alike = (v for v in self._graph.values if v.phase == 1 and np.shape(v.array) == rest.shape and is_real(v.array))
        if not np.any(rest) or self.matches.is_forward(rest):
            return False
        return any(equal(rest, v.array, self._recording.tolerance) for v in alike)

    def lacks_a_part(self, value: Value, needed: Any) -> bool:
        """Whether a value is a derivative, but for what one use contributes."""
        if needed is None or np.shape(needed) != np.shape(value.array):
            return False
        owners = self.with_adjoint(needed)
        rest = (np.asarray(needed) - np.asarray(value.array)).reshape(-1)
        uses = [array for _, each, array in self._recording.adjoints.uses if each in owners and array.size == rest.size]
        return any(self._recording.is_equal(rest, each.reshape(-1)) for each in uses)

    def with_adjoint(self, needed: Any) -> set[int]:
        """The forward values that have a given adjoint."""
        flat = np.asarray(needed).reshape(-1)
        found = self._recording.adjoints.of.items()
        return {each for each, a in found if a.size == flat.size and self._recording.is_equal(flat, a.reshape(-1))}

    def is_made_behind(self, value: Value) -> bool:
        """Whether the backward pass has made a value that is none of the forward pass, for wrong claims alone."""
        made = value.phase == 1 and value.function is not None and value.site is not None and is_real(value.array)
        return (
            made
            and value.site not in self._dataflow.forward_sites
            and value.id not in self._dataflow.of_loss
            and value.id not in self.innocent
            and not self.matches.is_forward(self.array(value))
        )

    def is_neutral(self, value: Value) -> bool:
        """Whether a value is made of the forward pass alone, and no value of it: a slope, say."""
        if value.phase != 1 or value.function is None or value.site is None or not is_real(value.array):
            return False
        if (
            value.site in self._dataflow.forward_sites
            or self.meaning(value)
            or self.matches.is_forward(self.array(value))
        ):
            return False
        above = self._graph.ancestors([value.id]) - self._dataflow.of_loss
        inner = [self._graph.values[i] for i in above if self._graph.values[i].function is not None and i != value.id]
        return not any(self.meaning(each) and not self.matches.is_forward(self.array(each)) for each in inner)

    def is_neutral_term(self, value: Value, unit: int, source: Value) -> bool:
        """Whether a value that is made of no derivative is added to others: any other one would do as well."""
        within = self._dataflow.within(value, unit)
        return self.is_neutral(source) and all(is_move(v.function) or v.function in SUMS for v in within)

    def makes_a_derivative(self, value: Value) -> bool:
        """Whether another line makes exactly the derivative of a variable of a value, and of all its entries.

        Of a value that is multiplied entry by entry, sums show all entries as well.
        """
        if value.id not in self._making and value.id not in self._corrected:
            sites, size = self._recording.sites, np.size(value.array)
            if size < 2:
                return False
            users = [self._graph.values[i] for i in self._dataflow.children[value.id]]
            weighted = [v.id for v in users if v.function is np.multiply and self._is_weighted(v)]
            later = dict.fromkeys(self._dataflow.below([value.id]) - {value.id}, size) | dict.fromkeys(
                self._dataflow.below(weighted), 2
            )
            made = [(self._graph.values[i], least) for i, least in sorted(later.items())]
            self._making[value.id] = any(
                v.phase == 1
                and v.site is not None
                and is_real(v.array)
                and np.size(v.array) >= least
                and sites[v.site].unit != value.unit
                and self.is_of_variable(v)
                and not self.matches.is_forward(v.array)
                for v, least in made
            )
        return self._making.get(value.id, False)

    def _is_weighted(self, product: Value) -> bool:
        """Whether a product is that of two different arrays of one shape."""
        read = [self._graph.values[i].array for i in product.inputs]
        return len(read) == 2 and all(np.shape(each) == np.shape(product.array) for each in read)

    @cached_property
    def zero_sizes(self) -> set[int]:
        """Sizes of the adjoints that are zero: a computed zero of such a size is right."""
        return {np.size(array) for array in self._recording.adjoints.of.values() if not np.any(array)}

    def suspects(self) -> dict[int, list[Value]]:
        """The values that may be wrong, by the expressions that made them."""
        above = self._graph.ancestors(claim.id for claim in self.claims)
        innocent = self.innocent - {claim.id for claim in self.claims}
        found: dict[int, list[Value]] = defaultdict(list)
        for value in self._graph.values:
            if value.id not in above or value.id in self._dataflow.of_loss or value.id in innocent:
                continue
            if value.site is None or value.site in self._dataflow.forward_sites or value.function is None:
                continue
            if value.phase == 1 and is_real(value.array) and value.inputs and not self._dataflow.is_filled_later(value):
                found[value.site].append(value)
        return found

    def suspected_units(self) -> list[int]:
        """The units that may be wrong, in the order in which they were computed."""
        units = (self._recording.sites[site].unit for site in self.suspects())
        return [unit for unit in dict.fromkeys(units) if unit >= 0]

    def results(self) -> dict[int, list[Value]]:
        """The values of the backward pass that leave a unit, by unit."""
        found: dict[int, list[Value]] = defaultdict(list)
        sites = self._recording.sites
        above = self._graph.ancestors(claim.id for claim in (*self.claims, *self.right))
        for value in self._graph.values:
            if value.id not in above or value.phase == 0 or value.site is None or value.function is None:
                continue
            if value.site in self._dataflow.forward_sites:
                continue
            unit = sites[value.site].unit
            after = [self._graph.values[i] for i in self._dataflow.children[value.id]]
            inside = after and all(each.site is not None and sites[each.site].unit == unit for each in after)
            if not inside and np.size(value.array) > 1 and is_real(value.array) and unit >= 0:
                found[unit].append(value)
        return found

    def makes_derivatives(self, unit: int) -> bool:
        """Whether all arrays that leave a line are exactly derivatives of variables, which no other line computes."""
        made = self.results().get(unit, ())
        return bool(made) and all(
            value.function is not same
            and self.is_of_variable(value)
            and not self.matches.is_forward(value.array)
            and not self._is_made_elsewhere(value, unit)
            for value in made
        )

    def _is_made_elsewhere(self, value: Value, unit: int) -> bool:
        """Whether a line of the backward pass that does not read a value computes the same."""
        below, shape = self._dataflow.below([value.id]), np.shape(value.array)
        others = (v for v in self._graph.values if v.phase == 1 and v.unit not in (None, unit) and v.id not in below)
        alike = (v for v in others if v.function is not None and np.shape(v.array) == shape and is_real(v.array))
        return any(self._recording.is_equal(value.array, v.array) for v in alike)

    @property
    def is_scaled(self) -> bool:
        """Whether all wrong claims are right but for one constant."""
        scales = [self.scale(claim.truth, self._graph.values[claim.id].array) for claim in self.claims]
        first = scales[0] if scales else None
        return first is not None and all(
            each is not None and abs(each / first - 1.0) < RECORDING.alike for each in scales
        )

    def leads_to_claim(self, value: Value) -> bool:
        """Whether a value is a claimed gradient, or one is made of it and constants, and nothing else."""
        made = value.id
        while made not in self.by_claim:
            later = self._dataflow.children[made]
            if len(later) != 1 or any(
                self._dataflow.is_active(self._graph.values[i]) for i in self._dataflow.inputs_beside(later[0], made)
            ):
                return False
            made = later[0]
        return True

    def _influences(self, claims: Sequence[Claim]) -> set[int]:
        """The values of the backward pass on which some claims depend."""
        if not claims:
            return set()
        generator = np.random.default_rng(0)
        ids = [claim.id for claim in claims]
        above = self._graph.ancestors(ids)
        seeds: dict[int, Any] = {}
        for claim in claims:
            seed = np.where(np.isnan(claim.truth), 0.0, generator.standard_normal(np.shape(claim.truth)))
            seeds[claim.id] = seeds.get(claim.id, 0.0) + seed
        try:
            found = adjoints(self._graph, seeds, {i for i in above if self._graph.values[i].phase == 1})
        except NoRule:
            return above
        return {each for each, array in found.of.items() if np.any(array)}

    def _names_of(self, value: int) -> Iterator[int]:
        """A value, and the one that it is another name of, if the backward pass has made it."""
        while True:
            yield value
            node = self._graph.values[value]
            if node.function is not same:
                return
            value = node.inputs[0]
            inner = self._graph.values[value]
            if inner.phase == 0 or inner.function is None or value in self._dataflow.of_loss:
                return
