// Unit 09: the time of a step, a floor and then a slope; what a batch makes of the hardware.
// data: {batch_sizes, ms}: a step of one CPU thread, measured (the ledger's claim C6)

const stepSeconds = (batch, floor, rate) => Math.max(floor, batch / rate);
const softSeconds = (batch, floor, rate) => floor + batch / rate; // no overlap of overhead and arithmetic
const throughput = (batch, floor, rate) => batch / stepSeconds(batch, floor, rate);
const maths = { stepSeconds, softSeconds, throughput };
const SIZES = powers(2, 0, 16, 0.25);

function render(context) {
  const ms = (seconds) => (seconds >= 1 ? `${num(seconds)} s` : seconds >= 1e-3 ? `${num(1000 * seconds)} ms` : `${num(1e6 * seconds)} µs`);
  const many = (v) => (v >= 1e9 ? `${num(v / 1e9)} G` : v >= 1e6 ? `${num(v / 1e6)} M` : v >= 1e3 ? `${num(v / 1e3)} k` : num(v));
  return explorer(context, {
    title: "The knee: where a larger batch begins to cost time",
    ask: "A step can't be shorter than its floor (starting kernels, Python). Below the knee more examples are free; above it each costs its time.",
    start: { batch: 16, floor: 0.00025, rate: 1e6, law: "hard" },
    controls: [
      { key: "batch", label: "batch size B", values: powers(2, 0, 16), text: (b) => `${num(b)} examples` },
      { key: "floor", label: "floor of a step", values: [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2], text: ms },
      { key: "rate", label: "full speed of the hardware", values: [3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8], text: (v) => `${many(v)} examples/s` },
      { key: "law", label: "overhead and arithmetic", choices: [["hard", "overlap: max(floor, B/rate)"], ["soft", "one after the other: floor + B/rate"]] },
    ],
    compute: (s) => {
      const seconds = (s.law === "hard" ? stepSeconds : softSeconds)(s.batch, s.floor, s.rate);
      return { seconds, speed: s.batch / seconds, share: s.batch / seconds / s.rate, knee: s.floor * s.rate };
    },
    goals: [
      { text: "use at least nine tenths of the hardware with the smallest batch that does", reached: (s, r) => r.share >= 0.9 && (s.law === "hard" ? stepSeconds : softSeconds)(s.batch / 2, s.floor, s.rate) * s.rate * 0.9 > s.batch / 2, why: "That is the knee, floor × rate; where overhead and arithmetic take turns it takes nine times as much" },
      { text: "buy a machine a hundred times as fast, and find what share of it B = 256 uses", reached: (s, r) => s.rate >= 1e8 && s.batch === 256, why: "The same step time as before: faster hardware wants a larger batch, or a lower floor" },
    ],
    say: (s, r) => `B = ${num(s.batch)}: a step takes ${ms(r.seconds)}, ${many(r.speed)} examples a second, ${num(100 * r.share)} % of full speed. The knee is at B = ${num(r.knee)}.`,
    draw: ({ now, ghost, width, data }) => {
      const { state: s, result: r } = now, wide = width >= 640, w = wide ? width / 2 : width, h = 320;
      const law = (state) => (state.law === "hard" ? stepSeconds : softSeconds);
      const key = legend([{ text: "your machine", color: "blue" }, { text: "floor", color: "amber", dash: "6 4" }, { text: "full speed", color: "red", dash: "6 4" }, { text: "measured: one CPU thread", color: "green", kind: "ring" }, ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const x = { range: [1, 65536], log: 2, label: "batch size B, examples" };
      const time = axes({ top: key.height, width: w, height: h, padLeft: 68, x, y: { range: [3e-5, 3], log: 10, ticks: [1e-4, 1e-3, 1e-2, 1e-1, 1], text: ms, label: "time of a step" } });
      const speed = axes({ left: wide ? w : 0, top: wide ? key.height : key.height + h + 6, width: w, height: h, padLeft: 68, x, y: { range: [100, 2e8], log: 10, ticks: [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8], text: many, label: "examples a second" } });
      const curve = (plot, state, of, look) => plot.curve(SIZES.map((b) => [b, of(law(state)(b, state.floor, state.rate), b)]), look);
      const seconds = (t) => t, perSecond = (t, b) => b / t, straight = (plot, of, look) => plot.curve(SIZES.map((b) => [b, of(b)]), { width: 1.5, dash: "6 4", ...look });
      const upright = (plot) => stroke([[plot.X(r.knee), plot.inner.y], [plot.X(r.knee), plot.inner.y + plot.inner.h]], { color: "line", dash: "2 3", width: 1.5 }) + words(plot.X(r.knee) + 5, plot.inner.y + 15, `knee ${num(r.knee)}`, { color: "soft", bold: true });
      const rings = (plot, of) => data.batch_sizes.map((b, i) => disc(plot.X(b), plot.Y(of(data.ms[i] / 1000, b)), 5, { color: "green", fill: "none" })).join("");
      let svg = key.svg + time.grid + time.inside((ghost ? curve(time, ghost.state, seconds, { color: "ghost", width: 1.5 }) : "") + straight(time, () => s.floor, { color: "amber" }) + straight(time, (b) => b / s.rate, { color: "red" }) + upright(time) + curve(time, s, seconds, { color: "blue", width: 3 }) + rings(time, seconds) +
        disc(time.X(s.batch), time.Y(r.seconds), 7, { color: "blue" })) + words(time.X(s.batch) + 4, time.Y(r.seconds) - 12, ms(r.seconds), { color: "blue", bold: true, anchor: time.X(s.batch) > time.inner.x + time.inner.w - 60 ? "end" : "start" });
      svg += speed.grid + speed.inside((ghost ? curve(speed, ghost.state, perSecond, { color: "ghost", width: 1.5 }) : "") + straight(speed, () => s.rate, { color: "red" }) + straight(speed, (b) => b / s.floor, { color: "amber" }) + upright(speed) + curve(speed, s, perSecond, { color: "blue", width: 3 }) + rings(speed, perSecond) +
        disc(speed.X(s.batch), speed.Y(r.speed), 7, { color: "blue" })) + words(speed.X(s.batch) - 4, speed.Y(r.speed) + 24, `${num(100 * r.share)} % of full`, { color: "blue", bold: true, anchor: speed.X(s.batch) > speed.inner.x + 110 ? "end" : "start" });
      return { svg, height: wide ? key.height + h : key.height + 2 * h + 6 };
    },
    note: "Rings: an MLP 40-64-64-10 on one CPU thread, mean of eight rounds, at B = 1, 8, 1,024 and 4,096.",
  });
}
export { maths };
export default { render };
