"""How LLVM's language writes numbers and types."""

from __future__ import annotations

import struct

LANES = 8
"""How many doubles the functions on vectors compute at once."""


def hexadecimal(value: float) -> str:
    """Return a double as LLVM writes it, to the bit.

    >>> hexadecimal(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def bits(value: float) -> int:
    """Return the bits of a double as a whole number."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])


def vector(kind: str, lanes: int) -> str:
    """Return the type of a vector; of one lane, it is the type of its element.

    >>> vector("double", 8), vector("double", 1)
    ('<8 x double>', 'double')
    """
    return kind if lanes == 1 else f"<{lanes} x {kind}>"


def constant(kind: str, number: str | float, lanes: int) -> str:
    """Return a constant that has a number in every lane.

    >>> constant("i64", 1, 2), constant("double", hexadecimal(1.0), 1)
    ('<i64 1, i64 1>', '0x3FF0000000000000')
    """
    return str(number) if lanes == 1 else f"<{', '.join([f'{kind} {number}'] * lanes)}>"


def structure(kind: str, count: int) -> str:
    """Return the type of several results of a type together; of one, it is the type.

    >>> structure("double", 1), structure("double", 2)
    ('double', '{double, double}')
    """
    return kind if count == 1 else f"{{{', '.join([kind] * count)}}}"
