# %% [markdown]
# # 06 · How curved is the loss?
#
# | | |
# |---|---|
# | **Question** | How curved is the loss, and how do you measure that without a Hessian? |
# | **Difficulty** | hard |
# | **Importance** | every argument about flat minima, stability and SAM rests on these numbers |
# | **Your time** | 110 to 120 minutes, with a break after 6.5 |
# | **Run time** | about half a minute on two CPU cores |
# | **You need** | units 01 and 03; eigenvalues of a symmetric matrix; the variance of a sum; `torch.autograd.grad` |

# %% prelude
import math

import numpy as np
import torch
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from coursekit.claims import load_ledger
from coursekit.curvature import (
    dinh_rescale,
    hessian_eigenvalues,
    hessian_operator,
    hessian_trace,
    keskar_sharpness,
    sam_sharpness,
)
from coursekit.data import load
from coursekit.device import by_size, device_name, pick_device
from coursekit.experiments import follow_edge, mlp_with, train_to_loss
from coursekit.explorers.valley import valley
from coursekit.interview.widget import interview_corner
from coursekit.models import mlp
from coursekit.notebook import check, compare_predictions, mine_or_library, predict, show
from coursekit.plots.sharpness import (
    arms_plot,
    correlation_plot,
    edge_plot,
    estimates_plot,
    rescaled_plot,
)
from coursekit.train import TrainConfig, losses, sharpness, train

ledger = load_ledger()  # what we measured, claim by claim

# %% [markdown]
# ## 6.1 Predict first

# %%
predict(
    "06_sharpness",
    "batch",
    "Two runs stop at the same training loss: B = 8 and B = 512. The large batch's minimum is ...",
    ["sharper", "flatter", "it depends on the learning rates", "equally sharp"],
)

# %%
predict(
    "06_sharpness",
    "edge",
    "A smooth network, squared errors, full batches, a large learning rate. Late in training the "
    "largest eigenvalue of the Hessian ...",
    ["falls towards 0", "stops near 2/lr", "grows without end", "stays as it began"],
)

# %%
predict(
    "06_sharpness",
    "rescale",
    "A ReLU network: weights and bias of one layer times 10, the next layer's weights over 10. "
    "What changes?",
    ["the function", "the sharpness", "both", "neither"],
)

# %% [markdown]
# ## 6.2 Curvature without a Hessian
# Walk from the weights w along a direction v. To second order the loss is
#
# $$ L(w + t v) \approx L(w) + t\, g^T v + \tfrac12 t^2\, v^T H v , $$
#
# with the gradient g and the **Hessian** H, the matrix of second derivatives. For P weights it has
# P² entries: for our small network 55 million, for a real one far too many to store.
#
# You never need the matrix. You need what it does to a vector. Let v be fixed. Then $g^T v$ is one
# number that depends on w, and its gradient is
#
# $$ \frac{\partial}{\partial w_i} \sum_j \frac{\partial L}{\partial w_j} v_j
#    = \sum_j H_{ij} v_j = (H v)_i . $$
#
# So a **Hessian-vector product** is the gradient of a gradient's projection: about two gradients of
# work, whatever P is.
#
# ### Exercise 1 (3 points): the product H v
# The check shows its losses as text. To try one yourself:
# `from coursekit.exercises.engine.adapters import loss_of; loss = loss_of("w0**2*w1")`. A "tanh network 5" is
# a tiny network with 8 weights; 5 is the seed of its data.
#
# <details><summary>Hint 1 (click to open)</summary>Work on a copy of the weights that requires a gradient: <code>weights.clone().requires_grad_()</code>.</details>
# <details><summary>Hint 2 (click to open)</summary><code>torch.autograd.grad(..., create_graph=True)</code> gives a gradient that can be differentiated again.</details>
# <details><summary>Hint 3 (click to open)</summary>Reduce the gradient to one number with the vector, then take the gradient of that number.</details>


# %% solution="u06_hvp"
def hvp(loss, weights, vector):
    """The Hessian of loss at weights, times vector: a tensor of shape (P,).

    loss: a function of one tensor of weights (P,) that returns one number (a tensor), not linear
    in them; weights: (P,), float64, without requires_grad; vector: (P,), taken as it is (its norm
    need not be 1).
    """
    ### BEGIN SOLUTION
    w = weights.clone().requires_grad_()
    (grad,) = torch.autograd.grad(loss(w), w, create_graph=True)
    return torch.autograd.grad(grad @ vector, w)[0]
    ### END SOLUTION


# %% check="u06_hvp"
check("u06_hvp", hvp)

# %% [markdown]
# Now a real network, trained until its training loss is 0.1. Is your product the slope of the
# gradient? We compare with the definition: the gradient a little ahead, less the gradient a little
# behind, over the way between. (`functional_call` runs the model with the weights it is handed.)

# %%
num_examples = by_size(tiny=256, cpu=1024)
target = by_size(tiny=1.6, cpu=0.1)
SIZES = (40, 64, 64, 10)
data = load("mnist1d", num_train=num_examples)
stopped = train_to_loss(SIZES, data, seeds=[0], batch_size=32, lr=0.1, target=target, device="cpu")
model = mlp_with(SIZES, stopped.weights[0])
pair = (data.train_inputs, data.train_targets)
names = [name for name, _ in model.named_parameters()]
shapes = [p.shape for p in model.parameters()]


