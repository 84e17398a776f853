"""Families as operands of definitions: a call means its body over the members, and sizes come from the call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import loads
from circuitgrad.engines.choice import ENGINES
from circuitgrad.engines.programs import program
from circuitgrad.engines.wanted import Wanted
from circuitgrad.gates.table import GATES
from circuitgrad.language.format import schema
from circuitgrad.language.load import load
from circuitgrad.methods.check.check import check
from circuitgrad.methods.explain import explain
from language.faults import fault, messages, pointed
from report.page.node import MISSING, NODE
from report.page.test_javascript import agree, ask, computed

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = """\
inputs:
  a[0:3]: [1.25, -2, 3.5]
  b[0:4]: [4, 5.5, -6, 7]
  w[0:2, 0:3]: [[1, 2.5, 3], [-4, 5, 6]]
  s[5:8]: [0.3, 2, -1]
  x: 2
"""
DOT = "dot(u[0:n], v[0:n]): sum(u[i]*v[i] for i in range(n))"
MEAN = "mean(u[0:n]): sum(u[i] for i in range(n))/n"
NUMBERS = st.floats(-1e3, 1e3)


def text_of(definition: str, gates: str) -> str:
    """Return a circuit file with the inputs above and the output z."""
    return f"{INPUTS}define:\n  {definition}\ngates:\n  {gates}\noutput: z\n"


def results(text: str) -> dict[str, float]:
    """Return the output's value and its derivatives."""
    circuit = loads(text)
    slopes = circuit.backward()
    return {"z": circuit["z"].value, **{f"d{name}": slopes[name] for name in circuit.inputs}}


SAME = [
    (DOT, "z: dot(a, w[1, 0:3])", "z: sum(a[i]*w[1, i] for i in range(3))"),
    (DOT, "z: {dot: [a, 'w[1, :]']}", "z: sum(a[i]*w[1, i] for i in range(3))"),
    (DOT, "z: dot(w[0:2, 1], w[:, 2])", "z: w[0, 1]*w[0, 2] + w[1, 1]*w[1, 2]"),
    (DOT, "z: dot(b[1:4], s)", "z: b[1]*s[5] + b[2]*s[6] + b[3]*s[7]"),
    (DOT, "z: dot(s[6:], a[:2])*x", "z: (s[6]*a[0] + s[7]*a[1])*x"),
    (DOT, "z: dot(b[2:3], b[3:4])", "z: b[2]*b[3]"),
    (DOT, "h[j=0:2]: dot(w[j, 0:j + 2], a[0:j + 2])\n  z: dot(h, h)",
     "h[j=0:2]: sum(w[j, i]*a[i] for i in range(j + 2))\n  z: h[0]*h[0] + h[1]*h[1]"),
    (DOT, "z: sum(dot(a, w[k, :])*k for k in range(1, 2))", "z: sum(a[i]*w[1, i] for i in range(3))*1"),
    ("affine(w[0:n], x[0:n], b): sum(w[i]*x[i] for i in range(n)) + b", "z: sin(affine(a, s, x*x))",
     "z: sin(a[0]*s[5] + a[1]*s[6] + a[2]*s[7] + x*x)"),
    ("q(w[0:n, 0:m], x[0:m], y[0:n]): sum(y[i]*w[i, j]*x[j] for i in range(n) for j in range(m))",
     "z: q(w, a, b[0:2])", "z: sum(b[i]*w[i, j]*a[j] for i in range(2) for j in range(3))"),
    ("last(w[0:n, 0:n], c): c*w[n - 1, 0]", "z: last(w[0:2, 1:3], x)", "z: x*w[1, 1]"),
    ("edge(u[0:3]): u[0]*u[2]", "z: edge(b[1:4]) + edge(a)", "z: b[1]*b[3] + a[0]*a[2]"),
    (f"{MEAN}\n  spread(u[0:n]): sum((u[i] - mean(u))**2 for i in range(n))/n\n  rest(u[0:n]): spread(u[1:n])",
     "z: rest(b)", "m: (b[1] + b[2] + b[3])/3\n  z: ((b[1] - m)**2 + (b[2] - m)**2 + (b[3] - m)**2)/3"),
    (f"{DOT}\n  wave(x):\n    gates: {{'e[i=0:3]': sin(x*i)}}\n    value: dot(e, e)", "z: wave(x)",
     "e[i=0:3]: sin(x*i)\n  z: e[0]*e[0] + e[1]*e[1] + e[2]*e[2]"),
    (("soft(u[0:n]):\n    gates:\n      e[i=0:n]: exp(u[i])\n      total: sum(e[i] for i in range(n))\n"
     "    value: e[n - 1]/total"),
     "z: soft(a)", "e[i=0:3]: exp(a[i])\n  z: e[2]/(e[0] + e[1] + e[2])"),
    ("filter(u[0:n], c):\n    gates:\n      y[0]: u[0]\n      y[t=1:n]: c*y[t - 1] + u[t]",
     "z: filter(b, x) + filter(b[1:2], x)", "z: (x*(x*(x*b[0] + b[1]) + b[2]) + b[3]) + b[1]"),
    ("number(u[0:n]): n", "z: x*number(b)", "z: x*4"),
    ("f:\n    operands: ['u[0:n]', c]\n    value: c*u[n - 1]", "z: f(a, x)", "z: x*a[2]"),
    ("shadow(u[0:n]): sum(u[n] for n in range(n))", "z: shadow(a)", "z: a[0] + a[1] + a[2]"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "call", "body"), SAME)
