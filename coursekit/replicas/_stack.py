"""A stack: replicas of one model that share batch sizes, optimizer and schedule."""

import copy
import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset
from coursekit.replicas._mlp import mlp_activation, mlp_gradients, mlp_logits, mlp_sgd_step
from coursekit.replicas._vmap import Loss, Stacked, single_outputs, vmap_gradients, vmap_outputs
from coursekit.train._optim_stacked import stacked_state, stacked_step
from coursekit.train.optim import SGD, Settings

BY_VMAP = ("vmap", "kernels", "compiled")  # backends for any model
EVALUATION_BYTES = 2**22  # activations on a CPU while a split is evaluated: what its caches hold
EVALUATION_SHARE = 1 / 32  # of a GPU's memory: each piece costs some hundred launches


@dataclass(frozen=True)
class Stack:
    """What one stack needs, as plain data that can travel to another process.

    Attributes:
        model: The structure; its weights are not used.
        initial: Parameters and buffers by name, shape (seeds, ...).
        rng_states: State of each seed's generator after its model was made.
        seed_index: Which seed each replica has, shape (R,).
        lrs: Learning rate of each replica, shape (R,), float64.
        factors: What the schedule multiplies them by at each step, shape (num_steps,), float64.
        batch_sizes: B of each step, shape (num_steps,).
        optimizer: Settings.
        backend: "mlp", "vmap", "kernels", "compiled" or "loop".
        loss_fn: Mean loss of (outputs, targets).
        bytes_per_example: Activations of one example in one replica.
        record_steps: Numbers of updates after which to evaluate.
        keep_weights: Whether to return the final parameters.
        keep_correct: Whether to return which test examples are right at the end.
        precision: Of the products of "kernels" and "compiled": "float32", "tf32" or "bf16".
    """

    model: nn.Module
    initial: Stacked
    rng_states: list[Tensor]
    seed_index: np.ndarray
    lrs: np.ndarray
    factors: np.ndarray
    batch_sizes: np.ndarray
    optimizer: Settings
    backend: str
    loss_fn: Loss
    bytes_per_example: int
    record_steps: tuple[int, ...] = ()
    keep_weights: bool = False
    keep_correct: bool = False
    precision: str = "float32"

    def split(self, parts: int) -> list["Stack"]:
        """Return stacks of consecutive replicas, as equal in size as can be."""
        pieces = []
        for chosen in np.array_split(np.arange(len(self.lrs)), parts):
            seeds, seed_index = np.unique(self.seed_index[chosen], return_inverse=True)
            pieces.append(
                dataclasses.replace(
                    self,
                    initial={name: t[seeds] for name, t in self.initial.items()},
                    rng_states=[self.rng_states[s] for s in seeds],
                    seed_index=seed_index,
                    lrs=self.lrs[chosen],
                )
            )
        return pieces


