"""Starting files: circuits to run at once and to change, as texts with comments."""

from __future__ import annotations

import csv
import io
import re
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING

from circuitgrad.errors import CircuitError, Source, did_you_mean, quote
from circuitgrad.expression import CONSTANTS, Expression, Loop, Member, Name, is_name, normalise
from circuitgrad.numerals import read_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.expression import Step

MOST_ROWS = 1000
MOST_WEIGHTS = 1_000_000

NEURON = """\
# A neuron with two inputs: s = sigmoid(a*x + b*y + c). Try
#
#   circuitgrad backward {file}                 the value and the gradient of every wire
#   circuitgrad check {file}                    the gradient against a numeric one
#   circuitgrad optimize {file} --steps 100     moves a, b and c so that s rises

about: A neuron with two inputs
inputs:                              # the leaves and the values that they start from
  a: 1.0
  b: 2.0
  c: -3.0
  x: {{value: -1.0, fixed: true}}      # fixed: optimize leaves it alone
  y: {{value: 3.0, fixed: true}}
gates:                               # the wires, in any order
  ax: {{mul: [a, x]}}                  # a gate and its operands,
  by: {{mul: [b, y]}}
  q: ax + by + c                     # or a formula
  s: {{sigmoid: q}}
output: s                            # what is differentiated
expect: {{s: 0.8807970779778823}}      # what check verifies: 1/(1 + exp(-2))
"""

SVM = """\
# A support vector machine on six points of the plane, as in chapter 2 of Karpathy's "Hacker's guide to Neural
# Networks". Try
#
#   circuitgrad backward {file}
#   circuitgrad optimize {file} --minimize --steps 400 --step-size 0.05
#
# Afterwards every margin is positive: each point is on its side of the line a*x + b*y + c = 0.

about: A support vector machine on six points
inputs:
  a: 1.0
  b: -2.0
  c: -1.0
  strength: {{value: 0.1, fixed: true}}                                   # of the pull of a and b towards 0
  x[0:6]: {{value: [1.2, -0.3, 3.0, -0.1, -1.0, 2.1], fixed: true}}
  y[0:6]: {{value: [0.7, -0.5, 0.1, -1.0, 1.1, -3.0], fixed: true}}
  label[0:6]: {{value: [1, -1, 1, -1, -1, 1], fixed: true}}
gates:
  margin[i=0:6]: label[i]*(a*x[i] + b*y[i] + c)
  hinge: sum(max(0, 1 - margin[i]) for i in range(6))/6                 # what margins below 1 cost
  cost: hinge + strength*(a**2 + b**2)
output: cost
"""


def neuron(file: str) -> str:
    """Return the guide's neuron, with comments that explain the format.

    >>> from circuitgrad import loads
    >>> loads(neuron("neuron.yaml")).forward()["s"]
    0.8807970779778823
    """
    return NEURON.format(file=file)


def svm(file: str) -> str:
    """Return a support vector machine on the guide's six points.

    >>> from circuitgrad import loads
    >>> loads(svm("svm.yaml")).outputs
    ('cost',)
    """
    return SVM.format(file=file)