def flat_loss(w):
    """Training loss as a function of one vector of weights."""
    pieces = w.split([shape.numel() for shape in shapes])
    named = {n: x.view(s) for n, x, s in zip(names, pieces, shapes, strict=True)}
    inputs = pair[0].to(w.dtype)
    return cross_entropy(functional_call(model, named, (inputs,)), pair[1])


weights = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
print(f"{len(weights)} weights, training loss {flat_loss(weights).item():.3f}")

# %%
use_hvp = mine_or_library("u06_hvp", hvp)
direction = torch.randn(len(weights), generator=torch.Generator().manual_seed(1)).double()
direction /= direction.norm()
w64 = weights.double()
product = use_hvp(flat_loss, w64, direction)


def slope_at(w):
    """Gradient of the training loss at one vector of weights."""
    w = w.clone().requires_grad_()
    return torch.autograd.grad(flat_loss(w), w)[0]


for step in (1e-1, 1e-3, 1e-5):
    ahead, behind = slope_at(w64 + step * direction), slope_at(w64 - step * direction)
    difference = (ahead - behind) / (2 * step)
    off = (difference - product).norm() / product.norm()
    print(
        f"step {step:5.0e}: the {len(product)} entries differ by {off:.1e} of the vector's length"
    )

# %% [markdown]
# At the smallest step both agree. Larger steps cross kinks of ReLU units, where the gradient jumps; and
# over a shorter way a jump weighs more. Autograd counts the second derivative at a kink as 0, and only
# a step that crosses none sees what autograd sees. For smooth activations there is no such gap.
#
# ## 6.3 The steepest direction
# "Sharpness" usually means $\lambda_{\max}$, the largest eigenvalue of H: the largest value that the
# **Rayleigh quotient** $v^T H v / v^T v$ can take.
#
# **Power iteration** finds it by multiplying again and again. Write the start in eigenvectors,
# $v_0 = \sum_i c_i e_i$. After k products
#
# $$ H^k v_0 = \sum_i c_i \lambda_i^k e_i , $$
#
# so the part along $\lambda_1$, the eigenvalue that is **largest in size**, wins: every other one
# shrinks beside it like $|\lambda_i / \lambda_1|^k$. The Rayleigh quotient is then a mean of the
# $\lambda_i$ with weights $(c_i \lambda_i^k)^2$, so its error shrinks like the square of that.
#
# When is it good enough? Bring v to length one: $v = \sum_i a_i e_i$ with $\sum_i a_i^2 = 1$. Let
# $\theta = v^T H v$ be its quotient. Then $Hv - \theta v = \sum_i a_i (\lambda_i - \theta)\, e_i$. The $e_i$ stand
# at right angles, so Pythagoras gives the square of this vector's length, the **residual**:
#
# $$ |Hv - \theta v|^2 = \sum_i a_i^2\, (\lambda_i - \theta)^2 . $$
#
# That is a mean of the $(\lambda_i - \theta)^2$ with weights $a_i^2$, and a mean is never below its smallest
# term. So **some eigenvalue lies within one residual of θ**.
#
# ### Exercise 2 (3 points): power iteration with a residual
# `product(v)` returns A v for a symmetric matrix that you can't see. Bring the start to length one
# (Euclidean, as all lengths here).
# Then do exactly `num_steps` times: multiply by A, bring to length one. With the resulting v return the
# Rayleigh quotient and the residual; the product for these two does not count as a step. (Where an
# input fails, the check shows A under the name `product`; your function gets the function v → A v.)
#
# <details><summary>Hint 1 (click to open)</summary>Keep v and the product of v apart: you need both at the end.</details>
# <details><summary>Hint 2 (click to open)</summary>The quotient is the inner product of v and A v, when v has length one.</details>
# <details><summary>Hint 3 (click to open)</summary>A length has no sign. An eigenvalue has.</details>


# %% solution="u06_power_iteration"
def power_iteration(product, start, num_steps):
    """(value, residual) after num_steps products: two numbers, the value with its sign.

    product: a function (P,) -> (P,); start: (P,), of any norm but 0; num_steps: >= 1. No
    product is 0.
    value: v'Av for the final v of length one; residual: Euclidean length of A v - value v.
    """
    ### BEGIN SOLUTION
    v = start / start.norm()
    for _ in range(num_steps):
        moved = product(v)
        v = moved / moved.norm()
    moved = product(v)
    value = v @ moved
    return value, (moved - value * v).norm()
    ### END SOLUTION


# %% check="u06_power_iteration"
check("u06_power_iteration", power_iteration)

