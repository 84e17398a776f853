// Steps along the gradient, as `circuitgrad optimize --method gradient` makes them.

const GOALS = {
  maximize: { sign: "+", slope: () => 1, objective: "The output", cost: (out) => out },
  minimize: { sign: "\u2212", slope: () => -1, objective: "The output", cost: (out) => out },
  least_squares: {
    sign: "\u2212",
    slope: (out) => -2 * out,
    objective: "The output's square",
    cost: (out) => out * out,
  },
};

// The inputs after a step, or null where a number would be infinite or NaN.
function climb(tape, leaves, inputs, target, goal, size) {
  const values = tape.forward(inputs);
  const grads = tape.backward(values, target);
  const slope = GOALS[goal].slope(values[target]);
  const moved = inputs.map((x, slot) => {
    const { fixed, min, max } = leaves[slot];
    return fixed ? x : Math.min(Math.max(x + size * (slope * grads[slot]), min), max);
  });
  const cost = GOALS[goal].cost(tape.forward(moved)[target]);
  return Number.isFinite(cost) && leaves.every(({ fixed }, slot) => fixed || Number.isFinite(moved[slot]))
    ? moved
    : null;
}
