"""Claims on what repeats: seeds and the order of sums, shards of workers, and what a log shows."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from coursekit.claims.decide import above, all_of, any_of, below, decide, no, within
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.claims.unit_04_accumulation.accumulation_grads import fresh_net
from coursekit.data.splits import Dataset, load
from coursekit.device import pick_device
from coursekit.experiments.arms import logits, right_of, stacked_weights
from coursekit.models.perceptrons import mlp
from coursekit.train.loop import TrainConfig, stream_blocks, train
from coursekit.train.measures import losses
from coursekit.train.ranks import copy_to_ranks, parallel_step

SIZES = (40, 64, 64, 10)
REPEATED = (4, 32, 256)  # batch sizes
NUM_RANKS, PER_RANK = 4, 64
LOCAL_STEPS, ROUNDS = 16, 20
BEFORE, AFTER, SMALL, LARGE = 256, 256, 32, 256  # steps, steps, B, B


def device_for(size: str) -> torch.device:
    """Return the GPU at size gpu, else the CPU."""
    return pick_device() if size == "gpu" else torch.device("cpu")


def weights_after(
    data: Dataset, seed: int, batch_size: int, num_steps: int, *, dtype: torch.dtype,
    reverse: bool = False,
) -> Tensor:  # fmt: skip
    """Train one run from a seed; ``reverse`` sums each batch in the opposite order."""
    device = data.train_inputs.device
    model = mlp(SIZES, generator=torch.Generator().manual_seed(seed)).to(device, dtype)
    inputs, order = data.train_inputs.to(dtype), torch.Generator().manual_seed(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for block in stream_blocks(len(inputs), [batch_size] * num_steps, [order]):
        for index in block[:, 0].to(device):
            batch = index.flip(0) if reverse else index
            cross_entropy(model(inputs[batch]), data.train_targets[batch]).backward()
            optimizer.step()
            optimizer.zero_grad()
    return parameters_to_vector(model.parameters()).detach()


def measure_repeat(size: str) -> dict[str, list[float]]:
    """P4: largest difference of weights between two runs of one seed, and with sums reversed."""
    data = load("mnist1d", num_train=512, device=device_for(size))
    num_steps = 5 if size == "tiny" else 150
    values: dict[str, list[float]] = {}
    for seed in range({"tiny": 2, "cpu": 8, "gpu": 8}[size]):
        for batch_size in REPEATED:
            first, again, other = (
                weights_after(
                    data, seed, batch_size, num_steps, dtype=torch.float32, reverse=reverse
                )
                for reverse in (False, False, True)
            )
            for name, run in (("again", again), ("reversed", other)):
                gap = (run - first).abs().max().item()
                values.setdefault(f"{name}_{batch_size}", []).append(gap)
            exact, turned = (
                weights_after(data, seed, batch_size, num_steps, dtype=torch.float64, reverse=r)
                for r in (False, True)
            )
            gap = (exact - turned).abs().max().item()
            values.setdefault(f"reversed_float64_{batch_size}", []).append(gap)
    return values


def repeat_verdict(values: Values) -> str:
    """P4 fails if every run repeats bitwise, and only another order of the sums parts them."""
    repeats = all(max(values[f"again_{b}"]) == 0 for b in REPEATED)  # bit for bit: one seed decides
    parts = all(min(values[f"reversed_{b}"]) > 0 for b in REPEATED)
    return decide(fails=repeats and (parts or None), holds=not repeats)


def shards_of(targets: Tensor, index: Tensor, *, skewed: bool) -> list[Tensor]:
    """Cut a batch into one shard a rank: as it comes, or sorted by class."""
    if skewed:
        index = index[targets[index].argsort(stable=True)]
    return list(index.chunk(NUM_RANKS))


def one_step(data: Dataset, net: nn.Module, index: Tensor, *, skewed: bool) -> Tensor:
    """Return the weights' change by one step of the ranks, over lr: minus the gradient."""
    ranks = copy_to_ranks(net, NUM_RANKS)
    before = parameters_to_vector(net.parameters()).detach().clone()
    parallel_step(
        ranks,
        [torch.optim.SGD(r.parameters(), lr=1.0) for r in ranks],
        cross_entropy,
        (data.train_inputs.to(before.dtype), data.train_targets),
        shards_of(data.train_targets, index, skewed=skewed),
        allow_batch_norm=True,
    )
    return parameters_to_vector(ranks[0].parameters()).detach() - before


