"""The result of a grid of runs: arrays with named axes, and what is read from them."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Population:
    """What a grid of runs measured.

    Every array has the axes of ``axes`` in that order: first "optimizer" and "schedule" where
    several were given, then "seed", "lr", "batch_size". Losses and accuracies are nan where a run
    diverged.

    Attributes:
        axes: Name of each axis -> its values.
        train_loss: Mean loss of the training split after the last step.
        validation_accuracy: 0 to 1. Choose learning rates by this one.
        test_accuracy: 0 to 1. Report this one.
        diverged_at: Step whose loss was not finite; -1: none.
        num_steps: Optimizer steps at each batch size, shape (batch_sizes,).
        record_steps: Updates done at each record, shape (batch_sizes, records).
        recorded: "train_loss" and "validation_accuracy" at the records, shape (..., records).
        weights: Final parameters in the order of ``model.parameters()``, shape (..., num_params),
            or None.
        test_correct: Which test examples are right after the last step, 1 or 0 (a fraction for rows
            of targets), shape (..., test examples), or None.
        seconds: Time spent training and evaluating, summed over stacks.
        setup_seconds: Time spent capturing CUDA graphs.
        backend: "mlp", "vmap", "kernels", "compiled" or "loop".
        stack_sizes: Replicas in the largest stack at each batch size, shape (batch_sizes,).
    """

    axes: dict[str, tuple]
    train_loss: np.ndarray
    validation_accuracy: np.ndarray
    test_accuracy: np.ndarray
    diverged_at: np.ndarray
    num_steps: np.ndarray
    record_steps: np.ndarray
    recorded: dict[str, np.ndarray] = field(repr=False)
    weights: np.ndarray | None = field(repr=False)
    seconds: float
    setup_seconds: float
    backend: str
    stack_sizes: np.ndarray
    test_correct: np.ndarray | None = field(default=None, repr=False)

    @property
    def diverged(self) -> np.ndarray:
        """Which runs met a loss that was not finite."""
        return self.diverged_at >= 0

    def values(self, name: str, *, diverged_as: float = np.nan) -> np.ndarray:
        """Return an array by name, with diverged runs counted as a value of your choice.

        For accuracies, chance (1 / classes) keeps a mean over seeds honest; leaving them out
        would average over the lucky ones.

        Raises:
            ValueError: For ``test_correct`` of a grid that did not keep it.
        """
        array = getattr(self, name)
        if array is None:
            keep = f"keep_{name.split('_')[-1]}=True"
            raise ValueError(f"the grid kept no {name}: pass {keep} to run_grid")
        extra = array.ndim - self.diverged.ndim  # dimensions after those of the grid
        diverged = np.reshape(self.diverged, (*self.diverged.shape, *(1,) * extra))
        return np.where(diverged, diverged_as, array)

    def at(self, **chosen: Any) -> "Population":
        """Return the part at given values of some axes, which are dropped: ``at(lr=0.1)``.

        Raises:
            ValueError: For an axis or a value that is not there.
        """
        index: list[Any] = [slice(None)] * len(self.axes)
        for name, value in chosen.items():
            if name not in self.axes:
                raise ValueError(f"no axis {name!r}: there are {', '.join(self.axes)}")
            if value not in self.axes[name]:
                raise ValueError(f"no {name} {value!r}: there are {self.axes[name]}")
            index[list(self.axes).index(name)] = self.axes[name].index(value)
        where = tuple(index)
        of_batch = where[list(self.axes).index("batch_size")] if "batch_size" in self.axes else ...
        return replace(
            self,
            axes={n: v for n, v in self.axes.items() if n not in chosen},
            **{
                name: getattr(self, name)[where]
                for name in ("train_loss", "validation_accuracy", "test_accuracy", "diverged_at")
            },
            **{
                name: getattr(self, name)[of_batch]
                for name in ("num_steps", "record_steps", "stack_sizes")
            },
            recorded={name: array[where] for name, array in self.recorded.items()},
            weights=None if self.weights is None else self.weights[where],
            test_correct=None if self.test_correct is None else self.test_correct[where],
        )

    def best_lr(self, *, by: str = "validation_accuracy") -> np.ndarray:
        """Return the index of the best learning rate, by the mean over seeds.

        A learning rate at which any seed diverged is never best, unless all are so: then -1. An
        index of 0 or the last means that the grid is clipped there: extend it.

        Returns:
            Integers over the axes that are left without "seed" and "lr"; for ``by="train_loss"``
            the smallest mean, else the largest.
        """
        sign = -1.0 if by == "train_loss" else 1.0
        seed = list(self.axes).index("seed")
        score = sign * getattr(self, by).mean(axis=seed)  # nan if any seed diverged
        lr = [name for name in self.axes if name != "seed"].index("lr")
        best = np.where(np.isnan(score), -np.inf, score).argmax(axis=lr)
        return np.where(np.isnan(score).all(axis=lr), -1, best)

    def at_best_lr(self, name: str = "test_accuracy", *, by: str = "validation_accuracy") -> Any:
        """Return an array by name at each setting's own best learning rate, "lr" dropped.

        Where every learning rate diverged the values are nan.
        """
        seed, lr = list(self.axes).index("seed"), list(self.axes).index("lr")
        best = np.expand_dims(self.best_lr(by=by), sorted((seed, lr)))
        taken = np.take_along_axis(getattr(self, name).astype(float), best.clip(min=0), axis=lr)
        return np.where(best < 0, np.nan, taken).squeeze(axis=lr)
