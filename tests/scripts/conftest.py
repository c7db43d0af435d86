"""The programs of the corpus are not collected as tests: importing them would run their training."""

from __future__ import annotations

collect_ignore = ["programs"]
