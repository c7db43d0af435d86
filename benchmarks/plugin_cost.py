"""What the pytest plugin costs sessions that do not use it: ``python -m benchmarks.plugin_cost``.

A session with one test that passes, without gradcheck, is run with the plugin and with ``-p no:gradcheck``. The two
alternate, so that other load on the machine affects both. Each run is a new process. Medians are shown, and also the
least times and processor times, which are more reliable on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: Command of a session. The plugins of Hypothesis and xdist are turned off: their cost would blur the difference.
SESSION = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:xdist")
VARIANTS = {"with the plugin": (), "-p no:gradcheck": ("-p", "no:gradcheck")}

#: Largest difference that is promised, in milliseconds.
PROMISE = 10.0


def session(folder: Path, options: tuple[str, ...]) -> tuple[float, float]:
    """Run one session; returns elapsed seconds and processor seconds."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *SESSION, *options], cwd=folder, env=environment, check=True, capture_output=True)
    elapsed, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Run both alternately; the first round, which compiles byte code, is left out."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
        for number in range(rounds + 1):
            for variant in VARIANTS if number % 2 else reversed(VARIANTS):
                times = session(folder, VARIANTS[variant])
                if number:
                    found[variant].append(times)
    return found


def table(found: dict[str, list[tuple[float, float]]]) -> str:
    """Format medians and least times, their differences and ratios."""
    lines = [
        f"{'':16}  {'clock':^20}  {'processor':^20}",
        f"{'':16}  {'median':>9}  {'least':>9}" + f"  {'median':>9}  {'least':>9}",
    ]
    rows = []
    for name, times in found.items():
        columns = zip(*times, strict=True)
        rows.append([1e3 * best(column) for column in columns for best in (statistics.median, min)])
        lines.append(f"{name:16}" + "".join(f"  {value:6.1f} ms" for value in rows[-1]))
    mine, without = rows
    lines.append(f"{'difference':16}" + "".join(f"  {a - b:6.1f} ms" for a, b in zip(mine, without, strict=True)))
    lines.append(f"{'ratio':16}" + "".join(f"  {a / b:6.3f}   " for a, b in zip(mine, without, strict=True)))
    rounds = len(next(iter(found.values())))
    lines.append(f"{rounds} rounds; promised is a difference of at most {PROMISE:g} ms")
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=25)
    sys.stdout.write(table(compare(parser.parse_args().rounds)) + "\n")
