# %% [markdown]
# # 03 · Why does a large learning rate need a gentle start?
#
# | | |
# |---|---|
# | **Question** | Why do recipes begin with tiny steps, and when is that of any use? |
# | **Difficulty** | medium |
# | **Importance** | the usual cure for "it diverged at step 3"; often prescribed for the wrong disease |
# | **Your time** | part a (3.1 to 3.6) 75 minutes, its build 30 more; part b (3.7 to the end) 65 |
# | **Run time** | about a minute on two CPU cores |
# | **You need** | units 00 and 01; eigenvalues of a symmetric matrix (`torch.linalg.eigvalsh`); the chain rule |

# %% prelude
import math
from functools import partial

import torch
from torch import nn

from coursekit.claims import load_ledger
from coursekit.curvature import ggn_operator, hessian_operator, lanczos_eigenvalues
from coursekit.data import load
from coursekit.device import by_size, device_name, pick_device
from coursekit.explorers.gentle_start import gentle_start
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
from coursekit.plots.warmup import (
    curvature_plot,
    gain_plot,
    growth_plot,
    lengths_plot,
    lr_range_plot,
    schedule_plot,
)
from coursekit.plots.warmup_paths import instrument_plot, path_plot
from coursekit.replicas import run_grid
from coursekit.train import TrainConfig, sharpness, train

# %% [markdown]
# ## 3.1 Predict first

# %%
predict(
    "03_warmup",
    "five_times",
    "On a quadratic, gradient descent diverges above lr = 2/λ. A network starts with its largest "
    "curvature at λ, and lr is five times that limit. Its loss ...",
    ["grows without end", "falls from the first step", "jumps up, then falls", "stays at chance"],
)

# %%
predict(
    "03_warmup",
    "no_noise",
    "The weights are twice as large as usual, and at lr 2 a run with the full batch (no noise at "
    "all) dies. With a warmup to the same lr it ...",
    ["dies too", "lives", "lives on some seeds only"],
)

# %%
predict(
    "03_warmup",
    "grow",
    "One run divides lr by 4, twice. The other multiplies B by 4 instead, at the same epochs. The "
    "second reaches ...",
    ["less accuracy", "the same, in fewer steps", "more accuracy, in as many steps"],
)

# %%
predict_number(
    "03_warmup",
    "wall",
    "How many times 2/λ_max of its start can a network's largest lr be that still trains?",
    of="times",
)

# %% [markdown]
# ## 3.2 The limit on a quadratic
# Near a point the loss is a bowl, steep in some directions, flat in others. Along an eigenvector of
# the Hessian with curvature λ it is $\tfrac12 \lambda w^2$, the gradient is λw, and a step of
# gradient descent is a multiplication (η is the learning rate, `lr` in code and figures):
#
# $$ w \leftarrow w - \eta \lambda w = (1 - \eta\lambda)\, w . $$
#
# It shrinks w exactly when $|1 - \eta\lambda| < 1$, that is for **η < 2/λ**. At η = 1/λ it lands in
# the minimum; between 1/λ and 2/λ it overshoots and still comes closer; above 2/λ each overshoot is
# longer than the last. All directions share one η, so **one** of them decides: the largest, λ_max.
#
# **With momentum** m (velocity $v \leftarrow m v + \lambda w$, then $w \leftarrow w - \eta v$) two
# steps are tied together:
#
# $$ w_{t+1} = (1 + m - \eta\lambda)\, w_t - m\, w_{t-1} . $$
#
# A solution $w_t = r^t$ needs $r^2 - (1 + m - \eta\lambda)\, r + m = 0$. The two roots multiply to
# m. A complex pair has |r|² = m < 1, so it always shrinks. Stability can end only where a real root
# leaves through r = 1 (that is η = 0) or through r = −1. The exercise asks for that second place.
#
# ### Exercise 1 (2 points, 8 minutes): the largest stable learning rate
#
# <details><summary>Hint 1 (click to open)</summary><code>torch.linalg.eigvalsh</code> gives the
# eigenvalues of a symmetric matrix. Which of them decides?</details>
# <details><summary>Hint 2 (click to open)</summary>Put r = −1 into the equation for r.</details>
# <details><summary>Hint 3 (click to open)</summary>Solve for η. At m = 0 it must give 2/λ.</details>


# %% solution="u03_stable_lr"
def largest_stable_lr(hessian, momentum):
    """Learning rate at the edge: above it gradient descent on this quadratic diverges.

    hessian: (P, P), symmetric, all eigenvalues positive; momentum: m, 0 <= m < 1, in the form
    v <- m v + gradient, w <- w - lr v. One number.
    """
    ### BEGIN SOLUTION
    steepest = torch.linalg.eigvalsh(hessian)[-1]
    return 2 * (1 + momentum) / steepest
    ### END SOLUTION


# %% check="u03_stable_lr"
check("u03_stable_lr", largest_stable_lr)

# %% [markdown]
# Check it by walking: 2000 steps just below the edge, and just above. *Change this, predict, run:*
# in the next cell 0.9 becomes 0.99. How far does the edge move?

# %%
use_stable = mine_or_library("u03_stable_lr", largest_stable_lr)
bowl = torch.tensor([[5, 2, 0], [2, 3, 1], [0, 1, 1]], dtype=torch.float64)
for m in (0.0, 0.9):
    edge = float(use_stable(bowl, m))
    for share in (0.98, 1.02):
        w, velocity = torch.ones(3).double(), torch.zeros(3).double()
        for _ in range(2000):
            velocity = m * velocity + bowl @ w
            w = w - share * edge * velocity
        print(f"momentum {m}: lr = {share} x {edge:.3f}, distance after 2000 steps {w.norm():.1e}")

# %% [markdown]
# Momentum *raises* the edge, almost to twice: at the edge the steps alternate, and the old velocity
# holds them back.
#
# ## 3.3 Myth lab: "training diverges above 2/λ"
# So measure a network before its first step (λ_max: the largest eigenvalue of the Hessian of its
# training loss), and stay below 2/λ_max? Let us see where training really ends. Every learning rate,
# several seeds, constant lr.
#
# Beside your runs the figures show the **ledger's**: the same settings, run beforehand with other
# seeds and kept with each seed's result. N: training examples, B: batch size. Yours have the same N,
# B and length wherever this table names them; your seeds are fewer, or others.
#
# | section | the ledger's runs | yours |
# |---|---|---|
# | 3.3 | N=2048, B=256, 20 epochs, {{L7.limit.seeds}} seeds | the same, 4 seeds |
# | 3.4, 3.5 | N=512, full batch, 40 steps, {{V1.settled.seeds}} and {{V2.warm_lambda_16.seeds}} seeds | the same, 8 seeds |
# | 3.6, 3.7 | N=4096, B=256 or 1024, 20 epochs, {{L8.sharp_gain.seeds}} seeds | the same, 8 other seeds |
# | 3.7, lr tuned | N=2048, B=256, 20 epochs, {{V3.he_gain.seeds}} seeds | none |
# | 3.8 | N=2048, B=128, 512 and 2048, 80 steps, {{N6.full_gain.seeds}} seeds | B=512 and 2048, 8 seeds |
# | 3.10 | N=4096, B=32 at first, 24 epochs, {{L11.growth.seeds}} seeds | N=1024, B=8 at first, 4 seeds |

# %%
num_examples = by_size(tiny=256, cpu=2048, gpu=4096)
num_epochs = by_size(tiny=2, cpu=20)
num_seeds = by_size(tiny=2, cpu=4, gpu=32)
B = num_examples // 8
sizes = (40, 64, 64, 10)
data = load("mnist1d", num_train=num_examples)
ledger = {name: entry["cpu"]["values"] for name, entry in load_ledger().items() if "cpu" in entry}


