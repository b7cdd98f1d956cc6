"""What a trainer does with each example, read off one step.

The model holds one weight for each example, and the loss of example i is -w[i]. SGD at rate 1 then
adds to w[i] just what the step counts example i for: 1/4 in a mean of four, 1/2 in a mean of two.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from importlib.metadata import version

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

Step = tuple[Tensor, float]  # what the step added to w, and its learning rate


class Examples(nn.Module):
    """Takes the indices of examples and returns what each of them has in place of a loss."""

    def __init__(self, count: int = 10) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(count))

    def forward(self, index: Tensor) -> Tensor:
        return -self.w[index]


class Recorder:
    """Records every step of every torch optimizer, whoever calls it."""

    def __init__(self, weight: nn.Parameter) -> None:
        self.weight, self.steps = weight, []
        self.before = whole(weight)
        self.handle = register_optimizer_step_post_hook(self.on_step)

    def on_step(self, optimizer, args, kwargs) -> None:
        now = whole(self.weight)
        self.steps.append((now - self.before, optimizer.param_groups[0]["lr"]))
        self.before = now

    def close(self) -> list[Step]:
        self.handle.remove()
        return self.steps


def whole(weight: Tensor) -> Tensor:
    """Return a copy of a weight, put together if it is sharded."""
    weight = weight.detach()
    return weight.full_tensor() if hasattr(weight, "full_tensor") else weight.clone()


def weights(steps: Iterable[Step | Tensor]) -> str:
    """Write each step as "count x weight", as 4 x 1/4, 2 x 1/2."""
    return ", ".join(one_step(step[0] if isinstance(step, tuple) else step) for step in steps)


def one_step(moved: Tensor) -> str:
    parts = Counter(fraction(x) for x in moved.tolist() if abs(x) > 1e-6)
    if not parts:
        return "nothing"
    return " + ".join(f"{n} × {w}" for w, n in sorted(parts.items(), key=lambda item: -item[1]))


def extra(steps: Iterable[Step]) -> int:
    """Count how many examples too many went into the steps of an epoch: those that came twice."""
    counts = sum((moved.abs() > 1e-6).int() for moved, _ in steps)
    return int(counts.sum() - (counts > 0).sum())


def fraction(x: float) -> str:
    near = Fraction(x).limit_denominator(60)
    return str(near) if abs(float(near) - x) < 1e-5 else f"{x:.3f}"


def say(row: str, behaviour: str, value: object, setting: str, *packages: str) -> None:
    """Print one cell of the table, with the versions that it was measured with."""
    if os.environ.get("RANK", "0") != "0":
        return
    record = {"row": row, "behaviour": behaviour, "value": str(value), "setting": setting}
    record["versions"] = {name: version(name) for name in packages}
    print("CELL " + json.dumps(record, ensure_ascii=False), flush=True)


def on_two(script: str, part: str) -> None:
    """Run this script again as two processes, as torchrun would, for the cells of `part`."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2"]
    out = subprocess.run([*command, script, part], capture_output=True, text=True)
    sys.stdout.write("".join(s + "\n" for s in out.stdout.splitlines() if s.startswith("CELL")))
    if out.returncode:
        raise SystemExit(f"{script} {part}:\n{out.stderr[-3000:]}")
