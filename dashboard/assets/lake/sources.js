/** Panels: how fresh each source is, and where each of its rows went. */

import { h, styled } from "../dom.js";
import { duration } from "../format.js";
import { pill, stackedBar, table } from "../parts.js";
import { instant, shortMoment } from "../time.js";
import { balance, used } from "./glance.js";

const NONE = "No source is declared in the catalogue.";

/** @param {import("../main.js").Context} context */
export function sourcesPanel({ api, format }) {
  return {
    id: "sources",
    title: "Sources",
    lead: "When each was last loaded, and how old it may become.",
    place: "span-7 wide-5",
    shape: "rows",
    load: () => api.status(),
    empty: (state) => (state.sources?.length ? null : NONE),
    draw: ({ sources }) => [
      table(
        "Sources",
        [
          { label: "Source" },
          { label: "State, last load" },
          { label: "Age against promise" },
          { label: "Files", number: true },
        ],
        sources.map((one) => [
          named(one.source, one.about, one.kind),
          h(
            "span",
            { class: "pair" },
            pill(one.status),
            one.last_load && h("span", { class: "fine" }, shortMoment(instant(one.last_load))),
          ),
          age(one.age_minutes, one.promise_minutes),
          files(one, format),
        ]),
        "roomy",
      ),
    ],
  };
}

/** A name with its meaning under it. */
export const named = (name, about, more) =>
  h(
    "span",
    { class: "named" },
    h("span", { class: "named-name" }, name, more ? h("span", { class: "tag" }, more) : null),
    about ? h("span", { class: "named-about" }, about) : null,
  );

/** Age as a bar towards the promise, which is the mark near its end. */
export function age(minutes, promise) {
  const share = used(minutes, promise);
  const told = typeof minutes === "number" ? `${duration(minutes)} old` : "nothing yet";
  const words = `${told}, ${promise ? `promised ${duration(promise)}` : "no promise"}`;
  if (share === null) return h("span", { class: "age" }, h("span", {}, words));
  return h(
    "span",
    { class: "age" },
    h(
      "span",
      { class: `meter${share > 1 ? " meter-over" : ""}`, "aria-hidden": "true" },
      styled(h("span", { class: "meter-fill" }), { width: `${Math.min(100, share * 80)}%` }),
      h("span", { class: "meter-mark" }),
    ),
    h("span", {}, words),
  );
}

function files(one, format) {
  const waits = [
    ["waiting", "waiting"],
    ["loading", "loading"],
    ["failed", "failed"],
    ["quarantined", "in quarantine"],
  ]
    .filter(([name]) => one[name])
    .map(([name, words]) => `${format.count(one[name])} ${words}`);
  return h(
    "span",
    { class: "named" },
    h("span", {}, format.count(one.files)),
    waits.length ? h("span", { class: "named-about" }, waits.join(", ")) : null,
  );
}

const MEANINGS = {
  accepted: "accepted: in a table",
  duplicate: "duplicate: it was there already",
  rejected: "rejected: broke a rule, kept with its reason",
  empty: "empty: nothing to store",
};

/** @param {import("../main.js").Context} context */
export function rowsPanel({ api, format }) {
  return {
    id: "rows-in",
    title: "Every row accounted for",
    lead: "Rows read = accepted + duplicate + rejected + empty.",
    place: "span-5 wide-4",
    shape: "rows",
    load: () => api.status(),
    empty: (state) =>
      state.sources?.some((one) => one.counts?.read)
        ? null
        : "No row has been read yet. Bring a file:",
    fills: "lake upload emt/arrivals my-day.xlsx --wait",
    draw: ({ sources }) => [
      h(
        "ul",
        { class: "legend" },
        Object.entries(MEANINGS).map(([name, words]) =>
          h("li", { class: `key-box key-${name}` }, words),
        ),
      ),
      h(
        "ul",
        { class: "balances" },
        sources.filter((one) => one.counts?.read).map((one) => account(one, format)),
      ),
    ],
  };
}

function account({ source, counts }, format) {
  const { read, parts, sum, holds } = balance(counts);
  const words = parts.map((part) => `${format.count(part.value)} ${part.name}`).join(" + ");
  return h(
    "li",
    { class: "balance" },
    h(
      "p",
      { class: "balance-head" },
      h("span", { class: "named-name" }, source),
      h("span", {}, `${format.count(read)} read`),
    ),
    stackedBar(parts, Math.max(sum, 1), `${source}: ${format.count(read)} read = ${words}`),
    h("p", { class: "balance-sum" }, `= ${words}`),
    holds
      ? null
      : h(
          "p",
          { class: "notice notice-bad" },
          `${format.count(Math.abs(read - sum))} rows are not accounted for.`,
        ),
  );
}
