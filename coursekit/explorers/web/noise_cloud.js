// Unit 01: the cloud of mini-batch gradients tightens as the batch grows.
// data: {coords: [[x, y], ...]: errors of single examples in their two noisiest directions, share}
const DOTS = 150;

// Errors of the means of `dots` batches of B examples, drawn with replacement.
function batchErrors(coords, batchSize, seed, dots = DOTS) {
  const uniform = random(seed), out = [];
  for (let d = 0; d < dots; d++) {
    let x = 0, y = 0;
    for (let i = 0; i < batchSize; i++) {
      const point = coords[Math.floor(uniform() * coords.length)];
      x += point[0];
      y += point[1];
    }
    out.push([x / batchSize, y / batchSize]);
  }
  return out;
}
// Root mean square length of one example's error, and of a batch's: sigma / sqrt(B).
const spread = (coords) => Math.sqrt(coords.reduce((s, [x, y]) => s + x * x + y * y, 0) / coords.length);
const radius = (coords, batchSize) => spread(coords) / Math.sqrt(batchSize);
const rms = (points) => Math.sqrt(points.reduce((s, [x, y]) => s + x * x + y * y, 0) / points.length);
const maths = { batchErrors, spread, radius, rms };

function render(context) {
  return explorer(context, {
    title: "The cloud of batch gradients",
    ask: "Every dot is the gradient of one batch, as its distance from the full gradient (cross). How much larger must B be until the cloud is half as wide?",
    start: { batch: 1, zoom: "fixed", draw: 1 },
    controls: (data) => [
      { key: "batch", label: "batch size B", values: powers(2, 0, Math.floor(Math.log2(data.coords.length))), text: (b) => `${num(b)} example${b > 1 ? "s" : ""}` },
      { key: "zoom", label: "scale", choices: [["fixed", "fixed: that of one example"], ["follow", "zoom in with the cloud"]] },
      { label: "Draw other batches", act: (s) => ({ draw: s.draw + 1 }) },
    ],
    compute: (s, data) => {
      const dots = batchErrors(data.coords, s.batch, s.draw);
      return { dots, theory: radius(data.coords, s.batch), measured: rms(dots), one: spread(data.coords) };
    },
    goals: [{ text: "make the cloud half as wide as at B = 1, as near as a slider of doublings lets you",
      reached: (s) => s.batch === 4, why: "Four times the batch: the variance falls as 1/B, the width as its root" },
    { text: "halve it twice more",
      reached: (s) => s.batch === 64, why: "64 times the batch for an eighth of the width" }],
    say: (s, r) => `B = ${num(s.batch)}: the dots lie ${num(r.measured)} from the full gradient (root mean square); σ/√B says ${num(r.theory)}, ${num(r.theory / r.one, 3)} times that of one example.`,
    draw: ({ now, ghost, width, data }) => {
      const key = legend([
        { text: "one batch's gradient", color: "blue", kind: "dot", opacity: 0.6 },
        { text: "theory: σ/√B", color: "red", kind: "ring", dash: "4 3" },
        { text: "full gradient", color: "ink", kind: "cross" },
        ...(ghost ? [{ text: `before (B = ${num(ghost.state.batch)})`, color: "ghost", kind: "ring" }] : []),
      ], width);
      const side = Math.min(width, 500), top = key.height;
      const reach = now.state.zoom === "fixed" ? 2.4 * now.result.one : 2.9 * now.result.theory;
      const along = { range: [-reach, reach], text: (v) => num(Math.abs(v) < 1e-12 ? 0 : v, 2) };
      const plot = axes({ top, width: side, height: side * 0.86 + 42, x: { ...along, label: "error along the noisiest direction" }, y: { ...along, label: "along the second noisiest" } });
      const px = plot.inner.w / (2 * reach), py = plot.inner.h / (2 * reach);
      const ring = (r, look) => `<ellipse cx="${r1(plot.X(0))}" cy="${r1(plot.Y(0))}" rx="${r1(r * px)}" ry="${r1(r * py)}" fill="none" stroke="${ink(look.color)}" stroke-width="${look.width}"${look.dash ? ` stroke-dasharray="${look.dash}"` : ""}/>`;
      const cx = plot.X(0), cy = plot.Y(0);
      let svg = key.svg + plot.grid + plot.inside(
        (ghost ? ring(ghost.result.theory, { color: "ghost", width: 2 }) : "") +
        now.result.dots.map(([x, y]) => disc(plot.X(x), plot.Y(y), 3, { color: "blue", width: 0, opacity: 0.6 })).join("") +
        ring(now.result.theory, { color: "red", width: 2.5, dash: "7 4" }) +
        stroke([[cx - 8, cy], [cx + 8, cy]], { width: 2.5 }) + stroke([[cx, cy - 8], [cx, cy + 8]], { width: 2.5 }));
      // ruler: the widths of B = 1, of before, and of now
      const wide = width - side - 24;
      const bars = [["one example", now.result.one, "ink"], ...(ghost ? [["before", ghost.result.theory, "ghost"]] : []), ["now, theory", now.result.theory, "red"], ["now, dots", now.result.measured, "blue"]];
      const beside = wide > 150, left = beside ? side + 24 : 58, room = beside ? wide : side - 70, from = beside ? top + 20 : top + side * 0.86 + 60;
      svg += words(left, from, "distance to full gradient", { bold: true });
      bars.forEach(([name, value, color], i) => {
        const y = from + 24 + i * 38, long = (room * value) / now.result.one;
        svg += words(left, y, `${name}: ${num(value)} (× ${num(value / now.result.one, 2)})`) + box(left, y + 5, Math.max(long, 2), 9, { fill: color });
      });
      return { svg, height: beside ? top + side * 0.86 + 46 : from + 24 + bars.length * 38 };
    },
    note: (data) => `Shown are the two noisiest directions, ${num(100 * data.share)} % of tr Σ. σ is the length of one example's error in them, root mean square over all examples.`,
  });
}
export { maths };
export default { render };
