"""Adam: the running mean of the gradient over the root of that of its squares, both without their bias to 0.

Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1, with its constants.
"""

from __future__ import annotations

from circuitgrad.engines.update import Update
from circuitgrad.methods.optimize.first_order import first_order

UPDATE = Update(
    "means/unbiased/(sqrt(squares/unbiased_squares) + 1e-8)",
    {"means": "0.9*means + (1 - 0.9)*slope", "squares": "0.999*squares + (1 - 0.999)*slope*slope"},
    {"unbiased": "1 - 0.9**count", "unbiased_squares": "1 - 0.999**count"},
)

ALGORITHM = first_order("running means of the gradient over its size", UPDATE)
