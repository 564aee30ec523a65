// Loss and gradient norm through the run, with the findings marked where they began.

const plotLeft = () => nameWidth();

// Centred mean over a fiftieth of the run, for runs long enough to be noisy; on a logarithmic axis
// the geometric one, which follows the line that is seen.
function smoothed(values, log) {
  const half = Math.floor(values.length / 100);
  if (values.filter(isNumber).length < 150) return null;
  return values.map((value, i) => {
    if (!isNumber(value)) return null;
    const near = values.slice(Math.max(0, i - half), i + half + 1).filter(isNumber);
    const mean = near.reduce((sum, v) => sum + (log ? Math.log(v) : v), 0) / near.length;
    return log ? Math.exp(mean) : mean;
  });
}

// Positive values over more than two decades are drawn logarithmically, and the axis says so.
function lossScale(values, bottom, top) {
  const finite = values.filter(isNumber);
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  if (finite.length === 0) return { ...linearScale(0, 1, bottom, top), ticks: () => [], log: false };
  if (low > 0 && high / low > 100) return { ...logScale(decadesOf(finite), bottom, top), log: true };
  const from = low >= 0 ? 0 : low;
  const to = high > from ? from + (high - from) * 1.05 : from + 1;
  return { ...linearScale(from, to, bottom, top), log: false };
}

// Stretches of steps whose value is NaN or infinite, as [first, last] indices.
function lostStretches(values) {
  const stretches = [];
  values.forEach((v, i) => {
    if (!isLost(v)) return;
    const open = stretches[stretches.length - 1];
    if (open && open[1] === i - 1) open[1] = i;
    else stretches.push([i, i]);
  });
  return stretches;
}

// Findings that begin close together share a badge: "1, 2", "3-7".
function badges(x) {
  const groups = [];
  run.findings.map((f, i) => ({ at: x.at(f.since_step), i, error: f.severity === "error" }))
    .sort((a, b) => a.at - b.at)
    .forEach((f) => {
      const open = groups[groups.length - 1];
      if (open && f.at - open.at < 28) open.members.push(f);
      else groups.push({ at: f.at, members: [f] });
    });
  return groups.map(({ at, members }) => {
    const ids = members.map((m) => m.i + 1).sort((a, b) => a - b);
    const runs = [];
    for (const id of ids) {
      const open = runs[runs.length - 1];
      if (open && open[1] === id - 1) open[1] = id;
      else runs.push([id, id]);
    }
    return { at, error: members.some((m) => m.error),
      text: runs.map(([a, b]) => (a === b ? `${a}` : `${a}\u2013${b}`)).join(", ") };
  });
}

function timeChart(node, { height, marks, description }, paint) {
  const width = node.clientWidth;
  const left = plotLeft();
  const right = width - 12;
  const top = marks ? 26 : 8;
  const bottom = height - 40;
  const x = stepScale(left, right);
  const picture = svg("svg", { width, height, role: "img", "aria-label": description });
  bottomAxis(picture, x, top, bottom, stepTitle(), Math.floor((right - left) / 64));
  const extra = paint(picture, x, { left, right, top, bottom });
  picture.append(svg("line", { class: "cursor", y1: top, y2: bottom }));
  node.replaceChildren(picture);
  moveCursor(node, x);
  pointing(node, (event, px) => {
    const i = nearestStep(x.invert(px));
    tip(event, `Step ${count(run.steps.step[i])}`, extra(i));
  }, (px) => show({ column: columnOf(Math.round(x.invert(px))) }));
}

function moveCursor(node, x) {
  if (columns.length === 0) return;
  const at = x.at(columns[state.column]);
  for (const line of node.querySelectorAll(".cursor")) filled(line, { x1: at, x2: at }, []);
}

function nearestStep(step) {
  const steps = run.steps.step;
  let best = 0;
  for (let i = 1; i < steps.length; ++i) {
    if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
  }
  return best;
}

function curve(values, x, y) {
  return brokenLine(values.map((v, i) => (isNumber(v) && (!y.positive || v > 0) ? [x.at(run.steps.step[i]), y.at(v)] : null)));
}

// A line, or dots where there are too few points to make one.
function drawCurve(picture, values, x, y, style) {
  const path = svg("path", { d: curve(values, x, y), class: style });
  picture.append(path);
  if (values.filter(isNumber).length > 12) return;
  values.forEach((v, i) => {
    if (isNumber(v)) picture.append(svg("circle", { cx: x.at(run.steps.step[i]), cy: y.at(v), r: 3, class: "dot" }));
  });
}

// `steps` are those that the values belong to.
function drawLost(picture, values, steps, x, { top, bottom }) {
  for (const [first, last] of lostStretches(values)) {
    const from = x.at(steps[first]);
    const to = x.at(last + 1 < values.length ? steps[last + 1] : stepRange.high);
    picture.append(svg("rect", { x: from, y: top, width: Math.max(2, to - from), height: bottom - top, class: "lost" }));
    if (to - from > 70) {
      picture.append(svg("text", { x: (from + to) / 2, y: (top + bottom) / 2, "text-anchor": "middle", class: "lost-text" }, "not finite"));
    }
  }
}

