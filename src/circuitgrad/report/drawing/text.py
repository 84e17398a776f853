"""A drawing in characters: a picture from left to right where it fits, else a tree with one line for each gate.

A gate whose wire goes to several places is drawn once; elsewhere its name stands, with an arrow. Values are above the
wires and green, gradients below them and red.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from circuitgrad.errors import columns, visible
from circuitgrad.report.drawing.model import INPUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.report.drawing.model import Drawing, DrawingNode

    StyledText: TypeAlias = tuple[str, str]
    StyledLine: TypeAlias = list[StyledText]

VALUE, GRADIENT, FAINT, OUTPUT = "green", "red", "dim", "bold"
"""The styles of texts."""
MOST_ENDS, MOST_LEVELS = 40, 30
"""How many ends of wires a picture has at most under one another, and how many gates after one another."""
GAP = 4
"""The blanks between the columns of a picture."""
AGAIN = "↑"
LEAST_ROOM = 24
"""The columns that a tree has for names, at least."""
FIXED = "*"
ASCII = str.maketrans(
    {
        "─": "-", "│": "|", "┐": ".", "┘": "'", "├": "+", "┤": "+", "┼": "+", "┬": "+", "┴": "+", "└": "`", "▶": ">",
        "↑": "^", "×": "*", "÷": "/", "−": "-", "²": "^2", "√": "sqrt", "∛": "cbrt", "σ": "sigmoid", "≤": "<=",
        "≥": ">=", "≠": "!=", "·": "_", "…": "~",
    }
)  # fmt: skip
"""Replacements for terminals that have ASCII only."""


class _Branch(NamedTuple):
    """A node where it is drawn in a tree.

    Attributes:
        node: its position.
        again: whether it is drawn elsewhere, and only named here.
        operands: the branches of its operands.
    """

    node: int
    again: bool
    operands: Sequence[_Branch]


def text(drawing: Drawing, width: int = 80, *, ascii_only: bool = False) -> str:
    """Return the drawing as plain text, in lines of that width.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.report.drawing.model import drawing
    >>> print(text(drawing(from_expression("a*b", a=2, b=3))), end="")
      2
    a ───┐        6
      3  ├─ × out ─▶
      3  │        1
    b ───┘
      2
    """
    drawn = lines(drawing, width, ascii_only=ascii_only)
    return "".join(f"{''.join(piece for piece, _ in line).rstrip()}\n" for line in drawn)


def lines(drawing: Drawing, width: int, *, ascii_only: bool = False) -> list[StyledLine]:
    """Return the drawing as lines of texts with their styles.

    Args:
        drawing: the drawing.
        width: how many columns there are.
        ascii_only: use no characters but those of ASCII, as far as names have none.
    """
    named = _named(drawing)
    if ascii_only:
        named = [(left.translate(ASCII), right.translate(ASCII)) for left, right in named]
    drawn = _picture(drawing, named, width) or list(_tree(drawing, named, width))
    if ascii_only:
        return [[(piece.translate(ASCII), style) for piece, style in line] for line in drawn]
    return drawn


def _named(drawing: Drawing) -> list[StyledText]:
    """Return, per node, its name where it is drawn, and where it is named again."""
    consumers = drawing.consumers()
    names = []
    for node, leaving in zip(drawing.nodes, consumers, strict=True):
        shown = visible(node.text)
        if node.kind == INPUT:
            shown += FIXED * node.fixed
            names.append((shown, shown))
            continue
        several = len({drawing.segments[index].target for index in leaving}) > 1 and node.key != node.text
        caption = visible(node.key if several and not node.caption else node.caption)
        names.append((f"{shown} {caption}".rstrip(), f"{visible(node.key)} {AGAIN}"))
    return names


def _roots(drawing: Drawing) -> list[int]:
    """Return the nodes that lead nowhere; where all nodes lead to others, the last node."""
    consumers = drawing.consumers()
    roots = [position for position, leaving in enumerate(consumers) if not leaving]
    return roots or [len(drawing.nodes) - 1]


def _branches(drawing: Drawing) -> list[_Branch] | None:
    """Return the trees of a drawing, or None where they are too deep or too many for a picture."""
    entering, done = drawing.operands(), set[int]()
    ends = 0

    def branch(node: int, depth: int) -> _Branch | None:
        nonlocal ends
        again = node in done
        done.add(node)
        operands: list[_Branch] = []
        for index in [] if again else entering[node]:
            operand = branch(drawing.segments[index].source, depth + 1) if depth < MOST_LEVELS else None
            if operand is None:
                return None
            operands.append(operand)
        ends += not operands
        return _Branch(node, again and drawing.nodes[node].kind != INPUT, operands) if ends <= MOST_ENDS else None

    roots = _roots(drawing)
    branches = [tree for root in roots if (tree := branch(root, 0)) is not None]
    return branches if len(branches) == len(roots) and len(done) == len(drawing.nodes) else None


class _TextCanvas:
    """Characters with styles, put where they belong."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[int, StyledText]] = {}

    def put(self, row: int, column: int, text: str, style: str = "") -> None:
        cells = self.rows.setdefault(row, {}) if text else {}
        for character in text:
            if size := columns(character):
                cells[column] = character, style
                if size == 2:
                    cells[column + 1] = "", style
                column += size
            elif column - 1 in cells:
                cells[column - 1] = cells[column - 1][0] + character, style

    def lines(self) -> list[StyledLine]:
        lines = []
        for row in range(max(self.rows) + 1):
            cells = self.rows.get(row, {})
            line: StyledLine = []
            for column in range(max(cells, default=-1) + 1):
                character, style = cells.get(column, (" ", ""))
                if line and line[-1][1] == style:
                    line[-1] = line[-1][0] + character, style
                else:
                    line.append((character, style))
            lines.append(line)
        return lines


