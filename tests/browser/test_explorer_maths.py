"""The explorers' numbers are Python's to 1e-6: each function over a grid, in Chromium."""

import itertools
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from explorer_page import normals, open_explorers, uniforms
from scipy.integrate import quad
from scipy.optimize import brentq

from coursekit.claims.unit_07_flat_minima.minima import energy_gap, settled_flat
from coursekit.experiments.mysteries.carry_out import carry_out
from coursekit.experiments.mysteries.cases import draw_mystery
from coursekit.experiments.mysteries.score import Answer, score_answer
from coursekit.experiments.mysteries.words import EXPERIMENTS
from coursekit.explorers.live import WEB
from coursekit.hardware import Prices, StepTime, best_batches
from coursekit.toy.double_well import DoubleWell, barrier, potential, slope
from coursekit.toy.escape_theory import gibbs_share
from coursekit.train.scaling import saturating_lr, scaled_lr

pytestmark = pytest.mark.in_turn(thing="explorers", of=2, turn=0)

TO = {"rel": 1e-6, "abs": 1e-9}


@pytest.fixture(scope="module")
def js(browser):
    """Return a function that evaluates one of an explorer's functions over a list of arguments."""
    page, complaints = open_explorers(browser)

    def call(name, function, grid):
        found = page.evaluate(
            "([name, f, grid]) => grid.map((args) => window.maths[name][f](...args))",
            [name, function, [list(args) for args in grid]],
        )
        assert complaints == []
        return found

    yield call
    page.close()


def stored(name):
    return json.loads((WEB / f"{name}.json").read_text())


