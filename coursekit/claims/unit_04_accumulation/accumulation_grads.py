"""What accumulation gives at one point of parameter space, beside the large batch's gradient."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import vector_to_parameters

from coursekit.data.splits import Dataset, load
from coursekit.device import pick_device
from coursekit.gradients.batches import Batch, select_examples
from coursekit.gradients.minibatch import flatten, per_example_gradients
from coursekit.models.convnets import SERIES, convnet
from coursekit.models.perceptrons import mlp
from coursekit.replicas.grid import run_grid
from coursekit.train.accumulation import accumulate

SIZES = (40, 64, 64, 10)
INITS = ("he", "torch")
MICRO_SIZES = (4, 8, 16, 32, 64, 128, 256)  # for BatchNorm, of a batch of 1024
Values = dict[str, list[float]]


def setting(size: str) -> tuple[Dataset, range]:
    """Return the data on the size's device, and the seeds."""
    device = pick_device() if size == "gpu" else torch.device("cpu")
    return load("mnist1d", device=device), range({"tiny": 2, "cpu": 10, "gpu": 32}[size])


def add(values: Values, name: str, value: float) -> None:
    """Append one seed's value."""
    values.setdefault(name, []).append(value)


def fresh_net(
    seed: int, *, init: str = "he", dtype: torch.dtype = torch.float32, batch_norm: bool = False
) -> nn.Sequential:
    """Return the MLP with the course's initialisation ("he") or torch's own default ("torch").

    torch's default draws smaller weights and biases that are not zero, so the mean gradient of
    a fresh net is shorter beside the noise of one example.
    """
    if init == "he":
        plain = mlp(SIZES, generator=torch.Generator().manual_seed(seed))
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            linear = [nn.Linear(a, b) for a, b in pairwise(SIZES)]
        plain = nn.Sequential(linear[0], nn.ReLU(), linear[1], nn.ReLU(), linear[2])
    if batch_norm:
        first, _, second, _, last = plain
        norms = [nn.BatchNorm1d(width) for width in SIZES[1:3]]
        plain = nn.Sequential(first, norms[0], nn.ReLU(), second, norms[1], nn.ReLU(), last)
    return plain.to(dtype)


def trained_nets(data: Dataset, seeds: Sequence[int], *, num_epochs: int = 20) -> list[nn.Module]:
    """Return a trained MLP for each seed: B = 32, lr 0.2."""
    runs = run_grid(
        SIZES,
        data,
        seeds=tuple(seeds),
        batch_sizes=(32,),
        lrs=(0.2,),
        num_epochs=num_epochs,
        keep_weights=True,
        device=data.train_inputs.device,
        progress=False,
    )
    models: list[nn.Module] = []
    for seed in seeds:
        model = fresh_net(seed)
        weights = torch.as_tensor(runs.at(seed=seed, lr=0.2, batch_size=32).weights)
        vector_to_parameters(weights.float(), model.parameters())
        models.append(model.to(data.train_inputs.device))
    return models


def draw(data: Dataset, count: int, seed: int, dtype: torch.dtype = torch.float32) -> Batch:
    """Return `count` training examples, drawn without replacement."""
    g = torch.Generator().manual_seed(seed)
    index = torch.randperm(len(data.train_inputs), generator=g)[:count]
    index = index.to(data.train_inputs.device)
    return data.train_inputs[index].to(dtype), data.train_targets[index]


def grad(model: nn.Module, data: Any, **settings: Any) -> Tensor:
    """Return the accumulated gradient of the mean cross-entropy, flat."""
    model.zero_grad()
    accumulate(model, cross_entropy, data, allow_batch_norm=True, **settings)
    return flatten([p.grad for p in model.parameters() if p.grad is not None])


def micro_grads(model: nn.Module, batch: Batch, sizes: list[int] | int) -> Tensor:
    """Return each micro-batch's own mean gradient, a row each."""
    parts = zip(batch[0].split(sizes), batch[1].split(sizes), strict=True)
    return torch.stack([grad(model, part) for part in parts])


def relative_error(ours: Tensor, truth: Tensor) -> float:
    """Return |ours - truth| / |truth|."""
    return ((ours - truth).norm() / truth.norm()).item()


