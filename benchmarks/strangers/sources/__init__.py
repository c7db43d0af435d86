"""The sources of derivatives, in the order in which the table shows them."""

from __future__ import annotations

from benchmarks.strangers.derivative import Source
from benchmarks.strangers.sources import (
    expression_graphs,
    jax_functions,
    scipy_solvers,
    scipy_special,
    sklearn_losses,
    statsmodels_scores,
    torch_networks,
    torch_operators,
)

SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE
    for module in (
        scipy_special,
        scipy_solvers,
        statsmodels_scores,
        sklearn_losses,
        torch_operators,
        torch_networks,
        jax_functions,
        expression_graphs,
    )
}
