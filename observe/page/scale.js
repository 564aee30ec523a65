// Scales map values to pixels; ramps map shares in [0, 1] to colours.

// Ticks at 1, 2 or 5 times a power of ten, about n of them.
function roundTicks(low, high, n) {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, n);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * power >= rough * 0.999) * power;
  const ticks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k) ticks.push(k * step);
  return ticks;
}

function linearScale(low, high, from, to) {
  const at = (v) => from + ((v - low) / (high - low || 1)) * (to - from);
  return {
    low, high, from, to, at,
    ticks: (n) => roundTicks(low, high, n).map((v) => ({ at: at(v), text: number(Number(v.toPrecision(12))) })),
  };
}

// Whole decades around the positive finite values, at most `most` of them below the greatest.
function decadesOf(values, most = 40) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (!isNumber(v) || v <= 0) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (high === -Infinity) return { low: -1, high: 0 };
  const top = Math.ceil(Math.log10(high) - 1e-9);
  const bottom = Math.floor(Math.log10(low) + 1e-9);
  return { low: Math.max(Math.min(bottom, top - 1), top - most), high: top };
}

// `low` and `high` are exponents. Values below the scale are drawn at its end.
function logScale({ low, high }, from, to) {
  const share = (v) => Math.min(1, Math.max(0, (Math.log10(v) - low) / (high - low)));
  const at = (v) => from + share(v) * (to - from);
  return {
    low, high, from, to, at, share,
    ticks(n) {
      const step = [1, 2, 3, 5, 10, 20, 50].find((s) => (high - low) / s <= n) ?? 100;
      const ticks = [];
      for (let e = Math.ceil(low / step) * step; e <= high; e += step) {
        ticks.push({ at: at(10 ** e), text: powerOfTen(e) });
      }
      return ticks;
    },
  };
}

const stepTitle = () => (state.axis === "log" ? "step (logarithmic)" : "step");

// Steps of the run, evenly or logarithmically. Every picture through time uses the same.
const stepRange = (() => {
  const all = [...columns, ...run.steps.step];
  const low = all.reduce((a, b) => Math.min(a, b), Infinity);
  const high = all.reduce((a, b) => Math.max(a, b), -Infinity);
  return all.length > 0 ? { low, high: high + 1 } : { low: 0, high: 1 };
})();

function stepScale(from, to) {
  const warp = state.axis === "log" ? (s) => Math.log10(s - stepRange.low + 1) : (s) => s;
  const [low, high] = [warp(stepRange.low), warp(stepRange.high)];
  const at = (step) => from + ((warp(step) - low) / (high - low)) * (to - from);
  return {
    from, to, at,
    invert(x) {
      const v = low + ((x - from) / (to - from)) * (high - low);
      return state.axis === "log" ? 10 ** v - 1 + stepRange.low : v;
    },
    ticks(n) {
      const values = state.axis === "log" ? [stepRange.low] : [];
      if (state.axis === "log") {
        for (let s = 1; stepRange.low + s < stepRange.high; s *= 10) values.push(stepRange.low + s);
      } else {
        values.push(...roundTicks(stepRange.low, stepRange.high - 1, n).filter(Number.isInteger));
      }
      return values.map((v) => ({ at: at(v), text: count(v) }));
    },
  };
}

// Colours are made in OKLab, where equal distances look equal (Ottosson 2020,
// https://bottosson.github.io/posts/oklab/). Linear red, green and blue, in [0, 1] if displayable.
function linearRgb(lightness, chroma, hue) {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}
const encoded = (v) => Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));

// From dark violet over teal to bright yellow. Lightness rises evenly and blue turns to yellow, so
// the order shows without colour vision and in print. The hue gives way before a channel is cut
// off, which would draw an edge where there is none in the data.
const flowRamp = Array.from({ length: 256 }, (_, i) => {
  const t = i / 255;
  const hue = ((295 - 193 * t) * Math.PI) / 180;
  let chroma = 0.1 + 0.06 * (2 * t - 1) ** 2;
  let rgb = linearRgb(0.25 + 0.67 * t, chroma, hue);
  while (Math.min(...rgb) < 0.0015 || Math.max(...rgb) > 1) {
    chroma *= 0.98;
    rgb = linearRgb(0.25 + 0.67 * t, chroma, hue);
  }
  return rgb.map(encoded);
});

// From the panel's colour to the ink of measured values.
function densityRamp() {
  const [from, to] = ["--panel", "--measured"].map(themeColor);
  return Array.from({ length: 256 }, (_, i) =>
    from.map((c, k) => Math.round(c + (to[k] - c) * (i / 255) ** 0.6)));
}

// The red, green and blue of a CSS variable in the theme in use.
function themeColor(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const rgb = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return rgb;
}
