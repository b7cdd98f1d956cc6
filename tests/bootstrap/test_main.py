"""The way in: an old Python gets a sentence, and nothing beyond the standard library is needed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRST_FILES = [
    ROOT / "coursekit" / "__init__.py",
    ROOT / "coursekit" / "__main__.py",
    ROOT / "coursekit" / "storage.py",
    *sorted((ROOT / "coursekit" / "bootstrap").glob("*.py")),
]
PRETEND = "import sys; sys.version_info = (3, {minor}, 18, 'final', 0); "
RUN = "from coursekit.__main__ import main; sys.exit(main({argv}))"


def call(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.quick
@pytest.mark.parametrize("path", FIRST_FILES, ids=lambda p: p.name)
def test_what_runs_first_parses_on_python_3_8(path):
    ast.parse(path.read_text(), feature_version=(3, 8))


@pytest.mark.quick
def test_the_parser_used_above_refuses_what_3_8_cannot_read():
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass\n", feature_version=(3, 8))


@pytest.mark.quick
@pytest.mark.parametrize("path", FIRST_FILES, ids=lambda p: p.name)
def test_what_runs_first_imports_only_the_standard_library(path):
    allowed = ("coursekit.bootstrap", "coursekit.storage")
    if path.name == "__main__.py":
        allowed += (
            "coursekit.cli",
            "coursekit.cli_teaching",
            "coursekit.commands.doctor",
        )  # after the version is checked
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        for name in names:
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or name.startswith(allowed), (path.name, name)


@pytest.mark.quick
@pytest.mark.parametrize("minor", [8, 9, 10])
def test_an_old_python_gets_one_line_with_the_version_seen_and_needed(minor):
    done = call(PRETEND.format(minor=minor) + RUN.format(argv=["lab"]), PATH="")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"coursekit: this is Python 3.{minor}.18 ({sys.executable}), and the course needs 3.11 or "
        "newer: install a newer one (https://www.python.org/downloads)\n"
    )


@pytest.mark.quick
def test_a_newer_python_on_the_path_is_named_if_it_runs(tmp_path):
    for name, status in (("python3.13", 127), ("python3.12", 0)):  # 3.13: as pyenv's shims answer
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {status}\n")
        program.chmod(0o755)
    done = call(PRETEND.format(minor=9) + RUN.format(argv=["lab"]), PATH=str(tmp_path))
    assert done.stderr.endswith("run it with the one you have: python3.12 -m coursekit lab\n")


def old_pythons():
    places = [
        Path(sys.base_prefix).parent.glob("3.*/bin/python3"),
        Path("/usr/bin").glob("python3.?"),
    ]
    found = [path for place in places for path in place]
    asked = {path: version_of(path) for path in found}
    return [path for path, version in asked.items() if (3, 8) <= version < (3, 11)]


def version_of(python):
    code = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return tuple(int(part) for part in done.stdout.split())


def test_old_pythons_of_this_machine_get_the_line_too():
    """A real old Python if there is one; the tests above stand in for it where there is none."""
    for python in old_pythons():
        done = subprocess.run(
            [python, "-B", "-m", "coursekit", "lab"], cwd=ROOT, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
        assert "the course needs 3.11 or newer" in done.stderr


@pytest.mark.quick
def test_a_reader_that_goes_away_is_no_error_message():
    code = "import sys; " + RUN.format(argv=["--help"])
    read, write = os.pipe()
    os.close(read)
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