def test_a_call_means_its_body(definition: str, call: str, body: str) -> None:
    called, written = results(text_of(definition, call)), results(f"{INPUTS}gates:\n  {body}\noutput: z\n")
    assert called == written


@given(st.data())
def test_a_product_of_families_is_a_sum_of_products(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 30))
    u, v = (data.draw(st.lists(NUMBERS, min_size=size, max_size=size)) for _ in "uv")
    inputs = f"inputs:\n  a[0:{size}]: {u}\n  b[2:{size + 2}]: {v}\n"
    called = loads(f"{inputs}define:\n  {DOT}\ngates:\n  z: exp(-dot(a, b)/1e9)\n")
    written = loads(f"{inputs}gates:\n  z: exp(-sum(a[i]*b[i + 2] for i in range({size}))/1e9)\n")
    assert list(called) == list(written)
    assert called.backward() == written.backward()
    dot = loads(f"{inputs}define:\n  {DOT}\ngates:\n  z: dot(a, b)\n")
    products = [x * y for x, y in zip(u, v, strict=True)]
    total = products[0]
    for product in products[1:]:
        total += product
    assert dot.forward()["z"] == total
    assert [dot.backward()[f"a[{i}]"] for i in range(size)] == v


def test_the_members_of_a_family_that_is_declared_in_pieces_are_taken_in_order() -> None:
    text = f"inputs: {{c: 0.5}}\ndefine:\n  {DOT}\ngates:\n  y[0]: c\n  y[t=1:4]: c*y[t - 1]\n  z: dot(y, y[:])"
    assert loads(text).forward()["z"] == sum(0.25 ** (t + 1) for t in range(4))


# Faults

