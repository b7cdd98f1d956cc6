// What every explorer shares: controls with names, a picture as wide as the page, the last state as
// a ghost, goals, a sentence for screen readers, light and dark. Python puts this text in front of an
// explorer's own (coursekit/explorers/live.py), so that each is one module without imports.

const LIGHT = {
  ink: "#1b2430", soft: "#566170", paper: "#ffffff", grid: "#dfe4ea", line: "#8b96a3",
  blue: "#0065a3", red: "#c04a00", green: "#00795a", purple: "#9a4a80", amber: "#8f6200",
  sky: "#56b4e9", ghost: "#8b96a3", field: "#f3f5f8",
};
const DARK = {
  ink: "#e8edf3", soft: "#aab4c0", paper: "#161b22", grid: "#2c343e", line: "#76828f",
  blue: "#6cb8f0", red: "#ff9a5c", green: "#4fcfa5", purple: "#e39ccb", amber: "#e8b84a",
  sky: "#3f8fc4", ghost: "#76828f", field: "#20272f",
};
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const variables = (colours) => Object.entries(colours).map(([k, v]) => `--${k}:${v}`).join(";");
const STYLE = `
.ckx{${variables(LIGHT)};box-sizing:border-box;max-width:880px;margin:8px 0;padding:14px 16px;
  color:var(--ink);background:var(--paper);border:1px solid var(--grid);border-radius:10px;
  font:15px/1.45 ${FONT};color-scheme:light}
.ckx[data-look=dark]{${variables(DARK)};color-scheme:dark}
.ckx *{box-sizing:border-box}
.ckx-title{font-weight:650;font-size:17px}
.ckx-ask{color:var(--soft);margin:2px 0 8px}
.ckx-goal{margin:3px 0;padding:5px 10px;border-left:4px solid var(--amber);background:var(--field);
  border-radius:0 6px 6px 0}
.ckx-goal[data-reached]{border-left-color:var(--green)}
.ckx-goal b{color:var(--amber)} .ckx-goal[data-reached] b{color:var(--green)}
.ckx-picture{margin:10px 0 6px;line-height:0}
.ckx-picture svg{display:block;width:100%;height:auto;max-width:none}
.ckx-row{display:grid;grid-template-columns:minmax(8em,15em) 1fr minmax(5.5em,auto);gap:2px 12px;
  align-items:center;margin:3px 0}
.ckx-narrow .ckx-row{grid-template-columns:1fr auto}
.ckx-narrow .ckx-row input,.ckx-narrow .ckx-row select{grid-column:1/-1;order:3}
.ckx-row label{margin:0;font-weight:400;color:var(--ink)}
.ckx-value{font-variant-numeric:tabular-nums;font-weight:600;text-align:right}
.ckx-row input[type=range]{width:100%;height:26px;margin:0;accent-color:var(--blue);cursor:pointer}
.ckx-row select{grid-column:2/-1;max-width:100%;padding:4px 6px}
.ckx select,.ckx button{font:inherit;color:var(--ink);background:var(--field);
  border:1px solid var(--line);border-radius:6px}
.ckx button{padding:4px 12px;margin:4px 8px 4px 0;cursor:pointer}
.ckx button:disabled{opacity:.55;cursor:default}
.ckx :focus-visible{outline:3px solid var(--blue);outline-offset:2px}
.ckx-said{margin:8px 0 0;font-weight:550}
.ckx-note{margin:4px 0 0;color:var(--soft);font-size:14px}
.ckx-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
  white-space:nowrap}
@media print{.ckx-row,.ckx button{display:none}}
`;

// ---- numbers ----
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

// ---- drawing: strings of SVG; colours are names of the palette ----
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

