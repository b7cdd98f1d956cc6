"""What happens inside a step whose loop was regular, and is watched by one hook, is noticed.

A window is measured right, or skipped and counted, or refused; never measured wrong.
"""

import pytest
import torch
from regular_loop import K, Loop
from torch import nn

from coursekit.noise import _one_hook


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Two windows alike are enough, and three after a failure: the tests are short."""
    monkeypatch.setattr(_one_hook, "WAIT", 2)
    monkeypatch.setattr(_one_hook, "LONGER", 1.5)


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
    outcome = loop.window(event=event, after=K)
    assert outcome in ("right", "skipped") or "a backward pass since the last" in outcome
    for _ in range(4):
        assert loop.window() == "right"


def same_tensors(self, grads, times):
    return all(ref() is g for ref, g in zip(self.grads, grads, strict=True))


def same_count(self, grads, times):
    return all(v + times == g._version for v, g in zip(self.versions, grads, strict=True))


@pytest.mark.quick
@pytest.mark.parametrize(
    ("fault", "event"),
    [
        (same_tensors, zero_in_place),
        (same_tensors, add_to_one),
        (same_tensors, clip),
        (same_tensors, stray_part_of_the_trunk),
        (same_count, halve_by_replacing),
    ],
)
def test_with_half_of_the_check_a_number_would_be_wrong(fault, event, monkeypatch):
    """Planted faults: which tensor .grad is, or how often it was changed, is not looked at."""
    monkeypatch.setattr(_one_hook.Snapshot, "has_grown", fault)
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
