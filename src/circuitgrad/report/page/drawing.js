// The drawing: its labels, the widths of its wires, its lit paths, and its keys. The page defines THINNEST_WIRE and
// THICKEST_WIRE before these scripts.

function drawingOf(canvas, circuit, tape, target, pointed) {
  const svg = canvas.querySelector("svg");
  const labels = { value: new Map(), grad: new Map() };
  const nodes = new Map();
  const edges = [];
  if (!svg) return { show() {}, light() {}, mark() {}, fit() {}, zoom() {} };

  const put = (map, slot, element) => (map.has(slot) ? map.get(slot).push(element) : map.set(slot, [element]));
  const slotOf = (element) => circuit.slots.get(element.dataset.wire);
  for (const kind of ["value", "grad"]) {
    for (const element of svg.querySelectorAll(`text.${kind}[data-wire]`))
      put(labels[kind], slotOf(element), element);
  }
  for (const element of svg.querySelectorAll("g.node[data-wire]")) put(nodes, slotOf(element), element);
  for (const element of svg.querySelectorAll("g.wire[data-wire]")) {
    const edge = { element, from: slotOf(element), to: circuit.slots.get(element.dataset.to), operand: -1 };
    // Several wires drawn as one have no operand of their own.
    const operand = Number(element.dataset.operand);
    if (edge.to >= tape.first && tape.gates[edge.to - tape.first].operands[operand] === edge.from)
      edge.operand = operand;
    edges.push(edge);
    element.querySelector("title")?.remove(); // its numbers change
    // A wire is thin: a broad invisible path takes the pointer.
    for (const path of element.querySelectorAll("path:not(.arrow)")) {
      const broad = path.cloneNode();
      broad.removeAttribute("marker-end");
      broad.setAttribute("class", "broad");
      element.append(broad);
    }
    element.addEventListener("pointerenter", () => edge.from !== undefined && light(edge.from, edge.to));
    element.addEventListener("pointerleave", () => light(null));
  }

  // The gradient that flows back along a drawn wire: its gate's contribution.
  function flow({ from, to, operand }, values, grads) {
    if (operand < 0) return from === undefined ? NaN : grads[from];
    return grads[to] === 0 ? 0 : tape.partials(values, to - tape.first)[operand] * grads[to];
  }

  // Put numbers at the wires; those that a pass has not come to yet are hidden.
  function show(values, grads, known) {
    for (const [kind, numbers] of [
      ["value", values],
      ["grad", grads],
    ]) {
      for (const [slot, elements] of labels[kind]) {
        for (const element of elements) {
          if (slot === undefined) continue;
          element.textContent = shown(numbers[slot], circuit.digits);
          element.classList.toggle("pending", !known[kind](slot));
        }
      }
    }
    const flows = edges.map((edge) => flow(edge, values, grads));
    const size = (numbers) =>
      numbers.reduce((most, number) => (Number.isFinite(number) ? Math.max(most, Math.abs(number)) : most), 0);
    const largest = Math.max(size(flows), size(grads));
    edges.forEach(({ element, from, to }, place) => {
      if (from === undefined) return;
      const passed = known.grad(from) && (to === undefined || known.grad(to));
      const share = !passed
        ? 0
        : Number.isFinite(flows[place])
          ? Math.sqrt(Math.abs(flows[place]) / (largest || 1))
          : 1;
      element.classList.toggle("dead", passed && flows[place] === 0);
      for (const path of element.querySelectorAll("path:not(.broad, .arrow)")) {
        path.setAttribute("stroke-width", (THINNEST_WIRE + (THICKEST_WIRE - THINNEST_WIRE) * share).toFixed(2));
      }
    });
    for (const [slot, elements] of nodes) {
      if (slot === undefined) continue;
      const numbers = [
        known.value(slot) ? `, value ${shown(values[slot])}` : "",
        known.grad(slot) ? `, gradient ${shown(grads[slot])}` : "",
      ];
      for (const element of elements) element.setAttribute("aria-label", `${circuit.says(slot)}${numbers.join("")}`);
    }
  }

  // Light the paths through a wire: from the inputs to it, and from it to the output. Without one, nothing is dimmed.
  function light(from, to = from) {
    svg.classList.toggle("lit", from !== null);
    pointed(from, to);
    if (from === null) return;
    const before = tape.above(from);
    const useful = tape.above(target());
    const behind = new Set([...tape.below(to)].filter((slot) => slot === to || useful.has(slot)));
    for (const { element, from: tail, to: head } of edges) {
      const inside =
        before.has(head) ||
        (behind.has(tail) && (head === undefined || behind.has(head))) ||
        (tail === from && head === to);
      element.classList.toggle("on", inside);
    }
    for (const [slot, elements] of nodes) {
      for (const element of elements) element.classList.toggle("on", before.has(slot) || behind.has(slot));
    }
    for (const kind of ["value", "grad"]) {
      for (const [slot, elements] of labels[kind]) {
        for (const element of elements) element.classList.toggle("on", before.has(slot) || behind.has(slot));
      }
    }
  }

  let marked = null;

  // Mark the gate that a pass has come to, and follow it.
  function mark(slot, follow) {
    for (const [place, elements] of nodes)
      elements.forEach((element) => element.classList.toggle("current", place === slot));
    for (const { element, from, to } of edges) element.classList.toggle("current", slot !== null && to === slot);
    const node = slot === null || slot === marked ? undefined : nodes.get(slot)?.[0];
    marked = slot;
    if (node && follow) reveal(node, LEGIBLE_SCALE);
  }

  const { zoom, fit, reveal, wasDragged } = viewOf(canvas, svg);
  svg.setAttribute("role", "group"); // its nodes are read out singly

  // Keys: the nodes are a single stop of the tab key; from there arrows go along the wires.
  const stops = [...svg.querySelectorAll("g.node[data-wire]")];
  stops.forEach((node, place) => {
    const slot = slotOf(node);
    if (slot !== undefined) node.querySelector("title")?.remove();
    node.setAttribute("tabindex", place ? "-1" : "0");
    node.setAttribute("role", "button");
    node.addEventListener("pointerenter", () => slot !== undefined && light(slot));
    node.addEventListener("pointerleave", () => light(null));
    node.addEventListener("focus", () => {
      stops.forEach((stop) => stop.setAttribute("tabindex", stop === node ? "0" : "-1"));
      reveal(node);
      if (slot !== undefined) light(slot);
    });
    node.addEventListener("blur", () => light(null));
  });

  function neighbour(node, key) {
    const slot = slotOf(node);
    if (key === "Home") return stops[0];
    if (key === "End") return stops.at(-1);
    if (key === "ArrowLeft") return nodes.get(edges.find(({ to }) => to === slot)?.from)?.[0];
    if (key === "ArrowRight") return nodes.get(edges.find(({ from }) => from === slot)?.to)?.[0];
    return stops[stops.indexOf(node) + (key === "ArrowDown" ? 1 : -1)];
  }

  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = { "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit }[event.key];
    const node = event.target.closest("g.node");
    const arrow = event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
    if (!act && !(node && arrow)) return;
    event.preventDefault();
    if (act) act();
    else neighbour(node, event.key)?.focus();
  });

  svg.addEventListener("click", (event) => {
    const node = event.target.closest("g.node[data-wire]");
    if (node && slotOf(node) !== undefined && !wasDragged())
      canvas.dispatchEvent(new CustomEvent("chosen", { detail: slotOf(node) }));
  });
  svg.addEventListener("keydown", (event) => {
    const node = event.target.closest("g.node[data-wire]");
    if (!node || (event.key !== "Enter" && event.key !== " ") || slotOf(node) === undefined) return;
    event.preventDefault();
    canvas.dispatchEvent(new CustomEvent("chosen", { detail: slotOf(node) }));
  });

  return { show, light, mark, fit, zoom };
}
