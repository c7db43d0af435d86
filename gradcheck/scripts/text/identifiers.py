"""What names say: which variable is the derivative by which other."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Around the name of a variable, in the name of the derivative by it.
_BEFORE = re.compile(
    r"(?i)^(d_?L_?d_?|d_?J_?d_?|d_|d(?=[A-Za-z])|grads?_?|gradient_?|g_|g(?=[A-Z])|nabla_?|delta_?|del_?|partial_?"
    r"|err(or)?_|adj_?|bar_)(\w+)$"
)
_AFTER = re.compile(r"(?i)^(\w+?)_?(grads?|gradients?|deltas?|errors?|err|bar|adj|adjoint|d|sens)$")

#: Of a container whose items are derivatives by what they are called.
_HOLDER = re.compile(r"(?i)^(d|g|gs|grads?|gradients?|nablas?|deltas?|dparams?|derivs?|gradient|adj)$")

#: Of derivatives that do not say by what.
_DERIVED = re.compile(r"(?i)^(delta|grad|gradient|error|err|dout|upstream|adjoint|residual|lam|lambda_?|costate)s?\d*$")

#: Of a loss, the plain names before the longer ones.
_LOSS = re.compile(
    r"(?i)^(loss|cost|j|l|nll|objective|obj|total|total_loss|total_cost|energy|criterion|neg_log_lik\w*|nlml"
    r"|elbo_loss|neg_elbo)$"
)
_LOSSY = re.compile(
    r"(?i)(^e$|^err$|^[sr]ss$|sse|mae|loss|cost|nll|object|error|mse|rmse|entropy|x_?ent$|neg_?log|penalty|hinge|risk|misfit|chi2)"
)
_GROWS = re.compile(r"(?i)^(ll|llh|log_?lik(elihood)?|log_?l|lik(elihood)?|elbo|rewards?|returns?|evidence|log_?prob)$")
_FALLS = re.compile(r"(?i)(neg|minus|nll|loss|cost)")
_HELD_OUT = re.compile(r"(?i)(val|test|valid|dev|eval|best|prev|old|smooth|running|avg|epoch)")


def tokens(name: str) -> list[str]:
    """The words of ``self.layers[0].grads['W1']``: self, layers, 0, grads, W1."""
    return re.findall(r"[A-Za-z_]\w*|-?\d+", name)


def last(name: str) -> str:
    """The last word that is no number."""
    words = [word for word in tokens(name) if not word.lstrip("-").isdigit()]
    return words[-1] if words else ""


def derivative_by(name: str) -> set[str]:
    """Names, in lower case, of what this may be the derivative by; empty if it sounds like no derivative."""
    if "(" in name or " " in name:
        return set()
    words = [word for word in tokens(name) if not word.lstrip("-").isdigit()]
    if not words:
        return set()
    found = set()
    word = words[-1]
    if len(words) > 1 and _HOLDER.match(words[-2]):
        found.add(word.lower())
    before = _BEFORE.match(word)
    if before:
        found.add(before.group(before.lastindex or 1).lower())
    after = _AFTER.match(word)
    if after:
        found.add(after.group(1).lower())
    return {each.strip("_") for each in found if each.strip("_")}


def matches(variable: Iterable[str], derivative: Iterable[str]) -> bool:
    """Whether one of the names of a derivative names one of the names of a variable."""
    wanted = {_singular(last(name).lower().strip("_")) for name in variable if "(" not in name and " " not in name}
    return any({_singular(each) for each in derivative_by(name)} & wanted for name in derivative)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 1 and word.endswith("s") else word


def sounds_derived(names: Iterable[str]) -> bool:
    """Whether one of the names is that of a derivative, of whatever."""
    return any(
        "(" not in name and " " not in name and (bool(derivative_by(name)) or bool(_DERIVED.match(last(name))))
        for name in names
    )


def is_maximised(names: Iterable[str]) -> bool:
    """Whether a number sounds like one that is to grow: a likelihood, a reward."""
    words = [last(name) for name in names if "(" not in name and " " not in name]
    return any(_GROWS.match(word) for word in words) and not any(_LOSSY.search(w) or _FALLS.search(w) for w in words)


def is_only_shown(names: Iterable[str]) -> bool:
    """Whether a number is printed without a name, or called no more than an error: nobody says that it is the loss."""
    words = [last(name) for name in names if "(" not in name and " " not in name]
    return all(re.search(r"(?i)err", word) for word in words)


def sounds_of_gradient(names: Iterable[str]) -> bool:
    """Whether one of the names, or pieces of source, speaks of a derivative in so many words."""
    return any(re.search(r"(?i)(grad|prime|deriv|delta)", name) for name in names)


def loss_rank(names: Iterable[str]) -> int:
    """How much a scalar sounds like the loss: 0 is best."""
    ranks = []
    for name in names:
        word = last(name) if "(" not in name and " " not in name else name
        rank = 0 if _LOSS.match(word) else 1 if _LOSSY.search(word) else 3
        ranks.append(rank + (2 if _HELD_OUT.search(word) and rank < 3 else 0))
    return min(ranks, default=3)
