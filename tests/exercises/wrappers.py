"""One-line wrappers around a public answer, as somebody tries who has not read the new task.

`earned_by_wrapper` says what each of them earns in a changed exercise. A wrapper acts on the
result ("minus", "times batch_size", "sorted", "argmax") or on one argument ("doubled",
"transposed"), or exchanges two arguments. It knows nothing of the exercise.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import as_array, plain
from coursekit.exercises.engine.points import earned
from coursekit.exercises.engine.verdict import CaseResult, Outcome

OF_NUMBERS: dict[str, Callable[[np.ndarray], Any]] = {
    "as it is": lambda v: v,
    "minus": lambda v: -v,
    "inverse": lambda v: 1 / v,
    "square": lambda v: v**2,
    "root": lambda v: np.sqrt(v),
    "absolute": lambda v: abs(v),
    "logarithm": lambda v: np.log(v),
    "log2": lambda v: np.log2(v),
    "log10": lambda v: np.log10(v),
    "exponential": lambda v: np.exp(v),
    "1 - x": lambda v: 1 - v,
    "1 + x": lambda v: 1 + v,
    "x - 1": lambda v: v - 1,
    "twice": lambda v: 2 * v,
    "half": lambda v: v / 2,
    "a quarter": lambda v: v / 4,
    "fourfold": lambda v: 4 * v,
    "per cent": lambda v: 100 * v,
    "hundredth": lambda v: v / 100,
    "thousandths": lambda v: 1000 * v,
    "thousandth": lambda v: v / 1000,
    "rounded": np.round,
    "rounded up": np.ceil,
    "rounded down": np.floor,
    "sign": np.sign,
    "at least 0": lambda v: np.maximum(v, 0),
    "at least 1": lambda v: np.maximum(v, 1),
    "at most 1": lambda v: np.minimum(v, 1),
    "above 0": lambda v: [bool(one) for one in v] if v.ndim else bool(v > 0),
    "below 1": lambda v: bool(v < 1),
    "sum": np.sum,
    "mean": np.mean,
    "product": np.prod,
    "largest": np.max,
    "smallest": np.min,
    "median": np.median,
    "deviation": lambda v: np.std(v, ddof=1),
    "variance": lambda v: np.var(v, ddof=1),
    "spread": np.ptp,
    "length": lambda v: np.sqrt((v**2).sum()),
    "squared length": lambda v: (v**2).sum(),
    "how many": lambda v: len(v),
    "place of the largest": np.argmax,
    "place of the smallest": np.argmin,
    "first": lambda v: v[0],
    "second": lambda v: v[1],
    "last": lambda v: v[-1],
    "all but the first": lambda v: v[1:],
    "all but the last": lambda v: v[:-1],
    "first over last": lambda v: v[0] / v[-1],
    "last over first": lambda v: v[-1] / v[0],
    "first minus last": lambda v: v[0] - v[-1],
    "last minus first": lambda v: v[-1] - v[0],
    "first column": lambda v: v[:, 0],
    "last column": lambda v: v[:, -1],
    "reversed": lambda v: v[::-1],
    "rows reversed": lambda v: v[:, ::-1],
    "transposed": lambda v: v.T,
    "sorted": lambda v: np.sort(v, axis=0),
    "sorted down": lambda v: np.sort(v, axis=0)[::-1],
    "order": lambda v: np.argsort(v, axis=0),
    "flat": np.ravel,
    "cumulative sum": lambda v: np.cumsum(v, axis=0),
    "cumulative mean": lambda v: np.cumsum(v, axis=0) / np.arange(1, len(v) + 1),
    "differences": lambda v: np.diff(v, axis=0),
    "row sums": lambda v: v.sum(axis=1),
    "column sums": lambda v: v.sum(axis=0),
    "row means": lambda v: v.mean(axis=1),
    "column means": lambda v: v.mean(axis=0),
    "shares": lambda v: v / v.sum(),
    "over the largest": lambda v: v / v.max(),
    "over the first": lambda v: v / v[0],
    "centred": lambda v: v - v.mean(axis=0),
    "of length one": lambda v: v / np.sqrt((v**2).sum()),
    "twice over": lambda v: np.concatenate([v, v]),
    "in a list": lambda v: [v],
}
WITH_A_NUMBER: dict[str, Callable[[np.ndarray, float], Any]] = {
    "times": lambda v, a: v * a,
    "over": lambda v, a: v / a,
    "into": lambda v, a: a / v,
    "plus": lambda v, a: v + a,
    "minus": lambda v, a: v - a,
    "taken from": lambda v, a: a - v,
    "times the square of": lambda v, a: v * a**2,
    "over the square of": lambda v, a: v / a**2,
    "times the root of": lambda v, a: v * np.sqrt(a),
    "over the root of": lambda v, a: v / np.sqrt(a),
    "times one less than, over": lambda v, a: v * (a - 1) / a,
    "times over one less than": lambda v, a: v * a / (a - 1),
}
OF_AN_ARGUMENT: dict[str, Callable[[Any], Any]] = {
    "minus": lambda a: -a,
    "doubled": lambda a: 2 * a,
    "halved": lambda a: a / 2,
    "squared": lambda a: a**2,
    "root": lambda a: a**0.5,
    "inverse": lambda a: 1 / a,
    "1 - x": lambda a: 1 - a,
    "in per cent": lambda a: 100 * a,
    "from per cent": lambda a: a / 100,
    "one more": lambda a: a + 1,
    "one less": lambda a: a - 1,
    "logarithm": lambda a: np.log(a),
    "opposite": lambda a: not a,
    "transposed": lambda a: np.ascontiguousarray(np.swapaxes(a, -1, -2)),
    "first axes exchanged": lambda a: np.ascontiguousarray(np.swapaxes(a, 0, 1)),
    "reversed": lambda a: a[::-1],
    "sorted": lambda a: np.sort(a, axis=0) if isinstance(a, np.ndarray) else sorted(a),
    "without the first": lambda a: a[1:],
    "without the last": lambda a: a[:-1],
    "twice over": lambda a: np.concatenate([a, a]) if isinstance(a, np.ndarray) else a + a,
    "centred": lambda a: a - a.mean(axis=0),
    "cumulative sum": lambda a: np.cumsum(a, axis=0),
    "differences": lambda a: np.diff(a, axis=0),
    "shares": lambda a: np.asarray(a) / np.sum(a),
}
TO_A_GRADIENT: dict[str, Callable[[torch.Tensor, Any], Any]] = {
    "minus": lambda grad, n: grad.mul_(-1),
    "twice": lambda grad, n: grad.mul_(2),
    "half": lambda grad, n: grad.div_(2),
    "times the pieces": lambda grad, n: grad.mul_(n),
    "over the pieces": lambda grad, n: grad.div_(n),
    "of length one": lambda grad, n: grad.div_(grad.norm()),
    "sign": lambda grad, n: grad.sign_(),
    "square": lambda grad, n: grad.pow_(2),
    "nothing": lambda grad, n: grad.zero_(),
}


def numbers_of(names: list[str], args: tuple[Any, ...]) -> Iterator[tuple[str, float]]:
    """Give every number that a call shows at once: an argument, a length, a sum."""
    for name, value in zip(names, args, strict=False):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield name, float(value)
        elif isinstance(value, list | np.ndarray):
            for i, size in enumerate(np.shape(value) if as_array(value) is not None else ()):
                yield f"axis {i} of {name}", float(size)
            if isinstance(value, list):
                yield f"length of {name}", float(len(value))
            array = as_array(value)
            if array is not None and array.ndim == 1 and array.size:
                yield f"sum of {name}", float(array.sum())
                yield f"first of {name}", float(array[0])
                yield f"last of {name}", float(array[-1])
                yield f"largest of {name}", float(array.max())


Answer = Callable[..., Any]  # (exercise's adapter, plain arguments) -> plain result


def wrappers(public: Exercise, changed: Exercise) -> Iterator[tuple[str, Callable[[Case], Any]]]:
    """Give each wrapper by name: from a case of the changed exercise to its plain result."""
    names, ours = public.parameters, changed.parameters
    skip = 0 if changed.run != "linear_steps" else 1  # the optimizer's rate comes with the weights

    def asked(args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Pick the public arguments by name; in their place where the release renames them."""
        if len(args) != len(ours) + skip or names == ours:
            return args[: len(names) + skip]
        by_name = dict(zip(ours, args, strict=True))
        return tuple(by_name.get(n, args[min(i, len(args) - 1)]) for i, n in enumerate(names))

    def value(args: tuple[Any, ...], answer: Callable[..., Any] = public.reference) -> Any:
        return ONCE[public.run](answer, *args)

    for out, function in OF_NUMBERS.items():
        yield out, lambda case, f=function: plain(f(np.asarray(value(asked(case.args)))))
    for n, (place, _) in enumerate(numbers_of(ours, changed.by_hand[0].args)):
        for out, with_number in WITH_A_NUMBER.items():

            def combined(case: Case, n: int = n, f: Any = with_number) -> Any:
                number = list(numbers_of(ours, case.args))[n][1]
                return plain(f(np.asarray(value(asked(case.args))), number))

            yield f"{out} {place}", combined
    for i, name in enumerate(names):
        for out, function in OF_AN_ARGUMENT.items():

            def with_argument(case: Case, i: int = i, f: Any = function) -> Any:
                args = list(asked(case.args))
                listed = isinstance(args[i], list) and as_array(args[i]) is not None
                made = f(np.asarray(args[i]) if listed else args[i])
                args[i] = made.tolist() if listed and isinstance(made, np.ndarray) else made
                return value(tuple(args))

            yield f"{name} {out}", with_argument
        for j in range(i):

            def exchanged(case: Case, i: int = i, j: int = j) -> Any:
                args = list(asked(case.args))
                args[i], args[j] = args[j], args[i]
                return value(tuple(args))

            yield f"{name} and {names[j]} exchanged", exchanged
    if public.run in ("linear_grad", "linear_steps"):
        for out, on_grad in TO_A_GRADIENT.items():

            def moved(model: Any, *args: Any, f: Any = on_grad) -> Any:
                pieces = next(len(a) for a in args if isinstance(a, list))
                result = public.reference(model, *args)
                for param in model.parameters():
                    f(param.grad, pieces)
                return result

            yield f"gradient {out}", lambda case, a=moved: value(asked(case.args), a)


