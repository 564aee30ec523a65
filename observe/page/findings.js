// The facts, and what is wrong with its advice.

function drawFacts() {
  $("network").textContent = run.network;
  const fact = (name, value, ...notes) => element("div", {}, element("dt", {}, name),
    element("dd", {}, value, ...notes.filter(Boolean).map((note) => element("small", {}, note))));
  const facts = [fact("Network", counted(layers.length, "layer"),
    counted(run.parameters, "parameter"))];
  facts.push(fact("Run", counted(run.run_steps, "step"), `${count(run.cost.observed_steps)} observed`));
  const losses = run.steps.loss;
  if (losses.length > 0) {
    facts.push(fact("Last loss", number(losses[losses.length - 1]),
      losses.length > 1 ? `${number(losses[0])} at the first step` : null));
  }
  const ratio = columns.length > 0 ? gradientRatio(columns.length - 1) : null;
  if (ratio) {
    facts.push(fact("dL/dz, first over last hidden layer", number(ratio.measured),
      ratio.expected !== null ? `${number(ratio.expected)} expected at first` : null));
  }
  facts.push(fact("Cost of observing", percent(run.cost.share),
    `${duration(run.cost.observing_seconds)}, and ${duration(run.cost.setup_seconds)} once`, bytes(run.cost.bytes)));
  $("facts").append(...facts);
}

function figure(name, value) {
  return isNumber(value) ? [` \u00b7 ${name} `, element("b", {}, number(value))] : [];
}

function remedyItem(remedy, isFirst) {
  const item = element("li", {}, ...(isFirst ? [element("b", {}, "Try first: "), remedy.action] : [sentence(remedy.action)]));
  if (remedy.code) item.append(element("pre", {}, element("code", {}, remedy.code)));
  return item;
}

function findingItem(finding, index) {
  const place = element("p", { class: "place" });
  const layer = layers.find((l) => l.name === finding.layer ||
    (finding.layer && finding.layer.startsWith(l.name + ".") && l.name));
  if (layer) {
    const button = element("button", { type: "button", title: "Show this layer" }, layer.name === finding.layer ? layer.label : finding.layer);
    button.onclick = () => {
      show({ layer: layer.index, column: columnOf(finding.since_step) });
      $("flow-title").scrollIntoView({ behavior: "smooth" });
    };
    place.append(button);
  } else {
    place.append(finding.layer || "the whole network");
  }
  if (finding.line > 0) place.append(` \u00b7 ${finding.file.split("/").pop()}:${finding.line}`);
  place.append(` \u00b7 since step ${count(finding.since_step)}`);

  const body = element("div", { class: "finding" },
    element("h3", {}, element("span", { class: "severity" }, sentence(finding.severity)), `: ${finding.title}`),
    place, element("p", { class: "cause" }, sentence(finding.cause)),
    element("p", { class: "figures" }, sentence(finding.statistic) + ": ", element("b", {}, finding.measured === null ? "not finite" : number(finding.measured)),
      ...figure("expected", finding.expected), ...figure("threshold", finding.threshold)));
  const [first, ...others] = finding.remedies;
  if (first) {
    body.append(element("ol", { class: "remedies" }, remedyItem(first, true)));
  }
  if (others.length > 0) {
    body.append(element("details", {}, element("summary", {}, others.length === 1 ? "1 other remedy" : `${others.length} other remedies`),
      element("ol", { class: "remedies" }, ...others.map((other) => remedyItem(other, false)))));
  }
  return element("li", { class: finding.severity },
    element("span", { class: "number", "aria-label": `Finding ${index + 1}` }, String(index + 1)), body);
}

function drawFindings() {
  const errors = run.findings.filter((f) => f.severity === "error").length;
  const warnings = run.findings.length - errors;
  const verdict = $("verdict");
  if (run.findings.length === 0) {
    verdict.className = "good";
    verdict.textContent = "Nothing to report: gradients, activations and updates are in order.";
    return;
  }
  const parts = [];
  if (errors > 0) parts.push(counted(errors, "error"));
  if (warnings > 0) parts.push(counted(warnings, "warning"));
  verdict.textContent = parts.join(" and ") +
    (run.findings.length > 1 ? ", the most causal first: what comes later may go away with it." : ".");
  const items = run.findings.map(findingItem);
  const shown = 5;
  $("findings").append(...items.slice(0, shown));
  if (items.length > shown) {
    const rest = element("ol", { class: "findings" }, ...items.slice(shown));
    const more = element("details", {}, element("summary", {}, `${items.length - shown} more`), rest);
    $("findings").after(more);
  }
}
