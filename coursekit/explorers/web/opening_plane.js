// Unit 00: the opening question on the plane of batch size and learning rate; stored runs.
// data: {batch_sizes, lrs, num_train, seeds, planes: {epochs: {accuracy, stderr}}}, tables (lrs, sizes)
const FIRST = { epochs: "20", batch: 256, lr: 0.25 };

const steps = (numTrain, batch, epochs) => Number(epochs) * Math.floor(numTrain / batch);
function cell(data, { epochs, batch, lr }) {
  const i = nearest(data.lrs, lr), j = nearest(data.batch_sizes, batch), plane = data.planes[epochs];
  return { accuracy: plane.accuracy[i][j], stderr: plane.stderr[i][j], steps: steps(data.num_train, batch, epochs) };
}
// The difference of two runs' means, and its standard error if their seeds were independent.
function change(data, from, to) {
  const a = cell(data, from), b = cell(data, to);
  return { points: b.accuracy - a.accuracy, stderr: Math.hypot(a.stderr, b.stderr) };
}
const maths = { steps, cell, change };

function render(context) {
  return explorer(context, {
    title: "Batch × 4, learning rate × 4, and accuracy fell. What broke?",
    ask: "Each cell is a stored run: test accuracy in %. The arrow is the team's jump. Move its end.",
    start: { batch: 1024, lr: 1, epochs: "20" },
    controls: (data) => [
      { key: "batch", label: "batch size B", values: data.batch_sizes, text: (b) => `${num(b)} examples` },
      { key: "lr", label: "learning rate", values: data.lrs, text: half },
      { key: "epochs", label: "length of training", choices: Object.keys(data.planes).map((e) => [e, `${e} epochs${e === "20" ? ", as the team did" : ""}`]) },
    ],
    compute: (s, data) => ({ ...cell(data, s), first: cell(data, FIRST), ...{ by: change(data, FIRST, s) } }),
    goals: [
      { text: "reach the first run's accuracy at B = 1,024 or more",
        reached: (s, r) => s.batch >= 1024 && r.accuracy >= r.first.accuracy,
        why: "Not by the rate alone: it took more steps" },
      { text: "gain five points over the first run without training longer",
        reached: (s, r) => s.epochs === "20" && r.by.points >= 5,
        why: "So the first run's rate was not tuned either. Which of the two do you compare with" },
    ],
    say: (s, r) => `B = ${num(s.batch)}, lr ${half(s.lr)}, ${s.epochs} epochs (${num(r.steps)} steps): ${r.accuracy.toFixed(1)} ± ${r.stderr.toFixed(1)} %, ${num(Math.abs(r.by.points))} points ${r.by.points < 0 ? "below" : "above"} the first run (B = 256, lr 1/4, 320 steps: ${r.first.accuracy.toFixed(1)} %).`,
    draw: ({ now, ghost, width, data }) => {
      const { state: s } = now;
      const key = legend([{ text: "first run", color: "ink", kind: "ring" }, { text: "now", color: "red", kind: "ring" },
        ...(ghost ? [{ text: "before", color: "ghost", kind: "ring" }] : [])], width);
      const top = key.height + 20, h = 400, w = Math.min(width, 700), xs = data.batch_sizes, ys = data.lrs, r2 = Math.SQRT2;
      const plot = axes({ top, width: w, height: h,
        x: { range: [xs[0] / r2, xs.at(-1) * r2], log: 2, ticks: xs, label: "batch size B, examples per step", grid: false },
        y: { range: [ys[0] / r2, ys.at(-1) * r2], log: 2, ticks: ys, text: half, label: "learning rate", grid: false } });
      const place = (p) => [plot.X(p.batch), plot.Y(p.lr)];
      const wide = plot.X(xs[1]) - plot.X(xs[0]), tall = plot.Y(ys[0]) - plot.Y(ys[1]);
      const around = (p, color, width, inset) => box(place(p)[0] - wide / 2 + inset, place(p)[1] - tall / 2 + inset, wide - 2 * inset, tall - 2 * inset, { color, width, round: 3 });
      const edge = (p, color, thick) => around(p, "#ffffff", thick + 3, 2) + around(p, color, thick, 2);
      const jump = ([x0, y0], [x1, y1]) => { // its ends leave the numbers free
        const long = Math.hypot(x1 - x0, y1 - y0), [dx, dy] = [(24 * (x1 - x0)) / long, (14 * (y1 - y0)) / long];
        const ends = [[x0 + dx, y0 + dy], [x1 - dx, y1 - dy]];
        return stroke(ends, { color: "#ffffff", width: 6 }) + arrow(...ends, { color: "#c04a00", width: 3 });
      };
      return { svg: key.svg + colourBar(plot.inner.x + 40, key.height, Math.min(220, w - 190), 20, 68, width > 480 ? "% test accuracy" : "%") +
        plot.grid + plot.inside(cells(plot, xs, ys, data.planes[s.epochs].accuracy, 20, 68) +
        (ghost ? edge(ghost.state, "#7d8894", 2.5) : "") + edge(FIRST, "#111111", 3) +
        (s.batch !== FIRST.batch || s.lr !== FIRST.lr ? jump(place(FIRST), place(s)) : "") +
        edge(s, "#c04a00", 3)), height: top + h };
    },
    note: "MNIST-1D, 4,096 training examples, MLP 40-64-64-10, plain SGD at a constant rate. Means over 4 seeds; ± is their standard error.",
  });
}
export { maths };
export default { render };
