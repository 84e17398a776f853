"""A call of a definition means its body, written in place of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError, load, loads
from circuitgrad.language.settling import DEEPEST_CALLS
from circuitgrad.methods.check.check import check
from language.faults import fault, messages, pointed

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = "inputs: {a: 0.5, b: -1.25}\n"
VALUES = st.floats(-3, 3).map(lambda value: round(value, 3))


def gradients(text: str, inputs: dict[str, float] | None = None) -> tuple[float, dict[str, float]]:
    """Return the output's value, and its derivatives in the inputs."""
    circuit = loads(text)
    circuit.assign(inputs or {})
    (output,) = circuit.outputs
    slopes = circuit.backward()
    return circuit[output].value, {name: slopes[name] for name in circuit.inputs}


SAME = [
    ("f(x, y): x*sin(y) + 1", "y: f(a, b)", "y: a*sin(b) + 1"),
    ("f(x, y): x*sin(y) + 1", "y: {f: [a*b, 2]}", "y: a*b*sin(2) + 1"),
    ("f(x, y): x*sin(y) + 1", "y: f(f(a, b), f(b, a))*2", "y: ((a*sin(b) + 1)*sin(b*sin(a) + 1) + 1)*2"),
    ("f(x): x", "y: f(a)*b", "y: a*b"),
    ("f(x): x", "y: f(a)", "y: {identity: a}"),
    ("f(x): 3", "y: f(a)*b", "y: 3*b"),
    ("f(x): sum(x**i for i in range(5, 8))", "y: f(a)", "y: a**5 + a**6 + a**7"),
    ("f(x):\n    gates: {q: x*x, r: {add: [q, 1]}}\n    output: r", "y: f(a) + f(b)", "y: (a*a + 1) + (b*b + 1)"),
    ("f(x):\n    gates: {r: {add: [q, 1]}, q: x*x}", "y: f(a)", "y: a*a + 1"),
    ("f(x):\n    gates: {q: x*x}\n    value: q + sin(q)", "y: {f: a}", "y: a*a + sin(a*a)"),
    ("f(x):\n    gates:\n      h[i=0:3]: x*i\n    value: h[1] + h[2]", "y: f(a)", "y: a*1 + a*2"),
    ("f:\n    operands: [x]\n    about: a cube\n    value: x*x*x", "y: f(a + b)", "y: (a + b)*(a + b)*(a + b)"),
    ("f(x): g(x) + 1\n  g(x): h(x)*2\n  h(x): sin(x)", "y: f(a)", "y: sin(a)*2 + 1"),
    ("f(x):\n    gates: {q: g(x)}\n    value: q*q\n  g(x):\n    gates: {q: x + 1}\n    value: q*x", "y: f(a)",
     "y: ((a + 1)*a)*((a + 1)*a)"),
    ("sigm(x): 1 if x > 0 else x", "y: sigm(a)*sigm(b)", "y: (1 if a > 0 else a)*(1 if b > 0 else b)"),
    ("f(e, pi): e*pi", "y: f(a, b)", "y: a*b"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "call", "body"), SAME)
@given(a=VALUES, b=VALUES)
def test_a_call_means_its_body(definition: str, call: str, body: str, a: float, b: float) -> None:
    inputs = {"a": a, "b": b}
    called = gradients(f"{INPUTS}define:\n  {definition}\ngates:\n  {call}\n", inputs)
    written = gradients(f"{INPUTS}gates:\n  {body}\n", inputs)
    assert called == written


BLOCK = """
inputs: {a: 2, b: 3}
define:
  f(x, y):
    gates: {q: x*y, r: q + 1}
    output: r
gates:
  n: f(a, b)
  m: 1 + f(b, 4)
output: [n, m]
"""


def test_inner_wires_are_named_after_the_call() -> None:
    values = loads(BLOCK).forward()
    assert (values["n.q"], values["n"], values["m.1.q"], values["m.1.r"], values["m"]) == (6, 7, 12, 13, 14)


def test_inner_wires_can_be_outputs_and_be_expected() -> None:
    circuit = loads(BLOCK.replace("output: [n, m]", "output: n.q\nexpect: {m.1.q: 12}"))
    assert circuit.backward()["a"] == 3
    assert check(circuit).passed


@pytest.mark.parametrize("others", ["", ", k: sin(a)*cos(g)"])
def test_a_wire_beside_the_result_keeps_its_operand(others: str) -> None:
    # p comes before q in the file, takes q, and feeds nothing: q is the result and becomes the wire g itself.
    text = "inputs: {a: 3}\ndefine:\n  f(x):\n    gates: {p: q*2, q: x + 1}\n    value: q\n"
    values = loads(f"{text}gates: {{g: f(a){others}}}\noutput: g\nexpect: {{g.p: 8}}").forward()
    assert (values["g"], values["g.p"]) == (4, 8)


