"""The doctor: a line each, a remedy beside each fault, status 1 if the course cannot run."""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from coursekit.bootstrap.environment import hides_gpus
from coursekit.commands import doctor
from coursekit.commands.doctor import Finding
from coursekit.storage import NoHome

ROOT = Path(__file__).resolve().parents[2]
OK, FAULT = Finding("topic", "seen"), Finding("other", "seen", "mend it", fatal=True)
NOTE = Finding("third", "seen", "perhaps mend it")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("findings", "status"), [([OK], 0), ([OK, NOTE], 0), ([NOTE, FAULT], 1), ([FAULT, FAULT], 1)]
)
def test_only_what_keeps_the_course_from_running_fails(monkeypatch, capsys, findings, status):
    monkeypatch.setattr(doctor, "CHECKS", [lambda f=f: f for f in findings])
    assert doctor.run() == status
    out, err = capsys.readouterr()
    assert out.count("-> ") == sum(bool(f.remedy) for f in findings)
    assert ("marked FAULT" in err) == bool(status)


@pytest.mark.quick
def test_here_where_the_tests_run_every_check_of_the_environment_is_well():
    for check in (doctor.python, doctor.environment, doctor.libraries, doctor.kernel):
        assert check().remedy == "", check()
    assert sys.version.split()[0] in doctor.python().seen
    assert "torch " in doctor.libraries().seen
    assert "CPU cores" in doctor.device().seen


@pytest.mark.quick
def test_missing_libraries_are_named_with_the_command_that_installs_them(monkeypatch):
    monkeypatch.delenv("COURSEKIT_NO_VENV", raising=False)
    monkeypatch.setattr(doctor, "missing", lambda level: ["torch", "nbgrader"])
    seen = doctor.environment()
    assert "lacks torch, nbgrader" in seen.seen
    assert seen.fatal
    assert seen.remedy.startswith("python3 -m coursekit lab")
    assert "torch" not in doctor.libraries().seen
    monkeypatch.setenv("COURSEKIT_NO_VENV", "1")
    assert doctor.environment().remedy == "unset COURSEKIT_NO_VENV"
    monkeypatch.delenv("COURSEKIT_NO_VENV")
    monkeypatch.setattr(doctor, "is_clone", lambda: False)
    assert doctor.environment().remedy == "pip install torch nbgrader"


@pytest.mark.quick
def test_a_gpu_that_torch_cannot_use_is_noted(monkeypatch):
    import torch

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor, "has_gpu", lambda: True)
    assert doctor.device().remedy.startswith("python3 -m coursekit lab --gpu")
    monkeypatch.setattr(doctor, "has_gpu", lambda: False)
    assert doctor.device().remedy == ""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Example 9000")
    assert doctor.device().seen.startswith("Example 9000")


@pytest.mark.quick
def test_a_full_disk_and_little_memory_are_noted(monkeypatch):
    Usage = namedtuple("Usage", "total used free")
    for free, remedy, fatal in ((5e9, False, False), (5e8, True, False), (5e7, True, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda p, f=free: Usage(1e12, 0, f))
        assert (bool(doctor.disk().remedy), doctor.disk().fatal) == (remedy, fatal)
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 500_000}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    assert doctor.memory() == Finding(
        "memory", "2.0 GB", "close other programs: a unit takes up to 2 GB"
    )
    pages["SC_PHYS_PAGES"] = 4_000_000
    assert doctor.memory().remedy == ""


@pytest.mark.quick
def test_a_kernel_of_another_python_is_a_fault(monkeypatch, tmp_path):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = ["/opt/other/bin/python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    text = json.dumps({"argv": argv, "display_name": "x", "language": "python"})
    (spec / "kernel.json").write_text(text)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    seen = doctor.kernel()
    assert seen.fatal
    assert "/opt/other/bin/python3" in seen.seen
    assert str(spec) in seen.remedy
    (spec / "kernel.json").write_text(text.replace("/opt/other/bin/python3", sys.executable))
    assert doctor.kernel().remedy == ""


@pytest.mark.quick
def test_without_a_released_unit_the_course_cannot_run(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "released_units", list)
    assert (doctor.units().fatal, doctor.units().remedy) == (True, "python3 -m coursekit build")
    monkeypatch.setattr(doctor, "released_units", lambda: [tmp_path, tmp_path])
    assert doctor.units().seen.startswith("2 in ")


@pytest.mark.quick
def test_a_place_for_progress_that_cannot_be_written_is_noted(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "new" / "home"))
    assert doctor.own_data() == Finding("your data", str(tmp_path / "new" / "home"))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "file" / "home"))
    assert "COURSEKIT_HOME" in doctor.own_data().remedy


