"""Branch a run at several ages, change the batch, and see from which batch on the loss lags."""

import copy
import dataclasses
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from coursekit.data.splits import Dataset
from coursekit.experiments.octaves import until_inside
from coursekit.experiments.trade_off import choose_by_others
from coursekit.replicas._plan import MakeModel, prepare
from coursekit.replicas._run import denormals_flushed
from coursekit.replicas._stack import Replicas, Stack, named_tensors
from coursekit.replicas._vmap import Loss
from coursekit.train.optim import Settings

BLOCK = 1 << 16  # examples of one seed whose indices are drawn at once
ROOM = 0.25  # of a GPU's memory, for the activations of one stack


class Course:
    """Runs of several seeds that train together, can be left at any step and continued otherwise.

    A step's examples are drawn with replacement, each seed its own. Each replica has a seed and a
    learning rate; branches of one seed read the same examples in the same order at all batch sizes
    that are powers of two.

    Args:
        stack: The replicas; optimizer, learning rates and seeds are read from it.
        data: On the device where to train.
        num_updates: Steps that were done before, for the optimizer's bias correction.
    """

    def __init__(self, stack: Stack, data: Dataset, num_updates: int = 0) -> None:
        device = data.train_inputs.device
        self.stack, self.data, self.num_updates = stack, data, num_updates
        with torch.no_grad():
            self.replicas = Replicas(stack, data, device)
        self.lrs = torch.as_tensor(stack.lrs, dtype=self.replicas.dtype, device=device)

    def advance(
        self,
        batch_size: int,
        num_steps: int,
        *,
        key: int,
        looks: Sequence[int] = (),
        look: Callable[["Course"], np.ndarray] | None = None,
        enough: Callable[[list[np.ndarray]], bool] | None = None,
    ) -> np.ndarray:
        """Train on; return what is seen after the steps named in ``looks``: (replicas, looks).

        Args:
            batch_size: B.
            num_steps: Updates.
            key: Of the stream of examples: equal keys read equal streams.
            looks: Numbers of updates, counted from here, ascending.
            look: Course -> numbers (..., replicas), which come back as (replicas, ..., looks);
                None: `held_out`.
            enough: All looks so far -> whether to stop here; the looks left out are nan.
        """
        device = self.lrs.device
        num_seeds = len(self.stack.rng_states)
        generators = [
            torch.Generator(device=device).manual_seed(1_000_003 * key + s)
            for s in range(num_seeds)
        ]
        take: Callable[[Tensor, Tensor, int], None] = self.replicas.step
        found: list[np.ndarray] = []
        left = num_steps
        with denormals_flushed(), torch.no_grad():
            while left:
                count = max(1, min(left, BLOCK // batch_size))
                num, span = len(self.data.train_inputs), max(BLOCK, batch_size)
                drawn = [
                    torch.randint(num, (span,), generator=g, device=device) for g in generators
                ]
                rows = [d[: count * batch_size].view(count, batch_size) for d in drawn]
                block = torch.stack(rows, dim=1)
                if device.type == "cuda" and left == num_steps and num_steps > 4:
                    from coursekit.replicas._graph import CapturedStep

                    take = CapturedStep(self.replicas, block[0], self.lrs)
                for indices in block:
                    self.num_updates += 1
                    take(indices, self.lrs, self.num_updates)
                    left -= 1
                    if num_steps - left in looks:
                        found.append(look(self) if look else self.held_out())
                        if enough is not None and enough(found):
                            missing = len(looks) - len(found)
                            found += [np.full_like(found[0], np.nan)] * missing
                            left = 0
                            break
        return np.moveaxis(np.array(found), (-1, 0), (0, -1)) if found else np.array(found)

    def models(self) -> list[nn.Module]:
        """Return a model with each replica's weights, for measurements."""
        made = []
        for r in range(len(self.stack.lrs)):
            model = copy.deepcopy(self.stack.model).to(self.lrs.device)
            with torch.no_grad():
                for name, tensor in named_tensors(model).items():
                    tensor.copy_({**self.replicas.params, **self.replicas.buffers}[name][r])
            made.append(model)
        return made

    def held_out(self) -> np.ndarray:
        """Return the mean loss on the test split, one a replica; nan where it has diverged."""
        with torch.no_grad():
            return self.replicas.score(self.data.test_inputs, self.data.test_targets)[0]

    def branch(self, lrs: Sequence[float]) -> "Course":
        """Return copies that go on from here, every seed at every one of these learning rates.

        Raises:
            ValueError: If this course has more than one learning rate a seed.
        """
        now, seeds = self.replicas, self.stack.seed_index
        if sorted(seeds.tolist()) != list(range(len(self.stack.rng_states))):
            raise ValueError("only a course with one replica a seed can be branched")
        named = {**now.params, **now.buffers}
        stack = dataclasses.replace(
            self.stack,
            initial={name: tensor.clone() for name, tensor in named.items()},
            seed_index=np.repeat(np.arange(len(seeds)), len(lrs)),
            lrs=np.tile(np.array(lrs, dtype=np.float64), len(seeds)),
        )
        other = Course(stack, self.data, self.num_updates)
        for mine, theirs in zip(now.state, other.replicas.state, strict=True):
            for one, two in zip(mine, theirs, strict=True):
                two.copy_(one[other.replicas.seed_index])
        other.replicas.alive.copy_(now.alive[other.replicas.seed_index])
        return other


def start_course(
    make: MakeModel,
    data: Dataset,
    *,
    seeds: Sequence[int],
    lrs: Sequence[float],
    optimizer: Settings,
    loss_fn: Loss,
    device: torch.device,
) -> Course:
    """Return untrained replicas: every seed at every learning rate, the seeds' slowest first."""
    fast = device.type == "cuda" and importlib.util.find_spec("triton") is not None
    backend = "kernels" if fast else "vmap"
    template = prepare(
        make, data, list(seeds), loss_fn=loss_fn, backend=backend, device=device, keep_weights=False
    )
    stack = dataclasses.replace(
        template,
        seed_index=np.repeat(np.arange(len(seeds)), len(lrs)),
        lrs=np.tile(np.array(lrs, dtype=np.float64), len(seeds)),
        factors=np.ones(1),
        batch_sizes=np.array([1]),
        optimizer=optimizer,
    )
    return Course(stack, data.to(device))


@dataclass(frozen=True)
class Branches:
    """Losses of the branches that leave one age; arrays (seeds, batch sizes).

    Attributes:
        batch_sizes: B, ascending; the first is that of the trunk.
        by_rule: Late held-out loss at lr x (B / B_0)^power.
        tuned: The same at the lr that the other seeds choose, out of octaves about the rule's.
        at_edge: How many batch sizes have their best lr at an end of their octaves.
    """

    batch_sizes: tuple[int, ...]
    by_rule: np.ndarray
    tuned: np.ndarray
    at_edge: int


def branch_losses(
    trunk: Course,
    *,
    batch_sizes: Sequence[int],
    examples: int,
    lr: float,
    octaves: Sequence[int],
    power: float = 0.5,
    key: int,
    tell: Callable[[str], None] | None = None,
) -> Branches:
    """Continue a trunk at several batch sizes for equal examples; return late held-out losses.

    A branch's loss is the mean over five looks in the last fifth of its examples, so that one
    noisy step does not decide.

    Args:
        trunk: One replica a seed; stays as it is.
        batch_sizes: B of the branches, ascending, that of the trunk first.
        examples: Read by each branch.
        lr: Learning rate of the trunk.
        octaves: Factors 2^k on the rule's lr that are tried at the trunk's batch; 0 among them.
            A larger batch tries those from the rule's to one beyond the best of the batch before,
            and every grid grows until its best lies inside. A single one is not tuned.
        power: Of B / B_0 in the rule: 1/2 for Adam, 1 for SGD.
        key: Of the stream of examples, one a trunk and age.
        tell: Called with what was just done, in words.

    Raises:
        ValueError: If 0 is not among the octaves, or a branch would have fewer than 4 steps.
    """
    if 0 not in octaves:
        raise ValueError(f"octaves must hold 0, the rule's own lr, got {list(octaves)}")
    if examples < 4 * max(batch_sizes):
        raise ValueError(
            f"{examples} examples give B={max(batch_sizes)} fewer than 4 steps: read more, or "
            "leave that batch out"
        )
    ruled, tuned, at_edge = [], [], 0
    for b in batch_sizes:

        def late_losses(some: list[int], b: int = b) -> np.ndarray:
            rates = [lr * (b / batch_sizes[0]) ** power * 2.0**k for k in some]
            num_steps = examples // b
            looks = sorted({max(1, round(num_steps * s)) for s in (0.8, 0.85, 0.9, 0.95, 1.0)})
            table = []
            for stack in split_rates(rates, b, trunk):
                late = trunk.branch(stack).advance(b, num_steps, key=key, looks=looks).mean(axis=1)
                table.append(late.reshape(-1, len(stack)))
            return np.concatenate(table, axis=1)  # (seeds, lrs)

        tried, losses = until_inside(
            octaves,
            late_losses,
            lambda t: [choose_by_others(t)[1]],
            tell=tell,
            about=f"branch at B={b}",
        )
        chosen, best = choose_by_others(losses)
        ruled.append(losses[:, tried.index(0)])
        tuned.append(chosen)
        if len(tried) > 1:
            at_edge += best in (0, len(tried) - 1)
            octaves = range(min(tried[best] - 1, 0), max(tried[best] + 1, 0) + 1)
    return Branches(tuple(batch_sizes), np.stack(ruled, 1), np.stack(tuned, 1), at_edge)


def split_rates(rates: list[float], batch_size: int, trunk: Course) -> list[list[float]]:
    """Cut learning rates into stacks whose activations fit into memory."""
    device = trunk.lrs.device
    if device.type != "cuda":
        return [[rate] for rate in rates]
    each = 3 * trunk.stack.bytes_per_example * batch_size * len(trunk.stack.rng_states)
    room = ROOM * torch.cuda.get_device_properties(device).total_memory
    count = int(max(1, min(len(rates), room // each)))
    return [rates[i : i + count] for i in range(0, len(rates), count)]


def last_batch_within(
    batch_sizes: Sequence[int], losses: np.ndarray, tolerance: float | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each seed's critical batch by branching: where its loss leaves that of the first B.

        e(B) = L(B) - L(B_0);   the largest B with e <= tolerance, and on from there to the
        crossing, e taken as straight between neighbours over log B

    Args:
        batch_sizes: Ascending, shape (n,).
        losses: Shape (seeds, n); nan counts as far off.
        tolerance: Loss that counts as leaving, > 0; one for all, or one a seed.

    Returns:
        Batch sizes (seeds,), an upper bound where they lie below the second B; and whether the loss
        had not left at the largest B, where the value is a lower bound.

    Raises:
        ValueError: For a tolerance that is not above 0.
    """
    logs = np.log(np.asarray(batch_sizes, dtype=float))
    excess = losses - losses[:, :1]
    limits = np.broadcast_to(tolerance, len(losses))
    if not (limits > 0).all():
        raise ValueError(f"tolerance must be above 0 for every seed, got {limits.min()}")
    found, open_ended = [], []
    for row, limit in zip(np.where(np.isfinite(excess), excess, np.inf), limits, strict=True):
        last = int(np.flatnonzero(row <= limit)[-1])
        open_ended.append(last == len(row) - 1)
        if open_ended[-1]:
            found.append(float(batch_sizes[last]))
            continue
        rise = row[last + 1] - row[last]
        share = (limit - row[last]) / rise if np.isfinite(rise) else 0.0
        found.append(float(np.exp(logs[last] + share * (logs[last + 1] - logs[last]))))
    return np.array(found), np.array(open_ended)
