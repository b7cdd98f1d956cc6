"""What `measure` prints for a person: a line for each number, with its error and unit."""

import math
from typing import Any


def noise_lines(found: dict[str, Any]) -> list[str]:
    """Say what `measure_noise` found."""
    lines = [
        f"|G|^2       {found['grad_sq_norm']:.4g} ± {found['grad_sq_norm_stderr']:.2g}   (± is one "
        "standard error)",
        f"tr(Sigma)   {found['tr_cov']:.4g} ± {found['tr_cov_stderr']:.2g}   per "
        f"{found['unit'].removesuffix('s')}",
        f"B_simple    {found['grad_noise_scale']:.4g} {found['unit']}, 95 % interval "
        f"{found['low']:.4g} to {found['high']:.4g}",
    ]
    if found["reason"]:
        lines.append(f"            unresolved: {found['reason']}; measure more examples")
    lines.append("At B = B_simple half of a batch gradient's squared length is noise.")
    return lines


def sharpness_lines(found: dict[str, Any]) -> list[str]:
    """Say what `measure_sharpness` found."""
    edge = "give --lr to compare with 2/lr"
    if math.isfinite(found["threshold"]):
        ratio = found["sharpness"] / found["threshold"]
        edge = f"{ratio:.2f} of 2/lr = {found['threshold']:.4g}"
    lines = [
        f"lambda_max  {found['sharpness']:.5g}, residual {found['residual']:.1g}; {edge}",
        f"trace       {found['trace']:.5g} ± {found['trace_stderr']:.2g}   "
        f"({found['trace_method']})",
        f"critical    {found['critical_sharpness']:.5g}   2/step at which the loss stops falling "
        "along the gradient",
        f"SAM         {found['sam_sharpness']:.4g}   rise of the loss along a step of length 0.05",
    ]
    if found["critical_reason"]:
        lines.insert(3, f"            unresolved: {found['critical_reason']}")
    if not found["trace_stderr"] <= 0.0501 * abs(found["trace"]):
        lines.insert(2, f"            {found['trace_reason']}")
    return lines


def batch_size_lines(found: dict[str, Any]) -> list[str]:
    """Say what `measure_batch_size` found."""
    lines = [
        f"B_simple    {found['grad_noise_scale']:.4g} {found['unit']}, 95 % interval "
        f"{found['low']:.4g} to {found['high']:.4g}",
        f"B_noise     {found['hessian_noise_scale']:.4g} examples, 95 % interval "
        f"{found['hessian_low']:.4g} to {found['hessian_high']:.4g}   (weighted by the Hessian)",
    ]
    if found["reason"]:
        lines.append(f"            unresolved: {found['reason']}")
    if found["batch_sizes"]:
        lines.append(
            "     B   steps, x fewest   examples, x fewest   best lr, share of the largest"
        )
    for row in found["batch_sizes"]:
        lines.append(
            f"{row['batch_size']:6d}   {row['steps']:15.2f}   {row['examples']:18.2f}   "
            f"{row['lr']:25.2f}"
        )
    lines.append("This is the trade-off at these weights; it changes while the model trains.")
    return lines