def fake_bubblewrap(monkeypatch, folder, script):
    monkeypatch.setenv("PATH", str(folder))
    program = folder / "bwrap"
    version = 'if [ "$1" = --version ]; then echo bubblewrap 9.0; exit; fi'
    program.write_text(f"#!/bin/sh\n{version}\n{script}\n")
    program.chmod(0o755)


@pytest.mark.quick
def test_without_bubblewrap_the_sandbox_is_noted(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("coursekit.bootstrap.bubblewrap.PACKAGE", "not_installed_here")
    found = doctor.sandbox()
    assert found.seen == "no bubblewrap"
    assert found.remedy.startswith("sudo apt install bubblewrap; or without an administrator: ")
    assert "--require-hashes -r" in found.remedy
    assert not doctor.sandbox().fatal


@pytest.mark.quick
def test_the_sandbox_is_tried_and_not_only_looked_for(monkeypatch, tmp_path):
    said = "bwrap: No permissions to create new namespace"
    fake_bubblewrap(monkeypatch, tmp_path, f"echo '{said}' >&2; exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = doctor.sandbox()
    assert found.seen == f"bubblewrap 9.0 is here, and the system forbids namespaces: {said}"
    assert "or grade as root" in found.remedy
    fake_bubblewrap(monkeypatch, tmp_path, "echo 'libcap.so.2: not found' >&2; exit 127")
    monkeypatch.undo()
    fake_bubblewrap(monkeypatch, tmp_path, "echo 'libcap.so.2: not found' >&2; exit 127")
    found = doctor.sandbox()
    assert found.seen == "bubblewrap 9.0 fails: libcap.so.2: not found"
    assert found.remedy.startswith("install it anew: sudo apt install bubblewrap")
    fake_bubblewrap(monkeypatch, tmp_path, "exit 0")  # says that it works, and does nothing
    found = doctor.sandbox()
    assert found.seen.startswith("bubblewrap 9.0: the sandbox does not start")
    assert found.remedy
    monkeypatch.setattr(doctor, "missing", lambda level: ["torch"])
    assert doctor.sandbox().seen.startswith("bubblewrap 9.0 starts")


@pytest.mark.sandbox
def test_here_every_wall_of_the_sandbox_stands(monkeypatch):
    found = doctor.sandbox()
    assert "every wall stands" in found.seen
    from coursekit.classroom.sandbox import opening as sandbox

    monkeypatch.setattr(sandbox.Sandbox, "way", "fresh", raising=False)
    monkeypatch.setattr(sandbox.Sandbox, "__setattr__", keep_way_fresh)
    found = doctor.sandbox()
    assert "imports torch anew" in found.seen
    assert found.remedy.startswith("for speed")


def keep_way_fresh(opened, name, value):
    if name != "way":
        object.__setattr__(opened, name, value)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "userns=0, or grade as root"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
        ("user/max_user_namespaces", "9", "allow unprivileged user namespaces"),
    ],
)
def test_what_an_ordinary_user_lacks_is_named(monkeypatch, tmp_path, name, value, remedy):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(value + "\n")
    assert remedy in doctor.namespaces_remedy(tmp_path)


def browser(folder, name, script):
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return str(folder / name)


