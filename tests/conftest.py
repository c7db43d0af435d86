"""The tests of the pytest plugin drive pytest itself."""

pytest_plugins = ["pytester"]
