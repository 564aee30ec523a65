// What the panels by layer show: gradient, activation, update, dead and saturated.

const gutter = 26;   // at the left for exact zeros, at the right for what is not finite
const endRoom = 20;  // for half a tick's label

function profilePanels() {
  const rectified = layers.some((layer) => layer.rectifies && layer.dead.some(isNumber));
  const saturated = layers.some((layer) => layer.saturates);
  const panels = [
    {
      title: 'Gradient',
      unit: 'RMS of dL/dz',
      kind: 'log',
      series: [
        {name: 'measured', style: 'measured', of: (layer) => layer.g, range: true},
        {name: 'expected by theory', style: 'expected', at: expectedGradient}
      ]
    },
    {
      title: 'Activation',
      unit: 'RMS of the pre-activation z',
      kind: 'log',
      series: [
        {name: 'measured', style: 'measured', of: (layer) => layer.z, range: true},
        {name: 'expected', style: 'expected', at: (layer) => layer.expected_z},
        {name: 'after the activation', style: 'second', of: (layer) => layer.a}
      ]
    },
    {
      title: 'Update',
      unit: 'RMS of change / RMS of weights',
      kind: 'log',
      series: [{name: 'measured', style: 'measured', of: (layer) => layer.update, range: true}]
    },
  ];
  if (rectified || saturated) {
    panels.push({
      title: rectified ? (saturated ? 'Dead and saturated' : 'Dead units') : 'Saturated',
      unit: rectified ?
          (saturated ? 'share of units, of elements' : 'share of units, 0 on every sample') :
          'share of elements',
      kind: 'share',
      series: [
        rectified && {
          name: 'dead',
          style: 'dead',
          at: (layer, c) => (layer.rectifies ? layer.dead[c] : null)
        },
        saturated && {
          name: 'low end',
          style: 'low',
          at: (layer, c) => (layer.saturates ? layer.low[c] : null)
        },
        saturated && {
          name: 'high end',
          style: 'high',
          at: (layer, c) => (layer.saturates ? layer.high[c] : null)
        },
      ].filter(Boolean)
    });
  }
  for (const panel of panels) {
    panel.series = panel.series.map((s) => ({...s, at: s.at ?? ((layer, c) => s.of(layer)[c])}));
    const all = panel.series.flatMap(
        (s) => layers.flatMap((layer) => columns.map((_, c) => s.at(layer, c))));
    panel.decades = decadesOf(all, 24);
    panel.hasZero = panel.kind === 'log' && all.includes(0);
    panel.hasLost = panel.kind === 'log' && all.some(isLost);
    panel.series = panel.series.filter(
        (s) => layers.some((layer) => columns.some((_, c) => s.at(layer, c) !== null)));
  }
  return panels.filter((panel) => panel.series.length > 0);
}
const panels = columns.length > 0 ? profilePanels() : [];
