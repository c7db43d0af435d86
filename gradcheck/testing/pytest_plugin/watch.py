"""What listens while tests run: it adds sections and properties to reports, and sums up at the end.

With pytest-xdist one of these is in every worker, and one in the process that reports. What a worker found travels as
plain data on the reports of its tests. Everything else is imported when there is something for it to do.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.testing.pytest_plugin.choices import FORMATS, of_item, of_session, report_path

if TYPE_CHECKING:
    from gradcheck.reports.report import Report
    from gradcheck.settings import Defaults
    from gradcheck.testing.pytest_plugin.record import Record
    from gradcheck.testing.pytest_plugin.totals import Totals

#: A section is neither narrower nor wider.
NARROW, WIDE = 72, 110


class Watch:
    """The hooks that need to know what was checked.

    Parameters
    ----------
    config : pytest.Config

    Raises
    ------
    pytest.UsageError
        If an option or an ini setting cannot be used.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.defaults, self.path = of_session(config), report_path(config)
        self.form = FORMATS[self.path.suffix] if self.path else ""
        self.shows_sections = config.getoption("showcapture", "all") == "all"
        self.record: Record | None = None
        self.totals: Totals | None = None
        self.checks: dict[str, list[dict[str, Any]]] = {}
        self.refused = self.trouble = ""
        self._open = ExitStack()
        self._set(self._open, self.defaults)

    @staticmethod
    def _set(stack: ExitStack, chosen: Defaults | None) -> None:
        """Set defaults of checks until the stack is closed."""
        if chosen is not None:
            from gradcheck.settings import process_defaults

            stack.enter_context(process_defaults(chosen))

    @property
    def _is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    @property
    def width(self) -> int:
        """Columns of a section: those of the terminal that it will be shown in."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        found = getattr(self.config, "workerinput", {}).get("gradcheck_width")
        columns = found or (self.config.get_terminal_writer().fullwidth if reporter is not None else WIDE)
        return min(max(columns, NARROW), WIDE)

    def close(self) -> None:
        """Put back what was set for the session."""
        self._open.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse markers that say what cannot be meant before any test runs; a worker cannot, and does it in turn."""
        if not self._is_worker:
            for item in items:
                of_item(item)

    # -- one test --------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Listen to the checks of a test, and set the defaults that its markers name."""
        from gradcheck.checks.observers import observed_by

        with ExitStack() as stack:
            self.refused = ""
            try:
                chosen = of_item(item)
            except pytest.UsageError as error:
                self.refused = str(error)
            else:
                self._set(stack, chosen if chosen is None or self.defaults is None else chosen.over(self.defaults))
            stack.enter_context(observed_by(self._note))
            return (yield)

    def _note(self, report: Report) -> None:
        if self.record is not None:
            self.record.add(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin with nothing; also where a test is run again."""
        from gradcheck.testing.pytest_plugin.record import Record

        self.record = Record(item.nodeid)
        if self.refused:
            pytest.fail(self.refused, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Let the record begin anew with each example of Hypothesis."""
        if self.record is None or not hasattr(getattr(item, "obj", None), "hypothesis"):
            return (yield)
        from gradcheck.testing.pytest_plugin.examples import each_example

        with each_example(item, self.record):
            return (yield)

    @pytest.hookimpl(specname="pytest_runtest_makereport")
    def pytest_before_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Before pytest makes a report of what happened: the properties, a short message, no frames of ours."""
        if self.record is not None:
            kept = [(name, value) for name, value in item.user_properties if not name.startswith("gradcheck_")]
            item.user_properties[:] = [*kept, *self.record.properties]
        if call.excinfo is not None and "gradcheck.checks.gradients" in sys.modules:
            from gradcheck.testing.pytest_plugin.examples import hide_our_lines
            from gradcheck.testing.pytest_plugin.section import hide_frames, raised_in

            hide_frames(call.excinfo)
            hide_our_lines(call.excinfo.value)
            for mismatch in raised_in(call.excinfo.value):
                if self.shows_sections:
                    mismatch.shorten()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the section to the report of what failed, and to the last report what the session should know."""
        report = yield
        if self.record is not None and report.failed and "gradcheck.checks.gradients" in sys.modules:
            from gradcheck.testing.pytest_plugin.section import hide_remark, raised_in, section

            raised = raised_in(call.excinfo.value if call.excinfo is not None else None)
            if any(mismatch.block for mismatch in raised):
                hide_remark(report.longrepr)
            if raised or self.record.reports:
                report.sections.append(("gradcheck", section(self.record.reports, raised, item.nodeid, self.width)))
        if self.record is not None and self.record.checks and report.when == "teardown":
            report.gradcheck = self.record.plain(self.form)  # type: ignore[attr-defined]
        return report

    # -- the session -----------------------------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up what tests found, also those of workers."""
        found = getattr(report, "gradcheck", None)
        if found is None:
            return
        from gradcheck.testing.pytest_plugin.totals import Totals

        self.totals = self.totals or Totals()
        self.totals.merge(Totals(**found["totals"]))
        self.checks[report.nodeid] = found["checks"]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file that was asked for; if that cannot be done, the session has not succeeded."""
        if self.path is None or self._is_worker:
            return
        from gradcheck.testing.pytest_plugin.artifact import write

        try:
            write(self.path, self.form, self.checks)
        except OSError as error:
            self.trouble = f"gradcheck: {self.path} could not be written: {error.strerror}"
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the summary, and where the reports are; nothing where no check ran."""
        if self.totals is not None and terminalreporter.verbosity >= -1:
            from gradcheck.testing.pytest_plugin.summary import summary

            terminalreporter.section("gradcheck")
            for line in summary(self.totals, len(self.checks)):
                terminalreporter.line(line)
        if self.trouble:
            terminalreporter.write_sep("-", self.trouble, red=True)
        elif self.path is not None:
            terminalreporter.write_sep("-", f"gradcheck: reports of all checks in {self.path}")
