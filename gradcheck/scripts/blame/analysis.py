"""What the values of a step are to each other: parameters, loss, gradients, and the points they are looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.scripts.blame.judgement import Judgement
from gradcheck.scripts.blame.stale import stale
from gradcheck.scripts.chain_rule.pairing import Pairing
from gradcheck.scripts.chain_rule.preconditioners import underlying
from gradcheck.scripts.chain_rule.vjp import Chain, Place
from gradcheck.scripts.graph import parameters as roles
from gradcheck.scripts.graph.dataflow import Base, Flow
from gradcheck.scripts.graph.loss import loss_of, moved_by
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.identifiers import is_maximised, last

Array = NDArray[Any]

#: How far the second point lies, in units of the scale that parameters are drawn on again.
FAR = (1.0, 0.3, 0.05)


class Analysis:
    """What a step's values are to each other.

    Parameters
    ----------
    step : Step
    hints : Hints
    """

    def __init__(self, step: Step, hints: Hints, rng: np.random.Generator) -> None:
        self.step, self.rng, self.hints = step, rng, hints
        if hints.loss is not None:
            step.with_loss(hints.loss)
        trace = step.prepared()
        step.snapshot.also([leaf.found for leaf in trace.before.values()])
        self.flow = Flow(step, trace, rng)
        changed = roles.changed_leaves(self.flow)
        updated = roles.updated(self.flow, changed)
        if not updated and hints.function is not None:
            updated = roles.named(self.flow, dict(hints.pairs))
        if not updated:
            raise SubjectError(_no_update(step, changed))
        roles.neutralise(self.flow, updated)
        leaves = [leaf for leaf, _ in updated]
        ups = {n.index for _, nodes in updated for n in nodes}
        self.loss = loss_of(self.flow, leaves, ups, hints.loss)
        self.forward = self.flow.ancestors([self.loss.index], stop=ups) - ups
        updated = [entry for entry in updated if self._moves(entry[0])]
        if not updated:
            raise SubjectError(_no_update(step, changed))
        self.parameters = roles.claims(self.flow, updated, self.forward, dict(hints.pairs))
        again = [p for p in self.parameters if _more_than_once(p)]
        if again and hints.loss is None:
            raise SubjectError(_several_steps(step, again[0], self.loss))
        self.base = self.flow.base
        _refresh(self.base)
        self.stale = [] if again else stale(self.flow, trace, self.base, self.parameters, self.forward)
        self.bases = [self.base]
        second = self._elsewhere()
        if second is not None:
            self.bases.append(second)
        if hints.loss is None and is_maximised(self.loss.names):
            self.parameters = [replace(p, factor=-p.factor) for p in self.parameters if p.updates] or self.parameters
        self.treated: dict[str, str] = {}
        self.chain = Chain(self.bases, self.loss, rng)
        self.parameters = [self._underlying(p) for p in self.parameters]
        self.given = {derivative: variable for variable, derivative in hints.pairs}

    def _underlying(self, parameter: roles.Parameter) -> roles.Parameter:
        """The parameter with the gradient that the update is made of, unless the user said which it is."""
        if {parameter.name, last(parameter.name)} & {variable for variable, _ in self.hints.pairs}:
            return parameter
        found, how = underlying(self.flow, self.chain, parameter, self.forward)
        if how:
            self.treated[parameter.name] = f"{how} before the update; line {found.claim.site.line} is what is checked"
        return found

    def _moves(self, leaf: Any) -> bool:
        return bool(moved_by(self.flow, [leaf], [self.loss]))

    def _elsewhere(self) -> Base | None:
        """A point with the parameters drawn anew."""
        for distance in FAR:
            values = {}
            for parameter in self.parameters:
                old = parameter.leaf.value
                width = 1.0 / math.sqrt(max(old.shape, default=1))
                size = max(float(np.sqrt(np.mean(old * old))), width)
                values[parameter.leaf.path] = old + distance * size * self.rng.standard_normal(old.shape)
            base = Base(
                self.step, values, self.base.trace, "a point drawn anew", self.base.neutral, self.base.neutral_keys
            )
            moved = _recorded(base)
            if moved is not None and np.isfinite(moved.value(self.loss)).all() and self._tame(moved):
                return moved
        return None

    def _tame(self, base: Base) -> bool:
        """Whether the loss there is of a size that arithmetic can hold beside the one here."""
        here, there = abs(float(self.base.value(self.loss).sum())), abs(float(base.value(self.loss).sum()))
        return there <= 1e4 * max(here, 1.0)

    def judgement(self) -> Judgement:
        """Pair everything, and hold every line against the chain rule."""
        pairing = Pairing(self.flow, self.chain, self.forward, self.parameters, self.given)
        totals = {p.claim.index: self.chain.ratio(Place(leaf=p.leaf), p.claim, p.factor, ()) for p in self.parameters}
        return Judgement(pairing, totals)


def _refresh(base: Base) -> None:
    """Take the values as they are where updates do nothing."""
    moved = _recorded(base)
    if moved is not None:
        base.trace = moved.trace


def _recorded(base: Base) -> Base | None:
    """The same point with the values that the step has there; None if it takes another branch."""
    from gradcheck.scripts.replay.step import Trace

    events = base.trace.events
    actions = {}
    for event, path in base.neutral.items():
        start = base.leaf(path)
        key = base.neutral_keys.get(event)
        actions[event] = _back(start if key is None else start[key])
    seen = base.step.replay(actions, {e.index for e in events}, values=base.values)
    if seen is None:
        return None
    after = {i: action(None) for i, action in actions.items()}
    fresh = [replace(e, value=np.asarray(after.get(e.index, seen[e.index])).reshape(e.value.shape)) for e in events]
    trace = Trace(fresh, base.trace.before, base.trace.after)
    return Base(base.step, base.values, trace, base.name, base.neutral, base.neutral_keys)


def _back(value: Array) -> Any:
    return lambda _: value


def _more_than_once(parameter: roles.Parameter) -> bool:
    """Whether one and the same line updates a whole parameter several times."""
    sites = [n.site.index for n in parameter.updates if not n.increment and not n.container_id and not n.keys]
    return len(sites) != len(set(sites))


def _several_steps(step: Step, parameter: roles.Parameter, loss: Node) -> str:
    line = parameter.updates[-1].site.line
    return (
        f"one pass of the loop in line {step.loop.line} updates {parameter.name} several times (line {line}), and the "
        f"loss, {loss.label} in line {loss.site.line}, is that of the whole pass: say with --loss EXPR what one update "
        "follows the gradient of, in the variables of the loop inside"
    )


def _no_update(step: Step, changed: Sequence[Any]) -> str:
    names = ", ".join(leaf.name for leaf in changed[:6])
    integers = [step.tape.sites[i] for i in step.tape.integers]
    text = (
        f"the loop in line {step.loop.line} updates no parameters: gradcheck looked for a float or an array of floats "
        "that the loss depends on and to which a pass of the loop adds something, as in w -= rate * dw"
    )
    if names:
        text += f" (what it changes: {names})"
    if integers:
        text += f"; {integers[0].target} in line {integers[0].line} is an array of integers: make it one of floats"
    return text
