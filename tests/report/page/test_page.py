"""The page in a real browser: what it shows against Python's numbers, and what it does when it is played with."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import replace
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

import circuitgrad
from browser import chromium, complaints, look, missing, requests, screenshot
from circuitgrad.circuit.optimization import Optimization
from circuitgrad.methods.optimize.optimize import optimize
from circuitgrad.report.drawing.model import drawing
from circuitgrad.report.page.page import page
from numeric_gradient import numeric_gradient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver import Chrome

    from circuitgrad import Circuit

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "circuits").glob("*.yaml"))
DIGITS = 1e-12
STEPS = 12

TAB, ENTER, CONTROL, RELEASE = "\ue004", "\ue007", "\ue009", "\ue000"
END, LEFT, RIGHT = "\ue010", "\ue012", "\ue014"
HOME = "\ue011"

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

each_circuit = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with chromium() as started:
        yield started


@cache
def folder() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix="circuitgrad-page-"))


def written(circuit: Circuit, collapse: str = "auto") -> Path:
    path = folder() / f"{len(list(folder().iterdir()))}.html"
    path.write_text(page(circuit, drawing(circuit, collapse=[collapse])), encoding="utf-8")
    return path


def opened(
    browser: Chrome,
    circuit: Circuit,
    fragment: str = "",
    size: tuple[int, int] = (1280, 800),
    collapse: str = "auto",
) -> Path:
    """Open the page of a circuit, with nothing left of the page before."""
    path = written(circuit, collapse)
    browser.get("about:blank")
    complaints(browser)
    requests(browser)
    look(browser, *size)
    browser.get(path.as_uri() + fragment)
    assert browser.execute_script("return document.documentElement.dataset.ready") == "true", complaints(browser)
    return path


def number(text: str) -> float:
    return float(text)


def wire_numbers(browser: Chrome) -> dict[str, tuple[float, float]]:
    """The value and the gradient of every wire in the table, in full."""
    script = """return [...document.querySelectorAll('#rows tr')].map((row) => [row.dataset.wire,
        ...[...row.querySelectorAll('td')].map((cell) => cell.dataset.value)])"""
    return {name: (number(value), number(grad)) for name, value, grad in browser.execute_script(script)}


def inputs(browser: Chrome) -> dict[str, float]:
    script = """return [...document.querySelectorAll('#leaves li')].map((item) =>
        [item.dataset.wire, item.querySelector('input[type=text]').dataset.value])"""
    return {name: number(value) for name, value in browser.execute_script(script)}


def near(first: float, second: float, digits: float = DIGITS, room: float = 0.0) -> bool:
    if math.isfinite(first) and math.isfinite(second):
        return abs(first - second) <= digits * max(abs(first), abs(second)) + room
    return repr(first) == repr(second)


def assert_agrees(browser: Chrome, circuit: Circuit, output: str, digits: float = DIGITS) -> None:
    """Assert that the page shows what Python computes, for every wire."""
    grads = circuit.backward(output)
    shown = wire_numbers(browser)
    assert list(shown) == list(circuit)
    # What is nearly 0 is the difference of what is not: it is measured by the largest number of the pass.
    for which, wanted in ((0, circuit.forward()), (1, grads)):
        room = DIGITS * max([abs(number) for number in wanted.values() if math.isfinite(number)], default=0)
        wrong = {
            name: (shown[name][which], number)
            for name, number in wanted.items()
            if not near(shown[name][which], number, digits, room)
        }
        assert not wrong


def element(browser: Chrome, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def press(browser: Chrome, name: str) -> None:
    element(browser, f"#{name}").click()


def send(browser: Chrome, selector: str, *keys: str) -> None:
    element(browser, selector).send_keys(*keys)


def fill(browser: Chrome, selector: str, text: str) -> None:
    """Type a text in the place of what stands in a field, and Enter."""
    send(browser, selector, CONTROL + "a" + RELEASE, text, ENTER)


def free(circuit: Circuit) -> list[str]:
    return [leaf.name for leaf in circuit.inputs.values() if not leaf.fixed]


def wait_for_run(browser: Chrome) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 30).until(lambda _: element(browser, "#climb-run").text == "Run")


@each_circuit
def test_the_page_shows_pythons_numbers(browser: Chrome, file: Path) -> None:
    circuit = circuitgrad.load(file)
    path = opened(browser, circuit)
    output = circuit.outputs[0]
    assert_agrees(browser, circuit, output)
    wanted = numeric_gradient(circuit, output, list(circuit.inputs))
    script = "return [...document.querySelectorAll('#leaves .numeric')].map((element) => element.dataset.value)"
    numeric = dict(zip(circuit.inputs, map(number, browser.execute_script(script)), strict=True))
    assert all(near(numeric[name], wanted[name], 1e-6, 1e-8 * abs(circuit[output].value) + 1e-9) for name in wanted)
    marks = browser.execute_script("return [...document.querySelectorAll('.mark')].map((element) => element.className)")
    assert set(marks) == {"mark ok"}
    assert complaints(browser) == []
    assert requests(browser) == [path.as_uri()]


@each_circuit
def test_a_slider_and_a_number_move_an_input(browser: Chrome, file: Path) -> None:
    circuit = circuitgrad.load(file)
    opened(browser, circuit)
    name = free(circuit)[0]
    item = f'#leaves li[data-wire="{name}"]'
    send(browser, f"{item} input[type=range]", RIGHT, RIGHT)
    moved = inputs(browser)[name]
    assert moved > circuit.inputs[name].value
    circuit.assign({name: moved})
    assert_agrees(browser, circuit, circuit.outputs[0])
    fill(browser, f"{item} input[type=text]", "0.625")
    assert inputs(browser)[name] == 0.625
    circuit.assign({name: 0.625})
    assert_agrees(browser, circuit, circuit.outputs[0])
    assert element(browser, "#result").text == f"{circuit[circuit.outputs[0]].value:.6g}"
    press(browser, "reset")
    assert_agrees(browser, circuitgrad.load(file), circuit.outputs[0])
    assert complaints(browser) == []


def test_a_run_of_very_many_steps_can_be_paused(browser: Chrome) -> None:
    opened(browser, circuitgrad.from_expression("sigmoid(a*x + b)", a=1, x=-1, b=0.5))
    fill(browser, "#steps", "1000000000")
    press(browser, "climb-run")
    assert element(browser, "#climb-run").text == "Pause"
    press(browser, "climb-run")
    assert element(browser, "#climb-run").text == "Run"
    assert element(browser, "#climb-note").text.startswith("Step ")


@each_circuit
def test_step_and_run_climb_as_optimize_does(browser: Chrome, file: Path) -> None:
    circuit = circuitgrad.load(file)
    opened(browser, circuit)
    goal = circuit.optimize.goal if circuit.optimize else "maximize"
    assert element(browser, "#goal").get_property("value") == goal
    size = float(element(browser, "#size").get_property("value"))
    settings = Optimization(goal=goal, output=circuit.outputs[0], method="gradient", steps=1, step_size=size)
    press(browser, "climb-step")
    once = optimize(circuit, settings)
    # Where a climb leads astray, optimize goes back to its best point; the page stays and shows it.
    assert once.kept is not None or all(near(value, once.after[name]) for name, value in inputs(browser).items())
    fill(browser, "#steps", str(STEPS))
    press(browser, "climb-run")
    wait_for_run(browser)
    then = optimize(circuit, replace(settings, steps=STEPS))
    ends = {name: near(value, then.after[name], 1e-9, 1e-12) for name, value in inputs(browser).items()}
    assert then.kept is not None or all(ends.values())
    # Some circuits have no largest value and climb, by steps of this size, out of the range of doubles.
    said = "Stopped" if then.stopped == "nonfinite" else f"Step {STEPS + 1}:"
    assert element(browser, "#climb-note").text.startswith(said)
    course = element(browser, "#curve .course").get_attribute("d")
    assert then.kept is not None or course.count("L") == 1 + then.steps
    press(browser, "climb-reset")
    assert element(browser, "#curve").text == ""
    assert inputs(browser) == {name: leaf.value for name, leaf in circuit.inputs.items()}
    assert complaints(browser) == []


PLAY = """
const at = (id) => document.getElementById(id);
at("to-backward").click();
const steps = [];
while (Number(at("head").value) < Number(at("head").max)) {
  at("step-on").click();
  steps.push([at("phase").textContent, [...document.querySelectorAll(".operand")].map(({ dataset }) =>
    [dataset.wire, dataset.upstream, dataset.local, dataset.contribution])]);
}
return steps;
"""


@each_circuit
def test_backward_is_played_gate_by_gate(browser: Chrome, file: Path) -> None:
    circuit = circuitgrad.load(file)
    output = circuit.outputs[0]
    opened(browser, circuit)
    grads = circuit.backward(output)
    steps = browser.execute_script(PLAY)
    gates = [circuit.names[index] for index in sorted(circuit.upstream([circuit.slot(output)]), reverse=True)]
    assert [phase.split(": ")[1].split(" = ")[0] for phase, _ in steps] == gates
    sums: dict[str, float] = defaultdict(float, {output: 1.0})
    for gate, (_, operands) in zip(gates, steps, strict=True):
        index = circuit.names.index(gate)
        slots = circuit.operands[index]
        partials = circuit.gates[index].partials_function(
            *[circuit.units[slot].value for slot in slots], circuit[gate].value
        )
        names = [*circuit.input_names, *[""] * len(circuit.constants), *circuit.names]
        wanted = [(names[slot], local) for slot, local in zip(slots, partials, strict=True) if names[slot]]
        assert [name for name, *_ in operands] == [name for name, _ in wanted]
        for (name, upstream, local, contribution), (_, partial) in zip(operands, wanted, strict=True):
            assert near(float(local), partial)
            assert near(float(upstream), grads[gate], DIGITS, DIGITS)
            sums[name] += float(contribution)
    assert all(near(sums[name], grad, DIGITS, 1e-12) for name, grad in grads.items())
    assert complaints(browser) == []


def test_a_gradient_that_comes_from_several_gates_grows_as_they_are_played(browser: Chrome) -> None:
    opened(browser, circuitgrad.loads("{inputs: {x: 3}, gates: {m: x*x, n: {mul: [m, 2]}, y: n + 5*x}}"))
    shown = "return document.querySelector('#rows tr[data-wire=x] .grad').textContent"
    press(browser, "to-backward")
    seen = []
    while "Backward" in element(browser, "#phase").text:
        seen.append(browser.execute_script(shown))
        press(browser, "step-on")
    # 5*x passes 5 on, and m, last of all, 2*3 to each of its operands.
    assert list(dict.fromkeys(seen)) == ["", "5", "17"]


def test_a_typed_number_leaves_the_slider_as_it_was(browser: Chrome) -> None:
    opened(browser, circuitgrad.from_expression("a*x", a=1, x=1))
    item = '#leaves li[data-wire="a"]'
    before = element(browser, f"{item} input[type=range]").get_attribute("max")
    fill(browser, f"{item} input[type=text]", "1e300")
    assert float(element(browser, f"{item} input[type=range]").get_attribute("max")) >= 1e300
    press(browser, "reset")
    assert element(browser, f"{item} input[type=range]").get_attribute("max") == before


def test_forward_shows_the_values_one_by_one(browser: Chrome) -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    opened(browser, circuit)
    seen = """return ['value', 'grad'].map((kind) =>
        [...document.querySelectorAll(`#canvas text.${kind}`)].filter((element) =>
            getComputedStyle(element).visibility === 'visible').map((element) => element.dataset.wire))"""
    press(browser, "to-forward")
    assert [sorted(names) for names in browser.execute_script(seen)] == [["a", "b", "c", "x", "y"], []]
    for count, gate in enumerate(circuit.names, 1):
        press(browser, "step-on")
        values, slopes = browser.execute_script(seen)
        assert sorted(values) == sorted([*circuit.inputs, *circuit.names[:count]])
        assert not slopes
        assert gate in element(browser, "#phase").text
        assert element(browser, "#canvas .node.current").get_attribute("data-wire") == gate
    press(browser, "step-back")
    shown = element(browser, "#rule .formula").get_property("textContent")
    assert shown == "valueaxpbypc=axpby+c=5+(−3)=2"
    press(browser, "play-reset")
    assert len(browser.execute_script(seen)[1]) == len(circuit)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [("exp(x)", "y=ex=e−2=0.135335"), ("x**5.0", "y=x5=(−2)5=−32"), ("abs(x)", "y=|x|=|−2|=2"),
     ("x*-3", "y=x·(−3)=(−2)·(−3)=6"), ("max(x, -3)", "y=x=−2where x≥−3"), ("x", "y=x=−2"),
     ("tanh(x)", "y=tanh\u2061(x)=tanh\u2061(−2)=−0.964028"), ("1/x", "y=1x=1−2=−0.5"), ("2 - x", "y=2−x=2−(−2)=4")],
)  # fmt: skip
def test_formulas_with_numbers_put_in(browser: Chrome, formula: str, shown: str) -> None:
    opened(browser, circuitgrad.loads(f"{{inputs: {{x: -2}}, gates: {{y: '{formula}'}}}}"), "#@step=1")
    line = element(browser, "#rule .formula").get_property("textContent")
    assert line.removeprefix("value") == shown


def test_a_step_in_a_link_is_brought_into_view(browser: Chrome) -> None:
    opened(browser, circuitgrad.load(ROOT / "circuits" / "filter.yaml"), "#@step=60")
    assert "magnified" in element(browser, "#canvas").get_attribute("class")
    inside = """const [node, canvas] = ['#canvas .node.current', '#canvas']
        .map((selector) => document.querySelector(selector)).map((element) => element.getBoundingClientRect());
        return node.left >= canvas.left && node.right <= canvas.right && node.top >= canvas.top
            && node.bottom <= canvas.bottom"""
    assert browser.execute_script(inside)


@pytest.mark.parametrize(("name", "fits"), [("neuron", True), ("iris", True), ("filter", False)])
def test_a_drawing_that_would_be_too_small_opens_at_its_beginning(browser: Chrome, name: str, fits: bool) -> None:
    opened(browser, circuitgrad.load(ROOT / "circuits" / f"{name}.yaml"))
    assert ("magnified" not in element(browser, "#canvas").get_attribute("class")) == fits
    beginning = """const [svg, canvas] = ['#canvas svg', '#canvas'].map((selector) => document.querySelector(selector));
        return [Math.abs(svg.viewBox.baseVal.x) < 1, canvas.clientWidth / svg.viewBox.baseVal.width > 0.7]"""
    if not fits:
        assert browser.execute_script(beginning) == [True, True]
    press(browser, "zoom-fit")
    assert "magnified" not in element(browser, "#canvas").get_attribute("class")


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_long_names_and_numbers_have_room(browser: Chrome, size: tuple[int, int]) -> None:
    name = "a_long_name_for_the_rate_of_interest_in_the_first_year"
    opened(browser, circuitgrad.loads(f"{{inputs: {{{name}: -1.23456e-5, x: 1}}, gates: {{y: {name}*x}}}}"), "", size)
    room = """return ['#leaves input[type=text]', '#wires .scroll'].map((selector) => document.querySelector(selector))
        .map((element) => element.scrollWidth <= element.clientWidth)"""
    assert element(browser, "#leaves input[type=text]").get_property("value") == "-1.23456e-05"
    assert browser.execute_script(room) == [True, True]


def test_play_goes_on_by_itself_until_it_is_paused(browser: Chrome) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    opened(browser, circuitgrad.load(ROOT / "circuits" / "neuron.yaml"))
    press(browser, "play-on")
    WebDriverWait(browser, 30).until(lambda _: element(browser, "#phase").text.startswith("Forward, gate 1"))
    assert element(browser, "#play-on").text == "Pause"
    press(browser, "play-on")
    assert element(browser, "#play-on").text == "Play"
    assert "ax is mul of a, x" in element(browser, "#spoken").get_property("textContent")


def test_what_is_hovered_lights_its_paths(browser: Chrome) -> None:
    from selenium.webdriver import ActionChains

    opened(browser, circuitgrad.load(ROOT / "circuits" / "neuron.yaml"))
    lit = """return [...document.querySelectorAll('#canvas .lit .wire.on')].map((element) =>
        `${element.dataset.wire} ${element.dataset.to ?? ''}`.trim()).sort()"""
    for selector in ('#canvas g.node[data-wire="by"]', '#rows tr[data-wire="by"]'):
        target = element(browser, selector)
        ActionChains(browser).scroll_to_element(target).move_to_element(target).perform()
        assert browser.execute_script(lit) == ["axpby axpbypc", "axpbypc s", "b by", "by axpby", "s", "y by"]
        assert "by = mul(b, y): 6" in element(browser, "#about-wire").text
    target = element(browser, "#filter")
    ActionChains(browser).move_to_element(target).perform()
    assert browser.execute_script(lit) == []
    path = element(browser, '#canvas g.wire[data-wire="ax"] path.broad')
    browser.execute_script("arguments[0].parentNode.dispatchEvent(new PointerEvent('pointerenter'))", path)
    assert browser.execute_script(lit) == ["a ax", "ax axpby", "axpby axpbypc", "axpbypc s", "s", "x ax"]


def test_paths_that_miss_the_output_stay_dark(browser: Chrome) -> None:
    from selenium.webdriver import ActionChains

    opened(browser, circuitgrad.loads("{inputs: {x: 1, y: 2}, gates: {p: x*y, s: sin(p), t: cos(p)}, output: [s, t]}"))
    row = element(browser, '#rows tr[data-wire="p"]')
    ActionChains(browser).scroll_to_element(row).move_to_element(row).perform()
    lit = "return [...document.querySelectorAll('#canvas .lit .node.on')].map((element) => element.dataset.wire).sort()"
    assert browser.execute_script(lit) == ["p", "s", "x", "y"]


@pytest.mark.parametrize("collapse", ["families", "all"])
def test_a_folded_drawing_is_played_with_like_any(browser: Chrome, collapse: str) -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "mlp.yaml")
    opened(browser, circuit, collapse=collapse)
    browser.execute_script(
        """for (const kind of ['pointerenter', 'pointerleave', 'click', 'focus', 'blur'])
            for (const element of document.querySelectorAll('#canvas g.wire, #canvas g.node, #rows tr'))
                element.dispatchEvent(new Event(kind, { bubbles: kind === 'click' }))"""
    )
    assert len(browser.execute_script(PLAY)) == 115
    send(browser, '#leaves li[data-wire="w[0,0]"] input[type=range]', RIGHT)
    circuit.assign({"w[0,0]": inputs(browser)["w[0,0]"]})
    assert_agrees(browser, circuit, "loss")
    assert complaints(browser) == []


def test_the_keyboard_reaches_everything(browser: Chrome) -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    opened(browser, circuit)
    focused = """const active = document.activeElement;
        return active.id || active.dataset.wire || active.getAttribute('aria-label')"""
    stops = []
    for _ in range(60):
        browser.switch_to.active_element.send_keys(TAB)
        stops.append(browser.execute_script(focused))
        if stops.count(stops[0]) > 1 or stops[-1] is None:
            break
    buttons = browser.execute_script(
        "return [...document.querySelectorAll('button, select, input')]"
        ".filter(({ type, id }) => type !== 'range' || id).map(({ id }) => id)"
    )
    assert set(buttons) <= set(stops)
    assert sum(stop in circuit for stop in stops) == 1  # the drawing is a single stop
    browser.execute_script("document.querySelector('#canvas g.node').focus()")
    for key, wire in ((RIGHT, "ax"), (RIGHT, "axpby"), (LEFT, "ax"), (HOME, "a"), (END, "s")):
        browser.switch_to.active_element.send_keys(key)
        assert browser.execute_script(focused) == wire
    browser.switch_to.active_element.send_keys(ENTER)
    assert "sigmoid" in element(browser, "#spoken").get_property("textContent")
    box = "return document.querySelector('#canvas svg').getAttribute('viewBox')"
    full_view = browser.execute_script(box)
    browser.switch_to.active_element.send_keys("+")
    assert browser.execute_script(box) != full_view
    browser.switch_to.active_element.send_keys("0")
    assert browser.execute_script(box) == full_view


def test_all_that_can_be_focused_has_a_name_and_a_role(browser: Chrome) -> None:
    opened(browser, circuitgrad.load(ROOT / "circuits" / "svm.yaml"))
    browser.execute_cdp_cmd("Accessibility.enable", {})
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    browser.execute_cdp_cmd("Accessibility.disable", {})
    named = 0
    for node in nodes:
        states = {entry["name"]: entry["value"].get("value") for entry in node.get("properties", [])}
        if states.get("focusable") and node["role"]["value"] not in ("RootWebArea", "option", "MenuListPopup"):
            assert node["name"]["value"].strip(), node
            named += 1
    assert named > 30


def test_the_drawing_is_dragged_and_magnified(browser: Chrome) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    opened(browser, circuitgrad.load(ROOT / "circuits" / "neuron.yaml"))
    box = "return document.querySelector('#canvas svg').getAttribute('viewBox').split(' ').map(Number)"
    full_view = browser.execute_script(box)
    picture = element(browser, "#canvas")
    ActionChains(browser).scroll_from_origin(ScrollOrigin.from_element(picture), 0, -400).perform()
    nearer = browser.execute_script(box)
    assert nearer[2] < 0.7 * full_view[2]
    ActionChains(browser).drag_and_drop_by_offset(picture, 60, 0).perform()
    assert browser.execute_script(box)[0] < nearer[0]
    node = element(browser, '#canvas g.node[data-wire="axpby"]')
    ActionChains(browser).drag_and_drop_by_offset(node, 20, 0).perform()
    assert element(browser, "#rule").text == ""  # a drag is no click
    node.click()
    assert element(browser, "#rule .formula").get_property("textContent") == "valueaxpby=ax+by=(−1)+6=5"
    press(browser, "zoom-fit")
    assert browser.execute_script(box) == full_view


def test_a_link_carries_the_inputs_and_the_step(browser: Chrome) -> None:
    file = ROOT / "circuits" / "mlp.yaml"
    circuit = circuitgrad.load(file)
    opened(browser, circuit, "#w[3,1]=0.25&b%5B2%5D=-1e-3&@step=3")
    circuit.assign({"w[3,1]": 0.25, "b[2]": -1e-3})
    assert_agrees(browser, circuit, "loss")
    assert "gate 3 of" in element(browser, "#phase").text
    assert element(browser, "#note").text == ""
    fill(browser, '#leaves li[data-wire="w[0,0]"] input[type=text]', "0.125")
    press(browser, "copy")
    address = browser.current_url
    browser.get("about:blank")
    browser.get(address)
    circuit.assign({"w[0,0]": 0.125})
    assert_agrees(browser, circuit, "loss")


def test_what_a_link_should_not_say_is_left_out_with_a_note(browser: Chrome) -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    opened(browser, circuit, "#a=2&q=1&b=much&s=3&%E0%A4=1&c&@output=zz&@step=-1&x=<img src=x onerror=alert(1)>")
    circuit.assign({"a": 2.0})
    assert_agrees(browser, circuit, "s")
    note = element(browser, "#note").text
    assert "left out" in note
    assert "q=1" in note
    browser.execute_script("location.hash = 'a=0&@output=ax'")
    circuit.assign({"a": 0.0})
    assert_agrees(browser, circuit, "ax")
    assert element(browser, "#output").find_element("css selector", "option:checked").text == "ax"
    assert complaints(browser) == []


EVIL = "</script><script>window.harmed = 1</script><img src=x onerror='window.harmed = 2'>\"'&amp;${1}`"


def test_markup_in_names_stays_inert(browser: Chrome) -> None:
    circuit = circuitgrad.loads(
        f"""
        name: {json.dumps(EVIL)}
        about: {json.dumps(EVIL + "<!-- -->")}
        inputs:
          __proto__: {{value: 2, about: {json.dumps(EVIL)}}}
          constructor: {{value: 3, fixed: true, about: "<b>bold</b>"}}
          "été[0]": 0.5
          'ünïcode': 1
          toString: 1
        define:
          own(eval, var, out_, __proto__):
            value: eval*var + out_*__proto__
            partials: {{eval: var, var: eval, out_: __proto__, __proto__: out_}}
        gates:
          document: own(__proto__, constructor, été[0], ünïcode)
          window: sin(document)*toString
        """
    )
    path = opened(browser, circuit)
    assert_agrees(browser, circuit, "window")
    assert element(browser, "h1").text == EVIL
    assert browser.title == EVIL
    assert browser.execute_script("return window.harmed ?? null") is None
    assert browser.execute_script("return document.querySelectorAll('img, b.bold, iframe').length") == 0
    assert len(browser.execute_script(PLAY)) == 3
    press(browser, "climb-step")
    assert requests(browser) == [path.as_uri()]
    assert complaints(browser) == []


def test_the_policy_lets_no_other_script_run(browser: Chrome) -> None:
    opened(browser, circuitgrad.load(ROOT / "circuits" / "neuron.yaml"))
    browser.execute_script("""
        const script = document.createElement('script');
        script.textContent = 'window.harmed = 1';
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.harmed = 2">');
    """)
    assert browser.execute_script("return window.harmed ?? null") is None
    assert any("Content Security Policy" in line for line in complaints(browser))


def test_it_works_on_a_static_host_and_asks_for_nothing_else(browser: Chrome) -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    path = written(circuit)
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder()))

        def log_message(self, *_: Any) -> None:
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        browser.get("about:blank")
        complaints(browser)
        requests(browser)
        browser.get(f"http://127.0.0.1:{server.server_port}/{path.name}")
        assert_agrees(browser, circuit, "s")
        press(browser, "climb-step")
        assert asked == [f"/{path.name}"]
        assert len(requests(browser)) == 1
        assert complaints(browser) == []
        browser.get("about:blank")
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "text",
    [
        "{inputs: {x: -1}, gates: {y: log(x), z: y + 1}}",
        "{inputs: {x: 0, w: 1}, gates: {y: 1/x, z: y*0*w}}",
        "{inputs: {x: 0}, gates: {y: sqrt(x*x)}}",
        "{inputs: {x: 0}, gates: {y: sqrt(x), z: 'where(0, y, x)'}}",
        "{inputs: {x: 2, y: 2, z: 0}, gates: {m: 'max(x, y)', k: abs(z), h: 'hypot(z, z)', s: m + k + h + relu(z)}}",
        "{inputs: {x: 1000, y: .inf}, gates: {s: exp(x) - y}}",
        "{inputs: {x: 1e-300, y: -0.0}, gates: {s: x*x + y, t: x/3}, output: [s, t]}",
    ],
)
def test_special_points_have_pythons_meaning(browser: Chrome, text: str) -> None:
    circuit = circuitgrad.loads(text)
    opened(browser, circuit)
    for output in circuit.outputs:
        browser.execute_script(
            """const list = document.getElementById('output');
            list.value = [...list.options].find((element) => element.text === arguments[0]).value;
            list.dispatchEvent(new Event('change'))""",
            output,
        )
        assert_agrees(browser, circuit, output)
    browser.execute_script(PLAY)
    assert complaints(browser) == []


def test_a_gradient_of_0_that_meets_an_infinite_slope_is_named_until_the_input_moves(browser: Chrome) -> None:
    opened(browser, circuitgrad.loads("{inputs: {x: 0}, gates: {z: sqrt(x)**2}}"))
    script = "const line = document.getElementById('warnings'); return [line.textContent, line.offsetHeight > 0]"
    text, is_shown = browser.execute_script(script)
    assert text.startswith("Warning: the gradient 0 of 'z.1' meets the infinite slope of sqrt(0.0) in x, and adds ")
    assert is_shown
    field = '#leaves li[data-wire="x"] input[type=text]'
    fill(browser, field, "1")
    assert browser.execute_script(script) == ["", False]
    fill(browser, field, "-1")
    assert browser.execute_script(script)[0].endswith("Warning: 'z.1' is nan: sqrt(-1.0)")
    assert complaints(browser) == []


def test_the_numeric_check_finds_kinks_and_wrong_rules(browser: Chrome) -> None:
    circuit = circuitgrad.loads(
        """  # noqa: D301 - click keeps the lines behind a real backspace as they are
        inputs: {x: 0, y: 2, z: 3, w: 1}
        define:
          cube(x): {value: x*x*x, partials: {x: 3*x}}
        gates: {s: relu(x) + cube(y) + log(z - 3) + w}
        """
    )
    opened(browser, circuit)
    marks = "return [...document.querySelectorAll('.mark')].map((element) => element.getAttribute('aria-label'))"
    assert browser.execute_script(marks) == ["", "", "", ""]  # the output is -inf
    fill(browser, '#leaves li[data-wire="z"] input[type=text]', "4")
    kink = "a kink or a sharp bend lies within the step of the difference"
    assert browser.execute_script(marks) == [kink, "differs", "agrees", "agrees"]


def test_a_climb_stops_before_it_is_lost(browser: Chrome) -> None:
    circuit = circuitgrad.loads("{inputs: {x: 1}, gates: {y: exp(exp(x))}, optimize: {maximize: y, step_size: 1}}")
    opened(browser, circuit)
    press(browser, "climb-run")
    wait_for_run(browser)
    assert "Stopped" in element(browser, "#climb-note").text
    assert optimize(circuit).stopped == "nonfinite"
    assert near(inputs(browser)["x"], circuit["x"].value)


def test_a_wrong_number_is_marked_and_changes_nothing(browser: Chrome) -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    opened(browser, circuit)
    field = '#leaves li[data-wire="a"] input[type=text]'
    fill(browser, field, "two")
    assert element(browser, field).get_attribute("aria-invalid") == "true"
    assert_agrees(browser, circuit, "s")
    fill(browser, field, "-inf")
    circuit.assign({"a": -math.inf})
    assert_agrees(browser, circuit, "s")
    fill(browser, "#size", "0")
    press(browser, "climb-step")
    assert "positive" in element(browser, "#climb-note").text


@pytest.mark.parametrize("name", ["neuron", "black_scholes", "mlp", "filter", "options_book"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_sticks_out_of_the_page(browser: Chrome, name: str, width: int) -> None:
    opened(browser, circuitgrad.load(ROOT / "circuits" / f"{name}.yaml"), "#@step=5", (width, 800))
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    outside = browser.execute_script(
        """return [...document.querySelectorAll('button, input, select, .card')].filter((element) => {
            const { left, right, width } = element.getBoundingClientRect();
            return width > 0 && (left < 0 || right > innerWidth);
        }).map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert outside == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(browser: Chrome, scheme: str) -> None:
    opened(browser, circuitgrad.load(ROOT / "circuits" / "svm.yaml"))
    look(browser, 1280, 800, scheme=scheme)
    pairs = browser.execute_script("""
        const behind = (element) => {
          for (let place = element; place; place = place.parentElement) {
            const colour = getComputedStyle(place).backgroundColor;
            if (!colour.endsWith(', 0)')) return colour;
          }
          return 'rgb(255, 255, 255)';
        };
        return [...document.querySelectorAll('body *')].filter((element) => element.getClientRects().length
          && [...element.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()))
          .filter((element) => !element.closest('svg'))
          .map((element) => [getComputedStyle(element).color, behind(element)]);
    """)
    assert len(pairs) > 50
    for pair in pairs:
        dark, light = sorted(luminance(colour) for colour in pair)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, pair


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_paper_has_no_buttons_and_light_colours(browser: Chrome) -> None:
    opened(browser, circuitgrad.load(ROOT / "circuits" / "neuron.yaml"))
    look(browser, 800, 1100, scheme="light", media="print")
    shown = """return [...document.querySelectorAll('button, input[type=range]')].filter((element) =>
        element.getClientRects().length)"""
    assert browser.execute_script(shown) == []
    assert len(screenshot(browser)) > 1000
    look(browser, 1280, 800)


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_drawing_has_the_colours_of_the_page(browser: Chrome, theme: str, scheme: str) -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    path = folder() / f"{theme}.html"
    path.write_text(page(circuit, drawing(circuit), theme), encoding="utf-8")
    browser.get(path.as_uri())
    for media, dark in (("", (scheme if theme == "auto" else theme) == "dark"), ("print", False)):
        look(browser, 1280, 800, scheme=scheme, media=media)
        colours = browser.execute_script(
            """return [getComputedStyle(document.body).color,
                getComputedStyle(document.querySelector('#canvas text')).fill,
                getComputedStyle(document.querySelector('#canvas text.value')).fill,
                getComputedStyle(document.getElementById('result')).color]"""
        )
        assert [luminance(colour) > 0.4 for colour in colours] == [dark] * 4, (media, colours)
    look(browser, 1280, 800)


