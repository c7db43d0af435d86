"""Reports as data: the summary in one line, and the part about one block."""

from __future__ import annotations

import pytest

from gradcheck import BlockReport, Report, Verdict
from gradcheck.diagnosis.finding import Finding


def block(name: str, verdict: Verdict) -> BlockReport:
    return BlockReport(name, (2,), "float64", verdict, 1.0, 1.0, 0.5, 1e-9, None, None, None, (), "your point", "")


def finding(slug: str, *blocks: str) -> Finding:
    return Finding("GC100", slug, "somewhere", "a message about W and b", "evidence", "a fix", blocks=blocks)


def report(verdicts: dict[str, Verdict], *findings: Finding) -> Report:
    order = (Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS)
    verdict = next(v for v in order if v in verdicts.values())
    blocks = {name: block(name, each) for name, each in verdicts.items()}
    return Report("0", "model", verdict, "gradcheck", 7, 1e-5, 1.0, 0.0, 1, 1, 0.0, blocks, findings)


def test_a_part_has_the_findings_about_its_block_and_no_others() -> None:
    """The messages name other blocks: only `Finding.blocks` counts."""
    whole = report(
        {"W": Verdict.FAIL, "W1": Verdict.FAIL, "b": Verdict.PASS}, finding("one", "W"), finding("both", "W1", "W")
    )
    assert [each.slug for each in whole.of_block("W").findings] == ["one", "both"]
    assert [each.slug for each in whole.of_block("W1").findings] == ["both"]
    assert whole.of_block("b").findings == ()
    assert [whole.of_block(name).verdict for name in whole.blocks] == [Verdict.FAIL, Verdict.FAIL, Verdict.PASS]
    assert list(whole.of_block("W1").blocks) == ["W1"]


def test_a_failing_block_that_no_finding_is_about_has_all_of_them() -> None:
    whole = report({"W": Verdict.FAIL, "b": Verdict.PASS}, finding("general"))
    assert [each.slug for each in whole.of_block("W").findings] == ["general"]
    assert whole.of_block("b").findings == ()


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "fail: model in W0"), (4, "fail: model in W0, W1, W2, W3"), (6, "fail: model in W0, W1, W2, W3 and 2 more")],
)
def test_the_summary_names_four_blocks_and_counts_the_rest(count: int, expected: str) -> None:
    verdicts = {f"W{i}": Verdict.FAIL for i in range(count)} | {"right": Verdict.PASS}
    assert report(verdicts).line == f"{expected} (rng=7)"


def test_the_summary_names_the_part_that_the_finding_names() -> None:
    whole = report({"W": Verdict.FAIL, "b": Verdict.FAIL, "c": Verdict.PASS}, finding("one", "W"), finding("general"))
    assert whole.places == ("somewhere", "b")
    assert whole.line == "fail: model in somewhere, b: GC100 one, GC100 general (rng=7)"
    assert report({"W": Verdict.UNDECIDED, "c": Verdict.PASS}, finding("one", "W")).places == ("W",)


def test_the_summary_names_each_mistake_once() -> None:
    whole = report({"W": Verdict.FAIL}, finding("one", "W"), finding("one", "W"), finding("two", "W"))
    assert whole.line == "fail: model in somewhere: GC100 one, GC100 two (rng=7)"
    assert report({"W": Verdict.PASS}).line == "pass: model (rng=7)"
