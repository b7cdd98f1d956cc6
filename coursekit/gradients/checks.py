"""What must be refused before anything is measured, each thing in one wording."""

import math

import torch
from torch import Tensor, nn
from torch.utils.data import RandomSampler

from coursekit.gradients._modules import modules_of, name_of
from coursekit.gradients._one_loss import LossAndGradient, joint_norm
from coursekit.gradients._one_loss import scalar_loss as scalar_loss
from coursekit.gradients._random_state import random_state, random_state_kept, same_state
from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    brought_to,
    map_tensors,
    model_device,
    num_examples,
    select_examples,
    slice_batch,
)
from coursekit.gradients.counts import Count, checked_count
from coursekit.gradients.precision import last_digits_moved, numbers_read, observed_eps

LARGE = 10_000_000  # weights of a model on which fewer examples are looked at


def refuse_batch_norm(model: nn.Module) -> None:
    """Raise ValueError if a BatchNorm uses the statistics of the batch.

    Then the loss of one example depends on the others: it has no gradient of its own, and the
    loss over the data depends on how they are cut into batches.
    """
    for module in modules_of(model):
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and (
            module.training or module.running_mean is None
        ):
            raise ValueError(
                f"BatchNorm {name_of(model, module)!r} uses batch statistics, so examples have no "
                f"loss of their own; call model.eval(), or use GroupNorm or LayerNorm"
            )


def refuse_dropout(model: nn.Module) -> None:
    """Raise ValueError if a layer draws random numbers in its forward pass (dropout, RReLU)."""
    for module in modules_of(model):
        rate = 0.0
        if isinstance(module, nn.modules.dropout._DropoutNd):
            rate = module.p
        elif isinstance(module, nn.RNNBase | nn.MultiheadAttention):
            rate = module.dropout
        elif isinstance(module, nn.RReLU):
            rate = 1.0
        if module.training and rate > 0:
            raise ValueError(
                f"{type(module).__name__} {name_of(model, module)!r} is random in train mode, so "
                f"every pass sees another loss; call model.eval() or set its rate to 0"
            )


def refuse_shuffling(data: Data) -> None:
    """Raise ValueError if data comes in another order on each walk, so that passes do not pair."""
    if isinstance(getattr(data, "sampler", None), RandomSampler):
        raise ValueError(
            "the DataLoader shuffles, so two passes do not see the examples in one order; "
            "use shuffle=False"
        )


