// How every explorer looks: a light and a dark palette, the style sheet, and which of the two holds.
const LIGHT = {
  ink: "#1b2430", soft: "#566170", paper: "#ffffff", grid: "#dfe4ea", line: "#8b96a3",
  blue: "#0065a3", red: "#c04a00", green: "#00795a", purple: "#9a4a80", amber: "#8f6200",
  sky: "#56b4e9", ghost: "#8b96a3", field: "#f3f5f8",
};
const DARK = {
  ink: "#e8edf3", soft: "#aab4c0", paper: "#161b22", grid: "#2c343e", line: "#76828f",
  blue: "#6cb8f0", red: "#ff9a5c", green: "#4fcfa5", purple: "#e39ccb", amber: "#e8b84a",
  sky: "#3f8fc4", ghost: "#76828f", field: "#20272f",
};
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const variables = (colours) => Object.entries(colours).map(([k, v]) => `--${k}:${v}`).join(";");
const STYLE = `
.ckx{${variables(LIGHT)};box-sizing:border-box;max-width:880px;margin:8px 0;padding:14px 16px;
  color:var(--ink);background:var(--paper);border:1px solid var(--grid);border-radius:10px;
  font:15px/1.45 ${FONT};color-scheme:light}
.ckx[data-look=dark]{${variables(DARK)};color-scheme:dark}
.ckx *{box-sizing:border-box}
.ckx-title{font-weight:650;font-size:17px}
.ckx-ask{color:var(--soft);margin:2px 0 8px}
.ckx-goal{margin:3px 0;padding:5px 10px;border-left:4px solid var(--amber);background:var(--field);
  border-radius:0 6px 6px 0}
.ckx-goal[data-reached]{border-left-color:var(--green)}
.ckx-goal b{color:var(--amber)} .ckx-goal[data-reached] b{color:var(--green)}
.ckx-picture{margin:10px 0 6px;line-height:0}
.ckx-picture svg{display:block;width:100%;height:auto;max-width:none}
.ckx-row{display:grid;grid-template-columns:minmax(8em,15em) 1fr minmax(5.5em,auto);gap:2px 12px;
  align-items:center;margin:3px 0}
.ckx-narrow .ckx-row{grid-template-columns:1fr auto}
.ckx-narrow .ckx-row input,.ckx-narrow .ckx-row select{grid-column:1/-1;order:3}
.ckx-row label{margin:0;font-weight:400;color:var(--ink)}
.ckx-value{font-variant-numeric:tabular-nums;font-weight:600;text-align:right}
.ckx-row input[type=range]{width:100%;height:26px;margin:0;accent-color:var(--blue);cursor:pointer}
.ckx-row select{grid-column:2/-1;max-width:100%;padding:4px 6px}
.ckx select,.ckx button{font:inherit;color:var(--ink);background:var(--field);
  border:1px solid var(--line);border-radius:6px}
.ckx button{padding:4px 12px;margin:4px 8px 4px 0;cursor:pointer}
.ckx button:disabled{opacity:.55;cursor:default}
.ckx :focus-visible{outline:3px solid var(--blue);outline-offset:2px}
.ckx-said{margin:8px 0 0;font-weight:550}
.ckx-note{margin:4px 0 0;color:var(--soft);font-size:14px}
.ckx-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
  white-space:nowrap}
@media print{.ckx-row,.ckx button{display:none}}
`;
function lookOf(system) {
  for (const node of [document.body, document.documentElement]) {
    const theme = node.dataset.theme || node.dataset.mode;
    if (theme === "dark" || theme === "light") return theme;
    if (node.dataset.jpThemeLight) return node.dataset.jpThemeLight === "false" ? "dark" : "light";
  }
  return system.matches ? "dark" : "light";
}
