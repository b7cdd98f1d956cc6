"""Every block of docs/training_loops.md runs, each where its library is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torchrun import run_on_two_workers

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training_loops.md"
BLOCK = re.compile(r"(?:<!-- needs: (\w+) -->\n)?```python\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall(PAGE.read_text())
PLAIN = [code for needs, code in BLOCKS if not needs]
TORCHRUN = [code for needs, code in BLOCKS if needs == "torchrun"]
TRAINERS = {needs: code for needs, code in BLOCKS if needs not in ("", "torchrun")}


def test_the_page_has_a_block_for_each_trainer():
    assert set(TRAINERS) == {"transformers", "lightning", "accelerate"}
    assert (len(PLAIN), len(TORCHRUN)) == (3, 2)
    assert PAGE.read_text().count("```python") == len(BLOCKS)


@pytest.mark.parametrize("index", range(len(PLAIN)))
def test_a_plain_loop(index, capsys):
    names = {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        exec(compile(PLAIN[index], f"{PAGE.name}, block {index}", "exec"), names)
    assert names["noise"].average.num_updates in (10, 20)
    assert names["noise"].moments().tr_cov > 0
    assert capsys.readouterr().out


@pytest.mark.in_turn(thing="several processes", of=3, turn=1)
def test_loops_of_several_workers(tmp_path):
    """Both recipes, one after the other, in two processes."""
    script = tmp_path / "recipes.py"
    parts = [
        "import torch.distributed\ntorch.distributed.init_process_group('gloo')",
        *(code + "\nassert noise.average.num_updates == 20" for code in TORCHRUN),
        "torch.distributed.destroy_process_group()",
    ]
    script.write_text("\n\n".join(parts))
    assert run_on_two_workers(script).count("NoiseScaleEstimate(") == 4


@pytest.mark.trainers
@pytest.mark.parametrize("name", sorted(TRAINERS))
def test_a_trainer(name, tmp_path):
    script = tmp_path / "block.py"
    script.write_text(TRAINERS[name])
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "NoiseScaleEstimate(value=" in done.stdout
