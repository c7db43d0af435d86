"""Why a loss does not go down although its gradient is right, and what helps, measured.

reading, program ─> patient ─> course, escape, curvature, chance, units ─> examination ─> illnesses ─> trials ─> report

`doctor` is the front door; `consultation` goes from a patient to the report.
"""