def local_accuracy(
    data: Dataset, seeds: Sequence[int], *, skewed: bool, local_steps: int, rounds: int
) -> np.ndarray:
    """Train ranks that average their weights every few steps of their own.

    Returns 100 where a test example is right and 0 where it is wrong, (seeds, test examples).

    Each rank holds a fixed quarter of the data: a random one, or the examples of some classes.
    """
    device = data.train_inputs.device
    params = stacked_weights([s for s in seeds for _ in range(NUM_RANKS)], device)
    n = len(data.train_inputs)
    generators = [torch.Generator().manual_seed(500 + s) for s in seeds]
    owned = torch.stack(
        [
            part
            for g in generators
            for part in shards_of(
                data.train_targets.cpu(), torch.randperm(n, generator=g), skewed=skewed
            )
        ]
    )
    for _ in range(rounds):
        for _ in range(local_steps):
            drawn = torch.stack(
                [torch.randint(owned.shape[1], (NUM_RANKS, 16), generator=g) for g in generators]
            )
            index = owned.gather(1, drawn.flatten(0, 1)).to(device)
            out = logits(params, data.train_inputs[index])
            loss = cross_entropy(out.flatten(0, 1), data.train_targets[index].flatten())
            grads = torch.autograd.grad(loss * len(index), params)
            with torch.no_grad():
                for param, grad in zip(params, grads, strict=True):
                    param.sub_(0.2 * grad)
        with torch.no_grad():
            for param in params:
                ranks = param.unflatten(0, (len(seeds), NUM_RANKS))
                param.copy_(ranks.mean(dim=1, keepdim=True).expand_as(ranks).flatten(0, 1))
    return right_of([p[::NUM_RANKS] for p in params], data.test_inputs, data.test_targets)


def measure_shards(size: str) -> Measured:
    """P10: gradients of skewed against shuffled shards, with BatchNorm too; local steps."""
    data = load("mnist1d", num_train=512 if size == "tiny" else 2048, device=device_for(size))
    seeds = range({"tiny": 2, "cpu": 8, "gpu": 32}[size])
    values: Measured = {}
    for seed in seeds:
        g = torch.Generator().manual_seed(seed)
        drawn = torch.randperm(len(data.train_inputs), generator=g)[: NUM_RANKS * PER_RANK]
        index = drawn.to(data.train_inputs.device)
        for name, norm in (("plain", False), ("norm", True)):

            def net(norm: bool = norm, seed: int = seed) -> nn.Module:
                fresh = fresh_net(seed, dtype=torch.float64, batch_norm=norm)
                return fresh.to(data.train_inputs.device)

            net_whole = net()
            inputs = data.train_inputs[index].double()
            cross_entropy(net_whole(inputs), data.train_targets[index]).backward()
            whole = -parameters_to_vector(
                [p.grad for p in net_whole.parameters() if p.grad is not None]
            )
            for kind in (False, True):
                step = one_step(data, net(), index, skewed=kind)
                error = ((step - whole).norm() / whole.norm()).item()
                label = f"{name}_{'skewed' if kind else 'shuffled'}"
                values.setdefault(label, []).append(error)
    local, rounds = (2, 2) if size == "tiny" else (LOCAL_STEPS, ROUNDS)
    for name, skewed, steps in (
        ("every_step", True, 1),
        ("local_shuffled", False, local),
        ("local_skewed", True, local),
    ):
        values[name] = local_accuracy(
            data, seeds, skewed=skewed, local_steps=steps, rounds=local * rounds // steps
        )
    values["local_lost"] = values["local_shuffled"] - values["local_skewed"]
    pairs = zip(values["norm_skewed"], values["norm_shuffled"], strict=True)
    values["norm_worse"] = [a / b for a, b in pairs]
    return values


def shards_verdict(values: Values) -> str:
    """P10 depends if plain averages agree, while BatchNorm or local steps suffer."""
    equal = within(values["plain_skewed"], 1e-10)
    suffers = any_of(above(values["local_lost"]), above(values["norm_worse"], 1))
    return decide(depends=all_of(equal, suffers), fails=all_of(equal, no(suffers)), holds=no(equal))


