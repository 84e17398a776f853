"""The gradient step of the guide: every input moves by the learning rate times its derivative.

Karpathy, "Hacker's guide to Neural Networks", chapter 1, strategy 3.
"""

from __future__ import annotations

from circuitgrad.engines.update import Update
from circuitgrad.methods.optimize.first_order import first_order

UPDATE = Update("slope")

ALGORITHM = first_order("steps along the gradient, as in the guide", UPDATE, {"line_search"})
