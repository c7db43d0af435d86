"""A claim as small as rounding: that of zero, and that of a formula, which has to be seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gradcheck
from benchmarks.corpus import dense
from gradcheck.nn import Network
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.numpy_space import NUMPY
from tests.cases import Array

Params = dict[str, Array]
Problem = tuple[Callable[[Params], float], Callable[[Params], Params], Params]


def biased_before_normalisation(seed: int, divide: bool) -> Problem:
    """A bias, and then the normalisation of each feature over the batch that takes it away."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((10, 5)), rng.standard_normal((10, 3))
    params = {"w": rng.standard_normal((5, 6)), "b": rng.standard_normal(6), "v": rng.standard_normal((6, 3))}

    def forward(p: Params) -> tuple[Array, Array, Array, Array]:
        z = x @ p["w"] + p["b"]
        scale = 1 / np.sqrt(z.var(axis=0) + 1e-5)
        n = (z - z.mean(axis=0)) * scale
        a = np.tanh(n)
        return scale, n, a, a @ p["v"]

    def loss(p: Params) -> float:
        return float(np.mean((forward(p)[-1] - y) ** 2))

    def gradient(p: Params) -> Params:
        scale, n, a, out = forward(p)
        d = 2 * (out - y) / y.size
        dn = (d @ p["v"].T) * (1 - a * a)
        dz = scale * (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0))
        db = (7 * dz).sum(axis=0) / 7 if divide else dz.sum(axis=0)
        return {"w": x.T @ dz, "b": db, "v": a.T @ d}

    return loss, gradient, params


def vanishing(seed: int) -> Problem:
    """Sigmoids one after the other: each layer leaves little of the gradient to the one before."""
    rng = np.random.default_rng(seed)
    params = dense.weights(rng, (4, 7, 7, 7, 7, 7, 2), 1e-3)
    x, y = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    return *dense.functions(x, y, dense.SIGMOID, dense.SQUARED), params


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("divide", [False, True])
def test_a_bias_that_is_normalised_away_has_no_gradient(seed: int, divide: bool) -> None:
    loss, gradient, params = biased_before_normalisation(seed, divide)
    assert 0 < np.abs(gradient(params)["b"]).max() < 1e-14
    report = gradcheck.check_gradients(loss, gradient, params, rng=seed)
    assert report
    assert report.blocks["b"].numeric_norm == 0
    assert report.evaluations <= 40
    assert report.gradients <= (3 if divide else 2)  # sums are known by their bits, quotients by asking once more


@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_that_is_claimed_for_it_is_wrong(seed: int) -> None:
    loss, gradient, params = biased_before_normalisation(seed, False)

    def wrong(p: Params) -> Params:
        return gradient(p) | {"b": 1e-3 * np.tanh(p["b"])}

    report = gradcheck.check_gradients(loss, wrong, params, rng=seed)
    assert report.blocks["b"].verdict.value == "fail"
    assert report.blocks["w"].verdict.value == "pass"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [1.0, 1.5, -1.0])
def test_nothing_is_said_of_a_gradient_that_is_too_small_to_be_seen(seed: int, factor: float) -> None:
    loss, gradient, params = vanishing(seed)

    def claim(p: Params) -> Params:
        found = gradient(p)
        return found | {"w1": factor * found["w1"]}

    report = gradcheck.check_gradients(loss, claim, params, rng=seed)
    assert report.verdict.value == "undecided"
    assert report.blocks["w1"].verdict.value == "undecided"
    assert report.blocks["w6"].verdict.value == report.blocks["w5"].verdict.value == "pass"
    assert "this block changes the loss by less than the rounding error of the loss" in report.blocks["w1"].note


def test_few_bits() -> None:
    rng = np.random.default_rng(0)
    terms = rng.standard_normal((1000, 5))
    terms -= terms.mean(axis=0)
    assert NUMPY.has_few_bits(terms.sum(axis=0), PROBES.cancelled_bits)
    assert not NUMPY.has_few_bits(rng.standard_normal(5) * 1e-17, PROBES.cancelled_bits)
    assert NUMPY.has_few_bits(np.zeros(3), PROBES.cancelled_bits)
    assert NUMPY.has_few_bits(rng.standard_normal(50).astype(np.float32).astype(np.float64), 24)
    assert not NUMPY.has_few_bits(rng.standard_normal(50), 24)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_clear_is_settled_before_what_is_hard_to_see(seed: int) -> None:
    loss, gradient, params = vanishing(seed)

    def wrong(p: Params) -> Params:
        found = gradient(p)
        return found | {"w6": 2 * found["w6"]}

    report = gradcheck.check_gradients(loss, wrong, params, rng=seed, budget=160)
    assert report.blocks["w6"].verdict.value == "fail"
    assert report.blocks["w1"].verdict.value == "undecided"
    assert report.evaluations <= 160