function drawLoss() {
  const { loss } = run.steps;
  if (loss.length === 0) {
    $("loss-section").hidden = true;
    return;
  }
  const finite = loss.filter(isNumber);
  const { log } = lossScale(loss, 0, 1);
  const mean = smoothed(loss, log);
  const lost = loss.findIndex(isLost);
  const lead = [mean ? "Each step, and its mean over a fiftieth of the run." : "Each step."];
  if (run.findings.length > 0) lead.push("Numbers mark where the findings began.");
  if (lost >= 0) lead.push(`Not finite from step ${count(run.steps.step[lost])}.`);
  if (log) lead.push("The axis is logarithmic.");
  const description = finite.length > 0
    ? `Loss from ${number(loss[0])} to ${number(loss[loss.length - 1])} in ${counted(run.run_steps, "step")}; least ${number(Math.min(...finite))}.`
    : "The loss was never finite.";
  timeChart($("loss"), { height: 250, marks: run.findings.length > 0, description }, (picture, x, box) => {
    const y = lossScale(loss, box.bottom, box.top);
    leftAxis(picture, y, box.left, box.right, 5);
    drawLost(picture, loss, run.steps.step, x, box);
    for (const badge of badges(x)) {
      const style = badge.error ? " error" : "";
      const half = Math.max(10, textWidth(badge.text) / 2 + 6);
      const center = Math.min(Math.max(badge.at, half), box.right + 10 - half);
      picture.append(svg("line", { x1: badge.at, x2: badge.at, y1: 20, y2: box.bottom, class: "mark" + style }),
        svg("rect", { x: center - half, y: 2, width: 2 * half, height: 19, rx: badge.error ? 4 : 9.5, class: "badge" + style }),
        svg("text", { x: center, y: 15.5, class: "badge-text" }, badge.text));
    }
    drawCurve(picture, loss, x, y, mean ? "raw" : "measured");
    if (mean) picture.append(svg("path", { d: curve(mean, x, y), class: "measured" }));
    return (i) => [["loss", number(loss[i])]];
  });
  $("loss-lead").textContent = lead.join(" ");
}

function drawNorms() {
  const { loss, grad_norm, clipped_norm, update_norm } = run.steps;
  const all = [...grad_norm, ...clipped_norm].filter((v) => isNumber(v) && v > 0);
  $("norms-block").hidden = all.length === 0;
  if (all.length === 0) return;
  const isClipped = (i) => isNumber(clipped_norm[i]) && clipped_norm[i] < grad_norm[i] * (1 - 1e-6);
  const clipped = grad_norm.filter((_, i) => isClipped(i)).length;
  const seen = grad_norm.map((v, i) => [v, i]).filter(([v]) => v !== null).map(([, i]) => i);
  const legend = clipped > 0
    ? [legendLine("measured", "before clipping"), legendLine("expected", `as the optimiser saw it: clipped at ${count(clipped)} of ${counted(seen.length, "observed step")}`)]
    : [];
  $("norms-legend").replaceChildren(...legend);
  timeChart($("norms"), { height: 170, description: `Norm of the gradient, from ${number(grad_norm[seen[0]])} to ${number(grad_norm[seen[seen.length - 1]])}.` }, (picture, x, box) => {
    const y = { ...logScale(decadesOf(all), box.bottom, box.top), positive: true };
    leftAxis(picture, y, box.left, box.right, 4);
    const observed = (values) => brokenLine(seen.map((i) => (isNumber(values[i]) && values[i] > 0 ? [x.at(run.steps.step[i]), y.at(values[i])] : null)));
    drawLost(picture, seen.map((i) => (isLost(loss[i]) ? NaN : grad_norm[i])), seen.map((i) => run.steps.step[i]), x, box);
    // Beneath the other, so that it shows where they differ.
    if (clipped > 0) picture.append(svg("path", { d: observed(clipped_norm), class: "expected" }));
    picture.append(svg("path", { d: observed(grad_norm), class: "measured" }));
    if (seen.length <= 12) {
      for (const i of seen) {
        if (isNumber(grad_norm[i]) && grad_norm[i] > 0) picture.append(svg("circle", { cx: x.at(run.steps.step[i]), cy: y.at(grad_norm[i]), r: 3, class: "dot" }));
      }
    }
    return (i) => grad_norm[i] === null ? [["not observed", ""]] : [
      ["gradient norm", number(grad_norm[i])],
      ...(isClipped(i) ? [["clipped to", number(clipped_norm[i])]] : []),
      ["norm of the update", number(update_norm[i])]];
  });
}

function legendLine(style, text) {
  return element("span", {}, svg("svg", { width: 26, height: 10 }, svg("line", { x1: 1, x2: 25, y1: 5, y2: 5, class: style })), text);
}

function moveTimeCursors() {
  for (const id of ["loss", "norms", "flow"]) {
    const node = $(id);
    if (node.clientWidth > 0) moveCursor(node, stepScale(plotLeft(), node.clientWidth - 12));
  }
}
