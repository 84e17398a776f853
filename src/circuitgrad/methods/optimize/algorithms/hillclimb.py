"""Random local search that moves on from the best point so far."""

from __future__ import annotations

from circuitgrad.methods.optimize.random_search import random_search

ALGORITHM = random_search("random moves from the best point so far", lambda _, best: best)
