"""`check_optimiser`: compare an update rule with the reference of its name, on the same gradients."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from gradcheck.checks.options import seed_of
from gradcheck.errors import SubjectError
from gradcheck.training.optimisers.calling import take_steps
from gradcheck.training.optimisers.comparing import FirstDifference, first_difference
from gradcheck.training.optimisers.formula import Hyperparameters
from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence, draw_gradient_sequence
from gradcheck.training.optimisers.mistakes import BY_SLUG
from gradcheck.training.optimisers.naming import Explanation, explanations, fitted_hyperparameters
from gradcheck.training.optimisers.references import Reference, name_of, reference_of
from gradcheck.training.optimisers.report import OptimiserReport
from gradcheck.verdicts.verdict import Verdict


def check_optimiser(
    rule: Any,
    reference: Any = None,
    *,
    params: Any = None,
    each: bool = False,
    state: Mapping[str, Any] | tuple[Any, ...] | None = None,
    accept: str | Collection[str] = (),
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    **hyperparameters: float,
) -> OptimiserReport:
    """Compare an update rule with the optimiser of the same name, and name the term that differs.

    Parameters
    ----------
    rule : object or callable
        An object with ``step(params, grads)`` or ``update(params, grads)``, or a function ``rule(params, grads)`` or
        ``rule(params, grads, state)``. It changes the arrays in place, or returns new ones, with or without its state.
        An object is copied; it should be in its initial state.
    reference : str, Optimiser or class of gradcheck.nn, optional
        ``"SGD"``, ``"Momentum"``, ``"Nesterov"``, ``"AdaGrad"``, ``"RMSProp"``, ``"Adam"``, ``"AdamW"`` or
        ``"IRpropMinus"``. By default it is read from the name of the rule.
    params : dict, list or array of float64 or float32, optional
        Parameters, for rules that need certain names or shapes. By default a dict of three arrays.
    each : bool
        Whether the rule is called for one array at a time, ``rule(w, dw)`` or ``rule(w, dw, state)``.
    state : dict or tuple, optional
        Initial state of a function. A dict is passed again at each call; by default it is empty, if the function takes
        a third argument. A tuple holds further arguments, which the function returns after the parameters:
        ``w, m, v = rule(w, dw, m, v)``.
    accept : str or collection of str
        Slugs of mistakes that are intended, such as ``"epsilon-place"`` for ε inside the root.
    rng : None, int, SeedSequence or Generator
        Seeds the gradients.
    **hyperparameters : float
        Under the names of the reference: `rate`, `momentum`, `decay`, `beta1`, `beta2`, `eps`, `weight_decay`,
        `shrink`, `grow`, `smallest`, `largest`. Those left out are fitted to the steps of the rule.

    Returns
    -------
    OptimiserReport
        True if all steps are equal within rounding. Otherwise the report has the first step and the entry that differ,
        and the mistake that reproduces all steps of the rule when made on the reference. Undecided if hyperparameters
        are to be fitted, and the reference makes the steps with none, neither with a known mistake nor without.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the rule cannot be called in this way, or there is no such reference or hyperparameter. Exceptions of the
        rule itself are passed on.

    Notes
    -----
    The gradients are drawn once and do not depend on the parameters. If a hyperparameter is fitted, a mistake that has
    the effect of another value of it is not seen. Give those that you know.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> def rmsprop(w, dw, state):
    ...     state["s"] = 0.9 * state.get("s", 0) + dw**2  # 0.1 is missing
    ...     w -= 0.01 * dw / (np.sqrt(state["s"]) + 1e-8)
    >>> report = gradcheck.check_optimiser(rmsprop, each=True, rate=0.01, decay=0.9, eps=1e-8, rng=0)
    >>> report.verdict.value, report.mistake, report.step
    ('fail', 'biased-average', 1)
    """
    accepted = _accepted(accept)
    known = reference_of(reference, rule, hyperparameters)
    sequence = draw_gradient_sequence(params, seed_of(rng))
    path, notes = take_steps(rule, sequence, each=each, state=state)
    values = dict(fitted_hyperparameters(path, sequence, known))
    if _makes_same_steps(path, known, values, sequence):
        return _report(rule, known, values, sequence, notes)
    found = explanations(path, sequence, known)
    for explanation in found if known.missing else ():
        # the fit of the reference may have stopped early where that of an explanation found the right values
        if _makes_same_steps(path, known, explanation.values, sequence):
            return _report(rule, known, explanation.values, sequence, notes)
    if not found:
        return _unexplained(rule, path, known, values, sequence, notes)
    return _explained(rule, path, known, found, sequence, notes, accepted)


def _makes_same_steps(path: Array, known: Reference, values: Hyperparameters, sequence: GradientSequence) -> bool:
    """Whether the reference makes the same steps; False if it rejects the hyperparameters."""
    try:
        expected = known.path(values, sequence)
    except (ValueError, KeyError):
        return False
    return first_difference(path, expected, sequence, bool(known.missing)) is None


def _report(
    rule: Any,
    known: Reference,
    values: Hyperparameters,
    sequence: GradientSequence,
    notes: tuple[str, ...],
    **more: Any,
) -> OptimiserReport:
    """A report that passes, unless `more` says otherwise."""
    own = {name: values[name] for name in known.names if name in values}
    fields = {
        "verdict": Verdict.PASS,
        "rule": name_of(rule),
        "reference": f"{known.kind}({', '.join(f'{name}={value:.6g}' for name, value in own.items())})",
        "hyperparameters": own,
        "fitted": known.missing,
        "steps": sequence.steps,
        "dtype": sequence.dtype.name,
        "seed": sequence.seed,
        "notes": notes,
    }
    return OptimiserReport(**{**fields, **more})


def _difference_fields(difference: FirstDifference | None, sequence: GradientSequence) -> dict[str, Any]:
    """Fields of the report about the first difference."""
    if difference is None:
        return {}
    block, entry = sequence.place(difference.entry)
    return {
        "step": difference.step,
        "block": block,
        "entry": entry,
        "change": difference.change,
        "expected": difference.expected,
    }


def _explained(
    rule: Any,
    path: Array,
    known: Reference,
    found: list[Explanation],
    sequence: GradientSequence,
    notes: tuple[str, ...],
    accepted: frozenset[str],
) -> OptimiserReport:
    """The report on a rule that a known mistake explains."""
    first = next((each for each in found if {m.slug for m in each.mistakes} <= accepted), found[0])
    slugs = [mistake.slug for mistake in first.mistakes]
    intended = set(slugs) <= accepted
    conventions = [
        f"Some implementations do this on purpose ({m.convention}); accept={m.slug!r} lets it pass."
        for m in first.mistakes
        if m.convention
    ]
    values = {**first.values, **known.given}
    return _report(
        rule,
        known,
        values,
        sequence,
        (*notes, *(["Accepted: " + ", ".join(slugs) + "."] if intended else [])),
        verdict=Verdict.PASS if intended else Verdict.FAIL,
        mistake=first.slug,
        term=" and ".join(mistake.term for mistake in first.mistakes),
        message=_sentence(first.message),
        evidence=f"The reference with this mistake makes all {sequence.steps} steps of the rule{_accuracy(first)}.",
        fix=" ".join([*conventions, *(mistake.fix for mistake in first.mistakes)]),
        also=tuple(dict.fromkeys(f"{each.slug} ({each.message})" for each in found if each is not first)),
        **_difference_fields(first_difference(path, first.expected, sequence, bool(known.missing)), sequence),
    )


def _sentence(text: str) -> str:
    """The text with a capital first letter. A Greek symbol keeps its case: a capital ε looks like E."""
    return text[:1].upper() + text[1:] if text[:1].isascii() else text


def _accuracy(found: Explanation) -> str:
    """How exactly the steps are reproduced."""
    if found.deviation == 0.0:
        return ", within rounding"
    return f", to {found.deviation:.1e} of the largest change of each entry"


def _unexplained(
    rule: Any,
    path: Array,
    known: Reference,
    values: Hyperparameters,
    sequence: GradientSequence,
    notes: tuple[str, ...],
) -> OptimiserReport:
    """The report on a rule that no known mistake explains."""
    try:
        expected = known.path(values, sequence)
    except (ValueError, KeyError):
        expected = known.formula.path(values, sequence)
    verdict, message, fix = Verdict.FAIL, "No known mistake explains this", ""
    if known.missing:
        verdict = Verdict.UNDECIDED
        message = f"No hyperparameters were found with which {known.kind} makes these steps"
        names = ", ".join(known.missing)
        fix = f"Pass the hyperparameters that you know: {names}. The values shown above come closest."
    return _report(
        rule,
        known,
        values,
        sequence,
        notes,
        verdict=verdict,
        message=message,
        evidence=f"None of {len(BY_SLUG)} known mistakes, made on the reference, makes the steps of the rule.",
        fix=fix,
        **_difference_fields(first_difference(path, expected, sequence, bool(known.missing)), sequence),
    )


def _accepted(accept: str | Collection[str]) -> frozenset[str]:
    slugs = frozenset([accept] if isinstance(accept, str) else accept)
    for slug in slugs:
        if slug not in BY_SLUG:
            raise SubjectError(f"accept: no {slug!r}; there are {', '.join(BY_SLUG)}")
    return slugs
