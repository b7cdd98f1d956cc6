# %% [markdown]
# # 04 · Is 32 × 32 really 1024?
#
# | | |
# |---|---|
# | **Question** | Do 32 micro-batches of 32 make one batch of 1024, and when not? |
# | **Difficulty** | medium |
# | **Importance** | accumulation is everywhere in large training, and its faults raise no error |
# | **Your time** | part a, 4.1 to 4.7: 85 minutes; part b, 4.8 to the end: 75, its build 35 more |
# | **Run time** | under a minute on two CPU cores |
# | **You need** | unit 01 (tr Σ/B); unit 02 (how the rate grows with B, for SGD and for Adam); a PyTorch training loop: `backward()`, `.grad`, an optimizer with its parameter groups |
#
# In this unit a **±** is half of a 95 % interval over seeds, always. Numbers with ± in the text come
# from longer runs of ours, made beforehand and stored in the course's **ledger**, one value a seed. Where a figure shows
# them, your own run is drawn into the same figure.

# %% prelude
import math

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.claims import load_ledger
from coursekit.data import load
from coursekit.device import by_size, device_name, pick_device
from coursekit.explorers.micro_arrows import micro_arrows
from coursekit.gradients import per_example_gradients
from coursekit.intervals import t_interval
from coursekit.interview.widget import interview_corner
from coursekit.models import mlp
from coursekit.notebook import (
    check,
    compare_predictions,
    mine_or_library,
    predict,
    predict_number,
    show,
)
from coursekit.plots.accumulation import (
    dots_plot,
    errors_plot,
    lines_plot,
    runs_plot,
    weights_plot,
)
from coursekit.train import TrainConfig, train

# %% [markdown]
# ## 4.1 Predict first

# %%
predict(
    "04_accumulation",
    "noise",
    "32 micro-batches of 32 are accumulated into one step. Its gradient has the noise of ...",
    ["a batch of 32", "a batch of 1024", "something in between"],
)

# %%
predict(
    "04_accumulation",
    "ragged",
    "130 examples come as 64 + 64 + 2, and each loss is divided by 3. The gradient's error is ...",
    ["about 1 %", "about 10 %", "larger than the gradient"],
)

# %%
predict_number(
    "04_accumulation",
    "weight",
    "In that batch of 130, what does one of the last two examples weigh, over what it should?",
    "times",
)

# %%
predict(
    "04_accumulation",
    "workers",
    "8 workers with 128 examples each, against one with 1024, in float32. After 200 steps ...",
    ["weights agree to rounding", "weights differ visibly", "accuracy is clearly worse"],
)

# %% [markdown]
# ## 4.2 A loop that you will find
# This loop was written after several found in public code. `opt` is AdamW, its rate tuned for steps
# of *one* micro-batch. `epochs` is a list of epochs, each a list of micro-batches.
#
# ```python
# def train_accumulated(model, opt, epochs, K):
#     opt.param_groups[0]["lr"] *= K
#     for epoch in epochs:
#         for i, (x, y) in enumerate(epoch):
#             (cross_entropy(model(x), y) / K).backward()
#             if (i + 1) % K == 0:
#                 opt.step()
#                 opt.zero_grad()
# ```
#
# It runs, and no error comes. Beside it: steps on whole batches, of the same examples in the same order,
# with the rate that unit 02 gives.

# %%
device = pick_device()
data = load("mnist1d", device=device)
SIZES = (40, 64, 64, 10)


def pieces(count, sizes, seed=0, dtype=torch.float32):
    """A batch of `count` random examples, cut into micro-batches."""
    index = torch.randperm(4096, generator=torch.Generator().manual_seed(seed))[:count].to(device)
    inputs, targets = data.train_inputs[index].to(dtype), data.train_targets[index]
    return list(zip(inputs.split(sizes), targets.split(sizes), strict=True))


def found_loop(model, opt, epochs, K):
    """The loop as it was found."""
    opt.param_groups[0]["lr"] *= K
    for epoch in epochs:
        for i, (x, y) in enumerate(epoch):
            (cross_entropy(model(x), y) / K).backward()
            if (i + 1) % K == 0:
                opt.step()
                opt.zero_grad()


# %%
def losses_along(train_an_epoch, lr, seed):
    """Training loss after each epoch: 460 examples in 32s, 8 of these to a step."""
    model = mlp(SIZES, generator=torch.Generator().manual_seed(seed)).to(device)
    opt = torch.optim.AdamW(model.parameters(), lr=lr)
    x, y = pieces(460, 460, seed=seed)[0]
    found = []
    for _ in range(by_size(tiny=2, cpu=25)):
        train_an_epoch(model, opt, pieces(460, 32, seed=seed))
        opt.param_groups[0]["lr"] = lr  # the loop multiplies it at each call
        with torch.no_grad():
            found.append(cross_entropy(model(x), y).item())
    return found


def whole_batches(model, opt, micro_batches):
    """A step for each batch of eight micro-batches, in one piece."""
    for start in range(0, len(micro_batches), 8):
        x, y = (torch.cat(c) for c in zip(*micro_batches[start : start + 8], strict=True))
        opt.zero_grad()
        cross_entropy(model(x), y).backward()
        opt.step()


# %%
seeds, rate = range(by_size(tiny=2, cpu=5)), 0.01
trained_by = {
    "the loop as found": [
        losses_along(lambda m, o, e: found_loop(m, o, [e], 8), rate, seed) for seed in seeds
    ],
    "whole batches, √8 × the rate": [
        losses_along(whole_batches, rate * math.sqrt(8), seed) for seed in seeds
    ],
}
epochs_done = list(range(1, len(trained_by["the loop as found"][0]) + 1))
show(
    runs_plot(
        epochs_done,
        trained_by,
        xlabel="epochs",
        ylabel="training loss",
        title=f"AdamW, 460 examples, one line a seed: your {len(seeds)} seeds",
    )
)

# %% [markdown]
# Not the same run, by far. Four things are wrong with the loop, and each has its section: the weight of a short
# micro-batch (4.3), what is left over at the end of an epoch (4.8), the rate under Adam, and the rate of
# further parameter groups (4.11). There you build the loop that is right, on one worker and on several.
#
# ### A batch in pieces
# A batch of n examples may not fit into memory. So you cut it into K **micro-batches** of $n_k$
# examples, call `backward()` on each, and step once. PyTorch adds each gradient to what is in
# `.grad` already. What has to be added? The loss of the batch is the mean over its examples,
#
# $$ L = \frac1n \sum_{i=1}^{n} \ell_i = \frac1n \sum_{k=1}^{K} n_k L_k , \qquad
#    \nabla L = \sum_{k=1}^{K} \frac{n_k}{n} \nabla L_k , $$
#
# where $L_k$ is the mean loss of micro-batch k. That is all there is to it: no approximation, and no
# condition on the sizes. (One on the model: an example's loss must not depend on other examples.
# Section 4.10 breaks it.) Many tutorials write $1/K$ for $n_k/n$.
#
# ### Exercise 1 (2 points, 10 minutes): an exact loop
# Call `backward()` on one micro-batch at a time. (Joining them gives the right gradient too, and no
# memory is saved; the check cannot see that.)
#
# <details><summary>Hint 1 (click to open)</summary>You know all micro-batches, so you can count the examples first.</details>
# <details><summary>Hint 2 (click to open)</summary><code>cross_entropy</code> returns the mean over its micro-batch, by default.</details>
# <details><summary>Hint 3 (click to open)</summary>Multiply each loss by a number before <code>backward()</code>. The numbers of all micro-batches add up to one.</details>


