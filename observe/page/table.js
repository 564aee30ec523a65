// All layers in numbers, sortable; the text form of the pictures above.

const tableColumns = [
  { name: "#", of: (layer) => layer.index + 1, text: String },
  { name: "layer", of: (layer) => layer.label, words: true },
  { name: "type", of: (layer) => layer.type, words: true },
  { name: "activation", of: (layer) => layer.activation || "\u2013", words: true },
  { name: "units", of: (layer) => layer.units, text: count },
  { name: "RMS z", of: (layer, c) => layer.z[c] },
  { name: "RMS dL/dz", of: (layer, c) => layer.g[c] },
  { name: "expected", of: (layer, c) => expectedGradient(layer, c) },
  { name: "update / weight", of: (layer, c) => layer.update[c] },
  { name: "saturated", of: (layer, c) => (layer.saturates && layer.low[c] !== null ? layer.low[c] + layer.high[c] : null), text: percent },
  { name: "dead", of: (layer, c) => (layer.rectifies ? layer.dead[c] : null), text: percent },
  { name: "called at", of: (layer) => layer.at || "\u2013", words: true },
].filter((column) => columns.length === 0 || column.words ||
  layers.some((layer) => columns.some((_, c) => column.of(layer, c) !== null)));
let sorting = { column: tableColumns[0], down: false };

function sortedLayers() {
  const { column, down } = sorting;
  // Absent values come last in either order; NaN counts as the greatest.
  const key = (layer) => column.of(layer, state.column);
  const rank = (v) => (Number.isNaN(v) ? Infinity : v);
  return [...layers].sort((a, b) => {
    const [p, q] = [key(a), key(b)];
    if (p === null || q === null) return (p === null) - (q === null);
    const order = column.words ? p.localeCompare(q, "en", { numeric: true }) : rank(p) - rank(q) || 0;
    return down ? -order : order;
  });
}

function drawTable() {
  const head = element("tr", {}, ...tableColumns.map((column) => {
    const chosen = sorting.column === column;
    const button = element("button", { type: "button" }, column.name + (chosen ? (sorting.down ? " \u25be" : " \u25b4") : ""));
    button.onclick = () => {
      sorting = { column, down: chosen && !sorting.down };
      drawTable();
      $("table").querySelectorAll("thead button")[tableColumns.indexOf(column)].focus();
    };
    return element("th", { scope: "col", class: column.words ? "text" : null,
      "aria-sort": chosen ? (sorting.down ? "descending" : "ascending") : null }, button);
  }));
  const body = sortedLayers().map((layer) => {
    const row = element("tr", { class: layer.index === state.layer ? "chosen" : null }, ...tableColumns.map((column) => {
      const value = column.of(layer, state.column);
      return element("td", { class: column.words ? "text" : isLost(value) ? "nan" : null },
        column.words ? value : (column.text ?? number)(value));
    }));
    row.onclick = () => show({ layer: layer.index });
    return row;
  });
  const scrolled = $("table").scrollTop;
  $("table").replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
  $("table").scrollTop = scrolled;
}
