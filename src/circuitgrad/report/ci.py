"""The results of `check` for continuous integration: JUnit's XML, and GitHub's workflow commands."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from circuitgrad.errors import CircuitError, visible
from circuitgrad.files import STANDARD_INPUT, STDIN_NAME
from circuitgrad.methods.check.verdicts import INACCURATE, KINK, OK, UNUSED
from circuitgrad.report.check import CheckLine, check_lines
from circuitgrad.report.check_notes import explain, place_of, placed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from circuitgrad.errors import Place
    from circuitgrad.methods.check.result import Check

LEVELS = {OK: "", UNUSED: "notice", KINK: "notice", INACCURATE: "warning"}
"""GitHub's level of a verdict that passes; what fails is an error."""


def junit(checks: Sequence[tuple[str, Check | CircuitError]], *, only_failed: bool = False) -> str:
    """Return the findings in JUnit's XML: a suite for every file, a case for every derivative.

    Args:
        checks: per file, its check, or why it cannot be read.
        only_failed: list nothing but failures; every file keeps its suite.
    """
    root = ET.Element("testsuites", name="circuitgrad check")
    for path, result in checks:
        file = visible(path)  # XML cannot hold control characters
        suite = ET.SubElement(root, "testsuite", name=file)
        if isinstance(result, CircuitError):
            case = ET.SubElement(suite, "testcase", classname=file, name="the circuit can be read", file=file)
            ET.SubElement(case, "error", message=visible(result.problems[0].message)).text = str(result)
        else:
            for line in check_lines(result, only_failed=only_failed):
                _case(suite, file, result, line)
            sound = sum(comparison.verdict == OK for comparison in result.gates.values())
            if sound and not only_failed:
                ET.SubElement(
                    suite, "testcase", classname=visible(result.circuit.name), name=f"{sound:,} gates in order"
                )
        for kind in ("failure", "error"):
            suite.set(f"{kind}s", str(len(suite.findall(f"testcase/{kind}"))))
        suite.set("tests", str(len(suite)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, file: str, check: Check, line: CheckLine) -> None:
    case = ET.SubElement(suite, "testcase", classname=visible(check.circuit.name), name=visible(line.name), file=file)
    place = place_of(check, line)
    if place is not None:
        case.set("line", str(place.line))
    explanation = explain(check, line)
    text = placed(place, explanation) if explanation else ""
    if line.comparison.failed:
        ET.SubElement(case, "failure", message=text, type=line.comparison.verdict).text = text
    elif text:
        word = f"{UNUSED}: " if line.comparison.verdict == UNUSED else ""
        ET.SubElement(case, "system-out").text = f"{word}{text}"


def github(checks: Sequence[tuple[str, Check | CircuitError]], *, only_failed: bool = False) -> str:
    """Return the findings as GitHub's workflow commands, which annotate the files' lines.

    Args:
        checks: per file, its check, or why it cannot be read.
        only_failed: list nothing but failures.
    """
    return "".join(
        f"{line}\n" for file, result in checks for line in _annotations(file, result, only_failed=only_failed)
    )


def _annotations(file: str, result: Check | CircuitError, *, only_failed: bool) -> Iterator[str]:
    if isinstance(result, CircuitError):
        for problem in result.problems:
            hint = f" ({problem.hint})" if problem.hint else ""
            yield _command("error", file, problem.place, "unreadable", f"{problem.message}{hint}")
        return
    for line in check_lines(result, only_failed=only_failed):
        level = "error" if line.comparison.failed else LEVELS[line.comparison.verdict]
        if level:
            yield _command(level, file, place_of(result, line), line.comparison.verdict, explain(result, line))


def _command(level: str, file: str, place: Place | None, title: str, message: str) -> str:
    """Return a workflow command (GitHub Docs, "Workflow commands for GitHub Actions")."""
    source = place.source if place is not None else file
    where = "file=" + _escaped(visible(source)).replace(":", "%3A").replace(",", "%2C") + ","
    if place is not None:
        where += f"line={place.line},col={place.column},"
    if source in (STANDARD_INPUT, STDIN_NAME):  # GitHub shows no annotation of a file that is not there
        where = ""
    return f"::{level} {where}title=circuitgrad check%3A {title}::{_escaped(visible(message))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
