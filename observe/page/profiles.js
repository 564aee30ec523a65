// Four panels that share their rows, one a layer: gradient, activation, update, dead and saturated.

const gutter = 26;   // at the left for exact zeros, at the right for what is not finite
const endRoom = 20;  // for half a tick's label

function profilePanels() {
  const rectified = layers.some((layer) => layer.rectifies && layer.dead.some(isNumber));
  const saturated = layers.some((layer) => layer.saturates);
  const panels = [
    { title: "Gradient", unit: "RMS of dL/dz", kind: "log", series: [
      { name: "measured", style: "measured", of: (layer) => layer.g, range: true },
      { name: "expected by theory", style: "expected", at: expectedGradient }] },
    { title: "Activation", unit: "RMS of the pre-activation z", kind: "log", series: [
      { name: "measured", style: "measured", of: (layer) => layer.z, range: true },
      { name: "expected", style: "expected", at: (layer) => layer.expected_z },
      { name: "after the activation", style: "second", of: (layer) => layer.a }] },
    { title: "Update", unit: "RMS of change / RMS of weights", kind: "log", series: [
      { name: "measured", style: "measured", of: (layer) => layer.update, range: true }] },
  ];
  if (rectified || saturated) {
    panels.push({ title: rectified ? (saturated ? "Dead and saturated" : "Dead units") : "Saturated",
      unit: rectified ? (saturated ? "share of units, of elements" : "share of units, 0 on every sample") : "share of elements", kind: "share", series: [
        rectified && { name: "dead", style: "dead", at: (layer, c) => (layer.rectifies ? layer.dead[c] : null) },
        saturated && { name: "low end", style: "low", at: (layer, c) => (layer.saturates ? layer.low[c] : null) },
        saturated && { name: "high end", style: "high", at: (layer, c) => (layer.saturates ? layer.high[c] : null) },
      ].filter(Boolean) });
  }
  for (const panel of panels) {
    panel.series = panel.series.map((s) => ({ ...s, at: s.at ?? ((layer, c) => s.of(layer)[c]) }));
    const all = panel.series.flatMap((s) => layers.flatMap((layer) => columns.map((_, c) => s.at(layer, c))));
    panel.decades = decadesOf(all, 24);
    panel.hasZero = panel.kind === "log" && all.includes(0);
    panel.hasLost = panel.kind === "log" && all.some(isLost);
    panel.series = panel.series.filter((s) => layers.some((layer) => columns.some((_, c) => s.at(layer, c) !== null)));
  }
  return panels.filter((panel) => panel.series.length > 0);
}
const panels = columns.length > 0 ? profilePanels() : [];

function panelsInRow() {
  const width = $("profiles").clientWidth;
  return Math.min(panels.length, width >= 860 ? 4 : width >= 560 ? 2 : 1);
}

function drawProfiles() {
  const host = $("profiles");
  const inRow = panelsInRow();
  const names = nameWidth();
  host.style.gridTemplateColumns = Array.from({ length: inRow }, (_, i) =>
    `minmax(0, calc((100% - ${names + 10 * (inRow - 1)}px) / ${inRow}${i === 0 ? ` + ${names}px` : ""}))`).join(" ");
  host.replaceChildren(...panels.map((panel, i) => {
    const left = i % inRow === 0 ? names : endRoom;
    const indent = `padding-left:${left}px`;
    panel.node = element("div", { class: "chart" });
    panel.left = left;
    return element("div", { class: "panel" },
      element("h3", { style: indent }, panel.title, element("span", { class: "unit" }, panel.unit)),
      element("div", { class: "legend", style: indent }, ...panel.series.map((s) => panel.kind === "share"
        ? element("span", {}, element("i", { class: "swatch", style: `background:var(--${{ dead: "ink", low: "measured", high: "expected" }[s.style]})` }), s.name)
        : legendLine(s.style, s.name))), panel.node);
  }));
  panels.forEach(drawPanel);
}

