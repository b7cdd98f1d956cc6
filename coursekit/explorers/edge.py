"""Explorer of unit 06: sharpness on its way to 2/lr, at any batch size."""

from coursekit.explorers.live import show_explorer


def edge() -> None:
    """Train 24 weights under sliders; show lambda_max and batch sharpness beside their limit."""
    show_explorer("edge")
