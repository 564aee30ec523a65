// Elements, axes, labels and the tip that all pictures share.

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}
function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}
function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}
const $ = (id) => document.getElementById(id);

const ruler = document.createElement("canvas").getContext("2d");
function textWidth(text) {
  ruler.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

// What the paths of all layers begin with, in whole components: "encoder.blocks.".
const commonPath = (() => {
  const paths = layers.map((layer) => layer.name.split("."));
  const [first = []] = paths;
  let shared = 0;
  while (shared < first.length - 1 && paths.every((p) => p.length > shared + 1 && p[shared] === first[shared])) ++shared;
  return layers.length > 1 ? first.slice(0, shared).map((part) => part + ".").join("") : "";
})();
const rowName = (layer) => layer.label.slice(commonPath.length);

// Takes letters out of the words before the last, then of the last: numbers and last names tell
// layers apart. "encoder.blocks.3.linear_in" -> "e\u2026b\u20263.linear_in".
function shortened(text, width) {
  const words = text.split(".");
  const keep = words.map((word) => word.length);
  const last = words.length - 1;
  const shown = (word, i) => (keep[i] >= word.length ? word : i < last ? `${word.slice(0, keep[i])}\u2026`
    : `${word.slice(0, Math.ceil(keep[i] / 2))}\u2026${word.slice(word.length - Math.floor(keep[i] / 2))}`);
  const join = () => words.map(shown).join(".").replaceAll("\u2026.", "\u2026");
  while (textWidth(join()) > width) {
    const longest = keep.slice(0, last).reduce((best, n, i) => (n > 1 && !(n <= keep[best]) ? i : best), -1);
    if (longest < 0 && keep[last] <= 2) break;
    --keep[longest < 0 ? last : longest];
  }
  return join();
}

// Rows, one a layer, from the top. Charts through time share the width of their names.
let rowHeight = 0;
let rowsHeight = 0;
function setRows() {
  const n = layers.length;
  rowHeight = n <= 8 ? 30 : n <= 20 ? 22 : n <= 45 ? 15 : Math.max(1, (isNarrow() ? 480 : 660) / n);
  rowsHeight = Math.round(rowHeight * n);
}
const rowAt = (y) => Math.min(layers.length - 1, Math.max(0, Math.floor(y / rowHeight)));
const isNarrow = () => document.body.clientWidth < 640;
function nameWidth() {
  const longest = layers.reduce((w, layer) => Math.max(w, textWidth(rowName(layer))), 0);
  return Math.ceil(Math.min(isNarrow() ? 92 : 170, Math.max(56, longest + 12)));
}

// Names beside rows; where they would touch, every second, fifth, tenth ... one.
function rowNames(parent, width, top) {
  const every = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000].find((n) => n * rowHeight >= 14.5) ?? 2000;
  for (let i = 0; i < layers.length; i += every) {
    parent.append(svg("text", { x: width - 8, y: top + (i + 0.5) * rowHeight + 4, "text-anchor": "end", class: "name" },
      shortened(rowName(layers[i]), width - 10)));
  }
}

// Ticks below a plot. Labels that would touch their neighbour are left out.
function bottomAxis(parent, scale, top, bottom, title, n) {
  let free = -Infinity;
  for (const tick of scale.ticks(n)) {
    parent.append(svg("line", { x1: tick.at, x2: tick.at, y1: top, y2: bottom, class: "grid" }));
    const half = textWidth(tick.text) / 2;
    if (tick.at - half < free) continue;
    parent.append(svg("text", { x: tick.at, y: bottom + 16, "text-anchor": "middle" }, tick.text));
    free = tick.at + half + 6;
  }
  if (title) {
    parent.append(svg("text", { x: (scale.from + scale.to) / 2, y: bottom + 33, "text-anchor": "middle" }, title));
  }
}

function leftAxis(parent, scale, left, right, n) {
  for (const tick of scale.ticks(n)) {
    parent.append(svg("line", { x1: left, x2: right, y1: tick.at, y2: tick.at, class: "grid" }));
    parent.append(svg("text", { x: left - 8, y: tick.at + 4, "text-anchor": "end" }, tick.text));
  }
}

// A polyline that breaks where a value is missing. points: [x, y] or null.
function brokenLine(points) {
  let d = "";
  let open = false;
  for (const point of points) {
    if (point) d += `${open ? "L" : "M"}${point[0].toFixed(1)},${point[1].toFixed(1)}`;
    open = point !== null;
  }
  return d;
}

// A canvas of colours at the right resolution, placed over a plot. rectangles: [x, y, w, h, rgb].
function colorCanvas(left, top, width, height, paint) {
  const canvas = element("canvas");
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.cssText = `left:${left}px;top:${top}px;width:${width}px;height:${height}px`;
  const context = canvas.getContext("2d");
  paint((x0, y0, x1, y1, rgb) => {
    const [l, t, r, b] = [x0, y0, x1, y1].map((v) => Math.round(v * ratio));
    context.fillStyle = `rgb(${rgb.join(",")})`;
    context.fillRect(l, t, Math.max(1, r - l), Math.max(1, b - t));
  });
  return canvas;
}

// A mark that shows over colours of any lightness.
const cased = (name, attributes) => ["case", "line"].map((layer) =>
  svg(name, { ...attributes, class: `${attributes.class} ${layer}` }));

// The tip beside the pointer: a title and rows of [what, value].
function tip(event, title, rows) {
  const box = $("tip");
  box.replaceChildren(element("b", {}, title),
    element("table", {}, ...rows.map(([what, value]) =>
      element("tr", {}, element("td", {}, what), element("td", {}, value)))));
  const { width, height } = box.getBoundingClientRect();
  const right = document.documentElement.clientWidth;
  const x = event.clientX + 14 + width > right ? event.clientX - 14 - width : event.clientX + 14;
  const y = event.clientY + 14 + height > window.innerHeight ? event.clientY - 14 - height : event.clientY + 14;
  box.style.left = `${Math.max(4, Math.min(x, right - width - 4))}px`;
  box.style.top = `${Math.max(4, y)}px`;
  box.style.visibility = "visible";
}
const hideTip = () => { $("tip").style.visibility = "hidden"; };

// Pointer over a picture: `look` on moving, `choose` on a click or tap.
function pointing(node, look, choose) {
  const local = (event) => {
    const box = node.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  node.onpointermove = (event) => look(event, ...local(event));
  node.onpointerdown = (event) => look(event, ...local(event));
  node.onclick = (event) => choose(...local(event));
  // A finger's tip stays until the page is scrolled or touched elsewhere.
  node.onpointerleave = (event) => { if (event.pointerType === "mouse") hideTip(); };
}

function layerRows(layer, column) {
  const rows = [["RMS dL/dz", number(layer.g[column])]];
  const expected = expectedGradient(layer, column);
  if (expected !== null) rows.push(["expected", number(expected)]);
  rows.push(["RMS z", number(layer.z[column])]);
  if (layer.a[column] !== null) rows.push([`RMS ${layer.activation || "activation"}`, number(layer.a[column])]);
  if (layer.update[column] !== null) rows.push(["update / weight", number(layer.update[column])]);
  if (layer.saturates) rows.push(["saturated", percent(layer.low[column] + layer.high[column])]);
  if (layer.dead[column] !== null && layer.rectifies) rows.push(["dead units", percent(layer.dead[column])]);
  return rows;
}
