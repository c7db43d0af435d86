"""Cases: every problem under every condition, with the right gradient and with every mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.corpus import problems as all_problems
from benchmarks.corpus.conditions import CONDITIONS, Condition
from benchmarks.corpus.mistakes import MISTAKES, Mistake
from benchmarks.corpus.problem import Problem, rng_for


@dataclass(frozen=True)
class Case:
    """A question for a checker.

    Attributes
    ----------
    problem : Problem
        The loss under its condition, with the gradient to be checked.
    condition : str
        The name of the condition.
    mistake : str or None
        The name of the planted mistake; None if the gradient is right.
    """

    problem: Problem
    condition: str
    mistake: str | None

    @property
    def name(self) -> str:
        """Problem, condition and mistake in a line."""
        return f"{self.problem.name} / {self.condition} / {self.mistake or 'right'}"


def cases(
    seed: int,
    problems: Sequence[Problem] | None = None,
    conditions: Sequence[Condition] = CONDITIONS,
    mistakes: Sequence[Mistake] = MISTAKES,
) -> Iterator[Case]:
    """Yield the cases that make sense, the right gradient before the wrong ones.

    The random choices of a case depend on `seed` and on its own names only, so a part of the corpus gives the
    same cases as the whole.

    Parameters
    ----------
    seed : int
        Fixes the random units of the conditions and the places of the mistakes.
    problems : sequence of Problem, optional
        All of the corpus by default.
    conditions : sequence of Condition
        The conditions to put them under.
    mistakes : sequence of Mistake
        The mistakes to plant; none of them: right gradients only.
    """
    for problem in all_problems() if problems is None else problems:
        for condition in conditions:
            changed = condition.apply(problem, rng_for(seed, problem.name, condition.name))
            if changed is None:
                continue
            yield Case(changed, condition.name, None)
            for mistake in mistakes:
                wrong = mistake.commit(changed, rng_for(seed, problem.name, condition.name, mistake.name))
                if wrong is not None:
                    yield Case(wrong, condition.name, mistake.name)
