// Unit 03: the catapult. Gradient descent on (u v - 1)^2 / 2, in the plane of its two weights.
const STEPS = 60, STARTS = { falls: [3, 2], stays: [4, 1] };

// Returns u, v, lr, curvature u^2 + v^2 and loss before each step; ends early beyond a million.
function walk(start, timesLimit, warmup) {
  let [u, v] = start;
  const peak = (2 * timesLimit) / (u * u + v * v), path = [];
  for (let step = 0; step < STEPS; step++) {
    const lr = peak * Math.min(1, (step + 1) / warmup), error = u * v - 1;
    path.push({ u, v, lr, curvature: u * u + v * v, loss: (error * error) / 2 });
    [u, v] = [u - lr * error * v, v - lr * error * u];
    if (Math.max(Math.abs(u), Math.abs(v)) > 1e6) break;
  }
  return path;
}
function outcome(path) {
  if (path.length < STEPS || path.at(-1).loss > 1.1 * path[0].loss) return "diverged";
  return path.at(-1).loss < 1e-2 ? "trained" : "stuck";
}
const maths = { walk, outcome };

function render(context) {
  return explorer(context, {
    title: "The catapult: a step too long for where it starts",
    ask: "Two weights, output u·v, target 1. From (3, 2) the curvature can fall on the way; from (4, 1) it cannot.",
    start: { start: "falls", times: 1.5, warmup: 1, step: 59 },
    controls: [
      { key: "start", label: "start", choices: [["falls", "(3, 2): curvature can fall"], ["stays", "(4, 1): curvature can't fall"]] },
      { key: "times", label: "peak rate, times the start's limit", values: range(23).map((i) => 0.5 + i / 4), text: (t) => `${num(t)}× (2/λ)` },
      { key: "warmup", label: "warmup", values: [1, 2, 4, 8, 16, 32], text: (w) => (w === 1 ? "none" : `${w} steps`) },
      { key: "step", label: "show up to step", values: range(STEPS), text: String },
    ],
    play: "step",
    compute: (s) => {
      const path = walk(STARTS[s.start], s.times, s.warmup);
      return { path, end: outcome(path), cold: outcome(walk(STARTS[s.start], s.times, 1)) };
    },
    goals: [
      { text: "find a peak that only a warmup survives", reached: (s, r) => s.warmup > 1 && r.end === "trained" && r.cold === "diverged",
        why: "While the steps were short, the curvature fell, and with it the limit rose" },
      { text: "make the first step raise the loss, and train all the same, without a warmup",
        reached: (s, r) => s.warmup === 1 && r.end === "trained" && r.path[1].loss > r.path[0].loss,
        why: "The loss rose, the curvature fell below 2/η, and it settled: the catapult" },
    ],
    say: (s, r) => {
      const at = r.path[Math.min(s.step, r.path.length - 1)];
      return `Peak ${num(s.times)} times the limit, ${s.warmup === 1 ? "no warmup" : `warmup over ${s.warmup} steps`}: ${r.end}. Step ${Math.min(s.step, r.path.length - 1)}: curvature ${num(at.curvature)}, its limit 2/η ${num(2 / at.lr)}, loss ${num(at.loss)}.`;
    },
    draw: ({ now, ghost, width }) => {
      const key = legend([{ text: "path", color: "red", kind: "dot" }, { text: "minima u·v = 1", color: "line" }, { text: "stable at the peak rate", color: "green", thick: 7, opacity: 0.5 },
        { text: "curvature", color: "blue" }, { text: "limit 2/η", color: "red", dash: "6 4" }, ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const wide = width >= 640, w = wide ? width * 0.48 : width, top = key.height, h = wide ? 390 : 330;
      const plane = axes({ top, width: w, height: h, x: { range: [-4, 5], label: "weight u" }, y: { range: [-4, 5], label: "weight v" } });
      const r = now.result, s = now.state, shown = r.path.slice(0, s.step + 1), peak = r.path.at(-1).lr;
      const branch = (value, sign) => range(161).map((i) => sign * 0.12 * 60 ** (i / 160)).map((u) => [u, value / u]);
      const hyperbola = (value, look) => [1, -1].map((sign) => plane.curve(branch(value, sign), look)).join("");
      const stable = [1, -1].map((sign) => plane.curve(branch(1, sign).filter(([u, v]) => u * u + v * v < 2 / peak), { color: "green", width: 8, opacity: 0.45 })).join("");
      const trail = (path, color, dots) => plane.curve(path.map((p) => [p.u, p.v]), { color, width: 1.3 }) + (dots ? path.map((p, i) => disc(plane.X(p.u), plane.Y(p.v), i === path.length - 1 ? 6 : 3, { color, width: 0 })).join("") : "");
      let svg = key.svg + plane.grid + plane.inside([2, 4, 6].map((c) => hyperbola(c, { color: "grid", width: 1 }) + hyperbola(2 - c, { color: "grid", width: 1 })).join("") + hyperbola(1, { color: "line", width: 2 }) + stable +
        (ghost ? trail(ghost.result.path.slice(0, ghost.state.step + 1), "ghost", true) : "") + trail(shown, "red", true) + disc(plane.X(r.path[0].u), plane.Y(r.path[0].v), 7, { color: "blue", fill: "none", width: 3 }) + words(plane.X(r.path[0].u) + 10, plane.Y(r.path[0].v) - 8, "start", { color: "blue", bold: true }));
      const left = wide ? w + 4 : 0, w2 = wide ? width - w - 4 : width, h2 = wide ? h / 2 : 190, t2 = wide ? top : top + h + 6;
      const steps = { range: [0, STEPS - 1], ticks: [0, 10, 20, 30, 40, 50] }, ten = (v) => num(v);
      const first = axes({ left, top: t2, width: w2, height: h2, padBottom: 24, x: steps, y: { range: [0.5, 500], log: 10, ticks: [1, 10, 100], text: ten, label: "curvature" } });
      const second = axes({ left, top: t2 + h2, width: w2, height: h2, x: { ...steps, label: "step" }, y: { range: [1e-8, 1e4], log: 10, ticks: [1e-8, 1e-4, 1, 1e4], text: ten, label: "loss" } });
      const series = (plot, path, name, look) => plot.curve(path.map((p, i) => [i, name(p)]), look);
      const upTo = (plot) => stroke([[plot.X(s.step), plot.inner.y], [plot.X(s.step), plot.inner.y + plot.inner.h]], { color: "line", width: 1, dash: "2 3" });
      const curvature = (p) => p.curvature, limit = (p) => 2 / p.lr, loss = (p) => Math.max(p.loss, 1e-9);
      svg += first.grid + first.inside((ghost ? series(first, ghost.result.path, curvature, { color: "ghost", width: 1.5 }) : "") + series(first, r.path, limit, { color: "red", dash: "6 4" }) + series(first, r.path, curvature, { color: "blue", width: 2.5 }) + upTo(first));
      svg += second.grid + second.inside((ghost ? series(second, ghost.result.path, loss, { color: "ghost", width: 1.5 }) : "") + series(second, r.path, loss, { color: "blue", width: 2.5 }) + upTo(second));
      return { svg, height: t2 + 2 * h2 };
    },
    note: "Curvature is u² + v². Where it lies above its limit 2/η, each jump across the valley is longer than the last. What leaves a panel is cut off.",
  });
}
export { maths };
export default { render };