# %% [markdown]
# Half of the check's cases hold a trap: power iteration returns the eigenvalue that is largest **in
# size**. If a direction curves strongly downwards, that one is negative, and no sharpness. One cure is
# a shift: H + cI has the same eigenvectors, every eigenvalue c higher, so for a large c the highest is
# also the largest in size. The better cure is **Lanczos** iteration. It keeps all the vectors it has
# met and takes the highest Rayleigh quotient among *all their combinations*: never worse than that of
# the last one alone, and it sees both ends of the spectrum, in far fewer products. The library's
# `hessian_eigenvalues` does that; every λmax of a network from here on comes from it.
#
# ## 6.4 All curvature together
# The trace of H is the sum of all eigenvalues. **Hutchinson**: draw a vector of random signs,
# $v_i = \pm 1$. Then
#
# $$ E[v^T H v] = \sum_{ij} H_{ij} E[v_i v_j] = \sum_i H_{ii} = \operatorname{tr} H , $$
#
# since $v_i^2 = 1$ always, and different signs are independent. The diagonal gives no noise at all.
# The rest is $\sum_{i<j} 2 H_{ij} v_i v_j$. Each term has mean 0 and, as $(v_i v_j)^2 = 1$, variance
# $4 H_{ij}^2$. Two different terms are uncorrelated: in the product of their signs at least one sign
# stands alone, and its mean is 0. So the variances add up:
#
# $$ \operatorname{Var}[v^T H v] = 4 \sum_{i<j} H_{ij}^2 = 2 \sum_{i \ne j} H_{ij}^2 . $$
#
# Four weights have sixteen vectors of signs. So we can check both sentences exactly:

# %%
A = torch.tensor(
    [[3.0, 1.0, 0.0, 2.0], [1.0, -1.0, 0.5, 0.0], [0.0, 0.5, 2.0, 1.0], [2.0, 0, 1, 1]]
)
signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 4)
forms = ((signs @ A) * signs).sum(dim=1)
off_diagonal = A - A.diag().diag()
print(f"mean over all signs     {forms.mean():.3f}   trace   {A.trace():.3f}")
print(
    f"variance over all signs {forms.var(correction=0):.3f}   formula {2 * (off_diagonal**2).sum():.3f}"
)

# %% [markdown]
# ### Exercise 3 (3 points): Hutchinson with its error bar
# Each probe v gives one number, $v^T A v$. Return the mean of the K numbers, and its standard error:
# their standard deviation (divisor K − 1) over √K.
#
# <details><summary>Hint 1 (click to open)</summary>First make K numbers, one for each row of <code>probes</code>.</details>
# <details><summary>Hint 2 (click to open)</summary>Each number needs one product and one inner product.</details>
# <details><summary>Hint 3 (click to open)</summary><code>tensor.std()</code> divides by K − 1.</details>


# %% solution="u06_hutchinson"
def hutchinson(product, probes):
    """(estimate of the trace, its standard error): two numbers.

    product: a function (P,) -> (P,); probes: (K, P), one vector of signs +1 or -1 a row, K >= 2.
    """
    ### BEGIN SOLUTION
    forms = torch.stack([v @ product(v) for v in probes])
    return forms.mean(), forms.std() / math.sqrt(len(forms))
    ### END SOLUTION


# %% check="u06_hutchinson"
check("u06_hutchinson", hutchinson)

# %% [markdown]
# Both functions on the network. `operator @ v` is the library's Hessian-vector product; it keeps the
# graph of the gradient, which saves half of the work. Behind ± stands the residual, or the standard
# error.

# %%
use_power = mine_or_library("u06_power_iteration", power_iteration)
use_hutchinson = mine_or_library("u06_hutchinson", hutchinson)
operator = hessian_operator(model, cross_entropy, pair)
generator = torch.Generator().manual_seed(3)
num_products = by_size(tiny=(1, 2, 4), cpu=(1, 2, 4, 8, 16, 32))
residuals = []
for k in num_products:
    starts = torch.randn(4, len(weights), generator=torch.Generator().manual_seed(4))
    found = [use_power(operator.__matmul__, v, k) for v in starts]
    residuals.append([float(r) / abs(float(value)) for value, r in found])
top = hessian_eigenvalues(model, cross_entropy, pair, tol=1e-4)
print(f"power iteration, {k} products: {float(found[0][0]):.4f} ± {float(found[0][1]):.4f}")
print(f"Lanczos,         {top.num_hvps} products: {top.value:.4f} ± {top.residual:.4f}")

# %%
exact = hessian_trace(model, cross_entropy, pair)
probe_counts = by_size(tiny=(2, 4), cpu=(4, 16, 64))
estimates, reported = [], []
for k in probe_counts:
    drawn = torch.randint(0, 2, (8, k, len(weights)), generator=generator) * 2.0 - 1.0
    pairs_found = [use_hutchinson(operator.__matmul__, probes) for probes in drawn]
    estimates.append([float(value) for value, _ in pairs_found])
    reported.append(float(np.mean([float(error) for _, error in pairs_found])))
    print(f"{k:3d} probes: {float(pairs_found[0][0]):.1f} ± {float(pairs_found[0][1]):.1f}")
print(f"exact trace, {exact.cost:.1f} gradients of work: {exact.value:.1f}")
title = f"One network of 7,434 weights at training loss {target}: 4 starts, 8 repeats"
show(
    estimates_plot(
        num_products, residuals, estimates, reported, exact.value, probe_counts, title=title
    )
)

