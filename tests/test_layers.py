"""The layers of docs/decisions/001: a module imports only from rows below its own, or beside it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "coursekit"

LAYERS = (  # top to bottom; a name is a module or a folder of coursekit
    ("people", {"cli", "commands", "classroom", "interview", "explorers", "progress", "notebook"}),
    ("teaching", {"exercises", "claims", "plots"}),
    (
        "running",
        {
            "train",
            "measures",
            "replicas",
            "replicas_mlp",
            "replicas_vmap",
            "replicas_stack",
            "replicas_run",
            "replicas_graph",
            "replicas_plan",
            "replicas_execute",
            "replicas_store",
            "population",
            "flagship",
            "trade_off",
            "equal_loss",
            "edge",
            "accumulate",
            "ranks",
            "distributed",
        },
    ),
    (
        "measuring",
        {
            "batches",
            "gradients",
            "ghost",
            "ghost_pass",
            "ghost_rules",
            "ratios",
            "noise_model",
            "moment_average",
            "step_norms",
            "noise_online",
            "noise",
            "critical_batch",
            "operators",
            "hvp",
            "lanczos",
            "trace",
            "piecewise",
            "output_hessian",
            "taps",
            "layer_trace",
            "spectrum",
            "curvature",
            "preserve",
            "landscape",
            "sharpness",
            "slices",
            "rescale",
            "dynamics",
            "double_well",
            "escape",
            "escape_theory",
            "sampling",
        },
    ),
    (
        "ground",
        {
            "data",
            "sources",
            "streams",
            "teachers",
            "corpus",
            "models",
            "convnets",
            "ghost_norm",
            "transformer",
            "scaling",
            "schedules",
            "optim",
            "optim_stacked",
            "device",
            "datasets",
            "intervals",
        },
    ),
    ("system", {"bootstrap", "storage"}),  # the standard library alone
)
LEVEL = {name: len(LAYERS) - i for i, (_, names) in enumerate(LAYERS) for name in names}
ONLY_MATH = {"scaling", "schedules"}


def top_name(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Return every module that a file imports, at any depth of its code, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: write imports in full, from coursekit. ..."
            found.add(node.module)
            if node.module == "coursekit":
                names = {alias.name for alias in node.names} - {"__version__"}
                found |= {f"coursekit.{name}" for name in names}
    return found


FILES = sorted(
    p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in {"__init__.py"}
)


@pytest.mark.quick
@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    if path.name == "__main__.py" and path.parent == PACKAGE:
        return
    own = top_name(path)
    assert own in LEVEL, f"{own} belongs to no layer: add it to LAYERS and to the decision record"
    for module in imports_of(path):
        parts = module.split(".")
        if parts[0] != "coursekit" or len(parts) == 1:
            continue
        assert parts[1] == "__main__" or LEVEL[parts[1]] <= LEVEL[own], f"{own} imports {module}"
        if own in ONLY_MATH:
            pytest.fail(f"{own} needs only math, but imports {module}")


@pytest.mark.quick
def test_neighbours_import_without_circles():
    edges = {}
    for path in FILES:
        own = top_name(path)
        edges.setdefault(own, set()).update(
            m.split(".")[1] for m in imports_of(path) if m.startswith("coursekit.")
        )
    order, visiting = [], []

    def visit(name):
        assert name not in visiting, f"circle: {' -> '.join([*visiting, name])}"
        if name in order:
            return
        visiting.append(name)
        for other in sorted(edges.get(name, set()) - {name}):
            visit(other)
        visiting.pop()
        order.append(name)

    for name in sorted(edges):
        visit(name)


@pytest.mark.quick
def test_matplotlib_is_imported_only_in_plots():
    for path in FILES:
        if top_name(path) != "plots":
            assert not any(m.split(".")[0] == "matplotlib" for m in imports_of(path)), path


@pytest.mark.quick
@pytest.mark.parametrize("name", sorted(ONLY_MATH))
def test_schedules_and_scaling_need_only_math(name):
    path = PACKAGE / f"{name}.py"
    if path.exists():
        allowed = {"math", "collections.abc", "typing", "dataclasses", "__future__"}
        assert imports_of(path) <= allowed
