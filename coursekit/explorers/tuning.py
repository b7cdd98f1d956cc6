"""Explorer of unit 08: one method against itself, with more tries on one side."""

from coursekit.explorers.live import show_explorer


def tuning() -> None:
    """Show what a method gains over itself, with a slider for the tries of either arm."""
    show_explorer("tuning")