@pytest.mark.parametrize("shape", [(1, 1), (4,), (3, 5)])
@pytest.mark.parametrize("size", [1.0, 1e-8, 1e-90])
def test_a_loss_that_is_zero_everywhere_has_no_gradient(shape: tuple[int, ...], size: float) -> None:
    """Nothing tells its units: a claim of 1e-90 may be right, and one of 1e-8 may not."""
    x0 = np.random.default_rng(0).standard_normal(shape)
    report = gradcheck.check_gradients(lambda x: 0.0 * float(x.sum()), lambda x: np.full_like(x, size), x0, rng=0)
    assert report.verdict.value == ("undecided" if size < 1e-16 else "fail")
    assert gradcheck.check_gradients(lambda x: 0.0 * float(x.sum()), np.zeros_like, x0, rng=0)


@pytest.mark.parametrize("seed", range(40))
def test_round_off_of_what_cancels_in_a_normalisation_passes(seed: int) -> None:
    """A bias that a batch normalisation takes out again: its gradient is the rounding of far larger terms."""
    rng = np.random.default_rng(seed)
    spread = {"kind": "ConvTranspose2D", "inputs": 1, "outputs": 1, "size": 1, "stride": 2}
    layers = [spread, spread, {"kind": "BatchNorm", "features": 1}, {"kind": "Flatten"}]
    layers.append({"kind": "Dense", "inputs": 81, "outputs": 4})
    network = Network.from_spec({"layers": layers, "loss": {"kind": "MeanSquaredError", "reduction": "sum"}}, rng=rng)
    network.params["layers.0.W"][...] *= rng.choice([1.0, 1e-2, 1e-3])
    batch = rng.standard_normal((3, 1, 3, 3)), rng.standard_normal((3, 4))
    report = gradcheck.check_gradients(network, batch=batch, rng=seed)
    assert report.verdict.value != "fail", str(report)
    assert report.blocks["layers.1.b"].verdict.value == "pass"


@pytest.mark.parametrize("size", [1e-7, 1e-9, 1e-11])
def test_a_small_claim_that_no_rounding_explains_fails(size: float) -> None:
    x0 = {"a": np.array([1.0, 2.0, -3.0]), "b": np.array([0.7, 1.3])}
    report = gradcheck.check_gradients(
        lambda x: float(x["a"] @ x["a"]), lambda x: {"a": 2 * x["a"], "b": size * np.ones(2)}, x0, rng=0
    )
    assert report.blocks["b"].verdict.value == "fail"


@pytest.mark.parametrize("seed", range(10))
def test_a_wrong_gradient_that_differs_from_call_to_call_is_not_taken_for_rounding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x0 = {"a": np.array([1.0, 2.0, -3.0]), "b": np.array([0.7, 1.3])}
    report = gradcheck.check_gradients(
        lambda x: float(x["a"] @ x["a"] + x["b"] @ x["b"]),
        lambda x: {"a": 2 * x["a"], "b": 2 * x["b"] * rng.uniform(2, 9, 2)},
        x0,
        rng=seed,
    )
    assert report.blocks["b"].verdict.value == "fail"


def attention(seed: int, scale: float) -> Problem:
    """Softmax attention of one head, with biases for queries, keys and values, and its textbook backward pass.

    A key bias adds the same number to all scores of one query, which the softmax takes away: its gradient is zero.
    """
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((6, 4)), rng.standard_normal((6, 3))
    params = {f"w{name}": scale * rng.standard_normal((4, 3)) for name in "qkv"}
    params |= {f"b{name}": rng.standard_normal(3) for name in "qkv"}

    def forward(p: Params) -> tuple[Array, Array, Array, Array, Array]:
        q, k, v = (x @ p[f"w{name}"] + p[f"b{name}"] for name in "qkv")
        scores = q @ k.T / np.sqrt(3.0)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return q, k, v, weights, weights @ v

    def loss(p: Params) -> float:
        return 0.5 * float(np.sum((forward(p)[-1] - y) ** 2))

    def gradient(p: Params) -> Params:
        q, k, v, weights, out = forward(p)
        d = out - y
        by_weights = d @ v.T
        by_scores = weights * (by_weights - np.sum(by_weights * weights, axis=1, keepdims=True)) / np.sqrt(3.0)
        by = {"q": by_scores @ k, "k": by_scores.T @ q, "v": weights.T @ d}
        found = {f"w{name}": x.T @ delta for name, delta in by.items()}
        return found | {f"b{name}": delta.sum(axis=0) for name, delta in by.items()}

    return loss, gradient, params


