"""The object that the fixture `gradcheck` gives to a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck._names import load

if TYPE_CHECKING:
    from gradcheck.reports.report import Report


class Gradients:
    """The functions of gradcheck, for tests that use the fixture instead of an import.

    All public names of the package `gradcheck` are attributes as well, because an argument called `gradcheck` hides an
    imported module of that name.
    """

    def check(self, *target: Any, **options: Any) -> Report:
        """Check gradients as `gradcheck.check_gradients` does."""
        __tracebackhide__ = True
        from gradcheck.checks.gradients import check_gradients

        return check_gradients(*target, **options)

    def assert_gradients(self, *target: Any, subtests: Any = None, **options: Any) -> Report:
        """Check gradients as `gradcheck.assert_gradients` does, optionally with one subtest a block.

        Parameters
        ----------
        *target, **options
            As for `gradcheck.check_gradients`.
        subtests : pytest.Subtests, optional
            The fixture `subtests`, which pytest has from version 9 on and the package pytest-subtests before. Each
            block becomes a subtest, so that all wrong blocks are reported.

        Raises
        ------
        GradientMismatch
            If the gradient does not pass.
        SubjectTypeError
            If `subtests` is something else.
        """
        __tracebackhide__ = True
        from gradcheck.checks.gradients import GradientMismatch, assert_gradients
        from gradcheck.errors import SubjectTypeError

        if subtests is None:
            return assert_gradients(*target, **options)
        if not callable(getattr(subtests, "test", None)):
            raise SubjectTypeError(
                f"subtests is {subtests!r}: pass the fixture `subtests`, which comes with pytest 9 or with the package "
                "pytest-subtests"
            )
        report = self.check(*target, **options)
        for name, block in report.blocks.items():
            with subtests.test(msg=name):
                if not block.passes:
                    raise GradientMismatch(report, name)
        return report

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return load(name)
