"""Instructions in LLVM's language, one after another, with names for their results."""

from __future__ import annotations

from circuitgrad.engines.native.llvm.notation import vector


class Instructions:
    """Writes instructions.

    Attributes:
        lines: what has been written.

    >>> instructions = Instructions()
    >>> instructions.do("fadd double %x, 1.0")
    '%t1'
    >>> instructions.lines
    ['  %t1 = fadd double %x, 1.0']
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._count = 0

    def _new(self) -> int:
        """Return a number that no other name has."""
        self._count += 1
        return self._count

    def put(self, *instructions: str) -> None:
        """Write instructions without a result, or with a name of their own."""
        self.lines += [f"  {instruction}" for instruction in instructions]

    def do(self, instruction: str) -> str:
        """Write an instruction, and return the name of its result."""
        name = f"%t{self._new()}"
        self.put(f"{name} = {instruction}")
        return name

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")

    def in_every_lane(self, kind: str, value: str, lanes: int) -> str:
        """Return a vector that has a computed value in every lane, or for one lane the value."""
        if lanes == 1:
            return value
        real = vector(kind, lanes)
        first = self.do(f"insertelement {real} undef, {kind} {value}, i32 0")
        return self.do(f"shufflevector {real} {first}, {real} undef, <{lanes} x i32> zeroinitializer")

    def element(self, value: str, lane: int, lanes: int) -> str:
        """Return the double in a lane."""
        return value if lanes == 1 else self.do(f"extractelement {vector('double', lanes)} {value}, i32 {lane}")

    def gathered(self, doubles: list[str]) -> str:
        """Return the vector of some doubles, or the only double."""
        if len(doubles) == 1:
            return doubles[0]
        result = "undef"
        for lane, double in enumerate(doubles):
            result = self.do(f"insertelement {vector('double', len(doubles))} {result}, double {double}, i32 {lane}")
        return result
