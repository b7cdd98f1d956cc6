"""The noise scale of a running training loop, from the gradients it computes anyway.

    noise = NoiseScale(model, micro_batch_size=8, loss_factor=1 / accum_steps)

    for x, y in micro_batches:                        # gradient accumulation
        (loss_fn(model(x), y) / accum_steps).backward()
        noise.micro_step()
    clip_grad_norm_(model.parameters(), 1.0); optimizer.step(); optimizer.zero_grad()
    noise.step()                                      # early or late: see below
    print(noise.estimate())

Gradients are read while the backward passes run, so it does not matter whether they were clipped,
unscaled or zeroed before micro_step() and step(). With a gradient scaler:
`micro_step(loss_factor=scaler.get_scale() / accum_steps)`. With DistributedDataParallel:
`NoiseScale(..., group=ddp.process_group)` on every worker. With fully_shard: pass the model and the
group of all workers. Trainers: `coursekit.integrations`. Without accumulation or workers:
`NoiseScale(model, examples="norms")` sees the spread of the examples inside a micro-batch.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.noise._example_rows import ExampleRows, example_layers
from coursekit.noise._owners import (
    batch_norms,
    check_settings,
    frozen_of,
    listed,
    modules_of,
    refuse_changed,
    refuse_coupled,
    refuse_forgotten_group,
    refuse_forgotten_pass,
    refuse_other_size,
    refuse_without_spread,
    refuse_wrappers,
    uses_batch_statistics,
    watched,
)
from coursekit.noise._passes import Passes
from coursekit.noise._readings import Readings
from coursekit.noise._shards import is_sharded, share_of
from coursekit.noise._step_averages import StepAverages
from coursekit.noise._step_norms import (
    MicroNorms,
    checked_micro_batch,
    examples_apart,
    layers_of,
    size_of_examples,
    sums_of_step,
    world_size,
)


class NoiseScale(Readings):
    """|G|^2 and tr(Sigma) at each optimizer step from its micro-batches, averaged over steps.

        g_k: gradients of K >= 2 micro-batches of b_k examples at the same weights
        w_k = f_k / sum f,  A = sum_k w_k g_k      (f_k: factor on the loss before backward)
        E sum w_k |g_k|^2 = |G|^2 + tr(Sigma) sum w_k/b_k
        E |A|^2           = |G|^2 + tr(Sigma) sum w_k^2/b_k

    Two equations, solved at each step, unbiased also for unequal sizes; then `MomentAverage`.
    Sums over k run over all workers too, which may differ in sizes, factors and numbers.

    Hooks read gradients as they come (noise._passes), on a GPU one hook in a regular loop
    (noise._one_hook); nothing is copied. close() removes them.

    Args:
        params: The model, or its parameters, on one device; those without a gradient count as 0.
        micro_batch_size: b, examples per backward pass (of one worker).
        loss_factor: On the mean loss before backward: 1 or 1/accum_steps, times a gradient scaler's
            scale. A wrong one scales both moments alike, and the ratio survives.
        decay: Weight of the past; about 1/(1 - decay) MEASURED steps are averaged.
        every: Measure every so many steps, from the first on; the others cost nothing.
        group: Process group of workers that average their gradients (DistributedDataParallel,
            fully_shard); each then calls micro_step() and step(). "alone": this one by itself.
        unit: What sizes count: "examples", or "tokens" (those that the loss is a mean over, with
            loss_factor = tokens_k / tokens of the step).
        read: "all": every micro-batch's gradient. "ends": the first one's and the sum's, in two
            fused calls a step, without bias too; where noise dominates, |G|^2 has twice the
            variance, tr(Sigma) K + 1 times. None: "ends" on a GPU, "all" elsewhere.
        examples: See the examples inside each micro-batch apart, so that one pass a step is enough:
            "norms": at the normalisation layers alone, cheap, and THEIR noise scale, a stand-in
            for the model's (Gray et al. 2024, arXiv:2411.00999; docs/training_loops.md says how
            far off); "all": at every layer, a gradient per example for a moment. Needs the model.
        layers: Measure layers too, see `layers()`: True, or parameter's name -> name of its group.
        allow_batch_norm: Accept BatchNorm in train mode: tr(Sigma) is then b times the trace of
            micro-batches' covariance, another for another b, and all must have one size.

    Raises:
        ValueError: For a setting out of range, no trainable parameter, forgotten workers, FSDP1.

    Dropout counts as noise. Examples should be independent: neighbours inflate tr(Sigma).
    """

    def __init__(
        self,
        params: nn.Module | Iterable[nn.Parameter],
        *,
        micro_batch_size: float,
        loss_factor: float = 1.0,
        decay: float = 0.99,
        every: int = 8,
        group: Any = None,
        unit: str = "examples",
        read: str | None = None,
        examples: str | None = None,
        layers: bool | Callable[[str], str] = False,
        allow_batch_norm: bool = False,
    ) -> None:
        params = params if isinstance(params, nn.Module) else listed(params)
        self._rows: ExampleRows | None = None
        if examples is None:
            self.params, names = watched(params)
        else:
            parts = example_layers(params, examples)
            own = {id(p) for m in parts for p in m.parameters(recurse=False)}
            self.params, names = watched(params, only=own)
            self._rows = ExampleRows(parts, self.params)
        check_settings(every, read, group)
        self.micro_batch_size, self.loss_factor = checked_micro_batch(micro_batch_size, loss_factor)
        self.every, self.group, self.unit = every, group, unit
        refuse_forgotten_group(group)
        modules = modules_of(params, self.params)
        refuse_wrappers(modules)
        self._batch_norms = batch_norms(modules)
        self._coupled, self._allow_batch_norm = False, allow_batch_norm
        self._graph_hook = None
        if modules and not allow_batch_norm and not isinstance(modules[0], torch.jit.ScriptModule):
            self._graph_hook = modules[0].register_forward_hook(self._look_at_graph)
        self._layers = layers_of(names, layers)
        workers = world_size(self._real_group)
        self._shares = [share_of(p, workers) for p in self.params]
        self._frozen = frozen_of(params) if examples is None else []
        self._passes = Passes(
            self.params,
            modules,
            every=read == "all" or (read is None and self.params[0].device.type == "cpu"),
            alone=self._real_group is None and not any(is_sharded(p) for p in self.params),
        )
        if self._rows is not None:
            if not all(isinstance(p, nn.Parameter) and not is_sharded(p) for p in self.params):
                raise ValueError("examples= needs whole parameters, not shards (fully_shard)")
            self._passes.norms_wanted = False
        self._closed, self._num_steps = False, 0  # steps measured or not
        self._micro: list[MicroNorms] = []  # since the last step
        names = list(self._layers.names) if layers else []
        self._averages = StepAverages(names, workers, decay=decay, unit=unit)
        self.average = self._averages.whole
        self._listen()

    def _look_at_graph(self, _module: nn.Module, _inputs: Any, output: Any) -> None:
        if not torch.compiler.is_compiling() and torch.is_grad_enabled():
            self._coupled |= uses_batch_statistics(output)

    @property
    def listening(self) -> bool:
        """Whether the step under way is measured."""
        return bool(self._passes.handles)

    @property
    def sees_examples(self) -> bool:
        """Whether the examples inside a micro-batch are seen apart."""
        return self._rows is not None

    @property
    def can_step(self) -> bool:
        """Whether step() has enough micro-batches, or nothing to do."""
        least = 1 if self.sees_examples or world_size(self._real_group) > 1 else 2
        return not self.listening or len(self._micro) >= least

    def _listen(self) -> None:
        self._passes.listen()
        if self._rows is not None:
            self._passes.keep = set(range(len(self.params))) - self._rows.checked
            self._rows.listen()

    def _unlisten(self) -> None:
        self._passes.unlisten()
        if self._rows is not None:
            self._rows.unlisten()

    @property
    def _real_group(self) -> Any:
        return None if isinstance(self.group, str) else self.group

    def micro_step(
        self,
        *,
        micro_batch_size: float | None = None,
        loss_factor: float | None = None,
        counts: Tensor | None = None,
    ) -> None:
        """Record the micro-batch whose backward pass has ended, before the next one begins.

        Args:
            micro_batch_size: Where this micro-batch has another size than announced.
            loss_factor: Where its loss had another factor than announced.
            counts: With examples= and unit="tokens": the tokens of each example that the loss is
                a mean over, shape (num_examples,).

        Raises:
            ValueError: If a size or factor is not positive, or there was no backward pass since
                the last call, or more than one, or BatchNorm is in train mode.
        """
        if not self._passes.handles:  # a step that is not measured
            return
        size, factor = checked_micro_batch(
            self.micro_batch_size if micro_batch_size is None else micro_batch_size,
            self.loss_factor if loss_factor is None else loss_factor,
        )
        done = self._passes.take()
        coupled, self._coupled = self._coupled, False
        if not self._allow_batch_norm:
            refuse_coupled(self._batch_norms, coupled)
        elif self._batch_norms and self._micro:
            refuse_other_size(size, self._micro[0].size)
        self._passes.sums.accept()
        if self._rows is None:
            self._micro.append(MicroNorms(done.norms(), list(done.params), factor, size))
            return
        squares = self._rows.take(done.grads, done.params)
        self._passes.keep -= self._rows.checked
        size = size_of_examples(squares, counts, self.unit)
        self._micro.append(examples_apart(squares, counts, factor, size, self._layers))

    def step(self) -> None:
        """Turn the micro-batches since the last step into one estimate and average it in.

        Call it after the last micro_step() and before the next backward pass; the gradients may
        be clipped, unscaled, used and zeroed by then. A step whose gradients are not finite is
        skipped and counted in `average.num_skipped`; so is one with fewer micro-batches than any
        of the eight before, if its gradients were changed before step(), and one that differs
        from those of a regular loop.

        Raises:
            ValueError: If there was no micro-batch, or only one and no other worker: one
                gradient shows no spread. Or if the gradients of an earlier step were not zeroed.
        """
        self._num_steps += 1
        if self._graph_hook is not None:
            self._graph_hook.remove()
        if self._passes.handles:
            self._measure()
            if self.every > 1:
                self._unlisten()
        elif not self._closed and self._num_steps % self.every == 0:
            self._listen()

    def leave_out(self) -> None:
        """Take the latest pass for nothing: for a micro-batch in which no token counts."""
        if self.listening:
            done = self._passes.take()
            self._passes.sums.accept()
            if self._rows is not None:
                self._rows.take(done.grads, done.params)

    def discard(self) -> None:
        """Forget the micro-batches since the last step, in place of step()."""
        self._micro = []
        self._passes.start_window()

    def _measure(self) -> None:
        micro, self._micro = self._micro, []
        refuse_changed(self.group, self._frozen)
        workers = world_size(self._real_group)
        try:
            refuse_without_spread(len(micro), workers, 1 if self.sees_examples else 2)
            refuse_forgotten_pass(bool(self._passes.closed))
        except ValueError:
            self._passes.start_window()
            raise
        params, norms, leftovers = self._passes.finish()
        group = self._real_group
        shares = [] if group is None else [self._shares[i] for i in params]
        found = sums_of_step(micro, norms, params, shares, self._layers, group)
        self._averages.add(*found, leftovers, at_once=self._passes.on_cpu)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let other backward passes through the model (sharpness, validation) go unnoticed."""
        listening = self.listening
        self._unlisten()
        try:
            yield
        finally:
            if listening:
                self._listen()

    def close(self) -> None:
        """Remove the hooks for good; the averages stay readable."""
        if self._graph_hook is not None:
            self._graph_hook.remove()
        self._closed = True
        self._unlisten()
