"""Random programs in the circuit language, and what they mean by a second reading of the language.

A program is a tree: inputs, definitions that call one another, and gates. It is written as a circuit file, and it is
evaluated by walking the tree in Python with dual numbers (Wengert, "A simple automatic derivative evaluation program",
1964), definitions by binding their operands. Nothing is shared with the reader, and slopes go forward, not backward.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Tree = tuple[Any, ...]


@dataclass(frozen=True)
class Dual:
    """A value and its slopes in the inputs."""

    value: float
    slopes: Mapping[str, float] = field(default_factory=dict)

    def through(self, value: float, slope: float, *others: tuple[Dual, float]) -> Dual:
        """Return what a gate makes of this and other numbers, given its value and its partials."""
        slopes: dict[str, float] = {}
        for number, factor in ((self, slope), *others):
            for name, known in number.slopes.items():
                slopes[name] = slopes.get(name, 0.0) + factor * known
        return Dual(value, slopes)


def _larger(x: Dual, y: Dual) -> Dual:
    share = 1.0 if x.value > y.value else 0.0 if x.value < y.value else 0.5
    return x.through(max(x.value, y.value), share, (y, 1 - share))


def _smaller(x: Dual, y: Dual) -> Dual:
    share = 1.0 if x.value < y.value else 0.0 if x.value > y.value else 0.5
    return x.through(min(x.value, y.value), share, (y, 1 - share))


ONE: dict[str, Callable[[Dual], Dual]] = {
    "neg": lambda x: x.through(-x.value, -1.0),
    "sin": lambda x: x.through(math.sin(x.value), math.cos(x.value)),
    "tanh": lambda x: x.through(math.tanh(x.value), 1 - math.tanh(x.value) ** 2),
    "abs": lambda x: x.through(math.fabs(x.value), (x.value > 0) - (x.value < 0)),
}
TWO: dict[str, Callable[[Dual, Dual], Dual]] = {
    "add": lambda x, y: x.through(x.value + y.value, 1.0, (y, 1.0)),
    "sub": lambda x, y: x.through(x.value - y.value, 1.0, (y, -1.0)),
    "mul": lambda x, y: x.through(x.value * y.value, y.value, (y, x.value)),
    "max": _larger,
    "min": _smaller,
}
SIGNS = {"add": "+", "sub": "-", "mul": "*"}
FOLDS = {"sum": "add", "prod": "mul", "max": "max", "min": "min"}
EMPTY = {"sum": 0.0, "prod": 1.0}
CHOICES: dict[str, Callable[[float, float], bool]] = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}


def write(tree: Tree) -> str:
    """Write a tree as a formula."""
    kind, *parts = tree
    if kind == "number":
        return repr(parts[0]) if parts[0] >= 0 else f"({parts[0]!r})"
    if kind == "name":
        return str(parts[0])
    if kind == "member":
        return f"{parts[0]}[{', '.join(parts[1])}]"
    if kind == "sign":
        return f"({write(parts[1])} {SIGNS[parts[0]]} {write(parts[2])})"
    if kind == "power":
        return f"({write(parts[0])})**{parts[1]}"
    if kind == "choice":
        return f"({write(parts[3])} if {write(parts[1])} {parts[0]} {write(parts[2])} else {write(parts[4])})"
    if kind == "loop":
        clauses = "".join(f" for {index} in range({low}, {high})" for index, low, high in parts[2])
        return f"{parts[0]}({write(parts[1])}{clauses})"
    assert kind == "call"
    return f"{parts[0]}({', '.join(map(write, parts[1]))})"


@dataclass(frozen=True)
class Gate:
    """A gate: its name, perhaps a range of members and their index, and its tree, perhaps written explicitly."""

    name: str
    tree: Tree
    members: tuple[str, int, int] | None = None
    explicit: bool = False

    @property
    def key(self) -> str:
        """The key in the file."""
        return self.name if self.members is None else "{}[{}={}:{}]".format(self.name, *self.members)

    @property
    def text(self) -> Any:
        """What stands under it."""
        if self.explicit and self.tree[0] == "call":
            return {self.tree[1]: [write(operand) for operand in self.tree[2]]}
        return write(self.tree)


@dataclass(frozen=True)
class Body:
    """A definition: its operands, its inner gates and its value."""

    operands: tuple[str, ...]
    gates: tuple[Gate, ...]
    value: Tree


@dataclass(frozen=True)
class Program:
    """A circuit file as a tree."""

    inputs: dict[str, Any]
    definitions: dict[str, Body]
    gates: tuple[Gate, ...]
    shuffled: tuple[Gate, ...]

    @property
    def text(self) -> str:
        """The file."""
        define: dict[str, Any] = {}
        for name, body in self.definitions.items():
            key, value = f"{name}({', '.join(body.operands)})", write(body.value)
            inner = {gate.key: gate.text for gate in reversed(body.gates)}
            define[key] = {"gates": inner, "value": value} if inner else value
        document = {
            "inputs": self.inputs,
            "gates": {gate.key: gate.text for gate in self.shuffled},
            "output": self.output,
            "define": define,
        }
        return json.dumps(document)

    @property
    def output(self) -> str:
        """The wire to differentiate."""
        last = self.gates[-1]
        return last.name if last.members is None else f"{last.name}[{last.members[2] - 1}]"

    @property
    def leaves(self) -> dict[str, float]:
        """The inputs' values, those of families by member."""
        leaves: dict[str, float] = {}
        for name, value in self.inputs.items():
            base = name.partition("[")[0]
            if isinstance(value, list):
                for i, item in enumerate(value):
                    members = enumerate(item) if isinstance(item, list) else [(None, item)]
                    leaves.update({f"{base}[{i}]" if j is None else f"{base}[{i},{j}]": leaf for j, leaf in members})
            else:
                leaves[name] = value
        return leaves

    def values(self) -> dict[str, Dual]:
        """What every wire that has a name comes to."""
        wires = {name: Dual(value, {name: 1.0}) for name, value in self.leaves.items()}
        self._run(self.gates, wires)
        return wires

    def _run(self, gates: Sequence[Gate], wires: dict[str, Dual]) -> None:
        for gate in gates:
            if gate.members is None:
                wires[gate.name] = self._value(gate.tree, wires, {})
                continue
            index, low, high = gate.members
            for i in range(low, high):
                wires[f"{gate.name}[{i}]"] = self._value(gate.tree, wires, {index: i})

    def _value(self, tree: Tree, wires: dict[str, Dual], indices: dict[str, int]) -> Dual:
        kind, *parts = tree
        if kind == "number":
            return Dual(float(parts[0]))
        if kind == "name":
            return Dual(float(indices[parts[0]])) if parts[0] in indices else wires[parts[0]]
        if kind == "member":
            subscripts = [str(eval(text, {"__builtins__": {}}, dict(indices))) for text in parts[1]]
            return wires[f"{parts[0]}[{','.join(subscripts)}]"]
        if kind == "sign":
            return TWO[parts[0]](self._value(parts[1], wires, indices), self._value(parts[2], wires, indices))
        if kind == "power":
            base, exponent = self._value(parts[0], wires, indices), parts[1]
            square = base.value * base.value
            value = {2: square, 3: square * base.value, 4: square * square}.get(exponent)
            slope = exponent * base.value ** (exponent - 1)
            return base.through(math.pow(base.value, exponent) if value is None else value, slope)
        if kind == "choice":
            sign, left, right, chosen, otherwise = parts
            test = CHOICES[sign](self._value(left, wires, indices).value, self._value(right, wires, indices).value)
            return self._value(chosen if test else otherwise, wires, indices)
        if kind == "loop":
            return self._loop(tree, wires, indices)
        operands = [self._value(operand, wires, indices) for operand in parts[1]]
        if parts[0] in self.definitions:
            body = self.definitions[parts[0]]
            inner = dict(zip(body.operands, operands, strict=True))
            self._run(body.gates, inner)
            return self._value(body.value, inner, {})
        if len(operands) == 1:
            return ONE[parts[0]](operands[0])
        result = operands[0]
        for operand in operands[1:]:
            result = TWO[parts[0]](result, operand)
        return result

    def _loop(self, tree: Tree, wires: dict[str, Dual], indices: dict[str, int]) -> Dual:
        _, fold, body, clauses = tree
        turns: list[dict[str, int]] = [dict(indices)]
        for index, low, high in clauses:
            turns = [
                {**turn, index: value}
                for turn in turns
                for value in range(*(eval(str(bound), {"__builtins__": {}}, dict(turn)) for bound in (low, high)))
            ]
        results = [self._value(body, wires, turn) for turn in turns]
        result = results[0] if results else Dual(EMPTY[fold])
        for operand in results[1:]:
            result = TWO[FOLDS[fold]](result, operand)
        return result


