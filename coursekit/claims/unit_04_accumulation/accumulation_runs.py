"""Training runs about short last batches, leftover gradients and workers."""

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from coursekit.claims.declare import Measured
from coursekit.claims.tuning import keep, tuned
from coursekit.claims.unit_04_accumulation.accumulation_grads import (
    SIZES,
    add,
    fresh_net,
    setting,
)
from coursekit.data.splits import Dataset
from coursekit.gradients.batches import select_examples
from coursekit.models.perceptrons import mlp
from coursekit.train.accumulation import accumulate
from coursekit.train.ranks import copy_to_ranks, parallel_step, split_to_ranks

LRS_SHORT_LAST = (0.1, 0.2, 0.4, 0.8, 1.6)
LRS_LEFTOVERS = (0.2, 0.4, 0.8, 1.6, 3.2)
MARKS = (1, *range(25, 201, 25))  # steps after which two runs' weights are compared
Stack = list[Tensor]  # weights and biases with the replica as their first axis
Epoch = Callable[[Stack, Dataset, Tensor, Tensor], None]


def stack_nets(seeds: Sequence[int], lrs: Sequence[float], device: torch.device) -> Stack:
    """Return the parameters of one net for each (seed, lr), stacked, with gradients."""
    nets = [mlp(SIZES, generator=torch.Generator().manual_seed(s)) for s in seeds for _ in lrs]
    return [
        torch.stack([p.detach() for p in column]).to(device).requires_grad_()
        for column in zip(*(net.parameters() for net in nets), strict=True)
    ]


def outputs_of(stack: Stack, inputs: Tensor) -> Tensor:
    """Return logits (replicas, examples, classes); inputs have replicas, or 1, in front."""
    hidden = inputs.expand(len(stack[0]), *inputs.shape[1:])
    for i in range(0, len(stack), 2):
        hidden = torch.baddbmm(stack[i + 1][:, None], hidden, stack[i].transpose(1, 2))
        hidden = hidden.relu() if i < len(stack) - 2 else hidden
    return hidden


def backward(stack: Stack, data: Dataset, index: Tensor, factor: float) -> None:
    """Add factor * the gradient of each replica's mean loss over its examples (replicas, b)."""
    logits = outputs_of(stack, data.train_inputs[index])
    targets = data.train_targets[index].flatten()
    losses = cross_entropy(logits.flatten(0, 1), targets, reduction="none")
    (factor * losses.view(index.shape).mean(dim=1).sum()).backward()


@torch.no_grad()
def step(stack: Stack, lrs: Tensor) -> None:
    """Make one SGD step of every replica with its own lr, and clear the gradients."""
    for param in stack:
        if param.grad is not None:
            param -= lrs.view(-1, *[1] * (param.dim() - 1)) * param.grad
            param.grad = None


