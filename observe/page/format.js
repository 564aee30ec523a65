// Numbers and other facts as text.

const superscripts = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
const powerOfTen = (exponent) => "10" +
  String(exponent).replace("-", "\u207b").replace(/\d/g, (digit) => superscripts[digit]);

// Three digits: 0.231, 12.4, 4.5x10^-6.
function number(v) {
  if (v === null || v === undefined) return "\u2013";
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "\u221e" : "\u2212\u221e";
  if (v === 0) return "0";
  const size = Math.abs(v);
  const sign = v < 0 ? "\u2212" : "";
  if (size >= 1e-3 && size < 1e5) return sign + grouped(String(Number(size.toPrecision(3))));
  const [mantissa, exponent] = size.toExponential(2).split("e");
  const factor = Number(mantissa) === 1 ? "" : `${Number(mantissa)}\u00d7`;
  return sign + factor + powerOfTen(Number(exponent));
}

// Thin spaces between thousands.
function grouped(text) {
  const [whole, fraction] = text.split(".");
  const spaced = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u2009") : whole;
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}
const count = (n) => grouped(String(n));
const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
const percent = (share) => isNumber(share)
  ? `${share > 0 && share < 0.001 ? "< 0.1" : Number((100 * share).toPrecision(share < 0.1 ? 2 : 3))} %`
  : number(share);

function duration(seconds) {
  if (seconds < 1) return `${Number((1000 * seconds).toPrecision(2))} ms`;
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function bytes(n) {
  if (n < 1e3) return `${n} bytes`;
  return n < 1e6 ? `${Math.round(n / 1e3)} kB` : `${Number((n / 1e6).toPrecision(3))} MB`;
}

// With a capital, but for symbols such as dL/dz.
const sentence = (text) => (/^(?:[a-z]{2,}\b|a )/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text);
