"""docs/library.md: its blocks run, one after another, and what it names exists."""

import importlib
import re
from pathlib import Path

import pytest
import torch

PAGE = Path(__file__).resolve().parents[1] / "docs" / "library.md"
TEXT = PAGE.read_text(encoding="utf-8")
TASKS = (
    "noise of my model",
    "its curvature",
    "pick a batch",
    "train many runs",
    "add an estimator",
)


def test_its_blocks_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    assert len(blocks) >= 7
    with torch.random.fork_rng():
        torch.manual_seed(0)
        names: dict = {"__name__": "library"}
        for block in blocks:
            exec(block, names)
    out = capsys.readouterr().out
    assert "nan" not in out.splitlines()[0]
    assert len(out.splitlines()) >= 8


@pytest.mark.quick
def test_every_task_has_a_section_with_a_block():
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    for task in TASKS:
        (section,) = [s for s in sections if task in s.splitlines()[0]]
        assert "```python" in section, task


@pytest.mark.quick
def test_estimators_in_its_tables_exist():
    named = re.findall(r"^\| `(\w+)\.(\w+)", TEXT, flags=re.MULTILINE)
    assert len(named) >= 5
    for package, name in named:
        assert hasattr(importlib.import_module(f"coursekit.{package}"), name), name


@pytest.mark.quick
def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target