@pytest.mark.parametrize("seed", [0, 1, 2, 7, 21, 26, 31])
@pytest.mark.parametrize("scale", [1.0, 3.0, 10.0, 20.0, 30.0])
def test_round_off_of_a_key_bias_is_not_called_wrong(scale: float, seed: int) -> None:
    report = gradcheck.check_gradients(*attention(seed, scale), rng=seed)
    assert report.verdict.value != "fail", str(report)


@pytest.mark.parametrize("seed", range(12))
def test_round_off_that_is_out_of_sight_is_told_from_a_formula(seed: int) -> None:
    """Its slope is looked for with steps so long that the loss may have another one there."""
    report = gradcheck.check_gradients(*attention(seed, 6.0), rng=seed)
    assert report.blocks["bk"].verdict.value == "pass"


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("unit", [1.0, 1e3, 1e9, 1e-9])
def test_round_off_beside_a_block_of_another_unit(unit: float, seed: int) -> None:
    """A number that is added to all scores of a row has no effect; what is claimed for it is 1e-17 of the loss.

    Its size is taken to be that of the scores, as that of any parameter would be whose own size shows nothing.
    """
    rng = np.random.default_rng(seed)
    params = {"scores": unit * rng.standard_normal((4, 6)), "shift": rng.standard_normal((4, 1))}
    target = rng.integers(0, 6, 4)

    def probabilities(p: Params) -> Array:
        e = np.exp(p["scores"] / unit + p["shift"])
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    def loss(p: Params) -> float:
        return float(-np.log(probabilities(p)[np.arange(4), target]).mean())

    def gradient(p: Params) -> Params:
        delta = (probabilities(p) - np.eye(6)[target]) / 4
        return {"scores": delta / unit, "shift": delta.sum(axis=1, keepdims=True)}

    assert gradcheck.check_gradients(loss, gradient, params, rng=seed).verdict.value == "pass"
    wrong = gradcheck.check_gradients(
        loss, lambda p: gradient(p) | {"shift": 1e-2 * np.tanh(p["shift"])}, params, rng=seed
    )
    assert wrong.blocks["shift"].verdict.value == "fail"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scale", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("size", [1e-2, 1.0])
def test_a_visible_claim_for_a_key_bias_fails(size: float, scale: float, seed: int) -> None:
    loss, gradient, params = attention(seed, scale)

    def wrong(p: Params) -> Params:
        found = gradient(p)
        reference = max(float(np.abs(g).max()) for g in found.values())
        return found | {"bk": size * reference * np.tanh(p["bk"])}

    report = gradcheck.check_gradients(loss, wrong, params, rng=seed)
    assert report.blocks["bk"].verdict.value == "fail"
    assert report.blocks["bv"].verdict.value == "pass"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("factor", "never"), [(1.0, "fail"), (1.5, "pass")])
def test_round_off_in_a_part_of_a_packed_block_is_not_called_wrong(factor: float, never: str, seed: int) -> None:
    """Key bias and value bias in one array: the one has a gradient of zero, the other a large one."""
    loss, gradient, params = attention(seed, 10.0)
    packed = np.concatenate([params["bk"], params["bv"]])
    size = params["bk"].size
    others = {name: value for name, value in params.items() if name not in {"bk", "bv"}}

    def split(b: Array) -> dict[str, Array]:
        return others | {"bk": b[:size], "bv": b[size:]}

    def both(b: Array) -> Array:
        g = gradient(split(b))
        return np.concatenate([g["bk"], factor * g["bv"]])

    assert gradcheck.check_gradients(lambda b: loss(split(b)), both, packed, rng=seed).verdict.value != never
