"""Inside the sandbox: what stands for figures, for the course's own windows and for what is hidden.

A cell that draws should run on, whatever it does with its figures. What gives an answer away raises
when it is called.
"""

import dis
import importlib.abc
import importlib.machinery
import itertools
import sys
import types
from collections.abc import Iterator, Sequence
from typing import Any

DRAWING = frozenset(
    ("matplotlib", "mpl_toolkits", "seaborn", "plotly", "IPython", "ipywidgets", "pylab")
)
TUPLE_OF_FIGURE_AND_AXES = ("matplotlib.pyplot.subplots", "pylab.subplots")
UNPACK, UNPACK_REST = dis.opmap["UNPACK_SEQUENCE"], dis.opmap["UNPACK_EX"]


class StandIn:
    """Stands for something that is not in the sandbox: swallows every use, and does nothing.

    It can be called, indexed, unpacked into any number of names, calculated with, entered, derived
    from. As a number it is 1, as text it is empty.
    """

    def __init__(self, name: str, *, hidden: bool) -> None:
        self.__name__ = self.__qualname__ = name
        self._hidden = hidden

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do nothing; raise if this would be an answer; give a decorated function back."""
        if self._hidden:
            raise RuntimeError(f"{self.__name__} is not there while marks are given")
        last = self.__name__.rpartition(".")[2]
        if last == "mine_or_library" and len(args) > 1:
            return args[1]
        if last == "subplots":
            axes = _axes(self, *args, **kwargs)
            return (self, axes) if self.__name__ in TUPLE_OF_FIGURE_AND_AXES else axes
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType | type):
            return args[0]
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}", hidden=self._hidden)

    def __iter__(self) -> Iterator[Any]:
        """Give as many as the caller has names for: `fig, (a, b) = ...`, `line, = ...`."""
        return itertools.repeat(self, _names_to_fill(sys._getframe(1)))

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        """Forget it."""

    def __delitem__(self, key: Any) -> None:
        """Do nothing."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def __contains__(self, key: Any) -> bool:
        return False

    def __len__(self) -> int:
        return 1

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return id(self)

    def __format__(self, how: str) -> str:
        return ""

    def __str__(self) -> str:
        return ""

    def __int__(self) -> int:
        return 1

    __index__ = __int__

    def __float__(self) -> float:
        return 1.0

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        import numpy as np

        return np.ones(())

    def __eq__(self, other: object) -> bool:
        return self is other

    def __lt__(self, other: Any) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def _same(self, *others: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _same
    __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = _same
    __rpow__ = __matmul__ = __rmatmul__ = __and__ = __rand__ = __or__ = __ror__ = _same
    __neg__ = __pos__ = __abs__ = __invert__ = __round__ = _same


def _names_to_fill(frame: Any) -> int:
    """Return how many values the statement that iterates takes apart; 2 if it only walks."""
    code, at = frame.f_code.co_code, frame.f_lasti
    if code[at] == UNPACK:
        return int(code[at + 1])
    if code[at] == UNPACK_REST:  # first, *rest = ...: the number after the star lies one byte up
        after = code[at - 1] if at >= 2 and code[at - 2] == dis.EXTENDED_ARG else 0
        return int(code[at + 1]) + int(after) + 1
    return 2


def _axes(one: StandIn, nrows: Any = 1, ncols: Any = 1, *rest: Any, **more: Any) -> Any:
    """Return axes in the shape in which `plt.subplots` returns them."""
    import numpy as np

    try:
        axes = np.full((int(nrows), int(ncols)), None, dtype=object)
    except (TypeError, ValueError):
        return one
    for place in np.ndindex(axes.shape):
        axes[place] = StandIn("axes", hidden=False)
    if not more.get("squeeze", True):
        return axes
    return axes.item() if axes.size == 1 else axes.squeeze()


class StandInModule(types.ModuleType):
    """A module of which every name is a stand-in."""

    _hidden = False

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return []
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}", hidden=self._hidden)


class StandInFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds stand-ins for modules of coursekit that are not here, and for drawing libraries."""

    def __init__(self, hidden: Sequence[str]) -> None:
        self.hidden = tuple(hidden)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec for a stand-in, or None for a module that is not ours to replace."""
        top = name.split(".")[0]
        if top in DRAWING or (top == "coursekit" and not self._is_here(name, path)):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def _is_here(self, name: str, path: Any) -> bool:
        return importlib.machinery.PathFinder.find_spec(name, path) is not None

    def create_module(self, spec: Any) -> types.ModuleType:
        """Return the stand-in."""
        module = StandInModule(spec.name)
        near = (spec.name, spec.name.rpartition(".")[0])
        module._hidden = any(name in self.hidden for name in near)
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Leave it empty."""


def install_stand_ins(hidden: Sequence[str]) -> None:
    """Put stand-ins in the way of imports that would fail, or draw."""
    if not any(isinstance(finder, StandInFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, StandInFinder(hidden))


class Notebook(StandIn):
    """`get_ipython()`: runs what `%time` times, writes what `%%writefile` writes, no more."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        super().__init__("get_ipython", hidden=False)
        self._namespace = namespace

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return itself."""
        return self

    def run_line_magic(self, name: str, line: str = "", *rest: Any, **more: Any) -> Any:
        """Run `%time ...` and `%prun ...`; any other magic does nothing."""
        if name not in ("time", "prun"):
            return StandIn(name, hidden=False)
        try:
            code = compile(line, "cell magic", "eval")
        except SyntaxError:
            exec(compile(line, "cell magic", "exec"), self._namespace)
            return None
        return eval(code, self._namespace)

    def run_cell_magic(self, name: str, line: str = "", cell: str = "", *rest: Any) -> None:
        """Write a file, as `%%writefile` does."""
        words = line.split()
        if name in ("writefile", "file") and words:
            with open(words[-1], "a" if "-a" in words else "w", encoding="utf-8") as file:
                file.write(cell)

    def system(self, *args: Any) -> None:
        """Run no command."""
