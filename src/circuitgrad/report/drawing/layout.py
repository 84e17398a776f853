"""The layout of a drawing, computed by Graphviz's layered layout (as a wheel, `graphviz-pure`).

Every node is laid out as a box that holds its shape, its caption, and the first stretch of its wire with the value
above and the gradient below. Since boxes do not overlap, neither do texts.

The layers, the crossings and the courses of wires are those of E. R. Gansner, E. Koutsofios, S. C. North and K.-P. Vo,
"A technique for drawing directed graphs", IEEE Transactions on Software Engineering 19, 1993.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from circuitgrad.errors import CircuitError
from circuitgrad.report.drawing.measure import width
from circuitgrad.report.drawing.model import INPUT
from circuitgrad.report.drawing.nesting import nested

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.report.drawing.model import Drawing, DrawingNode

    Point: TypeAlias = tuple[float, float]

TEXT, NUMBER, CAPTION, TITLE = 14.0, 12.0, 11.0, 11.0
"""Sizes of the fonts: in a node, along a wire, below a node, above a box."""
RADIUS = 16.0
"""The radius of a gate; a gate with a longer text is as high and wider."""
REACH = 20.0
"""How far a node with its labels reaches above and below its wire."""
CAPTION_REACH = 15.0
"""How much further down a caption reaches."""
FREE_BEFORE = 6.0
"""The room that is kept free to the left of a node."""
SHORTEST_STUB = 18.0
"""The least length of the first stretch of a wire."""
PAD = 7.0
"""The room to the left and the right of a text."""
LOCK = 13.0
"""The width of the mark of a fixed input."""
MARGIN = 16.0
WIDEST_INPUT = 130.0
"""Inputs are made equally wide up to this."""
NODE_GAP, LAYER_GAP = 10.0, 26.0
"""The room between nodes of a layer, and between layers."""
MANY_NODES = 100
"""From as many nodes on, Graphviz is told when to stop improving: a chain of 200 gates would take it minutes."""
EFFORT_LIMITS = "nslimit=1; nslimit1=1; mclimit=0.3;"
TIMEOUT_SECONDS = 120


class Rectangle(NamedTuple):
    """A rectangle, y downwards."""

    left: float
    top: float
    right: float
    bottom: float


class Spot(NamedTuple):
    """Where a node stands.

    Attributes:
        area: the room that is kept free for it.
        shape: the circle, or longer shape, of the node itself.
        start: where its wire leaves the shape.
        end: where the first stretch of it ends.
        value: the rectangle of the value, None where there is none.
        gradient: that of the gradient.
        caption: that of the caption.
    """

    area: Rectangle
    shape: Rectangle
    start: Point
    end: Point
    value: Rectangle | None
    gradient: Rectangle | None
    caption: Rectangle | None


class BoxFrame(NamedTuple):
    """A box around nodes.

    Attributes:
        name: its name.
        area: the box.
        title: the rectangle of its title.
    """

    name: str
    area: Rectangle
    title: Rectangle


class DrawingLayout(NamedTuple):
    """Where everything of a drawing stands, in pixels from its upper left corner.

    Attributes:
        width: of the drawing.
        height: of the drawing.
        spots: per node, where it stands.
        courses: per segment, the points of its Bézier curves: where the wire leaves its node, then three for each.
        frames: the boxes, outer ones first.
    """

    width: float
    height: float
    spots: Sequence[Spot]
    courses: Sequence[Sequence[Point]]
    frames: Sequence[BoxFrame]


class _Size(NamedTuple):
    """The room that a node takes.

    Attributes:
        shape: the width of its shape.
        label: the width of its labels.
        width: its own.
        above: how far it reaches above its wire.
        below: how far below.
    """

    shape: float
    label: float
    width: float
    above: float
    below: float


def lay_out(drawing: Drawing, *, roomy: int = 0) -> DrawingLayout:
    """Return the layout of a drawing.

    Args:
        drawing: the drawing.
        roomy: keep room for numbers of as many significant digits, for a page changes them.

    Raises:
        CircuitError: there is no program for it.
    """
    place = _placed(drawing, roomy=roomy, newrank=False)
    if place is None or _turns_back(drawing, place):
        # Boxes ranked singly are compact, but here they make some wires run from right to left.
        place = _placed(drawing, roomy=roomy, newrank=True)
    if place is None:
        raise CircuitError.of("the layout has failed", hint="--collapse all leaves boxes out")
    return place


def longest_number(digits: int) -> str:
    """Return a number with a number of significant digits that is as long as any of ordinary size.

    >>> longest_number(4)
    '-8.889e-89'
    """
    return f"{-8 / 9e88:.{digits - 1}e}"


def _turns_back(drawing: Drawing, place: DrawingLayout) -> bool:
    spots = place.spots
    return any(spots[segment.source].area.right > spots[segment.target].area.left for segment in drawing.segments)


def _placed(drawing: Drawing, *, roomy: int, newrank: bool) -> DrawingLayout | None:
    """Return the layout with boxes ranked singly, or with all nodes ranked together: Graphviz's `newrank`.

    Returns:
        the layout; None where Graphviz fails or loses a wire: boxes that are ranked singly may stand in a circle.
    """
    sizes = _aligned(drawing.nodes, [_size(node, roomy=roomy) for node in drawing.nodes])
    solved = _solve(_graph(drawing, sizes, newrank=newrank))
    if solved is None:
        return None
    height = float(solved["bb"].split(",")[3])
    spots: list[Spot] = []
    courses: list[Sequence[Point]] = [()] * len(drawing.segments)
    objects = {entry["name"]: entry for entry in solved.get("objects", [])}
    for index, size in enumerate(sizes):
        x, y = map(float, objects[f"n{index}"]["pos"].split(","))
        spots.append(_spot(drawing.nodes[index], size, MARGIN + x, MARGIN + height - y))
    entering = drawing.operands()
    bends: list[list[Point]] = [[] for _ in drawing.segments]
    for edge in solved.get("edges", []):
        bends[int(edge["id"])] = [
            (MARGIN + float(x), MARGIN + height - float(y))
            for x, y in (point.split(",") for point in edge.get("pos", "").split())
        ]
    if not all(bends):
        return None
    for node, segments in enumerate(entering):
        _untwist(drawing, segments, bends)
        for segment, end in _ends(drawing, node, spots[node], segments, bends):
            source = spots[drawing.segments[segment].source]
            courses[segment] = _course(source, bends[segment], end)
    frames = [_frame(name, objects[f"cluster{index}"], height) for index, name in enumerate(drawing.boxes)]
    right, bottom = solved["bb"].split(",")[2:]
    return DrawingLayout(float(right) + 2 * MARGIN, float(bottom) + 2 * MARGIN, spots, courses, frames)


def _size(node: DrawingNode, *, roomy: int) -> _Size:
    text = width(node.text, TEXT)
    shape = text + 2 * PAD + LOCK * node.fixed if node.kind == INPUT else max(2 * RADIUS, text + RADIUS)
    numbers = [width(number, NUMBER) for number in node.label if number]
    if roomy and numbers:
        numbers.append(width(longest_number(roomy), NUMBER))
    label = max([SHORTEST_STUB, *(number + 2 * PAD for number in numbers)])
    total = FREE_BEFORE + max(shape + label, width(node.caption, CAPTION) + PAD)
    return _Size(shape, label, total, REACH, REACH + CAPTION_REACH * bool(node.caption))


def _aligned(nodes: Sequence[DrawingNode], sizes: Sequence[_Size]) -> list[_Size]:
    """Return the sizes, the inputs equally wide within bounds: they begin and end under one another."""
    widest = min(
        WIDEST_INPUT,
        max((size.width for node, size in zip(nodes, sizes, strict=True) if node.kind == INPUT), default=0),
    )
    return [
        size._replace(width=max(size.width, widest)) if node.kind == INPUT else size
        for node, size in zip(nodes, sizes, strict=True)
    ]


def _graph(drawing: Drawing, sizes: Sequence[_Size], *, newrank: bool) -> str:
    """Return the graph that is laid out, in Graphviz's language: it has numbers only, no text of a file."""
    lines = [
        "digraph {",
        f"rankdir=LR; nodesep={NODE_GAP / 72}; ranksep={LAYER_GAP / 72}; newrank={str(newrank).lower()};",
        EFFORT_LIMITS if len(drawing.nodes) >= MANY_NODES else "",
        'node [shape=box, fixedsize=true, label=""]; edge [tailport=e, headport=w, arrowhead=none];',
    ]

    def write(position: int, node: DrawingNode) -> str:
        size = sizes[position]
        ordering = ', ordering="in"' if node.ordered else ""
        return f"n{position} [width={size.width / 72}, height={(size.above + size.below) / 72}{ordering}];"

    lines.extend(line for _, line in nested(drawing, write, _opening, "}"))
    for index, segment in enumerate(drawing.segments):
        lines.append(f"n{segment.source} -> n{segment.target} [id={index}];")
    return "\n".join([*lines, "}"])


