"""Answers that are alike beyond what chance gives: a sign for a person to look at, and no proof.

Two answers are equal here if nothing but names of variables, comments, docstrings, annotations and
formatting tells them apart. How much that says depends on the class: an answer that count of n
people wrote weighs ln(n / count), and one that is published (the solution, an accepted answer of
the bank) weighs nothing. A pair's weights are added up and compared with what the same class gives
when answers are shuffled between people who had the same exercise right, or wrong: a pair is listed
if a shuffled class has one as alike in fewer than 1 of 100.
"""

import ast
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coursekit.classroom.handing_in.cell_text import as_python, parsed

SHUFFLES = 499
LEVEL = 0.01  # of the shuffled classes and this one, how many may have a pair as alike
LONGEST = 100_000  # characters of a cell that is read


@dataclass(frozen=True)
class Pair:
    """Two people whose answers are alike.

    Attributes:
        who: Their ids.
        equal: Exercises with equal answers, published ones left out.
        nobody_else: How many of these nobody else wrote.
        weight: Sum of ln(n / count).
        threshold: What a shuffled class reaches in 1 of 100.
    """

    who: tuple[str, str]
    equal: tuple[str, ...]
    nobody_else: int
    weight: float
    threshold: float


def fingerprint(source: str) -> str:
    """Return a digest of a cell that is equal for cells equal but for names and formatting.

    Nothing for a cell that Python cannot read, or that holds no code.
    """
    tree = parsed(as_python(source)) if len(source) <= LONGEST else None
    if tree is None:
        return ""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef | ast.Module):
            node.body = [one for one in node.body if not _says_nothing(one)]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns, node.type_comment = None, None
        if isinstance(node, ast.arg):
            node.annotation, node.type_comment = None, None
    _order(tree, names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            node.arg = names.get(node.arg, node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            node.name = names.get(node.name, node.name)
    tree.body = [one for one in tree.body if not isinstance(one, ast.Import | ast.ImportFrom)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16] if tree.body else ""


def _says_nothing(node: ast.stmt) -> bool:
    """Say whether a statement is a docstring, a lone constant or `pass`."""
    lone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return lone or isinstance(node, ast.Pass)


def _order(tree: ast.AST, names: dict[str, str]) -> None:
    """Give the names that a cell binds numbers, in the order in which they stand there."""
    bound = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.append((node.lineno, node.col_offset, node.id))
        elif isinstance(node, ast.arg):
            bound.append((node.lineno, node.col_offset, node.arg))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            bound.append((node.lineno, node.col_offset, node.name))
    for _, _, name in sorted(bound):
        names.setdefault(name, f"name{len(names)}")


def alike(
    answers: Mapping[str, Mapping[str, str]],
    right: Mapping[str, Mapping[str, bool]],
    published: Mapping[str, frozenset[str]],
    *,
    seed: int = 0,
) -> list[Pair]:
    """Return the pairs of a class that are alike beyond chance, the most alike first.

    Args:
        answers: Exercise -> student -> fingerprint; "" where there is none.
        right: Exercise -> student -> whether the answer is right: only within these is shuffled,
            since people who know as much write as much alike.
        published: Exercise -> fingerprints that say nothing.
        seed: Of the shuffles.
    """
    students = sorted({one for of in answers.values() for one in of})
    if len(students) < 3:
        return []
    rng = np.random.default_rng(seed)
    columns, weights, strata = [], [], []
    for name, of in answers.items():
        kept = [of.get(one, "") for one in students]
        kept = ["" if mark in published.get(name, ()) else mark for mark in kept]
        count = Counter(filter(None, kept))
        number = {mark: i for i, mark in enumerate(count)}
        columns.append(np.array([number.get(mark, -1) for mark in kept]))
        weights.append(np.array([np.log(len(students) / n) for n in count.values()] or [0.0]))
        strata.append(np.array([right.get(name, {}).get(one, False) for one in students]))
    found = _evidence(columns, weights)
    most = [_evidence(_shuffled(columns, strata, rng), weights).max() for _ in range(SHUFFLES)]
    allowed = int(LEVEL * (SHUFFLES + 1)) - 1  # shuffled classes that may have one as alike
    threshold = float(sorted(most, reverse=True)[allowed])
    pairs = []
    for i, j in zip(*np.nonzero(np.triu(found > threshold + 1e-9, 1)), strict=True):
        same = [
            (name, column)
            for name, column in zip(answers, columns, strict=True)
            if column[i] == column[j] >= 0
        ]
        alone = sum(int((column == column[i]).sum() == 2) for _, column in same)
        names = tuple(name for name, _ in same)
        weight = float(found[i, j])
        pairs.append(Pair((students[i], students[j]), names, alone, weight, threshold))
    return sorted(pairs, key=lambda pair: (-pair.weight, pair.who))


def _evidence(columns: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sum of weights of equal answers, for each two people; 0 on the diagonal."""
    total = np.zeros((len(columns[0]), len(columns[0])))
    for column, weight in zip(columns, weights, strict=True):
        equal = (column[:, None] == column[None, :]) & (column >= 0)[:, None]
        total += equal * weight[column][:, None]
    np.fill_diagonal(total, 0.0)
    return total


def _shuffled(
    columns: Sequence[np.ndarray], strata: Sequence[np.ndarray], rng: np.random.Generator
) -> list[np.ndarray]:
    mixed = []
    for column, stratum in zip(columns, strata, strict=True):
        new = column.copy()
        for value in (False, True):
            place = np.nonzero((stratum == value) & (column >= 0))[0]
            new[place] = column[rng.permutation(place)]
        mixed.append(new)
    return mixed
