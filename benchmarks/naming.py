"""How often mistakes are found, located and named: each one in every layer and loss that it fits, and in functions.

    python -m benchmarks.naming --output docs/naming.md

Each pair of a layer and a loss is checked with random numbers and a random batch size. One fault of every kind is
injected into the layer, one into the loss, and one together with a flipped sign. Networks of random shapes, passed as
plain functions without visible layers, have their faults in the gradient that they return.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import multiprocessing
import warnings
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradcheck
from benchmarks.output import add_output, write
from gradcheck import nn
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES
from gradcheck.subjects.network import NetworkSubject
from gradcheck.subjects.subject import Subject
from gradcheck.testing.faults import (
    LOSS_MISTAKES,
    AccumulatingLayer,
    Fault,
    FaultyLayer,
    FaultyLoss,
    SeparateGradientNetwork,
    StaleCacheLayer,
    UpdatesTooEarly,
    faulty_gradient,
    mutant,
    visible_faults,
)
from gradcheck.testing.pairs.example import compatible, example

Array = NDArray[Any]

#: Mistakes of the gradient of a block that need no layer or loss.
OF_FUNCTIONS = (
    "sign-flipped",
    "mean-sum",
    "constant-factor",
    "zero-gradient",
    "transposed",
    "reversed-axis",
    "broadcast-not-summed",
    "swapped-blocks",
    "shifted",
    "partial-batch",
    "regulariser-missing",
    "regulariser-extra",
    "low-precision",
)


#: A fault that changes the gradient by less than this part is left out: it has no effect where it was injected.
UNSEEN = 1e-4


@dataclass(frozen=True)
class Outcome:
    """The outcome for one fault.

    Attributes
    ----------
    case, slug, detail, place : str
    verdict : str
    located : bool
    named : str
        "right", "second" (named, but not first), "unknown" or "wrong".
    first_finding : str
    """

    case: str
    slug: str
    detail: str
    place: str
    verdict: str
    located: bool
    named: str
    first_finding: str


def judged(case: str, faults: tuple[Fault, ...], place: str, report: gradcheck.Report) -> Outcome:
    """Compare a report with the faults that were injected; any of several may come first."""
    faults += tuple(f.then for f in faults if f.then is not None)
    wanted = {f.slug for f in faults} | {"sign-flipped" for f in faults if f.factor < 0}
    found = [f for f in report.findings if f.slug not in ("mutates-input",)]
    where = found[0].where if found else ""
    beginnings = (f"{place} ", f"{place}[") if faults[0].slug != "stale-cache" else (place,)
    place_found = place in where.split(", ") or where.startswith(beginnings)
    named = "unknown"
    if found and found[0].slug != "unexplained":
        named = "right" if found[0].slug in wanted else "wrong"
    elif any(f.slug in wanted for f in found):
        named = "second"
    first = f"{found[0].slug}: {found[0].where}: {found[0].message}" if found else "nothing"
    text = " and ".join(f.slug for f in faults)
    detail = ", ".join(f"{f.block} {f.detail} {f.factor:g}" for f in faults)
    return Outcome(case, text, detail, place, report.verdict.value, place_found, named, first)


def _targets(network: nn.Network, batch: Any) -> Iterator[tuple[Any, Subject, bool]]:
    """Yield each layer and the loss with its part; the last value is true for the first layer."""
    subject = NetworkSubject(network, batch)
    for part in subject.parts():
        if part.place == "loss":
            yield network.criterion, part, False
            continue
        names = part.place.split(".")
        if len(names) > 2:
            continue
        yield network.layers[int(names[1])], part, names[1] == "0"


def drawn(layer: str, loss: str, seed: int) -> tuple[nn.Network, tuple[Any, Any]]:
    """The network of a cell, with a batch of 2 to 6 samples."""
    network, (X, y) = example(layer, loss, seed)
    rng = np.random.default_rng([seed, zlib.crc32(f"{loss} after {layer}".encode())])
    m = int(rng.integers(2, 7))
    shape = (m, *X.shape[1:])
    whole = X.dtype.kind in "iu"
    X = rng.integers(0, int(X.max()) + 1, shape) if whole else rng.standard_normal(shape)
    return network, (X, y if y is None else np.resize(y, (m, *np.shape(y)[1:])))


def cell(layer: str, loss: str, seed: int) -> list[Outcome]:
    """Check the right network of one cell, and the network with one fault of each kind."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{layer} {loss}".encode())])
    outcomes = []
    network, batch = drawn(layer, loss, seed)
    report = gradcheck.check_gradients(network, batch=batch, rng=seed)
    outcomes.append(_right(f"{layer} with {loss}, seed {seed}", report))
    number = [i for i, one in enumerate(network.layers) if type(one).__name__ == layer][-1]
    for place in (f"layers.{number}", "loss"):
        _, part, first = next(t for t in _targets(network, batch) if t[1].place == place)
        point = tuple(x.copy() for x in part.point)
        right = part.gradient(point)
        every: dict[str, list[Fault]] = defaultdict(list)
        for fault in visible_faults(part, right):
            if not (first and fault.block == "x"):
                every[fault.slug].append(fault)
        chosen: list[tuple[Fault, ...]] = [(some[int(rng.integers(len(some)))],) for some in every.values()]
        if place == "loss":
            chosen = [one for one in chosen if one[0].slug in LOSS_MISTAKES]
        chosen += _pair(every, rng)
        for some in chosen:
            outcomes.append(_with_faults(layer, loss, seed, place, number, some))
        if place != "loss":
            outcomes += _side_effects(layer, loss, seed, place, number, part, first)
    return [outcome for outcome in outcomes if outcome.verdict]


