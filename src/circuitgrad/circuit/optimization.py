"""The settings of an optimisation: the `optimize` block of a circuit file, the command's flags, arguments in Python.

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
"""The goals, in words; in a block, each is a key with the wire below it."""
SCHEDULES = ("constant", "cosine", "1/t")
"""The courses of the learning rate."""
FIT_SETTINGS = frozenset({"absolute_sigma", "sigma", "weights"})
"""The settings that mean something to every method for least squares."""
DEFAULT_STEPS = 100
DEFAULT_STEP_SIZE = 0.01
"""The learning rate where neither the settings nor the method say otherwise."""
METHODS = (
    "adam", "gradient", "hillclimb", "lbfgs", "lm", "momentum", "nesterov", "newton", "numeric", "random", "rmsprop",
    "trf",
)  # fmt: skip
"""The methods: `methods/optimize/algorithms` has a file for each."""


class Setting(NamedTuple):
    """The values that a setting may have, and its meaning.

    Attributes:
        kind: `int`, `float`, `bool` or `str`.
        about: its meaning, in words.
        default: the default, in words.
        low: the least number.
        open: whether `low` itself is excluded.
        below: the number that all values are less than.
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
        """Return why a value is out of range, or of another kind; None where it is neither.

        >>> Optimization.settings()["momentum"].fault(1.0)
        'is not less than 1'
        """
        if self.words is not None:
            return None if value in self.words else f"is none of {', '.join(self.words)}"
        if self.kind is str:
            return None if isinstance(value, str) else "is not a text"
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
    """The settings of an optimisation; the method chooses those that are None.

    Attributes:
        goal: `maximize`, `minimize` or `least_squares`.
        output: the wire to raise or lower, or the residual; the circuit's output where it is None.
        method: the method's name.
        steps: the largest number of steps, or of tries.
        step_size: the learning rate; for random methods, the half-width of the box of tries.
        schedule: the course of the learning rate: `constant`, `cosine` or `1/t`.
        momentum: the share of a step that goes into the next step.
        line_search: whether a step is halved until it improves enough.
        batch_size: the number of rows in a batch; all rows where it is None.
        seed: the seed of the random numbers.
        tolerance: ends the run where the gradient's norm is at most this, or ten steps together change the objective by
            at most this part of it.
        starts: the number of starting points: the inputs' values, then random ones; the run from each is as long.
        time_limit: the seconds after which the run ends.
        sigma: the uncertainty of the response in every row: a column, a number or a formula of columns.
        weights: the factor of every squared residual, in the same form.
        absolute_sigma: whether sigma is known, so that the standard errors are not scaled by the residuals.
        places: the place of each setting in a file.
    """

    goal: str = "maximize"
    output: str | None = None
    method: str | None = _setting(str, "how to move", "gradient; lm or trf for least squares", words=METHODS)
    steps: int | None = _setting(
        int, "how many steps, or tries, at most", f"{DEFAULT_STEPS}, or the method's own", low=0
    )
    step_size: float | None = _setting(
        float, "the factor of a step, or the half-width of the box of tries",
        f"{DEFAULT_STEP_SIZE}, or the method's own; 1 with a line search",
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
    starts: int | None = _setting(int, "run from so many starting points, and keep the best end", "1", low=1)
    time_limit: float | None = _setting(float, "end after so many seconds", "none", low=0, open=True)
    sigma: str | None = _setting(
        str, "the uncertainty of the response: a column, a number or a formula of columns", "none"
    )
    weights: str | None = _setting(str, "the factor of every squared residual: a column, a number or a formula", "none")
    absolute_sigma: bool | None = _setting(
        bool, "take sigma as it is, and do not scale the standard errors", "scale them"
    )
    places: Mapping[str, Place] = field(default_factory=dict, compare=False, repr=False)

    @staticmethod
    def settings() -> dict[str, Setting]:
        """Return the setting of each field, without the goal and the output.

        >>> Optimization.settings()["steps"].about
        'how many steps, or tries, at most'
        """
        return {entry.name: entry.metadata["setting"] for entry in fields(Optimization) if "setting" in entry.metadata}

    def given(self) -> dict[str, Any]:
        """Return the settings that are given, and so not left to the method.

        >>> Optimization(steps=5).given()
        {'steps': 5}
        """
        return {name: value for name in self.settings() if (value := getattr(self, name)) is not None}
