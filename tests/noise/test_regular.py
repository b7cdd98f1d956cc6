"""Loops whose passes are all alike are watched by one hook; whatever else happens is noticed.

Oracle: each recorded micro-batch's gradient by torch.autograd.grad, on a copy that nobody watches.
A window is measured right, or skipped and counted, or refused; never measured wrong.
"""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from coursekit.noise import _one_hook
from coursekit.noise.online import NoiseScale
from coursekit.noise.two_batch import two_batch_moments

K, B = 3, 8


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Two windows alike are enough, and three after a failure: the tests are short."""
    monkeypatch.setattr(_one_hook, "WAIT", 2)
    monkeypatch.setattr(_one_hook, "LONGER", 1.5)


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


@pytest.mark.quick
@pytest.mark.parametrize("on_cpu", [True, False])
def test_a_regular_loop_has_one_hook_and_the_same_numbers(on_cpu):
    loop = Loop(layers=True)
    with loop.noise.paused():
        loop.noise._passes.on_cpu = on_cpu
    assert len(loop.noise._passes.handles) == 6
    loop.become_regular()
    assert len(loop.noise._passes.handles) == 1
    for count in (K, K, 5, 2, K):
        assert loop.window(count) == "right"
    assert loop.on
    assert loop.noise.average.num_updates == 7
    watched = Loop(layers=True)
    watched.noise._passes.one.wait = math.inf
    for count in (K, K, K, K, 5, 2, K):
        watched.window(count)
    assert not watched.on
    assert watched.noise.average.last.tr_cov == pytest.approx(loop.noise.last.tr_cov, rel=1e-12)
    for name, found in watched.noise._averages.layers.items():
        ours = loop.noise._averages.layers[name].moments()
        assert ours.tr_cov == pytest.approx(found.moments().tr_cov, rel=1e-9)
        assert ours.grad_sq_norm == pytest.approx(found.moments().grad_sq_norm, rel=1e-9)
    loop.noise.close()
    assert not any(p._backward_hooks for p in loop.model.parameters())


@pytest.mark.quick
def test_it_takes_eight_windows_alike(monkeypatch):
    monkeypatch.undo()
    loop = Loop()
    for _ in range(_one_hook.WAIT):
        assert not loop.on
        loop.window()
    assert loop.on


# Things that happen in the middle of a step whose loop was regular until then.


def zero(loop):
    loop.model.zero_grad()


def zero_in_place(loop):
    loop.model.zero_grad(set_to_none=False)


def new_zeros(loop):
    """Freed, and perhaps given the same memory again."""
    for p in loop.model.parameters():
        had, p.grad = p.grad is not None, None
        p.grad = torch.zeros_like(p) if had else None


def clip(loop):
    nn.utils.clip_grad_norm_(loop.model.parameters(), 1e-3)


def halve_by_replacing(loop):
    for p in loop.model.parameters():
        p.grad = None if p.grad is None else p.grad / 2


def add_to_one(loop):
    loop.model.trunk.weight.grad.add_(1.0)


def stray_pass(loop):
    loop.stray()


def stray_other_head(loop):
    """The one hook sees nothing of it: it is on head a."""
    loop.stray(head="b")


def stray_part_of_the_trunk(loop):
    loop.model.trunk.weight.square().sum().backward()


def paused_but_not_zeroed(loop):
    with loop.noise.paused():
        loop.stray()


def broken_off(loop):
    """Head a has its gradient, the trunk has not, and the loop goes on."""
    handle = loop.model.trunk.weight.register_hook(lambda grad: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.stray()
    handle.remove()


def broken_at_the_end(loop):
    """All have their gradients; what autograd does at the end of a pass is not done."""
    handles = [
        p.register_post_accumulate_grad_hook(last_one(loop)) for p in loop.model.parameters()
    ]
    with pytest.raises(ZeroDivisionError):
        loop.stray()
    for handle in handles:
        handle.remove()


def last_one(loop):
    seen = loop.__dict__.setdefault("seen", [])

    def hook(param):
        seen.append(param)
        if len(seen) == 4:
            seen.clear()
            1 / 0  # noqa: B018

    return hook


def by_autograd_grad(loop):
    params = [*loop.model.a.parameters(), *loop.model.trunk.parameters()]
    grads = torch.autograd.grad(loop.loss(loop.model, *loop.draw()), params)
    for p, grad in zip(params, grads, strict=True):
        p.grad = grad if p.grad is None else p.grad.add_(grad)


def with_its_graph(loop):
    loop.loss(loop.model, *loop.draw()).backward(create_graph=True)


def twice(loop):
    loss = loop.loss(loop.model, *loop.draw())
    loss.backward(retain_graph=True)
    loss.backward()


EVENTS = (
    zero,
    zero_in_place,
    new_zeros,
    clip,
    halve_by_replacing,
    add_to_one,
    stray_pass,
    stray_other_head,
    stray_part_of_the_trunk,
    paused_but_not_zeroed,
    broken_off,
    broken_at_the_end,
    by_autograd_grad,
    with_its_graph,
    twice,
)
NEED_A_GRADIENT = (zero, zero_in_place, new_zeros, clip, halve_by_replacing, add_to_one)


@pytest.mark.quick
@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph:UserWarning")
@pytest.mark.parametrize(
    ("event", "after"),
    [(e, k) for e in EVENTS for k in range(K) if k > 0 or e not in NEED_A_GRADIENT],
)
def test_what_happens_inside_a_step_is_noticed(event, after):
    loop = Loop()
    loop.become_regular()
    assert loop.window(event=event, after=after) != "right"
    for _ in range(4):
        assert loop.window() == "right"
    assert loop.on
    assert loop.noise.average.num_skipped <= 1


@pytest.mark.quick
@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph:UserWarning")
@pytest.mark.parametrize("event", EVENTS)
def test_what_happens_after_the_last_pass_was_read_does_not_matter(event):
    """It may be refused or skipped; the number is that of the recorded passes."""
    loop = Loop()
    loop.become_regular()
    assert "WRONG" not in loop.window(event=event, after=K)
    for _ in range(4):
        assert loop.window() == "right"


@pytest.mark.quick
@pytest.mark.parametrize("event", [zero, halve_by_replacing, add_to_one, stray_other_head])
def test_without_the_count_of_changes_a_number_would_be_wrong(event, monkeypatch):
    """The planted fault: every .grad is taken for the sum that it should be."""

    def as_if(self, grads, times):
        return all(g is not None for g in grads)

    monkeypatch.setattr(_one_hook.Snapshot, "has_grown", as_if)
    monkeypatch.setattr(_one_hook, "is_none", lambda params: True)
    loop = Loop()
    loop.become_regular()
    with pytest.raises(AssertionError):
        loop.window(event=event, after=1)


@pytest.mark.quick
@pytest.mark.parametrize("event", [stray_other_head, broken_off, paused_but_not_zeroed])
def test_without_the_look_at_the_start_a_number_would_be_wrong(event, monkeypatch):
    monkeypatch.setattr(_one_hook, "is_none", lambda params: True)
    loop = Loop()
    loop.become_regular()
    with pytest.raises(AssertionError):
        loop.window(event=event, after=0)


# Loops of several windows. Each is measured right, or skipped; at most so many are.


def heads_in_turn(loop, i):
    return loop.window(head="ab"[i % 2])


def heads_for_a_while(loop, i):
    return loop.window(head="ab"[i // 4 % 2])


def another_head_later(loop, i):
    return loop.window(head="a" if i < 4 else "both")


def another_head_inside_later(loop, i):
    for k in range(K):
        loop.pass_and_record(head="b" if i > 3 and k == 1 else "a")
    return loop.step()


def only_the_last_pass_through_another_head(loop, i):
    for k in range(K):
        loop.pass_and_record(head="b" if i > 3 and k == K - 1 else "a")
    return loop.step()


def experts(loop, i):
    """Each micro-batch goes through one of the heads, by chance."""
    for k in range(K):
        loop.pass_and_record(head="ab"[hash((i, k)) % 2])
    return loop.step()


def lengths(loop, i):
    return loop.window((3, 4, 2, 5)[i % 4])


def longer_then_shorter(loop, i):
    """The sum of the shorter ones was not read where its last pass ended."""
    return loop.window(4 if i < 8 else 2)


def clipped_before_step(loop, i):
    return loop.window(event=clip, after=K)


def zeroed_in_place(loop, i):
    loop.zero_in_place = True
    return loop.window()


def zeroed_in_place_later(loop, i):
    loop.zero_in_place = i > 3
    return loop.window()


def frozen_for_a_while(loop, i):
    loop.model.trunk.weight.requires_grad_(not 4 <= i < 8)
    return loop.window()


def the_hooked_one_frozen(loop, i):
    loop.model.a.bias.requires_grad_(not 4 <= i < 8)
    return loop.window()


def to_single_precision(loop, i):
    """The oracle is then, too."""
    if i == 4:
        loop.model.float()
        loop.rel = 1e-3
        loop.draw = lambda draw=loop.draw: (lambda x, y: (x.float(), y))(*draw())
    return loop.window()


def left_out(loop, i):
    """A pass in which nothing counts."""
    for k in range(K + 1):
        if k == 1:
            (0 * loop.model(loop.draw()[0]).sum()).backward()
            loop.noise.leave_out()
        else:
            loop.pass_and_record()
    return loop.step()


def discarded(loop, i):
    loop.pass_and_record()
    loop.noise.discard()
    loop.rows = []
    loop.model.zero_grad()
    return loop.window()


def paused_between(loop, i):
    with loop.noise.paused():
        loop.stray()
        loop.model.zero_grad()
    return loop.window()


def validated_without_a_pause(loop, i):
    """Between steps, through the other head, and its gradients are zeroed."""
    outcome = loop.window()
    if i > 3:
        loop.stray(head="b")
        loop.model.zero_grad()
    return outcome


LOOPS = {
    heads_in_turn: 0,
    heads_for_a_while: 3,
    another_head_later: 1,
    another_head_inside_later: 1,
    only_the_last_pass_through_another_head: 1,
    experts: 0,
    lengths: 0,
    longer_then_shorter: 0,
    clipped_before_step: 0,
    zeroed_in_place: 0,
    zeroed_in_place_later: 1,
    frozen_for_a_while: 2,
    the_hooked_one_frozen: 2,
    to_single_precision: 1,
    left_out: 0,
    discarded: 0,
    paused_between: 0,
    validated_without_a_pause: 0,
}


@pytest.mark.quick
@pytest.mark.parametrize("on_cpu", [True, False])
@pytest.mark.parametrize("run", LOOPS)
def test_loops(run, on_cpu):
    loop = Loop()
    with loop.noise.paused():
        loop.noise._passes.on_cpu = on_cpu
    outcomes = [run(loop, i) for i in range(16)]
    assert set(outcomes) <= {"right", "skipped"}
    assert outcomes.count("skipped") <= LOOPS[run]


# Models of other kinds, and what else a loop may do.


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


@pytest.mark.quick
@pytest.mark.parametrize(
    ("model", "regular"),
    [
        (Rebuilt(None), True),
        (Rebuilt(False), True),
        (Rebuilt(False, 2), True),
        (Rebuilt(True), False),
        (Tied(), True),
        (Stacked(), False),
        (Looked(False), True),
        (Looked(), False),
    ],
    ids=str,
)
def test_other_models(model, regular):
    """Those whose gradients are not added once a pass, in place, keep their hooks."""
    loop = Loop(model)
    if isinstance(model, Rebuilt):  # autograd.grad does not see into a reentrant checkpoint
        loop.go = lambda: go_beside(loop, Rebuilt(None, model.times))
    for _ in range(6):
        assert loop.window() == "right"
    assert loop.on is regular


def go_beside(loop, plain):
    """One pass; its gradient is that of a plain model with the same weights."""
    x, y = loop.draw()
    params = list(plain.parameters())
    loss = F.cross_entropy(plain(x.clone()), y)
    loop.rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, params)]))
    (F.cross_entropy(loop.model(x), y) / K).backward()


@pytest.mark.quick
def test_a_layer_that_is_checkpointed_reentrantly_later():
    """Once it was regular; its gradient is then added twice a pass."""
    model = Rebuilt(None, 2)
    loop = Loop(model)
    loop.go = lambda: go_beside(loop, Rebuilt(None, 2))
    loop.become_regular()
    model.reentrant = True
    assert [loop.window() for _ in range(6)] == ["skipped"] + ["right"] * 5
    assert not loop.on


@pytest.mark.quick
def test_compiled():
    model = Heads()
    loop = Loop(model)
    compiled = torch.compile(model, backend="aot_eager")
    loop.loss = lambda m, x, y, **how: (
        F.cross_entropy((compiled if m is model else m)(x, **how), y) / K
    )
    for _ in range(4):
        assert loop.window() == "right"
    assert loop.on


@pytest.mark.quick
def test_a_parameter_replaced_counts_as_before():
    """The new one is not watched, as with hooks on all: no number differs, one window is lost."""
    found = {}
    for wait in (2, math.inf):
        loop = Loop()
        loop.noise._passes.one.wait = wait
        found[wait] = []
        for i in range(8):
            if i == 4:
                loop.model.trunk.weight = nn.Parameter(loop.model.trunk.weight.detach().clone())
            for _ in range(K):
                loop.stray()
                loop.noise.micro_step()
            loop.noise.step()
            loop.model.zero_grad()
            found[wait].append((loop.noise.last.grad_sq_norm, loop.noise.last.tr_cov))
    one, all_hooks = found.values()
    assert math.isnan(one[4][0])
    for i in (*range(4), *range(5, 8)):
        assert one[i] == pytest.approx(all_hooks[i], rel=1e-12)


@pytest.mark.quick
def test_misuse_is_still_said():
    loop = Loop()
    loop.become_regular()
    with pytest.raises(ValueError, match="no gradient since the last micro_step"):
        loop.noise.micro_step()
    loop.pass_and_record()
    with pytest.raises(ValueError, match="no gradient since the last micro_step"):
        loop.noise.micro_step()
    with pytest.raises(ValueError, match=">= 2 micro-batches"):
        loop.noise.step()
    loop.model.zero_grad()
    loop.rows = []
    assert loop.window() == "right"
    assert loop.on


@pytest.mark.quick
def test_a_micro_step_forgotten_in_each_step():
    loop = Loop()
    loop.become_regular()
    for _ in range(3):
        assert "several backward passes" in loop.window(event=stray_pass, after=1)


@pytest.mark.quick
def test_a_scaler_and_a_closure():
    """Factors change from step to step; LBFGS calls step() in each of its closures."""
    loop = Loop()
    loop.become_regular()
    optimizer = torch.optim.LBFGS(loop.model.parameters(), lr=0.1, max_iter=4)

    def closure():
        optimizer.zero_grad()
        total = 0.0
        for _ in range(K):
            x, y = loop.draw()
            loss = loop.loss(loop.model, x, y)
            (loss * 1024).backward()
            loop.noise.micro_step(loss_factor=1024 / K)
            total += loss.item()
        loop.noise.step()
        for p in loop.model.parameters():
            if p.grad is not None:
                p.grad.div_(1024)
        return torch.tensor(total)

    updates = loop.noise.average.num_updates
    optimizer.step(closure)
    assert loop.noise.average.num_updates > updates
    assert loop.noise.average.num_skipped == 0
    assert loop.on


@pytest.mark.quick
def test_every_third_step():
    loop = Loop(every=3)
    for i in range(12):
        for _ in range(K):
            loop.pass_and_record()
        if i % 3 == 0:
            assert loop.step() == "right"
        else:
            assert not loop.noise._passes.handles
            loop.noise.step()
            loop.rows = []
            loop.model.zero_grad()
    assert loop.on


@pytest.mark.quick
def test_a_parameter_frozen_while_its_step_is_not_measured():
    """With every > 1 the hooks are put back on it all the same: it may be thawed in time."""
    loop = Loop(every=2)
    loop.window()
    loop.model.trunk.weight.requires_grad_(False)
    loop.stray()
    loop.noise.step()
    assert not loop.model.trunk.weight.requires_grad
    loop.model.trunk.weight.requires_grad_(True)
    loop.model.zero_grad()
    loop.rows = []
    assert loop.window() == "right"


@pytest.mark.quick
def test_a_first_pass_left_out_is_a_step_skipped():
    """Its gradient is the only one that is read apart; it ended in a division by zero."""
    for on_cpu in (True, False):
        loop = Loop()
        with loop.noise.paused():
            loop.noise._passes.on_cpu = on_cpu
        (0 * loop.model(loop.draw()[0]).sum()).backward()
        loop.noise.leave_out()
        for _ in range(K):
            loop.pass_and_record()
        assert loop.step() == "skipped"
        assert loop.window() == "right"


@pytest.mark.quick
def test_no_norm_keeps_a_graph_alive():
    """Of backward(create_graph=True), for as long as a GPU's norms wait to be fetched."""
    loop = Loop()
    with loop.noise.paused():
        loop.noise._passes.on_cpu = False
    for _ in range(K):
        loop.loss(loop.model, *loop.draw()).backward(
            create_graph=True, inputs=list(loop.model.parameters())[:4]
        )
        loop.noise.micro_step()
    loop.noise.step()
    pending = loop.noise._averages.pending
    assert not any(sums.lengths.requires_grad for sums, _, _ in pending)
    loop.model.zero_grad()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph:UserWarning")
def test_loops_at_random(seed):
    """Regular windows and all of the above in any order: no wrong number, no foreign error."""
    draw = torch.Generator().manual_seed(seed)

    def pick(choices):
        return choices[int(torch.randint(len(choices), (1,), generator=draw))]

    loop = Loop(seed=seed)
    with loop.noise.paused():
        loop.noise._passes.on_cpu = seed % 2 == 0
    outcomes, on = [], 0
    odd = [e for e in EVENTS if e is not add_to_one]  # which hooks on all do not see
    for _ in range(40):
        if pick(range(4)):
            outcomes.append(loop.window(pick((2, 3, 3, 3, 4))))
        else:
            event = pick(odd)
            first = 1 if event in NEED_A_GRADIENT else 0
            outcomes.append(loop.window(event=event, after=pick(range(first, K + 1))))
        on += loop.on
    said = [o for o in outcomes if o not in ("right", "skipped")]
    known = ("micro_step", "between two micro-batches", "left over", "added nothing")
    assert all(any(words in o for words in known) for o in said)
    assert outcomes.count("right") > 20
    assert on > 4