# %% [markdown]
# **What the figure says.** Left: power iteration gets close soon and then crawls, as slowly as the
# second eigenvalue is near the first. Without the residual you would not know. Right: Hutchinson's
# estimates close in as 1/√K. With 64 probes about nineteen of twenty lie within two of their own
# errors; with 4 probes fewer do, since an error made of four numbers is itself a rough one.
#
# **Caveat.** Both numbers belong to the loss of *these* examples, at *these* weights.
#
# ## 6.5 Two measures that take a step
# Curvature speaks of infinitely small steps. Two well-known measures take a finite one.
#
# **Keskar et al.** ask for the highest loss in a small box, $|z_i| \le \epsilon\,(|w_i| + 1)$:
#
# $$ 100 \cdot \frac{\max_z L(w + z) - L(w)}{1 + L(w)} . $$
#
# The maximum must be searched. Our search goes from corner to corner: take the gradient at the last
# point, and go to the corner of the box (around the **original** weights) that its signs point to.
#
# ### Exercise 4 (3 points): Keskar's sharpness
# The last point starts as w itself. Do `num_steps` times: take the gradient at the last point; the new
# point is w plus, for each weight, half-width times the gradient's sign (`torch.sign`). The maximum
# runs over w itself and all points visited. (`torch.sign(0)` is 0: where a slope is exactly 0, that
# weight keeps its place.)
#
# <details><summary>Hint 1 (click to open)</summary>The half-widths of the box depend on the original weights alone.</details>
# <details><summary>Hint 2 (click to open)</summary>Collect the losses of all points in a list.</details>
# <details><summary>Hint 3 (click to open)</summary>The yardstick below the line is 1 + loss at w.</details>


# %% solution="u06_keskar"
def keskar(loss, weights, epsilon, num_steps):
    """Keskar's sharpness in percent, one number >= 0.

    loss: a function of one tensor of weights (P,), with 1 + loss > 0; weights: (P,), without
    requires_grad; epsilon: > 0; num_steps: points to visit besides the weights, >= 1.
    """
    ### BEGIN SOLUTION
    half_widths = epsilon * (weights.abs() + 1)
    point, seen = weights, [float(loss(weights))]
    for _ in range(num_steps):
        leaf = point.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(leaf), leaf)
        point = weights + half_widths * slope.sign()
        seen.append(float(loss(point)))
    return 100 * (max(seen) - seen[0]) / (1 + seen[0])
    ### END SOLUTION


# %% check="u06_keskar"
check("u06_keskar", keskar)

# %% [markdown]
# **SAM** takes one step of length ρ along the gradient, $z = \rho\, g / |g|$, and asks for the rise
# $L(w + z) - L(w)$. In practice the weights are a list of tensors that the loss reads by itself, so you
# have to move them **in place**, and put them back. Put them back from a copy: in float32
# $w + z - z$ is not w.
#
# ### Exercise 5 (3 points): SAM's sharpness, weights restored
# `loss()` takes no argument and reads the tensors in `params`. |g| is the length over **all** tensors
# together, and it is not 0. The check calls your function twice in a row. After the first call each
# weight must be what it was, bit for bit; then the second result counts. `.grad` may change, if that
# does not spoil the second call. (The check shows all weights in one line; your function gets them as
# two tensors of equal length.)
#
# <details><summary>Hint 1 (click to open)</summary><code>torch.autograd.grad(loss(), params)</code> gives one gradient a tensor and leaves <code>.grad</code> alone.</details>
# <details><summary>Hint 2 (click to open)</summary>Copies: <code>[p.detach().clone() for p in params]</code>.</details>
# <details><summary>Hint 3 (click to open)</summary>Change parameters under <code>torch.no_grad()</code>, with <code>p.add_(...)</code> and <code>p.copy_(...)</code>.</details>


# %% solution="u06_sam"
def sam_rise(loss, params, rho):
    """Rise of the loss after a step of length rho along the gradient, one number.

    loss: a function without arguments; params: list of tensors that require a gradient and that
    loss() reads; rho: > 0. Afterwards every parameter holds what it held before.
    """
    ### BEGIN SOLUTION
    before = loss()
    slopes = torch.autograd.grad(before, params)
    size = torch.cat([s.reshape(-1) for s in slopes]).norm()
    copies = [p.detach().clone() for p in params]
    with torch.set_grad_enabled(False):
        for p, s in zip(params, slopes, strict=True):
            p.add_(rho * s / size)
        after = loss()
        for p, old in zip(params, copies, strict=True):
            p.copy_(old)
    return after.item() - before.item()
    ### END SOLUTION


# %% check="u06_sam"
check("u06_sam", sam_rise)

# %%
use_keskar = mine_or_library("u06_keskar", keskar)
use_sam = mine_or_library("u06_sam", sam_rise)
print(f"loss {flat_loss(weights).item():.4f}")
for num_steps in (1, 2, 5):
    print(
        f"Keskar, {num_steps} corners: {float(use_keskar(flat_loss, weights, 1e-3, num_steps)):.2f} %"
    )
params = list(model.parameters())
for rho in (0.01, 0.05, 0.25):
    value = use_sam(lambda: cross_entropy(model(pair[0]), pair[1]), params, rho)
    print(f"SAM, radius {rho}: the loss rises by {float(value):.4f}")

# %% [markdown]
# Both depend on a radius that somebody chose, and at a small radius SAM's measure is mostly ρ|g|: the
# slope, not the curvature.
#
# ## 6.6 What 2/η has to do with it
# On a quadratic, one step of gradient descent multiplies the distance along an eigenvector by
# $1 - \eta\lambda$. It shrinks while $|1 - \eta\lambda| < 1$, that is while
#
# $$ \lambda < 2/\eta . $$
#
# At λ = 1/η the step lands in the minimum. Beyond, it lands on the other side. Beyond 2/η it lands on
# the other side **and further out**. With heavy-ball momentum β the limit is $2(1 + \beta)/\eta$
# (derived in unit 03).