small = st.integers(-8, 8).map(lambda eighths: eighths / 8)
"""Numbers whose sums and products are exact for long, and often tie."""


@dataclass
class _Names:
    """What a formula may use: wires, families with their ranges, indices with theirs, and definitions' arities."""

    wires: list[str]
    families: dict[str, list[tuple[int, int]]]
    indices: dict[str, tuple[int, int]]
    arities: dict[str, int]

    def with_indices(self, indices: dict[str, tuple[int, int]]) -> _Names:
        return _Names(self.wires, self.families, {**self.indices, **indices}, self.arities)


@st.composite
def _members(draw: st.DrawFn, names: _Names) -> Tree:
    family = draw(st.sampled_from(sorted(names.families)))
    subscripts = []
    for low, high in names.families[family]:
        fitting = [name for name, (first, end) in names.indices.items() if low <= first and end <= high]
        by_index: bool = draw(st.booleans())
        if fitting and by_index:
            index = draw(st.sampled_from(sorted(fitting)))
            first, end = names.indices[index]
            subscripts.append(draw(st.sampled_from([index, f"{first + end - 1} - {index}", f"({index}*2 - {index})"])))
        else:
            subscripts.append(str(draw(st.integers(low, high - 1))))
    return "member", family, tuple(subscripts)


