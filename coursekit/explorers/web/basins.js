// Unit 07: two round basins, curvature 8 about -e1 and 1 about +e1, in `dims` dimensions; joined as the
// double well is. What finds the flat one: its size, or the noise?
const KS = 8, KF = 1, SOFT = 0.02, END = 20, WALKERS = 100, PUSH = 1.5;

// How far the sharp parabola lies above the flat one at x (> 0: the flat basin rules).
function energyGap(x) {
  let rest = 0;
  for (let d = 1; d < x.length; d++) rest += x[d] * x[d];
  return 0.5 * KS * ((x[0] + 1) ** 2 + rest) - 0.5 * KF * ((x[0] - 1) ** 2 + rest);
}
// Walkers at times 0, 1, ..., END: their first two coordinates, and the share in the flat basin.
function roam(heat, lr, dims, start, walkers = WALKERS, seed = 1) {
  const draw = normal(random(seed)), kick = Math.sqrt(2 * lr * heat), steps = Math.round(END / lr), shots = [];
  const places = Array.from({ length: walkers }, () => Float64Array.from({ length: dims }, (_, d) => (start === "random" ? PUSH * draw() : d === 0 ? -1 : 0)));
  const shoot = () => shots.push({ points: places.map((x) => [x[0], dims > 1 ? x[1] : 0]), share: places.filter((x) => energyGap(x) > 0).length / walkers });
  shoot();
  for (let step = 1; step <= steps; step++) {
    for (const x of places) {
      const flat = 1 / (1 + Math.exp(-energyGap(x) / SOFT)), pull = KS + flat * (KF - KS), to = flat * KF - (1 - flat) * KS;
      for (let d = 0; d < dims; d++) x[d] += (heat ? kick * draw() : 0) - lr * (pull * x[d] - (d === 0 ? to : 0));
    }
    while (shots.length <= END && step >= Math.round(shots.length / lr)) shoot();
  }
  return shots;
}
// Gibbs' share of the flat basin where both are narrow: volumes go like curvature^(-dims/2).
const gibbsLimit = (dims) => 1 / (1 + (KF / KS) ** (dims / 2));
const maths = { energyGap, roam, gibbsLimit };

function render(context) {
  return explorer(context, {
    title: "Two basins: size, or noise?",
    ask: "A sharp and a flat basin, equally deep. Start anywhere or in the sharp one, with noise or without. The picture shows two of the dimensions.",
    start: { heat: 0.15, dims: 2, start: "sharp", lr: 0.05, time: END },
    controls: [
      { key: "start", label: "walkers start", choices: [["sharp", "in the sharp basin"], ["random", "at random, all over both basins"]] },
      { key: "heat", label: "temperature T", values: [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4], text: (v) => (v ? num(v) : "0: no noise") },
      { key: "dims", label: "dimensions", values: [1, 2, 3, 4, 6, 8], text: String },
      { key: "lr", label: "learning rate η", values: [0.05, 0.1, 0.15, 0.2, 0.24, 0.26], text: (v) => `${num(v)} (ηλ = ${num(KS * v, 2)})` },
      { key: "time", label: "time, η × steps", values: range(END + 1), text: String },
    ],
    play: "time",
    compute: (s) => ({ shots: roam(s.heat, s.lr, s.dims, s.start), limit: gibbsLimit(s.dims) }),
    goals: [
      { text: "bring nine of ten into the flat basin without any noise at all, at ηλ below 1", reached: (s, r) => s.heat === 0 && s.lr < 0.12 && r.shots.at(-1).share >= 0.9, why: "In more dimensions nearly every random start lies in the flat basin: size alone does it" },
      { text: "bring seven of ten out of the sharp basin by noise, in the time there is, at ηλ below 1", reached: (s, r) => s.start === "sharp" && s.lr < 0.12 && r.shots.at(-1).share >= 0.7, why: "Heat has to be near the barrier of 1.08; each further dimension makes the way back rarer" },
    ],
    say: (s, r) => `${s.dims} dimension${s.dims > 1 ? "s" : ""}, T = ${num(s.heat)}, η = ${num(s.lr)}, start ${s.start === "sharp" ? "in the sharp basin" : "at random"}: at time ${s.time}, ${Math.round(100 * r.shots[s.time].share)} % are in the flat one; at the end ${Math.round(100 * r.shots.at(-1).share)} %. Volumes alone would say ${num(100 * r.limit)} %.`,
    draw: ({ now, ghost, width }) => {
      const { state: s, result: r } = now, wide = width >= 640;
      const key = legend([{ text: "walkers", color: "red", kind: "dot" }, { text: "sharp basin", color: "blue", kind: "area", opacity: 0.5 }, { text: "flat basin", color: "green", kind: "area", opacity: 0.5 }, { text: "share by volume", color: "ink", dash: "6 4" }, ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const w = wide ? width * 0.62 : width, h = wide ? 360 : 320;
      const plane = axes({ top: key.height, width: w, height: h, x: { range: [-3, 4], label: "first coordinate" }, y: { range: [-3, 3], label: s.dims > 1 ? "second coordinate" : "(only one dimension)" } });
      const unit = [plane.X(1) - plane.X(0), plane.Y(0) - plane.Y(1)];
      const hole = (at, curvature, level, color) => `<ellipse cx="${r1(plane.X(at))}" cy="${r1(plane.Y(0))}" rx="${r1(unit[0] * Math.sqrt((2 * level) / curvature))}" ry="${r1(unit[1] * Math.sqrt((2 * level) / curvature))}" fill="${ink(color)}" fill-opacity="0.13" stroke="${ink(color)}" stroke-opacity="0.5"/>`;
      const levels = [0.05, 0.2, 0.5, 1];
      let svg = key.svg + plane.grid + plane.inside(levels.map((level) => hole(1, KF, level, "green") + hole(-1, KS, level, "blue")).join("") +
        r.shots[s.time].points.map(([x, y]) => disc(plane.X(x), plane.Y(y), 3.2, { color: "red", width: 0, opacity: 0.8 })).join(""));
      const share = axes({ left: wide ? w + 6 : 0, top: wide ? key.height : key.height + h + 8, width: wide ? width - w - 6 : width, height: wide ? h : 220, x: { range: [0, END], label: "time, η × steps" }, y: { range: [0, 1], label: "share in the flat basin", text: (v) => `${Math.round(100 * v)} %` } });
      const line = (result, look) => share.curve(result.shots.map((shot, i) => [i, shot.share]), look);
      svg += share.grid + share.inside((ghost ? line(ghost.result, { color: "ghost", width: 1.5 }) : "") + share.curve([[0, r.limit], [END, r.limit]], { dash: "6 4" }) + line(r, { color: "red", width: 3 }) + disc(share.X(s.time), share.Y(r.shots[s.time].share), 6, { color: "red" }));
      return { svg, height: wide ? key.height + h : key.height + h + 8 + 220 };
    },
    note: "Rings: energy 0.05, 0.2, 0.5 and 1. By volume: 1/(1 + 8^(−d/2)), Gibbs' share where both basins are narrow beside T. At random: normal, 1.5 wide.",
  });
}
export { maths };
export default { render };