# %%
lr = 0.1
for curvature in (5.0, 10.0, 19.0, 20.0, 21.0):
    x = 1.0
    for _ in range(20):
        x -= lr * curvature * x
    print(f"lambda {curvature:4.0f}, 2/lr = {2 / lr:.0f}: after 20 steps at distance {abs(x):8.2g}")

# %% [markdown]
# A network's loss is no quadratic: its curvature changes on the way. Full-batch gradient descent does
# something unexpected. Its sharpness **rises** until it meets 2/η, and stays there: the **edge of
# stability**. How close a run is, is one number.
#
# ### Exercise 6 (2 points): the edge in a run's records
# `sharpness` holds λmax at successive records of one run. The threshold is 2(1 + β)/η. Find the first
# record at or above the threshold; return the mean of sharpness/threshold from that record to the
# end, the later dips included. A run that never gets there has no such mean: return `math.nan`.
#
# <details><summary>Hint 1 (click to open)</summary>Divide every record by the threshold first.</details>
# <details><summary>Hint 2 (click to open)</summary>Which is the first index whose ratio is at least 1?</details>
# <details><summary>Hint 3 (click to open)</summary>Average everything from there on, also what lies below 1.</details>


# %% solution="u06_edge_ratio"
def edge_ratio(sharpness, lr, momentum):
    """Mean of sharpness/threshold from the first record at the edge on; nan if it never gets there.

    sharpness: list of numbers > 0; lr: > 0; momentum: 0 <= beta < 1, 0 for plain descent.
    """
    ### BEGIN SOLUTION
    ratios = [value * lr / (2 * (1 + momentum)) for value in sharpness]
    for first, ratio in enumerate(ratios):
        if ratio >= 1:
            return sum(ratios[first:]) / (len(ratios) - first)
    return math.nan
    ### END SOLUTION


# %% check="u06_edge_ratio"
check("u06_edge_ratio", edge_ratio)

# %%
num_steps = by_size(tiny=20, cpu=480, gpu=1600)
num_seeds = by_size(tiny=2, cpu=6, gpu=16)
edge_data = load("mnist1d", num_train=256)
runs = follow_edge(
    (40, 32, 32, 10),
    edge_data,
    lrs=(0.1, 0.2, 0.4),
    seeds=range(num_seeds),
    record_steps=[round(num_steps * share / 8) for share in range(9)],
)
use_edge = mine_or_library("u06_edge_ratio", edge_ratio)
for i, rate in enumerate(runs.lrs):
    hovering = [float(use_edge(log.tolist(), float(rate), 0.0)) for log in runs.sharpness[i]]
    print(f"lr {rate}: mean ratio from the edge on, by seed: {np.round(hovering, 2)}")

# %% [markdown]
# Your runs are short, so we add longer ones of our own. They stand in the ledger, under the claim W1;
# the table in 6.9 names the claims. In the text, ± is half of a 95 % interval over seeds.

# %%
edge_values = ledger["W1"]["cpu"]["values"]
later = (50, 70, 80, 90, 100)  # percent of the longer run's 1,600 steps
points = {
    f"η = {rate}": ([16 * p for p in later], [edge_values[f"path_{tag}_{p}"] for p in later])
    for rate, tag in ((0.1, "0p1"), (0.2, "0p2"), (0.4, "0p4"))
}
ratios = {f"η = {rate:g}": runs.ratio[i].T for i, rate in enumerate(runs.lrs)}
title = f"Full batch, tanh, squares: {num_seeds} seeds; open marks: our 8 seeds, longer"
show(edge_plot(runs.steps, ratios, title=title, points=points))

# %% [markdown]
# **What the figure says.** At η = 0.4 the start lies *above* the edge: the first steps throw the run
# into a flatter region, and then it hovers at 1. At 0.2 it starts at the edge, falls below it, climbs
# back and stops climbing at 1. At 0.1 it falls too, and is still on its way up after 1,600 steps. Over
# the last 30 % of our longer run the ratio is {{W1.full_0p2}} at η = 0.2 and {{W1.full_0p4}} at 0.4.
#
# So at these two rates the **learning rate** sets where the sharpness stays: at half the rate it is
# twice as high. SGD with batches of 16 stays below: {{W1.sgd_0p2}} at η = 0.2, {{W1.sgd_0p4}} at 0.4.
#
# **Caveat.** This is clean for smooth activations, squared errors and runs long enough to arrive. With
# cross-entropy the curvature falls again once the examples are fitted, smooth or not.
#
# Try it where you can see everything: two layers of one weight each, one example. Every point of the
# curve is the same function. Where can gradient descent stay? What happens if it starts elsewhere?

# %%
valley()