def _picture(drawing: Drawing, named: Sequence[StyledText], width: int) -> list[StyledLine] | None:
    """Return a picture, inputs on the left and the output on the right; None for a drawing that does not fit."""
    branches = _branches(drawing)
    if branches is None:
        return None
    for beside in (True, False):
        if (picture := _Picture(drawing, named, branches, beside=beside)).width <= width:
            return picture.lines()
    return None


class _Picture:
    """Draws trees from left to right.

    Args:
        drawing: the drawing.
        named: per node, its name where it is drawn, and where it is named again.
        branches: the trees.
        beside: whether numbers stand behind the names of their gates instead of above and below: wider, but clearer.
    """

    def __init__(
        self, drawing: Drawing, named: Sequence[StyledText], branches: Sequence[_Branch], *, beside: bool
    ) -> None:
        self.drawing, self.named, self.branches, self.beside = drawing, named, branches, beside
        self.above = any(node.label.value for node in drawing.nodes)
        self.below = any(node.label.gradient for node in drawing.nodes)
        widths: dict[int, int] = {}
        for branch in branches:
            self._measure(branch, widths)
        self.starts = [0]
        for level in range(max(widths) + 1):
            self.starts.append(self.starts[-1] + widths[level] + (GAP if level < max(widths) else 0))
        self.width = self.starts[-1]

    def lines(self) -> list[StyledLine]:
        canvas, row = _TextCanvas(), 0
        for branch in self.branches:
            _, row = self._draw(canvas, branch, row, last=True)
        return canvas.lines()

    def _name(self, branch: _Branch) -> str:
        return self.named[branch.node][branch.again]

    def _level(self, branch: _Branch) -> int:
        return 1 + max(map(self._level, branch.operands)) if branch.operands else 0

    def _measure(self, branch: _Branch, widths: dict[int, int]) -> None:
        label = max(map(columns, self.drawing.nodes[branch.node].label))
        name = columns(self._name(branch))
        taken = name + 1 + max(1, label) + 1 if self.beside else max(name + 2, label) + 1
        level = self._level(branch)
        widths[level] = max(widths.get(level, 0), taken)
        for operand in branch.operands:
            self._measure(operand, widths)

    def _draw(self, canvas: _TextCanvas, branch: _Branch, row: int, *, last: bool) -> tuple[int, int]:
        """Draw a tree from a row on; return the row of its wire, and the next free row."""
        level, node = self._level(branch), self.drawing.nodes[branch.node]
        start = self.starts[level]
        ends, free = [], row
        for operand in branch.operands:
            end, free = self._draw(canvas, operand, free, last=False)
            ends.append((end, self.starts[self._level(operand)]))
        wire = (ends[0][0] + ends[-1][0]) // 2 if ends else row + self.above
        if ends:
            self._join(canvas, [end for end, _ in ends], wire, start - GAP + 1)
            for (end, _), operand in zip(ends, branch.operands, strict=True):
                self._run(canvas, operand, end, start - GAP + 1)
        name = self._name(branch)
        style = FAINT if branch.again else OUTPUT if node.output else ""
        canvas.put(wire, start, name, style)
        at = start + columns(name) + 1 if self.beside else start
        canvas.put(wire - 1, at, node.label.value, VALUE)
        canvas.put(wire + 1, at, node.label.gradient, GRADIENT)
        if last:
            end = self.starts[level + 1]
            self._run(canvas, branch, wire, end - node.output)
            if node.output:
                canvas.put(wire, end - 1, "▶")
        return wire, max(free, wire + 1 + self.below)

    def _run(self, canvas: _TextCanvas, branch: _Branch, row: int, end: int) -> None:
        """Draw a wire from behind its node's name to a column."""
        start = self.starts[self._level(branch)] + columns(self._name(branch)) + 1
        canvas.put(row, start, "─" * (end - start))

    @staticmethod
    def _join(canvas: _TextCanvas, ends: Sequence[int], wire: int, column: int) -> None:
        """Draw the line that gathers the wires at some rows and leads to the gate at one of these rows."""
        for row in range(ends[0], ends[-1] + 1):
            left, right, up, down = row in ends, row == wire, row > ends[0], row < ends[-1]
            canvas.put(row, column, _CORNERS[left, right, up, down])
        canvas.put(wire, column + 1, "─")


