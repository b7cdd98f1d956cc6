"""What a command needs is read from pyproject.toml alone, and looked for by module."""

import importlib.metadata
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from coursekit.bootstrap import requirements
from coursekit.bootstrap.installer import SetupError
from coursekit.bootstrap.requirements import (
    MODULE_OF,
    NEEDS,
    distributions,
    missing,
    stamp,
    suits,
)

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def names(lines):
    return [Requirement(line).name for line in lines]


@pytest.mark.quick
def test_each_level_is_what_pyproject_says():
    core, optional = PROJECT["dependencies"], PROJECT["optional-dependencies"]
    oracles = [
        line
        for line in (ROOT / "tests" / "oracles.txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert distributions("core") == names(core)
    assert distributions("course") == names(core + optional["course"])
    with_site = core + optional["course"] + optional["site"]
    assert distributions("site") == names(with_site)
    assert distributions("test") == names(with_site + optional["test"] + oracles)


@pytest.mark.quick
def test_the_installed_package_tells_the_same_from_its_metadata(monkeypatch):
    lines = list(PROJECT["dependencies"])
    for extra, extras in PROJECT["optional-dependencies"].items():
        lines += [f"{line}; extra == '{extra}'" for line in extras]
    expected = {level: distributions(level) for level in ("core", "course", "site")}
    monkeypatch.setattr(requirements, "is_clone", lambda: False)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: lines)
    assert {level: distributions(level) for level in ("core", "course", "site")} == expected


@pytest.mark.quick
def test_half_a_clone_is_told_from_an_installed_package(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(requirements, "is_clone", lambda: False)
    monkeypatch.setattr(importlib.metadata, "requires", absent)
    with pytest.raises(SetupError, match=r"neither a whole clone(.|\n)*Clone the repository"):
        distributions("course")


@pytest.mark.quick
def test_every_distribution_is_found_under_its_module():
    """In the environment that runs the tests nothing is missing: the names of modules are right."""
    assert missing("test") == []
    assert suits("test")


@pytest.mark.quick
def test_what_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(MODULE_OF, "numpy", "no_such_module_of_numpy")
    monkeypatch.setitem(MODULE_OF, "scipy", "only_a_folder")
    (tmp_path / "only_a_folder").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert missing("core") == ["numpy", "scipy"]
    assert not suits("core")


@pytest.mark.quick
def test_for_a_gpu_a_cpu_build_of_torch_does_not_suit(monkeypatch):
    for version, fits in (("2.13.0+cpu", False), ("2.13.0", True), ("2.13.0+cu130", True)):
        monkeypatch.setattr(importlib.metadata, "version", lambda name, v=version: v)
        assert suits("core", gpu=True) is fits
        assert suits("core")


@pytest.mark.quick
def test_the_stamp_changes_with_what_pip_reads_and_with_nothing_else(monkeypatch, tmp_path):
    (tmp_path / "tests").mkdir()
    for name in ("pyproject.toml", "tests/oracles.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(requirements, "ROOT", tmp_path)

    def stamps():
        return stamp("course", "3.11.7"), stamp("test", "3.11.7")

    course, test = stamps()
    assert course != test
    assert (course, test) == (stamp("course", "3.11.7"), stamp("test", "3.11.7"))
    assert stamp("course", "3.12.1") != course

    text = (tmp_path / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(text.replace("line-length = 100", "line-length = 99"))
    assert stamps() == (course, test)
    (tmp_path / "pyproject.toml").write_text(text.replace('"pytest>=8"', '"pytest>=9"'))
    assert stamps()[0] == course
    assert stamps()[1] != test
    changed = re.sub(r"\"torch>=[0-9.]+\"", '"torch>=99"', text)
    assert changed != text
    (tmp_path / "pyproject.toml").write_text(changed)
    assert stamps()[0] != course
    (tmp_path / "pyproject.toml").write_text(text)
    with (tmp_path / "tests" / "oracles.txt").open("a") as file:
        file.write("another==1\n")
    assert stamps()[0] == course
    assert stamps()[1] != test


@pytest.mark.quick
def test_every_command_has_a_module_and_a_level():
    for command, level in NEEDS.items():
        assert (ROOT / "coursekit" / "commands" / f"{command}.py").is_file(), command
        assert level in ("core", "course", "test")
    assert sys.version_info >= (3, 11)


@pytest.mark.quick
def test_a_torch_that_was_never_installed_suits_no_gpu(monkeypatch):
    """A folder of that name on PYTHONPATH: there is no version to ask for."""

    def never(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(requirements, "missing", lambda level: [])
    monkeypatch.setattr(importlib.metadata, "version", never)
    assert suits("course")
    assert not suits("course", gpu=True)
