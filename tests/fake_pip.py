"""A stand-in for a network, pip and the packages: real virtual environments, small packages.

Run as ``fake_pip.py FOLDER`` it is what makes an environment: a real one without pip, into which
this file is put as the module ``pip``; run as ``fake_pip.py --pip`` it puts itself into that of the
Python which runs it. There, as ``python -m pip install ...``, it writes a package
of one line for each requirement, RECORD last as pip does. The test steers it by environment
variables: FAKE_LOG (a line for each thing done), FAKE_HANG (hang in the middle of this
distribution, or in ``venv``, until there is a file FAKE_LOG.go), FAKE_ANSWER (fail with this text),
FAKE_ELSEWHERE (report success, and put this distribution nowhere).
"""

import os
import re
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

MODULES = {
    "backpack-for-pytorch": "backpack",
    "curvlinops-for-pytorch": "curvlinops",
    "py-rattler": "rattler",
    "pytest-xdist": "xdist",
    "scikit-learn": "sklearn",
}
WITH_A_VALUE = {"-c", "--retries", "--timeout", "--extra-index-url", "--only-binary"}


def log(line):
    with open(os.environ["FAKE_LOG"], "a") as file:
        file.write(f"{line}\n")


def hang_here(name):
    if os.environ.get("FAKE_HANG") == name:
        log(f"hanging {name}")
        until = time.monotonic() + 60
        while time.monotonic() < until and not Path(os.environ["FAKE_LOG"] + ".go").exists():
            time.sleep(0.02)


def make_environment(folder):
    log("begin venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    hang_here("venv")
    (site,) = folder.glob("lib/python*/site-packages")
    bring_pip(site)
    log("end venv")


def bring_pip(site):
    (site / "pip").mkdir()
    (site / "pip" / "__init__.py").write_text("")
    (site / "pip" / "__main__.py").write_text(Path(__file__).read_text())


def requirements(words):
    words = iter(words)
    for word in words:
        if word == "-r":
            lines = Path(next(words)).read_text().splitlines()
            yield from (line for line in lines if line and not line.startswith("#"))
        elif word == "-e":
            folder, extras = re.fullmatch(r"(.*)\[(.*)\]", next(words)).groups()
            import tomllib

            project = tomllib.loads(Path(folder, "pyproject.toml").read_text())["project"]
            yield from project["dependencies"]
            for extra in extras.split(","):
                yield from project["optional-dependencies"][extra]
        elif word in WITH_A_VALUE:
            next(words)
        elif not word.startswith("-"):
            yield word


def install(words):
    log("begin " + " ".join(words))
    if os.environ.get("FAKE_ANSWER"):
        print(os.environ["FAKE_ANSWER"])
        sys.exit(1)
    print("Installing collected packages: " + ", ".join(requirements(words)))
    site = Path(sysconfig.get_paths()["purelib"])
    cpu = "--extra-index-url" in words
    for line in requirements(words):
        name, version = re.match(r"([\w.-]+?)(?:[<>=~!].*?([\d.]+).*)?$", line).groups()
        if name == "torch" and cpu:
            version += "+cpu"
        info = site / f"{name.replace('-', '_')}-{version or '1'}.dist-info"
        again = "--force-reinstall" in words
        if again:
            for old in site.glob(f"{name}-*.dist-info"):
                subprocess.run(["rm", "-r", str(old)], check=True)
        if info.exists() or (name == "torch" and any(site.glob("torch-*.dist-info"))):
            continue  # pip takes what has a dist-info for installed, whole or not
        if os.environ.get("FAKE_ELSEWHERE") == name:
            continue
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version or 1}\n"
        )
        module = MODULES.get(name, name.replace("-", "_"))
        (site / module).mkdir(exist_ok=True)
        hang_here(name)
        (site / module / "__init__.py").write_text("whole = True\n")
        (info / "RECORD").write_text(f"{module}/__init__.py,,13\n{info.name}/RECORD,,\n")
        log(f"installed {name}")
    log("end pip")


if __name__ == "__main__":
    if sys.argv[1] == "install":
        install(sys.argv[2:])
    elif sys.argv[1] == "--pip":
        bring_pip(Path(sysconfig.get_paths()["purelib"]))
        log("brought pip")
    else:
        make_environment(Path(sys.argv[1]))
