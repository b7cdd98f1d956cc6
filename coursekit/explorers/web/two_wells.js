// Unit 07: a sharp well (curvature 8) and a flat one (1), as in coursekit.toy.double_well; walkers start
// in the sharp one. The flat one lies `depth` higher.
const KL = 8, KR = 1, LEFT = -1, RIGHT = 1, SOFT = 0.02, TIME = 40, WALKERS = 200, LOW = -2.6, HIGH = 4.4;

function potential(x, depth) {
  const left = -0.5 * KL * (x - LEFT) ** 2, right = -0.5 * KR * (x - RIGHT) ** 2 - depth, top = Math.max(left, right);
  return -top - SOFT * Math.log1p(Math.exp((Math.min(left, right) - top) / SOFT));
}
function slope(x, depth) {
  const left = 0.5 * KL * (x - LEFT) ** 2, right = 0.5 * KR * (x - RIGHT) ** 2 + depth, own = KL * (x - LEFT);
  return own + (KR * (x - RIGHT) - own) / (1 + Math.exp((right - left) / SOFT));
}
function barrier(depth) {
  let low = LEFT, high = RIGHT;
  for (let i = 1; i < 4000; i++) {
    const a = LEFT + (2 * i) / 4000, b = LEFT + (2 * (i + 1)) / 4000;
    if (slope(a, depth) > 0 && slope(b, depth) <= 0) { low = a; high = b; break; }
  }
  for (let k = 0; k < 60; k++) { const m = (low + high) / 2; if (slope(m, depth) > 0) low = m; else high = m; }
  return low;
}
// Share of Gibbs' density right of the barrier, by Simpson's rule on either side.
function gibbsShare(temperature, depth) {
  const top = barrier(depth), wide = 9 * Math.sqrt(temperature / KR);
  const part = (a, b) => {
    const n = 4000, h = (b - a) / n;
    let sum = 0;
    for (let i = 0; i <= n; i++) sum += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp(-potential(a + i * h, depth) / temperature);
    return (sum * h) / 3;
  };
  const left = part(LEFT - wide, top), right = part(top, RIGHT + wide);
  return right / (left + right);
}
// Places of all walkers at times 0, 2, ..., TIME.
function wander(temperature, lr, depth, walkers = WALKERS, seed = 1) {
  const draw = normal(random(seed)), x = new Float64Array(walkers).fill(LEFT), kick = Math.sqrt(2 * lr * temperature);
  const steps = Math.round(TIME / lr), shots = [Array.from(x)];
  for (let step = 1; step <= steps; step++) {
    for (let i = 0; i < walkers; i++) x[i] += kick * draw() - lr * slope(x[i], depth);
    while (shots.length <= 20 && step >= Math.round((2 * shots.length) / lr)) shots.push(Array.from(x));
  }
  return shots;
}
const maths = { potential, slope, barrier, gibbsShare, wander };

