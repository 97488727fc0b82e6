/** The form that asks for a key. */

import { h } from "./dom.js";

/**
 * @param {"key" | "refused"} why none was given, or the lake did not take it
 * @param {(key: string) => void} give
 */
export function keyForm(why, give) {
  const refused = why === "refused";
  /** @type {any} */
  const input = h("input", {
    id: "key",
    type: "password",
    name: "key",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "key-help key-error",
    "aria-invalid": refused ? "true" : null,
    placeholder: "lake_…",
  });
  const see = h(
    "button",
    {
      type: "button",
      class: "button",
      "aria-pressed": "false",
      onclick: () => {
        input.type = input.type === "password" ? "text" : "password";
        see.setAttribute("aria-pressed", String(input.type === "text"));
      },
    },
    "Show",
  );
  const form = h(
    "form",
    {
      class: "gate",
      "aria-labelledby": "gate-title",
      onsubmit: (event) => {
        event.preventDefault();
        const key = input.value.trim();
        if (key) give(key);
      },
    },
    h("h1", { id: "gate-title" }, "The lake asks for your key"),
    h(
      "p",
      { class: "error", id: "key-error", role: refused ? "alert" : null },
      refused ? "The lake did not take this key: it is mistyped, expired or withdrawn." : "",
    ),
    h("label", { for: "key" }, "Key"),
    h(
      "div",
      { class: "gate-row" },
      input,
      see,
      h("button", { type: "submit", class: "button button-main" }, "Open"),
    ),
    h(
      "p",
      { class: "fine", id: "key-help" },
      "On your laptop ",
      h("code", {}, "lake api"),
      " shows it. On AWS ask who runs the lake. ",
      "It stays in this tab until you close it or forget it, and goes to this lake only.",
    ),
  );
  return { element: h("div", { class: "gate-ground" }, form), focus: () => input.focus() };
}
