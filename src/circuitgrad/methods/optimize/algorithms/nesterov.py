"""Momentum that looks a step ahead: along the gradient and the momentum that it leaves.

Nesterov, 1983, in the form of Sutskever et al., "On the importance of initialization and momentum in deep learning",
2013, with the point ahead as the iterate: PyTorch's SGD with nesterov=True.
"""

from __future__ import annotations

from circuitgrad.engines.update import Update
from circuitgrad.methods.optimize.first_order import first_order

UPDATE = Update("slope + momentum*velocity", {"velocity": "momentum*velocity + slope"})

ALGORITHM = first_order("momentum that looks one step ahead", UPDATE, {"momentum"})