# %% solution="u04_loop"
def accumulate(model, micro_batches):
    """Leave the gradient of the batch's mean cross-entropy in the parameters' .grad.

    model: an nn.Module without BatchNorm; its .grad are empty at first. (The check's model
    has float64 weights.)
    micro_batches: list of (inputs, targets): inputs (n_k, features), targets (n_k,) classes;
    together they are the batch. The sizes n_k >= 1 may all differ.
    Only what is in .grad afterwards counts. Leave the model's weights and mode, and the
    micro-batches, as they are; nothing need be returned.
    """
    ### BEGIN SOLUTION
    total = sum(len(targets) for _, targets in micro_batches)
    for inputs, targets in micro_batches:
        loss = cross_entropy(model(inputs), targets)
        (loss * len(targets) / total).backward()
    ### END SOLUTION


# %% check="u04_loop"
check("u04_loop", accumulate)

# %% [markdown]
# The check used a linear model. Now a real network, with your loop, against one pass over all
# 1024 examples.

# %%
use_accumulate = mine_or_library("u04_loop", accumulate)
ledger = load_ledger()


def flat_grad(model):
    """All gradients of a model as one vector."""
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def gradient(model, micro_batches):
    """The accumulated gradient by your loop."""
    model.zero_grad()
    use_accumulate(model, micro_batches)
    return flat_grad(model)


for dtype in (torch.float32, torch.float64):
    model = mlp(SIZES, generator=torch.Generator().manual_seed(0)).to(device, dtype)
    whole = gradient(model, pieces(1024, 1024, dtype=dtype))
    parts = gradient(model, pieces(1024, 32, dtype=dtype))
    print(
        f"{dtype}: 32 x 32 against 1024, relative error {(parts - whole).norm() / whole.norm():.1e}"
    )

# %% [markdown]
# Equal up to rounding, in either type. So yes: 32 × 32 *is* 1024. **Change, predict, run**: cut into 24s,
# so that the last piece is shorter.
#
# ## 4.3 What the usual loop does
# `loss = loss / K` gives every micro-batch the weight 1/K. Where all are equally long that is
# $n_k/n$, and exact. A data loader rarely leaves them equal: the last one is what remains. Then an
# example in a micro-batch of $n_k$ weighs $n/(K n_k)$ times what it should:

# %%
show(weights_plot([64, 64, 2], title="The mean of means: 130 examples as 64 + 64 + 2"))

# %% [markdown]
# Two examples steer a third of the step. How wrong does the gradient get? That depends on how noisy
# those two are beside the mean gradient, and hence on the weights at which you measure. We took three
# sets of weights: fresh ones of this course's initialisation (He et al. 2015), fresh ones of torch's
# default, and trained ones.
#
# In the figure a small dot is one of the ledger's nets, and a bar the mean over them. The black diamonds
# are your loop, now, on one fresh net (He): your net is one of the ledger's ten, the first. A mean's ±
# says where the mean lies; a single net may lie anywhere among the dots.

# %%
CASES = {
    "1000 in 64s": ("last_40", 1000),
    "1028 in 64s": ("last_4", 1028),
    "130 in 64s": ("last_2", 130),
}
KINDS = {"He init": "he", "torch's init": "torch", "trained": "trained"}
p1 = ledger["P1"]["cpu"]["values"]
errors = {
    case: {k: p1[f"{q}_{kind}"] for k, kind in KINDS.items()} for case, (q, _) in CASES.items()
}
errors["random token counts"] = {k: p1[f"tokens_{kind}"] for k, kind in KINDS.items()}

fresh, your_errors = mlp(SIZES, generator=torch.Generator().manual_seed(0)).to(device), {}
for case, (_, count) in CASES.items():
    parts = pieces(count, 64)
    exact = gradient(fresh, parts)
    means = torch.stack([gradient(fresh, [part]) for part in parts])
    your_errors[case] = ((means.mean(dim=0) - exact).norm() / exact.norm()).item()

# %%
num_seeds = len(p1["last_2_he"])
title = f"Error of dividing each loss by K: ledger, {num_seeds} nets, and yours"
show(errors_plot(errors, yours=your_errors, title=title))

# %% [markdown]
# **What the figure says.** With a last micro-batch of 40 the ledger's error is {{P1.last_40_he}} of the
# gradient's length with He's initialisation and {{P1.last_40_torch}} with torch's. With two
# examples left over it is {{P1.last_2_he}} and {{P1.last_2_torch}}: on average over the nets **longer
# than the gradient itself**, though not in every net. Weighted by size, the same micro-batches are exact up to rounding ({{P1.weighted_he}}).
#
# **Caveat.** These are errors of *one* gradient, from a random short micro-batch. On average over
# shufflings the mean of means is not biased; what it adds is noise, in one step an epoch.
#
# ## 4.4 Does accumulation keep the noise of the small batch?
# Unit 01 says no: means of K independent micro-batches of b have the variance
# $\frac{1}{K^2} K \frac{\operatorname{tr}\Sigma}{b} = \frac{\operatorname{tr}\Sigma}{Kb}$. The loop
# computes the same vector as the large batch, so it has the same noise. Measure it with yours:

# %%
trained = mlp(SIZES, generator=torch.Generator().manual_seed(1)).to(device)
train(
    trained,
    data,
    TrainConfig(32, by_size(tiny=16, cpu=256), lambda step: 0.1),
    rng=torch.Generator().manual_seed(1),
)
num_draws, b, K = by_size(tiny=4, cpu=60), 32, 32
variance = {}
for name, size, micro in (("B = 32", b, b), ("32 × 32", b * K, b), ("B = 1024", b * K, b * K)):
    draws = [gradient(trained, pieces(size, micro, seed=seed)) for seed in range(num_draws)]
    variance[name] = torch.stack(draws).double().var(dim=0).sum().item()
for name, value in variance.items():
    print(f"{name:9s} variance {value:9.5f}, over that of B = 32: {value / variance['B = 32']:.4f}")
print(f"1/32 = {1 / 32:.4f}; without replacement {1 / 32 * (4096 - 1024) / (4096 - 32):.4f}")

# %% [markdown]
# The last two rows agree in all printed digits: batch by batch the vectors are the same up to
# rounding. Against B = 32 expect 0.0236 and not 1/32 = 0.0313, since these batches are drawn without
# replacement from 4096 examples: each variance has a factor (4096 − B)/4095 (unit 01).
# The ledger's longer run draws with replacement: 32 × 32 has {{N7.to_large}} times the variance of B = 1024,
# and {{N7.to_micro}} times that of B = 32. Nothing of the small batch's noise is left. If you want
# small-batch noise, take small steps.
#
# ## 4.5 When the mean is over tokens
# A language model's loss is a mean over **tokens**. Sequences have different lengths, and padding,
# marked by the target −100, is left out. So micro-batches with equally many sequences have unequal
# counts, and every step of the run is ragged, not one an epoch. In the figure above "random token
# counts" cost, in the ledger, {{P1.tokens_he}} (He) and {{P1.tokens_torch}} (torch's init).
#
# ### Exercise 2 (3 points, 12 minutes): exact for tokens
# The same loop, for a mean over real tokens. A micro-batch may consist of padding alone.
#
# <details><summary>Hint 1 (click to open)</summary><code>targets != -100</code> is true where a token counts.</details>
# <details><summary>Hint 2 (click to open)</summary><code>cross_entropy(logits.flatten(0, 1), targets.flatten())</code> leaves −100 out by itself, and takes <code>reduction="sum"</code>.</details>
# <details><summary>Hint 3 (click to open)</summary>Sums over micro-batches add up to the batch's sum, whatever their counts; a sum over no tokens is zero. Do means add up like that?</details>


