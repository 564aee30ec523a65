// The loss through the run, with the findings marked where they began.

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
  if (finite.length === 0) return {...linearScale(0, 1, bottom, top), ticks: () => [], log: false};
  if (low > 0 && high / low > 100) return {...logScale(decadesOf(finite), bottom, top), log: true};
  const from = low >= 0 ? 0 : low;
  const to = high > from ? from + (high - from) * 1.05 : from + 1;
  return {...linearScale(from, to, bottom, top), log: false};
}

// Findings that begin close together share a badge: "1, 2", "3-7".
function badges(x) {
  const groups = [];
  run.findings.map((f, i) => ({at: x.at(f.since_step), i, error: f.severity === 'error'}))
      .sort((a, b) => a.at - b.at)
      .forEach((f) => {
        const open = groups[groups.length - 1];
        if (open && f.at - open.at < 28)
          open.members.push(f);
        else
          groups.push({at: f.at, members: [f]});
      });
  return groups.map(({at, members}) => {
    const ids = members.map((m) => m.i + 1).sort((a, b) => a - b);
    const runs = [];
    for (const id of ids) {
      const open = runs[runs.length - 1];
      if (open && open[1] === id - 1)
        open[1] = id;
      else
        runs.push([id, id]);
    }
    return {
      at,
      error: members.some((m) => m.error),
      text: runs.map(([a, b]) => (a === b ? `${a}` : `${a}\u2013${b}`)).join(', ')
    };
  });
}

function curve(values, x, y) {
  return brokenLine(values.map(
      (v, i) =>
          (isNumber(v) && (!y.positive || v > 0) ? [x.at(run.steps.step[i]), y.at(v)] : null)));
}

// A line, or dots where there are too few points to make one.
function drawCurve(picture, values, x, y, style) {
  const path = svg('path', {d: curve(values, x, y), class: style});
  picture.append(path);
  if (values.filter(isNumber).length > 12) return;
  values.forEach((v, i) => {
    if (isNumber(v))
      picture.append(svg('circle', {cx: x.at(run.steps.step[i]), cy: y.at(v), r: 3, class: 'dot'}));
  });
}

function drawLoss() {
  const {loss} = run.steps;
  if (loss.length === 0) {
    $('loss-section').hidden = true;
    return;
  }
  const finite = loss.filter(isNumber);
  const {log} = lossScale(loss, 0, 1);
  const mean = smoothed(loss, log);
  const lost = loss.findIndex(isLost);
  const lead = [mean ? 'Each step, and its mean over a fiftieth of the run.' : 'Each step.'];
  if (run.findings.length > 0) lead.push('Numbers mark where the findings began.');
  if (lost >= 0) lead.push(`Not finite from step ${count(run.steps.step[lost])}.`);
  if (log) lead.push('The axis is logarithmic.');
  const description = finite.length > 0 ?
      `Loss from ${number(loss[0])} to ${number(loss[loss.length - 1])} in ${
          counted(run.run_steps, 'step')}; least ${number(Math.min(...finite))}.` :
      'The loss was never finite.';
  timeChart(
      $('loss'), {height: 250, marks: run.findings.length > 0, description}, (picture, x, box) => {
        const y = lossScale(loss, box.bottom, box.top);
        leftAxis(picture, y, box.left, box.right, 5);
        drawLost(picture, loss, run.steps.step, x, box);
        for (const badge of badges(x)) {
          const style = badge.error ? ' error' : '';
          const half = Math.max(10, textWidth(badge.text) / 2 + 6);
          const center = Math.min(Math.max(badge.at, half), box.right + 10 - half);
          picture.append(
              svg('line',
                  {x1: badge.at, x2: badge.at, y1: 20, y2: box.bottom, class: 'mark' + style}),
              svg('rect', {
                x: center - half,
                y: 2,
                width: 2 * half,
                height: 19,
                rx: badge.error ? 4 : 9.5,
                class: 'badge' + style
              }),
              svg('text', {x: center, y: 15.5, class: 'badge-text'}, badge.text));
        }
        drawCurve(picture, loss, x, y, mean ? 'raw' : 'measured');
        if (mean) picture.append(svg('path', {d: curve(mean, x, y), class: 'measured'}));
        return (i) => [['loss', number(loss[i])]];
      });
  $('loss-lead').textContent = lead.join(' ');
}
