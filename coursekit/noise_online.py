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
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.utils.hooks import RemovableHandle

from coursekit.moment_average import MomentAverage
from coursekit.noise import GradMoments, NoiseScaleEstimate

NUM_ROWS = 64  # micro-batches and steps whose norms stay on the device before they are fetched


@dataclass(frozen=True)
class _Step:
    """What is known of an optimizer step before its norms are fetched."""

    factors: list[float]  # of the loss, for each micro-batch
    sizes: list[int]
    workers: int

    def moments(self, sq_norms: list[float]) -> GradMoments:
        """Solve for |G|^2 and tr(Sigma), given |f_k g_k|^2 and last |sum_k f_k g_k|^2."""
        total = math.fsum(self.factors)
        mean_sq = first = second = 0.0
        for f, b, sq_norm in zip(self.factors, self.sizes, sq_norms[:-1], strict=True):
            weight = f / total
            mean_sq += weight * sq_norm / f**2
            first += weight / b
            second += weight**2 / b / self.workers
        mean_grad_sq = sq_norms[-1] / total**2
        tr_cov = (mean_sq - mean_grad_sq) / (first - second)
        cost = float(sum(self.sizes) * self.workers)
        return GradMoments(mean_grad_sq - second * tr_cov, tr_cov, cost=cost)


class NoiseScale:
    """|G|^2 and tr(Sigma) at each optimizer step from its micro-batches, averaged over steps.

        g_k: gradients of K >= 2 micro-batches of b_k examples at the same weights
        w_k = f_k / sum f,  A = sum_k w_k g_k      (f_k: factor on the loss before backward)
        E sum w_k |g_k|^2 = |G|^2 + tr(Sigma) sum w_k/b_k
        E |A|^2           = |G|^2 + tr(Sigma) sum w_k^2/b_k

    Two equations, solved at each step, unbiased also for unequal sizes; then `MomentAverage`.

    Each watched parameter gets a hook that notes the norm of every fresh gradient before it is
    added to `.grad`: one pass over the gradient while it is in the cache, no copy of it. step()
    makes one more pass. A GPU is waited for once in about 64 micro-batches (with `group`: at each
    step). close() removes the hooks.

    Args:
        params: The parameters to watch, on one device; those without a gradient count as 0.
        micro_batch_size: b, examples per backward pass (of one worker).
        loss_factor: What the mean loss of a micro-batch is multiplied by before backward: 1, or
            1/accum_steps, times the scale of a gradient scaler. A wrong one scales both moments
            alike, and the ratio survives.
        decay: Weight of the past; about 1/(1 - decay) measured steps are averaged.
        every: Measure only every so many steps; the others cost nothing.
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
        every: int = 1,
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
        self._num_steps = 0  # measured or not
        self._steps: list[_Step] = []  # whose norms were not used yet
        self._micro: list[tuple[float, int]] = []  # factor and size since the last step
        self._used: set[int] = set()  # parameters that had a gradient since the last step
        self._sq_norms: list[float] = []  # fetched: of micro-batches and accumulated gradients
        # Norms go to fixed places: a new small tensor among a backward pass's large ones made the
        # allocator return and fault in their pages, at 5 % of a step.
        is_double = any(p.dtype == torch.float64 for p in self.params)
        self._dtype = torch.float64 if is_double else torch.float32
        self._norms = torch.zeros(
            NUM_ROWS, len(self.params), dtype=self._dtype, device=self.params[0].device
        )
        self._places = [row.unbind() for row in self._norms]
        self._row = [0]
        self._fired = [0] * len(self.params)
        self._hooks: list[RemovableHandle] = []
        self._listen()

    def _listen(self) -> None:
        """Note the norm of every gradient from now on."""
        fired, places, row, dtype = self._fired, self._places, self._row, self._dtype

        def hook_of(index: int) -> Callable[[Tensor], None]:
            def note(grad: Tensor) -> None:
                fired[index] += 1
                vector_norm(grad, dtype=dtype, out=places[row[0]][index])

            return note

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
        size, factor = _checked(
            self.micro_batch_size if micro_batch_size is None else micro_batch_size,
            self.loss_factor if loss_factor is None else loss_factor,
        )
        if not self._hooks:  # a step that is not measured
            return
        most = max(self._fired)
        if most == 1:
            self._used.update(i for i, count in enumerate(self._fired) if count)
        self._fired[:] = [0] * len(self._fired)
        if most != 1:
            self._norms[self._row[0]] = 0
            if most == 0:
                raise ValueError(
                    "no gradient since the last micro_step(): call it after backward()"
                )
            raise ValueError(
                "several backward passes since the last micro_step(): call it after each, and "
                "put other measurements of this model into `with noise.paused():`"
            )
        self._micro.append((factor, size))
        self._next_row()

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
            self.close()
            if self._num_steps % self.every == 0:
                self._listen()

    def _measure(self) -> None:
        micro, used = self._micro, sorted(self._used)
        self._micro, self._used = [], set()
        workers = 1 if self.group is None else _world_size(self.group)
        grads = [g for i in used if (g := self.params[i].grad) is not None]
        if len(micro) * workers < 2 or not micro or len(grads) < len(used):
            self._flush()
            self._sq_norms.clear()
            if len(grads) < len(used):
                raise ValueError("gradients were zeroed before step(): call it before zero_grad()")
            raise ValueError(
                f"need >= 2 micro-batches before step() to see any spread, got {len(micro)}; "
                f"split the batch, or pass the process group of data-parallel workers"
            )
        if self.group is not None:
            self._fetch()
            self._sq_norms[-len(micro) :] = _mean_over_workers(
                self._sq_norms[-len(micro) :], self.group, self._norms.device
            )
        row = self._norms[self._row[0]]
        norms = torch.stack(torch._foreach_norm(grads)).to(self._dtype)
        row[: len(norms)] = norms  # only their sum of squares counts
        self._next_row()
        factors, sizes = (list(values) for values in zip(*micro, strict=True))
        self._steps.append(_Step(factors, sizes, workers))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let other backward passes through the model (sharpness, validation) go unnoticed."""
        listening = bool(self._hooks)
        self.close()
        try:
            yield
        finally:
            if listening:
                self._listen()

    def close(self) -> None:
        """Remove the hooks; the averages stay readable."""
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

    def _next_row(self) -> None:
        self._row[0] += 1
        if self._row[0] == NUM_ROWS:
            self._fetch()

    def _fetch(self) -> None:
        """Bring the norms noted so far from the device, in one transfer."""
        rows = self._row[0]
        if rows:
            self._sq_norms += self._norms[:rows].double().square().sum(dim=1).tolist()
            self._norms.zero_()
            self._row[0] = 0

    def _flush(self) -> None:
        """Average in all steps taken so far."""
        self._fetch()
        for step in self._steps:
            count = len(step.sizes) + 1
            self.average.update(step.moments(self._sq_norms[:count]))
            del self._sq_norms[:count]
        self._steps = []


def _checked(micro_batch_size: int, loss_factor: float) -> tuple[int, float]:
    if micro_batch_size < 1:
        raise ValueError(f"micro_batch_size must be >= 1, got {micro_batch_size}")
    if not (math.isfinite(loss_factor) and loss_factor > 0):
        raise ValueError(f"loss_factor must be positive and finite, got {loss_factor}")
    return micro_batch_size, loss_factor


def _world_size(group: Any) -> int:
    import torch.distributed as dist

    return dist.get_world_size(group)


def _mean_over_workers(values: list[float], group: Any, device: torch.device) -> list[float]:
    import torch.distributed as dist

    total = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(total, group=group)
    return (total / dist.get_world_size(group)).tolist()
