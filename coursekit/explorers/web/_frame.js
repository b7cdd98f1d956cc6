// The frame of every explorer: controls with names, a picture as wide as the page, the last state as a
// ghost, goals, a sentence for screen readers, a model to read the state from. Python puts this text and
// the three before it in front of an explorer's own (live.py, SHARED): one module without imports.
const plainModel = (values) => ({
  get: (key) => values[key], set: (key, value) => { values[key] = value; },
  on() {}, off() {}, save_changes() {},
});
let made = 0;
// spec: title, ask, start, controls(data), compute(state, data), draw({now, ghost, width, data}) ->
// {svg, height}, say(state, result, data), goals: [{text, reached(state, result, data), why}], note
function explorer({ model, el }, spec) {
  const data = model.get("data") ?? STORED;
  const own = `ckx-${OWN}-${made++}`;
  const controls = typeof spec.controls === "function" ? spec.controls(data) : spec.controls;
  for (const c of controls) { // a value that the page asks for is one of the slider's
    const asked = model.get("state")?.[c.key];
    if (c.exact && asked && !c.values.includes(asked)) c.values = [...c.values, asked].sort((a, b) => a - b);
  }
  const snap = (values) => {
    const out = { ...(typeof spec.start === "function" ? spec.start(data) : spec.start), ...values };
    for (const c of controls) if (c.values) out[c.key] = c.values[nearest(c.values, out[c.key])];
    return out;
  };
  let state = snap(model.get("state")), committed = state, ghost = null, timer = 0, frame = 0;
  const reached = new Set(), kept = new Map();
  const make = (tag, name, text = "") => {
    const node = document.createElement(tag);
    if (name) node.className = `ckx-${name}`;
    if (text) node.textContent = text;
    return node;
  };
  const root = make("div", "");
  root.className = "ckx";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Explorer: ${spec.title}`);
  root.addEventListener("keydown", (event) => { // arrow keys belong to the slider, not to the notebook
    if (!event.ctrlKey && !event.metaKey && event.key !== "Escape") event.stopPropagation();
  });
  const style = make("style");
  style.textContent = STYLE;
  const goals = spec.goals.map((goal) => {
    const node = make("div", "goal");
    return { ...goal, node };
  });
  const picture = make("div", "picture"), panel = make("div", "controls");
  const said = make("div", "said"), live = make("div", "hidden");
  live.setAttribute("role", "status");
  live.setAttribute("aria-live", "polite");
  root.append(style, make("div", "title", spec.title), make("div", "ask", spec.ask),
    ...goals.map((g) => g.node), picture, panel, said);
  if (spec.note) root.append(make("div", "note", typeof spec.note === "function" ? spec.note(data) : spec.note));
  root.append(live);

  const result = (s) => {
    const key = JSON.stringify(s);
    if (!kept.has(key)) {
      if (kept.size > 40) kept.delete(kept.keys().next().value);
      kept.set(key, spec.compute(s, data));
    }
    return kept.get(key);
  };
  const rows = controls.map((c, i) => {
    const row = make("div", "row"), label = make("label", "", c.label);
    if (c.act) {
      const button = make("button", "", c.label);
      button.type = "button";
      button.addEventListener("click", () => { change(c.act(state, result(state), data)); commit(); });
      panel.append(button);
      return { set() { if (c.off) button.disabled = c.off(state, data); } };
    }
    const field = make(c.choices ? "select" : "input");
    field.id = label.htmlFor = `${own}-${i}`;
    row.append(label, field);
    panel.append(row);
    if (c.choices) {
      const choices = () => (typeof c.choices === "function" ? c.choices(state, data) : c.choices);
      field.addEventListener("change", () => { change({ [c.key]: choices()[field.selectedIndex][0], ...c.also }); commit(); });
      return { set() {
        const list = choices(), texts = list.map(([, text]) => text);
        if (JSON.stringify(texts) !== field.dataset.texts) {
          field.replaceChildren(...texts.map((text) => make("option", "", text)));
          field.dataset.texts = JSON.stringify(texts);
        }
        field.selectedIndex = list.findIndex(([value]) => value === state[c.key]);
      } };
    }
    const value = make("span", "value");
    value.setAttribute("aria-hidden", "true");
    row.append(value);
    Object.assign(field, { type: "range", min: 0, max: c.values.length - 1, step: 1 });
    field.addEventListener("input", () => change({ [c.key]: c.values[Number(field.value)] }));
    field.addEventListener("change", () => commit());
    return { set() {
      const text = (c.text ?? num)(state[c.key]);
      field.value = c.values.indexOf(state[c.key]);
      field.setAttribute("aria-valuetext", text);
      value.textContent = text;
    } };
  });
  let player = null;
  if (spec.play) {
    player = make("button", "", "Play");
    player.type = "button";
    panel.append(player);
    const { values } = controls.find((c) => c.key === spec.play);
    const stop = () => { cancelAnimationFrame(frame); frame = 0; player.textContent = "Play"; };
    player.addEventListener("click", () => {
      if (frame) return stop();
      const last = values.length - 1;
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) { change({ [spec.play]: values[last] }); return commit(); }
      const began = performance.now(), from = values.indexOf(state[spec.play]) % last;
      player.textContent = "Stop";
      const tick = (t) => {
        const i = Math.min(last, from + Math.floor(((t - began) / 4000) * last));
        if (values[i] !== state[spec.play]) change({ [spec.play]: values[Math.max(i, 0)] }, false);
        if (i < last) frame = requestAnimationFrame(tick);
        else { stop(); commit(); }
      };
      frame = requestAnimationFrame(tick);
    });
    root.addEventListener("input", stop);
  }
  // A JupyterLab that listens before the page does spares what has the focus and this attribute.
  for (const field of panel.querySelectorAll("input, select, button")) field.dataset.lmSuppressShortcuts = "true";
  const change = (values, keepGhost = true) => {
    if (keepGhost) ghost = committed;
    state = { ...state, ...values };
    draw();
  };
  const commit = () => {
    committed = state;
    model.set("state", { ...state });
    model.save_changes();
  };
  function draw() {
    const width = Math.max(280, Math.floor(picture.clientWidth || 720));
    root.classList.toggle("ckx-narrow", width < 480);
    const now = { state, result: result(state) };
    const before = ghost && JSON.stringify(ghost) !== JSON.stringify(state) ? { state: ghost, result: result(ghost) } : null;
    const text = spec.say(state, now.result, data);
    const drawn = spec.draw({ now, ghost: before, width, data });
    picture.innerHTML = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(drawn.height)}" width="${width}" height="${Math.ceil(drawn.height)}" role="img" aria-label="${esc(text)}" font-family="${esc(FONT)}">${drawn.svg}</svg>`;
    said.textContent = text;
    for (const row of rows) row.set();
    let news = "";
    for (const goal of goals) {
      if (!reached.has(goal) && goal.reached(state, now.result, data)) { reached.add(goal); news += ` Goal reached: ${goal.text}. ${goal.why}.`; }
      const done = reached.has(goal);
      if (goal.node.dataset.shown !== String(done)) {
        goal.node.dataset.shown = String(done);
        goal.node.toggleAttribute("data-reached", done);
        goal.node.replaceChildren(make("b", "", done ? "✓ Reached: " : "Try to "), `${goal.text}.${done ? ` ${goal.why}.` : ""}`);
      }
    }
    clearTimeout(timer);
    timer = setTimeout(() => { live.textContent = text + news; }, 400);
  }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const look = () => { root.dataset.look = lookOf(system); };
  const watch = new MutationObserver(look);
  for (const node of [document.documentElement, document.body])
    watch.observe(node, { attributes: true, attributeFilter: ["data-theme", "data-mode", "data-jp-theme-light"] });
  system.addEventListener("change", look);
  const outside = () => { state = committed = snap(model.get("state")); draw(); };
  model.on("change:state", outside);
  el.replaceChildren(root);
  look();
  draw();
  let wide = picture.clientWidth;
  const sizes = new ResizeObserver(() => {
    if (Math.abs(picture.clientWidth - wide) > 1) { wide = picture.clientWidth; draw(); }
  });
  sizes.observe(picture);
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    sizes.disconnect();
    watch.disconnect();
    system.removeEventListener("change", look);
    model.off("change:state", outside);
  };
}
// The picture as a file of its own: light colours written out, on white, clips numbered from 0.
function alone(svg) {
  const ids = new Map();
  return svg.outerHTML
    .replace(/ckx-clip-\w+-\d+/g, (id) => ids.get(id) ?? ids.set(id, `clip${ids.size}`).get(id))
    .replace(/var\(--(\w+)\)/g, (_, name) => LIGHT[name])
    .replace(/viewBox="0 0 (\d+) (\d+)" width="\d+" height="\d+"/, (_, w, h) => `viewBox="-10 -8 ${+w + 20} ${+h + 16}" width="${+w + 20}" height="${+h + 16}"`)
    .replace(/(<svg[^>]*>)/, `$1<rect x="-10" y="-8" width="100%" height="100%" fill="${LIGHT.paper}"/>`);
}
// Bring to life the places of a page that Python wrote (live.py).
function mount(id, state, data, left = 100) {
  const hosts = document.querySelectorAll(`[data-ckx-host="${id}"]:not([data-alive])`);
  if (!hosts.length && left) { requestAnimationFrame(() => mount(id, state, data, left - 1)); return; }
  for (const host of hosts) {
    host.dataset.alive = "true";
    render({ model: plainModel({ state, data }), el: host });
  }
}
