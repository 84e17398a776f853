"""The JSON Schema and the reader are made from one description: they agree on what may stand where."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError, load
from circuitgrad.gates.table import NAMES
from circuitgrad.language.format import schema

ROOT = Path(__file__).parents[2]
SCHEMA = schema({name: rule.about for name, rule in NAMES.items()})
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def valid(document: Any) -> bool:
    return not list(VALIDATOR.iter_errors(document))


def readable(document: Any, folder: Path) -> bool:
    file = folder / "document.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        load(file)
    except CircuitError:
        return False
    return True


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("file", sorted((ROOT / "circuits").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_example_is_valid(file: Path) -> None:
    assert valid(yaml.safe_load(file.read_text(encoding="utf-8")))


def test_every_key_is_described() -> None:
    assert all(entry.get("description") for entry in SCHEMA["properties"].values())
    gates = SCHEMA["definitions"]["gate"]["anyOf"][1]["properties"]
    assert set(gates) == set(NAMES)
    assert all(entry["description"] for entry in gates.values())


number = st.integers(-9, 9) | st.floats(-9, 9) | st.sampled_from(["1e-3", "0.5", ".5", "-1_000", "+2.", " 3 "])
text = st.sampled_from(["words", "", "a: b", 5, True])
operand = st.sampled_from(["a", "b", "a*b", 2, "1e-3", "sin(a)"])
flag = st.sampled_from([True, False, "true", "False"])
plain = number | st.fixed_dictionaries({"value": number}, optional={"fixed": flag, "about": text})
family = (
    number
    | st.lists(number, min_size=2, max_size=2)
    | st.fixed_dictionaries({"value": number}, optional={"fixed": flag})
    | st.fixed_dictionaries(
        {"normal": number}, optional={"seed": st.integers(0, 99) | st.sampled_from(["7", "1_000", "1e5", "-5."])}
    )
    | st.fixed_dictionaries({"uniform": st.lists(number, min_size=2, max_size=2)}, optional={"about": text})
)
gate = (
    st.sampled_from(["a + b", "w[0]*w[1]", "f(a)", "3"])
    | st.fixed_dictionaries({"mul": st.lists(operand, min_size=2, max_size=4)})
    | st.fixed_dictionaries({"neg": operand})
    | st.fixed_dictionaries({"f": operand | st.lists(operand, min_size=1, max_size=1)})
)
definition = (
    st.sampled_from(["x*x", "1", "sin(x)"])
    | st.fixed_dictionaries({"value": st.just("x + 1")}, optional={"about": text, "partials": st.just({"x": "1"})})
    | st.fixed_dictionaries({"gates": st.just({"q": {"mul": ["x", "x"]}})}, optional={"output": st.just("q")})
)
listed = st.fixed_dictionaries({"operands": st.sampled_from([["x"], ["é", "x"], ["x", "y_1"]]), "value": st.just("x")})
optimize = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["gradient", "adam", "lm"]),
        "steps": st.integers(0, 99) | st.sampled_from(["10", "1e3"]),
        "step_size": st.sampled_from([1, 0.5, "1e-3"]),
        "schedule": st.sampled_from(["constant", "cosine", "1/t"]),
        "momentum": st.floats(0, 0.99),
        "line_search": flag,
        "batch_size": st.integers(1, 9),
        "seed": st.integers(-9, 9),
        "tolerance": st.sampled_from([0, 1e-9, "1e-9"]),
        "time_limit": st.sampled_from([1, 0.5, "60"]),
    },
) | st.fixed_dictionaries({}, optional={"minimize": st.sampled_from(["p", "q"]), "steps": st.just(5)})
good = st.fixed_dictionaries(
    {
        "inputs": st.fixed_dictionaries({"a": plain, "b": plain, "w[0:2]": family}),
        "define": st.fixed_dictionaries({"f(x)": definition, "g": listed}),
        "gates": st.fixed_dictionaries({"p": gate, "q": gate}),
        "output": st.sampled_from(["p", ["p", "q"], ["a"]]),
    },
    optional={
        "name": text,
        "about": text,
        "expect": st.fixed_dictionaries({"p": number}),
        "data": st.sampled_from(["rows.csv", "a b/rows.parquet"])
        | st.fixed_dictionaries(
            {"file": st.just("rows.csv")},
            optional={
                "separator": st.sampled_from([";", "tab", "blanks", " ", "\t"]),
                "decimal": st.sampled_from([",", "point"]),
                "encoding": st.just("cp1252"),
            },
        ),
        "optimize": optimize,
    },
)


@given(good)
def test_a_good_file_is_good_to_both(tmp_path_factory: pytest.TempPathFactory, document: Any) -> None:
    assert valid(document)
    assert readable(document, tmp_path_factory.getbasetemp())


# Faults of type: a text, and the part of a good document whose place it takes.
SHAPES: list[tuple[tuple[str, ...], Any]] = [
    ((), []), ((), 3), ((), "text"), (("gates",), []), (("gates",), "a + b"), (("gates",), 3),
    (("inputs",), [1]), (("inputs",), 3), (("inputs",), "a"), (("inputs", "a"), [1]), (("inputs", "a"), "x"),
    (("inputs", "a"), ""), (("inputs", "a"), None), (("inputs", "a"), True), (("inputs", "a"), {}),
    (("inputs", "a"), "017"), (("inputs", "a"), "1,5"), (("inputs", "a"), "0x10"),
    (("inputs", "a"), {"fixed": True}), (("inputs", "a"), {"value": 1, "fix": True}),
    (("inputs", "a"), {"value": 1, "fixed": "yes"}), (("inputs", "a"), {"value": 1, "fixed": 1}),
    (("inputs", "a"), {"value": [1]}), (("inputs", "a"), {"normal": 1}), (("inputs", "a"), {"value": 1, "about": []}),
    (("inputs", "w[0:2]"), {"normal": 1, "uniform": [0, 1]}), (("inputs", "w[0:2]"), {"value": 1, "normal": 1}),
    (("inputs", "w[0:2]"), {"uniform": [0]}), (("inputs", "w[0:2]"), {"uniform": 1}), (("inputs", "w[0:2]"), {}),
    (("inputs", "w[0:2]"), {"normal": 1, "seed": 0.5}), (("inputs", "w[0:2]"), {"normal": 1, "seeds": 1}),
    (("inputs", "w[0:2]"), ["x", 1]), (("inputs", "w[0:2]"), "x"), (("inputs", "w[0:2]"), {"seed": 1}),
    (("inputs", "w[0:2]"), {"seed": 1, "value": 1}),
    (("gates", "p"), []), (("gates", "p"), {}), (("gates", "p"), None), (("gates", "p"), ""),
    (("gates", "p"), {"mul": ["a", "b"], "add": ["a", "b"]}), (("gates", "p"), {"mul": {"a": "b"}}),
    (("gates", "p"), {"mul": ["a", ["b"]]}), (("gates", "p"), {"mul": ["a", ""]}), (("gates", "p"), {"neg": None}),
    (("gates", "p"), {"mul": ["a", None]}), (("gates", "p"), {"mul": ["a", {"neg": "b"}]}),
    (("define",), []), (("define",), "f"), (("define", "f(x)"), []), (("define", "f(x)"), ""), (("define", "f(x)"), {}),
    (("define", "f(x)"), {"value": "x", "output": "x"}), (("define", "f(x)"), {"valu": "x"}),
    (("define", "f(x)"), {"value": ["x"]}), (("define", "f(x)"), {"value": "x", "partials": []}),
    (("define", "f(x)"), {"value": "x", "partials": {"x": []}}), (("define", "f(x)"), {"value": "x", "gates": []}),
    (("define", "f(x)"), {"value": "x", "operands": []}), (("define", "f(x)"), {"value": "x", "operands": "x"}),
    (("define", "g"), {"value": "x", "operands": ["x", 2]}), (("define", "g"), {"value": "x", "operands": ["x", "2"]}),
    (("define", "g"), {"value": "x", "operands": ["x", True]}),
    (("define", "g"), {"value": "x", "operands": ["x", []]}),
    (("inputs", "w[0:2]"), {"normal": 1, "seed": "0.5"}), (("inputs", "w[0:2]"), {"normal": 1, "seed": "017"}),
    (("output",), []), (("output",), {}), (("output",), ["p", []]), (("output",), ""), (("output",), ["p", None]),
    (("name",), []), (("about",), {}), (("expect",), [1]), (("expect",), {"p": "x"}), (("expect",), {"p": []}),
    (("use",), []), (("use",), {}), (("outputs",), "p"), (("gate",), {}), (("inputs", "1a"), 1), (("gates", "a b"), 1),
    (("gates", ""), 1), (("define", "f("), "x"), (("define", "f x"), "x"),
    (("data",), []), (("data",), {}), (("optimize",), []), (("optimize",), 3), (("optimize",), "adam"),
    (("optimize",), {"method": "adams"}), (("optimize",), {"method": ["adam"]}), (("optimize",), {"steps": -1}),
    (("optimize",), {"steps": 0.5}), (("optimize",), {"step_size": 0}), (("optimize",), {"step_size": "x"}),
    (("optimize",), {"momentum": 1}), (("optimize",), {"momentum": -0.5}), (("optimize",), {"line_search": "yes"}),
    (("optimize",), {"schedule": "linear"}), (("optimize",), {"batch_size": 0}), (("optimize",), {"seed": 0.5}),
    (("optimize",), {"minimize": "p", "maximize": "p"}), (("optimize",), {"minimise": "p"}),
    (("optimize",), {"minimize": ["p"]}), (("optimize",), {"minimize": ""}), (("optimize",), {"tolerance": -1}),
    (("optimize",), {"time_limit": 0}),
]  # fmt: skip
WHOLE = {
    "inputs": {"a": 1, "b": 2, "w[0:2]": 1},
    "define": {"f(x)": "x"},
    "gates": {"p": "a*b", "q": "f(p)"},
    "output": "q",
}


@pytest.mark.parametrize(("path", "wrong"), SHAPES)
def test_a_fault_of_shape_is_one_to_both(tmp_path: Path, path: tuple[str, ...], wrong: Any) -> None:
    document: Any = copy.deepcopy(WHOLE)
    assert valid(document)
    assert readable(document, tmp_path)
    if not path:
        document = wrong
    else:
        inner = document
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = wrong
    assert not readable(document, tmp_path)
    assert not valid(document)


@pytest.mark.parametrize("key", ["gates"])
def test_a_missing_key_is_one_to_both(tmp_path: Path, key: str) -> None:
    document = {name: value for name, value in WHOLE.items() if name != key}
    assert not readable(document, tmp_path)
    assert not valid(document)


def test_what_may_be_left_out_may_be_empty(tmp_path: Path) -> None:
    document = {
        "name": None,
        "about": None,
        "inputs": None,
        "define": None,
        "expect": None,
        "gates": {"y": 3},
        "data": None,
        "optimize": None,
    }
    assert valid(document)
    assert readable(document, tmp_path)
