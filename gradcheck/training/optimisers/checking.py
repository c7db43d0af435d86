"""`check_optimiser`: an update rule against the reference of its name, on the same gradients."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from gradcheck.checks.options import seed_of
from gradcheck.errors import SubjectError
from gradcheck.training.optimisers.calling import take_steps
from gradcheck.training.optimisers.comparing import Parting, parting
from gradcheck.training.optimisers.mistakes import BY_SLUG
from gradcheck.training.optimisers.naming import Explanation, explanations, numbers_fitted
from gradcheck.training.optimisers.references import Reference, name_of, reference_of
from gradcheck.training.optimisers.report import OptimiserReport
from gradcheck.training.optimisers.track import Array, Track, track_of
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
    """Hold an update rule against the optimiser of the same name, and say which term differs.

    Parameters
    ----------
    rule : object or callable
        An object with ``step(params, grads)`` or ``update(params, grads)``, or a function ``rule(params, grads)`` or
        ``rule(params, grads, state)``. It changes the arrays in place, or returns new ones, with its state or without.
        An object is copied; it should be fresh, as before its first step.
    reference : str, Optimiser or class of gradcheck.nn, optional
        ``"SGD"``, ``"Momentum"``, ``"Nesterov"``, ``"AdaGrad"``, ``"RMSProp"``, ``"Adam"``, ``"AdamW"`` or
        ``"IRpropMinus"``. By default what the rule is called.
    params : dict, list or array of float64 or float32, optional
        What the rule is to change, for rules that take certain names or shapes. By default a dict of three arrays.
    each : bool
        Whether the rule is called for one array at a time, ``rule(w, dw)`` or ``rule(w, dw, state)``.
    state : dict or tuple, optional
        What a function is given beside parameters and gradients at its first call: a dict, which it is handed again at
        each call (by default an empty one, if it takes a third argument), or further arguments, which it returns after
        the parameters: ``w, m, v = rule(w, dw, m, v)``.
    accept : str or collection of str
        Slugs of what is meant so: ``"epsilon-place"`` for ε inside the root, say.
    rng : None, int, SeedSequence or Generator
        Fixes the gradients (SPEC 7).
    **hyperparameters : float
        By the names of the reference: `rate`, `momentum`, `decay`, `beta1`, `beta2`, `eps`, `weight_decay`, `shrink`,
        `grow`, `smallest`, `largest`. Those left out are fitted to what the rule does.

    Returns
    -------
    OptimiserReport
        True if all steps are the same, within rounding. Else it has the first step and the entry where they part, and
        the mistake that, made on the reference, makes all steps of the rule. Undecided where hyperparameters are to be
        fitted, and none are found with which the reference, with a known mistake or without, makes the steps.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the rule cannot be called so, or there is no such reference or hyperparameter. What the rule raises itself is
        passed on.

    Notes
    -----
    The gradients are drawn once, and do not depend on the parameters. With a hyperparameter that is fitted, a mistake
    that amounts to another value of it cannot be seen; so give those that you know.

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
    track = track_of(params, seed_of(rng))
    path, notes = take_steps(rule, track, each=each, state=state)
    numbers = dict(numbers_fitted(path, track, known))
    if _same(path, known, numbers, track):
        return _report(rule, known, numbers, track, notes)
    found = explanations(path, track, known)
    for explanation in found if known.missing else ():
        if _same(path, known, explanation.numbers, track):  # a search for numbers may end early, and another one not
            return _report(rule, known, explanation.numbers, track, notes)
    if not found:
        return _unexplained(rule, path, known, numbers, track, notes)
    return _explained(rule, path, known, found, track, notes, accepted)


def _same(path: Array, known: Reference, numbers: Mapping[str, float], track: Track) -> bool:
    """Whether the reference makes the same steps. Where it cannot have the numbers that were fitted, it does not."""
    try:
        expected = known.path(numbers, track)
    except (ValueError, KeyError):
        return False
    return parting(path, expected, track, bool(known.missing)) is None


