// Unit 06: the edge of stability, and batch sharpness, on a network small enough for every step.
// f(x) = sum_j c_j tanh(a_j x + b_j), eight hidden units, 32 examples of sin 2x + sin 5x / 2.
const HIDDEN = 8, NUM = 32, PARAMS = 3 * HIDDEN, STEPS = 1000, EVERY = 25;
const INPUTS = range(NUM).map((i) => -2 + (4 * i) / (NUM - 1));
const TARGETS = INPUTS.map((x) => Math.sin(2 * x) + Math.sin(5 * x) / 2), ALL = range(NUM);

// Half the mean squared error over the examples of `batch`; its gradient goes into `grad`.
function lossGrad(w, batch, grad) {
  let loss = 0;
  grad.fill(0);
  const hidden = new Float64Array(HIDDEN), n = batch.length;
  for (const i of batch) {
    let error = -TARGETS[i];
    for (let j = 0; j < HIDDEN; j++) {
      hidden[j] = Math.tanh(w[j] * INPUTS[i] + w[HIDDEN + j]);
      error += w[2 * HIDDEN + j] * hidden[j];
    }
    loss += (error * error) / (2 * n);
    for (let j = 0; j < HIDDEN; j++) {
      const back = (error * w[2 * HIDDEN + j] * (1 - hidden[j] * hidden[j])) / n;
      grad[j] += back * INPUTS[i];
      grad[HIDDEN + j] += back;
      grad[2 * HIDDEN + j] += (error * hidden[j]) / n;
    }
  }
  return loss;
}
const dot = (a, b) => { let s = 0; for (let i = 0; i < a.length; i++) s += a[i] * b[i]; return s; };
// The Hessian of a batch's loss times v, by a central difference of gradients.
function hessianTimes(w, batch, v) {
  const h = 1e-4 / (Math.sqrt(dot(v, v)) || 1), up = new Float64Array(PARAMS), down = new Float64Array(PARAMS);
  lossGrad(w.map((x, i) => x + h * v[i]), batch, up);
  lossGrad(w.map((x, i) => x - h * v[i]), batch, down);
  return up.map((x, i) => (x - down[i]) / (2 * h));
}
// g_B H_B g_B over |g_B|^2, both averaged over 24 batches: the curvature along a batch's own step.
function batchSharpness(w, batchSize, seed) {
  const uniform = random(seed), grad = new Float64Array(PARAMS);
  let above = 0, below = 0;
  for (let m = 0; m < (batchSize >= NUM ? 1 : 24); m++) {
    const batch = batchSize >= NUM ? ALL : Array.from({ length: batchSize }, () => Math.floor(uniform() * NUM));
    lossGrad(w, batch, grad);
    above += dot(grad, hessianTimes(w, batch, grad));
    below += dot(grad, grad);
  }
  return above / below;
}
// Train; a record every 25 steps: loss, lambda_max, batch sharpness. Ends where the loss passes 1e6.
function train(lr, batchSize, steps = STEPS) {
  const draw = normal(random(1)), w = Float64Array.from({ length: PARAMS }, () => draw()), uniform = random(7);
  let v = Float64Array.from({ length: PARAMS }, () => draw());
  const grad = new Float64Array(PARAMS), records = [];
  for (let step = 0; step <= steps; step++) {
    if (step % EVERY === 0) {
      for (let k = 0; k < 10; k++) {
        v = hessianTimes(w, ALL, v);
        const long = Math.sqrt(dot(v, v)) || 1;
        v = v.map((x) => x / long);
      }
      const loss = lossGrad(w, ALL, grad);
      if (!(loss < 1e6)) break;
      records.push({ step, loss, lambda: dot(v, hessianTimes(w, ALL, v)), batch: batchSharpness(w, batchSize, 99 + step) });
    }
    if (step === steps) break;
    const batch = batchSize >= NUM ? ALL : Array.from({ length: batchSize }, () => Math.floor(uniform() * NUM));
    lossGrad(w, batch, grad);
    for (let i = 0; i < PARAMS; i++) w[i] -= lr * grad[i];
  }
  const last = records.slice(-13), mean = (name) => last.reduce((s, r) => s + r[name], 0) / last.length;
  return { records, diverged: records.length <= steps / EVERY, lambda: mean("lambda"), batch: mean("batch"), loss: mean("loss"), weights: [...w] };
}
const maths = { train, batchSharpness, lossGrad: (w, batch) => { const g = new Float64Array(PARAMS); return [lossGrad(w, batch, g), ...g]; },
  hessianTimes: (w, batch, v) => [...hessianTimes(Float64Array.from(w), batch, Float64Array.from(v))] };

