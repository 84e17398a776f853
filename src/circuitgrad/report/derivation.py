"""The chain rule in numbers as a page of Markdown, with its mathematics in LaTeX."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from circuitgrad.errors import visible
from circuitgrad.formulas.latex import LATEX, latex_name, latex_number
from circuitgrad.methods.explain import name_of
from circuitgrad.report.explain import gates_table, notes, short_count, summed
from circuitgrad.report.number_text import DEFAULT_DIGITS, rounded
from circuitgrad.report.rendering import render
from circuitgrad.report.short_paths import LONGEST_PATH, ShortPaths, derivative, factors, without_middle

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
    paths = ShortPaths(explained, everything=everything)
    if not explained.accounts:
        yield f"{_code(explained.output)} depends on no input\n\n"
    for account in explained.accounts:
        if not account.number:
            yield f"{_code(account.name)}: no path to {_code(explained.output)}\n\n"
        elif account.shown:
            yield f"{_code(summed(explained, account))}:\n\n"
            yield f"$$\n{latex(explained, account, paths, digits)}\n$$\n\n"
    yield from (f"{line}\n\n" for line in notes(explained))
    if explained.edges:
        yield from render(gates_table(explained, everything=True), "markdown", digits)


def _code(text: str) -> str:
    return f"`{visible(text)}`"


def latex(explained: Explanation, account: Account, paths: ShortPaths, digits: int | None = None) -> str:
    r"""Return the derivative in an input as a sum over its paths: in symbols, as formulas and in numbers.

    It is read by pandoc, KaTeX, MathJax and GitHub alike. But for the `\\` at the end of a line, no backslash stands
    before a punctuation mark, for Markdown might take it away.

    Args:
        explained: the chain rule.
        account: the input, which has paths that are shown.
        paths: the paths, by the wires that are shown.
        digits: significant digits of numbers.

    >>> from circuitgrad import from_expression
    >>> from circuitgrad.methods.explain import explain
    >>> explained = explain(from_expression("a*b", a=2, b=3), names=["a"])
    >>> print(latex(explained, *explained.accounts, ShortPaths(explained)))
    \begin{aligned}
    \frac{\partial \mathit{out}}{\partial a}
    &= b \\
    &= 3
    \end{aligned}
    """
    lines = list(_stages(explained, account, paths, digits))
    if account.left:
        lines = [[*terms, r"\cdots"] for terms in lines]
    products = [_number(path.product, digits) for path in account.shown]
    if account.left:
        more = rf"\text{{{short_count(account.left)} more}}"
        products.append(rf"\underbrace{{{_number(account.rest, digits)}}}_{{{more}}}")
    lines += [[" + ".join(_enclosed(products))], [_number(account.gradient, digits)]]
    # Where nothing is multiplied or added, formulas and numbers say the same.
    sums = dict.fromkeys(" \\\\\n&\\quad {}+ ".join(_enclosed(terms)) for terms in lines)
    body = " \\\\\n".join(f"&= {text}" for text in sums)
    name = _partial(latex_name(explained.output), latex_name(account.name))
    return f"\\begin{{aligned}}\n{name}\n{body}\n\\end{{aligned}}"


def _stages(explained: Explanation, account: Account, paths: ShortPaths, digits: int | None) -> Iterator[list[str]]:
    """Yield, per stage of the derivation, a product for every path that is shown."""
    short = [paths.stretches(path) for path in account.shown]
    products = [[_number(derivative(stretch), digits) for stretch in stretches] or ["1"] for stretches in short]
    if max(map(len, products)) > LONGEST_PATH:
        cut = (without_middle(numbers, r"\cdots") if len(numbers) > LONGEST_PATH else numbers for numbers in products)
        yield [TIMES.join(_enclosed(numbers)) for numbers in cut]
        return
    if max(map(len, short)) > 1:
        names = [[latex_name(name_of(explained.circuit, slot)) for slot in paths.slots(path)] for path in account.shown]
        yield [" ".join(_partial(out, wire) for wire, out in pairwise(wires)) for wires in names]
    if any(short):
        yield [TIMES.join(factors(explained, stretches, LATEX)) for stretches in short]
    yield [TIMES.join(_enclosed(numbers)) for numbers in products]


def _partial(out: str, wire: str) -> str:
    """Return the derivative of a wire in another, given by their names in LaTeX."""
    return rf"\frac{{\partial {out}}}{{\partial {wire}}}"


def _number(value: float, digits: int | None) -> str:
    return latex_number(rounded(value, digits or DEFAULT_DIGITS))


def _enclosed(numbers: Sequence[str]) -> list[str]:
    """Return terms or factors, the negative ones after the first in parentheses."""
    return [f"({number})" if i and number.startswith("-") else number for i, number in enumerate(numbers)]
