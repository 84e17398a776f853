"""Make the pictures of the README and the pages from the program's own output: `python docs/pictures.py`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND = "circuitgrad backward circuits/neuron.yaml"
PICTURE = ROOT / "docs" / "backward.svg"
DRAWINGS = {
    ROOT / "docs" / "neuron.svg": "circuitgrad draw circuits/neuron.yaml --format svg",
    ROOT / "docs" / "book.svg": "circuitgrad draw circuits/options_book.yaml --format svg --collapse put95",
    ROOT / "docs" / "network.svg": "circuitgrad draw circuits/mlp.yaml --format svg --collapse families",
}
"""What is printed by which command."""
COLUMNS = 56


def run(command: str) -> str:
    """Return what a command prints on a colour terminal of `COLUMNS` columns."""
    _, *arguments = command.split()
    environment = {
        "COLUMNS": str(COLUMNS),
        "FORCE_COLOR": "1",
        "COLORTERM": "truecolor",
        "PYTHONUTF8": "1",
        "PYTHONPATH": str(ROOT / "src"),
    }
    result = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "circuitgrad", *arguments],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=environment,
        encoding="utf-8",
    )
    return result.stdout


def picture(command: str) -> str:
    """Return an SVG of a terminal in which the command was typed."""
    from rich.console import Console
    from rich.text import Text

    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
        shown = Text.from_ansi(run(command).rstrip("\n"))
        # Some renderers of SVG drop the spaces that a coloured text begins with: only what can be seen is coloured.
        for index, span in enumerate(shown.spans):
            text = shown.plain[span.start : span.end]
            if text.strip():
                shown.spans[index] = span._replace(start=span.end - len(text.lstrip()))
        console.print(shown)
        return console.export_svg(title="circuitgrad", unique_id="circuitgrad")


def words(svg: str) -> list[str]:
    """Return the words that an SVG shows: what must be current, whichever version of rich drew it."""
    import html

    shown = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return html.unescape(" ".join(shown)).replace("\xa0", " ").split()


if __name__ == "__main__":
    for file, text in {PICTURE: picture(COMMAND), **{file: run(one) for file, one in DRAWINGS.items()}}.items():
        file.write_text(text, encoding="utf-8")
        print(f"wrote {file.relative_to(ROOT)}")
