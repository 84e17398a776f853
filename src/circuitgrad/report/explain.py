"""The chain rule in numbers as tables and as a JSON document."""

from __future__ import annotations

from collections import Counter
from math import log10
from typing import TYPE_CHECKING, Any

from circuitgrad.errors import visible
from circuitgrad.formulas.dialects import FORMULA
from circuitgrad.formulas.names import derivative_title
from circuitgrad.methods.explain import name_of
from circuitgrad.report.number_text import DEFAULT_DIGITS, for_json, rounded
from circuitgrad.report.short_paths import LONGEST_PATH, ShortPaths, derivative, factors, without_middle
from circuitgrad.report.tables import Column, Table, shown_positions
from circuitgrad.report.terminal import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from circuitgrad.methods.explain import Account, Edge, Explanation, GraphPath
    from circuitgrad.report.tables import Cell

LONGEST_FORMULAS = 70
"""The formulas of a path are left out where they take more characters."""
MOST_COUNT_DIGITS = 300
"""A count with more digits is a text in JSON: no double is that large."""


def short_count(count: int) -> str:
    """Return a whole number, however large it is.

    >>> short_count(38123), short_count(10**30), short_count(3**10000)
    ('38,123', '1e+30', '1.63e+4771')
    """
    if count < 10**15:
        return f"{count:,}"
    exponent = int(log10(count))
    mantissa = f"{count // 10 ** (exponent - 15) / 1e15:.3g}"
    return f"{mantissa}e+{exponent}" if mantissa != "10" else f"1e+{exponent + 1}"


def summed(explained: Explanation, account: Account) -> str:
    """Return the title of a derivative, with the number of paths that it sums."""
    paths = f"{short_count(account.number)} path{'s' * (account.number != 1)}"
    return f"{derivative_title(explained.output, account.name)} over {paths}"


def paths_table(explained: Explanation, digits: int | None = None, *, everything: bool = False) -> Table:
    """Return per input its paths to the output, each with its local derivatives and their product, and the sum.

    Args:
        explained: the chain rule.
        digits: significant digits of numbers.
        everything: whether paths are shown whole, with the wires of expanded expressions.
    """
    columns = [
        Column("path", wrap=True),
        Column("local derivatives", "cyan", wrap=True),
        Column("product", "red", number=True),
    ]
    table = Table(columns, noun="lines")
    paths = ShortPaths(explained, everything=everything)
    if not explained.accounts:
        table.rows.append([f"{explained.output} depends on no input", "", None])
    for account in explained.accounts:
        for path in account.shown:
            table.rows.extend(_lines(explained, path, paths, digits or DEFAULT_DIGITS, everything=everything))
        if not account.number:
            table.rows.append([f"{account.name}: no path to {explained.output}", "", account.gradient])
        if account.left and account.shown:
            noise = "no more than rounding" if abs(account.rest) <= account.rounding else ""
            table.rows.append([f"{_ellipsis()} {short_count(account.left)} more", noise, account.rest])
        if account.number > 1:
            table.marked.add(len(table.rows))
            table.rows.append([summed(explained, account), "sum", account.gradient])
    return table


def _lines(
    explained: Explanation, path: GraphPath, paths: ShortPaths, digits: int, *, everything: bool
) -> Iterator[list[Cell]]:
    """Yield the lines of a path: with formulas where they are short, and with numbers."""
    arrow, times = (" → ", " × ") if encodable("→×") else (" -> ", " * ")
    stretches = paths.stretches(path)
    names = [name_of(explained.circuit, slot) for slot in paths.slots(path)]
    numbers = [rounded(derivative(stretch), digits) for stretch in stretches]
    if cut := len(stretches) > LONGEST_PATH and not everything:
        names, numbers = (without_middle(parts, _ellipsis()) for parts in (names, numbers))
    shown = times.join(numbers) or "1"
    formulas = shown if cut else times.join(factors(explained, stretches, FORMULA)) or shown
    if formulas == shown or len(formulas) > LONGEST_FORMULAS:
        yield [arrow.join(names), shown, path.product]
    else:
        yield [arrow.join(names), formulas, None]
        yield ["", f"= {shown}", path.product]


