"""The programs are test data. They are not collected, since importing one would train it."""

from __future__ import annotations

collect_ignore = ["programs"]
