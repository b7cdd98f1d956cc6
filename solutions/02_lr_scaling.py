# %% [markdown]
# # 02 · A larger batch: and the learning rate?
#
# | | |
# |---|---|
# | **Question** | When the batch grows k times, what should the learning rate do? |
# | **Difficulty** | medium |
# | **Importance** | the most asked interview question of this course, and most answers to it are half right |
# | **Your time** | part a (2.1 to 2.6) 80 minutes, part b (2.7 to the end) 90 |
# | **Run time** | about a minute on two CPU cores |
# | **You need** | units 00 and 01: steps, epochs, the variance tr(Σ)/B of a batch's gradient; that Adam divides a gradient by a running mean of its size |

# %% prelude
import math

import numpy as np
import torch

from coursekit.claims import load_ledger
from coursekit.data import load
from coursekit.device import by_size, device_name
from coursekit.explorers.lr_frontier import lr_frontier
from coursekit.intervals import t_interval
from coursekit.interview.widget import interview_corner
from coursekit.notebook import (
    check,
    compare_predictions,
    mine_or_library,
    predict,
    predict_number,
    show,
)
from coursekit.plots.scaling import (
    frontier_plot,
    rules_plot,
    sweep_plot,
    trajectories_plot,
    windows_plot,
)
from coursekit.replicas import run_grid

# %% [markdown]
# ## 2.1 Predict first

# %%
predict(
    "02_lr_scaling",
    "sgd",
    "Plain SGD, a small learning rate. The batch grows from 16 to 256. To end an equal number of "
    "epochs at the same training loss, the learning rate must ...",
    ["shrink 16 times", "stay", "grow 4 times", "grow 16 times"],
)

# %%
predict(
    "02_lr_scaling",
    "adam",
    "The same with Adam: to end at the same loss (which need not be the best one), the learning "
    "rate must ...",
    ["shrink", "stay", "grow, but less than for SGD", "grow as much as for SGD"],
)

# %%
predict(
    "02_lr_scaling",
    "full",
    "SGD again. The largest learning rate that still trains: at B = 16, and with the full batch?",
    ["larger at B = 16", "the same", "larger with the full batch"],
)

# %%
predict_number(
    "02_lr_scaling",
    "root",
    "Adam again. By which factor does the learning rate have to grow from B = 16 to 256, if the run "
    "shall stay on its track?",
    of="times",
)

# %% [markdown]
# ## 2.2 Three rules
# Someone tuned the learning rate (rate, for short) at one batch size, $B_0$. You want to train at
# another, $B$. Write $k = B / B_0$. Three rules are in use:
#
# | rule | in code | learning rate at B | what it keeps |
# |---|---|---|---|
# | **linear** | `"linear"` | k times the old one | lr / B |
# | **root** | `"sqrt"` | √k times the old one | lr² / B |
# | **none** | `"none"` | the old one | lr |
#
# k need not be a whole number, and it can be below one: then the batch shrinks, and so does the rate.
#
# ### Exercise 1 (2 points, 4 minutes): the three rules
#
# <details><summary>Hint 1 (click to open)</summary>First compute k, with a plain division.</details>
# <details><summary>Hint 2 (click to open)</summary>Each rule multiplies the old rate by a power of k.</details>
# <details><summary>Hint 3 (click to open)</summary>The powers are one, one half and zero.</details>


# %% solution="u02_scaled_lr"
def scaled_lr(base_lr, base_batch_size, batch_size, rule):
    """Learning rate at batch_size, one number.

    base_lr: tuned at base_batch_size; rule: "linear", "sqrt" or "none".
    """
    ### BEGIN SOLUTION
    k = batch_size / base_batch_size
    return base_lr * {"linear": k, "sqrt": math.sqrt(k), "none": 1.0}[rule]
    ### END SOLUTION


# %% check="u02_scaled_lr"
check("u02_scaled_lr", scaled_lr)

# %% [markdown]
# *Change this, predict, run:* `batch_size` = 8 with `base_batch_size` = 32 in a cell of your own. Which rule moves the rate most?
#
# ## 2.3 Why linear: follow one epoch
# Let lr be so small that the gradient G hardly changes during an epoch. One step of SGD moves by
# −lr · g, where g is the batch's gradient: G on average, with variance tr(Σ)/B (unit 01). An epoch
# has N/B such steps, with independent errors. Add them up:
#
# - **distance** along G: steps times the mean step, that is the number of steps × lr × |G|;
# - **scatter** (or spread) around it, told by its variance: variances add, and each is that of one step.
#
# Work out how both depend on lr and B. The exercise asks for the two numbers.
#
# ### Exercise 2 (2 points, 8 minutes): distance and scatter of an epoch
# Draws are with replacement and N is a multiple of B. Return the **distance** (a length: positive,
# although a step goes against G) and the **variance** $E\,|\text{move} - \text{mean move}|^2$ of the
# whole epoch's move.
#
# <details><summary>Hint 1 (click to open)</summary>How many steps has an epoch?</details>
# <details><summary>Hint 2 (click to open)</summary>The variance of one gradient is tr(Σ)/B. What does a factor lr in front do to a variance?</details>
# <details><summary>Hint 3 (click to open)</summary>Variances of independent steps add: multiply that of one step by the number of steps.</details>


# %% solution="u02_drift"
def drift_and_spread(lr, batch_size, num_examples, grad_norm, tr_cov):
    """Distance and variance of one epoch's move: list, tuple or tensor of two, in this order.

    lr: learning rate; batch_size: B; num_examples: N, a multiple of B; grad_norm: |G|;
    tr_cov: tr(Sigma) of one example.
    """
    ### BEGIN SOLUTION
    steps = num_examples / batch_size
    distance = steps * lr * grad_norm
    variance = steps * lr**2 * tr_cov / batch_size
    return [distance, variance]
    ### END SOLUTION


# %% check="u02_drift"
check("u02_drift", drift_and_spread)

# %% [markdown]
# *Change this, predict, run:* from B = 16 to 64 without scaling, what happens to the variance?
#
# Check the formulas: we simulate thousands of epochs with a constant gradient and Gaussian noise, at
# B = 16 and, under each rule, at B = 64.

# %%
use_drift = mine_or_library("u02_drift", drift_and_spread)
use_scaled_lr = mine_or_library("u02_scaled_lr", scaled_lr)
N, grad_norm, trace = 256, 2.0, 40.0
generator = torch.Generator().manual_seed(0)


