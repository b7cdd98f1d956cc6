// A prediction: one question, native radio buttons or a number, and a button that locks the answer.
// Arrow keys move between the options: `alone` keeps JupyterLab's own shortcuts away.

const STYLE = `
.ck-ask { border: 1px solid var(--jp-border-color1, #bbb); border-left: 4px solid #0072B2;
  border-radius: 4px; padding: 8px 14px 10px; max-width: 46em; margin: 4px 2px;
  color: var(--jp-content-font-color1, inherit); font: inherit;
  font-size: var(--jp-content-font-size1, 14px); line-height: 1.5; }
.ck-ask[data-state=locked] { border-left-color: #009E73; }
.ck-ask fieldset { border: 0; margin: 0 0 8px; padding: 0; min-width: 0; }
.ck-ask legend { font-weight: 600; padding: 0; margin-bottom: 4px; }
.ck-ask label { display: flex; gap: 8px; align-items: baseline; padding: 2px 4px; cursor: pointer;
  border-radius: 3px; width: fit-content; }
.ck-ask input[type=text] { font: inherit; width: 7em; padding: 2px 6px; color: inherit;
  background: var(--jp-layout-color0, transparent); border: 1px solid var(--jp-border-color0, #888); }
.ck-ask :focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.ck-ask fieldset:disabled label:not(.ck-chosen) { opacity: .65; cursor: default; }
.ck-ask .ck-chosen { font-weight: 600; }
.ck-ask button { font: inherit; padding: 3px 14px; border-radius: 4px; cursor: pointer;
  color: inherit; background: var(--jp-layout-color2, #eee); border: 1px solid #767676; }
.ck-ask button.ck-main { background: #0065a3; border-color: #0065a3; color: white; }
.ck-ask .ck-row { display: flex; gap: 10px; align-items: center; flex-wrap: wrap; }
`;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function alone(element) {  // JupyterLab looks at the element that has the focus, not above it
  element.setAttribute("data-lm-suppress-shortcuts", "true");
  return element;
}

export function render({ model, el }) {
  const name = `ck-${Math.random().toString(36).slice(2)}`;
  const options = model.get("options");
  const form = make("form", { className: "ck-ask" });
  const fields = make("fieldset", {}, make("legend", { textContent: model.get("question") }));
  const choices = options.map((text) => {
    const input = alone(make("input", { type: "radio", name, value: text }));
    const label = make("label", {}, input, make("span", { textContent: text }));
    fields.append(label);
    return { input, label };
  });
  const number = alone(
    make("input", { type: "text", inputMode: "decimal", autocomplete: "off" }),
  );
  if (!options.length) {
    const unit = model.get("unit");
    number.setAttribute("aria-label", `a number, in ${unit}`);
    fields.append(make("label", {}, number, make("span", { textContent: unit })));
  }
  const main = alone(make("button", { type: "submit", className: "ck-main" }));
  const [change, lock, pass] = model.get("words");
  const skip = alone(make("button", { type: "button", textContent: pass }));
  const said = make("span");
  said.setAttribute("role", "status");
  form.append(make("style", { textContent: STYLE }), fields, make("div", { className: "ck-row" },
    main, skip, said));
  el.append(form);

  const typed = () => options.length
    ? choices.find(({ input }) => input.checked)?.input.value ?? ""
    : number.value.trim();

  function draw() {
    const state = model.get("state");
    const chosen = model.get("chosen");
    const locked = state === "locked";
    form.dataset.state = state;
    fields.disabled = locked;
    main.textContent = locked ? change : lock;
    main.classList.toggle("ck-main", !locked);
    skip.hidden = state !== "open";
    for (const { input, label } of choices) {
      if (locked) input.checked = input.value === chosen;
      label.classList.toggle("ck-chosen", locked && input.checked);
    }
    if (locked) number.value = chosen;
    said.textContent = model.get("said");
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (model.get("state") === "locked") {
      model.set("state", "open");
      model.save_changes();
      (choices.find(({ input }) => input.checked)?.input ?? number).focus();
      return;
    }
    const answer = typed();
    if (!answer) {
      said.textContent = options.length ? "Choose one first." : "Type a number first.";
      return;
    }
    model.set("chosen", answer);
    model.set("state", "locked");
    model.save_changes();
  });
  skip.addEventListener("click", () => {
    model.set("state", "skipped");
    model.save_changes();
  });
  for (const trait of ["state", "said", "chosen"]) model.on(`change:${trait}`, draw);
  draw();
}

export default { render };
