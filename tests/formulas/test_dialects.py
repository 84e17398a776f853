from __future__ import annotations

import keyword
import math
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.formulas.dialects import FORMULA, JAVASCRIPT, PYTHON, short_number
from circuitgrad.formulas.latex import LATEX, latex_name, latex_number
from circuitgrad.formulas.mathml import MATHML
from circuitgrad.formulas.reader import ExpressionError, read_formula
from circuitgrad.formulas.steps import Call, Name, Number, Step
from circuitgrad.gates import doubles, table

if TYPE_CHECKING:
    from circuitgrad.gates.rule import Rule

GATES = {"add": 2, "sub": 2, "mul": 2, "div": 2, "pow": 2, "lt": 2, "ne": 2, "neg": 1, "where": 3, "sin": 1, "max": 2}


def applied(gate: str, operands: tuple[list[Step], ...]) -> list[Step]:
    """The steps of a gate after those of its operands; a literal's sign belongs to the literal."""
    steps = [step for operand in operands for step in operand]
    if gate == "neg" and len(steps) == 1 and isinstance(steps[0], Number):
        return [Number(-steps[0].value, 0)]
    return [*steps, Call(gate, len(operands), 0)]


def _calls(inner: st.SearchStrategy[list[Step]]) -> st.SearchStrategy[list[Step]]:
    def call(gate: str) -> st.SearchStrategy[list[Step]]:
        operands = st.tuples(*[inner] * GATES[gate])
        return operands.map(lambda lists: applied(gate, lists))

    return st.sampled_from(sorted(GATES)).flatmap(call)


numbers = (st.sampled_from([0.0, 1.0, -0.0]) | st.floats(allow_nan=False, allow_infinity=False)).map(
    lambda value: Number(value, 0)
)
names = st.sampled_from(["x", "y", "pi", "lambda", "q.1", "é"]).map(lambda name: Name(name, 0))
formulas = st.recursive((numbers | names).map(lambda step: [step]), _calls, max_leaves=15)


def bare(step: Step) -> tuple[object, ...]:
    """A step without its offset; a number as its text, so that -0.0 is not 0.0."""
    return (repr(step.value),) if isinstance(step, Number) else tuple(step)[:-1]


def read(text: str) -> list[tuple[object, ...]] | None:
    """The steps of a formula without their offsets, or None for a text that is none."""
    try:
        return [*map(bare, read_formula(text))]
    except ExpressionError:
        return None


def pairs(text: str) -> list[tuple[int, int]]:
    """The offsets of the parentheses that belong together."""
    opened: list[int] = []
    found = []
    for index, character in enumerate(text):
        if character == "(":
            opened.append(index)
        elif character == ")":
            found.append((opened.pop(), index))
    return found


@given(formulas)
def test_any_steps_are_written_so_that_they_read_back_the_same(steps: list[Step]) -> None:
    assert [*map(bare, read_formula(FORMULA.write(steps)))] == [*map(bare, steps)]


@given(formulas)
def test_no_pair_of_parentheses_is_wasted(steps: list[Step]) -> None:
    written = FORMULA.write(steps)
    for opening, closing in pairs(written):
        if not written[:opening][-1:].isalnum():
            without = written[:opening] + " " + written[opening + 1 : closing] + " " + written[closing + 1 :]
            assert read(without) != [*map(bare, steps)]


@given(formulas)
def test_python_reads_what_is_written_for_it(steps: list[Step]) -> None:
    compile(PYTHON.write(steps).replace("q.1", "q1"), "<written>", "eval")


@pytest.mark.parametrize(
    ("text", "value"),
    [("x**2 - y/x", 2.0**2 - 3.0 / 2.0), ("-x**2", -4.0), ("x - (y - x)", 1.0), ("2**-x", 0.25), ("x/0", math.inf),
     ("y if x < y else x", 3.0), ("(x < y)*5", 5.0), ("neg(2)**2", 4.0), ("pi*e", math.pi * math.e)],
)  # fmt: skip
def test_written_python_computes_the_formula(text: str, value: float) -> None:
    source = PYTHON.write(read_formula(text))
    names = {**doubles.PRIMITIVES, **doubles.DOUBLES.constants, "__builtins__": {}}
    assert eval(source, names, {"x": 2.0, "y": 3.0}) == value


@pytest.mark.parametrize(
    "text", ["sum(w[j, i]*x[i + 1] for i in range(2)) + b[-1]", "prod(i for i in range(1, 4) for j in range(i))",
             "max(x[i] for i in range(0, 9, 3))", "2*w[floor(i/2)]**2"],
)  # fmt: skip
def test_loops_and_members_are_written_as_they_are_read(text: str) -> None:
    assert FORMULA.write(read_formula(text)) == text


