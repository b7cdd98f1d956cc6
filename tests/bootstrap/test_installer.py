"""What a killed pip leaves behind is found, and what is whole is left alone."""

import importlib.metadata
import os
import pty
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from coursekit.bootstrap.installer import (
    SetupError,
    clean_environment,
    drop_half_installed,
    pip_environment,
    run_step,
)

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


@pytest.fixture(scope="module")
def real_pip(tmp_path_factory):
    """Return a virtual environment's Python with the pip that came with it, and a tiny wheel."""
    folder = tmp_path_factory.mktemp("real")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
    info = "tiny_of_coursekit-1.dist-info"
    with zipfile.ZipFile(folder / "tiny_of_coursekit-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "whole = True\n")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-of-coursekit\nVersion: 1\n"
        )
        tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{info}/WHEEL", tag)
        wheel.writestr(f"{info}/RECORD", f"tiny.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n")
    return folder / "env" / "bin" / "python", folder


@pytest.mark.parametrize(
    "setting",
    [
        "[global]\nuser = true\n",
        "[install]\ntarget = {away}\n",
        "[global]\nprefix = {away}\n",
        "[install]\nroot = {away}\nuser = yes\n",
        "[install]\nrequire-hashes = true\n",
        "[install]\ndry-run = true\nno-deps = true\n",
        "[install]\nno-binary = :all:\n",
        "[global]\nno-binary = tiny-of-coursekit\nonly-binary = :none:\nrequire-virtualenv = yes\n",
        "[install]\nignore-installed = true\ntarget = {away}\nrequire-hashes = on\n",
    ],
    ids=lambda text: " ".join(text.split()[1::1])[:30],
)
def test_a_stubborn_configuration_of_the_real_pip_changes_nothing(
    real_pip, setting, tmp_path, monkeypatch
):
    """The index that the configuration names is used all the same."""
    python, folder = real_pip
    config = tmp_path / "pip.conf"
    links = f"[global]\nno-index = true\nfind-links = {folder}\n"
    own = setting.format(away=tmp_path / "away")
    config.write_text(links + own.replace("[global]\n", ""))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)  # this machine's own would win over the file
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    argv = [str(python), "-m", "pip"]
    own = pip_environment(str(python))
    run_step([*argv, "install", "tiny-of-coursekit"], "tiny", log=tmp_path / "log", environment=own)
    found = subprocess.run([str(python), "-c", "import tiny; print(tiny.whole)"], text=True,
                           capture_output=True, cwd=tmp_path)  # fmt: skip
    assert found.stdout == "True\n", (tmp_path / "log").read_text()
    assert not (tmp_path / "away").exists()
    run_step([*argv, "uninstall", "-y", "tiny-of-coursekit"], "away again", log=tmp_path / "log")


@pytest.mark.parametrize(
    "setting",
    [
        {"PIP_USER": "1"},
        {"PIP_TARGET": "{away}"},
        {"PIP_PREFIX": "{away}", "PIP_ROOT": "{away}"},
        {"PIP_REQUIRE_HASHES": "1", "PIP_NO_BINARY": ":all:"},
        {"PIP_DRY_RUN": "1", "PIP_PYTHON": "/nowhere/python", "PIP_ONLY_BINARY": ":none:"},
        {"PYTHONUSERBASE": "{away}", "PIP_BREAK_SYSTEM_PACKAGES": "1", "PIP_NO_DEPS": "1"},
    ],
    ids=lambda setting: " ".join(setting),
)
def test_stubborn_variables_change_nothing(real_pip, setting, tmp_path, monkeypatch):
    """What says where from stays: the links here come as a variable too."""
    python, folder = real_pip
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    for name, value in setting.items():
        monkeypatch.setenv(name, value.format(away=tmp_path / "away"))
    argv = [str(python), "-m", "pip"]
    own = pip_environment(str(python))
    run_step([*argv, "install", "tiny-of-coursekit"], "tiny", log=tmp_path / "log", environment=own)
    code = "import tiny; print(tiny.__file__)"
    found = subprocess.run(
        [str(python), "-I", "-c", code], text=True, capture_output=True, cwd=tmp_path
    )
    assert Path(found.stdout.strip()).is_relative_to(folder / "env"), (tmp_path / "log").read_text()
    assert not (tmp_path / "away").exists()
    own = pip_environment(str(python))
    run_step([*argv, "uninstall", "-y", "tiny-of-coursekit"], "away again", log=tmp_path / "log",
             environment=own)  # fmt: skip


def test_index_proxy_and_certificate_are_kept_whatever_else_the_file_holds(
    real_pip, tmp_path, monkeypatch
):
    """Also where the file has a comment in another encoding, as on a Windows of the past."""
    python, _ = real_pip
    config = tmp_path / "pip.conf"
    config.write_bytes(
        b"# r\xe9seau de l'\xe9cole\n[global]\nindex-url = https://mirror.example/simple\n"
        b"extra-index-url =\n    https://one.example/simple\n    https://two.example/simple\n"
        b"proxy = http://p\xe4ss%20word@proxy.example:3128\nuser = true\n"
        b"[install]\ntarget = /away\ncert = /etc/school.pem\ntrusted-host = mirror.example\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setattr(
        "coursekit.bootstrap.installer._configuration_files", lambda python: [str(config)]
    )
    found = {k: v for k, v in pip_environment(str(python)).items() if k.startswith("PIP_")}
    assert os.fsencode(found.pop("PIP_PROXY")) == b"http://p\xe4ss%20word@proxy.example:3128"
    assert found == {
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://one.example/simple https://two.example/simple",
        "PIP_CERT": "/etc/school.pem",
        "PIP_TRUSTED_HOST": "mirror.example",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CONFIG_FILE": os.devnull,
    }


def test_without_the_care_the_same_configuration_leads_astray(real_pip, tmp_path):
    """The test above has power: `target` alone sends the package away, with success reported."""
    python, folder = real_pip
    config = tmp_path / "pip.conf"
    config.write_text(f"[install]\ntarget = {tmp_path / 'away'}\n")
    careless = {**clean_environment(), "PIP_CONFIG_FILE": str(config)}
    argv = [
        str(python),
        "-m",
        "pip",
        "install",
        "--no-index",
        "--find-links",
        str(folder),
        "tiny-of-coursekit",
    ]
    assert subprocess.run(argv, env=careless, capture_output=True).returncode == 0
    assert (tmp_path / "away" / "tiny.py").exists()
