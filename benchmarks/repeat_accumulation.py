"""Rows 5 and 11: accumulation, clipping, BatchNorm, data-parallel ranks (MNIST-1D, 40-64-64-10).

How wrong a wrong average is depends on how large the mean gradient is beside its noise, and so on
the initialisation. The earlier figures were taken with torch's default; both are measured here.
"""

from itertools import pairwise

import torch
from agreement import Interval, bound, compare, of_seeds, shown
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from coursekit.accumulate import accumulate
from coursekit.batches import Batch, select_examples
from coursekit.data import Dataset, load
from coursekit.models import mlp
from coursekit.ranks import copy_to_ranks, parallel_step, split_to_ranks
from coursekit.replicas import run_grid

SIZES, SEEDS = (40, 64, 64, 10), range(10)


def net(
    seed: int,
    dtype: torch.dtype = torch.float32,
    *,
    batch_norm: bool = False,
    init: str = "he",
) -> nn.Module:
    """Return the net with the course's initialisation ("he") or torch's own default ("torch")."""
    if init == "he":
        plain = mlp(SIZES, generator=torch.Generator().manual_seed(seed))
    else:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            linear = [nn.Linear(a, b) for a, b in pairwise(SIZES)]
        plain = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    if not batch_norm:
        return plain.to(dtype)
    layers = [[m, nn.BatchNorm1d(64)] if i in (0, 2) else [m] for i, m in enumerate(plain)]
    return nn.Sequential(*(m for part in layers for m in part)).to(dtype)


def draw(data: Dataset, size: int, seed: int, dtype: torch.dtype = torch.float32) -> Batch:
    index = torch.randperm(4096, generator=torch.Generator().manual_seed(seed))[:size]
    return data.train_inputs[index].to(dtype), data.train_targets[index]


def grad(model: nn.Module, data: Batch, **settings) -> Tensor:
    model.zero_grad()
    accumulate(model, cross_entropy, data, allow_batch_norm=True, **settings)
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def micro_grads(model: nn.Module, batch: Batch, sizes: list[int] | int) -> Tensor:
    """Each micro-batch's own mean gradient, a row each."""
    parts = zip(batch[0].split(sizes), batch[1].split(sizes), strict=True)
    return torch.stack([grad(model, part) for part in parts])


