# %% [markdown]
# # 01 · How noisy is a gradient?
#
# | | |
# |---|---|
# | **Question** | How noisy is a mini-batch gradient, and what does a bigger batch buy? |
# | **Difficulty** | medium |
# | **Importance** | everything after this unit uses tr(Σ)/B |
# | **Your time** | part a (1.1 to 1.5) 75 minutes, part b (1.6 to the end) 55 |
# | **Run time** | under a minute on two CPU cores |
# | **You need** | unit 00; mean and variance; PyTorch tensors (`mean`, `sum`, indexing) |

# %% prelude
import math

import torch
from torch import nn

from coursekit.data import jittered_copies, load
from coursekit.device import by_size, device_name, pick_device
from coursekit.explorers.noise_cloud import noise_cloud
from coursekit.gradients import (
    draw_batches,
    draw_groups,
    draw_windows,
    error_products,
    group_correlation,
    measure_variance,
    per_example_gradients,
    variance_curve,
)
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
from coursekit.plots import bars_plot, law_plot, signal_plot, variance_plot
from coursekit.train import TrainConfig, train

# %% [markdown]
# ## 1.1 Predict first

# %%
predict(
    "01_gradient_noise",
    "quadruple",
    "B grows from 64 to 256, drawn with replacement. The variance of its gradient ...",
    ["stays the same", "halves", "falls to a quarter", "falls to a sixteenth"],
)

# %%
predict(
    "01_gradient_noise",
    "full_batch",
    "A batch of all N examples, drawn without replacement. Its variance is ...",
    ["tr(Σ)/N", "exactly zero", "it depends on the model"],
)

# %%
predict_number(
    "01_gradient_noise",
    "duplicates",
    "Each example exists in eight near-copies, and the copies come into a batch together. How many "
    "times tr(Σ)/B is the variance of the batch's gradient?",
    of="times",
)

# %% [markdown]
# ## 1.2 A batch is a sample
# The training loss is a mean over examples, so its gradient G is a mean too. A mini-batch
# takes the mean over B examples drawn from the N:
#
# $$ g_B = \frac{1}{B} \sum_{i \in \text{batch}} \nabla \ell_i , \qquad
#    G = \frac{1}{N} \sum_{i=1}^{N} \nabla \ell_i . $$
#
# Drawn fairly, $g_B$ is right on average: $E[g_B] = G$. How far it falls from G is chance.
# That chance is the noise of SGD.
#
# ### Exercise 1 (2 points, 6 minutes): the gradient of a batch
# A linear model predicts $x \cdot w$; the loss of one example is $\tfrac12 (x \cdot w - y)^2$;
# the batch's loss is the **mean** over the batch. Return the gradient with respect to w.
#
# <details><summary>Hint 1 (click to open)</summary>Select the batch's rows first: <code>inputs[batch]</code>.</details>
# <details><summary>Hint 2 (click to open)</summary>The gradient of one example is its residual times its input.</details>
# <details><summary>Hint 3 (click to open)</summary>A tensor of shape (B,) meets one of shape (B, P) after an axis is added: <code>[:, None]</code>.</details>


# %% solution="u01_minibatch_grad"
def minibatch_grad(weights, inputs, targets, batch):
    """Gradient of the batch's mean loss with respect to the weights, shape (P,).

    weights: (P,); inputs: (N, P); targets: (N,); batch: (B,) indices into the N examples.
    An index may come several times: then the example counts several times.
    """
    ### BEGIN SOLUTION
    residuals = inputs[batch] @ weights - targets[batch]
    return (residuals[:, None] * inputs[batch]).mean(dim=0)
    ### END SOLUTION


# %% check="u01_minibatch_grad"
check("u01_minibatch_grad", minibatch_grad)

# %% [markdown]
# *Change this, predict, run:* `batch = torch.tensor([0, 0, 0])` in a cell of your own. Whose gradient is that?
#
# ## 1.3 The noise of one example
# The noise of a vector is a matrix: $\Sigma = E[(\nabla\ell_i - G)(\nabla\ell_i - G)^T]$. Its
# trace is one number that we can hold on to,
#
# $$ \operatorname{tr}\Sigma = E\,|\nabla \ell_i - G|^2 , $$
#
# the mean squared distance of one example's gradient from the full one. Its unit is that of a
# squared gradient, and it is a quantity **per example**: B does not occur in it.
#
# Usually you see only a sample of n examples, and compute the mean from the same sample. The
# deviations from a fitted mean are a little too small; dividing by n − 1 in place of n mends that.
#
# ### Exercise 2 (2 points, 5 minutes): tr(Σ) from a sample
# Take the squared distances of the rows from **their own mean row**, add them up over rows and
# parameters, and divide so that the result is right on average.
#
# <details><summary>Hint 1 (click to open)</summary>Examples are rows. Subtract the mean row.</details>
# <details><summary>Hint 2 (click to open)</summary>Square every deviation and add them all up: over parameters, and over examples.</details>
# <details><summary>Hint 3 (click to open)</summary>The n deviation vectors sum to zero. How many of the n are still free? Divide by that.</details>


