// The heat map of RMS dL/dz: a row a layer, a column an observed step.

const flowMargin = { top: 6, right: 12, bottom: 42 };

// Steps that a column stands for: from its own to the next one's.
const columnEnd = (c) => (c + 1 < columns.length ? columns[c + 1] : stepRange.high);

const flowScale = () => logScale(decadesOf(layers.flatMap((layer) => layer.g), 24), 0, 1);


function drawFlow() {
  const node = $("flow");
  const width = node.clientWidth;
  const left = plotLeft();
  const { top, right, bottom } = flowMargin;
  const height = rowsHeight + top + bottom;
  const x = stepScale(left, width - right);
  const scale = flowScale();
  const picture = svg("svg", { width, height, "aria-hidden": "true" });
  bottomAxis(picture, x, top + rowsHeight, top + rowsHeight, stepTitle(), Math.floor((width - left) / 64));
  rowNames(picture, left, top);
  picture.append(svg("rect", { x: left - 0.5, y: top - 0.5, width: width - right - left + 1, height: rowsHeight + 1, class: "frame" }));
  const canvas = colorCanvas(left, top, width - right - left, rowsHeight, (paint) => {
    const special = { lost: themeColor("--nan"), zero: themeColor("--soft") };
    layers.forEach((layer, row) => layer.g.forEach((value, c) => {
      if (value === null) return;
      const rgb = isLost(value) ? special.lost : value === 0 ? special.zero : flowRamp[Math.round(255 * scale.share(value))];
      paint(x.at(columns[c]) - left, row * rowHeight, x.at(columnEnd(c)) - left, (row + 1) * rowHeight, rgb);
    }));
  });
  const over = svg("svg", { width, height, "aria-hidden": "true", class: "over" },
    ...cased("line", { class: "cursor", y1: top, y2: top + rowsHeight }), ...cased("rect", { class: "chosen-row" }));
  node.replaceChildren(picture, canvas, over);
  const cell = (px, py) => ({ column: columnOf(Math.max(stepRange.low, x.invert(px))), layer: rowAt(py - top) });
  pointing(node, (event, px, py) => {
    const { column, layer } = cell(px, py);
    tip(event, `${layers[layer].label}, step ${count(columns[column])}`, layerRows(layers[layer], column));
  }, (px, py) => show(cell(px, py)));
  drawFlowLegend(scale);
  markFlow();
}

// The row and the step that are shown elsewhere.
function markFlow() {
  const node = $("flow");
  const left = plotLeft();
  const x = stepScale(left, node.clientWidth - flowMargin.right);
  for (const row of node.querySelectorAll(".chosen-row")) {
    filled(row, { x: left - 1.5, width: x.to - left + 3, y: flowMargin.top + state.layer * rowHeight - 1.5, height: rowHeight + 3 }, []);
  }
  moveCursor(node, x);
  const layer = layers[state.layer];
  const ratio = gradientRatio(state.column);
  const lead = ["RMS of dL/dz, the gradient at each layer's output, on a logarithmic scale."];
  if (ratio && isLost(ratio.measured)) {
    lead.push(`At step ${count(columns[state.column])} it is not finite.`);
  } else if (ratio) {
    lead.push(`At step ${count(columns[state.column])} it is ${number(ratio.first.g[state.column])} in ${ratio.first.label} and ` +
      `${number(ratio.last.g[state.column])} in ${ratio.last.label}: a ratio of ${number(ratio.measured)}` +
      (ratio.expected !== null ? `, where theory expected ${number(ratio.expected)} of the initial weights.` : "."));
  }
  $("flow-lead").textContent = lead.join(" ");
  $("announce").textContent = document.activeElement === node
    ? `${layer.label}, step ${columns[state.column]}: ${layerRows(layer, state.column).map((r) => r.join(" ")).join(", ")}` : "";
}

// A bar of colours with powers of ten, and the colours that stand apart where they occur.
function drawFlowLegend(scale) {
  const length = Math.min(300, $("flow").clientWidth - 40);
  const bar = colorCanvas(0, 0, length, 12, (paint) => {
    for (let i = 0; i < length; ++i) paint(i, 0, i + 1, 12, flowRamp[Math.round((255 * i) / (length - 1))]);
  });
  bar.style.cssText += "position:static;display:block;margin:0 14px";
  const labels = svg("svg", { width: length + 28, height: 16 });
  for (const tick of scale.ticks(6)) {
    const at = 14 + tick.at * length;
    labels.append(svg("line", { x1: at, x2: at, y1: 0, y2: 4, class: "frame" }), svg("text", { x: at, y: 15, "text-anchor": "middle" }, tick.text));
  }
  const entries = [element("div", { role: "img", "aria-label": `Colours from ${powerOfTen(scale.low)}, dark, to ${powerOfTen(scale.high)}, bright` }, bar, labels)];
  const all = layers.flatMap((layer) => layer.g);
  const apart = (color, text) => element("span", {}, element("i", { class: "swatch", style: `background:${color}` }), text);
  if (all.includes(0)) entries.push(apart("var(--soft)", "exactly 0"));
  if (all.some(isLost)) entries.push(apart("var(--nan)", "NaN or infinite"));
  if (all.includes(null)) entries.push(apart("var(--panel)", "no gradient seen"));
  $("flow-legend").replaceChildren(...entries);
}

function flowKeys(event) {
  const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], PageUp: [0, -10], PageDown: [0, 10] }[event.key];
  if (event.key === "Home") show({ column: 0 });
  else if (event.key === "End") show({ column: columns.length - 1 });
  else if (move) show({ column: state.column + move[0], layer: state.layer + move[1] });
  else return;
  event.preventDefault();
}
