"""Gradients of R multilayer perceptrons at once, by hand: one batched product per layer.

Parameters are those of `nn.Sequential(Linear, act, ..., Linear)` with the replicas in front:
weights (R, out, in) and biases (R, out), alternately. The loss is the mean cross-entropy.
Activations are kept feature-first, (R, width, B): sums over the ten classes then run along memory
in steps of B, which made the softmax ten times faster on a CPU than class-last.
"""

import torch
from torch import Tensor, nn

ACTIVATIONS = (nn.ReLU, nn.Tanh)


def mlp_activation(model: nn.Module) -> str | None:
    """Return "relu" or "tanh" if the model is such a perceptron (with biases), else None."""
    if type(model) is not nn.Sequential or len(model) % 2 == 0:
        return None
    linears, activations = list(model)[::2], list(model)[1::2]
    kinds = {type(a) for a in activations}
    plain = all(type(m) is nn.Linear and m.bias is not None for m in linears)
    if not plain or len(kinds) > 1 or not kinds <= set(ACTIVATIONS):
        return None
    if any(hook for m in model for hook in (m._forward_hooks, m._forward_pre_hooks)):
        return None
    if not all(p.requires_grad for p in model.parameters()):
        return None
    return "tanh" if kinds == {nn.Tanh} else "relu"


def mlp_logits(params: list[Tensor], inputs: Tensor, activation: str) -> Tensor:
    """Return logits (R, classes, B) of inputs (R, B, features)."""
    return _forward(params, inputs, activation)[-1]


def mlp_gradients(
    params: list[Tensor], inputs: Tensor, targets: Tensor, activation: str, grads: list[Tensor]
) -> Tensor:
    """Write each replica's gradient of its mean loss into ``grads``; return the losses (R,).

    Args:
        params: Weights (R, out, in) and biases (R, out), alternately.
        inputs: Shape (R, B, features).
        targets: Shape (R, B), int64.
        activation: "relu" or "tanh".
        grads: Shapes of ``params``; overwritten.
    """
    hidden = _forward(params, inputs, activation)
    losses, delta = _losses_and_delta(hidden.pop(), targets)
    delta.div_(inputs.shape[1])
    _backward(params, hidden, delta, activation, grads, descend=False)
    return losses


def mlp_sgd_step(
    params: list[Tensor], inputs: Tensor, targets: Tensor, activation: str, lr: Tensor
) -> Tensor:
    """Take one step of plain SGD in place; return the losses (R,) before it.

    The gradient is linear in the output's delta, so scaling that by lr (R,) lets each product
    of the backward pass subtract itself from the weights: no gradient is ever stored.
    """
    hidden = _forward(params, inputs, activation)
    losses, delta = _losses_and_delta(hidden.pop(), targets)
    delta.mul_((lr / inputs.shape[1]).view(-1, 1, 1))
    _backward(params, hidden, delta, activation, params, descend=True)
    return losses


def _forward(params: list[Tensor], inputs: Tensor, activation: str) -> list[Tensor]:
    """Return the input of every layer, and the logits last; each (R, width, B)."""
    hidden = [inputs.transpose(1, 2)]
    for weight, bias in zip(params[::2], params[1::2], strict=True):
        out = torch.baddbmm(bias.unsqueeze(2), weight, hidden[-1])
        if weight is not params[-2]:
            out = out.relu_() if activation == "relu" else out.tanh_()
        hidden.append(out)
    return hidden


def _losses_and_delta(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean losses (R,) and softmax minus one-hot (R, classes, B)."""
    log_probs = torch.log_softmax(logits, dim=1)
    picked = targets.unsqueeze(1)
    losses = -log_probs.gather(1, picked).mean(dim=(1, 2))
    delta = log_probs.exp_()
    return losses, delta.scatter_add_(1, picked, -delta.new_ones(picked.shape))


def _backward(
    params: list[Tensor],
    hidden: list[Tensor],
    delta: Tensor,
    activation: str,
    into: list[Tensor],
    *,
    descend: bool,
) -> None:
    """Set into <- gradient, or to descend into <- into - gradient, from the output backwards.

    dW_l = delta_l h_l^T,   db_l = sum_n delta_l,   delta_{l-1} = (W_l^T delta_l) * act'(h_l)
    """
    for layer in range(len(hidden) - 1, -1, -1):
        weight, h = params[2 * layer], hidden[layer]
        below = torch.bmm(weight.transpose(1, 2), delta) if layer else None  # of the old weight
        keep, add = (1, -1) if descend else (0, 1)
        into[2 * layer].baddbmm_(delta, h.transpose(1, 2), beta=keep, alpha=add)
        if descend:
            into[2 * layer + 1].sub_(delta.sum(dim=2))
        else:
            torch.sum(delta, dim=2, out=into[2 * layer + 1])
        if below is not None:
            if activation == "relu":
                torch.ops.aten.threshold_backward.grad_input(below, h, 0, grad_input=below)
            else:
                torch.ops.aten.tanh_backward.grad_input(below, h, grad_input=below)
            delta = below
