// The passes step by step. A position counts the steps that are done: first a gate forward at a time, then the
// gradient of the output in itself, then a gate backward at a time. At the last position everything is known.

const MILLISECONDS_PER_STEP = 1100;

const at = (id) => document.getElementById(id);

// An element of HTML with attributes and contents; texts become text.
function make(tag, attributes = {}, ...contents) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...contents);
  return element;
}

// The same of MathML.
function math(tag, ...contents) {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  element.append(...contents);
  return element;
}

const symbol = (text) => math("mi", text);
const sign = (text) => math("mo", text);

// A number, with a minus sign and a power of ten as they are printed.
function figure(value) {
  const [digits, power] = shown(value).replace("nan", "NaN").replace("inf", "\u221e").split("e");
  const size = math("mn", digits.replace("-", ""));
  const parts = digits.startsWith("-") ? [sign("\u2212"), size] : [size];
  if (power)
    parts.push(
      sign("\u00b7"),
      math("msup", math("mn", "10"), math("mn", String(Number(power)).replace("-", "\u2212"))),
    );
  return parts.length > 1 ? math("mrow", ...parts) : size;
}

const enclosed = (value) =>
  value < 0 || Object.is(value, -0) ? math("mrow", sign("("), figure(value), sign(")")) : figure(value);

// Whether a number at a place needs no parentheses: between brackets, bars, commas and comparisons, and not raised to a
// power.
function standsAlone(place) {
  const ends = (sibling) =>
    !sibling || (sibling.localName === "mo" && "(),|⌊⌋<>≤≥=≠".includes(sibling.textContent));
  const { parentElement: group } = place;
  const isBase = group.parentElement?.localName === "msup" && group === group.parentElement.firstElementChild;
  return ends(place.previousElementSibling) && ends(place.nextElementSibling) && !isBase;
}

// The derivative of a wire in another.
const derivative = (output, wire) =>
  math("mfrac", math("mrow", sign("\u2202"), symbol(output)), math("mrow", sign("\u2202"), symbol(wire)));

const formula = (...parts) => math("math", ...parts);