def random_counts(seed: int, *, parts: int = 16, total: int = 512) -> list[int]:
    """Return random counts of at least one that sum to `total`: tokens of ragged micro-batches."""
    sizes = torch.randint(1, 64, (parts,), generator=torch.Generator().manual_seed(seed))
    sizes = (sizes * total // sizes.sum()).clamp(min=1)
    sizes[-1] += total - sizes.sum()
    return [int(n) for n in sizes]


def measure_variance_ratio(size: str) -> Values:
    """N7: variance over fresh batches of 32 x 32 accumulated, of B = 1024, of B = 32."""
    data, seeds = setting(size)
    num_seeds, num_draws = {"tiny": (2, 5), "cpu": (8, 100), "gpu": (12, 200)}[size]
    seeds = range(num_seeds)
    values: Values = {}
    everything = (data.train_inputs, data.train_targets)
    models = trained_nets(data, seeds, num_epochs=1 if size == "tiny" else 20)
    for seed, model in zip(seeds, models, strict=True):
        g = torch.Generator().manual_seed(seed)
        variance = {}
        for name, batch_size, micro in (
            ("micro", 32, 32),
            ("accumulated", 1024, 32),
            ("large", 1024, 1024),
        ):
            index = torch.randint(4096, (num_draws, batch_size), generator=g)
            rows = [
                grad(model, select_examples(everything, i), micro_batch_size=micro)
                for i in index.to(data.train_inputs.device)
            ]
            variance[name] = torch.stack(rows).double().var(dim=0).sum().item()
        add(values, "to_large", variance["accumulated"] / variance["large"])
        add(values, "to_micro", variance["accumulated"] / variance["micro"])
    return values


def measure_averages(size: str) -> Values:
    """P1: relative error of the mean of micro-batch means, and of the weighted mean."""
    data, seeds = setting(size)
    values: Values = {}
    late = trained_nets(data, seeds, num_epochs=1 if size == "tiny" else 20)
    nets = {init: [fresh_net(s, init=init) for s in seeds] for init in INITS} | {"trained": late}
    device = data.train_inputs.device
    for name, models in nets.items():
        for seed, fresh in zip(seeds, models, strict=True):
            model = fresh.to(device)
            cases: dict[str, tuple[int, list[int] | int]] = {
                "equal": (1024, 32),
                "last_40": (1000, 64),
                "last_4": (1028, 64),
                "last_2": (130, 64),
                "tokens": (512, random_counts(seed)),
            }
            for case, (count, sizes) in cases.items():
                batch = draw(data, count, seed)
                truth = grad(model, batch)
                mean_of_means = micro_grads(model, batch, sizes).mean(dim=0)
                add(values, f"{case}_{name}", relative_error(mean_of_means, truth))
            batch = draw(data, 130, seed)
            exact = grad(model, batch, micro_batch_size=64)
            add(values, f"weighted_{name}", relative_error(exact, grad(model, batch)))
    return values


def clip_rows(rows: Tensor, limit: float) -> Tensor:
    """Scale every row down to a norm of at most `limit`."""
    return rows * (limit / rows.norm(dim=1, keepdim=True)).clamp(max=1.0)


def measure_clipping(size: str) -> Values:
    """P2: clipping each of 32 micro-batches against clipping once; norm ratio and cosine."""
    data, seeds = setting(size)
    values: Values = {}
    late = trained_nets(data, seeds, num_epochs=1 if size == "tiny" else 20)
    nets = {init: [fresh_net(s, init=init) for s in seeds] for init in INITS} | {"trained": late}
    for name, models in nets.items():
        for seed, fresh in zip(seeds, models, strict=True):
            model = fresh.to(data.train_inputs.device)
            batch = draw(data, 1024, seed)
            whole, rows = grad(model, batch), micro_grads(model, batch, 32)
            for label, share in (("half", 0.5), ("full", 1.0)):  # limit over |g|
                limit = share * whole.norm().item()
                once = whole * share
                inside = clip_rows(rows, limit).mean(dim=0)
                add(values, f"ratio_{label}_{name}", (inside.norm() / once.norm()).item())
                cosine = torch.cosine_similarity(inside, once, dim=0).item()
                add(values, f"cosine_{label}_{name}", cosine)
            add(values, f"micro_norm_{name}", (rows.norm(dim=1).mean() / whole.norm()).item())
    return values


def measure_norms(size: str) -> Values:
    """L9: root of E|g_B|^2 for mean and sum; its square against |G|^2 + tr(Sigma)/B."""
    data, seeds = setting(size)
    num_draws = 20 if size == "tiny" else 400
    values: Values = {}
    models = trained_nets(data, seeds, num_epochs=1 if size == "tiny" else 3)
    inputs, targets = data.train_inputs[:1024], data.train_targets[:1024]
    for seed, model in zip(seeds, models, strict=True):
        g = torch.Generator().manual_seed(seed)
        rows = per_example_gradients(model, cross_entropy, inputs, targets)
        centre = rows.mean(dim=0)
        grad_sq_norm = centre.square().sum().item()
        tr_cov = (rows - centre).square().sum(dim=1).mean().item()
        norms = {}
        for b in (1, 16, 256, 1024):
            index = torch.randint(1024, (num_draws, b), generator=g).to(rows.device)
            counts = torch.zeros(num_draws, 1024, device=rows.device)
            counts.scatter_add_(1, index, torch.ones_like(index, dtype=counts.dtype))
            drawn = (counts / b) @ rows
            sq_norm = drawn.square().sum(dim=1).mean().item()
            norms[b] = sq_norm**0.5
            add(values, f"theory_{b}", sq_norm / (grad_sq_norm + tr_cov / b))
            add(values, f"mean_{b}", norms[b])
            add(values, f"sum_{b}", b * norms[b])
            add(values, f"largest_entry_{b}", drawn.abs().max().item())
        add(values, "mean_ratio", norms[1024] / norms[16])
        add(values, "sum_ratio", 64 * norms[1024] / norms[16])
    return values


def measure_batch_norm(size: str) -> Values:
    """A1: relative error of accumulation with BatchNorm; running statistics; float64; GroupNorm."""
    data, seeds = setting(size)
    values: Values = {}
    device = data.train_inputs.device
    for seed in seeds:
        for init in INITS:
            batch = draw(data, 1024, seed)
            model = fresh_net(seed, init=init, batch_norm=True).to(device)
            truth = grad(model, batch)
            for micro in MICRO_SIZES:
                got = grad(model, batch, micro_batch_size=micro)
                add(values, f"{init}_{micro}", relative_error(got, truth))
        model = fresh_net(seed, batch_norm=True, dtype=torch.float64).to(device)
        batch = draw(data, 1024, seed, torch.float64)
        error = relative_error(grad(model, batch, micro_batch_size=32), grad(model, batch))
        add(values, "float64_32", error)
        for norm in ("batch", "group"):
            g = torch.Generator().manual_seed(seed)
            model = convnet(SERIES, generator=g, norm=norm).to(device)
            batch = draw(data, 256 if size == "tiny" else 1024, seed)
            error = relative_error(grad(model, batch, micro_batch_size=32), grad(model, batch))
            add(values, f"convnet_{norm}_32", error)
    return values