def test_the_cloud(js):
    coords = torch.randn(64, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    coords = coords - coords.mean(dim=0)
    sigma = coords.square().sum(dim=1).mean().sqrt().item()
    sizes = [1, 2, 16, 64]
    rows = coords.tolist()
    found = js("noise_cloud", "radius", [(rows, b) for b in sizes])
    assert found == pytest.approx([sigma / math.sqrt(b) for b in sizes], **TO)
    assert js("noise_cloud", "spread", [(rows,)]) == pytest.approx([sigma], **TO)
    assert js("noise_cloud", "rms", [(rows,)]) == pytest.approx([sigma], **TO)
    for batch_size, seed in ((1, 1), (8, 5)):
        (dots,) = js("noise_cloud", "batchErrors", [(rows, batch_size, seed, 20)])
        drawn = (uniforms(seed, 20 * batch_size) * 64).astype(int).reshape(20, batch_size)
        assert np.array(dots) == pytest.approx(coords[drawn].mean(dim=1).numpy(), **TO)
    (dots,) = js("noise_cloud", "batchErrors", [(rows, 4, 3, 4000)])  # fixed count, |z| < 4
    squares = np.square(dots).sum(axis=1)
    stderr = squares.std() / math.sqrt(4000)
    assert abs(squares.mean() - sigma**2 / 4) < 4 * stderr
    assert abs(squares.mean() - sigma**2 / 2) > 8 * stderr


def test_every_function_that_is_exported_is_compared(browser):
    page, _ = open_explorers(browser)
    exported = page.evaluate(
        "Object.entries(window.maths).map(([name, all]) => [name, Object.keys(all)])"
    )
    page.close()
    text = Path(__file__).read_text()
    for name, functions in exported:
        for function in functions:
            assert re.search(rf'js\(\s*"{name}",\s*("{function}"|name\b)', text), (name, function)


def test_the_opening_plane(js):
    data = stored("opening_plane")
    (seen,) = js("opening_plane", "cell", [(data, {"epochs": "80", "batch": 512, "lr": 2})])
    plane = data["planes"]["80"]
    assert seen["accuracy"] == plane["accuracy"][7][2]
    assert seen["stderr"] == plane["stderr"][7][2]
    assert seen["steps"] == 640
    first, now = (
        {"epochs": "20", "batch": 256, "lr": 0.25},
        {"epochs": "40", "batch": 1024, "lr": 1},
    )
    (found,) = js("opening_plane", "change", [(data, first, now)])
    a, b = (data["planes"][e] for e in ("20", "40"))
    assert found["points"] == pytest.approx(b["accuracy"][6][3] - a["accuracy"][4][1], **TO)
    assert found["stderr"] == pytest.approx(math.hypot(b["stderr"][6][3], a["stderr"][4][1]), **TO)
    assert js("opening_plane", "steps", [(4096, 1000, "20"), (4096, 256, 20)]) == [80, 320]


def test_the_frontier(js):
    names = {"linear": "linear", "root": "sqrt"}
    grid = list(itertools.product((2**-8, 0.06, 0.5), (16, 64), (32, 512, 2048), names))
    found = js("lr_frontier", "scaledLr", grid)
    expected = [scaled_lr(lr, b, to, rule=names[rule]) for lr, b, to, rule in grid]
    assert found == pytest.approx(expected, **TO)
    walls = list(itertools.product((0.5, 3.4), (10, 52.0), (16, 2048)))
    expected = [saturating_lr(*args) for args in walls]
    assert js("lr_frontier", "frontier", walls) == pytest.approx(expected, **TO)
    starts = list(itertools.product((0.01, 0.2, 9.0), (16, 64), (3.4,), (20, 52.0), names))
    for (lr, b, top, half, rule), meets in zip(
        starts, js("lr_frontier", "meeting", starts), strict=True
    ):

        def above(size, lr=lr, b=b, top=top, half=half, rule=names[rule]):
            return scaled_lr(lr, b, size, rule=rule) - saturating_lr(top, half, size)

        expected = b if above(b) >= 0 else brentq(above, b, 1e12, xtol=1e-9, rtol=1e-12)
        assert meets == pytest.approx(expected, **TO)


@pytest.mark.parametrize(
    "case", [((3, 2), 1.5, 1), ((3, 2), 4.0, 8), ((4, 1), 2.0, 4), ((4, 1), 4, 1)]
)
def test_the_catapult_is_gradient_descent_by_autograd(js, case):
    (start, times, warmup) = case
    (path,) = js("gentle_start", "walk", [case])
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    peak = 2 * times / w.detach().square().sum().item()
    for step, seen in enumerate(path[:20]):
        loss = 0.5 * (w.prod() - 1) ** 2
        lr = peak * min(1, (step + 1) / warmup)
        u, v = w.tolist()
        expected = [u, v, lr, u * u + v * v, loss.item()]
        assert [seen[k] for k in ("u", "v", "lr", "curvature", "loss")] == pytest.approx(
            expected, **TO
        )
        (grad,) = torch.autograd.grad(loss, w)
        w = (w - lr * grad).detach().requires_grad_()


def test_a_warmup_saves_the_one_start_and_not_the_other(js):
    cases = [
        ((3, 2), 4.0, 1),
        ((3, 2), 4.0, 8),
        ((4, 1), 4.0, 1),
        ((4, 1), 4.0, 32),
        ((4, 1), 0.5, 1),
    ]
    paths = js("gentle_start", "walk", cases)
    ends = js("gentle_start", "outcome", [(path,) for path in paths])
    assert ends == ["diverged", "trained", "diverged", "diverged", "trained"]


@pytest.mark.parametrize("last", [1, 8, 32])
@pytest.mark.parametrize("clip", ["never", "once", "each"])
@pytest.mark.parametrize("divide", ["micro", "examples", "none"])
def test_the_accumulation_in_all_parameters(js, last, clip, divide):
    generator = torch.Generator().manual_seed(last)
    grads = torch.randn(224 + last, 40, generator=generator, dtype=torch.float64) + 0.3
    means = torch.stack([p.mean(dim=0) for p in grads.split([32] * 7 + [last])])
    large, limit = grads.mean(dim=0), 0.9
    means, large = means / large.norm(), large / large.norm()
    weights = {"micro": [1 / 8] * 8, "examples": [n / (224 + last) for n in [32] * 7 + [last]]}
    buffer, lengths = torch.zeros(40, dtype=torch.float64), []
    for k, mean in enumerate(means):
        kept = min(1.0, limit / mean.norm().item()) if clip == "each" else 1.0
        buffer = buffer + weights.get(divide, [1.0] * 8)[k] * kept * mean
        lengths.append(buffer.norm().item())
    step = buffer * min(1.0, limit / buffer.norm().item()) if clip == "once" else buffer
    gram = (means @ means.T).tolist()
    (found,) = js("micro_arrows", "accumulate", [(gram, last, divide, clip, limit)])
    assert found["buffer"] == pytest.approx(lengths, **TO)
    assert found["norm"] == pytest.approx(step.norm().item(), **TO)
    assert found["cosine"] == pytest.approx((step @ large / step.norm()).item(), **TO)
    assert found["lengths"] == pytest.approx(means.norm(dim=1).tolist(), **TO)


def test_the_trade_off(js):
    grid = list(itertools.product((8, 100, 5000), (64, 1024), (32, 4096)))
    for (b, crit, full), found in zip(grid, js("trade_off", "factors", grid), strict=True):
        least = min(
            (1 + crit / size) * max(1, size / full) for size in (full, *np.geomspace(1, 1e6, 4001))
        )
        assert (found["steps"] - 1) * (found["examples"] - 1) == pytest.approx(1, **TO)
        assert found["examples"] == pytest.approx(found["steps"] * b / crit, **TO)
        assert found["time"] == pytest.approx((1 + crit / b) * max(1, b / full) / least, **TO)


def small_network(weights, batch):
    x = torch.linspace(-2, 2, 32, dtype=torch.float64)[batch]
    a, b, c = weights.split(8)
    output = torch.tanh(x[:, None] * a + b) @ c
    return 0.5 * (output - torch.sin(2 * x) - torch.sin(5 * x) / 2).square().mean()


def test_the_edge_has_the_gradient_and_the_hessian_of_autograd(js):
    w = torch.randn(24, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    v = torch.randn(24, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for batch in (list(range(32)), [3, 3, 17]):
        loss, grad = torch.autograd.functional.vjp(lambda t, b=batch: small_network(t, b), w)
        (found,) = js("edge", "lossGrad", [(w.tolist(), batch)])
        assert found == pytest.approx([loss.item(), *grad.tolist()], **TO)
        hessian = torch.autograd.functional.hessian(lambda t, b=batch: small_network(t, b), w)
        (product,) = js("edge", "hessianTimes", [(w.tolist(), batch, v.tolist())])
        assert product == pytest.approx((hessian @ v).tolist(), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("batch_size", [32, 4])
def test_the_edge_is_sgd_and_its_sharpness_the_largest_eigenvalue(js, batch_size):
    (found,) = js("edge", "train", [(0.1, batch_size, 200)])
    w = torch.tensor(normals(1, 48)[:24])
    drawn = (uniforms(7, 200 * batch_size) * 32).astype(int).reshape(200, batch_size)
    everything = list(range(32))
    for step in range(201):
        if step % 100 == 0:
            seen = found["records"][step // 25]
            hessian = torch.autograd.functional.hessian(lambda t: small_network(t, everything), w)
            assert seen["loss"] == pytest.approx(small_network(w, everything).item(), **TO)
            largest = torch.linalg.eigvalsh(hessian)[-1].item()
            assert seen["lambda"] == pytest.approx(largest, rel=0.02)  # ten products after a start
        if step == 200:
            break
        batch = everything if batch_size == 32 else drawn[step].tolist()
        leaf = w.clone().requires_grad_()
        small_network(leaf, batch).backward()
        w = w - 0.1 * leaf.grad
    assert found["weights"] == pytest.approx(w.tolist(), **TO)
    batches = (uniforms(5, 24 * 4) * 32).astype(int).reshape(24, 4).tolist()
    above = below = 0.0
    for batch in batches:
        _, grad = torch.autograd.functional.vjp(lambda t, b=batch: small_network(t, b), w)
        hessian = torch.autograd.functional.hessian(lambda t, b=batch: small_network(t, b), w)
        above, below = above + (grad @ hessian @ grad).item(), below + grad.square().sum().item()
    (batch_sharpness,) = js("edge", "batchSharpness", [(w.tolist(), 4, 5)])
    assert batch_sharpness == pytest.approx(above / below, rel=1e-6)


def test_the_basins_are_those_of_the_claim(js):
    starts = 1.5 * normals(2, 40 * 3).reshape(40, 3)
    (shots,) = js("basins", "roam", [(0, 0.03, 3, "random", 40, 2)])
    assert np.array(shots[0]["points"]) == pytest.approx(starts[:, :2], **TO)
    flat = settled_flat(torch.from_numpy(starts))
    assert shots[-1]["share"] == pytest.approx(flat.double().mean().item())
    ends = np.where(flat.numpy(), 1.0, -1.0)
    assert np.array(shots[-1]["points"])[:, 0] == pytest.approx(ends, abs=1e-6)
    x = torch.from_numpy(starts)
    sharp, at = torch.tensor([-1.0, 0, 0]).double(), torch.tensor([1.0, 0, 0]).double()
    gap = js("basins", "energyGap", [(row,) for row in starts.tolist()])
    assert gap == pytest.approx(energy_gap(x, sharp, at, 0.0).tolist(), **TO)
    assert js("basins", "gibbsLimit", [(1,), (4,)]) == pytest.approx(
        [8**0.5 / (1 + 8**0.5), 64 / 65]
    )


def test_the_basins_walkers_are_langevin(js):
    (shots,) = js("basins", "roam", [(0.2, 0.1, 2, "sharp", 3, 5)])
    noise = normals(5, 200 * 6).reshape(200, 3, 2)
    x = torch.tensor([[-1.0, 0.0]] * 3, dtype=torch.float64, requires_grad=True)
    for step in range(20):
        steep, gentle = (
            4 * ((x - torch.tensor([-1.0, 0])) ** 2),
            0.5 * (x - torch.tensor([1.0, 0])) ** 2,
        )
        energy = -0.02 * torch.logaddexp(-steep.sum(dim=1) / 0.02, -gentle.sum(dim=1) / 0.02)
        (grad,) = torch.autograd.grad(energy.sum(), x)
        moved = x + math.sqrt(2 * 0.1 * 0.2) * torch.from_numpy(noise[step]) - 0.1 * grad
        x = moved.detach().requires_grad_()
        if step in (9, 19):
            seen = np.array(shots[(step + 1) // 10]["points"])
            assert seen == pytest.approx(x.detach().numpy(), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("alpha", "lr"), [(0.25, 0.05), (1.0, 0.3), (1.0, 0.95), (2.8, 0.3)])
def test_the_valley(js, alpha, lr):
    hessian = torch.autograd.functional.hessian(
        lambda w: (w.prod() - 1) ** 2 / 2, torch.tensor([alpha, 1 / alpha], dtype=torch.float64)
    )
    (sharpness,) = js("valley", "sharpnessAt", [(alpha, 1 / alpha)])
    assert sharpness == pytest.approx(torch.linalg.eigvalsh(hessian)[-1].item(), **TO)
    (path,) = js("valley", "descend", [(alpha + 0.05, 1 / alpha + 0.05, lr)])
    w = torch.tensor([alpha + 0.05, 1 / alpha + 0.05], dtype=torch.float64)
    for seen in path[:12]:
        assert seen == pytest.approx(w.tolist(), **TO)
        w = w - lr * (w.prod() - 1) * w.flip(0)
    end = path[-1]
    if abs(end[0] * end[1] - 1) < 1e-6:  # it settles only where it can stay
        assert end[0] ** 2 + end[1] ** 2 < 2 / lr * 1.02


@pytest.mark.parametrize("depth", [-0.4, 0.0, 0.4])
def test_the_wells_are_those_of_the_library(js, depth):
    well = DoubleWell(right_energy=depth)
    places = np.linspace(-3, 4, 57)
    x = torch.from_numpy(places)
    for name, function in (("potential", potential), ("slope", slope)):
        found = js("two_wells", name, [(p, depth) for p in places.tolist()])
        assert found == pytest.approx(function(well, x).tolist(), **TO)
    (top,) = js("two_wells", "barrier", [(depth,)])
    assert top == pytest.approx(barrier(well).position, **TO)
    for heat in (0.1, 0.3, 0.6):
        (share,) = js("two_wells", "gibbsShare", [(heat, depth)])
        assert share == pytest.approx(
            gibbs_share(well, temperature=heat), abs=1e-4
        )  # cut at a grid

        def weight(p, heat=heat):
            return math.exp(-potential(well, torch.tensor(p, dtype=torch.float64)).item() / heat)

        left = quad(weight, -9, top, points=[-1], epsabs=1e-12, limit=200)[0]
        right = quad(weight, top, 9, points=[1], epsabs=1e-12, limit=200)[0]
        assert share == pytest.approx(right / (left + right), rel=1e-6)


def test_the_walkers_are_langevin(js):
    well, heat, lr = DoubleWell(), 0.2, 0.1
    (shots,) = js("two_wells", "wander", [(heat, lr, 0, 5, 3)])
    noise = normals(3, 5 * 400).reshape(400, 5)
    x = torch.full((5,), -1.0, dtype=torch.float64)
    for step in range(1, 41):  # chaos comes later
        x = x + math.sqrt(2 * lr * heat) * torch.from_numpy(noise[step - 1]) - lr * slope(well, x)
        if step % 20 == 0:
            assert shots[step // 20] == pytest.approx(x.tolist(), rel=1e-6, abs=1e-6)
    assert len(shots) == 21


def test_the_best_of_some_tries_is_the_mean_over_all_draws(js):
    validation, test = [3.0, 1.0, 2.0, 5.0, 4.0], [30.0, 12.0, 20.0, 49.0, 50.0]
    found = js("tuning", "bestOf", [(k, validation, test) for k in range(1, 6)])
    expected = [
        np.mean(
            [test[max(d, key=lambda i: validation[i])] for d in itertools.combinations(range(5), k)]
        )
        for k in range(1, 6)
    ]
    assert found == pytest.approx(expected, **TO)
    assert js("tuning", "gap", [(4, 4), (1, 1)]) == [0, 0]


def test_the_three_prices_are_the_plan_of_the_library(js):
    sizes = sorted({round(2 ** (k / 8)) for k in range(97)})
    for crit, knee, floor, hour, million in itertools.product(
        (16, 256), (32, 2048), (1e-4, 0.01), (0.1, 8.0), (0.0, 0.1)
    ):
        law = StepTime(floor, knee / floor, 0.0)
        plan = best_batches(
            sizes,
            steps=lambda b, crit=crit: 1000 * (1 + crit / b),
            step_seconds=law.seconds,
            prices=Prices(hour, million),
        )
        settings = {
            "critical": crit,
            "knee": knee,
            "floor": floor,
            "hour": hour,
            "million": million,
        }
        found = js("three_prices", "costs", [(b, settings) for b in sizes])
        table = [[row["examples"], row["seconds"], row["money"]] for row in found]
        assert np.array(table) == pytest.approx(np.array([plan.table[b] for b in sizes]), rel=1e-6)
        (best,) = js("three_prices", "best", [(settings,)])
        for goal, index in (("examples", 0), ("seconds", 1), ("money", 2)):
            least = min(row[index] for row in plan.table.values())
            assert best[goal]["least"] == pytest.approx(least, **TO)
            at = plan.table[best[goal]["batch"]][index]  # rounding may choose among equals
            assert at == pytest.approx(least, **TO)


def test_the_knee(js):
    grid = list(itertools.product((1, 300, 65536), (1e-4, 0.02), (1e4, 1e7)))
    laws = [StepTime(floor, rate, 0.0) for _, floor, rate in grid]
    expected = [law.seconds(b) for (b, _, _), law in zip(grid, laws, strict=True)]
    assert js("knee", "stepSeconds", grid) == pytest.approx(expected, **TO)
    speeds = [b / t for (b, _, _), t in zip(grid, expected, strict=True)]
    assert js("knee", "throughput", grid) == pytest.approx(speeds, **TO)
    soft = [floor + b / rate for b, floor, rate in grid]
    assert js("knee", "softSeconds", grid) == pytest.approx(soft, **TO)


def test_a_mystery_is_scored_as_the_exercise_scores(js):
    run = stored("mystery")["runs"][0]
    bought = [{"run": r, "experiment": e} for r, e in ((0, 0), (1, 1), (0, 2))]
    (price,) = js("mystery", "spent", [(stored("mystery"), 0, bought)])
    assert price == pytest.approx(run["menu"][0]["price"] + run["menu"][2]["price"])
    drawn = draw_mystery(900_003)
    for suspect, experiment in itertools.product(range(5), range(len(run["menu"]))):
        name = drawn.menu[experiment]
        outcome = (suspect + experiment) % len(EXPERIMENTS[name].outcomes)
        answer = Answer(drawn.suspects[suspect], name, EXPERIMENTS[name].outcomes[outcome])
        expected = score_answer(drawn, answer, carry_out(drawn, name))
        bought = {"suspect": suspect, "experiment": experiment, "outcome": outcome}
        (found,) = js("mystery", "score", [(run, bought)])
        assert found["fault"] == (expected.fault == 1)
        assert found["separates"] == (expected.experiment > 0)
        assert found["cheapest"] == (expected.experiment == 1)
        assert (found["separates"] and found["predicted"]) == (expected.outcome == 1)
        assert found["price"] == EXPERIMENTS[name].price
