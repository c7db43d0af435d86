"""What the fixture `gradcheck` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.reports.report import Report


class Gradients:
    """The functions of gradcheck, for tests that would rather ask for them than import them.

    Everything else that ``import gradcheck`` offers is an attribute as well, so that a test whose argument hides the
    module reads the same.
    """

    def check(self, *target: Any, **options: Any) -> Report:
        """As `gradcheck.check_gradients`."""
        __tracebackhide__ = True
        from gradcheck.checks.gradients import check_gradients

        return check_gradients(*target, **options)

    def assert_gradients(self, *target: Any, subtests: Any = None, **options: Any) -> Report:
        """As `gradcheck.assert_gradients`.

        Parameters
        ----------
        *target, **options
            As for `gradcheck.check_gradients`.
        subtests : pytest.Subtests, optional
            The fixture of that name: pytest's own from 9.0 on, before that from pytest-subtests. Each block becomes a
            subtest, and all that are wrong are told of.

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
                f"subtests is {subtests!r}: let the test take the fixture `subtests`, and pass that; it comes with "
                "pytest 9, and with pytest-subtests before"
            )
        report = self.check(*target, **options)
        for name, block in report.blocks.items():
            with subtests.test(msg=name):
                if not block.passes:
                    raise GradientMismatch(report, name)
        return report

    def __getattr__(self, name: str) -> Any:
        import gradcheck

        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(gradcheck, name)
