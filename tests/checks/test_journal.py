"""The journal of a check: what was evaluated before a crash is read, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck import SubjectError, SubjectTypeError, check_gradients
from gradcheck.reports.json import plain

POINT = np.linspace(-1.0, 2.0, 6)


class Slow:
    """A loss and its gradient, times a factor, that end with an exception after so many calls."""

    def __init__(self, factor: float = 1.0, lasts: float = np.inf) -> None:
        self.factor, self.lasts, self.calls = factor, lasts, 0

    def _call(self) -> None:
        self.calls += 1
        if self.calls > self.lasts:
            raise KeyboardInterrupt

    def loss(self, x: Any) -> float:
        self._call()
        return float(np.sum(np.log(np.cosh(x))))

    def gradient(self, x: Any) -> Any:
        self._call()
        return self.factor * np.tanh(x)

    def calls_alone(self, seed: int) -> int:
        check_gradients(self.loss, self.gradient, POINT, rng=seed)
        return self.calls

    def check(self, path: Path, **options: Any) -> Any:
        return check_gradients(self.loss, self.gradient, POINT, journal=path, **options)


def timeless(report: Any) -> dict[str, Any]:
    return {key: value for key, value in plain(report).items() if key != "seconds"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.mark.parametrize("factor", [1.0, 1.5])
@pytest.mark.parametrize("lasts", [1, 2, 7, 18, 60])
@pytest.mark.parametrize("seed", [3, None])
def test_evaluations_survive_a_crash(path: Path, factor: float, lasts: int, seed: int | None) -> None:
    interrupted, again = Slow(factor, lasts), Slow(factor)
    try:
        first = interrupted.check(path, rng=seed)
    except KeyboardInterrupt:
        report = again.check(path, rng=seed)
        assert again.calls == Slow(factor).calls_alone(report.seed) - lasts
    else:
        report = first
    assert timeless(report) == timeless(Slow(factor).check(path.with_name("other"), rng=report.seed))


def test_a_line_that_was_cut_short_is_computed_again(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Slow(lasts=10).check(path, rng=0)
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:-20], encoding="utf-8")
    assert Slow().check(path, rng=0)


def test_a_check_that_has_ended_starts_anew(path: Path) -> None:
    once, twice = Slow(), Slow()
    once.check(path, rng=0)
    twice.check(path, rng=0)
    assert twice.calls == once.calls
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[-1] == {"end": True}


def test_a_loss_that_differs_from_call_to_call_still_does(path: Path) -> None:
    def noisy(x: Any) -> float:
        draws.append(1)
        if len(draws) > most:
            raise KeyboardInterrupt
        return float(np.sum(x**2) + 1e-6 * generator.normal())

    def check(**options: Any) -> Any:
        return check_gradients(noisy, lambda x: 2 * x, POINT, rng=0, **options)

    draws: list[int] = []
    most, generator = 1e9, np.random.default_rng(0)
    alone = check()
    draws, most, generator = [], 12, np.random.default_rng(0)
    with pytest.raises(KeyboardInterrupt):
        check(journal=path)
    draws, most = [], 1e9
    generator = np.random.default_rng(0)
    generator.normal(size=12)
    assert timeless(check(journal=path)) == timeless(alone)


def test_values_belong_to_the_points_before_a_function_wrote_into_them(path: Path) -> None:
    class Careless(Slow):
        def loss(self, x: Any) -> float:
            value = super().loss(x)
            x[:] = 0.0
            return value

        def gradient(self, x: Any) -> Any:
            value = super().gradient(x)
            x[:] = 0.0
            return value

    with pytest.raises(KeyboardInterrupt):
        Careless(lasts=15).check(path, rng=0)
    again = Careless()
    report = again.check(path, rng=0)
    assert again.calls == Careless().calls_alone(0) - 15
    assert timeless(report) == timeless(check_gradients(Careless().loss, Careless().gradient, POINT, rng=0))


def test_a_model_and_several_workers(path: Path) -> None:
    class Model:
        def __init__(self) -> None:
            self.params = {"a": np.array([1.0, 2.0]), "b": np.array([[0.5]])}

        def loss(self) -> float:
            return float(np.sum(self.params["a"] ** 3) + np.sum(self.params["b"] ** 2))

        def gradient(self) -> Any:
            return {"a": 3 * self.params["a"] ** 2, "b": 2 * self.params["b"]}

    assert check_gradients(Model(), rng=0, journal=path)
    slow = Slow()
    assert slow.check(path.with_name("mapped"), rng=0, workers=lambda function, points: list(map(function, points)))


def test_the_journal_of_another_check_is_refused_and_kept(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        Slow(lasts=5).check(path, rng=0)
    before = path.read_bytes()
    with pytest.raises(SubjectError, match="is of another point or of other functions"):
        check_gradients(Slow().loss, Slow().gradient, POINT + 1, journal=path)
    with pytest.raises(SubjectError, match="is of another point or of other functions"):
        check_gradients(Slow().loss, lambda x: np.tanh(x), POINT, journal=path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_journal_is_refused_and_kept(path: Path) -> None:
    for content in (b"results of a month\n", b"\xff\xfe\x00", b'{"a": 1}\n'):
        path.write_bytes(content)
        with pytest.raises(SubjectError, match=r"journal: .* (is no journal|cannot be read)"):
            Slow().check(path)
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"journal": 3}, SubjectTypeError, "journal is a int: pass the path of a file"),
        ({"journal": "missing/folder/file"}, SubjectError, "missing/folder/file cannot be written"),
        ({"journal": "x", "method": "textbook"}, SubjectTypeError, "journal is not for method='textbook'"),
        ({"journal": "x", "project": lambda x, v: v}, SubjectTypeError, "journal is for checks without retract="),
    ],
)
def test_what_cannot_be_done_is_refused(
    options: Any, error: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        check_gradients(Slow().loss, Slow().gradient, POINT, **options)
    assert not list(tmp_path.iterdir())