# %% [markdown]
# ## 6.7 Compare at equal loss
# For the cross-entropy the Hessian fades as the predictions become certain. So whoever trained longer
# looks flatter. Two runs must be compared at one training loss, not after equal epochs.
#
# ### Exercise 7 (2 points): sharpness at a given loss
# You have the records of one run in time order: training loss and sharpness. The loss may rise now and
# then, so it can pass the target more than once. Find the **first** record whose loss is at or below
# the target. Interpolate the sharpness along a straight line in the loss (the loss itself, not its
# logarithm), between that record and the one before it. If already the first record is at or below the
# target, return its sharpness; if no record is, return `math.nan`.
#
# <details><summary>Hint 1 (click to open)</summary>Walk through the records in time; don't sort them.</details>
# <details><summary>Hint 2 (click to open)</summary>Which share of the way in loss, from the earlier record to the later one, has been gone at the target?</details>
# <details><summary>Hint 3 (click to open)</summary>Share 0 gives the earlier sharpness, share 1 the later.</details>


# %% solution="u06_at_equal_loss"
def at_equal_loss(losses, sharpness, target):
    """Sharpness where the run first passes the target loss, one number; nan if it never does.

    losses, sharpness: lists of equal length, at least two records in time order; target: > 0.
    """
    ### BEGIN SOLUTION
    if losses[0] <= target:
        return sharpness[0]
    for now in range(1, len(losses)):
        if losses[now] <= target:
            earlier, later = losses[now - 1], losses[now]
            share = (earlier - target) / (earlier - later)
            return (1 - share) * sharpness[now - 1] + share * sharpness[now]
    return math.nan
    ### END SOLUTION


# %% check="u06_at_equal_loss"
check("u06_at_equal_loss", at_equal_loss)

# %%
use_equal = mine_or_library("u06_at_equal_loss", at_equal_loss)
steps_of = by_size(tiny={8: 60, 128: 20}, cpu={8: 3000, 128: 1600})
small = load("mnist1d", num_train=by_size(tiny=256, cpu=512))
for batch_size, length in steps_of.items():
    generator = torch.Generator().manual_seed(0)
    net = mlp(SIZES, generator=generator)
    every = [round(length * share / 10) for share in range(11)]
    config = TrainConfig(
        batch_size, length, lambda step: 0.1, measures=(losses, sharpness), record_steps=every
    )
    log = train(net, small, config, rng=generator).recorded
    line = [f"{x:.2g}" for x in log["sharpness"]]
    print(f"B = {batch_size}, lr 0.1: sharpness along the run {', '.join(line)}")
    for goal in (0.5, 0.1):
        print(f"   at loss {goal}: {use_equal(log['train_loss'], log['sharpness'], goal):.3g}")

# %% [markdown]
# The same run shows a sharp minimum or a flat one, depending on when you look.
#
# ## 6.8 Find the flaw
# Data come in batches. This function is meant to give the sharpness of the training loss, the mean
# over **all examples**.
#
# ```python
# def sharpness_over_batches(batch_hessians, batch_sizes):
#     tops = [torch.linalg.eigvalsh(h).max() for h in batch_hessians]
#     return sum(tops) / len(tops)
# ```
#
# Two things are wrong: *what* is averaged, and how a short last batch counts. (The matrices are given
# here, so that you can see the flaw; with products the repair is the same.)
#
# ### Exercise 8 (2 points): mend it
#
# <details><summary>Hint 1 (click to open)</summary>Differentiation is linear: what is the Hessian of a mean loss over all examples?</details>
# <details><summary>Hint 2 (click to open)</summary>Each matrix is the Hessian of its batch's mean loss. How many examples stand behind it?</details>
# <details><summary>Hint 3 (click to open)</summary><code>torch.linalg.eigvalsh</code> returns the eigenvalues in ascending order.</details>


# %% solution="u06_over_batches"
def sharpness_over_batches(batch_hessians, batch_sizes):
    """Largest (not: largest in size) eigenvalue of the Hessian of the mean loss over all examples.

    batch_hessians: (K, P, P), the symmetric Hessian of each batch's mean loss;
    batch_sizes: list of K whole numbers, the examples in each batch.
    """
    ### BEGIN SOLUTION
    sizes = torch.tensor(batch_sizes, dtype=batch_hessians.dtype)
    mean_hessian = torch.einsum("k,kij->ij", sizes, batch_hessians) / sizes.sum()
    return torch.linalg.eigvalsh(mean_hessian)[-1]
    ### END SOLUTION


# %% check="u06_over_batches"
check("u06_over_batches", sharpness_over_batches)

# %% [markdown]
# Least squares on 210 examples of 10 inputs: here the Hessian of a batch is $X^T X / b$, and we can
# compare with all examples at once.

# %%
use_batches = mine_or_library("u06_over_batches", sharpness_over_batches)
inputs = torch.randn(210, 10, generator=torch.Generator().manual_seed(5))
whole = torch.linalg.eigvalsh(inputs.T @ inputs / 210)[-1].item()
print(f"all examples at once: {whole:.3f}")
for size in (12, 25, 100):
    parts = inputs.split(size)
    hessians = torch.stack([x.T @ x / len(x) for x in parts])
    flawed = torch.linalg.eigvalsh(hessians)[:, -1].mean().item()
    mended = float(use_batches(hessians, [len(x) for x in parts]))
    print(f"batches of {size:3d}: flawed {flawed:.3f}, mended {mended:.3f}")

# %% [markdown]
# Each batch picks its own steepest direction, so the mean of the maxima lies above the maximum of the
# mean. On our network a single batch of 16 shows {{W2.inflation_16}} times the sharpness of the
# training set, one of 64 {{W2.inflation_64}} times, one of 256 {{W2.inflation_256}} times. Other ways to
# get a wrong number: dropout on, BatchNorm in training mode, weight decay counted in one run only.