def test_generated_names_are_stable() -> None:
    assert list(loads(BLOCK)) == list(loads(BLOCK))


PARTIALS = """
inputs: {{x: 1.5, y: -0.5}}
define:
  gain(u, v):
    value: {value}
    partials: {{u: {u}, v: {v}}}
gates:
  q: x*y + 2
  out: gain(q, x)*sin(gain(x, y))
"""


def partials(value: str, u: str, v: str) -> str:
    return PARTIALS.format(value=value, u=u, v=v)


@pytest.mark.parametrize(
    ("value", "u", "v"),
    [("u*exp(v)", "exp(v)", "out"), ("u**2*v", "2*u*v", "u**2"),
     ("sum(u*v**i for i in range(1, 3))", "v + v**2", "u + 2*u*v"),
     ("u if u > v else v", "u > v", "u <= v"), ("hypot(u, v)", "u/out", "v/out")],
)  # fmt: skip
def test_right_partials_are_what_reverse_mode_finds(value: str, u: str, v: str) -> None:
    text = partials(value, u, v)
    assert check(loads(text)).passed
    without = "\n".join(line for line in text.splitlines() if "partials" not in line)
    value_with, slopes_with = gradients(text)
    value_without, slopes_without = gradients(without)
    assert value_with == pytest.approx(value_without, rel=1e-14)
    assert slopes_with == pytest.approx(slopes_without, rel=1e-12)


@pytest.mark.parametrize(
    ("u", "v"), [("exp(v)*(1 + 1e-9)", "out"), ("exp(v)", "u"), ("-exp(v)", "out"), ("0", "out"), ("nan", "out")]
)
def test_a_planted_wrong_partial_is_named(u: str, v: str) -> None:
    checked = check(loads(partials("u*exp(v)", u, v)))
    assert not checked.passed
    accused = {name for name, verdict in checked.gates.items() if verdict.failed}
    assert accused
    assert all(checked.circuit.rules[checked.circuit.names.index(name)].name == "gain" for name in accused)


def test_a_gate_with_partials_may_call_others() -> None:
    text = """
inputs: {a: 0.7}
define:
  cube: {operands: [x], value: x*x*x, partials: {x: 3*x**2}}
  sixth: {operands: [x], value: cube(x)*cube(x), partials: {x: 6*cube(x)*x**2}}
gates: {y: sixth(a)}
"""
    circuit = loads(text)
    assert [rule.name for rule in circuit.rules] == ["sixth"]
    assert circuit.backward()["a"] == pytest.approx(6 * 0.7**5, rel=1e-14)
    assert check(circuit).passed


def test_operands_may_be_called_like_gates_and_keywords() -> None:
    text = """
inputs: {a: 0.7}
define:
  f: {operands: [exp, lambda], value: exp*exp(lambda), partials: {exp: exp(lambda), lambda: out}}
gates: {y: 'f(a, 2*a)'}
"""
    circuit = loads(text)
    assert check(circuit).passed


