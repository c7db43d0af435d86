"""What is known of one subject after it was checked, block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradcheck.probes.screening import BlockState
from gradcheck.subjects.subject import Block
from gradcheck.verdicts.bisection import Location
from gradcheck.verdicts.verdict import Verdict


@dataclass(frozen=True, slots=True)
class BlockCheck:
    """What is known of one block.

    Attributes
    ----------
    block : Block
    verdict : Verdict
    claimed_norm : float
        Euclidean norm of the claimed gradient of the block, at the user's point.
    state : BlockState or None
        The comparison that decided; None where none could be made.
    location : Location or None
        Where it is wrong.
    where : str
        The site that decided: "your point", "a generic point nearby", …
    note : str
        What else there is to say.
    """

    block: Block
    verdict: Verdict
    claimed_norm: float
    state: BlockState | None
    where: str
    location: Location | None = None
    note: str = ""

    def __str__(self) -> str:
        text = f"{self.block.name}: {self.verdict.value} at {self.where}"
        return f"{text}, {self.state.comparison}" if self.state else text


@dataclass(frozen=True, slots=True)
class Check:
    """All blocks of one subject.

    Attributes
    ----------
    blocks : tuple of BlockCheck
    value : float
        The loss at the user's point.
    noise : float
        Bound on the error of one value of the loss there.
    evaluations, gradients : int
        What was spent.
    remarks : dict
        Slug of a mistake to the evidence for it.
    notes : tuple of str
    """

    blocks: tuple[BlockCheck, ...]
    value: float
    noise: float
    evaluations: int
    gradients: int
    remarks: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Fail if one block fails, else undecided if one is, else pass."""
        verdicts = {block.verdict for block in self.blocks}
        return next((v for v in (Verdict.FAIL, Verdict.UNDECIDED) if v in verdicts), Verdict.PASS)

    def __str__(self) -> str:
        return f"{self.verdict.value}: {len(self.blocks)} blocks, {self.evaluations} evaluations"
