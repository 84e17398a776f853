"""Names: which texts may be one, and what a person may have meant by others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitgrad.errors import quote
from circuitgrad.formulas.names import is_name, normalise
from circuitgrad.formulas.steps import RESERVED

if TYPE_CHECKING:
    from circuitgrad.language.nodes import Scalar

LONGEST_NAME = 200
YAML_WORDS = frozenset({"on", "off", "yes", "no", "true", "false", "null", "~"})
NUMBER_WORDS = frozenset({"inf", "infinity", "nan"})
_WORDS = YAML_WORDS | NUMBER_WORDS | RESERVED


NO_BREAK = "\u00a0"
COMMA_HINT = "inside brackets a formula with a comma needs quotes"
NO_BREAK_HINT = "there is a no-break space in it, U+00A0: put an ordinary one in its place"


def is_ordinary(name: str) -> bool:
    """Tell whether a name is right at first sight; others need a second look.

    >>> is_ordinary("w1"), is_ordinary("on"), is_ordinary("é")
    (True, False, False)
    """
    return name.isascii() and name.isidentifier() and len(name) <= LONGEST_NAME and name.lower() not in _WORDS


def name_fault(text: str, *, plain: bool = True) -> tuple[str, str | None] | None:
    """Return why a text cannot be a name, with a hint; None when it can.

    Args:
        text: the text.
        plain: whether it stands in the file without quotes.

    >>> name_fault("w1"), name_fault("1w")
    (None, ("'1w' is not a name", 'a name is made of letters, digits and _, and begins with no digit'))
    """
    name = normalise(text)
    if plain and name.lower() in YAML_WORDS:
        return f"{quote(name)} is not a name: YAML reads it as a boolean or null", "put it in quotes, or choose another"
    if name in RESERVED:
        return f"{quote(name)} is a word of the formula language", "choose another name"
    if name.lower() in NUMBER_WORDS:
        return f"{quote(name)} is not a name: it is read as a number", "choose another name"
    if name == "<<":
        return "merge keys are not part of the circuit format", "write the entries out"
    if len(name) > LONGEST_NAME:
        return f"a name of {len(name):,} characters", f"the longest allowed has {LONGEST_NAME}"
    if not is_name(text):
        hint = "a name is made of letters, digits and _, and begins with no digit"
        if ":" in name and " " not in name:
            hint = "a colon needs a space behind it"
        if any(not (character.isascii() or character.isprintable()) for character in name):
            hint = "there is an invisible character in it"
        if NO_BREAK in text:
            hint = NO_BREAK_HINT
        if name.endswith(")"):
            hint = COMMA_HINT
        if name.isdecimal():  # 000 is left of 1,000; 1 of where(x > 0, 1, y)
            hint = "a number is written without commas" if len(name) == 3 else COMMA_HINT
        if is_name(name):
            hint = f"write {quote(name)}"  # x₁, whose last character is no digit
        return f"{quote(text)} is not a name", hint
    return None


def refuse_name(key: Scalar) -> tuple[str, str | None] | None:
    """Return why a key cannot be a name, with a hint; None when it can."""
    return None if is_ordinary(key.text) else name_fault(key.text, plain=key.plain)