function render(context) {
  return explorer(context, {
    title: "Two wells: does noise find the flat one?",
    ask: "200 walkers begin in the sharp well on the left. Heat, step and depth decide where they are later.",
    start: { heat: 0.2, lr: 0.1, depth: 0, time: TIME },
    controls: [
      { key: "heat", label: "temperature T", values: [0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6] },
      { key: "lr", label: "learning rate η", values: [0.05, 0.1, 0.15, 0.2, 0.24], text: (v) => `${num(v)} (ηλ = ${num(KL * v, 2)})` },
      { key: "depth", label: "flat well lies higher by", values: [-0.4, -0.2, 0, 0.2, 0.4] },
      { key: "time", label: "time, η × steps", values: range(21).map((i) => 2 * i), text: String },
    ],
    play: "time",
    compute: (s) => {
      const shots = wander(s.heat, s.lr, s.depth), top = barrier(s.depth);
      return { shots, top, gibbs: gibbsShare(s.heat, s.depth), shares: shots.map((shot) => shot.filter((x) => x > top).length / shot.length) };
    },
    goals: [
      { text: "bring nine of ten walkers into the flat well at the lowest temperature, 0.1", reached: (s, r) => s.heat === 0.1 && r.shares.at(-1) >= 0.9 && s.depth >= 0,
        why: "Not by heat: near ηλ = 2 the sharp well itself throws them out" },
      { text: "make depth beat width: the sharp well keeps most, by Gibbs too", reached: (s, r) => r.gibbs < 0.5, why: "It has to be deeper by more than T ln √8; width counts only as a logarithm" },
    ],
    say: (s, r) => `T = ${num(s.heat)}, η = ${num(s.lr)}: at time ${s.time}, ${Math.round(100 * r.shares[s.time / 2])} % of the walkers are in the flat well; at the end ${Math.round(100 * r.shares.at(-1))} %; Gibbs' density has ${Math.round(100 * r.gibbs)} %.`,
    draw: ({ now, ghost, width }) => {
      const { state: s, result: r } = now, wide = width >= 640;
      const key = legend([{ text: "walkers", color: "sky", kind: "area" }, { text: "energy U", color: "ink", dash: "5 3" }, { text: "Gibbs' density", color: "blue" }, ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const w = wide ? width * 0.62 : width, h = 320;
      const plot = axes({ top: key.height, width: w, height: h, x: { range: [LOW, HIGH], label: "place x" }, y: { range: [-0.5, 2.2], label: "energy, density" } });
      const xs = range(281).map((i) => LOW + ((HIGH - LOW) * i) / 280);
      const density = (state) => {
        const raw = xs.map((x) => Math.exp(-potential(x, state.depth) / state.heat)), total = raw.reduce((a, b) => a + b, 0) * (xs[1] - xs[0]);
        return xs.map((x, i) => [x, raw[i] / total]);
      };
      const counts = new Array(70).fill(0), bin = (HIGH - LOW) / 70;
      for (const x of r.shots[s.time / 2]) { const k = Math.floor((x - LOW) / bin); if (k >= 0 && k < 70) counts[k]++; }
      let svg = key.svg + plot.grid + plot.inside(counts.map((c, k) => (c ? box(plot.X(LOW + k * bin), plot.Y(c / WALKERS / bin), plot.X(bin) - plot.X(0) - 0.5, plot.Y(0) - plot.Y(c / WALKERS / bin), { fill: "sky", opacity: 0.85 }) : "")).join("") +
        (ghost ? plot.curve(density(ghost.state), { color: "ghost", width: 1.5 }) : "") + plot.curve(density(s), { color: "blue", width: 2.2 }) + plot.curve(xs.map((x) => [x, potential(x, s.depth)]), { dash: "5 3", width: 2 }));
      const left = wide ? w + 6 : 0, t2 = wide ? key.height : key.height + h + 8;
      const share = axes({ left, top: t2, width: wide ? width - w - 6 : width, height: wide ? h : 220, x: { range: [0, TIME], label: "time, η × steps" }, y: { range: [0, 1], label: "share in the flat well", text: (v) => `${Math.round(100 * v)} %` } });
      const line = (result, look) => share.curve(result.shares.map((v, i) => [2 * i, v]), look);
      svg += share.grid + share.inside((ghost ? line(ghost.result, { color: "ghost", width: 1.5 }) : "") + share.curve([[0, r.gibbs], [TIME, r.gibbs]], { color: "blue", dash: "6 4" }) + line(r, { color: "sky", width: 3 }) +
        disc(share.X(s.time), share.Y(r.shares[s.time / 2]), 6, { color: "sky" })) + words(share.inner.x + 6, share.Y(r.gibbs) - 6, `Gibbs ${Math.round(100 * r.gibbs)} %`, { color: "blue", bold: true });
      return { svg, height: t2 + (wide ? h : 220) };
    },
    note: "Curvature 8 in the sharp well, 1 in the flat one. x ← x − η U′(x) + √(2ηT) ξ. Gibbs' density is where endless small steps end.",
  });
}
export { maths };
export default { render };
