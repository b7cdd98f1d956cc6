"""Schedules of torch, transformers, optax, Keras, ignite, DeepSpeed and pytorch-optimizer."""

import os
import warnings

os.environ["KERAS_BACKEND"] = "torch"
os.environ["DS_ACCELERATOR"] = "cpu"
import keras
import optax
import pytorch_optimizer
import transformers
from deepspeed.runtime.lr_schedules import WarmupCosineLR, WarmupDecayLR, WarmupLR
from drive import TOTAL, WARMUP, say_function, say_schedule, stepped
from ignite.handlers import create_lr_scheduler_with_warmup
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, OneCycleLR, SequentialLR

warnings.filterwarnings("ignore")


def linear_then_cosine(optimizer):
    rise = LinearLR(optimizer, start_factor=0.1, total_iters=WARMUP)
    fall = CosineAnnealingLR(optimizer, T_max=TOTAL - WARMUP)
    return SequentialLR(optimizer, [rise, fall], milestones=[WARMUP])


def of_ignite(optimizer):
    """Call before each step, as its docstring attaches it: at the start of an iteration."""
    fall = CosineAnnealingLR(optimizer, T_max=TOTAL - WARMUP)
    schedule = create_lr_scheduler_with_warmup(fall, warmup_start_value=0.1, warmup_duration=WARMUP)
    schedule(None)
    return lambda n: schedule(None)


def torch_and_transformers():
    say_schedule("torch LinearLR, then CosineAnnealingLR", stepped(linear_then_cosine), "torch")
    say_schedule(
        "torch OneCycleLR",
        stepped(lambda o: OneCycleLR(o, [1.0, 0.1], total_steps=TOTAL, pct_start=WARMUP / TOTAL)),
        "torch",
    )
    for name in ("linear", "cosine", "inverse_sqrt", "constant_with_warmup"):
        say_schedule(
            f'transformers get_scheduler("{name}")',
            stepped(
                lambda o, name=name: transformers.get_scheduler(
                    name, o, num_warmup_steps=WARMUP, num_training_steps=TOTAL
                )
            ),
            "transformers", "torch",
        )  # fmt: skip
    say_schedule(
        "transformers get_wsd_schedule",
        stepped(
            lambda o: transformers.get_wsd_schedule(
                o, WARMUP, num_decay_steps=20, num_training_steps=TOTAL
            )
        ),
        "transformers", "torch", setting="peak 1, warmup 10 of 100 steps, decay 20",
    )  # fmt: skip


def small_libraries():
    say_schedule("ignite create_lr_scheduler_with_warmup", of_ignite, "pytorch-ignite", "torch")
    say_schedule(
        "DeepSpeed WarmupLR",
        stepped(lambda o: WarmupLR(o, 0.0, [1.0, 0.1], warmup_num_steps=WARMUP)),
        "deepspeed", "torch",
    )  # fmt: skip
    say_schedule(
        "DeepSpeed WarmupDecayLR",
        stepped(lambda o: WarmupDecayLR(o, TOTAL, 0.0, [1.0, 0.1], warmup_num_steps=WARMUP)),
        "deepspeed", "torch",
    )  # fmt: skip
    say_schedule(
        "DeepSpeed WarmupCosineLR",
        stepped(lambda o: WarmupCosineLR(o, TOTAL, warmup_num_steps=WARMUP)),
        "deepspeed", "torch",
    )  # fmt: skip
    for kind in ("CosineScheduler", "LinearScheduler", "PolyScheduler"):
        say_schedule(
            f"pytorch-optimizer {kind}",
            stepped(
                lambda o, kind=kind: getattr(pytorch_optimizer, kind)(
                    o, t_max=TOTAL, max_lr=1.0, min_lr=0.0, init_lr=0.0, warmup_steps=WARMUP
                )
            ),
            "pytorch_optimizer", "torch",
        )  # fmt: skip
    say_schedule(
        "pytorch-optimizer get_wsd_schedule",
        stepped(
            lambda o: pytorch_optimizer.get_wsd_schedule(o, WARMUP, TOTAL - WARMUP - 20, 20)
        ),
        "pytorch_optimizer", "torch",
    )  # fmt: skip


def functions():
    rate = optax.warmup_cosine_decay_schedule(0.0, 1.0, WARMUP, TOTAL)
    say_function("optax warmup_cosine_decay_schedule", rate, "optax", "jax")
    rate = optax.linear_onecycle_schedule(TOTAL, 1.0, pct_start=WARMUP / TOTAL)
    say_function("optax linear_onecycle_schedule", rate, "optax", "jax")
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, TOTAL - WARMUP, warmup_target=1.0, warmup_steps=WARMUP
    )
    say_function("Keras CosineDecay", lambda n: float(rate(n)), "keras", "torch")


if __name__ == "__main__":
    torch_and_transformers()
    small_libraries()
    functions()
