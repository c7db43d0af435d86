"""How property tests draw their examples: the same in every run, or, in the nightly profile, others each time."""

from __future__ import annotations

import os

#: Set in the nightly profile, to the number of examples of the longest tests.
NIGHTLY = "GRADCHECK_FUZZ" in os.environ

#: For ``derandomize=`` of Hypothesis's settings.
DERANDOMIZE = not NIGHTLY