def accuracies(runs, **arm):
    """Test accuracy in %, one number a seed; a run that diverged counts as chance."""
    return (100 * runs.at(**arm).values("test_accuracy", diverged_as=0.1)).ravel().tolist()


lrs = [2.0**k for k in range(-3, 4)]
runs = run_grid(
    sizes,
    data,
    seeds=range(num_seeds),
    batch_sizes=(B,),
    lrs=lrs,
    num_epochs=num_epochs,
    progress=False,
)
mine = [accuracies(runs, lr=lr) for lr in lrs]

# %%
stored = {k.removeprefix("accuracy_lr"): v for k, v in ledger["L7"].items() if "_lr" in k}
stored = dict(sorted(stored.items(), key=lambda pair: float(pair[0])))
curves = {
    f"N=2048, B=256, {len(ledger['L7']['limit'])} seeds (the ledger's)": (
        [float(lr) for lr in stored],
        list(stored.values()),
    ),
    f"N={num_examples}, B={B}, {num_seeds} seeds (yours)": (lrs, mine),
}
limit, _ = t_interval(ledger["L7"]["limit"])
show(lr_range_plot(curves, limit=limit, title="MNIST-1D, MLP, constant lr: where training ends"))

# %% [markdown]
# **What the figure says.** Training does not end at the dotted line: it is at its *best* far to the
# right of it, in your runs as in the ledger's. Say that a run still trains if its test accuracy ends
# above 20 %. In the ledger the largest lr of a seed that does is {{L7.over_limit}} times 2/λ_max of its
# start ({{L7.largest_alive}} against {{L7.limit}}). The sentence **fails**.
#
# **Caveat.** There *is* a wall, near lr = 3 here. 2/λ_max at the start just doesn't tell where.
#
# ## 3.4 The catapult
# The quadratic is wrong in one point: it thinks that λ is a constant. The smallest model in which λ
# can change has two weights, the output $f = u\,v$, and the loss $\tfrac12 f^2$. The gradient
# of f is (v, u), so the curvature along it is
#
# $$ \lambda = |\nabla f|^2 = u^2 + v^2 . $$
#
# At f = 0 this is the top eigenvalue of the loss's Hessian. Elsewhere the Hessian has a further term;
# here λ always means u² + v².
#
# ### Exercise 2 (2 points, 5 minutes): walk and measure
# Take `num_steps` steps of gradient descent on $\tfrac12 (u v)^2$ and return u² + v² after them.
#
# <details><summary>Hint 1 (click to open)</summary>By the chain rule the derivative of the loss with
# respect to u is f · v.</details>
# <details><summary>Hint 2 (click to open)</summary>Both weights move at the same time, from the same
# point.</details>
# <details><summary>Hint 3 (click to open)</summary>After every step f is a new number.</details>


# %% solution="u03_catapult"
def sharpness_after(u, v, lr, num_steps):
    """u^2 + v^2 after num_steps steps of gradient descent on the loss (u v)^2 / 2, one number.

    u, v: the two weights before the first step; lr: constant; num_steps >= 1.
    """
    ### BEGIN SOLUTION
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return u**2 + v**2
    ### END SOLUTION


# %% check="u03_catapult"
check("u03_catapult", sharpness_after)

# %% [markdown]
# *Change this, predict, run:* from (2, 1) take one step with lr 0.5, and from (2, 1) again one with lr 1, in
# a cell of your own. After which of them is u² + v² larger than 5?
#
# Now multiply out. With $u' = u - \eta f v$ and $v' = v - \eta f u$:
#
# $$ f' = u' v' = f\,\bigl(1 - \eta\lambda + \eta^2 f^2\bigr), \qquad
#    \lambda' = u'^2 + v'^2 = \lambda + \eta f^2\,(\eta\lambda - 4) . $$
#
# Read them together, for a small f:
#
# - **η < 2/λ**: f shrinks. The bowl.
# - **2/λ < η < 4/λ**: f grows, as on the quadratic. But the last bracket is negative, so each step
#   *lowers* λ, the more the larger f is. Sooner or later λ < 2/η, and f shrinks again. The run
#   has thrown itself into a flatter place: the **catapult**.
# - **η > 4/λ**: λ grows too, and nothing brings it back.

# %%
use_after = mine_or_library("u03_catapult", sharpness_after)
u, v = 2.0, 0.2
start = u * u + v * v
for times in (0.9, 1.5, 1.9, 2.1):  # your function against the formula, after one step
    eta = 2 * times / start
    formula = start + eta * (u * v) ** 2 * (eta * start - 4)
    assert math.isclose(float(use_after(u, v, eta, 1)), formula, rel_tol=1e-4)


def walk(u, v, eta, count):
    """The points (u, v) of gradient descent on (u v)^2 / 2, the start first."""
    points = [(u, v)]
    while len(points) <= count:
        u, v = u - eta * u * v * v, v - eta * u * u * v
        points.append((u, v))
    return points


paths = {times: walk(u, v, 2 * times / start, 14) for times in (0.9, 1.5, 1.9)}
show(path_plot(paths, title="Two weights: where lr = 0.9, 1.5 and 1.9 times 2/λ leads"))

# %% [markdown]
# Look at one panel. Loss is zero on both axes; the dotted circle is λ = 2/η. Inside it a step comes
# closer to the axis, outside it each jump across is longer than the last. Left: the start is inside.
# Middle and right: the path swings wider and wider, and each long swing cuts u, until it has been
# thrown inside the circle. There it settles, on a flatter point of the same axis.

# %% [markdown]
# ### The same on a network
# In the toy λ ends far below the limit: f was large when it turned, and each step took some of λ. A
# network has other directions to learn from afterwards. Full-batch gradient descent (so: no
# noise), at half, five and twenty times 2/λ_max, with the real Hessian's λ_max measured on the way.

# %%
# Runs and records only. What counts is the figure below.
shown_steps = by_size(tiny=(0, 1, 4), cpu=(0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40))
few = load("mnist1d", num_train=by_size(tiny=64, cpu=512, gpu=2048), device=pick_device())
trace_seeds = range(by_size(tiny=1, cpu=8))


def held(values):
    """All steps shown: a run whose numbers overflow is drawn at its last finite value."""
    finite = [value for value in values if math.isfinite(value)]
    return finite + [finite[-1]] * (len(shown_steps) - len(finite))


# %%
def follow(schedule_of, init_scale=1.0):
    """Full-batch steps for each seed: λ_max (steps, seeds), losses (steps, seeds), lrs."""
    curvatures, losses, used = [], [], []
    for seed in trace_seeds:
        g = torch.Generator().manual_seed(seed)
        model = mlp(sizes, generator=g, init_scale=init_scale).to(pick_device())
        schedule = schedule_of(sharpness(model, few)["sharpness"])
        config = TrainConfig(
            batch_size=len(few.train_inputs),
            num_steps=shown_steps[-1] + 1,
            lr_schedule=schedule,
            measures=(sharpness,),
            record_steps=shown_steps,
        )
        history = train(model, few, config, rng=g)
        curvatures.append(held(history.recorded["sharpness"]))
        seen = [history.losses[step] for step in shown_steps if step < len(history.losses)]
        losses.append(held(seen))
        used.append([schedule(step) for step in shown_steps])
    return [list(zip(*rows, strict=True)) for rows in (curvatures, losses, used)]