def check_mean_loss(
    model: nn.Module,
    loss_fn: Loss,
    batch: Batch,
    *,
    count: Count = num_examples,
    max_examples: int | None = None,
    eps: float | None = None,
) -> None:
    """Raise ValueError unless the loss is a deterministic, finite mean over what `count` counts.

        n l(whole) = n_1 l(first part) + n_2 l(rest),   and the same for the gradients

    So it finds a sum instead of a mean, class weights or padding that change a mean's denominator
    (also where all losses are equal, as at initialisation), layers that mix examples, NaN, and
    random numbers drawn in the forward pass, even where they miss these few examples.

    Args:
        model: In the mode in which it will be measured.
        loss_fn: `loss_fn(output, target)` or a BatchLoss.
        batch: Any batch of the data; `max_examples` of it are used, spread over all of it, so
            that an order by length or class can't hide anything: about two gradients of them.
        count: What the mean is over.
        max_examples: At least 2; None: 8, or 4 for a model of more than ten million weights.
        eps: Relative rounding of what is computed; None: looked up in a further forward pass.
    """
    total = num_examples(batch)
    if total == 0:
        raise ValueError("data holds no examples")
    device = model_device(model)
    batch = brought_to(device, batch)
    measure = LossAndGradient(model, loss_fn)
    few = min(total, max_examples or (8 if measure.num_params < LARGE else 4))
    if few < total:
        places = torch.linspace(0, total - 1, few, device="cpu").round().long()
        batch = select_examples(batch, places)
    elif total == 1:
        batch, few = map_tensors(lambda t: torch.cat([t, t]) if t.dim() else t, batch), 2
    # With no common divisor, k of `few` examples left out of a mean can't go unseen.
    cut = next(c for c in range((few + 1) // 2, few) if math.gcd(c, few) == 1)
    parts = [batch, slice_batch(batch, 0, cut), slice_batch(batch, cut, few)]
    counts = [checked_count(count, part) for part in parts]
    if counts[0] == 0:
        raise ValueError(
            "a batch counts 0 (an empty mask, or padding alone): its mean loss is 0/0; leave it out"
        )
    with random_state_kept(device):
        if eps is None:
            with torch.no_grad(), observed_eps(model) as seen:
                value = scalar_loss(measure.loss(model, slice_batch(batch, 0, 1)))
            eps = max(seen(), float(torch.finfo(value.dtype).eps))
        state = random_state(device)
        whole = measure(batch)
        drew = not same_state(state, random_state(device))
        tolerance = min(0.1, 100 * eps**0.75)
        reads = _refuse_random(measure, batch, whole, tolerance, drew=drew)
        nothing = (0.0, [torch.zeros_like(g) for g in whole[1]])
        found = [measure(p) if n else nothing for p, n in zip(parts[1:], counts[1:], strict=True)]
        losses, grads = [whole[0], *(v for v, _ in found)], [whole[1], *(g for _, g in found)]
        shares = [n / counts[0] for n in counts[1:]]
        mean = shares[0] * losses[1] + shares[1] * losses[2]
        loss_gap = abs(losses[0] - mean)
        gap = joint_norm(
            [w - shares[0] * a - shares[1] * b for w, a, b in zip(*grads, strict=True)]
        )
        sizes = sum(share * joint_norm(g) for share, g in zip(shares, grads[1:], strict=True))
        if not math.isfinite(gap + sizes):
            raise ValueError(
                "the gradient of some examples is not finite, though their loss is: look for inf "
                "or huge numbers in the data, or an infinite slope (a root or a norm at exactly 0)"
            )
        if loss_gap <= tolerance * max(map(abs, losses)) and gap <= tolerance * sizes:
            if reads and few > 2:
                _refuse_branches(measure, batch, whole, count, tolerance)
            return
        rounding = _rounding(measure, batch, whole, eps)
    if loss_gap <= 10 * rounding[0] and gap <= 10 * rounding[1]:
        return
    if abs(losses[0] - losses[1] - losses[2]) <= tolerance * max(map(abs, losses)) < loss_gap:
        raise ValueError(
            f"the loss of {few} examples ({losses[0]:.6g}) is the sum of its parts' losses: it "
            f"sums over examples; use reduction='mean'"
        )
    what = f"the loss of {few} examples ({losses[0]:.6g}) is not the mean of its parts' losses"
    what += f" ({mean:.6g})"
    if loss_gap <= tolerance * max(map(abs, losses)):
        share = 100 * gap / max(joint_norm(grads[0]), gap)
        what = f"the gradient of {few} examples is not the mean of its parts' gradients"
        what += f" (they differ by {share:.2g} %)"
    raise ValueError(f"{what}: {_not_a_mean(count)}")


def _refuse_branches(
    measure: LossAndGradient,
    batch: Batch,
    whole: tuple[float, list[Tensor]],
    count: Count,
    tolerance: float,
) -> None:
    """Raise ValueError if the examples one by one give another gradient than together.

    For a loss that reads numbers of a batch: what it does with them may hang on the others, and
    two parts may both fall on one side.
    """
    total, left, sizes = checked_count(count, batch), list(whole[1]), 0.0
    for i in range(num_examples(batch)):
        example = slice_batch(batch, i, i + 1)
        share = checked_count(count, example) / total
        if share:
            grads = measure(example)[1]
            left = [rest - share * g for rest, g in zip(left, grads, strict=True)]
            sizes += share * joint_norm(grads)
    if joint_norm(left) > 10 * tolerance * sizes:
        apart = 100 * joint_norm(left) / sizes
        raise ValueError(
            f"the gradient of {num_examples(batch)} examples is not the mean of theirs alone (they "
            f"differ by {apart:.2g} %): what the model or the loss does with one hangs on the "
            f"others, as where it branches on a number of the whole batch (an if on a tensor, "
            f".item()); let each example decide for itself (torch.where)"
        )


def _not_a_mean(count: Count) -> str:
    if count is num_examples:
        return (
            "class weights, padding or batch statistics couple the examples (so do negatives "
            "from the batch, or a root of the mean), or outputs (N, 1) meet targets (N,); say what "
            "the mean is over "
            "(Objective(..., count='tokens')), or give the mean of one loss per example"
        )
    return "so the loss is not a mean over what count counts, or the examples are coupled"


def _refuse_random(
    measure: LossAndGradient,
    batch: Batch,
    first: tuple[float, list[Tensor]],
    tolerance: float,
    *,
    drew: bool,
) -> bool:
    """Raise ValueError if equal passes differ, or random numbers were drawn in train mode.

    Returns:
        Whether the loss reads a number of the batch.
    """
    with torch.no_grad(), numbers_read() as read:
        value = measure.loss(measure.model, batch)
    other = scalar_loss(value).item()
    gap, size = 0.0, joint_norm(first[1])
    for _ in range(3 if drew else 0):
        other, grads = measure(batch)
        gap = max(gap, joint_norm([a - b for a, b in zip(first[1], grads, strict=True)]))
        if gap > tolerance * size:
            break
    if gap > tolerance * size or abs(first[0] - other) > tolerance * max(abs(first[0]), abs(other)):
        said = f"the same batch gave the losses {first[0]:.6g} and {other:.6g}"
        if not drew:
            raise ValueError(
                f"{said}, without a random number drawn: the model or the loss keeps a state that "
                f"each pass changes (a counter, a schedule); hold it fixed while measuring"
            )
        raise ValueError(
            f"{said}, and gradients {gap:.2g} apart: the model is random; turn its dropout or "
            f"noise off"
        )
    if drew and any(module.training for module in measure.model.modules()):
        raise ValueError(
            "the loss draws random numbers in its forward pass (dropout, noise), so every pass "
            "sees another loss: the model is random; call model.eval(), or turn them off"
        )
    return read()


def _rounding(
    measure: LossAndGradient, batch: Batch, found: tuple[float, list[Tensor]], eps: float
) -> tuple[float, float]:
    """Return how far loss and gradient move when the weights move in their last digits."""
    with last_digits_moved(measure.params, eps):
        loss, grads = measure(batch)
        moved = joint_norm([a - b for a, b in zip(grads, found[1], strict=True)])
        return abs(loss - found[0]), moved
