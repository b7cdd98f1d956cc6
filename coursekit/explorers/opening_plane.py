"""Explorer of unit 00: the opening question on the plane of batch size and learning rate."""

from coursekit.explorers.live import show_explorer


def opening_plane() -> None:
    """Show stored runs over batch size and learning rate, and the team's jump on them."""
    show_explorer("opening_plane")
