"""Resuming a method that hides its state, as SciPy's do: it begins again, and is given the same answers.

A resumed run is promised to be the same, to the last bit, as a run without interruption. The state of SciPy's methods
cannot be read, but they are deterministic: the same answers lead them to the same place, without a pass of the circuit.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Answer = tuple[str, array[float], array[float]]


class Replay:
    """The answers to a method's questions, each as the question, the point and the numbers.

    Args:
        answers: the answers of the run that is resumed; they are given first.
        recording: whether further answers are kept.

    Attributes:
        answers: all answers that are kept.

    >>> replay = Replay(recording=True)
    >>> replay.answer("residuals", [2.0], lambda: [0.5])
    [0.5]
    >>> Replay(replay.answers).answer("residuals", [2.0], list)
    [0.5]
    """

    def __init__(self, answers: Iterable[Answer] = (), *, recording: bool = False) -> None:
        self.answers = list(answers)
        self._recording = recording
        self._next = 0

    def answer(self, question: str, point: Sequence[float], compute: Callable[[], list[float]]) -> list[float]:
        """Return the next answer, which is computed once all kept answers are given.

        Raises:
            CircuitError: the kept answer is that to another question, or at another point.
        """
        at = array("d", point)
        if self._next < len(self.answers):
            kept_question, kept_at, numbers = self.answers[self._next]
            if (kept_question, kept_at.tobytes()) != (question, at.tobytes()):
                hint = "is SciPy another version?"
                raise CircuitError.of("the checkpoint does not lead where it led before", hint=hint)
            self._next += 1
            return list(numbers)
        computed = compute()
        if self._recording:
            self.answers.append((question, at, array("d", computed)))
            self._next += 1
        return computed