# %%
over, losses = {}, {}
for times in (0.5, 5.0, 20.0):
    name = f"{times:g} × 2/λ"
    lam, losses[name], used = follow(lambda start, k=times: lambda step: 2 * k / start)
    over[name] = [
        [c * lr / 2 for c, lr in zip(*at, strict=True)] for at in zip(lam, used, strict=True)
    ]

# %%
title = f"Full batch, constant lr, {len(trace_seeds)} seeds (bands: 95 %)"
show(curvature_plot(shown_steps, over, losses, title=title, over_limit=True))

# %% [markdown]
# **What the figure says.** At five times the limit the loss first rises, and λ falls. In the ledger's
# {{V1.settled.seeds}} seeds of the same runs the loss rises to {{V1.spike}} times its first value, λ
# falls from five times 2/lr to {{V1.times5_lambda_3}} times after three steps, and then climbs again
# while training goes on: over steps 8 to 40, lr·λ/2 is {{V1.settled}} on average, nearer to two than
# to one. At twenty times most runs die: the ledger's end at a loss of {{V1.times20_last_loss}}, and
# guessing is ln 10 = 2.30.
#
# So **λ adapts to the learning rate**, within limits. That is why 2/λ_max at the start is no wall.
#
# **Caveat.** Papers show runs that hover at 1. That needs a smooth loss (unit 06). With ReLU and
# cross-entropy λ stays above the limit, and the run lives.

# %% [markdown]
# ### Build it: your own instrument (30 minutes, no marks)
# `sharpness` above is a black box. Make one of your own, in two milestones, and point it at a run.
#
# **Milestone 1 (10 minutes).** The largest curvature without a Hessian: you get the function
# v → Hv. Start from `start`; each round multiplies by H and makes the length one again. Return v'Hv of
# the last v of length one. `num_products` products in all, the one in v'Hv included.
#
# <details><summary>Hint 1 (click to open)</summary>With one product there is no round: only v'Hv.</details>
# <details><summary>Hint 2 (click to open)</summary>After each round divide the vector by its length.</details>
# <details><summary>Hint 3 (click to open)</summary>num_products − 1 rounds, then <code>v @ product(v)</code>.</details>


# %% solution="u03_build_top"
def top_curvature(product, start, num_products):
    """Rayleigh quotient v'Hv after power iteration, one number; it keeps its sign.

    product: the function v -> H v; start: (P,), of any length; num_products: whole, >= 1, how
    often product may be called.
    """
    ### BEGIN SOLUTION
    v = start / start.norm()
    for _ in range(num_products - 1):
        v = product(v)
        v = v / v.norm()
    return v @ product(v)
    ### END SOLUTION


# %% check="u03_build_top"
check("u03_build_top", top_curvature)

# %% [markdown]
# **Milestone 2 (20 minutes).** Gradient descent, with your instrument at each point: before
# the first step, and after every step. Products with the Hessian come from differentiating twice:
# `grad` with `create_graph=True`, then the gradient of `grad @ v`.
#
# <details><summary>Hint 1 (click to open)</summary>A run of n steps passes n + 1 points.</details>
# <details><summary>Hint 2 (click to open)</summary><code>torch.autograd.grad</code> returns a
# tuple. Ask it for a graph of the gradient, and to keep that graph for the next product.</details>
# <details><summary>Hint 3 (click to open)</summary>Work on a detached copy of the weights that asks for gradients;
# after a step detach, and ask for gradients again.</details>


# %% solution="u03_build_run"
def curvature_along(loss, weights, lr, num_steps, start, num_products):
    """Largest curvature at each point of a run: list of num_steps + 1 numbers, the start first.

    loss: function of a vector of weights; weights: (P,), where the run starts; lr: constant;
    num_steps: may be 0; start, num_products: for top_curvature, the same at each point.
    """
    ### BEGIN SOLUTION
    found, w = [], weights.detach().clone().requires_grad_()
    for _ in range(num_steps + 1):
        (grad,) = torch.autograd.grad(loss(w), w, create_graph=True)

        def product(v, grad=grad, w=w):
            return torch.autograd.grad(grad @ v, w, retain_graph=True)[0]

        v = start / start.norm()
        for _ in range(num_products - 1):
            v = product(v)
            v = v / v.norm()
        found.append(float(v @ product(v)))
        w = (w - lr * grad).detach().requires_grad_()
    return found
    ### END SOLUTION


# %% check="u03_build_run"
check("u03_build_run", curvature_along)

# %%
# The network of the last figure as a function of one vector of weights; lr at five times 2/λ.
use_along = mine_or_library("u03_build_run", curvature_along)
net = mlp(sizes, generator=torch.Generator().manual_seed(0)).to(pick_device())
names = [name for name, _ in net.named_parameters()]
shapes = [p.shape for p in net.parameters()]


def net_loss(w):
    """Cross-entropy on the training data at the weights w."""
    parts = [part.view(shape) for part, shape in zip(
        w.split([shape.numel() for shape in shapes]), shapes, strict=True)]  # fmt: skip
    logits = torch.func.functional_call(net, dict(zip(names, parts, strict=True)), few.train_inputs)
    return nn.functional.cross_entropy(logits, few.train_targets)


flat = nn.utils.parameters_to_vector(net.parameters()).detach()
probe = torch.randn(len(flat), generator=torch.Generator().manual_seed(1)).to(flat.device)
at_start = sharpness(net, few)["sharpness"]
lr = 5 * 2 / at_start
mine = use_along(net_loss, flat, lr, by_size(tiny=1, cpu=16), probe, by_size(tiny=3, cpu=25))
show(
    instrument_plot(
        [float(c) * lr / 2 for c in mine],
        first=at_start * lr / 2,
        title="Your instrument: full batch, lr = 5 × 2/λ of the start, one seed",
    )
)

# %% [markdown]
# **What you should see**: your first point on the library's diamond (power iteration may end a little
# below it); perhaps a rise in the first two steps; by the third or so a fall to about one; and then a
# zigzag, mostly between one and three: λ has adapted. *Change this, predict, run:* 25 products
# become 3. Which points move, and to which side?

# %% [markdown]
# ## 3.5 A start that is too sharp
# How steep is the loss before the first step? Take a net of L layers with ReLU and zero biases, and
# multiply every weight by s. The output grows by $s^L$. Its derivative with respect to one weight
# lacks that weight's factor: $s^{L-1}$. For a squared error the curvature is a square of such
# derivatives, so
#
# $$ \lambda \propto s^{2(L-1)} , $$
#
# sixteen-fold for three layers and s = 2. For cross-entropy the softmax saturates, which takes part
# of it back. Check (biases count a little less, so expect somewhat under 16):

# %%
one_hot = nn.functional.one_hot(few.train_targets, 10).float()
found = {}
for scale in (1.0, 2.0):
    net = mlp(sizes, generator=torch.Generator().manual_seed(0), init_scale=scale)
    net = net.to(pick_device())
    squared = ggn_operator(net, nn.MSELoss(), (few.train_inputs, one_hot))
    entropy = hessian_operator(net, nn.CrossEntropyLoss(), (few.train_inputs, few.train_targets))
    found[scale] = [lanczos_eigenvalues(op, 1, tol=1e-3).value for op in (squared, entropy)]
for i, name in enumerate(("squared error", "cross-entropy")):
    print(f"{name}: λ_max grows {found[2.0][i] / found[1.0][i]:.1f} times when weights double")

