"""Every replica is the single run of its seed; and what a grid returns, refuses and survives."""

import functools

import numpy as np
import pytest
import torch
from scipy import stats
from small_grids import (
    SIZES,
    Residual,
    as_images,
    convnet,
    convnet_with_batchnorm,
    digits,
    double_mlp,
    flat,
    mean_squared,
    residual,
    single_run,
    tanh_mlp,
)
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.data.splits import load
from coursekit.models.perceptrons import mlp
from coursekit.replicas.grid import run_grid
from coursekit.train.loop import accuracy
from coursekit.train.optim import BY_NAME, LAMB, LARS, SGD, Adam, Muon
from coursekit.train.schedules import step_decay, warmup_cosine

pytestmark = pytest.mark.in_turn(thing="stacks of replicas", of=3, turn=2)

SETTINGS = {
    **BY_NAME,
    "sgd with decay": SGD(weight_decay=0.01),
    "adam with decay": Adam(weight_decay=0.01),
    "lars with decay": LARS(weight_decay=0.01, trust=0.01),
    "lamb with decay": LAMB(weight_decay=0.01),
    "muon with decay": Muon(weight_decay=0.01),
}
LRS = {SGD: (0.02, 0.2), Adam: (0.001, 0.01), LARS: (0.5, 3.0), LAMB: (0.001, 0.02)}
LRS[Muon] = (0.002, 0.02)
quiet = functools.partial(run_grid, progress=False)


def compare(make, data, *, optimizer, lrs, num_steps=50, loss_fn=cross_entropy, **settings):
    """Return the largest |difference| between final weights of replicas and of single runs."""
    seeds, batch_sizes = (3, 11), (16, 50)
    grid = quiet(
        make,
        data,
        seeds=seeds,
        batch_sizes=batch_sizes,
        lrs=lrs,
        num_steps=num_steps,
        optimizer=optimizer,
        loss_fn=loss_fn,
        keep_weights=True,
        **settings,
    )
    worst = 0.0
    for i, seed in enumerate(seeds):
        for j, lr in enumerate(lrs):
            for k, batch_size in enumerate(batch_sizes):
                model, history = single_run(
                    make,
                    data,
                    seed,
                    batch_size,
                    lr,
                    num_steps,
                    optimizer=optimizer,
                    loss_fn=loss_fn,
                )
                assert history.diverged_at is None
                gap = (flat(model) - torch.from_numpy(grid.weights[i, j, k])).abs().max().item()
                worst = max(worst, gap)
                model.eval()
                with torch.no_grad():
                    loss = loss_fn(model(data.train_inputs), data.train_targets).item()
                assert grid.train_loss[i, j, k] == pytest.approx(loss, rel=1e-8)
                for split in ("validation", "test"):
                    expected = accuracy(
                        model, getattr(data, f"{split}_inputs"), getattr(data, f"{split}_targets")
                    )
                    assert getattr(grid, f"{split}_accuracy")[i, j, k] == pytest.approx(expected)
    return worst


@pytest.mark.parametrize("name", SETTINGS)
def test_each_replica_is_the_single_run_for_every_optimizer(name):
    settings = SETTINGS[name]
    worst = compare(double_mlp, digits(double=True), optimizer=settings, lrs=LRS[type(settings)])
    assert worst < 1e-9


@pytest.mark.parametrize("name", ["sgd", "adam", "lars", "lamb"])
@pytest.mark.parametrize(
    ("make", "images"),
    [(residual, False), (convnet, True), (convnet_with_batchnorm, True), (tanh_mlp, False)],
    ids=["residual", "conv", "batchnorm", "tanh"],
)
def test_each_replica_is_the_single_run_for_other_models(name, make, images):
    data = digits(double=True)
    data = as_images(data) if images else data
    settings = SETTINGS[name]
    backend = "auto" if make is tanh_mlp else "vmap"
    worst = compare(make, data, optimizer=settings, lrs=LRS[type(settings)][:1], backend=backend)
    assert worst < 1e-9


def test_each_replica_is_the_single_run_for_another_loss():
    settings = {"optimizer": "momentum", "lrs": (0.05,), "loss_fn": mean_squared}
    assert compare(tanh_mlp, digits(double=True), **settings) < 1e-9


@pytest.mark.quick
def test_the_comparison_has_power():
    """It must see an update that differs in the order of one example or one part in 1e6."""
    data = digits(double=True)
    grid = quiet(
        double_mlp, data, seeds=(3,), batch_sizes=(16,), lrs=(0.2,), num_steps=50, keep_weights=True
    )
    replica = torch.from_numpy(grid.weights[0, 0, 0])
    other_lr, _ = single_run(double_mlp, data, 3, 16, 0.2 * (1 + 1e-6), 50)
    other_order, _ = single_run(double_mlp, data, 4, 16, 0.2, 50)
    assert (flat(other_lr) - replica).abs().max() > 1e-8
    assert (flat(other_order) - replica).abs().max() > 1e-2


