from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from circuitgrad.language.ordering import MOST_CYCLES, in_order, shared


@st.composite
def graphs(draw: st.DrawFn, *, acyclic: bool) -> tuple[int, list[tuple[int, ...]]]:
    """Draw inputs and gates: how many inputs, and per wire its operands."""
    inputs, gates = draw(st.integers(1, 3)), draw(st.integers(1, 12))
    last = inputs + gates - 1
    operands = [
        tuple(draw(st.lists(st.integers(-3, number - 1 if acyclic else last), min_size=1, max_size=2)))
        for number in range(inputs, inputs + gates)
    ]
    return inputs, [()] * inputs + operands


def reorder(operands: list[tuple[int, ...]], inputs: int, places: list[int]) -> list[tuple[int, ...]]:
    """Number the gates anew: gate number i becomes number places[i]."""
    new = [*range(inputs), *(inputs + place for place in places)]
    moved: list[tuple[int, ...]] = [()] * len(operands)
    for number, wires in enumerate(operands):
        moved[new[number]] = tuple(new[wire] if wire >= 0 else wire for wire in wires)
    return moved


@given(graphs(acyclic=True), st.data())
def test_operands_come_first_whatever_the_order_of_the_text(
    graph: tuple[int, list[tuple[int, ...]]], data: st.DataObject
) -> None:
    inputs, operands = graph
    operands = reorder(operands, inputs, data.draw(st.permutations(range(len(operands) - inputs))))
    order, cycles = in_order(operands, inputs, lambda _: False)
    assert cycles == []
    assert sorted(order) == list(range(inputs, len(operands)))
    done = set(range(-5, inputs))
    for number in order:
        assert done.issuperset(operands[number])
        done.add(number)


@given(graphs(acyclic=False))
def test_a_loop_is_found_where_there_is_one(graph: tuple[int, list[tuple[int, ...]]]) -> None:
    inputs, operands = graph
    left = set(range(inputs, len(operands)))
    while ready := {number for number in left if not left.intersection(operands[number])}:
        left -= ready
    _, cycles = in_order(operands, inputs, lambda _: False)
    assert bool(cycles) == bool(left)
    for cycle in cycles:
        # In the direction of the signal: each wire is an operand of the one before it in the list, and so around.
        pairs = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
        assert all(number in operands[consumer] or consumer in operands[number] for consumer, number in pairs)


def test_not_every_loop_of_very_many_is_told() -> None:
    operands = [(), *((number + 1 if number % 2 else number - 1,) for number in range(1, 201))]
    _, cycles = in_order(operands, 1, lambda _: False)
    assert len(cycles) == MOST_CYCLES


def test_gates_inside_others_come_where_they_are_needed() -> None:
    order, _ = in_order([(), (3,), (0,), (4,), (0,)], 1, lambda number: number > 2)
    assert order == [4, 3, 1, 2]


def test_skipped_gates_are_left_out() -> None:
    order, _ = in_order([(), (0,), (0,), (1,)], 1, lambda _: False, {2})
    assert order == [1, 3]


@given(graphs(acyclic=True), st.data())
def test_what_is_replaced_computes_the_same(graph: tuple[int, list[tuple[int, ...]]], data: st.DataObject) -> None:
    inputs, operands = graph
    rules = [data.draw(st.sampled_from("pq")) for _ in operands]
    inner = {number for number in range(inputs, len(operands)) if data.draw(st.booleans())}
    instead = shared(range(inputs, len(operands)), rules, operands, inner.__contains__)

    def meaning(number: int) -> object:
        if number < inputs:
            return number
        return rules[number], tuple(meaning(operand) for operand in operands[number])

    assert set(instead) <= inner
    kept = set(range(inputs, len(operands))) - set(instead)
    assert all(meaning(number) == meaning(same) and same in kept for number, same in instead.items())
    meanings = [meaning(number) for number in kept & inner]
    assert len(set(map(repr, meanings))) == len(meanings)
