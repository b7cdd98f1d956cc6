"""Carry the settings of an optimizer from one batch size to another, each with its condition.

A rule is a number only where its condition is known to hold. Where the claims of this course came
out "depends" and nobody has said on which side this run is, the setting stays open: the candidates
are listed, and what decides between them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from coursekit.train.scaling import _check_positive

OPTIMIZERS = ("sgd", "momentum", "adam", "adamw", "muon")
ADAMS = ("adam", "adamw")
KEPT_UP_TO, LOST_FROM = 1.1, 4.3  # lr' over 2/lambda_max: claim L1, at 0.25 and at 1 with 0.23


@dataclass(frozen=True)
class Carried:
    """One setting at the new batch size.

    Attributes:
        name: "lr", "beta2", ...
        before: At the old batch size.
        after: At the new one; None where what is known does not decide.
        rule: The formula.
        holds: The condition under which it keeps the run as it was.
        depends_on: Where `after` is None: what decides, and how to find out.
        candidates: Where `after` is None: rule -> value.
        claims: Ids of this course's claims that test it; `python3 -m coursekit claims ID`.
        source: Where the rule was published.
    """

    name: str
    before: float
    after: float | None
    rule: str
    holds: str
    depends_on: str = ""
    candidates: dict[str, float] = field(default_factory=dict)
    claims: tuple[str, ...] = ()
    source: str = ""


def rescale(
    optimizer: str,
    base_batch_size: float,
    batch_size: float,
    *,
    lr: float,
    momentum: float | None = None,
    betas: tuple[float, float] | None = None,
    eps: float | None = None,
    weight_decay: float | None = None,
    warmup_steps: int | None = None,
    sharpness: float | None = None,
    noise_scale: float | None = None,
) -> list[Carried]:
    """Return each setting at another batch size, with the condition under which it holds.

    With k = B'/B, epochs as before:

        SGD        lr' = k lr                      while lr' stays near 2/lambda_max at most
        Adam(W)    lr' = sqrt(k) lr, beta' = beta^k, eps' = eps / sqrt(k)
                                                   while B and B' lie below the noise scale
        AdamW      weight_decay' = k lr/lr' weight_decay       (B / (lr weight_decay) in examples)
        Muon       no rule has been tested here

    Args:
        optimizer: "sgd", "momentum", "adam", "adamw" or "muon".
        base_batch_size: B, where the settings were tuned, examples per optimizer step.
        batch_size: B'.
        lr: Peak learning rate at B.
        momentum: Of "momentum" and "muon".
        betas: Of Adam(W), each in [0, 1).
        eps: Of Adam(W).
        weight_decay: Decoupled for AdamW and Muon (as torch has it), part of the gradient else.
        warmup_steps: Optimizer steps at B.
        sharpness: lambda_max at the start of training, if known (`measure sharpness`); it decides
            for SGD alone.
        noise_scale: tr(Sigma)/|G|^2 in examples, if known (`measure noise`).

    Returns:
        One `Carried` for each setting that was given.

    Raises:
        ValueError: For another optimizer, a value out of range, or a setting that the optimizer
            does not have.

    Sources: Goyal et al. 2017, arXiv:1706.02677; Malladi et al. 2022, arXiv:2205.10287 (Definition
    5.2); Marek et al. 2025, arXiv:2507.07101; Wang and Aitchison 2024, arXiv:2405.13698.
    """
    _check(optimizer, momentum, betas, eps, weight_decay, warmup_steps)
    _check_positive(base_batch_size=base_batch_size, batch_size=batch_size, lr=lr)
    for name, value in (("sharpness", sharpness), ("noise_scale", noise_scale)):
        if value is not None:
            _check_positive(**{name: value})
    k = batch_size / base_batch_size
    if k == 1:
        step_size = Carried("lr", lr, lr, "lr' = lr", "always: the batch size is the same")
    elif optimizer == "muon":
        step_size = _muon_lr(lr, k)
    elif optimizer in ADAMS:
        step_size = _adam_lr(lr, k, max(base_batch_size, batch_size), noise_scale)
    else:
        step_size = _sgd_lr(lr, k, momentum or 0.0, sharpness)
    carried = [step_size]
    if momentum is not None:
        carried.append(_momentum(optimizer, momentum, k))
    for name, beta in zip(("beta1", "beta2"), betas or (), strict=False):
        carried.append(_beta(name, beta, k))
    if eps is not None:
        carried.append(_eps(eps, k))
    if weight_decay is not None:
        carried.append(_weight_decay(optimizer, weight_decay, k, step_size))
    if warmup_steps is not None:
        carried.append(_warmup(optimizer, warmup_steps, k, step_size, sharpness))
    return carried


def _check(
    optimizer: str,
    momentum: float | None,
    betas: tuple[float, float] | None,
    eps: float | None,
    weight_decay: float | None,
    warmup_steps: int | None,
) -> None:
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    if momentum is not None and optimizer not in ("momentum", "muon"):
        raise ValueError(f"{optimizer} has no momentum to carry; leave it out, or say 'momentum'")
    if momentum is None and optimizer == "momentum":
        raise ValueError("say which momentum: the limit of a stable lr rises with it")
    for name, value in (("betas", betas), ("eps", eps)):
        if value is not None and optimizer not in ADAMS:
            raise ValueError(f"{optimizer} has no {name}; leave {name} out")
    rates = {"momentum": momentum, "beta1": (betas or (None,))[0], "beta2": (betas or (None,))[-1]}
    for name, value in rates.items():
        if value is not None and not 0 <= value < 1:
            raise ValueError(f"{name} must lie in [0, 1), got {value}")
    if betas is not None and len(betas) != 2:
        raise ValueError(f"betas must be two numbers, got {betas}")
    for name, value in (
        ("eps", eps),
        ("weight_decay", weight_decay),
        ("warmup_steps", warmup_steps),
    ):
        if value is not None and not (value >= 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be >= 0 and finite, got {value}")


def _sgd_lr(lr: float, k: float, momentum: float, sharpness: float | None) -> Carried:
    make = _carried("lr", lr, claims=("L1", "L2", "F2", "L13"), source="arXiv:1706.02677")
    rule, linear = f"lr' = {k:g} lr", k * lr
    holds = "lr' is small against 2/lambda_max at the start, and epochs stay the same"
    if k < 1:
        return make(linear, rule, holds)
    if sharpness is None:
        ask = "lr' against 2/lambda_max at the start: `measure sharpness`, then give sharpness"
        return make(None, rule, holds, ask, {"linear": linear})
    limit = 2 * (1 + momentum) / sharpness
    share = linear / limit
    if share <= KEPT_UP_TO:
        return make(
            linear, rule, f"lr' is {share:.2g} of the stable limit {limit:.3g} at the start"
        )
    if share >= LOST_FROM:
        said = (
            f"lr' would be {share:.2g} of the stable limit {limit:.3g}: where the linear rule was "
        )
        said += "seen to miss by a third, though training did not break; tune lr at B'"
    else:
        said = (
            f"lr' would be {share:.2g} of the stable limit {limit:.3g}: between where the rule was "
        )
        said += f"seen to keep the loss ({KEPT_UP_TO}) and to lose it ({LOST_FROM}); tune lr at B'"
    return make(None, rule, holds, said, {"linear": linear, "stable limit": limit})


def _adam_lr(lr: float, k: float, larger: float, noise_scale: float | None) -> Carried:
    make = _carried("lr", lr, claims=("L3", "L4", "L14"), source="arXiv:2205.10287")
    root, rule = math.sqrt(k) * lr, f"lr' = sqrt({k:g}) lr"
    holds = "both batches lie well below the noise scale; betas and eps move along"
    few = {"sqrt": root, "same": lr}
    if noise_scale is None:
        ask = "B' against the noise scale: `measure noise` at some age, then give noise_scale"
        return make(None, rule, holds, ask, few)
    if larger > noise_scale:
        said = f"a batch of {larger:g} is above the noise scale {noise_scale:g}: there the best lr "
        said += "levels off or falls again (arXiv:2405.14578); tune lr at B'"
        return make(None, rule, holds, said, few)
    return make(root, rule, f"{holds}: {larger:g} of {noise_scale:g} here")


def _muon_lr(lr: float, k: float) -> Carried:
    make = _carried("lr", lr, claims=("T2",), source="arXiv:2505.02222")
    said = "a measurement: nobody has tested a rule for Muon in this course; tune lr at B'"
    few = {"same": lr, "sqrt": math.sqrt(k) * lr}
    return make(None, "none that was tested", "unknown", said, few)


def _momentum(optimizer: str, momentum: float, k: float) -> Carried:
    make = _carried("momentum", momentum, claims=("N10",))
    if optimizer == "muon" and k != 1:
        said = "a measurement: tune it with lr"
        half_life = {"same": momentum, "same half-life in examples": momentum**k}
        return make(None, "none that was tested", "unknown", said, half_life)
    return make(momentum, "the same", "lr / (1 - momentum) is what the rule for lr is about")


def _beta(name: str, beta: float, k: float) -> Carried:
    claims = ("Q2", "L14") if name == "beta2" else ("L14",)
    make = _carried(name, beta, claims=claims, source="arXiv:2507.07101, arXiv:2205.10287")
    rule = f"{name}' = {name}^{k:g}: the same half-life in examples"
    return make(beta**k, rule, "lr moves by the root")


def _eps(eps: float, k: float) -> Carried:
    make = _carried("eps", eps, claims=("L14",), source="arXiv:2205.10287")
    return make(eps / math.sqrt(k), f"eps' = eps / sqrt({k:g})", "gradients are mostly noise")


def _weight_decay(optimizer: str, decay: float, k: float, lr: Carried) -> Carried:
    if optimizer not in ("adamw", "muon"):
        make = _carried("weight_decay", decay)
        return make(decay, "the same", "it is part of the loss, as in SGD and Adam")
    make = _carried("weight_decay", decay, claims=("L16",), source="arXiv:2405.13698")
    rule = f"weight_decay' = {k:g} lr/lr' weight_decay: B / (lr weight_decay) stays, in examples"
    holds = "the best time scale in examples does not move with B"
    if lr.after is None:
        said = "lr', which is open: then it is k lr / lr' times the old one"
        few = {f"with lr {n}": k * lr.before / v * decay for n, v in lr.candidates.items()}
        return make(None, rule, holds, said, few)
    return make(k * lr.before / lr.after * decay, rule, holds)


def _warmup(optimizer: str, steps: int, k: float, lr: Carried, sharpness: float | None) -> Carried:
    make = _carried("warmup_steps", steps, claims=("L8", "V2", "N6"), source="arXiv:1706.02677")
    examples = math.ceil(steps / k)
    rule, few = (
        f"steps / {k:g}: as many examples",
        {"as many examples": examples, "as many steps": steps},
    )
    holds = "the start is no sharper than 2/lr', so that the first steps are stable anyway"
    if k == 1 or steps == 0:
        return make(steps, "the same", "always")
    if optimizer in ADAMS or optimizer == "muon":
        said = "the sharpness that this optimizer's steps meet, which lambda_max is not: its first "
        said += "steps are as long as all others; try as many steps first"
        return make(None, rule, "unknown", said, few)
    if sharpness is None or lr.after is None:
        said = (
            "how sharp the start is against 2/lr': warmup works by small steps, not by examples, "
        )
        said += "while the curvature falls; with lr' decided, give sharpness"
        return make(None, rule, holds, said, few)
    if lr.after * sharpness <= 2:
        return make(examples, rule, holds)
    said = (
        f"a start of sharpness {sharpness:g}, above 2/lr' = {2 / lr.after:.3g}: it takes steps for "
    )
    said += "the curvature to fall, and fewer may not do; try as many steps first"
    return make(None, rule, holds, said, few)


def _carried(
    name: str, before: float, *, claims: tuple[str, ...] = (), source: str = ""
) -> Callable[..., Carried]:
    """Return what makes the setting once its new value, or why there is none, is known."""

    def make(
        after: float | None,
        rule: str,
        holds: str,
        depends_on: str = "",
        candidates: dict[str, float] | None = None,
    ) -> Carried:
        return Carried(
            name, before, after, rule, holds, depends_on, candidates or {}, claims, source
        )

    return make
