"""Functions in LLVM's language, with variables, loops and branches."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuitgrad.engines.native.llvm.instructions import Instructions
from circuitgrad.engines.native.llvm.notation import vector

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


class Builder(Instructions):
    """Writes a function.

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
        super().__init__()
        self._result = result
        self._head = [f"define {linkage + ' ' if linkage else ''}{result} @{head} nounwind {{", "entry:"]
        self._block = "entry"
        self._kinds: dict[str, str] = {}

    def text(self, result: str = "") -> str:
        """Return the whole function, which returns a value."""
        return "\n".join([*self._head, *self.lines, f"  ret {self._result} {result}".rstrip(), "}", ""])

    def label(self, name: str) -> None:
        """Begin a block."""
        super().label(name)
        self._block = name

    def at(self, kind: str, pointer: str, index: str) -> str:
        """Return the address of an element of an array."""
        return self.do(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    def load(self, kind: str, pointer: str, index: str) -> str:
        """Return an element of an array; doubles need not be aligned to more than one of them."""
        return self.do(f"load {kind}, ptr {self.at(kind, pointer, index)}{_aligned(kind)}")

    def store(self, kind: str, value: str, pointer: str, index: str) -> None:
        """Set an element of an array."""
        self.put(f"store {kind} {value}, ptr {self.at(kind, pointer, index)}{_aligned(kind)}")

    def load_short(self, kind: str, pointer: str, index: str) -> str:
        """Return an element of an array of short whole numbers that are not negative, as a long one."""
        return self.do(f"zext {kind} {self.load(kind, pointer, index)} to i64")

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

    def choose(self, test: str, value: str, otherwise: str, kind: str = "i64") -> str:
        """Return a value where a test holds, and the other value elsewhere."""
        return self.do(f"select i1 {test}, {kind} {value}, {kind} {otherwise}")

    def mask(self, row: str, stop: str, lanes: int) -> str:
        """Return which lanes hold rows below the stop, the first being a row of that number."""
        if lanes == 1:
            return self.do(f"icmp ult i64 {row}, {stop}")
        rest = self.in_every_lane("i64", self.do(f"sub i64 {stop}, {row}"), lanes)
        places = ", ".join(f"i64 {lane}" for lane in range(lanes))
        return self.do(f"icmp ult {vector('i64', lanes)} <{places}>, {rest}")

    def total(self, value: str, lanes: int) -> str:
        """Return the sum of the lanes, added up from the first to the last."""
        total, *parts = [self.element(value, lane, lanes) for lane in range(lanes)]
        for part in parts:
            total = self.do(f"fadd double {total}, {part}")
        return total

    @contextmanager
    def when(self, test: str) -> Iterator[None]:
        """Write what is done where a test holds."""
        number = self._new()
        self.put(f"br i1 {test}, label %then{number}, label %end{number}")
        self.label(f"then{number}")
        yield
        self.put(f"br label %end{number}")
        self.label(f"end{number}")

    def unless(self, test: str, kind: str, usual: str, rare: Callable[[], str]) -> str:
        """Return a value, or another one that is computed where a test holds, which hardly ever happens."""
        number, before = self._new(), self._block
        self.put(f"br i1 {test}, label %rare{number}, label %usual{number}")
        self.label(f"rare{number}")
        rare_value = rare()
        self.put(f"br label %usual{number}")
        after = self._block
        self.label(f"usual{number}")
        return self.do(f"phi {kind} [ {usual}, %{before} ], [ {rare_value}, %{after} ]")

    def carried(self, kind: str, first: str) -> Carried:
        """Return a value that a loop hands on from round to round, in a register; see `loop`."""
        return Carried(kind, first, f"%c{self._new()}")

    @contextmanager
    def loop(self, start: str, stop: str, step: int = 1, carried: Sequence[Carried] = ()) -> Iterator[str]:
        """Write what is done for every number from the start on, below the stop."""
        number, before = self._new(), self._block
        index = f"%i{number}"
        self.put(f"br label %loop{number}")
        self.label(f"loop{number}")
        entry = len(self.lines)
        self.put(f"%more{number} = icmp ult i64 {index}, {stop}")
        self.put(f"br i1 %more{number}, label %body{number}, label %done{number}")
        self.label(f"body{number}")
        yield index
        self.put(f"%next{number} = add i64 {index}, {step}", f"br label %loop{number}")
        values = [("i64", index, start, f"%next{number}")]
        values += [(value.kind, value.name, value.first, value.next) for value in carried]
        self.lines[entry:entry] = [
            f"  {name} = phi {kind} [ {first}, %{before} ], [ {following}, %{self._block} ]"
            for kind, name, first, following in values
        ]
        self.label(f"done{number}")

    @contextmanager
    def down(self, start: str, stop: str, carried: Sequence[Carried] = ()) -> Iterator[str]:
        """Write what is done for every number below the stop, backwards to the start."""
        last = self.do(f"sub i64 {stop}, 1")
        with self.loop(start, stop, 1, carried) as index:
            yield self.do(f"sub i64 {last}, {self.do(f'sub i64 {index}, {start}')}")


def _aligned(kind: str) -> str:
    return ", align 8" if kind.endswith("double>") else ""