def measure_stall(size: str) -> dict[str, list[float]]:
    """P11: loss drop after B goes from 32 to 256, a step and an example, over that without."""
    tiny = size == "tiny"
    before, after = (4, 8) if tiny else (BEFORE, AFTER)
    data = load("mnist1d", num_train=512 if tiny else 4096, device=device_for(size))
    few = after * SMALL // LARGE  # steps of the large batch that read as many examples
    values: dict[str, list[float]] = {}
    for seed in range({"tiny": 2, "cpu": 8, "gpu": 16}[size]):
        drop = {}
        for name, size_after in (("kept", SMALL), ("raised", LARGE)):
            g = torch.Generator().manual_seed(seed)
            model = mlp(SIZES, generator=g).to(data.train_inputs.device)
            config = TrainConfig(
                batch_size=lambda step, b=size_after: SMALL if step < before else b,  # type: ignore[misc]
                num_steps=before + after,
                lr_schedule=lambda step: 0.1,
                measures=(losses,),
                record_steps=(before, before + few, before + after),
            )
            start, soon, late = train(model, data, config, rng=g).recorded["train_loss"]
            drop[name] = {"soon": start - soon, "late": start - late}
        for name, column in (
            ("drop_kept", drop["kept"]["late"]),
            ("drop_raised", drop["raised"]["late"]),
            ("per_step", drop["raised"]["late"] / drop["kept"]["late"]),
            ("per_example", drop["raised"]["soon"] / drop["kept"]["late"]),
        ):
            values.setdefault(name, []).append(column)
    return values


def stall_verdict(values: Values) -> str:
    """P11 fails if progress a step goes on and only progress an example falls."""
    step, example = values["per_step"], values["per_example"]
    return decide(fails=all_of(above(step, 0.8), below(example, 0.4)), holds=below(step, 0.5))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="P4",
        statement="Small batches are less reproducible for the same seed.",
        heard="interview answers on reproducibility",
        unit="09_hardware",
        source="",
        rule="fails if at B=4, 32 and 256 every seed's second run has the very weights of "
        "its first (largest difference 0) and summing each batch in reverse order parts "
        "them in every seed; holds if a run does not repeat",
        setting="MLP 40-64-64-10 on MNIST-1D, N=512, lr 0.2, 150 steps, 8 seeds, one thread; "
        "largest difference of a weight",
        measure=measure_repeat,
        verdict=repeat_verdict,
        expected="fails",
        changes="Kernels that add in the order in which threads finish (atomics on a GPU), another "
        "number of threads, another machine: any batch size parts then.",
        shown=("again_4", "again_256", "reversed_4", "reversed_256", "reversed_float64_256"),
    ),
    Claim(
        id="P10",
        statement="Unshuffled or skewed shards of the workers bias the gradient.",
        heard="interview questions on data-parallel training",
        unit="09_hardware",
        source="for local steps: Zhao et al. 2018, arXiv:1806.00582; joined by an outer optimizer "
        "they scale: Charles et al. 2025, arXiv:2503.09799",
        rule="depends if the ranks' average with shards sorted by class is the large batch's "
        "gradient to 1e-10 in float64, while BatchNorm's error is larger than with "
        "shuffled shards or 16 local steps lose test accuracy; holds if the plain "
        "average is off, fails if nothing suffers",
        setting="4 ranks; MLP 40-64-64-10 on MNIST-1D, 64 examples a rank, one step from "
        "the start; local: N=2048, 16 examples a rank, lr 0.2, 320 steps",
        measure=measure_shards,
        verdict=shards_verdict,
        expected="depends",
        changes="Shards of unequal size, whose plain average is off; batches drawn from one part "
        "of the data only; an outer optimizer with momentum in place of the plain average (P14).",
        shown=("plain_skewed", "norm_shuffled", "norm_skewed", "local_lost", "every_step"),
    ),
    Claim(
        id="P11",
        statement="Training stalls after the batch size is raised.",
        heard="reports with a loss curve that goes flat at the change",
        unit="10_capstone",
        source="",
        rule="drop of the training loss after the change, over that of the run that kept its "
        "batch: fails if after equal steps it lies above 0.8 and after equal examples below 0.4 "
        "(95 % intervals), so that only the log's axis shows a stall; holds if after equal steps "
        "it lies below 0.5. Before measuring it also had to lie below 1.25; faster is no stall",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, lr 0.1 throughout, B=32 for 256 steps, then "
        "256 for 256 steps",
        measure=measure_stall,
        verdict=stall_verdict,
        looked=True,
        changes="A log in seconds on idle hardware, where both axes agree; or a change made where "
        "noise was holding the loss up: then it falls faster. When to raise it: C12.",
        shown=("per_step", "per_example", "drop_kept", "drop_raised"),
    ),
)
