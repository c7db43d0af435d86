"""The process of one target: what it is asked, and what it answers."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from gradcheck.app import child
from gradcheck.app.check_target import Choices
from gradcheck.app.child import Request, answer
from gradcheck.app.targets import Target
from gradcheck.reports.outcome import Outcome


def test_a_request_can_be_sent() -> None:
    request = Request(Target("a.py"), Choices(seed=1), "answer")
    assert pickle.loads(pickle.dumps(request)) == request


def test_an_outcome_that_cannot_be_sent_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unpicklable: Any = Outcome("a.py", error=lambda: "x")  # type: ignore[arg-type]
    monkeypatch.setattr(child, "check_target", lambda *_: unpicklable)
    answer(Request(Target("a.py"), Choices(), str(tmp_path / "answer")))
    outcome = pickle.loads((tmp_path / "answer").read_bytes())
    assert (outcome.exit_status, outcome.fault) == (70, True)
