"""The steps of a method of optimisation as machine code: a loop of the update and the passes at the new point."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from circuitgrad.engines.native.columns import zeros
from circuitgrad.engines.native.llvm.builder import Builder
from circuitgrad.engines.native.llvm.code import machine_code
from circuitgrad.engines.native.llvm.graph import Graph
from circuitgrad.engines.native.llvm.lowering import lowered
from circuitgrad.engines.native.llvm.printer import Printer
from circuitgrad.engines.native.llvm.structures import loaded
from circuitgrad.engines.update import GIVEN, SLOPE

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence

    from circuitgrad.engines.native.sums import RowSums
    from circuitgrad.engines.update import Memory, Update


class _LoopState(ctypes.Structure):
    """What the machine code is told: where things are, whole numbers, and doubles."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in (
            "kernel", "tape", "sources", "targets", "point", "results", "slopes", "memory", "low", "high",
            "step_sizes", "costs", "points", "all_slopes",
        )),
        *((name, ctypes.c_int64) for name in ("rows", "size", "number", "steps", "bounded")),
        *((name, ctypes.c_double) for name in ("sign", "rows_real", "momentum")),
    )  # fmt: skip


@dataclass(frozen=True)
class Iterates:
    """What some steps of an optimiser led to; all but the costs and the memory last until its next steps.

    Attributes:
        costs: the cost after every step.
        points: the points, one after another, and more behind them.
        slopes: the derivatives there, in the same order.
        memory: what the method carries along from the last step on.
        size: how many numbers a point has.
    """

    costs: array[float]
    points: array[float]
    slopes: array[float]
    memory: dict[str, list[float]]
    size: int

    def __len__(self) -> int:
        return len(self.costs)

    def point(self, step: int) -> list[float]:
        """Return the point after a step, from 0."""
        return self.points[step * self.size : (step + 1) * self.size].tolist()

    def slopes_at(self, step: int) -> list[float]:
        """Return the derivatives after a step, from 0."""
        return self.slopes[step * self.size : (step + 1) * self.size].tolist()


class OptimizerLoop:
    """Steps against the direction of an update, within bounds, over the sums of a circuit.

    Args:
        sums: computes the cost's sum and its derivatives' sums.
        update: what moves the point.
        low: the least values of the inputs.
        high: the largest.
        sign: 1 or -1, which the mean over the rows is multiplied by.
        momentum: the share of the speed that is kept.

    Raises:
        CircuitError: llvmlite is not installed.
    """

    def __init__(
        self, sums: RowSums, update: Update, low: Sequence[float], high: Sequence[float], sign: float, momentum: float
    ) -> None:
        self._sums, self._update = sums, update
        self._size = len(low)
        self._bounds = (ctypes.c_double * self._size)(*low), (ctypes.c_double * self._size)(*high)
        self._code = machine_code(_LoopWriter(update).text())
        self._run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self._code.address("steps"))
        self._costs = self._points = self._slopes = zeros(0)
        self._state = _LoopState(
            kernel=sums.kernel.address,
            tape=sums.kernel.tape,
            sources=ctypes.addressof(sums.sources),
            targets=ctypes.addressof(sums.targets),
            rows=sums.rows,
            size=self._size,
            point=ctypes.addressof(sums.point),
            results=ctypes.addressof(sums.results),
            low=ctypes.addressof(self._bounds[0]),
            high=ctypes.addressof(self._bounds[1]),
            bounded=any(map(isfinite, (*low, *high))),
            sign=sign,
            rows_real=sums.rows,
            momentum=momentum,
        )

    def __call__(
        self, point: Sequence[float], slopes: Sequence[float], memory: Memory, number: int, step_sizes: array[float]
    ) -> Iterates:
        """Return as many steps as there are step sizes, or those before the first that leaves the finite numbers.

        Args:
            point: where the steps begin.
            slopes: the derivatives of the cost there.
            memory: what the method has carried along so far.
            number: how many steps there have been.
            step_sizes: the factors of the steps to come.
        """
        state, size, steps = self._state, self._size, len(step_sizes)
        self._sums.point[:] = list(point)
        names = list(self._update.memory)
        kept = (ctypes.c_double * (size * len(names)))(*(x for name in names for x in memory[name]))
        here = (ctypes.c_double * size)(*slopes)
        if steps > len(self._costs):  # new memory costs as much as the steps
            self._costs, self._points, self._slopes = zeros(steps), zeros(steps * size), zeros(steps * size)
        for name, numbers in (("memory", kept), ("slopes", here)):
            setattr(state, name, ctypes.addressof(numbers))
        for name, column in (
            ("step_sizes", step_sizes), ("costs", self._costs), ("points", self._points), ("all_slopes", self._slopes),
        ):  # fmt: skip
            setattr(state, name, column.buffer_info()[0])
        state.number, state.steps = number, steps
        done = self._run(ctypes.addressof(state))
        if done < steps:
            # The step that failed has spoilt what is carried along: the same steps once more end before it.
            return self(point, slopes, memory, number, step_sizes[:done])
        carried = {name: list(kept[k * size : (k + 1) * size]) for k, name in enumerate(names)}
        return Iterates(self._costs[:steps], self._points, self._slopes, carried, size)