@pytest.mark.quick
@pytest.mark.parametrize("name", BY_NAME)
def test_the_first_float32_step_agrees(name):
    data = digits()
    make = functools.partial(mlp, SIZES)
    lr = LRS[type(BY_NAME[name])][1]
    grid = quiet(
        make,
        data,
        seeds=(5,),
        batch_sizes=(32,),
        lrs=(lr,),
        num_steps=1,
        optimizer=name,
        keep_weights=True,
    )
    start = flat(make(generator=torch.Generator().manual_seed(5)))
    model, _ = single_run(make, data, 5, 32, lr, 1, optimizer=name)
    moved = flat(model) - start
    gap = flat(model) - torch.from_numpy(grid.weights[0, 0, 0])
    assert moved.norm() > 0
    assert gap.norm() <= 1e-5 * flat(model).norm()
    assert gap.norm() <= 1e-3 * moved.norm()


def test_float32_populations_agree_where_single_runs_part():
    """Twelve paired seeds: the mean difference in test accuracy lies within its interval of 0."""
    data = load("digits", num_train=256)
    make = functools.partial(mlp, SIZES)
    seeds = range(12)
    grid = quiet(make, data, seeds=seeds, batch_sizes=(16,), lrs=(0.3,), num_epochs=10)
    gaps = []
    for i, seed in enumerate(seeds):
        model, _ = single_run(make, data, seed, 16, 0.3, 160)
        expected = accuracy(model, data.test_inputs, data.test_targets)
        gaps.append(grid.test_accuracy[i, 0, 0] - expected)
    gaps = np.array(gaps)
    half = stats.t.ppf(0.9995, 11) * gaps.std(ddof=1) / np.sqrt(12)
    assert abs(gaps.mean()) <= half + 1e-12
    assert abs(gaps.mean()) < 0.01
    shuffled = quiet(make, data, seeds=range(12, 24), batch_sizes=(16,), lrs=(0.03,), num_epochs=10)
    assert (grid.test_accuracy - shuffled.test_accuracy).mean() > 0.05  # other settings are seen


def test_a_compiled_stack_gives_the_numbers_of_vmap(monkeypatch):
    """Traced as on a GPU; what comes out runs as torch itself, since a learner has no compiler."""
    asked, compile_ = [], torch.compile

    def traced(function, **options):
        asked.append(options)
        return compile_(function, backend="aot_eager", **options)

    monkeypatch.setattr(torch, "compile", traced)
    settings = {"seeds": (1, 2), "batch_sizes": (16,), "lrs": (0.05,), "num_steps": 5}
    data = digits(double=True)
    one = quiet(double_mlp, data, backend="vmap", keep_weights=True, **settings)
    other = quiet(double_mlp, data, backend="compiled", keep_weights=True, **settings)
    assert asked == [{"dynamic": False}]
    assert (one.backend, other.backend) == ("vmap", "compiled")
    assert np.abs(one.weights - other.weights).max() < 1e-12


def test_a_default_device_changes_nothing():
    settings = {"seeds": (1, 2), "batch_sizes": (16,), "lrs": (0.05,), "num_steps": 5}
    data = digits(double=True)
    expected = quiet(residual, data, keep_weights=True, device="cpu", **settings)
    with torch.device("meta"):  # what lands there has no numbers
        found = quiet(residual, data, keep_weights=True, device="cpu", **settings)
    np.testing.assert_array_equal(found.weights, expected.weights)


def test_the_loop_gives_the_same_numbers():
    settings = {"seeds": (1, 2), "batch_sizes": (16, 50), "lrs": (0.05, 0.2), "num_steps": 20}
    settings |= {"optimizer": "momentum", "num_records": 4, "keep_weights": True}
    data = digits(double=True)
    stacked = quiet(double_mlp, data, **settings)
    loop = quiet(double_mlp, data, backend="loop", **settings)
    assert (stacked.backend, loop.backend) == ("mlp", "loop")
    assert np.abs(stacked.weights - loop.weights).max() < 1e-12
    for name in ("train_loss", "validation_accuracy"):
        assert np.allclose(stacked.recorded[name], loop.recorded[name], rtol=1e-10)
    assert np.array_equal(stacked.record_steps, [[5, 10, 15, 20]] * 2)


def test_how_replicas_are_stacked_changes_nothing():
    settings = {"seeds": range(3), "batch_sizes": (32,), "lrs": (0.05, 0.2, 0.4), "num_epochs": 3}
    data = digits(double=True)
    whole = quiet(double_mlp, data, keep_weights=True, **settings)
    pieces = quiet(double_mlp, data, keep_weights=True, max_stack=2, **settings)
    assert (whole.stack_sizes.tolist(), pieces.stack_sizes.tolist()) == ([9], [2])
    assert np.abs(whole.weights - pieces.weights).max() < 1e-13