def _seen(right: dict[str, Array], wrong: dict[str, Array]) -> bool:
    """Whether a mistake inside a network changes the gradient of any of its parameters."""
    size = max(float(np.abs(g).max()) for g in right.values())
    return any(float(np.abs(wrong[name] - g).max()) > UNSEEN * size for name, g in right.items())


def _right(case: str, report: gradcheck.Report) -> Outcome:
    """The outcome for a gradient that is right."""
    named = "wrong" if report.findings else "right"
    text = str(report) if report.findings else ""
    return Outcome(case, "none", "", "", report.verdict.value, not report.findings, named, text)


def _pair(every: dict[str, list[Fault]], rng: np.random.Generator) -> list[tuple[Fault, ...]]:
    """Choose a mistake to combine with a flipped sign."""
    alone = ("sign-flipped", "constant-factor", "zero-gradient", "low-precision")
    names = [name for name in every if name not in alone]
    found: list[tuple[Fault, ...]] = []
    if names:
        some = every[names[int(rng.integers(len(names)))]]
        found.append((dataclasses.replace(some[int(rng.integers(len(some)))], factor=-1.0),))
    return found


def _with_faults(
    layer: str, loss: str, seed: int, place: str, number: int, chosen: tuple[Fault, ...], mixin: type = FaultyLayer
) -> Outcome:
    network, batch = drawn(layer, loss, seed)
    layers, criterion = list(network.layers), network.criterion
    if place == "loss":
        criterion = mutant(criterion, FaultyLoss, *chosen)
    else:
        layers[number] = mutant(layers[number], mixin, *chosen)
    right, network = (
        SeparateGradientNetwork(network.layers, network.criterion),
        SeparateGradientNetwork(layers, criterion),
    )
    if mixin is FaultyLayer and not _seen(right.gradient(*batch), network.gradient(*batch)):
        return Outcome("", chosen[0].slug, "", "", "", False, "", "")
    try:
        report = gradcheck.check_gradients(network, batch=batch, rng=seed)
    except Exception as error:
        case = f"{layer} with {loss}, seed {seed}"
        return Outcome(case, chosen[0].slug, chosen[0].detail, place, "error", False, "wrong", repr(error))
    (block,) = {fault.block for fault in chosen}
    where = place
    if block not in ("x", "prediction"):
        where = f"{place}.{block}"
    return judged(f"{layer} with {loss}, seed {seed}", chosen, where, report)


