// Puts the page together and keeps it in step with what is chosen.

function drawAll() {
  setRows();
  drawLoss();
  drawNorms();
  if (columns.length === 0 || layers.length === 0) return;
  drawFlow();
  drawProfiles();
  drawHistograms();
  drawTable();
}

function describeChoice() {
  const text = `step ${count(columns[state.column])}`;
  document.querySelectorAll(".step-name").forEach((node) => { node.textContent = text; });
  $("step-text").textContent = text;
  $("step").value = state.column;
  $("step").setAttribute("aria-valuetext", text);
  $("layer").value = state.layer;
}

function setUpControls() {
  $("step").max = columns.length - 1;
  $("step").oninput = () => show({ column: Number($("step").value) });
  $("previous").onclick = () => show({ column: state.column - 1 });
  $("next").onclick = () => show({ column: state.column + 1 });
  document.querySelectorAll(".needs-many").forEach((node) => { node.hidden = columns.length < 2; });
  $("step-control").hidden = $("axis-control").hidden = columns.length < 2;
  $("layer").append(...layers.map((layer) => element("option", { value: layer.index }, layer.label)));
  $("layer").onchange = () => show({ layer: Number($("layer").value) });
  $("axis").onchange = () => show({ axis: $("axis").value });
  $("controls").onsubmit = (event) => event.preventDefault();
  $("flow").onkeydown = flowKeys;
}

// The theme of the system, until the reader picks one.
function setUpTheme() {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const label = () => { $("theme").textContent = isDark() ? "Light theme" : "Dark theme"; };
  $("theme").onclick = () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    label();
    drawAll();
  };
  system.onchange = () => {
    label();
    drawAll();
  };
  label();
}

watchers.push((change) => {
  describeChoice();
  if ("axis" in change) return drawAll();
  moveTimeCursors();
  markFlow();
  panels.forEach(drawPanel);
  drawHistograms();
  drawTable();
});

setUpTheme();
drawFacts();
drawFindings();
if (columns.length === 0 || layers.length === 0) {
  document.querySelectorAll(".needs-steps").forEach((node) => { node.hidden = true; });
} else {
  setUpControls();
  describeChoice();
}
drawAll();
addEventListener("scroll", hideTip, { passive: true });
addEventListener("pointerdown", (event) => { if (!event.target.closest(".chart")) hideTip(); });

let width = document.body.clientWidth;
new ResizeObserver(() => {
  if (document.body.clientWidth === width) return;
  width = document.body.clientWidth;
  drawAll();
}).observe(document.body);
