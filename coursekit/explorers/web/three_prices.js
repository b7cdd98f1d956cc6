// Unit 09: steps, examples, seconds and money to a target over B, and the best batch of each.
const SIZES = [...new Set(range(97).map((k) => Math.round(2 ** (k / 8))))];

// S(B) = 1000 (1 + B_crit/B) steps; t(B) = max(floor, B floor/knee) seconds; money by hour and by example.
function costs(batch, { critical, knee, floor, hour, million }) {
  const steps = 1000 * (1 + critical / batch), seconds = steps * Math.max(floor, (batch * floor) / knee);
  return { steps, examples: batch * steps, seconds, money: (seconds / 3600) * hour + ((batch * steps) / 1e6) * million };
}
// The best batch by each goal among SIZES; the smallest where several cost the same.
function best(settings) {
  const table = SIZES.map((b) => costs(b, settings)), out = {};
  for (const goal of ["steps", "examples", "seconds", "money"]) {
    const i = table.reduce((low, row, k) => (row[goal] < table[low][goal] ? k : low), 0);
    out[goal] = { batch: SIZES[i], least: table[i][goal] };
  }
  return out;
}
const maths = { costs, best };
const LINES = [["steps", "soft", "1 3"], ["examples", "blue", ""], ["money", "green", "2 4"], ["seconds", "red", "8 4"]];

function render(context) {
  return explorer(context, {
    title: "Three best batches: examples, seconds, money",
    ask: "One task, one machine, two prices. Which batch is the best depends on what you pay for.",
    start: { batch: 128, critical: 64, knee: 512, floor: 0.0003, hour: 0.1, million: 0.01 },
    controls: [
      { key: "batch", label: "your batch size B", values: powers(2, 0, 12, 0.5).map(Math.round), text: (v) => `${num(v)} examples` },
      { key: "critical", label: "critical batch size (task)", values: powers(2, 3, 11), exact: true, text: num },
      { key: "knee", label: "knee (machine and model)", values: powers(2, 3, 12), exact: true, text: num },
      { key: "floor", label: "shortest step", values: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03], exact: true, text: (v) => `${num(1000 * v)} ms` },
      { key: "hour", label: "price of a device hour", values: [0.1, 0.2, 0.5, 1, 2, 4, 8], exact: true, text: (v) => `${num(v)} $` },
      { key: "million", label: "price of a million examples", values: [0, 0.001, 0.01, 0.1, 1], exact: true, text: (v) => `${num(v)} $` },
    ],
    compute: (s) => ({ ...costs(s.batch, s), best: best(s) }),
    goals: [
      { text: "make the cheapest batch the quickest one as well", reached: (s, r) => r.best.money.batch === r.best.seconds.batch, why: "Examples that cost next to nothing beside the hour: money is time" },
      { text: "set B so that you pay at most 10 % more than the least money and at most 1.5 times the least seconds",
        reached: (s, r) => r.money <= 1.1 * r.best.money.least && r.seconds <= 1.5 * r.best.seconds.least && r.best.money.batch < 0.7 * r.best.seconds.batch, why: "Between two optima the curves are flat: a compromise costs little" },
    ],
    say: (s, r) => `B = ${num(s.batch)}: ${num(r.steps)} steps, ${num(r.examples)} examples, ${num(r.seconds)} s, ${num(r.money)} $. Best: ${num(r.best.examples.batch)} for the fewest examples, ${num(r.best.money.batch)} for the least money, ${num(r.best.seconds.batch)} for the fewest seconds.`,
    draw: ({ now, ghost, width }) => {
      const { state: s, result: r } = now;
      const key = legend([...LINES.map(([text, color, dash]) => ({ text, color, dash })), { text: "best batch", color: "ink", kind: "ring" }, ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const h = 360, plot = axes({ top: key.height, width, height: h, x: { range: [1, 4096], log: 2, label: "batch size B, examples per step" },
        y: { range: [0.85, 40], log: 10, ticks: [1, 2, 5, 10, 20], text: (v) => `${num(v)}×`, label: "multiple of its least" } });
      const curves = (state, b, look) => LINES.map(([name, color, dash]) => plot.curve(SIZES.map((n) => [n, costs(n, state)[name] / b[name].least]), { color, dash, width: name === "steps" ? 2 : 2.6, ...look })).join("");
      const ys = LINES.map(([name]) => plot.Y(r[name] / r.best[name].least)), right = plot.X(s.batch) > plot.inner.x + plot.inner.w - 130;
      return { svg: key.svg + plot.grid + plot.inside((ghost ? curves(ghost.state, ghost.result.best, { color: "ghost", width: 1.2 }) + stroke([[plot.X(ghost.state.batch), plot.inner.y], [plot.X(ghost.state.batch), plot.inner.y + h]], { color: "ghost", width: 1, dash: "3 3" }) : "") + stroke([[plot.X(s.batch), plot.inner.y], [plot.X(s.batch), plot.inner.y + h]], { color: "line", width: 1.5 }) + curves(s, r.best, {}) +
          LINES.slice(1).map(([name, color]) => disc(plot.X(r.best[name].batch), plot.Y(1), 8, { color, fill: "none", width: 3 })).join("") +
          LINES.map(([name, color], i) => disc(plot.X(s.batch), ys[i], 5, { color, width: 0 })).join("")) +
          spreadOut(ys.map((y) => clamp(y, plot.inner.y + 10, plot.inner.y + plot.inner.h)), 17).map((y, i) => words(plot.X(s.batch) + (right ? -10 : 10), y + 4, `${LINES[i][0]} ${num(r[LINES[i][0]] / r.best[LINES[i][0]].least)}×`, { color: LINES[i][1], bold: true, anchor: right ? "end" : "start" })).join(""),
        height: key.height + h };
    },
    note: "Steps to the target: 1,000 (1 + B_crit/B). A step lasts max(shortest, B × shortest/knee). Each curve is over its own least; a ring marks the best batch.",
  });
}
export { maths };
export default { render };
