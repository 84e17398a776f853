// Links: inputs as `name=value`, the output as `@output=name`, and the step of the passes as `@step=7`,
// joined by `&`.
function readLink(circuit, hash) {
  const link = { inputs: new Map(), output: null, step: null, refused: [] };
  for (const part of hash.replace(/^#/, "").split("&").filter(Boolean)) {
    let pair = [part];
    try {
      pair = part.split("=").map(decodeURIComponent);
    } catch {
      /* what cannot be decoded is refused below */
    }
    const [name, text] = pair;
    const slot = circuit.slots.get(name);
    const value = pair.length === 2 ? readNumber(text) : null;
    if (name === "@output" && circuit.slots.has(text)) link.output = circuit.slots.get(text);
    else if (name === "@step" && Number.isInteger(value) && value >= 0) link.step = value;
    else if (slot < circuit.inputs.length && value !== null) link.inputs.set(slot, value);
    else link.refused.push(part);
  }
  return link;
}

function writeLink(circuit, state) {
  const parts = circuit.inputs.flatMap(({ name, value }, slot) =>
    Object.is(value, state.inputs[slot]) ? [] : [`${encodeURIComponent(name)}=${exact(state.inputs[slot])}`],
  );
  if (state.target !== circuit.output) parts.push(`@output=${encodeURIComponent(circuit.nameOf(state.target))}`);
  if (state.position !== null) parts.push(`@step=${state.position}`);
  return parts.length ? `#${parts.join("&")}` : "";
}
