# %% [markdown]
# # 00 · The question
#
# > *We scaled the batch from 256 to 1024 and the learning rate by 4,
# > and test accuracy fell. What broke?*
#
# | | |
# |---|---|
# | **Question** | What broke? You will not be told here. You will see it happen, and say what you believe. |
# | **Difficulty** | easy |
# | **Importance** | high: every later unit works on this question |
# | **Your time** | 25 to 35 minutes |
# | **Run time** | about 40 seconds on two CPU cores |
# | **You need** | Python; PyTorch tensors (`mean`, `argmax`, indexing); what a gradient is |
#
# How a unit works: run the cells from top to bottom with Shift+Enter. Where a cell says
# `raise NotImplementedError`, replace that line by your answer, run the cell, and run the
# check below it. You can always go on: text after an exercise uses the library's function
# until yours is right. A check also looks whether your function has changed what it was handed: build
# something new, and leave the arguments as they are.
# After each check stands one line to try: change this, **predict**, run.

# %% prelude
import torch

from coursekit.data import load
from coursekit.device import by_size
from coursekit.explorers.opening_plane import opening_plane
from coursekit.intervals import t_interval
from coursekit.interview.widget import interview_corner
from coursekit.models import mlp
from coursekit.notebook import check, compare_predictions, mine_or_library, predict, show
from coursekit.plots import plane_plot
from coursekit.replicas import run_grid
from coursekit.train import TrainConfig, accuracy, train

# %% [markdown]
# ## 0.1 Say it first
# People who are asked this question in an interview give one of the answers below, and
# most of them sound sure. Choose yours before you run anything. Nobody marks it; at the
# end you will see it again.

# %%
predict(
    "00_start",
    "what_broke",
    "Batch × 4 and learning rate × 4: test accuracy fell. What broke?",
    [
        "The noise of small batches was lost, and noise helps generalisation",
        "There was no warmup, so the start went wrong",
        "The learning rate should have grown by 2, not by 4",
        "Equal epochs now mean a quarter of the steps",
        "It depends: several of these can be the cause, and a run can tell which",
    ],
)

# %%
predict(
    "00_start",
    "equal_steps",
    "Give the large batch as many steps as the small one had. Compared with the small batch's, its accuracy then is ...",
    ["still lower", "about the same", "higher"],
)

# %% [markdown]
# ## 0.2 Ten words
# | word | meaning here |
# |---|---|
# | **example** | one input with its target |
# | **data set** | the N training examples |
# | **batch**, mini-batch | the B examples whose mean gradient makes one step; *batch size* is B |
# | **full batch** | all N examples in one step: nothing is random |
# | **SGD** | step: parameters minus learning rate × the batch's mean gradient |
# | **step** | one update of the parameters |
# | **epoch** | one pass through the data: N/B steps, rounded down |
# | **micro-batch** | what fits into memory at once; several can be accumulated into one batch |
# | **learning rate**, lr | how far a step goes for a given gradient |
# | **seed** | the number that fixes the initial weights and the order of the examples |

# %% [markdown]
# ## 0.3 Warm-up: how a check works (3 minutes)
# This exercise carries no marks. Complete the function, run its cell, then run the check.
# Try a wrong answer first, to see what a check tells you.
#
# The course drops the examples at the end of an epoch that fill no whole batch, and
# shuffles again.
#
# <details><summary>Hint 1 (click to open)</summary>How many full batches fit into one epoch?</details>
# <details><summary>Hint 2 (click to open)</summary>Python's <code>//</code> rounds down.</details>
# <details><summary>Hint 3 (click to open)</summary>First the steps of one epoch, rounded; then all epochs.</details>


# %% solution="u00_num_steps"
def num_steps(num_examples, batch_size, num_epochs):
    """Optimizer steps of a run. All three are whole numbers; so is the result."""
    ### BEGIN SOLUTION
    steps_per_epoch = num_examples // batch_size
    return num_epochs * steps_per_epoch
    ### END SOLUTION