# %% solution="u04_tokens"
def accumulate_tokens(model, micro_batches):
    """Leave the gradient of the mean cross-entropy over all real tokens in the parameters' .grad.

    model: any nn.Module; maps inputs (n, T, features) to logits (n, T, classes); .grad are None.
    micro_batches: list of (inputs, targets), targets (n, T): a class from 0, or -100 for padding,
    which may stand anywhere and does not count. n and T may differ between micro-batches; some may be padding only, not all.
    Only what is in .grad afterwards counts; the micro-batches stay as they are.
    """
    ### BEGIN SOLUTION
    total = sum(int((targets != -100).sum()) for _, targets in micro_batches)
    for inputs, targets in micro_batches:
        logits = model(inputs).flatten(0, 1)
        loss = cross_entropy(logits, targets.flatten(), ignore_index=-100, reduction="sum")
        (loss / total).backward()
    ### END SOLUTION


# %% check="u04_tokens"
check("u04_tokens", accumulate_tokens)

# %% [markdown]
# Try it: three micro-batches of 8 sequences, whose lengths differ. How far is the usual loop off?
# **Change, predict, run**: give all three the same `longest`.

# %%
use_tokens = mine_or_library("u04_tokens", accumulate_tokens)
g = torch.Generator().manual_seed(0)
reader = nn.Sequential(nn.Linear(12, 5))
with torch.no_grad():
    reader[0].weight.normal_(generator=g)
sequences = []
for longest in (4, 10, 30):
    targets = torch.randint(5, (8, longest), generator=g)
    lengths = torch.randint(1, longest + 1, (8, 1), generator=g)
    targets[torch.arange(longest) >= lengths] = -100
    sequences.append((torch.randn(8, longest, 12, generator=g), targets))


def token_gradient(micro_batches):
    """The accumulated gradient by your loop for tokens."""
    reader.zero_grad()
    use_tokens(reader, micro_batches)
    return flat_grad(reader)


exact = token_gradient(sequences)
usual = torch.stack([token_gradient([micro]) for micro in sequences]).mean(dim=0)
print("tokens in each:", [int((t != -100).sum()) for _, t in sequences])
print(f"relative error of dividing by K: {(usual - exact).norm() / exact.norm():.2f}")

# %% [markdown]
# ## 4.6 Sums, means, and who divides
# Three places add gradients up: the loss over its micro-batch, `.grad` over K backward passes, and
# the **all-reduce** over workers, which replaces each worker's `.grad` by the sum or the mean over
# workers. If all three are means, of **equally long** pieces, the step does not depend on how the
# batch was cut. Each place that sums instead makes the gradient longer by the number of its terms.
#
# SGD multiplies the gradient by lr, so a scale in the gradient and a scale in lr are the same
# thing. Code whose loss is a sum carries its batch size hidden in its learning rate.
#
# ### Exercise 3 (2 points, 8 minutes): the same step from other code
# A reference run uses SGD at rate `lr` on the **mean** loss of the whole batch of b · K · N examples.
# Another code trains on the same batch, cut into N workers × K micro-batches × b examples. Which
# rate gives the same step there?
#
# <details><summary>Hint 1 (click to open)</summary>Let every example have the gradient 1. What number is in <code>.grad</code> in the end?</details>
# <details><summary>Hint 2 (click to open)</summary>Go through the three places one by one. Which of them multiply that number?</details>
# <details><summary>Hint 3 (click to open)</summary>The step is rate × gradient. If the gradient is longer, what must the rate be?</details>


