"""A program as it stands becomes a subject, and each line of its backward pass gets a verdict.

    text ─> instrument ─> replay ─> graph ─> chain_rule ─> blame ─> explain ─> repair ─> findings ─> program

`program.check_program` is the entry.
"""
