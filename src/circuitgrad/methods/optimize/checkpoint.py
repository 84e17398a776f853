"""A run on its way, as a file: enough of it to go on as if nothing had happened."""

from __future__ import annotations

import base64
import json
import zlib
from array import array
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import CircuitError, Source, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from circuitgrad.methods.optimize.curve import State

KIND = "circuitgrad checkpoint"
VERSION = 2


class Tape:
    """What a method that keeps its memory to itself has asked, and was answered: told again, it goes the same way.

    Args:
        told: the questions and answers of the run that is resumed.
        recording: whether further ones are kept.
    """

    def __init__(self, told: Sequence[tuple[str, array[float], array[float]]] = (), *, recording: bool = False) -> None:
        self.entries = list(told)
        self._recording = recording
        self._at = 0

    def told(self, kind: str, point: Sequence[float]) -> list[float] | None:
        """Return the next answer, or None where all were told.

        Raises:
            CircuitError: it is the answer to another question.
        """
        if self._at == len(self.entries):
            return None
        asked, at, answer = self.entries[self._at]
        if (asked, at.tobytes()) != (kind, array("d", point).tobytes()):
            raise CircuitError.of("the checkpoint does not lead where it led before", hint="is SciPy another version?")
        self._at += 1
        return list(answer)

    def keep(self, kind: str, point: Sequence[float], answer: list[float]) -> list[float]:
        """Keep a question and its answer, which is returned."""
        if self._recording:
            self.entries.append((kind, array("d", point), array("d", answer)))
            self._at = len(self.entries)
        return answer


@dataclass
class Checkpoint:
    """A run on its way.

    Attributes:
        run: what the run is: the circuit, the data and the settings on which its course depends.
        start: the inputs' values at the start.
        number: how many steps are done.
        point: the inputs' values.
        memory: what the method carries along.
        random: the state of the random numbers.
        curve: the state of the objective's curve, and of the way there.
        recent: the objective after the last steps.
        tape: what the method was told, where it keeps its memory to itself; it then starts anew.
    """

    run: Mapping[str, Any]
    start: Sequence[float]
    number: int
    point: Sequence[float]
    memory: Mapping[str, Any]
    random: Sequence[int]
    curve: State
    recent: Sequence[float]
    tape: Sequence[tuple[str, array[float], array[float]]] = field(default_factory=list)

    def text(self) -> str:
        """Return the checkpoint as the text of a file."""
        tape = [[kind, _packed(at), _packed(answer)] for kind, at, answer in self.tape]
        document = {"kind": KIND, "version": VERSION, **self.__dict__, "tape": tape}
        return json.dumps({**document, "digest": _digest(document)}) + "\n"

    @classmethod
    def read(cls, source: Source) -> Checkpoint:
        """Return the checkpoint in the text of a file.

        Raises:
            CircuitError: it holds none, or a damaged one.
        """
        try:
            document = json.loads(source.text)
            digest = document.pop("digest")
            known = (document["kind"], document["version"], digest) == (KIND, VERSION, _digest(document))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            known = False
        if not known:
            raise CircuitError.of(f"{quote(source.name)} is no checkpoint that this version can read, or a damaged one")
        # What has the right digest is what was written.
        del document["kind"], document["version"]
        tape = [(kind, _unpacked(at), _unpacked(answer)) for kind, at, answer in document.pop("tape")]
        return cls(**document, tape=tape)

    def refuse_other(self, run: Mapping[str, Any]) -> None:
        """Refuse to go on with another run.

        Raises:
            CircuitError: this checkpoint is of another one.
        """
        for name, value in run.items():
            if self.run.get(name) == value:
                continue
            what = name.replace("_", " ")
            if name in ("circuit", "data"):
                raise CircuitError.of(
                    f"the {what} {'is' if name == 'circuit' else 'are'} not what the checkpoint is of"
                )
            if name == "steps":
                what = "number of steps, on which a cosine depends"
            raise CircuitError.of(f"the checkpoint is of a run with another {what}: {self.run.get(name)}, not {value}")


def _digest(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(document).encode()).hexdigest()


def _packed(numbers: array[float]) -> str:
    return base64.b85encode(zlib.compress(numbers.tobytes())).decode()


def _unpacked(text: str) -> array[float]:
    return array("d", zlib.decompress(base64.b85decode(text)))
