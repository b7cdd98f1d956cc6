"""The Hessian of a loss times a vector."""

import functools
import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close

Loss = Callable[[Tensor], Tensor]


@functools.cache
def load_torch_func() -> None:
    """Call torch.func once: its first call takes seconds, too long for a learner's time limit."""
    one = torch.ones(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own, on what torch itself imports
        torch.func.jvp(torch.func.grad(torch.linalg.vector_norm), (one,), (one,))


def hvp(loss: Loss, weights: Tensor, vector: Tensor) -> Tensor:
    leaf = weights.clone().requires_grad_()
    (grad,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
    return torch.autograd.grad(grad @ vector, leaf)[0]


def remembered(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Keep results by loss and values: the mistakes ask for the same few derivatives."""

    @functools.lru_cache(maxsize=512)
    def of_values(loss: Loss, *values: tuple[float, ...]) -> Tensor:
        return function(loss, *[torch.tensor(v, dtype=torch.float64) for v in values])

    def of_tensors(loss: Loss, *tensors: Tensor) -> Tensor:
        return of_values(loss, *[tuple(t.tolist()) for t in tensors])

    return of_tensors


@remembered
def gradient(loss: Loss, weights: Tensor) -> Tensor:
    leaf = weights.clone().requires_grad_()
    return torch.autograd.grad(loss(leaf), leaf)[0]


@remembered
def dense(loss: Loss, weights: Tensor) -> Tensor:
    leaf = weights.clone().requires_grad_()
    (grad,) = torch.autograd.grad(loss(leaf), leaf, create_graph=True)
    rows = [torch.autograd.grad(g, leaf, retain_graph=True)[0] for g in grad]
    return torch.stack(rows)


@remembered
def height(loss: Loss, weights: Tensor) -> Tensor:
    return loss(weights).detach()


product = remembered(hvp)


def hvp_forward_over_reverse(loss, weights, vector):
    return torch.func.jvp(torch.func.grad(loss), (weights,), (vector,))[1]


def hvp_by_differences(loss, weights, vector):
    step = 1e-5 / float(vector.norm())
    ahead, behind = (gradient(loss, weights + s * vector) for s in (step, -step))
    return (ahead - behind) / (2 * step)


def hvp_by_the_whole_matrix(loss, weights, vector):
    return torch.autograd.functional.hessian(loss, weights) @ vector


def draw_hvp(rng: np.random.Generator) -> list[Case]:
    load_torch_func()
    cases = []
    for _ in range(2):
        a, b, c = (int(n) for n in rng.integers(2, 6, 3))
        text = f"{a}*w0**2*w1 + {b}*w1**3 - {c}*w0*w1"
        args = (text, rng.uniform(1.0, 2.0, 2), rng.choice([-1, 1], 2) * rng.uniform(1.2, 2.0, 2))
        cases.append(Case("polynomial", args))
        network = f"tanh network {int(rng.integers(1000))}"
        cases.append(Case("network", (network, rng.normal(size=8), 2 * rng.normal(size=8))))
    return cases


U06_HVP = Exercise(
    id="u06_hvp",
    call="hvp(loss, weights, vector)",
    points={"polynomial": 1.0, "network": 2.0},
    by_hand=(
        Case(
            "polynomial",
            ("w0**2*w1", np.array([1.0, 2.0]), np.array([1.0, 3.0])),
            keeps=("by hand",),
        ),
        Case("polynomial", ("w0**3", np.array([2.0]), np.array([-0.5])), keeps=("smallest",)),
        Case(
            "polynomial",
            ("w0**2*w1 + w1**2", np.array([0.0, 1.0]), np.array([0.0, 2.0])),
            keeps=("sign",),
            quotes="taken as it is (its norm need not be 1)",
        ),
        Case(
            "network", ("tanh network 1", np.full(8, 0.5), np.arange(8.0) + 1), keeps=("by hand",)
        ),
    ),
    promises=("by hand", "sign", "smallest"),
    draw=draw_hvp,
    run="loss",
    reference=hvp,
    same=close(rtol=1e-4, atol=1e-5),  # differences of gradients are right to so many digits
    mistakes=(
        Mistake(
            "row sums",
            "You differentiate the plain sum of the gradient's entries. Where does `vector` come "
            "in?",
            lambda loss, w, v: dense(loss, w).sum(dim=0),
        ),
        Mistake(
            "gradient alone",
            "You return the gradient. How often must the loss be differentiated before curvature "
            "shows?",
            lambda loss, w, v: gradient(loss, w),
        ),
        Mistake(
            "gradient times vector",
            "You return one number, the slope along the vector. What is the derivative of that "
            "number with respect to the weights?",
            lambda loss, w, v: gradient(loss, w) @ v,
        ),
        Mistake(
            "outer product of gradients",
            "Your matrix is the gradient's outer product with itself. It vanishes wherever the "
            "gradient does: does curvature vanish there too?",
            lambda loss, w, v: (gradient(loss, w) @ v) * gradient(loss, w),
        ),
        Mistake(
            "diagonal only",
            "You use the Hessian's diagonal alone. Does moving one weight change the slope along "
            "another?",
            lambda loss, w, v: dense(loss, w).diagonal() * v,
        ),
        Mistake(
            "curvature along the vector",
            "You return one number, the curvature along the vector. How many entries has a matrix "
            "times a vector?",
            lambda loss, w, v: v @ product(loss, w, v),
        ),
        Mistake(
            "vector made to length one",
            "You rescale the vector before you use it. What should the result do when the vector "
            "becomes twice as long?",
            lambda loss, w, v: product(loss, w, v) / v.norm(),
        ),
        Mistake(
            "difference over a whole step",
            "You compare the gradients of two points that lie far apart. Over how short a step is "
            "a difference a derivative?",
            lambda loss, w, v: gradient(loss, w + v) - gradient(loss, w),
        ),
        Mistake(
            "gradient at the moved point",
            "You take the gradient at the weights plus the vector. To see how a gradient changes, "
            "how many gradients do you need?",
            lambda loss, w, v: gradient(loss, w + v),
        ),
        Mistake(
            "gradient of the squared gradient",
            "You differentiate the gradient's squared length: that is the Hessian times the "
            "gradient itself. With which vector should it be multiplied?",
            lambda loss, w, v: 2 * dense(loss, w) @ gradient(loss, w),
        ),
        Mistake(
            "Hessian twice",
            "You apply the Hessian twice. Which vector did you put into the second product?",
            lambda loss, w, v: dense(loss, w) @ product(loss, w, v),
        ),
        Mistake(
            "entry by entry",
            "You multiply gradient and vector entry by entry and stop there. Which derivative is "
            "missing?",
            lambda loss, w, v: gradient(loss, w) * v,
        ),
        Mistake(
            "the whole Hessian",
            "You return the matrix. What is asked is what it does to one vector: how large is "
            "that?",
            lambda loss, w, v: dense(loss, w),
        ),
        Mistake(
            "Hessian times gradient",
            "Your result does not depend on `vector`: it is the Hessian times the gradient. Which "
            "inner product do you differentiate?",
            lambda loss, w, v: dense(loss, w) @ gradient(loss, w),
        ),
        Mistake(
            "gradient left in place",
            "Your result is the product plus the gradient. What did `.grad` hold already when the "
            "second derivative was added to it?",
            lambda loss, w, v: product(loss, w, v) + gradient(loss, w),
        ),
        Mistake(
            "vector after the sum",
            "You add up the rows first and multiply by `vector` at the end, entry by entry. In a "
            "matrix times a vector, which sum does the vector stand in?",
            lambda loss, w, v: dense(loss, w).sum(dim=0) * v,
        ),
        Mistake(
            "vector a second time",
            "You multiply by `vector` once more at the end, entry by entry. How often does it "
            "stand in a matrix times a vector?",
            lambda loss, w, v: product(loss, w, v) * v,
        ),
        Mistake(
            "half of the product",
            "You bring in the factor that stands before the second-order term of the Taylor "
            "formula. Is it a part of the matrix?",
            lambda loss, w, v: product(loss, w, v) / 2,
        ),
        Mistake(
            "slope squared",
            "You square the projected gradient before you differentiate again. Of which number "
            "is the product the gradient?",
            lambda loss, w, v: 2 * (gradient(loss, w) @ v) * product(loss, w, v),
        ),
        Mistake(
            "divided by the vector's square",
            "You divide by the vector's inner product with itself. Is asked a matrix times a "
            "vector, or a Rayleigh quotient?",
            lambda loss, w, v: product(loss, w, v) / (v @ v),
        ),
        Mistake(
            "Hessian at the moved point",
            "You take the second derivatives at the weights plus the vector. At which point does "
            "the docstring want the Hessian?",
            lambda loss, w, v: product(loss, w + v, v),
        ),
        Mistake(
            "difference over a coarse step",
            "You divide a difference of gradients by a step that is not small. What remains "
            "besides the derivative?",
            lambda loss, w, v: (gradient(loss, w + 0.1 * v) - gradient(loss, w)) / 0.1,
        ),
    ),
    accepted=(hvp_forward_over_reverse, hvp_by_differences, hvp_by_the_whole_matrix),
    lesson="The derivative of (gradient . vector) is the Hessian times the vector. It costs about "
    "two gradients, and no matrix is ever made.",
    answered_by=(
        "coursekit.curvature.products",
        "coursekit.curvature.hessian",
        "coursekit.curvature.sharpness_measures",
    ),
)
