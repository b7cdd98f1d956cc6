"""One setting says where the course lives; with it links appear, without it there are none."""

import ast
import subprocess
import sys
from types import ModuleType

import nbformat
import pytest
import yaml
from small_unit import SOURCE, points_of, quote

from coursekit.bootstrap.repository import repository
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.elsewhere import first_cell, with_badges
from coursekit.classroom.release.source import read_units
from coursekit.commands import build
from coursekit.site.sources import badges
from coursekit.storage import ROOT

pytestmark = pytest.mark.quick
HERE = "ada/batch-course"
README = "# Course\n\n<!-- elsewhere: by build -->\n<!-- /elsewhere -->\nText.\n"


def project(folder, lines):
    path = folder / "pyproject.toml"
    path.write_text(f'[project]\nname = "x"\n{lines}', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://github.com/ada/batch-course", HERE),
        ("https://github.com/ada/batch-course.git", HERE),
        ("https://github.com/ada/batch-course/", HERE),
        ("", ""),
    ],
)
def test_the_setting_is_read(tmp_path, address, found):
    path = project(tmp_path, f'[project.urls]\nRepository = "{address}"\n')
    assert repository(path) == found


def test_no_setting_is_no_repository(tmp_path):
    assert repository(project(tmp_path, "")) == ""
    assert repository(tmp_path / "not_there.toml") == ""


@pytest.mark.parametrize(
    "address", ["ada/batch-course", "https://github.com/ada", "github.com/a/b"]
)
def test_another_address_is_refused_with_the_remedy(tmp_path, address):
    path = project(tmp_path, f'[project.urls]\nRepository = "{address}"\n')
    with pytest.raises(ValueError, match=r"write https://github\.com/OWNER/NAME, or leave it out"):
        repository(path)


def released(folder, **place):
    (folder / "solutions").mkdir()
    (folder / "solutions" / "07_small.py").write_text(SOURCE, encoding="utf-8")
    units = read_units(folder / "solutions")
    files = release_files(units, points_of=points_of, quote=quote, **place)
    return nbformat.reads(files["notebooks/07_small/07_small.ipynb"], as_version=4)


def test_a_release_without_a_home_has_no_cell_for_colab(tmp_path):
    notebook = released(tmp_path)
    assert not any("colab" in cell.id or "github" in cell.source for cell in notebook.cells)


def test_with_a_home_the_first_code_cell_is_folded_and_brings_the_library(tmp_path):
    notebook = released(tmp_path, repository=HERE)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert (notebook.cells[1], first.id) == (first, "u07-colab")
    assert first.metadata.jupyter.source_hidden
    assert "nbgrader" not in first.metadata
    assert first.source.splitlines()[0].startswith("# plumbing, skip: ")
    assert "three dots" in notebook.cells[0].source


def ran(monkeypatch, *, in_colab, installed):
    """Run the first cell; return what it had pip do."""
    asked = []
    monkeypatch.setattr(subprocess, "run", lambda argv, check: asked.append((argv, check)))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: installed or None)
    if in_colab:
        monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    exec(first_cell(HERE), {})
    return asked


def test_in_colab_the_cell_installs_the_library_once(monkeypatch):
    ((argv, check),) = ran(monkeypatch, in_colab=True, installed=False)
    assert argv[1:4] == ["-m", "pip", "install"]
    assert argv[-1] == f"coursekit @ git+https://github.com/{HERE}"
    assert check
    assert ran(monkeypatch, in_colab=True, installed=True) == []


def test_elsewhere_the_cell_does_nothing_and_imports_nothing_that_a_sandbox_refuses(monkeypatch):
    assert ran(monkeypatch, in_colab=False, installed=False) == []
    outer = [node for node in ast.parse(first_cell(HERE)).body if isinstance(node, ast.Import)]
    assert [name.name for node in outer for name in node.names] == ["sys"]


def test_badges_come_and_go_with_the_setting():
    set_ = with_badges(README, HERE, "00_start")
    assert set_.count("[![Open") == 2
    assert f"colab.research.google.com/github/{HERE}/blob/main/notebooks/00_start/00_start" in set_
    assert f"mybinder.org/v2/gh/{HERE}/main?urlpath=lab/tree/notebooks/home.ipynb" in set_
    assert with_badges(set_, HERE, "00_start") == set_
    assert with_badges(set_, "", "00_start") == README
    assert with_badges(README, "", "00_start") == README
    with pytest.raises(ValueError, match=r"README.md lacks the line <!-- elsewhere"):
        with_badges("# Course\n", HERE, "00_start")


def test_pages_of_the_site_link_elsewhere_only_with_a_home():
    assert badges("", "00_start") == ""
    assert f"colab.research.google.com/github/{HERE}" in badges(HERE, "00_start")


def test_a_readme_that_lags_behind_the_setting_is_named(monkeypatch, capsys):
    monkeypatch.setattr(build, "repository", lambda: "grace/not-the-one-in-the-readme")
    monkeypatch.setattr(build, "release_files", lambda units, **_: {})
    assert build.run(check=True) == 1
    assert "README.md: differs from its source" in capsys.readouterr().out


def test_only_the_named_repository_publishes():
    flow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text())
    steps, deploy = flow["jobs"]["build"]["steps"], flow["jobs"]["deploy"]
    (at,) = [i for i, step in enumerate(steps) if step.get("id") == "named"]
    assert "python3 -m coursekit.bootstrap.repository" in steps[at]["run"]
    asked = "steps.named.outputs.repository == github.repository"
    assert len(steps[at + 1 :]) == 2
    assert all(step["if"] == asked for step in steps[at + 1 :])
    assert flow["jobs"]["build"]["outputs"]["publish"] == f"${{{{ {asked} }}}}"
    assert deploy["if"] == "needs.build.outputs.publish == 'true'"
    argv = [sys.executable, "-m", "coursekit.bootstrap.repository"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{repository()}\n"
