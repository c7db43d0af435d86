"""The cell magic ``%%gradcheck``: check the training loop in a cell of a notebook, with the notebook's variables."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

#: Name of the cell in reports.
CELL = "this cell"


def load_ipython_extension(shell: Any) -> None:
    """Register the cell magic; IPython calls this for ``%load_ext gradcheck.app.magic``.

    ``%%gradcheck [--loss EXPR] [--pair W=dW] [--function NAME] [--seed N]`` replays one iteration of the loop in the
    cell, on copies of the notebook's variables.
    """
    shell.register_magic_function(_magic(shell), "cell", "gradcheck")


def _magic(shell: Any) -> Any:
    def gradcheck(line: str, cell: str) -> Any:
        """Check the gradient of the training loop in this cell; returns the report."""
        import argparse
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
        return check_program(
            Path(CELL),
            hints=hints_of(options.loss, options.pair, options.function),
            sources=[Source(CELL, "\n" + cell)],
            rng=options.seed,
            namespace={name: _copied(v) for name, v in shell.user_ns.items() if not name.startswith("_")},
        )

    return gradcheck


def _copied(value: Any) -> Any:
    """Copy a value; what cannot be copied (modules, open files, locks) is passed on as it is."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value