def test_schedules_and_optimizers_are_axes_and_equal_the_single_runs():
    data = digits(double=True)
    schedules = {
        "constant": None,
        "cosine": lambda n: warmup_cosine(1.0, warmup_steps=n // 4, num_steps=n),
    }
    grid = quiet(
        double_mlp,
        data,
        seeds=(0, 1),
        batch_sizes=(16, 32),
        lrs=(0.05,),
        num_epochs=2,
        optimizer={"sgd": "sgd", "heavy": SGD(momentum=0.5)},
        schedule=schedules,
        keep_weights=True,
    )
    assert list(grid.axes) == ["optimizer", "schedule", "seed", "lr", "batch_size"]
    assert grid.test_accuracy.shape == (2, 2, 2, 1, 2)
    assert grid.num_steps.tolist() == [16, 8]
    for name, optimizer in (("sgd", "sgd"), ("heavy", SGD(momentum=0.5))):
        for label in schedules:
            for j, (batch_size, steps) in enumerate(((16, 16), (32, 8))):
                shape = warmup_cosine(0.05, warmup_steps=steps // 4, num_steps=steps)
                model, _ = single_run(
                    double_mlp,
                    data,
                    1,
                    batch_size,
                    0.05,
                    steps,
                    optimizer=optimizer,
                    **({} if label == "constant" else {"lr_schedule": shape}),
                )
                found = grid.at(optimizer=name, schedule=label, seed=1, lr=0.05).weights[j]
                assert (flat(model) - torch.from_numpy(found)).abs().max() < 1e-12


def test_a_growing_batch_equals_the_single_run():
    data = digits(double=True)
    grid = quiet(
        double_mlp,
        data,
        seeds=(7,),
        batch_sizes=(16,),
        lrs=(0.1,),
        num_epochs=3,
        batch_growth=lambda epoch: 1 if epoch < 2 else 4,
        keep_weights=True,
    )
    assert grid.num_steps.tolist() == [8 + 8 + 2]
    growth = step_decay(16, boundaries=(16,), factor=4)
    model, _ = single_run(double_mlp, data, 7, lambda step: int(growth(step)), 0.1, 18)
    assert (flat(model) - torch.from_numpy(grid.weights[0, 0, 0])).abs().max() < 1e-12


def test_records_are_the_states_of_shorter_runs():
    settings = {"seeds": (0, 1), "batch_sizes": (32,), "lrs": (0.1, 0.3)}
    data = digits(double=True)
    long = quiet(double_mlp, data, num_steps=12, num_records=3, **settings)
    short = quiet(double_mlp, data, num_steps=8, **settings)
    assert long.record_steps.tolist() == [[4, 8, 12]]
    assert np.allclose(long.recorded["train_loss"][..., 1], short.train_loss, rtol=1e-12)
    assert np.array_equal(long.recorded["validation_accuracy"][..., 1], short.validation_accuracy)
    assert np.array_equal(long.recorded["train_loss"][..., 2], long.train_loss)


@pytest.mark.parametrize("backend", ["mlp", "vmap", "loop"])
def test_which_test_examples_are_right_is_kept_for_each_run(backend):
    data = digits(double=True)
    settings = {"seeds": (0, 1), "batch_sizes": (32,), "num_steps": 40, "backend": backend}
    settings["lrs"] = (0.1, 1e200)
    grid = quiet(double_mlp, data, keep_correct=True, **settings)
    assert grid.test_correct.shape == (2, 2, 1, len(data.test_targets))
    for i, seed in enumerate((0, 1)):
        model, _ = single_run(double_mlp, data, seed, 32, 0.1, 40)
        right = model(data.test_inputs).argmax(dim=1) == data.test_targets
        assert grid.test_correct[i, 0, 0].tolist() == right.double().tolist()
    assert 0 < grid.test_accuracy[0, 0, 0] < 1
    assert grid.test_correct[:, 0].mean(axis=-1) == pytest.approx(grid.test_accuracy[:, 0])
    assert np.isnan(grid.test_correct[:, 1]).all()
    assert quiet(double_mlp, data, **settings).test_correct is None


@pytest.mark.parametrize("backend", ["mlp", "vmap", "loop"])
def test_divergence_is_noted_and_harms_no_other(backend):
    data = digits(double=True)
    settings = {"seeds": (0, 1), "batch_sizes": (32,), "num_steps": 40, "backend": backend}
    alone = quiet(double_mlp, data, lrs=(0.1,), **settings)
    both = quiet(double_mlp, data, lrs=(0.1, 1e200), num_records=2, **settings)
    assert both.diverged[:, :, 0].tolist() == [[False, True]] * 2
    assert np.allclose(both.train_loss[:, 0], alone.train_loss[:, 0], rtol=1e-12)
    assert np.isnan(both.train_loss[:, 1]).all()
    assert np.isnan(both.test_accuracy[:, 1]).all()
    assert np.isnan(both.recorded["train_loss"][:, 1]).all()
    for i, seed in enumerate((0, 1)):
        _, history = single_run(double_mlp, data, seed, 32, 1e200, 40)
        assert both.diverged_at[i, 1, 0] == history.diverged_at
    assert (both.values("test_accuracy", diverged_as=0.1)[:, 1] == 0.1).all()


def test_a_stack_whose_runs_have_all_diverged_stops():
    grid = quiet(
        double_mlp,
        digits(double=True),
        seeds=(0,),
        batch_sizes=(32,),
        lrs=(1e250,),
        num_steps=1_000_000,  # an hour, if it went on
        num_records=2,
    )
    assert grid.diverged.all()
    assert np.isnan(grid.recorded["train_loss"]).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_sizes": (129,)}, "between 1 and the 128 examples, got 129"),
        ({"batch_sizes": ()}, "the grid is empty: give at least one batch_size"),
        ({"seeds": ()}, "give at least one seed"),
        ({"lrs": ()}, "give at least one lr"),
        ({"optimizer": {}}, "give at least one optimizer"),
        ({"lrs": (0.1, 0.0)}, "every lr must be positive and finite, got 0.0"),
        ({"lrs": (float("nan"),)}, "every lr must be positive and finite, got nan"),
        ({"lrs": (0.1, 0.1)}, "comes twice"),
        ({"num_epochs": 1, "num_steps": 1}, "only one of them"),
        ({"num_steps": None}, "give num_epochs or num_steps"),
        ({"num_steps": 0}, "num_steps must be >= 1"),
        ({"optimizer": "adagrad"}, "no optimizer 'adagrad'"),
        ({"schedule": lambda n: lambda step: -1.0}, "not negative, got -1.0 at step 0 of 4"),
        ({"backend": "gpu"}, "one of auto, mlp, vmap, kernels, compiled, loop, got 'gpu'"),
        ({"backend": "mlp", "loss_fn": mean_squared}, "on the cross-entropy, not"),
        ({"max_stack": 0}, "max_stack must be >= 1, got 0"),
        ({"num_records": -1}, "num_records must be >= 0"),
        ({"batch_growth": lambda epoch: 100}, "128 examples, got 1600"),
    ],
)
def test_what_cannot_be_is_refused(settings, words):
    usual = {"seeds": (0,), "batch_sizes": (16,), "lrs": (0.1,), "num_steps": 4}
    with pytest.raises(ValueError, match=words):
        quiet(SIZES, digits(), **{**usual, **settings})


