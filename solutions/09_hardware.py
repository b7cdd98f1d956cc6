# %% [markdown]
# # 09 · What does one more example in the batch cost?
#
# | | |
# |---|---|
# | **Question** | What does one more example in the batch cost? |
# | **Difficulty** | medium |
# | **Importance** | here steps and examples become seconds and money, and a batch size becomes a decision |
# | **Your time** | part a, 9.1 to 9.6: 75 minutes; part b, 9.7 to the end: 75 minutes |
# | **Run time** | about a minute on two CPU cores |
# | **You need** | units 01, 04 and 05: the noise of a batch, workers that share one, $S(B) = S_{\min}(1 + B_{\text{crit}}/B)$; logarithms; what a matrix product does |
#
# Times in this unit are **yours**: measured on this machine, in rounds. Each is the median over
# rounds, with the lowest and the highest round as its bar. A machine that others use scatters, and
# nothing that you are marked for rests on a clock. Elsewhere a **±** is half of a 95 % interval over
# seeds. Numbers from longer runs of ours, made beforehand, are in the course's **ledger** and are
# called so.

# %% prelude
import math

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, TensorDataset

from coursekit.claims import load_ledger
from coursekit.data import load
from coursekit.device import by_size, device_name, pick_device
from coursekit.experiments import Outer, run_workers, train_locally
from coursekit.explorers.three_prices import three_prices
from coursekit.gradients import per_example_gradients
from coursekit.hardware import (
    Prices,
    best_batches,
    fit_step_time,
    linear_bytes,
    linear_flops,
    measure_peaks,
    peak_saved_bytes,
    random_share,
    seconds_in_rounds,
    training_state_bytes,
)
from coursekit.interview.widget import interview_corner
from coursekit.models import mlp
from coursekit.noise import fit_critical_batch
from coursekit.notebook import (
    check,
    compare_predictions,
    mine_or_library,
    predict,
    predict_number,
    show,
)
from coursekit.plots import hardware as figures

# %% [markdown]
# ## 9.1 Predict first

# %%
predict_number(
    "09_hardware",
    "batch32",
    "The course's small network (40-64-64-10): a step with B = 32 takes how many times as long as "
    "one with B = 1, on this machine?",
    "times",
)

# %%
predict(
    "09_hardware",
    "alone",
    "One example goes through a network alone, and again in a batch of 64. Evaluation mode, no "
    "randomness, same machine. Its two outputs are ...",
    ["equal, bit for bit", "equal up to rounding, not always in bits", "different in two digits"],
)

# %%
predict(
    "09_hardware",
    "checkpoint",
    "Sixteen equal layers, and a checkpoint at every fourth: the activations that must be held at "
    "once fall to ...",
    ["a quarter", "less than a half", "three quarters", "a sixteenth"],
)

# %%
predict(
    "09_hardware",
    "best",
    "The batch with the fewest examples to a target, the one with the fewest seconds, the cheapest "
    "one. Put in order of their size, from small to large, these batches are ...",
    ["one batch size", "two: time is money", "three, examples < money < seconds",
     "three, seconds < money < examples"],
)  # fmt: skip

# %% [markdown]
# ## 9.2 A floor and a slope
# A step has costs that do not depend on how many examples are in it: Python, launching operations,
# reading the weights, the optimizer. And costs that do. The simplest law with both is
#
# $$ t(B) = \max\bigl(t_0,\; B / r\bigr) , $$
#
# the **floor** $t_0$ (seconds), and the **rate** $r$ (examples per second) of a full machine. Below
# the **knee** $B = t_0\, r$ another example costs nothing. Above it, it costs its full price $1/r$.
#
# ### Exercise 1 (3 points, 12 minutes): fit the law
# On logarithmic axes the law is a flat piece and a piece of slope one. Try every split: the first k
# sizes on the floor, the others on the slope, for k = 2 to n − 2. At each split
#
# - $t_0$ is the geometric mean of the first k times, $r$ the geometric mean of the other $B/t$
#   (geometric: the exponential of the mean logarithm),
# - the misfit is the sum of $(\ln t - \ln t_0)^2$ over the first k, plus the sum of
#   $(\ln (B/t) - \ln r)^2$ over the others.
#
# Return $t_0$ and $r$ of the split with the smallest misfit (in the check no two splits have the same).
#
# <details><summary>Hint 1 (click to open)</summary>A loop over k, and in it two lists of logarithms.</details>
# <details><summary>Hint 2 (click to open)</summary>The mean of a list of logarithms is the best constant for it; the misfit is its squared deviations.</details>
# <details><summary>Hint 3 (click to open)</summary>Keep the smallest misfit so far together with its two numbers.</details>


# %% solution="u09_step_time"
def fit_law(batch_sizes, seconds):
    """[t_0, r]: floor in seconds and rate in examples per second, of the best split.

    batch_sizes: list of n >= 4 ascending whole numbers; seconds: list of as many times > 0.
    """
    ### BEGIN SOLUTION
    best = (math.inf, 0.0, 0.0)
    for k in range(2, len(seconds) - 1):
        low = np.log(seconds[:k])
        high = np.log(np.array(batch_sizes[k:]) / np.array(seconds[k:]))
        misfit = ((low - low.mean()) ** 2).sum() + ((high - high.mean()) ** 2).sum()
        best = min(best, (misfit, math.exp(low.mean()), math.exp(high.mean())))
    return [best[1], best[2]]
    ### END SOLUTION


# %% check="u09_step_time"
check("u09_step_time", fit_law)

# %% [markdown]
# Now your machine: two networks, a full step of SGD (forward, backward, update), from one example to
# thousands. Each look repeats a step until the clock can see it; the fastest of three looks counts
# for its round.

# %%
device = pick_device()
WIDE = by_size(tiny=96, cpu=512, gpu=4096)
SIZES = [2**k for k in range(by_size(tiny=9, cpu=12, gpu=15))]
g = torch.Generator().manual_seed(0)


def make_step(widths, batch_size):
    """Return a function that takes one step of SGD."""
    net = mlp(widths, generator=g).to(device)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    inputs = torch.randn(batch_size, widths[0], generator=g).to(device)
    targets = torch.randint(widths[-1], (batch_size,), generator=g).to(device)

    def one_step():
        cross_entropy(net(inputs), targets).backward()
        optimizer.step()
        optimizer.zero_grad()

    return one_step


# %%
networks = {"40-64-64-10": (40, 64, 64, 10), f"40-{WIDE}-{WIDE}-10": (40, WIDE, WIDE, 10)}
rounds = by_size(tiny=2, cpu=5, gpu=9)
times = {
    name: seconds_in_rounds(
        {B: make_step(widths, B) for B in SIZES[: len(SIZES) - 2 * (i and device.type == "cpu")]},
        rounds=rounds,
        device=device,
    )
    for i, (name, widths) in enumerate(networks.items())
}

# %%
use_fit = mine_or_library("u09_step_time", fit_law)
medians = {n: [float(np.median(t)) for t in table.values()] for n, table in times.items()}
laws = {n: tuple(float(x) for x in use_fit(list(times[n]), medians[n])) for n in networks}
for name, (floor, rate) in laws.items():
    off = max(t / max(floor, B / rate) for B, t in zip(times[name], medians[name], strict=True))
    print(
        f"{name}: floor {1e3 * floor:.3f} ms, rate {rate:,.0f} examples/s, knee {floor * rate:,.0f} "
        f"examples; a step is at most {off:.2f} times its law"
    )