def _opening(number: int, name: str) -> str:
    """Return the line that opens a box, with room for its title."""
    title = f'<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{int(width(name, TITLE)) + 12}" HEIGHT="14"><TR><TD></TD></TR>'
    return f"subgraph cluster{number} {{ margin=8; labeljust=l; label=<{title}</TABLE>>;"


def _solve(graph: str) -> Any:
    """Return Graphviz's layout of a graph; None where it fails.

    Raises:
        CircuitError: it is not installed, or takes too long.
    """
    import json
    import subprocess

    try:
        result = subprocess.run(  # noqa: S603 - our own command
            [program(), "-Tjson0"],
            input=graph,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        message = f"there is no layout of so many gates after {TIMEOUT_SECONDS} seconds"
        raise CircuitError.of(message, hint="--collapse auto draws many as one") from None
    except subprocess.CalledProcessError:
        return None
    except OSError as error:
        raise CircuitError.of(f"the layout has failed: {error}") from None
    return json.loads(result.stdout)


def program() -> str:
    """Return the program that lays out: `graphviz-pure` beside this Python or on the path, or else `dot`.

    Raises:
        CircuitError: there is none.
    """
    import shutil
    import sysconfig

    own, user = sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))
    for folder in (own, user, None):
        if path := shutil.which("graphviz-pure", path=folder):
            return path
    if path := shutil.which("dot"):
        return path
    raise CircuitError.lacks("a drawing needs the package graphviz-pure", "draw")


