# %% [markdown]
# # 06 · How curved is the loss?
#
# | | |
# |---|---|
# | **Question** | How curved is the loss, and how do you measure that without a Hessian? |
# | **Difficulty** | hard |
# | **Importance** | every argument about flat minima, stability and SAM rests on these numbers |
# | **Your time** | part a, 6.1 to 6.4: 100 minutes; part b, 6.5 to the end: 80 minutes |
# | **Run time** | under a minute on two CPU cores |
# | **You need** | units 01 and 03; eigenvalues and eigenvectors of a symmetric matrix; Taylor's formula to second order; the variance of a sum; `torch.autograd.grad` |
#
# In this unit a **±** is half of a 95 % interval over seeds, always. Residuals and standard errors
# are called so. Numbers with ± in the text come from longer runs of ours, made beforehand and stored in
# the course's **ledger**; where a figure shows your own runs, the ledger's are drawn beside them.

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
from coursekit.models import mlp
from coursekit.notebook import (
    check,
    compare_predictions,
    mine_or_library,
    predict,
    predict_number,
    show,
)
from coursekit.plots import sharpness as figures
from coursekit.train import TrainConfig, losses, sharpness, train

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
predict_number(
    "06_sharpness",
    "half",
    "Such a run again at half the learning rate, long enough to arrive: where does the largest "
    "eigenvalue stay now, compared with before?",
    "times",
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
# ### Exercise 1 (3 points, 10 minutes): the product H v
# The check shows its losses as text, and prints a line that fetches the input that failed, loss
# included. A "tanh network 5" is a tiny network with 8 weights; 5 is the seed of its data. If torch
# says that an element "does not require grad": hint 2.
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
# **Change, predict, run**: divide by `step` in place of `2 * step` and leave `behind` out. How far off
# is a one-sided difference?
#
# At the smallest step both agree. Larger steps cross kinks of ReLU units, where the gradient jumps; and
# over a shorter way a jump weighs more. Autograd counts the second derivative at a kink as 0, and only
# a step that crosses none sees what autograd sees. For smooth activations there is no such gap.

# %% [markdown]
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

# %% [markdown]
# ### Exercise 2 (3 points, 12 minutes): power iteration with a residual
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
# **Change, predict, run**: give your function a start that is an eigenvector already,
# `power_iteration(lambda v: 3 * v, torch.ones(4), 5)`. What is its residual?
#
# Half of the check's cases hold a trap: power iteration returns the eigenvalue that is largest **in
# size**. If a direction curves strongly downwards, that one is negative, and no sharpness.

# %% [markdown]
# ### Build it: Lanczos with its residual (30 minutes, no marks)
# Power iteration throws away every vector but the last. **Lanczos** iteration keeps them. Row by row it
# builds an orthonormal basis Q of what it has met, and takes the highest Rayleigh quotient among *all
# combinations* of the rows: never worse than that of the last one alone, and it sees both ends of the
# spectrum. The library does the same; here it is yours, in about fifteen lines. The check names the
# milestones that you have reached, so run it after each:
#
# 1. **One product** (`num_steps` = 1). The basis is one row, $q_1$ = start / |start|. Return its
#    quotient and residual, as in exercise 2.
# 2. **A few products.** Next row: take $A q_k$, subtract its parts along *all* rows so far
#    ($w \leftarrow w - Q^T (Q w)$, twice, since the first time rounds), bring it to length one. Then
#    the small matrix $T = Q A Q^T$: its highest eigenvalue θ with eigenvector s. The combination is
#    $y = Q^T s$; return θ and the residual |A y − θ y|.
# 3. **No new direction.** Where w, after the subtractions, is shorter than $10^{-8}$ of $|A q_k|$, the
#    rows hold all there is to find from this start. Make no further row.
#
# <details><summary>Hint 1 (click to open)</summary>Keep the products A q of all rows too: A y is a combination of them.</details>
# <details><summary>Hint 2 (click to open)</summary><code>torch.linalg.eigh</code> gives eigenvalues in ascending order, and eigenvectors as columns.</details>
# <details><summary>Hint 3 (click to open)</summary>With the products as rows of M: T is <code>Q @ M.T</code>, and A y is <code>M.T @ s</code>.</details>


# %% solution="u06_lanczos"
def lanczos(product, start, num_steps):
    """(value, residual): the highest quotient in the basis, and how far off it can be.

    product: a function (P,) -> (P,), v -> A v for a symmetric A that is not 0 on any row; start:
    (P,), any norm but 0; num_steps: rows of the basis, the start included, >= 1; fewer where there
    is no new direction.
    """
    ### BEGIN SOLUTION
    rows, moved = [start / start.norm()], []
    while True:
        moved.append(product(rows[-1]))
        basis, products = torch.stack(rows), torch.stack(moved)
        if len(rows) == num_steps:
            break
        new = moved[-1]
        for _ in range(2):
            new = new - basis.T @ (basis @ new)
        if new.norm() <= 1e-8 * moved[-1].norm():
            break
        rows.append(new / new.norm())
    values, vectors = torch.linalg.eigh(basis @ products.T)
    value, mix = values[-1], vectors[:, -1]
    return value, (products.T @ mix - value * (basis.T @ mix)).norm()
    ### END SOLUTION


# %% check="u06_lanczos"
check("u06_lanczos", lanczos)

# %% [markdown]
# What you should see: on the network, your two functions from the same start. `operator @ v` is the
# library's Hessian-vector product; it keeps the graph of the gradient, which saves half of the work.

# %%
use_power = mine_or_library("u06_power_iteration", power_iteration)
use_lanczos = mine_or_library("u06_lanczos", lanczos)
operator = hessian_operator(model, cross_entropy, pair)
num_products = by_size(tiny=(2, 3, 4), cpu=(2, 4, 6, 8, 12, 16, 24))
residuals = {"power iteration": [], "Lanczos": []}
for name, method in (("power iteration", use_power), ("Lanczos", use_lanczos)):
    for k in num_products:
        starts = torch.randn(4, len(weights), generator=torch.Generator().manual_seed(4))
        k -= name == "power iteration"  # whose product for the quotient counts too
        found = [method(operator.__matmul__, v, k) for v in starts]
        residuals[name].append([float(r) / abs(float(value)) for value, r in found])
    print(f"{name}: {float(found[0][0]):.4f}, residual {float(found[0][1]):.4f}")
top = hessian_eigenvalues(model, cross_entropy, pair, tol=1e-4)
print(f"the library, {top.num_hvps} products: {top.value:.4f}, residual {top.residual:.4f}")
show(figures.lanczos_plot(num_products, residuals, title="One network, four starts"))

# %% [markdown]
# **What the figure says.** Power iteration gets close soon and then crawls: its line's slope is the
# second eigenvalue over the first. Lanczos needs a fraction of the products. Without the residual you
# would not know which of the two to believe. Every λmax of a network from here on comes from the
# library's Lanczos. **Change, predict, run**: take the subtraction out of your function (one line).
# What does the curve do?
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
# ### Exercise 3 (3 points, 8 minutes): Hutchinson with its error bar
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
# On the network: eight estimates at each number of probes, and how many of them miss the exact trace
# by more than twice their *own* standard error.

# %%
use_hutchinson = mine_or_library("u06_hutchinson", hutchinson)
generator = torch.Generator().manual_seed(3)
exact = hessian_trace(model, cross_entropy, pair)
probe_counts = by_size(tiny=(2, 4), cpu=(4, 16, 64))
estimates, errors = [], []
for k in probe_counts:
    drawn = torch.randint(0, 2, (8, k, len(weights)), generator=generator) * 2.0 - 1.0
    pairs_found = [use_hutchinson(operator.__matmul__, probes) for probes in drawn]
    estimates.append([float(value) for value, _ in pairs_found])
    errors.append([float(error) for _, error in pairs_found])
    missed = sum(
        abs(v - exact.value) > 2 * e for v, e in zip(estimates[-1], errors[-1], strict=True)
    )
    print(
        f"{k:3d} probes, {2 * k:3d} gradients of work: {estimates[-1][0]:.1f}, standard error "
        f"{errors[-1][0]:.1f}; {missed} of 8 miss by more than two of theirs"
    )
print(f"exact: {exact.value:.1f}, {exact.cost:.1f} gradients of work")
show(
    figures.estimates_plot(
        estimates, errors, exact.value, probe_counts, title=f"One network, loss {target}: 8 repeats"
    )
)

# %% [markdown]
# **What the figure says.** Hutchinson's estimates close in as 1/√K. Each bar is two of that estimate's
# own standard errors; eight a column are too few to count how often the bars are right. Over many
# repeats about nineteen of twenty hold the exact trace at 64 probes, and fewer at 4, since an error made
# of four numbers is itself a rough one.
#
# **Why Hutchinson at all?** The last line of the cell: the *exact* trace cost less than two probes. It
# uses that this network is piecewise linear (ReLU) and has ten outputs; then the curvature of each
# output is known in closed form, at a third of a gradient each. With a tanh, a GELU or an
# attention layer it does not apply, and with 50,000 outputs, as in a language model, it costs 17,000
# gradients. Hutchinson asks for products and nothing else. So: exact where it applies, random signs
# everywhere else, with their error.
#
# **Caveat.** Both numbers belong to the loss of *these* examples, at *these* weights.
#
# **Change, predict, run**: take `torch.randn` probes in place of signs. The mean stays; does the error?
#
# <details><summary>What we saw (click to open)</summary>Hardly, here. With randn the squares of the entries
# vary too, which adds twice the sum of the squared diagonal to the variance. For the matrix A above that is
# much, 30 on top of 25. A network's Hessian has its weight off the diagonal.</details>

# %% [markdown]
# ---
# ## Break. Part b: what these numbers are used for
#
# | | |
# |---|---|
# | **Question** | What do the measures say about a run, and what can't they say? |
# | **Your time** | 80 minutes |
# | **You need** | part a: λmax by products, the residual |
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
# ### Exercise 4 (3 points, 10 minutes): Keskar's sharpness
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
# ### Exercise 5 (3 points, 12 minutes): SAM's sharpness, weights restored
# `loss()` takes no argument and reads the tensors in `params`. |g| is the length over **all** tensors
# together, and it is not 0. Afterwards each weight must be what it was, bit for bit: the check calls
# your function twice, and the second result counts. `.grad` may hold something already when you are
# called; you may change it. (The check shows all weights in one line; your function gets them as two
# tensors of equal length.)
#
# <details><summary>Hint 1 (click to open)</summary><code>torch.autograd.grad(loss(), params)</code> gives one gradient a tensor and leaves <code>.grad</code> alone.</details>
# <details><summary>Hint 2 (click to open)</summary>Copies: <code>[p.detach().clone() for p in params]</code>.</details>
# <details><summary>Hint 3 (click to open)</summary>Change parameters under <code>torch.no_grad()</code>, with <code>p.add_(...)</code> and <code>p.copy_(...)</code>.</details>


# %% solution="u06_sam"
def sam_rise(loss, params, rho):
    """Rise of the loss after a step of length rho along the gradient, one number.

    loss: a function without arguments; params: list of tensors that require a gradient and that
    loss() reads; rho: > 0. Afterwards every parameter holds what it held before; .grad is yours.
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
# slope, not the curvature. **Change, predict, run**: halve ρ from 0.01 on. When does halving ρ halve the
# rise?
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
# stability**. See it first where it is clean: squared errors, tanh, and weights of half the usual size,
# so that the run begins well below the edge.

# %%
num_steps = by_size(tiny=20, cpu=480, gpu=1600)
num_seeds = by_size(tiny=2, cpu=4, gpu=6)
edge_data = load("mnist1d", num_train=256)
climb = follow_edge(
    (40, 32, 32, 10),
    edge_data,
    lrs=(0.15, 0.3),
    seeds=range(num_seeds),
    record_steps=[round(num_steps * share / 10) for share in range(11)],
    init_scale=0.5,
)
runs_of = {f"your runs, η = {rate:g}": climb.ratio[i].T for i, rate in enumerate(climb.lrs)}
show(
    figures.edge_plot(climb.steps, runs_of, title=f"A start well below the edge: {num_seeds} seeds")
)

# %% [markdown]
# At η = 0.3 every run climbs, meets the edge, overshoots a little, and then hovers around it. At half the
# rate the edge lies twice as high, and these runs are still on their way. How close a run is to the edge,
# late, is one number.
#
# ### Exercise 6 (2 points, 8 minutes): how close to the edge?
# `sharpness` holds λmax at successive records of one run, made at `steps`; records need not be equally
# far apart. The threshold is 2(1 + β)/η. Return the mean of sharpness/threshold over the records of the
# **last 30 % of the run**: those whose step is at least 0.7 times the last step. (A run that does not get
# there has a ratio below one: return it.)
#
# <details><summary>Hint 1 (click to open)</summary>Divide every record by the threshold.</details>
# <details><summary>Hint 2 (click to open)</summary>Which records have <code>step >= 0.7 * steps[-1]</code>?</details>
# <details><summary>Hint 3 (click to open)</summary>Average those, each counted once, whether above or below 1.</details>


# %% solution="u06_edge_ratio"
def edge_ratio(steps, sharpness, lr, momentum):
    """Mean of sharpness/threshold over the records of the last 30 % of the run, one number.

    steps: list of ascending whole numbers, the last above 0; sharpness: list of as many numbers
    > 0; lr: > 0; momentum: 0 <= beta < 1, 0 for plain descent. A record at exactly 0.7 times the
    last step counts.
    """
    ### BEGIN SOLUTION
    late = [s for step, s in zip(steps, sharpness, strict=True) if step >= 0.7 * steps[-1]]
    return sum(late) / len(late) * lr / (2 * (1 + momentum))
    ### END SOLUTION


# %% check="u06_edge_ratio"
check("u06_edge_ratio", edge_ratio)

# %% [markdown]
# Now the usual weights, three rates, and the same records as in the ledger's runs of the same networks,
# which are longer (1,600 steps against your 480, eight seeds). Both are in the figure, and both are
# averaged by your function's definition.

# %%
runs = follow_edge(
    (40, 32, 32, 10),
    edge_data,
    lrs=(0.1, 0.2, 0.4),
    seeds=range(num_seeds),
    record_steps=[round(num_steps * share) for share in (0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1)],
)
use_edge = mine_or_library("u06_edge_ratio", edge_ratio)
edge_values = load_ledger()["W1"]["cpu"]["values"]
steps_run = [int(step) for step in runs.steps]
for i, tag in enumerate(("0p1", "0p2", "0p4")):
    logs = [[float(x) for x in log] for log in runs.sharpness[i]]
    yours = [float(use_edge(steps_run, log, float(runs.lrs[i]), 0.0)) for log in logs]
    print(
        f"η = {runs.lrs[i]}: yours, last 30 % of {num_steps} steps: {np.round(yours, 2)}; "
        f"ledger, of 1,600: {np.mean(edge_values[f'full_{tag}']):.2f}"
    )

# %%
shares = (0, 5, 10, 20, 30, 50, 70, 80, 90, 100)  # percent of the ledger's 1,600 steps
panels, points = {}, {}
for i, tag in enumerate(("0p1", "0p2", "0p4")):
    panels[f"η = {runs.lrs[i]:g}"] = runs.ratio[i].T
    points[f"η = {runs.lrs[i]:g}"] = (
        [16 * share for share in shares],
        [edge_values[f"path_{tag}_{share}"] for share in shares],
    )
title = f"Full batch, tanh, squares: your {num_seeds} seeds, and the ledger's 8, longer"
show(figures.edge_plot(runs.steps, panels, title=title, points=points, panels=True))

# %% [markdown]
# **What the figure says.** At η = 0.4 the start lies *above* the edge: the first steps throw the run
# into a flatter region, and then it comes back and hovers at 1. At 0.2 it starts at the edge, falls below
# it, climbs back and stops climbing at 1. At 0.1 it falls too, and is still on its way up after 1,600
# steps. Over the last 30 % the ledger's ratio is {{W1.full_0p2}} at η = 0.2 and {{W1.full_0p4}} at 0.4.
# Yours are a little lower at 0.2, since after 480 steps some runs have only just arrived.
#
# So at these two rates the **learning rate** sets where the sharpness stays: at half the rate it is
# twice as high. SGD with batches of 16 stays below: after 1,600 steps, in the ledger, at
# {{W1.sgd_0p2}} for η = 0.2 and {{W1.sgd_0p4}} for 0.4.
#
# Does SGD train below the edge, then? λmax is the wrong curvature to ask. A step along a mini-batch's
# gradient g meets that batch's own Hessian, and what counts is gᵀHg/gᵀg. In the ledger, at η = 0.4 and
# B = 16, now after 3,200 steps, its mean over batches times η/2 is {{W3.batch_sharpness_16}}, while λmax·η/2 is {{W3.lambda_16}}
# (claim W3; `curvature.batch_sharpness`). And whether a step is stable can be asked without second
# derivatives: lengthen the step until the loss rises. In the ledger that takes {{W5.passes}} forward passes and gives,
# at the edge, {{W5.late_0p4}} of λmax; early in a run only {{W5.early_0p4}} of it, since the gradient
# does not point along the sharpest direction yet (claim W5; `curvature.critical_sharpness`).
#
# **Caveat.** Squared errors, and runs long enough to arrive: with cross-entropy the curvature falls again
# once the examples are fitted. Ours are smooth networks too. Do they have to be? **Change, predict, run**:
# `activation="relu"` in the `follow_edge` of the first figure. Does it still hover?
#
# <details><summary>What we saw (click to open)</summary>At η = 0.3 it does: all four seeds ended within a
# few percent of the edge. Smoothness makes the argument simple; this network got there without.</details>
#
# A network of 24 weights trains in a blink, so here you can move rate and batch size and see each run whole.
# Beside λ stands the **batch sharpness**: the curvature that a batch's own loss has along its own step.
# It opens at a rate at which this run is not at its limit. Raise the rate: from which one on does gradient
# descent stop climbing at 2/η? And what holds SGD below?

# %%
from coursekit.explorers.edge import edge

edge()

# %% [markdown]
# Try it where you can see everything: two layers of one weight each, one example. Every point of the
# curve is the same function. Where can gradient descent stay? What happens if it starts elsewhere?

# %%
from coursekit.explorers.valley import valley

valley()

# %% [markdown]
# ## 6.7 Compare at equal loss
# For the cross-entropy the Hessian fades as the predictions become certain. So whoever trained longer
# looks flatter. Two runs must be compared at one training loss, not after equal epochs.
#
# ### Exercise 7 (2 points, 8 minutes): sharpness at a given loss
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

    losses, sharpness: lists of equal length, two or more records in time order; target: > 0. The
    first record at or below the target counts.
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
# The same run shows a sharp minimum or a flat one, depending on when you look. **Change, predict, run**:
# a third goal, 0.01. Which of the two runs never gets there?
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
# ### Exercise 8 (2 points, 8 minutes): mend it
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
# Each batch picks its own steepest direction. So, **with the same weights in both**, the mean of the
# maxima is never below the maximum of the mean. (With other weights it may be: a batch of 99 with
# λmax 10 and one of a single example with 0 give a plain mean of 5, and 9.9 for the set.) On the ledger's network a single batch of 16 shows {{W2.inflation_16}} times the sharpness of the
# training set, one of 64 {{W2.inflation_64}} times, one of 256 {{W2.inflation_256}} times. Other ways to
# get a wrong number: dropout on, BatchNorm in training mode, weight decay counted in one run only.
#
# **Change, predict, run**: let the batches hold *sorted* examples, `inputs[inputs[:, 0].argsort()]`, and
# look at batches of 100. Which of the two numbers moves, and which way?

# %% [markdown]
# ## 6.9 Myth lab
# ### "A minimum's sharpness is a property of the function"
# ReLU lets a positive factor pass: relu(α a) = α relu(a). Multiply weights and bias of layer 1 by α,
# divide the weights of layer 2 by α, and leave its bias. Every output stays. What do four measures say?
# The fourth, *adaptive* SAM, measures the step relative to each weight, $|z / w| \le \rho$; so its radius
# is a share, 0.5, and not comparable with plain SAM's 0.05.

# %%
alphas = (0.1, 1.0, 10.0)
seeds = range(by_size(tiny=2, cpu=3, gpu=8))
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
title = f"One function at each α, your {len(seeds)} networks"
show(figures.rescaled_plot(alphas, says, title=title))

# %% [markdown]
# **Verdict: fails.** In the ledger's longer run λmax is {{G3.lambda_1}} at α = 1 and {{G3.lambda_10}} at α = 10,
# with the same outputs. A measure relative to each weight's own size (adaptive SAM) does not move. This
# does not say that flatness is meaningless: SGD does not visit all rescalings alike. It says that λmax
# *alone* proves nothing, and can't be compared between architectures.
#
# ### "Large batches find sharper minima"
# All runs stop at training loss 0.1. One rule keeps the learning rate at 0.1. The other lets
# it grow with B: 0.02, 0.16, 0.64 (in proportion to B up to 64; at 512 half of that).
# From the ledger, {{G1.ratio_fixed.seeds}} seeds:

# %%
g1 = load_ledger()["G1"]["cpu"]["values"]
sizes = (8, 64, 512)
rules = {"lr fixed at 0.1": "fixed", "lr grows with B": "scaled"}
show(
    figures.arms_plot(
        sizes,
        {name: [g1[f"lambda_{rule}_{b}"] for b in sizes] for name, rule in rules.items()},
        {name: [g1[f"accuracy_{rule}_{b}"] for b in sizes] for name, rule in rules.items()},
        title="MNIST-1D, N = 1,024, at training loss 0.1: ledger, 8 seeds",
    )
)

# %% [markdown]
# **What the figure says**, all from the ledger. Left: at a fixed rate λmax rises with B, at a rate that grows with B it
# falls. Right: the accuracy of the same runs. At the fixed rate it falls by about three points as λmax
# rises. But along the other line λmax falls from {{G1.lambda_scaled_8}} to {{G1.lambda_scaled_512}}
# and accuracy hardly moves. So λmax alone does not tell accuracy, even in runs of one network on one data
# set.
#
# Your own runs, smaller: two batch sizes at one learning rate, and the larger at a larger rate.

# %%
for batch_size, rate in ((8, 0.1), (256, 0.1), (256, 0.6)):
    run = train_to_loss(
        SIZES,
        data,
        seeds=range(by_size(tiny=1, cpu=2, gpu=8)),
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
# **Verdict: depends on the learning rate.** In the ledger λmax at B = 512 over B = 8 is {{G1.ratio_fixed}} at a fixed
# learning rate, and {{G1.ratio_scaled}} where it grows with B: the order turns round. From B = 8 to 64
# the second rule keeps η/B, and λmax moves little ({{G1.lambda_scaled_8}} and {{G1.lambda_scaled_64}}).
# At 512 it is {{G1.lambda_scaled_512}}, below the limit 2/η = 3.1. So two things speak, the noise η/B
# and the limit 2/η, and B alone is neither.
#
# ### "Flat minima generalise better"
# Nine settings (three batch sizes, three learning rates), all at training loss 0.1. For each
# seed: the rank correlation of a measure with test accuracy over the nine.

# %%
g2 = load_ledger()["G2"]["cpu"]["values"]
measures = {"λmax": "lambda", "trace": "trace", "Keskar": "keskar", "SAM": "sam"}
correlations = {name: g2[f"across_{key}"] for name, key in measures.items()}
title = f"Nine settings, one dot a seed: ledger, {len(correlations['SAM'])} seeds"
show(figures.correlation_plot(correlations, title=title))

# %% [markdown]
# **Verdict: depends on the measure.** The ledger's correlations: λmax {{G2.across_lambda}}, trace {{G2.across_trace}}, Keskar
# {{G2.across_keskar}}, SAM {{G2.across_sam}}. And correlation over settings is weak evidence: the
# settings differ in η/B, which may cause both. *Within* one setting, over seeds, λmax correlates with
# accuracy by {{G2.within_lambda}} (mean over the nine settings).
#
# The numbers are the ledger's.
#
# | claim | verdict | because |
# |---|---|---|
# | G1: large batches find sharper minima | **depends** on the learning rate | ratio {{G1.ratio_fixed}} fixed, {{G1.ratio_scaled}} scaled |
# | G2: flat minima generalise better | **depends** on the measure; contested | correlations {{G2.across_lambda}} (λmax) to {{G2.across_sam}} (SAM) |
# | G3: sharpness is a property of the function | **fails** | λmax {{G3.lambda_1}} and {{G3.lambda_10}} for one function |
# | W1: full-batch descent on squared errors goes to 2/η and stays | **holds** at η = 0.2 and 0.4; at 0.1 not there yet | ratio {{W1.full_0p2}} and {{W1.full_0p4}}; {{W1.full_0p1}} |
# | W2: one mini-batch shows the sharpness of the set | **fails** | {{W2.inflation_16}} times at 16 examples |
# | W3: mini-batch SGD is at the edge too, by its batches' own curvature | **holds** at η = 0.4 | {{W3.batch_sharpness_16}}, {{W3.batch_sharpness_32}}, {{W3.batch_sharpness_64}} of 2/η at B = 16, 32, 64 |
# | W4: momentum β has two edges, 2(1 − β)/η and 2(1 + β)/η | **depends**: both are moved so, B = 16 misses its place (GPU) | {{W4.gpu.batch_sharpness_small_4}}, {{W4.gpu.batch_sharpness_small_16}} of 2/η at B = 4, 16; {{W4.gpu.lambda_full}} full |
# | W5: forward passes along the step show λmax | **depends**: at the edge, not before | {{W5.late_0p4}} and {{W5.early_0p4}} of λmax |
#
# The letters are the claims' names in the ledger. Measure them again:
# `python3 -m coursekit claims G1 G2 G3 W1 W2 W3 W5`.

# %% [markdown]
# ## 6.10 On a GPU
# <details><summary>The ledger's GPU numbers (click to open)</summary>
#
# The code above finds a GPU by itself and then takes more seeds. We ran the claims on one
# {{G1.gpu.device}}, with {{G1.gpu.ratio_fixed.seeds}} seeds: λmax at B = 512 over B = 8 was
# {{G1.gpu.ratio_fixed}} at a fixed learning rate and {{G1.gpu.ratio_scaled}} at a scaled one; the
# correlation of λmax with accuracy ({{G2.gpu.across_lambda.seeds}} seeds) was
# {{G2.gpu.across_lambda}}. In runs of 4,000 steps the ratio to the edge, over the last 30 %, was {{W1.gpu.full_0p1}}, {{W1.gpu.full_0p2}} and {{W1.gpu.full_0p4}} for η = 0.1,
# 0.2, 0.4: at 0.1 the climb goes on and has still not arrived.
#
# With mini-batches, {{W3.gpu.batch_sharpness_16.seeds}} seeds and 9,600 steps: the batches' own curvature at B = 16 came to
# {{W3.gpu.batch_sharpness_16}} of 2/η. And momentum, which only a GPU measured: at β = 0.9 batches of 4
# settle at {{W4.gpu.batch_sharpness_small_4}} of 2/η, near 1 − β, and the full batch at {{W4.gpu.lambda_full}},
# which is 1 + β. One factor for both would be wrong by nineteen. Batches of 16 lie between
# the two ({{W4.gpu.batch_sharpness_small_16}}), so the claim's verdict is "depends".
#
# Every claim that the CPU ran too has the same verdict here. One number reads otherwise: SAM's
# correlation, on the CPU {{G2.across_sam}}, is not told from 0 here: {{G2.gpu.across_sam}}. Keskar's is
# {{G2.gpu.across_keskar}}, on the CPU {{G2.across_keskar}}.
#
# </details>
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
#    learning rate fixed, and {{G1.ratio_scaled}} with it scaled." (the ledger's)
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
#    much." (the ledger's)
#
# *A weak answer*: "compute the Hessian", or "power iteration until it looks stable".
#
# Practise more of them here, in writing or aloud, with follow-ups and a rubric.

# %%
from coursekit.interview.widget import interview_corner

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
        "batch": ("B = 8 against 512", "it depends on the learning rates", "section 6.9"),
        "edge": ("Full-batch descent on squares, large lr", "stops near 2/lr", "section 6.6"),
        "half": ("At half the learning rate", "2 times as high", "section 6.6"),
        "rescale": ("One layer times 10, the next over 10", "the sharpness", "section 6.9"),
    },
)
