"""Whether widgets can live here."""

from importlib.util import find_spec

from coursekit.device import size


def interactive() -> bool:
    """Return True in a notebook with ipywidgets and anywidget, outside grading and tests."""
    if size() == "tiny" or not all(map(find_spec, ("ipywidgets", "anywidget", "IPython"))):
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
