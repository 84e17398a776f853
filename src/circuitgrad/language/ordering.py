"""Gates in topological order, the loops that forbid one, and gates that compute the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Sequence

MOST_CYCLES = 20
_UNSEEN, _ACTIVE, _DONE = range(3)


def in_order(
    operands: Sequence[tuple[int, ...]], first: int, inner: Callable[[int], bool], skipped: Container[int] = ()
) -> tuple[Sequence[int], list[list[int]]]:
    """Return the gates' numbers, operands first and otherwise as they come, and the loops among them.

    Args:
        operands: per wire, the numbers of its operands; negative ones need no order.
        first: the number of the first gate; what comes before are inputs.
        inner: tells whether a gate belongs inside another one's formula: it comes where it is needed.
        skipped: the gates to leave out.

    >>> in_order([(), (2, 0), (0,)], 1, lambda _: False)
    ([2, 1], [])
    >>> in_order([(), (2, 0), (1,)], 1, lambda _: False)[1]
    [[2, 1]]
    """
    total = len(operands)
    if not skipped and all(max(numbers, default=-1) < number for number, numbers in enumerate(operands)):
        return range(first, total), []  # in order already, as generated files are
    state = bytearray([_DONE]) * first + bytearray(total - first)
    order: list[int] = []
    cycles: list[list[int]] = []
    gates = [number for number in range(first, total) if number not in skipped]
    for wanted in (False, True):
        for root in gates:
            if state[root] == _UNSEEN and inner(root) is wanted:
                _visit(root, operands, state, order, cycles)
    return order, cycles


def _visit(
    root: int, operands: Sequence[tuple[int, ...]], state: bytearray, order: list[int], cycles: list[list[int]]
) -> None:
    """Append a gate to the order, after all that it needs; a depth-first search with its own stack."""
    stack = [root]
    while stack:
        number = stack[-1]
        if state[number] == _UNSEEN:
            state[number] = _ACTIVE
            for operand in reversed(operands[number]):
                if operand < 0:
                    continue
                if state[operand] == _UNSEEN:
                    stack.append(operand)
                elif state[operand] == _ACTIVE and len(cycles) < MOST_CYCLES:
                    cycles.append(_loop(operand, [waiting for waiting in stack if state[waiting] == _ACTIVE]))
        else:
            stack.pop()
            if state[number] == _ACTIVE:
                state[number] = _DONE
                order.append(number)


def _loop(start: int, path: list[int]) -> list[int]:
    """Return the gates along the loop that leads from `start` back to itself, in the direction of the signal."""
    # A gate that waited on the stack before it was reached stands there twice: the upper one is on the path.
    upper = list(dict.fromkeys(reversed(path)))
    return upper[: upper.index(start) + 1]


def shared(
    order: Sequence[int],
    rules: Sequence[Hashable],
    operands: Sequence[tuple[int, ...]],
    inner: Callable[[int], bool],
) -> dict[int, int]:
    """Return, for every inner gate that computes the same as another gate, the one to take instead.

    This is value numbering (Cocke and Schwartz, "Programming languages and their compilers", 1970): gates are the same
    when their rules are, and their operands.

    Args:
        order: the gates' numbers, operands first.
        rules: per wire, what it computes.
        operands: per wire, the numbers of its operands.
        inner: tells whether a gate may be replaced.

    >>> shared([1, 2, 3, 4], ["x", "sin", "sin", "add", "sin"], [(), (0,), (0,), (1, 2), (2,)], lambda n: n in (1, 2))
    {2: 1}
    """
    seen: dict[tuple[Hashable, tuple[int, ...]], int] = {}
    first: dict[int, int] = {}
    chosen: dict[int, int] = {}
    for number in order:
        numbers = operands[number]
        if first:
            numbers = tuple([first.get(operand, operand) for operand in numbers])
        same = seen.setdefault((rules[number], numbers), number)
        if same != number:
            first[number] = same
            if inner(chosen.get(same, same)) and not inner(number):
                chosen[same] = number
    if not first:
        return {}
    taken = ((number, first.get(number, number)) for number in order if number in first or number in chosen)
    named = ((number, chosen.get(same, same)) for number, same in taken if inner(number))
    return {number: instead for number, instead in named if instead != number}