@pytest.mark.quick
def test_chromium_is_only_noted(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.chromium().seen == "none"
    assert doctor.chromium().remedy.startswith("sudo apt install chromium")
    assert not doctor.chromium().fatal
    program = browser(tmp_path, "google-chrome-stable", "echo 'Google Chrome 130.0.1'")
    assert doctor.chromium() == Finding("chromium", program)
    program = browser(tmp_path, "chromium", "echo noise >&2; echo 'Chromium 130.0 built on Debian'")
    assert doctor.chromium() == Finding("chromium", program)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("echo 'requires the chromium snap to be installed.' >&2; exit 10", "requires the chromiu"),
        ("exit 1", "does not start: status 1"),
        ("echo 'Chromium B.S.U. 0.9.16, a game'", "does not start: Chromium B.S.U."),
    ],
)
def test_a_chromium_that_does_not_start_is_none(monkeypatch, tmp_path, script, seen):
    """Ubuntu's chromium-browser is a line of shell that asks for a snap."""
    monkeypatch.setenv("PATH", str(tmp_path))
    program = browser(tmp_path, "chromium-browser", script)
    found = doctor.chromium()
    assert found.seen.startswith(program)
    assert seen in found.seen
    assert found.remedy.startswith("sudo apt install chromium")
    assert doctor.find_chromium() is None
    chrome = browser(tmp_path, "google-chrome", "echo 'Google Chrome 130.0.1'")
    assert doctor.find_chromium() == chrome


@pytest.mark.quick
@pytest.mark.parametrize(
    ("error", "seen", "remedy"),
    [
        (ImportError("libcudart.so.12:\ncannot open"), "libcudart.so.12:", "cannot open"),
        (ImportError("foreign torch"), "ImportError: foreign torch", "mend that, then ask again"),
        (NoHome("no home of yours.\nSet COURSEKIT_HOME."), "no home of yours.", "Set COURSEKIT"),
    ],
)
def test_a_check_that_fails_is_a_fault_and_the_others_go_on(
    monkeypatch, capsys, error, seen, remedy
):
    def own_data():
        raise error

    monkeypatch.setattr(doctor, "CHECKS", [own_data, doctor.python])
    assert doctor.run() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"FAULT own data     {seen}"
    assert lines[1].startswith(f"{'':18} -> {remedy}")
    assert lines[2].startswith("ok    python")


@pytest.mark.quick
def test_a_module_that_was_never_installed_has_no_version_and_a_place(monkeypatch, tmp_path):
    (tmp_path / "never_installed.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert doctor.version_of("never_installed") == f"of no version ({tmp_path}/never_installed.py)"


@pytest.mark.quick
def test_a_gpu_that_a_person_hides_is_not_called_broken(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(doctor, "has_gpu", lambda hidden=True: not hidden or not hides_gpus())
    for chosen in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
        found = doctor.device()
        assert f"CUDA_VISIBLE_DEVICES={chosen!r} hides it" in found.seen
        assert found.remedy.startswith("unset CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert doctor.device().remedy.startswith("python3 -m coursekit lab --gpu")
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert "CUDA_VISIBLE_DEVICES='7' names none of it" in doctor.device().seen


@pytest.mark.quick
def test_root_is_not_told_to_be_root(monkeypatch, tmp_path):
    fake_bubblewrap(monkeypatch, tmp_path, "echo 'bwrap: Operation not permitted' >&2; exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = doctor.sandbox()
    assert "the system forbids namespaces" in found.seen
    assert found.remedy.startswith("start the container with ")
    assert "grade as root" not in found.remedy


def test_where_nothing_is_installed_the_doctor_still_answers_and_installs_nothing(tmp_path):
    ignore = shutil.ignore_patterns("__pycache__", "*.npz")
    shutil.copytree(ROOT / "coursekit", tmp_path / "coursekit", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    environment = {k: v for k, v in os.environ.items() if k != "COURSEKIT_NO_VENV"}
    argv = [sys.executable, "-S", "-m", "coursekit", "doctor"]
    environment["PYTHONPATH"] = ""
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 1, done.stderr
    assert "FAULT environment" in done.stdout
    assert "lacks torch, numpy" in done.stdout
    assert "mend the 2 marked FAULT" in done.stderr  # the environment, and no unit here
    assert not (tmp_path / ".venv").exists()
