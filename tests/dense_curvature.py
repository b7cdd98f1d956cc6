"""Dense matrices in float64 by torch.func, small nets, symmetric matrices of known spectrum.

Oracles for the tests of curvature: they share no code with what they check.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, jacrev


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def built(make, seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
    """Build a net from a seed without touching the global one."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make().to(dtype)


def small_net(activation=nn.Tanh, seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
    return built(lambda: nn.Sequential(nn.Linear(4, 6), activation(), nn.Linear(6, 3)), seed, dtype)


def small_data(count: int = 11, seed: int = 1, dtype: torch.dtype = torch.float64) -> tuple:
    rng = generator(seed)
    inputs = torch.randn(count, 4, generator=rng, dtype=dtype)
    return inputs, torch.randint(0, 3, (count,), generator=rng)


def _second(function):
    """Reverse over reverse: forward mode would warn about torch.jit on its first use."""
    return jacrev(jacrev(function))


def _flat_function(model, of_weights):
    params = {n: p.detach() for n, p in model.named_parameters() if p.requires_grad}
    sizes = [p.numel() for p in params.values()]

    def function(flat):
        pieces = flat.split(sizes)
        weights = {n: v.view_as(p) for (n, p), v in zip(params.items(), pieces, strict=True)}
        return of_weights(weights)

    return function, torch.cat([p.reshape(-1) for p in params.values()])


def dense_hessian(model, loss_fn, inputs, targets) -> torch.Tensor:
    """Hessian of the mean loss by every trainable parameter."""
    function, centre = _flat_function(
        model, lambda weights: loss_fn(functional_call(model, weights, (inputs,)), targets)
    )
    return _second(function)(centre).detach()


def dense_ggn(model, loss_fn, inputs, targets) -> torch.Tensor:
    """Gauss-Newton matrix from the whole Jacobian and the whole output Hessian."""
    function, centre = _flat_function(
        model, lambda weights: functional_call(model, weights, (inputs,)).reshape(-1)
    )
    jacobian = jacrev(function)(centre).detach()
    output = model(inputs).detach()
    middle = _second(lambda flat: loss_fn(flat.view_as(output), targets))(output.reshape(-1))
    return jacobian.T @ middle.detach() @ jacobian


def symmetric_matrix(eigenvalues, seed: int = 0) -> torch.Tensor:
    """A dense symmetric float64 matrix with these eigenvalues in random directions."""
    values = torch.as_tensor(eigenvalues, dtype=torch.float64)
    size = len(values)
    rotation, _ = torch.linalg.qr(torch.randn(size, size, generator=generator(seed)).double())
    matrix = rotation @ torch.diag(values) @ rotation.T
    return (matrix + matrix.T) / 2


def z_score(draws: torch.Tensor, truth: float) -> float:
    """Standard errors between the mean of independent draws and the truth."""
    return ((draws.mean() - truth) / (draws.std() / len(draws) ** 0.5)).item()


def squared_loss(output, targets):
    return F.mse_loss(output, F.one_hot(targets, output.shape[1]).to(output.dtype))