show(figures.step_time_plot(times, laws, title=device_name(device)))

# %% [markdown]
# **What the figure says.** Left of its knee, a network's line is flat: examples ride along for nothing.
# Right of it, time is in proportion to B. The wide network has its knee at a smaller batch: more work
# an example fills the machine sooner. So the knee is a property of machine **and** model, and B_crit
# of neither.
#
# **Caveat.** The law has a corner; a real step turns. Where waiting and work add up rather than
# overlap, a step at the knee takes $t_0 + B/r$, twice what the law says. The last number of each line
# says how far off your worst size is. And if the two pieces cannot be told apart (a big GPU and a
# small network may be flat at every size), the library's `fit_step_time` says nan for the rate; this
# simple fit cannot. **Change, predict, run**: `t0 + B/r` for the small network at its knee, by hand,
# beside the measured time. Which law is nearer?
#
# Move floor, speed and batch. What does a faster machine want?

# %%
from coursekit.explorers.knee import knee as knee_explorer

knee_explorer()

# %% [markdown]
# ## 9.3 Where the knee comes from: the roofline
# Look at one layer, $y = xW$ with n inputs and m outputs. Count.
#
# - **Operations**: each of B·m outputs needs n products and n sums: $2Bnm$.
# - **Bytes**, with s bytes a number: the weights once, inputs and outputs of each example:
#   $s\,(nm + B(n + m))$.
#
# A machine does F operations per second (its peak) and moves W bytes per second (its bandwidth). The
# layer takes at least the longer of $2Bnm/F$ and $s(nm + B(n+m))/W$: the **roofline**. At small B moving
# the weights takes longer, and they have to come whatever B is: a floor. At large B computing takes
# longer: a slope. They meet at the roofline's knee.
#
# ### Exercise 2 (3 points, 10 minutes): the roofline's knee
# Return the batch size, not rounded, at which the two times are equal. If computing is the shorter
# one however large B is (or the two grow equally fast), no batch is large enough: return nan.
#
# <details><summary>Hint 1 (click to open)</summary>Write both times as something times B, plus something that does not depend on B.</details>
# <details><summary>Hint 2 (click to open)</summary>Set them equal and solve for B.</details>
# <details><summary>Hint 3 (click to open)</summary>Two lines meet at a B above 0 only if the one that begins lower is the steeper one.</details>


