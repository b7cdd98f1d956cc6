// Numbers for every explorer: as text, in lists, and drawn at random as Python can draw them again.
const esc = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const r1 = (x) => Math.round(x * 10) / 10;
function num(x, digits = 3) {
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "no number";
  const size = Math.abs(x);
  let text;
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) {
    const [head, power] = x.toExponential(digits - 1).split("e");
    text = `${Number(head)}·10${[...String(Number(power))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[c === "-" ? 0 : 1 + Number(c)]).join("")}`;
  } else if (size >= 10 ** (digits - 1)) text = Math.round(x).toLocaleString("en-US");
  else text = String(Number(x.toPrecision(digits)));
  return text.replace("-", "−");
}
const half = (x) => (x >= 1 ? num(x) : `1/${num(1 / x)}`); // 0.25 is 1/4
const powers = (base, low, high, step = 1) =>
  Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => base ** (low + i * step));
const range = (n) => Array.from({ length: n }, (_, i) => i);
function nearest(values, wanted) {
  const far = (v) => (v > 0 && wanted > 0 ? Math.abs(Math.log(v / wanted)) : Math.abs(v - wanted));
  return values.reduce((best, v, i) => (far(v) < far(values[best]) ? i : best), 0);
}
// mulberry32: 32-bit integers alone, so that Python can draw the same numbers
function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
function normal(uniform) {
  let kept = null;
  return () => {
    if (kept !== null) { const out = kept; kept = null; return out; }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())), angle = 2 * Math.PI * uniform();
    kept = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