FAULTS = [
    ("f(x): x + z", ["z"], "a definition sees its operands and nothing else"),
    ("f(x): x + a", ["a"], "no wire is called 'a'"),
    ("f(x): sinn(x)", ["sinn"], "did you mean 'sin'?"),
    ("f(x): sin(x, 2)", ["sin"], "sin takes 1 operand, not 2"),
    ("f(x): x +", [""], "the formula ends"),
    ("f(x): g(x)\n  g(x): f(x)", ["f(x)"], "in a circle: f -> g -> f"),
    ("f(x): f(x)", ["f(x)"], "in a circle: f -> f"),
    ("relu(x): x", ["relu"], "there is a gate called 'relu' already"),
    ("sum(x): x", ["sum"], "there is a gate called 'sum' already"),
    ("f(x): x\n  f(y): y", ["f(y)"], "'f' is defined twice"),
    ("f(x, x): x", ["x"], "the operand 'x' is named twice"),
    ("f(): 1", [")"], "the name of an operand is missing"),
    ("f(x, ): 1", [")"], "the name of an operand is missing"),
    ("f: x", ["f"], "'f' has no operands"),
    ("2f(x): x", ["2f"], "'2f' is not a name"),
    ("f(x y): x", ["x y"], "'x y' is not a name"),
    ("f(x): [x]", ["["], "a formula is a name or a formula, not a list"),
    ("f(x): {operands: [x], value: x}", ["f(x)"], "the operands of 'f' are given twice"),
    ("f(x): {about: nothing}", ["{"], "a definition needs 'value', 'output' or 'gates'"),
    ("f(x): {gates: }", ["{"], "'f' has no value"),
    ("f(x): {gates: {}, partials: {x: 1}}", ["{"], "'f' has no value"),
    ("f(x): {value: x, output: x}", ["output"], "'value' and 'output' exclude one another"),
    ("f(x): {valu: x}", ["valu"], "did you mean 'value'?"),
    ("f(x): {gates: {p: x, q: x}}", ["f(x)"], "several inner wires of 'f' feed no other: 'p', 'q'"),
    ("f(x): {gates: {p: q, q: p}}", ["p"], "form a cycle: p -> q -> p"),
    ("f(x): {gates: {p: x, x: 2}}", ["x"], "'x' is declared twice"),
    ("f(x, y): {value: x*y, partials: {x: y}}", ["partials"], "there is no partial for 'y'"),
    ("f(x): {value: x, partials: {x: 1, y: 1}}", ["y"], "a partial for 'y', which is no operand"),
    ("f(x): {value: x, partials: {x: 1, 'x': 1}}", ["'x'"], "a second partial for 'x'"),
    ("f(x): {value: x, partials: {x: z}}", ["z"], "no wire is called 'z'"),
    ("f(out): {value: out, partials: {out: 1}}", ["partials"], "'out' in a partial is the gate's own value"),
    ("f:\n    operands: [x, 1y]\n    value: x", ["1y"], "'1y' is not a name"),
]


@pytest.mark.parametrize(("definition", "where", "words"), FAULTS)
def test_a_fault_of_a_definition_is_named_and_pointed_at(definition: str, where: list[str], words: str) -> None:
    error = fault(f"{INPUTS}define:\n  {definition}\ngates: {{y: a*b}}\n")
    assert words in str(error)
    assert [text.strip("'") for text in pointed(error)][: len(where)] == [text.strip("'") for text in where]


def test_a_call_of_a_wrong_definition_adds_no_second_message() -> None:
    error = fault(f"{INPUTS}define: {{f(x): x + z, 2g(x): x}}\ngates: {{y: f(a), z: 'f(a, b)', w: f(a)*q}}\noutput: y")
    assert messages(error) == ["no wire is called 'z'", "'2g' is not a name", "no wire is called 'q'"]


@pytest.mark.parametrize(
    ("call", "words"), [("f(a)", "f takes 2 operands, not 1"), ("{f: [a, b, 1]}", "f takes 2 operands, not 3"),
                        ("g(a, b)", "no gate is called 'g'"), ("ff(a, b)", "did you mean 'f'?")],
)  # fmt: skip
def test_a_fault_of_a_call(call: str, words: str) -> None:
    assert words in str(fault(f"{INPUTS}define:\n  f(x, y): x*y\ngates:\n  y: {call}\n"))


def test_definitions_may_call_one_another_only_so_deep() -> None:
    def chain(depth: int) -> str:
        lines = ["  f0(x): x + 1", *(f"  f{i}(x): f{i - 1}(x)*2" for i in range(1, depth))]
        return f"inputs: {{a: 1}}\ndefine:\n{chr(10).join(lines)}\ngates: {{y: f{depth - 1}(a)}}\n"

    assert loads(chain(DEEPEST_CALLS)).backward()["a"] == 2.0 ** (DEEPEST_CALLS - 1)
    assert f"over {DEEPEST_CALLS} deep" in str(fault(chain(DEEPEST_CALLS + 1)))
    assert f"over {DEEPEST_CALLS} deep" in str(fault(chain(5_000)))


def test_a_call_of_a_gate_with_partials_is_one_wire_whatever_its_body_makes() -> None:
    text = f"""{INPUTS}define:
  d: {{operands: [x], value: x*x*x*x*x*x, partials: {{x: 6*x**5}}}}
  e(x): d(x) + 1
gates: {{y: 'sum(d(a*i) for i in range(1, 3)) + e(b)'}}
"""
    circuit = loads(text, max_wires=12)
    assert [rule.name for rule in circuit.rules].count("d") == 3
    assert circuit.backward()["b"] == pytest.approx(6 * (-1.25) ** 5, rel=1e-14)


def test_definitions_that_are_never_called_use_up_no_wires() -> None:
    unused = "".join(f"  f{i}(x): x*x + x*x*x\n" for i in range(100))
    assert loads(f"{INPUTS}define:\n{unused}gates: {{y: a*b}}", max_wires=10).forward()["y"] == 0.5 * -1.25


