"""Data made by a teacher: everything about them is known, and there is as much as one likes."""

import math

import torch
from torch import Tensor

from coursekit.data.splits import Dataset, from_splits
from coursekit.models.perceptrons import mlp

TASKS = ("regression", "classification")


def linear_teacher(
    num_train: int,
    *,
    eigenvalues: Tensor,
    noise_std: float,
    generator: torch.Generator,
    num_other: int = 2000,
) -> tuple[Dataset, Tensor]:
    """Draw linear regression data with a known curvature and a known noise floor.

        x ~ N(0, diag(eigenvalues)),   y = x . w* + noise_std xi,   |w*| = 1

    For the loss E (x . w - y)^2 / 2 of a student without bias everything is exact: the Hessian is
    diag(eigenvalues), the smallest loss noise_std^2 / 2, and one example's gradient at w* has the
    covariance noise_std^2 diag(eigenvalues). So `coursekit.toy.dynamics` applies to each direction.

    Args:
        num_train: Training examples.
        eigenvalues: Variances of the features, shape (features,), > 0.
        noise_std: Standard deviation of the targets about the teacher.
        generator: Source of teacher and data. The splits are drawn one after
            the other, so one seed with another `num_train` has other validation and test data: to
            compare sizes, draw the largest once and use its first examples.
        num_other: Examples in the validation split, and in the test split.

    Returns:
        The splits, with targets (N, 1), and w*, shape (features,).

    Raises:
        ValueError: If a number of examples, an eigenvalue or the noise can't be.
    """
    check_sizes(num_train, num_other, noise_std)
    if eigenvalues.dim() != 1 or not (eigenvalues > 0).all():
        raise ValueError(f"eigenvalues must be a vector of numbers > 0, got {eigenvalues}")
    teacher = torch.randn(len(eigenvalues), generator=generator)
    teacher = teacher / teacher.norm()
    tensors = []
    for count in (num_train, num_other, num_other):
        inputs = torch.randn(count, len(eigenvalues), generator=generator) * eigenvalues.sqrt()
        noise = noise_std * torch.randn(count, 1, generator=generator)
        tensors += [inputs, inputs @ teacher[:, None] + noise]
    return from_splits("linear teacher", tensors, num_classes=0), teacher


def mlp_teacher(
    num_train: int,
    *,
    num_features: int,
    generator: torch.Generator,
    width: int = 32,
    task: str = "classification",
    num_classes: int = 10,
    noise_std: float = 0.0,
    num_other: int = 2000,
) -> Dataset:
    """Draw data that a random two-layer network labels.

        x ~ N(0, I),  f = teacher(x), each output standardised
        classification: y = argmax_k (f_k + noise_std xi_k)        num_classes outputs
        regression:     y = f + noise_std xi                       one output

    A student of the teacher's shape can fit the noiseless function exactly; a wider one has many
    ways to do so.

    Args:
        num_train: Training examples.
        num_features: Length of an input.
        generator: Source of teacher, inputs and noise. The splits are drawn one after
            the other, so one seed with another `num_train` has other validation and test data: to
            compare sizes, draw the largest once and use its first examples.
        width: Hidden units of the teacher (tanh).
        task: "classification" or "regression".
        num_classes: Classes; not used for regression.
        noise_std: Noise on the standardised outputs: with classification it flips those labels
            that were close, unlike `coursekit.data.flip_labels`, which flips any.
        num_other: Examples in the validation split, and in the test split.

    Returns:
        The splits. For a regression targets have the shape (N, 1), and the best test loss
        E (f - y)^2 is noise_std^2.

    Raises:
        ValueError: For another task or impossible sizes.
    """
    check_sizes(num_train, num_other, noise_std)
    if task not in TASKS:
        raise ValueError(f"task must be one of {', '.join(TASKS)}, got {task!r}")
    if num_features < 1 or width < 1 or num_classes < 2:
        raise ValueError(
            f"need num_features, width >= 1 and num_classes >= 2, got {num_features}, {width} "
            f"and {num_classes}"
        )
    num_outputs = num_classes if task == "classification" else 1
    sizes = (num_features, width, num_outputs)
    teacher = mlp(sizes, generator=generator, activation="tanh", init_scale=math.sqrt(2.0))
    tensors: list[Tensor] = []
    centre = scale = torch.zeros(num_outputs)
    for split, count in enumerate((num_train, num_other, num_other)):
        inputs = torch.randn(count, num_features, generator=generator)
        with torch.no_grad():
            if split == 0:  # on inputs of its own, so that no split sets the scale
                probe = teacher(torch.randn(10_000, num_features, generator=generator))
                centre, scale = probe.mean(dim=0), probe.std(dim=0)
            outputs = (teacher(inputs) - centre) / scale
        outputs = outputs + noise_std * torch.randn(outputs.shape, generator=generator)
        tensors += [inputs, outputs.argmax(dim=1) if task == "classification" else outputs]
    classes = num_classes if task == "classification" else 0
    return from_splits("mlp teacher", tensors, num_classes=classes)


def check_sizes(num_train: int, num_other: int, noise_std: float) -> None:
    """Refuse numbers of examples, or a noise, that can't be."""
    if num_train < 1 or num_other < 1:
        raise ValueError(f"num_train and num_other must be >= 1, got {num_train} and {num_other}")
    if not 0 <= noise_std < math.inf:
        raise ValueError(f"noise_std must be >= 0 and finite, got {noise_std}")
