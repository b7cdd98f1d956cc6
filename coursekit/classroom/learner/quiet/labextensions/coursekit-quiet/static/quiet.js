// An extension of JupyterLab, written by hand: it adds the style sheet beside it, and lets arrow keys
// move between the options of a widget in place of between cells.
(() => {
  const sheet = new URL("quiet.css", document.currentScript.src).href;
  const plugin = {
    id: "coursekit-quiet:style",
    autoStart: true,
    activate: () => {
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: sheet });
      document.head.append(link);
      document.addEventListener("focusin", ({ target }) => {
        if (target.matches?.(".jp-OutputArea input[type=radio]")) {
          target.setAttribute("data-lm-suppress-shortcuts", "true");
        }
      });
    },
  };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["coursekit-quiet"] = {
    init: () => undefined,
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
