"""Claims of unit 06, measured: sharpness against batch size, accuracy, rescaling and 2 / lr."""

import math

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn

from coursekit.claims.declare import Claim
from coursekit.claims.unit_06_sharpness.edge_runs import measure_edge
from coursekit.claims.unit_06_sharpness.sharpness_verdicts import (
    ALPHAS,
    MEASURES,
    by_batch_verdict,
    edge_verdict,
    predictors_verdict,
    rescaled_verdict,
    subsample_verdict,
    tag,
)
from coursekit.curvature.hessian import hessian_eigenvalues, hessian_trace
from coursekit.curvature.reparametrise import dinh_rescale
from coursekit.curvature.sharpness_measures import keskar_sharpness, sam_sharpness
from coursekit.data.splits import Dataset, load
from coursekit.device import pick_device
from coursekit.experiments.equal_loss import Stopped, mlp_with, train_to_loss
from coursekit.train.loop import accuracy, stream_blocks

SIZES = (40, 64, 64, 10)
CROSS_ENTROPY = nn.CrossEntropyLoss()
# batch size -> (fixed lr, scaled lr): in proportion to B up to 64, half as steep beyond
ARMS = {8: (0.1, 0.02), 64: (0.1, 0.16), 512: (0.1, 0.64)}
GRID = tuple((b, lr) for b in (8, 32, 128) for lr in (0.03, 0.06, 0.12))
SUBSAMPLES = (16, 64, 256)


def setting(size: str, seeds: dict[str, int]) -> tuple[Dataset, range, float]:
    """Return data, seeds and the training loss at which to compare, for a size."""
    num_train = 512 if size == "tiny" else 1024
    device = pick_device() if size == "gpu" else torch.device("cpu")
    target = 1.7 if size == "tiny" else 0.1
    return load("mnist1d", num_train=num_train, device=device), range(seeds[size]), target


