"""Gradient steps that keep a share of their speed."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import FIRST_ORDER, Algorithm, Search


def run(search: Search) -> None:
    """Go along a decaying sum of gradients (Polyak, "Some methods of speeding up the convergence", 1964).

    The sum has no factor before the gradient, as in PyTorch's SGD.
    """
    share = search.experiment.momentum or 0.0
    point = search.point
    velocity = search.memory.get("velocity", [0.0] * len(point))
    while True:
        velocity = [share * v + g for v, g in zip(velocity, search.gradient(point), strict=True)]
        point = search.step(point, velocity, velocity=velocity)


ALGORITHM = Algorithm("steps along a decaying sum of gradients", run, FIRST_ORDER | {"momentum"})
