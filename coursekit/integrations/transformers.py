"""The noise scale inside the Trainer of `transformers`, at its default clipping.

    noise = NoiseScaleCallback()
    Trainer(model=model, args=args, train_dataset=data, callbacks=[noise]).train()
    print(noise.estimate())                  # also in the logs: noise_scale, noise_scale_low, ...

The Trainer calls back only after it has clipped; gradients are read before that, while the
backward passes run. What it multiplies a loss by (accumulation, num_items_in_batch, workers, a
gradient scaler) is read off the gradient that arrives at the model's own loss.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.gradients.counts import target_count
from coursekit.integrations._workers import all_workers
from coursekit.noise.online import NoiseScale
from coursekit.noise.scale import GradMoments, NoiseScaleEstimate

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise ImportError(
        "coursekit.integrations.transformers needs the package transformers: "
        "pip install transformers accelerate"
    ) from error


class NoiseScaleCallback(TrainerCallback):
    """Measures tr(Sigma)/|G|^2 while a Trainer trains; see `NoiseScale` for the settings.

    With gradient_accumulation_steps > 1, or several workers, the micro-batches show the spread.
    With one backward pass a step the examples inside it do, at the normalisation layers alone
    unless `examples` says otherwise.

    Args:
        unit: "examples" (rows of the batch) or "tokens" (labels that the loss is a mean over).
        every: Measure only every so many optimizer steps.
        decay: Weight of the past, see NoiseScale.
        examples: None: micro-batches where there are several, else "norms". "norms" or "all": the
            examples in any case.
        loss_factor: What the mean loss of a micro-batch is multiplied by before backward. None:
            found out, from the model's own loss. Needed where the Trainer computes the loss itself
            (compute_loss_func, label smoothing).
        layers: Layers apart, see NoiseScale.
        allow_batch_norm: Accept BatchNorm in train mode, see NoiseScale.
    """

    def __init__(
        self,
        *,
        unit: str = "examples",
        every: int = 8,
        decay: float = 0.99,
        examples: str | None = None,
        loss_factor: float | None = None,
        layers: bool | Callable[[str], str] = False,
        allow_batch_norm: bool = False,
    ) -> None:
        if unit not in ("examples", "tokens"):
            raise ValueError(f"unit must be 'examples' or 'tokens', got {unit!r}")
        self.unit, self.examples, self.loss_factor = unit, examples, loss_factor
        self.settings = {
            "every": every,
            "decay": decay,
            "layers": layers,
            "allow_batch_norm": allow_batch_norm,
        }
        self.noise: NoiseScale | None = None
        self.seen = _Forward()

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Put the hooks in place."""
        model, workers = kwargs["model"], args.world_size
        examples = self.examples
        if examples is None and args.gradient_accumulation_steps * workers == 1:
            examples = "norms"
        old = None if self.noise is None else self.noise.state_dict()
        self.noise = NoiseScale(
            model,
            micro_batch_size=1,
            group=all_workers(workers),
            unit=self.unit,
            examples=examples,
            **self.settings,  # type: ignore[arg-type]
        )
        if old is not None:
            self.noise.load_state_dict(old)
        self.seen = _Forward(model, self.noise, self.loss_factor is None)

    def on_substep_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record a micro-batch that is not the last of its step."""
        self._micro_step()

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record the last micro-batch, which has been clipped by now, and the step."""
        self._micro_step()
        noise = self._started()
        if noise.can_step:
            noise.step()
        else:
            noise.discard()  # the last step of an epoch, with one micro-batch left for it

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Add the noise scale to what is logged of training."""
        logs = kwargs.get("logs")
        if logs is not None and "loss" in logs and self.noise is not None:
            found = self.noise.estimate()
            logs["noise_scale"], logs["noise_scale_low"] = found.value, found.low
            logs["noise_scale_high"] = found.high

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Remove the hooks; the averages stay."""
        self._started().close()
        self.seen.close()

    def estimate(self, *, level: float = 0.95) -> NoiseScaleEstimate:
        """Return the noise scale with its interval, in examples or tokens."""
        return self._started().estimate(level=level)

    def moments(self) -> GradMoments:
        """Return |G|^2 and tr(Sigma) with their standard errors."""
        return self._started().moments()

    def layer_estimates(self, *, level: float = 0.95) -> dict[str, NoiseScaleEstimate]:
        """Return each layer's noise scale."""
        return self._started().layers(level=level)

    def _started(self) -> NoiseScale:
        if self.noise is None:
            raise ValueError("no training yet: give this callback to a Trainer and call train()")
        return self.noise

    def _micro_step(self) -> None:
        noise = self._started()
        if not noise.listening:
            self.seen.forget()
            return
        factor, inputs = self.seen.take(self.loss_factor)
        if factor == 0 or (self.unit == "tokens" and self.seen.tokens(inputs) == 0):
            noise.leave_out()
            return
        counts = None
        if self.unit == "tokens":
            size = self.seen.tokens(inputs)
            if noise.sees_examples:
                rows = [
                    {k: v[i : i + 1] for k, v in _labels(inputs).items()}
                    for i in range(_rows(inputs))
                ]
                counts = torch.tensor([self.seen.tokens(row) for row in rows], device="cpu")
        else:
            size = _rows(inputs)
        noise.micro_step(micro_batch_size=size, loss_factor=factor, counts=counts)


