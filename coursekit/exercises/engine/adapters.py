"""Adapters carry plain arguments to an answer and bring plain data back.

An adapter is named in the declaration, so that the same name works beside the learner and inside
the grader's sandbox. It holds no answers.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from coursekit.exercises.engine.kernels import kernel_of
from coursekit.exercises.engine.losses import loss_of
from coursekit.exercises.engine.plain import plain, shape_of
from coursekit.exercises.engine.recorded_steps import RecordedSteps
from coursekit.exercises.engine.tabled import tabled_arms, tabled_runs


def to_torch(value: Any) -> Any:
    """Turn arrays into fresh tensors (float32, int64 or bool), also inside lists and dicts."""
    if isinstance(value, np.ndarray):
        dtype = {"f": torch.float32, "b": torch.bool}.get(value.dtype.kind, torch.int64)
        return torch.tensor(value, dtype=dtype)
    if isinstance(value, list | tuple):
        return [to_torch(v) for v in value]
    if isinstance(value, dict):
        return {k: to_torch(v) for k, v in value.items()}
    return value


def call(answer: Callable[..., Any], *args: Any) -> Any:
    """Call the answer with tensors in place of arrays; return what it returns as plain data."""
    return plain(answer(*[to_torch(a) for a in args]))


def refusing(answer: Callable[..., Any], *args: Any) -> Any:
    """Call the answer; a ValueError is a refusal, and comes back as an empty list."""
    try:
        value = call(answer, *args)
    except ValueError:
        return []
    return "an empty result" if shape_of(value) == (0,) else value


def linear_model(weights: Any, *, last_is_bias: bool = False) -> nn.Sequential:
    """Return a model of one linear layer in float64; weights are (outputs, inputs).

    Without bias, or with the last column of ``weights`` for it.
    """
    held = torch.as_tensor(weights, dtype=torch.float64)
    inputs = held.shape[1] - last_is_bias
    layer = nn.Linear(inputs, held.shape[0], bias=last_is_bias, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(held[:, :inputs])
        if last_is_bias:
            layer.bias.copy_(held[:, -1])
    return nn.Sequential(layer)


def in_float64(value: Any) -> Any:
    """Turn arrays into tensors, real ones of float64, also inside lists."""
    if isinstance(value, list | tuple):
        return [in_float64(v) for v in value]
    tensor = to_torch(value)
    return (
        tensor.double()
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
        else tensor
    )


def only_sequences(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """Refuse inputs without an axis for positions, as a model that mixes positions would."""
    if inputs[0].dim() != 3:
        raise ValueError(
            f"your function calls the model with inputs of shape {tuple(inputs[0].shape)}; it maps "
            f"(n, T, features). What would a model that mixes positions make of that?"
        )


def linear_grad(answer: Callable[..., Any], weights: np.ndarray, *args: Any) -> Any:
    """Give the answer a linear model for its weights; return what it leaves in the gradient.

    Where the inputs are sequences, (n, T, features), the model takes no others.
    """
    model = linear_model(weights)
    if args[0][0][0].ndim == 3:
        model.register_forward_pre_hook(only_sequences)
    answer(model, *in_float64(args))
    (param,) = model.parameters()
    if param.grad is None:
        raise ValueError(
            "the parameter's .grad is None after your function: is backward() called, and what "
            "clears the gradient after it?"
        )
    return plain(param.grad)


def linear_steps(answer: Callable[..., Any], weights: np.ndarray, lr: float, *args: Any) -> Any:
    """Give the answer a linear model and an optimizer; return rates and gradient of each step."""
    model = linear_model(weights)
    optimizer = RecordedSteps(model, lr)
    answer(model, optimizer, *in_float64(args))
    return plain(np.array(optimizer.rows))


def worker_steps(answer: Callable[..., Any], weights: np.ndarray, lr: float, *args: Any) -> Any:
    """Give the answer a linear model and an optimizer for each worker; return each one's steps.

    The first of ``args`` is a list of epochs, and an epoch a list with a shard for each worker.
    """
    models = [linear_model(weights) for _ in args[0][0]]
    optimizers = [RecordedSteps(model, lr) for model in models]
    answer(models, optimizers, *in_float64(args))
    rows = [optimizer.rows for optimizer in optimizers]
    return plain(np.array(rows)) if len({len(r) for r in rows}) == 1 else plain(rows)


def linear_call(answer: Callable[..., Any], weights: np.ndarray, *args: Any) -> Any:
    """Call the answer twice with one linear model; return what the second call returns.

    The last column of the weights is the bias. What the second call measures shows where the first
    has left the model: trained in place, with all its tensors, or not. Where the first moved
    nothing, the second would say the same and is left out.
    """
    model = linear_model(weights, last_is_bias=True)
    handed = in_float64(args)
    start = [param.detach().clone() for param in model.parameters()]
    found = answer(model, *handed)
    if all(map(torch.equal, start, model.parameters())):
        return plain(found)
    model.zero_grad()
    return plain(answer(model, *handed))


def doubles(value: Any) -> Any:
    """Turn an array of numbers into a fresh float64 tensor; leave anything else."""
    is_array = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return torch.tensor(value) if is_array else to_torch(value)


def call_with_loss(answer: Callable[..., Any], text: str, *args: Any) -> Any:
    """Call the answer with a loss, a function of the weights, and float64 tensors."""
    return plain(answer(loss_of(text), *[doubles(a) for a in args]))


def call_with_product(answer: Callable[..., Any], matrix: np.ndarray, *args: Any) -> Any:
    """Call the answer with the function v -> A v in place of the matrix A, and float64 tensors."""
    return plain(answer(product_of(matrix), *[doubles(a) for a in args]))


def call_with_few_products(
    answer: Callable[..., Any], matrix: np.ndarray, start: np.ndarray, num_products: int
) -> Any:
    """Do the same twice, with products that are counted; the second result is returned."""
    start = doubles(start)
    answer(product_of(matrix, allowed=num_products), start, num_products)
    return plain(answer(product_of(matrix, allowed=num_products), start, num_products))


def product_of(matrix: Any, allowed: float = math.inf) -> Callable[[Any], torch.Tensor]:
    """Return the function v -> A v for a matrix A, in float64; it may be called so many times."""
    held = torch.as_tensor(matrix, dtype=torch.float64).clone()
    calls = 0

    def product(vector: Any) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls > allowed:
            raise ValueError(
                f"product was called more than num_products = {allowed} times: is the last "
                f"product counted too, and is each one kept that is needed again?"
            )
        return held @ torch.as_tensor(vector, dtype=torch.float64)

    return product


def call_with_kernel(
    answer: Callable[..., Any], weights: np.ndarray, rows: np.ndarray, block: int
) -> Any:
    """Call the answer with a product whose sums run in another order for another number of rows."""
    allowed = 4 * -(-len(rows) // block) * block
    return plain(answer(kernel_of(weights, allowed), to_torch(rows), block))


def loss_now(of_weights: Callable[[torch.Tensor], torch.Tensor], params: list) -> torch.Tensor:
    """Return the loss at what the parameters hold now."""
    return of_weights(torch.cat(params))


def call_on_parameters(
    answer: Callable[..., Any], text: str, weights: np.ndarray, *args: Any
) -> Any:
    """Call the answer twice with loss() and the list of parameters that it reads.

    The second result is returned: it is right only if the first call left the parameters alone,
    and if what stood in `.grad` before, a gradient of nothing here, does not get into it.

    Raises:
        ValueError: If the first call put them back almost, but not bit for bit, or left one that
            requires no gradient.
    """
    parts = doubles(weights).split([len(weights) // 2, len(weights) - len(weights) // 2])
    params = [part.clone().requires_grad_() for part in parts]
    loss = functools.partial(loss_now, loss_of(text), params)
    for param in params:
        param.grad = torch.linspace(-1.0, 2.0, param.numel(), dtype=param.dtype)
    answer(loss, params, *args)
    if not all(param.requires_grad for param in params):
        raise ValueError(
            "after your function a parameter no longer requires a gradient: did you switch it off?"
        )
    pairs = list(zip(params, parts, strict=True))
    near = all(torch.allclose(p, part, rtol=1e-9, atol=1e-12) for p, part in pairs)
    if near and not all(torch.equal(p, part) for p, part in pairs):
        raise ValueError(
            "after your function a weight differs from before in its last digits: did you put a "
            "copy back?"
        )
    return plain(answer(loss, params, *args))


def handed_twice(adapter: Callable[..., Any]) -> Callable[..., Any]:
    """Make an adapter hand the same objects over twice, and return the second result.

    An answer that writes into its arguments then gives itself away by its data alone, which is
    all that a mark rests on. What a call is meant to leave behind (gradients, steps) is cleared
    in between.
    """

    @functools.wraps(adapter)
    def twice(answer: Callable[..., Any], *args: Any) -> Any:
        def again(*handed: Any) -> Any:
            answer(*handed)
            for value in handed:
                for one in value if isinstance(value, list) else [value]:  # a list: one a worker
                    if isinstance(one, RecordedSteps):
                        one.start_again()
                    elif isinstance(one, nn.Module):
                        one.zero_grad()
            return answer(*handed)

        return adapter(again, *args)

    return twice


# How a check asks: once, and it watches the arguments (unchanged.py).
ONCE: dict[str, Callable[..., Any]] = {
    "tabled_runs": tabled_runs,
    "tabled_arms": tabled_arms,
    "call": call,
    "loss": call_with_loss,
    "product": call_with_product,
    "few_products": call_with_few_products,
    "kernel": call_with_kernel,
    "parameters": call_on_parameters,
    "refusing": refusing,
    "linear_grad": linear_grad,
    "linear_steps": linear_steps,
    "worker_steps": worker_steps,
    "linear_call": linear_call,
}
# How a mark is given. TWICE hand their objects over twice by themselves.
TWICE = ("parameters", "few_products", "linear_call")
ADAPTERS: dict[str, Callable[..., Any]] = {
    name: adapter if name in TWICE else handed_twice(adapter) for name, adapter in ONCE.items()
}
