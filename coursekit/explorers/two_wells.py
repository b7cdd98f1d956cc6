"""Explorer of unit 07: a sharp well and a flat one, walkers that begin in the sharp one."""

from coursekit.explorers.live import show_explorer


def two_wells() -> None:
    """Show `toy.DoubleWell` with sliders: temperature, learning rate, depth, time."""
    show_explorer("two_wells")