@st.composite
def _calls(draw: st.DrawFn, names: _Names, depth: int) -> Tree:
    gate = draw(st.sampled_from([*ONE, *TWO, *names.arities, *names.arities]))
    arity = names.arities.get(gate, 1 if gate in ONE else 2)
    if gate in ("add", "mul", "max", "min"):
        arity = draw(st.integers(2, 3))
    return "call", gate, tuple(draw(_trees(names, depth - 1)) for _ in range(arity))


@st.composite
def _loops(draw: st.DrawFn, names: _Names, depth: int) -> Tree:
    fold = draw(st.sampled_from(sorted(FOLDS)))
    least = 0 if fold in EMPTY else 1
    clauses: list[tuple[str, Any, Any]] = []
    inner: dict[str, tuple[int, int]] = {}
    indices: list[str] = draw(st.lists(st.sampled_from(["i", "j", "k", "a"]), min_size=1, max_size=2, unique=True))
    for index in indices:
        low = draw(st.integers(-1, 1))
        high = low + draw(st.integers(least, 3))
        triangle: bool = draw(st.booleans())
        if clauses and fold in EMPTY and triangle:
            # Up to the index before it: a triangle.
            clauses.append((index, low, clauses[-1][0]))
            inner[index] = low, max(low + 1, inner[clauses[-2][0]][1])
        else:
            clauses.append((index, low, high))
            inner[index] = low, max(low + 1, high)
    body = draw(_trees(names.with_indices(inner), depth - 1))
    return "loop", fold, body, tuple(clauses)


@st.composite
def _trees(draw: st.DrawFn, names: _Names, depth: int) -> Tree:
    kinds = ["name"] * 3 + ["number"]
    kinds += ["member"] * 2 * bool(names.families)
    if depth > 0:
        kinds = [*kinds, *["sign"] * 4, *["call"] * 4, "power", "choice", "loop"]
    kind = draw(st.sampled_from(kinds))
    deeper = _trees(names, depth - 1)
    if kind == "number":
        return "number", draw(small | st.integers(0, 3))
    if kind == "name":
        return "name", draw(st.sampled_from([*names.wires, *names.indices]))
    if kind == "member":
        return draw(_members(names))
    if kind == "sign":
        return "sign", draw(st.sampled_from(sorted(SIGNS))), draw(deeper), draw(deeper)
    if kind == "power":
        return "power", draw(deeper), draw(st.sampled_from([2, 3, 4, 5]))
    if kind == "choice":
        return "choice", draw(st.sampled_from(sorted(CHOICES))), *(draw(deeper) for _ in range(4))
    return draw(_loops(names, depth) if kind == "loop" else _calls(names, depth))


@st.composite
def _gates(draw: st.DrawFn, names: _Names, prefix: str, most: int, depth: int) -> tuple[Gate, ...]:
    """Draw gates, each of what was there before it."""
    gates: list[Gate] = []
    for number in range(draw(st.integers(0 if prefix == "q" else 1, most))):
        name, explicit = f"{prefix}{number}", draw(st.booleans())
        if draw(st.integers(0, 3)) == 0:
            low = draw(st.integers(-1, 1))
            high = low + draw(st.integers(1, 3))
            index = draw(st.sampled_from(["j", "t"]))
            inner = names.with_indices({index: (low, high)})
            gates.append(Gate(name, draw(_trees(inner, depth)), (index, low, high), explicit))
            names.families[name] = [(low, high)]
        else:
            gates.append(Gate(name, draw(_trees(names, depth)), None, explicit))
            names.wires.append(name)
    return tuple(gates)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program."""
    definitions: dict[str, Body] = {}
    for number in range(draw(st.integers(0, 3))):
        # Operands are called like wires, indices, gates and constants of the file: definitions see none of these.
        operands = tuple(draw(st.lists(st.sampled_from(["a", "x", "i", "sin", "pi", "g0"]), min_size=1, max_size=3,
                                       unique=True)))  # fmt: skip
        names = _Names(list(operands), {}, {}, {name: len(body.operands) for name, body in definitions.items()})
        gates = draw(_gates(names, "q", 2, 1))
        definitions[f"f{number}"] = Body(operands, gates, draw(_trees(names, 2)))
    inputs: dict[str, Any] = {"a": draw(small), "b": draw(small)}
    names = _Names(["a", "b"], {}, {}, {name: len(body.operands) for name, body in definitions.items()})
    if draw(st.booleans()):
        inputs["w[0:2, 0:3]"] = [[draw(small) for _ in range(3)] for _ in range(2)]
        names.families["w"] = [(0, 2), (0, 3)]
    if draw(st.booleans()):
        inputs["v[0:3]"] = [draw(small) for _ in range(3)]
        names.families["v"] = [(0, 3)]
    gates = draw(_gates(names, "g", 3, 2))
    return Program(inputs, definitions, gates, tuple(draw(st.permutations(gates))))
