"""The process is the same before and after a check: what libraries, the interpreter and the system keep for it."""

from __future__ import annotations

import contextlib
import decimal
import gc
import json
import locale
import logging
import math
import os
import random
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from gradcheck.errors import GradcheckError
from gradcheck.scripts.replay.process_state import LibraryFunctions, in_place, process_state_kept
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked
from tests.scripts.samples import LINEAR_HEAD

#: What a program does, by what it changes.
CHANGES = {
    "a function of NumPy": "dot = np.dot\nnp.dot = lambda a, b: dot(a, b) * 1.0",
    "a function of a module of NumPy": "np.linalg.norm = np.random.rand = lambda *a: 1.0",
    "a class of NumPy": "np.float32 = np.float64",
    "a function that it takes away": "del math.hypot",
    "a built-in function": "import builtins\nbuiltins.print = lambda *a, **k: None",
    "a function of the standard library": "random.gauss = random.uniform\ntime.perf_counter = time.time",
    "a method of a class": "json.JSONEncoder.default = lambda self, value: str(value)",
    "errors of floats": "np.seterr(all='raise')\nnp.seterrcall(lambda *a: None)",
    "the buffer": "np.setbufsize(16384)",
    "how arrays are printed": "np.set_printoptions(precision=2, suppress=True)",
    "decimal numbers": "decimal.getcontext().prec = 5",
    "digits of integers": "sys.set_int_max_str_digits(9999)",
    "random numbers": "random.seed(3)\nnp.random.seed(3)\nnp.random.rand()",
    "filters of warnings": "warnings.simplefilter('ignore')\nwarnings.filterwarnings('error', 'x')",
    "how warnings are shown": "warnings.showwarning = warnings.formatwarning = lambda *a, **k: ''",
    "warnings in the log": "logging.captureWarnings(True)",
    "the root logger": "logging.root.setLevel(10)\nlogging.root.addHandler(logging.FileHandler('run.log'))",
    "a logger of its own": "logging.getLogger('own').addHandler(logging.StreamHandler())",
    "a logger of others": "logging.getLogger('other').setLevel(50)\nlogging.getLogger('other').propagate = False",
    "all logging": "logging.disable(50)",
    "standard streams": "import io\nsys.stdout = sys.stderr = sys.__stdout__ = io.StringIO()",
    "depth of calls": "sys.setrecursionlimit(54321)",
    "threads": "sys.setswitchinterval(0.5)\nthreading.stack_size(1 << 20)",
    "collection of garbage": "gc.disable()\ngc.set_threshold(5, 5, 5)\ngc.callbacks.append(lambda *a: None)",
    "the path of modules": "sys.path.insert(0, '/nowhere')\nsys.path_hooks.append(len)",
    "arguments": "sys.argv.append('--more')",
    "the environment": "os.environ['NEW_NAME'] = 'x'\nos.environ.pop('HOME', None)",
    "the folder": "os.chdir('/')",
    "hooks": "sys.excepthook = sys.displayhook = lambda *a: None",
    "rights of new files": "os.umask(0o77)",
    "signals": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "an alarm": "signal.setitimer(signal.ITIMER_REAL, 3600)",
    "time-outs": "socket.setdefaulttimeout(3)",
    "the locale": "locale.setlocale(locale.LC_ALL, 'C.UTF-8')",
    "the zone": "os.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()",
    "parameters of pictures": "plt.rcParams['lines.linewidth'] = 9\nplt.style.use('ggplot')",
    "pictures": "plt.figure()\nplt.plot([1, 2])",
    "the backend of pictures": "mpl.use('svg')",
}

_IMPORTS = (
    "import decimal, gc, json, locale, logging, math, os, random, signal, socket, sys, threading, time, warnings\n"
    "import matplotlib as mpl\nimport matplotlib.pyplot as plt\n"
)

_LOOP = "for i in range(9):\n    r = x @ w - y\n    loss = 0.5 * r @ r\n    w = w - 0.01 * x.T @ r\n"


def _loggers() -> dict[str, Any]:
    found = {"": logging.root, **logging.Logger.manager.loggerDict}
    return {
        name: (each.level, each.disabled, each.propagate, list(each.handlers), list(each.filters))
        for name, each in found.items()
        if isinstance(each, logging.Logger) and (each.handlers or each.level or name == "other")
    }


