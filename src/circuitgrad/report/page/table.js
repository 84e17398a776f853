// How many wires are listed until all are asked for.
const MOST_LISTED = 500;

// The table of all wires.
function tableOf(body, circuit, state, player, drawing) {
  const wires = [...circuit.slots];
  let cells = [];
  let most = MOST_LISTED;

  function build() {
    const wanted = at("filter").value.trim().toLowerCase();
    const matches = wires.filter(([name]) => name.toLowerCase().includes(wanted));
    cells = matches.slice(0, most).map(([name, slot]) => {
      const value = make("td", { class: "number value" });
      const grad = make("td", { class: "number grad" });
      const row = make(
        "tr",
        { "data-wire": name },
        make("th", { scope: "row" }, name, " ", make("span", { class: "is" }, circuit.is(slot))),
        value,
        grad,
      );
      row.addEventListener("pointerenter", () => drawing.light(slot));
      row.addEventListener("pointerleave", () => drawing.light(null));
      return { slot, value, grad, row };
    });
    body.replaceChildren(...cells.map(({ row }) => row));
    const rest = matches.length - cells.length;
    const button = make("button", { type: "button" }, `Show all ${matches.length.toLocaleString("en")}`);
    button.addEventListener("click", () => {
      most = Infinity;
      build();
      show(player.known());
    });
    at("more").replaceChildren(...(rest > 0 ? [`${rest.toLocaleString("en")} more. `, button] : []));
  }

  function show(known) {
    for (const { slot, value, grad, row } of cells) {
      for (const [cell, numbers, is] of [
        [value, state.values, known.value],
        [grad, known.grads, known.grad],
      ]) {
        cell.textContent = is(slot) ? shown(numbers[slot]) : "";
        cell.title = exact(numbers[slot]);
        cell.dataset.value = exact(numbers[slot]);
      }
      row.classList.toggle("output", slot === state.target);
    }
  }

  at("filter").addEventListener("input", () => {
    build();
    show(player.known());
  });
  build();
  return { show };
}
