"""Explorer of unit 07: a sharp and a flat basin in several dimensions, with and without noise."""

from coursekit.explorers.live import show_explorer


def basins() -> None:
    """Show walkers on two round parabolas under sliders for temperature and dimensions."""
    show_explorer("basins")
