"""What is known of one subject after it was checked, block by block."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.probes.screening import Screening
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.subject import Block
from gradcheck.verdicts.entry import Entry, Location
from gradcheck.verdicts.verdict import Verdict


class Ground(enum.Enum):
    """What a verdict rests on."""

    DIFFERENCES = "differences of the loss"
    SUBGRADIENT = "the slopes on both sides of a kink at the point"
    RECORDING = "the exact derivative of the recorded operations"


@dataclass(frozen=True, slots=True)
class BlockResult:
    """What is known of one block.

    Attributes
    ----------
    block : Block
    verdict : Verdict
    claimed_norm : float
        Euclidean norm of the claimed gradient of the block, at the user's point.
    screening : Screening or None
        The comparison that decided; None where none could be made.
    place : Place
        The point that decided.
    zoomed : bool
        Whether far shorter steps than usual decided.
    ground : Ground
        What the verdict rests on. No gap and no resolution can be stated but for differences.
    spread : float or None
        The gap as a part of the norm of the block, where it is one that a solver's tolerance may make. FAIL then holds
        only if a mistake explains the gap, or if nothing in the loss stops at a tolerance; else it is UNDECIDED. PASS
        holds at the accuracy that was stated.
    location : Location or None
        Where it is wrong.
    note : str
        What else a report says of it.
    """

    block: Block
    verdict: Verdict
    claimed_norm: float
    screening: Screening | None
    place: Place
    zoomed: bool = False
    ground: Ground = Ground.DIFFERENCES
    spread: float | None = None
    location: Location | None = None
    note: str = ""

    @property
    def measured(self) -> bool:
        """Whether the verdict rests on differences of the loss."""
        return self.ground is Ground.DIFFERENCES

    @property
    def is_zero(self) -> bool:
        """Whether the claim counts as zero."""
        return self.screening is not None and self.screening.comparison.zero

    def refuted_by(self, entries: Iterable[Entry]) -> bool:
        """Whether entries that were measured one by one refute a block that passed.

        Along random lines small entries may hide; where each is measured, none does. One is enough that is wrong, and
        clearly so, for it is measured once. What a kink, a solver's tolerance or rounding excuses is not judged by
        entries.
        """
        excused = self.verdict is not Verdict.PASS or not self.measured or self.spread is not None or self.is_zero
        return not excused and any(e.wrong and abs(e.gap) > PROBES.proof**2 * e.error for e in entries)

    def __str__(self) -> str:
        text = f"{self.block.name}: {self.verdict.value} at {self.place.value}"
        return f"{text}, {self.screening.comparison}" if self.screening else text


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All blocks of one subject.

    Attributes
    ----------
    blocks : tuple of BlockResult
    value : float
        The loss at the user's point.
    noise : float
        Bound on the error of one value of the loss there.
    observations : tuple of Observation
        What evaluating the subject has shown about how its functions behave.
    notes : tuple of str
    """

    blocks: tuple[BlockResult, ...]
    value: float
    noise: float
    observations: tuple[Observation, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Fail if one block fails, else undecided if one is, else pass."""
        verdicts = {block.verdict for block in self.blocks}
        return next((v for v in (Verdict.FAIL, Verdict.UNDECIDED) if v in verdicts), Verdict.PASS)

    def observed(self, slug: str) -> bool:
        """Whether a mistake of behaviour was seen."""
        return any(observation.slug == slug for observation in self.observations)

    def __str__(self) -> str:
        return f"{self.verdict.value}: {len(self.blocks)} blocks"
