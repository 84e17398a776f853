"""Circuits to lay out, and what is asked of a layout."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import circuitgrad
from circuitgrad.report.drawing.layout import RADIUS, Rectangle, sampled
from language.programs import programs
from program import CIRCUITS
from random_circuits import plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis import strategies as st

    from circuitgrad.report.drawing.layout import DrawingLayout
    from circuitgrad.report.drawing.model import Drawing

EXAMPLES = sorted(CIRCUITS.glob("*.yaml"))
ROUNDING = 0.02
"""The layout has whole hundredths of a point."""


def texts() -> st.SearchStrategy[str]:
    """Draw circuit files: gates alone, and those with definitions, formulas and families."""
    return plans().map(lambda plan: plan.text) | programs().map(lambda program: program.text)


def circuit(text: str) -> circuitgrad.Circuit:
    return circuitgrad.loads(text)


def shrunk(area: Rectangle) -> Rectangle:
    return Rectangle(area.left + ROUNDING, area.top + ROUNDING, area.right - ROUNDING, area.bottom - ROUNDING)


def written(layout: DrawingLayout) -> Iterator[tuple[str, Rectangle]]:
    """Yield what must not overlap: shapes, numbers, captions, titles of boxes."""
    for index, spot in enumerate(layout.spots):
        parts = {"shape": spot.shape, "value": spot.value, "gradient": spot.gradient, "caption": spot.caption}
        for name, area in parts.items():
            if area is not None:
                yield f"{name} {index}", shrunk(area)
    for frame in layout.frames:
        yield f"title {frame.name}", shrunk(frame.title)


def overlaps(layout: DrawingLayout) -> list[tuple[str, str]]:
    """Return the pairs that overlap."""
    return [
        (name, other_name)
        for (name, area), (other_name, other_area) in combinations(written(layout), 2)
        if meet(area, other_area)
    ]


def meet(first: Rectangle, second: Rectangle) -> bool:
    """Tell whether two rectangles have a point in common that is not on their borders."""
    return (
        first.left < second.right
        and second.left < first.right
        and first.top < second.bottom
        and second.top < first.bottom
    )


def outside(layout: DrawingLayout) -> list[str]:
    """Return what does not lie within the picture."""
    picture = Rectangle(0, 0, layout.width, layout.height)
    areas = [*written(layout), *((frame.name, frame.area) for frame in layout.frames)]
    return [
        name
        for name, area in areas
        if area.left < picture.left
        or area.top < picture.top
        or area.right > picture.right
        or area.bottom > picture.bottom
    ]


def backward_wires(drawing: Drawing, layout: DrawingLayout) -> list[int]:
    """Return the segments that do not run from left to right."""
    return [
        index
        for index, segment in enumerate(drawing.segments)
        if layout.spots[segment.source].area.right > layout.spots[segment.target].area.left + ROUNDING
    ]


def misplaced_ends(drawing: Drawing, layout: DrawingLayout) -> list[int]:
    """Return the segments that do not lead from the shape of their source to that of their target."""
    misplaced = []
    for index, (segment, course) in enumerate(zip(drawing.segments, layout.courses, strict=True)):
        source, target = layout.spots[segment.source], layout.spots[segment.target].shape
        (x, y) = course[-1]
        middle = (target.top + target.bottom) / 2
        # The left end of a shape is half a circle.
        apart = ((x - target.left - RADIUS) ** 2 + (y - middle) ** 2) ** 0.5
        if course[0] != source.start or abs(apart - RADIUS) > ROUNDING or x > target.left + RADIUS:
            misplaced.append(index)
    return misplaced


def crossed(drawing: Drawing, layout: DrawingLayout) -> list[str]:
    """Return the shapes that a wire crosses which neither leaves nor enters them."""
    shapes = []
    for segment, course in zip(drawing.segments, layout.courses, strict=True):
        points = sampled(course)
        for index, spot in enumerate(layout.spots):
            if index in (segment.source, segment.target):
                continue
            shape = spot.shape
            if any(shape.left < x < shape.right and shape.top + 4 < y < shape.bottom - 4 for x, y in points):
                shapes.append(f"{drawing.nodes[segment.source].key} → {drawing.nodes[segment.target].key} × {index}")
    return shapes
