"""Programs that are checked as they stand are not imported: they would train."""

from __future__ import annotations

collect_ignore = ["programs"]
