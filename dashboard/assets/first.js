// A plain script, not a module: it runs before the first paint, so that a chosen theme never
// flashes.
(() => {
  try {
    const chosen = localStorage.getItem("albufera.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is switched off: the system's theme it is.
  }
})();
