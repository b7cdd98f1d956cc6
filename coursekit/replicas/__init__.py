"""How do many runs differ? Every seed at every learning rate and batch size, many at once."""

from coursekit.replicas.grid import run_grid
from coursekit.replicas.population import Population

__all__ = [
    "Population",
    "run_grid",
]