def mlp(file: str, sizes: Sequence[int]) -> str:
    """Return a multi-layer perceptron: tanh in the hidden layers, a linear output, half the squared error as loss.

    Args:
        file: the file's name, for the comments.
        sizes: how many inputs, how many neurons in each hidden layer, how many outputs.

    Raises:
        CircuitError: there are fewer than two sizes, one is not positive, or there would be too many weights.

    >>> from circuitgrad import loads
    >>> loads(mlp("mlp.yaml", [2, 16, 1])).outputs
    ('loss',)
    """
    if len(sizes) < 2:
        raise CircuitError.of("an mlp has two sizes or more", hint="inputs, hidden layers, outputs: mlp 2 16 1")
    if min(sizes) < 1:
        raise CircuitError.of(f"{min(sizes)} is no size of a layer")
    weights = sum(before * after for before, after in pairwise(sizes))
    if weights > MOST_WEIGHTS:
        raise CircuitError.of(f"an mlp with {weights:,} weights", hint=f"up to {MOST_WEIGHTS:,} are sensible here")
    inputs = [f"  x[0:{sizes[0]}]: {{value: 0.5, fixed: true}}"]
    gates, last = [], len(sizes) - 1
    before, name = "x", "h"
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
        weights_of = f"  w{layer}[0:{fan_out}, 0:{fan_in}]: {{normal: {fan_in**-0.5:.4g}, seed: 1}}"
        inputs += [f"{weights_of:<48}  # layer {layer}: {fan_in} to {fan_out}", f"  b{layer}[0:{fan_out}]: 0"]
        name = "out" if layer == last else f"h{layer}"
        total = f"sum(w{layer}[j, i]*{before}[i] for i in range({fan_in})) + b{layer}[j]"
        gates.append(f"  {name}[j=0:{fan_out}]: {total if layer == last else f'tanh({total})'}")
        before = name
    inputs.append(f"  target[0:{sizes[-1]}]: {{value: 1, fixed: true}}")
    gates.append(f"  loss: sum((out[k] - target[k])**2 for k in range({sizes[-1]}))/2")
    shape = "-".join(map(str, sizes))
    lines = [
        f"# A multi-layer perceptron, {shape}, with random starting weights. Try",
        "#",
        f"#   circuitgrad backward {file}",
        f"#   circuitgrad optimize {file} --minimize --steps 50 --step-size 0.1",
        f"#   circuitgrad forward {file} --set 'x[0]=-0.5'",
        "",
        f"about: A multi-layer perceptron, {shape}",
        "inputs:",
        *inputs,
        "gates:",
        *gates,
        "output: loss",
        "",
    ]
    return "\n".join(lines)


def fit(
    file: str, formula: str, data: Source, *, target: str | None = None, start: Mapping[str, float] | None = None
) -> str:
    r"""Return a circuit that fits a formula to the rows of a CSV text: the mean of the squared residuals.

    Args:
        file: the file's name, for the comments.
        formula: the formula; its names that are no columns of the data are the parameters.
        data: the CSV text, with a header of the columns' names.
        target: the column to fit; the last one that the formula does not use when left out.
        start: values to start parameters from; 1 when left out.

    Raises:
        CircuitError: the formula or the data are wrong, or do not belong together.

    >>> from circuitgrad import loads
    >>> circuit = loads(fit("fit.yaml", "a*x + b", Source("d.csv", "x,y\n1,3\n2,5\n")))
    >>> circuit.forward()["loss"], [name for name, leaf in circuit.inputs.items() if not leaf.fixed]
    (2.5, ['a', 'b'])
    """
    columns = read_columns(data)
    names = list(dict.fromkeys(_names(Expression(formula).steps)))
    used = [name for name in columns if name in names]
    if not used:
        raise CircuitError.of("the formula uses no column of the data", hint=f"the columns are {', '.join(columns)}")
    left = [name for name in columns if name not in names]
    if target is not None and target not in columns:
        raise CircuitError.of(f"no column is called {quote(target)}", hint=did_you_mean(target, columns))
    if target is not None and target in used:
        raise CircuitError.of(f"the target {quote(target)} stands in the formula itself")
    if target is None and not left:
        raise CircuitError.of("the formula uses every column: none is left to be fitted")
    target = left[-1] if target is None else target
    parameters = [name for name in names if name not in columns and name not in CONSTANTS]
    if not parameters:
        raise CircuitError.of("the formula has no parameters: all its names are columns")
    starts = {normalise(name): value for name, value in (start or {}).items()}
    for name in starts:
        if name not in parameters:
            raise CircuitError.of(f"no parameter is called {quote(name)}", hint=did_you_mean(name, parameters))
    taken = [name for name in ("residual", "loss", "model") if name in (*columns, *parameters)]
    if taken:
        raise CircuitError.of(f"the name {quote(taken[0])} is needed for the fit itself", hint="choose another")
    count = len(columns[target])
    call = ", ".join([*(f"{name}[i]" for name in used), *parameters])
    wide = max(map(len, parameters))
    lines = [
        f"# {formula.strip()}, fitted to {count} rows of {data.name}. Try",
        "#",
        f"#   circuitgrad backward {file}",
        f"#   circuitgrad optimize {file} --minimize --steps 1000 --step-size 0.001",
        "#",
        "# with a step size at which the loss falls.",
        "",
        f"about: {_quoted(formula.strip() + ', fitted to data')}",
        "define:",
        f"  model({', '.join([*used, *parameters])}): {_quoted(formula.strip())}",
        "inputs:",
        *(f"  {name}:{' ' * (wide - len(name))} {_number(starts.get(name, 1.0))}" for name in parameters),
        *(_column(name, columns[name]) for name in [*used, target]),
        "gates:",
        f"  residual[i=0:{count}]: {target}[i] - model({call})",
        f"  loss: sum(residual[i]**2 for i in range({count}))/{count}",
        "output: loss",
        "",
    ]
    return "\n".join(lines)