# %% check="u00_num_steps"
check("u00_num_steps", num_steps)

# %% [markdown]
# *Change this, predict, run:* in the next cell 20 epochs become 21. By how many steps does each
# batch size grow?

# %%
use_num_steps = mine_or_library("u00_num_steps", num_steps)
for batch_size in (256, 1024):
    print(f"B = {batch_size}: {use_num_steps(4096, batch_size, 20)} steps in 20 epochs")

# %% [markdown]
# ## 0.4 It really happens
# The task is MNIST-1D: 4,096 training series of 40 points in ten classes. The model is a
# small network with two hidden layers. We train for 20 epochs with plain SGD: first with
# batch 256 at learning rate 0.25, then with batch 1024 at learning rate 1. Both runs of a
# pair start from the same weights and see the examples in the same order.

# %%
num_seeds = by_size(tiny=2, cpu=5, gpu=10)
mnist1d = load("mnist1d", num_train=by_size(tiny=1024, cpu=4096))


def test_accuracy(batch_size, lr, seed, num_epochs=20):
    """Train one run from scratch; return its test accuracy in %."""
    generator = torch.Generator().manual_seed(seed)
    model = mlp((40, 64, 64, 10), generator=generator)
    steps = use_num_steps(len(mnist1d.train_inputs), batch_size, num_epochs)
    train(model, mnist1d, TrainConfig(batch_size, steps, lambda step: lr), rng=generator)
    return 100 * accuracy(model, mnist1d.test_inputs, mnist1d.test_targets)


before = [test_accuracy(256, 0.25, seed) for seed in range(num_seeds)]
after = [test_accuracy(1024, 1.0, seed) for seed in range(num_seeds)]
print("before, each seed:", [f"{a:.1f}" for a in before])
print("after,  each seed:", [f"{a:.1f}" for a in after])
mean, half = t_interval(a - b for a, b in zip(after, before, strict=True))
print(f"change: {mean:.1f} ± {half:.1f} points (95 % interval over {num_seeds} paired seeds)")

# %% [markdown]
# The last line is **your run**. It should stay clear of zero: a fall that more seeds would not undo.
# The course also keeps a **ledger**: the same experiments, run beforehand and stored with each seed.
# The ledger's {{Q1.change.seeds}} seeds went from
# {{Q1.before}} % to {{Q1.after}} %: a change of **{{Q1.change}} points** (each
# number is rounded by itself). Wherever the text quotes the
# ledger, it says so.
#
# (A ± in units 00 to 03 is half the width of a 95 % interval over seeds. With few seeds it is wide;
# that is honest, not a defect.)
#
# These runs are short, the network is small, and even the first one is far from finished: with more
# epochs it gets better. The course keeps asking what carries over.

# %% [markdown]
# ## 0.5 One pair of runs proves little: the plane
# Someone will say "you should have tuned the learning rate". So let us run *every* learning
# rate at *every* batch size, with several seeds each, for the same number of epochs. This
# time on handwritten digits, which train in seconds. `run_grid` trains each run as the function
# above does, from its own seed; it only takes many of them at once.

# %%
digits = load("digits", num_train=by_size(tiny=256, cpu=1024))
batch_sizes = by_size(tiny=[64, 256], cpu=[32, 64, 128, 256, 512, 1024])
lrs = by_size(tiny=[0.125, 0.5], cpu=[2.0**k for k in range(-6, 4)])
plane_seeds = by_size(tiny=2, cpu=3, gpu=8)
num_epochs = by_size(tiny=2, cpu=15)

runs = run_grid(
    (64, 48, 10), digits, seeds=range(plane_seeds), batch_sizes=batch_sizes, lrs=lrs,
    num_epochs=num_epochs, progress=False,
)  # fmt: skip
plane = runs.values("test_accuracy", diverged_as=0.1)  # (seeds, learning rates, batch sizes)

# %%
title = f"Digits, {num_epochs} epochs of SGD, mean of {plane_seeds} seeds"
show(plane_plot(plane, batch_sizes, lrs, title=title, lowest=80))

