"""`measure`: the quantities of the course, on a user's own model.

The script to measure defines three names, at its top level:

    model      a torch.nn.Module, in the mode in which it is to be measured
    loss_fn    loss_fn(output, target) -> mean loss, or BatchLoss(fn) with fn(model, batch) -> mean
    data       (inputs, targets), or an iterable of batches in a fixed order

or one, `objective`, a `coursekit.gradients.Objective`: for a mean over tokens, or some parameters.
What stands under ``if __name__ == "__main__":`` does not run, so a training script can be measured
as it is; arguments of its own go after ``--``. In a package it may import its neighbours with a
dot. With ``--json`` what it prints goes to stderr. `docs/examples` has two scripts.
"""

import contextlib
import json as json_format
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from coursekit.commands.measure_lines import batch_size_lines, noise_lines, sharpness_lines
from coursekit.commands.measure_script import Subject, read_script
from coursekit.curvature.hessian import hessian_trace
from coursekit.curvature.products import hessian_operator
from coursekit.curvature.sharpness_measures import sam_sharpness, sharpness
from coursekit.curvature.step_stability import critical_sharpness
from coursekit.curvature.trace import hutchinson_trace
from coursekit.device import device_name
from coursekit.noise.critical_batch import optimal_lr
from coursekit.noise.offline import model_moments
from coursekit.noise.scale import grad_noise_scale
from coursekit.noise.weighted import hessian_noise_scale

UNITS = {
    "grad_sq_norm": "loss^2/param^2",
    "tr_cov": "loss^2/param^2, per {one}",
    "grad_noise_scale": "{many}",
    "hessian_noise_scale": "{many}",
    "sharpness": "loss/param^2",
    "threshold": "1/lr",
    "critical_sharpness": "loss/param^2, along the gradient",
    "trace": "loss/param^2",
    "sam_sharpness": "loss",
    "cost": "gradients over the data",
}


def measure_noise(subject: Subject, *, seed: int) -> dict[str, Any]:
    """|G|^2, tr(Sigma) and their ratio, with intervals."""
    moments = model_moments(subject.objective)
    scale = grad_noise_scale(moments)
    return {
        "grad_sq_norm": moments.grad_sq_norm,
        "grad_sq_norm_stderr": moments.grad_sq_norm_stderr,
        "tr_cov": moments.tr_cov,
        "tr_cov_stderr": moments.tr_cov_stderr,
        "grad_noise_scale": scale.value,
        "low": scale.low,
        "high": scale.high,
        "reason": scale.reason,
        "unit": moments.unit,
        "cost": moments.cost / subject.num_examples,
    }


def measure_sharpness(
    subject: Subject, *, seed: int, lr: float = math.nan, differences: bool = False
) -> dict[str, Any]:
    """lambda_max against 2/lr, the trace, and what the loss does along two steps."""
    objective = subject.objective
    rng = torch.Generator().manual_seed(seed)
    if differences:
        top = sharpness(objective, lr=lr, method="finite_difference", rng=rng)
        operator = hessian_operator(objective, method="finite_difference")
        trace = hutchinson_trace(operator, rng=rng)
    else:
        try:
            top = sharpness(objective, lr=lr, rng=rng)
        except ValueError as error:
            if "finite_difference" not in str(error):
                raise
            raise ValueError(f"{error}\nHere: measure sharpness --differences") from error
        trace = hessian_trace(objective, rng=rng)
    along = critical_sharpness(objective)
    sam = sam_sharpness(objective, rho=0.05)
    return {
        "sharpness": top.value,
        "residual": top.residual,
        "threshold": top.threshold,
        "trace": trace.value,
        "trace_stderr": trace.stderr,
        "trace_method": "finite differences" if differences else trace.method,
        "trace_reason": trace.reason,
        "critical_sharpness": along.value,
        "critical_reason": along.reason,
        "sam_sharpness": sam.value,
        "cost": top.cost + trace.cost + along.cost + sam.cost,
    }