# %% solution="u09_roofline"
def roofline_knee(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Batch size at which computing takes as long as moving, one number; nan if none does.

    fan_in, fan_out: n, m >= 1; bytes_per_number: s; flops: F, operations per second; bandwidth:
    W, bytes per second.
    """
    ### BEGIN SOLUTION
    move_weights = bytes_per_number * fan_in * fan_out / bandwidth
    move_example = bytes_per_number * (fan_in + fan_out) / bandwidth
    compute_example = 2 * fan_in * fan_out / flops
    if compute_example <= move_example:
        return math.nan
    return move_weights / (compute_example - move_example)
    ### END SOLUTION


# %% check="u09_roofline"
check("u09_roofline", roofline_knee)

# %% [markdown]
# For a very wide layer the inputs and outputs do not matter, and the knee is $sF/(2W)$. With 16-bit
# numbers (s = 2) that is F/W: on one H100, by its data sheet, 989 × 10¹² / 3.35 × 10¹², 295 examples
# (or tokens). Below that a large model waits for its own weights.
#
# Your machine: the peak from a large product, the bandwidth from copying an array as large as the
# weights (an array that fits into a cache moves faster), then the layer itself.

# %%
WIDTH = by_size(tiny=256, cpu=1024, gpu=8192)
peaks = measure_peaks(device, size=WIDTH, megabytes=4 * WIDTH**2 / 2**20, rounds=rounds)
W = torch.randn(WIDTH, WIDTH, generator=g).to(device)
row_counts = [2**k for k in range(by_size(tiny=6, cpu=9, gpu=12))]
inputs_of = {B: torch.randn(B, WIDTH, generator=g).to(device) for B in row_counts}
layer = seconds_in_rounds(
    {B: (lambda x=x: x @ W) for B, x in inputs_of.items()}, rounds=rounds, device=device
)
use_knee = mine_or_library("u09_roofline", roofline_knee)
roof = float(use_knee(WIDTH, WIDTH, 4, peaks.flops, peaks.bandwidth))
seen = fit_step_time(row_counts, [float(np.median(t)) for t in layer.values()])
print(f"peak {peaks.flops:.3g} operations/s, bandwidth {peaks.bandwidth:.3g} bytes/s")
print(
    f"one layer {WIDTH} x {WIDTH}: knee by the roofline {roof:.1f}, by your clock {seen.knee:.1f}"
)
print(
    f"the whole step of the small network: knee {laws['40-64-64-10'][0] * laws['40-64-64-10'][1]:.0f}"
)
show(
    figures.roofline_plot(
        row_counts,
        list(layer.values()),
        [linear_flops(WIDTH, WIDTH, B) / peaks.flops for B in row_counts],
        [linear_bytes(WIDTH, WIDTH, B) / peaks.bandwidth for B in row_counts],
        title=f"One layer, {WIDTH} × {WIDTH}, {device_name(device)}",
    )
)

# %% [markdown]
# **What the figure says.** The measured dots follow the two lines from above: near the green one
# while weights are waited for, near the red one when the machine computes. Where they lie well above
# both, something else takes the time: launching the operation, or a product that is not written for
# so few rows. That is also why the small network's knee lies elsewhere: its layers are so small that
# not their bytes but the hundred operations of a step make its floor. (Where a measured dot lies inside
# the grey, a peak was measured in a busy moment, and is higher.) Where the printed knee by your clock is
# nan, the layer's times show no floor or no slope of their own in this range of batches: the library then
# says nothing rather than guess (9.2's caveat).
#
# **Caveat.** A roofline bounds from below. It never says that a machine gets there.
#
# **Change, predict, run**: `torch.bfloat16` or `torch.float64` for W, the inputs and `measure_peaks`
# (its `dtype`), and s in your function. Where does the knee go?

# %% [markdown]
# ## 9.4 Memory
# Two kinds. **State**: weights, gradients, and what the optimizer keeps (none for SGD, one number a
# weight for momentum, two for Adam). It is there at any batch size. **Activations**: a layer's backward
# pass needs the layer's input, so all inputs are kept from the forward pass until they are used. They
# grow with B.
#
# A **checkpoint** trades time for them: cut the layers into segments, keep only each segment's input,
# and compute the inside again when the backward pass comes by.
#
# ### Exercise 3 (3 points, 12 minutes): how many bytes are held?
# A network of L layers with ReLUs between them; layer i has `widths[i]` inputs and `widths[i+1]`
# outputs. Segments of `segment` layers, the last may be shorter. The backward pass goes from the last
# segment to the first. While it is **at one segment**, this is held:
#
# - the inputs of all segments **before** it (those after it are done),
# - the inputs of all layers **in** it,
# - and its output, which the ReLU at its end needs. The last segment ends without a ReLU: its output is
#   not held.
#
# Return the most that is held at once, in bytes: B rows of each, `bytes_per_number` a number.
#
# <details><summary>Hint 1 (click to open)</summary>Where do the segments begin? <code>range(0, L, segment)</code>.</details>
# <details><summary>Hint 2 (click to open)</summary>A segment's layers and its output are neighbours in <code>widths</code>: one slice. For the last segment the slice ends one earlier.</details>
# <details><summary>Hint 3 (click to open)</summary>Compute what is held for each segment, and take the largest.</details>


# %% solution="u09_activations"
def activation_bytes(widths, batch_size, segment, bytes_per_number):
    """Most bytes of activations held at once, one number.

    widths: list of L + 1 whole numbers, inputs first; segment: layers between checkpoints, >= 1;
    L or more means no checkpoints.
    """
    ### BEGIN SOLUTION
    layers = len(widths) - 1
    held = []
    for start in range(0, layers, segment):
        end = min(start + segment, layers - 1)
        earlier = [widths[s] for s in range(0, start, segment)]
        held.append(sum(earlier) + sum(widths[start : end + 1]))
    return bytes_per_number * batch_size * max(held)
    ### END SOLUTION


# %% check="u09_activations"
check("u09_activations", activation_bytes)

# %% [markdown]
# Sixteen equal layers, measured: what autograd really holds, counted while it holds it, and the time
# of a step.

# %%
DEPTH, UNITS, ROWS = 16, by_size(tiny=32, cpu=256, gpu=2048), by_size(tiny=16, cpu=128, gpu=4096)
deep = mlp((UNITS,) * (DEPTH + 1), generator=g).to(device)
blocks = [nn.Sequential(*deep[2 * i : 2 * i + 2]) for i in range(DEPTH)]
rows_in = torch.randn(ROWS, UNITS, generator=g).to(device)


def step_with(segment):
    """Return a forward and backward pass that keeps the inputs of segments alone."""

    def go():
        hidden = rows_in.clone().requires_grad_()
        for start in range(0, DEPTH, segment):
            part = nn.Sequential(*blocks[start : start + segment])
            again = start + segment < DEPTH
            hidden = checkpoint(part, hidden, use_reentrant=True) if again else part(hidden)
        hidden.square().sum().backward()

    return go


# %%
use_bytes = mine_or_library("u09_activations", activation_bytes)
segments = {"none": 16, "8": 8, "4": 4, "2": 2, "1": 1}
held = {n: peak_saved_bytes(deep, step_with(k)) / 2**20 for n, k in segments.items()}
deep_times = seconds_in_rounds(
    {n: step_with(k) for n, k in segments.items()}, rounds=rounds, device=device
)
for n, k in segments.items():
    counted = float(use_bytes([UNITS] * (DEPTH + 1), ROWS, k, 4)) / 2**20
    every = f"layers between checkpoints {n:>4s}"
    print(f"{every}: counted {counted:.2f} MB, held by autograd {held[n]:.2f} MB")
print(f"state, with Adam: {training_state_bytes(deep, slots=2) / 2**20:.1f} MB at any batch size")
title = f"{DEPTH} layers of {UNITS}, B = {ROWS}, your runs"
show(
    figures.checkpoint_plot(
        list(segments), list(held.values()), list(deep_times.values()), title=title
    )
)

# %% [markdown]
# **What the figure says.** With segments of √16 = 4 layers seven widths are held in place of sixteen;
# with segments of one layer all segments' inputs are, and nothing is won. (Autograd holds a little more
# than you counted: the loss's own tensor.) The price is a second forward pass of almost all layers. A
# backward pass is about two forward passes of work, so a step goes from three to four at most: a third more, the
# dashed line. (The last segment is not computed twice: with four of them it is a quarter.) Yours may lie above
# it, since going through the segments costs something too. In the ledger's
# run on one CPU thread it was {{H2.time}} times the time (± over rounds).
#
# **Accumulation's price.** K micro-batches of B/K need the activations of one of them, and K times the
# floor: $K \max(t_0, B/(Kr))$ in place of $\max(t_0, B/r)$. By the law that is
# nothing from K knees on:

# %%
floor, rate = laws["40-64-64-10"]
of_small = times["40-64-64-10"]
for B, K in ((SIZES[-1], 2), (SIZES[-1], 8), (SIZES[-1], 64), (SIZES[-1], SIZES[-1])):
    law = K * max(floor, B / K / rate) / max(floor, B / rate)
    timed = K * float(np.median(of_small[B // K]) / np.median(of_small[B]))
    print(
        f"B = {B} as {K:4d} x {B // K:4d}: {law:5.2f} times as long by the law, {timed:5.2f} timed"
    )

# %% [markdown]
# Where the timed number is higher than the law's, there are two reasons. It counts an update for each
# micro-batch, which accumulation saves; and close to the knee the law is too kind (9.2's caveat), so that a
# micro-batch of one knee may cost up to twice. Where it is lower, the whole batch, by whose time all four are
# divided, took longer than its law: 9.2 printed how far your worst size is off. So: micro-batches of several
# knees are nearly free, and below the knee accumulation buys a large batch with time. Whether it should be
# large at all is another question (unit 05).
#
# **Change, predict, run**: `UNITS` doubled at the same `ROWS`. Which grows faster, state or activations?
# And `ROWS` doubled?
#
# ## 9.5 An epoch: the last batch, and the loader
# N = 10 examples in batches of 4: two full batches, and two examples left over. Keep them as a small
# batch, or drop them?
#
# ### Exercise 4 (2 points, 8 minutes): an epoch with a partial last batch
# Return three numbers: the steps of an epoch, its seconds by $t(b) = \max(t_0, b/r)$ with each step's own
# size b, and how much an example of the **last** batch counts beside one of a full batch. (Each step is
# the mean over its own examples, at one learning rate.) If no examples are left over, that is 1, whatever
# `drop_last` says; if some are left over, and they are dropped, it is 0.
#
# <details><summary>Hint 1 (click to open)</summary><code>divmod(N, B)</code> gives full batches and what is left over.</details>
# <details><summary>Hint 2 (click to open)</summary>The partial batch has a time of its own, and not below the floor.</details>
# <details><summary>Hint 3 (click to open)</summary>In a mean over b examples each counts 1/b. Compare with 1/B.</details>


# %% solution="u09_epoch"
def epoch(num_examples, batch_size, floor, rate, drop_last):
    """[steps, seconds, weight of an example of the last batch over one of a full batch].

    num_examples: N, batch_size <= N; floor: t_0, seconds; rate: r, examples per second;
    drop_last: True if a partial last batch is left out.
    """
    ### BEGIN SOLUTION
    full, left = divmod(num_examples, batch_size)
    seconds = full * max(floor, batch_size / rate)
    if left == 0:
        return [full, seconds, 1.0]
    if drop_last:
        return [full, seconds, 0.0]
    return [full + 1, seconds + max(floor, left / rate), batch_size / left]
    ### END SOLUTION


# %% check="u09_epoch"
check("u09_epoch", epoch)

# %% [markdown]
# For N = 10,000 and B = 64: 16 examples are left over, each counts fourfold in its epoch, and the step
# costs a floor. Is that harmful? The ledger has two cases, on either side of this one, at B = 64. 37 examples left
# over, each counting 1.7-fold: against dropping them test accuracy changed by
# {{P6.keep_minus_drop_37}} points, nothing. A **single** one, which counts 64-fold, at
# the learning rate of the large batches: {{P6.keep_minus_drop_1}} points. Where between them 16 lies, these runs do not
# say. So drop what is tiny; or keep it for evaluation, where every example counts.
#
# **The loader.** Examples have to be fetched, decoded, put together. If that happens between steps, a
# step takes load + compute; if somebody loads ahead, the longer of the two. How long is loading? Two ways
# to make the same batch:

# %%
data = load("mnist1d", num_train=by_size(tiny=512, cpu=2048))
FEW = by_size(tiny=64, cpu=256)
one_by_one = DataLoader(
    TensorDataset(data.train_inputs, data.train_targets), FEW, shuffle=True, generator=g
)


def by_index():
    """Return a shuffled batch, all its rows at once."""
    index = torch.randint(len(data.train_inputs), (FEW,), generator=g)
    return data.train_inputs[index], data.train_targets[index]


loading = seconds_in_rounds(
    {"one by one": lambda: next(iter(one_by_one)), "by index": by_index}, rounds=rounds
)
example_seconds = {n: float(np.median(t)) / FEW for n, t in loading.items()}
for name, each in example_seconds.items():
    print(f"{name:10s}: {1e6 * each:6.2f} microseconds an example, {1 / each:,.0f} examples/s")
print(f"the small network's rate: {laws['40-64-64-10'][1]:,.0f} examples/s")

# %% [markdown]
# A loader that is slower than the network's rate is the knee's new owner: then r is the loader's rate,
# however fast the device. Look at the rates before you blame the batch size.
#
# **Change, predict, run**: `FEW = 1024`. Which of the two times an example falls?

# %% [markdown]
# ## 9.6 Does the same example give the same number?
# Floating-point sums depend on their order: (1 + 10⁸) − 10⁸ is 0 in float32, and 1 + (10⁸ − 10⁸) is 1. A
# fast product adds in the order that suits the number of rows. So the same example, through the same
# network, in another batch:

# %%
net = mlp((40, 256, 256, 10), generator=g).to(device)
test_rows = data.test_inputs[:64].to(device)
sizes_tried = [1, 2, 3, 4, 8, 16, 32, 64]
parted = False
with torch.no_grad():
    whole = net(test_rows)
    for B in sizes_tried:
        parts = torch.cat([net(part) for part in test_rows.split(B)])[: len(whole)]
        same = int((parts == whole).all(dim=1).sum())
        gap = (parts - whole).abs().max().item()
        parted = parted or same < 64
        print(f"batches of {B:2d}: {same:2d} of 64 rows equal in every bit, largest gap {gap:.1e}")

# %% [markdown]
# Nothing random happened. Each of these numbers is right to rounding, and repeats exactly if you repeat
# *that* batch size. But a server that groups requests by load answers the same prompt in another batch
# each time; with a chosen token per step, one flipped digit may change the rest of an answer. (A report of
# Thinking Machines, 2025, counted 80 different answers to 1,000 equal prompts, and a single one with kernels
# made for it.) In the ledger, over {{P12.changed_1.seeds}} networks, {{P12.changed_1}} % of the rows alone had
# another bit than in company, {{P12.changed_16}} % in batches of 16. For training it means: another batch size, another number of workers or another machine give other bits
# from the first step on.
#
# ### Exercise 5 (3 points, 10 minutes): the same bits in any company
# `function` maps rows to rows, each from its own row alone; but the order of its sums depends on how many
# rows it gets (here: always, on any machine). Return its results for all rows such that the bits of a row
# do not depend on the others: hand over exactly `block` rows in each call, in order, fill the last block
# up, and return as many rows as came in.
#
# What you fill up with is yours to choose: zeros, rows that were there already. A whole block more does no
# harm, but a block for each single row would be far too many calls, and is refused. The check compares the
# rows that you return, bit for bit. Its `function` multiplies by a matrix W: rows → rows W. Where an input
# fails, W is shown under the name `function`.
#
# <details><summary>Hint 1 (click to open)</summary>How many rows are missing to the next multiple of <code>block</code>? Python's <code>-n % block</code> says it.</details>
# <details><summary>Hint 2 (click to open)</summary><code>torch.cat</code> joins rows and filling; <code>tensor.split(block)</code> cuts.</details>
# <details><summary>Hint 3 (click to open)</summary>Zeros are a good filling: their results are thrown away.</details>


# %% solution="u09_row_stable"
def row_stable(function, rows, block):
    """function(rows), with bits that do not depend on the number of rows: a tensor (B, m).

    function: (any number of rows, n) -> (as many rows, m), float32; rows: (B, n), B >= 1;
    block: rows a call, >= 1.
    """
    ### BEGIN SOLUTION
    filling = rows.new_zeros(-len(rows) % block, rows.shape[1])
    parts = torch.cat([rows, filling]).split(block)
    return torch.cat([function(part) for part in parts])[: len(rows)]
    ### END SOLUTION


# %% check="u09_row_stable"
check("u09_row_stable", row_stable)

# %%
use_stable = mine_or_library("u09_row_stable", row_stable)
with torch.no_grad():
    stable = use_stable(net, test_rows, 32)
    for B in (1, 3, 7, 64):
        parts = torch.cat([use_stable(net, part, 32) for part in test_rows.split(B)])
        print(
            f"batches of {B:2d}, in blocks of 32: equal bits everywhere: {torch.equal(parts, stable)}"
        )
    price = seconds_in_rounds(
        {
            "1 row": lambda: net(test_rows[:1]),
            "1 row in a block of 32": lambda: use_stable(net, test_rows[:1], 32),
            "64 rows": lambda: net(test_rows),
            "64 rows in blocks of 32": lambda: use_stable(net, test_rows, 32),
        },
        rounds=rounds,
        device=device,
    )
for name, seconds in price.items():
    print(f"{name:24s} {1e6 * np.median(seconds):8.1f} microseconds")

# %% [markdown]
# The remedy costs most where a row is alone: it pays for a block. As long as a block lies below this
# network's knee, that is nearly free, above it is not. Compare your first two times: on which side of the
# knee is 32? The remedy works as far as your library treats every place in a block alike: test it, as here.
#
# **Bitwise where promised, statistical elsewhere.** Three levels:
# 1. *Same program, same batch, same machine, same thread count, deterministic kernels*: bits repeat. In the
#    ledger, 150 steps repeat exactly at B = 4 and at B = 256: largest difference of a weight
#    {{P4.again_4}} and {{P4.again_256}}.
# 2. *Another order of sums* (other batch size, workers, threads, card): bits part, and training may multiply
#    the gap. Each batch of the same runs summed in reverse: largest difference {{P4.reversed_256.range}} at
#    B = 256 after 150 steps, over the ledger's {{P4.reversed_256.seeds}} seeds: most runs had not parted
#    yet, and a few had, by thousands of roundings (unit 04's figure of single runs). In float64
#    {{P4.reversed_float64_256.range}}.
# 3. *So two such runs are two seeds*: compare means over seeds with their interval, not curves by eye.
#
# **Change, predict, run**: `net.double()` and `test_rows.double()` in the first cell. Do the bits agree
# now? Does it matter less?
#
# ---
# ## Break. Part b: workers, noise on the way, money
#
# | | |
# |---|---|
# | **Question** | What does a batch cost that several machines share, and which batch is best? |
# | **Your time** | 75 minutes |
# | **You need** | part a: floor, rate, knee |
#
# ## 9.7 Workers
# N processes, each with its own copy, its own part of the batch; they add up their gradients and take the
# same step. These are real ones, started by `torchrun`, talking over gloo on this computer's CPU, one
# thread each.
#
# ### Exercise 6 (2 points, 8 minutes): how efficient are they?
# You know a table: number of workers, examples per step **of all workers together**, seconds per step. One
# entry has one worker. The **efficiency** of an entry is its examples per second *and worker*, over those of
# the one worker. Return one number an entry, in the given order.
#
# <details><summary>Hint 1 (click to open)</summary>Examples per second and worker: examples / (workers × seconds).</details>
# <details><summary>Hint 2 (click to open)</summary>Where is the entry of one worker? Not always in front.</details>
# <details><summary>Hint 3 (click to open)</summary>Divide all by that entry's.</details>


# %% solution="u09_efficiency"
def efficiency(workers, examples, seconds):
    """Examples per second and worker, over the one worker's: a list of numbers.

    workers: list of distinct whole numbers, 1 among them; examples: per step of all workers
    together; seconds: per step.
    """
    ### BEGIN SOLUTION
    each = [b / n / t for n, b, t in zip(workers, examples, seconds, strict=True)]
    one = each[workers.index(1)]
    return [rate / one for rate in each]
    ### END SOLUTION


# %% check="u09_efficiency"
check("u09_efficiency", efficiency)

# %%
worker_sizes = by_size(tiny=(16, 64), cpu=(64, 512, 4096))
settings = {"batch_sizes": worker_sizes, "rounds": rounds, "widths": (40, 64, 64, 10)}
try:
    pair = run_workers(2, **settings)
    alone = run_workers(1, **settings) if by_size(tiny=False, cpu=True) else pair
except OSError as error:  # where processes or sockets are forbidden
    pair = alone = None
    print(f"No workers on this machine: {error}")

# %%
use_efficiency = mine_or_library("u09_efficiency", efficiency)
if pair is not None:
    exchange = 1e3 * np.median(pair.exchange_seconds)
    print(f"{pair.num_weights} gradients are exchanged: {exchange:.2f} ms for that alone")
    print(f"after three steps the two workers' weights differ by {pair.weight_gap},")
    print(f"and from those of one process with the whole batch by {pair.gap_to_one:.1e}")
    if alone is pair:
        print(
            "(At this size of run one process is not timed: below, the pair's time stands for it.)"
        )
    for B in worker_sizes:
        t1, t2 = (float(np.median(w.step_seconds[B])) for w in (alone, pair))
        share = float(use_efficiency([1, 2], [B, B], [t1, t2])[1])
        both = f"{1e3 * t1:6.2f} ms alone, {1e3 * t2:6.2f} ms in two"
        print(f"B = {B:4d}: {both}; efficiency {share:.0%}")

# %% [markdown]
# **What the numbers say.** The two workers hold the same weights, bit for bit: both add the same numbers in
# the same order. From the single process they differ by rounding. And the exchange is a floor of its own:
# while the batch is small, two workers take *longer* than one. On idle cores they begin to pay where the half
# batch takes longer than the exchange. (With two workers on a machine whose cores are busy, or that has only two, the
# slower one makes the step.)
#
# **Change, predict, run**: a wide network, `"widths": (40, 512, 512, 10)`. More to exchange, and more to
# compute: which wins?
#
# ## 9.8 Find the flaw
# Every worker must have equally many examples, or some wait forever. So samplers fill the data up: they
# hand the first examples out again. This evaluation runs on four workers:
#
# ```python
# def accuracy_over_workers(indices, right):
#     shares = [sum(hits) / len(hits) for hits in right]
#     return sum(shares) / len(shares)
# ```
#
# Two things are wrong: how workers of different size are joined, and which examples count twice.
#
# ### Exercise 7 (3 points, 10 minutes): mend it
# Return the share of distinct examples that are right. (The same example is right on every worker, or on
# none: all hold the same weights.)
#
# <details><summary>Hint 1 (click to open)</summary>Forget the workers: which examples are there, and which of them are right?</details>
# <details><summary>Hint 2 (click to open)</summary>An example that comes again, on whichever worker, adds nothing.</details>
# <details><summary>Hint 3 (click to open)</summary>A dictionary from index to 0 or 1.</details>


# %% solution="u09_over_workers"
def accuracy_over_workers(indices, right):
    """Share of distinct examples that are right, one number from 0 to 1.

    indices: one list a worker, the examples it saw, as whole numbers; right: one list a worker,
    1 where that example was right, else 0.
    """
    ### BEGIN SOLUTION
    seen = {}
    for examples, hits in zip(indices, right, strict=True):
        for example, hit in zip(examples, hits, strict=True):
            seen[example] = hit
    return sum(seen.values()) / len(seen)
    ### END SOLUTION


# %% check="u09_over_workers"
check("u09_over_workers", accuracy_over_workers)

# %% [markdown]
# Yours beside the flawed one: 41 examples on four workers, filled up to 44, and a model that is right on the first
# three only.

# %%
use_over_workers = mine_or_library("u09_over_workers", accuracy_over_workers)
indices = [[(k + 4 * i) % 41 for i in range(11)] for k in range(4)]
right = [[int(example < 3) for example in shard] for shard in indices]
flawed = sum(sum(hits) / len(hits) for hits in right) / 4
print(f"flawed {100 * flawed:.1f} %, mended {100 * float(use_over_workers(indices, right)):.1f} %")

# %% [markdown]
# **Change, predict, run**: a model that is right on examples 3 to 5 only. Which way is the flawed number off now?
#
# **A split that leaks** makes the same mistake on a larger scale. Four jittered copies of each of 256 series, a
# quarter of them for validation; a classifier that only looks for the nearest training example:

# %%
sources = data.train_inputs[:256]
copies = sources.repeat_interleave(4, dim=0)
copies = copies + 0.1 * torch.randn(copies.shape, generator=g)
labels = data.train_targets[:256].repeat_interleave(4)


def nearest_accuracy(order):
    """Accuracy in % of the nearest neighbour, on the first quarter of an order of the copies."""
    held, rest = order[: len(order) // 4], order[len(order) // 4 :]
    nearest = torch.cdist(copies[held], copies[rest]).argmin(dim=1)
    return 100 * (labels[rest][nearest] == labels[held]).float().mean().item()


by_copy = torch.randperm(1024, generator=g)
by_source = (torch.randperm(256, generator=g)[:, None] * 4 + torch.arange(4)).flatten()
print(f"split by copy:   {nearest_accuracy(by_copy):.0f} % validation accuracy")
print(f"split by source: {nearest_accuracy(by_source):.0f} %")

# %% [markdown]
# **Change, predict, run**: jitter of 1 in place of 0.1. Split what belongs together before you copy, augment, or cut into windows. A batch that holds copies is smaller
# than it looks, too (unit 01).
#
# **Which examples a worker holds.** If all workers add up gradients at every step, it does not matter how the
# examples are shared out, as long as the *batch* is a fair draw: with shards sorted by class the average is
# still the batch's gradient to {{P10.plain_skewed}} (ledger, float64). What suffers is whatever a worker
# computes alone: BatchNorm's gradient is off by {{P10.norm_skewed}} with sorted shards and by
# {{P10.norm_shuffled}} with shuffled ones; and **local steps**, where workers train alone and average their
# weights now and then, lose {{P10.local_lost}} points of accuracy to sorted shards in the ledger.
#
# Local steps are how one trains over slow connections. Newer recipes do not simply average: they take the
# workers' common way as a gradient, and give it to an **outer optimizer** with momentum. Yours, four workers,
# a meeting every 16 steps:

# %%
seeds = range(by_size(tiny=2, cpu=8, gpu=32))
train_set = load("mnist1d", num_train=by_size(tiny=256, cpu=2048), device=device)
meetings = by_size(tiny=2, cpu=20)
arms = {}
for shards, skewed in (("shuffled", False), ("sorted", True)):
    for name, local, outer in (
        ("every step", 1, None),
        ("every 16, mean", 16, None),
        ("every 16, outer", 16, Outer(lr=0.7, momentum=0.9)),
    ):
        arms[f"{shards}: {name}"] = train_locally(
            train_set, seeds=seeds, skewed=skewed, local_steps=local,
            rounds=meetings * 16 // local, outer=outer,
        )  # fmt: skip
title = f"Four workers, {16 * meetings} steps each at lr 0.2, your {len(seeds)} seeds"
show(figures.arms_plot(arms, title=title, label="test accuracy, %"))

# %% [markdown]
# **What the figure says.** On shuffled shards a mean every 16 steps costs little. On sorted ones it costs more
# than ten points: each worker forgets the classes that it does not see. The outer optimizer wins some of
# that back; and on shuffled shards it even lies above the run that meets at every step.
#
# **Caveat.** That last is no miracle: an outer momentum makes the common way longer, as a larger learning rate
# would, and 0.2 is a small one here. With the rate of every arm tuned, in the ledger, the outer optimizer every
# 16 steps stands {{P14.outer_gain_shuffled}} points from a meeting at every step on shuffled shards, and
# {{P14.outer_gain_sorted}} on sorted ones; the plain mean {{P14.mean_gain_shuffled}} and
# {{P14.mean_gain_sorted}}.
#
# **Change, predict, run**: `lr=0.6` for all arms. What is left of the outer optimizer's lead?
#
# ## 9.9 What is not sent
# If the exchange is the floor, send less. **Random sparsification**: each entry of a worker's gradient is sent
# with chance q, divided by q, and 0 otherwise. Its mean is right. Its noise is larger:
#
# $$ E\,|Q(g) - g|^2 = \sum_i \Bigl(\frac{g_i^2}{q} - g_i^2\Bigr) = \Bigl(\frac1q - 1\Bigr) |g|^2 . $$
#
# Each of N workers sends its own g: a batch of B/N examples, $E|g|^2 = |G|^2 + N \operatorname{tr}(\Sigma)/B$.
# Their errors are independent, so the average of N has 1/N of one's.
#
# ### Exercise 8 (3 points, 10 minutes): the noise that compression adds
# Return two numbers. First $E\,|\bar g - G|^2$ for the average over the workers: the noise of the batch, plus
# what compression adds. Second the **effective batch**: the B whose own noise $\operatorname{tr}(\Sigma)/B$, with
# nothing compressed, is as large.
#
# <details><summary>Hint 1 (click to open)</summary>The noise of the batch, without compression, is tr(Σ)/B: B counts all workers' examples.</details>
# <details><summary>Hint 2 (click to open)</summary>One worker adds (1/q − 1) E|g|². Put E|g|² in, and divide by N.</details>
# <details><summary>Hint 3 (click to open)</summary>tr(Σ) over a noise is a batch size.</details>


# %% solution="u09_compressed"
def compressed(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """[noise of the averaged, compressed gradient, effective batch size].

    grad_sq_norm: |G|^2; tr_cov: tr(Sigma), per example; batch_size: B of all workers together;
    num_workers: N >= 1; share: q, 0 < q <= 1.
    """
    ### BEGIN SOLUTION
    noise = tr_cov / batch_size
    one_worker = grad_sq_norm + num_workers * noise
    noise = noise + (1 / share - 1) * one_worker / num_workers
    return [noise, tr_cov / noise]
    ### END SOLUTION


# %% check="u09_compressed"
check("u09_compressed", compressed)

# %% [markdown]
# Measured, on the small network's real gradients: at the start, where the signal |G|² is long, and after some
# training. Eight workers, B = 256; the error against the gradient of all examples, over many draws.

# %%
BATCH, WORKERS = 256, 8
shares = (0.01, 0.03, 0.1, 0.3, 1.0)
pool = (data.train_inputs, data.train_targets)
tries, repeats = by_size(tiny=(2, 2), cpu=(8, 12))


def effective_batches(rows, share):
    """Return estimates of the effective batch, one a repeat, from draws of compressed averages."""
    G, tr_cov = rows.mean(dim=0), rows.var(dim=0).sum()
    found = []
    for _ in range(repeats):
        errors = []
        for _ in range(tries):
            index = torch.randint(len(rows), (WORKERS, BATCH // WORKERS), generator=g)
            sent = [random_share(rows[i].mean(dim=0), share, generator=g) for i in index]
            errors.append((torch.stack(sent).mean(dim=0) - G).square().sum())
        found.append((tr_cov / torch.stack(errors).mean()).item())
    return found


# %%
use_compressed = mine_or_library("u09_compressed", compressed)
small = mlp((40, 64, 64, 10), generator=torch.Generator().manual_seed(1))
formula, measured = {}, {}
for age, steps in (("at the start", 0), ("after 300 steps", by_size(tiny=3, cpu=300))):
    optimizer = torch.optim.SGD(small.parameters(), lr=0.1)
    for _ in range(steps):
        index = torch.randint(len(pool[0]), (64,), generator=g)
        optimizer.zero_grad()
        cross_entropy(small(pool[0][index]), pool[1][index]).backward()
        optimizer.step()
    rows = per_example_gradients(small, cross_entropy, pool)
    signal, trace = rows.mean(dim=0).square().sum().item(), rows.var(dim=0).sum().item()
    print(f"{age}: |G|² = {signal:.3g}, tr(Σ) = {trace:.3g}, noise scale {trace / signal:.0f}")
    formula[age] = [float(use_compressed(signal, trace, BATCH, WORKERS, q)[1]) for q in shares]
    measured[age] = [effective_batches(rows, q) for q in shares]
title = f"{WORKERS} workers, B = {BATCH}, your runs (± over {repeats} repeats)"
show(figures.compression_plot(shares, formula, measured, batch_size=BATCH, title=title))

# %% [markdown]
# **What the figure says.** Formula and measurement agree. A tenth of the entries saves at most
# nine tenths of the bytes (their places have to be sent too, or a seed that draws them) and costs at least nine tenths of the
# batch: even where G is zero, the noise is 1/q times the batch's. Where the noise scale is small (the start), it is worse (in the ledger a tenth sent is as noisy as {{H3.share_start}} of the batch at the start,
# {{H3.share_later}} after 300 steps): the signal itself is scattered. That is why practice seldom divides by q: it sends the largest entries, keeps what was not sent and adds it
# to the next step's gradient ("error feedback"). Then nothing is dropped for good, but it comes late, measured at
# older weights: another error, which this formula does not have.
#
# **Change, predict, run**: `WORKERS = 1`. Which of the two curves moves?

# %% [markdown]
# ## 9.10 Three best batches
# Everything is there. Steps to a target, from runs: $S(B) = S_{\min} + E_{\min}/B$. Seconds a step, from your
# clock: $t(B) = \max(t_0, B/r)$. So
#
# $$ E(B) = B\,S(B), \qquad T(B) = S(B)\,t(B), \qquad
#    \text{money} = p_h\,T + p_e\,E , $$
#
# with a price $p_h$ for the device's time and a price $p_e$ for each example as often as it is seen (fetching,
# decoding).
#
# - **Examples** grow with B: the smallest batch needs the fewest.
# - **Seconds** fall below the knee (fewer steps, each as long) and rise above it: best at the knee.
# - **Money** lies between. Below the knee it is $p_h t_0 S(B) + p_e B S(B)$, up to what does not depend on B
#   $p_h t_0 E_{\min}/B + p_e S_{\min} B$, least where both terms are equal:
#
# $$ B = \sqrt{B_{\text{crit}}\; \frac{p_h\, t_0}{p_e}} , $$
#
# the geometric mean of $B_{\text{crit}} = E_{\min}/S_{\min}$ and of the batch whose examples cost as much as
# the time of a step. If that lies above the knee, the cheapest batch is the knee: beyond it money rises too.
#
# ### Build it: the plan (25 minutes, no marks)
# From tables to a batch size. The check names the milestones that you have reached, so run it after each:
#
# 1. **"examples"**. Fit a straight line to the steps over 1/B, by least squares (`numpy.polyfit`). Leave out the
#    candidates that do not fit: `memory` is [bytes of the state, bytes an example, bytes there are]; one that
#    fits exactly does. Return the candidate with the lowest cost, and that cost. If none fits, return
#    `[nan, nan]`.
# 2. **"seconds"**. Fit t(B) as in exercise 1 (you may call your function).
# 3. **"money"**. `prices` is [an hour of the device, a million examples].
#
# Costs are in examples, seconds and money, with steps as the line gives them, not rounded; candidates come in
# any order, and no two cost the same.
#
# <details><summary>Hint 1 (click to open)</summary>Write a loop over the candidates that makes all three costs, and pick one by <code>goal</code>.</details>
# <details><summary>Hint 2 (click to open)</summary><code>slope, least = np.polyfit(1 / np.array(runs[0]), runs[1], 1)</code>.</details>
# <details><summary>Hint 3 (click to open)</summary>An hour has 3,600 seconds.</details>


# %% solution="u09_plan"
def plan(goal, candidates, timed, runs, memory, prices):
    """[best batch size, its cost] for a goal: two numbers; both nan if no candidate fits.

    goal: "examples", "seconds" or "money"; candidates: list of batch sizes; timed: [ascending batch
    sizes, seconds a step], measured; runs: [batch sizes, steps to the target], measured; memory: [state,
    bytes an example, bytes there are]; prices: [a device hour, a million examples].
    """
    ### BEGIN SOLUTION
    slope, least = np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1)
    floor, rate = fit_law(*timed)
    best = [math.nan, math.nan]
    for batch_size in candidates:
        if memory[0] + memory[1] * batch_size > memory[2]:
            continue
        steps = least + slope / batch_size
        examples = batch_size * steps
        seconds = steps * max(floor, batch_size / rate)
        money = seconds / 3600 * prices[0] + examples / 1e6 * prices[1]
        cost = {"examples": examples, "seconds": seconds, "money": money}[goal]
        if math.isnan(best[1]) or cost < best[1]:
            best = [batch_size, cost]
    return best
    ### END SOLUTION


# %% check="u09_plan"
check("u09_plan", plan)

# %% [markdown]
# **For your machine.** Steps: the ledger's runs of the small network to training loss 1.2, each B at its own
# learning rate. Seconds: yours, from 9.2. Prices: **edit the table**. These are round numbers, no offers: an
# hour of the device, and a million examples that each take half a millisecond of a core at 0.05 an hour, as
# decoding a small picture does. (Labels would cost a million times more, but each only once: they are no part
# of $p_e$.)

# %%
PRICES = Prices(device_hour=by_size(tiny=0.10, cpu=0.10, gpu=4.00), million_examples=0.007)
of_c1 = load_ledger()["C1"]["cpu"]["values"]
run_sizes = (16, 32, 64, 128, 256, 512)
steps_table = np.array([of_c1[f"steps_{B}"] for B in run_sizes]).T
law_of_steps = fit_critical_batch(run_sizes, steps_table)
clock = fit_step_time(SIZES, medians["40-64-64-10"])
candidates = sorted({round(2 ** (k / 4)) for k in range(4 * 11 + 1)})  # 1 to 2,048 = N
best = best_batches(
    candidates,
    steps=lambda B: law_of_steps.min_steps.value * (1 + law_of_steps.value / B),
    step_seconds=clock.seconds,
    prices=PRICES,
)
even = 1e6 * PRICES.device_hour / 3600 * clock.floor / PRICES.million_examples
print(
    f"B_crit {law_of_steps.value:.0f}, knee {clock.knee:.0f}; a step's floor costs as much as {even:.2g} examples"
)
print(f"the root law puts the cheapest batch at {math.sqrt(law_of_steps.value * even):.0f}")
for goal, B in (("examples", best.examples), ("seconds", best.seconds), ("money", best.money)):
    examples, seconds, money = best.table[B]
    print(
        f"best in {goal:8s}: B = {B:5,d}   {examples:9,.0f} examples, {seconds:7.3f} s, "
        f"{1e6 * money:.3g} millionths"
    )
title = f"40-64-64-10 to loss 1.2 on {device_name(device)}: steps of the ledger, seconds of yours"
show(figures.best_batches_plot(best.table, (best.examples, best.seconds, best.money), title=title))

# %% [markdown]
# **What the figure says.** Three curves, three lowest points. Nobody is wrong: whoever pays for each example read
# wants the left end, whoever waits wants the knee, whoever pays wants something between. "The best batch size" without a goal
# is no question. The ledger's run of one CPU thread, at the same prices, found B = {{H1.best_examples}},
# {{H1.best_money}} and {{H1.best_seconds}} (± over rounds). On a machine that is never full (a large GPU and this network) the fastest batch is the
# largest there is, all 2,048 examples.
#
# **Caveat.** The law of the steps was fitted from B = 16 to 512; left and right of that it is a guess. It is for
# *training loss*, with the learning rate tuned at each B. And the law of the seconds has its corner: around
# the knee, time the two or three candidates themselves.
#
# And does your own plan say the same, from the tables?

# %%
use_plan = mine_or_library("u09_plan", plan)
runs_table = [list(run_sizes), [float(s) for s in steps_table.mean(axis=0)]]
timed_table = [SIZES, medians["40-64-64-10"]]
for goal in ("examples", "seconds", "money"):
    B, cost = use_plan(
        goal, candidates, timed_table, runs_table,
        [1e6, 1e3, 1e9], [PRICES.device_hour, PRICES.million_examples],
    )  # fmt: skip
    print(f"{goal:8s}: B = {float(B):,.0f}, cost {float(cost):.4g}")

# %% [markdown]
# Small differences between the two come from the fit: yours is a plain least-squares line through the means,
# the library's counts relative errors.
#
# **Change, predict, run**: a device ten times as dear. Where does the cheapest batch go: by the root law, by
# which factor? Then move task, machine and prices:

# %%
three_prices()

# %% [markdown]
# ## 9.11 Myth lab
# ### "Large batches take longer in total"
# In the ledger's run of one CPU thread, with steps in proportion to $1 + 100/B$: from B = 1 to 8 a step took
# {{C6.step_idle}} times as long, and the whole run {{C6.total_idle}} times. From 1,024 to 4,096 a step took
# {{C6.step_full}} times as long, and the run {{C6.total_full}} times. **Verdict: depends**, on which side of the
# knee you are.
#
# ### "Batch sizes that are powers of two are faster"
# Ask your own machine. The neighbours of a power of two, over the power itself:

# %%
for power in by_size(tiny=(16, 64), cpu=(64, 256, 1024), gpu=(256, 1024, 4096)):
    found = seconds_in_rounds(
        {B: make_step((40, 64, 64, 10), B) for B in (power - 1, power, power + 1)},
        rounds=rounds,
        looks=by_size(tiny=2, cpu=6),
        device=device,
    )
    ratios = [
        (found[power - 1][i] + found[power + 1][i]) / 2 / found[power][i] for i in range(rounds)
    ]
    print(
        f"neighbours of {power:4d}: {np.median(ratios):.3f} times as long "
        f"(rounds from {min(ratios):.2f} to {max(ratios):.2f})"
    )

# %% [markdown]
# **Verdict in the ledger: fails** for this network in float32 on one CPU thread: {{C7.neighbours_small}},
# {{C7.neighbours_middle}} and {{C7.neighbours_large}} at 64, 256 and 1,024. It may hold elsewhere: 16-bit
# products on tensor cores are made in tiles, and a size just over a tile pays for one more.
#
# All of them, with the ledger's numbers:
#
# | claim | verdict | because, in the ledger |
# |---|---|---|
# | C6: large batches take longer in total | **depends** on the knee | {{C6.total_idle}} and {{C6.total_full}} times the time |
# | C7: powers of two are faster | **fails** here | neighbours {{C7.neighbours_middle}} times |
# | H1: a machine and a model have one best batch | **fails** | {{H1.best_examples}} for examples, {{H1.best_money}} for money, {{H1.best_seconds}} for seconds |
# | H2: checkpoints cost about a third more time | **holds** | {{H2.time}} times the time, {{H2.memory}} of the activations |
# | H3: sending a random tenth of the gradient hardly hurts | **fails** | as noisy as {{H3.share_start}} of the batch at the start, {{H3.share_later}} later |
# | P4: small batches are less reproducible for the same seed | **fails** | they repeat in every bit: {{P4.again_4}} |
# | P6: a partial last batch must be dropped | **fails**, unless it is tiny | {{P6.keep_minus_drop_37}} points at 37 of 64 |
# | P10: skewed shards bias the gradient | **depends** on what workers do alone | {{P10.plain_skewed}} for plain averages, {{P10.local_lost}} points lost with local steps |
# | P12: an example's output does not depend on its batch | **fails** | {{P12.changed_1}} % of the rows alone have another bit |
# | P14: an outer optimizer makes local steps free | **unresolved** on shuffled shards, far from it on sorted ones | with every rate tuned {{P14.outer_gain_shuffled}} points on shuffled shards, {{P14.outer_gain_sorted}} on sorted ones |
#
# Measure them again: `python3 -m coursekit claims C6 C7 H1 H2 H3 P4 P6 P10 P12 P14`.

# %% [markdown]
# ## 9.12 On a GPU
# <details><summary>What we measured on one (click to open)</summary>
#
# The code above finds a GPU by itself, and then takes wider networks. In the ledger's run on one
# {{C6.gpu.device}}, with a network of width 2,048: from B = 16 to 128 a step took {{C6.gpu.step_idle}} times as
# long, so the whole run {{C6.gpu.total_idle}} times; from 16,384 to 65,536 a step took {{C6.gpu.step_full}} times
# and the run {{C6.gpu.total_full}} times. Neighbours of powers of two: {{C7.gpu.neighbours_small}},
# {{C7.gpu.neighbours_middle}} and {{C7.gpu.neighbours_large}}.
#
# On one {{H1.gpu.device}}, the ledger again, the same width 2,048 and an hour at 4.00: fewest examples at
# B = {{H1.gpu.best_examples}}, cheapest at {{H1.gpu.best_money}}, fastest at {{H1.gpu.best_seconds}} (± over rounds). Of
# 64 rows {{P12.gpu.changed_16}} % had another bit in batches of 16 than all together, in bfloat16
# {{P12.gpu.changed_bfloat16_16}} %; in blocks of 32 {{P12.gpu.changed_in_blocks}} %. And with {{P14.gpu.outer_gain_shuffled.seeds}}
# seeds in place of the CPU run's twelve P14 **depends** (on the shards): with every rate tuned an outer optimizer every 16 steps stands
# {{P14.gpu.outer_gain_shuffled}} points from a meeting at every step on shuffled shards, and
# {{P14.gpu.outer_gain_sorted}} on sorted ones.
#
# </details>
#
# You ran on:

# %%
print(
    f"{device_name(device)}: best in examples {best.examples}, in money {best.money}, in seconds "
    f"{best.seconds}"
)

# %% [markdown]
# ## Interview corner
# **"Does a larger batch make training faster?"**
# 1. *Direct answer*: "Per step never, per run until the machine is full. From then on it gets slower."
# 2. *Mechanism*: "Steps fall as 1 + B_crit/B; a step's time is flat up to the knee, floor times rate, and grows
#    in proportion to B beyond."
# 3. *Evidence*: "In the ledger, B = 1 to 8 took {{C6.total_idle}} times as long, 1,024 to 4,096
#    {{C6.total_full}} times."
# 4. *Practice*: "I time a step at a few batch sizes, fit floor and rate, and take the knee, or less if examples
#    cost money."
#
# *A weak answer*: "Yes, GPUs like large batches."
#
# *Follow-up*: "And the loader?" (Then its rate is r. Section 9.5.)
#
# **"Same seed, same code, two different losses. How?"**
# 1. *Direct answer*: "Another order of sums: another batch size, number of workers, thread count or card."
# 2. *Mechanism*: "Float addition is not associative, kernels choose their order by shape, and training multiplies
#    a rounding error."
# 3. *Evidence*: "In 9.6 the same row gave other bits in another batch; in the ledger, reversing the sums parted
#    the weights by {{P4.reversed_256.range}} in 150 steps, by seed."
# 4. *Practice*: "I promise bits only for the same program and machine. Otherwise I compare means over seeds."
#
# *A weak answer*: "Set the seed."
#
# *Follow-up*: "What would make an answer independent of who else is in the batch, and what does it cost?"
#
# Practise more of them here, in writing or aloud, with follow-ups and a rubric.

# %%
interview_corner("09_hardware")

# %% [markdown]
# ## Recap
# - t(B) = max(t₀, B/r). Below the knee t₀ r another example is free; above, it costs its full price.
# - A floor is bytes or launches; the roofline says which batch hides the weights' way from memory.
# - State is there at any B, activations grow with it; checkpoints cost a third more time, accumulation a floor each.
# - Another batch, other bits. Promise bits for one program and machine, means over seeds elsewhere.
# - Fewest examples, fewest seconds, least money: three batches. Ask which is wanted.
#
# To read: Williams et al. 2009 (the roofline, doi:10.1145/1498765.1498785); Chen et al. 2016 (checkpoints,
# arXiv:1604.06174); Goyal et al. 2017 (arXiv:1706.02677); Douillard et al. 2023 (local steps with an outer
# optimizer, arXiv:2311.08105); Shallue et al. 2019 (arXiv:1811.03600).

# %%
small_times = times["40-64-64-10"]
ratio = np.median(small_times[32]) / np.median(small_times[1])
found = ["examples", "money", "seconds"]
found.sort(key=lambda goal: getattr(best, goal))
order = {1: "one batch size", 3: f"three, {' < '.join(found)}"}
order[2] = "two: time is money" if best.seconds == best.money else "two, and time is not money"
compare_predictions(
    "09_hardware",
    {
        "batch32": ("A step with B = 32 over one with B = 1", f"{ratio:.2f} times", "section 9.2"),
        "alone": (
            "One example alone and in a batch",
            "equal up to rounding, not always in bits" if parted else "equal, bit for bit",
            "section 9.6",
        ),
        "checkpoint": ("Sixteen layers, every fourth kept", "less than a half", "section 9.4"),
        "best": (
            "The best batches",
            order[len({best.examples, best.seconds, best.money})],
            "section 9.10",
        ),
    },
)
