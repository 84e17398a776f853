// The drawing: its labels, its widths, which paths are lit, and how it is moved and magnified.

const MOST_ZOOM = 40;

function drawingOf(canvas, circuit, tape, target, told) {
  const svg = canvas.querySelector("svg");
  const labels = { value: new Map(), grad: new Map() };
  const nodes = new Map();
  const edges = [];
  if (!svg) return { show() {}, light() {}, mark() {}, fit() {}, zoom() {} };

  const put = (map, slot, element) => map.has(slot) ? map.get(slot).push(element) : map.set(slot, [element]);
  const slotOf = (element) => circuit.slots.get(element.dataset.wire);
  for (const kind of ["value", "grad"]) {
    for (const element of svg.querySelectorAll(`text.${kind}[data-wire]`)) put(labels[kind], slotOf(element), element);
  }
  for (const element of svg.querySelectorAll("g.node[data-wire]")) put(nodes, slotOf(element), element);
  for (const element of svg.querySelectorAll("g.wire[data-wire]")) {
    const edge = { element, from: slotOf(element), to: circuit.slots.get(element.dataset.to) };
    edges.push(edge);
    // A wire is thin: what is hovered is a broad one that nobody sees.
    for (const path of element.querySelectorAll("path")) {
      const broad = path.cloneNode();
      broad.removeAttribute("marker-end");
      broad.setAttribute("class", "broad");
      element.append(broad);
    }
    element.addEventListener("pointerenter", () => light(edge.from, edge.to));
    element.addEventListener("pointerleave", () => light(null));
  }

  // Put numbers at the wires; those that a pass has not come to yet are hidden.
  function show(values, grads, known) {
    const largest = Math.max(...[...labels.grad.keys()].map((slot) => Math.abs(grads[slot])).filter(Number.isFinite), 0);
    for (const [kind, numbers] of [["value", values], ["grad", grads]]) {
      for (const [slot, elements] of labels[kind]) {
        for (const element of elements) {
          if (slot !== undefined) element.textContent = shown(numbers[slot]);
          element.classList.toggle("pending", slot !== undefined && !known[kind](slot));
        }
      }
    }
    for (const { element, from } of edges) {
      if (from === undefined) continue;
      const share = largest > 0 && Number.isFinite(grads[from]) ? Math.abs(grads[from]) / largest : 0;
      const width = known.grad(from) ? 1 + 4 * Math.sqrt(share) : 1;
      for (const path of element.querySelectorAll("path:not(.broad)")) path.style.strokeWidth = `${width.toFixed(2)}px`;
    }
    for (const [slot, elements] of nodes) {
      const what = slot === undefined ? "" : circuit.nameOf(slot);
      for (const element of elements) {
        if (slot !== undefined) {
          element.setAttribute("aria-label", `${what}, value ${shown(values[slot])}, gradient ${shown(grads[slot])}`);
        }
      }
    }
  }

  // Light the paths through a wire: from the inputs to it, and from it to the output. Without one, nothing is dimmed.
  function light(from, to = from) {
    svg.classList.toggle("lit", from !== null);
    told(from, to);
    if (from === null) return;
    const before = tape.above(from);
    const useful = tape.above(target());
    const behind = new Set([...tape.below(to)].filter((slot) => slot === to || useful.has(slot)));
    for (const { element, from: tail, to: head } of edges) {
      const inside = before.has(head) || (behind.has(tail) && behind.has(head)) || (tail === from && head === to);
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

  // Mark the gate that a pass has come to.
  function mark(slot) {
    for (const [one, elements] of nodes) elements.forEach((element) => element.classList.toggle("current", one === slot));
    for (const { element, from, to } of edges) element.classList.toggle("current", slot !== null && to === slot);
    const node = slot === null ? undefined : nodes.get(slot)?.[0];
    if (node) reveal(node);
  }

  // The view: the part of the drawing that is seen.
  const box = svg.viewBox.baseVal;
  const whole = { x: box.x, y: box.y, width: box.width, height: box.height };
  let view = { ...whole };
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("preserveAspectRatio", "xMidYMid meet");

  function look(next) {
    const width = Math.min(Math.max(next.width, whole.width / MOST_ZOOM), whole.width);
    const height = width * whole.height / whole.width;
    const held = (at, size, from, room) => Math.min(Math.max(at, from), from + room - size);
    view = {
      x: held(next.x, width, whole.x, whole.width), y: held(next.y, height, whole.y, whole.height), width, height,
    };
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    canvas.classList.toggle("magnified", width < whole.width * 0.999);
  }

  const point = (x, y) => new DOMPoint(x, y).matrixTransform(svg.getScreenCTM().inverse());
  const centre = () => ({ x: view.x + view.width / 2, y: view.y + view.height / 2 });

  // Magnify around a point that stays where it is.
  function zoom(factor, at = centre()) {
    const width = Math.min(Math.max(view.width / factor, whole.width / MOST_ZOOM), whole.width);
    const share = width / view.width;
    look({ x: at.x - (at.x - view.x) * share, y: at.y - (at.y - view.y) * share, width });
  }

  const move = (x, y) => look({ ...view, x: view.x + x, y: view.y + y });
  const fit = () => look(whole);

  // Bring a node into view where it is outside.
  function reveal(node) {
    const { x, y, width, height } = node.getBBox();
    const matrix = svg.getScreenCTM().inverse().multiply(node.getScreenCTM());
    const middle = new DOMPoint(x + width / 2, y + height / 2).matrixTransform(matrix);
    const outside = middle.x < view.x || middle.x > view.x + view.width || middle.y < view.y
      || middle.y > view.y + view.height;
    if (outside) look({ ...view, x: middle.x - view.width / 2, y: middle.y - view.height / 2 });
  }

  svg.addEventListener("wheel", (event) => {
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002));
    if (factor < 1 && view.width >= whole.width * 0.999) return; // the page scrolls on
    event.preventDefault();
    zoom(factor, point(event.clientX, event.clientY));
  }, { passive: false });

  const held = new Map();
  svg.addEventListener("pointerdown", (event) => {
    if (event.button === 0) held.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  window.addEventListener("pointermove", (event) => {
    const old = held.get(event.pointerId);
    if (!old) return;
    const now = { x: event.clientX, y: event.clientY };
    const [one, other] = [...held.values()];
    if (other) {
      const still = old === one ? other : one;
      const span = (from) => Math.hypot(from.x - still.x, from.y - still.y);
      if (span(old) > 0) zoom(span(now) / span(old), point((now.x + still.x) / 2, (now.y + still.y) / 2));
    }
    const [before, after] = [point(old.x, old.y), point(now.x, now.y)];
    move((before.x - after.x) / (other ? 2 : 1), (before.y - after.y) / (other ? 2 : 1));
    held.set(event.pointerId, now);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    window.addEventListener(kind, (event) => held.delete(event.pointerId));
  }

  // Keys: the nodes are one stop of the tab key; from there arrows go along the wires.
  const stops = [...svg.querySelectorAll("g.node[data-wire]")];
  stops.forEach((node, place) => {
    const slot = slotOf(node);
    node.setAttribute("tabindex", place ? "-1" : "0");
    node.setAttribute("role", "img");
    node.addEventListener("pointerenter", () => slot !== undefined && light(slot));
    node.addEventListener("pointerleave", () => light(null));
    node.addEventListener("focus", () => {
      stops.forEach((one) => one.setAttribute("tabindex", one === node ? "0" : "-1"));
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
    if (node && slotOf(node) !== undefined) canvas.dispatchEvent(new CustomEvent("chosen", { detail: slotOf(node) }));
  });
  svg.addEventListener("keydown", (event) => {
    const node = event.target.closest("g.node[data-wire]");
    if (!node || (event.key !== "Enter" && event.key !== " ") || slotOf(node) === undefined) return;
    event.preventDefault();
    canvas.dispatchEvent(new CustomEvent("chosen", { detail: slotOf(node) }));
  });

  window.addEventListener("beforeprint", fit);
  look(whole);
  return { show, light, mark, fit, zoom };
}