def stopped_at(
    data: Dataset, seeds: range, batch_size: int, lr: float, target: float
) -> tuple[Stopped, list[nn.Sequential]]:
    """Train every seed to the target loss; return the runs and their models.

    Raises:
        ValueError: If a seed does not reach it, since a mean over the others would mislead.
    """
    every = max(4, 512 // batch_size) if batch_size <= 64 else 10
    runs = train_to_loss(
        SIZES,
        data,
        seeds=seeds,
        batch_size=batch_size,
        lr=lr,
        target=target,
        check_every=every,
        device=data.train_inputs.device,
    )
    if not runs.reached.all():
        missing = np.array(seeds)[~runs.reached].tolist()
        raise ValueError(f"B={batch_size}, lr {lr}: seeds {missing} did not reach loss {target}")
    return runs, [mlp_with(SIZES, w) for w in runs.weights]


def top_eigenvalue(model: nn.Module, pair: tuple[Tensor, Tensor]) -> float:
    """Return lambda_max of the cross-entropy over the pair."""
    return hessian_eigenvalues(model, CROSS_ENTROPY, pair, tol=1e-2).value


def measure_by_batch(size: str) -> dict[str, list[float]]:
    """G1: lambda_max, trace and accuracy at equal training loss, at fixed and at scaled lr."""
    data, seeds, target = setting(size, {"tiny": 2, "cpu": 8, "gpu": 32})
    pair = (data.train_inputs, data.train_targets)
    values: dict[str, list[float]] = {}
    for batch_size, lrs in ARMS.items():
        for rule, lr in zip(("fixed", "scaled"), lrs, strict=True):
            runs, models = stopped_at(data, seeds, batch_size, lr, target)
            name = f"{rule}_{batch_size}"
            values[f"lambda_{name}"] = [top_eigenvalue(m, pair) for m in models]
            values[f"trace_{name}"] = [hessian_trace(m, CROSS_ENTROPY, pair).value for m in models]
            values[f"accuracy_{name}"] = [
                100 * accuracy(m, data.test_inputs, data.test_targets) for m in models
            ]
            values[f"loss_{name}"] = runs.train_loss.tolist()
            values[f"steps_{name}"] = runs.steps.astype(float).tolist()
    for rule in ("fixed", "scaled"):
        small, large = (np.array(values[f"lambda_{rule}_{b}"]) for b in (min(ARMS), max(ARMS)))
        values[f"ratio_{rule}"] = (large / small).tolist()
    return values


def measure_predictors(size: str) -> dict[str, list[float]]:
    """G2: rank correlation of four measures with test accuracy, over arms and over seeds."""
    data, seeds, target = setting(size, {"tiny": 3, "cpu": 16, "gpu": 16})
    pair = (data.train_inputs, data.train_targets)
    rows = []  # (arms, seeds, measures and accuracy)
    for batch_size, lr in GRID:
        _, models = stopped_at(data, seeds, batch_size, lr, target)
        rows.append(
            [
                (
                    top_eigenvalue(m, pair),
                    hessian_trace(m, CROSS_ENTROPY, pair).value,
                    keskar_sharpness(m, CROSS_ENTROPY, pair, num_steps=5).value,
                    sam_sharpness(m, CROSS_ENTROPY, pair).value,
                    100 * accuracy(m, data.test_inputs, data.test_targets),
                )
                for m in models
            ]
        )
    table = np.array(rows)
    ratios = np.array([lr / batch_size for batch_size, lr in GRID])
    values: dict[str, list[float]] = {}
    for i, name in enumerate(MEASURES):
        values[f"across_{name}"] = [
            rank_correlation(s[:, i], s[:, -1]) for s in table.swapaxes(0, 1)
        ]
        values[f"given_ratio_{name}"] = [
            partial_correlation(s[:, i], s[:, -1], ratios) for s in table.swapaxes(0, 1)
        ]
        values[f"within_{name}"] = [rank_correlation(arm[:, i], arm[:, -1]) for arm in table]
    for k, (batch_size, lr) in enumerate(GRID):
        for i, name in enumerate((*MEASURES, "accuracy")):
            values[f"{name}_B{batch_size}_lr{tag(lr)}"] = table[k, :, i].tolist()
    return values


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's correlation; 0 where one of them is constant and has no order."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(stats.spearmanr(one, other).statistic)


def partial_correlation(one: np.ndarray, other: np.ndarray, given: np.ndarray) -> float:
    """Return Spearman's correlation of two columns, that of each with a third taken out.

        (r_12 - r_13 r_23) / sqrt((1 - r_13^2)(1 - r_23^2))

    nan where the third decides one of them: then nothing of it is left to correlate.
    """
    r12, r13 = rank_correlation(one, other), rank_correlation(one, given)
    r23 = rank_correlation(other, given)
    left = (1 - r13**2) * (1 - r23**2)
    return (r12 - r13 * r23) / math.sqrt(left) if left > 1e-9 else math.nan


def measure_rescaled(size: str) -> dict[str, list[float]]:
    """G3: sharpness of one function under three sets of weights."""
    data, seeds, target = setting(size, {"tiny": 2, "cpu": 8, "gpu": 32})
    pair = (data.train_inputs, data.train_targets)
    _, models = stopped_at(data, seeds, 32, 0.1, target)
    values: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        values.setdefault(name, []).append(value)

    for model in models:
        for alpha in ALPHAS:
            other = dinh_rescale(
                model, alpha, layer="0", next_layer="2", inputs=data.test_inputs[:100]
            )
            with torch.no_grad():
                before, after = model(data.test_inputs), other(data.test_inputs)
            add(
                f"logit_change_{tag(alpha)}",
                ((after - before).abs().max() / before.abs().max()).item(),
            )
            add(f"lambda_{tag(alpha)}", top_eigenvalue(other, pair))
            add(f"trace_{tag(alpha)}", hessian_trace(other, CROSS_ENTROPY, pair).value)
            add(f"keskar_{tag(alpha)}", keskar_sharpness(other, CROSS_ENTROPY, pair).value)
            add(f"sam_{tag(alpha)}", sam_sharpness(other, CROSS_ENTROPY, pair).value)
            adaptive = sam_sharpness(other, CROSS_ENTROPY, pair, adaptive=True, rho=0.5)
            add(f"adaptive_{tag(alpha)}", adaptive.value)
    return values


def measure_subsample(size: str) -> dict[str, list[float]]:
    """W2: mean lambda_max over mini-batches, over that of the whole training set."""
    data, seeds, target = setting(size, {"tiny": 2, "cpu": 8, "gpu": 16})
    _, models = stopped_at(data, seeds, 32, 0.1, target)
    num_batches = 2 if size == "tiny" else 8
    values: dict[str, list[float]] = {}
    for seed, model in zip(seeds, models, strict=True):
        whole = top_eigenvalue(model, (data.train_inputs, data.train_targets))
        for batch_size in SUBSAMPLES:
            generator = torch.Generator().manual_seed(100 + seed)
            count = min(num_batches, len(data.train_inputs) // batch_size)
            (batches,) = stream_blocks(len(data.train_inputs), [batch_size] * count, [generator])
            tops = [
                top_eigenvalue(model, (data.train_inputs[b], data.train_targets[b]))
                for b in batches[:, 0]
            ]
            values.setdefault(f"inflation_{batch_size}", []).append(float(np.mean(tops)) / whole)
    return values


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="G1",
        statement="Large batches find sharper minima.",
        heard="interview guides; lectures on generalisation",
        unit="06_sharpness",
        source="Keskar et al. 2017, arXiv:1609.04836; see also arXiv:2510.12451 (2025)",
        rule="depends if, at equal training loss, the 95 % interval of the log of "
        "lambda_max(B=512)/lambda_max(B=8) lies above 0 at one fixed learning rate and below 0 "
        "where the learning rate grows with B; holds or fails if both lie on one side",
        setting="MLP 40-64-64-10 on MNIST-1D, N=1024, SGD to training loss 0.1; lr 0.1, or 0.02, "
        "0.16, 0.64 at B=8, 64, 512",
        measure=measure_by_batch,
        verdict=by_batch_verdict,
        expected="depends",
        changes="A setting where the order is the same at a fixed and at a scaled learning rate.",
        shown=("ratio_fixed", "ratio_scaled", "lambda_fixed_8", "lambda_fixed_512"),
    ),
    Claim(
        id="G2",
        statement="Flat minima generalise better.",
        heard="interview guides; the case for SAM",
        unit="06_sharpness",
        source="Andriushchenko et al. 2023, arXiv:2302.07011; Jiang et al. 2020, arXiv:1912.02178; "
        "against it arXiv:2510.12451 (2025: what regularises often gives sharper minima that do "
        "better) and arXiv:2605.05209 (2026: rescaling alone moves the Hessian a hundredfold)",
        rule="over nine pairs of B and lr at equal training loss, rank correlation of each "
        "of four measures with test accuracy, one a seed: holds if all four lie below "
        "-0.2, fails if none does, depends if some lie below and some do not. First: below 0",
        setting="MLP 40-64-64-10 on MNIST-1D, N=1024, to training loss 0.1; B=8, 32, 128 by lr "
        "0.03, 0.06, 0.12",
        finding="Sharpness is almost in the order of lr/B here. Given lr/B, partial correlations "
        "with accuracy are -0.14 (lambda_max, holds zero) to -0.23 (the others just do not).",
        looked=True,
        measure=measure_predictors,
        verdict=predictors_verdict,
        contested=True,
        expected="depends",
        changes="Other architectures, data or ranges of settings: published studies of thousands "
        "of networks find either sign.",
        shown=tuple(f"across_{name}" for name in MEASURES),
    ),
    Claim(
        id="G3",
        statement="How sharp a minimum is, is a property of the function that was learned.",
        heard="implied wherever sharpness explains generalisation",
        unit="06_sharpness",
        source="Dinh et al. 2017, arXiv:1703.04933",
        rule="fails if multiplying one layer by 0.1 or 10 and dividing the next moves "
        "lambda_max more than tenfold, while no logit moves by 1e-4 of the largest; "
        "holds if lambda_max moves less",
        setting="ReLU MLP 40-64-64-10 on MNIST-1D, N=1024, B=32, lr 0.1, training loss 0.1",
        measure=measure_rescaled,
        verdict=rescaled_verdict,
        expected="fails",
        changes="Nothing can for lambda_max, trace, Keskar's and SAM's measure: ReLU nets can "
        "always be rescaled. Measures relative to the weights' size are another matter.",
        shown=("lambda_0p1", "lambda_1", "lambda_10", "adaptive_1", "adaptive_10"),
    ),
    Claim(
        id="W1",
        statement="At a large learning rate, full-batch gradient descent on squared errors brings "
        "the sharpness to 2/lr and holds it there.",
        heard="the edge of stability, in papers and lectures",
        unit="06_sharpness",
        source="Cohen et al. 2021, arXiv:2103.00065",
        rule="holds if lambda_max * lr / 2, averaged over the last 30 % of the run, lies "
        "inside 0.95 to 1.1 at lr 0.2 and at 0.4; fails if it lies outside at one",
        setting="tanh MLP 40-32-32-10, half squares, 256 examples of MNIST-1D, 1,600 full-batch "
        "steps (4,000 on a GPU); at lr 0.1 it has not arrived by then",
        measure=measure_edge,
        verdict=edge_verdict,
        changes="Cross-entropy: its curvature falls with the loss, so late in training the ratio "
        "drops again. A smaller rate: at 0.1 the ratio still climbs after 4,000 steps. Under SGD "
        "lambda_max stays lower, and another curvature takes its place (W3). Momentum (W4).",
        shown=("full_0p1", "full_0p2", "full_0p4", "sgd_0p2", "sgd_0p4"),
    ),
    Claim(
        id="W2",
        statement="The sharpness of one mini-batch stands for that of the training set.",
        heard="code that measures lambda_max on a single batch",
        unit="06_sharpness",
        source="",
        rule="fails if the mean lambda_max of batches of 16, over that of all 1,024 "
        "examples, lies above 1.25; holds if it lies inside 0.8 to 1.25. First 1.5, and "
        "anything below held",
        setting="MLP 40-64-64-10 on MNIST-1D, B=32, lr 0.1, at training loss 0.1",
        measure=measure_subsample,
        verdict=subsample_verdict,
        looked=True,
        expected="fails",
        changes="Batches so large that the ratio at them is 1: it falls towards 1 as they grow. "
        "The plain mean over batches is never below the set's value where all batches are equally "
        "long; with a short last batch it can be. Whether SGD's step is stable: W3.",
        shown=("inflation_16", "inflation_64", "inflation_256"),
    ),
)