def simulate(lr, B):
    """Mean and variance of the move of one epoch, along one direction that holds all the noise."""
    num_epochs = by_size(tiny=500, cpu=20_000)
    noise = torch.randn(num_epochs, N // B, generator=generator, dtype=torch.float64)
    moves = (lr * (grad_norm + math.sqrt(trace / B) * noise)).sum(dim=1)
    return moves.mean().item(), moves.var().item()


print("rule     B   lr      distance: formula, simulated   variance: formula, simulated")
for rule, B in (("base", 16), ("linear", 64), ("sqrt", 64), ("none", 64)):
    lr = 0.01 if rule == "base" else float(use_scaled_lr(0.01, 16, B, rule))
    distance, variance = (float(x) for x in use_drift(lr, B, N, grad_norm, trace))
    mean, spread = simulate(lr, B)
    print(f"{rule:7s} {B:3d}  {lr:.3f} {distance:18.3f} {mean:10.3f}", end="")
    print(f" {variance:19.5f} {spread:10.5f}")

# %% [markdown]
# Only the linear rule has the same distance **and** the same scatter as the base. In symbols:
#
# $$ \text{distance} = \frac NB \cdot \eta\,|G| = N |G| \cdot \frac{\eta}{B}, \qquad
# \text{variance} = \frac NB \cdot \eta^2 \frac{\mathrm{tr}\,\Sigma}{B}
# = N \, \mathrm{tr}\,\Sigma \cdot \Big(\frac{\eta}{B}\Big)^2 $$
#
# (η is lr). Both depend on η and B through **η/B** alone. That is the whole linear rule. Mind what it
# assumed: η so small that G hardly changes while k small steps are replaced by one large step.
#
# ### The temperature of SGD
# Variance over distance is η/B times tr(Σ)/|G|. The second factor belongs to the task. Keep the first,
# times N so that data sets compare: **noise temperature** $T = \eta N / B$. Momentum enters too. With
# $v \leftarrow m v + g$, $\theta \leftarrow \theta - \eta v$ a gradient pushes once with η, then with
# ηm, ηm², and so on without end. As long as things change slowly, SGD with momentum m acts like plain
# SGD with a learning rate that is the **sum of all these pushes**. With S for the sum of
# the powers,
#
# $$ T = \eta\, S \cdot \frac{N}{B}, \qquad S = 1 + m + m^2 + m^3 + \dots $$
#
# ### Exercise 3 (2 points, 6 minutes): the noise temperature
#
# <details><summary>Hint 1 (click to open)</summary>What does 1 + m + m² + ... add up to? Call it S, and look at mS.</details>
# <details><summary>Hint 2 (click to open)</summary>Use plain division: N/B need not be whole.</details>
# <details><summary>Hint 3 (click to open)</summary>Without momentum, m = 0, nothing but ηN/B may be left.</details>


# %% solution="u02_temperature"
def noise_temperature(lr, num_examples, batch_size, momentum):
    """Noise temperature T of the line above, one number. m: momentum, 0 <= momentum < 1."""
    ### BEGIN SOLUTION
    effective_lr = lr / (1 - momentum)
    return effective_lr * num_examples / batch_size
    ### END SOLUTION


# %% check="u02_temperature"
check("u02_temperature", noise_temperature)

# %% [markdown]
# *Change this, predict, run:* momentum 0.9 becomes 0.99. How many times hotter?
#
# So $T = \frac{\eta}{1 - m} \cdot \frac NB$. Is it a temperature? Let SGD wander in a quadratic valley
# $\tfrac12 \lambda \theta^2$ with noisy gradients. After a while its spread settles. Equal T should give
# equal spread, whatever lr, B and m.

# %%
use_temperature = mine_or_library("u02_temperature", noise_temperature)
curvature, chains = 0.1, by_size(tiny=200, cpu=20_000)
print("  lr     m     B       T   settled variance")
for lr, momentum, B in ((0.2, 0.0, 16), (0.8, 0.0, 64), (0.02, 0.9, 16), (0.2, 0.0, 64)):
    theta, velocity = torch.zeros(chains), torch.zeros(chains)
    for _ in range(by_size(tiny=100, cpu=600)):
        noise = torch.randn(chains, generator=generator) / math.sqrt(B)
        velocity = momentum * velocity + curvature * theta + noise
        theta = theta - lr * velocity
    T = float(use_temperature(lr, N, B, momentum))
    print(f"{lr:5.2f}  {momentum:4.1f}  {B:4d}  {T:6.2f}   {theta.var().item():.4f}")

# %% [markdown]
# The first three share T, and their spread, to a few percent; chance is one percent here. (At a larger
# lr one step is no longer small: without momentum the exact variance is $\eta / (B \lambda (2 - \eta
# \lambda))$, 3 % more for the second than for the first. The rule has an end. Section 2.7 finds it.)

# %% [markdown]
# ## 2.4 Three questions that sound like one
# "Does the linear rule work?" can mean three things. Most contradictory claims mix them up.
#
# 1. **Same trajectory**: do two runs go the same way, at equal numbers of *examples* seen?
# 2. **Best learning rate**: where is the optimum of each batch size?
# 3. **Equal epochs or equal steps**: with each at its best, which batch size ends lower, for the
#    same number of examples, or for the same number of updates?
#
# Exercise 4 asks the first, Exercise 5 the third. The second comes with Adam, at the end of 2.5.
#
# ### Exercise 4 (2 points, 8 minutes): same trajectory?
# Two curves of training losses, one-dimensional tensors. Entry 0 of each stands **after the first
# step**, entry 1 after the second, and so on. The large run has k times the batch of the small one.
# Return the **largest absolute difference** anywhere on the way, not only at the end: at each step of
# the large run compare with the small run when it has seen as many examples. The small run may go on
# for longer; ignore its rest.
#
# <details><summary>Hint 1 (click to open)</summary>After its first step the large run has seen kB examples. How many steps did the small run need for that?</details>
# <details><summary>Hint 2 (click to open)</summary>Mind the counting: the loss after k steps is entry k − 1.</details>
# <details><summary>Hint 3 (click to open)</summary>A slice <code>[start::k]</code> takes every k-th entry; cut it to the length of the large run.</details>


# %% solution="u02_trajectory"
def trajectory_gap(small, large, k):
    """Largest |difference| of two loss curves at equal examples seen, one number.

    small: (S,) losses after each step at batch B; large: (L,) losses after each step at batch k B;
    k: whole number >= 2, S >= k L.
    """
    ### BEGIN SOLUTION
    matched = small[k - 1 :: k][: len(large)]
    return (matched - large).abs().max()
    ### END SOLUTION


# %% check="u02_trajectory"
check("u02_trajectory", trajectory_gap)

# %% [markdown]
# *Change this, predict, run:* compare a curve with itself, k = 2. Is the gap zero?
#
# ### The experiment
# A small network on MNIST-1D, plain SGD at a constant, small rate: lr 1/64 at B = 16. Then B four and
# sixteen times larger under each rule. All runs take 30 epochs; runs of one seed start from the
# same weights and read the same examples in the same order. (The cell is machinery: run it, read what
# it prints, go on. You can come back for the code.)

# %%
mnist1d = load("mnist1d", num_train=by_size(tiny=256, cpu=2048))
seeds = range(by_size(tiny=2, cpu=4, gpu=32))
num_epochs = by_size(tiny=2, cpu=30)
B0, lr0, every = by_size(tiny=4, cpu=16), 1 / 64, by_size(tiny=4, cpu=30)
use_gap = mine_or_library("u02_trajectory", trajectory_gap)
RULES = ("linear", "sqrt", "none")


def trained(batch_size, lrs, **budget):
    """Train every seed at every learning rate; record the loss after every so many steps."""
    steps = budget.get("num_steps") or num_epochs * (len(mnist1d.train_inputs) // batch_size)
    return run_grid(
        (40, 64, 64, 10), mnist1d, seeds=seeds, batch_sizes=(batch_size,), lrs=lrs,
        num_records=steps // every, progress=False, **(budget or {"num_epochs": num_epochs}),
    ).at(batch_size=batch_size)  # fmt: skip


# %%
base = trained(B0, [lr0]).at(lr=lr0)
curves = {f"B = {B0}, lr 1/64": base.recorded["train_loss"]}
ends = {rule: {B0: base.train_loss} for rule in RULES}
for k in (4, 16):
    lr_of = {rule: float(use_scaled_lr(lr0, B0, k * B0, rule)) for rule in RULES}
    runs = trained(k * B0, sorted(lr_of.values()))
    for rule, lr in lr_of.items():
        losses = runs.at(lr=lr).recorded["train_loss"]
        gaps = [
            float(use_gap(torch.tensor(small), torch.tensor(large), k))
            for small, large in zip(base.recorded["train_loss"], losses, strict=True)
        ]
        mean, half = t_interval(gaps)
        print(f"k = {k:2d}, {rule:6s}: largest gap {mean:.2f} ± {half:.2f}")
        ends[rule][k * B0] = runs.at(lr=lr).train_loss
        if k == 4:
            curves[f"B = {k * B0}, rule: {rule}"] = losses

# %%
epochs_of = {
    name: num_epochs * np.arange(1, c.shape[1] + 1) / c.shape[1] for name, c in curves.items()
}
title = f"MNIST-1D, SGD, batch × 4: same trajectory? {len(seeds)} seeds"
show(trajectories_plot({name: (epochs_of[name], c) for name, c in curves.items()}, title=title))

# %% [markdown]
# **What the figure says.** Under the linear rule the large batch runs on the track of the small
# one. The root rule lags behind, no scaling lags more. The largest gaps, printed above, say the same:
# with the linear rule about a tenth of the root rule's or less, and all of them grow from k = 4 to 16.
# The ledger (the same runs, made beforehand with {{L1.sgd_base.seeds}} other seeds) ends at a loss of
# {{L1.sgd_base}} at B = 16, and at B = 256 at {{L1.sgd_linear_256}} (linear), {{L1.sgd_sqrt_256}} (root)
# and {{L1.sgd_none_256}} (no scaling).
#
# **Caveat.** "Same trajectory" does not mean good. At lr 1/64 all of these runs are far from
# finished. And at B = 1024 (lr 1) the ledger's linear rule ends at {{L1.sgd_linear_1024}}: the track is lost, far
# below the rate at which training breaks. What counts is lr against 2/λ_max, not B: from lr 1/256 the
# loss is {{L1.slow_base}} at B = 16 and {{L1.slow_linear_1024}} at 1024, where lr is 1/4 again. On a second
# data set, digits, the ledger has {{L1.digits_sgd_base}} at B = 16, {{L1.digits_sgd_linear_256}} at 256 (linear;
# root {{L1.digits_sgd_sqrt_256}}) and {{L1.digits_sgd_linear_1024}} at 1024: the same, and lr 1 misses by an
# eighth in place of a third.

# %% [markdown]
# ### Exercise 5 (2 points, 10 minutes): best against best
# Now each batch size may have its own rate. You get two tables of training losses, one row a rate, one
# column a step; column 0 stands after the first step. Both have equally many columns, and a step of
# the large batch reads k times as many examples. For each table pick the column where its budget ends:
#
# | budget | small batch | large batch |
# |---|---|---|
# | `"steps"` | last column | last column |
# | `"epochs"` | last column | where it has seen as many examples as the small batch at its end |
#
# The best rate of a table is the row that is lowest **in that column**. Return its loss for the large
# batch **minus** that for the small one.
#
# <details><summary>Hint 1 (click to open)</summary>How many steps may the large batch make at equal epochs?</details>
# <details><summary>Hint 2 (click to open)</summary>Only the large table ever gets another column than the last.</details>
# <details><summary>Hint 3 (click to open)</summary>After n steps you stand in column n − 1.</details>


# %% solution="u02_fair_gap"
def fair_gap(small, large, k, budget):
    """Loss of the large batch minus loss of the small one, one number; may be negative.

    small, large: (num_lrs, num_steps) losses after each step; k: whole number that divides
    num_steps; budget: "steps" or "epochs".
    """
    ### BEGIN SOLUTION
    steps = small.shape[1]
    allowed = {"steps": steps, "epochs": steps // k}[budget]
    return large[:, allowed - 1].min() - small[:, steps - 1].min()
    ### END SOLUTION


# %% check="u02_fair_gap"
check("u02_fair_gap", fair_gap)

# %% [markdown]
# *Change this, predict, run:* in the next cell k = 4 becomes 8 (B = 64 against 512). Which of the two gaps grows?

# %%
use_fair_gap = mine_or_library("u02_fair_gap", fair_gap)
small_B, k = by_size(tiny=16, cpu=64), 4
num_steps = by_size(tiny=16, cpu=960)
grid = [2.0**e for e in range(-3, 2)]
tables = {}
for B in (small_B, k * small_B):
    runs = trained(B, grid, num_steps=num_steps)
    tables[B] = torch.tensor(runs.recorded["train_loss"]).nan_to_num(10.0)  # diverged: bad
for budget in ("steps", "epochs"):
    gaps = [
        float(use_fair_gap(small, large, k, budget))
        for small, large in zip(tables[small_B], tables[k * small_B], strict=True)
    ]
    mean, half = t_interval(gaps)
    print(
        f"B = {k * small_B} minus B = {small_B}, each at its best lr, equal {budget:6s}: ", end=""
    )
    print(f"{mean:+.2f} ± {half:.2f}")

# %% [markdown]
# The same runs, two answers. At equal steps the large batch ends lower: it has seen four times the
# data. At equal epochs it ends higher: it made a quarter of the steps. Neither is *the* effect of
# the batch size. A sentence about batch sizes that does not name its budget says nothing.

# %% [markdown]
# ## 2.5 Why the root for Adam
# Adam divides each gradient by the root of a running mean of squares, $\sqrt{v}$. For one parameter
# with gradient G and noise σ²/B, $v \approx G^2 + \sigma^2 / B$. As long as noise dominates (unit 05
# measures how long), $\sqrt v \approx \sigma / \sqrt B$. (v averages hundreds of squared gradients, so its
# own scatter is small beside its value: it may stand as a constant here.) A step is then
#
# $$ \eta \, \frac{g}{\sqrt v} \approx \eta \, \frac{\sqrt B}{\sigma} \, g . $$
#
# Now repeat section 2.3 for an epoch of N/B steps. Distance: $\frac NB \cdot \eta \frac{\sqrt B}{\sigma}
# G = \frac{N G}{\sigma} \cdot \frac{\eta}{\sqrt B}$. Scatter: each step has variance
# $\eta^2 \frac{B}{\sigma^2} \cdot \frac{\sigma^2}{B} = \eta^2$, so an epoch has $N \eta^2 / B$, which is
# $N (\eta / \sqrt B)^2$. Both depend on η and B through **η/√B**. Keep that, and the law of the run
# stays: the root rule. Adam already did the other half of the scaling, by dividing by a noise that
# shrinks with B. Check it with an average v that really runs (decay 0.99 a step; without Adam's momentum):

# %%
G, sigma, chains = 0.02, 1.0, by_size(tiny=500, cpu=40_000)
print("rule     B   lr     distance   variance")
for rule, B in (("base", 16), ("linear", 64), ("sqrt", 64), ("none", 64)):
    lr = 0.001 if rule == "base" else float(use_scaled_lr(0.001, 16, B, rule))
    v, moves = torch.full((chains,), G**2 + sigma**2 / B), torch.zeros(chains)
    for step in range(200 + N // B):  # 200 steps to forget the start, then one epoch
        g = G + sigma / math.sqrt(B) * torch.randn(chains, generator=generator)
        v = 0.99 * v + 0.01 * g**2
        moves += lr * g / v.sqrt() if step >= 200 else 0.0
    print(f"{rule:7s} {B:3d}  {lr:.3f}  {moves.mean().item():.6f}   {moves.var().item():.3g}")

# %% [markdown]
# The root rule alone repeats the base, to a few percent (the share of G² in v is one, chance another).
# And in training? In the next figure the left panel is your SGD runs of section 2.4; the right one is
# drawn from the ledger's runs of Adam ({{L4.adam_base.seeds}} seeds; the same task, from B = 16, lr 2⁻¹¹).

# %%
stored = load_ledger()["L4"]["cpu"]["values"]
adam = {
    rule: {16: stored["adam_base"]} | {b: stored[f"adam_{rule}_{b}"] for b in (64, 256, 1024)}
    for rule in RULES
}
show(
    rules_plot(
        {"SGD: your runs": ends, "Adam: the ledger's runs": adam},
        ylabel="final training loss",
        title=f"MNIST-1D, 30 epochs: {len(seeds)} seeds of SGD, 8 of Adam",
    )
)

# %% [markdown]
# **What the figure says.** For SGD the linear rule keeps the loss. For Adam, in the ledger's runs, the
# root comes nearest: from {{L4.adam_base}} at B = 16 to {{L4.adam_sqrt_64}} at 64, but {{L4.adam_sqrt_256}} at 256, a miss
# beyond the error bars. Linear scaling with Adam ends far lower there, at {{L4.adam_linear_256}}. At 1024, 64
# times the batch, neither keeps the loss: linear turns up again, to {{L4.adam_linear_1024}}, and the root ends
# at {{L4.adam_sqrt_1024}}.
#
# **Caveat.** Lower! "Keeps the trajectory" is not "is best", and here is question 2 of section 2.4:
# from this small rate, Adam profits from a larger one. Tune AdamW (Adam with weight decay) at each
# batch size, and its best rate grows from B = 16 to 256 with an exponent of only
# {{L3.exponent_of_best}} in the ledger: rate ∝ B^0.25, one doubling of the rate (an *octave*) in four
# doublings of B; the grid has whole octaves. So
# linear scaling is wrong for matching, and wrong for the optimum. A full match would also scale Adam's
# β's, so that its averages span as many examples (Malladi et al. 2022). And does the best rate rise for
# ever? Theory of sign-like optimizers says that it peaks near the noise scale and falls (the "surge", Li
# et al. 2024). To an early loss, on a GPU, it rose with an exponent of {{L15.gpu.exponent_16_128}} from B = 16 to
# 128 in the ledger, and then stood still: at B = N it lay {{L15.gpu.fall}} octaves below its peak.

# %% [markdown]
# ## 2.6 A sweep that is inside its grid
# "Tuned" means: a better rate on either side was looked for, and not found. If the best rate lies
# on the edge of the grid, the true best may lie outside.
#
# ### Exercise 6 (3 points, 10 minutes): which rate next?
# Return the learning rate that the sweep points to:
#
# - a rate at which **any** seed diverged can't be best, however good it looked when it stopped;
# - of the others, the best has the highest **mean** accuracy over seeds;
# - if it lies **inside** the grid, with rates tried on both sides, return it. A diverged neighbour
#   **counts as tried**: it stays in the grid;
# - if it is the first or last rate of the grid, return the next rate **beyond that edge**, even
#   if the rate beside it diverged, or is nearly as good, or the best is good enough for you: nobody has
#   tried what lies there. The grid goes up by one and the same factor.
#
# <details><summary>Hint 1 (click to open)</summary><code>diverged.any(dim=0)</code> tells which rates are out.</details>
# <details><summary>Hint 2 (click to open)</summary>Give those a mean below all others before <code>argmax</code>.</details>
# <details><summary>Hint 3 (click to open)</summary>The grid's factor is <code>lrs[1] / lrs[0]</code>: multiply beyond the upper edge, divide beyond the lower.</details>


# %% solution="u02_next_lr"
def next_lr(accuracy, diverged, lrs):
    """Rate that the sweep points to: the best if it is inside the grid, else an untried one; a number.

    accuracy: (num_seeds, num_lrs), 0 to 1; diverged: the same shape, True or False;
    lrs: list of num_lrs >= 3 rates, ascending by one factor. There are no ties, and some rate did
    not diverge.
    """
    ### BEGIN SOLUTION
    mean = accuracy.mean(dim=0)
    mean[diverged.any(dim=0)] = -1.0
    best, factor = int(mean.argmax()), lrs[1] / lrs[0]
    if best == 0:
        return lrs[0] / factor
    if best == len(lrs) - 1:
        return lrs[-1] * factor
    return lrs[best]
    ### END SOLUTION


# %% check="u02_next_lr"
check("u02_next_lr", next_lr)

# %% [markdown]
# *Change this, predict, run:* below, begin with a grid that is far too **high**, `[1.0, 4.0, 16.0]`. Does it
# find its way down? (One rate at least must not diverge: that is the docstring's last sentence.)
#
# Let it steer a sweep. We start at B = 64 with a grid that is far too low, and add the rate it asks
# for until it asks for none. Rates are judged on **validation** data.

# %%
use_next_lr = mine_or_library("u02_next_lr", next_lr)
lrs = [2.0**-8, 2.0**-6, 2.0**-4]
for _ in range(by_size(tiny=2, cpu=6)):
    runs = trained(small_B, lrs)
    seen = torch.tensor(runs.values("validation_accuracy", diverged_as=0.1))
    wanted = float(use_next_lr(seen, torch.tensor(runs.diverged), lrs))
    shown = ", ".join(f"{lr:.4g}: {a:.1%}" for lr, a in zip(lrs, seen.mean(dim=0), strict=True))
    print(f"{shown}  ->  {wanted:.4g}")
    if any(math.isclose(wanted, lr, rel_tol=1e-6) for lr in lrs):
        break
    lrs = sorted([*lrs, wanted])

# %% [markdown]
# Had we stopped at the first grid and compared it with a well tuned rival, we would have "found" a
# loss of accuracy that is nothing but an unfinished sweep. It has happened to us while we made this
# course.

# %% [markdown]
# ## 2.7 Where the linear rule breaks
# Follow the linear rule far enough and training is **broken**; here: accuracy ends at 60 % of the best
# that any rate reaches at that B, or less. The rate at which it does, the **frontier**, also depends
# on B. At small B noise sets it: steps scatter by the temperature, so lr/B counts (section 2.3), and
# the frontier is proportional to B. At large B the noise is averaged away and curvature sets it: a step
# that overshoots the valley does so at any B. There the frontier is flat. One curve with both ends is
#
# $$ \eta_{\text{frontier}}(B) = \frac{\eta_{\max}}{1 + B_c / B} . $$
#
# For $B \ll B_c$ it is $\eta_{\max} B / B_c$; for $B \gg B_c$ it is $\eta_{\max}$; at $B = B_c$ it
# is half of it.
#
# ### Exercise 7 (3 points, 10 minutes): how far does the linear rule carry?
# You start at base_batch_size with base_lr and follow the linear rule: a straight line through zero.
# Return the batch size B > 0 at which the line meets the frontier. It need not be whole, it may be
# less than one example, and it may be smaller than where you started (then you are beyond the frontier
# already). If the line lies above the frontier for **every** B > 0, return 0 (also where the two touch at
# B = 0 and nowhere else). ($B_c$ is called half_batch_size: the frontier is at half of
# its height there.)
#
# <details><summary>Hint 1 (click to open)</summary>The rule's rate at B is base_lr · B / base_batch_size. Set it equal to the frontier.</details>
# <details><summary>Hint 2 (click to open)</summary>Write the frontier as max_lr · B / (B + B_c): then B cancels on both sides.</details>
# <details><summary>Hint 3 (click to open)</summary>What does your formula give for a huge base_lr? Read the task's end again.</details>


# %% solution="u02_break"
def break_batch_size(base_lr, base_batch_size, max_lr, half_batch_size):
    """Batch size at which the linear rule meets max_lr / (1 + half_batch_size / B), or 0.

    base_lr, base_batch_size: where the rule starts; max_lr: frontier for very large B;
    half_batch_size: B_c, where the frontier is half as high. All are above 0.
    """
    ### BEGIN SOLUTION
    lr_per_example = base_lr / base_batch_size
    return max(0.0, max_lr / lr_per_example - half_batch_size)
    ### END SOLUTION


# %% check="u02_break"
check("u02_break", break_batch_size)

# %% [markdown]
# *Change this, predict, run:* double `max_lr`. Does the break double?
#
# The ledger has the frontier, measured in {{F1.max_lr.seeds}} seeds at five batch sizes. Your function draws where
# three linear rules, all from B = 16, run into it.

# %%
use_break = mine_or_library("u02_break", break_batch_size)
measured = load_ledger()["F1"]["cpu"]["values"]
max_lr = float(np.mean(measured["max_lr"]))
half_B = float(np.mean(measured["critical_batch"]))
starts = {
    f"linear rule from lr 1/{1 / lr:.0f}": (16, lr, float(use_break(lr, 16, max_lr, half_B)))
    for lr in (1 / 32, 1 / 8, 1 / 2)
}
edges = {b: measured[f"edge_{b}"] for b in (16, 32, 64, 256, 2048)}
title = "Where training breaks: MNIST-1D, SGD, 30 epochs, the ledger's 8 seeds"
show(frontier_plot(edges, max_lr=max_lr, half_batch_size=half_B, starts=starts, title=title))

# %% [markdown]
# Does the prediction hold? From lr 1/8, train on either side of the predicted break:

# %%
for B in by_size(tiny=[16, 32], cpu=[128, 256, 512, 1024]):
    lr = float(use_scaled_lr(1 / 8, 16, B, "linear"))
    runs = trained(B, [lr]).at(lr=lr)
    mean, half = t_interval(100 * runs.values("test_accuracy", diverged_as=0.1))
    breaks_at = float(use_break(1 / 8, 16, max_lr, half_B))
    side = "below" if breaks_at > B else "BEYOND"
    print(f"B = {B:4d}, lr {lr:4g}: {mean:.1f} ± {half:.1f} % test accuracy ({side} the break)")

# %% [markdown]
# **What it says.** The printed accuracies are yours; the frontier is the ledger's. Its fit gives $\eta_{\max}$ = {{F1.max_lr}} and $B_c$ = {{F1.critical_batch}}, and
# misses the points by {{F1.misfit_octaves}} octaves. Log-log, the points rise with a slope of
# {{F1.slope_small}} from B = 16 to 32 (the curve with 0.7: it bends a little early) and
# {{F1.slope_large}} from 256 to 2048; on digits, a second data set, with {{F1.digits_slope_small}} and
# {{F1.digits_slope_large}} (256 to 1024), up to {{F1.digits_max_lr}}. Two popular sentences fail here. "The full batch needs a smaller
# rate": its frontier is {{L5.ratio}} times that at B = 16. "Batch size 1 tolerates a larger rate":
# in two epochs (not in the figure) the ledger's B = 16 breaks at {{L6.ratio_16_over_1}} times the rate of B = 1.
# Noise does not make large steps safe.
#
# And beyond the break the root rule is the better bet, even for SGD: in the ledger, from the best rate
# at B = 16 to B = 1024, it ends {{L2.beyond_gain_1024}} points of accuracy above the linear rule.
#
# **Caveat.** The curve is right to about 10 %. With the ledger's seeds on a GPU it is rejected, and
# $\eta_{\max}/(1 + (B_c/B)^p)^{1/p}$ with p = 1.7 to 1.9, the same bend with a sharper knee, is just not: a
# batch size that was left out of the fit it misses by {{F1.gpu.left_out_rounded}} %, the curve by
# {{F1.gpu.left_out_law}} %, a pure power of B by {{F1.gpu.left_out_power}} %.
#
# Both constants depend on the task, the length of the run, and where "broken" begins.
# They are not $2/\lambda_{\max}$ of the untrained network either (unit 03 says why). And $B_c$ is not
# the critical batch size of unit 05, which is about cost.
#
# Try it: where do the rules meet the frontier if the start or the frontier moves? The cells are stored
# runs of the same network.

# %%
lr_frontier(max_lr, half_B)

# %% [markdown]
# ## 2.8 The window of good rates
# How precisely must a rate be tuned? Count the **octaves** (doublings) of rate over which accuracy stays
# within a few points of the best. At equal epochs the window has two walls. Below: too small a rate
# does not get far enough, and what counts there is lr/B, so this wall moves up with B. Above: the
# frontier, which moves up only until $B_c$. Does the window widen or close as B grows?
#
# ### Exercise 8 (3 points, 12 minutes): the width of the window
# For each batch size (column): start at its best rate (no ties) and go up and down as long as accuracy
# is **at least** best − within. Stop at the first rate that is not; what lies beyond a bad rate does
# not count. Return how many octaves the highest good rate lies above the lowest, without
# interpolation. A step of the grid may be more or less than an octave. Accuracy is in points here, 0
# to 100.
#
# <details><summary>Hint 1 (click to open)</summary>Do one column at a time: <code>for column in accuracy.T</code>.</details>
# <details><summary>Hint 2 (click to open)</summary>Start with low = high = the best place, and move each while its neighbour is good.</details>
# <details><summary>Hint 3 (click to open)</summary>Don't run over the ends of the grid. How many doublings is a ratio?</details>


# %% solution="u02_window"
def window_octaves(accuracy, lrs, within):
    """Octaves of good learning rates at each batch size: list or tensor of num_batch_sizes numbers.

    accuracy: (num_lrs, num_batch_sizes), mean over seeds, in points; lrs: list of num_lrs rates,
    ascending; within: points below the best of the same column that still count as good.
    """
    ### BEGIN SOLUTION
    octaves = []
    for column in accuracy.T:
        good = (column >= column.max() - within).tolist()
        low = high = int(column.argmax())
        while low > 0 and good[low - 1]:
            low -= 1
        while high + 1 < len(good) and good[high + 1]:
            high += 1
        octaves.append(math.log2(lrs[high] / lrs[low]))
    return octaves
    ### END SOLUTION


# %% check="u02_window"
check("u02_window", window_octaves)

# %% [markdown]
# *Change this, predict, run:* in the next cell `2.0` points become 4. By how many octaves does each window grow?

# %%
digits = load("digits", num_train=by_size(tiny=128, cpu=1024))
digit_sizes = by_size(tiny=[8, 32], cpu=[32, 128, 512])
half_octaves = [2.0 ** (e / 2) for e in range(-15, 6)]
plane = run_grid(
    (64, 48, 10), digits, seeds=seeds, batch_sizes=digit_sizes, lrs=half_octaves,
    num_epochs=by_size(tiny=1, cpu=15), progress=False,
)  # fmt: skip
accuracy = 100 * plane.values("test_accuracy", diverged_as=0.1)  # (seeds, lrs, batch sizes)
use_window = mine_or_library("u02_window", window_octaves)
for B, octaves in zip(
    digit_sizes, use_window(torch.tensor(accuracy.mean(axis=0)), half_octaves, 2.0), strict=True
):
    print(f"B = {B:4d}: {float(octaves):.1f} octaves within 2 points of the best")
more_steps = run_grid(
    (64, 48, 10), digits, seeds=seeds, batch_sizes=digit_sizes[1:2], lrs=half_octaves,
    num_epochs=by_size(tiny=1, cpu=15) * digit_sizes[1] // digit_sizes[0], progress=False,
)  # fmt: skip
again = torch.tensor(100 * more_steps.values("test_accuracy", diverged_as=0.1).mean(axis=0))
(octaves,) = use_window(again, half_octaves, 2.0)
print(
    f"B = {digit_sizes[1]:4d}: {float(octaves):.1f} octaves with the steps of B = {digit_sizes[0]}"
)
columns = {B: (half_octaves, accuracy[:, :, j]) for j, B in enumerate(digit_sizes)}
title = f"Digits, SGD, 15 epochs, {len(seeds)} seeds"
show(windows_plot(columns, within=2.0, title=title))

# %% [markdown]
# **What it says.** In your figure the lower end moves up with B, about as many octaves as B itself (with
# half octaves as the grid, 1.5 or 2 for a batch of four times the size), as the linear rule says; the
# upper end moves by less. So the window closes, and it does so from below. The ledger, with half
# octaves interpolated and {{L13.digits_octaves_32.seeds}} seeds, has {{L13.digits_octaves_32}} octaves at
# B = 32 and {{L13.digits_octaves_512}} at B = 512.
#
# **Caveat.** The lower wall is made by equal epochs: give B = 128 as many steps as B = 32 has, and its
# window is the wider one, by its higher upper wall (the last line printed). On MNIST-1D, where seeds
# scatter more, the ledger's eight can't tell the widths at B = 16 and 1024 apart ({{L13.octaves_16}} and
# {{L13.octaves_1024}}).

# %% [markdown]
# ## 2.9 Find the flaw
# This sweep is found, in variants, in many posts. It prints a clear winner.
#
# ```python
# def best_batch_size(train_and_test, batch_sizes):
#     scores = {}
#     for batch_size in batch_sizes:
#         torch.manual_seed(0)
#         scores[batch_size] = train_and_test(batch_size, lr=0.1, epochs=5)
#     return max(scores, key=scores.get)
# ```
#
# Count what is wrong before you read on.
#
# <details><summary>The flaws (click to open)</summary>One learning rate for all: it favours the
# batch size it happens to suit. Equal epochs: large batches make fewer steps, and nobody says so. One
# seed: no way to tell luck. And the score is test accuracy, by which the winner is chosen.</details>
#
# ### Exercise 9 (4 points, 15 minutes): mend it
# Write the comparison by these rules:
#
# - every run makes `num_steps` steps, whatever its batch size;
# - each batch size gets its own rate: the one with the highest **validation** accuracy, averaged over
#   all seeds;
# - report, for each batch size, the **test** accuracy at that rate, averaged over all seeds.
#
# `run(batch_size, lr, seed, num_steps)` trains once and returns the pair (validation accuracy, test
# accuracy). Call it as often as you like: equal arguments give an equal pair.
#
# The check trains nothing. Its `run` looks the pair up in a table, which the message shows if your answer
# fails; the axes are: validation or test, seed, rate, batch size. So that the number of steps matters, a
# run of n steps gets the share n/(n + 40) of the entry, half of it at 40 steps; in a run shorter than
# `num_steps` small rates lose more.
#
# <details><summary>Hint 1 (click to open)</summary>What has to be known of a rate before it can be chosen?</details>
# <details><summary>Hint 2 (click to open)</summary>Which of the two accuracies may choose, and which may only be reported?</details>
# <details><summary>Hint 3 (click to open)</summary>If you keep the best so far: where must it start anew?</details>


# %% solution="u02_compare"
def compare_batch_sizes(run, batch_sizes, lrs, seeds, num_steps):
    """Mean test accuracy of each batch size at its own best rate: list of len(batch_sizes) numbers.

    run(batch_size, lr, seed, num_steps) -> (validation accuracy, test accuracy), 0 to 1;
    batch_sizes, lrs, seeds: lists of what to try; num_steps: steps of every run. No ties.
    """
    ### BEGIN SOLUTION
    scores = []
    for size in batch_sizes:
        means = []
        for lr in lrs:
            pairs = [run(size, lr, seed, num_steps) for seed in seeds]
            means.append([sum(column) / len(seeds) for column in zip(*pairs, strict=True)])
        scores.append(max(means)[1])
    return scores
    ### END SOLUTION


# %% check="u02_compare"
check("u02_compare", compare_batch_sizes)

# %% [markdown]
# *Change this, predict, run:* in the next cell the budget of 160 steps becomes 40. Who wins then?

# %%
sweep_lrs, sweep_seeds, steps = [0.025, 0.1, 0.4, 1.6], list(seeds), by_size(tiny=20, cpu=160)
trained_before = {}


def run(batch_size, lr, seed, num_steps):
    """Train once on digits (all rates and seeds of a batch size at a time, and remembered)."""
    key = batch_size, num_steps
    if key not in trained_before:
        trained_before[key] = run_grid(
            (64, 48, 10), digits, seeds=sweep_seeds, batch_sizes=(batch_size,), lrs=sweep_lrs,
            num_steps=num_steps, progress=False,
        ).at(batch_size=batch_size)  # fmt: skip
    here = trained_before[key].at(lr=lr, seed=seed)
    splits = ("validation_accuracy", "test_accuracy")
    return tuple(float(here.values(split, diverged_as=0.1)) for split in splits)


flawed = [run(B, 0.1, sweep_seeds[0], max(1, steps * digit_sizes[0] // B))[1] for B in digit_sizes]
use_compare = mine_or_library("u02_compare", compare_batch_sizes)
mended = use_compare(run, digit_sizes, sweep_lrs, sweep_seeds, steps)
print("batch size   flawed sweep   mended sweep (equal steps, own rate)")
for B, wrong, right in zip(digit_sizes, flawed, mended, strict=True):
    print(f"{B:10d}   {wrong:12.1%}   {float(right):12.1%}")

# %% [markdown]
# The flawed sweep calls the smallest batch the winner by a wide margin. It has measured the number of
# steps and a badly chosen rate. At equal steps, tuned, hardly anything is left of it. (At equal
# *epochs*, tuned, large batches do fall behind: that is another question, and a fair one if you
# ask it.)

# %% [markdown]
# ### Build it: the whole sweep, by hand (35 minutes, no marks)
# `run_grid` has trained for you all unit long. Train yourself once: a linear model, no autograd, no
# optimizer. The outputs of a batch are $X_b W$; the loss of one example is half the sum of its squared
# errors; a batch's loss is the mean.
#
# **Milestone 1 (15 minutes).** One run. `order` lists the examples to read; take `batch_size`
# at a time, and drop what fills no whole batch.
#
# <details><summary>Hint 1 (click to open)</summary>The gradient of one example is its input times its errors, an outer product.</details>
# <details><summary>Hint 2 (click to open)</summary>Of a batch: the inputs, transposed, times the errors, over the batch size.</details>
# <details><summary>Hint 3 (click to open)</summary>A plain difference makes new weights and leaves the caller's alone; <code>-=</code> does not.</details>


# %% solution="u02_build_sgd"
def train_linear(inputs, targets, weights, order, batch_size, lr):
    """Weights after SGD along the order, shape (P, C). The weights that come in stay as they are.

    inputs: (N, P); targets: (N, C); weights: (P, C); order: indices of examples, of any length that
    is at least batch_size.
    """
    ### BEGIN SOLUTION
    for step in range(len(order) // batch_size):
        batch = order[step * batch_size : (step + 1) * batch_size]
        errors = inputs[batch] @ weights - targets[batch]
        weights = weights - lr * inputs[batch].T @ errors / batch_size
    return weights
    ### END SOLUTION


# %% check="u02_build_sgd"
check("u02_build_sgd", train_linear)

# %% [markdown]
# **Milestone 2 (20 minutes).** The sweep around it: for each rate, a run for each seed (a row of
# `orders`), every run from the same weights, judged on validation data.
#
# <details><summary>Hint 1 (click to open)</summary>Two loops: rates outside, orders inside.</details>
# <details><summary>Hint 2 (click to open)</summary>Write the validation loss as a function of the weights first.</details>
# <details><summary>Hint 3 (click to open)</summary>The standard error of a mean of S numbers is their <code>std()</code> over √S.</details>


# %% solution="u02_build_sweep"
def sweep(train, validation, weights, orders, batch_size, lrs):
    """Rows [mean validation loss, its standard error over seeds], one a learning rate.

    train, validation: pairs [inputs, targets]; weights: (P, C), where every run starts;
    orders: (S, n) indices, one row a seed, S >= 2; the standard error has the divisor S - 1 inside.
    """
    ### BEGIN SOLUTION
    inputs, targets = validation
    rows = []
    for lr in lrs:
        losses = []
        for order in orders:
            end = train_linear(*train, weights, order, batch_size, lr)
            losses.append(0.5 * (inputs @ end - targets).square().sum(dim=1).mean())
        losses = torch.stack(losses)
        rows.append([float(losses.mean()), float(losses.std() / math.sqrt(len(losses)))])
    return rows
    ### END SOLUTION


# %% check="u02_build_sweep"
check("u02_build_sweep", sweep)

# %%
# Your sweep on digits, equal epochs: one curve of validation loss for each batch size.
use_sweep = mine_or_library("u02_build_sweep", sweep)
splits = [
    [inputs.cpu(), torch.nn.functional.one_hot(targets.cpu(), 10).float()]
    for inputs, targets in (
        (digits.train_inputs, digits.train_targets),
        (digits.validation_inputs, digits.validation_targets),
    )
]
generator = torch.Generator().manual_seed(0)
count = len(splits[0][0])
epochs = [
    torch.cat([torch.randperm(count, generator=generator) for _ in range(by_size(tiny=1, cpu=4))])
    for _ in range(4)
]
rates = [2.0**k for k in range(-10, -1)]
found = {
    B: use_sweep(*splits, torch.zeros(64, 10), torch.stack(epochs), B, rates)
    for B in by_size(tiny=[16], cpu=[16, 64, 256])
}
show(sweep_plot(rates, found, title="Your own sweep: linear model on digits, 4 epochs, 4 seeds"))

# %% [markdown]
# **What you should see**: valleys whose left walls stand two doublings apart for each factor of four in
# B, as the linear rule says. On the right the loss runs away, at rates that lie much nearer together; the
# smallest batch begins to climb first. That is 2.7 from your own loop: below $B_c$ the frontier moves up
# with B, and above it stands still. *Change this, predict, run:* 4 epochs become 1. Which wall moves?

# %% [markdown]
# ## 2.10 Myth lab: "the root rule is a trap answer, the right rule is linear"
# And its mirror image, "the root is the rule". You have all it takes to judge both. Before you read
# the table: for which optimizer, at small or at large rates, for matching or for the optimum? (L1,
# P9 and so on are the names of the claims in `docs/claims.md`, where each has its rule and setting; the
# numbers are the ledger's.)
#
# <details><summary>The verdicts (click to open)</summary>
#
# | claim | verdict | because |
# |---|---|---|
# | L1: linear for SGD | **depends** on lr against 2/λ | loss {{L1.sgd_base}} at B = 16, {{L1.sgd_linear_256}} at 256 (lr 1/4), {{L1.sgd_linear_1024}} at 1024 (lr 1) |
# | L2: the root is the rule | **depends** | SGD below the break: {{L2.sgd_sqrt_256}}, off track; beyond it: {{L2.beyond_gain_1024}} points better than linear |
# | L3: linear with AdamW | **fails** | matching wants the root; the tuned rate has the exponent {{L3.exponent_of_best}} |
# | L15: with Adam the best rate falls again at large B | **fails** (GPU): it stands still | {{L15.gpu.fall}} octaves from the peak to B = N |
# | L4: the root is a trap answer | **depends** | linear keeps SGD ({{L4.sgd_linear_256}}), the root comes nearest for Adam up to 256 ({{L4.adam_sqrt_256}} against {{L4.adam_base}}); at 1024 neither is near |
# | L5: full batch, smaller rate | **fails** | its frontier is {{L5.ratio}} times higher |
# | L6: B = 1 tolerates a larger rate | **fails** | B = 16 tolerates {{L6.ratio_16_over_1}} times as much |
# | L13: the window narrows with B | **holds** at equal epochs | {{L13.digits_change_32_to_512}} octaves from B = 32 to 512 |
# | C10: 32 is a good default | **depends** | tuned it costs {{C10.regret_tuned_32}} points against the best; with lr 0.01 from habit {{C10.regret_habit_0_01}} |
# | P9: lr inversely to B keeps a step's variance | **fails** | at k = 4 it falls to a 64th of what it was; the root keeps it |
# | F1: the frontier is η_max/(1 + B_c/B) | **holds** to about 10 % | the fit misses by {{F1.misfit_octaves}} octaves |
#
# </details>
#
# P9 is worth a second look, since it has stood in teaching material for years. The variance of a step
# is lr² tr(Σ)/B. To keep *that*, lr must grow with the root of B. Inverse scaling turns the noise down
# twice.
#
# All of this was measured on small networks, without normalisation, in short runs. Measure it again:
# `python3 -m coursekit claims L1 L2 L4`.

# %% [markdown]
# ## 2.11 On a GPU
# <details><summary>The ledger's GPU numbers (click to open)</summary>
#
# The code above finds a GPU by itself and then takes 32 seeds. So do the claims:
# `python3 -m coursekit claims L1 L13 F1 F2` measures the rules, the windows and the frontier with 32
# seeds, and the rules for a convolutional network with 16 (claim F2).
#
# On one {{L1.gpu.device}}, with {{L1.gpu.sgd_base.seeds}} seeds, SGD ended at a loss of
# {{L1.gpu.sgd_base}} at B = 16 and, at B = 256, at {{L1.gpu.sgd_linear_256}} (linear),
# {{L1.gpu.sgd_sqrt_256}} (root) and {{L1.gpu.sgd_none_256}} (no scaling). The frontier fit gave η_max =
# {{F1.gpu.max_lr}} and B_c = {{F1.gpu.critical_batch}}. The window on digits went from
# {{L13.gpu.digits_octaves_32}} octaves at B = 32 to {{L13.gpu.digits_octaves_512}} at B = 512. On
# MNIST-1D it went from {{L13.gpu.octaves_16}} at B = 16 to {{L13.gpu.octaves_1024}} at B = 1024: there
# 32 seeds see what eight can't, a change of {{L13.gpu.change_16_to_1024}} octaves. No verdict of the
# table above came out otherwise.
#
# **Where the linear rule falls short.** On a CPU, F2 is a small convnet on digits with six epochs, 24
# steps at B = 256: the loss goes from {{F2.base}} at B = 16 to {{F2.linear_256}} (linear) and
# {{F2.sqrt_256}} (root). We blamed the few steps. But on the GPU, with 240 of them (MNIST-1D, more
# channels), it goes from {{F2.gpu.base}} to {{F2.gpu.linear_256}} (linear), {{F2.gpu.sqrt_256}} (root)
# and {{F2.gpu.none_256}} (no scaling). Linear comes nearest again, and its miss, as a factor, is no
# smaller. So few steps are not the whole reason. A rate of 1 at B = 256 may simply be near this
# network's frontier, which we did not measure.
#
# </details>
#
# You ran on:

# %%
print(device_name(), "|", len(seeds), "seeds")

# %% [markdown]
# ## Interview corner
# **"We double the batch. What do you do with the learning rate?"**
# 1. *Direct answer*: "For SGD double it, for Adam about √2, then check that it is still below where
#    training breaks. Beyond that, tune."
# 2. *Mechanism*: "An epoch of SGD depends on lr/B; Adam divides by a noise that shrinks with √B, so
#    there it is lr/√B."
# 3. *Evidence*: "On a small task the linear rule kept SGD's loss from B = 16 to 256; without scaling
#    it ended at about twice that."
# 4. *Practice*: "I would sweep three rates around the rule's value, on validation data, and extend the
#    grid if the best is at its edge."
#
# *A weak answer*: one rule with confidence, without the optimizer and without a limit.
#
# *Follow-up*: "You go from 256 to 8192 at once." (Ask how far the present rate is from the frontier:
# section 2.7. The less room, the sooner linear breaks.)
#
# **"Isn't linear scaling with AdamW just as good? Loss went down faster."**
# 1. *Direct answer*: "It can be, if the old rate was too small. That is tuning, not scaling."
# 2. *Mechanism*: "A rule keeps the trajectory. A better optimum is another question."
# 3. *Evidence*: "From a small rate, linear scaling of Adam ended far lower; but the tuned rate of
#    AdamW only doubled while B grew 16 times."
# 4. *Practice*: "I would say which of the two I want, and tune at both batch sizes."
#
# *A weak answer*: "AdamW is adaptive, so the rate does not matter."
#
# **"A post says batch size 32 beats 512 by far. Believe it?"**
# 1. *Direct answer*: "Not before I know the rate and the budget of each."
# 2. *Mechanism*: "With equal epochs and one rate, 512 makes a sixteenth of the steps at a sixteenth
#    of its matching rate."
# 3. *Evidence*: "In section 2.9 such a gap all but vanished at equal steps with tuned rates."
# 4. *Practice*: "Own rate for each, validation data, seeds, and the budget said aloud."
#
# *A weak answer*: "Yes, small batches generalise better."

# %%
interview_corner("02_lr_scaling")

# %% [markdown]
# ## Recap
# - SGD: an epoch depends on lr/B, hence linear. Adam: on lr/√B, hence the root.
# - Temperature: T = ηN/(B(1 − m)).
# - Same trajectory, best rate, equal epochs or steps: three questions.
# - The linear rule is accurate while lr is small against 2/λ. The frontier η_max/(1 + B_c/B) is where
#   training breaks, several times later; the window of good rates closes from below.
# - A best rate on the edge of its grid is not a best rate.
#
# To read: Goyal et al. 2017 (arXiv:1706.02677) for the linear rule and its warmup; Malladi et al. 2022
# (arXiv:2205.10287) for Adam; Shallue et al. 2019 (arXiv:1811.03600) for what tuning changes.

# %%
compare_predictions(
    "02_lr_scaling",
    {
        "sgd": (
            "SGD, B from 16 to 256",
            "grow 16 times, as long as it stays small against 2/λ",
            "section 2.3",
        ),
        "adam": (
            "Adam, B from 16 to 256",
            "grow, but less than for SGD: 4 times to match (the best rate grows by even less)",
            "section 2.5",
        ),
        "root": ("Adam, the factor", "4 times, the root of 16", "section 2.5"),
        "full": ("Largest rate that trains", "larger with the full batch", "section 2.7"),
    },
)