CALLS = [
    ("dot(a, b)", "b", "'u' has 3 members (a), 'v' has 4 (b)", "declared: dot(u[0:n], v[0:n])"),
    ("{dot: [b, 'w[0, 1:3]']}", "w[0, 1:3]", "'u' has 4 members (b), 'v' has 2 (w[0, 1:3])", "declared: dot"),
    ("1 + dot(a[0:1], a)", "a", "'u' has 1 member (a[0:1]), 'v' has 3 (a)", "declared: dot"),
    ("dot(a, w)", "w", "'v' of dot(u[0:n], v[0:n]) has 1 subscript, 'w' has 2", "declared: dot"),
    ("dot(a, x)", "x", "'x' is one wire, not a family", "declared: dot"),
    ("dot(a, x + 1)", "x", "'v' of dot(u[0:n], v[0:n]) is a family, not one number", "name a family, or a slice"),
    ("dot(a[0], a)", "a", "'u' of dot(u[0:n], v[0:n]) is a family, not one number", "name a family, or a slice"),
    ("dot(a, 2)", "2", "'v' of dot(u[0:n], v[0:n]) is a family, not one number", "name a family"),
    ("dot(a, aa)", "aa", "no family is called 'aa'", "did you mean 'a'?"),
    ("dot(a)", "dot", "dot takes 2 operands, not 1", "declared: dot(u[0:n], v[0:n])"),
    ("{dot: a}", "dot", "dot takes 2 operands, not 1", "declared: dot(u[0:n], v[0:n])"),
    ("dot(a, b[1:5])", "b[1:5]", "there is no 'b[1:5]'", "declared: b[0:4]"),
    ("dot(s, s[0:3])", "s[0:3]", "there is no 's[0:3]'", "declared: s[5:8]"),
    ("dot(a, w[2, :])", "w[2, :]", "there is no 'w[2, 0:3]'", "declared: w[0:2, 0:3]"),
    ("dot(a, a[1:1])", "a[1:1]", "the range 1:1 is empty", "it runs up to its second number, without it"),
    ("dot(a, w[0:2])", "w", "'w' takes 2 subscripts, not 1", ""),
    ("dot(a, a[0:x])", "x", "a subscript or range is made of numbers and indices: 'x' is neither", ""),
    ("dot(a, a[0:1.5])", "1", "a whole number is wanted here, not 1.5", "floor(x) rounds down"),
    ("dot(a, a[0:3:1])", ":", "expected ']', but found ':'", "a slice has two ends and no step"),
    ("dot(a, a[0:3]*2)", "*", "expected ')', but found '*'", "a family that is an operand stands alone"),
    ("dot(a, sin(a))", "s", "'v' of dot(u[0:n], v[0:n]) is a family, not one number", "name a family"),
    ("sum(a[0:3])", ":", "expected ']', but found ':'", "for all of them: sum(a[i] for i in range(3))"),
    ("a[dot(a, a)]", "d", "'dot' cannot stand in a subscript or range", ""),
    ("q(w, b)", "b", "'w' is 2 by 3 (w), 'x' has 4 members (b)", "declared: q(w[0:n, 0:m], x[0:m])"),
    ("square2(w)", "w", "'w' is 2 by 3 (w), which does not fit square2(w[0:n, 0:n])", "declared: square2"),
    ("three(b, x)", "b", "'u' has 4 members (b), which does not fit three(u[0:3], c)", "declared: three"),
    ("three(a, a)", "a", "'a' is a family of wires", "name a member, such as a[0]"),
    ("three(a, b[0:2])", ":", "expected ']', but found ':'", "an operand is one member: b[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "where", "message", "hint"), CALLS)
def test_a_fault_of_a_call_is_named_and_pointed_at(call: str, where: str, message: str, hint: str) -> None:
    definitions = (
        f"{DOT}\n  q(w[0:n, 0:m], x[0:m]): w[0, 0]*x[0]\n  square2(w[0:n, 0:n]): w[0, 0]\n  three(u[0:3], c): c*u[2]"
    )
    error = fault(text_of(definitions, f"z: {call}"))
    (problem,) = error.problems
    assert problem.message == message
    assert [found.strip("'") for found in pointed(error)] == [where]
    assert hint in (problem.hint or "")
    assert problem.place is not None
    assert problem.place.line == 13


DEFINITIONS = [
    ("f(u[1:n]): u[1]", "1:n", "the range of an operand begins at 0 and ends at a number or a name"),
    ("f(u[3]): u[1]", "3", "the range of an operand begins at 0 and ends at a number or a name"),
    ("f(u[]): u[1]", "]", "the range of an operand begins at 0 and ends at a number or a name"),
    ("f(u[0:0]): u[0]", "0", "an operand has from 1 to 999,999,999 members"),
    ("f(u[0:n + 1]): u[0]", "n + 1", "'n + 1' is not a name"),
    ("f(u[0:for]): u[0]", "for", "'for' is a word of the formula language"),
    ("f(u[0:n): u[0]", "[", "these brackets are not those of a family"),
    ("f(u[0:n], u): u[0]", "u", "the operand 'u' is named twice"),
    ("f(u[0:n], n): u[0]", "u[0:n], n", "'n' is the name of an operand and of a size"),
    ("f:\n    operands: ['u[0:n]', n]\n    value: u[0]", "n", "'n' is the name of an operand and of a size"),
    ("f(u[0:n]): sum(u[i] for i in range(m))", "m", "made of numbers and indices: 'm' is neither"),
    ("f(u[0:n]): u[0]/m", "m", "no wire is called 'm'"),
    ("f(u[0:n]): 2*u", "u", "'u' is a family of wires"),
    ("f(u[0:n]): n[0]", "n", "'n' is a number, not a family"),
    ("f(u[0:n]): u[0, 1]", "u", "'u' takes 1 subscript, not 2"),
    ("f(u[0:3]): u[3]", "u", "there is no 'u[3]'"),
    ("f(u[0:n]): f(u[0:n - 1])", "f(u[0:n])", "the definitions call one another in a circle: f -> f"),
    ("f(u[0:n]):\n    gates: {n: 1}", "n", "'n' is declared twice"),
    ("f(u[0:n]):\n    gates: {'u[0]': 1}", "u[0]", "'u' is declared twice"),
    ("f(u[0:n]):\n    gates: {'y[t=0:k]': 1}", "k", "made of numbers and indices: 'k' is neither"),
    ("f(u[0:n]):\n    value: u[0]\n    partials:\n      u: 1", "u",
     "the partial for the family 'u' has other indices"),
    ("f(u[0:n], c):\n    value: u[0]\n    partials:\n      u[i]: 1\n      c[i]: 1", "c[i]",
     "the partial for 'c', one number, has other indices"),
    ("f(u[0:n], c):\n    value: u[0]\n    partials:\n      u[i]: 1", "partials", "there is no partial for 'c'"),
    ("f(u[0:n], c):\n    value: u[0]\n    partials:\n      u[c]: 1\n      c: 1", "u[c]", "'c' is an operand"),
    ("f(u[0:n]):\n    value: u[0]\n    partials:\n      u[n]: 1", "u[n]", "'n' is a size"),
    ("f(u[0:n]):\n    value: u[0]\n    partials:\n      u[i]: k", "k", "no wire is called 'k'"),
    ("f(u[0:n, 0:m]):\n    value: u[0, 0]\n    partials:\n      u[i, i]: 1", "u[i, i]", "the index 'i' is used twice"),
    ("f(u[0:out]):\n    value: u[0]\n    partials:\n      u[i]: 1", "partials",
     "'out' in a partial is the gate's own value"),
]  # fmt: skip


@pytest.mark.parametrize("call", ["z: x", "z: f(a) + 1", "z: f(a[0:2]) + f(a[0:1])"])
@pytest.mark.parametrize(("definition", "where", "words"), DEFINITIONS)
def test_a_fault_of_a_definition_is_told_once_called_or_not(definition: str, where: str, words: str, call: str) -> None:
    error = fault(text_of(definition, call if "c" not in definition.partition(":\n")[0] else "z: x"))
    assert words in messages(error)[0]
    assert pointed(error)[0].strip("'") == where
    assert len(error.problems) == 1 or "0:3" in definition  # whose calls have other sizes


SIZED = [
    ("f(u[0:n]): u[3]", "z: f(b) + f(a)", "u", "there is no 'u[3]'",
     "'u' has 3 members; n is 3 in the call at n.yaml:10:13"),
    ("f(u[0:n]): u[n]", "z: f(a)", "u", "there is no 'u[3]'", "n is 3 in the call at n.yaml:10:6"),
    ("f(u[0:n]): sum(u[i] for i in range(n/2))", "z: f(b) + f(a)", "n", "a whole number is wanted here, not 1.5",
     "floor(x) rounds down; n is 3 in the call at n.yaml:10:13"),
    ("f(u[0:n]): max(u[i] for i in range(n - 3))", "z: f(b) + f(a)", "max",
     "max of nothing: the range is empty", "n is 3"),
    (f"{MEAN}\n  f(u[0:n]): mean(u[0:n - 3])", "z: f(b) + f(a)", "u[0:n - 3]", "the range 0:0 is empty", "n is 3"),
    (f"{DOT}\n  f(u[0:n], v[0:m]): dot(u, v)", "z: f(a, a) + f(a, b)", "v",
     "'u' has 3 members (u), 'v' has 4 (v)", "declared: dot"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "call", "where", "message", "hint"), SIZED)
def test_what_is_wrong_at_one_size_is_told_with_its_call(
    definition: str, call: str, where: str, message: str, hint: str
) -> None:
    error = fault(text_of(definition, call))
    assert (messages(error), pointed(error)) == ([message], [where])
    assert hint in (error.problems[0].hint or "")
    assert loads(text_of(definition, "z: x")).forward()["z"] == 2  # no call, no fault


def test_a_wrong_signature_adds_no_message_to_its_calls() -> None:
    error = fault(text_of("f(u[0:n], v[0:k k]): u[0]", "z: f(a[0:2], b) + f(w[0, :], a)"))
    assert messages(error) == ["'k k' is not a name"]


# Partials by hand

LSE = """lse(u[0:n]):
    value: log(sum(exp(u[i]) for i in range(n)))
    partials:
      u[i]: exp(u[i] - out)"""
BY_HAND = [
    (LSE, "z: lse(a)*lse(b)"),
    (LSE.replace("log(sum(exp(u[i]) for i in range(n)))", "logsumexp(u[i] for i in range(n))"), "z: lse(a)"),
    (f"{DOT[:21]}\n    value: {DOT[21:]}\n    partials:\n      u[i]: v[i]\n      v[i]: u[i]", "z: sin(dot(a, s))"),
    (("bilinear(w[0:n, 0:m], x[0:m], y[0:n]):\n    value: sum(y[i]*w[i, j]*x[j] for i in range(n) for j in range(m))\n"
     "    partials:\n      w[i, j]: y[i]*x[j]\n      x[j]: sum(y[i]*w[i, j] for i in range(n))\n"
     "      y[i]: sum(w[i, j]*x[j] for j in range(m))"), "z: bilinear(w, a, b[0:2])"),
    (("scaled(u[0:n], c):\n    value: c*sum(u[i]**2 for i in range(n))/n\n    partials:\n      u[k]: 2*c*u[k]/n\n"
     "      c: out/c"), "z: scaled(a, x) + scaled(b, 3)"),
    ("rms(u[0:n]):\n    value: sqrt(sum(u[i]**2 for i in range(n))/n)\n    partials:\n      u[i]: u[i]/(n*out)",
     "z: rms(w[1, :]) + rms(w[:, 0])"),
    (("softmax(u[0:n], c):\n    value: exp(c)/sum(exp(u[i]) for i in range(n))\n    partials:\n"
     "      u[i]: -out*exp(u[i])/sum(exp(u[j]) for j in range(n))\n      c: out"), "z: -log(softmax(a, a[0]))"),
    ("ramp(u[0:n]):\n    value: sum(i*u[i] for i in range(n))\n    partials:\n      u[i]: i", "z: ramp(b)**2"),
    ("first(u[0:n]):\n    value: u[0]\n    partials:\n      u[i]: 1 if i == 0 else 0", "z: first(b)*x"),
    ("top(u[0:2]):\n    value: max(u[0], u[1])\n    partials:\n      u[i]: u[i] >= u[1 - i]", "z: top(a[1:3])"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "call"), BY_HAND)
def test_right_partials_of_families_are_what_reverse_mode_finds(definition: str, call: str) -> None:
    text = text_of(definition, call)
    assert check(loads(text)).passed
    lines = text.splitlines()
    begin, end = lines.index("    partials:"), lines.index("gates:")
    by_hand, by_mode = results(text), results("\n".join([*lines[:begin], *lines[end:]]))
    assert by_hand == pytest.approx(by_mode, rel=1e-12)


@pytest.mark.parametrize("wrong", ["exp(u[i] - out)*(1 + 1e-9)", "exp(u[0] - out)", "1/n", "exp(u[i])", "nan"])
def test_a_planted_wrong_partial_of_a_family_is_named(wrong: str) -> None:
    checked = check(loads(text_of(LSE.replace("exp(u[i] - out)", wrong), "q: lse(a)\n  z: q*x")))
    assert not checked.passed
    assert [name for name, verdict in checked.gates.items() if verdict.failed] == ["q"]


def test_a_rule_is_made_once_for_each_size() -> None:
    gates = "h[j=0:1000]: lse(a)\n  k[j=0:3]: lse(b[0:j + 2])\n  z: sum(h[j] for j in range(1000)) + k[0] + k[2]"
    circuit = loads(text_of(LSE, gates) + "expect: {'k[1]': 5.7}\n")
    rules = {rule for rule in circuit.rules if rule.name == "lse"}
    assert sorted(rule.arity for rule in rules) == [2, 3, 4]
    assert sum(rule.name == "lse" for rule in circuit.rules) == 1003
    assert circuit.rules[circuit.names.index("h[0]")].operands == ("u[0]", "u[1]", "u[2]")


def test_engines_agree_on_gates_of_many_operands() -> None:
    circuit = loads(f"inputs:\n  a[0:40]: {{normal: 1}}\ndefine:\n  {LSE}\ngates:\n  z: sin(lse(a)) + lse(a[3:9])\n")
    names = list(circuit.inputs)
    wanted = Wanted((), ("z",), tuple(names))
    values = circuit.forward()
    found = {engine: [*program(circuit, names, wanted, engine)(*map(values.get, names))] for engine in ENGINES}
    for numbers in found.values():
        assert numbers == pytest.approx(found["objects"], rel=1e-14)


@pytest.mark.skipif(NODE is None, reason=MISSING)
def test_the_page_computes_gates_of_many_operands() -> None:
    circuit = loads(text_of(LSE, "z: lse(b)"))
    values = [4.0, 5.5, -6.0, 7.0]
    [numbers] = ask(circuit.rules, [(0, values)])
    wanted = computed(circuit.rules[0], values)
    assert len(numbers) == len(wanted)
    assert all(map(agree, numbers, wanted))


# In files, in limits, in reports


def test_all_forms_of_a_file_give_the_same_circuit(tmp_path: Path) -> None:
    gates = "".join(f"  y{i}: dot(a, b)\n" for i in range(40)) + "".join(
        f"  v{i}: {{dot: [a, b]}}\n" for i in range(40)
    )
    text = f"output: [y0, v39]\ninputs:\n  a[0:3]: 2\n  b[0:3]: {{normal: 1}}\ndefine:\n  {DOT}\ngates:\n{gates}"
    long_form = text.replace("dot(a, b)", "'dot(a[0:3], b[:])'").replace("[a, b]", "['a[:]', 'b[0:3]']")
    (tmp_path / "c.json").write_text(json.dumps(yaml.safe_load(text)), encoding="utf-8")
    circuits = [loads(text), loads(long_form), load(tmp_path / "c.json")]
    for circuit in circuits[1:]:
        assert list(circuit) == list(circuits[0])
        assert circuit.operands == circuits[0].operands
    values = circuits[0].forward()
    assert len({values[name] for name in circuits[0].outputs}) == 1


def test_an_error_in_json_has_a_place(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps(yaml.safe_load(text_of(DOT, "z: dot(a, b)"))), encoding="utf-8")
    with pytest.raises(Exception, match=r"c\.json:1:\d+: error: 'u' has 3 members \(a\), 'v' has 4 \(b\)"):
        load(file)


def test_definitions_from_other_files_take_families(tmp_path: Path) -> None:
    (tmp_path / "low.yaml").write_text(f"define:\n  {DOT}\n", encoding="utf-8")
    (tmp_path / "main.yaml").write_text(
        "use: low.yaml\ninputs: {'a[0:2]': 3}\ndefine:\n  norm(u[0:n]): sqrt(dot(u, u))\ngates: {z: norm(a)}\n",
        encoding="utf-8",
    )
    assert load(tmp_path / "main.yaml").forward()["z"] == 18**0.5


def test_a_call_makes_no_wires_beside_those_of_its_body() -> None:
    text = f"inputs:\n  a[0:10000]: 1\n  b[0:10000]: 2\ndefine:\n  {DOT}\ngates:\n  z: dot(a, b)\n"
    assert loads(text, max_wires=40_000).forward()["z"] == 20_000
    assert "more than 39,999 wires" in str(fault_of(text, 39_999))


def fault_of(text: str, limit: int) -> Exception:
    """Return the error that a text is refused with under a limit of wires."""
    with pytest.raises(Exception, match="wires") as caught:
        loads(text, max_wires=limit)
    return caught.value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("inputs:\n  a[0:4]: 1\ndefine:\n  f(u[0:n], v[0:999999999]): u[0]\ngates:\n  z: f(a, a)\n",
         "more than 10,000,000"),
        (("inputs:\n  a[0:4]: 1\ndefine:\n  f(u[0:n]):\n    gates:\n      h[i=0:n*10**9]: 1\n    value: u[0]\n"
         "gates:\n  z: f(a)\n"), "more than 10,000,000 wires"),
        (f"inputs:\n  a[0:9999]: 1\ndefine:\n  {LSE}\ngates:\n  z: lse(a)\n", "more than 10,000 gates"),
        (("inputs:\n  a[0:400]: 1\ndefine:\n  f(u[0:n]):\n    value: u[0]\n    partials:\n"
         "      u[i]: sum(u[j] for j in range(n))\ngates:\n  z: f(a)\n"),
         "partials of a gate have more than 100,000 gates"),
        (f"inputs: {{'a[0]': 1, 'a[1000000000000]': 1}}\ndefine:\n  {MEAN}\ngates:\n  z: mean(a)\n",
         "members of 'a' are missing"),
        ((f"inputs: {{'a[0:5000]': 1, 'a[5001]': 1}}\ndefine:\n  {MEAN}\n  f(u[0:n]): u[0]\ngates:\n"
         "  h[j=0:1000]: f(a[0:4999])\n"), "turns that make no wire"),
        (f"inputs: {{'a[0]': 1, 'a[2:4]': 1}}\ndefine:\n  {MEAN}\ngates:\n  z: mean(a[1:4])\n",
         "members of 'a[1:4]' are missing"),
        ("inputs:\n  a[0:4]: 1\ndefine:\n  d0(u[0:n]): u[0]*2\n"
         + "".join(f"  d{i}(u[0:n]): d{i - 1}(u) + d{i - 1}(u[0:n])\n" for i in range(1, 40)) + "gates:\n  z: d39(a)\n",
         "more than 10,000,000 wires"),
        ("inputs:\n  a[0:4]: 1\ndefine:\n  d0(u[0:n]): u[0]\n"
         + "".join(f"  d{i}(u[0:n]): d{i - 1}(u)\n" for i in range(1, 120)) + "gates:\n  z: d119(a)\n",
         "over 100 deep"),
    ],
)  # fmt: skip
def test_the_limits_hold(text: str, words: str) -> None:
    assert words in str(fault(text))


