"""Explorer of unit 05: steps, examples and time at a batch size, by the fitted law."""

from coursekit.explorers.live import show_explorer


def trade_off(*, critical_batch: int = 128, full_batch: int = 1024) -> None:
    """Show steps, examples and time against B; sliders change B, B_crit and the hardware.

    S/S_min = 1 + B_crit/B,   E/E_min = 1 + B/B_crit,   T = S max(1, B/B_full)
    """
    show_explorer("trade_off", state={"critical": critical_batch, "full": full_batch})
