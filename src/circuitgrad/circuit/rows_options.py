"""What the reading of rows is told: options of a command, or the `data` block of a circuit file.

One table serves both: a field of `RowsOptions` is a key of the block and, with dashes, an option of the command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from circuitgrad.errors import quote
from circuitgrad.formulas.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blanks": " "}
"""What may separate the columns of a text, by its word; blanks are any number of blanks and tabs."""
DECIMALS = {"point": ".", "comma": ","}
"""The decimal marks, by their words."""
MISSING = {"error": "error", "skip": "skip", "nan": "nan"}
"""What is done about a row with a gap."""


class RowsOptions(NamedTuple):
    """How the rows of a data file are read; what is None is found in the file.

    Attributes:
        separator: what separates the columns, a value of `SEPARATORS`.
        decimal: the decimal mark, a value of `DECIMALS`.
        encoding: the encoding of a text, in Python's name for it; UTF-8 where it is None, or UTF-16 with its mark.
        missing: what is done about a row with a gap, a value of `MISSING`; `error` where it is None.
        missing_value: what else stands for a gap, beside an empty cell and words such as `NA`.
        map: inputs, each with the name of the column that binds it.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    missing: str | None = None
    missing_value: tuple[str, ...] = ()
    map: tuple[tuple[str, str], ...] = ()

    def given(self) -> dict[str, Any]:
        """Return the options that are given.

        >>> RowsOptions(separator=";").given()
        {'separator': ';'}
        """
        return {name: value for name, value in self._asdict().items() if value != getattr(FOUND, name)}

    def over(self, others: RowsOptions) -> RowsOptions:
        """Return these options, and others where none is given."""
        return others._replace(**self.given())


FOUND = RowsOptions()
"""Everything is found in the file."""


class RowsSetting(NamedTuple):
    """The texts that an option of the reading of rows may have.

    Attributes:
        metavar: what stands for the text in a help.
        about: its meaning, in words.
        default: the default, in words.
        words: the values by their words, either of which may be given; without it, any text is a value.
        several: whether there may be several texts.
    """

    metavar: str
    about: str
    default: str
    words: Mapping[str, str] | None = None
    several: bool = False

    def read(self, text: str) -> Any:
        r"""Return the value that a text gives.

        Raises:
            ValueError: it gives none; the message continues the option's name.

        >>> SETTINGS["separator"].read("tab"), SETTINGS["separator"].read(";")
        ('\t', ';')
        """
        if self.words is None:
            return text
        if text == r"\t" and "tab" in self.words:
            return "\t"
        if text in self.words or text in self.words.values():
            return self.words.get(text, text)
        raise ValueError(f"cannot be {quote(text)}: it is one of {', '.join(self.words)}")


class _Map(RowsSetting):
    """An input and a column."""

    __slots__ = ()

    def read(self, text: str) -> tuple[str, str]:
        """Return an input and the name of the column that binds it.

        Raises:
            ValueError: the text does not name both.
        """
        name, equals, title = text.partition("=")
        if not equals or not name.strip() or not title.strip():
            raise ValueError(f"cannot be {quote(text)}: write INPUT=COLUMN")
        return normalise(name.strip()), title.strip()


class _Encoding(RowsSetting):
    """The name of an encoding."""

    __slots__ = ()

    def read(self, text: str) -> str:
        """Return the name of an encoding of texts.

        Raises:
            ValueError: there is none.
        """
        import codecs

        try:
            "".encode(text)
            return codecs.lookup(text).name
        except (LookupError, ValueError):
            raise ValueError(f"cannot be {quote(text)}: there is no such encoding; cp1252 is one") from None


SETTINGS = {
    "separator": RowsSetting(
        "S",
        "what separates the columns of a text: comma, semicolon, tab, bar or blanks, or the character itself",
        "found in the header",
        SEPARATORS,
    ),
    "decimal": RowsSetting(
        "D", "the decimal mark, point or comma", "a comma where the numbers leave no doubt, else a point", DECIMALS
    ),
    "encoding": _Encoding("NAME", "the encoding of a text, such as cp1252", "UTF-8, or UTF-16 with its mark"),
    "missing": RowsSetting(
        "error|skip|nan",
        "what to do about a row with a gap: an empty cell, NA, N/A, NaN, null, None or -",
        "error",
        MISSING,
    ),
    "missing_value": RowsSetting("X", "another text or number that stands for a gap; repeatable", "none", several=True),
    "map": _Map(
        "INPUT=COLUMN",
        "the column that binds an input, as in T='Temperature °C'; repeatable",
        "the column of the input's name, a unit may follow",
        several=True,
    ),
}
"""The options, by their names."""
