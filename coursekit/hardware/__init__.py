"""What does a batch cost on this machine: seconds, bytes, bits that change, money?"""

from coursekit.hardware.compression import compressed_noise, random_share
from coursekit.hardware.memory import (
    mlp_activation_bytes,
    peak_saved_bytes,
    training_state_bytes,
)
from coursekit.hardware.plan import BestBatches, Prices, best_batches
from coursekit.hardware.roofline import (
    Peaks,
    linear_bytes,
    linear_flops,
    measure_peaks,
    roofline_knee,
    roofline_seconds,
)
from coursekit.hardware.row_stable import row_stable
from coursekit.hardware.step_time import StepTime, fit_step_time
from coursekit.hardware.timing import seconds_in_rounds

__all__ = [
    "BestBatches",
    "Peaks",
    "Prices",
    "StepTime",
    "best_batches",
    "compressed_noise",
    "fit_step_time",
    "linear_bytes",
    "linear_flops",
    "measure_peaks",
    "mlp_activation_bytes",
    "peak_saved_bytes",
    "random_share",
    "roofline_knee",
    "roofline_seconds",
    "row_stable",
    "seconds_in_rounds",
    "training_state_bytes",
]
