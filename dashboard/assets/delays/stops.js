/** Panel: the stops where they stand, without a map below them. */

import { chart } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { asTable, table } from "../parts.js";
import { FEW } from "../stats.js";
import { BINS, placedStops } from "./ranking.js";
import { stopsChart } from "./stopschart.js";

/** @param {import("../main.js").Context} context */
export function stopsPanel({ api, format }) {
  return {
    id: "stops",
    title: "Where it is late",
    lead: "Each circle is a stop, north is up. Colour: share delayed. Area: rated predictions.",
    place: "wide-5",
    load: () => api.rows("emt_stops"),
    empty: ({ rows }) => (rows.length ? null : "No stop has been published yet."),
    draw({ rows }) {
      const placed = placedStops(rows);
      return [
        placed.length
          ? h(
              "div",
              { class: "split" },
              chart({
                summary: stopsInWords(rows, placed, format),
                height: 25,
                legend: legend(format),
                option: (colours, size) => stopsChart(placed, format, colours, size),
              }),
              mostDelayed(placed, format),
            )
          : h("p", {}, "None of these stops has a place and a known delay yet."),
        asTable(
          "stops-table",
          "Stops, the most delayed first",
          [
            { label: "Stop" },
            { label: "Number" },
            { label: "Lines", number: true },
            { label: "Delayed", number: true },
            { label: "of rated", number: true },
          ],
          () =>
            [...rows]
              .sort((a, b) => (b.delay_rate ?? -1) - (a.delay_rate ?? -1))
              .map((row) => [
                row.stop_name ?? "(no name)",
                row.stop_id,
                format.count(row.lines),
                format.share(row.delay_rate),
                `${format.count(row.rated_preds)}${row.rated_preds < FEW ? " (few)" : ""}`,
              ]),
        ),
      ];
    },
  };
}

const FIRST = 8;

/** The stops that are delayed most, of those of which enough is known. */
function mostDelayed(placed, format) {
  const worst = placed
    .filter((row) => row.rated_preds >= FEW)
    .sort((a, b) => b.delay_rate - a.delay_rate)
    .slice(0, FIRST);
  return table(
    "Most delayed stops",
    [
      { label: "Most delayed stops" },
      { label: "Delayed", number: true },
      { label: "of rated", number: true },
    ],
    worst.map((row) => [
      row.stop_name ?? row.stop_id,
      format.share(row.delay_rate),
      format.count(row.rated_preds),
    ]),
  );
}

/** What the map shows, in words. */
export function stopsInWords(rows, placed, format) {
  const enough = placed.filter((row) => row.rated_preds >= FEW);
  const worst = enough.reduce(
    (best, row) => (best && best.delay_rate >= row.delay_rate ? best : row),
    null,
  );
  const lost = rows.length - placed.length;
  return [
    `${plural(placed.length, "stop", "stops", format.count(placed.length))}.`,
    worst
      ? `Most delayed: ${worst.stop_name ?? worst.stop_id}, ${format.share(worst.delay_rate)} ` +
        `of ${format.count(worst.rated_preds)} rated predictions.`
      : `None has ${FEW} rated predictions yet.`,
    lost
      ? `${plural(lost, "stop is", "stops are", format.count(lost))} only in the table: ` +
        "without a place or a known delay."
      : "",
  ]
    .join(" ")
    .trim();
}

function legend(format) {
  const name = (from, at) =>
    at === BINS.length - 1
      ? `${format.axisShare(from)} and more`
      : `${format.axisShare(from)} to ${format.axisShare(BINS[at + 1])}`;
  return h(
    "ul",
    { class: "legend" },
    BINS.map((from, at) => h("li", { class: `key-dot key-bin-${at}` }, name(from, at))),
    h("li", { class: "key-dot key-few" }, "few"),
  );
}
