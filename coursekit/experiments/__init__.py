"""Which runs answer the questions of the units? Each experiment is a module of its own."""

from coursekit.experiments.edge import follow_edge
from coursekit.experiments.equal_loss import mlp_with, train_to_loss
from coursekit.experiments.flagship import run_plane
from coursekit.experiments.trade_off import RunsToTarget, bootstrap_critical_batch, run_to_target

__all__ = [
    "RunsToTarget",
    "bootstrap_critical_batch",
    "follow_edge",
    "mlp_with",
    "run_plane",
    "run_to_target",
    "train_to_loss",
]