# %% [markdown]
# A start gets this sharp by an unlucky initialisation, by depth without normalisation, by a loss that
# sums. But a sharp start is also a *short* episode: outputs that are too large are the first
# thing that training shrinks, and the curvature falls with them. The run only has to survive its
# first steps, and that is what a warmup is for.
#
# ### Exercise 3 (2 points, 6 minutes): linear warmup
# The learning rate rises in equal parts to the peak and stays there. Steps count from 0. The first
# step already moves, and the **last** step of the warmup, number `warmup_steps - 1`, is the first
# at the peak. So `warmup_steps = 1` is no warmup: its one step is at the peak already. (This is so because
# the last step of a linear warmup is at the peak. In exercise 4 a warmup of 1 is one low step, and 0 means
# none; in exercise 6, too, 0 means none.)
#
# <details><summary>Hint 1 (click to open)</summary>There are warmup_steps equal parts. How many of
# them has step 0?</details>
# <details><summary>Hint 2 (click to open)</summary>The share of the peak is (step + 1) over
# warmup_steps, while that is below one.</details>
# <details><summary>Hint 3 (click to open)</summary><code>min</code> holds a share at one.</details>


# %% solution="u03_linear_warmup"
def linear_warmup(step, peak_lr, warmup_steps):
    """Learning rate at a step, one number.

    step: 0, 1, 2, ...; warmup_steps: whole, >= 1; 1 means no warmup.
    """
    ### BEGIN SOLUTION
    return peak_lr * min(1, (step + 1) / warmup_steps)
    ### END SOLUTION


# %% check="u03_linear_warmup"
check("u03_linear_warmup", linear_warmup)

# %% [markdown]
# *Change this, predict, run:* call your function with `warmup_steps` = 1. What is step 0?
#
# ### Exercise 4 (1 point, 3 minutes): constant warmup
# The older form: hold a low learning rate for exactly `warmup_steps` steps, then jump to the peak and
# stay there. So, unlike in exercise 3, the last step of the warmup is still low.
#
# <details><summary>Hint 1 (click to open)</summary>An <code>if</code> is enough.</details>
# <details><summary>Hint 2 (click to open)</summary>The steps of the warmup are 0 to warmup_steps − 1.
# </details>
# <details><summary>Hint 3 (click to open)</summary>With warmup_steps = 0 there is none.</details>


# %% solution="u03_constant_warmup"
def constant_warmup(step, peak_lr, warmup_lr, warmup_steps):
    """Learning rate at a step, one number.

    step: 0, 1, 2, ...; warmup_lr: the low rate itself; warmup_steps: whole, >= 0.
    """
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return warmup_lr
    return peak_lr
    ### END SOLUTION


# %% check="u03_constant_warmup"
check("u03_constant_warmup", constant_warmup)

# %% [markdown]
# *Change this, predict, run:* below, 16 steps of warmup become 4. Does the run live?
#
# ### What happens inside
# Weights × 2, peak lr 2, full batch again: once from the first step on, once with 16 steps of your
# warmup.

# %%
use_linear = mine_or_library("u03_linear_warmup", linear_warmup)
over, losses = {}, {}
for name, length in (("no warmup", 1), ("16 steps of warmup", 16)):
    lam, losses[name], used = follow(
        lambda start, w=length: lambda step: float(use_linear(step, 2.0, w)), init_scale=2.0
    )
    over[name] = [
        [c * lr / 2 for c, lr in zip(*at, strict=True)] for at in zip(lam, used, strict=True)
    ]
title = f"Weights × 2, peak lr 2, full batch, {len(trace_seeds)} seeds (bands: 95 %)"
show(curvature_plot(shown_steps, over, losses, title=title, over_limit=True))

# %% [markdown]
# **What the figure says.** Its left axis has λ in units of 2/lr, and with warmup that unit shrinks while lr
# rises: one on the axis is the limit. In the ledger's {{V2.warm_lambda_16.seeds}} seeds λ itself starts at
# {{V2.warm_lambda_0}} in both runs. Without warmup the first step is fifty times too long for it, and the
# loss explodes. With warmup the first step is a sixteenth of the peak: about three times too long, which a
# network survives (3.4). In the first half of the warmup λ falls faster than lr rises, to
# {{V2.warm_lambda_8}} at step 8. In the second half it falls no further: at step 16, one after lr has
# reached its peak, it is {{V2.warm_lambda_16}}, and on the axis the curve climbs again, to where a
# network lives. The loss ends at {{V2.warm_last_loss}}; without warmup ({{V2.none_last_loss.seeds}} seeds)
# it comes back only to {{V2.none_last_loss}} after 40 steps, little better than guessing (2.30). Small
# steps first, curvature falls, then large steps.
#
# **Caveat.** The curvature falls in the dead run too. Flat is not the same as trained.

# %% [markdown]
# ## 3.6 How long?
# Say you have the curvature λ_t before each step t of a run, t = 0 ... T − 1. Your warmup has a given
# length. How high may the **peak** be if lr shall never pass 2/λ_t?
#
# ### Exercise 5 (3 points, 10 minutes): the largest safe peak
# The learning rate at step t is that of exercise 3: a share of the peak, min(1, (t + 1)/warmup_steps).
# Return the largest `peak_lr` with lr(t) ≤ 2/λ_t at **every** step of the trace, also behind the warmup.
#
# <details><summary>Hint 1 (click to open)</summary>Each step alone allows a certain peak. Which one
# do you need of all these?</details>
# <details><summary>Hint 2 (click to open)</summary>Step t allows a peak of 2/λ_t over its share.
# </details>
# <details><summary>Hint 3 (click to open)</summary><code>torch.arange(len(sharpness))</code> makes
# the step numbers; <code>.clamp(max=1)</code> holds a share at one.</details>


# %% solution="u03_safe_peak"
def safe_peak(sharpness, warmup_steps):
    """Largest peak_lr such that lr exceeds 2 / sharpness at no step of the trace, one number.

    sharpness: (T,), the curvature before step 0, 1, ..., T - 1, all positive;
    warmup_steps: whole, 1 <= warmup_steps <= T.
    """
    ### BEGIN SOLUTION
    share = ((torch.arange(len(sharpness)) + 1) / warmup_steps).clamp(max=1)
    return (2 / (sharpness * share)).min()
    ### END SOLUTION


# %% check="u03_safe_peak"
check("u03_safe_peak", safe_peak)

# %% [markdown]
# *Change this, predict, run:* double every curvature of a trace. What happens to the safe peak?
#
# Apply it to two measured traces: the sharp start under a slow warmup, and the usual start at a
# small constant lr.

# %%
# Trains two networks to get the traces, then applies your function.
use_safe = mine_or_library("u03_safe_peak", safe_peak)
lengths = by_size(tiny=(1, 2, 4), cpu=(1, 2, 4, 8, 16, 32))
num_traced = by_size(tiny=4, cpu=48)
traces = {}
for name, scale, peak, length in (("weights × 2", 2.0, 1.0, 32), ("usual start", 1.0, 0.1, 1)):
    g = torch.Generator().manual_seed(1)
    model = mlp(sizes, generator=g, init_scale=scale).to(pick_device())
    config = TrainConfig(
        batch_size=len(few.train_inputs),
        num_steps=num_traced,
        lr_schedule=lambda step, p=peak, w=length: float(use_linear(step, p, w)),
        measures=(sharpness,),
        record_steps=range(num_traced),
    )
    traces[name] = torch.tensor(train(model, few, config, rng=g).recorded["sharpness"])
print("warmup of ... steps:  ", "".join(f"{w:7d}" for w in lengths))
for name, trace in traces.items():
    peaks = [float(use_safe(trace, w)) for w in lengths]
    print(f"{name}: safe peak lr", "".join(f"{p:7.2f}" for p in peaks), end="")
    print(f"   (λ from {trace[0]:.1f} to {trace[-1]:.1f})")

