"""The pytest plugin: what pytest finds by its entry point. Nothing but pytest is imported before a check runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.testing.pytest_plugin.fixture import Gradients

#: The name under which the object that watches the tests is registered.
WATCH = "gradcheck-watch"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, and the ini settings of the same names."""
    from gradcheck.testing.pytest_plugin.choices import declare

    declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and what watches the tests."""
    from gradcheck.testing.pytest_plugin.choices import MARKER
    from gradcheck.testing.pytest_plugin.watch import Watch

    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(Watch(config), WATCH)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Put the defaults of checks back."""
    watch = config.pluginmanager.get_plugin(WATCH)
    if watch is not None:
        watch.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist how wide the terminal is."""
    node.workerinput["gradcheck_width"] = node.config.pluginmanager.get_plugin(WATCH).width


@pytest.fixture(scope="session", name="gradcheck")
def _gradcheck() -> Gradients:
    """Check gradients: `check`, `assert_gradients`, one subtest a block with `subtests=`."""
    from gradcheck.testing.pytest_plugin.fixture import Gradients

    return Gradients()
