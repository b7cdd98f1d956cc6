"""`measure`: a user's script in, numbers with intervals out."""

import json
import math
import os
import re
import subprocess
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


@pytest.fixture(autouse=True)
def search_path(monkeypatch):
    """A script's folder stays on it, which no other test needs."""
    monkeypatch.setattr(sys, "path", list(sys.path))


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


ONCE = """
import torch
from torch import nn

class Once:
    left = iter([(torch.randn(16, 4), torch.randint(0, 3, (16,))) for _ in range(4)])
    def __iter__(self):
        return self.left

model, loss_fn, data = nn.Linear(4, 3), nn.CrossEntropyLoss(), Once()
"""


@pytest.mark.parametrize("what", ["noise", "sharpness", "batch-size"])
def test_data_that_looking_at_them_uses_up_are_not_measured_in_part(tmp_path, capsys, what):
    """48 of 64 examples were, without a word."""
    path = tmp_path / "once.py"
    path.write_text(ONCE)
    assert main(["measure", what, str(path)]) != 0
    assert "can be walked only once" in capsys.readouterr().err


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


@pytest.mark.in_turn(of=3)
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


def test_a_script_that_ends_the_process_at_once_is_told(capsys, tmp_path):
    path = tmp_path / "mine.py"
    forks = "import os, warnings\nwarnings.simplefilter('ignore')  # Python 3.12 warns of threads\n"
    forks += "if os.fork() == 0:\n    os._exit(3)\nstatus = os.wait()[1]\n"
    path.write_text(LINEAR + forks + "assert os.waitstatus_to_exitcode(status) == 3\n")
    real = os._exit
    assert main(["measure", "noise", str(path)]) == 0
    path.write_text(LINEAR + "import os\ntry:\n    os._exit(0)\nexcept Exception:\n    pass\n")
    capsys.readouterr()
    assert main(["measure", "noise", str(path)]) == 1
    assert "os._exit(0)" in capsys.readouterr().err
    assert os._exit is real


@pytest.mark.parametrize(("stream", "named"), [("stdout", "output"), ("stderr", "error")])
def test_a_script_that_closes_its_output_is_told(tmp_path, stream, named):
    """In a process of its own, whose output it is."""
    path = tmp_path / "mine.py"
    path.write_text(LINEAR + f"import sys\nsys.{stream}.close()\n")
    done = subprocess.run(
        [sys.executable, "-m", "coursekit", "measure", "noise", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout if stream == "stderr" else done.stderr
    assert done.returncode == 1
    assert f"closed its standard {named}" in said
    assert "Traceback" not in done.stderr + done.stdout


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


def test_a_script_in_a_package_imports_its_neighbours(capsys, tmp_path, monkeypatch):
    """With a dot, as after `python -m`, and without one; also one that a loss imports later."""
    package = tmp_path / "nets" / "small"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "device.py").write_text("rows = 100\n")  # coursekit has one of that name
    (package / "later.py").write_text("def same(x):\n    return x\n")
    path = package / "train.py"
    path.write_text(
        LINEAR.replace("return 0.5 * (", "from later import same; return 0.5 * same(").replace(
            "if __name__",
            "from .device import rows\nfrom nets.small.device import rows as same\n"
            "assert __name__ == 'nets.small.train' and rows == same\n"
            "data = (inputs[:rows], targets[:rows])\nif __name__",
        )
    )
    monkeypatch.chdir("/")
    found = measured(capsys, "noise", path)
    assert found["examples"] == 100
    assert found["tr_cov"] == pytest.approx(closed_form(100)[1], rel=1e-9)


@pytest.mark.parametrize("name", ["random.py", "torch.py", "coursekit.py"])
def test_a_script_takes_no_other_modules_place(capsys, tmp_path, name):
    before = sys.modules.get(name.removesuffix(".py"))
    path = tmp_path / name
    path.write_text(LINEAR)
    assert measured(capsys, "noise", path)["examples"] == 400
    assert sys.modules.get(name.removesuffix(".py")) is before


@pytest.mark.in_turn(of=3)
def test_the_workers_of_a_loader_find_the_scripts_own_classes(tmp_path):
    """In processes that are started anew, as everywhere but on Linux, and there since 3.14."""
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "train_rows.py"
    loader = """
class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, i):
        return inputs[i], targets[i]


data = torch.utils.data.DataLoader(
    Rows(), batch_size=20, num_workers=1, multiprocessing_context="spawn"
)
"""
    path.write_text(LINEAR.replace("if __name__", loader + "if __name__"))
    done = subprocess.run(
        [sys.executable, "-m", "coursekit", "measure", "noise", str(path), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "COURSEKIT_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tr_cov"] == pytest.approx(closed_form(40)[1], rel=1e-9)


def test_what_a_script_prints_is_no_part_of_the_json(capsys, tmp_path):
    """Nor can it take the place of what is printed after it."""
    path = tmp_path / "mine.py"
    path.write_text(
        LINEAR.replace("    return 0.5", "    print('in the loss')\n    return 0.5")
        + "print('loading')\nimport io, sys\nsys.stdout = io.StringIO()\n"
    )
    assert measured(capsys, "noise", path)["examples"] == 400
    assert main(["measure", "noise", str(path)]) == 0
    assert "95 % interval" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "def f(a):\n    return a['lr']\n\nf({})\n",
            r"mine.py, line 2, stopped with KeyError: 'lr'",
        ),
        ("class Halt(BaseException): pass\nraise Halt('no')\n", "line 2, stopped with Halt: no"),
        ("raise GeneratorExit\n", "line 1, stopped with GeneratorExit"),
        ("def f(:\n", r"mine.py stopped with SyntaxError: .*line 1"),
    ],
)
def test_where_a_script_stopped_is_said(capsys, tmp_path, text, said):
    path = tmp_path / "mine.py"
    path.write_text(text)
    assert main(["measure", "noise", str(path)]) == 1
    assert re.search(said, capsys.readouterr().err)


def test_ctrl_c_in_a_script_stops(capsys, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("raise KeyboardInterrupt\n")
    assert main(["measure", "noise", str(path)]) == 130
    assert "Stopped." in capsys.readouterr().err


def test_a_notebook_is_named_as_one(capsys, tmp_path):
    path = tmp_path / "mine.ipynb"
    path.write_text('{"cells": [], "metadata": {}}')
    assert main(["measure", "noise", str(path)]) == 1
    assert "is a notebook\nMake a script of it: jupyter nbconvert --to" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--rows", "100"), ("100",)])
def test_arguments_of_the_script_before_the_dashes_get_a_hint(capsys, script, words):
    assert main(["measure", "noise", str(script), *words]) == 2
    assert "What is meant for your script goes after --" in capsys.readouterr().err
    assert main(["measure", "noise", str(script), "--seed", "x"]) == 2
    assert "goes after --" not in capsys.readouterr().err
