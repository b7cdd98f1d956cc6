"""Regular loops get one hook and the same numbers; others keep all, and lose few windows."""

import math

import pytest
import torch
import torch.nn.functional as F
from regular_loop import Heads, K, Looked, Loop, Rebuilt, Stacked, Tied
from torch import nn

from coursekit.noise import _one_hook


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Two windows alike are enough, and three after a failure: the tests are short."""
    monkeypatch.setattr(_one_hook, "WAIT", 2)
    monkeypatch.setattr(_one_hook, "LONGER", 1.5)


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


def clip(loop):
    nn.utils.clip_grad_norm_(loop.model.parameters(), 1e-3)


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
    ids=["plain", "rebuilt", "twice", "reentrant", "tied", "stacked", "dense", "sparse"],
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
        assert "several backward passes" in loop.window(event=Loop.stray, after=1)


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
def test_examples_seen_apart_need_all_hooks():
    """Also where a step of one pass made the first pass of the next ones be read as a last one."""
    model = nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Linear(6, 3)).double()
    loop = Loop(model, examples="all")
    for count in (1, *[K] * 8):
        for _ in range(count):
            loop.stray()
            loop.noise.micro_step()
        loop.noise.step()
        model.zero_grad()
        assert not loop.on
    assert loop.noise.average.num_updates == 9


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
@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph:UserWarning")
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
    assert len(loop.noise._averages.norms) == 2 * 4
    assert not any(norm.requires_grad for norm in loop.noise._averages.norms)
    loop.model.zero_grad()