function formulasOf(circuit, tape) {
  // A formula of a gate, in the case that it takes: with the wires' names, or with their numbers. The position is 0 for
  // the value, then that of the operand whose partial derivative it is, counted from 1.
  function written(index, values, position, filled) {
    const { rule, operands, cases } = tape.gates[index];
    const slots = { out: tape.first + index, ...operands };
    const taken = cases(...operands.map((slot) => values[slot]), values[slots.out])[position];
    const copy = document
      .getElementById("formulas")
      .content.getElementById(`f${rule}-${position}-${taken}`)
      .cloneNode(true);
    for (const place of copy.querySelectorAll("[data-place]")) {
      const slot = slots[place.dataset.place];
      const number = standsAlone(place) ? figure(values[slot]) : enclosed(values[slot]);
      place.replaceWith(filled || circuit.isConstant(slot) ? number : symbol(circuit.nameOf(slot)));
    }
    const [main, condition] = copy.children;
    return { main: math("mrow", ...main.childNodes), condition };
  }

  const same = (first, second) => first.textContent === second.textContent;

  // The chain of equal signs from a formula to its number.
  function chain(index, values, position, number) {
    const named = written(index, values, position, false);
    const filled = written(index, values, position, true);
    const parts = [named.main];
    for (const next of [filled.main, figure(number)]) if (!same(parts.at(-1), next)) parts.push(sign("="), next);
    return { parts, condition: named.condition };
  }

  // A line of a gate's rule: its title, the formula, and the condition under which that holds.
  function line(title, parts, condition) {
    const written = make("p", { class: "formula" }, make("span", { class: "what" }, title));
    // Every equal sign begins a piece of its own, so that a long chain is wrapped there.
    const pieces = [[]];
    parts.forEach((part) =>
      part.textContent === "=" && pieces.at(-1).length > 1 ? pieces.push([part]) : pieces.at(-1).push(part),
    );
    written.append(make("span", { class: "chain" }, ...pieces.flatMap((piece) => [formula(...piece), make("wbr")])));
    if (condition) written.append(make("span", { class: "condition" }, "where ", condition));
    return written;
  }

  const coloured = (kind, part) => {
    part.setAttribute("class", kind);
    return part;
  };

  // The line of a gate's value.
  function forward(index, values) {
    const slot = tape.first + index;
    const { parts, condition } = chain(index, values, 0, values[slot]);
    coloured("value", parts.at(-1));
    return line("value", [symbol(circuit.nameOf(slot)), sign("="), ...parts], condition);
  }

  // The contributions of a gate, operand by operand: upstream times local.
  function backward(index, values, before, after, target) {
    const slot = tape.first + index;
    const [out, own] = [circuit.nameOf(target), circuit.nameOf(slot)];
    const locals = tape.partials(values, index);
    const upstream = before[slot];
    const contributions = tape.contributions(values, index, upstream);
    const sums = new Map();
    const blocks = tape.gates[index].operands.flatMap((operand, place) => {
      const contribution = contributions[place];
      const earlier = sums.get(operand) ?? before[operand];
      sums.set(operand, earlier + contribution);
      if (circuit.isConstant(operand)) return [];
      const name = circuit.nameOf(operand);
      const { parts, condition } = chain(index, values, place + 1, locals[place]);
      const lines = [
        line("local", [derivative(own, name), sign("="), ...parts], condition),
        line("upstream × local", [
          derivative(out, own),
          sign("·"),
          derivative(own, name),
          sign("="),
          figure(upstream),
          sign("·"),
          enclosed(locals[place]),
          sign("="),
          coloured("grad", figure(contribution)),
        ]),
      ];
      const sum = after ? after[operand] : sums.get(operand);
      if (after ? sum !== contribution : earlier !== 0) {
        lines.push(
          line(after ? "in total" : "so far", [derivative(out, name), sign("="), coloured("grad", figure(sum))]),
        );
      }
      const numbers = { upstream, local: locals[place], contribution };
      const exactly = Object.entries(numbers).map(([key, number]) => [`data-${key}`, exact(number)]);
      return [
        make(
          "div",
          { class: "operand", "data-wire": name, ...Object.fromEntries(exactly) },
          make("h3", {}, name),
          ...lines,
        ),
      ];
    });
    if (!blocks.length) return make("p", { class: "hint" }, "Its operands are constants: nothing is passed on.");
    return make("div", { class: "operands" }, ...blocks);
  }

  // A sentence for those who hear the page.
  function spoken(index, values, before, target, backwards) {
    const slot = tape.first + index;
    const { rule, operands } = tape.gates[index];
    const name = circuit.nameOf(slot);
    const list = operands.map((operand) => circuit.nameOf(operand)).join(", ");
    if (!backwards) return `${name} is ${circuit.rules[rule].name} of ${list}: ${shown(values[slot])}.`;
    const locals = tape.partials(values, index);
    const upstream = before[slot];
    const contributions = tape.contributions(values, index, upstream);
    const sentences = operands.flatMap((operand, place) =>
      circuit.isConstant(operand)
        ? []
        : [
            `${circuit.nameOf(operand)} gets upstream ${shown(upstream)} times local ${shown(locals[place])}, ` +
              `which is ${shown(contributions[place])}.`,
          ],
    );
    return `Backward through ${name}. ${sentences.join(" ")}`;
  }

  // Where the backward pass begins.
  const seed = (out) => line("gradient", [derivative(out, out), sign("="), coloured("grad", figure(1))]);

  return { forward, backward, seed, spoken };
}