// ---- the frame around a picture ----
function lookOf(system) {
  for (const node of [document.body, document.documentElement]) {
    const theme = node.dataset.theme || node.dataset.mode;
    if (theme === "dark" || theme === "light") return theme;
    if (node.dataset.jpThemeLight) return node.dataset.jpThemeLight === "false" ? "dark" : "light";
  }
  return system.matches ? "dark" : "light";
}
const plainModel = (values) => ({
  get: (key) => values[key], set: (key, value) => { values[key] = value; },
  on() {}, off() {}, save_changes() {},
});
let made = 0;
// spec: title, ask, start, controls(data), compute(state, data), draw({now, ghost, width, data}) ->
// {svg, height}, say(state, result, data), goals: [{text, reached(state, result, data), why}], note
function explorer({ model, el }, spec) {
  const data = model.get("data") ?? STORED;
  const own = `ckx-${OWN}-${made++}`;
  const controls = typeof spec.controls === "function" ? spec.controls(data) : spec.controls;
  for (const c of controls) { // a value that the page asks for is one of the slider's
    const asked = model.get("state")?.[c.key];
    if (c.exact && asked && !c.values.includes(asked)) c.values = [...c.values, asked].sort((a, b) => a - b);
  }
  const snap = (values) => {
    const out = { ...(typeof spec.start === "function" ? spec.start(data) : spec.start), ...values };
    for (const c of controls) if (c.values) out[c.key] = c.values[nearest(c.values, out[c.key])];
    return out;
  };
  let state = snap(model.get("state")), committed = state, ghost = null, timer = 0, frame = 0;
  const reached = new Set(), kept = new Map();
  const make = (tag, name, text = "") => {
    const node = document.createElement(tag);
    if (name) node.className = `ckx-${name}`;
    if (text) node.textContent = text;
    return node;
  };
  const root = make("div", "");
  root.className = "ckx";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Explorer: ${spec.title}`);
  root.addEventListener("keydown", (event) => { // arrow keys belong to the slider, not to the notebook
    if (!event.ctrlKey && !event.metaKey && event.key !== "Escape") event.stopPropagation();
  });
  const style = make("style");
  style.textContent = STYLE;
  const goals = spec.goals.map((goal) => {
    const node = make("div", "goal");
    return { ...goal, node };
  });
  const picture = make("div", "picture"), panel = make("div", "controls");
  const said = make("div", "said"), live = make("div", "hidden");
  live.setAttribute("role", "status");
  live.setAttribute("aria-live", "polite");
  root.append(style, make("div", "title", spec.title), make("div", "ask", spec.ask),
    ...goals.map((g) => g.node), picture, panel, said);
  if (spec.note) root.append(make("div", "note", typeof spec.note === "function" ? spec.note(data) : spec.note));
  root.append(live);

  const result = (s) => {
    const key = JSON.stringify(s);
    if (!kept.has(key)) {
      if (kept.size > 40) kept.delete(kept.keys().next().value);
      kept.set(key, spec.compute(s, data));
    }
    return kept.get(key);
  };
  const rows = controls.map((c, i) => {
    const row = make("div", "row"), label = make("label", "", c.label);
    if (c.act) {
      const button = make("button", "", c.label);
      button.type = "button";
      button.addEventListener("click", () => { change(c.act(state, result(state), data)); commit(); });
      panel.append(button);
      return { set() { if (c.off) button.disabled = c.off(state, data); } };
    }
    const field = make(c.choices ? "select" : "input");
    field.id = label.htmlFor = `${own}-${i}`;
    row.append(label, field);
    panel.append(row);
    if (c.choices) {
      const choices = () => (typeof c.choices === "function" ? c.choices(state, data) : c.choices);
      field.addEventListener("change", () => { change({ [c.key]: choices()[field.selectedIndex][0], ...c.also }); commit(); });
      return { set() {
        const list = choices(), texts = list.map(([, text]) => text);
        if (JSON.stringify(texts) !== field.dataset.texts) {
          field.replaceChildren(...texts.map((text) => make("option", "", text)));
          field.dataset.texts = JSON.stringify(texts);
        }
        field.selectedIndex = list.findIndex(([value]) => value === state[c.key]);
      } };
    }
    const value = make("span", "value");
    value.setAttribute("aria-hidden", "true");
    row.append(value);
    Object.assign(field, { type: "range", min: 0, max: c.values.length - 1, step: 1 });
    field.addEventListener("input", () => change({ [c.key]: c.values[Number(field.value)] }));
    field.addEventListener("change", () => commit());
    return { set() {
      const text = (c.text ?? num)(state[c.key]);
      field.value = c.values.indexOf(state[c.key]);
      field.setAttribute("aria-valuetext", text);
      value.textContent = text;
    } };
  });
  let player = null;
  if (spec.play) {
    player = make("button", "", "Play");
    player.type = "button";
    panel.append(player);
    const { values } = controls.find((c) => c.key === spec.play);
    const stop = () => { cancelAnimationFrame(frame); frame = 0; player.textContent = "Play"; };
    player.addEventListener("click", () => {
      if (frame) return stop();
      const last = values.length - 1;
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) { change({ [spec.play]: values[last] }); return commit(); }
      const began = performance.now(), from = values.indexOf(state[spec.play]) % last;
      player.textContent = "Stop";
      const tick = (t) => {
        const i = Math.min(last, from + Math.floor(((t - began) / 4000) * last));
        if (values[i] !== state[spec.play]) change({ [spec.play]: values[Math.max(i, 0)] }, false);
        if (i < last) frame = requestAnimationFrame(tick);
        else { stop(); commit(); }
      };
      frame = requestAnimationFrame(tick);
    });
    root.addEventListener("input", stop);
  }
  // A JupyterLab that listens before the page does spares what has the focus and this attribute.
  for (const field of panel.querySelectorAll("input, select, button")) field.dataset.lmSuppressShortcuts = "true";
  const change = (values, keepGhost = true) => {
    if (keepGhost) ghost = committed;
    state = { ...state, ...values };
    draw();
  };
  const commit = () => {
    committed = state;
    model.set("state", { ...state });
    model.save_changes();
  };
  function draw() {
    const width = Math.max(280, Math.floor(picture.clientWidth || 720));
    root.classList.toggle("ckx-narrow", width < 480);
    const now = { state, result: result(state) };
    const before = ghost && JSON.stringify(ghost) !== JSON.stringify(state) ? { state: ghost, result: result(ghost) } : null;
    const text = spec.say(state, now.result, data);
    const drawn = spec.draw({ now, ghost: before, width, data });
    picture.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(drawn.height)}" width="${width}" height="${Math.ceil(drawn.height)}" role="img" aria-label="${esc(text)}" font-family="${esc(FONT)}">${drawn.svg}</svg>`;
    said.textContent = text;
    for (const row of rows) row.set();
    let news = "";
    for (const goal of goals) {
      if (!reached.has(goal) && goal.reached(state, now.result, data)) { reached.add(goal); news += ` Goal reached: ${goal.text}. ${goal.why}.`; }
      const done = reached.has(goal);
      if (goal.node.dataset.shown !== String(done)) {
        goal.node.dataset.shown = String(done);
        goal.node.toggleAttribute("data-reached", done);
        goal.node.replaceChildren(make("b", "", done ? "✓ Reached: " : "Try to "), `${goal.text}.${done ? ` ${goal.why}.` : ""}`);
      }
    }
    clearTimeout(timer);
    timer = setTimeout(() => { live.textContent = text + news; }, 400);
  }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const look = () => { root.dataset.look = lookOf(system); };
  const watch = new MutationObserver(look);
  for (const node of [document.documentElement, document.body])
    watch.observe(node, { attributes: true, attributeFilter: ["data-theme", "data-mode", "data-jp-theme-light"] });
  system.addEventListener("change", look);
  const outside = () => { state = committed = snap(model.get("state")); draw(); };
  model.on("change:state", outside);
  el.replaceChildren(root);
  look();
  draw();
  let wide = picture.clientWidth;
  const sizes = new ResizeObserver(() => {
    if (Math.abs(picture.clientWidth - wide) > 1) { wide = picture.clientWidth; draw(); }
  });
  sizes.observe(picture);
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    sizes.disconnect();
    watch.disconnect();
    system.removeEventListener("change", look);
    model.off("change:state", outside);
  };
}
// The picture as a file of its own: light colours written out, on white, clips numbered from 0.
function alone(svg) {
  const ids = new Map();
  return svg.outerHTML
    .replace(/ckx-clip-\w+-\d+/g, (id) => ids.get(id) ?? ids.set(id, `clip${ids.size}`).get(id))
    .replace(/var\(--(\w+)\)/g, (_, name) => LIGHT[name])
    .replace(/viewBox="0 0 (\d+) (\d+)" width="\d+" height="\d+"/, (_, w, h) => `viewBox="-10 -8 ${+w + 20} ${+h + 16}" width="${+w + 20}" height="${+h + 16}"`)
    .replace(/(<svg[^>]*>)/, `$1<rect x="-10" y="-8" width="100%" height="100%" fill="${LIGHT.paper}"/>`);
}
// Bring to life the places of a page that Python wrote (live.py).
function mount(id, state, data, left = 100) {
  const hosts = document.querySelectorAll(`[data-ckx-host="${id}"]:not([data-alive])`);
  if (!hosts.length && left) { requestAnimationFrame(() => mount(id, state, data, left - 1)); return; }
  for (const host of hosts) {
    host.dataset.alive = "true";
    render({ model: plainModel({ state, data }), el: host });
  }
}
