// The passes of a circuit over its tape: the gates in topological order, each after its operands. Slots are the inputs,
// then the constants, then the gates. Forward runs from left to right, backward from right to left.

const SMALLEST_BEND = 1e-3; // slopes on both sides that differ by less, relatively, are those of a smooth function
const BEND_NOISE = 1e-7; // the difference that rounding makes between them, relatively to the output

function tapeOf(circuit, rules) {
  const first = circuit.inputs.length + circuit.constants.length;
  const gates = circuit.gates.map(([, rule, operands]) => ({ rule, operands, ...rules[rule] }));
  const count = first + gates.length;
  const all = gates.map((_, index) => index);
  const kept = new Map();

  // Return the result of `compute` for a key, computed once, or again where many results have been kept since.
  function once(key, compute) {
    if (kept.size > 4e6 / count) kept.clear();
    if (!kept.has(key)) kept.set(key, compute());
    return kept.get(key);
  }

  // The gates that a slot reaches, in order.
  const downstream = (slot) =>
    once(`down ${slot}`, () => {
      const reached = new Set([slot]);
      return all.filter(
        (index) => gates[index].operands.some((operand) => reached.has(operand)) && reached.add(first + index),
      );
    });

  // The gates that a slot depends on, in order, with its own.
  const upstream = (slot) =>
    once(`up ${slot}`, () => {
      const needed = new Set([slot]);
      const order = all
        .slice()
        .reverse()
        .filter((index) => {
          if (!needed.has(first + index)) return false;
          gates[index].operands.forEach((operand) => needed.add(operand));
          return true;
        });
      return order.reverse();
    });

  // The gates between two slots, in order.
  const between = (slot, target) =>
    once(`${slot} to ${target}`, () => {
      const needed = new Set(upstream(target));
      return downstream(slot).filter((index) => needed.has(index));
    });

  // The slots that a slot depends on, with itself.
  const above = (slot) =>
    once(`above ${slot}`, () => {
      const gate = (index) => [first + index, ...gates[index].operands];
      return new Set([slot, ...upstream(slot).flatMap(gate)]);
    });

  // The slots that depend on a slot, with itself.
  const below = (slot) =>
    once(`below ${slot}`, () => new Set([slot, ...downstream(slot).map((index) => first + index)]));

  // The values of all slots for some inputs.
  function forward(inputs) {
    const values = new Float64Array(count);
    values.set(inputs);
    values.set(circuit.constants, inputs.length);
    compute(values, all);
    return values;
  }

  function compute(values, list) {
    for (const index of list) {
      const gate = gates[index];
      values[first + index] = gate.value(...gate.operands.map((slot) => values[slot]));
    }
  }

  // The partial derivatives of a gate in its operands.
  function partials(values, index) {
    const gate = gates[index];
    return gate.partials(...gate.operands.map((slot) => values[slot]), values[first + index]).map(Number);
  }

  // What a gate contributes to the gradients of its operands: upstream times local. An upstream gradient of 0
  // contributes 0, whatever the local derivative.
  const contributions = (values, index, upstreamGrad) =>
    upstreamGrad === 0
      ? gates[index].operands.map(() => 0)
      : partials(values, index).map((partial) => partial * upstreamGrad);

  // The derivatives of a slot in all slots, after the last `done` gates of a list have passed theirs on. Contributions
  // to a wire add up.
  function backward(values, target, list = upstream(target), done = list.length) {
    const grads = new Float64Array(count);
    grads[target] = 1;
    for (let place = list.length - 1; place >= list.length - done; place -= 1) {
      const index = list[place];
      contributions(values, index, grads[first + index]).forEach((contribution, operand) => {
        grads[gates[index].operands[operand]] += contribution;
      });
    }
    return grads;
  }

  // The central difference of a slot in an input, the slopes on both sides, and whether there is a kink between them:
  // over a tenth of the step, the slopes of a smooth function come ten times closer, those at a kink stay.
  function numeric(values, input, target) {
    const x = values[input];
    const step = Math.cbrt(Number.EPSILON) * Math.max(1, Math.abs(x));
    const list = between(input, target);
    const moved = values.slice();
    const at = (value) => {
      moved[input] = value;
      compute(moved, list);
      return moved[target];
    };
    const [above, below, here] = [at(x + step), at(x - step), values[target]];
    const [left, right] = [(here - below) / step, (above - here) / step];
    const bend = Math.abs(right - left);
    const bent = bend > SMALLEST_BEND * Math.max(Math.abs(left), Math.abs(right)) + BEND_NOISE * Math.max(1, Math.abs(here));
    const closer = step / 10;
    const kink = bent && Math.abs(at(x + closer) - here - (here - at(x - closer))) / closer > bend / 2;
    return { slope: (above - below) / (x + step - (x - step)), left, right, kink };
  }

  const passes = { forward, backward, partials, contributions, numeric };
  return { first, count, gates, all, above, below, upstream, between, ...passes };
}
