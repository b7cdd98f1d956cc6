"""What an accumulation loop may do to .grad between its passes, and what is refused."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.noise import NoiseScale

K, B = 4, 8


def loop_parts(frozen: str = ""):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
    for name, param in model.named_parameters():
        param.requires_grad_(not name.startswith(frozen) if frozen else True)
    noise = NoiseScale(model, micro_batch_size=B, loss_factor=1 / K, every=1)
    rng = torch.Generator().manual_seed(1)

    def loss():
        x, y = torch.randn(B, 6, generator=rng), torch.randint(0, 3, (B,), generator=rng)
        return cross_entropy(model(x), y) / K

    return model, noise, loss


def zero(model):
    model.zero_grad()


def zero_in_place(model):
    model.zero_grad(set_to_none=False)


def clip(model):
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)


@pytest.mark.parametrize("read", ["all", "ends"])
@pytest.mark.parametrize("between", [zero, zero_in_place, clip])
def test_gradients_changed_inside_a_step_are_refused(between, read):
    model, _, loss = loop_parts()
    noise = NoiseScale(model, micro_batch_size=B, loss_factor=1 / K, every=1, read=read)
    for _ in range(2):
        loss().backward()
        noise.micro_step()
    between(model)
    loss().backward()
    with pytest.raises(ValueError, match="between two micro-batches of one step"):
        noise.micro_step()
    assert noise.average.num_updates == 0
    noise.close()


@pytest.mark.parametrize("between", [zero, zero_in_place, clip])
def test_after_the_last_micro_batch_everything_is_allowed(between):
    """The same numbers come out, whatever is done before micro_step() or before step()."""
    found = []
    for early in (None, False, True):
        model, noise, loss = loop_parts()
        for _ in range(3):
            for k in range(K):
                loss().backward()
                if early and k == K - 1:
                    between(model)
                noise.micro_step()
            if early is False:
                between(model)
            noise.step()
            model.zero_grad()
        found.append(noise.average.moments())
        noise.close()
    assert found[0] == found[1] == found[2]


def test_clipping_that_does_not_bind_is_no_fault():
    found = []
    for clipped in (False, True):
        model, noise, loss = loop_parts()
        for _ in range(K):
            loss().backward()
            noise.micro_step()
            if clipped:
                nn.utils.clip_grad_norm_(model.parameters(), 1e9)
        noise.step()
        found.append(noise.last)
        noise.close()
    assert found[0] == found[1]


def test_gradients_by_autograd_grad_are_refused():
    """They never pass .grad, whose sum would lag behind by one: 218 in place of 28, once."""
    model, noise, loss = loop_parts()
    params = list(model.parameters())
    for param, grad in zip(params, torch.autograd.grad(loss(), params), strict=True):
        param.grad = grad
    with pytest.raises(ValueError, match=r"added nothing to \.grad.*loss\.backward"):
        noise.micro_step()
    noise.close()


def test_a_closure_that_runs_several_times_calls_step_in_it():
    model, noise, loss = loop_parts()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=3)

    def closure(inside: bool):
        optimizer.zero_grad()
        total = 0.0
        for _ in range(K):
            part = loss()
            part.backward()
            noise.micro_step()
            total += part.item()
        if inside:
            noise.step()
        return torch.tensor(total)

    optimizer.step(lambda: closure(True))
    assert noise.average.num_updates >= 2
    with pytest.raises(ValueError, match="in each closure"):
        optimizer.step(lambda: closure(False))
    noise.close()


def test_a_parameter_unfrozen_later_is_refused():
    model, noise, loss = loop_parts(frozen="0.")
    for thaw in (False, True):
        model[0].requires_grad_(thaw)
        for _ in range(K):
            loss().backward()
            noise.micro_step()
        if thaw:
            with pytest.raises(ValueError, match="was frozen when NoiseScale was built"):
                noise.step()
        else:
            noise.step()
        model.zero_grad()
    assert noise.average.num_updates == 1
    noise.close()


def test_parameters_given_by_themselves_may_be_a_part():
    model, whole, loss = loop_parts(frozen="0.")
    whole.close()
    head = NoiseScale(model[2].parameters(), micro_batch_size=B, loss_factor=1 / K, every=1)
    model[0].requires_grad_(True)
    for _ in range(K):
        loss().backward()
        head.micro_step()
    head.step()
    assert head.average.num_updates == 1
    head.close()
