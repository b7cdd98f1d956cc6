"""How is one run trained? The loop, optimizers, schedules, scaling rules, accumulation, workers."""

from coursekit.train.accumulation import accumulate, accumulation_windows
from coursekit.train.loop import TrainConfig, accuracy, train
from coursekit.train.measures import gradient_moments, losses, sharpness
from coursekit.train.optim import LAMB, LARS, SGD, Adam, Muon, Settings, torch_optimizer
from coursekit.train.ranks import copy_to_ranks, parallel_step, split_to_ranks

__all__ = [
    "LAMB",
    "LARS",
    "SGD",
    "Adam",
    "Muon",
    "Settings",
    "TrainConfig",
    "accumulate",
    "accumulation_windows",
    "accuracy",
    "copy_to_ranks",
    "gradient_moments",
    "losses",
    "parallel_step",
    "sharpness",
    "split_to_ranks",
    "torch_optimizer",
    "train",
]
