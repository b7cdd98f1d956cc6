// Pictures as strings of SVG: marks, a legend, axes, coloured cells. Colours are names of the palette.
const ink = (name) => (name === "none" || name.startsWith("#") || name.startsWith("rgb") ? name : `var(--${name})`);
function words(x, y, text, { anchor = "start", size = 13, color = "ink", bold = false, turn = 0 } = {}) {
  const turned = turn ? ` transform="rotate(${turn} ${r1(x)} ${r1(y)})"` : "";
  return `<text x="${r1(x)}" y="${r1(y)}" text-anchor="${anchor}" font-size="${size}" fill="${ink(color)}"${bold ? ' font-weight="650" paint-order="stroke" stroke="var(--paper)" stroke-width="3" stroke-linejoin="round"' : ""}${turned}>${esc(text)}</text>`;
}
function stroke(points, { color = "ink", width = 2, dash = "", opacity = 1, fill = "none" } = {}) {
  if (!points.length) return "";
  const path = points.map(([x, y]) => `${r1(x)},${r1(y)}`).join(" ");
  return `<polyline points="${path}" fill="${ink(fill)}" stroke="${ink(color)}" stroke-width="${width}" stroke-linejoin="round"${dash ? ` stroke-dasharray="${dash}"` : ""}${opacity < 1 ? ` opacity="${opacity}"` : ""}/>`;
}
function disc(x, y, r, { color = "ink", fill = null, width = 2, opacity = 1, dash = "" } = {}) {
  return `<circle cx="${r1(x)}" cy="${r1(y)}" r="${r1(r)}" fill="${fill === null ? ink(color) : ink(fill)}" stroke="${ink(color)}" stroke-width="${width}"${dash ? ` stroke-dasharray="${dash}"` : ""}${opacity < 1 ? ` opacity="${opacity}"` : ""}/>`;
}
function box(x, y, w, h, { color = "none", fill = "none", width = 1, opacity = 1, round = 0 } = {}) {
  return `<rect x="${r1(x)}" y="${r1(y)}" width="${r1(Math.max(w, 0))}" height="${r1(Math.max(h, 0))}" rx="${round}" fill="${ink(fill)}" stroke="${ink(color)}" stroke-width="${width}"${opacity < 1 ? ` opacity="${opacity}"` : ""}/>`;
}
function arrow([x0, y0], [x1, y1], { color = "ink", width = 2, dash = "", opacity = 1 } = {}) {
  const long = Math.hypot(x1 - x0, y1 - y0), a = Math.atan2(y1 - y0, x1 - x0), head = Math.min(4 + 2.2 * width, long);
  const wing = (turn) => [x1 - head * Math.cos(a + turn), y1 - head * Math.sin(a + turn)];
  return stroke([[x0, y0], [x1, y1]], { color, width, dash, opacity }) +
    (long > 1 ? stroke([wing(0.45), [x1, y1], wing(-0.45)], { color, width, opacity }) : "");
}
// items: {text, color, kind: "line" | "dot" | "ring" | "cross" | "area", dash}; returns {svg, height}
function legend(items, width, left = 0) {
  let x = left, y = 15;
  const parts = items.map(({ text, color = "ink", kind = "line", dash = "", thick = 3, opacity = 1 }) => {
    const long = 32 + text.length * 7.5;
    if (x > left && x + long > width) { x = left; y += 20; }
    const mark = { line: () => stroke([[x, y - 4], [x + 22, y - 4]], { color, width: thick, dash, opacity }),
      dot: () => disc(x + 11, y - 4, 5, { color, opacity }),
      cross: () => stroke([[x + 3, y - 4], [x + 19, y - 4]], { color }) + stroke([[x + 11, y - 12], [x + 11, y + 4]], { color }),
      ring: () => disc(x + 11, y - 4, 5, { color, fill: "none", dash, opacity }),
      area: () => box(x, y - 11, 22, 13, { fill: color, opacity }) }[kind]();
    const out = mark + words(x + 28, y, text);
    x += long + 8;
    return out;
  });
  return { svg: parts.join(""), height: y + 9 };
}
// Positions of labels, moved as little as keeps them `apart` from each other; in the order given.
function spreadOut(ys, apart) {
  const order = range(ys.length).sort((a, b) => ys[a] - ys[b]), out = [...ys];
  for (let pass = 0; pass < 20; pass++)
    for (let k = 1; k < order.length; k++) {
      const low = order[k - 1], high = order[k], lack = apart - (out[high] - out[low]);
      if (lack > 0) { out[low] -= lack / 2; out[high] += lack / 2; }
    }
  return out;
}
function niceTicks(low, high, count) {
  const raw = (high - low) / count, unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((m) => m * unit >= raw * 0.999);
  return range(Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1)
    .map((i) => (Math.ceil(low / step - 1e-9) + i) * step);
}
function logTicks(low, high, base, count) {
  const from = Math.ceil(Math.log(low) / Math.log(base) - 1e-9), to = Math.floor(Math.log(high) / Math.log(base) + 1e-9);
  const every = Math.max(1, Math.ceil((to - from + 1) / count));
  return range(to - from + 1).filter((i) => i % every === 0).map((i) => base ** (from + i));
}
let clips = 0;
const OWN = Math.random().toString(36).slice(2, 8); // modules on one page share its ids
// A frame with axes in a picture. x and y: {range: [low, high], log: base or 0, label, ticks, text}
function axes({ left = 0, top = 0, width, height, x, y, padLeft = 58, padBottom = 42, padRight = 20 }) {
  const inner = { x: left + padLeft, y: top + 6, w: width - padLeft - padRight, h: height - padBottom - 6 };
  const scale = ({ range: [low, high], log }) => (log
    ? (v) => (Math.log(Math.max(v, 1e-300)) - Math.log(low)) / (Math.log(high) - Math.log(low))
    : (v) => (v - low) / (high - low));
  const sx = scale(x), sy = scale(y);
  const X = (v) => inner.x + clamp(sx(v), -9, 10) * inner.w;
  const Y = (v) => inner.y + (1 - clamp(sy(v), -9, 10)) * inner.h;
  const ticks = (axis, count) => axis.ticks ??
    (axis.log ? logTicks(...axis.range, axis.log, count) : niceTicks(...axis.range, count));
  const xs = ticks(x, Math.max(3, Math.floor(inner.w / 62))), ys = ticks(y, Math.max(3, Math.floor(inner.h / 34)));
  const id = `ckx-clip-${OWN}-${clips++}`;
  const grid = box(inner.x, inner.y, inner.w, inner.h, { color: "line" }) +
    xs.map((v) => (x.grid === false ? "" : stroke([[X(v), inner.y], [X(v), inner.y + inner.h]], { color: "grid", width: 1 })) +
      words(X(v), inner.y + inner.h + 17, (x.text ?? num)(v), { anchor: "middle", size: 12, color: "soft" })).join("") +
    ys.map((v) => (y.grid === false ? "" : stroke([[inner.x, Y(v)], [inner.x + inner.w, Y(v)]], { color: "grid", width: 1 })) +
      words(inner.x - 7, Y(v) + 4, (y.text ?? num)(v), { anchor: "end", size: 12, color: "soft" })).join("") +
    (x.label ? words(inner.x + inner.w / 2, inner.y + inner.h + 35, x.label, { anchor: "middle" }) : "") +
    (y.label ? words(left + 13, inner.y + inner.h / 2, y.label, { anchor: "middle", turn: -90 }) : "");
  const inside = (svg) => `<clipPath id="${id}"><rect x="${r1(inner.x)}" y="${r1(inner.y)}" width="${r1(inner.w)}" height="${r1(inner.h)}"/></clipPath><g clip-path="url(#${id})">${svg}</g>`;
  const curve = (points, look) => stroke(points.map(([a, b]) => [X(a), Y(b)]), look);
  return { X, Y, grid, inside, curve, inner };
}

