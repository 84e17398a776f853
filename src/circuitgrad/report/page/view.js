// The view of the drawing: how it is moved and magnified.

const LARGEST_SCALE = 3;
const LEGIBLE_SCALE = 0.72;
const OVERVIEW_SCALE = 0.15; // below this scale, a drawing is a mere thread
const NARROW_WIDTH = 600;
const LEAST_HEIGHT = 190;
const ROOM_HEIGHT = 320;
const CLICK_REACH = 5; // how far a pointer may move in a click

function viewOf(canvas, svg) {
  // The view: how many pixels a unit of the drawing has, and which point of it is in the middle.
  const { x: left, y: top, width: wide, height: high } = svg.viewBox.baseVal;
  const view = { scale: 1, x: 0, y: 0 };
  const fitting = () => Math.min(canvas.clientWidth / wide, canvas.clientHeight / high);
  svg.removeAttribute("width");
  svg.removeAttribute("height");

  function look(scale, x, y) {
    const fit = fitting();
    view.scale = Math.min(Math.max(scale, fit), Math.max(fit, LARGEST_SCALE));
    const [width, height] = [canvas.clientWidth / view.scale, canvas.clientHeight / view.scale];
    // Its borders stay at those of the canvas; where there is room on both sides, it stands in the middle.
    const held = (at, from, size, room) =>
      size <= room ? from + size / 2 : Math.min(Math.max(at, from + room / 2), from + size - room / 2);
    view.x = held(x, left, wide, width);
    view.y = held(y, top, high, height);
    svg.setAttribute("viewBox", `${view.x - width / 2} ${view.y - height / 2} ${width} ${height}`);
    canvas.classList.toggle("magnified", view.scale > fit * 1.001);
  }

  const point = (x, y) => new DOMPoint(x, y).matrixTransform(svg.getScreenCTM().inverse());

  // Magnify around a point that stays where it is.
  function zoom(factor, at = view) {
    const scale = Math.min(Math.max(view.scale * factor, fitting()), Math.max(fitting(), LARGEST_SCALE));
    const share = view.scale / scale;
    look(scale, at.x + (view.x - at.x) * share, at.y + (view.y - at.y) * share);
  }

  const move = (x, y) => look(view.scale, view.x + x, view.y + y);
  const fit = () => look(0, 0, 0);

  // Give the drawing its room, and show all of it; its beginning, large enough to be read, on a narrow screen, or where
  // all of it would be too small.
  function settle() {
    const narrow = canvas.clientWidth < NARROW_WIDTH;
    // A drawing too small to be read at its full width is magnified, and needs room for that.
    const least = canvas.clientWidth / wide < LEGIBLE_SCALE ? ROOM_HEIGHT : LEAST_HEIGHT;
    const wanted = Math.max((canvas.clientWidth * high) / wide, narrow ? high * LEGIBLE_SCALE : least, LEAST_HEIGHT);
    canvas.style.height = `${Math.min(wanted, window.innerHeight * (narrow ? 0.42 : 0.6))}px`;
    if (narrow || fitting() < OVERVIEW_SCALE) look(LEGIBLE_SCALE, left, top + high / 2);
    else fit();
  }

  // Bring a node into view where it is outside, or too small.
  function reveal(node, scale = 0) {
    const { x, y, width, height } = node.getBBox();
    const middle = { x: x + width / 2, y: y + height / 2 };
    const outside =
      Math.abs(middle.x - view.x) * 2 > canvas.clientWidth / view.scale ||
      Math.abs(middle.y - view.y) * 2 > canvas.clientHeight / view.scale;
    if (outside || view.scale < scale * 0.8) look(Math.max(view.scale, scale), middle.x, middle.y);
  }

  svg.addEventListener(
    "wheel",
    (event) => {
      const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002));
      if (factor < 1 && !canvas.classList.contains("magnified")) return; // the page scrolls on
      event.preventDefault();
      zoom(factor, point(event.clientX, event.clientY));
    },
    { passive: false },
  );

  // Fingers, or the mouse with its button down, and how far they have moved.
  const held = new Map();
  let moved = 0;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (held.size === 0) moved = 0;
    held.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  window.addEventListener("pointermove", (event) => {
    const old = held.get(event.pointerId);
    if (!old) return;
    const now = { x: event.clientX, y: event.clientY };
    const [first, second] = [...held.values()];
    moved += Math.hypot(now.x - old.x, now.y - old.y);
    if (second) {
      const still = old === first ? second : first;
      const span = (from) => Math.hypot(from.x - still.x, from.y - still.y);
      if (span(old) > 0) zoom(span(now) / span(old), point((now.x + still.x) / 2, (now.y + still.y) / 2));
    }
    const [before, after] = [point(old.x, old.y), point(now.x, now.y)];
    move((before.x - after.x) / (second ? 2 : 1), (before.y - after.y) / (second ? 2 : 1));
    held.set(event.pointerId, now);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    window.addEventListener(kind, (event) => held.delete(event.pointerId));
  }

  settle();
  let width = canvas.clientWidth;
  new ResizeObserver(() => {
    if (canvas.clientWidth !== width) settle();
    width = canvas.clientWidth;
  }).observe(canvas);
  window.addEventListener("beforeprint", fit);
  return { zoom, fit, reveal, wasDragged: () => moved > CLICK_REACH };
}