# %% [markdown]
# ## 6.9 Myth lab
# ### "A minimum's sharpness is a property of the function"
# ReLU lets a positive factor pass: relu(α a) = α relu(a). Multiply weights and bias of layer 1 by α,
# divide the weights of layer 2 by α, and leave its bias. Every output stays. What do four measures say?
# The fourth, *adaptive* SAM, measures the step relative to each weight, $|z / w| \le \rho$; so its radius
# is a share, 0.5, and not comparable with plain SAM's 0.05.

# %%
alphas = (0.1, 1.0, 10.0)
seeds = range(by_size(tiny=2, cpu=3, gpu=16))
found = train_to_loss(SIZES, data, seeds=seeds, batch_size=32, lr=0.1, target=target, device="cpu")
says = {name: [[] for _ in alphas] for name in ("λmax", "Keskar", "SAM", "SAM, adaptive")}
largest_change = 0.0
for w in found.weights:
    net = mlp_with(SIZES, w)
    for k, alpha in enumerate(alphas):
        other = dinh_rescale(net, alpha, layer="0", next_layer="2", inputs=data.test_inputs[:50])
        with torch.no_grad():
            change = (other(data.test_inputs) - net(data.test_inputs)).abs().max().item()
        largest_change = max(largest_change, change)
        top = hessian_eigenvalues(other, cross_entropy, pair, tol=1e-2).value
        says["λmax"][k].append(top)
        says["Keskar"][k].append(keskar_sharpness(other, cross_entropy, pair).value)
        says["SAM"][k].append(sam_sharpness(other, cross_entropy, pair).value)
        adaptive = sam_sharpness(other, cross_entropy, pair, adaptive=True, rho=0.5)
        says["SAM, adaptive"][k].append(adaptive.value)
print(f"largest change of any output: {largest_change:.1e}")
show(rescaled_plot(alphas, says, title=f"One function, three sets of weights: {len(seeds)} seeds"))

# %% [markdown]
# **Verdict: fails.** In our longer run λmax is {{G3.lambda_1}} at α = 1 and {{G3.lambda_10}} at α = 10,
# with the same outputs. A measure relative to each weight's own size (adaptive SAM) does not move. This
# does not say that flatness is meaningless: SGD does not visit all rescalings alike. It says that λmax
# *alone* proves nothing, and can't be compared between architectures.
#
# ### "Large batches find sharper minima"
# Claim G1. All runs stop at training loss 0.1. One rule keeps the learning rate at 0.1. The other lets
# it grow with B: 0.02, 0.16, 0.64 (in proportion to B up to 64; at 512 half of that).
# From the ledger, {{G1.ratio_fixed.seeds}} seeds:

# %%
g1 = ledger["G1"]["cpu"]["values"]
sizes = (8, 64, 512)
rules = {"lr fixed at 0.1": "fixed", "lr grows with B": "scaled"}
show(
    arms_plot(
        sizes,
        {name: [g1[f"lambda_{rule}_{b}"] for b in sizes] for name, rule in rules.items()},
        {name: [g1[f"accuracy_{rule}_{b}"] for b in sizes] for name, rule in rules.items()},
        title="MNIST-1D, N = 1,024, at training loss 0.1: 8 seeds",
    )
)

# %% [markdown]
# Your own runs, smaller: two batch sizes at one learning rate, and the larger at a larger rate.

# %%
for batch_size, rate in ((8, 0.1), (256, 0.1), (256, 0.6)):
    run = train_to_loss(
        SIZES,
        data,
        seeds=range(by_size(tiny=1, cpu=2, gpu=16)),
        batch_size=batch_size,
        lr=rate,
        target=target,
    )
    tops = [
        hessian_eigenvalues(mlp_with(SIZES, w.cpu()), cross_entropy, pair, tol=1e-2).value
        for w in run.weights
    ]
    print(f"B = {batch_size:3d}, lr {rate}: sharpness {np.round(tops, 1)}, steps {run.steps}")

# %% [markdown]
# **Verdict: depends on the learning rate.** λmax at B = 512 over B = 8 is {{G1.ratio_fixed}} at a fixed
# learning rate, and {{G1.ratio_scaled}} where it grows with B: the order turns round. From B = 8 to 64
# the second rule keeps η/B, and λmax moves little ({{G1.lambda_scaled_8}} and {{G1.lambda_scaled_64}}).
# At 512 it is {{G1.lambda_scaled_512}}, below the limit 2/η = 3.1. So two things speak, the noise η/B
# and the limit 2/η, and B alone is neither.
#
# ### "Flat minima generalise better"
# Claim G2. Nine settings (three batch sizes, three learning rates), all at training loss 0.1. For each
# seed: the rank correlation of a measure with test accuracy over the nine.

# %%
g2 = ledger["G2"]["cpu"]["values"]
measures = {"λmax": "lambda", "trace": "trace", "Keskar": "keskar", "SAM": "sam"}
correlations = {name: g2[f"across_{key}"] for name, key in measures.items()}
show(correlation_plot(correlations, title="Nine settings, one dot a seed: 8 seeds"))

