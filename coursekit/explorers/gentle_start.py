"""Explorer of unit 03: two weights under a peak learning rate and a warmup."""

from coursekit.explorers.live import show_explorer


def gentle_start() -> None:
    """Show gradient descent on (u v - 1)^2 / 2 under sliders for peak rate and warmup."""
    show_explorer("gentle_start")
