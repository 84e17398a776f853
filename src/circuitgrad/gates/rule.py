"""A gate's rule: how its value and its partial derivatives are computed, and what else to know of it."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from circuitgrad.formulas.formula import Formula

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.formulas.steps import Step

Derived = TypeVar("Derived")


class Kink(NamedTuple):
    """Where a function is not smooth, as two formulas of the operands.

    Attributes:
        level: tells the branch: it is constant on either side of the kink, and differs between the sides.
        margin: 0 exactly at the kink.
    """

    level: Formula
    margin: Formula


class Rule:
    """A gate: its names, its value, its partial derivatives, and what to know of them.

    Two rules are equal only if they are the same object.

    Attributes:
        name: the gate's name in circuit files.
        value: the value as a formula of the operands.
        partials: per operand, in their order, the partial derivative as a formula of the operands and `out`.
        about: a few words of help.
        aliases: further names, those of NumPy and ONNX.
        sample: per operand, the closed range in which the rule is tested and drawn.
        convention: what holds at kinks, ties and the edges of the domain; empty for a gate without any.
        kinks: where a primitive is not smooth; the kinks of what it calls follow from the value.
        folds: whether more than two operands may be given; they are folded when the file is read (`language.wires`).
        locate: returns where a file gives the partial derivative in an operand, by its name; None for other rules.
        operands: the operands' names, in order.
        arity: how many operands it takes.

    >>> rule = Rule("cube", "x*x*x", {"x": "3*x*x"})
    >>> rule.arity, rule.value.text, rule.partials["x"].text
    (1, 'x*x*x', '3*x*x')
    """

    def __init__(
        self,
        name: str,
        value: Formula | str,
        partials: Mapping[str, Formula | str],
        about: str = "",
        aliases: Sequence[str] = (),
        sample: Sequence[tuple[float, float]] = (),
        convention: str = "",
        *,
        kinks: Sequence[tuple[str, str]] = (),
        folds: bool = False,
        locate: Callable[[str], Place | None] = lambda _: None,
    ) -> None:
        self.name = name
        self.value = _formula(value)
        self.partials = {operand: _formula(partial) for operand, partial in partials.items()}
        self.about = about
        self.aliases = aliases
        self.sample = sample
        self.convention = convention
        self.kinks = tuple(Kink(Formula(level), Formula(margin)) for level, margin in kinks)
        self.folds = folds
        self.locate = locate
        self.operands = tuple(partials)
        self.arity = len(self.operands)
        self._derived: dict[Any, Any] = {}

    @property
    def partial_steps(self) -> list[tuple[Step, ...]]:
        """The steps of the partial derivatives, in the order of the operands."""
        return [partial.steps for partial in self.partials.values()]

    def derived(self, key: Any, make: Callable[[], Derived]) -> Derived:
        """Return what `make` makes of this rule, made once: it is forgotten together with the rule.

        Args:
            key: what tells it from all else that is made of rules.
            make: makes it.
        """
        if key not in self._derived:
            self._derived[key] = make()
        made: Derived = self._derived[key]
        return made

    def __repr__(self) -> str:
        return f"Rule({self.name!r})"


def _formula(formula: Formula | str) -> Formula:
    return Formula(formula) if isinstance(formula, str) else formula


def once_a_rule(function: Callable[..., Derived]) -> Callable[..., Derived]:
    """Return a function of a rule that keeps its results with the rule.

    Unlike `functools.cache` it does not keep the rule: a circuit's own gates go with the circuit.

    >>> @once_a_rule
    ... def arity(rule: Rule, more: int = 0) -> int:
    ...     print("counting")
    ...     return rule.arity + more
    >>> rule = Rule("cube", "x*x*x", {"x": "3*x*x"})
    >>> arity(rule), arity(rule, 0)
    counting
    (1, 1)
    """
    defaults = function.__defaults__ or ()

    @wraps(function)
    def kept(rule: Rule, *others: Any) -> Derived:
        arguments = (*others, *defaults[len(others) :])
        return rule.derived((function, arguments), lambda: function(rule, *arguments))

    return kept
