// The inputs: a slider and a number each, the gradient, and the numeric check beside it.

const LARGEST_DIFFERENCE = 1e-6; // relatively
const ROUNDING_NOISE = 1e-9; // relatively to the output
const MOST_WORK = 2e6; // gates times inputs
const MOST_UPDATED = 200; // inputs

// The verdict of a central difference on a derivative: `ok`, `kink` or `wrong`. It is empty where either is no number,
// or where rounding, which grows with the output, is larger than the derivative. At a kink the slopes on both sides
// enclose the derivative.
function verdict(analytic, { slope, left, right, kink }, out) {
  if (!Number.isFinite(analytic) || !Number.isFinite(slope)) return "";
  const [size, rounding] = [Math.max(Math.abs(analytic), Math.abs(slope)), ROUNDING_NOISE * Math.max(1, Math.abs(out))];
  const room = LARGEST_DIFFERENCE * size + rounding;
  const apart = Math.abs(analytic - slope);
  if (apart <= room && !kink) return analytic !== 0 && size < rounding && apart > LARGEST_DIFFERENCE * size ? "" : "ok";
  const [low, high] = [Math.min(left, right) - room, Math.max(left, right) + room];
  return low <= analytic && analytic <= high ? "kink" : "wrong";
}

const VERDICTS = {
  ok: ["✓", "agrees"],
  kink: ["∠", "a kink or a sharp bend lies within the step of the difference"],
  wrong: ["✗", "differs"],
  "": ["", ""],
};

function inputsOf(list, circuit, tape, state, moved, lit) {
  // Of many inputs, or of a large circuit's, only those in view are kept up to date.
  const many = circuit.inputs.length > MOST_UPDATED || tape.gates.length * circuit.inputs.length > MOST_WORK;
  list.classList.toggle("many", many);
  const leaves = circuit.inputs.map((leaf, slot) => {
    const number = make("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      id: `number-${slot}`,
      "aria-describedby": `slopes-${slot}`,
    });
    const slider = make("input", { type: "range", "aria-label": `${leaf.name}, slider` });
    const grad = make("span", { class: "grad" });
    const numeric = make("span", { class: "numeric" });
    const mark = make("span", { class: "mark", role: "img" });
    const name = make("label", { for: `number-${slot}`, title: leaf.name }, leaf.name);
    const about = make("span", { class: "about" }, leaf.about);
    if (leaf.fixed) about.prepend(make("span", { class: "badge" }, "fixed"), " ");
    const item = make(
      "li",
      { "data-wire": leaf.name },
      name,
      slider,
      number,
      about,
      make("span", { class: "slopes", id: `slopes-${slot}` }, grad, numeric, mark),
    );
    const own = rangeOf(leaf.value, leaf.min, leaf.max);
    const range = { ...own };

    slider.addEventListener("input", () => moved(slot, Number(slider.value)));
    const set = () => {
      const value = readNumber(number.value);
      number.setAttribute("aria-invalid", String(value === null));
      if (value !== null && exact(value) !== exact(state.inputs[slot])) moved(slot, value);
    };
    number.addEventListener("change", set);
    number.addEventListener("focus", () => {
      number.value = exact(state.inputs[slot]);
      number.select();
    });
    number.addEventListener("blur", () => {
      number.setAttribute("aria-invalid", "false");
      number.value = shown(state.inputs[slot]);
    });
    number.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (event.key === "Enter") set();
      if (!steps || !Number.isFinite(state.inputs[slot])) return;
      event.preventDefault();
      const next = Number((state.inputs[slot] + steps * range.step).toPrecision(12));
      moved(slot, Math.min(Math.max(next, leaf.min), leaf.max));
    });
    const parts = { item, leaf, slot, number, slider, grad, numeric, mark, own, range };
    for (const kind of ["pointerenter", "focusin"]) item.addEventListener(kind, () => lit(slot));
    for (const kind of ["pointerleave", "focusout"]) item.addEventListener(kind, () => lit(null));
    list.append(item);
    return parts;
  });

  function showSlider({ leaf, slot, slider, own, range }) {
    const value = state.inputs[slot];
    // A range that a typed number has made wider is given up, but not under the hand that moves the slider.
    if (document.activeElement !== slider && own.low <= value && value <= own.high) Object.assign(range, own);
    if (value < range.low || value > range.high) Object.assign(range, rangeOf(value, leaf.min, leaf.max));
    range.low = Math.min(range.low, value);
    range.high = Math.max(range.high, value);
    slider.min = Math.max(range.low, -Number.MAX_VALUE);
    slider.max = Math.min(range.high, Number.MAX_VALUE);
    slider.step = range.step;
    slider.value = value;
    slider.setAttribute("aria-valuetext", shown(value));
  }

  // Put the central difference beside the gradient.
  function check({ slot, numeric, mark }) {
    const difference = tape.numeric(state.values, slot, state.target);
    const judgement = verdict(state.grads[slot], difference, state.values[state.target]);
    numeric.textContent = `numeric ${shown(difference.slope)}`;
    numeric.title = `${exact(difference.slope)}, a central difference`;
    numeric.dataset.value = exact(difference.slope);
    [mark.textContent, mark.title] = VERDICTS[judgement];
    mark.className = `mark ${judgement}`;
    mark.setAttribute("aria-label", VERDICTS[judgement][1]);
  }

  function update(parts) {
    const { leaf, slot, number, grad } = parts;
    showSlider(parts);
    number.title = exact(state.inputs[slot]);
    number.dataset.value = exact(state.inputs[slot]);
    number.value = document.activeElement === number ? exact(state.inputs[slot]) : shown(state.inputs[slot]);
    grad.textContent = `gradient ${shown(state.grads[slot])}`;
    grad.title = `∂${circuit.nameOf(state.target)}/∂${leaf.name} = ${exact(state.grads[slot])}`;
    grad.dataset.value = exact(state.grads[slot]);
    check(parts);
  }

  const seen = new Set(many ? [] : leaves);
  if (many) {
    const partsOf = new Map(leaves.map((parts) => [parts.item, parts]));
    const observer = new IntersectionObserver((entries) =>
      entries.forEach(({ target, isIntersecting }) => {
        if (isIntersecting) update(partsOf.get(target));
        seen[isIntersecting ? "add" : "delete"](partsOf.get(target));
      }),
    );
    leaves.forEach(({ item }) => observer.observe(item));
    window.addEventListener("beforeprint", () => leaves.forEach(update));
  }
  const show = () => seen.forEach(update);

  return { show };
}