def earned_by_wrapper(
    public: Exercise, changed: Exercise, *, seed: int = 5, draws: int = 1
) -> dict[str, float]:
    """Return what each wrapper around the public answer earns in a changed exercise, if anything.

    Judged as marks are: on random cases alone.
    """
    rng = np.random.default_rng(seed)
    cases = [case for _ in range(draws) for case in changed.draw(rng)]
    found: dict[str, float] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        wanted = [ONCE[changed.run](changed.reference, *case.args) for case in cases]
        for name, wrapped in wrappers(public, changed):
            results, lost = [], set()
            for case, want in zip(cases, wanted, strict=True):
                if case.group in lost:
                    continue
                try:
                    outcome = Outcome("value", wrapped(case))
                    right = bool(changed.same(outcome.value, want))
                except Exception as error:  # a wrapper that does not fit these data
                    outcome, right = Outcome("raised", detail=type(error).__name__), False
                results.append(CaseResult(case, outcome, want, right, False))
                if not right:
                    lost.add(case.group)
            score = earned(changed, set(changed.points) - lost, results)
            if score > 0 and math.isfinite(score):
                found[name] = max(found.get(name, 0.0), score)
    return found


def share_lost(public: Exercise, variants: list[Exercise], **how: Any) -> tuple[float, float]:
    """Return the points that the best wrapper of each variant earns, and the points there are."""
    best = [max(earned_by_wrapper(public, one, **how).values(), default=0.0) for one in variants]
    return sum(best), sum(one.max_score for one in variants)
