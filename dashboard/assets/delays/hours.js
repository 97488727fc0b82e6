/** Panel: the delay of each hour beside the rain and the wind of that hour. */

import { chart } from "../charts/chart.js";
import { h } from "../dom.js";
import { asTable, choice } from "../parts.js";
import { moment } from "../time.js";
import { hoursChart } from "./hourschart.js";
import { hourly, hoursInWords, newest } from "./series.js";

const SPANS = [
  ["48", "48 h"],
  ["168", "7 days"],
  ["all", "All"],
];

/** @param {import("../main.js").Context} context */
export function hoursPanel({ api, format, route }) {
  const chosen = () =>
    SPANS.some(([span]) => span === route.get("span")) ? route.get("span") : "168";
  const spec = {
    id: "hours",
    title: "Delay by hour, beside rain and wind",
    lead: "All lines together. Shaded: hours with adverse weather.",
    place: "span-8 wide-9",
    load: () => api.rows("emt_network_by_hour"),
    empty: ({ rows }) => (rows.length ? null : "No hour has been published yet."),
    draw({ rows }) {
      const all = hourly(rows);
      const slots = chosen() === "all" ? all : newest(all, Number(chosen()));
      return [
        chart({
          summary: hoursInWords(slots, format),
          height: 27,
          option: (colours, size) => hoursChart(slots, format, colours, size),
          legend: legend(),
        }),
        asTable(
          "hours-table",
          "Delay, rain and wind by hour",
          [
            { label: "Hour (Madrid)" },
            { label: "Delayed", number: true },
            { label: "Rated predictions", number: true },
            { label: "Rain", number: true },
            { label: "Wind", number: true },
            { label: "Worst weather" },
          ],
          () =>
            slots
              .filter((slot) => slot.row)
              .map(({ at, row }) => [
                moment(at),
                format.share(row.delay_rate),
                format.count(row.rated_preds),
                format.measure(row.avg_precip_mm, "mm"),
                format.measure(row.avg_wind_kph, "km/h"),
                row.worst_severity ?? "unknown",
              ]),
        ),
      ];
    },
    choose: null,
  };
  spec.tools = choice("Span of time", SPANS, chosen(), (span) => {
    route.set("span", span);
    spec.choose();
  });
  return spec;
}

const legend = () =>
  h(
    "ul",
    { class: "legend" },
    h("li", { class: "key-line key-delay" }, "delayed"),
    h("li", { class: "key-box key-rain" }, "rain"),
    h("li", { class: "key-line key-wind" }, "wind"),
    h("li", { class: "key-box key-count" }, "rated predictions"),
    h("li", { class: "key-box key-adverse" }, "adverse weather"),
  );
