// Unit 04: accumulation, moment by moment: what is summed, divided, clipped when.
// data: {last size: {gram, plane}} of eight micro-batches' mean gradients; the large batch has length 1
const MICRO = 32, COUNT = 8;

const lengthOf = (gram, w) => Math.sqrt(Math.max(0, gram.reduce((s, row, i) => s + w[i] * row.reduce((t, g, j) => t + g * w[j], 0), 0)));
const product = (gram, a, b) => gram.reduce((s, row, i) => s + a[i] * row.reduce((t, g, j) => t + g * b[j], 0), 0);
// What each micro-batch's mean gradient is multiplied by on its way into .grad, the buffer's length
// after each, and the step: its weights, length and cosine with the large batch's gradient.
function accumulate(gram, lastSize, divide, clip, limit) {
  const sizes = range(COUNT).map((k) => (k === COUNT - 1 ? lastSize : MICRO));
  const total = sizes.reduce((a, b) => a + b, 0);
  const exact = sizes.map((n) => n / total), lengths = range(COUNT).map((k) => Math.sqrt(gram[k][k]));
  const share = divide === "examples" ? exact : divide === "micro" ? exact.map(() => 1 / COUNT) : exact.map(() => 1);
  const kept = lengths.map((long) => (clip === "each" ? Math.min(1, limit / long) : 1));
  const weights = share.map((w, k) => w * kept[k]);
  const buffer = range(COUNT).map((k) => lengthOf(gram, weights.map((w, j) => (j <= k ? w : 0))));
  const shrink = clip === "once" ? Math.min(1, limit / buffer[COUNT - 1]) : 1;
  const step = weights.map((w) => w * shrink);
  const norm = lengthOf(gram, step);
  return { sizes, lengths, kept, exact, share, weights, buffer, shrink, step, norm,
    cosine: product(gram, step, exact) / (norm * lengthOf(gram, exact)) };
}
const maths = { accumulate };

