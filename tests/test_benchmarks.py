"""The benchmarks: contestants in turns, what becomes of those that fail, the page; no time is asserted."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import bars
import instructions
import pytest
import run as command
from circuits import columns, deep, described, neuron, pendulum, sampled, wide
from click.testing import CliRunner
from harness.rounds import Effort, Outcome, Result, Work, disagreement, run
from harness.workers import Contestant
from page import page, work_table
from peers import peers
from plot import picture, series
from works import NATIVE, OBJECTS, PYTHON, peers_chosen, works

from contestants import crashing, failing, greedy, late, late_later, not_a_number, nothing, right, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from circuits import Description
    from peers import Job

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
BRIEF = Effort(rounds=3, batch=0.0, limit=20.0)


def small_work(**makers: Callable[[object], Job]) -> Work:
    contestants = [Contestant(label, make, nothing) for label, make in makers.items()]
    return Work("small", "a small one", "Small", contestants, ["right"], Contestant("reference", right, nothing))


@pytest.mark.parametrize(
    "name",
    [
        "circuits", "works", "bars", "page", "plot", "instructions", "harness.rounds", "harness.workers", "peers",
        *(f"peers.{path.stem}" for path in sorted((BENCHMARKS / "peers").glob("[a-z]*.py"))),
    ],
)  # fmt: skip
def test_examples(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_those_that_fail_are_told() -> None:
    told: list[str] = []
    work = small_work(right=right, wrong=wrong, nan=not_a_number, failing=failing, crashing=crashing, greedy=greedy)
    missing = Contestant("missing", right, nothing, needs=("no_such_module",))
    work = Work(**{**vars(work), "contestants": [*work.contestants, missing]})
    result = run(work, BRIEF, tell=told.append)
    why = {label: outcome.failed for label, outcome in result.outcomes.items()}
    assert why == {
        "right": "",
        "wrong": "disagrees: 2.00000001 instead of 2.0 (number 2 of 2)",
        "nan": "disagrees: nan instead of 2.0 (number 2 of 2)",
        "failing": "ValueError: no such thing",
        "crashing": "crashed (SIGKILL)",
        "greedy": "needs over 8 GiB",
        "missing": "not installed (no_such_module)",
    }
    assert [label for label, outcome in result.outcomes.items() if outcome.seconds] == ["right"]
    assert len(told) == 6
    shown = work_table(work, result)
    assert all(f"- {label}: {reason}" in shown for label, reason in why.items() if reason)


def test_who_is_late_is_told_and_not_asked_for_more() -> None:
    work = small_work(right=right, late=late, later=late_later)
    result = run(work, BRIEF._replace(limit=3.0))
    assert result.outcomes["late"].failed == "over 3 s to prepare and answer once"
    assert result.outcomes["later"].failed == "over 3 s for 1 run"
    assert len(result.outcomes["right"].seconds) == BRIEF.rounds
    begun = time.monotonic()
    assert run(small_work(late=late), BRIEF, result).outcomes["late"].failed == "over 3 s for a smaller one"
    assert time.monotonic() - begun < BRIEF.limit


def test_without_a_reference_nobody_is_timed() -> None:
    work = Work(**{**vars(small_work(right=right)), "reference": Contestant("reference", failing, nothing)})
    assert run(work, BRIEF).outcomes["right"].failed == "the reference failed: ValueError: no such thing"


@pytest.mark.parametrize(
    ("found", "agrees"),
    [([1.0, 1e-3], True), ([1.0 + 5e-10, 1e-3], True), ([1.0 + 2e-9, 1e-3], False), ([1.0, 1e-3 + 1e-11], False),
     ([1.0], False), ([1.0, float("inf")], False)],
)  # fmt: skip
def test_agreement(found: list[float], agrees: bool) -> None:
    assert (disagreement(found, [1.0, 1e-3]) == "") == agrees


def test_cancelled_digits_are_not_asked_for() -> None:
    assert not disagreement([1.0, 1e-12 + 1e-16], [1.0, 1e-12])


@pytest.mark.parametrize("make", [deep, pendulum, wide])
@pytest.mark.parametrize("gates", [100, 1000, 3001])
def test_circuits_have_so_many_gates_and_use_them_all(make: Callable[[int], Description], gates: int) -> None:
    description = make(gates)
    assert len(description.gates) == gates
    used = {slot for _, operands in description.gates for slot in operands}
    assert used == set(range(len(description.inputs) + gates - 1))
    grads = description.circuit().backward()
    assert all(1e-6 < abs(grads[name]) < 1e6 for name in description.inputs)


def test_a_circuit_written_as_a_file_is_the_same() -> None:
    import circuitgrad

    description = described("wide:200")
    read, made = circuitgrad.loads(description.yaml()), description.circuit()
    assert [read.backward()[name] for name in description.inputs] == [
        made.backward()[name] for name in description.inputs
    ]


def test_sampled_rows_have_both_ends() -> None:
    assert sampled(100_000)[0] == 0
    assert sampled(100_000)[-1] == 99_999
    assert len(set(sampled(100_000))) == len(sampled(100_000)) > 190
    assert len(columns(neuron(), 7)[0]) == 7


@pytest.mark.parametrize("kind", ["point", "rows", "steps"])
@pytest.mark.parametrize("name", ["circuitgrad python", "C", "C, from Python", "C, vectorised"])
def test_peers_agree_with_the_gate_objects(name: str, kind: str) -> None:
    make, reference = getattr(peers()[name], kind), getattr(peers()[OBJECTS], kind)
    if make is None:
        pytest.skip("it does no such thing")
    count = {"point": (), "rows": (37,), "steps": (5,)}[kind]
    # Over rows, a pendulum's long steps are chaos.
    for spec in ("neuron", "wide:120", *(() if kind == "rows" else ("deep:120",))):
        try:
            job = make(described(spec), *count)
        except FileNotFoundError:
            pytest.skip("there is no C compiler")
        except subprocess.CalledProcessError:
            pytest.skip("the C compiler does not know these options")
        job.run(2)
        assert disagreement(job.answer(), reference(described(spec), *count).answer()) == ""


def test_every_bar_names_what_there_is() -> None:
    every = works()
    for bar in bars.BARS:
        labels = {one.label for one in every[bar.work].contestants}
        assert labels >= {label for label in (bar.over, bar.under) if label}


@pytest.mark.parametrize(
    ("over", "under", "held"), [([1.0, 3.0, 2.0], [1.0, 1.0, 1.0], True), ([3.0] * 3, [1.0] * 3, False)]
)
def test_a_bar_is_the_median_of_the_ratios(over: list[float], under: list[float], held: bool) -> None:
    bar = bars.Bar("a / b", "work", "a", "b", 2.0)
    reached = bar.reached({"work": Result("a", {"a": Outcome(seconds=over), "b": Outcome(seconds=under)})})
    assert not isinstance(reached, str)
    assert bar.is_held(reached) == held


def test_a_bar_without_times_says_why() -> None:
    bar = bars.Bar("a / b", "work", "a", "b", 2.0)
    result = Result("", {"a": Outcome(failed="crashed (SIGSEGV)"), "b": Outcome(seconds=[1.0])})
    assert bar.reached({"work": result}) == "a: crashed (SIGSEGV)"
    assert bar.reached({}) == "not run"


def test_a_process_that_was_ended_counts_as_so_long() -> None:
    bar = bars.Bar("a / b", bars.PROCESS, "a", "b", 0.05)
    result = Result("a", {"a": Outcome(seconds=[0.6]), "b": Outcome(failed="over 60 s", late=60.0)})
    assert bar.reached({bars.PROCESS: result}) == pytest.approx((0.01, 0.01, 0.01))


def test_the_page_has_ratios_and_the_command_writes_it(tmp_path: Path) -> None:
    target = tmp_path / "RESULTS.md"
    told = CliRunner().invoke(
        command.main,
        ["--quick", "--rounds", "3", "--only", "pass-neuron", "--peers", f"{OBJECTS},{PYTHON}", "-o", str(target),
         "--pyperf", str(tmp_path / "suite.json")],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    text = target.read_text(encoding="utf-8")
    assert "### The neuron, 5 gates" in text
    assert f"| **{PYTHON}** |" in text
    assert f"| {OBJECTS} |" in text
    found = json.loads(target.with_suffix(".json").read_text(encoding="utf-8"))["works"]["pass-neuron"]
    result = Result.from_json(found)
    ratio = result.ratio(OBJECTS)
    assert ratio is not None
    assert ratio.low <= ratio.middle <= ratio.high
    assert result.ratio(PYTHON) == (1.0, 1.0, 1.0)
    assert {NATIVE} & set(result.outcomes) == set()

    import pyperf

    suite = pyperf.BenchmarkSuite.load(str(tmp_path / "suite.json"))
    assert suite.get_benchmark_names() == [f"pass-neuron: {OBJECTS}", f"pass-neuron: {PYTHON}"]

    target.unlink()
    again = CliRunner().invoke(command.main, ["--redraw", "-o", str(target)])
    assert again.exit_code == 0, again.output
    assert f"| **{PYTHON}** |" in target.read_text(encoding="utf-8")


def test_wrong_usage_is_told() -> None:
    for arguments, words in (
        (["--only", "no-such-work"], "see --list"),
        (["--peers", "nobody"], "no peer's name begins with nobody"),
        (["--redraw"], "there is no .json"),
    ):
        told = CliRunner().invoke(command.main, arguments)
        assert told.exit_code == 2
        assert words in told.output


def test_peers_are_chosen_by_the_beginning_of_their_names() -> None:
    assert peers_chosen(["casadi"]) == ["CasADi", "CasADi, buffer"]
    assert peers_chosen([]) == list(peers())


def test_the_plot_shows_who_was_timed() -> None:
    pytest.importorskip("matplotlib")
    results = {
        f"pass-wide-{gates}": Result("a", {"a": Outcome(seconds=[gates * 1e-9]), "b": Outcome(failed="late")})
        for gates in (1000, 10_000)
    }
    assert list(series(results, "wide")) == ["a"]
    assert [gates for gates, _ in series(results, "wide")["a"]] == [1000, 10_000]
    assert [one for _, one in series(results, "wide")["a"]] == pytest.approx([1.0, 1.0])
    drawn = picture(results)
    assert drawn is not None
    assert drawn.lstrip().startswith(b"<?xml")
    assert picture({}) is None
    assert "![" not in page(works(), {}, {}, BRIEF, None)


def test_instructions_are_held_against_their_bounds() -> None:
    bound = instructions.CASES[0].bound
    for factor, held in ((1.0, True), (1.09, True), (1.11, False)):
        counts = {"nothing": 50, "plain": 10**6 + 50}
        counts |= {case.workload: 50 + round(10**6 * case.bound) for case in instructions.CASES}
        counts["passes"] = 50 + round(10**6 * bound * factor)
        text, found = instructions.report(counts)
        assert found == held
        assert ("too many" in text) == (not held)


@pytest.mark.parametrize("workload", list(instructions.WORKLOADS))
def test_workloads_of_the_counts_run(workload: str) -> None:
    subprocess.run([sys.executable, instructions.__file__, workload], check=True)
