"""A formula as text and as steps: whichever is missing is made from the other when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.formulas.reader import read_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from circuitgrad.formulas.steps import Step


class Formula:
    """A formula, which is read no more than once, and not before its steps are needed.

    Args:
        text: the formula in the language of circuit files.

    >>> [tuple(step)[0] for step in Formula("a*x + 1").steps]
    ['a', 'x', 'mul', 1.0, 'add']
    >>> Formula.of_steps(Formula("(a * x)+1").steps).text
    'a*x + 1'
    """

    __slots__ = ("_steps", "_text")

    def __init__(self, text: str) -> None:
        self._text: str | None = text
        self._steps: tuple[Step, ...] | None = None

    @classmethod
    def of_steps(cls, steps: Sequence[Step]) -> Formula:
        """Return the formula of steps in postfix order."""
        formula = cls("")
        formula._text, formula._steps = None, tuple(steps)
        return formula

    @property
    def text(self) -> str:
        """The formula as text."""
        if self._text is None:
            self._text = FORMULA.write(self.steps)
        return self._text

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in postfix order.

        Raises:
            ExpressionError: the text is no formula.
        """
        if self._steps is None:
            self._steps = read_formula(self.text)
        return self._steps

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"
