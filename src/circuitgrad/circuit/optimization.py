"""What an optimisation is told: the `optimize` block of a circuit file, the flags of the command, arguments in Python.

One table serves all three: a field of `Optimization` is a key of the block and, with dashes, a flag of the command.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.errors import Place

GOALS = {
    "maximize": "raise a wire, or its mean over the rows of the data; this is the default",
    "minimize": "lower a wire, or its mean over the rows of the data",
    "least_squares": "lower the sum of a wire's squares over the rows of the data: the wire is a residual",
}
"""What can be aimed at, in words; in a block, each is a key with the wire below it."""

SCHEDULES = ("constant", "cosine", "1/t")


METHODS = (
    "adam", "gradient", "hillclimb", "lbfgs", "lm", "momentum", "nesterov", "newton", "numeric", "random", "rmsprop",
    "trf",
)  # fmt: skip
"""The methods: `methods/optimize/algorithms` has a file for each."""


class Setting(NamedTuple):
    """What may be said of one thing, and what it means.

    Attributes:
        kind: `int`, `float`, `bool` or `str`.
        about: what it is, in words.
        default: what holds where nothing is said, in words; empty where it depends on nothing else.
        low: the least number.
        open: whether `low` itself is excluded.
        below: what a number is less than.
        words: the words to choose from.
    """

    kind: type
    about: str
    default: str = ""
    low: float = -inf
    open: bool = False
    below: float = inf
    words: Sequence[str] | None = None

    def fault(self, value: Any) -> str | None:
        """Return why a value is out of range, or of another kind, or None where it is not.

        >>> Optimization.settings()["momentum"].fault(1.0)
        'is not less than 1'
        """
        if self.words is not None:
            return None if value in self.words else f"is none of {', '.join(self.words)}"
        kinds: tuple[type, ...] = (float, int) if self.kind is float else (self.kind,)
        if type(value) not in kinds:
            return {int: "is not a whole number", float: "is not a number", bool: "is not true or false"}[self.kind]
        if not (value > self.low if self.open else value >= self.low):
            return f"is not {'more than' if self.open else 'at least'} {self.low:g}"
        if value >= self.below:
            return "is not finite" if self.below == inf else f"is not less than {self.below:g}"
        return None


def _setting(kind: type, about: str, default: str = "", **limits: Any) -> Any:
    return field(default=None, metadata={"setting": Setting(kind, about, default, **limits)})


@dataclass(frozen=True)
class Optimization:
    """An optimisation, as far as it is told; what is None is left to the method.

    Attributes:
        goal: `maximize`, `minimize` or `least_squares`.
        output: the wire to raise or lower, or the residual; the circuit's output where it is None.
        method: the method's name.
        steps: how many steps are done at most, or tries made.
        step_size: the factor of a step, or the half-width of the box of tries.
        schedule: how the step size goes on: `constant`, `cosine` or `1/t`.
        momentum: the share of a step that goes into the next one.
        line_search: whether a step is halved until it improves enough.
        batch_size: how many rows a step looks at; all where it is None.
        seed: what random numbers start from.
        tolerance: ends the run where the gradient's norm is not above it, or ten steps together bring no more than such
            a part of the objective.
        time_limit: the seconds after which the run ends.
        places: where in a file each of them is said.
    """

    goal: str = "maximize"
    output: str | None = None
    method: str | None = _setting(str, "how to move", "gradient; lm or trf for least squares", words=METHODS)
    steps: int | None = _setting(int, "how many steps, or tries, at most", "100, or the method's own", low=0)
    step_size: float | None = _setting(
        float, "the factor of a step, or the half-width of the box of tries",
        "0.01, or the method's own; 1 with a line search",
        low=0, open=True,
    )  # fmt: skip
    schedule: str | None = _setting(
        str, "how the step size goes on: falling to 0 in a cosine, or as 1/t", "constant", words=SCHEDULES
    )
    momentum: float | None = _setting(float, "the share of a step that goes into the next", "0.9", low=0, below=1)
    line_search: bool | None = _setting(bool, "halve a step until it improves enough", "the method's own")
    batch_size: int | None = _setting(int, "how many rows, in random order, a step looks at", "all", low=1)
    seed: int | None = _setting(int, "what random numbers start from", "0")
    tolerance: float | None = _setting(
        float,
        "end where the gradient's norm is at most this, or ten steps bring less than such a part of the objective",
        "none",
        low=0,
    )
    time_limit: float | None = _setting(float, "end after so many seconds", "none", low=0, open=True)
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def settings() -> dict[str, Setting]:
        """Return what may be said of each field beside the goal and the output.

        >>> Optimization.settings()["steps"].about
        'how many steps, or tries, at most'
        """
        return {part.name: part.metadata["setting"] for part in fields(Optimization) if "setting" in part.metadata}

    def said(self) -> dict[str, Any]:
        """Return the settings that are not left to the method.

        >>> Optimization(steps=5).said()
        {'steps': 5}
        """
        return {name: value for name in self.settings() if (value := getattr(self, name)) is not None}
