"""The noise scale inside a loop with `accelerate`.

noise = AcceleratedNoiseScale(accelerator, model)           # after prepare()
for batch in loader:
    with accelerator.accumulate(model):
        loss = mean_loss(model, batch)
        accelerator.backward(loss)
        noise.after_backward(len(batch))                     # before or after clipping
        optimizer.step(); optimizer.zero_grad()
print(noise.estimate())
"""

from typing import Any

from torch import nn

from coursekit.integrations._workers import all_workers
from coursekit.noise.online import NoiseScale
from coursekit.noise.scale import GradMoments, NoiseScaleEstimate

try:
    from accelerate import Accelerator
except ImportError as error:
    raise ImportError(
        "coursekit.integrations.accelerate needs the package accelerate: pip install accelerate"
    ) from error


class AcceleratedNoiseScale:
    """Measures tr(Sigma)/|G|^2 in a loop of your own with an Accelerator.

    Args:
        accelerator: Knows the accumulation steps, the workers and the gradient scaler.
        model: As `accelerator.prepare` returned it.
        settings: Others of `NoiseScale`: unit, every, decay, layers, examples, allow_batch_norm.
            Without accumulation or workers, examples="norms" unless given.
    """

    def __init__(self, accelerator: Accelerator, model: nn.Module, **settings: Any) -> None:
        workers = accelerator.num_processes
        if accelerator.gradient_accumulation_steps * workers == 1:
            settings.setdefault("examples", "norms")
        self.accelerator = accelerator
        self.noise = NoiseScale(model, micro_batch_size=1, group=all_workers(workers), **settings)

    def after_backward(self, size: float, **settings: Any) -> None:
        """Record a micro-batch, and the step if it was the last one.

        Args:
            size: Examples (or tokens) of this worker's batch, whose mean the loss was.
            settings: `counts` of NoiseScale.micro_step.
        """
        scaler = self.accelerator.scaler
        factor = 1.0 if scaler is None else scaler.get_scale()
        factor /= self.accelerator.gradient_accumulation_steps
        self.noise.micro_step(micro_batch_size=size, loss_factor=factor, **settings)
        if not self.accelerator.sync_gradients:
            return
        if self.noise.can_step:
            self.noise.step()
        else:
            self.noise.discard()  # the last step of an epoch, with one micro-batch left for it

    def estimate(self, *, level: float = 0.95) -> NoiseScaleEstimate:
        """Return the noise scale with its interval."""
        return self.noise.estimate(level=level)

    def moments(self) -> GradMoments:
        """Return |G|^2 and tr(Sigma) with their standard errors."""
        return self.noise.moments()

    def close(self) -> None:
        """Remove the hooks; the averages stay."""
        self.noise.close()
