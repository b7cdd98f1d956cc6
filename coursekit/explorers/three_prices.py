"""Explorer of unit 09: examples, seconds and money to a target, and the best batch of each."""

from coursekit.explorers.live import show_explorer


def three_prices(
    *,
    critical_batch: float = 64,
    knee: float = 512,
    floor: float = 0.0003,
    hour: float = 0.1,
    million: float = 0.01,
) -> None:
    """Show steps, examples, seconds and money against B for a task, a machine and prices.

    Args:
        critical_batch: B_crit of the steps' law.
        knee: Batch that just fills the device.
        floor: Seconds of the shortest step.
        hour: Price of a device hour.
        million: Price of a million examples.
    """
    state = {"critical": critical_batch, "knee": knee, "floor": floor, "hour": hour}
    show_explorer("three_prices", state={**state, "million": million})
