"""Reads names: which variable a derivative's name refers to, and how much a name looks like that of a loss."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable

#: The name of a variable with a prefix that marks a derivative: dW, grad_W, delta_h.
_PREFIXED = re.compile(
    r"(?i)^(d_?L_?d_?|d_?J_?d_?|d_|d(?=[A-Za-z])|grads?_?|gradient_?|g_|g(?=[A-Z])|nabla_?|delta_?|del_?|partial_?"
    r"|err(or)?_|adj_?|bar_)(\w+)$"
)
#: The same with a suffix: W_grad, h_delta.
_SUFFIXED = re.compile(r"(?i)^(\w+?)_?(grads?|gradients?|deltas?|errors?|err|bar|adj|adjoint|d|sens)$")

#: A container whose items are derivatives with respect to what their keys name: grads["W1"].
_HOLDER = re.compile(r"(?i)^(d|g|gs|grads?|gradients?|nablas?|deltas?|dparams?|derivs?|gradient|adj)$")

#: Usual names of a loss.
_LOSS = re.compile(
    r"(?i)^(loss|cost|j|l|nll|objective|obj|total|total_loss|total_cost|energy|criterion|neg_log_lik\w*|nlml"
    r"|elbo_loss|neg_elbo)$"
)
#: Names that contain a word for a loss.
_LOSS_LIKE = re.compile(
    r"(?i)(^e$|^err$|^[sr]ss$|sse|mae|loss|cost|nll|object|error|mse|rmse|entropy|x_?ent$|neg_?log|penalty|hinge|risk|misfit|chi2)"
)
#: Losses that are monitored rather than differentiated.
_MONITORED = re.compile(r"(?i)(val|test|valid|dev|eval|best|prev|old|smooth|running|avg|epoch)")

#: The rank of a name that does not look like a loss, and what a monitored loss adds to its rank.
NOT_A_LOSS, _MONITORED_RANK = 3, 2


def words_of(name: str) -> list[str]:
    """The words of ``self.layers[0].grads['W1']``: self, layers, 0, grads, W1."""
    return re.findall(r"[A-Za-z_]\w*|-?\d+", name)


@functools.cache
def is_plain(name: str) -> bool:
    """Whether a name is that of a variable, an attribute or an item, and not the text of another expression."""
    try:
        node = ast.parse(name, mode="eval").body
    except SyntaxError:
        return False
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name)


def last_word(name: str) -> str:
    """The last word that is not a number."""
    words = [word for word in words_of(name) if not word.lstrip("-").isdigit()]
    return words[-1] if words else ""


def differentiated_names(name: str) -> set[str]:
    """Lower-case names of the variables that `name` may be the derivative with respect to; empty if it names none."""
    if not is_plain(name):
        return set()
    words = [word for word in words_of(name) if not word.lstrip("-").isdigit()]
    if not words:
        return set()
    found = set()
    word = words[-1]
    if len(words) > 1 and _HOLDER.match(words[-2]):
        found.add(word.lower())
    prefixed = _PREFIXED.match(word)
    if prefixed:
        found.add(prefixed.group(prefixed.lastindex or 1).lower())
    suffixed = _SUFFIXED.match(word)
    if suffixed:
        found.add(suffixed.group(1).lower())
    return {each.strip("_") for each in found if each.strip("_")}


def named_as_derivative(variable: Iterable[str], derivative: Iterable[str]) -> bool:
    """Whether one of a derivative's names refers to one of a variable's names."""
    wanted = {_singular(last_word(name).lower().strip("_")) for name in variable if is_plain(name)}
    return any({_singular(each) for each in differentiated_names(name)} & wanted for name in derivative)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 1 and word.endswith("s") else word


def loss_rank(names: Iterable[str]) -> int:
    """How little a scalar's names look like that of the loss: 0 for a usual name, `NOT_A_LOSS` for none."""
    ranks = []
    for name in names:
        word = last_word(name) if is_plain(name) else name
        rank = 0 if _LOSS.match(word) else 1 if _LOSS_LIKE.search(word) else NOT_A_LOSS
        ranks.append(rank + (_MONITORED_RANK if _MONITORED.search(word) and rank < NOT_A_LOSS else 0))
    return min(ranks, default=NOT_A_LOSS)
