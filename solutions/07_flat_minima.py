# %% [markdown]
# # 07 · Do flat minima generalise, and does the batch size choose them?
#
# | | |
# |---|---|
# | **Question** | Do flat minima generalise, and does the batch size choose them? |
# | **Difficulty** | hard |
# | **Importance** | the best-known story about batch size, and the one most often told without its conditions |
# | **Your time** | part a, 7.1 to 7.4: 70 minutes; part b, 7.5 to the end: 75 minutes |
# | **Run time** | about a minute on two CPU cores |
# | **You need** | unit 06 (λmax, equal training loss, other measures of sharpness); unit 01 (variance of a mini-batch gradient, σ²/B); correlation; a geometric series; $e^{-U/T}$ as a density |
#
# The story has two halves. *Flat minima generalise better*: part a. *Small batches find them, since
# their noise drives SGD out of sharp ones*: part b. Each half can hold or fail without the other.
#
# In this unit a **±** is half of a 95 % interval over seeds, unless it says over what. Longer runs of ours were stored
# beforehand, with one number a seed: the **ledger**. Where a figure shows your own runs, the ledger's
# are drawn beside them.

# %% prelude
import math

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.claims import load_ledger
from coursekit.curvature import (
    hessian_eigenvalues,
    hessian_trace,
    keskar_sharpness,
    sam_sharpness,
)
from coursekit.data import load
from coursekit.data.series import fresh_series
from coursekit.device import by_size, device_name, pick_device
from coursekit.experiments import mlp_with, train_to_loss
from coursekit.experiments.arms import Arm, accuracy_of, flat_weights, loss_of, train_arm
from coursekit.models import mlp
from coursekit.notebook import (
    check,
    compare_predictions,
    mine_or_library,
    predict,
    predict_number,
    show,
)
from coursekit.plots import flat_minima as figures
from coursekit.plots import noise_at_work as at_work
from coursekit.toy import (
    DoubleWell,
    discrete_escape_time,
    escape_times,
    sde_variance,
    simulate_quadratic,
)
from coursekit.toy.double_well import barrier, potential, slope

# %% [markdown]
# ## 7.1 Predict first

# %%
predict(
    "07_flat_minima",
    "cause",
    "Many epochs, equal learning rate and steps. The large batch ends with a lower test accuracy. Now "
    "noise is put into each of its steps, of the kind that a small batch has. Of what was lost ...",
    ["nothing comes back", "about a quarter comes back", "most or all comes back"],
)

# %%
predict(
    "07_flat_minima",
    "once",
    "The same three runs, but every example is met only once, as in training a language model. In "
    "test accuracy the noise of the small batch ...",
    ["helps as before", "makes no difference", "only costs"],
)

# %%
predict_number(
    "07_flat_minima",
    "wells",
    "Two wells of equal depth, one 8 times as curved as the other. SGD with small steps and constant "
    "noise runs for a very long time. Which share of it is spent in the flat well?",
    "%",
)

# %%
predict(
    "07_flat_minima",
    "decay",
    "Weight decay lifts the large batch's test accuracy by ten points, compared at one training loss. "
    "Its λmax there is ...",
    ["much lower", "about the same", "much higher"],
)

# %% [markdown]
# ## 7.2 Flat and accurate: what a correlation shows
# Take a population of networks: three batch sizes, two learning rates, a few seeds. All of one size and
# data set, all stopped at the same training loss, since the cross-entropy flattens as it falls. For
# each we measure test accuracy and four kinds of sharpness from unit 06: λmax, the trace of the
# Hessian, Keskar's and SAM's.