# %% [markdown]
# Take a minute with this picture. Rows are learning rates, columns are batch sizes, each
# number is a test accuracy in %; all that is below 80 % has one colour. Look for three things, and
# don't explain them yet:
#
# 1. the good area (yellow and green) has a **lower edge**, and that edge climbs to the right;
# 2. a **ceiling** above which training fails at any batch size;
# 3. so the good area gets **narrower** to the right: its floor comes up to the ceiling.
#
# The red squares mark the best cell of each column. They hardly climb: on a plateau where
# neighbours differ by less than a point, three seeds choose among them by luck.

# %% [markdown]
# ## 0.6 Exercise: read the plane (2 points, 8 minutes)
# Write the function that finds the best learning rate at each batch size. There is one such plane
# for each seed. Take the mean over seeds first, then choose.
#
# <details><summary>Hint 1 (click to open)</summary>The docstring says which axis is which. Over which one do you average?</details>
# <details><summary>Hint 2 (click to open)</summary><code>argmax(dim=...)</code> gives positions: one for each batch size, if the axis is right.</details>
# <details><summary>Hint 3 (click to open)</summary>A tensor can be indexed with a tensor of positions; a list can not. Make a tensor of <code>lrs</code>.</details>


# %% solution="u00_best_lr"
def best_lr(accuracy, lrs):
    """Best learning rate at each batch size.

    accuracy: tensor (num_seeds, num_lrs, num_batch_sizes); lrs: list of num_lrs floats.
    Returns a tensor (or list) of num_batch_sizes learning rates. There are no ties.
    """
    ### BEGIN SOLUTION
    mean_accuracy = accuracy.mean(dim=0)
    return torch.tensor(lrs)[mean_accuracy.argmax(dim=0)]
    ### END SOLUTION


# %% check="u00_best_lr"
check("u00_best_lr", best_lr)

# %% [markdown]
# *Change this, predict, run:* give the function one seed, `torch.tensor(plane[:1])`, then another.
# Which columns change their best rate?

# %%
use_best_lr = mine_or_library("u00_best_lr", best_lr)
best = [float(lr) for lr in use_best_lr(torch.tensor(plane), lrs)]
for batch_size, lr in zip(batch_sizes, best, strict=True):
    at_edge = "   <- on the edge of the grid: a lower bound" if lr in (lrs[0], lrs[-1]) else ""
    print(f"B = {batch_size:5d}: best lr {lr:g}{at_edge}")

# %% [markdown]
# **What this was for.** You averaged over seeds before you chose. Choosing first is how a lucky
# run becomes a "finding". If a best cell lies on the edge of the grid, the print-out marks it:
# there the true best may lie outside, and a comparison with it is unfair.
# Note also that we chose on test accuracy here, the same for all cells. From unit 02 on,
# learning rates are chosen on validation data.

# %% [markdown]
# ## 0.7 The jump, drawn
# From column to column the batch doubles, from row to row the learning rate. So the team's change,
# both × 4, is a jump of two columns to the right and two rows up. Let it start twice at B = 256: at a
# quarter of the best learning rate there, and at the best one itself (the arrow). Where does it land?

# %%
if by_size(tiny=False, cpu=True):
    start = best[batch_sizes.index(256)]
    for lr in (start / 4, start):
        if lr in lrs and 4 * lr in lrs:
            jump = ((256, lr), (1024, 4 * lr))
            i, j, k = lrs.index(lr), lrs.index(4 * lr), batch_sizes.index(1024)
            old, new = plane[:, i, batch_sizes.index(256)], plane[:, j, k]
            mean, half = t_interval(100 * (new - old))
            print(f"lr {lr:g} -> {4 * lr:g}: {mean:+.1f} ± {half:.1f} points")
    show(plane_plot(plane, batch_sizes, lrs, title=title, lowest=80, jump=jump))

