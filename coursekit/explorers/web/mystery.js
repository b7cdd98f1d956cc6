// Unit 10: a run that went wrong. Name the fault, buy the cheapest experiment that decides, predict it.
// data: runs of coursekit.experiments.mysteries with what each experiment said when it was carried out

// What an answer is worth: the explanation, an experiment that tells the two best apart, its outcome.
function score(run, { suspect, experiment, outcome }) {
  const bought = run.menu[experiment];
  return { fault: suspect === run.fault, separates: bought.separates, cheapest: experiment === run.best,
    predicted: outcome === bought.outcome, price: bought.price };
}
const spent = (data, run, list) => list.filter((b) => b.run === run).reduce((sum, b) => sum + data.runs[run].menu[b.experiment].price, 0);
const maths = { score, spent };

function render(context) {
  return explorer(context, {
    title: "A run went wrong. What do you buy to find out?",
    ask: "Read the log. Choose an explanation, the cheapest experiment that tells it from the next best, and what it will say. Then run it.",
    start: { run: 0, suspect: -1, experiment: 0, outcome: 0, bought: [] },
    controls: (data) => [
      { key: "run", label: "run", also: { suspect: -1, experiment: 0, outcome: 0 }, choices: data.runs.map((run, i) => [i, `run ${i + 1}: ${run.story.length > 60 ? `${run.story.slice(0, 57)}…` : run.story}`]) },
      { key: "suspect", label: "what went wrong?", choices: (s) => [[-1, "choose an explanation"], ...data.runs[s.run].suspects.map((text, i) => [i, text])] },
      { key: "experiment", label: "which experiment?", also: { outcome: 0 }, choices: (s) => data.runs[s.run].menu.map((e, i) => [i, `${num(e.price)} runs: ${e.does}`]) },
      { key: "outcome", label: "it will say", choices: (s) => data.runs[s.run].menu[s.experiment].outcomes.map((text, i) => [i, text]) },
      { label: "Run the experiment", off: (s) => s.suspect < 0, act: (s) => ({ bought: [...s.bought, { run: s.run, suspect: s.suspect, experiment: s.experiment, outcome: s.outcome }] }) },
    ],
    compute: (s, data) => {
      const mine = s.bought.filter((b) => b.run === s.run), run = data.runs[s.run], scores = mine.map((b) => score(run, b));
      return { mine, scores, spent: spent(data, s.run, s.bought), solved: scores.some((x) => x.fault && x.separates && x.predicted) };
    },
    goals: [
      { text: "solve one: the right explanation, an experiment that decides, its outcome predicted", reached: (s, r) => r.solved, why: "Named, bought and predicted: each of the three can be wrong alone" },
      { text: "solve one with a single experiment, the cheapest that decides", reached: (s, r) => r.scores.length === 1 && r.solved && r.scores[0].cheapest, why: "Most questions about a run cost a hundredth of it" },
    ],
    say: (s, r) => {
      const last = r.scores.at(-1);
      if (!last) return "Nothing bought yet. Read what changed and what the log shows.";
      return `You bought ${r.mine.length} for ${num(r.spent)} runs. ` + (last.predicted ? "It came out as you predicted. " : "It came out otherwise than you predicted. ") +
        (last.separates ? "It tells the two best explanations apart. " : "Both of the best explanations predict that: it decides nothing. ") +
        (last.fault ? (last.separates ? "Your explanation is what happened." : "Your explanation stands so far.") : last.separates ? "Your explanation is not what happened." : "");
    },
    draw: ({ now, ghost, width, data }) => {
      const { state: s, result: r } = now, run = data.runs[s.run], wide = width >= 600;
      const wrap = (text, most) => text.split(" ").reduce((lines, word) => {
        if ((lines.at(-1) + word).length > most) lines.push("");
        lines[lines.length - 1] += `${word} `;
        return lines;
      }, [""]);
      let y = 16, svg = "";
      for (const line of wrap(`“${run.story}”`, Math.floor(width / 8))) { svg += words(0, y, line, { bold: true }); y += 19; }
      const columns = wide ? [0, 0.26, 0.44] : [0, 0.4, 0.7];
      ["setting", "before", "this run"].forEach((text, k) => { svg += words(columns[k] * width, y + 6, text, { color: "soft" }); });
      y += 24;
      for (const [name, old, present] of run.config) {
        const changed = old !== present;
        if (changed) svg += box(-2, y - 13, width * (wide ? 0.72 : 1), 19, { fill: "field" });
        svg += words(0, y, name, { bold: changed }) + words(columns[1] * width, y, old) + words(columns[2] * width, y, changed && wide ? `${present}   changed` : present, { bold: changed, color: changed ? "red" : "ink" });
        y += 20;
      }
      const key = legend([{ text: "three seeds", color: "blue" }, { text: "first |g| of the run before", color: "green", dash: "6 4" }, ...(ghost && ghost.state.run !== s.run ? [{ text: "run looked at before", color: "ghost" }] : [])], width);
      svg += `<g transform="translate(0 ${y})">${key.svg}</g>`;
      const top = y + key.height, w = wide ? width / 2 : width, h = 220, last = run.steps.at(-1) || 1;
      const plotOf = (left, from, label, range2, ticks) => axes({ left, top: from, width: w, height: h, x: { range: [0, last], label: "step" }, y: { range: range2, log: 10, ticks, label } });
      const curves = (plot, steps, rows, color) => rows.map((row) => plot.curve(steps.map((t, i) => [t, row[i] === null ? 1e9 : row[i]]), { color, width: 1.6 })).join("");
      const loss = plotOf(0, top, "loss in the log", [0.01, 10], [0.01, 0.1, 1, 10]), norm = plotOf(wide ? w : 0, wide ? top : top + h, "|g| before clipping", [0.01, 100], [0.01, 0.1, 1, 10, 100]);
      const old = ghost && ghost.state.run !== s.run ? data.runs[ghost.state.run] : null;
      const scaled = (list) => list.steps.map((t) => (t / (list.steps.at(-1) || 1)) * last);
      svg += loss.grid + loss.inside((old ? curves(loss, scaled(old), old.loss.slice(0, 1), "ghost") : "") + curves(loss, run.steps, run.loss, "blue"));
      svg += norm.grid + norm.inside((old ? curves(norm, scaled(old), old.norm.slice(0, 1), "ghost") : "") + curves(norm, run.steps, run.norm, "blue") + stroke([[norm.inner.x, norm.Y(run.before_norm)], [norm.inner.x + 40, norm.Y(run.before_norm)]], { color: "green", width: 2, dash: "6 4" }));
      y = top + (wide ? h : 2 * h) + 10;
      if (run.validation !== null) {
        const bars = [["validation, run before", run.before, "green"], ["validation, this run", run.validation, "blue"]];
        bars.forEach(([name, value, color], i) => {
          svg += words(0, y + 12 + i * 22, `${name}: ${value.toFixed(1)} %`) + box(wide ? 260 : 220, y + 2 + i * 22, ((width - (wide ? 270 : 230)) * value) / 100, 11, { fill: color });
        });
        y += 52;
      } else { svg += words(0, y + 12, "stopped before the first evaluation", { color: "soft" }); y += 26; }
      for (const b of r.mine) {
        const e = run.menu[b.experiment];
        for (const line of wrap(`${num(e.price)} runs · ${e.does}: ${e.outcomes[e.outcome]} (you said ${e.outcomes[b.outcome]}). ${e.text}`, Math.floor(width / 7.2))) { svg += words(0, y + 14, line, { color: b.outcome === e.outcome ? "green" : "red" }); y += 19; }
        y += 4;
      }
      if (r.solved) for (const line of wrap(`Solved: ${run.suspects[run.fault]}.`, Math.floor(width / 7.6))) { svg += words(0, y + 16, line, { bold: true, color: "green" }); y += 20; }
      return { svg, height: y + 10 };
    },
    note: "Runs of a small network, broken on purpose; every experiment was carried out. None of the faults is one of the exercise's six.",
  });
}
export { maths };
export default { render };
