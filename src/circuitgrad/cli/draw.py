"""`circuitgrad draw`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circuitgrad.cli import options, printing, streams
from circuitgrad.cli.option_values import STANDARD_STREAM
from circuitgrad.errors import CircuitError, quote, visible
from circuitgrad.formulas.names import normalise

if TYPE_CHECKING:
    from circuitgrad.circuit.circuit import Circuit
    from circuitgrad.cli.reading import CircuitReader
    from circuitgrad.report.drawing.model import Drawing

TEXT = "txt"
DRAWING_FORMATS = (TEXT, "svg", "png", "html", "dot", "mmd")
FORMAT_OF_OPEN = "html"
"""The format of --open without -o."""
WIDTH_WITHOUT_TERMINAL = 100


@click.command("draw", short_help="Draw the circuit, with values and gradients on its wires.")
@options.file
@options.single_output_reader
@click.option(
    "-o",
    "--output-file",
    "where",
    metavar="FILE",
    help="Draw into a file, as .svg, .png, .html, .dot, .mmd or .txt; - is standard output. A file of that name is "
    "replaced.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(DRAWING_FORMATS),
    help="The format, where the file's name does not say it.  [default: txt]",
)
@click.option(
    "--collapse",
    metavar="NAME",
    multiple=True,
    help="Draw a definition, formula or family as one node; repeatable. all: every definition and formula; families: "
    "these, and every family; none; auto: as little as keeps the drawing legible.  [default: auto]",
)
@click.option(
    "--theme",
    type=click.Choice(("auto", "light", "dark")),
    default="auto",
    show_default=True,
    help="The colours of SVG, PNG and HTML: auto follows what its reader prefers; a PNG is light then.",
)
@click.option("--no-values", is_flag=True, help="Leave the values out.")
@click.option("--no-gradients", is_flag=True, help="Leave the gradients out.")
@click.option(
    "--precision", metavar="N", type=click.IntRange(1, 17), default=4, show_default=True, help="Significant digits."
)
@click.option("--open", "show", is_flag=True, help="Show the file in the program that the system has for it.")
@options.quiet
@options.debug
def command(
    file: str,
    reader: CircuitReader,
    where: str | None,
    form: str | None,
    collapse: tuple[str, ...],
    theme: str,
    no_values: bool,
    no_gradients: bool,
    precision: int,
    show: bool,
    quiet: bool,
) -> None:
    """Draw the circuit from left to right, with the value above every wire and the gradient below it.

    The thicker a wire, the larger its gradient; a dashed one has none. Fixed inputs are marked. Formulas and
    definitions stand in boxes; a circuit of more than 300 gates is folded until it is legible.

    An HTML file is a page to play with: move the inputs, play the passes step by step, climb along the gradient. It is
    one file and needs no network. Without -o the circuit is drawn in the terminal; --open without -o shows the page.
    SVG, PNG and HTML need the extra draw: pip install 'circuitgrad[draw]'.

    FILE is a circuit in YAML or JSON; - reads standard input.
    """
    chosen = _format(where, form, show=show)
    _refuse(where, chosen, show=show)
    circuit, outputs = reader.load(file, quiet=quiet)
    from circuitgrad.report.drawing.model import drawing

    drawn = drawing(
        circuit,
        outputs[0],
        collapse=[normalise(name) for name in collapse] or ["auto"],
        digits=precision,
        values=not no_values,
        gradients=not no_gradients,
    )
    printing.warn_nonfinite(circuit, gradients=not no_gradients, quiet=quiet)
    _tell(circuit, drawn, outputs, gradients=not no_gradients, quiet=quiet)
    if show and where is None:
        where = _temporary(circuit, chosen)
    if where is None or where == STANDARD_STREAM:
        _print(circuit, drawn, chosen, theme, precision, plain=where is not None, quiet=quiet)
        return
    from circuitgrad.files import write

    write(Path(where), render(circuit, drawn, chosen, theme, precision), replace=True)
    if not quiet:
        streams.tell(f"wrote {visible(where)}")
    if show and click.launch(where):
        raise CircuitError.of(f"nothing here shows {quote(where)}")


def _format(where: str | None, form: str | None, *, show: bool) -> str:
    """Return the format that is wanted.

    Raises:
        CircuitError: a file's name does not say it.
    """
    if form is not None:
        return form
    if where is None or where == STANDARD_STREAM:
        return FORMAT_OF_OPEN if show and where is None else TEXT
    suffix = Path(where).suffix.lower()[1:]
    if suffix not in DRAWING_FORMATS:
        hint = f"names end in {', '.join(f'.{ending}' for ending in DRAWING_FORMATS)}; --format says it for others"
        raise CircuitError.of(f"-o {quote(where)}: which format?", hint=hint)
    return suffix


def _refuse(where: str | None, form: str, *, show: bool) -> None:
    """Refuse what cannot be drawn, before anything is computed.

    Raises:
        CircuitError: a package is not installed, or the file cannot be written.
    """
    if form in ("svg", "png", "html"):
        from circuitgrad.report.drawing.layout import program

        program()
    if form == "png":
        from circuitgrad.report.drawing.png import require

        require()
        if where in (None, STANDARD_STREAM) and not show and sys.stdout.isatty():
            raise CircuitError.of("a PNG is nothing for a terminal", hint="name a file: -o FILE.png")
    if where == STANDARD_STREAM and show:
        raise CircuitError.of("--open needs a file, not standard output")
    if where is not None and where != STANDARD_STREAM:
        from circuitgrad.files import refuse_unwritable

        refuse_unwritable(Path(where))


def _tell(circuit: Circuit, drawn: Drawing, outputs: tuple[str, ...], *, gradients: bool, quiet: bool) -> None:
    """Note on standard error what the drawing does not show."""
    if quiet:
        return
    if gradients and len(outputs) > 1:
        note = f"the gradients are those of {quote(outputs[0])}; --output NAME draws another's"
        streams.tell(f"note: {note}")
    if drawn.note:
        note = f"{len(circuit.rules):,} gates: {drawn.note}; --collapse none draws each"
        streams.tell(f"note: {note}")


def _temporary(circuit: Circuit, form: str) -> str:
    """Return the name of a new file in a new folder, which stays there for the program that shows it."""
    import re
    import tempfile

    stem = re.sub(r"\W+", "_", circuit.name) or "circuit"
    return str(Path(tempfile.mkdtemp(prefix="circuitgrad-")) / f"{stem}.{form}")


def _print(circuit: Circuit, drawn: Drawing, form: str, theme: str, digits: int, *, plain: bool, quiet: bool) -> None:
    """Write the drawing to standard output: in the terminal with colours, below the circuit's name."""
    if form != TEXT or plain:
        streams.put_file(render(circuit, drawn, form, theme, digits))
        return
    from circuitgrad.report.drawing.text import ASCII, lines
    from circuitgrad.report.terminal import encodable, fold, painted, terminal_width

    ascii_only = not encodable("".join(map(chr, ASCII)))
    drawing_lines = lines(drawn, terminal_width() or WIDTH_WITHOUT_TERMINAL, ascii_only=ascii_only)
    heading = "" if quiet else f"{fold(printing.title(circuit))}\n"
    printing.emit(heading + painted(drawing_lines))


def render(circuit: Circuit, drawn: Drawing, form: str, theme: str, digits: int) -> str | bytes:
    """Return the drawing in a format, as it stands in a file.

    Args:
        circuit: the circuit.
        drawn: its drawing.
        form: the format.
        theme: the colours.
        digits: how many significant digits its numbers have.

    Raises:
        CircuitError: a package is not installed.
    """
    from circuitgrad.report.drawing.dot import dot
    from circuitgrad.report.drawing.mermaid import mermaid
    from circuitgrad.report.drawing.png import png
    from circuitgrad.report.drawing.svg import svg
    from circuitgrad.report.drawing.text import text

    if form == "svg":
        return svg(drawn, theme=theme)
    if form == "png":
        return png(drawn, theme=theme)
    if form == "html":
        from circuitgrad.report.page.page import page

        return page(circuit, drawn, theme, digits)
    if form == "dot":
        return dot(drawn)
    if form == "mmd":
        return mermaid(drawn)
    return text(drawn, WIDTH_WITHOUT_TERMINAL)
