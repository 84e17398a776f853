"""Functions of a vector of doubles, written operation by operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.engines.native.llvm.instructions import Instructions
from circuitgrad.engines.native.llvm.notation import constant, hexadecimal, structure, vector

if TYPE_CHECKING:
    from collections.abc import Sequence


class VectorWriter(Instructions):
    """Writes the body of a function of a vector of doubles.

    Operands are names of results, or numbers: those stand in every lane.

    Args:
        lanes: how many doubles a vector has.

    Attributes:
        real: the type of doubles.
        integer: the type of whole numbers as long as these.
        flag: the type of truths.

    >>> writer = VectorWriter(2)
    >>> writer.doubles("fmul", "%x", 2.0)
    '%t1'
    >>> writer.lines
    ['  %t1 = fmul <2 x double> %x, <double 0x4000000000000000, double 0x4000000000000000>']
    """

    def __init__(self, lanes: int) -> None:
        super().__init__()
        self.lanes = lanes
        self.real, self.integer, self.flag = (vector(kind, lanes) for kind in ("double", "i64", "i1"))

    def operand(self, value: str | float) -> str:
        """Return an operand as text: a number stands in every lane, as a double or as the whole number that it is."""
        if isinstance(value, str):
            return value
        if isinstance(value, int):
            return constant("i64", value, self.lanes)
        return constant("double", hexadecimal(value), self.lanes)

    def doubles(self, operation: str, *operands: str | float) -> str:
        """Write an operation on doubles."""
        return self.do(f"{operation} {self.real} {', '.join(map(self.operand, operands))}")

    def integers(self, operation: str, *operands: str | int) -> str:
        """Write an operation on whole numbers."""
        return self.do(f"{operation} {self.integer} {', '.join(map(self.operand, operands))}")

    def fma(self, a: str | float, b: str | float, c: str | float) -> str:
        """Write a*b + c, rounded once."""
        operands = ", ".join(f"{self.real} {self.operand(value)}" for value in (a, b, c))
        return self.do(f"call {self.real} @llvm.fma.v{self.lanes}f64({operands})")

    def absolute(self, x: str) -> str:
        """Write |x|."""
        return self.do(f"call {self.real} @llvm.fabs.v{self.lanes}f64({self.real} {x})")

    def choose(self, test: str, x: str | float, y: str | float) -> str:
        """Write x where the test holds, and y elsewhere."""
        operands = f"{self.real} {self.operand(x)}, {self.real} {self.operand(y)}"
        return self.do(f"select {self.flag} {test}, {operands}")

    def as_integers(self, x: str) -> str:
        """Write the bits of doubles as whole numbers."""
        return self.do(f"bitcast {self.real} {x} to {self.integer}")

    def as_doubles(self, x: str) -> str:
        """Write the doubles that have these bits."""
        return self.do(f"bitcast {self.integer} {x} to {self.real}")

    def polynomial(self, z: str, coefficients: Sequence[float]) -> str:
        """Write c0 + c1*z + c2*z**2 + ..., by Horner's rule."""
        *lower, highest = coefficients
        result = self.operand(highest)
        for coefficient in reversed(lower):
            result = self.fma(result, z, coefficient)
        return result

    def call(self, function: str, x: str) -> str:
        """Write a call of another function on vectors."""
        return self.do(f"call {self.real} @{function}({self.real} {x})")

    def give_back(self, results: Sequence[str]) -> None:
        """Write the end of a function; of several results it returns a structure."""
        kind, returned = structure(self.real, len(results)), results[0]
        if len(results) > 1:
            returned = "undef"
            for place, result in enumerate(results):
                returned = self.do(f"insertvalue {kind} {returned}, {self.real} {result}, {place}")
        self.put(f"ret {kind} {returned}")
