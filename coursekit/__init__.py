"""Measure how batch size shapes SGD: the library behind the course of the same name.

Importing this package imports nothing heavy. Each package opens with the question it answers:

measuring    `gradients`, `curvature`, `noise`: of your own model; `toy`: where everything is known
running      `models`, `data`, `train`, `replicas` (many runs at once), `experiments`
teaching     `exercises`, `claims` (what people say, measured), `plots`
for people   `explorers`, `interview`, `classroom`, `commands`

docs/library.md says where to find what you want to do.
"""

__version__ = "0.1.0"
