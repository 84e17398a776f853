"""Functions in LLVM's language, written instruction by instruction, with loops and branches."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass
class Carried:
    """A value that a loop hands on from round to round.

    Attributes:
        kind: its type.
        first: the value in the first round.
        name: the value in a round.
        next: the value in the next round.
    """

    kind: str
    first: str
    name: str
    next: str = ""


class Builder:
    """Writes one function.

    Args:
        head: its name and parameters.
        result: the type of what it returns.
        linkage: `internal` where nothing outside of the module calls it.

    >>> builder = Builder("sum(ptr %x, i64 %n)", "double")
    >>> total = builder.variable("double", "0.0")
    >>> with builder.loop("0", "%n") as i:
    ...     builder.set(total, builder.do(f"fadd double {builder.get(total)}, {builder.load('double', '%x', i)}"))
    >>> print(builder.text(builder.get(total)).splitlines()[0])
    define double @sum(ptr %x, i64 %n) nounwind {
    """

    def __init__(self, head: str, result: str = "void", linkage: str = "") -> None:
        self._result = result
        self._head = [f"define {linkage + ' ' if linkage else ''}{result} @{head} nounwind {{", "entry:"]
        self._lines: list[str] = []
        self._block = "entry"
        self._count = 0
        self._kinds: dict[str, str] = {}

    def text(self, result: str = "") -> str:
        """Return the whole function, which returns a value."""
        return "\n".join([*self._head, *self._lines, f"  ret {self._result} {result}".rstrip(), "}", ""])

    def _new(self) -> int:
        self._count += 1
        return self._count

    def put(self, *lines: str) -> None:
        """Write instructions without a result, or with a name of their own."""
        self._lines += [f"  {line.strip()}" for line in lines]

    def do(self, instruction: str) -> str:
        """Write an instruction, and return the name of its result."""
        name = f"%t{self._new()}"
        self.put(f"{name} = {instruction}")
        return name

    def at(self, kind: str, pointer: str, index: str) -> str:
        """Return the address of an element of an array."""
        return self.do(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    def load(self, kind: str, pointer: str, index: str) -> str:
        """Return an element of an array; doubles need not be aligned to more than one of them."""
        return self.do(f"load {kind}, ptr {self.at(kind, pointer, index)}{_aligned(kind)}")

    def store(self, kind: str, value: str, pointer: str, index: str) -> None:
        """Set an element of an array."""
        self.put(f"store {kind} {value}, ptr {self.at(kind, pointer, index)}{_aligned(kind)}")

    def whole(self, kind: str, pointer: str, index: str) -> str:
        """Return an element of an array of short whole numbers that are not negative, as a long one."""
        return self.do(f"zext {kind} {self.load(kind, pointer, index)} to i64")

    def short(self, kind: str, value: str, pointer: str, index: str) -> None:
        """Set an element of an array of short whole numbers to a long one."""
        self.store(kind, self.do(f"trunc i64 {value} to {kind}"), pointer, index)

    def variable(self, kind: str, value: str) -> str:
        """Return a new variable with a value."""
        name = f"%v{self._new()}"
        self._head.append(f"  {name} = alloca {kind}, align 8")
        self._kinds[name] = kind
        self.set(name, value)
        return name

    def get(self, variable: str) -> str:
        """Return the value of a variable."""
        return self.do(f"load {self._kinds[variable]}, ptr {variable}, align 8")

    def set(self, variable: str, value: str) -> None:
        """Give a variable another value."""
        self.put(f"store {self._kinds[variable]} {value}, ptr {variable}, align 8")

    def add(self, variable: str, value: str) -> None:
        """Add to a variable that holds a whole number."""
        self.set(variable, self.do(f"add i64 {self.get(variable)}, {value}"))

    def choose(self, test: str, one: str, other: str, kind: str = "i64") -> str:
        """Return one value where a test holds, and another one elsewhere."""
        return self.do(f"select i1 {test}, {kind} {one}, {kind} {other}")

    def everywhere(self, kind: str, value: str, lanes: int) -> str:
        """Return a vector that has a value in every lane, or for one lane the value."""
        if lanes == 1:
            return value
        vector = f"<{lanes} x {kind}>"
        first = self.do(f"insertelement {vector} undef, {kind} {value}, i32 0")
        return self.do(f"shufflevector {vector} {first}, {vector} undef, <{lanes} x i32> zeroinitializer")

    def mask(self, row: str, stop: str, lanes: int) -> str:
        """Return which lanes hold rows below the stop, the first being a row of that number."""
        if lanes == 1:
            return self.do(f"icmp ult i64 {row}, {stop}")
        rest = self.everywhere("i64", self.do(f"sub i64 {stop}, {row}"), lanes)
        places = ", ".join(f"i64 {lane}" for lane in range(lanes))
        return self.do(f"icmp ult <{lanes} x i64> <{places}>, {rest}")

    def total(self, value: str, lanes: int) -> str:
        """Return the sum of the lanes, added up from the first to the last."""
        if lanes == 1:
            return value
        parts = [self.do(f"extractelement <{lanes} x double> {value}, i32 {lane}") for lane in range(lanes)]
        total = parts[0]
        for part in parts[1:]:
            total = self.do(f"fadd double {total}, {part}")
        return total

    def _label(self, name: str) -> None:
        self._lines.append(f"{name}:")
        self._block = name

    @contextmanager
    def when(self, test: str) -> Iterator[None]:
        """Write what is done where a test holds."""
        number = self._new()
        self.put(f"br i1 {test}, label %then{number}, label %end{number}")
        self._label(f"then{number}")
        yield
        self.put(f"br label %end{number}")
        self._label(f"end{number}")

    def unless(self, test: str, kind: str, usual: str, rare: Callable[[], str]) -> str:
        """Return a value, or another one that is computed where a test holds, which hardly ever happens."""
        number, before = self._new(), self._block
        self.put(f"br i1 {test}, label %rare{number}, label %usual{number}")
        self._label(f"rare{number}")
        other = rare()
        self.put(f"br label %usual{number}")
        after = self._block
        self._label(f"usual{number}")
        return self.do(f"phi {kind} [ {usual}, %{before} ], [ {other}, %{after} ]")

    def carried(self, kind: str, first: str) -> Carried:
        """Return a value that a loop hands on from round to round, in a register; see `loop`."""
        return Carried(kind, first, f"%c{self._new()}")

    @contextmanager
    def loop(self, start: str, stop: str, step: int = 1, carried: Sequence[Carried] = ()) -> Iterator[str]:
        """Write what is done for every number from the start on, below the stop."""
        number, before = self._new(), self._block
        index = f"%i{number}"
        self.put(f"br label %loop{number}")
        self._label(f"loop{number}")
        entry = len(self._lines)
        self.put(f"%more{number} = icmp ult i64 {index}, {stop}")
        self.put(f"br i1 %more{number}, label %body{number}, label %done{number}")
        self._label(f"body{number}")
        yield index
        self.put(f"%next{number} = add i64 {index}, {step}", f"br label %loop{number}")
        values = [("i64", index, start, f"%next{number}")]
        values += [(one.kind, one.name, one.first, one.next) for one in carried]
        self._lines[entry:entry] = [
            f"  {name} = phi {kind} [ {first}, %{before} ], [ {following}, %{self._block} ]"
            for kind, name, first, following in values
        ]
        self._label(f"done{number}")

    @contextmanager
    def down(self, start: str, stop: str, carried: Sequence[Carried] = ()) -> Iterator[str]:
        """Write what is done for every number below the stop, backwards to the start."""
        last = self.do(f"sub i64 {stop}, 1")
        with self.loop(start, stop, 1, carried) as index:
            yield self.do(f"sub i64 {last}, {self.do(f'sub i64 {index}, {start}')}")


def _aligned(kind: str) -> str:
    return ", align 8" if kind.endswith("double>") else ""
