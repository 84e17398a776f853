"""What a number system has to provide so that every rule of every gate can be computed in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """A kind of numbers, and what the gate table needs of it: from this every rule of every gate follows.

    The numbers take Python's `+`, `-`, `*` and comparisons, among themselves and with floats; one that is exactly 0 is
    false.

    Attributes:
        name: what it is called.
        number: makes one of a float.
        primitives: the functions in which the gate table is written, by name.
        constants: the constants of formulas, by name.
    """

    name: str
    number: Callable[[float], Any]
    primitives: Mapping[str, Callable[..., Any]]
    constants: Mapping[str, Any]
