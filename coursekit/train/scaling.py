"""Rules that carry a tuned learning rate from one batch size to another."""

import math

RULES = ("linear", "sqrt", "none")


def scaling_factor(base_batch_size: float, batch_size: float, *, rule: str = "linear") -> float:
    """Return what a rule multiplies the learning rate by.

        linear: B / B_0,   sqrt: sqrt(B / B_0),   none: 1

    Args:
        base_batch_size: B_0, where the learning rate was tuned, examples per optimizer step.
        batch_size: B, where it is to be used.
        rule: "linear" keeps the path of SGD as long as steps are small; "sqrt" keeps the noise of
            one update, and suits Adam; "none" leaves the learning rate alone.

    Raises:
        ValueError: For another rule or a batch size that is not positive.

    Assumes nothing about stability: a rule's learning rate can lie above the largest stable one.
    Source: Goyal et al. 2017, arXiv:1706.02677 (linear); Krizhevsky 2014, arXiv:1404.5997 (sqrt).
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}")
    _check_positive(base_batch_size=base_batch_size, batch_size=batch_size)
    ratio = batch_size / base_batch_size
    return {"linear": ratio, "sqrt": math.sqrt(ratio), "none": 1.0}[rule]


def scaled_lr(
    base_lr: float, base_batch_size: float, batch_size: float, *, rule: str = "linear"
) -> float:
    """Return the learning rate that a rule gives at another batch size.

        lr = base_lr * scaling_factor

    Args:
        base_lr: Tuned at ``base_batch_size``.
        base_batch_size: B_0, examples per optimizer step.
        batch_size: B.
        rule: See `scaling_factor`.

    Raises:
        ValueError: For another rule, or a value that is not positive.
    """
    _check_positive(base_lr=base_lr)
    return base_lr * scaling_factor(base_batch_size, batch_size, rule=rule)


def saturating_lr(max_lr: float, critical_batch_size: float, batch_size: float) -> float:
    """Return a learning rate that grows linearly at small B and levels off at large B.

        lr(B) = max_lr / (1 + B_c / B),   slope max_lr / B_c for B << B_c,   max_lr for B >> B_c

    Args:
        max_lr: Learning rate of the full gradient, a limit set by curvature.
        critical_batch_size: B_c, where half of ``max_lr`` is reached, examples.
        batch_size: B.

    Returns:
        The best learning rate of one step on a quadratic; for the frontier of divergence the same
        shape is fitted with its own two constants.

    Raises:
        ValueError: If a value is not positive.

    Source: McCandlish et al. 2018, arXiv:1812.06162, Eq. 2.7.
    """
    _check_positive(max_lr=max_lr, critical_batch_size=critical_batch_size, batch_size=batch_size)
    return max_lr / (1.0 + critical_batch_size / batch_size)


def scaled_adam_beta(beta: float, base_batch_size: float, batch_size: float) -> float:
    """Return the decay rate with which Adam's averages span the same number of examples.

        1 - beta' = (B / B_0) (1 - beta),   used together with lr' = sqrt(B / B_0) lr

    Args:
        beta: beta_1 or beta_2, tuned at ``base_batch_size``; 0 <= beta < 1.
        base_batch_size: B_0, examples per optimizer step.
        batch_size: B.

    Raises:
        ValueError: If beta lies outside [0, 1), or the scaled one would be negative: then one
            batch already spans more examples than the average did.

    Source: Malladi et al. 2022, arXiv:2205.10287, Definition 5.2.
    """
    if not 0.0 <= beta < 1.0:
        raise ValueError(f"beta must lie in [0, 1), got {beta}")
    scaled = 1.0 - scaling_factor(base_batch_size, batch_size) * (1.0 - beta)
    if scaled < 0:
        raise ValueError(
            f"beta={beta} averages over {base_batch_size / (1 - beta):.0f} examples, fewer than "
            f"batch_size={batch_size}: no smaller beta can"
        )
    return scaled


def _check_positive(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be positive and finite, got {value}")
