"""Boxes in boxes, for the graph languages that write them as blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from circuitgrad.report.drawing.model import Drawing, DrawingNode


def nested(
    drawing: Drawing, write: Callable[[int, DrawingNode], str], opening: Callable[[int, str], str], closing: str
) -> Iterator[tuple[int, str]]:
    """Yield the lines of nodes with their depths; those in a box stand between its opening and its closing.

    Args:
        drawing: the drawing.
        write: returns the line of a node, given its position.
        opening: returns the line that opens a box, given its number.
        closing: the line that closes a box.
    """
    inside: dict[str, list[tuple[int, DrawingNode]]] = {}
    for position, node in enumerate(drawing.nodes):
        inside.setdefault(node.boxes[-1] if node.boxes else "", []).append((position, node))
    numbers = {name: number for number, name in enumerate(drawing.boxes)}
    within: dict[str, list[str]] = {}
    for name in drawing.boxes:
        outer = max((box for box in drawing.boxes if name.startswith(f"{box}.")), key=len, default="")
        within.setdefault(outer, []).append(name)

    def block(name: str, depth: int) -> Iterator[tuple[int, str]]:
        for position, node in inside.get(name, []):
            yield depth, write(position, node)
        for inner in within.get(name, []):
            yield depth, opening(numbers[inner], inner)
            yield from block(inner, depth + 1)
            yield depth, closing

    return block("", 0)