function drawPanel(panel) {
  const { node, left } = panel;
  const width = node.clientWidth;
  const top = 4;
  const from = left + (panel.hasZero ? gutter : 6);
  const to = width - (panel.hasLost ? gutter + 4 : endRoom);
  const scale = panel.kind === "log" ? logScale(panel.decades, from, to) : linearScale(0, 1, from, to);
  if (panel.kind === "share") {
    const plain = scale.ticks;
    scale.ticks = () => plain(2).map((t) => ({ ...t, text: `${Math.round(Number(t.text) * 100)} %` }));
  }
  const picture = svg("svg", { width, height: rowsHeight + 28, role: "img",
    "aria-label": `${panel.title}, ${panel.unit}, at step ${columns[state.column]}. The table below has the values.` });
  bottomAxis(picture, scale, top, top + rowsHeight, "", Math.max(2, Math.floor((to - from) / 46)));
  if (panel.hasZero) picture.append(svg("text", { x: left + 8, y: top + rowsHeight + 16, "text-anchor": "middle" }, "0"));
  if (panel.hasLost) picture.append(svg("text", { x: width - 14, y: top + rowsHeight + 16, "text-anchor": "middle", class: "lost-text" }, "NaN"));
  if (left > endRoom) rowNames(picture, left, top);
  picture.append(svg("rect", { class: "band", x: from - 6, width: to - from + 12, y: top + state.layer * rowHeight, height: Math.max(2, rowHeight) }));
  const place = (value) => value === null ? null : isLost(value) ? width - 14 : value === 0 && panel.kind === "log" ? left + 8 : scale.at(value);
  if (panel.kind === "share") drawShares(picture, panel, scale, top);
  else {
    for (const series of panel.series) if (series.range) drawRange(picture, series, scale, top);
    for (const series of [...panel.series].reverse()) drawSeries(picture, series, place, top);
  }
  node.replaceChildren(picture);
  pointing(node, (event, px, py) => {
    const layer = layers[rowAt(py - top)];
    tip(event, `${layer.label}, step ${count(columns[state.column])}`, layerRows(layer, state.column));
  }, (px, py) => show({ layer: rowAt(py - top) }));
}

// From the least to the greatest value of each layer in the whole run.
function drawRange(picture, series, scale, top) {
  if (columns.length < 2) return;
  let near = "";
  let far = "";
  const flush = () => {
    if (near) picture.append(svg("polygon", { points: near + far, class: "range" }));
    near = far = "";
  };
  layers.forEach((layer, row) => {
    const values = series.of(layer).filter((v) => isNumber(v) && v > 0);
    if (values.length === 0) return flush();
    const [low, high] = [Math.min(...values), Math.max(...values)].map(scale.at);
    const y = [top + row * rowHeight, top + (row + 1) * rowHeight];
    near += y.map((v) => `${low.toFixed(1)},${v.toFixed(1)} `).join("");
    far = y.reverse().map((v) => `${Math.max(high, low + 1).toFixed(1)},${v.toFixed(1)} `).join("") + far;
  });
  flush();
}

function drawSeries(picture, series, place, top) {
  const y = (row) => top + (row + 0.5) * rowHeight;
  const values = layers.map((layer) => series.at(layer, state.column));
  // Layers without a value, such as a normalisation without a theory, do not break the line.
  const known = values.map((v, row) => [v, row]).filter(([v]) => v !== null);
  picture.append(svg("path", { class: series.style,
    d: brokenLine(known.map(([v, row]) => (isNumber(v) && v > 0 ? [place(v), y(row)] : null))) }));
  if (series.style === "expected") return;
  for (const [v, row] of known) {
    if (rowHeight < 7 && isNumber(v) && v > 0) continue;
    picture.append(svg("circle", { cx: place(v), cy: y(row), r: series.style === "second" ? 2 : Math.min(3.2, Math.max(1, rowHeight / 2)),
      class: `dot ${series.style === "second" ? "second" : ""} ${isLost(v) ? "nan" : ""}` }));
  }
}

function drawShares(picture, panel, scale, top) {
  const thick = Math.max(1, Math.min(14, rowHeight * 0.7));
  layers.forEach((layer, row) => {
    let sum = 0;
    for (const series of panel.series) {
      const share = series.at(layer, state.column);
      if (!isNumber(share) || share <= 0) continue;
      const [x0, x1] = [scale.at(sum), scale.at(Math.min(1, sum + share))];
      picture.append(svg("rect", { x: x0, width: Math.max(0.5, x1 - x0), y: top + (row + 0.5) * rowHeight - thick / 2, height: thick, class: `share ${series.style}` }));
      sum += share;
    }
  });
}
