"""The references: the optimisers of `gradcheck.nn`, each also as a formula whose terms can be replaced."""

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
from gradcheck.training.optimisers.formula import AverageTerm, AveragingRule, Hyperparameters
from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence
from gradcheck.training.optimisers.resilient import ResilientRule

Formula = AveragingRule | ResilientRule


def _running_average(
    name: str, transform: Callable[[Array], Array] = np.asarray, *, corrected: bool = False
) -> AverageTerm:
    """An average with the weights α and 1 − α; `name` is that of the hyperparameter α."""

    def decay(values: Hyperparameters) -> float:
        return values[name]

    return AverageTerm(decay, lambda values: 1.0 - values[name], transform, correction=decay if corrected else None)


#: The velocity of momentum: a decaying sum of gradients.
_VELOCITY = AverageTerm(decay=lambda values: values["momentum"], input_weight=lambda values: 1.0)
_SUM_OF_SQUARES = AverageTerm(decay=lambda values: 1.0, input_weight=lambda values: 1.0, transform=np.square)
_ADAM = AveragingRule(
    mean=_running_average("beta1", corrected=True), square=_running_average("beta2", np.square, corrected=True)
)

#: Formula of each reference.
FORMULAS: dict[str, Formula] = {
    "SGD": AveragingRule(),
    "Momentum": AveragingRule(mean=_VELOCITY),
    "Nesterov": AveragingRule(mean=_VELOCITY, look_ahead=True),
    "AdaGrad": AveragingRule(square=_SUM_OF_SQUARES),
    "RMSProp": AveragingRule(square=_running_average("decay", np.square)),
    "Adam": _ADAM,
    "AdamW": AveragingRule(mean=_ADAM.mean, square=_ADAM.square, weight_decay="decoupled"),
    "IRpropMinus": ResilientRule(),
}

#: Parts of the names of rules, in the order in which they are searched for: "sgd_with_momentum" is Momentum.
_ALIASES = {
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

#: Other names of the step size, to suggest `rate` for.
_NAMES_OF_THE_RATE = ("lr", "learning_rate", "alpha", "eta")


@dataclass(frozen=True)
class Reference:
    """A reference optimiser with the hyperparameters that are known.

    Attributes
    ----------
    kind : str
        Its name in `gradcheck.nn`.
    names : tuple of str
        Names of its hyperparameters.
    given : dict of str to float
        The hyperparameters that the caller gave.
    """

    kind: str
    names: tuple[str, ...]
    given: dict[str, float]

    @property
    def formula(self) -> Formula:
        """The rule as a formula."""
        return FORMULAS[self.kind]

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the hyperparameters to be fitted."""
        return tuple(name for name in self.names if name not in self.given)

    def optimiser(self, values: Hyperparameters) -> Optimiser:
        """Make the optimiser."""
        optimiser: Optimiser = find(self.kind, OPTIMISERS[self.kind])(**{name: values[name] for name in self.names})
        return optimiser

    def path(self, values: Hyperparameters, sequence: GradientSequence, steps: int | None = None) -> Array:
        """Parameters at the start and after each step of the optimiser of `gradcheck.nn`, one row each."""
        optimiser, theta = self.optimiser(values), sequence.start.copy()
        rows = [theta.copy()]
        with np.errstate(all="ignore"):
            for grad in sequence.grads[:steps]:
                optimiser.step({"w": theta}, {"w": grad})
                rows.append(theta.copy())
        return np.array(rows)


def reference_of(reference: Any, rule: Any, given: Mapping[str, Any]) -> Reference:
    """The reference of a rule.

    Parameters
    ----------
    reference : str, Optimiser, class or None
        By default it is read from the name of the rule.
    rule : object or callable
    given : mapping
        Hyperparameters that the caller gave.

    Raises
    ------
    SubjectError, SubjectTypeError
        If there is no such reference, or it has no such hyperparameter.
    """
    values = dict(given)
    if isinstance(reference, Optimiser):
        kind = type(reference).__name__
        spec = {name: value for name, value in reference.spec().items() if name != "kind"}
        if twice := sorted(set(spec) & set(values)):
            raise SubjectError(f"{twice[0]} is given twice: with the reference, {reference!r}, and by itself")
        values |= spec
    elif isinstance(reference, str):
        kind = _kind(reference)
    elif inspect.isclass(reference) and issubclass(reference, Optimiser):
        kind = reference.__name__
    elif reference is None:
        kind = _kind_of_rule(rule)
    else:
        raise SubjectTypeError(
            f"reference is a {type(reference).__qualname__}: pass a name ({', '.join(map(repr, FORMULAS))}) or an "
            "optimiser of gradcheck.nn"
        )
    if kind not in FORMULAS:
        raise SubjectError(f"{kind} is not a reference: pass one of {', '.join(FORMULAS)}")
    names = hyperparameter_names(kind)
    for name, value in values.items():
        if name not in names:
            hint = ", did you mean 'rate'?" if name in _NAMES_OF_THE_RATE else nearest(name, names)
            raise SubjectError(f"{kind} has no hyperparameter {name!r}{hint}; it has {', '.join(names)}")
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise SubjectTypeError(f"{name} is {value!r}: pass a number, or leave it out to have it fitted")
    found = Reference(kind, names, {name: float(value) for name, value in values.items()})
    _reject_invalid_values(found)
    return found


def hyperparameter_names(kind: str) -> tuple[str, ...]:
    """Names of the hyperparameters of a reference."""
    return tuple(inspect.signature(find(kind, OPTIMISERS[kind])).parameters)


def _reject_invalid_values(reference: Reference) -> None:
    """Construct the optimiser, which validates its hyperparameters."""
    try:
        find(reference.kind, OPTIMISERS[reference.kind])(**{"rate": 1.0, **reference.given})
    except ValueError as error:
        raise SubjectError(str(error)) from None


def _kind(name: str) -> str:
    lower = {kind.lower(): kind for kind in FORMULAS}
    letters = _letters(name)
    if letters in lower:
        return lower[letters]
    if letters in _ALIASES:
        return _ALIASES[letters]
    raise SubjectError(f"there is no reference {name!r}{nearest(name, FORMULAS)}; there are {', '.join(FORMULAS)}")


def _kind_of_rule(rule: Any) -> str:
    name = name_of(rule)
    kind = next((kind for alias, kind in _ALIASES.items() if alias in _letters(name)), None)
    if kind is None:
        raise SubjectError(
            f"the name of {name} does not say which rule it is: pass reference=, one of {', '.join(FORMULAS)}"
        )
    return kind


def name_of(rule: Any) -> str:
    """Name of a rule: that of the function, or of the object's class."""
    named: Callable[..., Any] = getattr(rule, "func", rule)
    return str(getattr(named, "__qualname__", type(rule).__qualname__)).replace("<locals>.", "").rpartition(".")[2]


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