# %% solution="u01_tr_cov"
def tr_cov(per_example_grads):
    """Unbiased estimate of tr(Sigma), one number, from deviations from the mean row.

    per_example_grads: (n, P), n >= 2, one gradient a row: examples drawn at random, with
    replacement.
    """
    ### BEGIN SOLUTION
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.square().sum() / (len(per_example_grads) - 1)
    ### END SOLUTION


# %% check="u01_tr_cov"
check("u01_tr_cov", tr_cov)

# %% [markdown]
# *Change this, predict, run:* write every row of a sample twice. Does your estimate stay?
#
# Now a real network. We train a small one for one epoch, stop, and compute the gradient of
# every single training example at that point.

# %%
num_examples = by_size(tiny=256, cpu=1024)
sizes = {"digits": (64, 48, 10), "mnist1d": (40, 64, 64, 10)}
datasets = {name: load(name, num_train=num_examples, device=pick_device()) for name in sizes}


def example_grads(name, seed, inputs=None, targets=None):
    """Per-example gradients (N, P) of a network after one epoch at B=32, lr 0.05."""
    data, generator = datasets[name], torch.Generator().manual_seed(seed)
    model = mlp(sizes[name], generator=generator).to(pick_device())
    train(model, data, TrainConfig(32, num_examples // 32, lambda step: 0.05), rng=generator)
    inputs = data.train_inputs if inputs is None else inputs
    targets = data.train_targets if targets is None else targets
    return per_example_gradients(model, nn.CrossEntropyLoss(), inputs, targets)


grads = example_grads("mnist1d", seed=0).cpu()
use_tr_cov = mine_or_library("u01_tr_cov", tr_cov)
grad_sq_norm = float(grads.mean(dim=0).square().sum())
print(f"{grads.shape[0]} examples, {grads.shape[1]} parameters, on {device_name()}")
print(f"|G|^2    = {grad_sq_norm:8.3f}   squared length of the full gradient")
print(f"tr Sigma = {float(use_tr_cov(grads)):8.3f}   mean squared distance of one example from it")
print("(divisor n - 1; with divisor N, for the data set as it is, 0.1 % less)")

# %% [markdown]
# Read the two numbers again. One example's error is far longer than the gradient itself: a single
# example points almost anywhere. Below, every dot is the gradient of one batch, seen in the two noisiest
# directions only: they hold a part of tr Σ, so one example's error is shorter there than the root of
# your tr Σ. Move the slider. How much larger must B be until the cloud is half as wide?

# %%
noise_cloud(grads)

# %% [markdown]
# Half as wide takes four times the batch: the *variance* falls as 1/B, the width as its root.
#
# ## 1.4 The law, and its limit
# **With replacement** the B draws are independent, so the variance of their mean is
#
# $$ E\,|g_B - G|^2 = \frac{1}{B^2} \sum_{i=1}^{B} \operatorname{tr}\Sigma
#    = \frac{\operatorname{tr}\Sigma}{B} . $$
#
# **Without replacement** they are not independent. What you have seen can't come again, so errors
# tend to cancel: two draws have a negative covariance c. How large? All N errors together sum to
# zero, so the variance of their sum is zero: $N \operatorname{tr}\Sigma + N(N-1)\,c = 0$. Hence
#
# $$ c = -\frac{\operatorname{tr}\Sigma}{N-1} . $$
#
# The variance of a sum of B draws now holds B variances and B(B − 1) covariances. Finish the
# derivation on paper; the exercise asks for its result.
#
# Here the data set is the whole world: $\operatorname{tr}\Sigma = \frac1N \sum_i |\nabla\ell_i -
# G|^2$, with **divisor N**, since G is exact and not fitted. (In 1.3 a mean was fitted, hence n − 1. The
# table at the end of 1.8 puts the divisors side by side.)
#
# ### Exercise 3 (3 points, 10 minutes): the variance at batch size B
# Return $E\,|g_B - G|^2$ for both ways of drawing: the law with replacement, and what your derivation
# gives without.
#
# <details><summary>Hint 1 (click to open)</summary>Treat the two ways of drawing in an <code>if</code>.</details>
# <details><summary>Hint 2 (click to open)</summary>Check the ends without replacement: B = 1 gives all of tr(Σ), B = N gives nothing.</details>
# <details><summary>Hint 3 (click to open)</summary>The variance of a mean of B draws is that of their sum over B². Put c in last.</details>


# %% solution="u01_variance_at"
def variance_at(tr_cov, batch_size, num_examples, replacement):
    """E|g_B - G|^2, one number.

    tr_cov: tr(Sigma) with divisor N; batch_size: B; num_examples: N >= 2;
    replacement: True or False. Without replacement B <= N.
    """
    ### BEGIN SOLUTION
    variance = tr_cov / batch_size
    if not replacement:
        variance = variance * (num_examples - batch_size) / (num_examples - 1)
    return variance
    ### END SOLUTION


# %% check="u01_variance_at"
check("u01_variance_at", variance_at)

# %% [markdown]
# *Change this, predict, run:* N = 100, B = 50. Which share of tr(Σ)/B is left without replacement?
#
# <details><summary>The two results, simplified (click to open)</summary>tr(Σ)/B with replacement, and
# tr(Σ)/B · (N − B)/(N − 1) without.</details>
#
# ### The experiment
# For each data set and seed we draw hundreds of batches at every B and average
# $|g_B - G|^2$. A shortcut saves time: with all inner products
# $K_{ij} = \langle \nabla\ell_i - G, \nabla\ell_j - G \rangle$ the error of a batch is a sum of
# numbers, $|g_B - G|^2 = \frac{1}{B^2} \sum_{i,j \in \text{batch}} K_{ij}$.

# %%
num_seeds = by_size(tiny=2, cpu=5, gpu=32)
num_draws = by_size(tiny=50, cpu=300, gpu=4000)
batch_sizes = [2**k for k in range(10) if 2**k <= num_examples // 2] + [3 * num_examples // 4]
use_variance_at = mine_or_library("u01_variance_at", variance_at)
WAYS = {"with replacement": True, "without replacement": False}

measured = {name: {way: [[] for _ in batch_sizes] for way in WAYS} for name in sizes}
traces = {name: [] for name in sizes}
for name in sizes:
    for seed in range(num_seeds):
        products = error_products(example_grads(name, seed))
        traces[name].append(products.diagonal().mean().item())
        for way, replacement in WAYS.items():
            generator = torch.Generator().manual_seed(100 + seed)
            curve = variance_curve(
                products, batch_sizes, num_draws, replacement=replacement, generator=generator
            )
            for at_b, result in zip(measured[name][way], curve, strict=True):
                at_b.append(result.value / traces[name][-1])

# %%
for name in sizes:
    theory = {
        way: [use_variance_at(1.0, b, num_examples, replacement) for b in batch_sizes]
        for way, replacement in WAYS.items()
    }
    title = f"{name}: {num_seeds} networks, {num_draws} batches at each B"
    show(variance_plot(batch_sizes, measured[name], theory, title=title))

# %% [markdown]
# **What the figures say.** On the left, in your runs, the points with replacement lie on a straight
# line. In the ledger (the same experiment, run beforehand with {{N1.slope_digits.seeds}} networks) its
# slope from B = 1 to 512 is {{N1.slope_digits}} on digits and {{N1.slope_mnist1d}} on MNIST-1D, where −1
# is the law. On the right, measured over theory is one, within the interval: nearly always. Each panel
# has 22 intervals of 95 %, so **about one of them misses one although the law is right**. Count yours.
# A miss by a little is what "95 %" means; a row of misses on one side would be news.
#
# **The limit.** The last point, B = 3N/4, tells the two ways of drawing apart. There the law without
# correction would be off by a factor of four: the ledger's variance without replacement over tr(Σ)/B is
# {{N1.uncorrected_mnist1d}}, while (N − B)/(N − 1) = 0.25. At B = N nothing is left to chance: the
# variance is zero, and not tr(Σ)/N.
#
# **Caveat.** The law says how g_B falls around G at *one* point of parameter space. It does
# not say how noise acts on training, and tr(Σ) itself changes as you train.

# %% [markdown]
# ## 1.5 How sure is a measured variance?
# You averaged a few hundred squared distances. Draw again, and the average comes out differently.
# Without an error bar you can't say whether "3 % off" contradicts a theory.
#
# ### Exercise 4 (2 points, 6 minutes): the standard error
# You drew M batches and know the full gradient exactly. The measured variance is the mean of M
# squared distances. Return the **standard error** of that mean.
#
# <details><summary>Hint 1 (click to open)</summary>First make M numbers: one squared distance a batch.</details>
# <details><summary>Hint 2 (click to open)</summary>The standard error of a mean of M independent numbers is their standard deviation over √M.</details>
# <details><summary>Hint 3 (click to open)</summary>G is known, but the mean of your M numbers was fitted to them: their standard deviation wants M − 1, as <code>tensor.std()</code> has it.</details>


# %% solution="u01_standard_error"
def standard_error(batch_grads, full_grad):
    """Standard error of the mean of |g - G|^2 over the drawn batches, one number.

    It is over the root of M; inside it is the standard deviation with the divisor M - 1.

    batch_grads: (M, P), one batch's gradient a row, M >= 2; full_grad: (P,), known exactly.
    """
    ### BEGIN SOLUTION
    sq_distances = (batch_grads - full_grad).square().sum(dim=1)
    return sq_distances.std() / math.sqrt(len(sq_distances))
    ### END SOLUTION


# %% check="u01_standard_error"
check("u01_standard_error", standard_error)

# %% [markdown]
# *Change this, predict, run:* in the next cell add 1600 draws. How wide is the error?
#
# Use it: does our measurement at B = 64 agree with the law? A difference of less than about two
# standard errors is what chance alone would give. (The three lines begin with the same seed, so the
# longer ones hold the draws of the shorter ones: if they miss on one side, that is one miss, not three.)

# %%
use_standard_error = mine_or_library("u01_standard_error", standard_error)
full_grad = grads.mean(dim=0)
trace = (grads - full_grad).square().sum(dim=1).mean().item()  # divisor N: the data set is all
for draws in (25, 100, 400):
    batches = draw_batches(
        num_examples, 64, draws, replacement=True, generator=torch.Generator().manual_seed(1)
    )
    batch_grads = torch.stack([grads[batch].mean(dim=0) for batch in batches])
    value = (batch_grads - full_grad).square().sum(dim=1).mean().item()
    error = float(use_standard_error(batch_grads, full_grad))
    away = (value - trace / 64) / error
    print(f"{draws:4d} draws: {value:.4f}, law {trace / 64:.4f}, ", end="")
    print(f"one standard error {error:.4f}: {away:+.1f} errors away")

# %% [markdown]
# ### Build it: your own variance law (30 minutes, no marks)
# In 1.4 `error_products` and `variance_curve` did the measuring. Do it without them: from the gradients
# of single examples and a table of drawn indices to a law with error bars, in two milestones.
#
# **Milestone 1 (10 minutes).** One squared distance for each drawn batch.
#
# <details><summary>Hint 1 (click to open)</summary><code>example_grads[batches]</code> has the shape (M, B, P).</details>
# <details><summary>Hint 2 (click to open)</summary>Average over the axis of the batch, subtract the full gradient.</details>
# <details><summary>Hint 3 (click to open)</summary>Square, and add up over the parameters only.</details>


# %% solution="u01_build_errors"
def squared_errors(example_grads, batches):
    """|g_B - G|^2 of each drawn batch, shape (M,).

    example_grads: (N, P), a gradient a row; G is the mean of all N. batches: (M, B) indices, a
    batch a row, B >= 1; an index may come several times.
    """
    ### BEGIN SOLUTION
    batch_grads = example_grads[batches].mean(dim=1)
    return (batch_grads - example_grads.mean(dim=0)).square().sum(dim=1)
    ### END SOLUTION


# %% check="u01_build_errors"
check("u01_build_errors", squared_errors)

# %% [markdown]
# **Milestone 2 (20 minutes).** A row for each table of draws: the batch size, the mean squared
# distance, its standard error, and what the law says for draws with replacement.
#
# <details><summary>Hint 1 (click to open)</summary>The batch size is the number of columns of a table.</details>
# <details><summary>Hint 2 (click to open)</summary>Standard error: Exercise 4, from the squared distances.</details>
# <details><summary>Hint 3 (click to open)</summary>tr(Σ) has the divisor N here: these examples are the whole world.</details>


# %% solution="u01_build_law"
def variance_law(example_grads, draws):
    """Rows [B, mean squared distance, its standard error, tr(Sigma)/B], one a table of draws.

    example_grads: (N, P); tr(Sigma) has the divisor N. draws: list of index tables, each (M, B)
    with its own B >= 1, M >= 2; the standard error has the divisor M - 1 inside.
    """
    ### BEGIN SOLUTION
    full = example_grads.mean(dim=0)
    trace = float((example_grads - full).square().sum(dim=1).mean())
    rows = []
    for batches in draws:
        batch_grads = example_grads[batches].mean(dim=1)
        errors = (batch_grads - full).square().sum(dim=1)
        error = float(errors.std()) / math.sqrt(len(errors))
        rows.append([batches.shape[1], float(errors.mean()), error, trace / batches.shape[1]])
    return rows
    ### END SOLUTION


# %% check="u01_build_law"
check("u01_build_law", variance_law)

# %%
use_law = mine_or_library("u01_build_law", variance_law)
generator = torch.Generator().manual_seed(7)
draws = [
    torch.randint(num_examples, (by_size(tiny=20, cpu=150), b), generator=generator)
    for b in (1, 2, 4, 8, 16, 32, 64)
]
rows = [[float(x) for x in row] for row in use_law(grads, draws)]
show(law_plot(rows, title="Your own variance law: MNIST-1D, one network, with replacement"))

# %% [markdown]
# **What you should see**: points that sit on the line, on either side of it, seldom more than two of
# their errors away. *Change this, predict, run:* draw with `torch.randperm(num_examples)[:b]` for each
# batch, and add b = 512. Which point leaves the line?

# %% [markdown]
# ## 1.6 When examples are not independent
# The law needs independent draws. Near-copies, augmented views of one image, or a loader that
# forgot to shuffle put *related* examples into the same batch. Let the errors
# $e_i = \nabla\ell_i - G$ of two examples of one group have correlation ρ, that is
# $E\langle e_i, e_j \rangle = \rho \operatorname{tr}\Sigma$, and those of different groups
# none. A batch made of groups of sizes $c_k$ has
#
# $$ E\,|g_B - G|^2 = \frac{\operatorname{tr}\Sigma}{B^2} \sum_k c_k \bigl(1 + (c_k - 1)\rho\bigr) , $$
#
# since each example has its own variance and shares ρ with the $c_k - 1$ others of its group.
# The **effective batch size** is the number of independent examples with the same variance.
#
# ### Exercise 5 (3 points, 8 minutes): the effective batch size
# Return the number of **independent** examples whose mean gradient has the variance of this batch.
#
# <details><summary>Hint 1 (click to open)</summary>B is the sum of the group sizes.</details>
# <details><summary>Hint 2 (click to open)</summary>Set the formula above equal to tr(Σ) / B_eff and solve for B_eff.</details>
# <details><summary>Hint 3 (click to open)</summary>Check the ends: ρ = 0 gives B; ρ = 1 gives the number of groups if all are equally large, and less if not.</details>


# %% solution="u01_effective_batch"
def effective_batch_size(group_sizes, rho):
    """Number of independent examples that are as good as this batch; need not be whole.

    group_sizes: list of whole numbers >= 1, how many examples of each group are in the batch;
    rho: correlation inside a group, 0 <= rho <= 1.
    """
    ### BEGIN SOLUTION
    batch_size = sum(group_sizes)
    inflated = sum(c * (1 + (c - 1) * rho) for c in group_sizes)
    return batch_size**2 / inflated
    ### END SOLUTION


# %% check="u01_effective_batch"
check("u01_effective_batch", effective_batch_size)

# %% [markdown]
# *Change this, predict, run:* `copies` = 2 in the next cell. Where will the middle bar stand?
#
# Now measure it. We replace MNIST-1D by near-copies: each source eight times, with a little
# noise on the input. Then we draw batches of 64 in three ways.

# %%
use_effective = mine_or_library("u01_effective_batch", effective_batch_size)
B, copies = 64, 8
names = ["independent draws", "copies come together", "classes sorted,\nnot shuffled"]
inflation = {name: [] for name in names}
predicted = {names[0]: 1.0, names[1]: 0.0}
for seed in range(num_seeds):
    data, generator = datasets["mnist1d"], torch.Generator().manual_seed(seed)
    inputs, targets = jittered_copies(
        data.train_inputs, data.train_targets, copies=copies, jitter=0.3, generator=generator
    )
    products = error_products(example_grads("mnist1d", seed, inputs, targets))
    per_draw = products.diagonal().mean().item() / B
    apart = draw_batches(num_examples, B, num_draws, replacement=True, generator=generator)
    together = draw_groups(num_examples, copies, B, num_draws, generator=generator)
    inflation[names[0]].append(measure_variance(products, apart).value / per_draw)
    inflation[names[1]].append(measure_variance(products, together).value / per_draw)
    rho = group_correlation(products, copies)
    predicted[names[1]] += B / float(use_effective([copies] * (B // copies), rho)) / num_seeds

    order = data.train_targets.argsort(stable=True)
    products = error_products(
        example_grads("mnist1d", seed, data.train_inputs[order], data.train_targets[order])
    )
    windows = draw_windows(num_examples, B, num_draws, generator=generator)
    per_draw = products.diagonal().mean().item() / B
    inflation[names[2]].append(measure_variance(products, windows).value / per_draw)

# %%
show(
    bars_plot(
        inflation,
        theory=predicted,
        ylabel="variance over tr(Σ)/B",
        title=f"B = {B} on MNIST-1D with 8 near-copies, or sorted: {num_seeds} seeds",
    )
)
for name, values in inflation.items():
    mean, half = t_interval(values)
    print(f"your run, {name.replace(chr(10), ' ')}: {mean:.2f} ± {half:.2f} times the law")

# %% [markdown]
# **What the figure says.** The same near-copies cost nothing when draws are independent, and most of
# the batch when they come together. Worst is the loader that forgot to shuffle. The numbers of
# your bars stand under the figure; the ledger's {{N3.together.seeds}} seeds have {{N3.independent}} times the law, {{N3.together}}
# times (the formula with the measured ρ = {{N3.rho.mean}} says {{N3.together_theory}}), and
# {{N3.windows}} times.
# What counts is not what the data set contains, but **what meets inside a batch**.
#
# ### A batch grown from few sources has a floor
# Augmentation can make any number of views of four images. The views share their sources, so the
# effective batch size never passes the number of sources over ρ, however many views there are:

# %%
print("views in all  B_eff (rho = 0.8, four sources)")
for views in (1, 4, 16, 64, 256):
    print(f"{4 * views:12d}  {float(use_effective([views] * 4, 0.8)):.3f}")
print("one large group costs more than several small ones (rho = 0.8, 64 examples):")
for group_sizes in ([8] * 8, [1] * 8 + [56]):
    print(f"  {group_sizes!s:32s} B_eff = {float(use_effective(group_sizes, 0.8)):.2f}")

# %% [markdown]
# ### Streams that remember
# In a time series or a replay buffer neighbours are related, the more the closer. If the correlation
# falls as $\rho^k$ with distance k, a window of B neighbours has the variance
# $\frac{\sigma^2}{B}\bigl(1 + 2\sum_{k=1}^{B-1} (1 - k/B)\,\rho^k\bigr)$. So 256 neighbours at
# ρ = 0.9 are worth about 14 independent examples. Shuffle, or draw them far apart. Checked on numbers:

# %%
rho, length = 0.9, by_size(tiny=2**14, cpu=2**18)
shocks = torch.randn(length, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
stream, x = [], 0.0
for shock in (math.sqrt(1 - rho**2) * shocks).tolist():
    x = rho * x + shock
    stream.append(x)
for window in (8, 64, 256):
    window_means = torch.tensor(stream).unfold(0, window, window).mean(dim=1)
    law = (1 + 2 * sum((1 - k / window) * rho**k for k in range(1, window))) / window
    got = window_means.square().mean().item()
    print(f"B = {window:4d}: measured {got:.4f}, formula {law:.4f}, worth {1 / law:.1f} examples")

# %% [markdown]
# ## 1.7 Accumulated gradients
# A batch that does not fit into memory is split: take the mean gradient of each micro-batch, and
# add them up with weights $w_k$. The micro-batches are independent of each other, and independent
# variances add. What noise has the sum?
#
# ### Exercise 6 (2 points, 5 minutes): the noise of an accumulated gradient
# The loop computes $\sum_k w_k\, g_k$, where $g_k$ is the mean gradient of $b_k$ examples drawn
# with replacement. The weights are whatever the loop uses; they need not sum to one. What is its
# variance?
#
# <details><summary>Hint 1 (click to open)</summary>What is the variance of g_k alone?</details>
# <details><summary>Hint 2 (click to open)</summary>Variances of independent parts add, after each is scaled.</details>
# <details><summary>Hint 3 (click to open)</summary>How does a squared length change when its vector is scaled by w?</details>


# %% solution="u01_accumulated"
def accumulated_variance(tr_cov, micro_sizes, weights):
    """E|sum_k w_k g_k - its mean|^2, one number.

    tr_cov: tr(Sigma) of one example; micro_sizes: list of b_k; weights: list of w_k.
    """
    ### BEGIN SOLUTION
    return sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))
    ### END SOLUTION


# %% check="u01_accumulated"
check("u01_accumulated", accumulated_variance)

# %% [markdown]
# *Change this, predict, run:* in the next cell the last micro-batch of 4 becomes 16. Which of the two last lines moves more?

# %%
use_accumulated = mine_or_library("u01_accumulated", accumulated_variance)
print(f"one batch of 1024:               {1 / 1024:.6f} tr(Sigma)")
print(f"32 micro-batches of 32, mean:    {use_accumulated(1.0, [32] * 32, [1 / 32] * 32):.6f}")
print(f"one micro-batch of 32:           {1 / 32:.6f}")
ragged = [32] * 31 + [4]
print(f"31 of 32 and one of 4, mean:     {use_accumulated(1.0, ragged, [1 / 32] * 32):.6f}")
total = sum(ragged)
best = use_accumulated(1.0, ragged, [b / total for b in ragged])
print(f"the same, weighted by size:      {best:.6f}")

# %% [markdown]
# Accumulating 32 × 32 has the noise of 1024, not of 32: accumulation *is* the large batch. And a
# short last micro-batch with full weight adds noise that you need not have.

# %% [markdown]
# ## 1.8 Find the flaw
# This function is meant to estimate tr(Σ) from one epoch of ordinary training batches. It is found,
# in variants, in many notebooks. It runs, prints a plausible number, and is wrong.
#
# ```python
# def tr_cov_from_epoch(batch_grads, batch_sizes):
#     return batch_grads.var(dim=0).sum()
# ```
#
# Two things are wrong: *whose* noise it estimates, and what it does with a short last batch. Mend
# it under three rules:
#
# - use every batch, the short one too;
# - the centre is the mean over all **examples**;
# - a squared deviation is that of a mean over a batch: give it the factor, from its **own** size, that
#   makes it speak of one example.
#
# Divide so that the result is right on average.
#
# ### Exercise 7 (2 points, 10 minutes): mend it
#
# <details><summary>Hint 1 (click to open)</summary>Which mean of the batch gradients is the mean over all examples, if batches differ in size?</details>
# <details><summary>Hint 2 (click to open)</summary>The mean of b examples has a b-th of their variance. Which factor undoes that?</details>
# <details><summary>Hint 3 (click to open)</summary>You see K vectors, and their centre ties them by one equation. How many are free?</details>


# %% solution="u01_epoch_noise"
def tr_cov_from_epoch(batch_grads, batch_sizes):
    """Unbiased estimate of tr(Sigma), per example, one number, by the three rules above.

    batch_grads: (K, P), the mean gradient of each batch; batch_sizes: list of K whole numbers,
    the examples in each; K >= 2. Batches are independent, or one epoch (then tr(Sigma) has the
    divisor N - 1).
    """
    ### BEGIN SOLUTION
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    centre = (sizes[:, None] * batch_grads).sum(dim=0) / sizes.sum()
    sq_distances = (batch_grads - centre).square().sum(dim=1)
    return (sizes * sq_distances).sum() / (len(batch_sizes) - 1)
    ### END SOLUTION


# %% check="u01_epoch_noise"
check("u01_epoch_noise", tr_cov_from_epoch)

# %% [markdown]
# *Change this, predict, run:* `split(40)` becomes `split(64)` below. Which of the two estimates moves?

# %%
use_epoch = mine_or_library("u01_epoch_noise", tr_cov_from_epoch)
generator = torch.Generator().manual_seed(3)
flawed, mended = [], []
for _ in range(by_size(tiny=5, cpu=40)):  # epochs at the same point; the last batch is short
    batches = torch.randperm(num_examples, generator=generator).split(40)
    batch_grads = torch.stack([grads[batch].mean(dim=0) for batch in batches])
    flawed.append(batch_grads.var(dim=0).sum().item())
    mended.append(float(use_epoch(batch_grads, [len(batch) for batch in batches])))
print(f"exact   {float(use_tr_cov(grads)):.2f}   (divisor N - 1)")
for name, values in (("flawed", flawed), ("mended", mended)):
    mean, half = t_interval(values)
    print(f"{name}  {mean:.2f} ± {half:.2f}")

# %% [markdown]
# An epoch draws without replacement, so why is there no factor (N − b)/(N − 1)? Batch k has the
# variance tr(Σ)/b_k · (N − b_k)/(N − 1) with divisor N. Times b_k, summed over the epoch, this is
# tr(Σ) · N(K − 1)/(N − 1): the K − 1 appears by itself, and what remains is tr(Σ) with divisor
# N − 1. So the same formula is right for independent batches and for one epoch.
#
# **Which divisor when?**
#
# | you have | divide by |
# |---|---|
# | all N examples, and want the spread of exactly these | N |
# | n examples drawn from more, mean fitted to them | n − 1 |
# | K batch gradients, mean fitted to them | K − 1 |

# %% [markdown]
# ## 1.9 Myth lab: "doubling the batch has diminishing returns, because the variance only halves"
# In one sense it is right: *inside one step* the next example saves less than the last, since
# d/dB of tr(Σ)/B is −tr(Σ)/B². But nobody buys examples for one step. For the same N examples you can
# make **one step of kB, or k steps of B**, and average what the k steps did: both means have the
# variance tr(Σ)/(kB). That is the comparison behind the sentence "a larger batch does not pay", so
# test it: a step at batch size B costs B examples and has variance tr(Σ)/B. The product, the price of
# variance, does not depend on B; in the ledger, at B = 256 over B = 16, it is {{N2.price_ratio}}. So
# **variance** gives no reason to stop at any B.
#
# Returns do diminish, but against something else: the signal. A batch gradient's squared length is
# $E\,|g_B|^2 = |G|^2 + \operatorname{tr}\Sigma / B$. Once the noise is small beside |G|², averaging it
# further changes little.

# %%
show(signal_plot(grad_sq_norm, trace, [2**k for k in range(13)]))

# %% [markdown]
# ### Exercise 8 (2 points, 5 minutes): how large a batch for a given noise?
# Say the typical error of a step shall be at most r times as long as the gradient:
# $\sqrt{E\,|g_B - G|^2} \le r\,|G|$. Return the smallest whole B ≥ 1 that does it (draws with
# replacement).
#
# <details><summary>Hint 1 (click to open)</summary>Square both sides.</details>
# <details><summary>Hint 2 (click to open)</summary>Solve for B. The result is seldom a whole number.</details>
# <details><summary>Hint 3 (click to open)</summary><code>math.ceil</code> rounds up.</details>


# %% solution="u01_batch_for_noise"
def batch_for_noise(grad_sq_norm, tr_cov, noise_to_signal):
    """Smallest whole B >= 1 whose root-mean-square error is at most r times |G|.

    grad_sq_norm: |G|^2 > 0; tr_cov: tr(Sigma) > 0 of one example; noise_to_signal: r > 0.
    """
    ### BEGIN SOLUTION
    return math.ceil(tr_cov / (grad_sq_norm * noise_to_signal**2))
    ### END SOLUTION


# %% check="u01_batch_for_noise"
check("u01_batch_for_noise", batch_for_noise)

# %% [markdown]
# *Change this, predict, run:* add the ratio 0.125 below. How many times the batch of 0.25?
# (The batch may come out larger than the data set: draws are with replacement here, so some noise is left
# at any B. Without replacement nothing is left at B = N.)

# %%
use_batch_for_noise = mine_or_library("u01_batch_for_noise", batch_for_noise)
for ratio in (2.0, 1.0, 0.5, 0.25):
    B_needed = use_batch_for_noise(grad_sq_norm, trace, ratio)
    print(f"noise at most {ratio:4g} x signal: B = {B_needed}")

# %% [markdown]
# **Verdicts of this unit**, with the ledger's numbers.
#
# <details><summary>The table, with the claims' ids (click to open)</summary>
#
# | claim | verdict | because |
# |---|---|---|
# | N1: the variance is σ²/B | **holds** for independent draws; × (N − B)/(N − 1) without replacement | slopes {{N1.slope_digits}} and {{N1.slope_mnist1d}} |
# | N2: one step of 2B buys less than two of B, since the variance only halves | **fails** as an argument | price of variance at B = 256 over B = 16: {{N2.price_ratio}} |
# | N3: near-duplicates make larger batches help less | **depends** on what meets in a batch | {{N3.independent}} apart, {{N3.together}} together |
#
# </details>
#
# All three were measured on small networks after one epoch. N1 is a theorem; the network can't change
# it. N3 would change with another similarity of the copies: ρ decides.
#
# Measure them again yourself, in a terminal: `python3 -m coursekit claims N1 N2 N3`.

# %% [markdown]
# ## 1.10 On a GPU
# <details><summary>The ledger's GPU numbers (click to open)</summary>
#
# The code above finds a GPU by itself and then takes more seeds and more draws. The ledger has the same
# measurement from one {{N1.gpu.device}}, with {{N1.gpu.slope_mnist1d.seeds}} seeds: the slopes were
# {{N1.gpu.slope_digits}} on digits and {{N1.gpu.slope_mnist1d}} on MNIST-1D, and the batches whose
# copies come together had {{N3.gpu.together}} times the variance of the law. The law is the same; the
# interval is narrower.
#
# </details>
#
# You ran on:

# %%
print(device_name(), "|", num_seeds, "seeds,", num_draws, "draws at each B")

# %% [markdown]
# ## Interview corner
# **"How does the noise of SGD depend on the batch size?"**
# 1. *Direct answer*: "The variance of the mini-batch gradient is tr(Σ)/B for independent draws."
# 2. *Mechanism*: "It is a mean of B independent per-example gradients."
# 3. *Evidence*: "Measured on two data sets, the log-log slope is {{N1.slope_digits}} and
#    {{N1.slope_mnist1d}}." (the ledger's)
# 4. *Practice*: "Without replacement there is a factor (N − B)/(N − 1), which matters once B is a
#    good part of N. And the draws must be independent: I would check the shuffling first."
#
# *A weak answer*: "it falls with the root of B" (that is the standard deviation), or "at full batch it
# is tr(Σ)/N" (it is zero).
#
# *Follow-up*: "You augment each image 16 times and batch the views together. What is your batch
# size?" (Section 1.6: between the number of images and the number of views; ρ decides.)
#
# **"Why not always double the batch?"**
# 1. *Direct answer*: "Not because of variance: its price per example is the same at every B."
# 2. *Mechanism*: "What saturates is the signal. Beyond B of about tr(Σ)/|G|² a step is mostly signal
#    already."
# 3. *Evidence*: "Variance times examples at B = 256 over B = 16: {{N2.price_ratio}}." (the ledger's)
# 4. *Practice*: "I would measure tr(Σ)/|G|² during training; it changes. That is unit 05."
#
# *A weak answer*: "because of diminishing returns", without saying of what.
#
# Practise more of them here, in writing or aloud, with follow-ups and a rubric.

# %%
interview_corner("01_gradient_noise")

# %% [markdown]
# ## Recap
# - A mini-batch gradient is a mean over a sample; its variance is tr(Σ)/B.
# - Without replacement: × (N − B)/(N − 1), zero at B = N.
# - tr(Σ) is per example. Mind the divisor: n − 1 for a sample, N for the whole data set.
# - Related examples in one batch shrink its effective size; what the data set contains does not.
# - A measured variance needs its standard error.
#
# To read: Bottou, Curtis & Nocedal 2018, *Optimization methods for large-scale machine learning*,
# section 4 (arXiv:1606.04838); McCandlish et al. 2018 (arXiv:1812.06162) for where unit 05 goes.

# %%
together = sum(inflation[names[1]]) / num_seeds
compare_predictions(
    "01_gradient_noise",
    {
        "quadruple": ("B from 64 to 256", "falls to a quarter", "section 1.4"),
        "full_batch": ("All N, without replacement", "exactly zero", "section 1.4"),
        "duplicates": (
            "Eight near-copies together",
            f"{together:.1f} times in your run",
            "section 1.6",
        ),
    },
)
