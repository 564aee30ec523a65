// Three heat maps of the chosen layer: log-magnitude histograms through time. A histogram is
// [first bin, elements, count, count, ...]; bin b begins at 2^(b - 36).

const binStart = (bin) => 2 ** (bin - 36);
const histogramHeight = 190;

function histogramShares(histogram) {
  const [first, total, ...counts] = histogram;
  const inBins = counts.reduce((a, b) => a + b, 0);
  return { first, counts: counts.map((n) => n / total), none: (total - inBins) / total };
}

function drawHistograms() {
  const host = $("histograms");
  const layer = layers[state.layer];
  document.querySelectorAll(".layer-name").forEach((node) => { node.textContent = layer.label; });
  const drawn = [["z", "Pre-activation", "|z|"], ["a", "Activation", layer.activation ? `|${layer.activation}(z)|` : "|a|"], ["g", "Gradient", "|dL/dz|"]]
    .map(([key, title, unit]) => ({ title, unit, list: layer.histograms[key] ?? [] }))
    .filter(({ list }) => list.some((h) => h !== null && h[1] > 0));
  $("histogram-section").hidden = layers.every((l) => l.histograms.step.length === 0);
  const inRow = host.clientWidth >= 860 ? 3 : 1;
  host.style.gridTemplateColumns = `repeat(${inRow}, minmax(0, 1fr))`;
  if (drawn.length === 0) {
    host.replaceChildren(element("p", { class: "lead" }, "No histograms were taken of this layer."));
    $("histograms-legend").replaceChildren();
    return;
  }
  const ramp = densityRamp();
  const greatest = drawn.reduce((most, { list }) => list.reduce((m, h) =>
    (h && h[1] > 0 ? Math.max(m, ...histogramShares(h).counts) : m), most), 0.01);
  host.replaceChildren(...drawn.map((plot) => {
    plot.node = element("div", { class: "chart" });
    return element("div", { class: "panel" }, element("h3", {}, plot.title, " ", element("span", { class: "unit" }, plot.unit)), plot.node);
  }));
  drawn.forEach((plot) => drawHistogram(plot, layer.histograms.step, ramp, greatest));
  drawDensityLegend(ramp, greatest);
}

function drawHistogram({ node, list, title, unit }, steps, ramp, greatest) {
  const left = 44;
  const width = node.clientWidth;
  const right = width - 12;
  const shares = list.map((h) => (h && h[1] > 0 ? histogramShares(h) : null));
  const used = shares.filter((s) => s && s.counts.length > 0);
  const low = used.reduce((m, s) => Math.min(m, s.first), 47);
  const high = used.reduce((m, s) => Math.max(m, s.first + s.counts.length), low + 1);
  const bottom = histogramHeight;
  const rowSize = (bottom - 8) / Math.max(4, high - low);
  const top = bottom - rowSize * (high - low);
  const zeroTop = bottom + 5;
  const yOf = (bin) => bottom - (bin - low) * rowSize;
  const x = stepScale(left, right);
  const picture = svg("svg", { width, height: bottom + 60, role: "img", "aria-label":
    `${title}: magnitudes from ${number(binStart(low))} to ${number(binStart(high))} through the run.` });
  bottomAxis(picture, x, zeroTop + 12, zeroTop + 12, stepTitle(), Math.floor((right - left) / 64));
  const exponents = { low: Math.log10(binStart(low)), high: Math.log10(binStart(high)) };
  leftAxis(picture, logScale(exponents, bottom, top), left, right, 6);
  picture.append(svg("text", { x: left - 8, y: zeroTop + 10, "text-anchor": "end" }, "0"));
  const end = (i) => (i + 1 < steps.length ? steps[i + 1] : stepRange.high);
  const color = (share) => ramp[Math.round(255 * Math.min(1, share / greatest))];
  const canvas = colorCanvas(left, 0, right - left, zeroTop + 12, (paint) => {
    shares.forEach((s, i) => {
      if (!s) return;
      const [x0, x1] = [x.at(steps[i]) - left, x.at(end(i)) - left];
      s.counts.forEach((share, k) => {
        if (share > 0) paint(x0, yOf(s.first + k + 1), x1, yOf(s.first + k), color(share));
      });
      if (s.none > 0) paint(x0, zeroTop, x1, zeroTop + 12, color(s.none));
    });
  });
  picture.append(svg("rect", { x: left - 0.5, y: top - 0.5, width: right - left + 1, height: bottom - top + 1, class: "frame" }),
    svg("rect", { x: left - 0.5, y: zeroTop - 0.5, width: right - left + 1, height: 13, class: "frame" }));
  const cursor = x.at(columns[state.column]);
  const over = svg("svg", { width, height: bottom + 20, "aria-hidden": "true", class: "over" },
    ...cased("line", { class: "cursor", x1: cursor, x2: cursor, y1: top, y2: zeroTop + 12 }));
  node.replaceChildren(picture, canvas, over);
  pointing(node, (event, px, py) => {
    let i = 0;
    while (i + 1 < steps.length && steps[i + 1] <= x.invert(px)) ++i;
    const s = shares[i];
    if (!s) return hideTip();
    const bin = low + Math.floor((bottom - py) / rowSize);
    const rows = py > bottom ? [["zero or NaN", percent(s.none)]]
      : [[`${number(binStart(bin))} to ${number(binStart(bin + 1))}`, percent(s.counts[bin - s.first] ?? 0)]];
    tip(event, `${unit} at step ${count(steps[i])}`, rows);
  }, (px) => show({ column: columnOf(Math.round(x.invert(px))) }));
}

function drawDensityLegend(ramp, greatest) {
  const bar = colorCanvas(0, 0, 120, 12, (paint) => {
    for (let i = 0; i < 120; ++i) paint(i, 0, i + 1, 12, ramp[Math.round((255 * i) / 119)]);
  });
  bar.style.cssText += "position:static";
  bar.className = "swatch-bar";
  $("histograms-legend").replaceChildren(element("span", {}, "0 %", bar, `${percent(greatest)} of the elements${greatest < 1 ? " or more" : ""}`));
}