def _side_effects(
    layer: str, loss: str, seed: int, place: str, number: int, part: Subject, first: bool
) -> Iterator[Outcome]:
    """Check layers whose mistake is a side effect, and not a transformation of the gradient."""
    network, _ = drawn(layer, loss, seed)
    thing = network.layers[number]
    simple = [name for name in thing.params if "." not in name]
    if simple:
        fault = Fault("accumulated", "", simple[seed % len(simple)])
        yield _with_faults(layer, loss, seed, place, number, (fault,), AccumulatingLayer)
        kept = [name for name in simple if np.abs(part.gradient(tuple(x.copy() for x in part.point))[0]).max() > 0]
        if layer in ("Dense", "Conv1D", "Conv2D", "ConvTranspose1D", "ConvTranspose2D") and not first and kept:
            yield _with_faults(layer, loss, seed, place, number, (Fault("stale-weights", "", "x"),), UpdatesTooEarly)
    if layer in ("Sigmoid", "Tanh", "Softplus", "SiLU", "GELU", "ELU", "SELU", "LayerNorm", "BatchNorm") and not first:
        yield _with_faults(layer, loss, seed, place, number, (Fault("stale-cache", "", "x"),), StaleCacheLayer)


def function(seed: int) -> list[Outcome]:
    """Check a network of a random shape, passed as a function, with faults in the gradient that it returns."""
    rng = np.random.default_rng([seed, 77])
    m, i, h, o = (int(n) for n in rng.choice([3, 4, 5, 6, 7], 4, replace=True))
    sigmoid = seed % 3 == 0
    layers: list[nn.Layer] = [nn.Dense(i, h, rng=rng), nn.Tanh(), nn.Dense(h, 1 if sigmoid else o, rng=rng)]
    criterion: nn.losses.loss.Loss = nn.MeanSquaredError()
    if sigmoid:
        layers.append(nn.Sigmoid())
        criterion = nn.BinaryCrossEntropy()
    elif seed % 3 == 1:
        criterion = nn.CrossEntropyWithLogits()
    strength = 0.3 if seed % 2 else None
    network = nn.Network(layers, criterion, regulariser=nn.L2(strength) if strength else None)
    for value in network.params.values():
        value += 0.4 * rng.standard_normal(value.shape)
    X = rng.standard_normal((m, i))
    y: Array = rng.standard_normal((m, o))
    if sigmoid:
        y = (rng.random((m, 1)) < 0.5).astype(float)
    elif seed % 3 == 1:
        y = rng.integers(0, o, m)
    start = {name: value.copy() for name, value in network.params.items()}

    def evaluate(p: dict[str, Array], X: Array, y: Array) -> tuple[float, dict[str, Array]]:
        for name, value in p.items():
            network.params[name][...] = value
        return network.loss(X, y)

    def loss(p: dict[str, Array], X: Array, y: Array) -> float:
        return evaluate(p, X, y)[0]

    def gradient(p: dict[str, Array], X: Array, y: Array) -> dict[str, Array]:
        return {name: value.copy() for name, value in evaluate(p, X, y)[1].items()}

    clean = gradcheck.as_subject(loss, gradient, start, args=(X, y))
    right = clean.gradient(tuple(x.copy() for x in clean.point))
    case = f"function {seed}: {m}x{i}-{h}-{o}, {type(criterion).__name__}"
    report = gradcheck.check_gradients(loss, gradient, start, args=(X, y), rng=seed)
    outcomes = [_right(case, report)]
    every: dict[str, list[Fault]] = defaultdict(list)
    for fault in visible_faults(clean, right, OF_FUNCTIONS):
        if fault.slug == "regulariser-missing" and not strength:
            continue
        every[fault.slug].append(fault)
    chosen = [some[int(k)] for some in every.values() for k in rng.choice(len(some), min(2, len(some)), replace=False)]
    for name in ("transposed", "reversed-axis", "swapped-blocks", "shifted", "partial-batch"):
        for factor in (-1.0, 2.5) if every[name] else ():
            chosen.append(dataclasses.replace(every[name][int(rng.integers(len(every[name])))], factor=factor))

    chosen += _two(every, clean, rng)

    def wrong(p: dict[str, Array], X: Array, y: Array, fault: Fault) -> dict[str, Array]:
        found = gradient(p, X, y)
        at = tuple(np.array(p[block.name]) for block in clean.blocks)
        found[fault.block] = faulty_gradient(fault, clean, at, tuple(found[block.name] for block in clean.blocks))
        return found

    for fault in chosen:
        report = gradcheck.check_gradients(loss, partial(wrong, fault=fault), start, args=(X, y), rng=seed)
        outcomes.append(judged(case, (fault,), fault.block, report))
    outcomes += _nameless(case, clean, loss, gradient, start, (X, y), seed)
    outcomes += _single_entries(case, clean, loss, gradient, start, (X, y), rng, seed)
    if sigmoid:

        def extra(p: dict[str, Array], X: Array, y: Array) -> dict[str, Array]:
            total: dict[str, Array] = {}
            for k in range(len(X)):
                one = gradient(p, X[k : k + 1], y[k : k + 1])
                output = float(network.forward(X[k : k + 1])[0, 0])
                for name, value in one.items():
                    total[name] = total.get(name, 0.0) + value * output * (1 - output) / len(X)
            return total

        if not strength:
            report = gradcheck.check_gradients(loss, extra, start, args=(X, y), rng=seed)
            whole = (Fault("extra-activation-derivative", "", "layers.0.W"),)
            outcomes.append(judged(case, whole, "layers.0.W", report))
    return outcomes


