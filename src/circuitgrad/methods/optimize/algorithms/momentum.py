"""Gradient steps that keep a share of their speed: a decaying sum of gradients.

Polyak, "Some methods of speeding up the convergence of iteration methods", 1964. The sum has no factor before the
gradient, as in PyTorch's SGD.
"""

from __future__ import annotations

from circuitgrad.engines.update import Update
from circuitgrad.methods.optimize.first_order import first_order

UPDATE = Update("velocity", {"velocity": "momentum*velocity + slope"})

ALGORITHM = first_order("steps along a decaying sum of gradients", UPDATE, {"momentum"})