class _Forward:
    """What the model was given in its latest forward pass, and what became of its loss."""

    def __init__(
        self, model: nn.Module | None = None, noise: NoiseScale | None = None, find: bool = True
    ) -> None:
        self.model, self.noise, self.find = model, noise, find
        self.divides: bool | None = None  # whether the model divides by num_items_in_batch
        self.busy = False
        self.handles = []
        if model is not None:
            self.handles = [model.register_forward_hook(self.on_forward, with_kwargs=True)]
            self.shifted = _shifts_labels(model)
        self.forget()

    def forget(self) -> None:
        """Forget the latest pass."""
        self.inputs: dict[str, Any] | None = None
        self.arrived: Tensor | None = None

    def close(self) -> None:
        """Remove the hook."""
        for handle in self.handles:
            handle.remove()

    def on_forward(self, model: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Note the inputs, and wait for the gradient at the loss."""
        if self.busy or self.noise is None or not self.noise.listening:
            return
        if not torch.is_grad_enabled():
            return
        self.inputs, self.arrived = dict(kwargs), None
        if args:
            self.inputs["input"] = args[0]
        loss = output.get("loss") if hasattr(output, "get") else getattr(output, "loss", None)
        if loss is None and isinstance(output, tuple) and output and isinstance(output[0], Tensor):
            loss = output[0] if output[0].dim() == 0 else None
        if self.find and isinstance(loss, Tensor) and loss.requires_grad:
            if self.divides is None and self.inputs.get("num_items_in_batch") is not None:
                self.divides = self.does_divide(model, args, loss)
            loss.register_hook(self.on_loss)

    def on_loss(self, grad: Tensor) -> None:
        """Note what the loss was multiplied by."""
        self.arrived = grad.detach().clone()

    def does_divide(self, model: nn.Module, args: Any, loss: Tensor) -> bool | None:
        """Tell whether the model divides its loss by num_items_in_batch: it is asked once more.

        Models that take any keyword are given the number, and many ignore it.
        """
        inputs = self.inputs or {}
        share = self.tokens(inputs) / float(inputs["num_items_in_batch"])
        if share > 0.9:
            return None  # both are nearly the same; the next micro-batch may tell
        rest = {k: v for k, v in inputs.items() if k not in ("num_items_in_batch", "input")}
        self.busy = True
        try:
            devices = [loss.device] if loss.is_cuda else []
            with torch.no_grad(), torch.random.fork_rng(devices):
                output = model(*args, **rest)
        finally:
            self.busy = False
        mean = output["loss"] if hasattr(output, "keys") else output[0]
        return abs(math.log(float(loss) / float(mean))) > abs(math.log(share)) / 2

    def take(self, factor: float | None) -> tuple[float, dict[str, Any]]:
        """Return the factor on the micro-batch's mean loss, and its inputs."""
        inputs, arrived = self.inputs, self.arrived
        self.forget()
        if inputs is None:
            raise ValueError("the Trainer called back, but no forward pass was seen")
        if factor is not None:
            return factor, inputs
        if arrived is None:
            raise ValueError(
                "the Trainer does not use the model's own loss (compute_loss_func, label "
                "smoothing, or compute_loss of your own): say what it multiplies the mean loss of "
                "a micro-batch by, NoiseScaleCallback(loss_factor=1/accumulation steps)"
            )
        found = float(arrived)
        if self.divides and inputs.get("num_items_in_batch") is not None:
            found *= self.tokens(inputs) / float(inputs["num_items_in_batch"])
        return found, inputs

    def tokens(self, inputs: dict[str, Any]) -> float:
        """Count the labels that the model's loss is a mean over."""
        labels = _labels(inputs)
        if not labels:
            raise ValueError("unit='tokens' counts labels, and the model was given none")
        if "shift_labels" in labels:
            return target_count({"labels": labels["shift_labels"]})
        return target_count(labels, shifted=self.shifted and labels["labels"].dim() > 1)


def _labels(inputs: dict[str, Any]) -> dict[str, Tensor]:
    names = ("labels", "shift_labels")
    return {k: inputs[k] for k in names if isinstance(inputs.get(k), Tensor)}


def _rows(inputs: dict[str, Any]) -> int:
    """Return the number of examples: rows of the labels, else of the first tensor."""
    tensors = [*_labels(inputs).values(), *(v for v in inputs.values() if isinstance(v, Tensor))]
    return next(len(t) for t in tensors if t.dim())


def _shifts_labels(model: Any) -> bool:
    """Tell whether the loss predicts each label from those before it, as the Trainer finds out."""
    from transformers.loss.loss_utils import LOSS_MAPPING, ForCausalLMLoss

    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    encoder_decoder = getattr(getattr(base, "config", None), "is_encoder_decoder", False)
    kind = LOSS_MAPPING.get(str(getattr(base, "loss_type", None)))
    return kind is ForCausalLMLoss and not encoder_decoder
