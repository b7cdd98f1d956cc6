"""README: what it names exists, and its Python runs."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from coursekit.bootstrap.requirements import NEEDS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
pytestmark = pytest.mark.quick


def test_links_and_pictures_exist():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(targets) >= 8
    for target in targets:  # badges lead to other places, where the repository is known
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_pictures_have_a_text():
    assert all(len(alt) > 60 for alt in re.findall(r"(?<!\[)!\[(.*?)\]", README))


def test_units_listed_are_the_units_there_are():
    listed = re.findall(r"^\| `(\d\d_\w+)` \|", README, flags=re.MULTILINE)
    assert listed == sorted(p.name for p in (ROOT / "notebooks").iterdir() if p.is_dir())


def test_commands_named_exist():
    named = set(re.findall(r"coursekit ([a-z]+)", README)) - {"that"}
    needed = "lab test doctor progress solution claims measure interview grade"
    assert set(needed.split()) <= named
    assert named <= set(NEEDS)


def test_its_python_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    g = torch.Generator().manual_seed(0)
    model = nn.Linear(3, 2)
    names = {
        "model": model,
        "loss_fn": nn.CrossEntropyLoss(),
        "inputs": torch.randn(50, 3, generator=g),
        "targets": torch.randint(2, (50,), generator=g),
    }
    exec(
        "\n".join(line[2:] if line.startswith("  ") else line for line in code.splitlines()), names
    )
    assert "NoiseScaleEstimate" in capsys.readouterr().out


def test_every_picture_of_the_docs_is_shown_by_a_page():
    pages = [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "coursekit").rglob("*.md"),
    ]
    texts = "".join(path.read_text(encoding="utf-8") for path in pages)
    pictures = [path.name for path in (ROOT / "docs" / "images").rglob("*") if path.is_file()]
    assert len(pictures) > 80
    assert [name for name in pictures if f"/{name}" not in texts] == []
