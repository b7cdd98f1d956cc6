// Unit 05: steps, examples and time to a target over batch size, and the hyperbola they trade on.

// S/S_min = 1 + B_crit/B, E/E_min = 1 + B/B_crit, T = S max(1, B/B_full) over its least.
function factors(batchSize, critical, full) {
  const steps = 1 + critical / batchSize;
  return { steps, examples: 1 + batchSize / critical,
    time: (steps * Math.max(1, batchSize / full)) / (1 + critical / full) };
}
const maths = { factors };
const SIZES = powers(2, 3, 14), CURVES = [["steps", "blue", ""], ["examples", "red", "8 4"], ["time", "green", "2 4"]];

function render(context) {
  return explorer(context, {
    title: "Steps, examples, time: what a batch size costs",
    ask: "To one target, a larger batch needs fewer steps and more examples. Every curve is a multiple of the least it can be.",
    start: { batch: 16, critical: 128, full: 1024 },
    controls: [
      { key: "batch", label: "batch size B", values: powers(2, 3, 14, 0.5).map(Math.round), text: (b) => `${num(b)} examples` },
      { key: "critical", label: "critical batch size (the task)", values: SIZES, text: (b) => `${num(b)} examples` },
      { key: "full", label: "batch that fills the hardware", values: SIZES, text: (b) => `${num(b)} examples` },
    ],
    compute: (s) => factors(s.batch, s.critical, s.full),
    goals: [
      { text: "pay at most twice the least in steps and at most twice in examples, both at once",
        reached: (s, r) => r.steps <= 2 && r.examples <= 2, why: "Only B = B_crit does: there both are exactly twice their least" },
      { text: "spend at most 5 % more time than the least, and at most 1.5 times the examples",
        reached: (s, r) => r.time <= 1.05 && r.examples <= 1.5, why: "It takes a task whose B_crit lies above what fills the hardware" },
    ],
    say: (s, r) => `B = ${num(s.batch)} is ${num(s.batch / s.critical, 2)} times B_crit: steps × ${num(r.steps)}, examples × ${num(r.examples)}, time × ${num(r.time)} of the least.`,
    draw: ({ now, ghost, width }) => {
      const { state: s, result: r } = now;
      const key = legend([...CURVES.map(([text, color, dash]) => ({ text, color, dash })),
        ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const wide = width >= 640, w = wide ? width * 0.6 : width, h = 330, times = (v) => `${num(v)}×`;
      const plot = axes({ top: key.height, width: w, height: h,
        x: { range: [8, 16384], log: 2, label: "batch size B, examples per step" },
        y: { range: [0.9, 200], log: 10, label: "multiple of its least", ticks: [1, 2, 5, 10, 20, 50, 100], text: times } });
      const lines = (state, look) => CURVES.map(([name, color, dash]) => plot.curve(powers(2, 3, 14, 0.125).map((b) => [b, factors(b, state.critical, state.full)[name]]), { color, dash, width: 2.5, ...look })).join("");
      const mark = (at, label, color) => stroke([[plot.X(at), plot.inner.y], [plot.X(at), plot.inner.y + plot.inner.h]], { color, width: 1.5, dash: "2 3" }) + words(plot.X(at) + 4, plot.inner.y + (label === "B_crit" ? 14 : 30), label, { color, size: 12 });
      const dots = CURVES.map(([name, color]) => disc(plot.X(s.batch), plot.Y(r[name]), 6, { color, fill: color, width: 0 }));
      const labels = spreadOut(CURVES.map(([name]) => plot.Y(r[name])), 16).map((y, i) => {
        const right = plot.X(s.batch) > plot.inner.x + plot.inner.w - 90;
        return words(plot.X(s.batch) + (right ? -11 : 11), y + 4, `${num(r[CURVES[i][0]])}×`, { color: CURVES[i][1], bold: true, anchor: right ? "end" : "start" });
      });
      let svg = key.svg + plot.grid + plot.inside((ghost ? lines(ghost.state, { color: "ghost", width: 1.5, opacity: 0.8 }) : "") +
        mark(s.critical, "B_crit", "ink") + mark(s.full, "hardware full", "green") + lines(s, {}) +
        (ghost ? CURVES.map(([name]) => disc(plot.X(ghost.state.batch), plot.Y(ghost.result[name]), 5, { color: "ghost", fill: "none" })).join("") : "") +
        dots.join("")) + labels.join("");
      const second = axes({ left: wide ? w + 6 : 0, top: wide ? key.height : key.height + h + 8, width: wide ? width - w - 6 : width, height: h,
        x: { range: [0.9, 200], log: 10, ticks: [1, 2, 5, 10, 100], label: "steps, multiple of the least", text: times },
        y: { range: [0.9, 200], log: 10, ticks: [1, 2, 5, 10, 20, 50, 100], label: "examples", text: times } });
      const hyperbola = powers(2, -8, 8, 0.125).map((q) => [1 + 1 / q, 1 + q]);
      svg += second.grid + second.inside(second.curve(hyperbola, { width: 2.5 }) +
        (ghost ? disc(second.X(ghost.result.steps), second.Y(ghost.result.examples), 6, { color: "ghost", fill: "none" }) : "") +
        disc(second.X(r.steps), second.Y(r.examples), 7, { color: "purple" })) +
        words(second.X(r.steps) + 11, second.Y(r.examples) - 8, `B = ${num(s.batch)}`, { color: "purple", bold: true, anchor: r.steps > 30 ? "end" : "start" });
      return { svg, height: wide ? key.height + h : key.height + 2 * h + 8 };
    },
    note: "Law: S/S_min = 1 + B_crit/B, E/E_min = 1 + B/B_crit, so (S/S_min − 1)(E/E_min − 1) = 1. A step lasts max(1, B/B_full). Axes are logarithmic.",
  });
}
export { maths };
export default { render };
