"""Names of wires, as formulas and files write them, and of their derivatives."""

from __future__ import annotations

LONGEST_NORMALISED = 1000


def normalise(name: str) -> str:
    """Return a name as names are compared: in Unicode's NFKC form, as Python's are, and without blanks in brackets.

    >>> normalise("ﬁ"), normalise("w[3, 1]")
    ('fi', 'w[3,1]')
    """
    if name.endswith("]"):
        name = name.replace(" ", "")
    # Python takes quadratic time to put combining marks in order, and a name that is so long is refused anyway.
    if name.isascii() or len(name) > LONGEST_NORMALISED:
        return name
    import unicodedata

    return unicodedata.normalize("NFKC", name)


def is_name(text: str) -> bool:
    """Tell whether `text` can be the name of a wire: Python's identifiers, save those with a dot for a product.

    >>> is_name("w_1"), is_name("1w"), is_name("x²"), is_name("a·b")
    (True, False, False, False)
    """
    if text.isascii():
        return text.isidentifier()
    # From Unicode 15.1 on, joiners that nobody sees are parts of identifiers.
    return text.isidentifier() and text.isprintable() and "·" not in normalise(text)


def derivative_title(output: str, wire: str) -> str:
    """Return the name of a derivative.

    Args:
        output: the wire that is differentiated; empty for a rule's own value.
        wire: the wire, or the operand, with respect to which.

    >>> derivative_title("s", "a"), derivative_title("", "x")
    ('ds/da', 'd/dx')
    """
    return f"d{output}/d{wire}"
