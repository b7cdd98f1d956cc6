"""Claims on which minimum a run finds: how far away, how large its basin, what it resists."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from coursekit.claims.decide import above, all_of, any_of, decide, inside, no, ratio_below
from coursekit.claims.declare import Claim, Values
from coursekit.claims.unit_06_sharpness.sharpness import (
    CROSS_ENTROPY,
    SIZES,
    rank_correlation,
    stopped_at,
    top_eigenvalue,
)
from coursekit.claims.unit_06_sharpness.sharpness_verdicts import CLEAR, MEASURES, tag
from coursekit.claims.unit_07_flat_minima.dynamics_claims import GROUPS, TOP, WELL, source
from coursekit.curvature.hessian import hessian_trace
from coursekit.curvature.sharpness_measures import keskar_sharpness, sam_sharpness
from coursekit.data.splits import Dataset, load
from coursekit.device import pick_device
from coursekit.models.perceptrons import mlp
from coursekit.replicas.grid import run_grid
from coursekit.toy.double_well import DoubleWell
from coursekit.toy.escape_theory import gibbs_share

UNIT = "07_flat_minima"
DIMENSIONS = (1, 2, 8)
SMALL, LARGE = 8, 256
LRS = {"fixed": (0.1, 0.1), "scaled": (0.04, 0.4)}  # at the small and at the large batch
BATCHES, RATES = (
    (8, 32, 128),
    {"tiny": (0.06, 0.12), "cpu": (0.06, 0.12), "gpu": (0.03, 0.06, 0.12)},
)
NOISES = (0.2, 0.5)  # standard deviation of the input noise; inputs have variance 1


def setting(size: str, seeds: dict[str, int], num_train: int) -> tuple[Dataset, range, float]:
    """Return data, seeds and the training loss at which to compare, for a size."""
    device = pick_device() if size == "gpu" else torch.device("cpu")
    count = 256 if size == "tiny" else num_train
    data = load("mnist1d", num_train=count, device=device)
    return data, range(seeds[size]), 2.0 if size == "tiny" else 0.1


def distances(weights: Tensor, seeds: range) -> list[float]:
    """Return the distance of each seed's weights from those it started with."""
    starts = [
        parameters_to_vector(mlp(SIZES, generator=torch.Generator().manual_seed(s)).parameters())
        for s in seeds
    ]
    start = torch.stack(starts).detach().to(weights)
    return (weights - start).norm(dim=1).tolist()


def measure_distance(size: str) -> dict[str, list[float]]:
    """G10: distance from the start at equal training loss and at equal steps, B=8 and 256."""
    data, seeds, target = setting(size, {"tiny": 2, "cpu": 8, "gpu": 32}, 512)
    num_steps = 10 if size == "tiny" else 320
    values: dict[str, list[float]] = {}
    large = min(LARGE, len(data.train_inputs))
    for rule, lrs in LRS.items():
        for name, batch_size, lr in zip(("small", "large"), (SMALL, large), lrs, strict=True):
            runs, _ = stopped_at(data, seeds, batch_size, lr, target)
            values[f"loss_{rule}_{name}"] = distances(runs.weights, seeds)
            values[f"steps_{rule}_{name}"] = runs.steps.astype(float).tolist()
            grid = run_grid(
                SIZES,
                data,
                seeds=seeds,
                batch_sizes=(batch_size,),
                lrs=(lr,),
                num_steps=num_steps,
                keep_weights=True,
                device=data.train_inputs.device,
                progress=False,
            ).at(batch_size=batch_size, lr=lr)
            values[f"equal_{rule}_{name}"] = distances(torch.as_tensor(grid.weights), seeds)
        for kind in ("loss", "equal"):
            small, big = (values[f"{kind}_{rule}_{name}"] for name in ("small", "large"))
            values[f"ratio_{kind}_{rule}"] = [b / s for s, b in zip(small, big, strict=True)]
    return values


def distance_verdict(values: Values) -> str:
    """G10 by the distance at B=256 over that at B=8: four comparisons."""
    closer = [
        ratio_below(values[f"ratio_{kind}_{rule}"]) for rule in LRS for kind in ("loss", "equal")
    ]
    farther = [no(part) for part in closer]
    return decide(
        holds=all_of(*closer),
        fails=all_of(*farther),
        depends=all_of(any_of(*closer), any_of(*farther)),
    )