function render(context) {
  return explorer(context, {
    title: "Accumulation, moment by moment",
    ask: "Eight micro-batches become one step. What is divided by what, and what is clipped when? The large batch's gradient has length 1.",
    start: { last: 2, divide: "micro", clip: "never", limit: 0.5, at: 10 },
    controls: [
      { key: "at", label: "moment", values: range(COUNT + 3), text: (t) => (t === 0 ? "zero_grad" : t <= COUNT ? `backward ${t} of ${COUNT}` : t === COUNT + 1 ? "after the loop" : "step") },
      { key: "last", label: "examples in the last micro-batch", values: [1, 2, 4, 8, 16, 32], text: String },
      { key: "divide", label: "each mean loss is", choices: [["micro", "divided by the number of micro-batches"], ["examples", "weighted by its share of the examples"], ["none", "not divided (a sum of means)"]] },
      { key: "clip", label: "clip", choices: [["never", "never"], ["once", "once, after the loop"], ["each", "each micro-batch, inside the loop"]] },
      { key: "limit", label: "limit of the norm", values: powers(2, -3, 4, 0.5), text: (v) => `${num(v)} × large batch` },
    ],
    play: "at",
    compute: (s, data) => accumulate(data[s.last].gram, s.last, s.divide, s.clip, s.limit),
    goals: [
      { text: "make the step the large batch's exactly, with a last micro-batch that is short",
        reached: (s, r) => s.last < MICRO && Math.abs(r.norm - 1) < 1e-3 && r.cosine > 0.999999, why: "Each micro-batch has to count by its examples" },
      { text: "clip so that the step comes out shorter than the limit, though the sum of means is longer",
        reached: (s, r) => s.clip === "each" && r.norm < 0.9 * s.limit && s.limit < 1, why: "Inside the loop each noisy micro-batch is cut; their directions then cancel all the same" },
    ],
    say: (s, r) => `Step: ${num(r.norm)} times as long as the large batch's gradient, cosine ${num(r.cosine, 4)}. ${s.clip === "each" ? `Clipped ${r.kept.filter((k) => k < 1).length} of ${COUNT} micro-batches.` : s.clip === "once" ? (r.shrink < 1 ? "Clipped once, after the loop." : "The limit was not reached.") : "Nothing is clipped."}`,
    draw: ({ now, ghost, width, data }) => {
      const { state: s, result: r } = now, wide = width >= 640;
      const key = legend([{ text: "a micro-batch's mean gradient", color: "blue", kind: "area" }, { text: "cut off by the clip", color: "red", kind: "area", opacity: 0.45 },
        { text: ".grad so far", color: "purple" }, { text: "large batch", color: "ink" }, { text: "step", color: "green", thick: 4 }, ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const top = key.height, h = 236, high = 1.15 * Math.max(...r.lengths, ...r.buffer, 1, s.clip === "never" ? 0 : s.limit);
      const time = axes({ top, width, height: h, x: { range: [0, COUNT + 2], ticks: range(COUNT + 2).map((k) => k + 0.5), grid: false,
        text: (v) => (v < COUNT ? String(r.sizes[v - 0.5]) : v < COUNT + 1 ? (wide ? "loop" : "") : "step"), label: wide ? "examples in each micro-batch, in the order of time" : "examples in each micro-batch" },
        y: { range: [0, high], label: "length" } });
      const slot = time.X(1) - time.X(0), bar = (k, value, color, opacity = 1) => box(time.X(k) + 0.18 * slot, time.Y(value), 0.64 * slot, time.Y(0) - time.Y(value), { fill: color, opacity });
      let svg = key.svg + time.grid;
      for (let k = 0; k < COUNT; k++) {
        const seen = k < s.at ? 1 : 0.18;
        svg += bar(k, r.lengths[k], r.kept[k] < 1 ? "red" : "blue", r.kept[k] < 1 ? 0.45 * seen : 0.75 * seen) + (r.kept[k] < 1 ? bar(k, r.kept[k] * r.lengths[k], "blue", 0.75 * seen) : "");
        if (k < s.at && wide) svg += words(time.X(k + 0.5), time.Y(r.lengths[k]) - 5, `× ${num(r.share[k], 2)}`, { anchor: "middle", size: 12, bold: true });
      }
      const steps = r.buffer.slice(0, Math.min(s.at, COUNT)).map((v, k) => [k + 0.5, v]);
      svg += stroke([[time.X(0), time.Y(1)], [time.X(COUNT + 2), time.Y(1)]], { color: "ink", width: 1.5, dash: "5 4" });
      if (s.clip !== "never") svg += stroke([[time.X(0), time.Y(s.limit)], [time.X(COUNT + 2), time.Y(s.limit)]], { color: "red", width: 1.5, dash: "2 3" }) + words(time.inner.x + time.inner.w - 4, time.Y(s.limit) - 5, "limit", { color: "red", anchor: "end", bold: true });
      if (ghost) svg += time.curve([[0, 0], ...ghost.result.buffer.map((v, k) => [k + 0.5, v])], { color: "ghost", width: 1.5 });
      svg += time.curve([[0, 0], ...steps], { color: "purple", width: 3 }) + steps.map(([a, b]) => disc(time.X(a), time.Y(b), 3.5, { color: "purple", width: 0 })).join("");
      if (s.at > COUNT) svg += (r.shrink < 1 ? bar(COUNT, r.buffer[COUNT - 1], "red", 0.45) : "") + bar(COUNT, r.buffer[COUNT - 1] * r.shrink, "purple", 0.8);
      if (s.at > COUNT + 1) svg += bar(COUNT + 1, r.norm, "green", 0.9) + words(time.X(COUNT + 1.5), time.Y(r.norm) - 6, num(r.norm), { anchor: "middle", color: "green", bold: true });
      // the two directions, and the loop as code
      const t2 = top + h + 10, w2 = wide ? width * 0.52 : width, h2 = 250, tips = data[s.last].plane, tip = (w) => [0, 1].map((d) => tips.reduce((sum, p, k) => sum + w[k] * p[d], 0));
      const all = [...tips, tip(r.step), [1, 0]], right = Math.min(1.15 * Math.max(...all.map((p) => p[0])), 30), up = 1.15 * Math.max(1, ...all.map((p) => Math.abs(p[1])));
      const left = Math.min(-0.2 * right, 1.15 * Math.min(...all.map((p) => p[0])));
      const plane = axes({ top: t2, width: w2, height: h2, x: { range: [left, right], label: "along the large batch's gradient" }, y: { range: [-up, up], label: "noisiest beside it" } });
      const to = (w, look) => arrow([plane.X(0), plane.Y(0)], [plane.X(tip(w)[0]), plane.Y(tip(w)[1])], look), only = (k) => range(COUNT).map((j) => (j === k ? r.kept[k] : 0));
      svg += plane.grid + plane.inside(range(Math.min(s.at, COUNT)).map((k) => to(only(k), { color: k === COUNT - 1 ? "purple" : "blue", width: 1.4 })).join("") +
        (ghost ? to(ghost.result.step, { color: "ghost", width: 3 }) : "") + to(r.exact, { color: "ink", width: 6, opacity: 0.75 }) + (s.at > COUNT + 1 ? to(r.step, { color: "green", width: 3 }) : ""));
      const over = { micro: " / 8", examples: " * examples / total", none: "" }[s.divide];
      const code = [["zero_grad()", 0, 0], ["for micro in micros:", 1, COUNT], [`  (loss(micro)${over}).backward()`, 1, COUNT], ...(s.clip === "each" ? [["  clip(own gradient); .grad += it", 1, COUNT]] : []),
        ...(s.clip === "once" ? [["clip(.grad)", COUNT + 1, COUNT + 1]] : []), ["optimizer.step()", COUNT + 2, COUNT + 2]];
      const x3 = wide ? w2 + 14 : 16, y3 = wide ? t2 + 26 : t2 + h2 + 22;
      code.forEach(([line, from, to2], i) => {
        const on = s.at >= from && s.at <= to2;
        svg += (on ? box(x3 - 8, y3 + i * 24 - 15, wide ? width - x3 : width - 24, 22, { fill: "field", color: "green", round: 4 }) : "") +
          `<text xml:space="preserve" x="${r1(x3)}" y="${y3 + i * 24}" font-size="13" font-family="ui-monospace, monospace" fill="${ink(on ? "green" : "ink")}">${esc(line)}</text>`;
      });
      return { svg, height: wide ? t2 + h2 : y3 + code.length * 24 };
    },
    note: "Bars: the mean gradient of each micro-batch, above it its factor on the way into .grad. Arrows: two of all directions; lengths are those in all.",
  });
}
export { maths };
export default { render };
