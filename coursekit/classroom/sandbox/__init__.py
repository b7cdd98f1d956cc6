"""How does a stranger's code run without harm? In a process behind walls that proves them."""