_CORNERS = {
    (True, True, False, False): "─",
    (True, False, False, True): "┐",
    (True, False, True, False): "┘",
    (True, False, True, True): "┤",
    (True, True, True, True): "┼",
    (True, True, False, True): "┬",
    (True, True, True, False): "┴",
    (False, True, True, True): "├",
    (False, False, True, True): "│",
}
"""The characters that join lines to the left, to the right, up and down."""


def _tree(drawing: Drawing, named: Sequence[StyledText], width: int) -> Iterator[StyledLine]:
    """Yield a line for each gate, below the gate that it leads to; gates too deep stand in trees of their own."""
    labels = [node.label for node in drawing.nodes]
    sizes = [max((columns(label[i]) for label in labels), default=0) for i in (0, 1)]
    room = max(LEAST_ROOM, width - sum(size + 2 for size in sizes if size))
    entering, done = drawing.operands(), set[int]()
    roots = _roots(drawing)
    for tree, root in enumerate(roots):  # which grows
        if root in done:
            continue
        if tree:
            yield []
        # The nodes left to draw, each with the text before itself and before its operands.
        work: list[tuple[int, str, str]] = [(root, "", "")]
        while work:
            position, mark, before = work.pop()
            node, again = drawing.nodes[position], position in done
            operands = [] if again else entering[position]
            deep = bool(operands) and columns(before) > (room // 3 if node.caption else room - LEAST_ROOM)
            if deep:
                roots.append(position)
            else:
                done.add(position)
            elsewhere = (again or deep) and node.kind != INPUT
            shown = named[position][elsewhere]
            if position == root and tree and not node.caption and node.kind != INPUT:
                shown += f" {visible(node.key)}"
            yield _row(mark, shown, elsewhere, node, sizes, room)
            for number, index in enumerate(reversed([] if deep else operands)):
                tip, below = ("└─ ", "   ") if number == 0 else ("├─ ", "│  ")
                work.append((drawing.segments[index].source, before + tip, before + below))
        if tree + 1 == len(roots):
            # Nodes that only lead to one another, as folded families may, are in no tree yet.
            roots += [position for position in range(len(drawing.nodes)) if position not in done][-1:]


def _row(mark: str, name: str, again: bool, node: DrawingNode, sizes: Sequence[int], room: int) -> StyledLine:
    """Return the line of a gate in a tree."""
    left = room - columns(mark)
    cut = name
    if columns(cut) > left:
        while columns(cut) > left - 1:
            cut = cut[:-1]
        cut += "…"
    style = FAINT if again else OUTPUT if node.output else ""
    line = [(mark, FAINT), (cut + " " * (left - columns(cut)), style)]
    for text, size, colour in zip(node.label, sizes, (VALUE, GRADIENT), strict=True):
        if size:
            line.append(("  " + " " * (size - columns(text)) + text, FAINT if again else colour))
    return line