# %% solution="u04_equal_lr"
def equal_lr(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    """Rate with which SGD makes the same step as `lr` on the mean loss of the whole batch.

    lr: of the reference run; micro_batch_size: b; accum_steps: K; num_workers: N.
    reduction: "mean" or "sum", of the loss over the b examples of a micro-batch.
    divides: True if the code divides each micro-batch's loss by K before backward(); the loss is
    the sum or the mean that `reduction` names, and is divided by nothing else.
    all_reduce: "mean" or "sum", of the workers' gradients.
    """
    ### BEGIN SOLUTION
    scale = micro_batch_size if reduction == "sum" else 1
    if not divides:
        scale *= accum_steps
    if all_reduce == "sum":
        scale *= num_workers
    return lr / scale
    ### END SOLUTION


# %% check="u04_equal_lr"
check("u04_equal_lr", equal_lr)

# %% [markdown]
# Plain Adam divides by the gradient's own size, so such a factor passes unseen (up to its ε). A
# clipping limit sees it, and so does weight decay that is written into the loss. **Change, predict, run**:
# `equal_lr(0.1, 32, 8, 4, "sum", False, "sum")`. By which factor is that rate smaller than 0.1, and which number of examples is that?
#
# ### Optional: do large batches have larger gradients?
# (Run the two cells in any case: section 4.7 uses the gradients.)
# People say that large batches overflow in half precision because their gradients are larger.
# From $g_B = G + \text{noise}$ with independent errors,
#
# $$ E\,|g_B|^2 = |G|^2 + \frac{\operatorname{tr}\Sigma}{B} , $$
#
# which **falls** with B. The sum's gradient is B times as long. Here is one network; the ledger has
# ten:

# %%
example_grads = per_example_gradients(
    trained, cross_entropy, data.train_inputs[:1024], data.train_targets[:1024]
)
G = example_grads.mean(dim=0)
trace = (example_grads - G).square().sum(dim=1).mean().item()
g = torch.Generator().manual_seed(0)
for B in (1, 16, 256, 1024):
    index = torch.randint(1024, (by_size(tiny=8, cpu=400), B), generator=g)
    drawn = torch.zeros(len(index), 1024).scatter_add_(1, index, torch.ones(index.shape))
    gradients = drawn.to(device) @ example_grads / B
    measured, half = t_interval(gradients.square().sum(dim=1).tolist())
    law = G.square().sum().item() + trace / B
    print(f"B = {B:4d}: mean {measured:.3f} ± {half:.3f} over {len(index)} batches, law {law:.3f}")

# %%
l9, grid = ledger["L9"]["cpu"]["values"], (1, 16, 256, 1024)
show(
    lines_plot(
        grid,
        {
            way: [l9[f"{key}_{B}"] for B in grid]
            for way, key in (("loss is a mean", "mean"), ("loss is a sum", "sum"))
        },
        xlabel="batch size B, examples",
        ylabel="typical length of a gradient",
        title=f"Length of a batch's gradient (ledger, {len(l9['mean_1'])} seeds)",
        log_x=True,
    )
)

# %% [markdown]
# **What the figure says.** In the ledger, from B = 16 to 1024, the mean's gradient shrinks to {{L9.mean_ratio}} of
# its length, and measured over the law is {{L9.theory_1024}}. The sum's grows to {{L9.sum_ratio}}
# times. What overflows is a sum, or a loop that forgets to divide. **Caveat**: this is about
# gradients; the loss scale of mixed precision multiplies either.

# %% [markdown]
# ## 4.7 Clip in the right place
# Clipping shortens a gradient to a largest norm c: $g \leftarrow g \min(1, c/|g|)$. Its purpose is to
# bound the step, so it should act on what the optimizer gets.
#
# ### Exercise 4 (2 points, 8 minutes): clip what the optimizer sees
#
# <details><summary>Hint 1 (click to open)</summary>First make the gradient that the step would use without clipping.</details>
# <details><summary>Hint 2 (click to open)</summary>Compare its norm (the root of the sum of squares) with the limit.</details>
# <details><summary>Hint 3 (click to open)</summary>A gradient that is short enough stays as it is.</details>


# %% solution="u04_clip"
def clip_accumulated(micro_grads, max_norm):
    """The accumulated gradient, clipped once, shape (P,).

    micro_grads: (K, P), the mean gradient of each of K equally long micro-batches.
    max_norm: largest Euclidean norm > 0 of what the optimizer gets.
    """
    ### BEGIN SOLUTION
    grad = micro_grads.mean(dim=0)
    norm = grad.norm()
    return grad * (max_norm / norm) if norm > max_norm else grad
    ### END SOLUTION


# %% check="u04_clip"
check("u04_clip", clip_accumulated)

# %% [markdown]
# What if you clip inside the loop instead? Micro-batch gradients are long with noise:
# $|G|^2 + \operatorname{tr}\Sigma/b$ in place of $|G|^2 + \operatorname{tr}\Sigma/(Kb)$. If all K exceed c,
# each becomes c times a direction $u_k$, and the step has the norm
#
# $$ \Bigl|\frac1K \sum_k c\,u_k\Bigr| = c\,\Bigl|\frac1K \sum_k u_k\Bigr| \le c , $$
#
# with equality only if all directions agree. The noisier the micro-batches, the shorter the step; and
# a second clip after the loop cannot lengthen it. The next cell draws it: K micro-batch gradients, the
# step made of them, and the large batch's step. Its sliders and buttons choose how the gradients are
# divided, and where they are clipped. The last micro-batch has two examples. First find the way of
# dividing that brings the step to the large batch's; then clip, inside the loop or after it:

# %%
micro_arrows(example_grads)

# %%
use_clip = mine_or_library("u04_clip", clip_accumulated)
micro_grads = torch.stack([gradient(fresh, [part]) for part in pieces(1024, 32)])
limit = 0.5 * micro_grads.mean(dim=0).norm().item()
once = use_clip(micro_grads, limit)
kept = {}
for b in (8, 32, 128):
    grads_b = torch.stack([gradient(fresh, [part]) for part in pieces(1024, b)])
    inside = torch.stack([use_clip(row[None], limit) for row in grads_b]).mean(dim=0)
    kept[b] = (inside.norm() / once.norm()).item()
    print(f"your net, b = {b:3d}: norm, inside over once: {kept[b]:.2f}")

# %%
p2 = ledger["P2"]["cpu"]["values"]
show(
    dots_plot(
        {
            "He init": p2["ratio_half_he"],
            "torch's init": p2["ratio_half_torch"],
            "trained": p2["ratio_half_trained"],
        },
        yours={"He init": kept[32]},
        ylabel="norm, inside over once",
        title=f"Clipping 32 micro-batches at |g|/2: ledger, {len(p2['ratio_half_he'])} nets, "
        "and yours",
    )
)

# %% [markdown]
# **What the figure says.** Clipped inside, the step keeps {{P2.ratio_half_he}} (He) or
# {{P2.ratio_half_torch}} (torch's init) of the length that was meant, and {{P2.ratio_half_trained}}
# after training. (Your net, the diamond, is one of the ledger's ten.) Its direction hardly changes: the
# ledger's cosines with the right step are above 0.99. So the fault looks like a smaller learning rate,
# and nobody notices. Cut into smaller pieces, the step gets shorter still, as your own lines above the
# figure show. **Change, predict, run**: a limit of twice the gradient's norm. Does clipping inside
# still shorten the step?

# %% [markdown]
# ---
# ## Break. Part b: leftovers, workers, norms, and the whole loop
#
# | | |
# |---|---|
# | **Question** | A step is more than a gradient: what else has to fit? |
# | **Your time** | 75 minutes, the build 35 more |
# | **You need** | part a: a mean counts by what it is the mean over |
#
# ## 4.8 Leftovers
# An epoch of 15 micro-batches with K = 8 has one full window and 7 left over. The usual loop steps
# where `(i + 1) % K == 0` and clears only then. The 7 wait in `.grad`, and the next epoch's first
# window is added on top: 15 gradients, divided by 8.
#
# ### Exercise 5 (3 points, 10 minutes): the gradient of every step
# Let each epoch start a new window, and let an incomplete window at its end be a step of its own.
# The gradients of all micro-batches are given. Which gradient does each step use?
#
# <details><summary>Hint 1 (click to open)</summary><code>epoch.split(accum_steps)</code> cuts along the first axis; the last piece may be shorter.</details>
# <details><summary>Hint 2 (click to open)</summary>A window's gradient is the mean of its own micro-batches.</details>
# <details><summary>Hint 3 (click to open)</summary>Collect the rows of all epochs in one list; <code>torch.stack</code> makes a tensor of them.</details>


# %% solution="u04_windows"
def step_grads(micro_grads, accum_steps):
    """Gradients of all steps, shape (steps, P): those of the first epoch, then of the next.

    micro_grads: (epochs, M, P), mean gradients of equally long micro-batches, in order.
    accum_steps: 1 <= K <= M, micro-batches in a full window.
    """
    ### BEGIN SOLUTION
    rows = []
    for epoch in micro_grads:
        rows += [window.mean(dim=0) for window in epoch.split(accum_steps)]
    return torch.stack(rows)
    ### END SOLUTION


# %% check="u04_windows"
check("u04_windows", step_grads)

# %%
use_windows = mine_or_library("u04_windows", step_grads)
epoch_grads = torch.stack([gradient(fresh, [part]) for part in pieces(15 * 32, 32, seed=5)])
epochs = torch.stack([epoch_grads, epoch_grads])
K = 8
right = use_windows(epochs, K)[math.ceil(15 / K)]  # the second epoch's first step
rest = epoch_grads[15 // K * K :]
leaky = (rest.sum(dim=0) + epoch_grads[:K].sum(dim=0)) / K
print(
    f"length of that step with leftovers in it: {leaky.norm() / right.norm():.2f} of the right one"
)

# %% [markdown]
# **Change, predict, run**: K = 5, which divides 15. How long is that step then, with leftovers in it?
#
# What does it do to a run? Below, the tests of three ways to treat leftovers, at five learning
# rates; all from the ledger (30 runs of 80 epochs are too many to wait for).

# %%
p8 = ledger["P8"]["cpu"]["values"]
rates = sorted(float(name.removeprefix("test_leak_")) for name in p8 if "test_leak_" in name)
ways = {"a step of their own": "flush", "they leak": "leak", "thrown away": "drop"}
show(
    lines_plot(
        rates,
        {way: [p8[f"test_{key}_{rate:g}"] for rate in rates] for way, key in ways.items()},
        xlabel="learning rate",
        ylabel="test accuracy, %",
        title=f"Leftovers of 15 micro-batches, K = 8 (ledger, {len(p8['length_ratio'])} seeds)",
        log_x=True,
        log_y=False,
    )
)

# %% [markdown]
# **What the figure says.** All of it is the ledger's. With leftovers the next step is {{P8.length_ratio}} times as long. At the
# rate that is best without the leak, the leak changes accuracy by {{P8.leak_minus_flush_same_lr}}
# points. With its *own* best rate the leaky loop is as good: {{P8.leak_minus_flush_tuned}} points. So
# the leak acts like a larger learning rate in some steps: harmless far from the limit, ruinous near
# it. **Caveat**: with one window an epoch every step leaks; with a hundred, one step in a hundred
# does.
#
# **Something else: one short batch**, without accumulation (the ledger's runs). Here 37 examples are left where a batch
# has 64, and get a step of their own. Keeping that step, over dropping it, changed accuracy by
# {{P6.keep_minus_drop_37}} points: nothing. But a last batch of **one** changed it by
# {{P6.keep_minus_drop_1}} points: its step is one example's noise at full length. With a 64th of the
# learning rate for that step, the change was {{P6.weight_minus_drop_1}} points.

# %% [markdown]
# ### What does *your* trainer do?
# Libraries answer differently, and print no word about it. We ran ten micro-batches with K = 4 and mean
# losses through seventeen set-ups (`docs/trainers.md` in the repository, with versions). Here is what divided the last two:
#
# | set-up | the last window |
# |---|---|
# | transformers `Trainer`, a model without `**kwargs` | a step, divided by 2 |
# | the same, a model that takes `**kwargs` and ignores them | a step, divided by nothing; so are all others |
# | Lightning; accelerate with its loader prepared | a step, divided by 4 |
# | optax `MultiSteps`, DeepSpeed, Keras, ignite, fastai | no step: they wait for two of the next epoch |
# | the usual loop | no step: six go into the next one |
#
# You need no manual to find out: give every micro-batch a gradient that you know, and read the steps.
#
# ### Exercise 6 (3 points, 10 minutes): whose step is this?
# Three trainers without a name print the gradient of every optimizer step, over two epochs of the same
# micro-batches. By what does each divide the last window?
#
# <details><summary>Hint 1 (click to open)</summary>Before it is divided, a step is the sum of its window's gradients. How many windows has an epoch?</details>
# <details><summary>Hint 2 (click to open)</summary>With leftovers that wait, there are fewer steps than windows.</details>
# <details><summary>Hint 3 (click to open)</summary>The step is sum / divisor. You know two of the three.</details>


# %% solution="u04_divisors"
def last_divisors(micro_grads, accum_steps, printed):
    """By what each trainer divides the last window of an epoch: a list of three numbers.

    micro_grads: (M,), the mean gradients of an epoch's micro-batches, in order, all positive.
    accum_steps: K; a window has K micro-batches, the last one of an epoch what remains: K again, if
    K divides M.
    printed: three lists, each trainer's gradient at every optimizer step, in two such epochs. Some
    make a step of every window. Others step after K micro-batches only, and what is left over
    waits for the next epoch.
    1 for a trainer that does not divide; 0 where the last window gets no step of its own.
    """
    ### BEGIN SOLUTION
    num_windows = math.ceil(len(micro_grads) / accum_steps)
    last = micro_grads[(num_windows - 1) * accum_steps :].sum().item()
    divisors = []
    for steps in printed:
        has_step = len(steps) == 2 * num_windows
        divisors.append(last / steps[num_windows - 1] if has_step else 0.0)
    return divisors
    ### END SOLUTION


# %% check="u04_divisors"
check("u04_divisors", last_divisors)

# %% [markdown]
# Try it on three that we really ran: each line is what its steps added to one weight.
# **Change, predict, run**: in the line of Lightning 0.5 becomes 2.0. Which divisor is printed for it then?

# %%
use_divisors = mine_or_library("u04_divisors", last_divisors)
ones = torch.ones(10)
run_by_us = {
    "transformers Trainer": [1.0, 1.0, 1.0] * 2,
    "Lightning": [1.0, 1.0, 0.5] * 2,
    "optax MultiSteps": [1.0] * 5,
}
divisors = use_divisors(ones, 4, list(run_by_us.values()))
for name, divisor in zip(run_by_us, divisors, strict=True):
    said = f"a step, divided by {float(divisor):g}" if float(divisor) else "no step of their own"
    print(f"{name}: 2 leftovers, {said}")

# %% [markdown]
# ## 4.9 Workers
# N workers with m examples each average their mean gradients. If all m are equal this is again the
# sum above, each worker a micro-batch: the batch of N · m. The conditions are yours to keep, since
# nobody checks them for you: equal counts (or weights that say so), nobody empty, no example on two
# workers.
#
# ### Exercise 7 (3 points, 12 minutes): average, or refuse
#
# <details><summary>Hint 1 (click to open)</summary>The average over workers is the weighted sum of 4.2.</details>
# <details><summary>Hint 2 (click to open)</summary>Put all indices into one list. How long is it, and how long is its <code>set</code>?</details>
# <details><summary>Hint 3 (click to open)</summary>To refuse: <code>raise ValueError("what is wrong")</code>; return nothing. The check will print <code>[]</code>.</details>


# %% solution="u04_workers"
def average_over_workers(local_grads, shards):
    """Gradient of the mean loss over the examples of all workers, shape (P,); or ValueError.

    local_grads: (N, P), each worker's mean gradient over its shard (zeros if it has no examples).
    shards: N lists of example indices; lengths may differ.
    Two faults must raise ValueError (the check then prints []):
    - a shard is empty;
    - an example comes more than once, on one worker or on two.
    """
    ### BEGIN SOLUTION
    indices = [i for shard in shards for i in shard]
    if not all(shards) or len(set(indices)) < len(indices):
        raise ValueError("every worker needs examples of its own, each only once")
    counts = torch.tensor([len(shard) for shard in shards], dtype=local_grads.dtype)
    return counts @ local_grads / counts.sum()
    ### END SOLUTION


# %% check="u04_workers"
check("u04_workers", average_over_workers)

# %% [markdown]
# Now train twice from the same start: one worker with 1024 examples a step, and 8 × 128 with your
# average. Only the order of additions differs. **Predict**: how does the difference of the weights grow?

# %%
use_average = mine_or_library("u04_workers", average_over_workers)


def step_along(model, step, lr):
    """Move a model's weights."""
    weights = nn.utils.parameters_to_vector(model.parameters()).detach()
    nn.utils.vector_to_parameters(weights - lr * step, model.parameters())


def gaps_along(at_steps, dtype, seed, lr=0.5):
    """Largest difference of a weight between one worker and eight, after some numbers of steps."""
    new = torch.Generator().manual_seed
    alone, eight = (mlp(SIZES, generator=new(seed)).to(device, dtype) for _ in "ab")
    g, found = new(7 + seed), []
    for step in range(1, max(at_steps) + 1):
        index = torch.randperm(4096, generator=g)[:1024]
        x, y = data.train_inputs[index.to(device)].to(dtype), data.train_targets[index.to(device)]
        parts = zip(x.split(128), y.split(128), strict=True)
        local = torch.stack([gradient(eight, [part]) for part in parts])
        average = use_average(local, [s.tolist() for s in index.split(128)])
        step_along(alone, gradient(alone, [(x, y)]), lr)
        step_along(eight, average, lr)
        if step in at_steps:
            pairs = zip(alone.parameters(), eight.parameters(), strict=True)
            found.append(max((p - q).abs().max().item() for p, q in pairs))
    return found


# %%
at_steps = by_size(tiny=(1, 2), cpu=(1, *range(25, 201, 25)))
yours = {
    "float32": [
        gaps_along(at_steps, torch.float32, seed) for seed in by_size(tiny=[0], cpu=[0, 1])
    ],
    "float64": [gaps_along(at_steps, torch.float64, 0)],
}
for kind, gaps in yours.items():
    print(f"{kind}, yours, seed 0:", ", ".join(f"{gap:.0e}" for gap in gaps[0]))
p3 = ledger["P3"]["cpu"]["values"]
ledger_steps = (1, *range(25, 201, 25))
stored = {
    kind: [list(run) for run in zip(*[p3[f"{kind}_{i}"] for i in ledger_steps], strict=True)]
    for kind in ("float32", "float64")
}
show(
    runs_plot(
        ledger_steps,
        {f"{kind}, ledger": runs for kind, runs in stored.items()},
        own=(at_steps, {f"{kind}, yours": runs for kind, runs in yours.items()}),
        xlabel="steps",
        ylabel="largest difference of a weight",
        title="8 × 128 against 1024, lr 0.5: one line a run",
    )
)

# %% [markdown]
# **What the figure says.** In float64 the two runs agree to 1e-15 after 200
# steps. In float32 they start a rounding error apart and **stay** there for a while. Then, at a step that
# differs from run to run, the difference jumps by about four orders of magnitude and goes on from there.
# Of the ledger's {{P3.float32_200.seeds}} runs two jump before step 50, and one has not jumped after 200.
# (A mean over seeds would draw a smooth growth here that no run has.) After the jump the two are not the
# same run any more, and equally good: test accuracy differs by {{P3.float32_accuracy_change}} points. So
# test such code in float64, at a few steps.
#
# **Caveat**: when runs part depends on the rate; near the limit of stability it is soonest. What makes
# the jump we did not measure.
#
# **Change, predict, run**: lr 0.05 in `gaps_along`. Do your runs part at all?

# %% [markdown]
# ## 4.10 What BatchNorm breaks
# The sum in 4.2 needs one thing, as said there: an example's loss must not depend on other examples.
# **BatchNorm** breaks it. In training mode it normalises each feature by the mean and the variance of
# the examples *in this forward pass*,
#
# $$ \hat x = \frac{x - \operatorname{mean}}{\sqrt{\operatorname{var} + \epsilon}} , \qquad
#    \operatorname{var} = \tfrac1b \textstyle\sum_i (x_i - \operatorname{mean})^2
#    \quad\text{(divisor } b\text{)} , $$
#
# and one forward pass sees one micro-batch.
#
# ### Exercise 8 (2 points, 8 minutes): normalised apart
# Return what BatchNorm makes of a batch that comes in micro-batches; `inputs` stays as it is.
#
# <details><summary>Hint 1 (click to open)</summary><code>inputs.split(micro_batch_size)</code> gives the forward passes.</details>
# <details><summary>Hint 2 (click to open)</summary>Features are columns: average over rows.</details>
# <details><summary>Hint 3 (click to open)</summary><code>part.var(dim=0, correction=0)</code> has the divisor b. ε goes under the root.</details>


# %% solution="u04_batch_norm"
def normalise(inputs, micro_batch_size, eps):
    """What BatchNorm in training mode makes of a batch that comes in micro-batches, shape (n, C).

    inputs: (n, C), features before BatchNorm, in order; no learned scale or shift.
    micro_batch_size: b, examples in a forward pass; the last may be shorter, and has two or more.
    eps: added to the variance.
    """
    ### BEGIN SOLUTION
    rows = []
    for part in inputs.split(micro_batch_size):
        variance = part.var(dim=0, correction=0)
        rows.append((part - part.mean(dim=0)) / (variance + eps).sqrt())
    return torch.cat(rows)
    ### END SOLUTION


# %% check="u04_batch_norm"
check("u04_batch_norm", normalise)

# %% [markdown]
# How much does it matter? A feature with mean 0 and variance 1, normalised in micro-batches of b:
# the mean that is subtracted has itself the variance 1/b. At b = 4 that alone moves the feature by
# 0.5, and the noisy variance adds to it. Then the gradient of a whole network:

# %%
use_normalise = mine_or_library("u04_batch_norm", normalise)
feature = torch.randn(1024, 1, generator=torch.Generator().manual_seed(0))
for b in (4, 16, 64, 256):
    change = use_normalise(feature.clone(), b, 1e-5) - use_normalise(feature.clone(), 1024, 1e-5)
    print(f"b = {b:3d}: root-mean-square change of the feature {change.square().mean().sqrt():.3f}")

a1, micro_sizes = ledger["A1"]["cpu"]["values"], (4, 8, 16, 32, 64, 128, 256)
show(
    lines_plot(
        micro_sizes,
        {
            "He init": [a1[f"he_{b}"] for b in micro_sizes],
            "torch's init": [a1[f"torch_{b}"] for b in micro_sizes],
        },
        xlabel="micro-batch size b, of 1024 examples",
        ylabel="relative error of the gradient",
        title=f"Accumulation with BatchNorm (ledger, {len(a1['he_4'])} seeds)",
        log_x=True,
    )
)

# %% [markdown]
# **What the figure says.** With micro-batches of 32 the gradient is off by {{A1.he_32}} (He), and in
# float64 just as much ({{A1.float64_32}}): this is no rounding, it is another function. Weighting
# cannot mend it. (The ledger also holds a small convnet: {{A1.convnet_batch_32}} with BatchNorm, and
# rounding with GroupNorm, which normalises each example by itself.)
#
# BatchNorm's **running statistics**, used at test time, also move once for each forward pass: K times
# in a step, and each time towards a noisier mean. **Caveat**: other is not worse. Normalising in
# small groups is a method of its own (*ghost* BatchNorm, unit 08). But it is not the large batch.
#
# **Change, predict, run**: a feature of mean 3 in place of 0. Does its change depend on the mean?
#
# **Dropout** draws anew for every micro-batch, as it does for every example of a large batch: same
# law, other draws. (On a CPU a single dropout layer takes its numbers row by row from one stream, so from one
# seed the pieces get the large batch's own mask, and agree by luck; with two layers they do not. Test accumulation
# with dropout switched off.)

# %% [markdown]
# ## 4.11 Build it: the loop of 4.2, mended
# Now mend the loop of 4.2, fault by fault, under these rules:
#
# 1. *Short micro-batches*: each step uses the gradient of the mean loss over all **examples** of its
#    window.
# 2. *Incomplete windows*: windows start anew with each epoch; what is left over at an epoch's end is a
#    step of its own.
# 3. *The rate*: it follows unit 02's rule for **Adam**, for a batch `accum_steps` times as large (the
#    square root of the factor): in every parameter group, once, before the first step. It stays so
#    for every step, those of incomplete windows too.
#
# ### Exercise 9 (3 points, 15 minutes): mend it
# The check has a group of cases for each rule, and says which you keep. Begin with the loop as it was
# found, run the check, and mend what it names.
#
# <details><summary>Hint 1 (click to open)</summary>Cut the list: <code>micro_batches[start : start + accum_steps]</code> is a window, the last one perhaps shorter.</details>
# <details><summary>Hint 2 (click to open)</summary>Inside a window the gradient is the weighted sum of 4.2.</details>
# <details><summary>Hint 3 (click to open)</summary>Linear growth keeps SGD's runs together. Which rule kept Adam's together in unit 02?</details>


# %% solution="u04_mended_loop"
def train_accumulated(model, optimizer, epochs, accum_steps):
    """Train with accumulation, by the three rules above.

    model: an nn.Module; its .grad are empty at the start.
    optimizer: has param_groups (one or more, each with its "lr"), step(), zero_grad().
    epochs: list of epochs, each a list of (inputs, targets); sizes of micro-batches may differ.
    accum_steps: K, micro-batches in a full window.
    The check prints a row for every step(): the rate of the first group, the rate of the second
    (which begins at half the first's), then the gradient. In its cases for rules 1 and 2 it hands
    you an optimizer with the rates 0, and these stay 0.
    """
    ### BEGIN SOLUTION
    for group in optimizer.param_groups:
        group["lr"] *= math.sqrt(accum_steps)
    for micro_batches in epochs:
        for start in range(0, len(micro_batches), accum_steps):
            window = micro_batches[start : start + accum_steps]
            total = sum(len(targets) for _, targets in window)
            for inputs, targets in window:
                loss = cross_entropy(model(inputs), targets)
                (loss * len(targets) / total).backward()
            optimizer.step()
            optimizer.zero_grad()
    ### END SOLUTION


# %% check="u04_mended_loop"
check("u04_mended_loop", train_accumulated)

# %% [markdown]
# What you should see: your loop in the figure of 4.2. The test that finds such faults in practice is the
# number below it: accumulate, and compare with the large batch in one piece.

# %%
use_train = mine_or_library("u04_mended_loop", train_accumulated)
trained_by["your loop"] = [
    losses_along(lambda m, o, e: use_train(m, o, [e], 8), rate, seed) for seed in seeds
]
title = f"AdamW, 460 examples, one line a seed: your {len(seeds)} seeds"
show(runs_plot(epochs_done, trained_by, xlabel="epochs", ylabel="training loss", title=title))

micro_batches = pieces(15 * 32 - 20, 32, seed=9)
nets = [mlp(SIZES, generator=torch.Generator().manual_seed(0)).to(device) for _ in "ab"]
use_train(nets[0], torch.optim.AdamW(nets[0].parameters(), lr=0.001), [micro_batches], 8)
whole_batches(
    nets[1], torch.optim.AdamW(nets[1].parameters(), lr=0.001 * math.sqrt(8)), micro_batches
)
flat = [nn.utils.parameters_to_vector(net.parameters()) for net in nets]
print(f"after one epoch: largest difference of a weight {(flat[0] - flat[1]).abs().max():.1e}")

# %% [markdown]
# **Change, predict, run**: copy your function into a cell of its own, call it `faulty` there, and put one
# fault back (dividing by K, say). Below `use_train = ...` write `use_train = faulty`. How large is the
# difference then? (Edited in its own cell, a function that fails its check gives way to the library's.)
#
# ### Build it: the same on several workers (30 minutes, no marks)
# Each worker has a replica of the model, an optimizer and a shard of every epoch. In a step each worker
# accumulates over its window; then an **all-reduce** gives every worker the same gradient, that of the
# mean loss over all examples of the step, on all workers; then all step. The rates are set already. The
# check names the milestones that you have reached:
#
# 1. **One worker**: a loop by rules 1 and 2 of this section.
# 2. **Two equal workers**, K = 1: sum the replicas' gradients, give each replica the sum.
# 3. **All of it**: unequal micro-batches, unequal workers, incomplete windows. Divide once, by the
#    examples of the whole step.
#
# <details><summary>Hint 1 (click to open)</summary>Cut one window from each worker's shard, and count the examples in all of them before you call <code>backward()</code>.</details>
# <details><summary>Hint 2 (click to open)</summary><code>zip(*(model.parameters() for model in models))</code> gives the replicas of one parameter together.</details>
# <details><summary>Hint 3 (click to open)</summary>Give each replica a gradient tensor of its own: one that all share would be cleared for all at once.</details>


# %% solution="u04_two_workers"
def train_on_workers(models, optimizers, epochs, accum_steps):
    """Train replicas together, by accumulation and an all-reduce in every step.

    models: list of N replicas with equal weights; optimizers: list of N, with step() and
    zero_grad(); leave their rates as they are.
    epochs: list of epochs; an epoch is a list of N shards, a shard a list of (inputs, targets).
    All shards of an epoch have equally many micro-batches; their sizes may differ.
    accum_steps: K >= 1, micro-batches of each worker in a full window; at an epoch's end fewer.
    The check prints, for each worker, a row for every step(): two rates, then the gradient; and
    for an input that fails the replicas' weights and their rate in place of models and optimizers.
    """
    ### BEGIN SOLUTION
    for shards in epochs:
        for start in range(0, len(shards[0]), accum_steps):
            windows = [shard[start : start + accum_steps] for shard in shards]
            count = sum(len(targets) for window in windows for _, targets in window)
            for model, window in zip(models, windows, strict=True):
                for inputs, targets in window:
                    (cross_entropy(model(inputs), targets, reduction="sum") / count).backward()
            for replicas in zip(*(model.parameters() for model in models), strict=True):
                total = sum(p.grad for p in replicas)
                for p in replicas:
                    p.grad = total.clone()
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
    ### END SOLUTION


# %% check="u04_two_workers"
check("u04_two_workers", train_on_workers)

# %% [markdown]
# What you should see: three workers with unequal shards, and one with everything. In float64 the two
# curves below are one; the numbers say by how much.

# %%
use_workers = mine_or_library("u04_two_workers", train_on_workers)
shards = [pieces(460, 23, seed=k, dtype=torch.float64)[:18] for k in (1, 2)]
shards.append(pieces(460, 7, seed=3, dtype=torch.float64)[:18])


def trained_on(shards, num_epochs):
    """Weights and loss after some epochs with one replica a shard, K = 4."""
    new = torch.Generator().manual_seed
    models = [mlp(SIZES, generator=new(0)).to(device, torch.float64) for _ in shards]
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.2) for m in models]
    use_workers(models, optimizers, [shards] * num_epochs, 4)
    x, y = (torch.cat(c) for c in zip(*(m for shard in shards for m in shard), strict=True))
    with torch.no_grad():
        loss = cross_entropy(models[0](x), y).item()
    return [nn.utils.parameters_to_vector(m.parameters()) for m in models], loss


