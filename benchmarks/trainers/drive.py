"""A schedule driven for a hundred steps as its documentation does it, and what its rates say."""

from collections.abc import Callable

import torch
from probe import say
from torch import nn

TOTAL, WARMUP = 100, 10
SETTING = "peak 1, warmup 10 of 100 steps"
Make = Callable[[torch.optim.Optimizer], Callable[[int], None]]  # -> what is called after step n


def two_groups(momentum: float = 0.9) -> torch.optim.Optimizer:
    """Make SGD with a second group at a tenth of the rate."""
    one, other = (nn.Parameter(torch.zeros(1)) for _ in range(2))
    one.grad, other.grad = torch.ones(1), torch.ones(1)
    groups = [{"params": [one], "lr": 1.0}, {"params": [other], "lr": 0.1}]
    return torch.optim.SGD(groups, lr=1.0, momentum=momentum)


def drive(make: Make, count: int, optimizer=None) -> list[tuple[float, float, float]]:
    """Return (rate, second group's rate, momentum) at each step."""
    optimizer = optimizer or two_groups()
    after = make(optimizer)
    found = []
    for n in range(count):
        one, other = optimizer.param_groups
        found.append((one["lr"], other["lr"], one["momentum"]))
        optimizer.step()
        after(n)
    return found


def stepped(build: Callable) -> Make:
    """Turn a torch scheduler's constructor into what `drive` takes."""

    def make(optimizer):
        scheduler = build(optimizer)
        return lambda n: scheduler.step()

    return make


def number(x: float) -> str:
    return f"{x:.3g}"


def peak(rates: list[float]) -> str:
    highest = max(rates)
    return f"{number(highest)} at step {rates.index(highest) + 1}"


def say_schedule(row: str, make: Make, *packages: str, setting: str = SETTING) -> None:
    """Print the cells of a torch schedule."""
    found = drive(make, TOTAL)
    rates = [one for one, _, _ in found]
    say(row, "first", number(rates[0]), setting, *packages)
    say(row, "second", number(rates[1]), setting, *packages)
    say(row, "peak", peak(rates), setting, *packages)
    say(row, "last", number(rates[-1]), setting, *packages)
    say(row, "after", after_the_end(make), setting, *packages)
    ratios = [
        number(other / one) if one else "0 / 0"
        for one, other, _ in (found[n] for n in (4, WARMUP, TOTAL // 2))
    ]
    say(
        row,
        "groups",
        ", ".join(ratios),
        "a second group at 0.1: ratio at steps 5, 11, 51",
        *packages,
    )
    momenta = [m for _, _, m in found]
    text = f"{number(momenta[0])} first, {number(min(momenta))} least"
    text = "0.9 always" if set(momenta) == {0.9} else text
    say(row, "momentum", text, "SGD with momentum 0.9", *packages)
    say(row, "again", built_again(make), "built anew after 50 steps, next rate", *packages)


def after_the_end(make: Make) -> str:
    """Return the rate of step 111, or how it is refused."""
    try:
        return number(drive(make, TOTAL + 11)[-1][0])
    except Exception as error:  # what a schedule says at its end differs by library
        return f"refused: {type(error).__name__}"


def built_again(make: Make) -> str:
    """Return the rate after 50 steps, and the first after the schedule is built once more."""
    optimizer = two_groups()
    before = drive(make, 50, optimizer)[-1][0]
    try:
        return f"{number(before)} → {number(drive(make, 1, optimizer)[0][0])}"
    except Exception as error:
        return f"{number(before)} → refused: {type(error).__name__}"


def say_function(row: str, rate: Callable[[int], float], *packages: str) -> None:
    """Print the cells of a schedule that is a function of the step."""
    rates = [float(rate(n)) for n in range(TOTAL + 11)]
    say(row, "first", number(rates[0]), SETTING, *packages)
    say(row, "second", number(rates[1]), SETTING, *packages)
    say(row, "peak", peak(rates[:TOTAL]), SETTING, *packages)
    say(row, "last", number(rates[TOTAL - 1]), SETTING, *packages)
    say(row, "after", number(rates[-1]), SETTING, *packages)