class _LoopWriter:
    """Writes the function `@steps`, which makes steps, and returns how many of them led to finite numbers."""

    def __init__(self, update: Update) -> None:
        self.update = update
        self.b, self.printer, self.graph = Builder("steps(ptr %state)", "i64"), Printer(1), Graph()
        self.at = loaded(self.b, _LoopState, "%state")
        names = (SLOPE, *update.memory, *update.shared, *GIVEN)
        self.nodes = {name: self.graph.input(k) for k, name in enumerate(names)}

    def text(self) -> str:
        """Return the module."""
        b = self.b
        done, lost = b.variable("i64", "0"), b.variable("i1", "false")
        with b.loop("0", self.at["steps"]) as step, b.when(b.do(f"xor i1 {b.get(lost)}, true")):
            odd = b.variable("double", "0.0")
            self._prepare(step)
            with b.loop("0", self.at["size"]) as i:
                self._move(step, i, odd)
            self._learn(step, odd)
            is_lost = b.do(f"fcmp uno double {b.get(odd)}, 0.0")
            b.set(lost, is_lost)
            b.add(done, b.choose(is_lost, "0", "1"))
        return "\n".join([*self.printer.declarations(), b.text(b.get(done))])

    def _prepare(self, step: str) -> None:
        """Write what is the same for all inputs."""
        b, graph, inputs = self.b, self.graph, self.printer.inputs
        count = b.do(f"add i64 {self.at['number']}, {b.do(f'add i64 {step}, 1')}")
        inputs[self.nodes["count"]] = b.do(f"uitofp i64 {count} to double")
        inputs[self.nodes["momentum"]] = self.at["momentum"]
        shared = {name: lowered(graph, steps, self.nodes) for name, steps in self.update.shared.items()}
        self._put(shared.values())
        inputs.update({self.nodes[name]: self.printer.name(graph, node) for name, node in shared.items()})

    def _put(self, nodes: Iterable[int]) -> None:
        self.b.put(*self.printer.instructions(self.graph, sorted(self.graph.upstream(nodes))))

    def _move(self, step: str, i: str, odd: str) -> None:
        """Write how an input moves, and what is carried along for it."""
        b, at, graph, inputs = self.b, self.at, self.graph, self.printer.inputs
        inputs[self.nodes[SLOPE]] = b.load("double", at["slopes"], i)
        places = {}
        for k, name in enumerate(self.update.memory):
            places[name] = b.do(f"add i64 {i}, {b.do(f'mul i64 {k}, ' + at['size'])}")
            inputs[self.nodes[name]] = b.load("double", at["memory"], places[name])
        direction = lowered(graph, self.update.direction, self.nodes)
        kept = {name: lowered(graph, steps, self.nodes) for name, steps in self.update.memory.items()}
        self._put([direction, *kept.values()])
        for name, node in kept.items():
            b.store("double", self.printer.name(graph, node), at["memory"], places[name])
        far = b.do(f"fmul double {b.load('double', at['step_sizes'], step)}, {self.printer.name(graph, direction)}")
        x = b.do(f"fsub double {b.load('double', at['point'], i)}, {far}")
        x = b.unless(b.do(f"icmp ne i64 {at['bounded']}, 0"), "double", x, lambda: self._clipped(x, i))
        b.store("double", x, at["point"], i)
        b.store("double", x, at["points"], self._place(step, i))
        self._watch(x, odd)

    def _clipped(self, x: str, i: str) -> str:
        """Return a number moved into the bounds of an input."""
        b = self.b
        for comparison, end in (("ogt", "low"), ("olt", "high")):
            bound = b.load("double", self.at[end], i)
            x = b.choose(b.do(f"fcmp {comparison} double {bound}, {x}"), bound, x, "double")
        return x

    def _learn(self, step: str, odd: str) -> None:
        """Write how the cost and its derivatives are computed at the new point."""
        b, at = self.b, self.at
        b.put(f"call void {at['kernel']}(ptr {at['tape']}, ptr {at['sources']}, ptr {at['targets']}, i64 {at['rows']})")
        cost = self._mean("0")
        b.store("double", cost, at["costs"], step)
        self._watch(cost, odd)
        with b.loop("0", at["size"]) as i:
            slope = self._mean(b.do(f"add i64 {i}, 1"))
            b.store("double", slope, at["slopes"], i)
            b.store("double", slope, at["all_slopes"], self._place(step, i))

    def _mean(self, index: str) -> str:
        """Return the mean of a sum, with the sign; a division by one row would only take time."""
        b, at = self.b, self.at
        total = b.load("double", at["results"], index)
        are_many = b.do(f"icmp ne i64 {at['rows']}, 1")
        mean = b.unless(are_many, "double", total, lambda: b.do(f"fdiv double {total}, {at['rows_real']}"))
        return b.do(f"fmul double {at['sign']}, {mean}")

    def _place(self, step: str, i: str) -> str:
        return self.b.do(f"add i64 {i}, {self.b.do(f'mul i64 {step}, ' + self.at['size'])}")

    def _watch(self, number: str, odd: str) -> None:
        """Write what makes a variable NaN where a number is not finite."""
        b = self.b
        b.set(odd, b.do(f"fadd double {b.get(odd)}, {b.do(f'fsub double {number}, {number}')}"))