// Colours of a share from 0 to 1, dark to bright, and ink that can be read on it.
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function shade(share) {
  const t = clamp(share, 0, 1) * (STOPS.length - 1), i = Math.min(Math.floor(t), STOPS.length - 2);
  const rgb = STOPS[i].map((c, k) => Math.round(c + (t - i) * (STOPS[i + 1][k] - c)));
  return { fill: `rgb(${rgb.join(",")})`, text: 0.3 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2] > 128 ? "#000000" : "#ffffff" };
}
// A table over two doubling axes, drawn as cells; low to high on the colours, text where it fits.
function cells(plot, xs, ys, table, low, high) {
  const w = plot.X(xs[1]) - plot.X(xs[0]), h = plot.Y(ys[0]) - plot.Y(ys[1]);
  return ys.map((y, i) => xs.map((x, j) => {
    const { fill, text } = shade((table[i][j] - low) / (high - low)), cx = plot.X(x), cy = plot.Y(y);
    return box(cx - w / 2, cy - h / 2, w, h, { fill }) +
      (w > 36 && h > 17 ? words(cx, cy + 4, table[i][j].toFixed(table[i][j] < 99.95 ? 1 : 0), { anchor: "middle", size: 12, color: text }) : "");
  }).join("")).join("");
}
function colourBar(left, top, long, low, high, label) {
  const parts = range(24).map((i) => box(left + (i * long) / 24, top, long / 24 + 0.5, 11, { fill: shade((i + 0.5) / 24).fill }));
  return parts.join("") + words(left - 6, top + 10, `≤ ${num(low)}`, { anchor: "end", size: 12 }) + words(left + long + 6, top + 10, `${num(high)} ${label}`, { size: 12 });
}
