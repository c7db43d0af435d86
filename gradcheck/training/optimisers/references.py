"""The references: the optimisers of `gradcheck.nn`, and each as a formula whose terms can be exchanged."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn.kinds import OPTIMISERS, find, nearest
from gradcheck.nn.optimisers.optimiser import Optimiser
from gradcheck.training.optimisers.formula import Average, Averaging, Numbers
from gradcheck.training.optimisers.resilient import Resilient
from gradcheck.training.optimisers.track import Array, Track

Formula = Averaging | Resilient


def _average(share: str, of: Callable[[Array], Array] = np.asarray, *, corrected: bool = False) -> Average:
    """An average whose weights sum to one: what enters has what is left of `share`."""

    def keep(numbers: Numbers) -> float:
        return numbers[share]

    return Average(keep, lambda numbers: 1.0 - numbers[share], of, corrected=keep if corrected else None)


#: What sums gradients, and forgets a share at each step.
_VELOCITY = Average(keep=lambda numbers: numbers["momentum"], take=lambda numbers: 1.0)
_ADAM = Averaging(mean=_average("beta1", corrected=True), square=_average("beta2", np.square, corrected=True))

FORMULAS: dict[str, Formula] = {
    "SGD": Averaging(),
    "Momentum": Averaging(mean=_VELOCITY),
    "Nesterov": Averaging(mean=_VELOCITY, ahead=True),
    "AdaGrad": Averaging(square=Average(keep=lambda numbers: 1.0, take=lambda numbers: 1.0, of=np.square)),
    "RMSProp": Averaging(square=_average("decay", np.square)),
    "Adam": _ADAM,
    "AdamW": Averaging(mean=_ADAM.mean, square=_ADAM.square, decay="decoupled"),
    "IRpropMinus": Resilient(),
}

#: How rules are called, in the order in which their names are looked for: "sgd_with_momentum" is Momentum.
_CALLED = {
    "adamw": "AdamW",
    "adam": "Adam",
    "rmsprop": "RMSProp",
    "adagrad": "AdaGrad",
    "nesterov": "Nesterov",
    "nag": "Nesterov",
    "momentum": "Momentum",
    "rprop": "IRpropMinus",
    "sgd": "SGD",
    "gradientdescent": "SGD",
}


@dataclass(frozen=True)
class Reference:
    """A rule of a name.

    Attributes
    ----------
    kind : str
    numbers : tuple of str
        Its hyperparameters.
    given : dict of str to float
        Those whose values are known.
    """

    kind: str
    numbers: tuple[str, ...]
    given: dict[str, float]

    @property
    def formula(self) -> Formula:
        """Its terms."""
        return FORMULAS[self.kind]

    @property
    def missing(self) -> tuple[str, ...]:
        """Hyperparameters that are to be fitted."""
        return tuple(name for name in self.numbers if name not in self.given)

    def made(self, numbers: Numbers) -> Optimiser:
        """Make the optimiser."""
        optimiser: Optimiser = find(self.kind, OPTIMISERS[self.kind])(**{name: numbers[name] for name in self.numbers})
        return optimiser

    def path(self, numbers: Numbers, track: Track, steps: int | None = None) -> Array:
        """Parameters at the start and after each step, one row each, by the optimiser of `gradcheck.nn`."""
        optimiser, theta = self.made(numbers), track.start.copy()
        rows = [theta.copy()]
        with np.errstate(all="ignore"):
            for grad in track.grads[:steps]:
                optimiser.step({"w": theta}, {"w": grad})
                rows.append(theta.copy())
        return np.array(rows)


def reference_of(reference: Any, rule: Any, given: Mapping[str, Any]) -> Reference:
    """Read a reference: its name, its class or an instance; or what the rule is called, if there is none.

    Raises
    ------
    SubjectError, SubjectTypeError
        If there is none of that name, or it has no such hyperparameter.
    """
    numbers = dict(given)
    if isinstance(reference, Optimiser):
        kind = type(reference).__name__
        spec = {name: value for name, value in reference.spec().items() if name != "kind"}
        if twice := sorted(set(spec) & set(numbers)):
            raise SubjectError(f"{twice[0]} is given twice: with the reference, {reference!r}, and by itself")
        numbers |= spec
    elif isinstance(reference, str):
        kind = _kind(reference)
    elif inspect.isclass(reference) and issubclass(reference, Optimiser):
        kind = reference.__name__
    elif reference is None:
        kind = _kind_of_rule(rule)
    else:
        raise SubjectTypeError(
            f"reference is a {type(reference).__qualname__}: pass a name, {', '.join(map(repr, FORMULAS))}, or an "
            "optimiser of gradcheck.nn"
        )
    if kind not in FORMULAS:
        raise SubjectError(f"{kind} is not one of the references, {', '.join(FORMULAS)}")
    names = numbers_of(kind)
    for name, value in numbers.items():
        if name not in names:
            hint = ", did you mean 'rate'?" if name in ("lr", "learning_rate", "alpha", "eta") else nearest(name, names)
            raise SubjectError(f"{kind} has no hyperparameter {name!r}{hint}; it has {', '.join(names)}")
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise SubjectTypeError(f"{name} is {value!r}: pass a number, or leave it out to have it fitted")
    found = Reference(kind, names, {name: float(value) for name, value in numbers.items()})
    _refuse_impossible(found)
    return found


def numbers_of(kind: str) -> tuple[str, ...]:
    """Names of the hyperparameters of a reference."""
    return tuple(inspect.signature(find(kind, OPTIMISERS[kind])).parameters)


def _refuse_impossible(reference: Reference) -> None:
    """Let the optimiser itself say what is wrong with its numbers."""
    try:
        find(reference.kind, OPTIMISERS[reference.kind])(**{"rate": 1.0, **reference.given})
    except ValueError as error:
        raise SubjectError(str(error)) from None


def _kind(name: str) -> str:
    lower = {kind.lower(): kind for kind in FORMULAS}
    plain = _plain(name)
    if plain in lower:
        return lower[plain]
    if plain in _CALLED:
        return _CALLED[plain]
    raise SubjectError(f"there is no reference {name!r}{nearest(name, FORMULAS)}; there are {', '.join(FORMULAS)}")


def _kind_of_rule(rule: Any) -> str:
    name = name_of(rule)
    kind = next((kind for called, kind in _CALLED.items() if called in _plain(name)), None)
    if kind is None:
        raise SubjectError(
            f"what {name} should be cannot be told from its name: pass reference=, one of {', '.join(FORMULAS)}"
        )
    return kind


def name_of(rule: Any) -> str:
    """What a rule is called: a function's own name, that of an object's class."""
    named: Callable[..., Any] = getattr(rule, "func", rule)
    return str(getattr(named, "__qualname__", type(rule).__qualname__)).replace("<locals>.", "").rpartition(".")[2]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
