// The norm of all gradients as one vector, before and after clipping.

function drawNorms() {
  const {loss, grad_norm, clipped_norm, update_norm} = run.steps;
  const all = [...grad_norm, ...clipped_norm].filter((v) => isNumber(v) && v > 0);
  $('norms-block').hidden = all.length === 0;
  if (all.length === 0) return;
  const isClipped = (i) => isNumber(clipped_norm[i]) && clipped_norm[i] < grad_norm[i] * (1 - 1e-6);
  const clipped = grad_norm.filter((_, i) => isClipped(i)).length;
  const seen = grad_norm.map((v, i) => [v, i]).filter(([v]) => v !== null).map(([, i]) => i);
  const legend = clipped > 0 ?
      [
        legendLine('measured', 'before clipping'),
        legendLine(
            'expected',
            `as the optimiser saw it: clipped at ${count(clipped)} of ${
                counted(seen.length, 'observed step')}`)
      ] :
      [];
  $('norms-legend').replaceChildren(...legend);
  timeChart(
      $('norms'), {
        height: 170,
        description: `Norm of the gradient, from ${number(grad_norm[seen[0]])} to ${
            number(grad_norm[seen[seen.length - 1]])}.`
      },
      (picture, x, box) => {
        const y = {...logScale(decadesOf(all), box.bottom, box.top), positive: true};
        leftAxis(picture, y, box.left, box.right, 4);
        const observed = (values) => brokenLine(seen.map(
            (i) =>
                (isNumber(values[i]) && values[i] > 0 ? [x.at(run.steps.step[i]), y.at(values[i])] :
                                                        null)));
        drawLost(
            picture, seen.map((i) => (isLost(loss[i]) ? NaN : grad_norm[i])),
            seen.map((i) => run.steps.step[i]), x, box);
        // Beneath the other, so that it shows where they differ.
        if (clipped > 0)
          picture.append(svg('path', {d: observed(clipped_norm), class: 'expected'}));
        picture.append(svg('path', {d: observed(grad_norm), class: 'measured'}));
        if (seen.length <= 12) {
          for (const i of seen) {
            if (isNumber(grad_norm[i]) && grad_norm[i] > 0)
              picture.append(
                  svg('circle',
                      {cx: x.at(run.steps.step[i]), cy: y.at(grad_norm[i]), r: 3, class: 'dot'}));
          }
        }
        return (i) => grad_norm[i] === null ? [['not observed', '']] : [
          ['gradient norm', number(grad_norm[i])],
          ...(isClipped(i) ? [['clipped to', number(clipped_norm[i])]] : []),
          ['norm of the update', number(update_norm[i])]
        ];
      });
}
