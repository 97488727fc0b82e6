/** Panel: what is late, failing or waiting for a person, and what to do. */

import { h } from "../dom.js";
import { asSentence } from "../format.js";
import { commandLine, pill } from "../parts.js";
import { instant, moment } from "../time.js";
import { byUrgency, glance, wellInWords } from "./glance.js";

/** @param {import("../main.js").Context} context */
export function glancePanel({ api }) {
  return {
    id: "glance",
    title: "At a glance",
    place: "hero",
    shape: "line",
    load: () => api.status(),
    empty: (state) =>
      state.at
        ? null
        : "Nobody has looked at the lake yet; the function watch will. This looks now:",
    fills: "lake status",
    draw(state) {
      const { calm, text } = glance(state);
      return [
        h("p", { class: "kicker" }, `The lake as of ${moment(instant(state.at))}`),
        h("p", { class: `headline${calm ? " headline-calm" : ""}` }, text, "."),
        h("p", { class: "well" }, wellInWords(state)),
        calm ? null : h("ul", { class: "advice" }, byUrgency(state.advice).map(card)),
      ];
    },
  };
}

const KINDS = {
  failing: ["failing", "failing"],
  late: ["late", "late"],
  person: ["person", "for a person"],
};

function card({ kind, text, command, runbook }) {
  const [status, word] = KINDS[kind] ?? ["never", kind];
  return h(
    "li",
    { class: `card card-${status}` },
    pill(status, word),
    h("p", {}, asSentence(text)),
    command ? commandLine(command) : null,
    runbook ? h("p", { class: "fine" }, "Runbook: ", h("code", {}, runbook)) : null,
  );
}
