"""What a run can record at chosen steps: functions (model, data) -> {name: value}.

    TrainConfig(..., measures=(losses, gradient_moments), record_steps=(0, 100, 200))

Each looks at the whole training split, so each costs from one full gradient up to some tens.
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.curvature.hessian import hessian_eigenvalues
from coursekit.data.splits import Dataset
from coursekit.gradients.norms import per_example_norms


@torch.no_grad()
def losses(model: nn.Module, data: Dataset) -> dict[str, float]:
    """Mean cross-entropy of the training split, and the accuracy of all three.

    The model is evaluated in the mode it is in.
    """
    logits = model(data.train_inputs)
    found = {"train_loss": cross_entropy(logits, data.train_targets).item()}
    for split in ("train", "validation", "test"):
        inputs, targets = getattr(data, f"{split}_inputs"), getattr(data, f"{split}_targets")
        right = model(inputs).argmax(dim=1) == targets
        found[f"{split}_accuracy"] = right.double().mean().item()
    return found


def gradient_moments(model: nn.Module, data: Dataset) -> dict[str, float]:
    """|G|^2 and tr(Sigma) (divisor N - 1) of the training set's own gradient, exactly.

    Their quotient is the noise scale of this set's gradient at this point.
    """
    batch = (data.train_inputs, data.train_targets)
    norms = per_example_norms(model, cross_entropy, batch)
    count = len(norms.sq_norms)
    grad_sq_norm = norms.mean_grad.double().square().sum().item()
    spread = norms.sq_norms.double().sum().item() - count * grad_sq_norm
    return {"grad_sq_norm": grad_sq_norm, "tr_cov": spread / (count - 1)}


def sharpness(model: nn.Module, data: Dataset) -> dict[str, float]:
    """lambda_max of the training loss; nan once the weights are not finite."""
    if not all(p.isfinite().all() for p in model.parameters()):
        return {"sharpness": float("nan")}
    batch = (data.train_inputs, data.train_targets)
    found = hessian_eigenvalues(model, cross_entropy, batch, tol=1e-3)
    return {"sharpness": found.value}