@given(st.sampled_from([*keyword.kwlist, "x", "lamb", "None1"]), st.integers(0, 3))
def test_names_for_python_are_no_keywords_and_stay_different(word: str, count: int) -> None:
    written = {PYTHON.name(word + "_" * i) for i in range(count + 1)}
    assert len(written) == count + 1
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in written)


@given(st.floats())
def test_a_short_number_is_the_number(value: float) -> None:
    assert repr(float(short_number(value))) == repr(value)
    assert not short_number(value).endswith(".0")


@pytest.mark.parametrize(
    ("text", "written"),
    [("-(-x)", "-(-x)"), ("x - -2", "x - -2"), ("y if x else 1/x", "x != 0 ? y : 1 / x"),
     ("(1 if x > 0 else 2) if y < (1 if x == 0 else 2) else -1", "y < (x == 0 ? 1 : 2) ? (x > 0 ? 1 : 2) : -1"),
     ("x < y", "(x < y) + 0.0"), ("max(x < y, 0)", "max((x < y) + 0.0, 0)"), ("-(x < y)", "-((x < y) + 0.0)"),
     ("x < y and y < 2", "x < y ? (y < 2) + 0.0 : 0"), ("(x < y) == y", "((x < y) + 0.0 == y) + 0.0"),
     ("x**-y", "pow(x, -y)"), ("mod(-(x + 1), y)", "mod(-(x + 1), y)")],
)  # fmt: skip
def test_formulas_in_javascript(text: str, written: str) -> None:
    assert JAVASCRIPT.write(read_formula(text)) == written


@pytest.mark.parametrize(
    ("text", "latex", "mathml"),
    [
        ("x > 0 and y > 0", r"x \gt 0 \land y \gt 0", "∧"),
        ("x > 0 or not y", r"x \gt 0 \lor \lnot y", "¬"),
        ("not (x or y > 0)", r"\lnot (x \lor y \gt 0)", "∨"),
        ("0 < x < 1", r"0 \lt x \land x \lt 1", "∧"),
    ],
)
def test_conditions_in_mathematics(text: str, latex: str, mathml: str) -> None:
    assert LATEX.write(read_formula(text)) == latex
    assert f"<mo>{mathml}</mo>" in MATHML.write(read_formula(text))


def test_numbers_in_javascript() -> None:
    numbers = [2.0, -0.0, 1e300, 5e-324, math.inf, -math.inf, math.nan]
    written = [JAVASCRIPT.number(value) for value in numbers]
    assert written == ["2", "-0", "1e+300", "5e-324", "Infinity", "-Infinity", "NaN"]


# LaTeX


def grouped(text: str) -> bool:
    """Whether braces, and environments, and left and right delimiters, are in pairs."""
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    ends = [("\\begin{", "\\end{"), ("\\left\\", "\\right\\"), ("(", ")")]
    return depth == 0 and all(text.count(one) == text.count(other) for one, other in ends)


def inert(text: str) -> bool:
    """Whether Markdown takes nothing in a text for itself: an escape, a table's bar, emphasis, a tag."""
    return not re.search(r"\\[^a-zA-Z]|[|*<>`$]", text)


@given(formulas)
def test_any_formula_is_written_as_latex(steps: list[Step]) -> None:
    written = LATEX.write(steps)
    assert grouped(written)
    assert inert(written)


@pytest.mark.parametrize("name", table.GATES)
def test_every_gate_is_written_as_latex(name: str) -> None:
    row = table.find(name)
    for expression in (row.value, *row.partials.values()):
        written = LATEX.write(expression.steps)
        assert grouped(written)
        assert inert(written)
        assert written.isascii()


