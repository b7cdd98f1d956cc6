"""What of a person's settings of pip reaches the set-up: where packages come from, no more."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from coursekit.bootstrap.installer import run_step
from coursekit.bootstrap.pip_settings import clean_environment, patience, pip_environment


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


@pytest.mark.in_turn(thing="a set-up", of=3, turn=2)
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


@pytest.mark.in_turn(thing="a set-up", of=3, turn=2)
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
        "coursekit.bootstrap.pip_settings._configuration_files", lambda python: [str(config)]
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
        "PIP_NO_INPUT": "1",
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


@pytest.fixture
def configured(real_pip, tmp_path, monkeypatch):
    """Return a function: texts of the user's file and of PIP_CONFIG_FILE -> pip's variables."""
    python, _ = real_pip
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "nowhere"))
    user, named = tmp_path / "config" / "pip" / "pip.conf", tmp_path / "named.conf"
    user.parent.mkdir(parents=True)

    def variables(of_user="", of_variable=None):
        user.write_text(of_user)
        if of_variable is not None:
            named.write_text(of_variable)
            monkeypatch.setenv("PIP_CONFIG_FILE", str(named))
        return pip_environment(str(python))

    return variables


INDEX = "[global]\nindex-url = https://mirror.example/simple\n"


@pytest.mark.parametrize(
    "setting",
    ["quiet = 3", "python = /nowhere/python", "use-deprecated = no-such", "require-virtualenv = x",
     "log = /nowhere/log", "index-url = https://mirror.example/simple", "verbose = many"],
)  # fmt: skip
def test_what_silences_or_breaks_pips_own_commands_hides_no_index(configured, setting, monkeypatch):
    """`pip config` obeys these; so does each variable of that name."""
    assert configured(INDEX + setting)["PIP_INDEX_URL"] == "https://mirror.example/simple"
    name, _, value = setting.partition(" = ")
    if not name.startswith("index"):
        monkeypatch.setenv("PIP_" + name.upper().replace("-", "_"), value)
        assert configured(INDEX)["PIP_INDEX_URL"] == "https://mirror.example/simple"


def test_a_file_that_is_no_configuration_is_named_and_keeps_what_can_be_read(configured, capsys):
    assert configured(INDEX + "so it goes\n")["PIP_INDEX_URL"] == "https://mirror.example/simple"
    assert "pip.conf (Source contains parsing errors" in capsys.readouterr().err


def test_files_and_sections_go_before_each_other_as_for_pip(configured, tmp_path, monkeypatch):
    other = INDEX.replace("mirror", "other")
    assert configured(INDEX)["PIP_INDEX_URL"] == "https://mirror.example/simple"
    assert configured(INDEX, other)["PIP_INDEX_URL"] == "https://other.example/simple"
    assert "PIP_INDEX_URL" not in configured(INDEX, "")  # a file that is named is read in its place
    both = INDEX + "[install]\nindex-url = https://install.example/simple\n"
    assert configured("", both)["PIP_INDEX_URL"] == "https://install.example/simple"
    split = INDEX.replace("[global]", "[install]") + other
    assert configured("", split)["PIP_INDEX_URL"] == "https://mirror.example/simple"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "none.conf"))
    assert configured(INDEX)["PIP_INDEX_URL"] == "https://mirror.example/simple"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # pip's way to read none
    assert "PIP_INDEX_URL" not in configured(INDEX)


@pytest.mark.quick
@pytest.mark.parametrize(
    "name", ["PYTHONWARNINGS", "PYTHONSAFEPATH", "PYTHONINSPECT", "PYTHONHOME"]
)
def test_how_a_person_runs_python_is_not_how_pip_runs(name, monkeypatch):
    monkeypatch.setenv(name, "error")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert name not in clean_environment()
    assert clean_environment()["PYTHONDONTWRITEBYTECODE"] == "1"


@pytest.mark.quick
def test_who_says_how_long_to_wait_is_heard():
    assert patience({}, "15", "1") == ("--timeout", "15", "--retries", "1")
    assert patience({"PIP_TIMEOUT": "300"}, "15", "1") == ("--retries", "1")
    assert patience({"PIP_DEFAULT_TIMEOUT": "9", "PIP_RETRIES": "9"}, "15", "1") == ()
