import torch


def r_double_grad(loss, weights, vector):
    w = weights.clone().requires_grad_()
    (g,) = torch.autograd.grad(loss(w), w, create_graph=True)
    (out,) = torch.autograd.grad(g @ vector, w)
    return out


def r_grad_outputs(loss, weights, vector):
    w = weights.detach().clone().requires_grad_(True)
    g = torch.autograd.grad(loss(w), [w], create_graph=True)[0]
    return torch.autograd.grad(g, [w], grad_outputs=vector)[0]


def r_backward(loss, weights, vector):
    w = torch.tensor(weights.tolist(), dtype=weights.dtype, requires_grad=True)
    g = torch.autograd.grad(loss(w), w, create_graph=True)[0]
    (g * vector).sum().backward()
    return w.grad


def r_jvp_of_grad(loss, weights, vector):
    return torch.func.jvp(torch.func.grad(loss), (weights,), (vector,))[1]


def r_full_hessian(loss, weights, vector):
    H = torch.autograd.functional.hessian(loss, weights)
    return torch.einsum("ij,j->i", H, vector)


def r_functional(loss, weights, vector):
    return torch.autograd.functional.hvp(loss, weights, vector)[1]


def r_rows_by_loop(loss, weights, vector):
    w = weights.clone().requires_grad_()
    g = torch.autograd.grad(loss(w), w, create_graph=True)[0]
    out = torch.zeros_like(weights)
    for i in range(len(weights)):
        row = torch.autograd.grad(g[i], w, retain_graph=True)[0]
        total = 0.0
        for j in range(len(weights)):
            total += row[j].item() * vector[j].item()
        out[i] = total
    return out


def r_along_line(loss, weights, vector):
    # d/dt of the gradient at w + t v, by making t the differentiated number
    w = weights.clone().requires_grad_()
    t = torch.zeros((), dtype=weights.dtype, requires_grad=True)
    slope = torch.autograd.grad(loss(w + t * vector), t, create_graph=True)[0]
    return torch.autograd.grad(slope, w)[0]


def _g(loss, weights):
    w = weights.clone().requires_grad_()
    return torch.autograd.grad(loss(w), w)[0]


def _hv(loss, weights, vector):
    return r_double_grad(loss, weights, vector)


def w_g_times_v(loss, weights, vector):
    """the product with the vector is the gradient times the vector, entry by entry"""
    return _g(loss, weights) * vector


def w_just_gradient(loss, weights, vector):
    """differentiate gradient.vector with respect to the vector: that is only the gradient"""
    w = weights.clone().requires_grad_()
    v = vector.clone().requires_grad_()
    g = torch.autograd.grad(loss(w), w, create_graph=True)[0]
    return torch.autograd.grad((g * v).sum(), v)[0].detach()


def w_unit_vector(loss, weights, vector):
    """a direction must have length one, so normalise it first"""
    return _hv(loss, weights, vector / vector.norm())


def w_accumulated_grad(loss, weights, vector):
    """call backward twice and read .grad (the first gradient is still in it)"""
    w = weights.clone().requires_grad_()
    (g,) = torch.autograd.grad(loss(w), w, create_graph=True)
    w.grad = g.detach().clone()
    (g @ vector).backward()
    return w.grad


def w_quadratic_form(loss, weights, vector):
    """the curvature along v, v'Hv, is what is asked"""
    return vector @ _hv(loss, weights, vector)


def w_sum_of_gradient(loss, weights, vector):
    """sum the gradient, differentiate, and multiply by the vector at the end"""
    w = weights.clone().requires_grad_()
    g = torch.autograd.grad(loss(w), w, create_graph=True)[0]
    return torch.autograd.grad(g.sum(), w)[0] * vector


def w_diagonal(loss, weights, vector):
    """second derivatives are one number a weight: only the diagonal matters"""
    return torch.autograd.functional.hessian(loss, weights).diag() * vector


def w_outer_gradient(loss, weights, vector):
    """the Hessian is the outer product of the gradient with itself (g g')"""
    g = _g(loss, weights)
    return g * (g @ vector)


def w_half(loss, weights, vector):
    """takes the one half from the Taylor formula into the product"""
    return 0.5 * _hv(loss, weights, vector)


def w_full_step_difference(loss, weights, vector):
    """H v is the gradient at w + v minus the gradient at w"""
    return _g(loss, weights + vector) - _g(loss, weights)


def w_h_times_g(loss, weights, vector):
    """differentiates half the squared gradient length: H g, the vector is not used"""
    w = weights.clone().requires_grad_()
    g = torch.autograd.grad(loss(w), w, create_graph=True)[0]
    return torch.autograd.grad(0.5 * (g @ g), w)[0]


def w_squared_projection(loss, weights, vector):
    """makes the projection positive by squaring before differentiating again"""
    w = weights.clone().requires_grad_()
    g = torch.autograd.grad(loss(w), w, create_graph=True)[0]
    return torch.autograd.grad((g @ vector) ** 2, w)[0]


def w_rayleigh_scaled(loss, weights, vector):
    """divides by v'v, as in the Rayleigh quotient"""
    return _hv(loss, weights, vector) / (vector @ vector)


def w_forgets_sum_vector_twice(loss, weights, vector):
    """multiplies by v once inside and once more at the end, entry by entry"""
    return _hv(loss, weights, vector) * vector


def w_at_shifted_point(loss, weights, vector):
    """takes the Hessian at w + v"""
    return _hv(loss, weights + vector, vector)


def w_coarse_difference(loss, weights, vector):
    """a forward difference with step 0.1 is good enough"""
    return (_g(loss, weights + 0.1 * vector) - _g(loss, weights)) / 0.1


RIGHT = [
    r_double_grad,
    r_grad_outputs,
    r_backward,
    r_jvp_of_grad,
    r_full_hessian,
    r_functional,
    r_rows_by_loop,
    r_along_line,
]
WRONG = [
    w_g_times_v,
    w_just_gradient,
    w_unit_vector,
    w_accumulated_grad,
    w_quadratic_form,
    w_sum_of_gradient,
    w_diagonal,
    w_outer_gradient,
    w_half,
    w_full_step_difference,
    w_h_times_g,
    w_squared_projection,
    w_rayleigh_scaled,
    w_forgets_sum_vector_twice,
    w_at_shifted_point,
    w_coarse_difference,
]
