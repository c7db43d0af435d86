"""A network, a mistake and a place are drawn: the verdict, the place and the name must come out.

The number drawn is 60; with GRADCHECK_FUZZ=2000 in the environment it is 500, and not the same ones each time.
"""

from __future__ import annotations

import os

import numpy as np
from hypothesis import HealthCheck, assume, event, given, note, settings
from hypothesis import strategies as st

import gradcheck
from gradcheck.adapters.network import NetworkSubject
from gradcheck.nn.layer import Array
from gradcheck.planting import (
    LOSS_MISTAKES,
    Plant,
    PlantedLayer,
    PlantedLoss,
    PlantedNetwork,
    committed,
    planted,
    plants,
)
from gradcheck.subject import Point, Subject
from tests.nn.networks import Case, networks

COUNT = int(os.environ.get("GRADCHECK_FUZZ", "240")) // 4

#: Two wrong gradients are the same if they differ by less than this part of them.
SAME = 1e-4

#: What is not wrong by so much of the whole gradient is below the rounding of it.
SMALL = 1e-6


def namesakes(plant: Plant, part: Subject, right: Point) -> set[str]:
    """The mistakes that make the same wrong gradient here, up to a constant: any of these names is right."""
    wrong = committed(plant, part, part.point, right).ravel()
    found = {plant.slug}
    for other in plants(part, right):
        if other.block == plant.block:
            rival = committed(other, part, part.point, right).ravel()
            factor = float(rival @ wrong) / (float(rival @ rival) or 1.0)
            if np.abs(wrong - factor * rival).max() <= SAME * np.abs(wrong).max():
                found |= {other.slug}
    return found


def largest(gradient: Point | list[Array]) -> float:
    return max((float(np.abs(g).max(initial=0.0)) for g in gradient), default=0.0)


@settings(
    deadline=None,
    derandomize=COUNT <= 60,
    max_examples=COUNT,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(networks(most=1), st.integers(0, 100), st.integers(0, 10_000))
def test_a_mistake_is_found_placed_and_named(case: Case, where: int, which: int) -> None:
    parts = [part for part in NetworkSubject(case.network, case.batch).parts() if part.place.count(".") < 2]
    part = parts[where % len(parts)]
    right = part.gradient(tuple(x.copy() for x in part.point))
    first = part.place == "layers.0"
    usual = LOSS_MISTAKES if part.place == "loss" else None
    every = [plant for plant in plants(part, right, usual) if not (first and plant.block == "x")]
    assume(every)
    plant = every[which % len(every)]
    layers, criterion = list(case.network.layers), case.network.criterion
    if part.place == "loss":
        criterion = planted(criterion, PlantedLoss, plant)
    else:
        number = int(part.place.split(".")[1])
        layers[number] = planted(layers[number], PlantedLayer, plant)
    network = PlantedNetwork(layers, criterion)
    plain = PlantedNetwork(case.network.layers, case.network.criterion)
    wrong, fine = network.gradient(*case.batch), plain.gradient(*case.batch)
    assume(any(largest([wrong[name] - fine[name]]) > SMALL * largest(list(fine.values())) for name in fine))
    report = gradcheck.check_gradients(network, batch=case.batch, rng=0)
    note(f"{case!r}\n{plant} in {part.name}\n{report}")
    event(plant.slug)
    assert report.verdict.value == "fail"
    place = part.place if plant.block in ("x", "prediction") else f"{part.place}.{plant.block}"
    finding = report.findings[0]
    assert finding.where.startswith(place)
    assert finding.slug in namesakes(plant, part, right)
