"""The layers of docs/decisions/001: a module imports only from rows below its own, or beside it."""

import ast
import functools
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "coursekit"

LAYERS = (  # top to bottom; a name is a package or a flat module of coursekit
    (
        "people",
        {
            "cli",
            "cli_teaching",
            "commands",
            "classroom",
            "interview",
            "explorers",
            "progress",
            "notebook",
            "site",
        },
    ),
    ("teaching", {"exercises", "claims", "plots"}),
    ("running", {"experiments", "replicas", "train", "integrations"}),
    ("measuring", {"noise", "curvature", "gradients", "toy", "hardware"}),
    ("ground", {"data", "models", "device", "intervals"}),
    ("system", {"bootstrap", "storage", "languages"}),  # the standard library alone
)
MOST_FLAT = 8  # modules that lie in no package
LEVEL = {name: len(LAYERS) - i for i, (_, names) in enumerate(LAYERS) for name in names}
ONLY_MATH = {"train/scaling.py", "train/schedules.py"}


def top_name(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
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
    return frozenset(found)


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
def test_modules_import_without_circles():
    edges = {}
    for path in FILES:
        name = ".".join(("coursekit", *path.relative_to(PACKAGE).with_suffix("").parts))
        edges[name.removesuffix(".__init__")] = {
            m for m in imports_of(path) if m.startswith("coursekit.")
        }
    done, visiting = set(), []

    def visit(name):
        assert name not in visiting, f"circle: {' -> '.join([*visiting, name])}"
        if name in done:
            return
        visiting.append(name)
        for other in sorted(edges.get(name, set()) - {name}):
            visit(other)
        visiting.pop()
        done.add(name)

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
    allowed = {"math", "collections.abc", "functools", "typing", "dataclasses", "__future__"}
    assert imports_of(PACKAGE / name) <= allowed


@pytest.mark.quick
def test_few_modules_lie_flat():
    flat = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert len(flat) <= MOST_FLAT, f"move one of {sorted(flat)} into a package"


FACES = sorted(
    path.parent.name
    for path in PACKAGE.glob("*/__init__.py")
    if path.parent.name in LEVEL and LEVEL[path.parent.name] in range(2, 5)
)


def test_every_package_opens_with_a_question_or_says_what_it_holds():
    for path in PACKAGE.rglob("__init__.py"):
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()
        assert first, path
        assert first[0].rstrip().endswith(("?", ".", ":")), path


@pytest.mark.quick
@pytest.mark.parametrize("name", FACES)
def test_a_face_reexports_exactly_what_it_lists_and_defines_nothing(name):
    tree = ast.parse((PACKAGE / name / "__init__.py").read_text())
    imported, listed = set(), set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            assert [t.id for t in node.targets if isinstance(t, ast.Name)] == ["__all__"]
            listed = set(ast.literal_eval(node.value))
        else:
            assert isinstance(node, ast.Expr), f"{name}/__init__.py defines something"
    assert imported == listed


@pytest.mark.quick
def test_nobody_outside_the_library_imports_private_modules():
    """Tests look inside, and benchmarks time the parts; what readers copy from must not."""
    root = PACKAGE.parent
    outside = [*root.glob("solutions/*.py"), *root.glob("docs/**/*.py")]
    teaching = [p for p in FILES if LEVEL.get(top_name(p), 0) >= 5]
    for path in (*outside, *teaching):
        for module in imports_of(path):
            private = [part for part in module.split(".") if part.startswith("_")]
            own = module.split(".")[1:2] == [top_name(path)] if path in FILES else False
            assert own or not private or module == "__future__", f"{path} imports {module}"


@pytest.mark.quick
def test_no_two_test_files_share_a_name():
    """Pytest imports them by name alone, and would refuse to collect the whole suite."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


@pytest.mark.quick
def test_no_module_is_longer_than_300_lines():
    long = {str(p.relative_to(PACKAGE)): len(p.read_text().splitlines()) for p in FILES}
    assert {name: count for name, count in long.items() if count > 300} == {}