@torch.no_grad()
def accuracy_under(models: Sequence[nn.Module], data: Dataset, noise: float) -> list[float]:
    """Return test accuracies in % with Gaussian noise added to the inputs, four draws for all."""
    right = np.zeros(len(models))
    for draw in range(4):
        g = torch.Generator().manual_seed(draw)
        added = noise * torch.randn(data.test_inputs.shape, generator=g)
        inputs = data.test_inputs + added.to(data.test_inputs)
        for i, model in enumerate(models):
            hits = model(inputs).argmax(dim=1) == data.test_targets
            right[i] += hits.double().mean().item()
    return (100 * right / 4).tolist()


def measure_input_noise(size: str) -> dict[str, list[float]]:
    """G11: rank correlation of four measures with the accuracy that input noise costs."""
    num_train = 1024 if size == "gpu" else 512
    data, seeds, target = setting(size, {"tiny": 2, "cpu": 8, "gpu": 12}, num_train)
    pair = (data.train_inputs, data.train_targets)
    table = []  # (arms, measures and drops, seeds)
    values: dict[str, list[float]] = {}
    for batch_size, lr in product(BATCHES, RATES[size]):
        _, models = stopped_at(data, seeds, batch_size, lr, target)
        clean = accuracy_under(models, data, 0.0)
        lost = {
            noise: [a - b for a, b in zip(clean, accuracy_under(models, data, noise), strict=True)]
            for noise in NOISES
        }
        columns = {
            "lambda": [top_eigenvalue(m, pair) for m in models],
            "trace": [hessian_trace(m, CROSS_ENTROPY, pair).value for m in models],
            "keskar": [keskar_sharpness(m, CROSS_ENTROPY, pair, num_steps=3).value for m in models],
            "sam": [sam_sharpness(m, CROSS_ENTROPY, pair).value for m in models],
        }
        table.append([*columns.values(), *lost.values(), clean])
        name = f"B{batch_size}_lr{tag(lr)}"
        values |= {f"{measure}_{name}": column for measure, column in columns.items()}
        values |= {f"lost_{tag(noise)}_{name}": lost[noise] for noise in NOISES}
        values[f"clean_{name}"] = clean
    cube = np.array(table)
    for k, noise in enumerate(NOISES):
        for i, measure in enumerate(MEASURES):
            values[f"{measure}_{tag(noise)}"] = [
                rank_correlation(cube[:, i, s], cube[:, len(MEASURES) + k, s])
                for s in range(len(seeds))
            ]
    return values


def input_noise_verdict(values: Values) -> str:
    """G11 by how many measures go up with the accuracy lost to noise of 0.5."""
    resists = [above(values[f"{measure}_0p5"], CLEAR) for measure in MEASURES]
    misses = [no(part) for part in resists]
    return decide(
        holds=all_of(*resists),
        fails=all_of(*misses),
        depends=all_of(any_of(*resists), any_of(*misses)),
    )


def settled_flat(starts: Tensor, *, flat_energy: float = 0.0) -> Tensor:
    """Return which starts, (chains, dimensions), gradient descent brings to the flat minimum.

    Two round parabolas, of curvature 8 about -e_1 and 1 about +e_1, joined as `DoubleWell` does.
    """
    sharp, flat = torch.zeros_like(starts[0]), torch.zeros_like(starts[0])
    sharp[0], flat[0] = WELL.left, WELL.right
    x = starts
    for _ in range(400):
        is_flat = torch.sigmoid(energy_gap(x, sharp, flat, flat_energy) / WELL.softness)[:, None]
        steep, gentle = WELL.left_curvature * (x - sharp), WELL.right_curvature * (x - flat)
        x = x - 0.03 * (steep + is_flat * (gentle - steep))
    return (x - flat).norm(dim=1) < (x - sharp).norm(dim=1)


def energy_gap(x: Tensor, sharp: Tensor, flat: Tensor, flat_energy: float) -> Tensor:
    """Return how far the sharp parabola lies above the flat one."""
    steep = 0.5 * WELL.left_curvature * (x - sharp).square().sum(dim=1)
    return steep - 0.5 * WELL.right_curvature * (x - flat).square().sum(dim=1) - flat_energy


