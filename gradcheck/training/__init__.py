"""Why a loss does not go down although its gradient is right, and what helps, measured.

patient ─> course ─> measurements (units, escape, curvature, chance) ─> illnesses ─> trials ─> report
"""
