// The page: the circuit, the present state, and everything that shows them.

function readCircuit() {
  const circuit = JSON.parse(at("circuit").textContent);
  const number = (value) => (typeof value === "string" ? readNumber(value) : value);
  circuit.inputs.forEach((leaf) =>
    ["value", "min", "max"].forEach((key) => {
      leaf[key] = number(leaf[key]);
    }),
  );
  circuit.constants = circuit.constants.map(number);
  const count = circuit.inputs.length;
  const first = count + circuit.constants.length;
  circuit.isConstant = (slot) => slot >= count && slot < first;
  circuit.constantOf = (slot) => circuit.constants[slot - count];
  circuit.nameOf = (slot) =>
    slot < count
      ? circuit.inputs[slot].name
      : slot < first
        ? shown(circuit.constantOf(slot))
        : circuit.gates[slot - first][0];
  // The kind of a wire: an input, or a gate of operands.
  circuit.is = (slot) => {
    if (slot < count) return circuit.inputs[slot].fixed ? "input, fixed" : "input";
    const [, rule, operands] = circuit.gates[slot - first];
    return `${circuit.rules[rule].name}(${operands.map(circuit.nameOf).join(", ")})`;
  };
  circuit.says = (slot) =>
    slot < count ? `${circuit.nameOf(slot)}, ${circuit.is(slot)}` : `${circuit.nameOf(slot)} = ${circuit.is(slot)}`;
  circuit.slots = new Map([
    ...circuit.inputs.map(({ name }, slot) => [name, slot]),
    ...circuit.gates.map(([name], index) => [name, first + index]),
  ]);
  return circuit;
}

const circuit = readCircuit();
const tape = tapeOf(circuit, rules);
const state = {
  inputs: Float64Array.from(circuit.inputs, ({ value }) => value),
  target: circuit.output,
  position: null,
  values: null,
  grads: null,
};

const note = (text) => {
  at("note").textContent = text;
};
const drawing = drawingOf(at("canvas"), circuit, tape, () => state.target, aboutWire);
const player = playerOf(circuit, tape, state, show);
const inputs = inputsOf(at("leaves"), circuit, tape, state, move, (slot) => drawing.light(slot));
const table = tableOf(at("rows"), circuit, state, player, drawing);
const curve = curveOf(at("curve"), () => GOALS[at("goal").value].objective);

// Compute everything anew and show it.
function refresh() {
  state.values = tape.forward(state.inputs);
  state.grads = tape.backward(state.values, state.target);
  show();
}

function show() {
  const known = player.known();
  at("result").textContent = shown(state.values[state.target]);
  at("result").title = exact(state.values[state.target]);
  document.querySelectorAll(".of-output").forEach((element) => {
    element.textContent = circuit.nameOf(state.target);
  });
  drawing.show(state.values, known.grads, known);
  drawing.mark(player.show(), state.position !== null);
  inputs.show();
  table.show(known);
  climbRule();
  warn();
}

// Say what is wrong with the numbers; a text that stays is not read aloud again.
function warn() {
  const found = warningsAt(circuit, tape, state.values, state.grads, state.target);
  const text = found.map((warning) => `Warning: ${warning}`).join("\n");
  if (at("warnings").textContent !== text) at("warnings").textContent = text;
}

// Move an input.
function move(slot, value) {
  state.inputs[slot] = value;
  player.leave();
  refresh();
}

// Show the value and the gradient of the wire under the pointer.
function aboutWire(from, to) {
  if (from === null) {
    at("about-wire").textContent = "";
    return;
  }
  const [name, out] = [circuit.nameOf(from), circuit.nameOf(state.target)];
  const lines = [
    make("b", {}, circuit.says(from)),
    ": ",
    make("span", { class: "value" }, shown(state.values[from])),
    `, ∂${out}/∂${name} `,
    make("span", { class: "grad" }, shown(player.known().grads[from])),
  ];
  if (from !== to) lines.push(`, on its way to ${circuit.nameOf(to)}`);
  at("about-wire").replaceChildren(...lines);
}

// Gradient ascent.
const run = { number: 0, end: 0, timer: null, start: null };

function climbRule() {
  const goal = GOALS[at("goal").value];
  const out = circuit.nameOf(state.target);
  const free = circuit.inputs.filter(({ fixed }) => !fixed).length;
  const factor = at("goal").value === "least_squares" ? ` · 2 · ${out}` : "";
  const data = circuit.data ? " This is about the one point above: the rows of the file's data take no part." : "";
  at("climb-rule").textContent = free
    ? `Each input that is not fixed: x ← x ${goal.sign} step size${factor} · ∂${out}/∂x.${data}`
    : "All inputs are fixed: nothing can move.";
}

function settings() {
  const given = { size: readNumber(at("size").value), steps: readNumber(at("steps").value) };
  const good = {
    size: given.size > 0 && Number.isFinite(given.size),
    steps: Number.isInteger(given.steps) && given.steps > 0,
  };
  for (const key of ["size", "steps"]) at(key).setAttribute("aria-invalid", String(!good[key]));
  if (good.size && good.steps) return given;
  at("climb-note").textContent = good.size
    ? "steps is a whole number from 1 on"
    : "the step size is a positive number";
  return null;
}

