"""The chain rule in numbers as a page of Markdown, with its mathematics in LaTeX."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.formulas.latex import LATEX, latex_name, latex_number
from circuitgrad.methods.explain import name_of
from circuitgrad.report.explain import gates_table, notes, short_count, summed
from circuitgrad.report.numbers import DEFAULT_DIGITS, rounded
from circuitgrad.report.stations import LONGEST, Stations, derivative, factors, without_middle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.methods.explain import Account, Explanation

TIMES = r" \times "


def markdown(explained: Explanation, digits: int | None = None, *, everything: bool = False) -> Iterator[str]:
    """Yield the page in pieces of text; its mathematics stands between `$$`, which GitHub renders.

    Args:
        explained: the chain rule.
        digits: significant digits of numbers.
        everything: whether paths are shown whole, with the wires of expanded expressions.
    """
    stations = Stations(explained, whole=everything)
    if not explained.accounts:
        yield f"{_code(explained.output)} depends on no input\n\n"
    for account in explained.accounts:
        if not account.number:
            yield f"{_code(account.name)}: no path to {_code(explained.output)}\n\n"
        elif account.shown:
            yield f"{_code(summed(explained, account))}:\n\n"
            yield f"$$\n{latex(explained, account, stations, digits)}\n$$\n\n"
    yield from (f"{line}\n\n" for line in notes(explained))
    if explained.edges:
        yield from gates_table(explained, everything=True).render("markdown", digits)


def _code(text: str) -> str:
    return f"`{visible(text)}`"


def latex(explained: Explanation, account: Account, stations: Stations, digits: int | None = None) -> str:
    r"""Return the derivative in an input as a sum over its paths: in symbols, as formulas and in numbers.

    There is no backslash before a punctuation mark in it, which Markdown would take away; lines end in `\cr`.

    Args:
        explained: the chain rule.
        account: the input, which has paths that are shown.
        stations: the wires that are named.
        digits: significant digits of numbers.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.explain import explain
    >>> explained = explain(from_expression("a*b", a=2, b=3), names=["a"])
    >>> print(latex(explained, *explained.accounts, Stations(explained)))
    \begin{aligned}
    \frac{\partial \mathit{out}}{\partial a}
    &= b \cr
    &= 3
    \end{aligned}
    """
    lines = list(_stages(explained, account, stations, digits))
    if account.left:
        lines = [[*terms, r"\cdots"] for terms in lines]
    products = [_number(path.product, digits) for path in account.shown]
    if account.left:
        more = rf"\text{{{short_count(account.left)} more}}"
        products.append(rf"\underbrace{{{_number(account.rest, digits)}}}_{{{more}}}")
    lines += [[" + ".join(_enclosed(products))], [_number(account.gradient, digits)]]
    # Where nothing is multiplied or added, formulas and numbers say the same.
    sums = dict.fromkeys(" \\cr\n&\\quad {}+ ".join(_enclosed(terms)) for terms in lines)
    body = " \\cr\n".join(f"&= {text}" for text in sums)
    name = rf"\frac{{\partial {latex_name(explained.output)}}}{{\partial {latex_name(account.name)}}}"
    return f"\\begin{{aligned}}\n{name}\n{body}\n\\end{{aligned}}"


def _stages(explained: Explanation, account: Account, stations: Stations, digits: int | None) -> Iterator[list[str]]:
    """Yield, per stage of the derivation, a product for every path that is shown."""
    ways = [stations.legs(path) for path in account.shown]
    numbers = [[_number(derivative(leg), digits) for leg in legs] or ["1"] for legs in ways]
    if max(map(len, numbers)) > LONGEST:
        short = (without_middle(one, r"\cdots") if len(one) > LONGEST else one for one in numbers)
        yield [TIMES.join(_enclosed(one)) for one in short]
        return
    if max(map(len, ways)) > 1:
        wires = [[latex_name(name_of(explained.circuit, slot)) for slot in stations.on(path)] for path in account.shown]
        yield [" ".join(rf"\frac{{\partial {out}}}{{\partial {wire}}}" for wire, out in pairwise(one)) for one in wires]
    if any(ways):
        yield [TIMES.join(factors(explained, legs, LATEX)) for legs in ways]
    yield [TIMES.join(_enclosed(one)) for one in numbers]


def _number(value: float, digits: int | None) -> str:
    return latex_number(rounded(value, digits or DEFAULT_DIGITS))


def _enclosed(numbers: Sequence[str]) -> list[str]:
    """Return terms or factors with negative ones, but for the first, in parentheses."""
    return [f"({one})" if i and one.startswith("-") else one for i, one in enumerate(numbers)]
