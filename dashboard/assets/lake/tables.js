/** Panels: the tables with their snapshots and sizes, and the results that are served from them. */

import { h } from "../dom.js";
import { plural } from "../format.js";
import { pill, table } from "../parts.js";
import { instant, shortMoment } from "../time.js";
import { age, named } from "./sources.js";

/** @param {import("../main.js").Context} context */
export function tablesPanel({ api, format }) {
  return {
    id: "tables",
    title: "Tables",
    lead: "Iceberg tables, each with its newest snapshots.",
    place: "wide-7",
    shape: "rows",
    load: () => api.status(),
    empty: (state) => (state.tables?.length ? null : "No table has been made yet."),
    draw: ({ tables }) => [
      table(
        "Tables",
        [
          { label: "Table" },
          { label: "Age against promise" },
          { label: "Rows", number: true },
          { label: "Size", number: true },
          { label: "Files", number: true },
          { label: "Snapshots" },
        ],
        tables.map((one) => [
          named(one.table, one.about, one.layer),
          h(
            "span",
            { class: "pair" },
            one.late ? pill("late") : null,
            one.error
              ? h("span", { class: "reason" }, `Not seen: ${one.error}`)
              : age(one.age_minutes, one.promise_minutes),
          ),
          format.count(one.rows),
          format.bytes(one.bytes),
          format.count(one.files),
          snapshots(one, format),
        ]),
        "roomy",
      ),
    ],
  };
}

function snapshots({ table: name, snapshots: list }, format) {
  if (!list?.length) return "none";
  return h(
    "details",
    { id: `snapshots-${name}` },
    h(
      "summary",
      {},
      list.length === 10 ? "newest 10" : plural(list.length, "snapshot", "snapshots"),
    ),
    h(
      "ol",
      { class: "snapshots" },
      list.map((one) =>
        h(
          "li",
          {},
          h("span", {}, shortMoment(instant(one.at))),
          h("span", {}, one.operation),
          h(
            "span",
            {},
            `+${format.count(one.added ?? 0)}`,
            one.deleted ? ` −${format.count(one.deleted)}` : "",
          ),
          h("code", {}, String(one.id)),
        ),
      ),
    ),
  );
}

/** @param {import("../main.js").Context} context */
export function resultsPanel({ api, format }) {
  return {
    id: "results",
    title: "Published results",
    lead: "What the API and this page answer from.",
    place: "span-6",
    shape: "rows",
    load: () => api.status(),
    empty: (state) =>
      state.results?.length
        ? null
        : "Nothing has been published yet. The last step of a gold pipeline does it:",
    fills: "lake run emt/gold --wait",
    draw: ({ results }) => [
      table(
        "Published results",
        [
          { label: "Result" },
          { label: "State" },
          { label: "Rows", number: true },
          { label: "Published" },
        ],
        results.map((one) => [
          named(one.name, one.about),
          pill(one.published_at ? (one.fresh === false ? "late" : "fresh") : "never"),
          format.count(one.rows),
          shortMoment(instant(one.published_at)),
        ]),
        "roomy",
      ),
    ],
  };
}