def _spot(node: DrawingNode, size: _Size, x: float, y: float) -> Spot:
    """Return where a node stands whose area has its centre at a point."""
    left, top = x - size.width / 2 + FREE_BEFORE, y - (size.above + size.below) / 2
    wire = top + size.above
    shape = Rectangle(left, wire - RADIUS, left + size.shape, wire + RADIUS)
    area = Rectangle(left - FREE_BEFORE, top, left - FREE_BEFORE + size.width, top + size.above + size.below)
    start, end = (shape.right, wire), (area.right, wire)

    def beside(text: str, upper: float) -> Rectangle | None:
        if not text:
            return None
        middle, half = (start[0] + end[0]) / 2, width(text, NUMBER) / 2
        return Rectangle(middle - half, upper, middle + half, upper + NUMBER + 2)

    caption = None
    if node.caption:
        long = width(node.caption, CAPTION)
        begin = left + max(0.0, (size.shape - long) / 2)
        caption = Rectangle(begin, wire + REACH, begin + long, wire + REACH + CAPTION + 2)
    value, gradient = beside(node.label.value, wire - NUMBER - 5), beside(node.label.gradient, wire + 3)
    return Spot(area, shape, start, end, value, gradient, caption)


def _untwist(drawing: Drawing, segments: Sequence[int], bends: list[list[Point]]) -> None:
    """Give those of a node's segments that come from one other node, as in `x*x`, the upper courses first."""
    alike: dict[int, list[int]] = {}
    for segment in segments:
        alike.setdefault(drawing.segments[segment].source, []).append(segment)
    for group in alike.values():
        courses = sorted((bends[segment] for segment in group), key=_middle)
        for segment, course in zip(group, courses, strict=True):
            bends[segment] = course