def _state() -> dict[str, Any]:
    """All of it, read without the module that keeps it."""
    modules = {
        name: sys.modules[name] for name in ("builtins", "json", "math", "numpy", "numpy.linalg", "numpy.random")
    }
    modules |= {name: sys.modules[name] for name in ("logging", "random", "time", "warnings")}
    mask = os.umask(0)
    os.umask(mask)
    generator: Any = np.random.get_state()  # noqa: NPY002
    module: Any = warnings
    return {
        "functions": {(n, k): id(v) for n, m in modules.items() for k, v in vars(m).items() if callable(v)},
        "methods": {k: id(v) for k, v in vars(json.JSONEncoder).items()},
        "numpy": (np.geterr(), np.geterrcall(), np.getbufsize(), np.get_printoptions()),
        "numbers": (repr(decimal.getcontext()), sys.get_int_max_str_digits()),
        "generators": (random.getstate(), generator[0], generator[1].tolist(), *generator[2:]),
        "warnings": (list(module.filters), dict(module.onceregistry)),
        "loggers": (_loggers(), logging.root.manager.disable, getattr(logging, "_warnings_showwarning", None)),
        "streams": [id(each) for each in (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)],
        "interpreter": (sys.getrecursionlimit(), sys.getswitchinterval(), threading.stack_size(), sys.gettrace()),
        "garbage": (gc.isenabled(), gc.get_threshold(), list(gc.callbacks)),
        "paths": (list(sys.path), list(sys.path_hooks), list(sys.meta_path), list(sys.argv), os.getcwd()),
        "environment": dict(os.environ),
        "hooks": (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook),
        "system": (mask, socket.getdefaulttimeout(), locale.setlocale(locale.LC_ALL), time.tzname, time.timezone),
        "signals": {n: signal.getsignal(n) for n in signal.valid_signals()},
        "alarm": signal.getitimer(signal.ITIMER_REAL),
        "pictures": (dict.copy(mpl.rcParams), plt.get_fignums()),
    }


def _differences(before: dict[Any, Any], after: dict[Any, Any]) -> dict[Any, Any]:
    """What has changed, in dicts what has changed there."""
    found: dict[Any, Any] = {}
    for name in before.keys() | after.keys():
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            found |= {f"{name}: {inner}": each for inner, each in _differences(one, other).items()}
        elif one != other:
            found[name] = one, other
    return found


@pytest.fixture
def state() -> Callable[[], dict[str, Any]]:
    logging.getLogger("other").setLevel(30)
    plt.figure(num=1)
    return _state


@pytest.mark.parametrize("place", ["before the loop", "in the loop"])
def test_a_check_leaves_the_process_as_it_was(
    place: str, tmp_path: Path, state: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = "\n".join(CHANGES.values())
    text = _IMPORTS + LINEAR_HEAD
    if place == "in the loop":
        text += "ready = False\n" + _LOOP.replace("9):\n", "9):\n" + "".join(f"    {x}\n" for x in lines.split("\n")))
    else:
        text += lines + "\n" + _LOOP
    before = state()
    with contextlib.suppress(GradcheckError) if place == "in the loop" else contextlib.nullcontext():
        checked(tmp_path, text)
    assert not _differences(before, state())


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_program_changes_is_put_back(
    what: str, tmp_path: Path, state: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = state()
    scope = {"np": np, "mpl": mpl, "plt": plt, "math": math}
    scope |= {name: sys.modules[name] for name in _IMPORTS.splitlines()[0].removeprefix("import ").split(", ")}
    outside = {"the environment", "the folder", "the zone", "hooks", "signals", "arguments", "the path of modules"}
    if what in outside:  # the interpreter's own, which another module keeps
        report = checked(tmp_path, _IMPORTS + LINEAR_HEAD + CHANGES[what] + "\n" + _LOOP)
        assert report.verdict is Verdict.PASS
    else:
        with process_state_kept(), LibraryFunctions().kept():
            exec(CHANGES[what], scope)
            changed = state()
            seen = {name for name in before if changed[name] != before[name]}
        assert seen, f"{what}: nothing was changed"
    assert not _differences(before, state())


def test_what_a_program_wants_while_it_runs_it_has(tmp_path: Path) -> None:
    text = LINEAR_HEAD + "np.set_printoptions(precision=2)\n" + _LOOP
    text += "    assert np.get_printoptions()['precision'] == 2\n"
    assert checked(tmp_path, text).verdict is Verdict.PASS
    assert np.get_printoptions()["precision"] != 2


def test_the_program_has_its_own_functions_and_the_check_those_of_the_library() -> None:
    own: Any = np.dot
    other: Any = max
    with LibraryFunctions().kept() as functions:
        np.dot = other
        hypot = math.hypot
        del math.hypot
        replaced = functions.replaced()
        assert {(each.name, each.own) for each in replaced} == {("dot", own), ("hypot", hypot)}
        with in_place(replaced, own=True):
            assert (np.dot, math.hypot) == (own, hypot)
            with in_place(replaced, own=False):
                assert np.dot is other
                assert not hasattr(math, "hypot")
            assert (np.dot, math.hypot) == (own, hypot)
        assert np.dot is other
    assert (np.dot, math.hypot) == (own, hypot)


def test_a_function_that_rounds_for_the_program_does_not_round_the_check(tmp_path: Path) -> None:
    patch = "norm = np.linalg.norm\nnp.linalg.norm = lambda *a, **k: 0.0 * norm(*a, **k)\n"
    text = LINEAR_HEAD + patch + _LOOP
    assert checked(tmp_path, text).verdict is Verdict.PASS
    assert checked(tmp_path, text.replace("x.T @ r", "x.T @ np.abs(r)")).verdict is Verdict.FAIL
