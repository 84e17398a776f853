"""A run in progress as a file: all that it needs to go on as if it had never been interrupted."""

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

    from circuitgrad.methods.optimize.curve import CurveState
    from circuitgrad.methods.optimize.replay import Answer

KIND = "circuitgrad checkpoint"
VERSION = 2


@dataclass
class Checkpoint:
    """A run in progress. The names of the attributes are the keys of the file.

    Attributes:
        run: the identity of the run: the circuit, the data and the settings on which its course depends.
        start: the inputs' values at the start.
        number: the number of steps so far.
        point: the inputs' values.
        memory: the state of the method.
        random: the state of the random numbers.
        curve: the state of the objective's curve, and of the path.
        recent: the objective after the last steps.
        tape: the answers to a method that hides its state; see `replay`.
        best: the best iterate: its cost over all rows, its number and its point; None where batches hide it.
    """

    run: Mapping[str, Any]
    start: Sequence[float]
    number: int
    point: Sequence[float]
    memory: Mapping[str, Any]
    random: Sequence[int]
    curve: CurveState
    recent: Sequence[float]
    tape: Sequence[Answer] = field(default_factory=list)
    best: tuple[float, int, Sequence[float]] | None = None

    def text(self) -> str:
        """Return the checkpoint as the text of a file."""
        tape = [[question, _packed(point), _packed(numbers)] for question, point, numbers in self.tape]
        document = {"kind": KIND, "version": VERSION, **self.__dict__, "tape": tape}
        return json.dumps({**document, "digest": _digest(document)}) + "\n"

    @classmethod
    def read(cls, source: Source) -> Checkpoint:
        """Return the checkpoint in the text of a file.

        Raises:
            CircuitError: it is no checkpoint, or is damaged.
        """
        try:
            document = json.loads(source.text)
            digest = document.pop("digest")
            is_known = (document["kind"], document["version"], digest) == (KIND, VERSION, _digest(document))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            is_known = False
        if not is_known:
            raise CircuitError.of(f"{quote(source.name)} is no checkpoint that this version can read, or a damaged one")
        # The digest shows that the rest is as it was written.
        del document["kind"], document["version"]
        tape = [(question, _unpacked(point), _unpacked(numbers)) for question, point, numbers in document.pop("tape")]
        return cls(**document, tape=tape)

    def refuse_other(self, run: Mapping[str, Any]) -> None:
        """Refuse to go on with another run.

        Raises:
            CircuitError: this checkpoint is of another run.
        """
        for name, value in run.items():
            if self.run.get(name) == value:
                continue
            words = name.replace("_", " ")
            if name in ("circuit", "data"):
                raise CircuitError.of(
                    f"the {words} {'is' if name == 'circuit' else 'are'} not what the checkpoint is of"
                )
            if name == "steps":
                words = "number of steps, on which a cosine depends"
            raise CircuitError.of(f"the checkpoint is of a run with another {words}: {self.run.get(name)}, not {value}")


def _digest(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(document).encode()).hexdigest()


def _packed(numbers: array[float]) -> str:
    return base64.b85encode(zlib.compress(numbers.tobytes())).decode()


def _unpacked(text: str) -> array[float]:
    return array("d", zlib.decompress(base64.b85decode(text)))
