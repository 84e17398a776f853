"""docs/gates.md: it has every gate as the table has it, and no gate is worse than the page says."""

from __future__ import annotations

import doctest
import re
from math import inf
from pathlib import Path

import gates_page
import pytest
import ulps
from gates_page import GROUPS, NOTABLE, grouped, section

from circuitgrad.gates.table import GATES, find

PAGE = (Path(__file__).parent.parent / "docs" / "gates.md").read_text(encoding="utf-8")
NUMBER = r"(?:[0-9.]+|inf|nan)"
ROW = re.compile(rf"^\| (value|d/d\w+) \| `.*` \| ({NUMBER}) \| ({NUMBER}) \| ({NUMBER}) \|$", re.MULTILINE)
FEW = 40
OTHER_LIBRARY = 1.0
"""By how many ulp another C library may be worse than the one of the page."""


def sections() -> dict[str, str]:
    """Return what the page says of every gate, by its name."""
    parts = re.split(r"^### `(\w+)\(.*$", PAGE.partition("\n## Beyond")[0], flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


SECTIONS = sections()


def stated(name: str) -> dict[str, list[str]]:
    """Return, per engine, the errors that the page states of a gate."""
    rows = ROW.findall(SECTIONS[name])
    return {engine: [row[place] for row in rows] for place, engine in enumerate(ulps.ENGINES, 1)}


@pytest.mark.parametrize("module", [ulps, gates_page])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_the_page_has_every_gate_in_the_order_of_the_table() -> None:
    assert list(SECTIONS) == list(GATES)
    assert [rule for rules in grouped().values() for rule in rules] == list(GATES.values())
    assert all(f"\n## {heading}\n" in PAGE for heading in GROUPS.values())
    assert PAGE.startswith(f"# Gates\n\n{len(GATES)} gates")


def test_the_page_says_what_the_table_says() -> None:
    for name, rule in GATES.items():
        assert section(rule, stated(name)) in PAGE, f"{name}: write the page anew"


def test_links_lead_to_headings() -> None:
    headings = [re.sub(r"[^\w-]", "", line[4:].replace(" ", "-")) for line in PAGE.splitlines() if line[:4] == "### "]
    assert re.findall(r"\]\(#([\w-]+)\)", PAGE) == headings


@pytest.mark.parametrize("name", GATES)
def test_no_gate_is_worse_than_the_page_says(name: str) -> None:
    rule, engines = find(name), ["objects", "python"]
    found = ulps.measured(rule, ulps.points(rule, FEW), engines=engines)
    for engine in engines:
        for worst, limit in zip(found[engine], stated(name)[engine], strict=True):
            assert worst.error <= float(limit) + OTHER_LIBRARY, (engine, worst)


@pytest.mark.parametrize("name", ["pow", "hypot", "exp", "logsumexp", "mod", "sigmoid", "silu", "gelu", "tanh", "sin"])
def test_no_gate_is_worse_in_machine_code_than_the_page_says(name: str) -> None:
    pytest.importorskip("llvmlite")
    found = ulps.measured(find(name), ulps.points(find(name), FEW), engines=["native"])["native"]
    for worst, limit in zip(found, stated(name)["native"], strict=True):
        assert worst.error <= float(limit) + OTHER_LIBRARY, worst


def test_large_errors_have_their_reason() -> None:
    for name in GATES:
        largest = max(float(error) for errors in stated(name).values() for error in errors)
        assert largest < inf
        assert largest <= NOTABLE or re.search("ulp|cancel", find(name).convention), (name, largest)


def test_a_gate_that_loses_digits_would_be_noticed() -> None:
    exact = ulps.truth(find("tanh"), [(0.5,)], 60)[0][1]
    assert ulps.error(float(exact), exact) == 0
    assert 0.5 < ulps.error(float(exact) * (1 + 2.0**-52), exact) < 2
    assert ulps.error(inf, exact) == inf
    assert {len(row) for row in ulps.computed(find("clip"), [(0.5, -1.0, 1.0)], "python")} == {4}
