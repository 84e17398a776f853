"""Everything side by side: `python benchmarks/run.py -o benchmarks/RESULTS.md`. See `--help` and README.md."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from harness.rounds import Effort, Result, run
from page import machine, page
from peers import BUILD, peers
from plot import picture
from works import ROOT, peers_chosen, works

from circuitgrad.files import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.rounds import Work

QUICK = Effort(rounds=3, batch=0.02, limit=20.0)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", "only", metavar="WORK", multiple=True, help="Do this work; * stands for anything; repeatable.")
@click.option(
    "--peers", "chosen", metavar="NAME,...", default="", help="These contestants only, by a name's beginning."
)
@click.option("--quick", is_flag=True, help="Small works, few rounds: a minute or two.")
@click.option("--rounds", type=click.IntRange(1), default=Effort().rounds, show_default=True, help="How many rounds.")
@click.option(
    "--limit", type=click.FloatRange(0, min_open=True), default=Effort().limit, show_default=True,
    help="The seconds that a contestant may take to prepare, or for a round.",
)  # fmt: skip
@click.option("-o", "target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write the page.")
@click.option("--update", is_flag=True, help="Keep what the page's .json has of other works.")
@click.option("--redraw", is_flag=True, help="Run nothing: make the page and the plot from the .json anew.")
@click.option("--pyperf", "suite", metavar="FILE", type=click.Path(path_type=Path), help="Write the times for pyperf.")
@click.option("--list", "listing", is_flag=True, help="List the works.")
def main(
    only: tuple[str, ...], chosen: str, quick: bool, rounds: int, limit: float, target: Path | None, update: bool,
    redraw: bool, suite: Path | None, listing: bool,
) -> None:  # fmt: skip
    """Run circuitgrad beside its peers, and print a page of Markdown.

    With -o FILE.md, the plot is written to FILE.svg and the times to FILE.json, too.
    """
    effort = QUICK if quick else Effort(rounds=rounds, limit=limit)
    names = tuple(filter(None, (one.strip() for one in chosen.split(","))))
    if not peers_chosen(names):
        raise click.BadParameter(f"no peer's name begins with {chosen}", param_hint="--peers")
    every = works(names)
    wanted = [work for work in every.values() if (work.is_quick or not quick) and _is_named(work, only)]
    if listing:
        click.echo("\n".join(f"{work.name:24} {work.title}" for work in wanted))
        return
    if not wanted:
        raise click.BadParameter(f"no work is called {', '.join(only)}; see --list", param_hint="--only")
    data = target.with_suffix(".json") if target else None
    results: dict[str, Result] = {}
    known = machine()
    if (update or redraw) and data and data.exists():
        found = json.loads(data.read_text(encoding="utf-8"))
        results = {name: Result.from_json(one) for name, one in found["works"].items() if name in every}
        known, effort = (found["machine"], Effort(**found["effort"])) if redraw else (known, effort)
    if redraw:
        wanted = []
        if not target or not data or not results:
            raise click.BadParameter("there is no .json beside -o FILE", param_hint="--redraw")
        _write(target, data, every, results, known, effort)
    begun = time.perf_counter()
    # Ended by a signal, it still ends the processes that it has started.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    # Where Python may not write its bytecode, every process would compile the package anew.
    for sources in ("src", "benchmarks"):
        compileall.compile_dir(ROOT / sources, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[BUILD] = folder
        for name in peers_chosen(names):
            if build := peers()[name].build:
                with contextlib.suppress(OSError, subprocess.CalledProcessError):  # as the peer will say itself
                    build()
        for number, work in enumerate(wanted, 1):
            click.echo(f"{time.perf_counter() - begun:5.0f} s  {number} of {len(wanted)}: {work.name}", err=True)
            before = _smaller(work, every, results)
            results[work.name] = run(work, effort, before, lambda text: click.echo(f"         {text}", err=True))
            if target and data:
                _write(target, data, every, results, known, effort)
    if not target:
        click.echo(page(every, results, known, effort, None), nl=False)
    if suite:
        _write_suite(suite, results)


def _is_named(work: Work, only: tuple[str, ...]) -> bool:
    return not only or any(fnmatch(work.name, pattern) for pattern in only)


def _smaller(work: Work, every: Mapping[str, Work], results: Mapping[str, Result]) -> Result | None:
    """Return how the work before in its series went."""
    series = [name for name, one in every.items() if work.series and one.series == work.series]
    before = series[: series.index(work.name)] if series else []
    return results.get(before[-1]) if before else None


def _write(
    target: Path,
    data: Path,
    every: Mapping[str, Work],
    results: Mapping[str, Result],
    known: Mapping[str, str],
    effort: Effort,
) -> None:
    """Write the page, the plot and the times; after every work, for a long run may be ended before."""
    drawing = picture(results)
    if drawing:
        write(target.with_suffix(".svg"), drawing, replace=True)
    contents: dict[str, Any] = {
        "machine": known,
        "effort": effort._asdict(),
        "works": {name: one.to_json() for name, one in results.items()},
    }
    # The times of all rounds on one line.
    text = re.sub(
        r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", json.dumps(contents, indent=1)
    )
    write(data, text + "\n", replace=True)
    plot = target.with_suffix(".svg").name if drawing else None
    write(target, page(every, results, known, effort, plot), replace=True)


def _write_suite(file: Path, results: Mapping[str, Result]) -> None:
    """Write the times so that pyperf reads them: `python -m pyperf compare_to old.json new.json` compares two runs."""
    import pyperf

    benchmarks = [
        pyperf.Benchmark(
            [
                pyperf.Run([seconds], metadata={"name": f"{name}: {label}"}, collect_metadata=False)
                for seconds in outcome.seconds
            ]
        )
        for name, result in results.items()
        for label, outcome in result.outcomes.items()
        if outcome.seconds
    ]
    pyperf.BenchmarkSuite(benchmarks).dump(str(file), replace=True)


if __name__ == "__main__":
    sys.exit(main())
