"""environment.yml gives conda and Binder what pyproject.toml gives pip, no more and no less."""

import os
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

from coursekit.bootstrap import environment

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAME = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
BESIDES = {"python", "pip"}  # what conda lists and pip does not


def conda_lines():
    return [line for line in ENVIRONMENT["dependencies"] if isinstance(line, str)]


def pip_lines():
    (pip,) = (entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict))
    return pip


def wanted():
    """Return what the course needs: conda's name -> version specifier."""
    lines = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["course"]
    return {
        CONDA_NAME.get(requirement.name, requirement.name): requirement.specifier
        for requirement in map(Requirement, lines)
    }


def offered():
    """Return what environment.yml installs, by conda or by pip: name -> version specifier."""
    found = {}
    for line in conda_lines():
        spec = MatchSpec(line, strict=True)
        name = spec.name.normalized
        if name not in BESIDES:
            found[name] = SpecifierSet(str(spec.version or ""))
    for line in pip_lines():
        if not line.startswith("-e"):
            requirement = Requirement(line)
            found[canonicalize_name(requirement.name)] = requirement.specifier
    return found


@pytest.mark.quick
def test_each_line_is_a_strict_match_spec():
    for line in conda_lines():
        MatchSpec(line, strict=True)
    with pytest.raises(Exception, match=r".+"):
        MatchSpec("numpy >=1.26 or so", strict=True)


@pytest.mark.quick
def test_conda_and_pip_install_the_same_in_both_directions():
    assert offered() == wanted()


@pytest.mark.quick
def test_the_python_of_the_environment_is_one_the_package_accepts():
    (line,) = (line for line in conda_lines() if line.startswith("python="))
    assert line.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.quick
def test_only_conda_forge_is_asked_and_the_clone_itself_is_installed():
    assert ENVIRONMENT["name"] == "batchsize-course"
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]
    assert "-e ." in pip_lines()
    assert not any("--no-deps" in line for line in pip_lines())  # breaks pip's requirements file


@pytest.mark.quick
def test_nothing_hides_the_file_from_binder():
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    ("does", "found", "said"),
    [
        ("echo 'GPU 0: made up'", True, []),
        ("echo 'No devices were found'", False, []),
        ("echo 'GPU 0: lost'; exit 9", False, []),
        ("sleep 0.6; echo 'GPU 0: slow'", True, ["does not answer yet"]),
        ("exec sleep 30", False, ["does not answer yet", "as if there were no GPU"]),
    ],
)
def test_a_driver_that_is_slow_or_hangs_is_told(does, found, said, monkeypatch, tmp_path, capsys):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(environment, "PATIENCE", (0.3, 2.0))
    assert environment.has_gpu() is found
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(said)
    assert all(words in line for words, line in zip(said, lines, strict=True))
