"""Functions on several doubles at once, instruction by instruction, in LLVM's language."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def hexadecimal(value: float) -> str:
    """Return a double as LLVM writes it, to the bit.

    >>> hexadecimal(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def bits(value: float) -> int:
    """Return the bits of a double as a whole number."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


def structure(real: str, count: int) -> str:
    """Return the type of several results of a type together, or of one.

    >>> structure("double", 1), structure("double", 2)
    ('double', '{double, double}')
    """
    return real if count == 1 else f"{{{', '.join([real] * count)}}}"


def everywhere(number: str, lanes: int) -> str:
    """Return a constant vector that has a number, with its type, in every lane.

    >>> everywhere("i64 1", 2)
    '<i64 1, i64 1>'
    """
    return f"<{', '.join([number] * lanes)}>"


class Writer:
    """Writes the body of a function on vectors."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.real, self.whole, self.flag = (f"<{lanes} x {kind}>" for kind in ("double", "i64", "i1"))
        self.lines: list[str] = []

    def put(self, text: str) -> None:
        """Write what has no result."""
        self.lines.append(text)

    def line(self, text: str) -> str:
        """Write an instruction, and return the name of its result."""
        name = f"%t{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def same(self, value: float) -> str:
        """Return a vector that has a number in every place; a whole number makes one of whole numbers."""
        one = f"i64 {value}" if isinstance(value, int) else f"double {hexadecimal(value)}"
        return everywhere(one, self.lanes)

    def _operand(self, value: str | float) -> str:
        return value if isinstance(value, str) else self.same(value)

    def do(self, operation: str, *operands: str | float) -> str:
        """Write an operation on doubles."""
        return self.line(f"{operation} {self.real} {', '.join(map(self._operand, operands))}")

    def do_whole(self, operation: str, *operands: str | int) -> str:
        """Write an operation on whole numbers."""
        return self.line(f"{operation} {self.whole} {', '.join(map(self._operand, operands))}")

    def fma(self, a: str | float, b: str | float, c: str | float) -> str:
        """Write a*b + c, rounded once."""
        operands = ", ".join(f"{self.real} {self._operand(one)}" for one in (a, b, c))
        return self.line(f"call {self.real} @llvm.fma.v{self.lanes}f64({operands})")

    def absolute(self, x: str) -> str:
        """Write |x|."""
        return self.line(f"call {self.real} @llvm.fabs.v{self.lanes}f64({self.real} {x})")

    def choose(self, test: str, x: str | float, y: str | float) -> str:
        """Write x where the test holds, and y elsewhere."""
        operands = f"{self.real} {self._operand(x)}, {self.real} {self._operand(y)}"
        return self.line(f"select {self.flag} {test}, {operands}")

    def as_whole(self, x: str) -> str:
        """Write the bits of doubles as whole numbers."""
        return self.line(f"bitcast {self.real} {x} to {self.whole}")

    def as_real(self, x: str) -> str:
        """Write the doubles that have these bits."""
        return self.line(f"bitcast {self.whole} {x} to {self.real}")

    def polynomial(self, z: str, coefficients: Sequence[float]) -> str:
        """Write c0 + c1*z + c2*z**2 + ..., by Horner's rule."""
        found: str | float = coefficients[-1]
        for one in reversed(coefficients[:-1]):
            found = self.fma(found, z, one)
        return self._operand(found)

    def call(self, function: str, x: str) -> str:
        """Write a call of another function on vectors."""
        return self.line(f"call {self.real} @{function}({self.real} {x})")

    def give_back(self, results: Sequence[str]) -> None:
        """Write the end of a function; of several results it returns a structure."""
        kind, found = structure(self.real, len(results)), results[0]
        if len(results) > 1:
            found = "undef"
            for place, one in enumerate(results):
                found = self.line(f"insertvalue {kind} {found}, {self.real} {one}, {place}")
        self.put(f"  ret {kind} {found}")
