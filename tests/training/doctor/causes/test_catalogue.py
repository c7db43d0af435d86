"""Every cause has its own code and slug."""

from __future__ import annotations

from gradcheck.training.doctor.causes import CAUSES, CODES

FIRST_NINE = (
    "chance-plateau",
    "symmetric-units",
    "saturated-units",
    "dead-units",
    "vanishing-gradient",
    "step-too-small",
    "step-too-large",
    "saddle",
    "biased-average",
)


def test_codes_and_slugs_are_a_contract() -> None:
    assert {slug: CODES[slug] for slug in FIRST_NINE} == {slug: f"GT{101 + i}" for i, slug in enumerate(FIRST_NINE)}
    assert len(set(CODES.values())) == len(CODES) == 13
    assert {cause.slug for cause in CAUSES} | {"biased-average"} == set(CODES)


def test_causes_that_explain_another_come_before_it() -> None:
    for i, cause in enumerate(CAUSES):
        assert set(cause.explained_by) & set(CODES) <= {earlier.slug for earlier in CAUSES[:i]}
