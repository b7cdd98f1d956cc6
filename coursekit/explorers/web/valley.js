// Units 06 and 07: Dinh's slider. Loss (w1 w2 - 1)^2 / 2; on w1 w2 = 1 the function w2 relu(w1 x) is one
// and the same, and lambda_max = w1^2 + w2^2.
const STEPS = 300, NUDGE = 0.05;

const sharpnessAt = (w1, w2) => w1 * w1 + w2 * w2;
// The path of gradient descent, its start first; it ends early where it leaves 1e3.
function descend(w1, w2, lr, steps = STEPS) {
  const path = [[w1, w2]];
  for (let step = 0; step < steps; step++) {
    const error = w1 * w2 - 1;
    [w1, w2] = [w1 - lr * error * w2, w2 - lr * error * w1];
    if (!(Math.abs(w1) < 1e3 && Math.abs(w2) < 1e3)) break;
    path.push([w1, w2]);
  }
  return path;
}
const maths = { sharpnessAt, descend };

function render(context) {
  return explorer(context, {
    title: "The same function, as sharp as you like",
    ask: "Slide the layers' scale: layer 1 is multiplied by α, layer 2 divided by it. What changes? And where can gradient descent stay?",
    start: { alpha: 2, lr: 0.3 },
    controls: [
      { key: "alpha", label: "scale α of layer 1", values: powers(2, -2, 2, 0.25), text: (a) => `× ${num(a)}` },
      { key: "lr", label: "learning rate η", values: [0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 0.95] },
    ],
    compute: (s) => {
      const path = descend(s.alpha + NUDGE, 1 / s.alpha + NUDGE, s.lr), [a, b] = path.at(-1);
      return { path, start: sharpnessAt(s.alpha, 1 / s.alpha), end: sharpnessAt(a, b), settled: Math.abs(a * b - 1) < 0.05 };
    },
    goals: [
      { text: "make the minimum nearly four times as sharp (λ ≥ 16) without changing the function", reached: (s, r) => r.start >= 15.9, why: "λ rose, every output stayed: sharpness alone says nothing about the function" },
      { text: "start at a minimum where descent can't stay, and let it settle at a flatter one",
        reached: (s, r) => r.start > 2 / s.lr && r.settled && r.end < 2 / s.lr, why: "Descent left λ > 2/η and stopped where λ < 2/η: the rate does see the sharpness" },
    ],
    say: (s, r) => `w = (${num(s.alpha)}, ${num(1 / s.alpha)}): the function is unchanged, λ = ${num(r.start)}, the limit 2/η is ${num(2 / s.lr)}. Descent from beside it ${r.settled ? `settles at λ = ${num(r.end)}` : "does not settle"}.`,
    draw: ({ now, ghost, width }) => {
      const { state: s, result: r } = now, wide = width >= 600;
      const key = legend([{ text: "minima, all one function", color: "line" }, { text: "λ < 2/η", color: "green", thick: 7, opacity: 0.5 }, { text: "chosen minimum", color: "blue", kind: "ring" }, { text: "descent", color: "red", kind: "dot" }, ...(ghost ? [{ text: "before", color: "ghost", kind: "ring" }] : [])], width);
      const w = wide ? width * 0.56 : width, h = wide ? 410 : 340;
      const plane = axes({ top: key.height, width: w, height: h, x: { range: [-1, 4.5], label: "weight of layer 1" }, y: { range: [-1, 4.5], label: "weight of layer 2" } });
      const floor = powers(2, -2.5, 2.5, 0.02).map((a) => [a, 1 / a]);
      const path = (list, color) => plane.curve(list, { color, width: 1 }) + list.slice(0, 60).map(([a, b]) => disc(plane.X(a), plane.Y(b), 2.5, { color, width: 0 })).join("");
      let svg = key.svg + plane.grid + plane.inside(plane.curve(floor, { color: "line", width: 2 }) + plane.curve(floor.filter(([a, b]) => sharpnessAt(a, b) < 2 / s.lr), { color: "green", width: 8, opacity: 0.45 }) +
        (ghost ? path(ghost.result.path, "ghost") + disc(plane.X(ghost.state.alpha), plane.Y(1 / ghost.state.alpha), 7, { color: "ghost", fill: "none" }) : "") +
        path(r.path, "red") + disc(plane.X(s.alpha), plane.Y(1 / s.alpha), 8, { color: "blue", fill: "none", width: 3.5 }));
      const left = wide ? w + 6 : 0, w2 = wide ? width - w - 6 : width, t2 = wide ? key.height : key.height + h + 8;
      const graph = axes({ left, top: t2, width: w2, height: 200, x: { range: [-1, 1], label: "input" }, y: { range: [-0.2, 1.2], label: "output" } });
      svg += graph.grid + graph.inside(graph.curve([[-1, 0], [0, 0], [1, 1]], { color: "blue", width: 3.5 })) + words(graph.inner.x + 8, graph.inner.y + 18, "the function: always this", { color: "blue", bold: true });
      const bars = [["λ here", r.start, "blue"], ["limit 2/η", 2 / s.lr, "green"], ["λ where it ends", r.settled ? r.end : NaN, "red"], ...(ghost ? [["λ before", ghost.result.start, "ghost"]] : [])];
      const bx = wide ? left + 18 : 58, room = wide ? w2 - 30 : w2 - 70, by = t2 + 216, most = Math.log(41);
      bars.forEach(([name, value, color], i) => {
        svg += words(bx, by + 14 + i * 38, `${name}: ${Number.isFinite(value) ? num(value) : "none"}`) + box(bx, by + 20 + i * 38, Number.isFinite(value) ? (room * Math.log(1 + value)) / most : 0, 9, { fill: color });
      });
      return { svg, height: Math.max(key.height + h, by + 12 + bars.length * 38) };
    },
    note: "One example, input 1, target 1: loss (w₁w₂ − 1)²/2. Bars grow like log(1 + λ). Descent begins 0.05 beside the chosen minimum, 300 steps; the first 60 are drawn.",
  });
}
export { maths };
export default { render };
