"""Why a block is wrong: which part, which mistake of the catalogue. Reads verdicts, never changes one."""
