"""A loop of micro-batches that knows what its noise scale must read, for the tests of one hook.

Oracle: each recorded micro-batch's gradient by torch.autograd.grad, on a copy that nobody watches.
"""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from coursekit.noise.online import NoiseScale
from coursekit.noise.two_batch import two_batch_moments

K, B = 3, 8  # micro-batches of a step, examples of each


class Heads(nn.Module):
    """Two heads on one trunk. Of a pass through head a, its bias is the first to get a gradient."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.trunk, self.a, self.b = nn.Linear(4, 6), nn.Linear(6, 3), nn.Linear(6, 3)
        self.double()

    def forward(self, x, head="a"):
        z = self.trunk(x).tanh()
        if head == "both":
            return self.a(z) + self.b(z)
        return getattr(self, head)(z)


class Loop:
    """A loop of K micro-batches a step, and what each of its recorded passes should have given."""

    def __init__(self, model=None, seed=1, **settings):
        self.model = model or Heads()
        settings = {"every": 1, "read": "ends", **settings}
        self.zero_in_place, self.rel = False, 1e-9
        self.noise = NoiseScale(
            self.model, micro_batch_size=B, loss_factor=1 / K, decay=0.9999, **settings
        )
        self.rng = torch.Generator().manual_seed(seed)
        self.rows = []

    @property
    def on(self):
        return self.noise._passes.one.on

    def loss(self, model, x, y, **how):
        return F.cross_entropy(model(x, **how), y) / K

    def draw(self):
        x = torch.randn(B, 4, generator=self.rng).double()
        return x, torch.randint(0, 3, (B,), generator=self.rng)

    def go(self, **how):
        """One pass, and what its gradient is."""
        x, y = self.draw()
        alone = copy.deepcopy(self.model)
        params = [p for p in alone.parameters() if p.requires_grad]
        found = torch.autograd.grad(
            self.loss(alone, x, y, **how), params, allow_unused=True, materialize_grads=True
        )
        self.rows.append(K * torch.cat([g.to_dense().flatten() for g in found]))
        self.loss(self.model, x, y, **how).backward()

    def pass_and_record(self, **how):
        self.go(**how)
        self.noise.micro_step()

    def stray(self, **how):
        """A pass that nobody records."""
        self.loss(self.model, *self.draw(), **how).backward()

    def step(self):
        """Return "right" or "skipped"; a wrong number is an AssertionError."""
        updates, skipped = (getattr(self.noise.average, n) for n in ("num_updates", "num_skipped"))
        self.noise.step()
        self.noise.moments()  # what is on the device is fetched
        rows, self.rows = self.rows, []
        self.model.zero_grad(set_to_none=not self.zero_in_place)
        if self.noise.average.num_skipped > skipped:
            assert self.noise.average.num_updates == updates
            return "skipped"
        assert self.noise.average.num_updates == updates + 1
        mean = torch.stack(rows).mean(0)
        expected = two_batch_moments(
            rows[0].square().sum().item(), mean.square().sum().item(), B, B * len(rows)
        )
        assert self.noise.last.tr_cov == pytest.approx(expected.tr_cov, rel=self.rel)
        assert self.noise.last.grad_sq_norm == pytest.approx(expected.grad_sq_norm, rel=self.rel)
        return "right"

    def window(self, count=K, event=None, after=0, **how):
        """One step; the event comes after so many of its passes were recorded."""
        try:
            for k in range(count):
                if event is not None and k == after:
                    event(self)
                self.pass_and_record(**how)
            if event is not None and after == count:
                event(self)
            return self.step()
        except ValueError as error:
            self.noise.discard()
            self.rows = []
            self.model.zero_grad()
            return str(error)

    def become_regular(self):
        for _ in range(2):
            assert self.window() == "right"
        assert self.on


class Rebuilt(nn.Module):
    """A checkpointed layer, used once or twice."""

    def __init__(self, reentrant, times=1):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.inner, self.head = nn.Linear(4, 4).double(), nn.Linear(4, 3).double()
        self.reentrant, self.times = reentrant, times

    def forward(self, x):
        x = x.requires_grad_()
        for _ in range(self.times):
            if self.reentrant is None:
                x = self.inner(x).tanh()
            else:
                x = checkpoint(self.inner, x, use_reentrant=self.reentrant).tanh()
        return self.head(x)


class Tied(nn.Module):
    """One weight twice, a parameter that is never used, and one seen by all through views."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.one, self.idle = nn.Linear(4, 4).double(), nn.Linear(2, 2).double()
            self.head = nn.Linear(4, 3).double()
        self.other = nn.Linear(4, 4, bias=False)
        self.other.weight = self.one.weight

    def forward(self, x):
        return self.head(self.other(self.one(x).tanh()))


class Stacked(nn.Module):
    """Its weights are views of one gradient: changing one counts as a change of each."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.rows = nn.ParameterList(nn.Parameter(torch.randn(1, 4).double()) for _ in range(3))

    def forward(self, x):
        return x @ torch.cat(list(self.rows)).T


class Looked(nn.Module):
    """A sparse gradient beside dense ones."""

    def __init__(self, sparse=True):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.table = nn.Embedding(5, 4, sparse=sparse).double()
            self.head = nn.Linear(4, 3).double()

    def forward(self, x):
        return self.head(self.table((x.abs().sum(1) * 10).long() % 5))