# %%
SIZES = (40, 64, 64, 10)
GRID = [(b, lr) for b in (8, 32, 128) for lr in (0.06, 0.12)]
target = by_size(tiny=1.9, cpu=0.1)
data = load("mnist1d", num_train=by_size(tiny=256, cpu=1024))
pair = (data.train_inputs, data.train_targets)
population = []  # a row a run: setting, B, the four measures, accuracy in %
for batch_size, lr in GRID:
    seeds = range(by_size(tiny=2, cpu=3, gpu=4))
    every = max(4, 512 // batch_size) if batch_size <= 64 else 10
    runs = train_to_loss(
        SIZES, data, seeds=seeds, batch_size=batch_size, lr=lr, target=target,
        check_every=every, device="cpu",
    )  # fmt: skip
    for weights in runs.weights:
        net = mlp_with(SIZES, weights)
        found = (
            hessian_eigenvalues(net, cross_entropy, pair, tol=1e-2).value,
            hessian_trace(net, cross_entropy, pair).value,
            keskar_sharpness(net, cross_entropy, pair, num_steps=5).value,
            sam_sharpness(net, cross_entropy, pair).value,
        )
        right = (net(data.test_inputs).argmax(dim=1) == data.test_targets).double().mean()
        population.append((f"B={batch_size}, lr {lr}", batch_size, *found, 100 * right.item()))
print(
    f"{len(population)} networks; the first: {[x if i == 0 else round(x, 2) for i, x in enumerate(population[0])]}"
)

# %%
g2 = load_ledger()["G2"]["cpu"]["values"]
ledger_groups, my_groups = {}, {}
for b in (8, 32, 128):
    tags = [f"B{b}_lr{rate}" for rate in ("0p03", "0p06", "0p12")]
    ledger_groups[f"B = {b}"] = [(g2[f"lambda_{t}"], g2[f"accuracy_{t}"]) for t in tags]
    rows = [row for row in population if row[1] == b]
    my_groups[f"B = {b}"] = [([row[2] for row in rows], [row[-1] for row in rows])]
show(
    figures.population_plot(
        ledger_groups, my_groups, title="All at training loss 0.1: ledger 16 seeds, and your runs"
    )
)

# %% [markdown]
# **What the figure says.** From right to left λmax falls and accuracy rises: the large marks, which are
# means of settings, lie along a line. In the ledger the rank correlation over the nine settings is
# {{G2.across_lambda}} (nine networks of one seed, then the mean over seeds). That is the evidence that
# one sees quoted.
#
# Now look at the small dots that thin lines tie to one large mark: runs of one setting, which differ by
# their seed alone. Is the flatter one the better one?
#
# ### Exercise 1 (3 points, 10 minutes): correlation within settings
# Take away from each sharpness the mean sharpness of its setting, and from each accuracy the mean
# accuracy of its setting. Then form Pearson's correlation of what is left, with **one** sum over all
# runs together:
#
# $$ r = \frac{\sum_i x_i y_i}{\sqrt{\sum_i x_i^2 \; \sum_i y_i^2}} . $$
#
# <details><summary>Hint 1 (click to open)</summary>A setting with one run leaves zeros: it says nothing, and does no harm.</details>
# <details><summary>Hint 2 (click to open)</summary>The runs are in no order: find the runs of a name by comparing names.</details>
# <details><summary>Hint 3 (click to open)</summary>After centring, nothing further has to be taken away.</details>


# %% solution="u07_within"
def within_settings(settings, sharpness, accuracy):
    """Pearson's correlation of the deviations from each setting's mean: one number.

    settings: list of names, one a run, in no order; sharpness, accuracy: lists of as many numbers.
    Runs per setting may differ; a setting may be one run alone. nan where nothing is left of one of
    the two: no setting has two runs, or within every setting all runs are alike in it (deviations
    below 1e-9 are rounding).
    """
    ### BEGIN SOLUTION
    x, y = np.array(sharpness, dtype=float), np.array(accuracy, dtype=float)
    names = np.array(settings)
    for name in set(settings):
        rows = names == name
        x[rows] = x[rows] - x[rows].mean()
        y[rows] = y[rows] - y[rows].mean()
    if min(np.abs(x).max(), np.abs(y).max()) < 1e-9:
        return math.nan
    return (x * y).sum() / math.sqrt((x**2).sum() * (y**2).sum())
    ### END SOLUTION


# %% check="u07_within"
check("u07_within", within_settings)

# %%
use_within = mine_or_library("u07_within", within_settings)
settings = [row[0] for row in population]
accuracies = [row[-1] for row in population]
print("your runs             all runs together   within settings")
for column, name in enumerate(("λmax", "trace", "Keskar", "SAM"), start=2):
    values = [row[column] for row in population]
    together = use_within(["all"] * len(values), values, accuracies)
    inside = use_within(settings, values, accuracies)
    print(f"{name:24s} {float(together):11.2f} {float(inside):17.2f}")

# %%
measures = {"λmax": "lambda", "trace": "trace", "Keskar": "keskar", "SAM": "sam"}
kinds = {
    "across settings": {name: g2[f"across_{key}"] for name, key in measures.items()},
    "across, given η/B": {name: g2[f"given_ratio_{key}"] for name, key in measures.items()},
    "within a setting": {name: g2[f"within_{key}"] for name, key in measures.items()},
}
show(
    figures.three_correlations_plot(
        kinds, title="Sharpness and test accuracy, three questions: ledger, 9 settings, 16 seeds"
    )
)

# %% [markdown]
# **What the figure says.** The ledger's numbers for λmax: {{G2.across_lambda}} across settings,
# {{G2.given_ratio_lambda}} once η/B is held (a partial correlation), {{G2.within_lambda}} within a
# setting (a mean of nine rank correlations, one a setting, ± over settings). So nearly all of the first
# number comes from what differs *between* settings, and that is η/B. A third thing that moves both can
# make any two things correlate.
#
# And the four measures disagree about the same networks: in the ledger λmax and trace reach −0.8,
# Keskar's is {{G2.across_keskar}}, SAM's {{G2.across_sam}}.
#
# **Your own table** has 18 runs, and six means are taken away. Among so few, luck alone makes a
# correlation within settings anything from −0.55 to 0.55, in 19 of 20 tables. So its right column can
# show no more than that nothing strong is there.
#
# **At a scaled learning rate** the line breaks altogether. Where the rate grows with B, the ledger's
# λmax falls from {{G1.lambda_scaled_8}} (B = 8) to {{G1.lambda_scaled_512}} (B = 512) at the same
# training loss, and accuracy stays: {{G1.accuracy_scaled_8}} and {{G1.accuracy_scaled_512}} %. At a
# fixed rate λmax *rises* with B instead, from {{G1.lambda_fixed_8}} to {{G1.lambda_fixed_512}}.
#
# **Caveat.** One architecture and one data set. Published studies of many networks find either sign
# (Jiang et al. 2020; Andriushchenko et al. 2023).
#
# **Change, predict, run**: give `use_within` the names `["B=8", ...]` without the rate
# (`[row[0].split(",")[0] for row in population]`). For each measure: is the result nearer to the first
# column of your table, or to the second?
#
# ## 7.3 The same function, as sharp as you like
# A ReLU lets a positive factor pass: relu(α a) = α relu(a). So a hidden unit has a knob: multiply what
# comes in (its row of weights *and its bias*) by α, divide what goes out by α. Nothing that the network
# says changes. Dinh et al. (2017) used one α for a layer. Each unit can have its own.
#
# ### Exercise 2 (3 points, 10 minutes): turn the knobs
# `layers` holds two layers as torch keeps them: first weight (H, d), first bias (H), second weight
# (O, H), second bias (O). Multiply what comes into hidden unit h by `factors[h]` and divide what goes out
# of it by the same, so that the outputs stay. Return all weights as one vector, in the order of `parameters()`: first weight, first bias,
# second weight, second bias, each matrix row by row.
#
# <details><summary>Hint 1 (click to open)</summary>A row of a torch weight belongs to one unit of its layer; a column to one input of it.</details>
# <details><summary>Hint 2 (click to open)</summary><code>factors[:, None] * matrix</code> scales rows, <code>factors * matrix</code> columns.</details>
# <details><summary>Hint 3 (click to open)</summary><code>torch.cat</code> of flattened tensors makes the vector.</details>


# %% solution="u07_rescale"
def rescaled(layers, factors):
    """All weights after turning the knobs: a vector of H d + H + O H + O numbers.

    layers: list of four tensors, (H, d), (H,), (O, H), (O,); factors: (H,), all above 0: what
    comes into each hidden unit is multiplied by its factor, what goes out is divided by it.
    """
    ### BEGIN SOLUTION
    first, bias, second, last = layers
    parts = [factors[:, None] * first, factors * bias, second / factors, last]
    return torch.cat([part.flatten() for part in parts])
    ### END SOLUTION


# %% check="u07_rescale"
check("u07_rescale", rescaled)

# %% [markdown]
# If relative changes of weights count, a knob has no say. Change weight i by the *share* z_i: the step
# is $w_i z_i$, and to second order the loss changes by
#
# $$ \tfrac12 \sum_{ij} (w_i z_i)\, H_{ij}\, (w_j z_j) = \tfrac12\, z^T (D H D)\, z ,
#    \qquad D = \operatorname{diag}(|w|) . $$
#
# (The signs of the weights only turn signs of z round.) A knob makes $w_i$ larger by α and, as the
# function stays, $H_{ij}$ smaller by α for each index that belongs to it. In $w_i H_{ij} w_j$ the
# factors cancel.
#
# ### Exercise 3 (2 points, 8 minutes): a sharpness that resists
# <details><summary>Hint 1 (click to open)</summary>Entry (i, j) of the matrix is |w_i| H_ij |w_j|.</details>
# <details><summary>Hint 2 (click to open)</summary><code>torch.linalg.eigvalsh</code> gives the eigenvalues of a symmetric matrix, ascending.</details>
# <details><summary>Hint 3 (click to open)</summary>Largest, not largest in size: it may be 0, or below.</details>


# %% solution="u07_adaptive"
def adaptive_sharpness(hessian, weights):
    """Largest (not: largest in size) eigenvalue of D H D, D = diag(|w|): one number.

    hessian: (P, P), symmetric; weights: (P,), of either sign, some perhaps 0.
    """
    ### BEGIN SOLUTION
    size = weights.abs()
    return torch.linalg.eigvalsh(size[:, None] * hessian * size)[-1]
    ### END SOLUTION


# %% check="u07_adaptive"
check("u07_adaptive", adaptive_sharpness)

# %% [markdown]
# Now a network of yours, of two layers. Each row of the table turns all knobs at random, by up to a
# factor 2^s either way. Of the four columns λmax and the trace are unit 06's, the third is your
# exercise 3, and the last says by how much the function itself moved.

# %%
use_rescaled = mine_or_library("u07_rescale", rescaled)
use_adaptive = mine_or_library("u07_adaptive", adaptive_sharpness)
TINY_NET = (40, 6, 10)  # 316 weights: the whole Hessian fits
trained = train_to_loss(TINY_NET, data, seeds=[0], batch_size=16, lr=0.1, target=by_size(tiny=2.2, cpu=1.5), device="cpu")  # fmt: skip
base = mlp_with(TINY_NET, trained.weights[0])


def full_hessian(w):
    """The Hessian of the training loss of the small network, at one vector of weights."""
    shapes = [p.shape for p in base.parameters()]

    def loss(v):
        a, b, c, d = (
            part.view(shape)
            for part, shape in zip(v.split([s.numel() for s in shapes]), shapes, strict=True)
        )
        return cross_entropy((pair[0].double() @ a.T + b).relu() @ c.T + d, pair[1])

    return torch.autograd.functional.hessian(loss, w.double())


generator = torch.Generator().manual_seed(0)
before = base(data.test_inputs)
print("knobs up to     λmax   trace of H   adaptive   largest change of an output")
for s in by_size(tiny=(0, 2), cpu=(0, 1, 2, 3, 4)):
    factors = 2.0 ** (s * (2 * torch.rand(6, generator=generator) - 1))
    turned = use_rescaled([p.detach() for p in base.parameters()], factors)
    other = mlp_with(TINY_NET, turned.float())
    hessian = full_hessian(turned)
    change = (other(data.test_inputs) - before).abs().max().item()
    print(
        f"× or ÷ {2**s:2d} {torch.linalg.eigvalsh(hessian)[-1]:12.2f} {hessian.trace():12.2f} "
        f"{float(use_adaptive(hessian, turned.double())):10.3f} {change:12.1e}"
    )

# %% [markdown]
# **What the table says.** One function, five sets of weights: the outputs move in the last digit of
# float32, λmax becomes many times as large, the adaptive one does not move at all. The ledger, on the larger network
# and with one factor 10: λmax {{G3.lambda_1}} before and {{G3.lambda_10}} after. SAM's sharpness with
# each step taken as a share of its weight, a relative measure too, is {{G3.adaptive_1}} before and
# {{G3.adaptive_10}} after.
#
# What follows, and what does not: no property of the *function*, test accuracy included, can be read
# off λmax alone. But SGD does not visit all settings of the knobs alike, so λmax may still say
# something about *runs*. And a measure that resists is not therefore a cause of anything.
#
# **Change, predict, run**: `.tanh()` in place of `.relu()` in `full_hessian`. Which column is no longer
# constant?
#
# Two weights, one knob, everything in sight. Slide it: what changes, and what can't?

# %%
from coursekit.explorers.valley import valley

valley()

# %% [markdown]
# ## 7.4 What a theorem says: PAC-Bayes
# There is a theorem with flatness in it. It speaks of a network whose weights are *noisy*: each time it
# is asked, it draws $w + \sigma\xi$ with standard normal ξ. Before the data are seen, fix the same kind
# of noise around the start $w_0$. Then with probability $1 - \delta$ over the draw of N examples
# (McAllester 1999; in this form Maurer 2004)
#
# $$ \text{error} \;\le\; \text{training error} + \sqrt{\frac{KL + \ln(2\sqrt N / \delta)}{2N}} ,
#    \qquad KL = \frac{|w - w_0|^2}{2\sigma^2} , $$
#
# where both errors are those of the noisy network. KL is the divergence of the two Gaussians: the price
# of having moved. Wide noise makes moving cheap, and only where the loss is **flat** does wide noise
# leave the training error low. There flatness comes in.
#
# ### Exercise 4 (3 points, 10 minutes): the bound
# <details><summary>Hint 1 (click to open)</summary>First KL, one number from two vectors; then the fraction; then the root.</details>
# <details><summary>Hint 2 (click to open)</summary>The logarithm is the natural one, <code>math.log</code>.</details>
# <details><summary>Hint 3 (click to open)</summary>The root covers the whole fraction, and not the training error.</details>


# %% solution="u07_pac_bayes"
def pac_bayes_bound(weights, start, sigma, error, num_examples, delta):
    """Upper bound on the error of the noisy network: one number; above 1 it is returned as it is.

    weights, start: (P,); sigma: > 0, the noise on each weight; error: training error of the noisy
    network, a share from 0 to 1; num_examples: N; delta: between 0 and 1.
    """
    ### BEGIN SOLUTION
    kl = (weights - start).square().sum().item() / (2 * sigma**2)
    price = (kl + math.log(2 * math.sqrt(num_examples) / delta)) / (2 * num_examples)
    return error + math.sqrt(price)
    ### END SOLUTION


# %% check="u07_pac_bayes"
check("u07_pac_bayes", pac_bayes_bound)

# %%
use_bound = mine_or_library("u07_pac_bayes", pac_bayes_bound)
stopped = train_to_loss(SIZES, data, seeds=[0], batch_size=32, lr=0.1, target=target, device="cpu")
w = stopped.weights[0]
w0 = nn.utils.parameters_to_vector(mlp(SIZES, generator=torch.Generator().manual_seed(0)).parameters()).detach()  # fmt: skip
generator = torch.Generator().manual_seed(1)


def wrong(weights, inputs, targets):
    """Share of examples that a network gets wrong."""
    return (mlp_with(SIZES, weights)(inputs).argmax(dim=1) != targets).double().mean().item()


sigmas = by_size(tiny=(0.03, 0.3), cpu=(0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0))
errors = []
for sigma in sigmas:
    draws = [
        w + sigma * torch.randn(len(w), generator=generator) for _ in range(by_size(tiny=2, cpu=20))
    ]
    errors.append(float(np.mean([wrong(v, *pair) for v in draws])))
bounds = [use_bound(w, w0, s, e, len(pair[0]), 0.05) for s, e in zip(sigmas, errors, strict=True)]
test_error = wrong(w, data.test_inputs, data.test_targets)
title = f"{len(w)} weights, {len(pair[0])} examples, moved by {(w - w0).norm():.1f}"
show(figures.bound_plot(sigmas, errors, [float(b) for b in bounds], test_error, title=title))

# %% [markdown]
# **What the figure says.** To the left distance is dear. To the right the noise destroys the network,
# until nine of ten examples are wrong, as by chance. The sum is above 1 everywhere in this figure.
# Further to the right, at σ = 3, it is about 0.99, still more than the 0.9 by which a guess is wrong:
# this bound says nothing about this network. Bounds below 1 have been reached with far more examples,
# and with a σ optimised weight by weight (Dziugaite & Roy 2017).
#
# *What it says*: room for noise and a short way from the start are enough for a small gap. *What it
# does not*: that sharp networks generalise badly (it is an upper bound), that λmax is the measure (σ is
# an average over all directions, and a rescaled network pays by its distance), or that the network
# **without** noise has the bound.
#
# **Change, predict, run**: set `w = w0.clone()` before the noise is drawn, a network that has learned
# nothing. Where is the bound now, and is it worth anything?

# %% [markdown]
# ---
# ## Break. Part b: does the batch size choose?
#
# | | |
# |---|---|
# | **Question** | Does the noise of small batches choose the minimum, and what is that good for? |
# | **Your time** | 75 minutes |
# | **You need** | part a; unit 01: the noise of a batch of B has the covariance Σ/B |
#
# ## 7.5 Noise and curvature, where everything is known
# One weight x, loss $\tfrac12 \lambda x^2$, and each example's gradient is λx plus noise of variance σ².
# SGD does
#
# $$ x \leftarrow x - \eta(\lambda x + \xi) = (1 - \eta\lambda)\, x - \eta\,\xi , \qquad
#    \operatorname{Var} \xi = \sigma^2 / B . $$
#
# At rest the variance V of x no longer changes from step to step. ξ is independent of x, so
#
# $$ V = (1 - \eta\lambda)^2\, V + \eta^2 \sigma^2 / B . $$
#
# Solve for V; the bracket $1 - (1 - \eta\lambda)^2$ is $\eta\lambda(2 - \eta\lambda)$. For small steps it
# becomes $2\eta\lambda$: the limit in which SGD is a *diffusion* (an SDE), with temperature
# $T = \eta\sigma^2 / 2B$ and $V = T/\lambda$. There η and B enter as η/B alone.
#
# ### Exercise 5 (3 points, 8 minutes): the variance at rest
# <details><summary>Hint 1 (click to open)</summary>Bring V to one side: V times the bracket is the variance of one kick.</details>
# <details><summary>Hint 2 (click to open)</summary>One η cancels.</details>
# <details><summary>Hint 3 (click to open)</summary>From ηλ = 2 on, each step leads further away: no rest.</details>


# %% solution="u07_stationary"
def stationary_variance(lr, curvature, noise_var, batch_size):
    """Variance of x at rest, exactly, for any step; inf at and beyond lr * curvature = 2.

    lr: > 0; curvature: > 0; noise_var: variance of one example's gradient, > 0; batch_size: >= 1,
    need not be whole.
    """
    ### BEGIN SOLUTION
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))
    ### END SOLUTION


