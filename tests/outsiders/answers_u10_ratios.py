import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(base, arm):
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [
        n2 / n,
        (b2 * n2) / (b * n),
        (lr2 / (b2 * (1 - mu2))) / (lr / (b * (1 - mu))),
        lr2 / lr,
    ]


def r_four_numbers(base, arm):
    def four(s):
        return [s[2], s[0] * s[2], s[1] / s[0] / (1 - s[3]), s[1]]

    return [y / x for x, y in zip(four(base), four(arm), strict=True)]


def r_products(base, arm):
    batch, rate, steps = (arm[i] / base[i] for i in range(3))
    carry = (1 - base[3]) / (1 - arm[3])
    return [steps, steps * batch, rate / batch * carry, rate]


def r_numpy(base, arm):
    x = np.array([base, arm], dtype=float)
    four = np.stack([x[:, 2], x[:, 0] * x[:, 2], x[:, 1] / (x[:, 0] * (1 - x[:, 3])), x[:, 1]])
    return four[:, 1] / four[:, 0]


def r_torch(base, arm):
    base, arm = torch.tensor(base, dtype=torch.float64), torch.tensor(arm, dtype=torch.float64)
    k = arm / base
    return torch.stack([k[2], k[0] * k[2], k[1] / k[0] * (1 - base[3]) / (1 - arm[3]), k[1]])


def r_logs(base, arm):
    def four(B, lr, n, mu):
        return np.log([n, B * n, lr / (B - B * mu), lr])

    return np.exp(four(*arm) - four(*base)).tolist()


def r_loop(base, arm):
    out = []
    for what in ("steps", "examples", "temperature", "lr"):
        values = []
        for batch, lr, steps, momentum in (base, arm):
            if what == "steps":
                values.append(steps)
            elif what == "examples":
                values.append(batch * steps)
            elif what == "temperature":
                values.append(lr / (batch * (1 - momentum)))
            else:
                values.append(lr)
        out.append(values[1] / values[0])
    return out


RIGHT = [
    r_direct,
    r_four_numbers,
    r_products,
    r_numpy,
    r_torch,
    r_logs,
    r_loop,
]


# ---------------------------------------------------------------- wrong
def w_base_over_arm(base, arm):
    """Base over arm in place of arm over base."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n / n2, b * n / (b2 * n2), lr / (b * (1 - mu)) / (lr2 / (b2 * (1 - mu2))), lr / lr2]


def w_no_momentum(base, arm):
    """The temperature is lr over B; momentum forgotten."""
    b, lr, n, _mu = base
    b2, lr2, n2, _mu2 = arm
    return [n2 / n, b2 * n2 / (b * n), lr2 / b2 / (lr / b), lr2 / lr]


def w_momentum_multiplies(base, arm):
    """lr (1 - mu) / B: momentum on the wrong side of the fraction."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n2 / n, b2 * n2 / (b * n), lr2 * (1 - mu2) / b2 / (lr * (1 - mu) / b), lr2 / lr]


def w_precedence(base, arm):
    """lr / B * (1 - mu): the parenthesis around the denominator forgotten."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n2 / n, b2 * n2 / (b * n), (lr2 / b2 * (1 - mu2)) / (lr / b * (1 - mu)), lr2 / lr]


def w_mu_itself(base, arm):
    """mu for 1 - mu (guarded at 0)."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    mu, mu2 = mu or 1.0, mu2 or 1.0
    return [n2 / n, b2 * n2 / (b * n), lr2 / (b2 * mu2) / (lr / (b * mu)), lr2 / lr]


def w_one_plus_mu(base, arm):
    """1 + mu for 1 - mu."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n2 / n, b2 * n2 / (b * n), lr2 / (b2 * (1 + mu2)) / (lr / (b * (1 + mu))), lr2 / lr]


def w_base_momentum_twice(base, arm):
    """Takes the base's momentum for both."""
    b, lr, n, mu = base
    b2, lr2, n2, _ = arm
    return [n2 / n, b2 * n2 / (b * n), lr2 / (b2 * (1 - mu)) / (lr / (b * (1 - mu))), lr2 / lr]


def w_arm_momentum_only(base, arm):
    """Only the arm's momentum counts; the base is taken as plain SGD."""
    b, lr, n, _ = base
    b2, lr2, n2, mu2 = arm
    return [n2 / n, b2 * n2 / (b * n), lr2 / (b2 * (1 - mu2)) / (lr / b), lr2 / lr]


