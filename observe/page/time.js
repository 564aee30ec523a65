// Pictures through time: their shared axis of steps, the step that is shown, what is not finite.

function timeChart(node, {height, marks, description}, paint) {
  const width = node.clientWidth;
  const left = nameWidth;
  const right = width - 12;
  const top = marks ? 26 : 8;
  const bottom = height - 40;
  const x = stepScale(left, right);
  const picture = svg('svg', {width, height, role: 'img', 'aria-label': description});
  bottomAxis(picture, x, top, bottom, stepTitle(), Math.floor((right - left) / 64));
  const extra = paint(picture, x, {left, right, top, bottom});
  picture.append(svg('line', {class: 'cursor', y1: top, y2: bottom}));
  node.replaceChildren(picture);
  moveCursor(node, x);
  pointing(node, (event, px) => {
    const i = nearestStep(x.invert(px));
    tip(event, `Step ${count(run.steps.step[i])}`, extra(i));
  }, (px) => show({column: columnOf(Math.round(x.invert(px)))}));
}

function moveCursor(node, x) {
  if (columns.length === 0) return;
  const at = x.at(columns[state.column]);
  for (const line of node.querySelectorAll('.cursor')) filled(line, {x1: at, x2: at}, []);
}

function moveTimeCursors() {
  for (const id of ['loss', 'norms', 'flow']) {
    const node = $(id);
    if (node.clientWidth > 0) moveCursor(node, stepScale(nameWidth, node.clientWidth - 12));
  }
}

function nearestStep(step) {
  const steps = run.steps.step;
  let best = 0;
  for (let i = 1; i < steps.length; ++i) {
    if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
  }
  return best;
}

// Stretches of steps whose value is NaN or infinite, as [first, last] indices.
function lostStretches(values) {
  const stretches = [];
  values.forEach((v, i) => {
    if (!isLost(v)) return;
    const open = stretches[stretches.length - 1];
    if (open && open[1] === i - 1)
      open[1] = i;
    else
      stretches.push([i, i]);
  });
  return stretches;
}

// `steps` are those that the values belong to.
function drawLost(picture, values, steps, x, {top, bottom}) {
  for (const [first, last] of lostStretches(values)) {
    const from = x.at(steps[first]);
    const to = x.at(last + 1 < values.length ? steps[last + 1] : stepRange.high);
    picture.append(
        svg('rect',
            {x: from, y: top, width: Math.max(2, to - from), height: bottom - top, class: 'lost'}));
    if (to - from > 70) {
      picture.append(svg(
          'text',
          {x: (from + to) / 2, y: (top + bottom) / 2, 'text-anchor': 'middle', class: 'lost-text'},
          'not finite'));
    }
  }
}