# %% check="u07_stationary"
check("u07_stationary", stationary_variance)

# %%
use_stationary = mine_or_library("u07_stationary", stationary_variance)
shares = by_size(tiny=(0.1, 1.0), cpu=(0.05, 0.2, 0.5, 0.9, 1.3, 1.6, 1.8, 1.9))
measured, exact = [], []
for i, share in enumerate(shares):
    case = {"lr": share, "curvature": 1.0, "noise_var": 1.0, "batch_size": 100 * share}
    ends = simulate_quadratic(
        **case,
        num_steps=max(120, int(8 / share)),
        num_chains=by_size(tiny=80, cpu=16_000),
        generator=torch.Generator().manual_seed(i),
    )
    small_steps = sde_variance(**case)
    measured.append((ends.square() / small_steps).view(8, -1).mean(dim=1).tolist())
    exact.append(float(use_stationary(**case)) / small_steps)
show(
    at_work.rest_plot(shares, measured, exact, title="One η/B at every point: 8 groups of walkers")
)

# %% [markdown]
# **What the figure says.** All points have the same η/B, so the diffusion says one number for all. At a
# small ηλ it is right. Near ηλ = 2 the truth is many times larger, and your formula has it. "Only η/B
# matters" is a statement about small steps: in the ledger the variance over that of small steps is
# {{N8.variance_small}} at ηλ = 0.01 and {{N8.variance_large}} at 1.28.
#
# This is one reason to prefer flat minima that needs no valley-hopping: where λ > 2/η nothing rests at
# all. **Change, predict, run**: `"batch_size": 100` for all points. Then η/B differs from point to point;
# each variance is still divided by the diffusion's for that point. Does the figure change?
#
# ## 7.6 Two wells
# Now two minima of equal depth on a line, a sharp one (curvature 8, left) and a flat one (curvature 1,
# right), and a barrier of 1.08 between them. Small steps, constant noise: SGD becomes a walk at
# temperature T, and after a long time it is at x with the **Gibbs** density
#
# $$ p(x) \propto e^{-U(x)/T} . $$
#
# ### Exercise 6 (3 points, 10 minutes): the share of the flat well
# The line is cut into cells. A cell's share of time is its width times the density at its position. The
# density is known up to a factor, the same for all cells. Return the share of all cells **right of** `top`. Energies may be
# large (1000, or −1000), and $e^{-1000}$ is 0 in float32: only differences of energy matter, so choose
# where to count from.
#
# <details><summary>Hint 1 (click to open)</summary>A weight for each cell; then a quotient of two sums.</details>
# <details><summary>Hint 2 (click to open)</summary>A factor that all weights share cancels in the quotient.</details>
# <details><summary>Hint 3 (click to open)</summary>Take the lowest energy from all energies first.</details>


