"""Explorer of unit 02: two rules on their way to the frontier of stability."""

from coursekit.explorers.live import show_explorer


def lr_frontier(max_lr: float, half_batch_size: float) -> None:
    """Show how far the linear and the root rule carry a learning rate before training breaks.

    Sliders change where a rule starts and the frontier max_lr / (1 + half_batch_size / B).

    Args:
        max_lr: The frontier for very large batches.
        half_batch_size: Batch size at which the frontier is half as high.
    """
    show_explorer("lr_frontier", state={"max": max_lr, "half": half_batch_size})
