"""Figures of the course: one style, an interval on everything, a text for those who can't see them.

Each function takes numbers and returns (figure, alt text). Nothing here trains or measures.
"""

from coursekit.plots.noise import bars_plot, law_plot, signal_plot, variance_plot
from coursekit.plots.plane import plane_plot
from coursekit.plots.plane_with_frontier import flagship_plot
from coursekit.plots.style import Plot, means, png, show

__all__ = [
    "Plot",
    "bars_plot",
    "flagship_plot",
    "law_plot",
    "means",
    "plane_plot",
    "png",
    "show",
    "signal_plot",
    "variance_plot",
]