def test_operands_beyond_the_third_count_as_wires() -> None:
    text = f"inputs:\n  a[0:50]: 1\ndefine:\n  {LSE}\ngates:\n  h[j=0:100]: lse(a)\noutput: h[0]\n"
    assert len(loads(text, max_wires=5_000)) == 150
    assert "more than 4,000 wires" in str(fault_of(text, 4_000))


def test_a_loop_over_calls_names_its_inner_wires_apart() -> None:
    definition = "f(u[0:n]):\n    gates: {q: 'u[0] + 1'}\n    value: q*q"
    circuit = loads(text_of(definition, "z: sum(f(w[i, :]) for i in range(2))"))
    names = list(circuit.names)
    assert len(names) == len(set(names))
    assert results(text_of(definition, "z: sum(f(w[i, :]) for i in range(2))"))["z"] == 4 + 9


def test_explain_names_the_members() -> None:
    circuit = loads(text_of(LSE, "q: lse(a)\n  z: q*x"))
    circuit.backward()
    assert "a[1]" in str(explain(circuit, "z", ["a[1]"]))


@pytest.mark.parametrize(
    ("definition", "fits"),
    [
        ({"dot(u[0:n], v[0:n])": "u[0]*v[0]"}, True),
        ({"f": {"operands": ["u[0:n, 0:3]", "c"], "value": "c"}}, True),
        ({"f(u[0:n])": {"value": "u[0]", "partials": {"u[i]": "i"}}}, True),
        ({"f(u[0:n])": {"gates": {"h[i=0:n]": "u[i]"}, "output": "h[0]"}}, True),
        ({"f": {"operands": ["u(0)"], "value": "c"}}, False),
    ],
)  # fmt: skip
def test_the_schema_takes_families(definition: dict[str, object], fits: bool) -> None:
    validator = jsonschema.Draft7Validator(schema({name: rule.about for name, rule in GATES.items()}))
    document = {"define": definition, "gates": {"z": {"dot": ["a", "w[3, 0:4]"]}}}
    assert (not list(validator.iter_errors(document))) is fits
