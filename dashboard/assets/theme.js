/** Light, dark, or as the system says. */

import { h, icon } from "./dom.js";

const SLOT = "albufera.theme";
const NAMES = { auto: "As the system", light: "Light", dark: "Dark" };
const listeners = new Set();

/**
 * Calls back when the colours change, by the switch or by the system.
 * @param {() => void} listener
 */
export function onTheme(listener) {
  listeners.add(listener);
}

/** The switch of the top bar. */
export function themeSwitch() {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", told);
  // Paper is light; the charts are drawn before the page is laid out for it.
  addEventListener("beforeprint", () => dressed("light"));
  addEventListener("afterprint", () => dressed(chosenTheme()));
  const chosen = document.documentElement.dataset.theme ?? "auto";
  const options = Object.entries(NAMES).map((/** @type {[any, string]} */ [name, label]) =>
    h(
      "label",
      { title: label },
      h("input", {
        type: "radio",
        name: "theme",
        value: name,
        checked: name === chosen,
        onchange: () => choose(name),
      }),
      icon(name),
      h("span", { class: "unseen" }, label),
    ),
  );
  return h("fieldset", { class: "themes" }, h("legend", { class: "unseen" }, "Colours"), options);
}

const chosenTheme = () =>
  /** @type {any} */ (document.querySelector(".themes :checked"))?.value ?? "auto";

function choose(name) {
  try {
    localStorage.setItem(SLOT, name);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  dressed(name);
}

function dressed(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  told();
}

function told() {
  for (const listener of listeners) listener();
}