def _two(every: dict[str, list[Fault]], clean: Subject, rng: np.random.Generator) -> list[Fault]:
    """Choose two permutations of one block that is large enough to tell them apart. A shift has to be cyclic."""
    sizes = {block.name: block.size for block in clean.blocks}
    found = []
    for one, two in (("transposed", "reversed-axis"), ("shifted", "transposed"), ("swapped-blocks", "reversed-axis")):
        pairs = [
            (a, b)
            for a in every[one]
            for b in every[two]
            if a.block == b.block and sizes[a.block] > 8 and (one != "shifted" or a.detail.endswith("cyclic"))
        ]
        if pairs:
            first, second = pairs[int(rng.integers(len(pairs)))]
            found.append(dataclasses.replace(first, then=second))
    return found


#: Wrong gradients that no mistake of the catalogue produces.
NAMELESS = {
    "random factors": lambda g, rng: g * (1 + 0.5 * rng.standard_normal(g.shape)),
    "something added": lambda g, rng: g + np.abs(g).mean() * rng.standard_normal(g.shape),
    "squared": lambda g, rng: g * np.abs(g) / np.abs(g).max(),
    "every second entry zero": lambda g, rng: g * (np.arange(g.size).reshape(g.shape) % 2),
}


def _nameless(
    case: str, clean: Subject, loss: Any, gradient: Any, start: Any, args: Any, seed: int
) -> Iterator[Outcome]:
    """Check gradients whose mistake is not in the catalogue: any name is wrong."""
    for k, (what, spoil) in enumerate(NAMELESS.items()):
        name = clean.blocks[(seed + k) % len(clean.blocks)].name
        if start[name].size < 3:
            continue

        def spoiled(p: Any, *args: Any, name: str = name, spoil: Any = spoil) -> Any:
            found = gradient(p, *args)
            return found | {name: spoil(found[name], np.random.default_rng(seed))}

        report = gradcheck.check_gradients(loss, spoiled, start, args=args, rng=seed)
        slugs = {finding.slug for finding in report.findings}
        named = "right" if slugs <= {"unexplained", "isolated-entries"} else "wrong"
        placed = bool(report.findings) and report.findings[0].where.startswith(name)
        first = str(report.findings[0]) if report.findings else "nothing"
        yield Outcome(case, "(no name)", what, name, report.verdict.value, placed, named, first)