def test_many_inputs_are_kept_up_to_date_where_they_are_seen(browser: Chrome) -> None:
    circuit = circuitgrad.loads("{inputs: {'x[0:300]': 0.5}, gates: {y: 'sum(x[i]**2 for i in range(300))'}}")
    opened(browser, circuit)
    assert len(wire_numbers(browser)) == 500
    element(browser, "#more button").click()
    fill(browser, '#leaves li[data-wire="x[0]"] input[type=text]', "3")
    circuit.assign({"x[0]": 3.0})
    assert_agrees(browser, circuit, "y")
    last = element(browser, '#leaves li[data-wire="x[299]"]')
    browser.execute_script("arguments[0].scrollIntoView()", last)
    fill(browser, '#leaves li[data-wire="x[299]"] input[type=text]', "-2")
    circuit.assign({"x[299]": -2.0})
    assert_agrees(browser, circuit, "y")
    grads = last.find_element("css selector", ".slopes").text
    assert "gradient -4" in grads
    assert "✓" in grads


def test_the_neurons_page_is_small_and_complete() -> None:
    circuit = circuitgrad.load(ROOT / "circuits" / "neuron.yaml")
    text = page(circuit, drawing(circuit))
    assert len(text.encode()) < 300_000
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert "eval(" not in text
    assert "unsafe" not in text
