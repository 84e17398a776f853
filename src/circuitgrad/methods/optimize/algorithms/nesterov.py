"""Momentum that looks one step ahead."""

from __future__ import annotations

from circuitgrad.methods.optimize.search import FIRST_ORDER, Algorithm, Search


def run(search: Search) -> None:
    """Go along the gradient and the momentum that it leaves (Nesterov, 1983).

    In the form of Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013, with the
    point ahead as the one that is kept: PyTorch's SGD with nesterov=True.
    """
    share = search.experiment.momentum or 0.0
    point = search.point
    velocity = search.memory.get("velocity", [0.0] * len(point))
    while True:
        gradient = search.gradient(point)
        velocity = [share * v + g for v, g in zip(velocity, gradient, strict=True)]
        ahead = [g + share * v for g, v in zip(gradient, velocity, strict=True)]
        point = search.step(point, ahead, velocity=velocity)


ALGORITHM = Algorithm("momentum that looks one step ahead", run, FIRST_ORDER | {"momentum"})
