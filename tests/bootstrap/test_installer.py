"""What a killed pip leaves behind is found, and what is whole is left alone."""

import importlib.metadata
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.bootstrap.installer import SetupError, drop_half_installed, run_step

ROOT = Path(__file__).resolve().parents[2]
TEXT = "x = 1\n"


@pytest.fixture
def site(tmp_path):
    """Return site-packages with one package, whole, and a script beside it."""
    site = tmp_path / "lib" / "site-packages"
    (site / "pack").mkdir(parents=True)
    (site / "pack" / "__init__.py").write_text(TEXT)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pack").write_text("#!\n")
    info = site / "pack-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: pack\n")
    (info / "RECORD").write_text(
        f"pack/__init__.py,sha256=abc,{len(TEXT)}\n"
        "pack/__pycache__/__init__.cpython-311.pyc,,\n"
        "../../bin/pack,sha256=abc,3\n"
        "pack-1.dist-info/METADATA,sha256=abc,11\n"
        "pack-1.dist-info/RECORD,,\n"
    )
    return site


@pytest.mark.quick
def test_a_whole_package_is_left_alone(site):
    assert drop_half_installed(site) == []
    assert (site / "pack-1.dist-info").is_dir()


@pytest.mark.quick
@pytest.mark.parametrize(
    "damage",
    [
        lambda site: (site / "pack-1.dist-info" / "RECORD").unlink(),
        lambda site: (site / "pack" / "__init__.py").unlink(),
        lambda site: (site / "pack" / "__init__.py").write_text("x ="),
        lambda site: (site.parents[1] / "bin" / "pack").unlink(),
        lambda site: (site / "pack-1.dist-info" / "RECORD").write_bytes(b"\xff\xfe,,\n"),
    ],
    ids=["no record", "no file", "file cut short", "no script", "record unreadable"],
)
def test_a_half_installed_package_loses_its_record(site, damage):
    damage(site)
    assert drop_half_installed(site) == ["pack-1.dist-info"]
    assert not (site / "pack-1.dist-info").exists()


@pytest.mark.quick
def test_pips_stash_of_what_it_was_replacing_is_removed(site):
    shutil.copytree(site / "pack", site / "~ack")
    assert drop_half_installed(site) == ["~ack"]
    assert not (site / "~ack").exists()


def test_packages_that_pip_really_installed_count_as_whole(tmp_path):
    """The rule agrees with pip: real records, copied beside links to the real files."""
    for name in ("numpy", "typer", "nbformat"):
        files = importlib.metadata.files(name)
        assert files
        for file in files:
            if ".." not in file.parts:
                target = tmp_path / file
                target.parent.mkdir(parents=True, exist_ok=True)
                source = Path(file.locate())
                if source.exists():
                    target.symlink_to(source)
    for record in tmp_path.glob("*.dist-info/RECORD"):  # scripts lie outside and are not copied
        lines = [x for x in record.read_text().splitlines() if not x.startswith("..")]
        record.unlink()
        record.write_text("\n".join(lines) + "\n")
    assert drop_half_installed(tmp_path) == []
    assert len(list(tmp_path.glob("*.dist-info"))) == 3


PIP = (
    "import time\n"
    "print('Collecting torch==2.13.0', flush=True)\n"
    "print('  Downloading torch-2.13.0-cp311.whl (190.5 MB)', flush=True)\n"
    "print('  Downloading small-1.whl (19 kB)', flush=True)\n"
    "time.sleep(0.7)\n"
    "print('Installing collected packages: a, b, torch', flush=True)\n"
)


def test_where_nobody_watches_progress_is_a_few_plain_lines(tmp_path, capfd):
    run_step([sys.executable, "-c", PIP], "2/3 torch", log=tmp_path / "log")
    out, err = capfd.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[:3] == [
        "set-up 2/3 torch ...",
        "  downloading torch-2.13.0-cp311.whl (190.5 MB)",
        "  installing 3 packages",
    ]
    assert lines[3].startswith("set-up 2/3 torch: done in ")
    assert len(lines) == 4
    assert "Downloading small-1.whl" in (tmp_path / "log").read_text()


def test_on_a_terminal_one_line_is_redrawn_while_time_passes(tmp_path):
    step = (
        "import sys\nfrom pathlib import Path\n"
        "from coursekit.bootstrap.installer import run_step\n"
        f"run_step([sys.executable, '-c', {PIP!r}], '2/3 torch', log=Path(sys.argv[1]))\n"
    )
    screen, terminal = pty.openpty()
    argv = [sys.executable, "-c", step, str(tmp_path / "log")]
    process = subprocess.Popen(argv, cwd=ROOT, stderr=terminal)
    os.close(terminal)
    seen = b""
    with os.fdopen(screen, "rb", buffering=0) as file:
        while True:
            try:
                part = file.read(1000)
            except OSError:  # Linux: the other end is closed
                break
            if not part:
                break
            seen += part
    assert process.wait(20) == 0
    shown = seen.decode().split("\r\x1b[K")
    assert any("small-1.whl (19 kB)" in text for text in shown)
    assert sum("small-1.whl" in text for text in shown) >= 2  # redrawn while nothing was heard
    assert "\n" not in "".join(shown[:-1])
    assert shown[-1].startswith("set-up 2/3 torch: done in 1 s") or "done in" in shown[-1]


@pytest.mark.quick
def test_what_cannot_be_started_is_reported_by_its_name(tmp_path):
    argv = [sys.executable, "-c", "import sys; print('ValueError: why'); sys.exit(3)"]
    with pytest.raises(SetupError) as caught:
        run_step(argv, "1/3 x", log=tmp_path / "log")
    message = str(caught.value)
    assert "stopped at step 1/3 x (exit status 3)" in message
    assert "answer: ValueError: why" in message
    assert message.splitlines()[-1].startswith(f"See {tmp_path / 'log'}")
