"""The hooks of a session: they record checks, add sections and properties to test reports, and print the summary.

With pytest-xdist every worker has such an object, and so has the process that reports. A worker sends its results as
plain data on its test reports. Other modules are imported when they are first needed.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.testing.pytest_plugin.options import FORMATS, of_item, of_session, report_path

if TYPE_CHECKING:
    from gradcheck.reports.report import Report
    from gradcheck.settings import Defaults
    from gradcheck.testing.pytest_plugin.record import Record
    from gradcheck.testing.pytest_plugin.session_state import SessionState, Termination
    from gradcheck.testing.pytest_plugin.totals import Totals

#: Least and largest width of a section, in columns: a table of blocks needs the first, and is as wide as the second.
MIN_WIDTH, MAX_WIDTH = 72, 110


def inherits(item: pytest.Item) -> bool:
    """Whether a class of the user inherits a test from gradcheck."""
    module = str(getattr(getattr(item, "function", None), "__module__", ""))
    kind = getattr(item, "cls", None)
    return kind is not None and module.startswith("gradcheck.") and kind.__module__ != module


def _raised(fixture: Any) -> BaseException | None:
    """The exception that a fixture has raised, and raises again in every test that requests it."""
    result = getattr(fixture, "cached_result", None) or (None,)
    held = result[-1] if isinstance(result[-1], tuple) else result[-1:]
    return next((each for each in held if isinstance(each, BaseException)), None)


class SessionHooks:
    """The hooks of pytest that depend on what was checked.

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
        self.marker_error = self.file_error = ""
        #: Checks of each fixture of a wider scope than a test, while it is set up.
        self.shared: dict[Any, list[Report]] = {}
        self._setting_up: list[Report] | None = None
        #: How far the session came, if there is a file of reports to tell it.
        self.state: SessionState | None = None
        self._termination: Termination | None = None
        self._open = ExitStack()
        self._set(self._open, self.defaults)

    @staticmethod
    def _set(stack: ExitStack, defaults: Defaults | None) -> None:
        """Set defaults of checks until the stack is closed."""
        if defaults is not None:
            from gradcheck.settings import process_defaults

            stack.enter_context(process_defaults(defaults))

    @property
    def _is_worker(self) -> bool:
        return hasattr(self.config, "workerinput")

    @property
    def width(self) -> int:
        """Columns of a section: as wide as the terminal that will show it, within the limits."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        found = getattr(self.config, "workerinput", {}).get("gradcheck_width")
        columns = found or (self.config.get_terminal_writer().fullwidth if reporter is not None else MAX_WIDTH)
        return min(max(columns, MIN_WIDTH), MAX_WIDTH)

    def close(self) -> None:
        """Restore the defaults of checks from before the session, and the handler of SIGTERM."""
        if self._termination is not None:
            self._termination.restore()
        self._open.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse wrong markers before any test runs. A worker cannot stop the session, and fails the test instead.

        Tests of the layer contract are moved to the class that inherits them.
        """
        inherited = [item for item in items if inherits(item)]
        if inherited:
            from gradcheck.testing.pytest_plugin.places import locate_inherited

            for item in inherited:
                locate_inherited(item)
        if not self._is_worker:
            for item in items:
                of_item(item)

    # -- one test --------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record the checks of a test, and set the defaults of its markers."""
        from gradcheck.checks.observers import observed_by

        with ExitStack() as stack:
            self.marker_error = ""
            try:
                marked = of_item(item)
            except pytest.UsageError as error:
                self.marker_error = str(error)
            else:
                self._set(stack, marked if marked is None or self.defaults is None else marked.over(self.defaults))
            stack.enter_context(observed_by(self._note))
            return (yield)

    def _note(self, report: Report) -> None:
        if self.record is None:
            return
        if self._setting_up is None:
            self.record.add(report)
        else:
            self._setting_up.append(report)
            self.record.add_shared(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, object, object]:
        """Keep the checks of a fixture of a wider scope, for every test that uses it."""
        if fixturedef.scope == "function":
            return (yield)
        outer, self._setting_up = self._setting_up, []
        try:
            return (yield)
        finally:
            if self._setting_up:
                self.shared[fixturedef] = self._setting_up
            self._setting_up = outer

    def pytest_fixture_post_finalizer(self, fixturedef: Any) -> None:
        """Forget the checks of a fixture that is torn down."""
        if self.shared and getattr(fixturedef, "cached_result", None) is None:
            self.shared.pop(fixturedef, None)

    def _shared_by(self, item: pytest.Item, error: BaseException | None) -> list[Report]:
        """Checks of the fixtures of a wider scope that a test uses, or whose exception it gets."""
        info, request = getattr(item, "_fixtureinfo", None), getattr(item, "_request", None)
        named = [each for found in getattr(info, "name2fixturedefs", {}).values() for each in found]
        used = [*named, *getattr(request, "_fixture_defs", {}).values()]
        found = [each for each in self.shared if each in used or (error is not None and _raised(each) is error)]
        return [report for fixture in found for report in self.shared[fixture]]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Start an empty record, also where a test is run again."""
        from gradcheck.testing.pytest_plugin.record import Record

        self.record = Record(item.nodeid)
        if self.marker_error:
            pytest.fail(self.marker_error, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Restart the record with each example of Hypothesis."""
        if self.record is None or not hasattr(getattr(item, "obj", None), "hypothesis"):
            return (yield)
        from gradcheck.testing.pytest_plugin.hypothesis_runs import restarted_by_each_example

        with restarted_by_each_example(item, self.record):
            return (yield)

    @pytest.hookimpl(specname="pytest_runtest_makereport")
    def pytest_before_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Set the properties, shorten messages and hide frames of gradcheck, before pytest makes the test report."""
        if self.record is not None:
            if self.shared:
                self.record.shared = self._shared_by(item, call.excinfo.value if call.excinfo else None)
            kept = [(name, value) for name, value in item.user_properties if not name.startswith("gradcheck_")]
            item.user_properties[:] = [*kept, *self.record.properties]
        if call.excinfo is not None and "gradcheck.checks.gradients" in sys.modules:
            from gradcheck.testing.pytest_plugin.hypothesis_runs import drop_own_lines
            from gradcheck.testing.pytest_plugin.section import hide_frames, raised_in

            hide_frames(call.excinfo)
            drop_own_lines(call.excinfo.value)
            for mismatch in raised_in(call.excinfo.value):
                if self.shows_sections:
                    mismatch.shorten()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the section to the report of a failure, and the results to the last report of the test."""
        report = yield
        if self.record is not None and report.failed and "gradcheck.checks.gradients" in sys.modules:
            from gradcheck.testing.pytest_plugin.section import has_example, hide_remark, raised_in, section

            error = call.excinfo.value if call.excinfo is not None else None
            raised = raised_in(error)
            if any(mismatch.block for mismatch in raised):
                hide_remark(report.longrepr)
            if error is not None and inherits(item):
                from gradcheck.testing.pytest_plugin.places import move_crash

                move_crash(item, report.longrepr, error)
            if raised or self.record.shown:
                text = section(self.record.shown, raised, item.nodeid, self.width, example=has_example(error))
                report.sections.append(("gradcheck", text))
        if self.record is not None and self.record.checks and report.when == "teardown":
            report.gradcheck = self.record.plain(self.form)  # type: ignore[attr-defined]
        return report

    # -- the session -----------------------------------------------------------------------------------------------

    def pytest_sessionstart(self) -> None:
        """Write the file of reports, as that of a session that has not ended: so it says, if nothing more follows."""
        options = self.config.option
        if self.path is None or self._is_worker or options.collectonly or options.setupplan:
            return
        from gradcheck.testing.pytest_plugin.session_state import SessionState, Termination

        self.state = SessionState()
        self._write()
        if self.file_error:
            raise pytest.UsageError(self.file_error)
        self._termination = Termination(self._terminated)

    def _terminated(self) -> None:
        if self.state is not None:
            self.state.note("the session was terminated (SIGTERM)")
        self._write()

    def _write(self) -> None:
        """Write the file of reports, if there is one."""
        if self.path is None or self.state is None:
            return
        from gradcheck.errors import GradcheckError
        from gradcheck.testing.pytest_plugin.report_file import write

        try:
            write(self.path, self.form, self.checks, self.state, self.config.rootpath)
        except OSError as error:
            self.file_error = f"gradcheck: {self.path} could not be written: {error.strerror}"
        except GradcheckError as error:
            self.file_error = f"gradcheck: {self.path} could not be written: {error}"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note files that could not be collected."""
        if self.state is not None and report.failed:
            self.state.note(f"{report.nodeid or 'the session'} could not be collected")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the results of tests, those of workers included."""
        if self.state is not None and report.when == "teardown":
            self.state.ended(report.nodeid)
        found = getattr(report, "gradcheck", None)
        if found is None:
            return
        from gradcheck.testing.pytest_plugin.totals import Totals

        self.totals = self.totals or Totals()
        self.totals.merge(Totals(**found["totals"]))
        file, line, _ = report.location
        self.checks[report.nodeid] = [{**check, "file": file, "line": (line or 0) + 1} for check in found["checks"]]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        """Note a worker of pytest-xdist that has crashed."""
        if self.state is not None and error:
            self.state.note(f"worker {node.gateway.id} crashed")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Write the file of reports; if it cannot be written, the session fails."""
        yield
        if self.state is not None:
            self.state.close(session)
            self._write()
            if self.file_error:
                session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the summary, if any check ran, and the path of the file of reports."""
        if self.totals is not None and terminalreporter.verbosity >= -1:
            from gradcheck.testing.pytest_plugin.summary import summary

            terminalreporter.section("gradcheck")
            for line in summary(self.totals, len(self.checks)):
                terminalreporter.line(line)
        if self.file_error:
            terminalreporter.write_sep("-", self.file_error, red=True)
        elif self.state is not None:
            what = "the checks so far" if self.state.unfinished else "all checks"
            terminalreporter.write_sep("-", f"gradcheck: reports of {what} in {self.path}")