# %% [markdown]
# From the sharp start a short warmup buys nothing by this rule, since λ stays high for some steps;
# once it is long enough to see λ fall, each doubling buys about twice the peak. From the usual start
# it buys little at any length: there λ hardly falls, and the steps at the peak set the bound.
#
# **Caveat.** The rule is cautious, as 3.4 showed: a network survives steps above 2/λ. And the trace
# belongs to the run in which it was measured; other steps would have left other curvatures.
#
# ### So measure: warmups of several lengths, weights × 2, lr 2

# %%
# Your warmups as schedules: each inner function maps a step to a share of the peak.
arms = {"none": 1, "4 steps": 4, "16 steps": 16, "64 steps": 64}
schedules = {
    name: lambda n, w=w: lambda step: float(use_linear(step, 1.0, w)) for name, w in arms.items()
}
use_constant = mine_or_library("u03_constant_warmup", constant_warmup)
schedules["16 held at lr/16"] = lambda n: lambda step: float(use_constant(step, 1.0, 1 / 16, 16))
full_size = by_size(tiny=256, cpu=4096)
full = load("mnist1d", num_train=full_size)  # as many examples as the ledger's runs
runs = run_grid(
    partial(mlp, sizes, init_scale=2.0),
    full,
    seeds=range(2 * num_seeds),
    batch_sizes=(full_size // 16,),
    lrs=(2.0,),
    num_epochs=num_epochs,
    schedule=schedules,
    progress=False,
)
reached = {name: accuracies(runs, schedule=name) for name in schedules}
stored_arms = dict(
    zip(schedules, ("linear0", "linear4", "linear16", "linear64", "held16"), strict=True)
)
from_ledger = {name: ledger["L8"][f"sharp_{arm}"] for name, arm in stored_arms.items()}
title = f"Weights × 2, lr 2, N={full_size}, B={full_size // 16}, 20 epochs, {2 * num_seeds} seeds"
show(lengths_plot(reached, stored=from_ledger, title=title))

# %% [markdown]
# **What the figure says**, in your runs and in the ledger's: without warmup nearly every run ends at
# chance; 16 steps rescue them; 64 steps are no better than 16; a constant warmup of the same length is
# worse: a part of its runs dies at the jump, and those that live end lower, too. In the ledger's {{L8.sharp_gain.seeds}} seeds 16 steps of
# linear warmup are worth {{L8.sharp_gain}} points ({{L8.sharp_linear0}} % become {{L8.sharp_linear16}},
# with 64 steps {{L8.sharp_linear64}}; held: {{L8.sharp_held16}}).
#
# At the **usual** start, same lr, the ledger's gain is {{L8.he_gain}} points: none that these seeds show.

# %% [markdown]
# ### Play with it
# Two weights, output u·v, and now a target of 1. From (3, 2) the output is too large, and shrinking
# it lowers the curvature. From (4, 1) the curvature has nowhere to go: at the minimum it is nearly
# as high. Find a peak that only a warmup survives. Then try the second start. "Play" goes step by step.

# %%
gentle_start()

# %% [markdown]
# ## 3.7 Warmup in front of a decay
# Most recipes warm up and then decay along a cosine.
#
# ### Exercise 6 (3 points, 8 minutes): warmup, then cosine
# Steps 0 to `warmup_steps - 1` are the linear warmup of exercise 3. The remaining
# D = `num_steps - warmup_steps` steps are half a cosine, with its own count i = 0, 1, ..., D − 1:
# at i = 0 it is at the peak, at i = D/2 at half of it, and at i = D, one step **after** the run, it
# would be zero. So the last step still moves, and the peak comes twice: at the warmup's last step and
# at i = 0.
#
# <details><summary>Hint 1 (click to open)</summary>Treat the two pieces in an <code>if</code>.
# </details>
# <details><summary>Hint 2 (click to open)</summary>In the second piece i = step − warmup_steps.
# </details>
# <details><summary>Hint 3 (click to open)</summary>cos(π i/D) goes from 1 to −1. Lift it by one, then
# halve it.</details>


# %% solution="u03_warmup_cosine"
def warmup_cosine(step, peak_lr, warmup_steps, num_steps):
    """Learning rate at a step, one number.

    step: 0, 1, ..., num_steps - 1; 0 <= warmup_steps < num_steps; warmup_steps = 0: cosine alone.
    """
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    share = (step - warmup_steps) / (num_steps - warmup_steps)
    return peak_lr * (1 + math.cos(math.pi * share)) / 2
    ### END SOLUTION


# %% check="u03_warmup_cosine"
check("u03_warmup_cosine", warmup_cosine)

# %% [markdown]
# *Change this, predict, run:* in the next cell the warmup becomes 40 of 80 steps. Which curves move?

# %%
use_cosine = mine_or_library("u03_warmup_cosine", warmup_cosine)
shapes = {
    "linear warmup": [float(use_linear(t, 1.0, 16)) for t in range(80)],
    "constant warmup": [float(use_constant(t, 1.0, 1 / 16, 16)) for t in range(80)],
    "warmup + cosine": [float(use_cosine(t, 1.0, 16, 80)) for t in range(80)],
    "cosine alone": [float(use_cosine(t, 1.0, 0, 80)) for t in range(80)],
}
show(schedule_plot(shapes, title="Your schedules: peak 1, warmup 16 of 80 steps"))

# %% [markdown]
# ### What libraries make of "warmup 10"
# Yours starts at a tenth of the peak and reaches it at the tenth step. We drove 22 schedules of seven
# libraries with a warmup of 10 of 100 steps (`docs/trainers.md` in the repository, with versions):
#
# | what differs | for example |
# |---|---|
# | the first rate | 0 in transformers, Keras, timm, optax' warmup and cosine: that batch is wasted. DeepSpeed's `WarmupLR` wastes two |
# | the peak | never reached in timm's cosine as it comes: 0.976 of it at most; in one schedule of pytorch-optimizer the largest rate is 9.4 times the peak |
# | one step too many | rises again (torch, a cosine), falls below zero (pytorch-optimizer, a line), raises an error (`OneCycleLR`) |
# | momentum | `OneCycleLR` moves it too: 0.95 at first, then down to 0.85 |
# | other parameter groups | a tenth of the rate becomes the whole rate in three schedules of pytorch-optimizer |
#
# None of it is said while training. So print the rates of your schedule before a long run: `[schedule(t) for t in ...]`
# for a function, or step a scheduler on an optimizer with one weight.

# %% [markdown]
# ### Does it help? Ask in pairs
# One seed gives both arms the same start and the same order of examples. So compare **within**
# seeds: the gain of a seed is its accuracy with warmup minus its accuracy without. What the two
# runs share drops out.
#
# Some runs diverge. They have no accuracy, but they happened: leave them out, and the arm that kills
# its runs looks healthy. Count each as a guesser: 10 % with ten classes. A seed whose two runs both
# diverge has gain 0, and counts.
#
# ### Exercise 7 (2 points, 8 minutes): the lower end of the gain
# Return $\bar d - 2\, s/\sqrt{S}$: d are the S gains, $\bar d$ is their mean, and s their standard
# deviation with divisor S − 1. Rule for this unit: **warmup helps if this is above zero**. (The 2 is a
# rule of thumb. The figures take the exact factor for 95 %, which is 2.36 with 8 seeds.)
#
# <details><summary>Hint 1 (click to open)</summary>First replace None by chance, in percent.</details>
# <details><summary>Hint 2 (click to open)</summary>Then make one list: the differences.</details>
# <details><summary>Hint 3 (click to open)</summary><code>torch.tensor(gains).std()</code> has the
# divisor S − 1.</details>


# %% solution="u03_paired_gain"
def gain_lower_end(with_warmup, without):
    """Mean gain minus two standard errors, in points, one number.

    Both: lists of S >= 3 accuracies in percent, in the same order of seeds. None stands for a run
    that diverged: it counts as 10 percent.
    """
    ### BEGIN SOLUTION
    pairs = zip(with_warmup, without, strict=True)
    gains = torch.tensor(
        [(10.0 if a is None else a) - (10.0 if b is None else b) for a, b in pairs],
        dtype=torch.float64,
    )
    return gains.mean() - 2 * gains.std() / math.sqrt(len(gains))
    ### END SOLUTION


# %% check="u03_paired_gain"
check("u03_paired_gain", gain_lower_end)

# %% [markdown]
# *Change this, predict, run:* put a `None` into one list of your own. Which way does the lower end go?
#
# Now four settings from the usual start, at a large batch: lr 2 and 4, constant or followed by a
# cosine, each with and without 10 % of warmup.

# %%
# Four schedules, each mapping a step to a share of the peak; the last loop prints your function.
use_gain = mine_or_library("u03_paired_gain", gain_lower_end)
num_steps = by_size(tiny=8, cpu=80)
early = max(1, num_steps // 10)
factor = {
    "constant": lambda n: lambda step: 1.0,
    "warmup, constant": lambda n: lambda step: float(use_linear(step, 1.0, early)),
    "cosine": lambda n: lambda step: float(use_cosine(step, 1.0, 0, n)),
    "warmup, cosine": lambda n: lambda step: float(use_cosine(step, 1.0, early, n)),
}
runs = run_grid(
    sizes,
    full,
    seeds=range(2 * num_seeds),
    batch_sizes=(full_size // 4,),
    lrs=(2.0, 4.0),
    num_steps=num_steps,
    schedule=factor,
    progress=False,
)


def with_none(arm, lr):
    """Accuracies in %, None where the run diverged."""
    part = runs.at(schedule=arm, lr=lr)
    pairs = zip(part.test_accuracy.ravel().tolist(), part.diverged.ravel().tolist(), strict=True)
    return [None if dead else 100 * accuracy for accuracy, dead in pairs]


# %%
gains = {"sharp start, lr 2, constant, B=256 (ledger)": ledger["L8"]["sharp_gain"]}
for lr in (2.0, 4.0):
    for name in ("constant", "cosine"):
        arms = with_none(f"warmup, {name}", lr), with_none(name, lr)
        print(f"lr {lr:g}, {name:8s}: lower end {float(use_gain(*arms)):+6.1f} points (your runs)")
        counted = [[10.0 if a is None else a for a in arm] for arm in arms]
        what = f"lr {lr:g}, {name}, B={full_size // 4}"
        gains[f"{what} (yours)"] = [a - b for a, b in zip(*counted, strict=True)]
        gains[f"{what} (ledger)"] = ledger["L8"][f"{name}_lr{lr:g}_gain"]

# %%
title = f"What warmup is worth: N={full_size}, 20 epochs, {2 * num_seeds} seeds each"
xlabel = "gain in test accuracy, points (circle: clear of zero, square: not)"
show(gain_plot(gains, title=title, xlabel=xlabel))

# %% [markdown]
# **What the figure says.** Two gains are far from zero. From a sharp start warmup is worth
# {{L8.sharp_gain}} points in the ledger. At lr 4, where training with a constant lr ends (3.3), it is
# worth {{L8.cosine_lr4_gain}} in the ledger if a cosine follows, and about as much in your runs: the
# cosine soon leaves the dangerous lr, and the run only has to get that far. With lr 4 kept to the end
# the ledger has {{L8.constant_lr4_gain}}.
#
# At lr 2, which the network stands, look at your row and the ledger's **together**. They are the same
# setting with other seeds, and they need not agree: by the unit's rule warmup may help in yours before
# a cosine, and not in the ledger's ({{L8.cosine_lr2_gain}}). Eight seeds can't settle a gain of two or
# three points. {{L8.gpu.cosine_lr2_gain.seeds}} seeds can: in the ledger's GPU runs it is
# {{L8.gpu.cosine_lr2_gain}} points, small and there. And you took four looks, so one lower end just
# above zero may be luck; one far above is not. "A large lr needs warmup": **it depends.**
#
# ### And if lr is tuned?
# At lr 2 the sharp start without warmup is dead. But who would have used lr 2? Give **each** arm its
# own best lr, chosen on validation data: in the ledger 16 steps of warmup then gain {{V3.sharp_gain}} points from
# the sharp start (best lr {{V3.sharp_warm_lr.mean}} instead of {{V3.sharp_none_lr.mean}}) and
# {{V3.he_gain}} from the usual one (claim **V3**: {{V3.he_gain.seeds}} seeds can't tell that from half of
# the former; {{V3.gpu.he_gain.seeds}} on a GPU can, {{V3.gpu.he_gain}}: **depends**). So most of the {{L8.sharp_gain}}
# points were a badly chosen lr. Warmup's real gift is smaller: it lets you use the lr that the rest
# of the run wants.

# %% [markdown]
# ## 3.8 Myth lab: "warmup gives back the noise that the large batch lost"
# You hear it after "256 → 1024 lost accuracy". One fact speaks against it before any run: the noise
# of SGD goes with lr/B, and warmup *lowers* lr. Over its 16 steps the mean lr of the ledger's runs is
# {{N6.temperature_early}} of the peak.
#
# And there is a test that decides: take **all** the noise away. If warmup still helps with the full
# batch, noise is not what it cures.

# %%
runs = {}
for size in (num_examples // 4, num_examples):
    runs[size] = run_grid(
        partial(mlp, sizes, init_scale=2.0),
        data,
        seeds=range(2 * num_seeds),
        batch_sizes=(size,),
        lrs=(2.0,),
        num_steps=by_size(tiny=4, cpu=80),
        schedule={name: schedules[name] for name in ("none", "16 steps")},
        progress=False,
    )
gains = {}
for size, pair in runs.items():
    label = "full batch: no noise" if size == num_examples else f"B = {size}"
    arms = [accuracies(pair, schedule=name) for name in ("16 steps", "none")]
    gains[f"{label}\n(yours)"] = [a - b for a, b in zip(*arms, strict=True)]
gains["B = 512, N=2048\n(ledger)"] = ledger["N6"]["quarter_gain"]
gains["full batch, N=2048\n(ledger)"] = ledger["N6"]["full_gain"]
title = "Gain from 16 steps of warmup, weights × 2, lr 2"
show(gain_plot(gains, title=title, xlabel="gain in test accuracy, points"))

# %% [markdown]
# In the ledger's runs, which are yours with other seeds, warmup is worth {{N6.full_gain}} points with no
# noise at all, {{N6.quarter_gain}} at B = 512, and {{N6.sixteenth_gain}} at B = 128, with the most
# noise. (In 3.6 it was more because those runs go on for 320 steps, these for 80.) The sentence
# **fails**. Warmup cures early
# *instability*. What a larger batch loses is another matter: steps.

# %% [markdown]
# ## 3.9 Find the flaw
# This is a training loop with gradient accumulation, reduced to the learning rates that it uses.
# `num_examples` examples a pass, an optimizer step every `batch_size` examples, a warmup of
# `warmup_epochs` epochs. It runs, and the curve looks like a warmup.
#
# ```python
# def lrs_used(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
#     warmup_steps = warmup_epochs * (num_examples // batch_size)
#     accum_steps = batch_size // micro_batch_size
#     step, used = 0, []
#     for epoch in range(num_epochs):
#         for micro in range(num_examples // micro_batch_size):
#             lr = peak_lr * min(1, step / warmup_steps)
#             step += 1                                    # scheduler.step()
#             if (micro + 1) % accum_steps == 0:
#                 used.append(lr)                          # optimizer.step()
#     return used
# ```
#
# Two things are wrong. Mend it under these rules (the first one the loop keeps already):
#
# - an optimizer step takes `batch_size` examples; what is left at the end of an epoch and fills no
#   whole batch is dropped, and not carried over;
# - the warmup lasts `warmup_epochs` epochs of **optimizer steps**;
# - it is the linear warmup of exercise 3: the first optimizer step already moves, the last one of
#   the warmup is at the peak.
#
# ### Exercise 8 (3 points, 12 minutes): mend it
#
# <details><summary>Hint 1 (click to open)</summary>In which unit is <code>warmup_steps</code>, and in
# which does <code>step</code> count?</details>
# <details><summary>Hint 2 (click to open)</summary>What is lr at the very first optimizer step if
# every batch is one micro-batch?</details>
# <details><summary>Hint 3 (click to open)</summary>Count optimizer steps only. Then you may not need
# the inner loop at all.</details>


# %% solution="u03_warmup_loop"
def lrs_used(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    """Learning rate of each optimizer step, a list in order.

    batch_size is a multiple of micro_batch_size; 1 <= warmup_epochs <= num_epochs;
    num_examples >= batch_size.
    """
    ### BEGIN SOLUTION
    steps_per_epoch = num_examples // batch_size
    warmup_steps = warmup_epochs * steps_per_epoch
    return [
        peak_lr * min(1, (step + 1) / warmup_steps) for step in range(num_epochs * steps_per_epoch)
    ]
    ### END SOLUTION


# %% check="u03_warmup_loop"
check("u03_warmup_loop", lrs_used)

# %% [markdown]
# *Change this, predict, run:* copy the old loop into a cell of your own, and call it with `micro_batch_size`
# equal to `batch_size`. Which of its two flaws still shows?
#
# The first flaw divides the length of the warmup by the micro-batches of a batch, and nobody sees an
# error. A cousin of it: a recipe says "5 epochs of warmup", and the batch grows 8×. Then 5 epochs are
# an eighth of the steps. How few steps is too few?

# %%
use_lrs = mine_or_library("u03_warmup_loop", lrs_used)
for batch in (256, 2048):
    steps = use_lrs(0.4 * batch / 256, 5, 8, 50_000, batch, batch)
    peak = max(float(lr) for lr in steps)
    reached_at = next(i for i, lr in enumerate(steps) if float(lr) == peak)
    jump = float(steps[1]) - float(steps[0])
    print(f"B={batch}: peak {peak:.1f} at step {reached_at}; each step adds {jump:.5f} to lr")

# %% [markdown]
# Eight times the peak in an eighth of the steps: lr rises 64 times as fast for each step. Curvature
# needs *steps* to fall. A recipe may state its warmup in epochs; when the batch grows, keep the number
# of steps, so give it more epochs.
#
# ## 3.10 The other end of the run: grow the batch instead of decaying lr
# A second topic, and a good place for a break. A schedule has two hands on the same knob. A step moves
# by η g, g the gradient of the batch. Its random part has variance η² tr(Σ)/B, where tr Σ is the
# variance of one example's gradient, added over the weights (unit 01). In one epoch, N/B steps:
#
# $$ \text{distance along the gradient} \propto \frac{N}{B}\,\eta , \qquad
#    \text{random variance} \propto \frac{N}{B}\,\eta^2\,\frac{\operatorname{tr}\Sigma}{B}
#    = N \operatorname{tr}\Sigma \left(\frac{\eta}{B}\right)^{2} . $$
#
# Both depend on η/B alone. So dividing lr by 4 or multiplying B by 4 should be the same medicine per
# epoch, while η stays where the curvature allows it. Only, the second takes a quarter of the steps.
#
# ### Exercise 9 (3 points, 10 minutes): a batch schedule in place of a decay
# You have the old run's lr in each epoch (it never rises) at a fixed `batch_size`. The new run keeps
# η/B of the old run in **every** epoch. It holds lr at its first value and grows the batch. Where the
# batch would pass `max_batch_size`, it **is** `max_batch_size`, and lr falls by that part of the factor
# which the batch could not take over.
#
# <details><summary>Hint 1 (click to open)</summary>By which factor has lr fallen since epoch 0? The
# batch grows by the same.</details>
# <details><summary>Hint 2 (click to open)</summary><code>min</code> with max_batch_size.</details>
# <details><summary>Hint 3 (click to open)</summary>With the batch of an epoch known, which lr gives
# lr/B of the old run?</details>


# %% solution="u03_grow_batch"
def grow_instead(lrs, batch_size, max_batch_size):
    """List of pairs [batch size, learning rate], one an epoch.

    lrs: lr of the old run in each epoch, never rising, such that lrs[0] / lr is a whole number up
    to rounding (0.3 / 0.1 gives 2.9999999999999996: a 3); batch_size: its batch size;
    max_batch_size >= batch_size. A batch size is a whole number, written as int or float.
    """
    ### BEGIN SOLUTION
    plan = []
    for lr in lrs:
        size = min(round(batch_size * lrs[0] / lr), max_batch_size)
        plan.append([size, lr * size / batch_size])
    return plan
    ### END SOLUTION


# %% check="u03_grow_batch"
check("u03_grow_batch", grow_instead)

# %% [markdown]
# *Change this, predict, run:* set `few_examples // 2` below to 64. What takes over where the batch may not
# grow?

# %%
# The old plan, yours, and a training run of each: read the figure below.
use_grow = mine_or_library("u03_grow_batch", grow_instead)
epochs = by_size(tiny=4, cpu=24)
old = [0.25 * 0.25 ** ((e >= epochs // 2) + (e >= 3 * epochs // 4)) for e in range(epochs)]
few_examples = by_size(tiny=256, cpu=1024, gpu=4096)
plan = [[float(x) for x in pair] for pair in use_grow(old, 8, few_examples // 2)]
train_plan = partial(
    run_grid,
    sizes,
    load("mnist1d", num_train=few_examples),
    seeds=range(num_seeds),
    batch_sizes=(8,),
    lrs=(0.25,),
    num_epochs=epochs,
    progress=False,
)
per_epoch = few_examples // 8
decayed = train_plan(schedule=lambda n: lambda step: old[step // per_epoch] / 0.25)
grown = train_plan(batch_growth=lambda epoch: plan[epoch][0] / 8)
constant = train_plan(schedule=lambda n: lambda step: 1.0)

# %%
plans = {
    "lr / 4": (old, [8] * epochs),
    "B × 4": ([p[1] for p in plan], [p[0] for p in plan]),
    "neither": ([0.25] * epochs, [8] * epochs),
}
ran = {"lr / 4": decayed, "B × 4": grown, "neither": constant}
reached = {name: accuracies(runs) for name, runs in ran.items()}
updates = {name: float(runs.num_steps[0]) for name, runs in ran.items()}
differences = [a - b for a, b in zip(reached["B × 4"], reached["lr / 4"], strict=True)]
mean, half = t_interval(differences)
print(f"your runs: B × 4 minus lr / 4, paired by seed: {mean:+.1f} ± {half:.1f} points")
title = f"lr/4 or B×4, twice: N={few_examples}, {num_seeds} seeds, {epochs} epochs"
show(growth_plot(plans, reached, updates, title=title))

# %% [markdown]
# **What the figure says.** On the left the two plans lie on each other. On the right they
# reach the same accuracy, one in far fewer steps; the third arm, which does neither, shows what there
# was to reproduce. (The bars are those of each arm. Pairing by seed is not drawn: the printed
# difference is narrower than the bars suggest.) In the ledger's runs, with four times the examples,
# growth minus decay is {{L11.growth_minus_decay}} points, paired, in {{L11.growth_updates.mean}} updates
# against {{L11.decay_updates.mean}}, and the decay itself is worth {{L11.decay_minus_constant}} points. (In
# your figure it may be worth several times that: yours has fewer examples and another first batch, and
# which of the two does it was not measured. Compare growth with decay inside each setting.)
# "Growing B equals decaying lr" **holds** for plain SGD at equal epochs; other optimizers were not tried.
#
# **Caveat.** It ends where B comes near N, or where η is at its limit: then only lr can give. And
# fewer *steps* are a gain only if a large batch costs no more time.
#
# **Verdicts of this unit**, with the ledger's numbers.
#
# <details><summary>The table, with the claims' ids (click to open)</summary>
#
# | claim | verdict | because |
# |---|---|---|
# | L7: training diverges above 2/λ_max of the start | **fails** | it lives up to {{L7.over_limit}} times that |
# | V1: at five times, λ falls to between half and 2.5 times 2/lr | **holds** | lr·λ/2 settles at {{V1.settled}} |
# | V2: warmup lets λ fall before the steps grow | **holds** | λ at the peak: {{V2.warm_lambda_16}} |
# | L8: a large lr needs warmup | **depends** | sharp start {{L8.sharp_gain}}, usual {{L8.he_gain}} points |
# | V3: also when lr is tuned | **depends** (on a GPU; open here) | sharp start {{V3.sharp_gain}}, usual {{V3.he_gain}} points |
# | N6: warmup restores lost noise | **fails** | full batch: {{N6.full_gain}} points |
# | L11: for plain SGD growing B equals decaying lr | **holds** | difference {{L11.growth_minus_decay}} points |
#
# </details>
#
# All with plain SGD on small perceptrons. Deep nets without normalisation, and Adam, whose first steps
# are long whatever the gradient, may need warmup more: not measured here. Measure again, in a terminal: `python3 -m coursekit claims L8 V3`.

# %% [markdown]
# ## 3.11 On a GPU
# <details><summary>The ledger's GPU numbers (click to open)</summary>
#
# The code above finds a GPU by itself and then takes more examples and more seeds. The claims have a
# larger form too: {{L8.gpu.sharp_gain.seeds}} seeds for most of them (V1 and V2 have
# {{V2.gpu.warm_lambda_16.seeds}}), and for V3 a small convnet from both starts, besides the perceptron. On a machine with a GPU:
# `python3 -m coursekit claims L7 L8 N6 L11 V1 V2 V3`.
#
# The ledger has them from one {{L8.gpu.device}}. The largest lr that trains was {{L7.gpu.over_limit}} times
# 2/λ_max ({{L7.gpu.over_limit.seeds}} seeds). Sixteen steps of warmup were worth {{L8.gpu.sharp_gain}}
# points from the sharp start and {{L8.gpu.he_gain}} from the usual one; eight steps at lr 4 before a
# cosine, {{L8.gpu.cosine_lr4_gain}}. With lr tuned in both arms: {{V3.gpu.sharp_gain}} and
# {{V3.gpu.he_gain}} for the perceptron, {{V3.gpu.conv_sharp_gain}} and {{V3.gpu.conv_he_gain}} for a
# convnet; every best lr lies inside the grid. Growing B against decaying lr:
# {{L11.gpu.growth_minus_decay}} points. With the full batch: {{N6.gpu.full_gain}} points.
#
# **All verdicts are those of the CPU.** What 64 seeds add: two gains that 8 seeds could not tell from
# zero are small, and there. At lr 2 before a cosine warmup is worth {{L8.gpu.cosine_lr2_gain}} points,
# at constant lr 4 {{L8.gpu.constant_lr4_gain}}.
#
# </details>

# %%
print(device_name(), "|", num_seeds, "seeds,", num_examples, "examples")

# %% [markdown]
# ## Interview corner
# **"Why warmup?"**
# 1. *Direct answer*: "Because the loss can be too sharp at the start for the lr that the rest of the
#    run wants. Small steps let the curvature fall first."
# 2. *Mechanism*: "A direction of curvature λ is unstable above lr = 2/λ. λ adapts to the lr within
#    a few steps, if the run survives them."
# 3. *Evidence*: "From a sharp start, with full batches, 16 steps of warmup took λ_max from
#    {{V2.warm_lambda_0}} to {{V2.warm_lambda_16}}. In runs of SGD from such a start they were worth
#    {{L8.sharp_gain}} points; from an ordinary start at lr 2, {{L8.he_gain}}: nothing that eight seeds
#    can see." (the ledger's)
# 4. *Practice*: "I look at the loss of the first fifty steps and at the gradient norm. If nothing
#    spikes, warmup is insurance, not the cure. I count it in steps."
#
# *A weak answer*: "to restore the noise of small batches" (it helps full-batch runs too), or "because
# gradients are noisy at first" (the noise is not what kills).
#
# *Follow-up*: "With both lrs tuned, what remains of the gain?" (In the ledger {{V3.sharp_gain}} points.)
#
# **"How do you choose the largest learning rate? Isn't it 2/λ_max?"**
# 1. *Direct answer*: "On a quadratic, yes, and 2(1 + m)/λ_max with momentum. On a network that
#    number at initialisation is far too cautious."
# 2. *Mechanism*: "Above it the loss jumps, and the jump carries the weights to where λ is lower."
# 3. *Evidence*: "The largest lr that trained was {{L7.over_limit}} times 2/λ_max of the start." (the
#    ledger's)
# 4. *Practice*: "I run a sweep with several seeds, up to where runs die, and stay a factor of two
#    below."
#
# *A weak answer*: quoting 2/λ_max as a law for networks.
#
# **"Can you replace learning rate decay?"** Yes: grow the batch by the factor by which lr would have
# fallen; same η/B, same accuracy per epoch (in the ledger {{L11.growth_minus_decay}} points apart), fewer steps. A
# weak answer says "small steps help convergence" and can't say what stays equal.

# %%
interview_corner("03_warmup")

# %% [markdown]
# ## Recap
# - On a quadratic the limit is 2/λ_max, with momentum 2(1 + m)/λ_max: one direction decides.
# - Networks live far above it, up to a wall: the loss jumps, and λ falls to the order of 2/lr (the
#   catapult), here to about twice that.
# - Warmup buys time for λ to fall. It helps from sharp starts, and for peaks that a decay takes down.
# - It is not about noise. What counts is its number of optimizer steps.
# - lr/B is one knob: growing B is decaying lr, in fewer steps.
#
# To read: Goyal et al. 2017 (arXiv:1706.02677) for warmup with large batches; Gilmer et al. 2021
# (arXiv:2110.04369) for curvature; Lewkowycz et al. 2020 (arXiv:2003.02218) for the catapult; Smith
# et al. 2018 (arXiv:1711.00489) for growing the batch.

# %%
over_limit, _ = t_interval(ledger["L7"]["over_limit"])
compare_predictions(
    "03_warmup",
    {
        "five_times": ("lr at five times 2/λ", "jumps up, then falls", "section 3.4"),
        "no_noise": ("Full batch, large lr, warmup", "lives", "section 3.8"),
        "wall": (
            "Largest lr over 2/λ_max",
            f"{over_limit:.0f} times (the ledger's)",
            "section 3.3",
        ),
        "grow": ("B × 4 in place of lr / 4", "the same, in fewer steps", "section 3.10"),
    },
)
