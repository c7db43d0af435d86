"""A report as plain data: frozen dataclasses that measure nothing and format no page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.maps.wording import worded
from gradcheck.verdicts.curve import StepGap
from gradcheck.verdicts.entry import Entry
from gradcheck.verdicts.verdict import Verdict

#: The one-line summary names at most this many blocks and counts the others, so that it stays one line.
SUMMARY_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class BlockReport:
    """Result for one block of parameters.

    Attributes
    ----------
    name : str
    shape : tuple of int
    dtype : str
        Type of the user's parameters.
    verdict : Verdict
    claimed_norm : float
        Euclidean norm of the claimed gradient.
    numeric_norm : float or None
        Euclidean norm of the numerical gradient. It is measured if every entry was. For a passing block it is the
        claimed norm, which it equals to within `block_resolution`. None if unknown.
    relative_error : float
        The largest relative gap found, either along a random direction through the block or in one of its entries.
    error_bar : float
        Uncertainty of `relative_error`. For a passing block with a claim of zero: the largest root mean square of the
        true entries that would have gone unseen.
    resolution : float or None
        The smallest relative error in one entry that would have been found with probability 0.999. For an entry smaller
        than a hundredth of the median entry, the error is relative to that hundredth. None unless the block passes.
    block_resolution : float or None
        The smallest relative error, the same in all entries, that would have been found with probability 0.999. None
        unless the block passes.
    worst : Entry or None
        The entry with the largest error, if entries were measured.
    entries : tuple of Entry
        The measured entries.
    where : str
        The point that decided: the user's, or another one near it.
    note : str
        The reason for the verdict, where the numbers do not show it.
    curve : tuple of StepGap
        Error against step along one line: for the steps that the check took, or for more if these were asked for.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    claimed_norm: float
    numeric_norm: float | None
    relative_error: float
    error_bar: float
    resolution: float | None
    block_resolution: float | None
    worst: Entry | None
    entries: tuple[Entry, ...]
    where: str
    note: str
    curve: tuple[StepGap, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the verdict is "pass"."""
        return self.verdict is Verdict.PASS

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict.value}, relative error {self.relative_error:.1e} ± {self.error_bar:.1e}"


@dataclass(frozen=True, slots=True)
class LineReport:
    """Result for one line of a program's backward pass.

    Attributes
    ----------
    file : str
    line : int
    target : str
        Name of the derivative in the program.
    of : str
        The variable that the loss is differentiated with respect to.
    verdict : Verdict
    factor : float or None
        The constant factor between this value and the derivative of the loss, if the program applies it elsewhere. None
        if the line is wrong by more than a constant.
    text : str
        Source of the line.
    """

    file: str
    line: int
    target: str
    of: str
    verdict: Verdict
    factor: float | None
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.target} (with respect to {self.of}): {self.verdict.value}"


@dataclass(frozen=True, slots=True, repr=False)
class ReportData:
    """Everything that a check found. True if the gradient passed.

    Attributes
    ----------
    version : str
        Version of gradcheck.
    target : str
        Name of what was checked.
    verdict : Verdict
        Its `value` is ``"pass"``, ``"fail"`` or ``"undecided"``.
    method : str
        ``"gradcheck"`` or ``"textbook"``.
    seed : int
        Passed as `rng`, it reproduces the check.
    rtol : float
    loss : float
        Loss at the user's point.
    noise : float
        Bound on the error of one evaluation of the loss.
    evaluations, gradients : int
        Number of evaluations of the loss and of the gradient.
    seconds : float
    blocks : dict of str to BlockReport
    findings : tuple of Finding
        Strongest first.
    notes : tuple of str
    lines : tuple of LineReport
        Lines of the backward pass, if a program was checked.
    sources : dict of str to str
        Source text by file name, if a program was checked.
    kind : str
        What kind of derivative was checked: ``"gradient"``, ``"jacobian"``, ``"product"``, ``"adjoint"``,
        ``"hessian"`` or ``"problem"``.
    """

    version: str
    target: str
    verdict: Verdict
    method: str
    seed: int
    rtol: float
    loss: float
    noise: float
    evaluations: int
    gradients: int
    seconds: float
    blocks: dict[str, BlockReport]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = field(default=())
    lines: tuple[LineReport, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    kind: str = "gradient"

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    @property
    def line(self) -> str:
        """Summary in one line: the verdict, the parts or blocks that have it, the mistakes found and the seed."""
        names = list(self.places)
        more = len(names) - SUMMARY_BLOCKS
        which = ", ".join(names[:SUMMARY_BLOCKS]) + (f" and {more} more" if more > 0 else "")
        mistakes = ", ".join(dict.fromkeys(f"{finding.code} {finding.slug}" for finding in self.findings))
        place = f" in {which}" if not self and which else ""
        return f"{self.verdict.value}: {self.target}{place}{': ' if mistakes else ''}{mistakes} (rng={self.seed})"

    @property
    def places(self) -> tuple[str, ...]:
        """What the verdict is about: parts that are wrong, as the findings name them, and blocks that have no finding.

        Blocks that have the verdict, if it is not "fail".
        """
        names = [name for name, block in self.blocks.items() if block.verdict is self.verdict]
        if self.verdict is not Verdict.FAIL:
            return tuple(names)
        found = [finding for finding in self.findings if finding.blocks]
        explained = {name for finding in found for name in finding.blocks}
        return tuple(dict.fromkeys([*(f.where for f in found), *(name for name in names if name not in explained)]))

    @property
    def advice(self) -> str:
        """What the verdict means, for the reader."""
        return self.verdict.advice if self.kind == "gradient" else worded(self.verdict.advice)

    @property
    def cost(self) -> str:
        """How often the user's functions were called."""
        gradients = "1 gradient" if self.gradients == 1 else f"{self.gradients} gradients"
        if self.kind == "gradient":
            return f"{self.evaluations} evaluations of the loss, {gradients}"
        claimed = "1 of the derivative" if self.gradients == 1 else f"{self.gradients} of the derivative"
        return f"{self.evaluations} evaluations of the function, {claimed}"

    def of_block(self, name: str) -> Self:
        """The report of one block alone.

        It keeps the findings about the block. If the block did not pass and no finding is about it, it keeps all of
        them.
        """
        block = self.blocks[name]
        findings = tuple(finding for finding in self.findings if name in finding.blocks)
        kept = () if block.verdict is Verdict.PASS else findings or self.findings
        return replace(self, verdict=block.verdict, blocks={name: block}, findings=kept, lines=())