def test_a_model_that_ignores_its_generator_is_refused():
    def careless(*, generator):
        return nn.Linear(64, 10)

    with pytest.raises(ValueError, match="draw them from the generator"):
        quiet(careless, digits(), seeds=(0,), batch_sizes=(16,), lrs=(0.1,), num_steps=2)


class Branching(nn.Linear):
    """Control flow that depends on the data: vmap cannot follow it."""

    def forward(self, x):
        out = super().forward(x)
        return out if out.sum().item() > 0 else 2 * out


def branching(*, generator):
    model = Branching(64, 10)
    nn.init.normal_(model.weight, std=0.1, generator=generator)
    nn.init.zeros_(model.bias)
    return model


def test_a_model_that_cannot_be_stacked_says_why_and_runs_in_the_loop_if_asked():
    settings = {"seeds": (0, 1), "batch_sizes": (16,), "lrs": (0.1,), "num_steps": 3}
    with pytest.raises(ValueError, match=r"cannot stack Branching: .*backend='loop'"):
        quiet(branching, digits(), **settings)
    assert np.isfinite(quiet(branching, digits(), backend="loop", **settings).train_loss).all()


def test_dropout_is_refused():
    def dropping(*, generator):
        return nn.Sequential(mlp((64, 10), generator=generator), nn.Dropout(0.5))

    with pytest.raises(ValueError, match="1 is dropout"):
        quiet(dropping, digits(), seeds=(0,), batch_sizes=(16,), lrs=(0.1,), num_steps=2)


def test_convolutions_train_one_by_one_on_a_cpu_and_others_stacked():
    settings = {"seeds": (0,), "batch_sizes": (16,), "lrs": (0.01,), "num_steps": 2}
    data = digits(double=True)
    assert quiet(convnet, as_images(data), **settings).backend == "loop"
    assert quiet(residual, data, **settings).backend == "vmap"
    assert isinstance(residual(generator=torch.Generator()), Residual)
