// Unit 08: one method against itself, with more tries on one side.
// Momentum 0.9 at B = 512, 16 epochs of N = 2,048, six seeds: validation and test accuracy in percent at
// lr 2^-5 to 2^-1, constant and then with warmup and cosine.
const VALIDATION = [32.5, 38.3, 43.8, 47.5, 49.2, 28.8, 31.9, 35.9, 41.2, 46.2];
const TEST = [32.7, 38.5, 44.6, 49.1, 50.4, 29.8, 32.0, 36.3, 41.9, 46.3];
const MOST = TEST.length;

const choose = (n, k) => (k < 0 || k > n ? 0 : range(k).reduce((c, i) => (c * (n - i)) / (i + 1), 1));
// Expected test accuracy of the best of `tries` random settings, chosen by validation.
function bestOf(tries, validation = VALIDATION, test = TEST) {
  const order = range(test.length).sort((a, b) => validation[a] - validation[b]).map((i) => test[i]);
  return order.reduce((s, t, i) => s + choose(i, tries - 1) * t, 0) / choose(order.length, tries);
}
const gap = (ours, baseline) => bestOf(ours) - bestOf(baseline);
const maths = { bestOf, gap };

function render(context) {
  const count = (k) => `${k} of ${MOST} settings`;
  return explorer(context, {
    title: "How to win against yourself",
    ask: "Both arms are the same optimizer. The paper reports the best setting of each. Who gets how many tries?",
    start: { ours: 4, base: 2 },
    controls: [
      { key: "ours", label: "tries for “ours”", values: range(MOST).map((i) => i + 1), text: count },
      { key: "base", label: "tries for the baseline", values: range(MOST).map((i) => i + 1), text: count },
    ],
    compute: (s) => ({ ours: bestOf(s.ours), base: bestOf(s.base), gap: gap(s.ours, s.base) }),
    goals: [
      { text: "gain five points over the same optimizer with as few tries as you can", reached: (s, r) => r.gap >= 5 && s.ours - s.base <= 2, why: "A single untuned baseline run, and two more tries, are enough for a “result”" },
      { text: "make the comparison fair, with at least five tries", reached: (s) => s.ours === s.base && s.ours >= 5, why: "Equal tries: no gain, whatever the number" },
    ],
    say: (s, r) => `“Ours” after ${count(s.ours)}: ${r.ours.toFixed(1)} %. The baseline after ${s.base}: ${r.base.toFixed(1)} %. Gain: ${r.gap < 0 ? "−" : "+"}${Math.abs(r.gap).toFixed(1)} points. Both are the same optimizer.`,
    draw: ({ now, ghost, width }) => {
      const key = legend([{ text: "best of k tries, expected", color: "soft" }, { text: "ours", color: "blue", kind: "dot" }, { text: "baseline", color: "red", kind: "dot" }, { text: "gain", color: "amber", thick: 4 }, ...(ghost ? [{ text: "before", color: "ghost", kind: "ring" }] : [])], width);
      const h = 350, plot = axes({ top: key.height, width, height: h, padRight: 70, x: { range: [0.6, MOST + 0.4], ticks: range(MOST).map((i) => i + 1), label: "settings tried" }, y: { range: [38, 52], label: "expected test accuracy of the best", text: (v) => `${num(v)} %` } });
      const { state: s, result: r } = now, at = plot.inner.x + plot.inner.w;
      const dots = (state, result, look) => disc(plot.X(state.base), plot.Y(result.base), 7, look ?? { color: "red" }) + disc(plot.X(state.ours), plot.Y(result.ours), 7, look ?? { color: "blue" });
      const out = (k, v, color) => stroke([[plot.X(k), plot.Y(v)], [at + 6, plot.Y(v)]], { color, width: 1.2, dash: "3 3" });
      return { svg: key.svg + plot.grid + plot.curve(range(MOST).map((i) => [i + 1, bestOf(i + 1)]), { color: "soft", width: 2.5 }) +
        (ghost ? dots(ghost.state, ghost.result, { color: "ghost", fill: "none" }) : "") + out(s.ours, r.ours, "blue") + out(s.base, r.base, "red") +
        stroke([[at + 6, plot.Y(r.ours)], [at + 6, plot.Y(r.base)]], { color: "amber", width: 4 }) + words(at + 12, (plot.Y(r.ours) + plot.Y(r.base)) / 2 + 4, `${r.gap < 0 ? "−" : "+"}${Math.abs(r.gap).toFixed(1)}`, { color: "amber", bold: true, size: 15 }) +
        dots(s, r) + words(plot.X(s.ours), plot.Y(r.ours) - 13, "ours", { color: "blue", bold: true, anchor: "middle" }) + words(plot.X(s.base), plot.Y(r.base) + 24, "baseline", { color: "red", bold: true, anchor: "middle" }),
        height: key.height + h };
    },
    note: "Momentum 0.9 at B = 512 on MNIST-1D, ten settings of rate and schedule, six seeds each; the best is chosen on validation data.",
  });
}
export { maths };
export default { render };
