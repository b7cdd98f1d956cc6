import torch


def _grad(loss, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(loss(x), x)[0]


def r_list(loss, weights, epsilon, num_steps):
    half = epsilon * (weights.abs() + 1)
    found = [loss(weights).item()]
    point = weights
    for _ in range(num_steps):
        point = weights + half * torch.sign(_grad(loss, point))
        found.append(loss(point).item())
    return 100 * (max(found) - found[0]) / (1 + found[0])


def r_running_max(loss, weights, epsilon, num_steps):
    base = float(loss(weights))
    best, z = base, torch.zeros_like(weights)
    for _ in range(num_steps):
        x = (weights + z).requires_grad_()
        value = loss(x)
        best = max(best, float(value.detach()))
        value.backward()
        z = epsilon * (torch.abs(weights) + 1) * x.grad.sign()
    best = max(best, float(loss(weights + z)))
    return 100.0 * (best - base) / (1.0 + base)


def r_recursive(loss, weights, epsilon, num_steps):
    def highest(point, left):
        here = float(loss(point))
        if left == 0:
            return here
        corner = weights + epsilon * (weights.abs() + 1) * torch.sign(_grad(loss, point))
        return max(here, highest(corner, left - 1))

    base = float(loss(weights))
    return 100 * (highest(weights, num_steps) - base) / (1 + base)


def r_func(loss, weights, epsilon, num_steps):
    slope = torch.func.grad(loss)
    low, high = weights - epsilon * (weights.abs() + 1), weights + epsilon * (weights.abs() + 1)
    points = [weights]
    for _ in range(num_steps):
        g = slope(points[-1])
        points.append(torch.where(g > 0, high, torch.where(g < 0, low, weights)))
    values = torch.stack([loss(p).detach() for p in points])
    return (100 * (values.max() - values[0]) / (1 + values[0])).item()


def r_entries(loss, weights, epsilon, num_steps):
    base = loss(weights).item()
    best, point = base, weights.clone()
    for _ in range(num_steps):
        g = _grad(loss, point)
        new = weights.clone()
        for i in range(len(weights)):
            half = epsilon * (abs(weights[i].item()) + 1)
            if g[i] > 0:
                new[i] += half
            elif g[i] < 0:
                new[i] -= half
        point = new
        value = loss(point).item()
        if value > best:
            best = value
    return (best - base) / (1 + base) * 100


def r_tensor(loss, weights, epsilon, num_steps):
    half = torch.addcmul(
        torch.full_like(weights, epsilon), weights.abs(), torch.full_like(weights, epsilon)
    )
    with torch.no_grad():
        base = loss(weights)
    best, last = base, weights
    for _ in range(num_steps):
        g = torch.autograd.functional.jacobian(loss, last)
        last = weights + half * g.sign()
        with torch.no_grad():
            best = torch.maximum(best, loss(last))
    return 100 * (best - base) / (1 + base)


def _points(loss, weights, half, num_steps):
    points = [weights]
    for _ in range(num_steps):
        points.append(weights + half * torch.sign(_grad(loss, points[-1])))
    return points


def _from(loss, points):
    v = [loss(p).item() for p in points]
    return 100 * (max(v) - v[0]) / (1 + v[0])


def _half(weights, epsilon):
    return epsilon * (weights.abs() + 1)


def w_no_percent(loss, weights, epsilon, num_steps):
    """forgets the factor 100"""
    return r_list(loss, weights, epsilon, num_steps) / 100


def w_over_loss(loss, weights, epsilon, num_steps):
    """the rise relative to the loss itself, without the 1"""
    v = [loss(p).item() for p in _points(loss, weights, _half(weights, epsilon), num_steps)]
    return 100 * (max(v) - v[0]) / v[0]


def w_rise_only(loss, weights, epsilon, num_steps):
    """100 times the plain rise, no yardstick"""
    v = [loss(p).item() for p in _points(loss, weights, _half(weights, epsilon), num_steps)]
    return 100 * (max(v) - v[0])


def w_walks_on(loss, weights, epsilon, num_steps):
    """each step starts at the last point: the walk leaves the box"""
    half, points = _half(weights, epsilon), [weights]
    for _ in range(num_steps):
        points.append(points[-1] + half * torch.sign(_grad(loss, points[-1])))
    return _from(loss, points)


def w_box_moves(loss, weights, epsilon, num_steps):
    """half-widths from the last point's weights"""
    points = [weights]
    for _ in range(num_steps):
        p = points[-1]
        points.append(weights + _half(p, epsilon) * torch.sign(_grad(loss, p)))
    return _from(loss, points)


def w_gradient_at_w(loss, weights, epsilon, num_steps):
    """the gradient is always taken at w: one corner, however many steps"""
    return r_list(loss, weights, epsilon, 1)


def w_last_corner(loss, weights, epsilon, num_steps):
    """the last corner is the best one, no maximum needed"""
    points = _points(loss, weights, _half(weights, epsilon), num_steps)
    base = loss(weights).item()
    return 100 * (loss(points[-1]).item() - base) / (1 + base)


def w_no_plus_one(loss, weights, epsilon, num_steps):
    """half-width epsilon |w|"""
    return _from(loss, _points(loss, weights, epsilon * weights.abs(), num_steps))


def w_constant_box(loss, weights, epsilon, num_steps):
    """the box is epsilon in every direction"""
    return _from(loss, _points(loss, weights, epsilon * torch.ones_like(weights), num_steps))


def w_no_abs(loss, weights, epsilon, num_steps):
    """half-width epsilon (w + 1) without the absolute value"""
    return _from(loss, _points(loss, weights, epsilon * (weights + 1), num_steps))


def w_bracket(loss, weights, epsilon, num_steps):
    """half-width epsilon |w| + 1"""
    return _from(loss, _points(loss, weights, epsilon * weights.abs() + 1, num_steps))


def w_vector_norm(loss, weights, epsilon, num_steps):
    """|w_i| is the length of the whole weight vector"""
    return _from(
        loss,
        _points(
            loss, weights, epsilon * (weights.norm() + 1) * torch.ones_like(weights), num_steps
        ),
    )


def w_no_sign(loss, weights, epsilon, num_steps):
    """steps along the gradient itself instead of its sign"""
    half, points = _half(weights, epsilon), [weights]
    for _ in range(num_steps):
        points.append(weights + half * _grad(loss, points[-1]))
    return _from(loss, points)


def w_unit_gradient(loss, weights, epsilon, num_steps):
    """steps along the gradient of length one, as in SAM"""
    half, points = _half(weights, epsilon), [weights]
    for _ in range(num_steps):
        g = _grad(loss, points[-1])
        points.append(weights + half * g / (g.norm() + 1e-12))
    return _from(loss, points)


def w_downhill(loss, weights, epsilon, num_steps):
    """subtracts the sign, as gradient descent does"""
    half, points = _half(weights, epsilon), [weights]
    for _ in range(num_steps):
        points.append(weights - half * torch.sign(_grad(loss, points[-1])))
    return _from(loss, points)


def w_over_top(loss, weights, epsilon, num_steps):
    """yardstick 1 + the highest loss"""
    v = [loss(p).item() for p in _points(loss, weights, _half(weights, epsilon), num_steps)]
    return 100 * (max(v) - v[0]) / (1 + max(v))


def w_precedence(loss, weights, epsilon, num_steps):
    """forgets the brackets below the line: ... / 1 + L"""
    v = [loss(p).item() for p in _points(loss, weights, _half(weights, epsilon), num_steps)]
    return 100 * (max(v) - v[0]) / 1 + v[0]


def w_one_step_less(loss, weights, epsilon, num_steps):
    """w counts as the first of num_steps points"""
    return _from(loss, _points(loss, weights, _half(weights, epsilon), num_steps - 1))


def w_one_step_more(loss, weights, epsilon, num_steps):
    """visits num_steps + 1 corners"""
    return _from(loss, _points(loss, weights, _half(weights, epsilon), num_steps + 1))


def w_small_steps(loss, weights, epsilon, num_steps):
    """reaches the box's edge in num_steps small steps of half-width / num_steps"""
    half, points = _half(weights, epsilon) / num_steps, [weights]
    for _ in range(num_steps):
        points.append(points[-1] + half * torch.sign(_grad(loss, points[-1])))
    return _from(loss, points)


def w_without_w(loss, weights, epsilon, num_steps):
    """the maximum runs over the corners only, not over w (negative when all corners lie lower)"""
    points = _points(loss, weights, _half(weights, epsilon), num_steps)
    base = loss(weights).item()
    return 100 * (max(loss(p).item() for p in points[1:]) - base) / (1 + base)


RIGHT = [r_list, r_running_max, r_recursive, r_func, r_entries, r_tensor]
WRONG = [
    w_no_percent,
    w_over_loss,
    w_rise_only,
    w_walks_on,
    w_box_moves,
    w_gradient_at_w,
    w_last_corner,
    w_no_plus_one,
    w_constant_box,
    w_no_abs,
    w_bracket,
    w_vector_norm,
    w_no_sign,
    w_unit_gradient,
    w_downhill,
    w_over_top,
    w_precedence,
    w_one_step_less,
    w_small_steps,
]
# wrong by the text, but seen only on special inputs (about 1 in 15)
WRONG += [w_one_step_more, w_without_w]