def _ends(
    drawing: Drawing, node: int, spot: Spot, segments: Sequence[int], bends: Sequence[Sequence[Point]]
) -> list[tuple[int, Point]]:
    """Return where the segments that enter a node end, spread over its left side.

    Operands that may change places are in the order in which their wires arrive; others keep their own order.
    """
    if not drawing.nodes[node].ordered:
        segments = sorted(segments, key=lambda index: _height(bends[index]))
    count = len(segments)
    ends = []
    for place, segment in enumerate(segments):
        reach = min(RADIUS * 0.55, RADIUS * 0.25 * count) if count > 1 else 0.0
        down = reach * (2 * place / (count - 1) - 1) if count > 1 else 0.0
        x = spot.shape.left + RADIUS - (RADIUS**2 - down**2) ** 0.5
        ends.append((segment, (x, (spot.shape.top + spot.shape.bottom) / 2 + down)))
    return ends


def _middle(bends: Sequence[Point]) -> float:
    """Return at which height a course runs on average."""
    return sum(y for _, y in bends) / len(bends)


def _height(bends: Sequence[Point]) -> float:
    """Return at which height a course enters the gap before its end."""
    border = bends[-1][0] - LAYER_GAP
    before = [point for point in sampled(bends) if point[0] <= border]
    return (before[-1] if before else bends[0])[1]


def sampled(course: Sequence[Point], pieces: int = 8) -> list[Point]:
    """Return points of Bézier curves: the first, and as many as there are pieces.

    Args:
        course: where the first curve begins, then three points for each.
        pieces: how many pieces a curve is cut into.

    >>> sampled([(0, 0), (1, 0), (2, 0), (3, 3)], 2)
    [(0.0, 0.0), (1.5, 0.375), (3.0, 3.0)]
    """
    points = []
    for start in range(0, len(course) - 1, 3):
        for piece in range(start > 0, pieces + 1):
            t = piece / pieces
            weights = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
            x, y = (
                sum(w * value for w, value in zip(weights, axis, strict=True))
                for axis in zip(*course[start : start + 4], strict=True)
            )
            points.append((x, y))
    return points


def _course(source: Spot, bends: Sequence[Point], end: Point) -> list[Point]:
    """Return the points of a segment's curves: the first stretch, then the bends, moved to where the wire is."""
    points = list(bends)
    down, across, up = source.end[1] - points[0][1], end[0] - points[-1][0], end[1] - points[-1][1]
    points[:2] = [source.end, (points[1][0], points[1][1] + down)]
    points[-2:] = [(points[-2][0] + across, points[-2][1] + up), end]
    third = [(source.start[0] + (source.end[0] - source.start[0]) * part / 3, source.end[1]) for part in (1, 2)]
    return [source.start, *third, *points]


def _frame(name: str, cluster: Any, height: float) -> BoxFrame:
    left, bottom, right, top = map(float, cluster["bb"].split(","))
    area = Rectangle(MARGIN + left, MARGIN + height - top, MARGIN + right, MARGIN + height - bottom)
    long = width(name, TITLE)
    title = Rectangle(area.left + 8, area.top + 4, area.left + 8 + long, area.top + 4 + TITLE + 3)
    return BoxFrame(name, area, title)
