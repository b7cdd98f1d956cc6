"""How curved is the loss? Eigenvalues, traces and densities of its Hessian, and sharpness."""

from coursekit.curvature.adaptive import adaptive_eigenvalues
from coursekit.curvature.hessian import hessian_eigenvalues, hessian_spectrum, hessian_trace
from coursekit.curvature.lanczos import Eigenpairs, lanczos_eigenvalues
from coursekit.curvature.operators import CurvatureOperator, matrix_operator, scaled_operator
from coursekit.curvature.products import ggn_operator, hessian_operator
from coursekit.curvature.reparametrise import dinh_rescale
from coursekit.curvature.sharpness_measures import (
    average_sharpness,
    keskar_sharpness,
    sam_sharpness,
    sharpness,
)
from coursekit.curvature.slices import loss_slice, random_direction
from coursekit.curvature.spectrum import SpectralDensity, spectral_density
from coursekit.curvature.step_stability import (
    BatchSharpness,
    CriticalSharpness,
    batch_sharpness,
    critical_sharpness,
)
from coursekit.curvature.trace import TraceEstimate, hutchinson_trace, hutchpp_trace

__all__ = [
    "BatchSharpness",
    "CriticalSharpness",
    "CurvatureOperator",
    "Eigenpairs",
    "SpectralDensity",
    "TraceEstimate",
    "adaptive_eigenvalues",
    "average_sharpness",
    "batch_sharpness",
    "critical_sharpness",
    "dinh_rescale",
    "ggn_operator",
    "hessian_eigenvalues",
    "hessian_operator",
    "hessian_spectrum",
    "hessian_trace",
    "hutchinson_trace",
    "hutchpp_trace",
    "keskar_sharpness",
    "lanczos_eigenvalues",
    "loss_slice",
    "matrix_operator",
    "random_direction",
    "sam_sharpness",
    "scaled_operator",
    "sharpness",
    "spectral_density",
]
