"""`bench`: the ratios of benchmarks/ on this machine."""

import subprocess
import sys

from coursekit.bootstrap.start import child_environment
from coursekit.storage import ROOT, is_clone

SCRIPTS = {  # what can be measured, and its scripts in benchmarks/
    "measure": ("bench_gradients.py", "bench_noise.py", "bench_curvature.py"),
    "replicas": ("bench_replicas.py",),
    "grade": ("bench_grade.py",),
    "gpu": ("bench_gpu.py",),
}


def run(topic: str, *, extra: list[str]) -> int:
    """Run every script of a topic, one after another, and return the worst exit status.

    Args:
        topic: "measure", "replicas", "grade" or "gpu".
        extra: Arguments for each script as they are.

    Raises:
        ValueError: For another topic, or where there are no scripts.
    """
    if topic not in SCRIPTS:
        raise ValueError(f"no benchmark {topic!r}: choose one of {', '.join(SCRIPTS)}")
    if not is_clone():
        raise ValueError(
            f"the benchmarks are not installed with the package in {ROOT}.\n"
            f"Clone the repository and run `python3 -m coursekit bench {topic}` there."
        )
    environment = child_environment(sys.executable)
    worst = 0
    for script in SCRIPTS[topic]:
        path = ROOT / "benchmarks" / script
        print(f"== {script}", file=sys.stderr, flush=True)
        worst = max(
            worst, abs(subprocess.call([sys.executable, str(path), *extra], env=environment))
        )
    return worst