def _ellipsis() -> str:
    return "…" if encodable("…") else "..."


def gates_table(explained: Explanation, *, everything: bool = False) -> Table:
    """Return every gate's contributions to its operands' gradients, in the order of the backward pass, and the sums.

    Args:
        explained: the chain rule.
        everything: whether a long table has all of its rows, instead of its ends.
    """
    columns = [
        Column("gate", wrap=True),
        Column("operand", wrap=True),
        Column("derivative", "cyan", wrap=True),
        Column("upstream", "red", number=True),
        Column("× local" if encodable("×") else "* local", number=True),
        Column("= adds", "red", number=True),
    ]
    table = Table(columns, noun="lines")
    circuit = explained.circuit
    parts = Counter(edge.operand for edge in explained.edges)
    lines = list(_edges_and_sums(explained, parts))
    if not everything:
        positions = shown_positions(len(lines))
        table.missing = len(lines) - len(positions)
        lines = [lines[position] for position in positions]
    last = None
    for edge, is_sum in lines:
        operand = name_of(circuit, edge.operand)
        if is_sum:
            table.marked.add(len(table.rows))
            count = f"sum of {parts[edge.operand]:,}"
            table.rows.append(["", operand, count, None, None, circuit.units[edge.operand].grad])
            continue
        gate = "" if edge.gate == last else f"{circuit.names[edge.gate]} = {FORMULA.write(explained.rule(edge))}"
        last = edge.gate
        formula = FORMULA.write(explained.local(edge))
        table.rows.append([gate, operand, formula, edge.upstream, edge.local, edge.contribution])
    return table


def _edges_and_sums(explained: Explanation, parts: Mapping[int, int]) -> Iterator[tuple[Edge, bool]]:
    """Yield every edge, and behind the last of several edges to an operand their sum."""
    missing = dict(parts)
    for edge in explained.edges:
        yield edge, False
        missing[edge.operand] -= 1
        if parts[edge.operand] > 1 and not missing[edge.operand]:
            yield edge, True


def notes(explained: Explanation) -> list[str]:
    """Return further notes on the paths, in lines."""
    searched = sum(bool(account.shown) for account in explained.accounts)
    reached = sum(bool(account.number) for account in explained.accounts)
    lines = []
    if searched < reached:
        lines.append(
            f"paths of {searched:,} of {reached:,} inputs, those with the largest derivatives: --wrt NAME chooses "
            "others, --all shows all"
        )
    lines += [
        f"the products of the paths from {visible(account.name)} have no sum: a backward pass adds before it multiplies"
        for account in explained.accounts
        if account.undefined
    ]
    return lines


def explain_json(explained: Explanation) -> dict[str, Any]:
    """Return the document of `explain`."""
    circuit = explained.circuit
    return {
        "circuit": circuit.name,
        "output": explained.output,
        "value": for_json(circuit[explained.output].value),
        "gradient": {account.name: for_json(account.gradient) for account in explained.accounts},
        "paths": {account.name: _account_json(explained, account) for account in explained.accounts},
        "gates": [
            {
                "gate": circuit.rules[edge.gate].name,
                "wire": name_of(circuit, edge.out),
                "operand": name_of(circuit, edge.operand),
                "formula": FORMULA.write(explained.local(edge)),
                "upstream": for_json(edge.upstream),
                "local": for_json(edge.local),
                "contribution": for_json(edge.contribution),
            }
            for edge in explained.edges
        ],
    }


def _account_json(explained: Explanation, account: Account) -> dict[str, Any]:
    def count(number: int) -> int | str:
        return number if number < 10**MOST_COUNT_DIGITS else short_count(number)

    return {
        "count": count(account.number),
        "gradient": for_json(account.gradient),
        "size": for_json(account.size),
        "shown": [
            {
                "wires": [name_of(explained.circuit, slot) for slot in path.slots],
                "locals": [for_json(edge.local) for edge in path.edges],
                "product": for_json(path.product),
            }
            for path in account.shown
        ],
        "rest": {"count": count(account.left), "sum": for_json(account.rest)},
    }