@torch.no_grad()
def right_of(stack: Stack, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return 100 where an example is right and 0 where it is wrong, (replicas, examples)."""
    return 100 * (outputs_of(stack, inputs[None]).argmax(dim=-1) == targets).double()


def run_epochs(
    data: Dataset,
    num_train: int,
    seeds: Sequence[int],
    num_epochs: int,
    epoch: Epoch,
    lrs: Sequence[float],
) -> tuple[Tensor, Tensor]:
    """Train all (seed, lr) for some epochs; return validation accuracy and test examples in %.

    Shapes (seeds, lrs) and (seeds, lrs, examples), 100 where an example is right.

    `epoch(stack, data, order, lrs)` reads the examples in the order given, (replicas, num_train). A
    seed gives weights and order, so arms with other epochs are paired.
    """
    device = data.train_inputs.device
    stack = stack_nets(seeds, lrs, device)
    rates = torch.tensor(lrs, device=device).repeat(len(seeds))
    generators = [torch.Generator().manual_seed(1000 + s) for s in seeds]
    for _ in range(num_epochs):
        orders = torch.stack([torch.randperm(num_train, generator=g) for g in generators])
        epoch(stack, data, orders.repeat_interleave(len(lrs), dim=0).to(device), rates)
    shape = (len(seeds), len(lrs))
    seen = right_of(stack, data.validation_inputs, data.validation_targets).mean(dim=1)
    right = right_of(stack, data.test_inputs, data.test_targets)
    return seen.view(shape).cpu(), right.view(*shape, -1).cpu()


def best(validation: Tensor) -> int:
    """Return the position of the lr whose validation accuracy is best on average over seeds."""
    return int(validation.mean(dim=0).argmax())


def short_last(batch_size: int, treat: str) -> Epoch:
    """Return an epoch of plain batches; its short last one is kept, dropped or weighted by size."""

    def epoch(stack: Stack, data: Dataset, order: Tensor, lrs: Tensor) -> None:
        for batch in order.split(batch_size, dim=1):
            share = batch.shape[1] / batch_size
            if share == 1 or treat != "drop":
                backward(stack, data, batch, share if treat == "weight" else 1.0)
                step(stack, lrs)

    return epoch


def windows(micro_batch_size: int, accum_steps: int, leftovers: str) -> Epoch:
    """Return an epoch of accumulated steps, each loss divided by K; and what becomes of leftovers.

    "leak": the usual loop. It steps after every K micro-batches and clears only then, so the
    gradient of an incomplete window waits for the next epoch. "flush": the incomplete window is
    a step of its own, with its own mean. "drop": it is cleared.
    """

    def epoch(stack: Stack, data: Dataset, order: Tensor, lrs: Tensor) -> None:
        micro_batches = order.split(micro_batch_size, dim=1)
        left = len(micro_batches) % accum_steps
        for i, micro in enumerate(micro_batches):
            incomplete = i >= len(micro_batches) - left
            if incomplete and leftovers == "drop":
                continue
            size = left if incomplete and leftovers == "flush" else accum_steps
            backward(stack, data, micro, 1 / size)
            if (i + 1) % accum_steps == 0:
                step(stack, lrs)
        if leftovers == "flush" and left:
            step(stack, lrs)

    return epoch


def measure_short_last(size: str) -> Measured:
    """P6: accuracy with a last batch of 37 of 64, or of 1 of 64, kept against dropped."""
    data, _ = setting(size)
    num_epochs, lrs = 2 if size == "tiny" else 30, LRS_SHORT_LAST
    num_seeds = {"tiny": (2, 2), "cpu": (20, 8), "gpu": (64, 32)}[size]
    values: Measured = {}
    arms_of = {37: ("keep", "drop"), 1: ("keep", "drop", "weight")}
    for (last, arms), number in zip(arms_of.items(), num_seeds, strict=True):
        seeds = range(number)
        count = 15 * 64 + last
        runs = {
            arm: run_epochs(data, count, seeds, num_epochs, short_last(64, arm), lrs)
            for arm in arms
        }
        labels = [f"{lr:g}" for lr in lrs]
        own = {arm: keep(values, f"{arm}_{last}", labels, *runs[arm]) for arm in arms}
        seen, dropped = runs["drop"]  # one lr for all arms: they differ in the last batch alone
        values[f"drop_{last}"] = own["drop"]
        for arm in arms:
            if arm != "drop":
                change = tuned(seen, runs[arm][1] - dropped)
                values[f"{arm}_minus_drop_{last}"] = change
        values[f"keep_minus_drop_{last}_tuned"] = own["keep"] - own["drop"]
        values[f"weight_of_example_{last}"] = [64 / last] * number
        values[f"lr_{last}"] = [lrs[best(seen)]] * number
    return values


def measure_leftovers(size: str) -> Measured:
    """P8: the next window's gradient with leftovers in it, and accuracy with and without."""
    data, seeds = setting(size)
    micro, num_micro, accum_steps = 32, 15, 8
    count, num_epochs = micro * num_micro, 2 if size == "tiny" else 80
    lrs = LRS_LEFTOVERS
    values: Measured = {}
    for seed in seeds:  # a fresh net: one epoch's leftovers, then the first window of the next
        model = fresh_net(seed).to(data.train_inputs.device)
        g = torch.Generator().manual_seed(1000 + seed)
        order = torch.randperm(4096, generator=g).to(data.train_inputs.device)
        parts = [select_examples((data.train_inputs, data.train_targets), i)
                 for i in order[: micro * num_micro].split(micro)]  # fmt: skip
        model.zero_grad()
        for inputs, targets in parts[accum_steps:]:  # seven leftovers
            (cross_entropy(model(inputs), targets) / accum_steps).backward()
        for inputs, targets in parts[:accum_steps]:  # the next window, at the same weights
            (cross_entropy(model(inputs), targets) / accum_steps).backward()
        leaky = parameters_to_vector([p.grad for p in model.parameters() if p.grad is not None])
        model.zero_grad()
        accumulate(model, cross_entropy, parts[:accum_steps])
        right = parameters_to_vector([p.grad for p in model.parameters() if p.grad is not None])
        add(values, "length_ratio", (leaky.norm() / right.norm()).item())
        add(values, "relative_error", ((leaky - right).norm() / right.norm()).item())
    arms = ("leak", "flush", "drop")
    runs = {
        arm: run_epochs(data, count, seeds, num_epochs, windows(micro, accum_steps, arm), lrs)
        for arm in arms
    }
    labels = [f"{lr:g}" for lr in lrs]
    own = {arm: keep(values, arm, labels, *runs[arm]) for arm in arms}
    for arm in arms:
        values[f"best_lr_{arm}"] = [lrs[best(runs[arm][0])]] * len(seeds)
    seen, flushed = runs["flush"]
    for arm in ("leak", "drop"):
        values[f"{arm}_minus_flush_tuned"] = own[arm] - own["flush"]
        values[f"{arm}_minus_flush_same_lr"] = tuned(seen, runs[arm][1] - flushed)
    return values


def measure_workers(size: str) -> Measured:
    """P3: 8 workers x 128 against one batch of 1024; weights along the run, accuracy at its end."""
    data, seeds = setting(size)
    # at size tiny every mark is one step further, so the quantities have the same names
    marks = dict(zip(range(1, len(MARKS) + 1) if size == "tiny" else MARKS, MARKS, strict=True))
    counts = {"tiny": (2, 2), "cpu": (2, 8), "gpu": (4, 12)}[size]
    values: Measured = {}
    for dtype, num_seeds in zip((torch.float64, torch.float32), counts, strict=True):
        kind = str(dtype).removeprefix("torch.")
        inputs = data.train_inputs.to(dtype)
        for seed in seeds[:num_seeds]:
            g = torch.Generator().manual_seed(seed)
            alone = fresh_net(seed, dtype=dtype).to(data.train_inputs.device)
            ranks = copy_to_ranks(copy.deepcopy(alone), 8)
            optimizers = [torch.optim.SGD(m.parameters(), lr=0.5) for m in (alone, *ranks)]
            for i in range(1, max(marks) + 1):
                index = torch.randperm(4096, generator=g)[:1024].to(data.train_inputs.device)
                accumulate(alone, cross_entropy, (inputs[index], data.train_targets[index]))
                optimizers[0].step()
                optimizers[0].zero_grad()
                shards = split_to_ranks(index, 8)
                everything = (inputs, data.train_targets)
                parallel_step(ranks, optimizers[1:], cross_entropy, everything, shards)
                if i in marks:
                    add(values, f"{kind}_{marks[i]}", weight_gap(alone, ranks[0]))
            add(values, f"{kind}_gap", weight_gap(alone, ranks[0]))
            of_ranks, of_one = (right(m, data, dtype) for m in (ranks[0], alone))
            values.setdefault(f"{kind}_accuracy", []).append(of_ranks)
            values.setdefault(f"{kind}_accuracy_change", []).append(of_ranks - of_one)
    return values


def weight_gap(one: nn.Module, other: nn.Module) -> float:
    """Return the largest difference of two models' weights."""
    ours, theirs = (parameters_to_vector(m.parameters()) for m in (one, other))
    return (ours - theirs).abs().max().item()


@torch.no_grad()
def right(model: nn.Module, data: Dataset, dtype: torch.dtype) -> np.ndarray:
    """Return which test examples are right, 100 or 0."""
    hits = model(data.test_inputs.to(dtype)).argmax(dim=1) == data.test_targets
    return 100 * hits.double().cpu().numpy()
