"""The gradient step of the guide: every input moves by the step size times its derivative.

Karpathy, "Hacker's guide to Neural Networks", chapter 1, strategy 3.
"""

from __future__ import annotations

from circuitgrad.engines.update import Update
from circuitgrad.methods.optimize.walking import walking

UPDATE = Update("slope")

ALGORITHM = walking("steps along the gradient, as in the guide", UPDATE, {"line_search"})
