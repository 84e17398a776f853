"""A fault inside a definition is shown where it stands: in its file, line and column, however it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from circuitgrad import CircuitError, load, loads
from circuitgrad.language.settling import LONGEST_RULE
from language.faults import fault, pointed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMULAS = {
    "1 + zz*2": ["zz"],
    "x + mull(x, 2)": ["mull"],
    "2*sin(x, 2)": ["sin"],
    "1 + square_sum(x)": ["square_sum"],
    "1 + x[0]": ["x"],
    "1 + zz[0]": ["zz"],
    "1 + sin(x for i in range(3))": ["sin"],
    "1 + max(x for i in range(0))": ["max"],
    "1 + sum(x for i in range(2, 1, 0))": ["0"],
    "1 + sum(x for i in range(x))": ["x"],
    "1 + sum(x for i in range(3.5 if 1 else 2))": ["3"],
    "x + * 2": ["*"],
    "x + 017": ["017"],
    "1 + p.1": ["p.1"],
    "sin(mull(zz, 1))": ["mull", "zz"],
}
"""Formulas of an operand `x`, and the texts in them at which a fault is shown."""

INDENT = " " * 10


def split(formula: str) -> str:
    """Return a formula in two lines."""
    return formula.replace(" ", f"\n{INDENT}", 1)


STYLES: dict[str, Callable[[str], str]] = {
    "plain": lambda formula: formula,
    "plain, in two lines": split,
    "with an anchor": lambda formula: f"&a {formula}",
    "with an anchor in the line before": lambda formula: f"&a  # its value\n{INDENT}{formula}",
    "in single quotes": lambda formula: f"'{formula}'",
    "in single quotes, with an anchor": lambda formula: f"&zz '{formula}'",
    "in double quotes": lambda formula: f'"{formula}"',
    "in double quotes, with escapes": lambda formula: '"' + formula.replace(" ", "\\x20") + '"',
    "in double quotes, with escaped line ends": lambda formula: '"' + formula.replace(" ", f"\\\n{INDENT}\\ ", 1) + '"',
    "literal": lambda formula: f"|\n{INDENT}{split(formula)}",
    "literal, with an anchor": lambda formula: f"&zz |\n{INDENT}{formula}",
    "folded": lambda formula: f">-  # zz + mull(x)\n{INDENT}{split(formula)}",
    "folded, with Windows' line ends": lambda formula: f">\n{INDENT}{split(formula)}".replace("\n", "\r\n"),
}

DEFINITIONS = {
    "an expression": "  f(x): {}\n",
    "a value": "  f:\n    operands: [x]\n    gates: {{p: x*x + 1}}\n    value: {}\n",
    "an output": "  f:\n    operands: [x]\n    output: {}\n",
    "a gate's formula": "  f:\n    operands: [x]\n    gates:\n      q: {}\n    value: q\n",
    "an operand": "  f:\n    operands: [x]\n    gates:\n      q:\n        add:\n        - x\n        - {}\n",
    "a family": "  f:\n    operands: [x]\n    gates:\n      'q[k=0:2]': {}\n    value: q[0] + q[1]\n",
    "a value with partials": "  f:\n    operands: [x]\n    value: {}\n    partials: {{x: 1}}\n",
    "a partial": "  f:\n    operands: [x]\n    value: x\n    partials:\n      x: {}\n",
    "a definition that others call": "  f(x): {}\n  g(x): f(x)\n"
    "  h: {{operands: [x], value: g(x), partials: {{x: f(x)}}}}\n",
}
DEFINED = "define:\n  square_sum(x, y): x*x + y*y\n"


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("style", STYLES)
def test_a_fault_of_a_formula_is_shown_where_it_stands(tmp_path: Path, style: str, definition: str) -> None:
    for formula, where in FORMULAS.items():
        text = f"{DEFINED}{DEFINITIONS[definition].format(STYLES[style](formula))}"
        own = fault(f"{text}inputs: {{x: 1}}\ngates: {{y: f(x)}}\n")
        assert "not YAML" not in str(own)
        assert pointed(own) == where, text
        (tmp_path / "library.yaml").write_bytes(text.encode())
        (tmp_path / "main.yaml").write_text("# one\n# two\nuse: library.yaml\ninputs: {x: 1}\ngates: {y: f(x)}\n")
        with pytest.raises(CircuitError) as caught:
            load(tmp_path / "main.yaml")
        assert pointed(caught.value) == where
        places = [problem.place for problem in caught.value.problems]
        assert {place.source for place in places if place} == {str(tmp_path / "library.yaml")}
        assert [(place.line, place.column) for place in places if place] == [
            (problem.place.line, problem.place.column) for problem in own.problems if problem.place
        ]


OVER = LONGEST_RULE + 1
SUM = f"sum(x for i in range({OVER}))"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (f"value: {SUM}\n    partials: {{x: 1}}", SUM),
        (f"value: >\n      1 +\n      {SUM}\n    partials: {{x: 1}}", "1 +"),
        (f"value: x\n    partials: {{x: '{SUM}'}}", SUM),
        (f"gates:\n      p: {SUM}\n    partials: {{x: 1}}", "p"),
        (f"gates:\n      'p': {SUM}\n    partials: {{x: 1}}", "p"),
        (f"gates:\n      p: {SUM}\n    output: p\n    partials: {{x: 1}}", "p"),
        (f"value: sum(many(x) for i in range({OVER // 100}))\n    partials: {{x: 1}}",
         f"sum(many(x) for i in range({OVER // 100}))"),
    ],
)  # fmt: skip
def test_a_rule_that_is_too_long_is_shown_where_it_stands(body: str, where: str) -> None:
    many = "  many(x): sum(x for i in range(101))\n"
    error = fault(f"define:\n{many}  f:\n    operands: [x]\n    {body}\ninputs: {{x: 1}}\ngates: {{y: f(x)}}\n")
    assert pointed(error) == [where]
    assert f"more than {LONGEST_RULE:,} gates" in str(error)


def test_a_rule_may_be_nested_deeper_than_a_formula_that_is_written() -> None:
    chain = "".join(f"  f{i}(x): x - (x - (x - f{i - 1}(x)))\n" for i in range(1, 60))
    partials = "{operands: [x], value: f59(x), partials: {x: 1}}"
    circuit = loads(f"define:\n  f0(x): x - x\n{chain}  g: {partials}\ninputs: {{a: 1}}\ngates: {{y: g(a)}}\n")
    assert [rule.name for rule in circuit.rules] == ["g"]
    assert len([step for step in circuit.rules[0].value.steps if step[0] == "sub"]) == 3 * 59 + 1


@pytest.mark.parametrize("operand", ["exp", "exp_operand", "pi", "e", "tau", "where", "neg", "identity", "sum", "None"])
def test_an_operand_may_be_called_like_a_gate_or_a_constant(operand: str) -> None:
    value, slope = (
        f"exp({operand}) + {operand}*sin({operand})",
        f"exp({operand}) + sin({operand}) + {operand}*cos(-{operand})",
    )
    text = f"define:\n  f:\n    operands: [{operand}]\n    value: {value}\n    partials: {{{operand}: {slope}}}\n"
    circuit = loads(f"{text}inputs: {{a: 2}}\ngates: {{y: f(a), z: exp(a) + a*sin(a)}}\noutput: [y, z]\n")
    values = circuit.forward()
    assert values["y"] == values["z"]
    assert circuit.backward("y")["a"] == pytest.approx(circuit.backward("z")["a"], rel=1e-15)
    assert str(circuit.rules[0].value) == value


def test_a_definition_that_calls_a_wrong_one_in_its_partials_adds_no_second_message() -> None:
    error = fault(
        "define:\n  f(x): 1 + zz\n  g(x): f(x)\n  h: {operands: [x], value: g(x), partials: {x: 1}}\n"
        "inputs: {x: 1}\ngates: {y: h(x)}\n"
    )
    assert pointed(error) == ["zz"]
