"""The pytest plugin, loaded by its entry point. Before a check runs it imports pytest and small modules only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.testing.pytest_plugin.fixture import Gradients

#: Name under which the hooks of a session are registered with pytest.
HOOKS = "gradcheck-hooks"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the command-line options, and the ini settings of the same names."""
    from gradcheck.testing.pytest_plugin.options import declare

    declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the hooks of the session."""
    from gradcheck.testing.pytest_plugin.hooks import SessionHooks
    from gradcheck.testing.pytest_plugin.options import MARKER

    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(SessionHooks(config), HOOKS)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Restore the defaults of checks."""
    hooks = config.pluginmanager.get_plugin(HOOKS)
    if hooks is not None:
        hooks.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the width of the terminal to a worker of pytest-xdist."""
    node.workerinput["gradcheck_width"] = node.config.pluginmanager.get_plugin(HOOKS).width


@pytest.fixture(scope="session", name="gradcheck")
def _gradcheck() -> Gradients:
    """Check gradients: `check`, and `assert_gradients` with one subtest a block if `subtests=` is passed."""
    from gradcheck.testing.pytest_plugin.fixture import Gradients

    return Gradients()
