"""Columns bind inputs by name, by a name with a unit behind it, or as `map` says; near names are not overlooked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuitgrad import CircuitError
from circuitgrad.circuit.rows_options import RowsOptions
from circuitgrad.data.binding import Binding
from circuitgrad.data.chunks import open_rows

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = ["T", "R1", "w[0]", "w[0,1]", "v_max", "é"]


def bound(header: list[str], *pairs: tuple[str, str]) -> dict[str, int]:
    binding = Binding.of(header, INPUTS, RowsOptions(map=pairs))
    return dict(zip(binding.names, binding.positions, strict=True))


@pytest.mark.parametrize(
    "title",
    [
        *("R1 [Ohm]", "R1 (Ohm)", "R1/Ohm", "R1[Ohm]", "R1(Ω)", " R1  [k Ohm] ", "R1 / Ohm", "R1 [%]", "R1 (°C)"),
        *("R1/(V/A)", "R1 [V/A]", "R1 (m/s^2)"),
    ],
)
def test_a_unit_may_follow_the_name(title: str) -> None:
    assert bound(["x", title]) == {"R1": 1}
    assert Binding.of([title], INPUTS).with_unit == (0,)
    assert bound([title, "R1"]) == {"R1": 1}  # the very name wins


@pytest.mark.parametrize(
    "title",
    [
        *("R1_ohm", "R1 Ohm", "R1 [1]", "R1 (2)", "R1 []", "R1 ()", "R1/", "R1/T", "R1 [T]", "R1.Ohm", "R1 [Ohm] x"),
        *("[Ohm]", "/Ohm", "R2 [Ohm]", "R1 [Ohm", "R1 Ohm]", "R1 -> Ohm"),
    ],
)
def test_what_is_no_unit(title: str) -> None:
    assert bound([title]) == {}


def test_members_of_families_may_have_units() -> None:
    assert bound(["w[0] [m]", "w[0, 1] (s)"]) == {"w[0]": 0, "w[0,1]": 1}


def test_two_columns_with_units_are_not_guessed_among() -> None:
    binding = Binding.of(["T [K]", "T [C]"], INPUTS)
    assert list(binding.duplicates()) == [(1, "a second column for the input 'T'", "--map T=COLUMN chooses one")]
    assert bound(["T [K]", "T [C]"], ("T", "T [C]")) == {"T": 1}


@pytest.mark.parametrize(
    ("header", "pairs", "expected"),
    [
        (["Temperatur °C", "R1"], [("T", "Temperatur °C")], {"T": 0, "R1": 1}),
        (["T", "U"], [("T", "U")], {"T": 1}),
        (["T", "R1"], [("T", "R1"), ("R1", "T")], {"R1": 0, "T": 1}),
        (["T", "U"], [("R1", "T")], {"R1": 0}),
        (["a=b"], [("T", "a=b")], {"T": 0}),
        ([" padded "], [("T", "padded")], {"T": 0}),
        (["E\u0301", "x"], [("é", "x")], {"é": 1}),
        (["T [K]"], [("R1", "T [K]")], {"R1": 0}),
    ],
)
def test_any_column_can_be_mapped(header: list[str], pairs: list[tuple[str, str]], expected: dict[str, int]) -> None:
    assert bound(header, *pairs) == expected


@pytest.mark.parametrize(
    ("title", "name"),
    [
        *(("t", "T"), ("r1", "R1"), ("R_1", "R1"), ("R-1", "R1"), ("R 1", "R1"), ("V_MAX", "v_max"), ("vmax", "v_max")),
        *(("v max", "v_max"), ("É", "é"), ("W[0]", "w[0]")),
    ],
)
def test_near_names(title: str, name: str) -> None:
    assert Binding.of([title], INPUTS).near == ((0, name),)
    assert Binding.of([title, name], INPUTS).near == ()


@pytest.mark.parametrize("title", ["T2", "TT", "x", "", "R", "R11", "max_v", "e", "w[1]", "time"])
def test_names_that_are_not_near(title: str) -> None:
    assert Binding.of([title], INPUTS).near == ()


@given(st.lists(st.text(max_size=6), max_size=6), st.lists(st.text(min_size=1, max_size=6), max_size=4))
def test_names_that_are_equal_bind_and_nothing_binds_twice(header: list[str], inputs: list[str]) -> None:
    binding = Binding.of(header, inputs)
    assert set(binding.names) <= set(inputs)
    assert len(set(binding.positions)) == len(binding.positions)
    assert len(binding.positions) + len(binding.ignored) == len(header)
    assert not {name for _, name in binding.near} & set(binding.names)


def test_wrong_maps_say_so(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("Temp,U\n1,2\n")
    unknown = RowsOptions(map=(("v_mx", "Temp"),))
    words = r"map: no input is called 'v_mx' \(did you mean 'v_max'\?\)"
    with pytest.raises(CircuitError, match=words), open_rows(str(path), INPUTS, options=unknown):
        pass
    for options in ([("T", "Tmp")], [("T", "Tmp"), ("R1", "U")]):
        with pytest.raises(CircuitError) as caught, open_rows(str(path), INPUTS, options=RowsOptions(map=(*options,))):
            pass
        assert str(caught.value).splitlines()[0].endswith("d.csv:1:1: error: map T: no column is called 'Tmp'")
        assert "did you mean 'Temp'?" in str(caught.value)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_near_names_of_fixed_inputs_are_errors(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"d.{form}"
    if form == "csv":
        path.write_text("R1,t,note\n1,2,3\n")
    else:
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pa.table({"R1": [1.0], "t": [2.0], "note": [3]}), path)
    with open_rows(str(path), INPUTS) as data:
        (warning,) = data.warnings
    assert "no input is called 't'" in warning.message
    assert warning.hint == "did you mean 'T'?"
    words = "no input is called 't', and the fixed input 'T' would keep its value"
    with pytest.raises(CircuitError, match=words), open_rows(str(path), INPUTS, fixed=["T"]) as data:
        list(data.chunks)
    with open_rows(str(path), INPUTS, fixed=["R1"]) as data:
        assert data.ignored == ("t", "note")
