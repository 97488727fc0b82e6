/** The first thing to see of Delays: one sentence and four figures. */

import { h } from "../dom.js";
import { keyFigure } from "../parts.js";
import { instant, longDay, moment } from "../time.js";
import { sums } from "./series.js";
import { total } from "../stats.js";

/** @param {import("../main.js").Context} context */
export function heroPanel({ api, format }) {
  return {
    id: "hero",
    title: "At a glance",
    place: "hero",
    shape: "line",
    load: () => api.rows("emt_network_by_hour"),
    empty: ({ rows }) =>
      rows.length
        ? null
        : "No prediction has been published yet. Poll EMT or upload a day; then this publishes it:",
    fills: "lake run emt/gold --wait",
    draw({ rows, published }) {
      const found = sums(rows);
      const adverse = total(rows, (row) => row.adverse_preds);
      const hours = rows.map((row) => instant(row.event_hour)).sort((a, b) => a - b);
      const [from, to] = [longDay(hours[0]), longDay(hours.at(-1))];
      return [
        h(
          "div",
          { class: "hero-words" },
          h(
            "p",
            { class: "kicker" },
            from === to ? `Madrid's buses on ${from}` : `Madrid's buses, ${from} to ${to}`,
            ` · published ${moment(instant(published))}`,
          ),
          h(
            "p",
            { class: "headline" },
            found.rate === null
              ? "No delay is known yet."
              : [h("strong", {}, format.share(found.rate)), " of bus predictions were delayed."],
          ),
          h(
            "p",
            { class: "fine" },
            "A prediction says how soon a bus comes to a stop. It is rated when the timetable ",
            "tells how often the line should come, and delayed when the wait is longer.",
          ),
        ),
        h(
          "dl",
          { class: "figures" },
          keyFigure(
            format.count(found.rated),
            "rated predictions",
            `of ${format.count(found.seen)} seen`,
          ),
          keyFigure(format.count(found.delayed), "delayed"),
          keyFigure(format.share(found.seen ? adverse / found.seen : null), "met adverse weather"),
          keyFigure(format.count(rows.length), "hours with predictions"),
        ),
      ];
    },
  };
}
