"""The noise scale of a running training loop, from the gradients it computes anyway.

    noise = NoiseScale(model.parameters(), micro_batch_size=8, loss_factor=1 / accum_steps)

    for x, y in micro_batches:                        # gradient accumulation
        (loss_fn(model(x), y) / accum_steps).backward()
        noise.micro_step()
    noise.step()                                      # before clipping and optimizer.step()
    optimizer.step(); optimizer.zero_grad()
    print(noise.estimate())

With a gradient scaler: `micro_step(loss_factor=scaler.get_scale() / accum_steps)`, and `step()`
before `scaler.unscale_`. With DistributedDataParallel: `NoiseScale(..., group=ddp.process_group)`
on every worker, and one micro_step() or more before each step(): the hooks see each worker's own
gradient before it is averaged.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.utils.hooks import RemovableHandle

from coursekit.noise._step_norms import (
    MicroNorms,
    StepNorms,
    as_tensors,
    mean_over_workers,
    world_size,
)
from coursekit.noise.average import MomentAverage
from coursekit.noise.scale import GradMoments, NoiseScaleEstimate

MAX_PENDING = 2048  # norms kept before they are averaged in (and fetched, from a GPU) together


class NoiseScale:
    """|G|^2 and tr(Sigma) at each optimizer step from its micro-batches, averaged over steps.

        g_k: gradients of K >= 2 micro-batches of b_k examples at the same weights
        w_k = f_k / sum f,  A = sum_k w_k g_k      (f_k: factor on the loss before backward)
        E sum w_k |g_k|^2 = |G|^2 + tr(Sigma) sum w_k/b_k
        E |A|^2           = |G|^2 + tr(Sigma) sum w_k^2/b_k

    Two equations, solved at each step, unbiased also for unequal sizes; then `MomentAverage`.

    Each watched parameter gets a hook that notes the norm of every fresh gradient before it is
    added to `.grad`: one pass over the gradient while it is in the cache, no copy of it. step()
    makes one more pass. A GPU is waited for only when the norms of many steps are fetched at
    once. close() removes the hooks.

    Args:
        params: The parameters to watch, on one device; those without a gradient count as 0.
        micro_batch_size: b, examples per backward pass (of one worker).
        loss_factor: What the mean loss of a micro-batch is multiplied by before backward: 1, or
            1/accum_steps, times the scale of a gradient scaler. A wrong one scales both moments
            alike, and the ratio survives.
        decay: Weight of the past; about 1/(1 - decay) MEASURED steps are averaged.
        every: Measure only every so many steps, from the first on; the others cost nothing. On
            a CPU, each measured step of a small convnet takes about 3 % longer.
        group: Process group of data-parallel workers that average their gradients, as
            DistributedDataParallel does, with micro-batches of equal size; every worker must then
            call micro_step() and step().

    Raises:
        ValueError: For a setting out of range, or no parameter that requires a gradient.

    Dropout that is on counts as noise. Examples of a step should be independent: neighbours of
    one document or one class per micro-batch inflate tr(Sigma).
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        *,
        micro_batch_size: int,
        loss_factor: float = 1.0,
        decay: float = 0.99,
        every: int = 8,
        group: Any = None,
    ) -> None:
        self.params = [p for p in params if p.requires_grad]
        if not self.params:
            raise ValueError("no parameter requires a gradient: there is no noise to measure")
        if len({p.device for p in self.params}) > 1:
            raise ValueError("the parameters lie on several devices: watch those of one")
        if every < 1:
            raise ValueError(f"every must be >= 1, got {every}")
        self.micro_batch_size, self.loss_factor = _checked(micro_batch_size, loss_factor)
        self.every, self.group = every, group
        self.average = MomentAverage(decay=decay)
        self._closed = False
        self._num_steps = 0  # measured or not
        self._micro: list[MicroNorms] = []  # since the last step
        self._pending: list[StepNorms] = []  # whose norms are still on the device
        self._num_pending = 0
        self._norms: list = []  # of gradients since the last micro_step
        self._params: list[int] = []  # whose
        self._on_cpu = self.params[0].device.type == "cpu"
        self._hooks: list[RemovableHandle] = []
        self._listen()

    def _listen(self) -> None:
        """Note the norm of every gradient from now on."""
        norms, params = self._norms, self._params

        def hook_of(index: int) -> Callable[[Tensor], None]:
            def note(grad: Tensor) -> None:
                norms.append(vector_norm(grad))
                params.append(index)

            def note_number(grad: Tensor) -> None:
                # A small tensor that outlives the backward pass among its large ones makes the
                # CPU's allocator hand pages back and forth, at 5 % of a step.
                norms.append(vector_norm(grad).item())
                params.append(index)

            return note_number if self._on_cpu else note

        self._hooks = [p.register_hook(hook_of(i)) for i, p in enumerate(self.params)]

    def micro_step(
        self, *, micro_batch_size: int | None = None, loss_factor: float | None = None
    ) -> None:
        """Record the micro-batch whose backward pass has just ended.

        Args:
            micro_batch_size: Where this micro-batch has another size than announced.
            loss_factor: Where its loss had another factor than announced.

        Raises:
            ValueError: If a size or factor is not positive, or there was no backward pass since
                the last call, or more than one.
        """
        if not self._hooks:  # a step that is not measured
            return
        size, factor = _checked(
            self.micro_batch_size if micro_batch_size is None else micro_batch_size,
            self.loss_factor if loss_factor is None else loss_factor,
        )
        norms, params = self._norms[:], self._params[:]
        self._norms.clear()
        self._params.clear()
        if not norms:
            raise ValueError("no gradient since the last micro_step(): call it after backward()")
        if len(set(params)) < len(params):
            raise ValueError(
                "several backward passes since the last micro_step(): call it after each, and "
                "put other measurements of this model into `with noise.paused():`"
            )
        self._micro.append(MicroNorms(norms, params, factor, size))

    def step(self) -> None:
        """Turn the micro-batches since the last step into one estimate and average it in.

        Call it after the last micro_step() and before the gradients are clipped, unscaled or
        zeroed. A step with gradients that are not finite (a gradient scaler's overflow) is
        skipped and counted in `average.num_skipped`.

        Raises:
            ValueError: If there was no micro-batch, or only one and no other worker: one
                gradient shows no spread.
        """
        self._num_steps += 1
        if self._hooks:
            self._measure()
            if self.every > 1:
                self._unhook()
        elif not self._closed and self._num_steps % self.every == 0:
            self._listen()

    def _measure(self) -> None:
        micro, self._micro = self._micro, []
        workers = 1 if self.group is None else world_size(self.group)
        if len(micro) * workers < 2 or not micro:
            raise ValueError(
                f"need >= 2 micro-batches before step() to see any spread, got {len(micro)}; "
                f"split the batch, or pass the process group of data-parallel workers"
            )
        used = micro[0].params
        if any(m.params != used for m in micro):
            used = list({i for m in micro for i in m.params})
        grads = [g for i in used if (g := self.params[i].grad) is not None]
        if len(grads) < len(used):
            raise ValueError("gradients were zeroed before step(): call it before zero_grad()")
        norms = [m.norms for m in micro]
        if self.group is not None:
            norms = mean_over_workers(norms, self.group)
        accumulated = torch._foreach_norm(grads)
        norms.append([n.item() for n in accumulated] if self._on_cpu else list(accumulated))
        self._pending.append(
            StepNorms(norms, [m.factor for m in micro], [m.size for m in micro], workers)
        )
        self._num_pending += len(used) * len(norms)
        if self._num_pending >= MAX_PENDING:
            self._flush()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let other backward passes through the model (sharpness, validation) go unnoticed."""
        listening = bool(self._hooks)
        self._unhook()
        try:
            yield
        finally:
            if listening:
                self._listen()

    def close(self) -> None:
        """Remove the hooks for good; the averages stay readable."""
        self._closed = True
        self._unhook()

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def estimate(self, *, level: float = 0.95) -> NoiseScaleEstimate:
        """Return tr(Sigma)/|G|^2 of the averages, with a Fieller interval; see MomentAverage."""
        self._flush()
        return self.average.estimate(level=level)

    def moments(self) -> GradMoments:
        """Return the averaged moments with their standard errors; see MomentAverage."""
        self._flush()
        return self.average.moments()

    @property
    def last(self) -> GradMoments:
        """The unbiased but noisy moments of the latest measured step."""
        self._flush()
        return self.average.last

    def state_dict(self) -> dict[str, Any]:
        """Return the averages (not the settings, and not a step that is under way)."""
        self._flush()
        return self.average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from saved averages; raises ValueError for a state of another version."""
        self._flush()
        self.average.load_state_dict(state)

    def _flush(self) -> None:
        """Average the pending steps in, after one transfer from the device."""
        steps, self._pending, self._num_pending = self._pending, [], 0
        parts = [part for step in steps for part in step.norms]
        if parts and any(isinstance(part[0], Tensor) for part in parts):
            numbers = iter(torch.stack([n for part in parts for n in as_tensors(part)]).tolist())
            parts = [[next(numbers) for _ in part] for part in parts]
        norms = iter(parts)
        for step in steps:
            fetched = [next(norms) for _ in step.norms]
            self.average.update(replace(step, norms=fetched).moments())


def _checked(micro_batch_size: int, loss_factor: float) -> tuple[int, float]:
    if micro_batch_size < 1:
        raise ValueError(f"micro_batch_size must be >= 1, got {micro_batch_size}")
    if not (math.isfinite(loss_factor) and loss_factor > 0):
        raise ValueError(f"loss_factor must be positive and finite, got {loss_factor}")
    return micro_batch_size, loss_factor