# %% [markdown]
# From a small learning rate the jump may cost nothing; from a larger one it can end on the far
# side of the ceiling. One rule, two outcomes. So "the noise was lost" and "the learning rate was
# wrong" are not opinions to choose between: they predict different things, and a run decides.
# The next units build the tools, one at a time:
#
# | unit | question |
# |---|---|
# | 01 | How noisy is a gradient, and what does a bigger batch buy? |
# | 02 | When the batch grows k times, what should the learning rate do? |
# | 03 | Why does a large learning rate need a gentle start? |
# | 04 | Is 32 × 32 really 1024? |
# | 05 | What batch size is worth paying for? |
# | 06 | How curved is the loss, and how do you measure that without a Hessian? |
# | 07 | Do flat minima generalise, and does the batch size choose them? |
# | 08 | Which remedies for large batches work, and how would you know? |
# | 09 | What does one more example in the batch cost? |
# | 10 | Here is a run that went wrong. What do you do? |

# %% [markdown]
# ## 0.8 One more run
# You predicted what happens if the large batch gets as many steps as the small one had. That
# is four times the epochs. No explanation yet; just the number.

# %%
longer = [test_accuracy(1024, 1.0, seed, num_epochs=80) for seed in range(num_seeds)]
mean, half = t_interval(a - b for a, b in zip(longer, before, strict=True))
equal_steps = f"{mean:+.1f} ± {half:.1f} points against the small batch"
print("B = 1024, lr 1, equal steps:", equal_steps)
outcome = "higher" if mean > half else "still lower" if mean < -half else "about the same"
said = f"{outcome} ({equal_steps})"

# %% [markdown]
# Keep this number: it is your run. Nothing about the noise, the warmup or the learning rate was changed,
# only the length of the run. So on this task the large batch at lr 1 is no dead end: "the lost noise
# did it" is out as the whole story.
#
# What it does **not** rule out: this arm saw four times the examples, so it does not say that the large
# batch is as good for the same *work*; the small batch with 80 epochs might be better still; and some
# of the fall may have been the learning rate, made up for by length. Unit 01 starts with what a batch buys.
#
# Look for yourself: the same task on stored runs, five batch sizes by ten rates, for three lengths. The runs
# stored there are others than the ledger's and yours, so the same change costs a little more or less.

# %%
opening_plane()

# %% [markdown]
# ## Interview corner
# **"Accuracy fell after batch × 4 and lr × 4. What broke?"** At this point a good answer takes
# half a minute and has four steps:
#
# 1. *Direct answer*: "I can't know yet. Two things changed that I can see: at equal epochs the
#    number of steps fell to a quarter, and the learning rate came closer to where training fails."
# 2. *Mechanism*: "Each would lower accuracy in a different way."
# 3. *Evidence*: "On a small task the same change cost {{Q1.change}} points over
#    {{Q1.change.seeds}} seeds." (the ledger's)
# 4. *Practice*: "I would run two more arms: the large batch with as many steps as before (section
#    0.8), and the large batch with a smaller learning rate. Their outcomes tell the causes apart."
#
# *A weak answer* names one cause with confidence and proposes no run.
#
# *Follow-up*: "You have budget for one more run. Which, and what would each outcome mean?" (Equal
# steps: if accuracy comes back, steps were missing; if not, look at the learning rate.)
#
# Practise more of them here, in writing or aloud, with follow-ups and a rubric.

# %%
interview_corner("00_start")

# %% [markdown]
# ## Recap
# - Batch × 4 at equal epochs is a quarter of the steps.
# - One pair of runs shows that something happened, not why.
# - A plane over batch size and learning rate, with seeds, shows a good area with a ceiling and a floor
#   that climbs.
# - Average over seeds first, choose second; distrust a best cell on the edge of a grid.
# - A cause is a prediction about a run that you have not made yet.

# %%
compare_predictions(
    "00_start",
    {
        "what_broke": ("What broke?", "open: unit by unit you will be able to tell"),
        "equal_steps": ("Large batch, as many steps", said, "section 0.8"),
    },
)