def relative(a: Tensor, b: Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


def clip_rows(rows: Tensor, limit: Tensor) -> Tensor:
    return rows * (limit / rows.norm(dim=1, keepdim=True)).clamp(max=1.0)


def exactness(data: Dataset) -> list[bool]:
    found = []
    for dtype, limit in ((torch.float32, 4e-7), (torch.float64, 2e-15)):
        errors = []
        for seed in SEEDS:
            batch, model = draw(data, 1024, seed, dtype), net(seed, dtype)
            errors.append(relative(grad(model, batch, micro_batch_size=32), grad(model, batch)))
        label = f"32x32 against 1024, relative error, {dtype}"
        found.append(bound(label, max(errors), limit, note="(before: 1.4e-7, 6.6e-16)"))
    for size, micro in ((1000, 64), (1028, 64), (130, 64)):
        exact = []
        for seed in SEEDS:
            batch, model = draw(data, size, seed), net(seed)
            truth = grad(model, batch)
            exact.append(relative(grad(model, batch, micro_batch_size=micro), truth))
        found.append(bound(f"weighted, {size} in parts of {micro}", max(exact), 1e-6))
    return found


def token_counts(seed: int) -> list[int]:
    """Sixteen random counts that sum to 512."""
    sizes = torch.randint(1, 64, (16,), generator=torch.Generator().manual_seed(seed))
    sizes = (sizes * 512 // sizes.sum()).clamp(min=1)
    sizes[-1] += 512 - sizes.sum()
    return sizes.tolist()


def mean_of_means(data: Dataset, size: int, parts: int | None, init: str) -> Interval:
    """Relative error of averaging unequal micro-batches as if they were equal."""
    errors = []
    for seed in SEEDS:
        batch, model = draw(data, size, seed), net(seed, init=init)
        rows = micro_grads(model, batch, parts or token_counts(seed))
        errors.append(relative(rows.mean(dim=0), grad(model, batch)))
    return of_seeds(errors)


def batch_norm_error(data: Dataset, micro: int, init: str) -> Interval:
    errors = []
    for seed in SEEDS:
        batch, model = draw(data, 1024, seed), net(seed, batch_norm=True, init=init)
        errors.append(relative(grad(model, batch, micro_batch_size=micro), grad(model, batch)))
    return of_seeds(errors)


def wrong_averages(data: Dataset) -> list[bool]:
    found = []
    cases: list[tuple[str, int, int | None, Interval]] = [
        ("1000 in parts of 64 (last 40)", 1000, 64, (0.053, 0.008)),
        ("1028 in parts of 64 (last 4)", 1028, 64, (0.39, 0.06)),
        ("130 in parts of 64 (last 2)", 130, 64, (1.98, 0.3)),
        ("16 parts of random token counts", 512, None, (0.38, 0.09)),
    ]
    for label, size, parts, before in cases:
        he = f"(He: {shown(mean_of_means(data, size, parts, 'he'))})"
        here = mean_of_means(data, size, parts, "torch")
        found.append(compare(f"mean of means, {label}", here, before, note=he))
    errors = {4: 0.72, 8: 0.43, 16: 0.29, 32: 0.22, 64: 0.17, 128: 0.13, 256: 0.10}
    for micro, value in errors.items():
        he = f"(He: {shown(batch_norm_error(data, micro, 'he'))})"
        here = batch_norm_error(data, micro, "torch")
        label = f"BatchNorm, relative error at micro-batch {micro}"
        found.append(compare(label, here, (value, float("nan")), slack=0.03, note=he))
    return found


def clip_error(data: Dataset, init: str) -> tuple[Interval, Interval]:
    """Norm against clipping once, and cosine with it, of clipping every micro-batch."""
    ratios, cosines = [], []
    for seed in SEEDS:
        batch, model = draw(data, 1024, seed), net(seed, init=init)
        limit = 0.5 * grad(model, batch).norm()
        inside = clip_rows(micro_grads(model, batch, 32), limit).mean(dim=0)
        once = grad(model, batch, micro_batch_size=32, max_norm=limit.item())
        ratios.append((inside.norm() / once.norm()).item())
        cosines.append(torch.cosine_similarity(inside, once, dim=0).item())
    return of_seeds(ratios), of_seeds(cosines)


def trained(data: Dataset, seeds: range) -> list[nn.Module]:
    runs = run_grid(
        SIZES,
        data,
        seeds=seeds,
        batch_sizes=(32,),
        lrs=(0.2,),
        num_epochs=20,
        keep_weights=True,
        progress=False,
    )
    models = []
    for seed in seeds:
        model = net(seed)
        weights = torch.as_tensor(runs.at(seed=seed, lr=0.2, batch_size=32).weights)
        vector_to_parameters(weights.float(), model.parameters())
        models.append(model)
    return models


def clipping(data: Dataset, late: list[nn.Module]) -> list[bool]:
    (ratio, cosine), (he_ratio, _) = clip_error(data, "torch"), clip_error(data, "he")
    late_ratios = []
    for seed, model in enumerate(late):
        batch = draw(data, 1024, seed)
        whole = grad(model, batch)
        inside = clip_rows(micro_grads(model, batch, 32), whole.norm()).mean(dim=0)
        late_ratios.append((inside.norm() / whole.norm()).item())
    he = f"(He: {shown(he_ratio)})"
    return [
        compare("clip inside, limit |g|/2: norm against once", ratio, (0.37, 0.02), note=he),
        compare("  cosine", cosine, (0.998, float("nan")), slack=0.002),
        compare("clip inside, late, limit |g|: norm ratio", of_seeds(late_ratios), (0.33, 0.08)),
    ]


def variances(data: Dataset, late: list[nn.Module], draws: int = 200) -> list[bool]:
    """Variance over fresh batches, drawn with replacement, of three ways to make a gradient."""
    to_big, to_small = [], []
    for seed, model in enumerate(late):
        g = torch.Generator().manual_seed(seed)
        spread: dict[str, float] = {}
        everything = (data.train_inputs, data.train_targets)
        for name, size, micro in (("32", 32, 32), ("32x32", 1024, 32), ("1024", 1024, 1024)):
            index = torch.randint(4096, (draws, size), generator=g)
            rows = torch.stack(
                [grad(model, select_examples(everything, i), micro_batch_size=micro) for i in index]
            )
            spread[name] = rows.double().var(dim=0).sum().item()
        to_big.append(spread["32x32"] / spread["1024"])
        to_small.append(spread["32x32"] / spread["32"])
    return [
        compare("Var(32x32) / Var(B=1024)", of_seeds(to_big), (0.996, 0.006)),
        compare("Var(32x32) / Var(B=32); 1/32 = 0.03125", of_seeds(to_small), (0.031, 0.001)),
    ]


def row_5() -> list[bool]:
    print("Row 5: accumulation. 10 seeds (5 for what needs trained weights)")
    data = load("mnist1d")
    late = trained(data, range(5))
    return [
        *exactness(data),
        *wrong_averages(data),
        *clipping(data, late),
        *variances(data, late),
    ]


def row_11() -> list[bool]:
    print("Row 11: 8 ranks x 128 against B = 1024, 200 steps at lr .5. 3 seeds")
    data, found = load("mnist1d"), []
    for dtype in (torch.float64, torch.float32):
        gaps = []
        for seed in range(3):
            g = torch.Generator().manual_seed(seed)
            alone, ranks = net(seed, dtype), copy_to_ranks(net(seed, dtype), 8)
            optimizers = [torch.optim.SGD(m.parameters(), lr=0.5) for m in [alone, *ranks]]
            everything = (data.train_inputs.to(dtype), data.train_targets)
            for _ in range(200):
                index = torch.randperm(4096, generator=g)[:1024]
                grad(alone, select_examples(everything, index))
                optimizers[0].step()
                shards = split_to_ranks(index, 8)
                parallel_step(ranks, optimizers[1:], cross_entropy, everything, shards)
            ours, theirs = (parameters_to_vector(m.parameters()) for m in (ranks[0], alone))
            gaps.append((ours - theirs).abs().max().item())
        shown = ", ".join(f"{gap:.1e}" for gap in gaps)
        limit = 1e-13 if dtype == torch.float64 else 0.5
        before = "1e-15" if dtype == torch.float64 else "5.8e-2, 7.6e-3, 4.8e-7: chaotic growth"
        found.append(
            bound(f"max |difference of weights|, {dtype}", max(gaps), limit,
                  note=f"({shown}; before {before})")
        )  # fmt: skip
    return found
