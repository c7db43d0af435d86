"""Every mistake in every layer and loss where it can exist, and in functions: is it found, placed and named?

    python -m benchmarks.naming --output docs/naming.md

Each cell of the table of pairs (layer, loss), with a batch of a size of its own and numbers of its own, gets one plant
of every kind in the layer and one in the loss, and one with the sign wrong as well; networks of drawn shapes, as plain
functions that show no layers, get theirs on the gradients that they return.
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
    Accumulating,
    Forgetful,
    Hasty,
    Plant,
    PlantedLayer,
    PlantedLoss,
    PlantedNetwork,
    committed,
    planted,
    plants,
)
from gradcheck.testing.pairs.example import compatible, example

Array = NDArray[Any]

#: Mistakes of what is claimed for a block, whatever it belongs to.
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


#: A mistake that changes the whole gradient by less than this part of it is left out: it stands where it has no effect.
UNSEEN = 1e-4


@dataclass(frozen=True)
class Outcome:
    """What became of one plant.

    Attributes
    ----------
    case, slug, detail, place : str
    verdict : str
    located : bool
    named : str
        "right", "second" (named, but not first), "unknown" or "wrong".
    said : str
        What was found first.
    """

    case: str
    slug: str
    detail: str
    place: str
    verdict: str
    located: bool
    named: str
    said: str


def judged(case: str, plant: tuple[Plant, ...], place: str, report: gradcheck.Report) -> Outcome:
    """Compare a report with what was planted; of several plants any may come first."""
    plant += tuple(p.then for p in plant if p.then is not None)
    wanted = {p.slug for p in plant} | {"sign-flipped" for p in plant if p.factor < 0}
    found = [f for f in report.findings if f.slug not in ("mutates-input",)]
    where = found[0].where if found else ""
    beginnings = (f"{place} ", f"{place}[") if plant[0].slug != "stale-cache" else (place,)
    place_found = place in where.split(", ") or where.startswith(beginnings)
    named = "unknown"
    if found and found[0].slug != "unexplained":
        named = "right" if found[0].slug in wanted else "wrong"
    elif any(f.slug in wanted for f in found):
        named = "second"
    said = f"{found[0].slug}: {found[0].where}: {found[0].message}" if found else "nothing"
    text = " and ".join(p.slug for p in plant)
    detail = ", ".join(f"{p.block} {p.detail} {p.factor:g}" for p in plant)
    return Outcome(case, text, detail, place, report.verdict.value, place_found, named, said)


def _targets(network: nn.Network, batch: Any) -> Iterator[tuple[Any, Subject, bool]]:
    """Layers and loss, each with its part, and whether it is the first layer, whose input nobody differentiates by."""
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
    """All plants of one cell, one of each kind; a pair; and the right network."""
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
        every: dict[str, list[Plant]] = defaultdict(list)
        for plant in plants(part, right):
            if not (first and plant.block == "x"):
                every[plant.slug].append(plant)
        chosen: list[tuple[Plant, ...]] = [(some[int(rng.integers(len(some)))],) for some in every.values()]
        if place == "loss":
            chosen = [one for one in chosen if one[0].slug in LOSS_MISTAKES]
        chosen += _pair(every, rng)
        for some in chosen:
            outcomes.append(_planted(layer, loss, seed, place, number, some))
        if place != "loss":
            outcomes += _behaviours(layer, loss, seed, place, number, part, first)
    return [outcome for outcome in outcomes if outcome.verdict]


def _seen(right: dict[str, Array], wrong: dict[str, Array]) -> bool:
    """Whether a mistake inside a network changes the gradient of any of its parameters."""
    size = max(float(np.abs(g).max()) for g in right.values())
    return any(float(np.abs(wrong[name] - g).max()) > UNSEEN * size for name, g in right.items())


def _right(case: str, report: gradcheck.Report) -> Outcome:
    """The outcome for a gradient that is right."""
    accused = bool(report.findings)
    named = "wrong" if accused else "right"
    return Outcome(case, "none", "", "", report.verdict.value, not accused, named, str(report) if accused else "")


def _pair(every: dict[str, list[Plant]], rng: np.random.Generator) -> list[tuple[Plant, ...]]:
    """A mistake with a sign that is wrong as well."""
    alone = ("sign-flipped", "constant-factor", "zero-gradient", "low-precision")
    names = [name for name in every if name not in alone]
    found: list[tuple[Plant, ...]] = []
    if names:
        some = every[names[int(rng.integers(len(names)))]]
        found.append((dataclasses.replace(some[int(rng.integers(len(some)))], factor=-1.0),))
    return found


def _planted(
    layer: str, loss: str, seed: int, place: str, number: int, chosen: tuple[Plant, ...], mixin: type = PlantedLayer
) -> Outcome:
    network, batch = drawn(layer, loss, seed)
    layers, criterion = list(network.layers), network.criterion
    if place == "loss":
        criterion = planted(criterion, PlantedLoss, *chosen)
    else:
        layers[number] = planted(layers[number], mixin, *chosen)
    right, network = PlantedNetwork(network.layers, network.criterion), PlantedNetwork(layers, criterion)
    if mixin is PlantedLayer and not _seen(right.gradient(*batch), network.gradient(*batch)):
        return Outcome("", chosen[0].slug, "", "", "", False, "", "")
    try:
        report = gradcheck.check_gradients(network, batch=batch, rng=seed)
    except Exception as error:
        case = f"{layer} with {loss}, seed {seed}"
        return Outcome(case, chosen[0].slug, chosen[0].detail, place, "error", False, "wrong", repr(error))
    (block,) = {plant.block for plant in chosen}
    where = place
    if block not in ("x", "prediction"):
        where = f"{place}.{block}"
    return judged(f"{layer} with {loss}, seed {seed}", chosen, where, report)


def _behaviours(
    layer: str, loss: str, seed: int, place: str, number: int, part: Subject, first: bool
) -> Iterator[Outcome]:
    """Mistakes that are no transformation of a gradient, but a way of going about it."""
    network, _ = drawn(layer, loss, seed)
    thing = network.layers[number]
    simple = [name for name in thing.params if "." not in name]
    if simple:
        plant = Plant("accumulated", "", simple[seed % len(simple)])
        yield _planted(layer, loss, seed, place, number, (plant,), Accumulating)
        kept = [name for name in simple if np.abs(part.gradient(tuple(x.copy() for x in part.point))[0]).max() > 0]
        if layer in ("Dense", "Conv1D", "Conv2D", "ConvTranspose1D", "ConvTranspose2D") and not first and kept:
            yield _planted(layer, loss, seed, place, number, (Plant("stale-weights", "", "x"),), Hasty)
    if layer in ("Sigmoid", "Tanh", "Softplus", "SiLU", "GELU", "ELU", "SELU", "LayerNorm", "BatchNorm") and not first:
        yield _planted(layer, loss, seed, place, number, (Plant("stale-cache", "", "x"),), Forgetful)


def function(seed: int) -> list[Outcome]:
    """Plants on the gradients that a function returns, for a network of a random shape."""
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
    every: dict[str, list[Plant]] = defaultdict(list)
    for plant in plants(clean, right, OF_FUNCTIONS):
        if plant.slug == "regulariser-missing" and not strength:
            continue
        every[plant.slug].append(plant)
    chosen = [some[int(k)] for some in every.values() for k in rng.choice(len(some), min(2, len(some)), replace=False)]
    for name in ("transposed", "reversed-axis", "swapped-blocks", "shifted", "partial-batch"):
        for factor in (-1.0, 2.5) if every[name] else ():
            chosen.append(dataclasses.replace(every[name][int(rng.integers(len(every[name])))], factor=factor))

    chosen += _two(every, clean, rng)

    def wrong(p: dict[str, Array], X: Array, y: Array, plant: Plant) -> dict[str, Array]:
        found = gradient(p, X, y)
        at = tuple(np.array(p[block.name]) for block in clean.blocks)
        found[plant.block] = committed(plant, clean, at, tuple(found[block.name] for block in clean.blocks))
        return found

    for plant in chosen:
        report = gradcheck.check_gradients(loss, partial(wrong, plant=plant), start, args=(X, y), rng=seed)
        outcomes.append(judged(case, (plant,), plant.block, report))
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
            whole = (Plant("extra-activation-derivative", "", "layers.0.W"),)
            outcomes.append(judged(case, whole, "layers.0.W", report))
    return outcomes


def _two(every: dict[str, list[Plant]], clean: Subject, rng: np.random.Generator) -> list[Plant]:
    """Two mistakes of order in one block, that is large enough for them to be told."""
    sizes = {block.name: block.size for block in clean.blocks}
    found = []
    for one, two in (("transposed", "reversed-axis"), ("shifted", "transposed"), ("swapped-blocks", "reversed-axis")):
        pairs = [
            (a, b)
            for a in every[one]
            for b in every[two]
            if a.block == b.block and sizes[a.block] > 8 and "end" in a.detail + "end" * (one != "shifted")
        ]
        if pairs:
            first, second = pairs[int(rng.integers(len(pairs)))]
            found.append(dataclasses.replace(first, then=second))
    return found


#: Wrong gradients that no entry of the catalogue makes.
NAMELESS = {
    "random factors": lambda g, rng: g * (1 + 0.5 * rng.standard_normal(g.shape)),
    "something added": lambda g, rng: g + np.abs(g).mean() * rng.standard_normal(g.shape),
    "squared": lambda g, rng: g * np.abs(g) / np.abs(g).max(),
    "every second entry zero": lambda g, rng: g * (np.arange(g.size).reshape(g.shape) % 2),
}


def _nameless(
    case: str, clean: Subject, loss: Any, gradient: Any, start: Any, args: Any, seed: int
) -> Iterator[Outcome]:
    """Mistakes that have no name: any name is wrong."""
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
        said = str(report.findings[0]) if report.findings else "nothing"
        yield Outcome(case, "(no name)", what, name, report.verdict.value, placed, named, said)


def _single_entries(
    case: str, clean: Subject, loss: Any, gradient: Any, start: Any, args: Any, rng: np.random.Generator, seed: int
) -> Iterator[Outcome]:
    """A few entries that are wrong."""
    name = clean.blocks[int(rng.integers(len(clean.blocks)))].name
    if start[name].size < 8:
        return
    places = rng.choice(start[name].size, 2, replace=False)

    def spoiled(p: Any, *args: Any) -> Any:
        found = gradient(p, *args)
        found[name].ravel()[places] *= 1.5
        return found

    report = gradcheck.check_gradients(loss, spoiled, start, args=args, rng=seed)
    yield judged(case, (Plant("isolated-entries", "", name),), name, report)


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
        "Each mistake of the catalogue is committed inside layers and losses of networks, and on what functions",
        "return; the check sees the result only. *Located*: the first finding names the block, or the layer whose own",
        "backward pass is wrong. *Unknown* says that no known mistake explains it. A regulariser on a single number",
        "has no name, for one number beside another says nothing. Made by `python -m benchmarks.naming`.",
        "",
        "| mistake | planted | fails | located | named first | unknown | wrong name |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    planted = [o for o in outcomes if o.slug != "none"]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in planted:
        groups[outcome.slug].append(outcome)
    for name, some in [*sorted(groups.items()), ("**all**", planted)]:
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
    accused = sum(o.named == "wrong" for o in clean)
    located = sum(o.located for o in planted)
    right, wrong = (sum(o.named == name for o in planted) for name in ("right", "wrong"))
    each = 100 / max(len(planted), 1)
    lines += [
        "",
        f"Located {each * located:.2f}%, named first {each * right:.2f}%, a wrong name {each * wrong:.2f}%; "
        f"{len(clean)} right gradients, {accused} of them accused.",
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
