"""Explains why a block is wrong: which part, which mistake of the catalogue; reads verdicts, never changes one."""