def w_temperature_times_batch(base, arm):
    """lr times B: the batch on the wrong side."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n2 / n, b2 * n2 / (b * n), lr2 * b2 / (1 - mu2) / (lr * b / (1 - mu)), lr2 / lr]


def w_root_batch(base, arm):
    """The noise's scale, lr over root B, for the temperature."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    t = (lr2 / (b2**0.5 * (1 - mu2))) / (lr / (b**0.5 * (1 - mu)))
    return [n2 / n, b2 * n2 / (b * n), t, lr2 / lr]


def w_lr_squared(base, arm):
    """lr squared over B, the variance that one step adds."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    t = (lr2**2 / (b2 * (1 - mu2))) / (lr**2 / (b * (1 - mu)))
    return [n2 / n, b2 * n2 / (b * n), t, lr2 / lr]


def w_momentum_squared(base, arm):
    """(1 - mu) squared, since noise is a variance."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    t = (lr2 / (b2 * (1 - mu2) ** 2)) / (lr / (b * (1 - mu) ** 2))
    return [n2 / n, b2 * n2 / (b * n), t, lr2 / lr]


def w_effective_lr(base, arm):
    """The last number is lr / (1 - mu), not lr."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    e, e2 = lr / (1 - mu), lr2 / (1 - mu2)
    return [n2 / n, b2 * n2 / (b * n), e2 / b2 / (e / b), e2 / e]


def w_batch_for_examples(base, arm):
    """Examples a step, not over the whole run."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n2 / n, b2 / b, lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu))), lr2 / lr]


def w_steps_over_batch(base, arm):
    """Examples as steps over batch size."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n2 / n, n2 / b2 / (n / b), lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu))), lr2 / lr]


def w_order_lr_first(base, arm):
    """The order of the arguments: learning rate before the steps."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [lr2 / lr, n2 / n, b2 * n2 / (b * n), lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu)))]


def w_order_examples_first(base, arm):
    """Examples first, then steps."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [b2 * n2 / (b * n), n2 / n, lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu))), lr2 / lr]


def w_swapped_lr_steps(base, arm):
    """Unpacks as [batch, steps, lr, momentum]."""
    b, n, lr, mu = base
    b2, n2, lr2, mu2 = arm
    return [n2 / n, b2 * n2 / (b * n), lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu))), lr2 / lr]


def w_floor_division(base, arm):
    """Whole numbers: // for the steps and examples."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [
        n2 // n,
        b2 * n2 // (b * n),
        lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu))),
        lr2 / lr,
    ]


def w_differences(base, arm):
    """Differences for ratios."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    return [n2 - n, b2 * n2 - b * n, lr2 / (b2 * (1 - mu2)) - lr / (b * (1 - mu)), lr2 - lr]


def w_arm_only(base, arm):
    """The arm's own four numbers, not their ratios."""
    b2, lr2, n2, mu2 = arm
    return [n2, b2 * n2, lr2 / (b2 * (1 - mu2)), lr2]


def w_relative_change(base, arm):
    """Ratio minus one: 0 for held fixed."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    t = lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu)))
    return [n2 / n - 1, b2 * n2 / (b * n) - 1, t - 1, lr2 / lr - 1]


def w_fixed_rounding(base, arm):
    """Rounded to two digits, as a table shows them."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    t = lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu)))
    return [round(x, 2) for x in (n2 / n, b2 * n2 / (b * n), t, lr2 / lr)]


def w_momentum_in_steps(base, arm):
    """Momentum carries each gradient further, so counts as more steps."""
    b, lr, n, mu = base
    b2, lr2, n2, mu2 = arm
    s = n2 / (1 - mu2) / (n / (1 - mu))
    return [s, b2 * n2 / (b * n), lr2 / (b2 * (1 - mu2)) / (lr / (b * (1 - mu))), lr2 / lr]


WRONG = [
    w_base_over_arm,
    w_no_momentum,
    w_momentum_multiplies,
    w_precedence,
    w_mu_itself,
    w_one_plus_mu,
    w_base_momentum_twice,
    w_arm_momentum_only,
    w_temperature_times_batch,
    w_root_batch,
    w_lr_squared,
    w_momentum_squared,
    w_effective_lr,
    w_batch_for_examples,
    w_steps_over_batch,
    w_order_lr_first,
    w_order_examples_first,
    w_swapped_lr_steps,
    w_floor_division,
    w_differences,
    w_arm_only,
    w_relative_change,
    w_fixed_rounding,
    w_momentum_in_steps,
]
