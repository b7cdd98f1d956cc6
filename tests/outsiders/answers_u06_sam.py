import copy
import math

import numpy as np
import torch


def r_autograd(loss, params, rho):
    before = loss()
    grads = torch.autograd.grad(before, params)
    length = torch.sqrt(sum((g**2).sum() for g in grads))
    old = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p, g in zip(params, grads, strict=False):
            p.add_(rho * g / length)
        after = loss()
        for p, o in zip(params, old, strict=False):
            p.copy_(o)
    return (after - before).item()


def r_vector(loss, params, rho):
    from torch.nn.utils import parameters_to_vector, vector_to_parameters

    base = loss()
    g = torch.cat([x.reshape(-1) for x in torch.autograd.grad(base, params)])
    start = parameters_to_vector(params).detach().clone()
    vector_to_parameters(start + rho * g / g.norm(), params)
    with torch.no_grad():
        top = loss()
    vector_to_parameters(start, params)
    return top.item() - base.item()


def r_backward(loss, params, rho):
    saved_grads = [p.grad for p in params]
    for p in params:
        p.grad = None
    base = loss()
    base.backward()
    grads = [p.grad for p in params]
    for p, s in zip(params, saved_grads, strict=False):
        p.grad = s
    norm = math.sqrt(sum(g.pow(2).sum().item() for g in grads))
    backup = copy.deepcopy([p.data for p in params])
    for p, g in zip(params, grads, strict=False):
        p.data += g * (rho / norm)
    up = loss().item()
    for p, b in zip(params, backup, strict=False):
        p.data.copy_(b)
    return up - base.item()


def r_try_finally(loss, params, rho):
    start = loss()
    grads = torch.autograd.grad(start, list(params))
    length = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in grads]))
    old = [p.detach().clone() for p in params]
    try:
        with torch.no_grad():
            torch._foreach_add_(params, torch._foreach_mul(list(grads), float(rho / length)))
            return loss() - start.detach()
    finally:
        with torch.no_grad():
            for p, o in zip(params, old, strict=False):
                p.copy_(o)


def r_numpy(loss, params, rho):
    base = loss()
    grads = [g.numpy() for g in torch.autograd.grad(base, params)]
    norm = np.sqrt(sum(np.sum(g * g) for g in grads))
    views = [p.detach().numpy() for p in params]
    old = [v.copy() for v in views]
    for v, g in zip(views, grads, strict=False):
        v += rho * g / norm
    high = float(loss().detach())
    for v, o in zip(views, old, strict=False):
        v[...] = o
    return high - float(base.detach())


def r_set_data(loss, params, rho):
    base = loss()
    grads = torch.autograd.grad(base, params)
    sq = 0.0
    for g in grads:
        for x in g.reshape(-1).tolist():
            sq += x * x
    kept = []
    for p, g in zip(params, grads, strict=False):
        kept.append(p.data)
        p.data = p.data + rho / sq**0.5 * g
    value = loss().item() - base.item()
    for p, k in zip(params, kept, strict=False):
        p.data = k
    return value


def _rise(loss, params, shifts, restore=True):
    base = loss().item()
    old = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p, z in zip(params, shifts, strict=False):
            p.add_(z)
        up = loss().item()
        if restore:
            for p, o in zip(params, old, strict=False):
                p.copy_(o)
    return base, up


def _grads(loss, params):
    return torch.autograd.grad(loss(), params)


def _len(grads):
    return torch.sqrt(sum((g**2).sum() for g in grads))


def w_per_tensor(loss, params, rho):
    """each tensor's gradient is brought to length one by itself"""
    b, u = _rise(loss, params, [rho * g / (g.norm() + 1e-30) for g in _grads(loss, params)])
    return u - b


def w_not_normalised(loss, params, rho):
    """the step is rho times the gradient"""
    b, u = _rise(loss, params, [rho * g for g in _grads(loss, params)])
    return u - b


def w_squared_norm(loss, params, rho):
    """divides by |g|^2"""
    g = _grads(loss, params)
    b, u = _rise(loss, params, [rho * x / _len(g) ** 2 for x in g])
    return u - b


def w_alias_copy(loss, params, rho):
    """p.detach() is a copy: the saved tensors move along, nothing is put back"""
    grads = _grads(loss, params)
    n = _len(grads)
    base = loss().item()
    old = [p.detach() for p in params]
    with torch.no_grad():
        for p, g in zip(params, grads, strict=False):
            p.add_(rho * g / n)
        up = loss().item()
        for p, o in zip(params, old, strict=False):
            p.copy_(o)
    return up - base