# %% solution="u07_flat_share"
def flat_share(positions, widths, energies, top, temperature):
    """Share of time right of the top, one number from 0 to 1.

    positions: (M,), ascending; widths: (M,), > 0, they may differ; energies: (M,), U at the
    positions; top: a cell exactly at the top is not right of it, and it may be that no cell or
    every cell is; temperature: T > 0.
    """
    ### BEGIN SOLUTION
    weights = widths * torch.exp(-(energies - energies.min()) / temperature)
    return weights[positions > top].sum() / weights.sum()
    ### END SOLUTION


# %% check="u07_flat_share"
check("u07_flat_share", flat_share)

# %%
use_share = mine_or_library("u07_flat_share", flat_share)
WELL = DoubleWell()  # curvatures 8 and 1, minima at -1 and 1, equally deep
TOP = barrier(WELL).position


def walk(temperature, num_steps, num_walkers, *, lr=0.02):
    """Walk; return places (records, walkers) over the second half. Half start in each well."""
    generator = torch.Generator().manual_seed(round(1000 * temperature))
    x = torch.tensor([WELL.left, WELL.right], dtype=torch.float64).repeat(num_walkers // 2)
    records = []
    for step in range(num_steps):
        noise = torch.randn(num_walkers, generator=generator, dtype=torch.float64)
        x = x - lr * slope(WELL, x) + math.sqrt(2 * lr * temperature) * noise
        if step >= num_steps // 2 and step % 20 == 0:
            records.append(x)
    return torch.stack(records)


cells = torch.linspace(-3.0, 5.0, 401, dtype=torch.float64)
energy, width = potential(WELL, cells), torch.full((401,), 0.02, dtype=torch.float64)
temperatures = by_size(tiny=(0.3, 0.5), cpu=(0.3, 0.4, 0.5))
walks = [walk(T, by_size(tiny=200, cpu=9000), by_size(tiny=16, cpu=800)) for T in temperatures]
mine = [(x > TOP).double().mean(dim=0).view(8, -1).mean(dim=1).tolist() for x in walks]
gibbs = [float(use_share(cells, width, energy, TOP, T)) for T in temperatures]
in_flat_well = gibbs[0], float(np.mean(mine[0]))  # at the lowest temperature
# the folklore's density has a factor 1/sqrt(curvature) besides
odds = [share / (1 - share) * math.sqrt(8) for share in gibbs]
lines = {"Gibbs": gibbs, "Gibbs times 1/√curvature": [o / (1 + o) for o in odds]}
for T, values in zip(temperatures, mine, strict=True):
    print(f"T = {T}: your walkers spend {100 * np.mean(values):.1f} % in the flat well")

# %%
visits = torch.histc(walks[0], bins=401, min=-3.01, max=5.01) / walks[0].numel() / 0.02
density = torch.exp(-energy / temperatures[0])
density /= (density * width).sum()
show(
    at_work.wells_plot(
        cells.tolist(), energy.tolist(), visits.tolist(), density.tolist(), temperatures, mine,
        lines, title="Two wells of equal depth: sharp on the left, flat on the right",
    )
)  # fmt: skip

# %% [markdown]
# **What the figure says.** The flat well gets about three quarters of the time: the density is as high
# in both minima, and the flat well is wider, by $\sqrt{8}$. That is the whole preference. A popular
# derivation multiplies by $1/\sqrt{\det H}$ on top and would have 89 %: it counts the width twice. In
# the ledger the share is {{N9.share_0p3}} at T = 0.3, between Gibbs' {{N9.gibbs_0p3}} and the
# folklore's {{N9.gibbs_with_root_0p3}}; a little above Gibbs, since η is finite.
#
# **Caveat.** All this needs noise of one size everywhere. SGD's noise is larger where the loss is more
# curved. With noise in proportion to λ the variance T/λ becomes the same in both wells: the ledger's
# ratio, flat over sharp, is {{N9.flat_over_sharp_like_hessian}} (Gibbs: 8). Then there is no Gibbs
# density at all.
#
# **Change, predict, run**: `lr=0.2` in `walk`, with `num_steps` a tenth. The sharp well's ηλ is then
# 1.6. Where do the walkers go?
#
# Try it: heat, step and depth by slider. When does depth beat width?

# %%
from coursekit.explorers.two_wells import two_wells

two_wells()

# %% [markdown]
# And in more dimensions than one? There the flat basin is larger by a power. Switch the noise off and start
# anywhere: who needs noise then?

# %%
from coursekit.explorers.basins import basins

basins()

# %% [markdown]
# ## 7.7 Find the flaw
# How long does it take to leave the sharp well? Kramers' law says: a time that grows like
# $e^{\Delta U / T}$, so ln(time) against 1/T is a straight line whose slope is the barrier. Somebody lets
# walkers run for at most `max_steps` steps, and writes:
#
# ```python
# def mean_escape_steps(steps, max_steps):
#     escaped = [s for s in steps if s is not None]  # None: had not escaped when the run ended
#     return sum(escaped) / len(escaped)
# ```
#
# At low temperature many have not escaped. Are those left out like the others?
#
# ### Exercise 7 (3 points, 8 minutes): mend it
# Suppose that in each step everybody who is still waiting has the same small chance to escape. Then the
# chance is estimated by *escapes over all steps that anybody has waited*, and the mean time is one over
# it. A walker still waiting has waited `max_steps` steps. A single escape is enough for an estimate, and
# the estimate may be many times as long as the run.
#
# <details><summary>Hint 1 (click to open)</summary>Two numbers are needed: the steps of all walkers together, and the number of escapes.</details>
# <details><summary>Hint 2 (click to open)</summary>Those still waiting add to the first and not to the second.</details>
# <details><summary>Hint 3 (click to open)</summary>Without a single escape nothing is known but that it is long.</details>


# %% solution="u07_escape_time"
def mean_escape_steps(steps, max_steps):
    """Mean number of steps to escape, at a constant chance a step; nan if nobody escaped.

    steps: list, one a walker: the step at which it escaped, 1 to max_steps (exactly max_steps is an
    escape too), or None if it had not; max_steps: the length of the run.
    """
    ### BEGIN SOLUTION
    escapes = sum(s is not None for s in steps)
    if escapes == 0:
        return math.nan
    return sum(max_steps if s is None else s for s in steps) / escapes
    ### END SOLUTION


# %% check="u07_escape_time"
check("u07_escape_time", mean_escape_steps)

# %%
use_escape = mine_or_library("u07_escape_time", mean_escape_steps)
max_steps, lr, heats = by_size(tiny=400, cpu=2000), 0.05, by_size(tiny=(0.5, 0.3), cpu=(0.4, 0.3, 0.22, 0.18, 0.15))  # fmt: skip
names = ("left out (the flaw)", "counted as escaped at the end", "mended")
estimates, exact_times = {name: [] for name in names}, []
for i, heat in enumerate(heats):
    runs = escape_times(
        WELL, start="left", lr=lr, temperature=heat, target=TOP + 0.3, max_steps=max_steps,
        num_chains=by_size(tiny=50, cpu=400), generator=torch.Generator().manual_seed(i),
    )  # fmt: skip
    steps = [None if t == math.inf else round(t / lr) for t in runs.times.tolist()]
    escaped = [s for s in steps if s is not None]
    clipped = [max_steps if s is None else s for s in steps]
    for name, value in zip(
        names, (np.mean(escaped), np.mean(clipped), use_escape(steps, max_steps)), strict=True
    ):
        estimates[name].append(lr * float(value))
    exact_times.append(
        discrete_escape_time(WELL, start="left", lr=lr, temperature=heat, target=TOP + 0.3)
    )
    print(f"T = {heat}: {steps.count(None)} of {len(steps)} still waiting after {max_steps} steps")

# %%
title = f"Leaving the sharp well, barrier {barrier(WELL).height:.2f}: runs of {max_steps} steps"
show(at_work.waiting_plot(heats, estimates, exact_times, title=title))

# %% [markdown]
# **What the figure says.** With the flaw the line bends over at low temperature, and its slope is about
# half of the barrier; mended it follows the exact line to where most walkers are still waiting. An early
# measurement of ours had this flaw, and we nearly wrote that Kramers' law fails. (The exact line, too, is less
# steep than the barrier is high: Kramers' law is one of small steps and low temperature, and at this η a walker
# spreads more than a diffusion would, see 7.5. At a fifth of the step most of the difference is gone.) In the ledger, with nobody still waiting, the slopes are {{D1.slope_sharp}} and
# {{D1.slope_flat}} for the two wells, against a barrier of 1.08.
#
# So the **depth** is in the exponent, and the curvature only in the factor before it: the flat well is
# left {{D1.flat_over_sharp}} times more slowly (ledger, T = 0.3), not exponentially. "SGD escapes from
# sharp minima" is a weak effect unless sharp ones are shallow too, or ηλ is near 2: at one temperature,
# from ηλ = 0.4 to 1.6, the escape from the sharp well becomes {{N8.times_faster}} times as fast
# (ledger). **Change, predict, run**: `start="right"` in both calls (and `target=TOP - 0.15`). How much
# longer?
#
# ## 7.8 The causal test: put the noise back
# Back to networks. Small batches differ from large ones in the noise of each step. If the noise is the
# cause of a better test accuracy, then a large batch **with that noise put back in** must gain it too,
# at the same learning rate and the same number of steps. Nothing else may change.
#
# Which noise? Its mean must be zero, and its covariance that of SGD: Σ/B, with all its directions. A
# Gaussian of equal size in every direction would be another experiment. Draw two further batches of b
# examples, and take the **difference** of their mean gradients, $d = g_1 - g_2$. Its mean is zero, and
#
# $$ \operatorname{Cov}[d] = \Sigma/b + \Sigma/b = 2\Sigma/b . $$
#
# A step with B examples has Σ/B already. To have Σ/S in all, as a batch of S < B would, the difference
# is multiplied by c with $c^2 \cdot 2/b = 1/S - 1/B$.
#
# ### Build it: a noise injector (30 minutes, no marks)
# On the loss $(x_i \cdot w - y_i)^2 / 2$ of example i, so that you can test it against a law. In step k:
# the mean gradient over `batches[k]`, plus c times (mean gradient over `pairs[k][0]` less mean gradient
# over `pairs[k][1]`), all at the current weights; then a step of SGD. Return the path. The check names
# the milestones that you have reached:
#
# 1. **No noise asked** (S = B, so c = 0): plain SGD.
# 2. **One step** with noise.
# 3. **A run**: the gradients of all three batches at the *current* weights.
# 4. **Less noise asked** than the batch has (S > B): noise can be added, not taken away. Raise
#    `ValueError`.
#
# <details><summary>Hint 1 (click to open)</summary>Write a small function first: the mean gradient at w over a list of indices.</details>
# <details><summary>Hint 2 (click to open)</summary>c is a root. b is the length of one half of a pair.</details>
# <details><summary>Hint 3 (click to open)</summary>Collect w after each step in a list that begins with the start; <code>torch.stack</code> it.</details>


# %% solution="u07_injector"
def descend_with_noise(inputs, targets, start, lr, batches, pairs, small_size):
    """Path of the weights, (steps + 1, P), the start first: SGD with the noise of a batch of S.

    inputs: (N, P); targets: (N,); start: (P,); lr: > 0; batches: for each step a list of B indices;
    pairs: for each step two lists of b indices each; small_size: S, whole, at most B; a larger one
    is refused with a ValueError.
    """
    ### BEGIN SOLUTION
    big, half = len(batches[0]), len(pairs[0][0])
    if small_size > big:
        raise ValueError(f"noise can be added, not taken away: {small_size} > {big}")
    c = math.sqrt(half / 2 * (1 / small_size - 1 / big))

    def mean_grad(w, indices):
        x = inputs[indices]
        return x.T @ (x @ w - targets[indices]) / len(indices)

    path = [start]
    for batch, (first, second) in zip(batches, pairs, strict=True):
        w = path[-1]
        noise = mean_grad(w, first) - mean_grad(w, second)
        path.append(w - lr * (mean_grad(w, batch) + c * noise))
    return torch.stack(path)
    ### END SOLUTION


# %% check="u07_injector"
check("u07_injector", descend_with_noise)

# %% [markdown]
# What you should see: at rest the injected run spreads as the small batch does, in each direction, and
# both as your formula of 7.5 says (each eigenvector of the Hessian is a quadratic of its own; σ² is the
# variance of the examples' gradients along it). The pairs hold 10 examples a half, which is neither
# batch size. The cell runs your injector for 3 × 10,000 steps: half a minute, if it is written in torch.

# %%
use_injector = mine_or_library("u07_injector", descend_with_noise)
S, B, eta, num_steps = 4, 32, 0.05, by_size(tiny=60, cpu=10_000)
generator = torch.Generator().manual_seed(0)
points = torch.randn(256, 2, generator=generator) * torch.tensor([2.0**0.5, 1.0])
values = points @ torch.tensor([1.0, -2.0]) + torch.randn(256, generator=generator)
best = torch.linalg.lstsq(points, values[:, None]).solution[:, 0]
curvatures, axes = torch.linalg.eigh(points.T @ points / 256)
noise_vars = (points * (points @ best - values)[:, None] @ axes).var(dim=0)


def spread(batch_size, wanted):
    """Mean square distance from the minimum along each axis, over a run without its first tenth."""
    drawn = torch.randint(256, (num_steps, batch_size + 20), generator=generator).tolist()
    batches = [row[:batch_size] for row in drawn]
    pairs = [(row[batch_size : batch_size + 10], row[batch_size + 10 :]) for row in drawn]
    path = use_injector(points, values, best, eta, batches, pairs, wanted)
    return (((path[num_steps // 10 :] - best) @ axes) ** 2).mean(dim=0).tolist()


measured = {f"B = {B}": spread(B, B), f"B = {S}": spread(S, S), f"B = {B} with noise": spread(B, S)}
law = {
    f"law at B = {size}": [
        float(use_stationary(eta, k, v, size))
        for k, v in zip(curvatures.tolist(), noise_vars.tolist(), strict=True)
    ]
    for size in (B, S)
}
directions = [f"direction of curvature {k:.2f}" for k in curvatures.tolist()]
show(at_work.put_in_plot(directions, measured, law, title="Noise put in: your injector at rest"))

# %% [markdown]
# **What the figure says.** The red bars stand where the dark ones do, within some percent of the law,
# and the pale bars are an eighth of them. **Change,
# predict, run**: draw the pairs from the first ten examples alone (`[i % 10 for i in ...]`). Their
# covariance is not that of all: do the red bars still stand right in both directions?
#
# Now on a network, with the library's injector, which needs one backward pass: +1/(b√2) and −1/(b√2) as
# weights of two further batches of 18 examples. That is c = 1/√2, b = 18: the noise of a batch of 18,
# and 1/18 + 1/128 = 1/15.8. Two ways of training, both on series like MNIST-1D's that a generator draws
# afresh: 2,560 steps over **1,024** of them (40 epochs at B = 16), and 1,280 steps in which **no example
# comes twice**.

# %%
steps_many, steps_once = by_size(tiny=(10, 6), cpu=(2560, 1280), gpu=(2560, 1280))
pool = fresh_series(max(1024, steps_once * 164), generator=torch.Generator().manual_seed(7))
few = load("mnist1d", num_train=1024)
few = type(few)("few", pool.train_inputs[:1024], pool.train_targets[:1024], *[
    getattr(pool, f"{split}_{part}") for split in ("validation", "test") for part in ("inputs", "targets")
])  # fmt: skip
few, pool = few.to(pick_device()), pool.to(pick_device())
arms = {"B = 16": Arm(16), "B = 128": Arm(128), "B = 128\nwith noise": Arm(128, added=18)}
seeds = range(by_size(tiny=2, cpu=3, gpu=8))
n11 = load_ledger()["N11"]["cpu"]["values"]
panels = {}
for how, source, length, once in (
    ("many epochs of 1,024 examples", few, steps_many, False),
    ("one pass, each example once", pool, steps_once, True),
):
    mine = {}
    for name, arm in arms.items():
        params = train_arm(arm, source, seeds, length, (length,), once=once)[length]
        mine[name] = accuracy_of(params, source.test_inputs, source.test_targets)
    way = "once" if once else "many"
    ledger = {name: n11[f"{way}_{key}"] for name, key in zip(arms, ("small", "large", "mended"), strict=True)}  # fmt: skip
    panels[how] = (ledger, mine)
    print(how, {name.replace("\n", " "): round(float(np.mean(v)), 1) for name, v in mine.items()})

# %%
show(
    at_work.put_back_plot(panels, title="Equal learning rate and steps: ledger 12 seeds, and yours")
)

# %% [markdown]
# **What the figure says.** *Many epochs*: the small batch is better by {{N11.many_small_gains}} points
# in the ledger, and the noise put back gives {{N11.many_noise_gains}}. So here the noise itself is a
# cause. On MNIST-1D's own examples the ledger has {{N5.lost}} lost and {{N5.given_back}} given back,
# after half as many steps. Early in those runs, after an eighth of the steps, small less large was
# {{N5.lost_early}} points in the ledger: the benefit comes late. On digits, a second data set, where 97 %
# are right anyway, the same arms have {{N5.digits_lost}} lost and {{N5.digits_given_back}} given back.
#
# *One pass*: small less large is {{N11.once_small_gains}} points in the ledger, and the same noise put
# into the large batch costs as much, {{N11.once_noise_gains}}. Where no example comes
# twice, there is nothing to overfit: noise only slows. Vyas et al. (2024) found the same in larger
# networks. Most language models are trained this way.
#
# **Caveat.** One learning rate for all arms, as the test demands. With a rate tuned for each arm the
# small batch would take a smaller one and lose less in the single pass; and over many epochs most of
# the gap of large batches goes away by tuning (G4 below, on a GPU).
#
# **Change, predict, run**: `steps_many` 640 and 5,120 in place of 2,560 (the figure's ledger values
# stay). At which length does the order of the two batch sizes turn?
#
# ## 7.9 In the place of noise
# If noise helps because it regularises, other regularisers may do. And they do: in the ledger weight
# decay gives {{G13.weight_decay_gives}} points at B = 128 and dropout {{G13.dropout_gives}}, strengths
# chosen on validation data, where the small batch was ahead by {{G13.lost}}. But are networks
# trained with them *flatter*?

# %%
g14 = load_ledger()["G14"]["cpu"]["values"]
keys = {"B = 128, plain": "plain", "B = 16, plain": "small",
        "B = 128, weight decay": "weight_decay", "B = 128, dropout": "dropout"}  # fmt: skip
show(
    figures.cures_plot(
        {
            how: {
                name: (g14[f"lambda_{when}_{key}"], g14[f"accuracy_{when}_{key}"])
                for name, key in keys.items()
            }
            for how, when in (("at training loss 0.5", "loss"), ("after 1,280 steps", "steps"))
        },
        title="Better, and flatter? Ledger, 12 seeds",
    )
)

# %% [markdown]
# **What the figure says.** Left, at one training loss, in the ledger: weight decay gains
# {{G14.gains_loss_weight_decay}} points over plain training, at {{G14.ratio_loss_weight_decay}} times
# its λmax: much better, and no flatter. Dropout gains {{G14.gains_loss_dropout}} at
# {{G14.ratio_loss_dropout}} times: better and flatter. Right, at equal steps, weight decay's λmax is
# {{G14.ratio_steps_weight_decay}} times plain training's, and it is the better network by far.
# "Better because flatter" fits one of the two. Recent work reports of image classifiers that SAM, weight
# decay and augmentation often end in sharper minima, and in better networks (arXiv:2510.12451).
#
# Your own, two seeds: the end of the run.

# %%
length = by_size(tiny=20, cpu=1280)
for name, arm in (("plain", Arm(128)), ("weight decay", Arm(128, weight_decay=0.01))):
    params = train_arm(arm, data, range(2), length, (length,))[length]
    tops = [hessian_eigenvalues(mlp_with(SIZES, v), cross_entropy, pair, tol=1e-2).value for v in flat_weights(params)]  # fmt: skip
    print(
        f"{name:13s} training loss {np.round(loss_of(params, *pair), 3)}, λmax {np.round(tops, 1)}, "
        f"test accuracy {np.round(accuracy_of(params, data.test_inputs, data.test_targets), 1)} %"
    )

# %% [markdown]
# **Change, predict, run**: `weight_decay=0.003`. Does the order of the two λmax stay?
#
# ## 7.10 Myth lab
# ### "Large batches stop at the nearest minimum"
# The picture: noise lets a small batch explore; a large one rolls into the first hole. Then at equal
# training loss the large batch should end closer to its start. Test it at a fixed rate, and where the
# rate grows with the batch:

# %%
half = load("mnist1d", num_train=by_size(tiny=256, cpu=512))
for rule, rates in {"fixed": (0.1, 0.1), "grows with B": (0.04, 0.4)}.items():
    for batch_size, lr in zip((8, 256), rates, strict=True):
        runs = train_to_loss(SIZES, half, seeds=range(2), batch_size=batch_size, lr=lr, target=target, device="cpu")  # fmt: skip
        starts = [nn.utils.parameters_to_vector(mlp(SIZES, generator=torch.Generator().manual_seed(s)).parameters()) for s in range(2)]  # fmt: skip
        moved = (runs.weights - torch.stack(starts).detach()).norm(dim=1)
        print(
            f"lr {rule}: B = {batch_size:3d}, {runs.steps} steps, moved by {moved.numpy().round(1)}"
        )

# %% [markdown]
# **Verdict: depends.** In the ledger, B = 256 over B = 8: {{G10.ratio_loss_fixed}} at equal loss and a
# fixed rate (closer), {{G10.ratio_loss_scaled}} at a rate that grows with B, {{G10.ratio_equal_fixed}}
# and {{G10.ratio_equal_scaled}} at equal steps (farther). "Nearest" was the learning rate.
#
# | claim | verdict (ledger) | because |
# |---|---|---|
# | N5: small-batch noise is implicit regularisation (many epochs) | **holds** | put back into a large batch it gives {{N5.given_back}} points |
# | N11: it helps generalisation | **depends** on passes | {{N11.many_noise_gains}} over many epochs, {{N11.once_noise_gains}} in one |
# | G13: weight decay or dropout replaces it | **holds** here | {{G13.weight_decay_gives}} and {{G13.dropout_gives}} |
# | G14: regularised networks are better because flatter | **depends**; contested | λmax × {{G14.ratio_loss_weight_decay}} and {{G14.ratio_loss_dropout}} |
# | G10: large batches stop at the nearest minimum | **depends** on the rate | above |
# | G4: the gap of large batches is fundamental | **unresolved** here, **depends** on a GPU; contested | {{G4.gap_one_lr}} points at one rate, {{G4.gap_tuned}} tuned; GPU {{G4.gpu.gap_tuned}}; digits {{G4.digits_gap_one_lr}} and {{G4.digits_gap_tuned}} |
# | G5: with little data small batches always win | **fails** | with wrong labels the large one is {{G5.gain_equal_epochs}} points better at equal epochs |
# | G9: transformers generalise better at B = 16 to 32 | **fails** (GPU) | test loss {{G9.gpu.test_32}} at B = 32, {{G9.gpu.test_128}} at 128 |
# | G6: small batches make sure that rare classes are seen | **fails** | a class of 1 % is missing from {{G6.drawn_16}} of all batches of 16 |
# | G11: flat minima resist input noise | **unresolved** | λmax {{G11.lambda_0p5}} |
# | G12: flat basins are found because they are larger | **holds** in a toy | {{G12.share_between}} of random starts, without noise |
# | N8: equal η/B, equal behaviour | **depends** on ηλ | variance × {{N8.variance_large}} at ηλ = 1.28 |
# | N9: SGD samples Gibbs over √det H | **fails** | share {{N9.share_0p3}}, not {{N9.gibbs_with_root_0p3}} |
# | N10: momentum helps out of sharp minima | **fails** by calculation; contested | at equal η/(1−m) the variance is {{N10.matched_90}} times |
# | D1: Kramers gives the time | **depends** | the exponent yes, the ratio of times {{D1.flat_over_sharp}}, not 2.8 |
#
# The letters are the claims' names in the ledger. Measure them again:
# `python3 -m coursekit claims N11 G14`.

# %% [markdown]
# ## 7.11 On a GPU
# <details><summary>What we measured on one (click to open)</summary>
#
# The ledger's runs on one {{N5.gpu.device}}: with 2,560 steps in place of 1,280 the small batch is ahead
# by {{N5.gpu.lost}} points, and the noise put back gives {{N5.gpu.given_back}}. Weight decay gives
# {{G13.gpu.weight_decay_gives}}, dropout {{G13.gpu.dropout_gives}}. With 16,000 walkers the share of the
# flat well is {{N9.gpu.share_0p3}}. The claim that eight seeds left open, G11, fails there: flatter
# networks lose a little *more* to input noise ({{G11.gpu.lambda_0p5}}).
#
# </details>
#
# The code above finds a GPU by itself where the populations are large. You ran on:

# %%
print(device_name(pick_device()), "|", len(seeds), "seeds an arm,", len(population), "networks")

# %% [markdown]
# ## Interview corner
# **"Why do small batches generalise better?"**
# 1. *Direct answer*: "Only sometimes. Over many epochs their noise regularises; in a single pass it
#    only costs; and most of the gap that people show is an untuned learning rate."
# 2. *Mechanism*: "A batch adds gradient noise of covariance Σ/B, times η. Late in training it acts as
#    a regulariser on data that are seen again and again."
# 3. *Evidence*: "Put back into a large batch at equal rate and steps it gave {{N11.many_noise_gains}}
#    points of the {{N11.many_small_gains}} that the small batch was ahead; in one pass it cost
#    {{N11.once_noise_gains}} (our ledger)."
# 4. *Practice*: "I tune the rate for each batch size, and where data repeat I'd rather use weight decay
#    or dropout, which gave more."
#
# *A weak answer*: "because they escape sharp minima", without a rate, a number of epochs or a test.
#
# *Follow-up*: "How would you show that noise is the cause?" (Section 7.8.)
#
# **"Are flat minima better?"**
# 1. *Direct answer*: "As a correlation, in some populations, for some measures. As a cause: not shown."
# 2. *Mechanism*: "PAC-Bayes wants room for noise and a short way. λmax is neither, and a ReLU network
#    can be rescaled."
# 3. *Evidence*: "λmax correlates with accuracy by {{G2.across_lambda}} over settings, and by
#    {{G2.within_lambda}} within one (our ledger); weight decay made networks ten points better at
#    {{G14.ratio_loss_weight_decay}} times the λmax."
# 4. *Practice*: "I choose by validation accuracy. Sharpness I read as a sign about stability: 2/η."
#
# *A weak answer*: "Yes, because test loss is a shifted training loss", as a proof.
#
# Practise more of them here, in writing or aloud, with follow-ups and a rubric.

# %%
from coursekit.interview.widget import interview_corner

interview_corner("07_flat_minima")

# %% [markdown]
# ## Recap
# - Across settings λmax and accuracy go together; within a setting, or at one η/B, hardly.
# - The function does not have a λmax; a set of weights has. Relative measures resist rescaling.
# - At rest: variance ησ²/(Bλ(2 − ηλ)). Gibbs prefers the wider well by its width, once.
# - Noise put back gives back what a large batch lost over many epochs; in one pass it only costs.
# - Weight decay did more than noise, and was no flatter.
#
# To read: Keskar et al. 2017 (arXiv:1609.04836); Dinh et al. 2017 (arXiv:1703.04933); Smith, Elsen & De
# 2020 (arXiv:2006.15081); Vyas et al. 2024 (arXiv:2306.08590); Dziugaite & Roy 2017 (arXiv:1703.11008);
# Andriushchenko et al. 2023 (arXiv:2302.07011).

# %%
compare_predictions(
    "07_flat_minima",
    {
        "cause": ("Noise put back, many epochs", "most or all comes back", "section 7.8"),
        "once": ("The same in a single pass", "only costs", "section 7.8"),
        "wells": (
            "Share of time in the flat well",
            f"{100 * in_flat_well[0]:.0f} % by Gibbs, {100 * in_flat_well[1]:.0f} % by your walkers",
            "section 7.6",
        ),
        "decay": ("λmax of weight decay, at one training loss", "about the same", "section 7.9"),
    },
)