// One step; tells whether there may be another.
function climbOnce() {
  const chosen = settings();
  if (!chosen) return false;
  const goal = at("goal").value;
  const cost = (out) => GOALS[goal].cost(out);
  if (curve.empty) {
    run.start = state.inputs.slice();
    curve.add(run.number, cost(state.values[state.target]));
  }
  const moved = climb(tape, circuit.inputs, state.inputs, state.target, goal, chosen.size);
  if (moved === null) {
    at("climb-note").textContent =
      `Stopped: the next step makes a number infinite or undefined. A smaller step size may help.`;
    return false;
  }
  state.inputs = moved;
  run.number += 1;
  state.values = tape.forward(moved);
  state.grads = tape.backward(state.values, state.target);
  curve.add(run.number, cost(state.values[state.target]));
  at("climb-note").textContent = "";
  return true;
}

function showClimb() {
  show();
  curve.show();
  if (run.timer === null && at("climb-note").textContent === "") {
    at("climb-note").textContent =
      `Step ${run.number}: ${circuit.nameOf(state.target)} = ${shown(state.values[state.target])}`;
  }
}

function halt() {
  cancelAnimationFrame(run.timer);
  run.timer = null;
  at("climb-run").textContent = "Run";
  at("climb-run").setAttribute("aria-pressed", "false");
}

// Make as many steps a picture as let a run last a few seconds, but no more than leave the page awake.
function frame() {
  const { steps = 1 } = settings() ?? {};
  const end = performance.now() + 30;
  let going = true;
  for (
    let count = Math.ceil(steps / 180);
    count > 0 && going && run.number < run.end && performance.now() < end;
    count -= 1
  )
    going = climbOnce();
  if (going && run.number < run.end) run.timer = requestAnimationFrame(frame);
  else halt();
  showClimb();
}

at("climb-step").addEventListener("click", () => {
  halt();
  player.leave();
  climbOnce();
  showClimb();
});
at("climb-run").addEventListener("click", () => {
  if (run.timer !== null) {
    halt();
    showClimb();
    return;
  }
  const chosen = settings();
  if (!chosen) return;
  player.leave();
  run.end = run.number + chosen.steps;
  at("climb-run").textContent = "Pause";
  at("climb-run").setAttribute("aria-pressed", "true");
  at("climb-note").textContent = "";
  run.timer = requestAnimationFrame(frame);
});

function restart() {
  halt();
  run.number = 0;
  run.start = null;
  curve.clear();
  at("climb-note").textContent = "";
}

// Go back to some inputs.
function reset(values) {
  restart();
  player.leave();
  state.inputs.set(values);
  refresh();
}

at("climb-reset").addEventListener("click", () => reset(run.start ?? state.inputs));
at("reset").addEventListener("click", () => {
  reset(circuit.inputs.map(({ value }) => value));
  note("The inputs have the values of the file.");
});
at("goal").addEventListener("change", () => {
  restart();
  climbRule();
});

// The output.
for (const slot of circuit.outputs) at("output").append(new Option(circuit.nameOf(slot), slot));
at("output").addEventListener("change", (event) => {
  state.target = Number(event.target.value);
  restart();
  player.leave();
  refresh();
});

// The link.
function follow() {
  const { inputs: given, output, step, refused } = readLink(circuit, location.hash);
  restart();
  player.leave();
  circuit.inputs.forEach(({ value }, slot) => {
    state.inputs[slot] = given.get(slot) ?? value;
  });
  state.target = output ?? circuit.output;
  if (step !== null) state.position = Math.min(step, player.last());
  if (![...at("output").options].some(({ value }) => Number(value) === state.target)) {
    at("output").append(new Option(circuit.nameOf(state.target), state.target));
  }
  at("output").value = state.target;
  note(
    refused.length
      ? `The link says what this circuit does not know, which is left out: ${refused.slice(0, 5).join(", ")}`
      : "",
  );
  refresh();
}

at("copy").addEventListener("click", async () => {
  const link = location.href.split("#")[0] + writeLink(circuit, state);
  try {
    history.replaceState(null, "", link);
    await navigator.clipboard.writeText(link);
    note("The link with these inputs is copied.");
  } catch {
    note(`The link with these inputs: ${link}`); // a frame may keep both from the page
  }
});
window.addEventListener("hashchange", follow);

at("canvas").addEventListener("chosen", (event) => player.choose(event.detail));
at("zoom-in").addEventListener("click", () => drawing.zoom(1.25));
at("zoom-out").addEventListener("click", () => drawing.zoom(0.8));
at("zoom-fit").addEventListener("click", () => drawing.fit());

curve.show();
at("goal").value = circuit.goal;
at("size").value = exact(circuit.step_size);
at("steps").value = String(circuit.steps);
follow();
document.documentElement.dataset.ready = "true";