@pytest.mark.parametrize(
    ("text", "written"),
    [("a*b + c", r"a \cdot b + c"), ("(a + b)/(c - 1)", r"\frac{a + b}{c - 1}"), ("x**-2", "{x}^{-2}"),
     ("(a + b)**2", "{(a + b)}^{2}"), ("(-2)**3", "{(-2)}^{3}"), ("(a/b)**(c + 1)", r"{\frac{a}{b}}^{c + 1}"),
     ("exp(x)**2", "{(e^{x})}^{2}"), ("sqrt(x + 1)*2", r"\sqrt{x + 1} \cdot 2"), ("sin(x)", r"\sin(x)"),
     ("normal_cdf(sigma_max)", r"\operatorname{normal-cdf}(\sigma_{\mathit{max}})"),
     ("abs(-x)", r"\left\lvert -x \right\rvert"),
     ("a if a <= inf else 1e-9",
      r"\begin{cases} a & \text{if } a \le \infty \cr 10^{-9} & \text{otherwise} \end{cases}")],
)  # fmt: skip
def test_latex(text: str, written: str) -> None:
    assert LATEX.write(read_formula(text)) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [("x", "x"), ("ax", r"\mathit{ax}"), ("w[3,1]", "w_{3,1}"), ("x_1", "x_{1}"), ("été", r"\text{été}"),
     ("σ", "σ"), ("学", r"\text{学}"),
     ("_", r"\sqcup"),
     ("__a__b", r"a_{b}"), ("out.12", r"\mathit{out}.12"), ("n.h_2[0].x", r"n.h_{2,0}.x"), ("theta", r"\theta")],
)  # fmt: skip
def test_names_in_latex(name: str, written: str) -> None:
    assert latex_name(name) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1.5", "1.5"),
        ("-2e+20", r"-2 \times 10^{20}"),
        ("1e-07", "10^{-7}"),
        ("nan", r"\text{NaN}"),
        ("-inf", r"-\infty"),
    ],
)
def test_numbers_in_latex(text: str, written: str) -> None:
    assert latex_number(text) == written


@pytest.mark.parametrize("row", table.GATES.values(), ids=lambda row: row.name)
def test_every_rule_is_written_as_mathml(row: Rule) -> None:
    for expression in (row.value, *row.partials.values()):
        written = MATHML.write(expression.steps)
        tree = ET.fromstring(f"<math>{written.replace('&#x2061;', '')}</math>")
        # A browser shows only what stands in the elements for numbers, names, signs and words.
        assert all(not (part.text or "").strip() or part.tag in {"mn", "mi", "mo", "mtext"} for part in tree.iter())
        assert all(not (part.tail or "").strip() for part in tree.iter())
        assert all(len(part) == 2 for part in tree.iter() if part.tag in {"mfrac", "msup", "mroot"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [("-(x + 1)*2**-y", "−(x+1)·2−y"), ("(x/y)**2", "(xy)2"), ("exp(-abs(x))", "e−|x|"), ("1e-7*x", "10−7·x"),
     ("x if x >= pi else -inf", "x if x≥π else −∞"), ("max(x, 2)*y", "max(x,2)·y")],
)  # fmt: skip
def test_formulas_in_mathml(text: str, shown: str) -> None:
    written = MATHML.write(read_formula(text)).replace("&#x2061;", "")
    tree = ET.fromstring(f"<math>{written}</math>")
    assert "".join(tree.itertext()).replace("\u00a0", " ") == shown


def statements(steps: list[Step]) -> tuple[list[str], str]:
    """Return the temporaries that a formula needs in Python, and the expression of its result."""
    lines: list[str] = []

    def assign(text: str) -> str:
        lines.append(f"t{len(lines)} = {text}")
        return f"t{len(lines) - 1}"

    expression = PYTHON.write(steps, assign)
    return lines, expression


def executed(steps: list[Step], x: float) -> float:
    """Return what the statements of a formula of x come to."""
    lines, expression = statements(steps)
    space: dict[str, object] = {"__builtins__": {}, "x": x, **doubles.PRIMITIVES}
    exec("\n".join([*lines, f"result = {expression}"]), space)
    result = space["result"]
    assert isinstance(result, float)
    return result


@given(formulas)
def test_formulas_of_few_levels_need_no_statements(steps: list[Step]) -> None:
    assert statements(steps) == ([], PYTHON.write(steps))


def test_deep_formulas_are_statements_with_temporaries() -> None:
    x, depth = Name("x", 0), 10_000
    left: list[Step] = [x, *[step for _ in range(depth) for step in (x, Call("add", 2, 0))]]
    right: list[Step] = [*[x] * (depth + 1), *[Call("add", 2, 0)] * depth]
    assert executed(left, 0.25) == executed(right, 0.25) == 0.25 * (depth + 1)
    divided: list[Step] = [x, *[step for _ in range(depth) for step in (Number(1.01, 0), Call("div", 2, 0))]]
    expected = 1e40
    for _ in range(depth):
        expected /= 1.01
    assert executed(divided, 1e40) == expected
    within: list[Step] = [x, *[Call("neg", 1, 0)] * 1001]
    assert executed([*within, Number(0.0, 0), Call("lt", 2, 0), *within, x, Call("where", 3, 0)], 2.0) == -2.0
    # A comparison that becomes a temporary is a number.
    comparisons: list[Step] = [x, *[step for _ in range(50) for step in (Number(0.5, 0), Call("gt", 2, 0))]]
    assert executed([*comparisons, x, Call("add", 2, 0)], 2.0) == 3.0
