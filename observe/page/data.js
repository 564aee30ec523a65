// The run, as report.cpp wrote it. Absent values are null; what is not finite is a string, since
// JSON has no number for it.

const run = JSON.parse(document.getElementById("run").textContent);

const decoded = (v) => (typeof v === "string" ? Number(v) : v);
const numbers = (list, length) => (list ? list.map(decoded) : new Array(length).fill(null));

// The observed steps that the layers' values belong to.
const columns = run.columns;

for (const key of Object.keys(run.steps)) run.steps[key] = run.steps[key].map(decoded);

// Per layer and column: z and a are the RMS of pre-activation and activation, g that of dL/dz.
run.layers.forEach((layer, index) => {
  layer.index = index;
  for (const key of ["z", "a", "g", "low", "high", "dead", "update"]) {
    layer[key] = numbers(layer[key], columns.length);
  }
});
const layers = run.layers;

const isNumber = (v) => v !== null && Number.isFinite(v);
const isLost = (v) => v !== null && !Number.isFinite(v);  // NaN or infinite

// Theory gives RMS dL/dz relative to the last linear layer, so it needs that layer's measured one.
function expectedGradient(layer, column) {
  if (layer.expected_g === null || run.anchor === null) return null;
  const top = layers[run.anchor].g[column];
  return isNumber(top) && top > 0 ? layer.expected_g * top : null;
}

// First over last RMS dL/dz of the hidden linear layers, and what theory expected.
function gradientRatio(column) {
  const hidden = run.hidden.filter((i) => layers[i].g[column] !== null);
  if (hidden.length < 2) return null;
  const first = layers[hidden[0]];
  const last = layers[hidden[hidden.length - 1]];
  const expected = first.expected_g !== null && last.expected_g > 0
    ? first.expected_g / last.expected_g : null;
  return { first, last, measured: first.g[column] / last.g[column], expected };
}

// The column that shows a step: the last one observed at or before it.
function columnOf(step) {
  let low = 0;
  let high = columns.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (columns[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

// The last column that is finite throughout; the last one where there is none.
function firstShown() {
  const finite = (c) => !layers.some((layer) => isLost(layer.g[c]) || isLost(layer.z[c]));
  for (let c = columns.length - 1; c >= 0; --c) if (finite(c)) return c;
  return Math.max(0, columns.length - 1);
}

// What is shown. Every picture redraws what depends on it.
const state = { column: firstShown(), layer: 0, axis: "linear" };
const watchers = [];
function show(change) {
  Object.assign(state, change);
  state.column = Math.min(Math.max(state.column, 0), Math.max(0, columns.length - 1));
  state.layer = Math.min(Math.max(state.layer, 0), Math.max(0, layers.length - 1));
  for (const watcher of watchers) watcher(change);
}