# %%
joined = [
    tuple(torch.cat(column) for column in zip(*step, strict=True))
    for step in zip(*shards, strict=True)
]
curves = {"three workers": [], "one with everything": []}
for num_epochs in by_size(tiny=(1, 2), cpu=(1, 2, 4, 8, 12)):
    (three, three_loss), (one, one_loss) = (
        trained_on(list(cut), num_epochs) for cut in (shards, [joined])
    )
    curves["three workers"].append(three_loss)
    curves["one with everything"].append(one_loss)
print(f"replicas apart: {(three[0] - three[2]).abs().max():.0e}")
print(f"three workers against one: {(three[0] - one[0]).abs().max():.0e}")
show(
    runs_plot(
        by_size(tiny=(1, 2), cpu=(1, 2, 4, 8, 12)),
        {name: [losses] for name, losses in curves.items()},
        xlabel="epochs",
        ylabel="training loss",
        title="Three unequal workers, and one with all their examples",
    )
)

# %% [markdown]
# **Change, predict, run**: copy your function into a cell of its own, call it `faulty` there, and let it average
# the workers' means, all alike, as frameworks do. Below `use_workers = ...` write `use_workers = faulty`.
# Which of the two printed numbers changes?

# %% [markdown]
# ## 4.12 Myth lab: eight sentences, measured
#
# The numbers are the ledger's.
#
# | claim | verdict | because |
# |---|---|---|
# | N7: accumulation keeps the small batch's noise | **fails** | {{N7.to_large}} times the variance of B = 1024 |
# | P1: dividing each loss by K is exact | **depends** | equal pieces: error {{P1.equal_he}}; 64 + 64 + 2: {{P1.last_2_he}} (He init), {{P1.last_2_torch}} (torch's) |
# | P2: clip each micro-batch | **fails** | the step shrinks to {{P2.ratio_half_he}} (He init), {{P2.ratio_half_torch}} (torch's) |
# | P3: N workers × m equals N · m | **holds** | float64 to rounding; float32 runs jump apart, accuracy {{P3.float32_accuracy_change}} |
# | P6: a last batch of 37 of 64 is harmful | **fails** | {{P6.keep_minus_drop_37}} points; but a last batch of one: {{P6.keep_minus_drop_1}} |
# | P8: leftovers are harmless | **depends** on the rate | the next step is {{P8.length_ratio}} times as long; tuned again: {{P8.leak_minus_flush_tuned}} |
# | L9: large batches overflow through larger gradients | **fails** for a mean | length at B = 1024 over B = 16: {{L9.mean_ratio}} |
# | A1: with BatchNorm it is the large batch too | **fails** | error {{A1.he_32}} at b = 32 |
#
# The letters are the claims' names in the ledger. All were measured on a small network and MNIST-1D. N7, P1, P3, L9 and A1 follow from algebra:
# another network changes their size, not their sign. P2, P6 and P8 depend on noise and rate. Test one
# yourself, in a terminal: `python3 -m coursekit claims P2`.

