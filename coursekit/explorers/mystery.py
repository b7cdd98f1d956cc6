"""Explorer of unit 10: runs that went wrong, and experiments to buy."""

from coursekit.explorers.live import show_explorer


def mystery() -> None:
    """Show broken runs one at a time: name the fault, choose an experiment, predict it."""
    show_explorer("mystery")
