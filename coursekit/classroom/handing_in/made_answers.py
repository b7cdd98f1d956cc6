"""Answers for a made-up class, taken from what an exercise declares: right ones and mistakes.

Each comes as the text of a cell that stands by itself, as a learner would have written it.
"""

import ast
import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coursekit.classroom.handing_in.cell_parts import bound_names, needed_names
from coursekit.exercises.engine.declare import Exercise

OURS = "coursekit.exercises"


def right_texts(exercise: Exercise) -> list[str]:
    """Return the reference and the accepted answers that can stand by themselves."""
    functions = (exercise.reference, *exercise.accepted)
    return [text for one in functions if (text := _of_function(exercise, one))]


def mistaken_texts(exercise: Exercise) -> dict[str, str]:
    """Return a cell's text for each mistake that can stand by itself, by the mistake's name."""
    declared = _declared_mistakes(_module_of(exercise))
    texts = {}
    for mistake in exercise.mistakes:
        expression = declared.get(mistake.name)
        if expression is not None and (text := _standing_alone(exercise, expression)):
            texts[mistake.name] = text
    return texts


def _of_function(exercise: Exercise, function: Callable[..., Any]) -> str:
    if function.__closure__ or function.__name__ == "<lambda>":
        return ""
    if inspect.getsourcefile(function) != str(_module_of(exercise)):
        return ""
    return _standing_alone(exercise, ast.Name(function.__name__))


def _module_of(exercise: Exercise) -> Path:
    """Return the module in which an exercise is declared, not the one that its parts come from."""
    from coursekit.exercises import banks

    return _declaring(exercise.id, Path(next(iter(banks.__path__))))


@functools.cache
def _declaring(exercise_id: str, folder: Path) -> Path:
    unit = f"unit_{exercise_id[1:3]}_*"
    for path in sorted([*folder.glob(f"{unit}.py"), *folder.glob(f"{unit}/*.py")]):
        if f'id="{exercise_id}"' in path.read_text(encoding="utf-8"):
            return path
    raise ValueError(f"{exercise_id} is declared in no module of {folder}")


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def _whole(path: Path) -> str:
    return ast.unparse(_tree(path))


def _declared_mistakes(path: Path) -> dict[str, ast.expr]:
    """Return the expression that each mistake of a module is declared with."""
    found = {}
    for node in ast.walk(_tree(path)):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if named and node.func.id == "Mistake":  # type: ignore[attr-defined]
            args = [*node.args, *(keyword.value for keyword in node.keywords)]  # type: ignore[attr-defined]
            if len(args) == 3 and isinstance(args[0], ast.Constant):
                found[str(args[0].value)] = args[2]
    return found


def _standing_alone(exercise: Exercise, expression: ast.expr) -> str:
    """Return the text of a cell that binds the exercise's function to an expression of its module.

    Nothing where that needs what a learner has not: another module of the bank, or a library module
    that gives the answer away.
    """
    name = exercise.call.split("(")[0]
    body = _tree(_module_of(exercise)).body
    text = _whole(_module_of(exercise))
    used = {part.id for part in ast.walk(expression) if isinstance(part, ast.Name)}
    parameters = {part.arg for part in ast.walk(expression) if isinstance(part, ast.arg)}
    needed = needed_names(used - parameters, [text])
    kept = [node for node in body if bound_names(node) & needed]
    if any(_not_a_learners(node, exercise) for node in kept):
        return ""
    whole: list[ast.stmt] = list(kept)
    if isinstance(expression, ast.Name):
        whole = [_renamed(node, {expression.id: name}) for node in whole]
        return _text(whole)
    other = {name: f"first_{name}"}  # a helper that has the name which the answer is to have
    whole = [_renamed(node, other) for node in whole]
    value = _renamed(ast.Expr(expression), other).value  # type: ignore[attr-defined]
    if isinstance(value, ast.Lambda):
        function = ast.parse(f"def {name}(): pass").body[0]
        function.args, function.body = value.args, [ast.Return(value.body)]  # type: ignore
        return _text([*whole, function])
    return _text([*whole, ast.Assign([ast.Name(name, ast.Store())], value, lineno=0)])


def _not_a_learners(node: ast.stmt, exercise: Exercise) -> bool:
    modules = []
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or ""]
    elif isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    hidden = (OURS, *exercise.answered_by)
    return any(
        module == one or module.startswith(f"{one}.") for module in modules for one in hidden
    )


def _renamed(node: ast.stmt, names: Mapping[str, str]) -> ast.stmt:
    class Rename(ast.NodeTransformer):
        def visit_Name(self, part: ast.Name) -> ast.Name:
            return ast.Name(names.get(part.id, part.id), part.ctx)

        def visit_FunctionDef(self, part: ast.FunctionDef) -> ast.AST:
            part.name = names.get(part.name, part.name)
            return self.generic_visit(part)

    return Rename().visit(ast.parse(ast.unparse(node)).body[0])


def _text(nodes: list[ast.stmt]) -> str:
    """Return statements as text, without annotations and without the imports that only they use."""
    module = ast.parse("\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in nodes))
    for part in ast.walk(module):
        if isinstance(part, ast.arg):
            part.annotation = None
        elif isinstance(part, ast.FunctionDef):
            part.returns = None
    used = {part.id for part in ast.walk(module) if isinstance(part, ast.Name)}
    kept = [
        node
        for node in module.body
        if not isinstance(node, ast.Import | ast.ImportFrom) or bound_names(node) & used
    ]
    text = ""
    for node in kept:
        gap = "\n\n\n" if isinstance(node, ast.FunctionDef) else "\n"
        text += (gap if text else "") + ast.unparse(node)
    return text