# %% [markdown]
# ## 4.13 On a GPU
# The cells above find a GPU by themselves.
#
# <details><summary>The ledger's GPU numbers (click to open)</summary>
#
# On one {{P1.gpu.device}} with {{P1.gpu.last_2_he.seeds}} seeds, 64 + 64 + 2 with equal weights was off by
# {{P1.gpu.last_2_he}} (He) and {{P1.gpu.last_2_torch}} (torch's init); clipping inside kept
# {{P2.gpu.ratio_half_he}} and {{P2.gpu.ratio_half_torch}} of the step; BatchNorm in micro-batches of 32
# cost {{A1.gpu.he_32}}, in a small convnet {{A1.gpu.convnet_batch_32}}. Keeping a last batch of one changed
# accuracy by {{P6.gpu.keep_minus_drop_1}} points over {{P6.gpu.keep_minus_drop_1.seeds}} seeds. All
# verdicts of 4.12 are the same. One number is not: with GroupNorm the convnet was exact only to about a
# thousandth of BatchNorm's error; torch lets this GPU's convolutions round to fewer digits (TF32), which
# may be why.
#
# </details>

# %%
print("you ran on:", device_name())

# %% [markdown]
# ## Interview corner
# **"Is gradient accumulation the same as a large batch?"**
# 1. *Direct answer*: "Yes, exactly, if each micro-batch counts by its number of examples or tokens,
#    and nothing couples the examples."
# 2. *Mechanism*: "The gradient of a mean is the weighted sum of the parts' means. So noise, clipping
#    and learning-rate rules are those of the large batch."
# 3. *Evidence*: "Equal pieces agree to rounding; 64 + 64 + 2 with equal weights was off by
#    {{P1.last_2_he}} times the gradient." (the ledger's)
# 4. *Practice*: "I sum the loss, count tokens, divide once; clip after; flush the last window; and
#    test against the whole batch in float64. BatchNorm is the exception."
#
# *A weak answer*: "It simulates a large batch but keeps small-batch noise."
# *Follow-up*: "Your loss is a mean over tokens. What changes?" (Section 4.5: every step is ragged.)
#
# **"Eight GPUs and one GPU with the same seed give different weights. A bug?"**
# 1. *Direct answer*: "Not by itself: float addition depends on its order, and training can amplify it."
# 2. *Mechanism*: "The difference stays at one rounding for a while; then it jumps by orders of magnitude,
#    at a step that differs from run to run, sooner at a large rate."
# 3. *Evidence*: "In float32 seven of eight runs had jumped within 200 steps, two before step 50; accuracy
#    unchanged. In float64 the runs agree."
# 4. *Practice*: "I compare the first step's gradient in float64. If that differs, it is a bug: shards
#    of unequal size, a sum for a mean, an example on two workers, BatchNorm."
#
# *A weak answer*: "Set the seed." *Follow-up*: "The first loss is the same, the second is far off.
# Where do you look?" (The gradient's scale: section 4.6. If the first differs, the data or a summed
# loss.)
#
# **"Where do you clip?"** Once, after accumulation and all-reduce. Inside, the noise of a micro-batch
# is clipped, and the step shrinks. *A weak answer*: "anywhere before the
# step". *Follow-up*: "And under mixed precision?" (After the loss scale is divided out.)

# %%
interview_corner("04_accumulation")

# %% [markdown]
# ## Recap
# - A batch in pieces is the batch: weight each mean by what it is the mean over.
# - Dividing by K is right only for equal pieces; tokens are never equal.
# - Clip once, at the end. Give leftovers a step of their own.
# - Know who sums and who averages: SGD's rate and every clipping limit depend on it.
# - BatchNorm couples examples, so it sees micro-batches. Test with float64 against one large batch.
#
# To read: Goyal et al. 2017 (arXiv:1706.02677), section 2.3 and 3; Ioffe & Szegedy 2015
# (arXiv:1502.03167).

# %%
compare_predictions(
    "04_accumulation",
    {
        "noise": ("32 × 32 accumulated", "a batch of 1024", "section 4.4"),
        "ragged": ("64 + 64 + 2 divided by 3", "larger than the gradient", "section 4.3"),
        "weight": ("One of the last two examples", f"{130 / 3 / 2:.1f} times", "section 4.3"),
        "workers": (
            "8 × 128 in float32",
            "weights differ visibly; accuracy does not",
            "section 4.9",
        ),
    },
)
