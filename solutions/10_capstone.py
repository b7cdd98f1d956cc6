# %% [markdown]
# # 10 · Here is a run that went wrong
#
# | | |
# |---|---|
# | **Question** | Here is a run that went wrong. What broke, which run would tell, and what comes next? |
# | **Difficulty** | hard |
# | **Importance** | this is the work: nobody hands you the cause |
# | **Your time** | part a, 10.1 to 10.6: 75 minutes; part b, 10.7 to the end: 120 minutes |
# | **Run time** | about a minute on two CPU cores |
# | **You need** | units 00 to 05; for three of the six runs also units 03 and 04 (warmup, clipping, BatchNorm under accumulation) |
#
# In this unit a **±** is half of a 95 % interval over paired seeds: two runs of a pair share their
# first weights and the order of their examples. Numbers with ± in the text come from longer runs of
# ours, made beforehand and stored in the course's **ledger**; the text says so where it quotes one.

# %% prelude
import math

import numpy as np
import torch
from scipy import stats
from torch import nn

from coursekit.data import load
from coursekit.device import by_size, device_name
from coursekit.experiments.decision import ARMS, BASE, changes_to_base, run_arm
from coursekit.experiments.ramp import RAMPS, run_ramp
from coursekit.explorers.mysteries import show_mystery, tell
from coursekit.intervals import t_interval
from coursekit.models import mlp
from coursekit.noise import grad_noise_scale, model_moments
from coursekit.notebook import (
    check,
    compare_predictions,
    mine_or_library,
    predict,
    predict_number,
    show,
)
from coursekit.plots import capstone as figures
from coursekit.train import TrainConfig, train

RELEASE = 0  # which six mystery runs

# %% [markdown]
# ## 10.1 Predict first
# The course began with a team: batch 256 to 1024, learning rate × 4, equal epochs, and the accuracy
# fell. Now you decide what broke. First, what do you expect?

# %%
predict(
    "10_capstone",
    "temperature",
    "The large batch at the OLD learning rate, for as many steps as the small one had. Its gradient "
    "noise is a quarter. Its accuracy, beside the small batch's, is ...",
    ["lower by more than 5 points", "the same within 2 points", "higher by more than 5 points"],
)

# %%
predict(
    "10_capstone",
    "warmup",
    "Their change (B × 4, lr × 4, a quarter of the steps), plus warmup over the first tenth. That "
    "gives back ...",
    ["all of the fall", "about half of it", "little or nothing"],
)

# %%
predict_number(
    "10_capstone",
    "seeds",
    "Three pilot seeds give a change of −13, give or take 2 a seed. You want the mean known to ± 1. "
    "How many paired seeds do you need, roughly?",
    "seeds",
)

# %%
predict(
    "10_capstone",
    "cheapest",
    "A run has gone wrong and two explanations fit. You can pay for any run. You take ...",
    [
        "the fix that most likely helps",
        "the cheapest run on which the two disagree",
        "more seeds first",
        "a sweep over learning rates",
    ],
)

# %% [markdown]
# ## 10.2 Four things at once
# "We scaled the batch" changes at least four things. Beside the base, any arm has its own
#
# - **steps**: how often the weights move,
# - **examples**: batch size times steps (over N that is the epochs),
# - **temperature** $\eta / (B (1 - \mu))$ with momentum μ: how strong the gradient noise is (unit
#   02), since momentum carries each gradient $1/(1-\mu)$ times as far,
# - **learning rate** η: how close the run is to its stability limit (units 02 and 03).
#
# An explanation names one of the four. No arm can change one alone: with the batch go the examples, the
# temperature, or both. So an arm is worth running if it changes what one explanation names and holds what
# another one names; and before any arm runs, its four ratios belong beside it.
#
# ### Exercise 1 (2 points, 8 minutes): what an arm holds
# Return the four ratios, arm over base, in the order above.
#
# <details><summary>Hint 1 (click to open)</summary>A ratio of one says: held fixed.</details>
# <details><summary>Hint 2 (click to open)</summary>Examples are counted over the whole run.</details>
# <details><summary>Hint 3 (click to open)</summary>Compute one arm's four numbers first; the ratios follow.</details>


# %% solution="u10_ratios"
def ratios(base, arm):
    """Return [steps, examples, temperature, learning rate] of the arm over the base's.

    base, arm: lists [batch_size, lr, num_steps, momentum], with 0 <= momentum < 1.
    """

    ### BEGIN SOLUTION
    def four(run):
        batch_size, lr, num_steps, momentum = run
        return num_steps, batch_size * num_steps, lr / batch_size / (1 - momentum), lr

    return [after / before for after, before in zip(four(arm), four(base), strict=True)]
    ### END SOLUTION


# %% check="u10_ratios"
check("u10_ratios", ratios)

# %% [markdown]
# **Change, predict, run**: the base itself as the arm, but with a momentum of 0.9 and a tenth of the
# learning rate. Which of the four changes?
#
# The arms of our experiment. Each was chosen so that somebody's explanation fails on it, if it is
# wrong:

# %%
use_ratios = mine_or_library("u10_ratios", ratios)
num_examples, num_epochs, lr = by_size(tiny=1024, cpu=4096, gpu=4096), 20, 0.25
base_arm = [256, lr, num_epochs * (num_examples // 256), 0.0]
print(f"{'arm':34s}{'steps':>8s}{'examples':>10s}{'temp.':>8s}{'lr':>6s}")
for name, arm in ARMS.items():
    size = num_examples if arm.batch is None else 256 * arm.batch
    row = [
        float(x) for x in use_ratios(base_arm, [size, arm.lr * lr, arm.steps * base_arm[2], 0.0])
    ]
    if arm.batch is None:
        row[2] = 0.0  # all examples at once: no noise, whatever the formula says
    print(f"{name:34s}" + "".join(f"{x:8.3g}" for x in row))

# %% [markdown]
# Read the rows. "Their change" holds examples *and* temperature, and moves steps and learning rate: by
# itself it can't say which of the two did it. "Large batch, old lr, old steps" changes temperature alone
# of the things that a mechanism could live on (the examples grow because the batch does). The full
# batch has no noise at all: its temperature is 0, and no ratio of batches.
#
# ## 10.3 A change with its interval
# Pairs share their luck, so their differences scatter less than either of them. Some runs diverge. They
# are results too: a network that guesses among ten classes is right in 10 % of cases.
#
# ### Exercise 2 (2 points, 8 minutes): a paired change
# Return the mean change, after minus before, and half of its interval: `quantile` times the standard error
# of the mean (standard deviation with divisor n − 1, over √n). `None` stands for a run that diverged: it
# counts as `chance`.
#
# <details><summary>Hint 1 (click to open)</summary>First make two lists without gaps, then one list of changes.</details>
# <details><summary>Hint 2 (click to open)</summary>The interval belongs to the changes, not to the two columns.</details>
# <details><summary>Hint 3 (click to open)</summary><code>torch.tensor(list).std()</code> has the divisor n − 1.</details>


# %% solution="u10_change"
def change(before, after, chance, quantile):
    """Return [mean change, half of its interval], in points; a change may be negative.

    before, after: lists of n >= 2 accuracies in %, seed by seed, None where a run diverged;
    chance: what such a run counts as, in %; quantile: standard errors in half an interval.
    """
    ### BEGIN SOLUTION
    pairs = [[chance if x is None else x for x in pair] for pair in zip(before, after, strict=True)]
    table = torch.tensor(pairs, dtype=torch.float64)
    changes = table[:, 1] - table[:, 0]
    return [changes.mean(), quantile * changes.std() / len(changes) ** 0.5]
    ### END SOLUTION


# %% check="u10_change"
check("u10_change", change)

# %% [markdown]
# **Change, predict, run**: `change([50.0, 40, 60], [45.0, 35, 55], 10.0, 4.3)`. The two columns scatter by
# 10 points. How wide is the interval?
#
# How many seeds does an arm need? Ask *before* the experiment, from a pilot.
#
# ### Exercise 3 (2 points, 8 minutes): how many seeds
# From the paired changes of a pilot, return the smallest whole number n ≥ 2 of seeds for which half of the
# interval is at most `wanted`. It is the number in all, with the pilot's among them, and may be smaller than
# the pilot was. Take the scatter as in the pilot (divisor n − 1; it may be 0) and `quantile` as given. Where the formula gives a whole number but for rounding (up to
# 1e-9 above it), that number is enough.
#
# <details><summary>Hint 1 (click to open)</summary>Half of the interval is quantile · s / √n. Which n makes it equal to what is wanted?</details>
# <details><summary>Hint 2 (click to open)</summary>Seeds come whole.</details>
# <details><summary>Hint 3 (click to open)</summary>A number that is whole but for its last digits: take 1e-9 off before you round up.</details>


# %% solution="u10_num_seeds"
def num_seeds(changes, wanted, quantile):
    """Return the smallest number of paired seeds, a whole number >= 2.

    changes: list of two or more paired changes of a pilot; wanted: half of the interval is to be at
    most this; quantile: standard errors in half an interval.
    """
    ### BEGIN SOLUTION
    deviation = torch.tensor(changes, dtype=torch.float64).std().item()
    exact = (quantile * deviation / wanted) ** 2
    return max(2, math.ceil(exact - 1e-9))
    ### END SOLUTION


# %% check="u10_num_seeds"
check("u10_num_seeds", num_seeds)

# %%
use_num_seeds = mine_or_library("u10_num_seeds", num_seeds)
pilot = [-15.0, -13.0, -11.0]


def asked(wanted, quantile):
    """Return how many seeds the formula asks for."""
    return int(float(use_num_seeds(pilot, wanted, quantile)))


def planned(wanted):
    """Return the smallest n for which the quantile of n seeds asks for no more than n."""
    return next(n for n in range(2, 10_000) if asked(wanted, stats.t.ppf(0.975, n - 1)) <= n)


print(f"changes {pilot}:")
for wanted in (4.0, 2.0, 1.0, 0.5):
    print(
        f"± {wanted:g}: {asked(wanted, 2.26)} seeds by the quantile of ten, {planned(wanted)} by "
        "their own"
    )

# %% [markdown]
# Half the error costs about four times the seeds. The first column takes the quantile of ten seeds,
# `stats.t.ppf(0.975, 9)`, 2.26, whatever comes out. But more seeds have a smaller one and fewer a larger
# one: the second column is the smallest n that its own quantile agrees with, and that is the plan. (The
# pilot's three seeds know their scatter badly; so it is a plan, not a promise.) We look for effects of 5
# points and more, and take ten.
#
# ## 10.4 Build it: the runner of the experiment
# ### Exercise 4: build it (25 minutes, no marks)
# `run(arm, seed)` trains one run and returns its test accuracy in %, or nan if it diverged. `arms` is a
# list of settings, and the **first is the base**. Return a list with one row for each *other* arm:
# [mean paired change, half of its interval, verdict]. The verdict is 1 if the whole interval lies above
# 0, −1 if the whole lies below, and 0 if it touches or holds 0. Milestones, checked one by one:
#
# 1. **One change**: a row for each arm, changes seed by seed against the base of the *same* seed.
# 2. **Intervals**: the half-width, and the verdict in three values.
# 3. **Diverged runs** count as `chance`, the base's too.
#
# <details><summary>Hint 1 (click to open)</summary>A table first: one row an arm, one column a seed. Then rows minus the first row.</details>
# <details><summary>Hint 2 (click to open)</summary><code>x != x</code> is true for nan and for nothing else.</details>
# <details><summary>Hint 3 (click to open)</summary>Exercise 2 gives two of the three numbers of a row.</details>


# %% solution="u10_build"
def decide(run, arms, seeds, chance, quantile):
    """Return one row [mean change, half of the interval, verdict 1, 0 or -1] for each later arm.

    run: a function (arm, seed) -> accuracy in %, not a number if it diverged; arms: list, the first
    is the base; seeds: list of two or more; chance: what a diverged run counts as, in %;
    quantile: standard errors in half an interval.
    """
    ### BEGIN SOLUTION
    table = torch.tensor([[float(run(arm, seed)) for seed in seeds] for arm in arms]).double()
    table = torch.where(table.isnan(), chance, table)
    rows = []
    for values in table[1:]:
        changes = values - table[0]
        mean, half = changes.mean().item(), quantile * changes.std().item() / len(seeds) ** 0.5
        rows.append([mean, half, (mean > half) - (mean < -half)])
    return rows
    ### END SOLUTION


# %% check="u10_build"
check("u10_build", decide)

# %% [markdown]
# What you should see: your runner on a real experiment, small enough to watch. Digits, three arms, five
# seeds; the model and its training are unit 00's. Expect no fall in the first row, though it is their
# change: the rate is small here, and 48 steps at 0.05 take the weights about as far as 12 steps at 0.2.
# The fall of 10.5 comes from a base five times as fast, nearer its stability limit.

# %%
use_decide = mine_or_library("u10_build", decide)
digits = load("digits", num_train=1024)


def run_once(arm, seed):
    """Train one run on digits; return its test accuracy in %, nan if it diverged."""
    batch_size, rate, num_steps = arm
    generator = torch.Generator().manual_seed(seed)
    model = mlp((64, 32, 10), generator=generator)
    config = TrainConfig(batch_size, num_steps, lambda step: rate)
    train(model, digits, config, rng=generator)
    with torch.no_grad():
        outputs = model(digits.test_inputs)
    right = (outputs.argmax(dim=1) == digits.test_targets).double().mean().item()
    return 100 * right if outputs.isfinite().all() else math.nan


small_arms = [[64, 0.05, 48], [256, 0.2, 12], [256, 0.2, 48], [256, 0.05, 48]]
named = [
    "B × 4, lr × 4, a quarter of the steps",
    "B × 4, lr × 4, equal steps",
    "B × 4, equal steps",
]
small_seeds = list(range(by_size(tiny=2, cpu=5)))
quantile = float(
    stats.t.ppf(0.975, len(small_seeds) - 1)
)  # of a t distribution: fewer seeds, wider
rows = use_decide(run_once, small_arms, small_seeds, 10.0, quantile)
for name, (mean, half, verdict) in zip(named, rows, strict=True):
    said = {1: "better", 0: "can't tell", -1: "worse"}[int(float(verdict))]
    print(f"{name:40s} {float(mean):+6.1f} ± {float(half):.1f}  {said}")

# %% [markdown]
# **Change, predict, run**: twenty seeds in place of five. Which verdict moves first, if any?
#
# ## 10.5 The decision experiment
# Now the real one: MNIST-1D, the base at B = 256 and lr 0.25, unit 00's, and the eight arms of 10.2. (Many runs train
# at once, but each as your `run_once` would train it.)

# %%
num_seeds_here = by_size(tiny=2, cpu=10, gpu=32)
mnist1d = load("mnist1d", num_train=num_examples)
seeds = range(num_seeds_here)
accuracies = {"base": run_arm(BASE, mnist1d, lr=lr, seeds=seeds)}
for name, arm in ARMS.items():
    accuracies[name] = run_arm(arm, mnist1d, lr=lr, seeds=seeds)
yours = {name: values - accuracies["base"] for name, values in accuracies.items() if name != "base"}
print(f"base: {accuracies['base'].mean():.1f} % over {num_seeds_here} seeds")
for name, (mean, half) in changes_to_base(accuracies).items():
    print(f"{name:34s} {mean:+6.1f} ± {half:.1f}")

# %%
show(
    figures.decision_plot(
        yours, title=f"MNIST-1D, base B = 256, lr {lr:g}: {num_seeds_here} paired seeds"
    )
)

# %% [markdown]
# **What the figure says.** Their change costs several points. A large batch at the *old* learning
# rate and the old number of steps loses nothing, with a quarter of the noise. Taking all noise away,
# or four times as much of it, at the short length gives nothing back; nor does warmup, which takes from the
# few steps there are. With the steps given back, at the new
# learning rate, the large batch is *above* the base. Look at the length of the intervals too: arms near
# the stability limit scatter more.
#
# The ledger's ten seeds at three other learning rates of the base, changes in points (Q3):
#
# | arm | base lr 0.125 | base lr 0.5 | base lr 1 |
# |---|---|---|---|
# | their change | {{Q3.their_change_low}} | {{Q3.their_change_middle}} | {{Q3.their_change_high}} |
# | … + warmup | {{Q3.warmup_low}} | {{Q3.warmup_middle}} | {{Q3.warmup_high}} |
# | … + warmup and cosine | {{Q3.warmup_cosine_low}} | {{Q3.warmup_cosine_middle}} | {{Q3.warmup_cosine_high}} |
# | root rule | {{Q3.root_low}} | {{Q3.root_middle}} | {{Q3.root_high}} |
# | small batch, short, hot | {{Q3.hot_low}} | {{Q3.hot_middle}} | {{Q3.hot_high}} |
# | full batch, short | {{Q3.full_low}} | {{Q3.full_middle}} | {{Q3.full_high}} |
# | large batch, old lr, old steps | {{Q3.old_lr_low}} | {{Q3.old_lr_middle}} | {{Q3.old_lr_high}} |
# | large batch, new lr, old steps | {{Q3.new_lr_low}} | {{Q3.new_lr_middle}} | {{Q3.new_lr_high}} |
#
# Read the last row from left to right: the same cure gains, then can't tell, then fails. In the middle
# column its interval is wide because two of the ten seeds fell far below the base, and eight gained: such an
# arm is at the limit, and its mean is the mean of two kinds of run.
#
# ## 10.6 Which explanations survive?
# An explanation is a list of predictions. Written down before the runs, as ranges in points:
#
# | explanation | their change | large batch, old lr, old steps | large batch, new lr, old steps |
# |---|---|---|---|
# | noise lost, η/B | −2 to 2: the old temperature | −100 to −2: a quarter of it | −2 to 2: the old one |
# | noise lost, 1/B | −100 to −2: a larger batch | −100 to −2: the same batch | −100 to −2: the same batch |
# | too few steps | −100 to −2 | −2 to 2 | −2 to 100 |
# | lr above the limit | −100 to −2 | −2 to 2 | −100 to −2 |
#
# "The noise was lost" can mean two things. By the temperature η/B (10.2's column "temp.") only the middle arm lost noise, so a fall elsewhere has another cause. By the batch
# alone, whatever the rate, all three arms lost it. (Arms on which no explanation names a range, such as
# the full batch, refute none.)
#
# ### Exercise 5 (3 points, 10 minutes): survivors
# For each explanation return 1 if it survives and 0 if it is refuted. It is refuted if, on any arm, the
# measured interval (mean ± half) and the predicted range have no point in common. Where they only touch,
# they have one.
#
# <details><summary>Hint 1 (click to open)</summary>Two ranges meet if neither lies wholly above the other.</details>
# <details><summary>Hint 2 (click to open)</summary>One failed prediction is enough.</details>
# <details><summary>Hint 3 (click to open)</summary>Compare the upper end of one with the lower end of the other, twice.</details>


# %% solution="u10_survivors"
def survivors(means, halves, predictions):
    """Return a list of 1 (survives) and 0 (refuted), one for each explanation.

    means, halves: lists with one number for each arm; predictions: predictions[e][k] is the range
    [low, high] that explanation e predicts for arm k; its ends belong to it.
    """
    ### BEGIN SOLUTION
    m, h = torch.tensor(means).double(), torch.tensor(halves).double()
    ranges = torch.tensor(predictions).double()
    meet = (m + h >= ranges[..., 0]) & (m - h <= ranges[..., 1])
    return meet.all(dim=1).long()
    ### END SOLUTION


# %% check="u10_survivors"
check("u10_survivors", survivors)

# %%
use_survivors = mine_or_library("u10_survivors", survivors)
tested = ["their change", "large batch, old lr, old steps", "large batch, new lr, old steps"]
fell, same, any_gain = [-100.0, -2.0], [-2.0, 2.0], [-2.0, 100.0]
says = {
    "noise lost, lr/B": [same, fell, same],
    "noise lost, 1/B": [fell, fell, fell],
    "too few steps": [fell, same, any_gain],
    "lr above the limit": [fell, same, fell],
}
for rate in (lr, 1.0):
    table = {"base": run_arm(BASE, mnist1d, lr=rate, seeds=seeds)}
    table |= {name: run_arm(ARMS[name], mnist1d, lr=rate, seeds=seeds) for name in tested}
    found = changes_to_base(table)
    means, halves = ([found[name][i] for name in tested] for i in (0, 1))
    kept = use_survivors(means, np.nan_to_num(halves).tolist(), list(says.values()))
    print(
        f"base lr {rate:g}: "
        + ", ".join(
            f"{name} {m:+.1f} ± {h:.1f}" for name, m, h in zip(tested, means, halves, strict=True)
        )
    )
    alive = [name for name, k in zip(says, kept, strict=True) if int(k)]
    print(f"   survives: {', '.join(alive) or 'none'}")

# %% [markdown]
# **Read both lines.** The same question has two answers. From a base at lr 0.25 the missing steps did it;
# from a base at lr 1, where 4 lr lies above the limit, the learning rate did. In the ledger's runs "the noise
# was lost" survives in neither, whichever of the two it means. (If it does in yours, look at the ±: ten seeds
# can leave an interval so wide that it touches the range of an explanation.) So the honest answer to the interview question is a question: *where did you start?*
#
# **Caveat.** All bases at 20 epochs are under-trained; the verdict is about this regime. Where all runs fit
# their training set, less noise does cost points (N5 in the ledger). And the experiment says what broke
# *here*: it shows that the popular diagnosis is not necessary, and nothing about any company's run.
#
# **Change, predict, run**: a fourth explanation, "the rule should have been the root": it predicts that the
# arm "root rule" is the same as the base. Add the arm and the row. Does it survive?

# %% [markdown]
# ---
# ## Break. Part b: runs of others, and a plan of your own
#
# | | |
# |---|---|
# | **Question** | What do you do with a run that you did not start? |
# | **Your time** | 120 minutes |
# | **You need** | part a; unit 04 for three of the six runs; unit 05 for the plan |
#
# ## 10.7 Buy the run that can change your mind
# Two explanations are left. Every experiment has a price, and each explanation predicts its outcome. One
# that both predict alike tells nothing, however large its effect: *"we halved the learning rate, and it
# helped"* is what three of the faults below would all say.
#
# ### Exercise 6 (3 points, 10 minutes): the cheapest that tells
# An outcome is known only up to its error. An experiment tells two explanations apart if their predictions
# differ by **more than twice** that error, so that the two intervals do not even touch. Return the place
# (counted from 0) of the cheapest that does; of equal prices the first; −1 if none does.
#
# <details><summary>Hint 1 (click to open)</summary>Which experiments tell at all? Then: which of those is cheapest?</details>
# <details><summary>Hint 2 (click to open)</summary>It does not matter which of the two explanations predicts more.</details>
# <details><summary>Hint 3 (click to open)</summary><code>min(..., key=...)</code> keeps the first of equals.</details>


# %% solution="u10_choose"
def choose(prices, first, second, errors):
    """Return the place of the cheapest experiment that tells two explanations apart, or -1.

    prices: list, one for each experiment; first, second: outcome that either explanation predicts,
    of any sign; errors: half-width with which each outcome would be measured.
    """
    ### BEGIN SOLUTION
    tells = [i for i in range(len(prices)) if abs(first[i] - second[i]) > 2 * errors[i]]
    return min(tells, key=lambda i: prices[i]) if tells else -1
    ### END SOLUTION


# %% check="u10_choose"
check("u10_choose", choose)

# %%
use_choose = mine_or_library("u10_choose", choose)
menu = ["five more seeds", "warmup", "equal steps at the old lr", "equal steps at the new lr"]
prices = [5.0, 1.0, 4.0, 4.0]
steps_say, limit_says = [-13.0, -13.0, 0.0, 6.0], [-13.0, -12.0, 0.0, -30.0]
place = int(float(use_choose(prices, steps_say, limit_says, [1.0, 2.0, 1.0, 3.0])))
told = f"run: {menu[place]}" if place >= 0 else "no run on the list would tell"
print(f"too few steps, or lr above the limit? {told}")

# %% [markdown]
# **Change, predict, run**: an error of 20 points for the last (two seeds near the limit). What is left?
#
# ## 10.8 Find the flaw: a stall in the log
# Before you explain a curve, ask what one point of it is. This logger is found, in variants, in real
# training code:
#
# ```python
# def log_losses(losses, every):
#     shown, total = [], 0.0
#     for step, loss in enumerate(losses):
#         total += loss
#         if step % every == 0:
#             shown.append(total / (step + 1))
#     return shown
# ```
#
# Three things are wrong with it: what its first number is the mean of, what its later numbers are, and
# what becomes of the last steps.
#
# ### Exercise 7 (3 points, 8 minutes): mend it
# Return the mean loss of each window of `every` steps, in order, and of what is left at the end, if
# anything is.
#
# <details><summary>Hint 1 (click to open)</summary>After a number is shown, which of the old losses may still count?</details>
# <details><summary>Hint 2 (click to open)</summary>A window is full after <code>every</code> steps, not before the first.</details>
# <details><summary>Hint 3 (click to open)</summary>The last window may be short: divide by its own length.</details>


# %% solution="u10_log_losses"
def log_losses(losses, every):
    """Return the mean loss of each window of `every` steps; the last window may be shorter.

    losses: list, one for each step, not empty; every: whole number >= 1.
    """
    ### BEGIN SOLUTION
    windows = [losses[i : i + every] for i in range(0, len(losses), every)]
    return [sum(window) / len(window) for window in windows]
    ### END SOLUTION


# %% check="u10_log_losses"
check("u10_log_losses", log_losses)

# %%
use_log = mine_or_library("u10_log_losses", log_losses)
generator = torch.Generator().manual_seed(3)
model, true_losses = mlp((64, 32, 10), generator=generator), []
loss_fn = nn.CrossEntropyLoss()
for step in range(by_size(tiny=120, cpu=600)):
    rate = 0.002 if step < 100 else 0.1  # a change of the learning rate, late
    batch = torch.randint(len(digits.train_inputs), (32,), generator=generator)
    loss = loss_fn(model(digits.train_inputs[batch]), digits.train_targets[batch])
    grads = torch.autograd.grad(loss, list(model.parameters()))
    with torch.no_grad():
        for p, g in zip(model.parameters(), grads, strict=True):
            p -= rate * g
    true_losses.append(loss.item())
every = 20
averaged = [sum(true_losses[: i + 1]) / (i + 1) for i in range(0, len(true_losses), every)]
mended = [float(x) for x in use_log(true_losses, every)]
at = list(range(0, len(true_losses), every))
middle = [start + (every - 1) / 2 for start in at][: len(mended)]  # of each window
loggers = {"as found: mean since the start": (at, averaged), "mended": (middle, mended)}
show(figures.loggers_plot(true_losses, loggers, title="One run, two logs"))

# %% [markdown]
# **What the figure says.** At step 100 the learning rate was raised, and the loss fell at once. The mean
# since the start bends there too, and then creeps: every later number of it drags along what came before, so
# that it stands many times above the loss to the end. "It learns slowly" is then true of the log and of
# nothing else. The same happens where a log counts *steps* and the batch was
# raised: an interval of 50 steps covers more examples than before (P11 in the ledger: progress for each
# *step* goes on, only progress for each example falls).
#
# **Change, predict, run**: `every = 200`. From which point on can you still see that something happened at
# step 100?
#
# ## 10.9 Six runs that went wrong
# Six real runs of a small network on digits, three seeds each. Each went wrong by one fault in its code,
# its data or its comparison. You see what its team has: what they say, the settings of this run and of
# the last good one, curves, log lines (|g| is the length of the accumulated gradient before any clipping
# of it), and what the run before reached. Five explanations were named in the meeting; six experiments
# are on the price list, and each says what can come out.
#
# Answer with **three numbers** from the lists: the explanation; the *cheapest* experiment that tells
# it from the next best one; what that experiment will say. Then it is really run. The next best one is the
# other explanation on the list that fits the curves nearly as well. "Better", "the same" and "worse" are said
# beside this run as it stands, not beside the run before. And a fault that is mended need not give the whole gap
# back: a larger batch has fewer steps in as many epochs, whatever else was wrong (10.5). (An accuracy is told as
# it was shown, at the end, and over the second half of the epochs; a change of 5 points there decides.)
#
# To warm up, four others; nothing is marked here.

# %%
from coursekit.explorers.mystery import mystery

mystery()

# %% [markdown]
# Now the six of the exercise.

# %%
show_mystery(1, release=RELEASE)

# %%
show_mystery(2, release=RELEASE)

# %%
show_mystery(3, release=RELEASE)

# %%
show_mystery(4, release=RELEASE)

# %%
show_mystery(5, release=RELEASE)

# %%
show_mystery(6, release=RELEASE)

# %% [markdown]
# ### Exercise 8 (6 points, 30 minutes): diagnose them
# One point for each run, if all three numbers are right. Answer one run at a time, and run the cell
# below: it carries out the experiments that you chose. Your first answers are kept.
#
# <details><summary>Hint 1 (click to open)</summary>Begin with what was changed between the two runs, and with what a line of the log should be and is not.</details>
# <details><summary>Hint 2 (click to open)</summary>For each experiment write down what your explanation predicts, and what the next best one does. Strike out those where they agree.</details>
# <details><summary>Hint 3 (click to open)</summary>Compare the first |g| with the run before; |g| with the clipping; the learning rate in the log with the settings; training with validation; a loss with itself, eight steps later.</details>


# %% solution="u10_diagnosis"
def diagnosis(number):
    """Return [explanation, experiment, outcome] of a run: places in its lists, counted from 1.

    number: which run, a whole number from 1 to 6.
    """
    ### BEGIN SOLUTION
    found = {1: "531", 2: "111", 3: "112", 4: "512", 5: "341", 6: "441"}
    return [int(digit) for digit in found[number]]
    ### END SOLUTION


# %%
tell(diagnosis, range(1, 7), release=RELEASE)

# %% check="u10_diagnosis"
check("u10_diagnosis", diagnosis)

# %% [markdown]
# **What this was for.** Three skills: naming, buying, predicting. The lines above count them apart; a point
# needs all three. Strategies that need no
# understanding (always the learning rate, always the dearest run, always more seeds, chance) earn less
# than a third of the points over fifty other draws; somebody who reads every line earns nearly all.
# **Change, predict, run**: in `show_mystery(1, release=7)` and the five after it are six new ones, with
# other faults among them; `tell(lambda number: [1, 1, 1], [1], release=7)` tries an answer. (A private
# release of the course brings six runs of its own.)

# %% [markdown]
# ## 10.10 Two engineers, one idea, opposite decisions
# A **batch ramp** starts small and grows the batch during training: noise grows, so the useful batch
# does (unit 05). Two public training records of language models tried it:
#
# - *modded-nanogpt* keeps it: 8 → 16 → 24 (times 16,384 tokens), the learning rate × 1.52 and × 1.73. The
#   record fell from 134.0 s to 132.2 s (its record of 2025-11-29).
# - *nanochat* tried it, found "small gains", and left it out (its development log).
#
# Who is right? A ramp saves *steps*. Whether it saves *time* depends on what a step costs:
# $t(B) = \max(t_0, B/r)$, unit 05's law in unit 09's letters: a step takes at least $t_0$ (`min_step_seconds`), and
# a full machine does $r$ examples a second (`examples_per_second`).
#
# ### Exercise 9 (2 points, 8 minutes): what a ramp costs
# `stages` are pairs of examples and batch size, in turn; a batch size may come again later, or fall. Return
# the steps and the seconds of the whole.
#
# <details><summary>Hint 1 (click to open)</summary>One stage first: how many steps, and how long is one?</details>
# <details><summary>Hint 2 (click to open)</summary>A step takes the longer of its two times.</details>
# <details><summary>Hint 3 (click to open)</summary>Sum over the stages, steps and seconds apart.</details>


# %% solution="u10_ramp"
def ramp(stages, examples_per_second, min_step_seconds):
    """Return [steps, seconds] of a schedule of batch sizes.

    stages: list of [examples, batch size], one stage or more, whole batches; examples_per_second:
    throughput when the hardware is full; min_step_seconds: what a step takes at the least.
    """
    ### BEGIN SOLUTION
    steps = [examples / size for examples, size in stages]
    times = [max(size / examples_per_second, min_step_seconds) for _, size in stages]
    return [sum(steps), sum(n * t for n, t in zip(steps, times, strict=True))]
    ### END SOLUTION


# %% check="u10_ramp"
check("u10_ramp", ramp)

# %%
use_ramp = mine_or_library("u10_ramp", ramp)
ramp_seeds = range(by_size(tiny=2, cpu=8, gpu=32))
machines = {"many GPUs, full at B = 512": (512.0, 1.0), "one GPU, full at B = 32": (32.0, 1.0)}
arms = {}
print(f"{'schedule':18s}{'steps':>7s}{'loss':>16s}{'accuracy':>16s}")
for name, schedule in RAMPS.items():
    losses, tests = run_ramp(schedule, mnist1d, seeds=ramp_seeds)
    stages = schedule.sized(num_examples, 32)
    seconds = [float(use_ramp(stages, *machine)[1]) for machine in machines.values()]
    arms[name] = (losses, *seconds)
    (loss, e), (accuracy, f) = t_interval(losses), t_interval(tests)
    steps = float(use_ramp(stages, 1.0, 1.0)[0])
    print(f"{name:18s}{steps:7.0f}{loss:9.3f} ± {e:.3f}{accuracy:10.1f} ± {f:.1f}")
title = f"12 epochs of MNIST-1D, {len(ramp_seeds)} seeds; learning rate × √k where the batch is × k"
show(figures.ramp_plot(arms, names=tuple(machines), title=title))

# %% [markdown]
# **What the figure says.** All four schedules see the same examples. On the left a step takes as long at
# any of these batches, so time is steps: the ramp is done in three quarters of the small batch's time. On
# the right the hardware is full already, and no schedule is faster than another. Now the heights. Beside
# the small batch at a constant rate, the ramp is faster and its mean loss is no higher (your run's intervals
# may overlap: then nobody can say that it is lower). Beside the
# small batch whose rate decays at the same epochs it is faster and ends higher: part of what a ramp gives is
# what a decay gives (unit 03, L11). So the two engineers can both be right: which machine, and which
# baseline?
#
# **Change, predict, run**: a machine that is full at B = 128. Which of the four gains?
#
# ### Essay (2 points, 10 minutes): argue for one of the two
# You are in nanochat's place: one machine of eight GPUs, a run of hours, code that others read and
# copy. Would you merge the ramp? Three to six sentences. **What earns the points**: a number that you would
# measure first, with the value at which you would change your mind (1); what the ramp costs besides
# time: code, one more schedule to tune, comparability of runs (1).

# %% [markdown] essay="u10_argue" points=2
# ### BEGIN SOLUTION
# I would measure t(B) on the eight GPUs first. If a step at the starting batch is already as long as B over
# the throughput, the ramp cannot save seconds, and I leave it out. If steps at the small batch are cut by
# the least step time, I compare loss at equal seconds, over five seeds. I would want two per cent or more:
# the record that kept the ramp gained 1.3 per cent, and a second schedule (batch and learning rate together)
# has to be explained to everybody who copies the code, and makes curves over steps incomparable. A
# leaderboard pays for 1.3 per cent; a teaching repository does not.
# ### END SOLUTION

# %% [markdown]
# ## 10.11 Myth lab
# **"Batch 256 to 1024 with lr × 4 loses accuracy because the noise was killed."** Ledger, N4: from a base
# at lr 0.25 the change costs {{N4.fall}} points over {{N4.fall.seeds}} seeds. Quartering the noise at equal
# steps changes the accuracy by {{N4.noise_quartered}} (ledger); giving the steps back changes it by
# {{N4.steps_given_back}}.
#
# **"They did not tune the learning rate."** Ledger, L12: tuning at B = 1024 gives back {{L12.gain_below}} of a
# fall of {{L12.fall_below}} points where 4 lr is still stable, and {{L12.gain_above}} of
# {{L12.fall_above}} where it is not. So the same sentence is a trap answer below the limit and the right
# answer above it.
#
# | claim | verdict | because (ledger) |
# |---|---|---|
# | Q3: a quarter of the steps did it | **depends** on the base | equal steps give {{Q3.new_lr_low}} points at lr 0.125, {{Q3.new_lr_high}} at 1 |
# | N4: the noise was killed | **fails** here | {{N4.noise_quartered}} points for a quarter of the noise |
# | L12: tuning does not give it back | **depends** on the base | {{L12.gain_below}} below the limit, {{L12.gain_above}} above |
#
# Measure them again: `python3 -m coursekit claims Q3 N4 L12`.

# %% [markdown]
# ## 10.12 Your own model: a plan for its batch size
# The last task has no check. Take a model of yours (or one of `docs/examples/`), write a script
# that defines `model`, `loss_fn` and `data`, and measure:
#
# ```
# python3 -m coursekit measure batch-size my_model.py
# python3 -m coursekit measure noise my_model.py
# python3 -m coursekit measure sharpness my_model.py --lr 0.1
# ```
#
# Or in a cell, in three lines, as here for the network of 10.4 early in its training (near the end, where the
# mean gradient is hardly longer than its error, no noise scale can be told from a few examples: you get `nan`
# and an interval without an upper end):

# %%
generator = torch.Generator().manual_seed(0)
plan_model = mlp((64, 32, 10), generator=generator)
settings = TrainConfig(64, by_size(tiny=32, cpu=48), lambda step: 0.1)
train(plan_model, digits, settings, rng=generator)
pair = (digits.train_inputs, digits.train_targets)
scale = grad_noise_scale(model_moments(plan_model, nn.CrossEntropyLoss(), pair))
print(f"noise scale {scale.value:.0f} examples, 95 % interval {scale.low:.0f} to {scale.high:.0f}")

# %% [markdown]
# ### Essay (6 points, 30 minutes): the plan
# Half a page. A person marks it by this **rubric**, one point each; mark yourself first:
#
# 1. **Budget and target**: what is held fixed (steps, examples, seconds, money), and the loss or accuracy
#    at which runs are compared.
# 2. **Measured**: a noise scale or a B_crit of *your* model, with its interval and when in training it was
#    taken; and t(B) on your machine at three batch sizes or more.
# 3. **The batch size**, computed from 1 and 2 and not named first; in seconds and in examples it may differ.
# 4. **The learning rate** at that batch: which rule, why, and an interior grid to check it on, chosen on
#    validation data.
# 5. **What else moves**: warmup, accumulation (what must stay exact), β₂ or weight decay, BatchNorm.
# 6. **One run that could refute the plan**, its price, its predicted outcome, and what you would do then.
#
# <details><summary>A model answer, for another model (open it after you have written yours)</summary>
#
# *Model: a 12-layer transformer of 50 M parameters, one GPU, AdamW; script and log attached.* (1) Fixed:
# 8 GPU-hours a run; compared at equal seconds, by validation loss; target 3.30. (2) `measure noise` at a
# third and at the end of our last run: 90 and 240 sequences, intervals 60 to 150 and 180 to 330. t(B) is
# flat at 0.21 s up to B = 48 and rises in proportion above. (3) Between 48 and 240 a step costs in
# proportion to B and saves less than that, so in seconds the best batch is near 48; at 48 we are well below
# the noise scale, so steps are used well. B = 48; with eight GPUs the knee moves to 384, and I would take 192.
# (4) We had 0.0006 at B = 32; the root rule says 0.00073; grid 0.0004, 0.0006, 0.0008, 0.0012, by validation,
# three seeds at two-thirds length. (5) Warmup stays at 300 steps; no accumulation needed; half-life of β₂ kept
# in tokens (0.95 to 0.926); weight decay untouched. (6) B = 96 at the root-rule rate for 2 GPU-hours. The
# plan predicts a higher loss at equal seconds, by 0.02 or more; three seeds tell 0.01. If it is lower,
# t(B) was measured wrongly (data loading), and I measure it again under load.
# </details>

# %% [markdown] essay="u10_plan" points=6
# ### BEGIN SOLUTION
# Marked by the rubric above, one point each. Points 2 and 6 need numbers of the learner's own model: a plan
# without a measured noise scale or without t(B) gets no point for 2 however well it is written. For 3 the
# batch has to follow from 1 and 2. For 6 a run whose outcome could not change the plan gets no point.
# ### END SOLUTION

# %% [markdown]
# ## 10.13 On a GPU
# The cells above find a GPU by themselves and take more seeds. The mystery runs stay on the CPU, so that
# each number is the same run everywhere. You ran on:

# %%
print(
    device_name(),
    "|",
    num_seeds_here,
    "seeds in the decision experiment,",
    len(ramp_seeds),
    "in the ramp",
)

# %% [markdown]
# ## Interview corner
# **"We scaled the batch from 256 to 1024 and the learning rate by 4, and test accuracy fell. What broke?"**
# 1. *Direct answer*: "At equal epochs you took a quarter of the steps, and you moved closer to the stability
#    limit. Which of the two it was depends on where you started; the noise is my third guess."
# 2. *Mechanism*: "η/B did not change, so the temperature did not. The steps did, and η against 2/λ did."
# 3. *Evidence*: "In a small network a quarter of the noise at equal steps changed accuracy by {{N4.noise_quartered}} points,
#    and equal steps gave back {{N4.steps_given_back}}, of a fall of {{N4.fall}}." (the ledger's)
# 4. *Practice*: "Two arms, ten paired seeds: the new setting for as many steps as before, and the old
#    learning rate for as many steps. Before they run I write down what each explanation predicts."
#
# *A weak answer*: any single cause, said with confidence, and no run that could refute it.
#
# *Follow-up*: "You may have one run, not two." (Equal steps at the new learning rate: the two survivors
# disagree on it, and on nothing cheaper.)
#
# **"A colleague halved the learning rate and the run recovered. So it was the learning rate?"**
# 1. *Direct answer*: "Not yet. Several faults predict that."
# 2. *Mechanism*: "Accumulation that sums, an unscaled last window, a warmup that is too short: each makes
#    steps too long somewhere, and a smaller rate hides all of them."
# 3. *Evidence*: "Of the ten faults of this unit, three are mended by a smaller rate; in none does that tell
#    them from their rival."
# 4. *Practice*: "I print |g| of one micro-batch beside the accumulated one. It costs one step."
#
# *A weak answer*: "It works now, let us move on."
#
# Practise more of them here. `python3 -m coursekit interview` also holds two **cases** of this unit: the
# scenario itself and a mystery run, in which what you are told depends on what you ask for.

# %%
from coursekit.interview.widget import interview_corner

interview_corner("10_capstone")

# %% [markdown]
# ## Recap
# - Beside each arm its four ratios: steps, examples, temperature, learning rate.
# - Paired changes with an interval; a run that diverged is a result.
# - An explanation is a list of predictions; one failure refutes it.
# - Buy the cheapest run on which the survivors disagree, and say first what it will say.
# - Before you explain a curve: what is one point of it?
#
# To read: Shallue et al. 2019 (arXiv:1811.03600); Platt 1964, *Strong inference* (Science 146); and the
# log of a run of your own, line by line.

# %%
change_old, _ = changes_to_base(accuracies)["large batch, old lr, old steps"]
fall, _ = changes_to_base(accuracies)["their change"]
warm, _ = changes_to_base(accuracies)["their change + warmup"]
regained = "little or nothing" if warm - fall < -0.25 * fall else "about half of it"
outcome = "the same within 2 points" if abs(change_old) < 2 else "another change"
compare_predictions(
    "10_capstone",
    {
        "temperature": (
            "A quarter of the noise",
            f"{outcome} ({change_old:+.1f} points)",
            "section 10.5",
        ),
        "warmup": ("Their change, plus warmup", regained, "section 10.5"),
        "seeds": (
            "Seeds for ± 1",
            f"{planned(1.0)} seeds by their own quantile, {asked(1.0, 2.26)} by that of ten",
            "section 10.3",
        ),
        "cheapest": ("What to buy", "the cheapest run on which the two disagree", "section 10.7"),
    },
)
