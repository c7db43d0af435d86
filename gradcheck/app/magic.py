"""The cell magic ``%%gradcheck``: check the training loop in a cell of a notebook, with the notebook's variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext gradcheck``; registers the cell magic.

    ``%%gradcheck [--loss EXPR] [--pair W=dW] [--function NAME] [--seed N]`` replays one pass of the loop in the cell.
    Nothing in the notebook is changed.
    """
    shell.register_magic_function(_magic(shell), "cell", "gradcheck")


def _magic(shell: Any) -> Any:
    def gradcheck(line: str, cell: str) -> Any:
        """Check the gradient of the training loop in this cell; returns the report."""
        import argparse
        import copy
        import shlex

        from gradcheck.scripts.hints import hints_of
        from gradcheck.scripts.program import check_program
        from gradcheck.scripts.text.source import Source

        parser = argparse.ArgumentParser(prog="%%gradcheck", exit_on_error=False)
        parser.add_argument("--loss")
        parser.add_argument("--pair", action="append", default=[])
        parser.add_argument("--function")
        parser.add_argument("--seed", type=int)
        options = parser.parse_args(shlex.split(line))
        own = {k: v for k, v in shell.user_ns.items() if not k.startswith("_")}
        given = {k: _copied(v, copy) for k, v in own.items()}
        hints = hints_of(options.loss, options.pair, options.function)
        path = Path("this cell")
        return check_program(
            path, hints=hints, sources=[Source("this cell", "\n" + cell)], rng=options.seed, namespace=given
        )

    return gradcheck


def _copied(value: Any, copy: Any) -> Any:
    """A copy of what can be copied, so that the notebook's own stays as it is."""
    try:
        return copy.deepcopy(value)
    except Exception:  # modules, open files, locks
        return value