function render(context) {
  const size = (b) => (b >= NUM ? "all 32: gradient descent" : `${b} example${b > 1 ? "s" : ""}`);
  return explorer(context, {
    title: "How sharp does training let the loss become?",
    ask: "A network of 24 weights is trained anew at each move of a slider. Sharpness is shown in units of its limit 2/η: at 1 a step overshoots as far as it came.",
    start: { lr: 0.2, batch: 32, step: STEPS },
    controls: [
      { key: "lr", label: "learning rate η", values: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.8, 1, 1.2] },
      { key: "batch", label: "batch size B", values: [1, 2, 4, 8, 16, 32], text: size },
      { key: "step", label: "show up to step", values: range(STEPS / EVERY + 1).map((i) => i * EVERY), text: (v) => num(v) },
    ],
    play: "step",
    compute: (s) => train(s.lr, s.batch),
    goals: [
      { text: "let gradient descent climb to the edge and stay there: mean ratio of the last third within 5 % of 1",
        reached: (s, r) => s.batch === 32 && !r.diverged && Math.abs((r.lambda * s.lr) / 2 - 1) < 0.05, why: "It sharpens until λ = 2/η; there each further step throws it back" },
      { text: "keep λ below 0.7 of its limit at the same rate or a higher one, by the batch size alone",
        reached: (s, r) => s.lr >= 0.3 && s.batch < 32 && !r.diverged && (r.lambda * s.lr) / 2 < 0.7 && r.batch > r.lambda, why: "A batch's own curvature along its step is higher, and holds λ down" },
    ],
    say: (s, r) => (r.diverged ? `η = ${num(s.lr)}, ${size(s.batch)}: it diverged.` :
      `η = ${num(s.lr)}, ${size(s.batch)}. In the last third: λ_max ${num(r.lambda)} = ${num((r.lambda * s.lr) / 2)} of the limit ${num(2 / s.lr)}; batch sharpness ${num((r.batch * s.lr) / 2)} of it; loss ${num(r.loss)}.`),
    draw: ({ now, ghost, width }) => {
      const key = legend([{ text: "λ_max of the whole loss", color: "blue" }, { text: "batch sharpness", color: "red", kind: "dot" }, { text: "limit 2/η", color: "ink", dash: "6 4" }, { text: "loss", color: "green" }, ...(ghost ? [{ text: "before", color: "ghost" }] : [])], width);
      const x = { range: [0, STEPS] }, h = 270;
      const first = axes({ top: key.height, width, height: h, padBottom: 26, x, y: { range: [0, 2], label: "sharpness × η / 2" } });
      const second = axes({ top: key.height + h, width, height: 190, x: { ...x, label: "step" }, y: { range: [0.01, 2], log: 10, ticks: [0.01, 0.1, 1], label: "loss" } });
      const lines = (s, r, until) => r.records.filter((p) => p.step <= until);
      const { state: s, result: r } = now, seen = lines(s, r, s.step), old = ghost ? lines(ghost.state, ghost.result, STEPS) : [];
      const ratio = (list, lr) => list.map((p) => [p.step, (p.lambda * lr) / 2]), loss = (list) => list.map((p) => [p.step, p.loss]);
      const limit = stroke([[first.inner.x, first.Y(1)], [first.inner.x + first.inner.w, first.Y(1)]], { dash: "6 4", width: 2 });
      return { svg: key.svg + first.grid + first.inside((ghost ? first.curve(ratio(old, ghost.state.lr), { color: "ghost", width: 1.5 }) : "") + limit +
          seen.map((p) => disc(first.X(p.step), first.Y((p.batch * s.lr) / 2), 3, { color: "red", width: 0, opacity: 0.8 })).join("") + first.curve(ratio(seen, s.lr), { color: "blue", width: 2.5 })) +
          second.grid + second.inside((ghost ? second.curve(loss(old), { color: "ghost", width: 1.5 }) : "") + second.curve(loss(seen), { color: "green", width: 2.5 })) +
          (r.diverged ? words(first.inner.x + first.inner.w / 2, first.inner.y + 40, "diverged", { anchor: "middle", size: 18, color: "red", bold: true }) : ""),
        height: key.height + h + 190 };
    },
    note: "Batch sharpness: g·Hg/|g|² of a batch's own gradient g and Hessian H, averaged over 24 batches; with all examples it is the curvature along the full gradient. Half squared error, 32 points of sin 2x + ½ sin 5x.",
  });
}
export { maths };
export default { render };
