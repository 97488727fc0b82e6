/** Pieces that several panels are made of. */

import { h, icon, styled } from "./dom.js";

/**
 * A figure with what it counts.
 * @param {string} value
 * @param {string} label
 * @param {string} [more]
 */
export function keyFigure(value, label, more) {
  return h(
    "div",
    { class: "figure" },
    h("dt", {}, label),
    h(
      "dd",
      {},
      h("span", { class: "figure-value" }, value),
      more ? h("span", { class: "figure-more" }, more) : null,
    ),
  );
}

const PILLS = {
  fresh: ["good", "good", "fresh"],
  succeeded: ["good", "good", "succeeded"],
  passed: ["good", "good", "passed"],
  late: ["late", "late", "late"],
  running: ["run", "running", "running"],
  failing: ["bad", "failing", "failing"],
  failed: ["bad", "failing", "failed"],
  waiting: ["run", "late", "waiting"],
  person: ["person", "person", "for a person"],
  never: ["none", "never", "never"],
  unknown: ["none", "never", "not known"],
};

/** A state as a word with a sign. @param {string} status @param {string} [word] */
export function pill(status, word) {
  const [tone, sign, usual] = PILLS[status] ?? ["none", "never", status];
  return h("span", { class: `pill pill-${tone}` }, icon(sign), word ?? usual);
}

/** @typedef {{label: string, number?: boolean, more?: string}} Column */

/**
 * A table; each cell is text or a node, the first of a row is its heading.
 * @param {string} caption
 * @param {Column[]} columns
 * @param {(Node | string)[][]} rows
 * @param {string} [kind]
 */
export function table(caption, columns, rows, kind = "") {
  const cell = (content, at) =>
    h(
      at ? "td" : "th",
      {
        scope: at ? null : "row",
        class: columns[at].number ? "number" : null,
        "data-label": columns[at].label,
      },
      content,
    );
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      { class: kind },
      h("caption", { class: "unseen" }, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map((one) =>
            h("th", { scope: "col", class: one.number ? "number" : null }, one.label),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map((row) => h("tr", {}, row.map(cell))),
      ),
    ),
  );
}

/** The same figures as a table, for those who cannot or do not want to read a chart. */
export function asTable(id, caption, columns, rows) {
  /** @type {any} */
  const details = h("details", { class: "as-table", id });
  details.append(h("summary", {}, "Show as a table"));
  // Thousands of cells are built only for who asks.
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1)
      details.append(table(caption, columns, rows()));
  });
  return details;
}

/**
 * One of few choices, as buttons.
 * @param {string} label
 * @param {string[][]} choices value and text
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function choice(label, choices, chosen, choose) {
  const name = `choice-${label.replaceAll(" ", "-")}`;
  return h(
    "fieldset",
    { class: "choice tools" },
    h("legend", { class: "unseen" }, label),
    choices.map(([value, text]) =>
      h(
        "label",
        {},
        h("input", {
          type: "radio",
          name,
          value,
          checked: value === chosen,
          onchange: () => choose(value),
        }),
        text,
      ),
    ),
  );
}

/**
 * One of many choices, as a list that opens.
 * @param {string} id
 * @param {string} label
 * @param {string[]} values
 * @param {string} chosen
 * @param {(value: string) => string} words
 * @param {(value: string) => void} choose
 */
export function picker(id, label, values, chosen, words, choose) {
  const options = values.map((value) =>
    h("option", { value, selected: value === chosen }, words(value)),
  );
  const select = h("select", { id, onchange: (event) => choose(event.target.value) }, options);
  return h("label", { class: "picker" }, label, select);
}

/** A bar of parts, widest part first in meaning; its figures stand beside it in words. */
export function stackedBar(parts, whole, label) {
  return h(
    "div",
    { class: "stack", role: "img", "aria-label": label },
    parts
      .filter((part) => part.value > 0)
      .map((part) =>
        styled(h("span", { class: `stack-part stack-${part.name}` }), {
          "flex-grow": String(part.value / whole),
        }),
      ),
  );
}

/** Where the command to copy stands. @param {string} command */
export function commandLine(command) {
  const button = h(
    "button",
    { type: "button", class: "button copy", "aria-label": `Copy: ${command}` },
    "Copy",
  );
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it by hand";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return h("span", { class: "command" }, h("code", {}, command), button);
}

/** The place of an answer that is under way. @param {string} [shape] */
export function skeleton(shape = "chart") {
  const bones = shape === "rows" ? 6 : shape === "line" ? 2 : 1;
  return h(
    "div",
    { class: `skeleton skeleton-${shape}` },
    h("span", { class: "unseen" }, "Loading"),
    Array.from({ length: bones }, () => h("span", { class: "bone", "aria-hidden": "true" })),
  );
}
