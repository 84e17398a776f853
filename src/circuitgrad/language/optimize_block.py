"""The `optimize` block of a circuit file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuitgrad.circuit.optimization import GOALS, Optimization
from circuitgrad.errors import quote
from circuitgrad.language.fields import Field, FlagType, FormulaType, MappingType, NumberType, WholeType
from circuitgrad.language.nodes import Mapping, Scalar, kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuitgrad.circuit.optimization import Setting
    from circuitgrad.language.fields import FieldType, Json
    from circuitgrad.language.nodes import Node, NodeProblems

_TYPES: dict[type, FieldType] = {int: WholeType(), float: NumberType(), bool: FlagType()}


class SettingType:
    """One setting: a number in its range, a flag, or a word among some."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def read(self, node: Node, problems: NodeProblems, what: str) -> Any:
        """Return what is set, or None after noting the problem."""
        if self.setting.words is not None:
            return self._word(node, problems, what, self.setting.words)
        problems_before = len(problems)
        if self.setting.kind is str:
            return FormulaType().read(node, problems, what).text or None
        value = _TYPES[self.setting.kind].read(node, problems, what)
        if len(problems) == problems_before and (fault := self.setting.fault(value)):
            problems.add(node, f"{what} {fault}")
        return value if len(problems) == problems_before else None

    @staticmethod
    def _word(node: Node, problems: NodeProblems, what: str, words: Any) -> str | None:
        if type(node) is Scalar and node.text in words:
            return node.text
        shown = quote(node.text) if type(node) is Scalar else kind(node)
        near = problems.near(node.text, words) if type(node) is Scalar else None
        problems.add(node, f"{what} cannot be {shown}", near or f"it is one of {', '.join(words)}")
        return None

    def schema(self) -> Json:
        """Return the type in JSON Schema."""
        setting = self.setting
        if setting.words is not None:
            return {"enum": list(setting.words)}
        if setting.kind is str:
            return FormulaType().schema()
        limits: Json = {}
        if setting.low > float("-inf"):
            limits["exclusiveMinimum" if setting.open else "minimum"] = setting.low
        if setting.below < float("inf"):
            limits["exclusiveMaximum"] = setting.below
        return {**_TYPES[setting.kind].schema(), **limits}  # what limits a number leaves a text alone


BLOCK = MappingType(
    "the optimize block",
    {
        **{goal: Field(FormulaType(), about) for goal, about in GOALS.items()},
        **{name: Field(SettingType(setting), setting.about) for name, setting in Optimization.settings().items()},
    },
    exclusive=tuple(GOALS),
)
"""The `optimize` block of a file."""


def read_optimization(node: Node, problems: NodeProblems, wire: Callable[[Scalar], str]) -> Optimization:
    """Return what an `optimize` block says.

    Args:
        node: the block.
        problems: where what is wrong is noted.
        wire: returns the name of a wire that exists, or notes the problem.
    """
    if type(node) is Scalar and not node.text:
        return Optimization()
    settings = BLOCK.read(node, problems, "")
    goal = next((name for name in GOALS if name in settings), None)
    output = wire(settings.pop(goal)) if goal else None
    for rival in GOALS:
        settings.pop(rival, None)
    entries = node if isinstance(node, Mapping) else ()
    places = {key.text: place for key, value in entries if (place := problems.place(value))}
    return Optimization(goal or "maximize", output or None, **settings, places=places)
