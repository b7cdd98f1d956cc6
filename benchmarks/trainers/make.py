"""Make docs/trainers.md and docs/peers.md: run every script, then write their cells into tables.

    python benchmarks/trainers/make.py                  # environments, scripts, tables
    python benchmarks/trainers/make.py plain_torch      # these scripts, then the tables
    python benchmarks/trainers/make.py --table          # the tables from what was measured
    python benchmarks/trainers/make.py --check          # do the pages hold what was measured?

Each script runs in an environment of pinned packages in the temporary folder and prints cells; they
go to measured/SCRIPT.json. A cell that no script printed is empty.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tables import page_with_tables

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MEASURED = HERE / "measured"
ORACLES = ROOT / "tests" / "oracles.txt"
PAGES = ("trainers", "peers")
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
CPU = ("--timeout", "15", "--retries", "1", "--extra-index-url", CPU_WHEELS)

TORCH = ("torch==2.13.0", "numpy==2.4.6")
TRAINERS = (
    *TORCH, "transformers==5.24.0", "accelerate==1.15.0", "lightning==2.6.6", "opacus==1.6.0",
    "deepspeed==0.19.8", "optax==0.2.8", "jax==0.10.2", "pytorch-ignite==0.5.5", "skorch==1.4.0",
    "keras==3.15.1", "pytorch-optimizer==4.1.0", "torch-optimizer==0.3.0", "pyhessian==0.1",
    "hessian-eigenthings==1.0.0a5", "gns-pytorch==0.1.5",
)  # fmt: skip
VISION = (*TORCH, "torchvision==0.28.0", "timm==1.0.31", "fastai==2.8.12")

ENVIRONMENTS = {
    "trainers": (TRAINERS, CPU),
    "vision": (VISION, ()),  # torch and torchvision from one place: their builds have to fit
}
SCRIPTS = {
    "plain_torch": "trainers",
    "transformers_trainer": "trainers",
    "hf_accelerate": "trainers",
    "lightning_trainer": "trainers",
    "deepspeed_engine": "trainers",
    "opacus_engine": "trainers",
    "ignite_engine": "trainers",
    "keras_fit": "trainers",
    "optax_multisteps": "trainers",
    "fastai_learner": "vision",
    "schedules": "trainers",
    "timm_schedules": "vision",
    "trust_ratios": "trainers",
    "timm_trust_ratios": "vision",
    "noise_libraries": "trainers",
    "curvature_libraries": "trainers",
}


def environment(name: str) -> Path:
    """Return the Python of an environment; make it if it is not there."""
    packages, index = ENVIRONMENTS[name]
    folder = Path(tempfile.gettempdir()) / f"coursekit-{name}"
    python, stamp = folder / "bin" / "python", folder / "packages.txt"
    if not stamp.exists() or stamp.read_text() != "\n".join(packages):
        print(f"making {folder} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        settings = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
        if not index:
            settings["PIP_CONFIG_FILE"] = os.devnull
        first = [python, "-m", "pip", "install", "-q", *index]
        torch = [p for p in packages if p.startswith(("torch==", "torchvision==", "numpy=="))]
        subprocess.run([*first, *torch], check=True, env=settings)
        subprocess.run([*first, *packages], check=True, env=settings)
        if name == "trainers":  # BackPACK and curvlinops, which would bring another torch along
            subprocess.run([*first, "--no-deps", "-r", ORACLES], check=True, env=settings)
        stamp.write_text("\n".join(packages))
    return python


def run(script: str) -> None:
    """Run a script and keep the cells that it prints."""
    python = environment(SCRIPTS[script])
    print(f"running {script} ...", file=sys.stderr)
    settings = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    out = subprocess.run(
        [python, HERE / f"{script}.py"], capture_output=True, text=True, env=settings, cwd=HERE
    )
    cells = [json.loads(x[5:]) for x in out.stdout.splitlines() if x.startswith("CELL ")]
    if out.returncode or not cells:
        raise SystemExit(f"{script} failed:\n{out.stderr[-3000:]}")
    target = MEASURED / f"{script}.json"
    lines = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in cells)
    target.with_suffix(".new").write_text(f"[\n{lines}\n]\n")
    target.with_suffix(".new").replace(target)


def measured() -> list[dict]:
    """Return all cells, script by script in the order above."""
    files = [MEASURED / f"{script}.json" for script in SCRIPTS]
    return [cell for file in files if file.exists() for cell in json.loads(file.read_text())]


def main() -> int:
    """Run what is asked for and write the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scripts", nargs="*", choices=[*SCRIPTS, []], metavar="SCRIPT")
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, exit 1 on a difference"
    )
    chosen = parser.parse_args()
    if not (chosen.table or chosen.check):
        MEASURED.mkdir(exist_ok=True)
        for script in chosen.scripts or SCRIPTS:
            run(script)
    differ = 0
    for page in PAGES:
        path = ROOT / "docs" / f"{page}.md"
        if not path.exists():
            continue
        new = page_with_tables(path.read_text(), measured())
        if chosen.check and new != path.read_text():
            print(f"docs/{page}.md is not what measured/ says: run {Path(__file__).name} --table")
            differ = 1
        elif not chosen.check:
            path.write_text(new)
    return differ


if __name__ == "__main__":
    raise SystemExit(main())
