"""Each kind of object becomes its own kind of subject."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import gradcheck
from gradcheck import SubjectTypeError, nn
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.model import ModelSubject
from gradcheck.subjects.network import NetworkSubject
from tests.cases import BATCH, TanhModel, logcosh


def test_a_function_a_model_and_a_network_become_different_subjects() -> None:
    network = nn.Network([nn.Dense(3, 2, rng=0)], nn.MeanSquaredError())
    assert type(as_subject(logcosh, np.tanh, np.ones(3))) is FunctionSubject
    assert type(as_subject(TanhModel(), batch=BATCH)) is ModelSubject
    assert type(as_subject(network, batch=BATCH)) is NetworkSubject


def test_a_subject_is_returned_as_it_is() -> None:
    subject = as_subject(logcosh, np.tanh, np.ones(3))
    assert as_subject(subject) is subject
    assert gradcheck.as_subject is as_subject


def test_a_model_with_grad_and_x0_is_a_function() -> None:
    """The arguments decide: an object with parameters and a loss can be callable too."""

    class Both(TanhModel):
        def __call__(self, x: float) -> float:
            return x**2

    assert type(as_subject(Both(), lambda x: 2 * x, 3.0)) is FunctionSubject
    assert type(as_subject(Both(), batch=BATCH)) is ModelSubject
    with pytest.raises(SubjectTypeError, match="missing x0"):
        as_subject(Both(), lambda x: 2 * x)


def test_a_model_does_not_load_the_networks() -> None:
    code = (
        "import sys, gradcheck, numpy as np\n"
        "class Model:\n"
        "    params = {'w': np.ones(2)}\n"
        "    def loss(self): return float(self.params['w'] @ self.params['w']), {'w': 2 * self.params['w']}\n"
        "gradcheck.as_subject(Model())\n"
        "print('gradcheck.nn.network' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
