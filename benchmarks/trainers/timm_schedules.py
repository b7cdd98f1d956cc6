"""timm's schedules, stepped by updates as its train.py does."""

from drive import TOTAL, WARMUP, say_schedule
from timm.scheduler import CosineLRScheduler, PolyLRScheduler, StepLRScheduler


def by_updates(build):
    def make(optimizer):
        scheduler = build(optimizer)
        return lambda n: scheduler.step_update(num_updates=n + 1)

    return make


def one():
    warm = {"warmup_t": WARMUP, "warmup_lr_init": 0.0, "t_in_epochs": False}
    kinds = {
        "timm CosineLRScheduler": lambda o: CosineLRScheduler(o, t_initial=TOTAL, **warm),
        "timm CosineLRScheduler, warmup_prefix": lambda o: CosineLRScheduler(
            o, t_initial=TOTAL - WARMUP, warmup_prefix=True, **warm
        ),
        "timm PolyLRScheduler": lambda o: PolyLRScheduler(o, t_initial=TOTAL, **warm),
        "timm StepLRScheduler": lambda o: StepLRScheduler(o, decay_t=30, decay_rate=0.1, **warm),
    }
    for row, build in kinds.items():
        say_schedule(row, by_updates(build), "timm", "torch")


if __name__ == "__main__":
    one()