def measure_volume(size: str) -> dict[str, list[float]]:
    """G12: share of random starts that end in the flat minimum without any noise."""
    num_starts = {"tiny": 50, "cpu": 500, "gpu": 20_000}[size]
    values: dict[str, list[float]] = {"width": [(WELL.right - TOP) / (WELL.right - WELL.left)]}
    values["gibbs_shallow"] = [gibbs_share(DoubleWell(right_energy=0.5), temperature=0.1)]

    def add(name: str, flat: Tensor) -> None:
        values.setdefault(name, []).append(flat.double().mean().item())

    for seed in range(GROUPS):
        g = source(size, seed)
        between = (
            2 * torch.rand(num_starts, 1, generator=g, dtype=torch.float64, device=g.device) - 1
        )
        add("share_between", settled_flat(between))
        add("share_between_shallow", settled_flat(between, flat_energy=0.5))
        for d in DIMENSIONS:
            starts = torch.randn(num_starts, d, generator=g, dtype=torch.float64, device=g.device)
            add(f"share_{d}", settled_flat(starts))
    pairs = zip(values[f"share_{DIMENSIONS[-1]}"], values["share_1"], strict=True)
    values["rise"] = [a - b for a, b in pairs]
    return values


def volume_verdict(values: Values) -> str:
    """G12 holds if shares are widths and the flat basin gains with the dimension."""
    width = values["width"][0]
    flat = all_of(
        above(values["share_between"], 0.5),
        inside(values["share_between"], width - 0.03, width + 0.03),
    )
    gains = above(values["rise"])
    return decide(holds=all_of(flat, gains), depends=all_of(flat, no(gains)), fails=no(flat))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="G10",
        statement="Large batches stop at the nearest minimum: they end closer to where they began.",
        heard="explanations of the gap by exploration",
        unit=UNIT,
        source="Keskar et al. 2017, arXiv:1609.04836; Hoffer et al. 2017, arXiv:1705.08741",
        rule="distance from the start at B=256 over that at B=8, at equal training loss and "
        "at equal steps, each at one lr and at lrs that grow with B: holds if all four "
        "lie below 1 (logarithms), fails if all lie above, depends if some do and some "
        "do not",
        setting="MLP 40-64-64-10 on MNIST-1D, N=512, SGD to training loss 0.1 or for 320 steps; "
        "lr 0.1, or 0.04 at B=8 and 0.4 at B=256",
        measure=measure_distance,
        verdict=distance_verdict,
        changes="Equal epochs: then the large batch has made fewer steps, and is closer for that "
        "reason alone.",
        shown=(
            "ratio_loss_fixed",
            "ratio_loss_scaled",
            "ratio_equal_fixed",
            "ratio_equal_scaled",
        ),
    ),
    Claim(
        id="G11",
        statement="Flat minima resist noise in the inputs too.",
        heard="intuitive pictures of flat minima",
        unit=UNIT,
        source="against it arXiv:2510.12451 (2025)",
        rule="over six pairs of B and lr at equal training loss, rank correlation of each of "
        "four measures of sharpness with the test accuracy lost to input noise of 0.5 "
        "standard deviations, one a seed: holds if all four lie above 0.2, fails if "
        "none does, depends if some do and some do not. The threshold was 0 at first, "
        "and not significant counted as no",
        setting="MLP 40-64-64-10 on MNIST-1D, N=512, to training loss 0.1; B=8, 32, 128 by lr "
        "0.06, 0.12; on a GPU N=1024 and lr 0.03 too",
        measure=measure_input_noise,
        verdict=input_noise_verdict,
        looked=True,
        finding="Six pairs and 8 seeds leave it open. Nine pairs and 12 seeds on a GPU do not: it "
        "fails, and the flatter networks tend to lose more, not less.",
        changes="Networks that differ more, or that were trained with noise; accuracy left in "
        "place of accuracy lost, since a better network has more to lose.",
        shown=tuple(f"{measure}_0p5" for measure in MEASURES),
    ),
    Claim(
        id="G12",
        statement="Flat basins are found more often simply because they are larger.",
        heard="the volume hypothesis: good minima without any help from noise",
        unit=UNIT,
        source="Huang et al. 2019, arXiv:1906.03291",
        rule="holds if, without noise, the share of starts (uniform between the minima) that "
        "end in the flat one lies above a half and within 0.03 of its share of the "
        "width, and from normal starts the share is larger in 8 dimensions than in 1; "
        "depends if it is smaller, fails if not even the first is so",
        setting="round parabolas of curvatures 8 and 1, gradient descent, 500 starts a seed, 8 "
        "seeds; shallow: the flat minimum lies 0.5 higher",
        measure=measure_volume,
        verdict=volume_verdict,
        changes="Starts that are not random over both basins: an initialisation near a sharp "
        "minimum ends there. And large steps, which cannot settle in a sharp basin of any size.",
        shown=("share_between", "width", "share_1", "share_8", "share_between_shallow"),
    ),
)
