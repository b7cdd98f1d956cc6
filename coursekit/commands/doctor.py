"""``coursekit doctor``: what works on this machine, with the remedy beside each fault.

Standard library only at the top: it also runs where nothing is installed yet.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from coursekit.bootstrap.bubblewrap import (
    find_bubblewrap,
    how_to_install,
    is_forbidden,
    why_no_namespaces,
)
from coursekit.bootstrap.environment import has_gpu, hides_gpus, unusable_path
from coursekit.bootstrap.requirements import missing
from coursekit.classroom.learner.copies import release_folder, released_units
from coursekit.storage import home, is_clone, workspace

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BRING_CHROMIUM = "sudo apt install chromium"
LACKS_ENVIRONMENT = "python3 -m coursekit lab   (makes the environment)"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    topic: str
    seen: str
    remedy: str = ""  # empty: nothing is amiss
    fatal: bool = False  # the course cannot run


def run() -> int:
    """Print a line for each topic; return 1 if the course cannot run here."""
    findings = [outcome(check) for check in CHECKS]
    for finding in findings:
        mark = "ok   " if not finding.remedy else "FAULT" if finding.fatal else "note "
        print(f"{mark} {finding.topic:<12} {finding.seen}")
        if finding.remedy:
            print(f"{'':18} -> {finding.remedy}")
    faults = sum(finding.fatal for finding in findings)
    if not faults:
        print("The course can run here: python3 -m coursekit lab")
        return 0
    print(
        f"The course cannot run yet: mend the {faults} marked FAULT, then ask again.",
        file=sys.stderr,
    )
    return 1


def outcome(check: Callable[[], Finding]) -> Finding:
    """Return what a check finds; one that itself fails is a fault, and the others go on."""
    try:
        return check()
    except Exception as error:
        said, _, remedy = str(error).rpartition("\n")
        topic = check.__name__.replace("_", " ")
        if not said:  # the message of something foreign: no remedy stands in its last line
            said, remedy = f"{type(error).__name__}: {remedy}", "mend that, then ask again"
        return Finding(topic, " ".join(said.split())[:300], remedy, fatal=True)


def python() -> Finding:
    """Name the interpreter."""
    return Finding("python", f"{sys.version.split()[0]} ({sys.executable})")


def environment() -> Finding:
    """Say whether this interpreter has all that `lab` needs."""
    if unusable_path():
        seen, remedy = unusable_path().splitlines()
        return Finding("environment", seen, remedy, fatal=True)
    lacking = missing("course")
    where = "this interpreter" if Path(sys.prefix) != workspace() / ".venv" else ".venv"
    if not lacking:
        return Finding("environment", f"{where} has all that the course needs")
    seen = f"{where} lacks {', '.join(lacking)}"
    if os.environ.get("COURSEKIT_NO_VENV") == "1":
        return Finding("environment", seen, "unset COURSEKIT_NO_VENV", fatal=True)
    if not is_clone():
        return Finding("environment", seen, f"pip install {' '.join(lacking)}", fatal=True)
    return Finding("environment", seen, LACKS_ENVIRONMENT, fatal=True)


def libraries() -> Finding:
    """Name the versions of what the course stands on."""
    lacking = set(missing("course"))
    names = ("torch", "numpy", "scipy", "matplotlib", "jupyterlab", "nbgrader", "ipywidgets")
    seen = ", ".join(f"{name} {version_of(name)}" for name in names if name not in lacking)
    return Finding("libraries", seen or "none yet", "" if seen else LACKS_ENVIRONMENT)


def version_of(name: str) -> str:
    """Return a distribution's version, or where its module lies if it was never installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        spec = importlib.util.find_spec(name)
        return f"of no version ({spec.origin if spec else 'gone'})"


def device() -> Finding:
    """Name the processor that runs the course, and say if a GPU lies idle."""
    cores = f"{os.cpu_count()} CPU cores"
    if "torch" in missing("core"):
        return Finding("device", f"{cores}; an NVIDIA GPU: {'yes' if has_gpu() else 'no'}")
    import torch

    if torch.cuda.is_available():
        return Finding("device", f"{torch.cuda.get_device_name()}; {cores}")
    hidden = hides_gpus()
    if hidden and has_gpu(hidden=False):
        seen = f"{cores}; there is a GPU, and {hidden} hides it: the course runs as on a CPU"
        return Finding("device", seen, "unset CUDA_VISIBLE_DEVICES   (to use the GPU)")
    if has_gpu():
        chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
        if torch.version.cuda is not None and chosen is not None:
            seen = f"{cores}; there is a GPU, and CUDA_VISIBLE_DEVICES={chosen!r} names none of it"
            return Finding("device", seen, "unset CUDA_VISIBLE_DEVICES   (or update the driver)")
        seen = f"{cores}; there is a GPU, which torch {torch.__version__} cannot use"
        return Finding("device", seen, "python3 -m coursekit lab --gpu   (or update the driver)")
    return Finding("device", f"{cores}; no GPU: the course runs at its size for a CPU")


