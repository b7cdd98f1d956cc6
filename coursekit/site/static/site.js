// Predictions that a reader makes on a page, kept in this browser alone; the filter over the claims.
"use strict";

const kept = {
  read(key) {
    try { return localStorage.getItem(`coursekit:${key}`); } catch { return null; }
  },
  write(key, value) {
    try { localStorage.setItem(`coursekit:${key}`, value); } catch { /* private mode: this page only */ }
  },
};
const said = new Map(); // what was said on this page, where nothing can be kept

function number(text) {
  const found = String(text).replace(/−/g, "-").match(/^\s*(-?\d+(?:\.\d+)?)/);
  return found ? Number(found[1]) : null;
}

// Numbers may be off by a quarter; a choice is right if what was measured begins with it.
function fits(mine, measured) {
  const guess = number(mine), truth = number(measured);
  if (guess !== null && truth !== null) return Math.abs(guess - truth) <= 0.25 * Math.abs(truth);
  return measured.startsWith(mine);
}

function answer(key) {
  return said.get(key) ?? kept.read(key);
}

function reveal() {
  for (const table of document.querySelectorAll("table.reveal")) {
    const rows = [...table.querySelectorAll("tbody tr")];
    let made = 0, right = 0;
    for (const row of rows) {
      const mine = answer(row.dataset.key);
      if (!mine) continue;
      const open = row.dataset.said.startsWith("open");
      const good = fits(mine, row.dataset.said);
      row.classList.toggle("right", !open && good);
      row.classList.toggle("wrong", !open && !good);
      row.querySelector(".mine").textContent = mine + (open ? "" : good ? " (right)" : " (not so)");
      made += open ? 0 : 1;
      right += !open && good ? 1 : 0;
    }
    let line = table.parentElement.querySelector(".score");
    if (!line) {
      line = document.createElement("p");
      line.className = "score";
      table.after(line);
    }
    line.textContent = made ? `You predicted ${right} of ${made}.` : "Your predictions appear here once you make some above.";
  }
}

for (const form of document.querySelectorAll("fieldset.predict")) {
  const key = form.dataset.key, note = form.querySelector(".noted");
  const fields = [...form.querySelectorAll("input")];
  const unit = form.querySelector("input[type=text]") ? fields[0].parentElement.textContent.trim() : "";
  const before = kept.read(key);
  for (const field of fields) {
    if (before && field.type === "radio") field.checked = field.value === before;
    if (before && field.type === "text") field.value = before.replace(unit, "").trim();
    field.addEventListener("change", () => {
      const value = field.type === "radio" ? field.value : field.value.trim();
      if (field.type === "text" && number(value) === null) {
        note.textContent = "Give a number.";
        return;
      }
      const whole = field.type === "text" ? `${number(value)} ${unit}` : value;
      said.set(key, whole);
      kept.write(key, whole);
      note.textContent = "Noted in this browser. You will meet it again at the end of the unit.";
      reveal();
    });
  }
  if (before) note.textContent = "Noted before.";
}
reveal();

// What is wider than its place can be scrolled from the keyboard; nothing else is a stop for Tab.
function stops() {
  for (const box of document.querySelectorAll("article pre, .table-wrapper, .formula, .shown")) {
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
stops();
addEventListener("load", stops);
addEventListener("resize", stops);
document.addEventListener("toggle", stops, true);

// The index of claims: one field for words, one for the verdict.
const claims = [...document.querySelectorAll("article table")].filter((table) =>
  [...table.querySelectorAll("th")].some((cell) => cell.textContent.trim() === "people say"));
if (claims.length) {
  const rows = claims.flatMap((table) => [...table.querySelectorAll("tbody tr")]);
  const verdictAt = [...claims[0].querySelectorAll("th")].findIndex((c) => c.textContent.trim() === "verdict");
  const verdictOf = (row) => row.cells[verdictAt].textContent.replace(/\(.*/, "").trim();
  for (const table of claims) table.classList.add("claims");
  for (const row of rows) row.cells[verdictAt].classList.add(`verdict-${verdictOf(row).split(" ")[0]}`);
  const verdicts = [...new Set(rows.map(verdictOf))].sort();
  const filter = document.createElement("form");
  filter.className = "claims-filter";
  filter.setAttribute("role", "search");
  filter.setAttribute("aria-label", "Claims");
  filter.innerHTML = `<label>Words <input type="search" name="words"></label>
    <label>Verdict <select name="verdict"><option value="">any</option>${verdicts.map((v) => `<option>${v}</option>`).join("")}</select></label>
    <span role="status"></span>`;
  const update = () => {
    const words = filter.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = filter.elements.verdict.value;
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fit = words.every((word) => text.includes(word)) && (!verdict || verdictOf(row) === verdict);
      row.hidden = !fit;
      shown += fit;
    }
    for (const table of claims) {
      const box = table.closest(".table-wrapper") ?? table;
      const empty = [...table.querySelectorAll("tbody tr")].every((row) => row.hidden);
      box.hidden = empty;
      const head = box.previousElementSibling;
      if (head?.tagName === "P" && claims.length > 1) head.hidden = empty;
    }
    filter.querySelector("[role=status]").textContent = `${shown} of ${rows.length} claims`;
  };
  filter.addEventListener("input", update);
  filter.addEventListener("submit", (event) => event.preventDefault());
  const first = claims[0].closest(".table-wrapper") ?? claims[0];
  const before = claims.length > 1 ? first.previousElementSibling : first;
  before.before(filter);
  update();
}
