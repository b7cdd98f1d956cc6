# %% [markdown]
# # 05 · What batch size is worth paying for?
#
# | | |
# |---|---|
# | **Question** | What batch size is worth paying for, and can a few gradients tell you? |
# | **Difficulty** | hard |
# | **Importance** | the one number to know before you ask for more GPUs |
# | **Your time** | part a, 5.1 to 5.5: 110 minutes; part b, 5.6 to the end: 75 minutes |
# | **Run time** | about a minute on two CPU cores |
# | **You need** | unit 01: tr(Σ) is the noise of one example, a batch of B has tr(Σ)/B; a PyTorch training loop. From 5.6 on: second derivatives, the trace of a matrix |
#
# In this unit a **±** is half of a 95 % interval over seeds, networks or steps; each place says over
# which. Numbers with ± in the text come from longer runs of ours, made beforehand and stored in the
# course's **ledger**;
# where a figure shows your own runs, the ledger's are in it too.

# %% prelude
import math

import torch
from torch import nn
from torch.func import functional_call

from coursekit.claims import load_ledger
from coursekit.data import load
from coursekit.device import by_size, device_name, pick_device
from coursekit.experiments import run_to_target
from coursekit.explorers.trade_off import trade_off
from coursekit.gradients import draw_batches, per_example_gradients
from coursekit.intervals import t_interval
from coursekit.interview.widget import interview_corner
from coursekit.models import mlp
from coursekit.noise import fit_critical_batch, grad_noise_scale, hessian_noise_scale, model_moments
from coursekit.notebook import (
    check,
    compare_predictions,
    mine_or_library,
    predict,
    predict_number,
    show,
)
from coursekit.plots import noise_scale as figures
from coursekit.train import TrainConfig, train

# %% [markdown]
# ## 5.1 Predict first
# Sixteen GPUs train with 128 examples each. A colleague offers sixteen more. Should the batch
# double? By the end you will answer this by computing. First, what do you expect?

# %%
predict(
    "05_noise_scale",
    "epochs",
    "A network trains to the same loss at B = 16 and at B = 1024, each at its best learning rate. "
    "The large batch needs ...",
    ["fewer epochs", "as many epochs", "about twice as many", "about ten times as many"],
)

# %%
predict(
    "05_noise_scale",
    "growth",
    "Noise over signal, tr(Σ)/|G|², from the first step to the end of training ...",
    ["falls", "stays about the same", "grows"],
)

# %%
predict_number(
    "05_noise_scale",
    "knee",
    "A run is at its critical batch size. Twice the GPUs, twice the batch, equally long steps: how "
    "much faster does it reach its target?",
    "times",
)

# %%
predict(
    "05_noise_scale",
    "average",
    "You measure tr(Σ)/|G|² at each of many steps and average all of them. With more and more "
    "steps the average ...",
    ["closes in on the exact value", "closes in on one too large", "does not settle"],
)

# %% [markdown]
# ## 5.2 Signal and noise from two lengths
# Unit 01 said that a batch gradient is the full gradient G plus noise of variance tr(Σ)/B. The
# noise has mean zero, so in the squared length the cross term drops out on average:
#
# $$ E\,|g_B|^2 = |G|^2 + \frac{\operatorname{tr}\Sigma}{B} . $$
#
# (For examples drawn with replacement; within an epoch the noise is a little less, see unit 01.)
# $|g_B|^2$ is what any training loop can measure. $|G|^2$ is the **signal**, tr(Σ) the **noise** of
# one example. One length can't tell them apart. Two lengths,
# at the same weights but at two batch sizes, are two equations in two unknowns.
#
# The batch size at which signal and noise are equal is the **gradient noise scale**
# $B_{\text{simple}} = \operatorname{tr}\Sigma / |G|^2$.
#
# ### Exercise 1 (2 points, 10 minutes): solve for both
# You know $|g|^2$ at a small and at a big batch size. Return the list of two numbers that solves both
# equations: first the signal |G|², then the noise tr(Σ). The true values can't be negative, but either
# estimate can come out below zero: return it as it is. (If the true signal is 1 and single steps give 4,
# −2, 3, −1, their mean is right. With zeros in place of −2 and −1 it would be 1.75.)
#
# <details><summary>Hint 1 (click to open)</summary>Write the equation twice, once for b and once for B. Subtract one from the other: which unknown drops out?</details>
# <details><summary>Hint 2 (click to open)</summary>Against 1/B the squared length is a straight line. What are its slope and its value at 1/B = 0?</details>
# <details><summary>Hint 3 (click to open)</summary>Once you know tr(Σ), put it back into the equation of either batch.</details>


