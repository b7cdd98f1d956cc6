"""What is the gradient of a batch, of each example, and how far do batches fall from the mean?"""

from coursekit.gradients.batches import Batch, BatchLoss, Data, Loss, OutputLoss
from coursekit.gradients.counts import target_count
from coursekit.gradients.minibatch import (
    gradient_covariance,
    gradient_covariance_trace,
    mean_gradient,
    minibatch_gradient,
    minibatch_gradient_variance,
    per_example_gradients,
)
from coursekit.gradients.norms import covariance_trace, per_example_dots, per_example_norms
from coursekit.gradients.objective import Objective
from coursekit.gradients.sampling import (
    draw_batches,
    draw_groups,
    draw_windows,
    error_products,
    group_correlation,
    measure_variance,
    variance_curve,
)

__all__ = [
    "Batch",
    "BatchLoss",
    "Data",
    "Loss",
    "Objective",
    "OutputLoss",
    "covariance_trace",
    "draw_batches",
    "draw_groups",
    "draw_windows",
    "error_products",
    "gradient_covariance",
    "gradient_covariance_trace",
    "group_correlation",
    "mean_gradient",
    "measure_variance",
    "minibatch_gradient",
    "minibatch_gradient_variance",
    "per_example_dots",
    "per_example_gradients",
    "per_example_norms",
    "target_count",
    "variance_curve",
]
