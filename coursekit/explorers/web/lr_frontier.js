// Unit 02: two rules on their way to the frontier of stability, over stored runs.
// data: {batch_sizes, lrs, accuracy (lrs, sizes), stderr, max_lr, half_batch_size, ...}

const scaledLr = (lr, from, to, rule) => lr * { linear: to / from, root: Math.sqrt(to / from) }[rule];
const frontier = (max, halfAt, batch) => max / (1 + halfAt / batch);
// Where a rule that starts below the frontier meets it; `from` if it starts above, Infinity if never.
function meeting(lr, from, max, halfAt, rule) {
  if (lr >= frontier(max, halfAt, from)) return from;
  if (rule === "linear") return (max * from) / lr - halfAt;
  const k = lr / Math.sqrt(from); // k s = max s^2 / (s^2 + halfAt) with s = sqrt(B)
  return ((max + Math.sqrt(max * max - 4 * k * k * halfAt)) / (2 * k)) ** 2;
}
const maths = { scaledLr, frontier, meeting };
const RULES = [["linear", "blue", ""], ["root", "purple", "8 5"]];

function render(context) {
  const stored = (s, lr, data) => { // the cell at or just below the rate
    const j = nearest(data.batch_sizes, s.to), i = data.lrs.findLastIndex((cell) => cell <= lr * 1.0001);
    return i < 0 || lr > 2 * data.lrs.at(-1) ? "" : `; stored run at ${half(data.lrs[i])}: ${data.accuracy[i][j].toFixed(1)} %`;
  };
  return explorer(context, {
    title: "Two rules on their way to the frontier",
    ask: "Carry a learning rate from a small batch to a large one. How far does each rule get before training breaks?",
    start: (data) => ({ lr: 1 / 16, from: 16, to: 256, max: data.max_lr, half: data.half_batch_size }),
    controls: (data) => [
      { key: "lr", label: "start: learning rate", values: powers(2, -8, 1), text: half },
      { key: "from", label: "start: batch size", values: powers(2, 4, 8), text: num },
      { key: "to", label: "go to batch size", values: data.batch_sizes, text: num },
      { key: "max", label: "frontier for large batches", values: powers(2, -1, 3, 0.25), exact: true, text: (v) => num(v) },
      { key: "half", label: "half as high at B", values: powers(2, 3, 9, 0.5), exact: true, text: (v) => num(v) },
    ].map((c) => (c.exact && !c.values.includes(data[`${c.key}_${c.key === "max" ? "lr" : "batch_size"}`])
      ? { ...c, values: [...c.values, data[`${c.key}_${c.key === "max" ? "lr" : "batch_size"}`]].sort((a, b) => a - b) } : c)),
    compute: (s, data) => Object.fromEntries(RULES.map(([rule]) => {
      const lr = scaledLr(s.lr, s.from, s.to, rule);
      return [rule, { lr, meets: meeting(s.lr, s.from, s.max, s.half, rule), above: lr >= frontier(s.max, s.half, s.to), stored: stored(s, lr, data) }];
    })),
    goals: [
      { text: "start so that the linear rule stays below the frontier up to B = 2,048, but no lower than 1/64 at B = 16",
        reached: (s, r) => r.linear.meets > 2048 && s.lr / s.from >= 1 / 1024, why: "A rate a few times lower buys as many times more batch" },
      { text: "jump where the linear rule breaks and the root rule does not",
        reached: (s, r) => r.linear.above && !r.root.above && s.to > s.from, why: "The root rule crosses later: at the price of a rate below the best on the way" },
    ],
    say: (s, r) => `From lr ${half(s.lr)} at B = ${num(s.from)} to B = ${num(s.to)}. ` + RULES.map(([rule]) => `${rule === "root" ? "Root" : "Linear"}: lr ${half(r[rule].lr)}, ${r[rule].above ? "above" : "below"} the frontier${r[rule].stored}. Meets it at B = ${r[rule].meets > 1e6 ? "over a million" : num(r[rule].meets)}.`).join(" "),
    draw: ({ now, ghost, width, data }) => {
      const key = legend([...RULES.map(([rule, color, dash]) => ({ text: `${rule} rule`, color, dash })), { text: "frontier", color: "red" }, { text: "start", color: "ink", kind: "area" },
        ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const xs = data.batch_sizes, ys = data.lrs, r2 = Math.SQRT2, top = key.height + 20, h = 400;
      const plot = axes({ top, width, height: h,
        x: { range: [xs[0] / r2, xs.at(-1) * r2], log: 2, ticks: width > 500 ? xs : xs.filter((_, i) => i % 2 === 0), label: "batch size B, examples per step", grid: false },
        y: { range: [ys[0] / r2, ys.at(-1) * r2], log: 2, ticks: ys, text: half, label: "learning rate", grid: false } });
      const grid = powers(2, 3, 12, 0.125);
      const wall = (s, color, thick) => plot.curve(grid.map((b) => [b, frontier(s.max, s.half, b)]), { color, width: thick });
      const white = (points, look) => plot.curve(points, { color: "#ffffff", width: look.width + 3 }) + plot.curve(points, look);
      const rules = (s, look) => RULES.map(([rule, color, dash]) => {
        const points = grid.filter((b) => b >= s.from).map((b) => [b, scaledLr(s.lr, s.from, b, rule)]);
        return white(points, { color: color === "blue" ? "#0065a3" : "#9a4a80", dash, width: 3, ...look });
      }).join("");
      const { state: s, result: r } = now;
      const ends = RULES.map(([rule, color]) => disc(plot.X(s.to), plot.Y(r[rule].lr), 7, { color: "#ffffff", fill: r[rule].above ? "#c04a00" : color === "blue" ? "#0065a3" : "#9a4a80" })).join("");
      return { svg: key.svg + colourBar(plot.inner.x + 40, key.height, Math.min(220, width - 200), 20, 55, width > 480 ? "% test accuracy" : "%") + plot.grid +
        plot.inside(cells(plot, xs, ys, data.accuracy, 20, 55) + (ghost ? rules(ghost.state, { color: "#8b96a3", width: 1.5 }) + wall(ghost.state, "#8b96a3", 2) : "") +
          wall(s, "#ffffff", 7) + wall(s, "#c04a00", 4) + rules(s, {}) + ends + box(plot.X(s.from) - 7, plot.Y(s.lr) - 7, 14, 14, { fill: "#111111", color: "#ffffff", width: 2 })),
        height: top + h };
    },
    note: "Cells: stored runs, MNIST-1D, 2,048 examples, MLP 40-64-64-10, 30 epochs of SGD, means over 4 seeds. Frontier: max / (1 + half/B), fitted to where accuracy falls to 60 % of the best. A dot in red lies above it.",
  });
}
export { maths };
export default { render };
