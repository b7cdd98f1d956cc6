"""How noisy is a gradient, and what batch size is worth paying for?"""

from coursekit.noise.average import MomentAverage
from coursekit.noise.critical_batch import (
    CriticalBatch,
    fit_critical_batch,
    optimal_lr,
    predict_examples,
    predict_steps,
    predict_time,
    steps_to_target,
)
from coursekit.noise.dual import SignNoiseScale, sign_noise_scale
from coursekit.noise.offline import model_moments
from coursekit.noise.online import NoiseScale
from coursekit.noise.scale import (
    GradMoments,
    NoiseScaleEstimate,
    grad_moments,
    grad_noise_scale,
    mean_moments,
)
from coursekit.noise.two_batch import two_batch_moments
from coursekit.noise.weighted import hessian_noise_scale

__all__ = [
    "CriticalBatch",
    "GradMoments",
    "MomentAverage",
    "NoiseScale",
    "NoiseScaleEstimate",
    "SignNoiseScale",
    "fit_critical_batch",
    "grad_moments",
    "grad_noise_scale",
    "hessian_noise_scale",
    "mean_moments",
    "model_moments",
    "optimal_lr",
    "predict_examples",
    "predict_steps",
    "predict_time",
    "sign_noise_scale",
    "steps_to_target",
    "two_batch_moments",
]
