"""Steps along the gradient, each part of it over the root of a running mean of its squares.

Hinton, Coursera lecture 6e, 2012. The constants, and the place of epsilon outside the root, are PyTorch's.
"""

from __future__ import annotations

from circuitgrad.engines.update import Update
from circuitgrad.methods.optimize.first_order import first_order

UPDATE = Update("slope/(sqrt(squares) + 1e-8)", {"squares": "0.99*squares + (1 - 0.99)*slope*slope"})

ALGORITHM = first_order("steps of the gradient over its recent size", UPDATE)
