// What is wrong with the numbers at a point, in the words of the command line: where a value or a gradient becomes
// infinite or NaN, and where a gradient of 0 meets an infinite slope.

const LONGEST_QUOTE = 60;

// A number as Python writes it.
function pythonic(value) {
  if (!Number.isFinite(value)) return exact(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16)
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const plain = value.toFixed(Math.max(mantissa.replace(/[-.]/g, "").length - 1 - exponent, 0));
  return plain.includes(".") ? plain : `${plain}.0`;
}

function quoted(name) {
  const letters = [...name];
  return `'${letters.length > LONGEST_QUOTE ? `${letters.slice(0, LONGEST_QUOTE - 1).join("")}…` : name}'`;
}

// The call of a gate with the values of its operands.
function callText(circuit, tape, values, index) {
  const { rule, operands } = tape.gates[index];
  return `${circuit.rules[rule].name}(${operands.map((slot) => pythonic(values[slot])).join(", ")})`;
}

// The first gate that made a value infinite or NaN, in words, or null.
function nonfiniteValue(circuit, tape, values) {
  const index = tape.all.find((gate) => !Number.isFinite(values[tape.first + gate]));
  if (index === undefined) return null;
  const value = pythonic(values[tape.first + index]);
  return `${quoted(circuit.gates[index][0])} is ${value}: ${callText(circuit, tape, values, index)}`;
}

// The first gate, from the output backwards, that made a gradient infinite or NaN, in words, or null.
function nonfiniteGradient(circuit, tape, values, grads) {
  const inputs = circuit.inputs.length;
  for (const index of tape.all.slice().reverse()) {
    const upstream = grads[tape.first + index];
    const { rule, operands } = tape.gates[index];
    if (upstream === 0 || !Number.isFinite(upstream) || operands.every((slot) => Number.isFinite(grads[slot]))) continue;
    const partials = tape.partials(values, index);
    const place = operands.findIndex(
      (slot, operand) => !(slot >= inputs && slot < tape.first) && !Number.isFinite(partials[operand] * upstream),
    );
    if (place < 0) continue;
    const contribution = pythonic(partials[place] * upstream);
    return (
      `the gradient becomes ${contribution} at ${quoted(circuit.gates[index][0])}: upstream ${pythonic(upstream)} times ` +
      `the partial derivative ${pythonic(partials[place])} of ${callText(circuit, tape, values, index)} in ` +
      circuit.rules[rule].operands[place]
    );
  }
  return null;
}

// The slots through which inputs move the target: not those in conditions and in branches that are not taken.
function varyingSlots(circuit, tape, values, target) {
  const reached = new Set(circuit.inputs.keys());
  for (const index of tape.all)
    if (tape.gates[index].operands.some((slot) => reached.has(slot))) reached.add(tape.first + index);
  const carrying = new Set([target]);
  for (const index of tape.all.slice().reverse()) {
    const { operands, carries } = tape.gates[index];
    if (!carrying.has(tape.first + index)) continue;
    const carried = carries(...operands.map((slot) => values[slot]));
    operands.forEach((slot, operand) => carried[operand] && carrying.add(slot));
  }
  return new Set([...carrying].filter((slot) => reached.has(slot)));
}

// The first gate, from the output backwards, whose gradient of 0 met an infinite slope, in words, or null.
function silencedSlope(circuit, tape, values, grads, target) {
  const steep = (partial) => Math.abs(partial) === Infinity;
  const silent = tape.all.filter(
    (index) => grads[tape.first + index] === 0 && tape.partials(values, index).some(steep),
  );
  if (!silent.length) return null;
  const varying = varyingSlots(circuit, tape, values, target);
  for (const index of silent.reverse()) {
    if (!varying.has(tape.first + index)) continue;
    const { rule, operands } = tape.gates[index];
    const partials = tape.partials(values, index);
    const place = operands.findIndex((slot, operand) => steep(partials[operand]) && varying.has(slot));
    if (place < 0) continue;
    return (
      `the gradient 0 of ${quoted(circuit.gates[index][0])} meets the infinite slope of ` +
      `${callText(circuit, tape, values, index)} in ${circuit.rules[rule].operands[place]}, and adds nothing ` +
      "(derivatives through it may be wrong: circuitgrad check tells)"
    );
  }
  return null;
}

// All warnings at a point, in the order in which `circuitgrad backward` prints them.
function warningsAt(circuit, tape, values, grads, target) {
  const ofGradients =
    nonfiniteGradient(circuit, tape, values, grads) ?? silencedSlope(circuit, tape, values, grads, target);
  return [ofGradients, nonfiniteValue(circuit, tape, values)].filter((text) => text !== null);
}
