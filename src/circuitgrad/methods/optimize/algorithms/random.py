"""The guide's random local search: tries around the start.

Karpathy, "Hacker's guide to Neural Networks", chapter 1, strategy 1.
"""

from __future__ import annotations

from circuitgrad.methods.optimize.random_search import random_search

ALGORITHM = random_search(
    "the best of random points around the start, as in the guide", lambda search, _: search.objective.start
)
