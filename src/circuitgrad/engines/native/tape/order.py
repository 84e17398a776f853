"""The order of the gates on a tape, found by machine code.

In a wide circuit, gates are sorted by their level and, within it, by their row: into runs of one row, in which no gate
depends on another one (Kahn, "Topological sorting of large networks", 1962, level by level; sorted by counting). In a
deep circuit, where such runs would be short, they keep their order, and are cut into runs of one kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.building import Builder
from circuitgrad.engines.native.tape.layout import FIELDS, fields

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE = 4
"""So many gates a run has on average in a circuit that is wide."""


def text(arities: Sequence[int], mixed: Sequence[int]) -> str:
    """Return the text of the function `@order`, which takes a tape and puts its gates in order.

    Args:
        arities: per row, the number of operands.
        mixed: the rows that are computed together in a deep circuit.
    """
    classes = [len(arities) if len(mixed) > 1 and kind in mixed else kind for kind in range(len(arities))]
    tables = [
        f"@{name} = internal constant [{len(table)} x i8] [{', '.join(f'i8 {one}' for one in table)}]\n"
        for name, table in (("arities", arities), ("classes", classes))
    ]
    return "\n".join([*tables, _levels(), _widen(len(arities)), _deepen(), _fill(), _order(len(arities))])


def _levels() -> str:
    """Return the function that finds the level of every gate, and returns how many levels there are."""
    b = Builder("levels(ptr %tape)", "i64", "internal")
    gates, first, flat, rows, levels = fields(b, "gates", "first", "flat", "rows", "levels")
    at, highest = b.variable("i64", "0"), b.variable("i64", "0")
    with b.loop("0", gates) as gate:
        level = b.variable("i64", "0")
        start = b.get(at)
        end = b.do(f"add i64 {start}, {b.whole('i8', '@arities', b.whole('i8', rows, gate))}")
        with b.loop(start, end) as operand:
            slot = b.whole("i32", flat, operand)
            below = b.do(f"icmp uge i64 {slot}, {first}")
            with b.when(below):
                found = b.whole("i32", levels, b.do(f"sub i64 {slot}, {first}"))
                b.set(level, _larger(b, b.get(level), found))
        b.set(at, end)
        own = b.do(f"add i64 {b.get(level)}, 1")
        b.short("i32", own, levels, gate)
        b.set(highest, _larger(b, b.get(highest), own))
    return b.text(b.get(highest))


def _larger(b: Builder, one: str, other: str) -> str:
    return b.choose(b.do(f"icmp ugt i64 {one}, {other}"), one, other)


def _widen(rows: int) -> str:
    """Return the function that sorts the gates by level and row, and returns how many runs there are.

    Where there are too many, nothing is sorted.
    """
    b = Builder("widen(ptr %tape, i64 %keys)", "i64", "internal")
    names = ("gates", "rows", "levels", "counts", "places", "run_kinds", "run_ends")
    gates, row_of, levels, counts, places, run_kinds, run_ends = fields(b, *names)

    def key(gate: str) -> str:
        level = b.do(f"sub i64 {b.whole('i32', levels, gate)}, 1")
        return b.do(f"add i64 {b.do(f'mul i64 {level}, {rows}')}, {b.whole('i8', row_of, gate)}")

    runs = b.variable("i64", "0")
    with b.loop("0", gates) as gate:
        place = key(gate)
        count = b.whole("i32", counts, place)
        b.add(runs, b.do(f"zext i1 {b.do(f'icmp eq i64 {count}, 0')} to i64"))
        b.short("i32", b.do(f"add i64 {count}, 1"), counts, place)
    few = b.do(f"icmp ule i64 {b.do(f'mul i64 {b.get(runs)}, {WIDE}')}, {gates}")
    with b.when(few):
        run, total = b.variable("i64", "0"), b.variable("i64", "0")
        with b.loop("0", "%keys") as place:
            count, start = b.whole("i32", counts, place), b.get(total)
            b.short("i32", start, counts, place)
            b.add(total, count)
            with b.when(b.do(f"icmp ne i64 {count}, 0")):
                b.short("i8", b.do(f"urem i64 {place}, {rows}"), run_kinds, b.get(run))
                b.short("i32", b.get(total), run_ends, b.get(run))
                b.add(run, "1")
        with b.loop("0", gates) as gate:
            place = key(gate)
            start = b.whole("i32", counts, place)
            b.short("i32", start, places, gate)
            b.short("i32", b.do(f"add i64 {start}, 1"), counts, place)
    return b.text(b.choose(few, b.get(runs), "0"))


def _deepen() -> str:
    """Return the function that leaves the gates in their order, and returns how many runs there are."""
    b = Builder("deepen(ptr %tape)", "i64", "internal")
    gates, row_of, places, run_kinds, run_ends = fields(b, "gates", "rows", "places", "run_kinds", "run_ends")
    runs, last = b.variable("i64", "0"), b.variable("i64", "-1")
    with b.loop("0", gates) as gate:
        b.short("i32", gate, places, gate)
        kind = b.whole("i8", "@classes", b.whole("i8", row_of, gate))
        with b.when(b.do(f"icmp ne i64 {kind}, {b.get(last)}")):
            b.short("i8", kind, run_kinds, b.get(runs))
            b.add(runs, "1")
            b.set(last, kind)
        b.short("i32", b.do(f"add i64 {gate}, 1"), run_ends, b.do(f"sub i64 {b.get(runs)}, 1"))
    return b.text(b.get(runs))


def _fill() -> str:
    """Return the function that puts every gate's row and operands where it stands."""
    b = Builder("fill(ptr %tape)", "void", "internal")
    names = ("gates", "first", "flat", "rows", "places", "kinds", "operands")
    gates, first, flat, row_of, places, kinds, operands = fields(b, *names)
    at = b.variable("i64", "0")
    with b.loop("0", gates) as gate:
        place, row, start = b.whole("i32", places, gate), b.whole("i8", row_of, gate), b.get(at)
        b.short("i8", row, kinds, place)
        arity = b.whole("i8", "@arities", row)
        with b.loop("0", arity) as k:
            slot = b.variable("i64", b.whole("i32", flat, b.do(f"add i64 {start}, {k}")))
            with b.when(b.do(f"icmp uge i64 {b.get(slot)}, {first}")):
                moved = b.whole("i32", places, b.do(f"sub i64 {b.get(slot)}, {first}"))
                b.set(slot, b.do(f"add i64 {moved}, {first}"))
            b.short("i32", b.get(slot), operands, b.do(f"add i64 {b.do(f'mul i64 {k}, {gates}')}, {place}"))
        b.set(at, b.do(f"add i64 {start}, {arity}"))
    return b.text()


def _order(rows: int) -> str:
    b = Builder("order(ptr %tape)")
    (gates,) = fields(b, "gates")
    levels = b.do("call i64 @levels(ptr %tape)")
    keys = b.do(f"mul i64 {levels}, {rows}")
    runs = b.variable("i64", "0")
    with b.when(b.do(f"icmp ule i64 {keys}, {gates}")):
        b.set(runs, b.do(f"call i64 @widen(ptr %tape, i64 {keys})"))
    wide = b.do(f"icmp ne i64 {b.get(runs)}, 0")
    b.store("i64", b.do(f"zext i1 {wide} to i64"), "%tape", str(FIELDS.index("wide")))
    with b.when(b.do(f"xor i1 {wide}, true")):
        b.set(runs, b.do("call i64 @deepen(ptr %tape)"))
    b.store("i64", b.get(runs), "%tape", str(FIELDS.index("runs")))
    b.put("call void @fill(ptr %tape)")
    return b.text()