@pytest.mark.slow
@pytest.mark.parametrize("body", ["x", "x*x", "3"])
def test_a_call_for_each_of_many_members_is_no_idle_turn(body: str) -> None:
    count = 120_000
    text = f"inputs: {{a: 2}}\ndefine:\n  f(x): {body}\ngates:\n  h[j=0:{count}]: f(f(a))\noutput: h[0]"
    assert len(loads(text).outputs) == 1


# Files that use others

USING = "use: [b.yaml]\ngates: {y: 1}"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / "main.yaml"


def test_definitions_come_from_other_files(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", low="define:\n  twice(x): 2*x\n")
    (tmp_path / "more.json").write_text('{"define": {"under1(x)": "x - 1"}}', encoding="utf-8")
    main = write(
        tmp_path,
        main="use: [mid.yaml, more.json]\ninputs: {a: 3}\ngates: {y: four(a)*under1(a)}\n",
        mid="use: below/low.yaml\ndefine:\n  four(x): twice(twice(x))\n",
    )
    assert load(main).forward()["y"] == 12 * 2


def test_a_file_is_read_once_however_often_it_is_used(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main="use: [b.yaml, c.yaml]\ninputs: {a: 3}\ngates: {y: g(a) + h(a)}\n",
        b="use: [d.yaml]\ndefine: {g(x): f(x)}\n",
        c="use: [./d.yaml]\ndefine: {h(x): f(x)}\n",
        d="define: {f(x): x*x}\n",
    )
    assert load(main).forward()["y"] == 18


def test_a_circuit_may_be_used_for_its_definitions(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main="use: other.yaml\ninputs: {a: 3}\ngates: {y: f(a)}\n",
        other="inputs: {b: 1}\ndefine: {f(x): x + 1}\ngates: {z: f(b)}\nexpect: {z: 2}\n",
    )
    assert load(main).forward() == {"a": 3.0, "y": 4.0}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"main": USING, "b": "use: [main.yaml]"}, "in a circle: main.yaml -> b.yaml -> main.yaml"),
        ({"main": "use: main.yaml\ngates: {y: 1}"}, "in a circle: main.yaml -> main.yaml"),
        ({"main": "use: nothing.yaml\ngates: {y: 1}"}, "there is no file"),
        ({"main": "use: .\ngates: {y: 1}"}, "is not a file"),
        ({"main": 'use: "b\\0.yaml"\ngates: {y: 1}'}, "there is no file"),
        ({"main": USING, "b": "use: c.yaml", "c": "use: [b.yaml]"}, "in a circle: b.yaml -> c.yaml -> b.yaml"),
        ({"main": "use: []\ngates: {y: 1}"}, "'use' is an empty list"),
        ({"main": USING, "b": "define: {f(x): x + z}"}, "b.yaml:1:20: error: no wire is called 'z'"),
        ({"main": USING, "b": "defin: {f(x): x}"}, "b.yaml:1:1: error: there are no definitions in this file"),
        ({"main": USING, "b": "define: {f(x): x"}, "b.yaml:1:9: error: not YAML"),
        ({"main": USING, "b": "- 1"}, "a circuit file is a mapping"),
        ({"main": "use: [b.yaml, c.yaml]\ngates: {y: 1}", "b": "define: {f(x): x}", "c": "define: {f(x): x}"},
         "'f' is defined in two of the files used"),
        ({"main": "use: [b.yaml]\ndefine: {f(x): x}\ngates: {y: 1}", "b": "define: {f(x): x}"}, "'f' is defined twice"),
    ],
)  # fmt: skip
def test_a_fault_of_a_file_that_is_used(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(CircuitError) as caught:
        load(write(tmp_path, **files))
    assert words in str(caught.value)


def test_files_may_use_one_another_only_so_deep(tmp_path: Path) -> None:
    chain = {f"f{i}": f"use: f{i + 1}.yaml\n" for i in range(30)}
    main = write(tmp_path, main="use: f0.yaml\ngates: {y: 1}\n", **chain, f30="define: {g(x): x}\n")
    with pytest.raises(CircuitError, match="over 20 deep"):
        load(main)


def test_inner_wires_of_a_definition_that_is_a_call_of_another_have_names_of_their_own() -> None:
    text = """
inputs: {x: 3}
define:
  f(x): {gates: {q: x + 1}, value: q*2}
  g(x): {gates: {q: x*10}, value: f(q)}
  h(x): g(x)
gates:
  n: h(x)
"""
    circuit = loads(text)
    names = [*circuit.names]
    assert len(names) == len(set(names))
    values = circuit.forward()
    assert values["n"] == 62.0
    assert values["n.q"] == 30.0
    assert 31.0 in values.values()
    assert circuit.backward()["x"] == 20.0