def measure_batch_size(subject: Subject, *, seed: int) -> dict[str, Any]:
    """B_simple and B_noise, and what B_noise foretells of a few batch sizes.

    Steps over the fewest possible: 1 + B_noise/B. Examples over the fewest: 1 + B/B_noise. Best
    learning rate over that of the full gradient: 1/(1 + B_noise/B). McCandlish et al. 2018,
    arXiv:1812.06162, Eqs. 2.6, 2.11 and 5.2: one step's progress on a quadratic.
    """
    rng = torch.Generator().manual_seed(seed)
    noise = measure_noise(subject, seed=seed)
    if noise["unit"] != "examples":
        raise ValueError(
            f"steps and examples are foretold for a mean over examples, not {noise['unit']}\n"
            f"measure noise gives B_simple in {noise['unit']}."
        )
    weighted = hessian_noise_scale(subject.objective, rng=rng)
    b_noise = weighted.value
    table = []
    if math.isfinite(b_noise) and b_noise > 0 and math.isfinite(weighted.high):
        middle = round(math.log2(b_noise))
        for exponent in range(max(0, middle - 4), middle + 5, 2):
            b = 2**exponent
            table.append(
                {
                    "batch_size": b,
                    "steps": 1 + b_noise / b,
                    "examples": 1 + b / b_noise,
                    "lr": optimal_lr(b, max_lr=1.0, noise_scale=b_noise),
                }
            )
    return {
        "grad_noise_scale": noise["grad_noise_scale"],
        "low": noise["low"],
        "high": noise["high"],
        "hessian_noise_scale": b_noise,
        "hessian_low": weighted.low,
        "hessian_high": weighted.high,
        "reason": weighted.reason or noise["reason"],
        "unit": noise["unit"],
        "batch_sizes": table,
        "cost": noise["cost"] + weighted.cost,
    }


def units_of(found: dict[str, Any], counted: str) -> dict[str, str]:
    """Return the unit of each number found; an example is a row of a batch."""
    return {
        name: unit.format(one=counted.removesuffix("s"), many=counted)
        for name, unit in UNITS.items()
        if name in found
    }


def run(
    what: str,
    script: Path | None,
    its_args: Sequence[str] = (),
    *,
    examples: int | None = None,
    lr: float | None = None,
    differences: bool = False,
    seed: int = 0,
    json: bool = False,
    of_rescale: Mapping[str, Any] | None = None,
) -> int:
    """Measure a script's model and print what came out.

    Args:
        what: "noise", "sharpness" or "batch-size".
        script: Defines model, loss_fn, data, or objective.
        its_args: The script's own arguments.
        examples: Measure the first so many examples; None: all.
        lr: Learning rate, for sharpness.
        differences: Take differences of gradients in place of second derivatives.
        seed: Of probes and start vectors.
        json: Print JSON, and nothing else, on stdout.
        of_rescale: Options that only `measure rescale` has; refused here.

    Raises:
        ValueError: For another quantity, an option that does not belong to it, no script, too few
            examples, or a script that can't be measured.
    """
    if what not in ("noise", "sharpness", "batch-size"):
        raise ValueError(f"can't measure {what!r}\nChoose noise, sharpness, batch-size or rescale.")
    given = [f"--{n.replace('_', '-')}" for n, v in (of_rescale or {}).items() if v is not None]
    if given:
        raise ValueError(f"{', '.join(given)}: for `measure rescale` alone")
    if script is None:
        raise ValueError(f"which model? Name a script: measure {what} SCRIPT.py")
    if examples is not None and examples < 2:
        raise ValueError(f"--examples must be at least 2, got {examples}\nNoise needs a spread.")
    with contextlib.redirect_stdout(sys.stderr) if json else contextlib.nullcontext():
        subject = read_script(script, examples, its_args)
        print(f"measuring {what} of {subject.name} ...", file=sys.stderr)
        began = time.perf_counter()
        if what == "noise":
            found = measure_noise(subject, seed=seed)
            lines = noise_lines(found)
        elif what == "sharpness":
            rate = math.nan if lr is None else lr
            found = measure_sharpness(subject, seed=seed, lr=rate, differences=differences)
            lines = sharpness_lines(found)
        else:
            found = measure_batch_size(subject, seed=seed)
            lines = batch_size_lines(found)
    seconds = time.perf_counter() - began
    objective = subject.objective
    count, device = objective.num_params, device_name(objective.device)
    if json:
        about = {
            "script": subject.name,
            "parameters": count,
            "examples": subject.num_examples,
            "mean_over": objective.unit,
            "units": units_of(found, objective.unit),
        }
        print(json_format.dumps({**about, "device": device, "seconds": seconds, **found}))
        return 0
    print(f"{subject.name}: {count:,} parameters, {subject.num_examples:,} examples, {device}")
    print("\n".join(lines))
    print(f"Cost: {found['cost']:.1f} gradients over the data, {seconds:.1f} s")
    return 0
