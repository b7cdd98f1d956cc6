"""Explorer of units 06 and 07: one function, many weights; where gradient descent can stay.

The loss (w1 w2 - 1)^2 / 2 is zero all along the curve w1 w2 = 1, where w2 relu(w1 x) is one and
the same function. Along that curve lambda_max = w1^2 + w2^2.
"""

from coursekit.explorers.live import show_explorer


def valley() -> None:
    """Show the valley with two sliders: where on it to start, and the learning rate."""
    show_explorer("valley")