def read_columns(data: Source) -> dict[str, list[float]]:
    r"""Return the columns of a CSV text with a header, by name.

    Raises:
        CircuitError: a name is none, rows differ in length, a cell is not a finite number, or there are no rows, or
            too many; with the place.

    >>> read_columns(Source("d.csv", "x, y\n1,2\n3,4\n"))
    {'x': [1.0, 3.0], 'y': [2.0, 4.0]}
    """
    rows = [(line, row) for line, row in _rows(data) if row]
    if not rows:
        raise CircuitError.of(f"there is nothing in {quote(data.name)}", hint="it begins with the columns' names")
    line, header = rows[0]
    columns: dict[str, list[float]] = {}
    for position, cell in enumerate(header):
        name = normalise(cell.strip())
        if not is_name(name):
            raise _refused(data, line, header, position, f"{quote(cell)} is not the name of a column")
        if name in columns:
            raise _refused(data, line, header, position, f"a second column called {quote(name)}")
        columns[name] = []
    if len(rows) == 1:
        raise CircuitError.of(f"there are no rows in {quote(data.name)}", data.place(0))
    if len(rows) > MOST_ROWS + 1:
        hint = "a circuit file holds the rows itself: take a sample"
        raise CircuitError.of(f"{len(rows) - 1:,} rows; a starting file takes up to {MOST_ROWS:,}", hint=hint)
    for line, row in rows[1:]:
        if len(row) != len(columns):
            raise _refused(data, line, row, 0, f"{len(row)} cells in this row, {len(columns)} in the header")
        for position, (cell, column) in enumerate(zip(row, columns.values(), strict=True)):
            column.append(_cell(data, line, row, position, cell))
    return columns


def _rows(data: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield every row with the number of its last line, from 0."""
    reader = csv.reader(io.StringIO(data.text), strict=True)
    try:
        for row in reader:
            yield reader.line_num - 1, row
    except csv.Error as error:
        raise CircuitError.of(f"not CSV: {error}", _place(data, max(0, reader.line_num - 1), 0, 1)) from None


def _cell(data: Source, line: int, row: Sequence[str], position: int, cell: str) -> float:
    try:
        value = read_number(cell)
    except ValueError as error:
        raise _refused(data, line, row, position, str(error)) from None
    if value is None:
        raise _refused(data, line, row, position, f"{quote(cell)} is not a number")
    if value - value != 0:
        raise _refused(data, line, row, position, f"{quote(cell)} cannot be fitted")
    return value


def _refused(data: Source, line: int, row: Sequence[str], position: int, message: str) -> CircuitError:
    column = sum(len(cell) + 1 for cell in row[:position])
    return CircuitError.of(message, _place(data, line, column, max(1, len(row[position]))))


def _place(data: Source, line: int, column: int, width: int) -> Place:
    starts = [0, *(end.end() for end in re.finditer(r"\r\n|\r|\n", data.text))]
    return data.place(min(starts[min(line, len(starts) - 1)] + column, len(data.text)), width)


def _names(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the names of wires in a formula, in the order of the text; indices of loops are none."""
    for step in steps:
        if isinstance(step, Name):
            yield step.name
        elif isinstance(step, Member):
            hint = "columns are named without brackets"
            raise CircuitError.of(f"{quote(step.name)} in the formula is a member of a family", hint=hint)
        elif isinstance(step, Loop):
            indices = {clause.name for clause in step.clauses}
            yield from (name for name in _names(step.body) if name not in indices)


def _column(name: str, values: Sequence[float]) -> str:
    """Return a column as a family of fixed inputs, in lines that fit a page."""
    listed = fill(", ".join(map(_number, values)), 100, initial_indent="      ", subsequent_indent="      ")
    return f"  {name}[0:{len(values)}]:\n    fixed: true\n    value: [\n{listed}]"


def _number(value: float) -> str:
    """Return a number as YAML reads it to the last bit: a mantissa with a point before an exponent."""
    text = repr(value).removesuffix(".0")
    return text.replace("e", ".0e", 1) if "e" in text and "." not in text else text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