def w_subtract_back(loss, params, rho):
    """subtracting the step again puts the weights back exactly"""
    grads = _grads(loss, params)
    n = _len(grads)
    steps = [rho * g / n for g in grads]
    base = loss().item()
    with torch.no_grad():
        for p, z in zip(params, steps, strict=False):
            p.add_(z)
        up = loss().item()
        for p, z in zip(params, steps, strict=False):
            p.sub_(z)
    return up - base


def w_restores_first_only(loss, params, rho):
    """one copy of the first tensor is enough"""
    grads = _grads(loss, params)
    n = _len(grads)
    old = params[0].detach().clone()
    b, u = _rise(loss, params, [rho * g / n for g in grads], restore=False)
    with torch.no_grad():
        params[0].copy_(old)
    return u - b


def w_new_list(loss, params, rho):
    """builds new tensors in the list: loss() never sees them, the rise is 0"""
    before = loss()
    grads = torch.autograd.grad(before, params)
    n = _len(grads)
    params = [p + rho * g / n for p, g in zip(params, grads, strict=False)]
    return loss().item() - before.item()


def w_downhill(loss, params, rho):
    """the step goes against the gradient"""
    g = _grads(loss, params)
    b, u = _rise(loss, params, [-rho * x / _len(g) for x in g])
    return u - b


def w_sign(loss, params, rho):
    """the step goes to the corner, by the gradient's signs"""
    b, u = _rise(loss, params, [rho * g.sign() for g in _grads(loss, params)])
    return u - b


def w_slope_only(loss, params, rho):
    """the rise is rho times the gradient's length"""
    return (rho * _len(_grads(loss, params))).item()


def w_loss_after(loss, params, rho):
    """returns the loss after the step, not the rise"""
    g = _grads(loss, params)
    return _rise(loss, params, [rho * x / _len(g) for x in g])[1]


def w_swapped_sign(loss, params, rho):
    """before minus after"""
    g = _grads(loss, params)
    b, u = _rise(loss, params, [rho * x / _len(g) for x in g])
    return b - u


def w_over_rho(loss, params, rho):
    """a rise per unit of radius"""
    return r_autograd(loss, params, rho) / rho


def w_keskar_yardstick(loss, params, rho):
    """the same yardstick as Keskar's: 100 / (1 + L)"""
    g = _grads(loss, params)
    b, u = _rise(loss, params, [rho * x / _len(g) for x in g])
    return 100 * (u - b) / (1 + b)


def w_sum_of_norms(loss, params, rho):
    """the length over all tensors is the sum of their lengths"""
    g = _grads(loss, params)
    n = sum(x.norm() for x in g)
    b, u = _rise(loss, params, [rho * x / n for x in g])
    return u - b


def w_l1(loss, params, rho):
    """|g| is the sum of absolute values"""
    g = _grads(loss, params)
    n = sum(x.abs().sum() for x in g)
    b, u = _rise(loss, params, [rho * x / n for x in g])
    return u - b


def w_first_tensor_only(loss, params, rho):
    """moves the first tensor only"""
    g = _grads(loss, params)
    b, u = _rise(loss, params[:1], [rho * g[0] / _len(g)])
    return u - b


def w_relative_step(loss, params, rho):
    """rho is relative to the weights: step |w| times the direction"""
    g = _grads(loss, params)
    n = _len(g)
    b, u = _rise(
        loss, params, [rho * p.detach().abs() * x / n for p, x in zip(params, g, strict=False)]
    )
    return u - b


def w_moved_before_base(loss, params, rho):
    """takes the loss 'before' only after the weights have moved"""
    grads = _grads(loss, params)
    n = _len(grads)
    old = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p, g in zip(params, grads, strict=False):
            p.add_(rho * g / n)
        base = loss().item()
        for p, g in zip(params, grads, strict=False):
            p.add_(rho * g / n)
        up = loss().item()
        for p, o in zip(params, old, strict=False):
            p.copy_(o)
    return up - base


RIGHT = [r_autograd, r_vector, r_backward, r_try_finally, r_numpy, r_set_data]
WRONG = [
    w_per_tensor,
    w_not_normalised,
    w_squared_norm,
    w_alias_copy,
    w_subtract_back,
    w_restores_first_only,
    w_new_list,
    w_downhill,
    w_sign,
    w_slope_only,
    w_loss_after,
    w_swapped_sign,
    w_over_rho,
    w_keskar_yardstick,
    w_sum_of_norms,
    w_l1,
    w_first_tensor_only,
    w_relative_step,
    w_moved_before_base,
]
