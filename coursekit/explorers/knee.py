"""Explorer of unit 09: the time of a step over batch size, its floor, its slope and the knee."""

from coursekit.explorers.live import show_explorer


def knee() -> None:
    """Show seconds a step and examples a second under sliders for floor, rate and B."""
    show_explorer("knee")
