"""Whether widgets can live here."""

import os
from importlib.util import find_spec

from coursekit.device import size


def interactive() -> bool:
    """Return True in a notebook with ipywidgets and anywidget, outside grading and tests.

    ``COURSEKIT_WIDGETS=0`` asks for the static forms: for pages that are read without a kernel.
    """
    if os.environ.get("COURSEKIT_WIDGETS") == "0" or size() == "tiny":
        return False
    if not all(map(find_spec, ("ipywidgets", "anywidget", "IPython"))):
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def show_html(markup: str, text: str) -> None:
    """Show markup in a notebook; print ``text`` in a plain script."""
    if find_spec("IPython") is not None:
        from IPython import get_ipython
        from IPython.display import HTML, display

        if get_ipython() is not None:
            display(HTML(markup))
            return
    print(text)
