"""`measure`: a user's script in, numbers with intervals out."""

import json
import math
import re
import sys
from pathlib import Path

import pytest
import torch

from coursekit.cli import main
from coursekit.commands.measure_script import first_examples

ROOT = Path(__file__).resolve().parents[2]

LINEAR = """
import torch
from torch import nn

g = torch.Generator().manual_seed(0)
inputs = torch.randn(400, 3, generator=g, dtype=torch.float64)
targets = inputs @ torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
targets = targets + torch.randn(400, 1, generator=g, dtype=torch.float64)
model = nn.Linear(3, 1, bias=False).double()
with torch.no_grad():
    model.weight.zero_()

def loss_fn(output, target):
    return 0.5 * (output - target).square().mean()

data = (inputs, targets)
if __name__ == "__main__":
    raise SystemExit("training must not run")
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(LINEAR)
    return path


def measured(capsys, *words):
    assert main(["measure", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def closed_form(count):
    """Linear regression at w = 0: the gradient of one example is -y x."""
    g = torch.Generator().manual_seed(0)
    inputs = torch.randn(400, 3, generator=g, dtype=torch.float64)
    targets = inputs @ torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
    targets = targets + torch.randn(400, 1, generator=g, dtype=torch.float64)
    grads = -(targets * inputs)[:count]
    tr_cov = grads.var(dim=0).sum().item()
    return grads.mean(0).square().sum().item() - tr_cov / count, tr_cov, inputs[:count]


def test_noise_is_that_of_the_closed_form(capsys, script):
    grad_sq_norm, tr_cov, _ = closed_form(400)
    found = measured(capsys, "noise", script)
    assert found["tr_cov"] == pytest.approx(tr_cov, rel=1e-9)
    assert found["grad_sq_norm"] == pytest.approx(grad_sq_norm, rel=1e-9)
    assert found["grad_noise_scale"] == pytest.approx(tr_cov / grad_sq_norm, rel=1e-9)
    assert found["low"] < tr_cov / grad_sq_norm < found["high"]
    assert (found["examples"], found["parameters"]) == (400, 3)


def test_fewer_examples_are_the_first_ones(capsys, script):
    found = measured(capsys, "noise", script, "--examples", 100)
    assert found["examples"] == 100
    assert found["tr_cov"] == pytest.approx(closed_form(100)[1], rel=1e-9)


def test_sharpness_is_the_largest_eigenvalue_of_the_second_moment(capsys, script):
    inputs = closed_form(400)[2]
    hessian = inputs.T @ inputs / 400
    found = measured(capsys, "sharpness", script, "--lr", 0.5)
    assert found["sharpness"] == pytest.approx(torch.linalg.eigvalsh(hessian)[-1].item(), rel=1e-4)
    assert found["trace"] == pytest.approx(hessian.trace().item(), rel=1e-6)
    assert found["threshold"] == pytest.approx(4.0)


def test_batch_size_weighs_noise_by_the_hessian(capsys, script):
    g = torch.Generator().manual_seed(0)
    found = measured(capsys, "batch-size", script)
    inputs = torch.randn(400, 3, generator=g, dtype=torch.float64)
    targets = inputs @ torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64)
    targets = targets + torch.randn(400, 1, generator=g, dtype=torch.float64)
    grads = -(targets * inputs)
    mean, hessian = grads.mean(0), inputs.T @ inputs / 400
    noise = (torch.cov(grads.T) @ hessian).trace()
    exact = noise / (mean @ hessian @ mean - noise / 400)
    assert found["hessian_noise_scale"] == pytest.approx(exact.item(), rel=1e-3)
    for row in found["batch_sizes"]:
        ratio = found["hessian_noise_scale"] / row["batch_size"]
        assert row["steps"] == pytest.approx(1 + ratio)
        assert row["examples"] == pytest.approx(1 + 1 / ratio)
        assert row["lr"] == pytest.approx(1 / (1 + ratio))


def test_for_a_person_it_prints_intervals_and_cost(capsys, script):
    assert main(["measure", "noise", str(script)]) == 0
    out = capsys.readouterr().out
    assert "95 % interval" in out
    assert "gradients over the data" in out
    assert main(["measure", "sharpness", str(script)]) == 0
    assert "give --lr" in capsys.readouterr().out
    assert main(["measure", "batch-size", str(script)]) == 0
    assert "steps, x fewest" in capsys.readouterr().out


def test_batches_are_cut_to_the_first_examples():
    batches = [(torch.arange(4.0)[:, None], torch.arange(4)) for _ in range(3)]
    cut, count = first_examples(batches, 6)
    assert count == 6
    assert [len(y) for _, y in cut] == [4, 2]
    assert first_examples(batches, None)[1] == 12
    assert first_examples(batches[0], 99)[1] == 4


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (LINEAR, ("colour",), "choose one of noise, sharpness, batch-size, rescale"),
        (LINEAR, ("noise", "--examples", "1"), "at least 2, got 1"),
        ("model = 1\n", ("noise",), "does not define loss_fn, data"),
        ("1 / 0\n", ("noise",), "ZeroDivisionError"),
        (LINEAR.replace(".mean()", ".sum()"), ("noise",), "sum"),
        (LINEAR + "model.requires_grad_(False)\n", ("noise",), "requires"),
        (
            LINEAR + "model = nn.Sequential(model, nn.BatchNorm1d(1).double())\n",
            ("noise",),
            "BatchNorm",
        ),
        (LINEAR + "model = nn.Sequential(nn.Dropout(0.5), model)\n", ("noise",), "[Dd]ropout"),
    ],
)
def test_what_cannot_be_measured_is_said(capsys, tmp_path, text, words, said):
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert main(["measure", words[0], str(path), *words[1:]]) == 1
    err = capsys.readouterr().err
    assert re.search(said, err), err
    assert "Traceback" not in err


def test_a_missing_script_is_named(capsys, tmp_path):
    assert main(["measure", "noise", str(tmp_path / "none.py")]) == 1
    assert "no script at" in capsys.readouterr().err


def test_the_convnet_example_is_measured(capsys):
    found = measured(capsys, "noise", ROOT / "docs/examples/convnet.py", "--examples", 256)
    assert math.isfinite(found["grad_noise_scale"])
    assert found["low"] < found["grad_noise_scale"] < found["high"]


def test_the_transformer_s_interval_covers_a_ten_times_longer_run(capsys):
    script = ROOT / "docs/examples/transformer.py"
    short = measured(capsys, "noise", script, "--examples", 200)
    long = measured(capsys, "noise", script, "--examples", 2000)
    assert short["low"] < long["grad_noise_scale"] < short["high"]
    assert long["high"] - long["low"] < 0.5 * (short["high"] - short["low"])


def test_a_script_reads_its_own_arguments(capsys, tmp_path):
    path = tmp_path / "mine.py"
    parser = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=400)
rows = parser.parse_args().rows
data = (inputs[:rows], targets[:rows])
"""
    path.write_text(LINEAR.replace("if __name__", parser + "if __name__"))
    before = list(sys.argv)
    assert measured(capsys, "noise", path)["examples"] == 400
    assert main(["measure", "noise", str(path), "--json", "--", "--rows", "100"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 100
    assert main(["measure", "noise", str(path), "--", "--colour", "red"]) == 1
    err = capsys.readouterr().err
    assert "sys.exit(2)" in err
    assert "after --" in err
    assert sys.argv == before


def test_an_objective_says_what_is_measured(capsys, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        LINEAR.replace("bias=False", "bias=True").replace("model.weight.zero_()", "pass")
        + "from coursekit.gradients import Objective\n"
        "objective = Objective(model, loss_fn, data, params='bias')\n"
    )
    found = measured(capsys, "sharpness", path, "--examples", 50)
    assert (found["parameters"], found["examples"]) == (1, 50)
    assert found["sharpness"] == pytest.approx(1.0)  # d^2/db^2 of half squares
    assert found["critical_sharpness"] == pytest.approx(1.0, rel=0.05)
    assert found["units"]["sharpness"] == "loss/param^2"
    assert found["mean_over"] == "examples"
    assert measured(capsys, "noise", path)["parameters"] == 1


BAGS = """
import torch
from torch import nn

g = torch.Generator().manual_seed(0)
torch.manual_seed(0)
model = nn.Sequential(nn.EmbeddingBag(11, 4), nn.Linear(4, 3))
loss_fn = nn.CrossEntropyLoss()
data = torch.randint(0, 11, (20, 5), generator=g), torch.randint(0, 3, (20,), generator=g)
"""


def test_sharpness_without_second_derivatives(capsys, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(BAGS)
    assert main(["measure", "sharpness", str(path)]) == 1
    assert "--differences" in capsys.readouterr().err
    found = measured(capsys, "sharpness", path, "--differences")
    exact = BAGS.replace("nn.EmbeddingBag(11, 4)", "nn.Embedding(11, 4), Mean()").replace(
        "torch.manual_seed(0)",
        "class Mean(nn.Module):\n    def forward(self, x): return x.mean(1)\ntorch.manual_seed(0)",
    )
    path.write_text(exact)
    truth = measured(capsys, "sharpness", path)
    assert found["sharpness"] == pytest.approx(truth["sharpness"], rel=1e-3)
    assert abs(found["trace"] - truth["trace"]) < 4 * found["trace_stderr"] + 1e-3