# %% solution="u05_two_batch"
def two_batch_moments(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """[|G|^2, tr(Sigma)], unbiased; either may come out below zero.

    sq_norm_small: |g|^2 of a batch of batch_small examples, a float; sq_norm_big: of batch_big.
    batch_small < batch_big, whole numbers.
    """
    ### BEGIN SOLUTION
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    return [sq_norm_big - noise / batch_big, noise]
    ### END SOLUTION


# %% check="u05_two_batch"
check("u05_two_batch", two_batch_moments)

# %% [markdown]
# Try it on a real network. We train a small one for a while, stop, and compute every example's
# gradient, so that the exact signal and noise are known. Then we pretend to know only lengths of
# batches: eight micro-batches of 4, and their mean, which is a batch of 32.

# %%
num_examples = by_size(tiny=256, cpu=1024, gpu=4096)
data = load("mnist1d", num_train=num_examples, device=pick_device())
loss_fn = nn.CrossEntropyLoss()


def network_after(num_steps, seed):
    """A 40-64-64-10 network after some steps of SGD at B=32, lr 0.25."""
    generator = torch.Generator().manual_seed(seed)
    model = mlp((40, 64, 64, 10), generator=generator).to(pick_device())
    train(model, data, TrainConfig(32, num_steps, lambda step: 0.25), rng=generator)
    return model


def products_of(model):
    """Inner products of all per-example gradients, (N, N): lengths of any batch follow."""
    grads = per_example_gradients(model, loss_fn, data.train_inputs, data.train_targets)
    return grads @ grads.T


def sq_norms(products, batches):
    """|g_B|^2 of each batch; batches: (draws, B) indices."""
    batches = batches.to(products.device)
    drawn = products.new_zeros(len(batches), len(products))  # how often each example was drawn
    drawn.scatter_add_(1, batches, torch.ones_like(batches, dtype=drawn.dtype))
    return ((drawn @ products) * drawn).sum(dim=1).cpu() / batches.shape[1] ** 2


# %%
use_two_batch = mine_or_library("u05_two_batch", two_batch_moments)
num_draws = by_size(tiny=64, cpu=1024, gpu=4096)


def measured_steps(products, seed):
    """Signals and noises of many steps at the same weights, and the exact noise scale."""
    generator = torch.Generator().manual_seed(seed)
    batches = draw_batches(len(products), 32, num_draws, replacement=True, generator=generator)
    big = sq_norms(products, batches)
    small = sq_norms(products, batches.view(-1, 4)).view(num_draws, 8).mean(dim=1)
    pairs = [
        [float(x) for x in use_two_batch(float(s), float(b), 4, 32)]
        for s, b in zip(small, big, strict=True)
    ]
    grad_sq_norm = products.mean().item()  # |G|²: G is a mean, so the mean over all pairs
    exact = [grad_sq_norm, products.diagonal().mean().item() - grad_sq_norm]
    return torch.tensor(pairs).T, exact


products = products_of(network_after(by_size(tiny=50, cpu=600), seed=0))
(signals, noises), exact = measured_steps(products, seed=0)
for name, values, truth in (("signal", signals, exact[0]), ("noise", noises, exact[1])):
    mean, half = t_interval(values.tolist())
    print(f"{name}: {mean:.3f} ± {half:.3f} over {num_draws} steps, exact {truth:.3f}")
print(f"one step's signal ranges from {signals.min():.2f} to {signals.max():.2f}")

# %% [markdown]
# The first two lines: on average both are right, within their intervals. The third: a single step's
# signal is hardly worth anything, it can even be negative. So we average over steps. But *what* do we
# average? **Change, predict, run**: two micro-batches of 4 in place of eight, so batches of 8 in place of
# 32 (three numbers in `measured_steps`). Which of the two intervals gets wider by the larger factor?
#
# ## 5.3 A ratio of means, or a mean of ratios?
# The noise scale is a ratio. The tempting log line divides at each step and averages the ratios. But
# a step whose signal is near zero by chance gives an enormous ratio, or an enormous negative one.
# On average $1/x$ is not one over the average of $x$.
#
# ### Exercise 2 (2 points, 8 minutes): the noise scale of many steps
# From the signals and noises of T steps (some may be below zero), return one number (a float or a
# tensor of one element): tr(Σ) over |G|², from the averages. Where the *average* signal is zero or
# below, return nan; everywhere else the ratio as it is, however uncertain.
#
# <details><summary>Hint 1 (click to open)</summary>Each signal and each noise is right on average. Which function keeps that: the mean, or a ratio?</details>
# <details><summary>Hint 2 (click to open)</summary>A step below zero balances a step that is too high. Leave none out.</details>
# <details><summary>Hint 3 (click to open)</summary><code>float("nan")</code> is Python's nan.</details>


# %% solution="u05_noise_scale"
def noise_scale(signals, noises):
    """Noise scale tr(Sigma)/|G|^2 from averages over steps, one number.

    nan where the average signal is not above zero; it may be exactly zero, and the average noise
    may be below zero.
    signals, noises: (T,) tensors, T >= 1, unbiased estimates of |G|^2 and tr(Sigma) of T steps.
    """
    ### BEGIN SOLUTION
    if signals.mean() <= 0:
        return float("nan")
    return noises.mean() / signals.mean()
    ### END SOLUTION


# %% check="u05_noise_scale"
check("u05_noise_scale", noise_scale)

# %%
use_noise_scale = mine_or_library("u05_noise_scale", noise_scale)
num_networks = by_size(tiny=2, cpu=8, gpu=16)
step_counts = [k for k in (8, 16, 32, 64, 128, 256, 512, 1024) if k <= num_draws]
curves = {"ratio of means": [], "mean of ratios": [], "mean of ratios, negatives dropped": []}
points = [
    measured_steps(products_of(network_after(by_size(tiny=50, cpu=600), seed)), seed)
    for seed in range(num_networks)
]
for count in step_counts:
    found = {name: [] for name in curves}
    for (signals, noises), (signal, noise) in points:
        s, n, truth = signals[:count], noises[:count], noise / signal
        found["ratio of means"].append(float(use_noise_scale(s, n)) / truth)
        found["mean of ratios"].append((n / s).mean().item() / truth)
        above = s > 0
        found["mean of ratios, negatives dropped"].append((n / s)[above].mean().item() / truth)
    for name, values in found.items():
        curves[name].append(values)

# %%
title = f"Noise scale from steps of 8 micro-batches of 4: {num_networks} networks"
show(figures.estimators_plot(step_counts, curves, title=title))

# %%
ledger = load_ledger()
of_ratios = sorted(ledger["B1"]["cpu"]["values"]["of_ratios_all"])
print("ledger, four times this batch: mean of ratios over the exact value, one per network")
print("  ".join(f"{ratio:.2f}" for ratio in of_ratios))

# %% [markdown]
# **What the figure says.** Each line is one network, yours. The ratio of means closes in on the exact
# value in every one. The mean of ratios does not settle: now and then a step whose signal is near zero by
# chance throws a line far to either side, however many steps you average. Between two such steps a line
# can look right for a while. Without the negative ratios it comes out far too large, and does not settle
# either.
#
# Larger batches only soften this. At four times this batch (ledger, the numbers above) the ratio of means
# is {{B1.of_means_all}} times the exact value over {{B1.of_means_all.seeds}} networks. The mean of ratios
# is too large in nearly all of them, by a quarter or more in about half, and in the last one by far more.
#
# **Caveat.** With few steps the ratio of means is noisy too, and leans upwards. It needs an interval.
# `coursekit.noise.grad_noise_scale` gives one, open upwards where the signal is not resolved. **Change,
# predict, run**: networks after 20 steps in place of 600. Does the mean of ratios settle there?
#
# <details><summary>What we saw (click to open)</summary>It does not settle there either. The signal is
# longer after 20 steps, but so is the noise. What counts is the noise scale over the batch: where a batch
# is smaller than the noise scale, a step's signal comes near zero every now and then.</details>

# %% [markdown]
# ## 5.4 Find the flaw
# ### Exercise 3 (3 points, 12 minutes): mend it
# This estimator sits in a training loop that accumulates gradients. It is found, in variants, in
# well-known training code. It runs, and prints plausible numbers.
#
# ```python
# def step_moments(micro_grads, micro_batch_size):
#     total = micro_grads[0].clone()
#     for grad in micro_grads[1:]:
#         total += grad                        # the accumulated gradient
#     small = grad.norm() ** 2                 # one micro-batch
#     big = total.norm() ** 2                  # the whole batch
#     signal, noise = two_batch_moments(
#         small, big, micro_batch_size, len(micro_grads) * micro_batch_size
#     )
#     return [max(signal, 1e-8), noise]        # a signal can't be negative
# ```
#
# Three things are wrong with it. Two make it wrong on average, one makes it far noisier than it
# needs to be. Mend it: compute signal and noise from two squared lengths, the average |g|² of the
# micro-batches, each counted equally, and |g|² of the whole batch. Both results are right on average.
# (No `two_batch_moments` of your own yet? Then solve the two equations of 5.2 here.)
#
# <details><summary>Hint 1 (click to open)</summary>After the loop, which micro-batch is <code>grad</code>? What do you know about the others?</details>
# <details><summary>Hint 2 (click to open)</summary>Each row is a mean over b examples. What is the mean over all K b examples?</details>
# <details><summary>Hint 3 (click to open)</summary>Look at section 5.2: what happens to an average when every value below zero is lifted?</details>


# %% solution="u05_step_moments"
def step_moments(micro_grads, micro_batch_size):
    """[|G|^2, tr(Sigma)] from one step, unbiased; every micro-batch counts equally.

    micro_grads: (K, P), the mean gradient of each of K >= 2 micro-batches at the same weights; the
    caller still needs it. micro_batch_size: b, examples in each. tr(Sigma) is per example.
    """
    ### BEGIN SOLUTION
    small = micro_grads.square().sum(dim=1).mean()
    big = micro_grads.mean(dim=0).square().sum()
    num_micro = len(micro_grads)
    noise = micro_batch_size * (small - big) / (1 - 1 / num_micro)
    return [big - noise / (num_micro * micro_batch_size), noise]
    ### END SOLUTION


# %% check="u05_step_moments"
check("u05_step_moments", step_moments)

# %% [markdown]
# The last micro-batch alone is right on average, but look at the price (ledger): the variance of its
# tr(Σ) is {{B1.variance_ratio}} times that of all eight together, from the same gradients. And it puts the
# signal below zero in {{B1.negative_last}} % of the steps instead of {{B1.negative_all}} %.
# **Change, predict, run**: drop the `.clone()` of the code as it was and call it twice on one tensor.
#
# ## 5.5 A running average
# In a real run the weights move, and so do signal and noise. So one averages over the recent past:
# $m \leftarrow \text{decay} \cdot m + (1 - \text{decay}) \cdot x$, starting at zero. After n
# updates the weights of the n values sum to $1 - \text{decay}^n$ only: the rest of the weight sits on
# the zero at the start. So one **debiases**: divides m by $1 - \text{decay}^n$.
#
# With decay 0.75 and the values 8, 4: m is 2, then 0.75·2 + 0.25·4 = 2.5. The averages are
# 2/0.25 = 8 and 2.5/0.4375 = 5.71.
#
# Measuring costs time, so it is done only at some steps. A step that is not measured is no update.
#
# ### Exercise 4 (2 points, 10 minutes): the average at each step
# Return a list with the debiased average after each step. At a step that was not measured its
# value is meaningless: the average stays what it was. The first step is always measured.
#
# <details><summary>Hint 1 (click to open)</summary>Keep two things: m, and the number of updates so far.</details>
# <details><summary>Hint 2 (click to open)</summary>Keep m itself uncorrected. Correct only what you put into the list.</details>
# <details><summary>Hint 3 (click to open)</summary>After the first update the corrected average is the first value. Does yours do that?</details>


# %% solution="u05_running_average"
def running_average(values, measured, decay):
    """Debiased exponential average after each step, a list as long as values.

    values: list of T numbers, T >= 1; measured: list of T booleans, the first is True: where it is
    False the value means nothing and is left out. decay: weight of the past in each update,
    0 < decay < 1.
    """
    ### BEGIN SOLUTION
    average, weight, averages = 0.0, 0.0, []
    for value, is_new in zip(values, measured, strict=True):
        if is_new:
            average = decay * average + (1 - decay) * value
            weight = decay * weight + (1 - decay)
        averages.append(average / weight)
    return averages
    ### END SOLUTION


# %% check="u05_running_average"
check("u05_running_average", running_average)

# %% [markdown]
# **Change, predict, run**: decay 0.999 with eight values. How far off would the averages be without the
# correction?
#
# ### Build it: a bare loop that watches its own noise (30 minutes, no marks)
# Now a whole training loop, with nothing but torch, that logs the noise scale as it goes. For each batch:
# cut it into micro-batches of `micro_batch_size`; take the mean cross-entropy's gradient of each; from
# them the two squared lengths, and the signal and noise of 5.2; average both *apart*, and divide last;
# then take a step of SGD along the gradient of the whole batch. The check calls your function twice
# with one model, a linear layer, and judges the second list: so it sees whether the model was trained.
# It names the milestones:
#
# 1. **One step**: the list holds one number, noise over signal of the first batch.
# 2. **Several steps, lr 0**: both averages move, $m \leftarrow \text{decay} \cdot m +
#    (1 - \text{decay}) \cdot x$, starting at zero. (In their ratio the debiasing drops out.)
# 3. **Moving weights**: the step, after the measurement.
#
# <details><summary>Hint 1 (click to open)</summary><code>torch.autograd.grad(loss, params)</code> gives one gradient a parameter; flatten and join them to a row.</details>
# <details><summary>Hint 2 (click to open)</summary>The rows' mean is the gradient of the whole batch, since all micro-batches are equally long.</details>
# <details><summary>Hint 3 (click to open)</summary>Move parameters under <code>torch.no_grad()</code>, by the parts of the long row, or by an optimizer.</details>


# %% solution="u05_bare_loop"
def train_and_watch(model, batches, micro_batch_size, lr, decay):
    """Train by SGD; return the noise scale after each batch, a list as long as batches.

    model: any nn.Module, trained in place; batches: list of (inputs, targets), each of K >= 2 times
    micro_batch_size examples, K may differ; lr: of SGD on the batch's mean cross-entropy.
    decay: weight of the past in the averages of signal and noise, 0 < decay < 1.
    nan where the averaged signal is not above zero.
    """
    ### BEGIN SOLUTION
    params, b, found = list(model.parameters()), micro_batch_size, []
    signal, noise = 0.0, 0.0
    for inputs, targets in batches:
        rows = []
        for x, y in zip(inputs.split(b), targets.split(b), strict=True):
            grads = torch.autograd.grad(nn.functional.cross_entropy(model(x), y), params)
            rows.append(torch.cat([g.flatten() for g in grads]))
        rows = torch.stack(rows)
        mean = rows.mean(dim=0)
        small, big = float(rows.square().sum(dim=1).mean()), float(mean.square().sum())
        now = (small - big) / (1 / b - 1 / len(targets))
        signal = decay * signal + (1 - decay) * (big - now / len(targets))
        noise = decay * noise + (1 - decay) * now
        found.append(noise / signal if signal > 0 else math.nan)
        parts = (lr * mean).split([p.numel() for p in params])
        for p, part in zip(params, parts, strict=True):
            p.data -= part.view_as(p)
    return found
    ### END SOLUTION


# %% check="u05_bare_loop"
check("u05_bare_loop", train_and_watch)

# %% [markdown]
# What you should see: your loop on MNIST-1D, B = 32 as eight micro-batches of 4, in the same picture as the
# exact values of the ledger's runs (same network, data, B and rate; eight seeds).

# %%
use_loop = mine_or_library("u05_bare_loop", train_and_watch)
num_steps = by_size(tiny=40, cpu=1600)
full = load("mnist1d", num_train=by_size(tiny=256, cpu=4096), device=pick_device())


def batches_of(seed, count):
    """Batches of 32, drawn with replacement."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        index = torch.randint(len(full.train_inputs), (32,), generator=generator).to(pick_device())
        yield full.train_inputs[index], full.train_targets[index]


online = {}
for seed in range(by_size(tiny=1, cpu=2)):
    model = mlp((40, 64, 64, 10), generator=torch.Generator().manual_seed(seed)).to(pick_device())
    log = use_loop(model, list(batches_of(seed, num_steps)), 4, 0.25, 0.99)
    online[seed] = [float(x) for x in log]
quarters = [
    torch.tensor(online[0][k * num_steps // 4 : (k + 1) * num_steps // 4]) for k in range(4)
]
print("yours, median over each quarter:", ", ".join(f"{q.nanmedian():.0f}" for q in quarters))

# %%
of_c3 = ledger["C3"]["cpu"]["values"]
steps = (0, 10, 50, 200, 800, 2560)
along = {name: [of_c3[f"{name}_{step}"] for step in steps] for name in ("scale", "signal", "noise")}
own_steps = list(range(40, num_steps))  # the first updates average too few steps to show
title = f"MNIST-1D, B = 32, lr 0.25: exact at {len(of_c3['growth'])} seeds (ledger), and your runs"
own = (own_steps, [run[40:] for run in online.values()])
show(figures.growth_plot(steps, **along, title=title, own=own))

# %% [markdown]
# **What the figure says.** In the ledger the noise scale grows {{C3.growth}} times over {{C3.growth.seeds}} seeds, and for
# two different reasons (each "times" here is a mean over seeds of that seed's own ratio, so they need
# not multiply to one another). **Until about step 50** the *signal* falls, to {{C3.signal_50_over_0}} of what it
# was: the network learns what all examples agree on. The noise of one example falls too, by less. **From
# then on** the signal stands still ({{C3.signal_2560_over_50}} times), and the *noise* rises,
# {{C3.noise_2560_over_50}} times. The first ten steps alone make it {{C3.early_growth}} times. A batch that is right at the end is too large
# at the start.
#
# **Caveat.** Your lines are single runs, and the average lags: it speaks of the last few hundred steps. A
# snapshot at one seed is off by a factor of two easily. **Change, predict, run**: decay 0.9 in your loop.
# How wild does the line get, and where is it nan?
#
# ### Now a model of your own
# Put your network, loss and data in place of the three lines. The library's estimate takes per-example
# gradients, all at once, and carries its interval:

# %%
my_model = mlp((40, 64, 64, 10), generator=torch.Generator().manual_seed(0))  # your network
my_loss = nn.CrossEntropyLoss()  # the mean over a batch
my_data = (
    load("mnist1d", num_train=512).train_inputs,
    load("mnist1d", num_train=512).train_targets,
)
scale = grad_noise_scale(model_moments(my_model, my_loss, my_data))
print(f"noise scale {scale.value:.0f} examples, 95 % interval {scale.low:.0f} to {scale.high:.0f}")

# %% [markdown]
# In a terminal: `python3 -m coursekit measure noise SCRIPT.py`, where the script defines `model`, `loss_fn`
# and `data`. And in a training loop that you have already, `coursekit.noise.NoiseScale` listens to the
# gradients that it makes anyway.
#
# **In a trainer of somebody else** the formulas of 5.2 need the gradient of the *mean* loss, and what reaches
# `.grad` is that times a factor: 1/K in most, 1 in transformers' `Trainer` for a model that takes and ignores
# `**kwargs` (section 4.8), larger by a loss scale. A factor c multiplies both |G|² and tr Σ by c², so their
# ratio survives, but only if it is the same for both batch sizes. Where a last window is divided otherwise, it is not.
# Of the libraries that we tried (`docs/peers.md` in the repository), one takes a quarter of the batch in the order in which
# it comes, and says 0 where |G|² is unresolved; another's variance is that of gradients divided by B.
#
# ---
# ## Break. Part b: from one point to a whole run
#
# | | |
# |---|---|
# | **Question** | What does noise over signal say about steps, examples and GPUs? |
# | **Your time** | 75 minutes |
# | **You need** | part a; second derivatives as a matrix, and its trace |

# %% [markdown]
# ## 5.6 From one step to a whole run
# Why should noise over signal tell a good batch size? The **Hessian** H of the loss is the matrix of
# its second derivatives: its curvature in every direction. One SGD step along $g_B$ with learning
# rate ε changes a quadratic loss by
# $-\varepsilon\, G^T g_B + \tfrac{1}{2}\varepsilon^2\, g_B^T H g_B$. Write $g_B = G + n$
# with noise of mean zero and covariance Σ/B. On average $g_B^T H g_B$ is
# $G^T H G + E[n^T H n]$, and $E[n^T H n] = E[\operatorname{tr}(H n n^T)] = \operatorname{tr}(H\Sigma)/B$.
# So the change is on average
#
# $$ -\varepsilon\,|G|^2 + \tfrac{\varepsilon^2}{2}
#    \Bigl( G^T H G + \frac{\operatorname{tr}(H\Sigma)}{B} \Bigr) . $$
#
# The first term is progress. The second is the price: the curvature $G^T H G$ along the gradient, and
# tr(HΣ), the noise of one example weighted by curvature. Set the derivative by ε to zero, and insert
# the best ε. Both it and the progress are those of the full gradient, divided by the same number:
#
# $$ \frac{\varepsilon_{\max}}{1 + B_{\text{noise}}/B} \;\text{ and }\;
#    \frac{\text{progress}_{\max}}{1 + B_{\text{noise}}/B} , \qquad
#    B_{\text{noise}} = \frac{\operatorname{tr}(H\Sigma)}{G^T H G} , $$
#
# with $\varepsilon_{\max} = |G|^2 / G^T H G$ and
# $\text{progress}_{\max} = \tfrac{1}{2} |G|^4 / G^T H G$.

# %% [markdown]
# Now a whole run to a target. If every step makes 1 + B_noise/B times less progress, the run needs
# that many times more steps. Call the steps that even an endless batch needs $S_{\min}$, and write
# $B_{\text{crit}}$ for the scale of the run. The examples are $E = B\,S$:
#
# $$ S(B) = S_{\min}\Bigl(1 + \frac{B_{\text{crit}}}{B}\Bigr) , \qquad
#    E(B) = E_{\min}\Bigl(1 + \frac{B}{B_{\text{crit}}}\Bigr) , \qquad
#    E_{\min} = S_{\min}\, B_{\text{crit}} . $$
#
# $E_{\min}$ is what the smallest batches come down to. Far below $B_{\text{crit}}$ doubling the batch
# halves the steps and costs nothing. Far above, it saves nothing and doubles the cost. At B_crit both
# are twice their least: the **knee**.

# %% [markdown]
# Check the first part on a network: draw batches, try learning rates around the best ε above, and keep
# the one with the largest average fall of the loss.

# %%
probe_sizes = by_size(tiny=[16, 64], cpu=[8, 32, 128, 512])
num_probes, num_tries = by_size(tiny=3, cpu=12), by_size(tiny=8, cpu=48, gpu=256)


def progress_of_steps(model, lrs, gradients):
    """Largest mean fall of the loss over learning rates; gradients: (draws, P)."""
    named = dict(model.named_parameters())
    start = torch.cat([p.detach().flatten() for p in named.values()])

    def loss_at(flat):
        parts = flat.split([p.numel() for p in named.values()])
        weights = {n: v.view_as(p) for (n, p), v in zip(named.items(), parts, strict=True)}
        return loss_fn(functional_call(model, weights, data.train_inputs), data.train_targets)

    with torch.no_grad():
        before = loss_at(start)
        after = [torch.vmap(loss_at)(start - lr * gradients).mean() for lr in lrs]
    return (before - min(after)).item()


# %%
shares, scales = [[] for _ in probe_sizes], []
for seed in range(by_size(tiny=2, cpu=5, gpu=12)):
    start, draw_rng = network_after(by_size(tiny=30, cpu=100), seed), torch.Generator()
    pair = (data.train_inputs, data.train_targets)
    weighted = hessian_noise_scale(
        start,
        loss_fn,
        pair,
        num_probes=num_probes,
        num_eigenvectors=5,
        target="training set",
        rng=draw_rng,
    )
    scales.append(weighted.value)
    grads = per_example_gradients(start, loss_fn, *pair)
    full_grad = grads.mean(dim=0, keepdim=True)
    largest_lr = full_grad.square().sum().item() / weighted.grad_curvature
    factors = [2.0 ** (k / 2) for k in range(-3, 4)]
    best = progress_of_steps(start, [f * largest_lr for f in factors], full_grad)
    for at_b, B in zip(shares, probe_sizes, strict=True):
        draws = draw_batches(len(grads), B, num_tries, replacement=True, generator=draw_rng)
        gradients = torch.stack([grads[d].mean(dim=0) for d in draws.to(grads.device)])
        lr = largest_lr / (1 + weighted.value / B)
        at_b.append(progress_of_steps(start, [f * lr for f in factors], gradients) / best)

# %%
title = f"One step of SGD from {len(scales)} networks, each B at its best learning rate"
show(figures.progress_plot(probe_sizes, shares, sum(scales) / len(scales), title=title))

# %% [markdown]
# **What the figure says.** The progress of one step rises with B as 1/(1 + B_noise/B) does, and a batch of
# B_noise examples makes about half of the best progress. Small batches may lie a little above the
# curve: the best of seven rates is chosen on the same draws that are shown, which flatters them.
# **Change, predict, run**: half of `num_tries`. Do the points move up or down?
#
# **Caveat.** The theory is for a quadratic loss and one step. From one step to a whole run it takes a
# leap, since B_noise changes along the way: B_crit is an average over the run, fitted to runs. Three
# scales, then, that are easily mixed up:
#
# | | belongs to | measured from |
# |---|---|---|
# | noise scale tr(Σ)/\|G\|² | one point of a run | gradients at two batch sizes |
# | $B_{\text{noise}}$ = tr(HΣ)/GᵀHG | one point of a run | gradients and curvature; equal to the noise scale where H is a multiple of the identity |
# | $B_{\text{crit}} = E_{\min}/S_{\min}$ | whole runs to one target | runs at two or more batch sizes |
#
# ## 5.7 The trade-off, measured
# Now whole runs. Pick a target loss. At each batch size tune the learning rate, and note when the
# target is reached.
#
# ### Exercise 5 (2 points, 10 minutes): when is the target reached?
# The loss was evaluated at some steps. Between two neighbouring evaluations draw a straight line. The
# curve may also rise on its way. Return the step at which it **first** comes down to the target. If the
# first evaluation is already at or below it, return that evaluation's step. If the run never reaches
# the target, return nan.
#
# <details><summary>Hint 1 (click to open)</summary>Find the first evaluation at or below the target. The crossing lies between it and the one before.</details>
# <details><summary>Hint 2 (click to open)</summary>How far has the loss come on its way from the upper to the lower of the two? The steps have come as far.</details>
# <details><summary>Hint 3 (click to open)</summary>Two cases stand apart: reached at once, and never reached.</details>


# %% solution="u05_steps_to_target"
def steps_to_target(steps, losses, target):
    """Step at which the loss first comes down to the target, one number; nan if it never does.

    steps: list of increasing whole numbers, two or more; losses: list of as many losses;
    target: the loss to reach. A loss at or below it has reached it.
    """
    ### BEGIN SOLUTION
    for i, loss in enumerate(losses):
        if loss > target:
            continue
        if i == 0:
            return steps[0]
        way = (losses[i - 1] - target) / (losses[i - 1] - loss)
        return (1 - way) * steps[i - 1] + way * steps[i]
    return float("nan")
    ### END SOLUTION


# %% check="u05_steps_to_target"
check("u05_steps_to_target", steps_to_target)

# %% [markdown]
# ### Exercise 6 (2 points, 10 minutes): the critical batch size
# You know the steps to one target loss at two or more batch sizes. They follow the law of 5.6 exactly
# (no noise). Multiplied out, with $E_{\min} = S_{\min} B_{\text{crit}}$, it reads
# $S = S_{\min} + E_{\min}/B$. Return $B_{\text{crit}} = E_{\min} / S_{\min}$. For example, 200 steps
# at B = 32 and 150 at B = 64 give $S_{\min} = 100$, $E_{\min} = 3200$ and $B_{\text{crit}} = 32$.
#
# <details><summary>Hint 1 (click to open)</summary>In which quantity is S a straight line? Two points give its slope and its intercept.</details>
# <details><summary>Hint 2 (click to open)</summary>S_min is the intercept, E_min the slope. Neither is the smallest value in the list.</details>
# <details><summary>Hint 3 (click to open)</summary><code>numpy.polyfit(x, y, 1)</code> fits a line, if you like that better than solving for it.</details>


# %% solution="u05_critical_batch"
def critical_batch(batch_sizes, steps):
    """B_crit = E_min/S_min, one number, from steps that lie exactly on S = S_min + E_min/B.

    batch_sizes: list of two or more distinct whole numbers, ascending; steps: list of as many.
    """
    ### BEGIN SOLUTION
    inverse = [1 / b for b in (batch_sizes[0], batch_sizes[-1])]
    slope = (steps[0] - steps[-1]) / (inverse[0] - inverse[1])
    return slope / (steps[0] - slope * inverse[0])
    ### END SOLUTION


# %% check="u05_critical_batch"
check("u05_critical_batch", critical_batch)

# %% [markdown]
# **Change, predict, run**: `critical_batch([10, 20], [50, 50])`, steps that do not fall. What comes out,
# and what does it say?
#
# The experiment: each batch size gets its own learning rate, chosen for each seed by the *other* seeds,
# so that no run is judged by the luck that chose it. The grid must hold the best one inside.

# %%
target, num_seeds = by_size(tiny=2.1, cpu=1.2), by_size(tiny=3, cpu=4, gpu=12)
grids = by_size(
    tiny={8: [0.1, 0.2], 32: [0.1, 0.2], 128: [0.1, 0.2]},
    cpu={16: [0.125, 0.25, 0.5], 64: [0.35, 0.7, 1.4], 256: [0.7, 1.4, 2.8]},
)
lengths = by_size(tiny={8: 150, 32: 100, 128: 80}, cpu={16: 800, 64: 300, 256: 200})
runs = run_to_target(
    (40, 64, 64, 10), full, targets=(target,), seeds=range(num_seeds), lrs=grids, num_steps=lengths
)[target]
print("   B   best lr  inside its grid  steps to the target")
for i, B in enumerate(runs.batch_sizes):
    mean, half = t_interval(runs.steps[:, i])
    print(f"{B:4d}  {runs.best_lrs[i]:8g}  {runs.interior[i]!s:>15s}  {mean:.0f} ± {half:.0f}")
use_critical_batch = mine_or_library("u05_critical_batch", critical_batch)
mean_steps = [float(s) for s in runs.steps.mean(axis=0)]
two = [runs.batch_sizes[0], runs.batch_sizes[-1]]
print(
    f"B_crit by your formula, from the two ends: "
    f"{float(use_critical_batch(two, [mean_steps[0], mean_steps[-1]])):.0f}"
)
print(
    f"B_crit fitted to all batch sizes:          "
    f"{fit_critical_batch(runs.batch_sizes, runs.steps).value:.0f}"
)

# %%
of_c1 = ledger["C1"]["cpu"]["values"]
ledger_sizes = (16, 32, 64, 128, 256, 512)
show(
    figures.trade_off_plot(
        ledger_sizes,
        [of_c1[f"steps_{B}"] for B in ledger_sizes],
        min_steps=of_c1["min_steps"][0],
        critical_batch=of_c1["fitted"][0],
        title=f"MNIST-1D to training loss 1.2, lr tuned at each B: {len(of_c1['steps_16'])} seeds",
        own=(runs.batch_sizes, runs.steps.T),
    )
)

# %% [markdown]
# **What the figure says.** The law fits the ledger's runs to {{C1.misfit}} %. B_crit is {{C1.b_crit}} examples ({{C1.knee_over_smallest.seeds}}
# seeds; the figure names the fit itself, {{C1.fitted}}, of which this mean over seeds lies a little above. The
# interval holds the choice of each learning rate, made anew in every resample of the seeds). At B_crit the
# measured examples are {{C1.knee_over_min}} times the fitted least: twice, as the law says. At B = 512
# the points lie a little above the line: the law is a good summary. On digits, a second data set, to a
# loss of 0.05, B_crit is {{C1.digits_b_crit}}; the examples there are {{C1.digits_knee_over_smallest}} times those at B = 16,
# and at B = 512 {{C1.digits_largest_over_knee}} times those at B_crit.
#
# **Caveat.** Is it this law? Of six curves fitted to the ledger's points from a GPU it misses a batch size that was
# left out by {{C1.gpu.left_out_law}} %, with a knee of free sharpness by {{C1.gpu.left_out_rounded}} %, a power of B
# by {{C1.gpu.left_out_power}} %. B_crit belongs to a target: for a lower loss it is larger. In the ledger, measured at three
# batch sizes only, on a GPU, over {{C2.gpu.b_crit_15.seeds}} seeds: {{C2.gpu.b_crit_15}} at loss 1.5,
# {{C2.gpu.b_crit_12}} at 1.2, {{C2.gpu.b_crit_09}} at 0.9. It says nothing about test accuracy. And
# without a tuned learning rate at each B you would measure your learning-rate rule instead.

# %% [markdown]
# ## 5.8 What does it cost?
# Three prices: steps, examples, seconds. A step can't be shorter than some least time (launching
# kernels, waiting for memory, exchanging gradients). Once the batch fills the hardware, its time grows
# with B:
#
# $$ t(B) = \max\Bigl(t_{\min},\; \frac{B}{\text{examples per second}}\Bigr) , \qquad
#    T(B) = S(B)\, t(B) . $$
#
# ### Exercise 7 (2 points, 8 minutes): steps, examples, seconds
# Return the list of three: S(B), E(B), and T(B) in seconds. Don't round.
#
# <details><summary>Hint 1 (click to open)</summary>Steps first, by the law of section 5.6. The examples are B times as many.</details>
# <details><summary>Hint 2 (click to open)</summary>One step takes the longer of its two times.</details>
# <details><summary>Hint 3 (click to open)</summary>The whole run takes one step's time, as often as there are steps.</details>


# %% solution="u05_costs"
def costs(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """[steps, examples, seconds] to the target at batch size B, not rounded.

    min_steps: S_min; critical_batch: B_crit, examples; examples_per_second: throughput when the
    hardware is full; min_step_seconds: t_min, what a step takes at least.
    """
    ### BEGIN SOLUTION
    steps = min_steps + min_steps * critical_batch / batch_size
    step_seconds = max(batch_size / examples_per_second, min_step_seconds)
    return [steps, steps * batch_size, steps * step_seconds]
    ### END SOLUTION


# %% check="u05_costs"
check("u05_costs", costs)

# %%
use_costs = mine_or_library("u05_costs", costs)
speed = 20_000  # examples a second
print(f"S_min = 10,000 steps, B_crit = 400; hardware: {speed:,} examples/s, 0.05 s a step at least")
print("    B    steps     examples    hours")
for B in (64, 250, 1000, 2000, 4000, 16000):
    S, E, T = (float(x) for x in use_costs(B, 1e4, 400, speed, 0.05))
    print(f"{B:5d} {S:8,.0f} {E:12,.0f} {T / 3600:8.2f}")

# %% [markdown]
# Read the last column from above: hours fall while the hardware waits. Here it is full at B = 1,000
# (20,000 examples/s times 0.05 s), whatever B_crit is. Beyond that a larger batch takes *longer*,
# because only the examples count. On one device the fastest
# batch is the one that just fills it. **Change, predict, run**: hardware of twice the throughput. Which
# batch is fastest now? Then move the three numbers yourself:

# %%
trade_off(critical_batch=128, full_batch=1024)

# %% [markdown]
# ## 5.9 Sixteen more GPUs
# Back to the question. With more GPUs at the same local batch a step takes as long as before, or a
# little longer. Here **efficiency** e means the old time of a step over the new one: after, a step
# takes 1/e of what it took. The batch grows with the GPUs.
#
# ### Exercise 8 (2 points, 10 minutes): the speed-up and its price
# Return the list of two: the **speed-up** (time to the target before, over after), and the **cost
# ratio** (GPU-hours to the target after, over before). The batch is the number of GPUs times the local
# batch; after, there are `num_gpus + extra_gpus` (the extra ones need not be as many as the first).
#
# <details><summary>Hint 1 (click to open)</summary>Steps before and after: the law S(B), with B the whole batch. S_min drops out of the ratio.</details>
# <details><summary>Hint 2 (click to open)</summary>Time is steps times the time of a step. Before, take the step's time as one; after, it is one over e.</details>
# <details><summary>Hint 3 (click to open)</summary>GPU-hours are time times the number of GPUs that are held.</details>


# %% solution="u05_doubling"
def doubling(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """[speed-up, cost ratio] of adding extra_gpus to num_gpus at the same local batch.

    local_batch: examples of each GPU in a step; critical_batch: B_crit, examples;
    efficiency: time of a step before over its time after, 0 < e <= 1.
    """
    ### BEGIN SOLUTION
    steps = [
        1 + critical_batch / (gpus * local_batch) for gpus in (num_gpus, num_gpus + extra_gpus)
    ]
    time_ratio = steps[1] / steps[0] / efficiency
    return [1 / time_ratio, time_ratio * (num_gpus + extra_gpus) / num_gpus]
    ### END SOLUTION


# %% check="u05_doubling"
check("u05_doubling", doubling)

# %%
use_doubling = mine_or_library("u05_doubling", doubling)
print("16 GPUs x 128 = 2,048 examples; 16 more GPUs: 4,096. Steps take 5 % longer (e = 0.95).")
print("   B_crit   speed-up   GPU-hours")
for critical in (100, 500, 2048, 8192, 32768):
    speedup, cost = (float(x) for x in use_doubling(16, 16, 128, critical, 0.95))
    print(f"{critical:9,d} {speedup:9.2f}x {cost:10.2f}x")
ratios = [2 ** (k / 4) for k in range(-16, 17)]
both = [use_doubling(16, 16, 128, 2048 * ratio, 1.0) for ratio in ratios]
show(
    figures.doubling_plot(
        ratios,
        [float(s) for s, _ in both],
        [float(c) for _, c in both],
        title="Twice the GPUs, twice the batch: what you gain, what you pay (e = 1)",
    )
)

# %% [markdown]
# **So: double the batch?** It depends on one number, B_crit, and you can now measure it.
#
# With e = 0.95:
#
# - B_crit of 500 or less: no. At 500 the run is 1.05 times as fast for 1.9 times the GPU-hours, at 100
#   even slower than before. Use the GPUs for a second seed or a learning-rate sweep.
# - B_crit near 2,048: about 1.3 times as fast for 1.6 times the GPU-hours. A deadline may be worth it.
# - B_crit of 8,000 or more: yes. About 1.6 times as fast or more, for 1.3 times the GPU-hours or fewer.
#
# **Change, predict, run**: e = 0.6 at B_crit = 8,192. Is it still a yes?
#
# Whichever it is: re-tune the learning rate (unit 02). And if you can measure only the noise scale,
# measure it late in training: at the start it is smallest. Or keep B = 2,048 and give each GPU 64
# examples. The run takes as many steps as before, and each step is shorter as long as 64 examples
# still fill a GPU.
#
# ## 5.10 Myth lab
# **"Large batches converge in fewer epochs."** Someone compares batch sizes like this:
#
# ```python
# for batch_size in (16, 128, 1024):
#     train(model_for(batch_size), epochs=10)      # "the same training for all"
# ```
#
# Equal epochs are equal examples, not equal steps: at B = 1024 the model gets 64 times fewer steps than
# at B = 16. Look at the right question, epochs *to a loss*, with your own runs and the ledger:

# %%
for i, B in enumerate(runs.batch_sizes):
    mean, half = t_interval(runs.examples[:, i] / len(full.train_inputs))
    print(f"your runs, B = {B:4d}: {mean:.1f} ± {half:.1f} epochs to loss {target}")
of_c5 = ledger["C5"]["cpu"]["values"]
for B in (16, 128, 1024):
    mean, half = t_interval(of_c5[f"epochs_{B}"])
    print(f"ledger,    B = {B:4d}: {mean:.1f} ± {half:.1f} epochs to loss 1.2")

# %% [markdown]
# In the ledger, from B = 16 to B = 1024, the epochs grow {{C5.epochs_ratio}} times, while the steps fall
# {{C5.steps_ratio}} times.
#
# **"tr(Σ)/|G|² is the largest useful batch size."** Take it where a run meets a loss, and compare it
# with the B_crit of runs to that loss, in the ledger: {{C2.ratio_15}} times at loss 1.5, {{C2.ratio_09}} times at 0.9.
# The right order of size, and not the knee. A part of the gap is curvature: after 200 steps
# tr(HΣ)/GᵀHG is only {{C4.ratio_200}} of tr(Σ)/|G|². On a problem whose Hessian is a multiple of the
# identity the two agree ({{C4.ratio_round}}).
#
# **"A language model has one fixed critical batch size."** It can be measured directly, by *branching*
# (Merrill et al. 2025): leave a run at some age, go on from there at several batch sizes for equally many
# examples, each at its own best rate, and see from which batch on the loss lags. The ledger did so on a
# GPU, with a character transformer, Adam, and text without end, at four ages. An example is a window of 32
# characters. **Predict first**: does the batch that just keeps up grow, fall or stay? And the
# noise scale beside it?

# %%
c8 = ledger["C8"]["gpu"]["values"]
ages = {"1": 2048, "2": 8192, "3": 32768, "4": 131072}  # windows read before
ways = {"branch": "branches: loss lags by 0.01", "simple": "tr Σ/|G|²", "fit": "fit to whole runs"}
along = {
    name: {
        age: c8[f"{way}_{i}"]
        for i, age in ages.items()
        if math.isfinite(sum(c8.get(f"{way}_{i}", [math.nan])))
    }
    for way, name in ways.items()
}
title = "Critical batch along a run: character transformer, ledger, 8 seeds, GPU"
bounds = {ways["branch"]: [age for i, age in ages.items() if c8[f"branch_low_{i}"][0] > 0]}
show(figures.ages_plot(along, title=title, unit="windows", bounds=bounds))

# %% [markdown]
# In the ledger it grows from {{C8.gpu.branch_1}} windows to {{C8.gpu.branch_4}}; the first two are upper bounds, since
# there already the second batch lagged. The noise scale grows from {{C8.gpu.simple_1}} to {{C8.gpu.simple_4}} and tells the
# direction, not the size. A fit of B_crit to whole runs gives {{C8.gpu.fit_2}} to the loss of the second age and
# {{C8.gpu.fit_3}} to that of the third: it grows too, and more slowly, since a whole run holds all of its
# earlier ages. (The figure shows geometric means, so its numbers are a little lower.) Since loss falls ever
# more slowly, a fixed lag is ever easier to keep; but with a tenth of what the small batch gains in its place
# it grows too, {{C8.gpu.share_growth}} times or more (from a bound): the sentence **fails** here. What is said of the first age
# rests on few steps: eight at B = 256.
#
# The numbers are the ledger's.
#
# | claim | verdict | because |
# |---|---|---|
# | C1: total compute (examples) is least near B_crit | **fails** | they rise from the smallest batch on: {{C1.knee_over_smallest}} times as many at B_crit as at B = 16 |
# | C2: the noise scale is the largest useful batch | **depends**, contested | {{C2.ratio_15}} times B_crit here at loss 1.5, {{C2.ratio_09}} at 0.9; in published runs of language models far below B_crit |
# | C13: the smaller the batch, the fewer examples | **depends** on the rate | with its own rate B = 1 takes about as many as 16 ({{C13.tuned_1}} times), not fewer; with the rate of B = 16 none of the runs arrives |
# | C11: in the norm of Adam's own steps the noise scale tells its critical batch | **depends** on the loss (GPU) | {{C11.gpu.sign_ratio_15}} times B_crit at loss 1.5, {{C11.gpu.sign_ratio_09}} at 0.9; the usual one {{C11.gpu.euclid_ratio_15}} and {{C11.gpu.euclid_ratio_09}} |
# | C8: a language model has one fixed critical batch | **fails** (GPU): it grows along a run | {{C8.gpu.branch_1}} windows at the first age, {{C8.gpu.branch_4}} at the last |
# | C3: the noise scale grows during training | **holds** | {{C3.growth}} times: first \|G\|² falls, then tr(Σ) rises |
# | C4: tr(Σ)/\|G\|² is the scale of the theorem | **depends** on the Hessian | {{C4.ratio_200}} of it in a network, equal where H is a multiple of the identity |
# | C5: large batches converge in fewer epochs | **fails** | about ten times as many at B = 1024 as at 16 |
# | B1: the mean over steps of tr(Σ)/\|G\|² gives the noise scale | **fails** on a GPU; open here | it does not settle |
#
# All were measured on one small network and one data set, with plain SGD. The size of B_crit is a
# property of the task; the shape of the trade-off is what carries over. Why does C3 hold? Until about step
# 50 because the signal falls; after that because gradients get noisier while the signal stands still. That
# the noise of one example ends where it began ({{C3.noise_change}} times) hides a fall and a rise. The
# letters are the claims' names in the ledger.
#
# Measure them again yourself: `python3 -m coursekit claims C1 C2 C3 C4 C5 C13 B1`.

# %% [markdown]
# ## 5.11 On a GPU
# The cells above find a GPU by themselves and take more networks, draws and seeds.
#
# <details><summary>The ledger's GPU numbers (click to open)</summary>
#
# We measured the claims on one {{C1.gpu.device}}: with {{C1.gpu.steps_16.seeds}} seeds B_crit is {{C1.gpu.b_crit}}, the
# law fits to {{C1.gpu.misfit}} %, and the examples at B_crit are {{C1.gpu.knee_over_min}} times their
# least. From B = 16 to 1024 the epochs grow {{C5.gpu.epochs_ratio}} times. Over
# {{C3.gpu.growth.seeds}} seeds the noise scale grows {{C3.gpu.growth}} times in the MLP and
# {{C3.gpu.conv_growth}} times in a small convolutional network. tr(HΣ)/GᵀHG is {{C4.gpu.ratio_200}} of
# tr(Σ)/|G|² after 200 steps.
#
# Every verdict is the same as on the CPU, but for B1, where the CPU's networks are too few to tell.
# With eight seeds on the CPU B_crit is {{C1.b_crit}}. In the convolutional network the
# noise of one example falls too, to {{C3.gpu.conv_noise_change}} of what it was; the noise scale grows
# all the same, since the signal falls more. After 800 steps tr(HΣ)/GᵀHG is {{C4.gpu.ratio_800}} of
# tr(Σ)/|G|², on the CPU {{C4.ratio_800}}.
#
# </details>
#
# Repeat them with `python3 -m coursekit claims C1 C3 C4 C5` on a machine with a GPU. You ran on:

# %%
print(device_name(), "|", num_networks, "networks,", num_draws, "draws,", num_seeds, "seeds")

# %% [markdown]
# ## Interview corner
# **"16 GPUs at local batch 128. We can have 16 more. Double the batch?"**
# 1. *Direct answer*: "It depends on the critical batch size against 2,048. I would measure it first."
# 2. *Mechanism*: "Steps fall as 1 + B_crit/B. Below B_crit doubling nearly halves them, above it hardly
#    saves any, and the examples double."
# 3. *Evidence*: "In a small network B_crit was {{C1.b_crit}}, and B = 512 cost
#    {{C1.largest_over_knee}} times the examples of B_crit." (the ledger's)
# 4. *Practice*: "Log signal and noise from the micro-batches we have anyway, late in training. Then run
#    two batch sizes with tuned learning rates to one target loss. If we are at B_crit now, the offer
#    buys 1.33 times the speed at most, for 1.5 times the GPU-hours at least."
#
# *A weak answer*: "yes, with linear learning-rate scaling", with no word on where returns end.
#
# *Follow-up*: "You can't measure. What is your guess?" (The noise scale grows during training: start
# small, grow the batch.)
#
# **"How do you measure the gradient noise scale in a training run?"**
# 1. *Direct answer*: "From squared gradient lengths at two batch sizes, at the same weights."
# 2. *Mechanism*: "E|g_B|² = |G|² + tr(Σ)/B: two equations, two unknowns."
# 3. *Evidence*: "All eight micro-batches instead of the last cut the variance of tr(Σ)
#    {{B1.variance_ratio}} times." (the ledger's)
# 4. *Practice*: "Average both over steps, debias, divide last; nan where the signal is not resolved."
#
# *A weak answer*: "log the ratio at each step and smooth it": it does not settle.

# %% [markdown]
# **"Does a larger batch need fewer epochs?"**
# 1. *Direct answer*: "No, more: epochs to a loss rise as 1 + B/B_crit."
# 2. *Mechanism*: "Beyond B_crit a step gains little, but each still costs B examples."
# 3. *Evidence*: "{{C5.epochs_16}} epochs at B = 16, {{C5.epochs_1024}} at 1024." (the ledger's)
# 4. *Practice*: "I compare at one target loss, and report steps, examples and time apart."
#
# *A weak answer*: one that compares accuracies at equal epochs.

# %%
interview_corner("05_noise_scale")

# %% [markdown]
# ## Recap
# - E|g_B|² = |G|² + tr(Σ)/B: two lengths give signal and noise.
# - Average signal and noise apart, over all micro-batches, and divide last. Keep a signal below zero.
# - S = S_min (1 + B_crit/B), E = E_min (1 + B/B_crit): at B_crit both are twice their least.
# - Examples, the compute, are fewest at the smallest batch, while time may not be least there. B_crit
#   is the knee of a bargain: examples for steps.
# - The noise scale grows during training, and only hints at B_crit; runs to a target measure it.
#
# To read: McCandlish et al. 2018, *An empirical model of large-batch training* (arXiv:1812.06162),
# sections 2 and 3; Shallue et al. 2019 (arXiv:1811.03600), sections 4 and 5.

# %%
compare_predictions(
    "05_noise_scale",
    {
        "epochs": ("Epochs to a loss, B = 16 to 1024", "about ten times as many", "section 5.10"),
        "growth": ("tr(Σ)/|G|² during training", "grows", "section 5.5"),
        "knee": (
            "Twice the GPUs at B_crit",
            f"{float(use_doubling(1, 1, 1, 1.0, 1.0)[0]):.2f} times",
            "section 5.9",
        ),
        "average": ("The mean of ratios", "does not settle", "section 5.3"),
    },
)
