"""Measure how batch size shapes SGD: the library behind the course of the same name.

Importing this package imports nothing heavy. Take what you need from its modules:
``coursekit.gradients``, ``coursekit.noise``, ``coursekit.curvature``, ``coursekit.sharpness``.
"""

__version__ = "0.1.0"
