"""Which runs answer the questions of the units? Each experiment is a module of its own."""

from coursekit.experiments.edge import follow_edge
from coursekit.experiments.equal_loss import mlp_with, train_to_loss
from coursekit.experiments.flagship import run_plane
from coursekit.experiments.local_steps import Outer, train_locally
from coursekit.experiments.trade_off import RunsToTarget, run_to_target
from coursekit.experiments.worker_steps import WorkerTimes, run_workers

__all__ = [
    "Outer",
    "RunsToTarget",
    "WorkerTimes",
    "follow_edge",
    "mlp_with",
    "run_plane",
    "run_to_target",
    "run_workers",
    "train_locally",
    "train_to_loss",
]
