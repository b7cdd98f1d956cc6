"""What does SGD do where everything is known? A quadratic with noise, and a double well."""

from coursekit.toy.double_well import DoubleWell
from coursekit.toy.dynamics import (
    langevin,
    max_stable_lr,
    sde_variance,
    simulate_quadratic,
    stationary_variance,
    temperature,
    variance_after,
)
from coursekit.toy.escape import arrhenius_slope, escape_ratio, escape_times, occupancy
from coursekit.toy.escape_theory import (
    discrete_escape_time,
    discrete_share,
    gibbs_share,
    kramers_time,
    sde_escape_time,
)

__all__ = [
    "DoubleWell",
    "arrhenius_slope",
    "discrete_escape_time",
    "discrete_share",
    "escape_ratio",
    "escape_times",
    "gibbs_share",
    "kramers_time",
    "langevin",
    "max_stable_lr",
    "occupancy",
    "sde_escape_time",
    "sde_variance",
    "simulate_quadratic",
    "stationary_variance",
    "temperature",
    "variance_after",
]
