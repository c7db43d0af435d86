"""What the pytest plugin costs those who do not use it: ``python -m benchmarks.plugin_cost``.

An empty session (one test that passes, and nothing of gradcheck in it) is run with the plugin and with
``-p no:gradcheck``, in turn, so that whatever else the machine does is shared alike. Both times are medians over fresh
processes; beside stands the user's own processor time, which says more on a busy machine.
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

#: How the two are started; hypothesis and xdist, which may be installed as well, would only blur the difference.
SESSION = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:xdist")
VARIANTS = {"with the plugin": (), "-p no:gradcheck": ("-p", "no:gradcheck")}

#: What is promised, in milliseconds.
PROMISE = 10.0


def session(folder: Path, options: tuple[str, ...]) -> tuple[float, float]:
    """Seconds that one session takes: on the clock, and of the processor."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *SESSION, *options], cwd=folder, env=environment, check=True, capture_output=True)
    elapsed, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Times of both, run in turn; the first round, which writes byte code, does not count."""
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
    """Medians side by side, their ratio, and the median of the differences of neighbours."""
    lines = [f"{'':16}  {'clock':>9}  {'processor':>9}"]
    medians = {}
    for name, times in found.items():
        medians[name] = [1e3 * statistics.median(column) for column in zip(*times, strict=True)]
        lines.append(f"{name:16}  {medians[name][0]:6.1f} ms  {medians[name][1]:6.1f} ms")
    mine, without = found.values()
    pairs = [[1e3 * (a - b) for a, b in zip(x, y, strict=True)] for x, y in zip(mine, without, strict=True)]
    more = [statistics.median(column) for column in zip(*pairs, strict=True)]
    ratio = [a / b for a, b in zip(*medians.values(), strict=True)]
    lines.append(f"{'difference':16}  {more[0]:6.1f} ms  {more[1]:6.1f} ms")
    lines.append(f"{'ratio':16}  {ratio[0]:6.3f}     {ratio[1]:6.3f}")
    lines.append(f"{len(mine)} rounds; promised is a difference of at most {PROMISE:g} ms")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=25)
    sys.stdout.write(table(compare(parser.parse_args().rounds)) + "\n")
