"""The methods of a check: which there are, what each costs, and which options it cannot honour."""

from __future__ import annotations

from gradcheck.checks.options import budget_of
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.settings import MIN_BUDGET
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.subject import Subject

#: Methods that add the note of a second witness, and the evaluations of the function that each may take.
WITNESSES = {"taylor": 13, "complex": 2, "jax": 3}

#: Options that the method of textbooks cannot honour, and why.
NOT_OF_TEXTBOOKS = {
    "rtol": "which has the thresholds of the lectures, 1e-07 and 1e-03, on a ratio of norms",
    "entries": "which measures every entry anyway, and has no error bar for one",
    "loss_accuracy": "which has no tolerance but its thresholds",
    "journal": "which keeps no evaluations",
}


def require_method(method: str, *, textbook: bool = False) -> None:
    """Refuse a method that there is not, or one whose library is not installed.

    Parameters
    ----------
    method : str
    textbook : bool
        Whether what is checked is the gradient of a number, which the method of textbooks is for.

    Raises
    ------
    SubjectError
        The message lists the methods.
    """
    known = ("gradcheck", *(["textbook"] if textbook else []), *WITNESSES)
    if method not in known:
        aside = ", or check a number with check_gradients" if method == "textbook" else ""
        raise SubjectError(f"method is {method!r}: pass {', '.join(map(repr, known))}{aside}")
    if method == "jax":
        from gradcheck.checks.maps.automatic import require_jax

        require_jax()


def require_function(method: str, subject: Subject) -> None:
    """Refuse witnesses that evaluate a function at other kinds of numbers, where what is checked is no function.

    Raises
    ------
    SubjectTypeError
    """
    if method in ("complex", "jax") and not isinstance(subject, FunctionSubject):
        raise SubjectTypeError(
            f"method={method!r} is for a function with its gradient, check_gradients(fun, grad, x0): use "
            f"method='taylor' for {subject.name}"
        )


def refuse_with_method(method: str, **given: bool) -> None:
    """Refuse options that a method cannot honour: each is named with whether it was given.

    Raises
    ------
    SubjectTypeError
        Naming the first that was given, and the remedy.
    """
    refused = NOT_OF_TEXTBOOKS if method == "textbook" else {}
    for argument, is_given in given.items():
        if is_given and argument in refused:
            raise SubjectTypeError(
                f"{argument} is not for method='textbook', {refused[argument]}: leave {argument} out, or use "
                "method='gradcheck'"
            )


def budget_beside(method: str, budget: int | None) -> int:
    """What a budget leaves to the check itself, beside what the witness of a method may take.

    Raises
    ------
    SubjectError
        If it is too small for both.
    """
    limit, cost = budget_of(budget), WITNESSES.get(method, 0)
    if cost and limit - cost < MIN_BUDGET:
        raise SubjectError(
            f"budget is {limit}: method={method!r} takes up to {cost} evaluations beside the {MIN_BUDGET} of a check: "
            f"pass budget={MIN_BUDGET + cost} or more, or leave method out"
        )
    return limit - cost


def require_budget(limit: int, method: str, parts: int, why: str) -> None:
    """Refuse a budget that is too small for several checks, each with the witness of a method.

    Raises
    ------
    SubjectError
    """
    needed = parts * (MIN_BUDGET + WITNESSES.get(method, 0))
    if limit < needed:
        raise SubjectError(f"budget is {limit}: {why}: pass budget={needed} or more")


#: Evaluations that are kept for each further check, if there are so many.
KEPT = 200


def share_of(left: int, further: int) -> int:
    """What one check may take of the evaluations that are left, where further ones follow."""
    return max(left // (further + 1), left - further * KEPT)