function playerOf(circuit, tape, state, changed) {
  const formulas = formulasOf(circuit, tape);
  let timer = null;
  let chosen = null;

  const forwards = () => tape.all.length;
  const list = () => tape.upstream(state.target);
  const last = () => forwards() + 1 + list().length;

  // The gradients after `done` gates have passed them on.
  const gradsAfter = (done) => tape.backward(state.values, state.target, list(), done);

  // The values and gradients that are known at the present position.
  function known() {
    const position = state.position ?? last();
    if (position === last()) return { value: () => true, grad: () => true, grads: state.grads };
    const [done, gates] = [position - forwards() - 1, list()];
    const passed = new Set(done >= 0 ? [state.target] : []);
    for (const index of gates.slice(gates.length - Math.max(done, 0))) {
      tape.gates[index].operands.forEach((slot) => passed.add(slot));
    }
    return {
      value: (slot) => slot < tape.first + position,
      grad: (slot) => passed.has(slot),
      grads: done > 0 ? gradsAfter(done) : state.grads,
    };
  }

  // The gate of the last step, and on which pass it is.
  function current() {
    const position = state.position;
    if (position === null || position === 0) return null;
    if (position <= forwards()) return { index: position - 1, backwards: false };
    const done = position - forwards() - 1;
    return done === 0 ? null : { index: list()[list().length - done], backwards: true };
  }

  // Where the passes are, in words.
  function phase(step) {
    const position = state.position;
    if (position === null) return chosen === null ? "All is computed. Step, or choose a gate in the drawing." : "";
    if (position === 0) return "Before the forward pass: the inputs are given.";
    if (position === forwards() + 1) return "Backward begins: the output's gradient in itself is 1.";
    const gate = circuit.says(tape.first + step.index);
    return step.backwards
      ? `Backward, gate ${position - forwards() - 1} of ${list().length}: ${gate}`
      : `Forward, gate ${position} of ${forwards()}: ${gate}`;
  }

  // The gradients before the last step of the backward pass.
  const gradsBefore = () => gradsAfter(state.position - forwards() - 2);

  // Show the present step; return the slot of its gate, or null.
  function show() {
    const position = state.position;
    const head = at("head");
    head.max = last();
    head.value = position ?? last();
    const out = circuit.nameOf(state.target);
    const step = current();
    const words = phase(step);
    at("phase").textContent = words;
    head.setAttribute("aria-valuetext", words || "all");
    const parts = [];
    if (step && !step.backwards) parts.push(formulas.forward(step.index, state.values));
    if (step?.backwards) {
      parts.push(formulas.backward(step.index, state.values, gradsBefore(), null, state.target));
    }
    if (position === forwards() + 1) {
      parts.push(formulas.seed(out));
    }
    if (position === null && chosen !== null) {
      parts.push(
        formulas.forward(chosen, state.values),
        formulas.backward(chosen, state.values, state.grads, state.grads, state.target),
      );
    }
    at("rule").replaceChildren(...parts);
    at("play").classList.toggle("idle", parts.length === 0);
    if (step) return tape.first + step.index;
    if (position === forwards() + 1) return state.target;
    return position === null && chosen !== null ? tape.first + chosen : null;
  }

  // Say a step to those who hear the page.
  function speak() {
    const step = current();
    const before = step?.backwards ? gradsBefore() : null;
    at("spoken").textContent = step
      ? formulas.spoken(step.index, state.values, before, state.target, step.backwards)
      : at("phase").textContent;
  }

  function go(position) {
    chosen = null;
    state.position = position;
    changed();
    speak();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    at("play-on").textContent = "Play";
    at("play-on").setAttribute("aria-pressed", "false");
  }

  function on() {
    const position = state.position ?? last();
    go(position >= last() ? 0 : position + 1);
  }

  const acts = {
    "to-forward": () => go(0),
    "to-backward": () => go(forwards() + 1),
    "step-back": () => go(Math.max((state.position ?? last()) - 1, 0)),
    "step-on": on,
    "play-reset": () => go(null),
  };
  for (const [id, act] of Object.entries(acts)) {
    at(id).addEventListener("click", () => {
      stop();
      act();
    });
  }
  at("head").addEventListener("input", (event) => {
    stop();
    go(Number(event.target.value));
  });
  at("play-on").addEventListener("click", () => {
    if (timer !== null) return stop();
    at("play-on").textContent = "Pause";
    at("play-on").setAttribute("aria-pressed", "true");
    on();
    timer = setInterval(() => {
      if ((state.position ?? last()) >= last()) stop();
      else on();
    }, MILLISECONDS_PER_STEP);
    return undefined;
  });

  // Show the rules of a slot's gate, beside the passes.
  function choose(slot) {
    stop();
    chosen = slot >= tape.first ? slot - tape.first : null;
    state.position = null;
    changed();
    if (chosen !== null) at("spoken").textContent = formulas.spoken(chosen, state.values, null, state.target, false);
  }

  // Leave the passes: all is known.
  function leave() {
    stop();
    state.position = null;
  }

  return { show, known, choose, leave, last };
}
