"""Findings name the blocks they are about, the strongest first, with counts and ranges that hold."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.diagnosis.attribution import Fault
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.findings import findings_of
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.probes.screening import Screening, screen_block
from gradcheck.subjects.subject import Block
from gradcheck.verdicts.entry import Entry, Location, Materiality
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict
from tests.cases import Array, logcosh
from tests.probers import X, prober_of


@pytest.fixture(scope="module")
def screening() -> Screening:
    return screen_block(prober_of(logcosh, lambda x: 2 * np.tanh(x), X), 0)


def entry(index: int, claimed: float, numeric: float, error: float = 1e-9) -> Entry:
    wrong = abs(claimed - numeric) > 4 * error
    return Entry((index,), claimed, numeric, error, wrong=wrong, resolved=not wrong)


def failed(screening: Screening | None, location: Location | None = None, name: str = "W", **more: Any) -> BlockResult:
    return BlockResult(
        Block(name, (40,), "float64"), Verdict.FAIL, 1.0, screening, Place.USER, location=location, **more
    )


def check_of(*blocks: BlockResult, observations: tuple[Observation, ...] = ()) -> CheckResult:
    return CheckResult(blocks, 1.0, 1e-16, observations)


def finding_of(result: BlockResult, **fault: Any) -> Finding:
    (found,) = findings_of(check_of(result), [Fault(result.block.name, result, **fault)])
    return found


def complete(*entries: Entry) -> Location:
    return Location(Materiality.WRONG, entries, complete=True)


# -- order and blocks --------------------------------------------------------------------------------------------------


def test_a_check_without_faults_has_no_findings() -> None:
    right = BlockResult(Block("W", (2,), "float64"), Verdict.PASS, 1.0, None, Place.USER)
    assert findings_of(check_of(right)) == ()


def test_what_is_not_finite_comes_first_and_what_was_noticed_last(screening: Screening) -> None:
    bad = failed(None, name="b", note="3 of 40 entries are NaN or infinite, the first at [1]")
    wrong = failed(screening)
    seen = (Observation("mutates-input", "loss() writes into x"), Observation("nondeterministic", "1.0 and 2.0"))
    found = findings_of(check_of(wrong, bad, observations=seen), [Fault("W", wrong)])
    assert [finding.slug for finding in found] == ["not-finite", "unexplained", "nondeterministic", "mutates-input"]
    assert found[0].evidence == bad.note
    assert (found[0].where, found[0].blocks) == ("b", ("b",))
    assert found[2].blocks == ()
    assert found[2].evidence == "1.0 and 2.0"
    for finding in (found[0], *found[2:]):
        assert (finding.code, finding.fix) == (BY_SLUG[finding.slug].code, BY_SLUG[finding.slug].fix)


def test_a_finding_names_its_blocks_and_not_those_that_only_begin_alike() -> None:
    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {"W1": np.tanh(p["W1"]), "W10": -np.tanh(p["W10"]), "W": 2 * np.tanh(p["W"])}

    point = {"W1": X, "W10": X + 0.25, "W": X + 0.5}
    findings = check_gradients(lambda p: sum(logcosh(v) for v in p.values()), gradient, point, rng=0).findings
    assert {finding.slug: finding.blocks for finding in findings} == {
        "sign-flipped": ("W10",),
        "constant-factor": ("W",),
    }


def test_one_mistake_in_several_blocks_is_one_finding_about_all_of_them() -> None:
    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        return {name: -np.tanh(x) if name != "b" else np.tanh(x) for name, x in p.items()}

    point = {"W1": X, "b": X - 0.1, "W10": X + 0.25}
    (finding,) = check_gradients(lambda p: sum(logcosh(v) for v in p.values()), gradient, point, rng=0).findings
    assert finding.blocks == ("W1", "W10")
    assert finding.where == "W1, W10"


def test_blocks_that_are_wrong_because_of_another_are_named(screening: Screening) -> None:
    found = finding_of(failed(screening), affected=("W", "layers.0.W"))
    assert found.blocks == ("W", "layers.0.W")
    assert found.evidence.endswith("; wrong because of it: layers.0.W")
    assert "wrong because of it" not in finding_of(failed(screening)).evidence


# -- what has no name --------------------------------------------------------------------------------------------------


def test_a_block_wrong_without_a_location_shows_the_comparison(screening: Screening) -> None:
    found = finding_of(failed(screening))
    assert (found.code, found.slug, found.where) == ("GC000", "unexplained", "W")
    assert found.message == "the claimed gradient is wrong; no known mistake explains this"
    assert found.evidence == str(screening.comparison)


def test_wrong_entries_are_counted(screening: Screening) -> None:
    entries = [entry(i, 2.0 + i, 1.0) for i in range(12)] + [entry(i, 1.0, 1.0) for i in range(12, 40)]
    found = finding_of(failed(screening, complete(*entries)))
    assert found.message.startswith("12 of 40 entries are wrong")
    assert found.slug == "unexplained"


@pytest.mark.parametrize(("wrong", "slug"), [(1, "isolated-entries"), (10, "isolated-entries"), (11, "unexplained")])
def test_up_to_a_quarter_of_the_entries_are_isolated(screening: Screening, wrong: int, slug: str) -> None:
    entries = [entry(i, 2.0, 1.0) for i in range(wrong)] + [entry(i, 1.0, 1.0) for i in range(wrong, 40)]
    found = finding_of(failed(screening, complete(*entries)))
    assert found.slug == slug
    assert found.where == ("W[0]" if wrong == 1 else "W")
    assert ("no known mistake" in found.message) is (slug == "unexplained")


def test_listed_entries_are_all_that_are_wrong(screening: Screening) -> None:
    location = Location(Materiality.WRONG, (entry(7, 2.0, 1.0), entry(30, 0.0, 1.5)), complete=False, listed=True)
    found = finding_of(failed(screening, location))
    assert found.slug == "isolated-entries"
    assert found.message == "2 of 40 entries are wrong, and no others were found"
    assert found.evidence.splitlines() == [
        f"W{location.entries[1]}",
        f"W{location.entries[0]}",
    ]  # the largest gap first


def test_no_more_entries_are_listed_than_a_report_holds(screening: Screening) -> None:
    entries = tuple(entry(i, 2.0 + i, 1.0) for i in range(DIAGNOSIS.shown + 3))
    location = Location(Materiality.WRONG, entries, complete=False, listed=True)
    lines = finding_of(failed(screening, location)).evidence.splitlines()
    assert len(lines) == DIAGNOSIS.shown + 1
    assert lines[-1] == "and 3 more"
    assert lines[0].startswith(f"W[{DIAGNOSIS.shown + 2}]")


def test_the_place_and_short_steps_are_mentioned_where_they_decided(screening: Screening) -> None:
    assert " at " not in finding_of(failed(screening)).message
    generic = dataclasses.replace(failed(screening), place=Place.GENERIC)
    assert "wrong at a generic point nearby;" in finding_of(generic).message
    close = dataclasses.replace(failed(screening), zoomed=True)
    assert "wrong, with very short steps;" in finding_of(close).message


def test_notes_and_troubles_are_evidence(screening: Screening) -> None:
    found = finding_of(failed(screening, note="right at your point"), trouble="the search ended with ValueError: no")
    assert "(right at your point)" in found.evidence
    assert found.evidence.endswith("; the search ended with ValueError: no")


# -- ratios ------------------------------------------------------------------------------------------------------------


def evidence_of(screening: Screening, *entries: Entry) -> str:
    """Evidence of a block with so many wrong entries that they are not listed."""
    return finding_of(failed(screening, complete(*entries))).evidence


def test_a_ratio_that_varies_is_a_range(screening: Screening) -> None:
    entries = [entry(i, 1.25 + i / 8, 1.0) for i in range(9)]
    assert evidence_of(screening, *entries).endswith("claimed/numeric ranges from 1.25 to 2.25")


def test_a_ratio_that_varies_little_has_enough_digits_to_show_it(screening: Screening) -> None:
    entries = [entry(i, 1.5 + i * 1e-4, 1.0, error=1e-7) for i in range(9)]
    assert evidence_of(screening, *entries).endswith("ranges from 1.500000 to 1.500800")


def test_a_ratio_that_is_constant_within_the_bars_is_not_given(screening: Screening) -> None:
    entries = [entry(i, 2.0 + i * 1e-7, 1.0, error=1e-6) for i in range(9)]
    assert "claimed/numeric" not in evidence_of(screening, *entries)


def test_entries_too_close_to_zero_have_no_ratio(screening: Screening) -> None:
    clear = [entry(i, 2.0, 1.0) for i in range(8)]
    blurred = entry(8, 1.0, 1e-8, error=1e-9)
    assert "claimed/numeric" not in evidence_of(screening, *clear, blurred)
    assert "ranges from" in evidence_of(screening, *clear, entry(8, 1.0, 1e-6, error=1e-9))
    assert math.isfinite(blurred.gap)