def named_tensors(model: nn.Module) -> Stacked:
    """Return parameters and buffers by name; a shared one once."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def evaluation_bytes(device: torch.device) -> int:
    """Return how many bytes of activations an evaluation may have at once."""
    if device.type != "cuda":
        return EVALUATION_BYTES
    return int(EVALUATION_SHARE * torch.cuda.get_device_properties(device).total_memory)


Result = dict[str, np.ndarray]  # one entry a replica in the first dimension


class Replicas:
    """Weights and optimizer state of a stack, and what happens to them in one step."""

    def __init__(self, stack: Stack, data: Dataset, device: torch.device) -> None:
        self.stack, self.data = stack, data
        self.seed_index = torch.as_tensor(stack.seed_index, device=device)
        trainable = {name for name, p in stack.model.named_parameters() if p.requires_grad}
        tensors = {name: t.to(device)[self.seed_index] for name, t in stack.initial.items()}
        self.params = {name: tensors[name] for name in tensors if name in trainable}
        self.buffers = {name: tensors[name] for name in tensors if name not in trainable}
        self.weights = list(self.params.values())
        self.dtype = self.weights[0].dtype
        self.state = stacked_state(stack.optimizer, self.weights)
        self.activation = mlp_activation(stack.model)
        self.fused_sgd = stack.backend == "mlp" and stack.optimizer == SGD()
        needs_grads = stack.backend == "mlp" and not self.fused_sgd
        self.grads = [torch.zeros_like(w) for w in self.weights] if needs_grads else []
        model = copy.deepcopy(stack.model).to(device)
        if stack.backend in BY_VMAP:
            self.by_vmap = vmap_gradients(
                model,
                stack.loss_fn,
                kernels=stack.backend != "vmap",
                compiled=stack.backend == "compiled",
                precision=stack.precision,
            )
        if stack.backend == "loop":
            self.outputs = single_outputs(model)
        else:
            self.outputs = vmap_outputs(model, kernels=stack.backend == "kernels")
        self.alive = torch.ones(len(stack.lrs), dtype=torch.bool, device=device)
        self.finite_steps = torch.zeros(len(stack.lrs), dtype=torch.int64, device=device)

    def step(self, indices: Tensor, lr: Tensor, num_updates: int | Tensor) -> None:
        """Take one step with the batch ``indices`` (seeds, B) and learning rates (R,)."""
        chosen = indices[self.seed_index]
        inputs = self.data.train_inputs.index_select(0, chosen.reshape(-1))
        targets = self.data.train_targets.index_select(0, chosen.reshape(-1))
        inputs = inputs.view(*chosen.shape, *inputs.shape[1:])
        targets = targets.view(*chosen.shape, *targets.shape[1:])
        optimizer, grads = self.stack.optimizer, self.grads
        if self.fused_sgd:
            losses = mlp_sgd_step(self.weights, inputs, targets, self._activation, lr)
        elif self.stack.backend == "mlp":
            losses = mlp_gradients(self.weights, inputs, targets, self._activation, grads)
        else:
            losses, grads = self.by_vmap(self.params, self.buffers, inputs, targets)
        if not self.fused_sgd:
            stacked_step(optimizer, self.weights, grads, self.state, lr, num_updates)
        self.alive.logical_and_(losses.isfinite())
        self.finite_steps.add_(self.alive)

    @property
    def _activation(self) -> str:
        assert self.activation is not None
        return self.activation

    def tensors(self) -> list[Tensor]:
        """Return everything that a step changes."""
        averages = [t for average in self.state for t in average]
        return [*self.weights, *self.buffers.values(), *averages, self.alive, self.finite_steps]

    def evaluate(self, *, with_test: bool = True) -> Result:
        """Return loss and accuracies of every replica, with its present weights."""
        data = self.data
        loss, _ = self.score(data.train_inputs, data.train_targets)
        _, validation = self.score(data.validation_inputs, data.validation_targets)
        found = {"train_loss": loss, "validation_accuracy": validation.mean(axis=1)}
        if with_test:
            _, right = self.score(data.test_inputs, data.test_targets)
            found["test_accuracy"] = right.mean(axis=1)
            if self.stack.keep_correct:
                found["test_correct"] = right.astype(np.float32)
        return found

    def score(self, inputs: Tensor, targets: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return mean loss (R,) and the share right of each example (R, N); nan where diverged.

        That is 0 or 1 for a class, a fraction for a row of classes, and nan where targets are none.
        """
        count = len(self.stack.lrs)
        rows = max(16, evaluation_bytes(inputs.device) // (count * self.stack.bytes_per_example))
        loss_sum = torch.zeros(count, dtype=torch.float64, device=inputs.device)
        right = torch.full(
            (count, len(inputs)), torch.nan, dtype=torch.float64, device=inputs.device
        )
        parts = zip(inputs.split(rows), targets.split(rows), right.split(rows, dim=1), strict=True)
        for x, y, into in parts:
            if self.stack.backend == "mlp":
                logits = mlp_logits(self.weights, x.expand(count, *x.shape), self._activation)
                loss_sum += cross_entropy(logits, y.expand(count, -1), reduction="none").sum(dim=1)
                classes = logits.argmax(dim=1)
            else:
                outputs = self.outputs(self.params, self.buffers, x)
                if self.stack.backend == "loop":
                    losses = self.stack.loss_fn(outputs[0], y)
                else:
                    losses = vmap(self.stack.loss_fn, in_dims=(0, None))(outputs, y)
                loss_sum += len(x) * losses
                classes = outputs.argmax(dim=-1)
            if not y.is_floating_point():
                into.copy_((classes == y).double().view(count, len(x), -1).mean(dim=2))
        loss_sum = (loss_sum / len(inputs)).masked_fill(~self.alive, np.nan)
        right = right.masked_fill(~self.alive[:, None], np.nan)
        return loss_sum.cpu().numpy(), right.cpu().numpy()

    def result(self, records: list[Result], num_records: int) -> Result:
        """Return what `train_stack` returns, without the times."""
        result = self.evaluate()
        diverged_at = torch.where(self.alive, -1, self.finite_steps)
        result["diverged_at"] = diverged_at.cpu().numpy()
        for name in ("train_loss", "validation_accuracy"):
            curves = np.full((len(diverged_at), num_records), np.nan)  # nan after all diverged
            for i, found in enumerate(records):
                curves[:, i] = found[name]
            result[f"recorded_{name}"] = curves
        if self.stack.keep_weights:
            flat = torch.cat([w.flatten(1) for w in self.weights], dim=1)
            result["weights"] = flat.cpu().numpy()
        return result