def _single_entries(
    case: str, clean: Subject, loss: Any, gradient: Any, start: Any, args: Any, rng: np.random.Generator, seed: int
) -> Iterator[Outcome]:
    """Check a gradient with two wrong entries."""
    name = clean.blocks[int(rng.integers(len(clean.blocks)))].name
    if start[name].size < 8:
        return
    places = rng.choice(start[name].size, 2, replace=False)

    def spoiled(p: Any, *args: Any) -> Any:
        found = gradient(p, *args)
        found[name].ravel()[places] *= 1.5
        return found

    report = gradcheck.check_gradients(loss, spoiled, start, args=args, rng=seed)
    yield judged(case, (Fault("isolated-entries", "", name),), name, report)


def _run(job: tuple[Any, ...]) -> list[Outcome]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(job[1]) if job[0] == "function" else cell(*job[1:])


def jobs(every: int, functions: int, seed: int) -> list[tuple[Any, ...]]:
    """Cells of the table, one of `every`, and functions."""
    cells = [
        ("cell", layer, loss, seed) for layer in (*LAYERS, *ACTIVATIONS) for loss in LOSSES if compatible(layer, loss)
    ]
    return cells[seed % every :: every] + [("function", 1000 * seed + k) for k in range(functions)]


def table(outcomes: list[Outcome]) -> str:
    """The report, in Markdown."""
    lines = [
        "# Naming",
        "",
        "How often a mistake is found, located and named. Each mistake of the catalogue is injected into layers and",
        "losses of networks, and into the gradients that functions return; the check sees the result only.",
        "",
        "* *fails*: the verdict is `fail`.",
        "* *located*: the first finding names the block, or the layer whose backward pass is wrong.",
        "* *named first*: the first finding has the name of the mistake that was injected.",
        "* *unknown*: the first finding says that no known mistake explains the gradient.",
        "* *(no name)*: wrong gradients outside the catalogue. Here *named first* counts reports without a name.",
        "",
        "A penalty on a single number cannot be named: with one number, any mistake looks like it. The table is",
        "printed by `python -m benchmarks.naming`.",
        "",
        "| mistake | injected | fails | located | named first | unknown | wrong name |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    injected = [o for o in outcomes if o.slug != "none"]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in injected:
        groups[outcome.slug].append(outcome)
    for name, some in [*sorted(groups.items()), ("**all**", injected)]:
        counts = [
            len(some),
            sum(o.verdict == "fail" for o in some),
            sum(o.located for o in some),
            sum(o.named == "right" for o in some),
            sum(o.named in ("unknown", "second") for o in some),
            sum(o.named == "wrong" for o in some),
        ]
        lines.append(f"| {name} | " + " | ".join(map(str, counts)) + " |")
    clean = [o for o in outcomes if o.slug == "none"]
    false_findings = sum(o.named == "wrong" for o in clean)
    located = sum(o.located for o in injected)
    right, wrong = (sum(o.named == name for o in injected) for name in ("right", "wrong"))
    each = 100 / max(len(injected), 1)
    lines += [
        "",
        f"Located {each * located:.2f}%, named first {each * right:.2f}%, wrong name {each * wrong:.2f}%. "
        f"Of {len(clean)} right gradients, {false_findings} had a finding.",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="one of so many cells")
    parser.add_argument("--functions", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--failures", action="store_true", help="list what was not named right")
    add_output(parser)
    options = parser.parse_args()
    work = jobs(options.every, options.functions, options.seed)
    with contextlib.closing(multiprocessing.get_context("fork").Pool(options.workers)) as pool:
        outcomes = [o for found in pool.imap_unordered(_run, work) for o in found]
    text = table(outcomes)
    if options.failures:
        for o in sorted(outcomes, key=lambda o: (o.slug, o.case)):
            if o.named != "right" or not o.located or (o.slug != "none" and o.verdict != "fail"):
                text += f"\n* {o}"
    write(text + "\n", options.output)


if __name__ == "__main__":
    main()
