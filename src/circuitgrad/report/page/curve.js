// The curve of the objective per step; `objective` returns its name: the output, or its square.
function curveOf(place, objective) {
  const WIDTH = 400;
  const HEIGHT = 150;
  const MOST_POINTS = 1000;
  let points = [];
  const draw = (tag, attributes, ...contents) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...contents);
    return element;
  };

  function show() {
    at("ascent").classList.toggle("idle", points.length < 2);
    if (points.length < 2) {
      place.replaceChildren();
      return;
    }
    const values = points.map(([, value]) => value);
    let [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
    if (low === high)
      [low, high] = [low - Math.max(1e-9, Math.abs(low) / 100), high + Math.max(1e-9, Math.abs(high) / 100)];
    const [firstStep, lastStep] = [points[0][0], points.at(-1)[0]];
    const x = (step) => 8 + ((WIDTH - 16) * (step - firstStep)) / (lastStep - firstStep);
    const y = (value) => 24 + (HEIGHT - 48) * (1 - (value / (high - low) - low / (high - low)));
    const line = points
      .map(([step, value], index) => `${index ? "L" : "M"}${x(step).toFixed(1)},${y(value).toFixed(1)}`)
      .join("");
    const text = (horizontal, vertical, anchor, words) =>
      draw("text", { x: horizontal, y: vertical, "text-anchor": anchor }, words);
    const end = points.at(-1);
    const title = `${objective()} over ${lastStep} steps, from ${shown(values[0])} to ${shown(end[1])}`;
    place.replaceChildren(
      draw(
        "svg",
        { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title },
        draw("line", { x1: 8, x2: WIDTH - 8, y1: HEIGHT - 24, y2: HEIGHT - 24, class: "axis" }),
        draw("line", { x1: 8, x2: WIDTH - 8, y1: 24, y2: 24, class: "axis" }),
        draw("path", { d: line, class: "course" }),
        draw("circle", { cx: x(end[0]), cy: y(end[1]), r: 4 }),
        text(8, 16, "start", shown(high)),
        text(8, HEIGHT - 8, "start", shown(low)),
        text(WIDTH - 8, HEIGHT - 8, "end", `step ${lastStep}`),
      ),
    );
  }

  function add(step, value) {
    points.push([step, value]);
    if (points.length > MOST_POINTS)
      points = points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
  }

  return {
    add,
    show,
    clear: () => {
      points = [];
      show();
    },
    get empty() {
      return points.length === 0;
    },
  };
}