def _report(
    rule: Any, known: Reference, numbers: Mapping[str, float], track: Track, notes: tuple[str, ...], **more: Any
) -> OptimiserReport:
    own = {name: numbers[name] for name in known.numbers if name in numbers}
    values = {
        "verdict": Verdict.PASS,
        "rule": name_of(rule),
        "reference": f"{known.kind}({', '.join(f'{name}={value:.6g}' for name, value in own.items())})",
        "hyperparameters": own,
        "fitted": known.missing,
        "steps": track.steps,
        "dtype": track.dtype.name,
        "seed": track.seed,
        "notes": notes,
    }
    return OptimiserReport(**{**values, **more})


def _apart(apart: Parting | None, track: Track) -> dict[str, Any]:
    if apart is None:
        return {}
    block, entry = track.place(apart.entry)
    return {
        "step": apart.step,
        "block": block,
        "entry": entry,
        "change": apart.change,
        "expected": apart.expected,
    }


def _explained(
    rule: Any,
    path: Array,
    known: Reference,
    found: list[Explanation],
    track: Track,
    notes: tuple[str, ...],
    accepted: frozenset[str],
) -> OptimiserReport:
    first = next((each for each in found if {m.slug for m in each.mistakes} <= accepted), found[0])
    slugs = [mistake.slug for mistake in first.mistakes]
    meant = set(slugs) <= accepted
    conventions = [f"That is a convention elsewhere ({m.convention})." for m in first.mistakes if m.convention]
    numbers = {**first.numbers, **known.given}
    return _report(
        rule,
        known,
        numbers,
        track,
        (*notes, *(["Accepted: " + ", ".join(slugs) + "."] if meant else [])),
        verdict=Verdict.PASS if meant else Verdict.FAIL,
        mistake=first.slug,
        term=" and ".join(mistake.term for mistake in first.mistakes),
        message=first.message[:1].upper() + first.message[1:],
        evidence=f"Made on the reference, this makes all {track.steps} steps of the rule{_closely(first)}.",
        fix=" ".join([*conventions, *(mistake.fix for mistake in first.mistakes)]),
        also=tuple(dict.fromkeys(f"{each.slug} ({each.message})" for each in found if each is not first)),
        **_apart(parting(path, first.expected, track, bool(known.missing)), track),
    )


def _closely(found: Explanation) -> str:
    """How exactly the steps are met."""
    if found.deviation == 0.0:
        return ", within rounding"
    return f", to {found.deviation:.1e} of the largest change of each entry"


def _unexplained(
    rule: Any,
    path: Array,
    known: Reference,
    numbers: Mapping[str, float],
    track: Track,
    notes: tuple[str, ...],
) -> OptimiserReport:
    try:
        expected = known.path(numbers, track)
    except (ValueError, KeyError):
        expected = known.formula.path(numbers, track)
    verdict, message, fix = Verdict.FAIL, "No known mistake explains this", ""
    if known.missing:
        verdict, message = Verdict.UNDECIDED, f"No hyperparameters were found with which {known.kind} makes these steps"
        fix = f"Give those that you know: {', '.join(known.missing)}. Shown are those that come nearest."
    return _report(
        rule,
        known,
        numbers,
        track,
        notes,
        verdict=verdict,
        message=message,
        evidence=f"None of {len(BY_SLUG)} mistakes, made on the reference, makes the steps of the rule.",
        fix=fix,
        **_apart(parting(path, expected, track, bool(known.missing)), track),
    )


def _accepted(accept: str | Collection[str]) -> frozenset[str]:
    slugs = frozenset([accept] if isinstance(accept, str) else accept)
    for slug in slugs:
        if slug not in BY_SLUG:
            raise SubjectError(f"accept: no {slug!r}; there are {', '.join(BY_SLUG)}")
    return slugs
