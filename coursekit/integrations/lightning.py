"""The noise scale inside Lightning's Trainer.

noise = NoiseScaleCallback()
Trainer(accumulate_grad_batches=4, gradient_clip_val=1.0, callbacks=[noise]).fit(module, loader)
print(noise.estimate())                                       # also logged: noise_scale
"""

from collections.abc import Callable
from typing import Any

from coursekit.gradients.batches import Batch, num_examples
from coursekit.integrations._workers import all_workers
from coursekit.noise.online import NoiseScale
from coursekit.noise.scale import GradMoments, NoiseScaleEstimate

try:
    from lightning.pytorch import Callback
except ImportError:
    try:
        from pytorch_lightning import Callback  # type: ignore[assignment]
    except ImportError as error:
        raise ImportError(
            "coursekit.integrations.lightning needs Lightning: pip install lightning"
        ) from error


class NoiseScaleCallback(Callback):
    """Measures tr(Sigma)/|G|^2 while Lightning trains; see `NoiseScale` for the settings.

    With accumulate_grad_batches > 1, or several workers, the micro-batches show the spread; with
    one backward pass a step, the examples inside it, at the normalisation layers alone unless
    `examples` says otherwise. training_step must return the batch's mean loss.

    Args:
        count: Size of a batch: `num_examples`, or a function from batch to examples or tokens.
        unit: What `count` counts: "examples" or "tokens".
        every: Measure only every so many optimizer steps.
        decay: Weight of the past, see NoiseScale.
        examples: See NoiseScale; None: as said above.
        layers: Layers apart, see NoiseScale.
        allow_batch_norm: Accept BatchNorm in train mode, see NoiseScale.
    """

    def __init__(
        self,
        *,
        count: Callable[[Batch], float] = num_examples,
        unit: str = "examples",
        every: int = 8,
        decay: float = 0.99,
        examples: str | None = None,
        layers: bool | Callable[[str], str] = False,
        allow_batch_norm: bool = False,
    ) -> None:
        self.count, self.examples = count, examples
        self.settings = {
            "unit": unit,
            "every": every,
            "decay": decay,
            "layers": layers,
            "allow_batch_norm": allow_batch_norm,
        }
        self.noise: NoiseScale | None = None
        self.size = 1.0

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Refuse what is no plain loop."""
        if not pl_module.automatic_optimization:
            raise ValueError(
                "manual optimization has its own loop: call NoiseScale's micro_step() and step() "
                "in training_step, as in docs/training_loops.md"
            )

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Put the hooks in place."""
        examples = self.examples
        if examples is None and trainer.accumulate_grad_batches * trainer.world_size == 1:
            examples = "norms"
        old = None if self.noise is None else self.noise.state_dict()
        self.noise = NoiseScale(
            trainer.model,
            micro_batch_size=1,
            group=all_workers(trainer.world_size),
            examples=examples,
            **self.settings,  # type: ignore[arg-type]
        )
        if old is not None:
            self.noise.load_state_dict(old)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, index: int) -> None:
        """Note the size of the micro-batch."""
        if self._started().listening:
            self.size = self.count(batch)

    def on_after_backward(self, trainer: Any, pl_module: Any) -> None:
        """Record a micro-batch."""
        noise = self._started()
        if noise.listening:
            scaler = getattr(trainer.precision_plugin, "scaler", None)
            scale = 1.0 if scaler is None else scaler.get_scale()
            factor = scale / trainer.accumulate_grad_batches
            noise.micro_step(micro_batch_size=self.size, loss_factor=factor)

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Record the optimizer step."""
        noise = self._started()
        if noise.can_step:
            noise.step()
            if trainer.global_step % trainer.log_every_n_steps == 0:  # reading makes a GPU wait
                pl_module.log("noise_scale", noise.estimate().value)
        else:
            noise.discard()  # the last step of an epoch, with one micro-batch left for it

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Remove the hooks; the averages stay."""
        self._started().close()

    def state_dict(self) -> dict[str, Any]:
        """Return the averages, for Lightning's checkpoint."""
        return {} if self.noise is None else self.noise.state_dict()

    def estimate(self, *, level: float = 0.95) -> NoiseScaleEstimate:
        """Return the noise scale with its interval, in what `count` counts."""
        return self._started().estimate(level=level)

    def moments(self) -> GradMoments:
        """Return |G|^2 and tr(Sigma) with their standard errors."""
        return self._started().moments()

    def _started(self) -> NoiseScale:
        if self.noise is None:
            raise ValueError("no training yet: give this callback to a Trainer and call fit()")
        return self.noise