# %% [markdown]
# **Verdict: depends on the measure.** λmax {{G2.across_lambda}}, trace {{G2.across_trace}}, Keskar
# {{G2.across_keskar}}, SAM {{G2.across_sam}}. And correlation over settings is weak evidence: the
# settings differ in η/B, which may cause both. *Within* one setting, over seeds, λmax correlates with
# accuracy by {{G2.within_lambda}} (mean over the nine settings).
#
# | claim | verdict | because |
# |---|---|---|
# | G1: large batches find sharper minima | **depends** on the learning rate | ratio {{G1.ratio_fixed}} fixed, {{G1.ratio_scaled}} scaled |
# | G2: flat minima generalise better | **depends** on the measure; contested | correlations {{G2.across_lambda}} (λmax) to {{G2.across_sam}} (SAM) |
# | G3: sharpness is a property of the function | **fails** | λmax {{G3.lambda_1}} and {{G3.lambda_10}} for one function |
# | W1: full-batch descent on squared errors goes to 2/η and stays | **holds** at η = 0.2 and 0.4; at 0.1 not there yet | ratio {{W1.full_0p2}} and {{W1.full_0p4}}; {{W1.full_0p1}} |
# | W2: one mini-batch shows the sharpness of the set | **fails** | {{W2.inflation_16}} times at 16 examples |
#
# Measure them again: `python3 -m coursekit claims G1 G2 G3 W1 W2`.

# %% [markdown]
# ## 6.10 On a GPU
# The code above finds a GPU by itself and then takes more seeds. We ran the claims on one
# {{G1.gpu.device}}, with {{G1.gpu.ratio_fixed.seeds}} seeds: λmax at B = 512 over B = 8 was
# {{G1.gpu.ratio_fixed}} at a fixed learning rate and {{G1.gpu.ratio_scaled}} at a scaled one; the
# correlation of λmax with accuracy ({{G2.gpu.across_lambda.seeds}} seeds) was
# {{G2.gpu.across_lambda}}. In runs of 4,000 steps the ratio to the edge, over the last 30 %, was {{W1.gpu.full_0p1}}, {{W1.gpu.full_0p2}} and {{W1.gpu.full_0p4}} for η = 0.1,
# 0.2, 0.4: at 0.1 the climb goes on and has still not arrived.
#
# Every verdict is that of the CPU. One number reads otherwise: Keskar's correlation, whose interval
# reached 0 with eight seeds ({{G2.across_keskar}}), lies below 0 here:
# {{G2.gpu.across_keskar}}. SAM's stays around 0: {{G2.gpu.across_sam}}.
#
# Repeat them with `python3 -m coursekit claims G1 G2 W1` on a machine with a GPU. You ran on:

# %%
print(device_name(pick_device()), "|", num_seeds, "seeds at the edge,", num_steps, "steps")

# %% [markdown]
# ## Interview corner
# **"Do large batches converge to sharp minima?"**
# 1. *Direct answer*: "At a fixed learning rate they did, in our network and in Keskar's. Where the
#    learning rate grew with the batch, ours were flatter."
# 2. *Mechanism*: "Noise scales with η/B, and stability bounds λ by about 2/η. The batch alone sets
#    neither."
# 3. *Evidence*: "At equal training loss λmax at B = 512 over B = 8 was {{G1.ratio_fixed}} with the
#    learning rate fixed, and {{G1.ratio_scaled}} with it scaled."
# 4. *Practice*: "I compare at equal training loss, and report η beside B."
#
# *A weak answer*: "Yes, Keskar showed it", without the learning rate.
#
# *Follow-up*: "And are sharp minima worse?" (Section 6.9: it depends on the measure, and a ReLU network
# can be rescaled.)
#
# **"How would you measure the sharpness of a model with a billion weights?"**
# 1. *Direct answer*: "Hessian-vector products and Lanczos, with a residual."
# 2. *Mechanism*: "A product is the gradient of gradient times vector: about two gradients."
# 3. *Evidence*: "On our small network some ten to twenty products do."
# 4. *Practice*: "Evaluation mode, fixed data, weighted over batches, sharpest end rather than largest in
#    size; and I would say on how many examples, since a batch of 16 shows {{W2.inflation_16}} times too
#    much."
#
# *A weak answer*: "compute the Hessian", or "power iteration until it looks stable".
#
# Practise more of them here, in writing or aloud, with follow-ups and a rubric.

# %%
interview_corner("06_sharpness")

# %% [markdown]
# ## Recap
# - H v is the gradient of (gradient · v). No matrix, about two gradients.
# - An eigenvalue without its residual is a guess; a trace without its error too.
# - Full-batch descent with smooth activations and squared errors hovers at λ = 2/η, if it gets there.
# - Compare at equal training loss, on the same examples, in evaluation mode.
# - λmax, trace, Keskar and SAM change under a rescaling that changes nothing else.
#
# To read: Cohen et al. 2021 (arXiv:2103.00065); Keskar et al. 2017 (arXiv:1609.04836); Dinh et al. 2017
# (arXiv:1703.04933); Andriushchenko et al. 2023 (arXiv:2302.07011).

# %%
compare_predictions(
    "06_sharpness",
    {
        "batch": ("B = 8 against 512", "it depends on the learning rates"),
        "edge": ("Full-batch descent on squares, large lr", "stops near 2/lr"),
        "rescale": ("One layer times 10, the next over 10", "the sharpness"),
    },
)
