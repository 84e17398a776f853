from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, given

import circuitgrad
from strategies import Written, files

if TYPE_CHECKING:
    import pytest

    from circuitgrad import Circuit


def read(written: Written, folder: pytest.TempPathFactory) -> Circuit:
    """Read a file as `load` does: JSON by its suffix."""
    if not written.json:
        return circuitgrad.loads(written.text)
    file = folder.getbasetemp() / "drawn.json"
    file.write_text(written.text, encoding="utf-8")
    return circuitgrad.load(file)


@given(files())
def test_a_file_means_what_it_was_written_from(tmp_path_factory: pytest.TempPathFactory, written: Written) -> None:
    circuit = read(written, tmp_path_factory)
    assert (circuit.name, circuit.outputs) == ("drawn", (written.output,))
    assert {name: leaf.value for name, leaf in circuit.inputs.items()} == written.inputs
    values = {name: value for name, value in circuit.forward().items() if "." not in name}
    assert values == written.values


@given(files())
def test_json_is_yaml(tmp_path_factory: pytest.TempPathFactory, written: Written) -> None:
    assume(written.json and "\t" not in written.text)
    assert circuitgrad.loads(written.text).forward() == read(written, tmp_path_factory).forward()


@given(files())
def test_operands_come_first(tmp_path_factory: pytest.TempPathFactory, written: Written) -> None:
    circuit = read(written, tmp_path_factory)
    for slot, operands in enumerate(circuit.operands, circuit.first_gate):
        assert all(operand < slot for operand in operands)
