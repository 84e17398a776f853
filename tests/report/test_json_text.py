from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.report.json_text import json_text

TEXTS = st.text() | st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Zs", "Cs", "Co", "Cn"]))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


@given(DOCUMENTS, st.sampled_from([None, 2]), st.booleans(), st.booleans())
def test_a_document_reads_back_and_is_printable(
    document: object, indent: int | None, ascii_only: bool, compact: bool
) -> None:
    text = json_text(document, indent=indent, ascii_only=ascii_only, compact=compact)
    assert json.loads(text) == document
    assert text.replace("\n", "").isprintable()
    assert text.isascii() or not ascii_only


@given(
    st.lists(
        st.sampled_from(
            ["##[", "##vso[", "#", "##", "[", "\x7f", "\x9b", "\u202e", "\u2028", "\ud83d", "é", "😀", "\\"]
        )
    )
)
def test_no_runner_obeys_it(pieces: list[str]) -> None:
    document = {"".join(pieces): ["".join(pieces)]}
    text = json_text(document)
    assert json.loads(text) == document
    assert "##[" not in text
    assert "##vso[" not in text
    assert text.isprintable()


def test_what_is_printable_stays() -> None:
    assert json_text({"é水😀": 1.5}) == '{"é水😀": 1.5}'
    assert json_text({"é": [1, 2]}, ascii_only=True, compact=True) == '{"\\u00e9":[1,2]}'