def memory() -> Finding:
    """Say how much memory there is, where the system tells."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return Finding("memory", "this system does not tell")
    few = "close other programs: a unit takes up to 2 GB" if total < 3.5 else ""
    return Finding("memory", f"{total:.1f} GB", few)


def disk() -> Finding:
    """Say how much of the disk is free where the course writes."""
    place = workspace()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free / 1e9
    remedy = "free at least 1 GB" if free < 1 else ""
    return Finding("disk", f"{free:.1f} GB free at {place}", remedy, fatal=free < 0.1)


def kernel() -> Finding:
    """Say which interpreter the kernel named python3 starts."""
    if importlib.util.find_spec("jupyter_client") is None:
        return Finding("kernel", "no Jupyter yet", LACKS_ENVIRONMENT)
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = f"{sys.executable} -m pip install --force-reinstall --no-deps ipykernel"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("kernel", "there is no kernel python3", remedy, fatal=True)
    program = spec.argv[0]
    if program.startswith("python") or Path(program).resolve() == Path(sys.executable).resolve():
        return Finding("kernel", f"python3 starts {sys.executable}")
    seen = f"python3 starts another interpreter: {program}"
    return Finding("kernel", seen, f"delete the kernel in {spec.resource_dir}", fatal=True)


def units() -> Finding:
    """Say how many units are released."""
    count = len(released_units())
    if count:
        return Finding("units", f"{count} in {release_folder()}")
    return Finding("units", "none is released", "python3 -m coursekit build", fatal=True)


def own_data() -> Finding:
    """Say where progress is kept, and whether it can be."""
    place = home()
    existing = place
    while not existing.exists():
        existing = existing.parent
    if os.access(existing, os.W_OK) and existing.is_dir():
        return Finding("your data", f"{place}")
    return Finding(
        "your data", f"cannot write in {existing}", "set COURSEKIT_HOME to another folder"
    )


def sandbox() -> Finding:
    """Try the sandbox in which `grade` runs what students wrote: every wall of it, from inside."""
    program, named = find_bubblewrap()
    if program is None:
        return Finding("sandbox", named, f"{how_to_install()}   (only `grade` needs it)")
    why = why_no_namespaces(program)
    if why:
        what = "is here, and the system forbids namespaces" if is_forbidden(why) else "fails"
        seen = f"{named} {what}: {why}"
        return Finding("sandbox", seen, f"{remedy_for(why)}   (only `grade` needs it)")
    if missing("core"):
        return Finding("sandbox", f"{named} starts; its walls are tried once torch is here")
    from coursekit.classroom.sandbox.opening import SandboxError, open_sandbox

    try:
        with open_sandbox() as opened:
            if opened.way == "fork":
                return Finding("sandbox", f"{named}: every wall stands")
    except SandboxError as error:
        return Finding("sandbox", f"{named}: {error}", "grade on another machine, or mend that")
    seen = f"{named}: every wall stands, but each submission imports torch anew (2 s)"
    return Finding("sandbox", seen, f"for speed, as an ordinary user: {namespaces_remedy()}")


def remedy_for(why: str) -> str:
    """Say what helps where bubblewrap's trial failed: another program, or other rights."""
    return namespaces_remedy() if is_forbidden(why) else f"install it anew: {how_to_install()}"


def namespaces_remedy(settings: Path = Path("/proc/sys")) -> str:
    """Say which setting of the system keeps this user from making namespaces."""
    if os.geteuid() == 0:  # not by being an ordinary user, so by a container
        return (
            "start the container with --security-opt seccomp=unconfined --security-opt "
            "systempaths=unconfined --cap-add SYS_ADMIN, or grade outside of it"
        )
    for name, forbids, allow in (
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
        ("kernel/unprivileged_userns_clone", "0", "1"),
        ("user/max_user_namespaces", "0", "10000"),
    ):
        try:
            value = (settings / name).read_text().strip()
        except OSError:
            continue
        if value == forbids:
            return f"sudo sysctl {name.replace('/', '.')}={allow}, or grade as root"
    return "allow unprivileged user namespaces, or grade as root"


def chromium() -> Finding:
    """Say whether there is a Chromium for the browser tests."""
    program, seen = look_for_chromium()
    if program is None:
        return Finding("chromium", seen, f"{BRING_CHROMIUM}   (only the browser tests need it)")
    return Finding("chromium", program)


def find_chromium() -> str | None:
    """Return the path of the system's Chromium, or of Chrome."""
    return look_for_chromium()[0]


def look_for_chromium() -> tuple[str | None, str]:
    """Return the first Chromium or Chrome that starts, or None and what is amiss.

    Being on the PATH is not enough: Ubuntu's chromium-browser is a line of shell that asks for a
    snap.
    """
    seen = "none"
    for program in filter(None, map(shutil.which, CHROMIUM)):
        try:
            done = subprocess.run([program, "--version"], capture_output=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired) as error:
            seen = f"{program} does not start: {error}"
            continue
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip()[-200:]
        if done.returncode == 0 and re.search(r"^(Chromium|Google Chrome) \d", said, re.MULTILINE):
            return program, said
        seen = f"{program} does not start: {said or f'status {done.returncode}'}"
    return None, " ".join(seen.split())


CHECKS: list[Callable[[], Finding]] = [
    python,
    environment,
    libraries,
    device,
    memory,
    disk,
    kernel,
    units,
    own_data,
    sandbox,
    chromium,
]
