/** Panel: where the wind comes from, as a rose. */

import { chart } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { asTable } from "../parts.js";
import { ofPeriod, periodInWords } from "./period.js";
import { SPEEDS, roseOf } from "./rose.js";
import { roseChart } from "./rosechart.js";
import { sample } from "./sample.js";
import { follow, loader } from "./small.js";

/** Ten a sector, about. */
const FEW = 160;

/** @param {import("../main.js").Context} context */
export function sectorsPanel(context) {
  const { format, route } = context;
  return follow(
    route,
    {
      id: "sectors",
      title: "Where the wind comes from",
      lead: "Length: share of hours with wind. Colour: mean speed. North is up; calm is left out.",
      place: "span-6 wide-3",
      load: loader(context, ["sectors"]),
      empty: ({ sectors }) =>
        sectors.rows.length ? null : "No direction of the wind has been published yet.",
      draw({ sectors, city, name, period }) {
        const rows = ofPeriod(sectors.rows, city, period);
        if (!rows.length) return [h("p", {}, `No wind of ${name} has a direction yet.`)];
        const rose = roseOf(rows);
        const rest = 1 - rose.told;
        return [
          sample(
            `Of ${plural(rose.windy, "hour", "hours", format.count(rose.windy))} with wind, ` +
              `${periodInWords(period)}.`,
            rose.windy < FEW,
            "So few hours say little of sixteen directions.",
          ),
          chart({
            summary: roseInWords(rows, name, format),
            height: 25,
            legend: legend(format),
            option: (colours, size) => roseChart(rose, format, colours, size),
          }),
          rest > 0.0001
            ? h(
                "p",
                { class: "fine" },
                `The ${rows.length} commonest directions are told. All others together have ` +
                  `${format.share(rest)}, none more than ${format.share(rows.at(-1).share)}.`,
              )
            : null,
          asTable(
            "sectors-table",
            `Where the wind of ${name} comes from`,
            [
              { label: "From" },
              { label: "Share", number: true },
              { label: "Hours", number: true },
              { label: "Mean speed", number: true },
            ],
            () =>
              rows.map((row) => [
                row.wind_sector,
                format.share(row.share),
                format.count(row.hours),
                format.measure(row.wind_mean_ms, "m/s"),
              ]),
          ),
        ];
      },
    },
    "city",
    "period",
  );
}

/** What the rose shows, in words. */
export function roseInWords(rows, name, format) {
  const words = (row) => `${row.wind_sector} (${format.share(row.share)})`;
  const [first, ...others] = rows;
  return (
    `${name}: the wind comes from ${words(first)} most, ` +
    `with ${format.measure(first.wind_mean_ms, "m/s")} on the mean` +
    (others.length ? `; then from ${others.slice(0, 2).map(words).join(" and ")}.` : ".")
  );
}

function legend(format) {
  const name = (from, at) =>
    at === SPEEDS.length - 1
      ? `${format.count(from)} m/s and more`
      : `${at ? "" : "up "}to ${format.count(SPEEDS[at + 1])}`;
  return h(
    "ul",
    { class: "legend" },
    SPEEDS.map((from, at) => h("li", { class: `key-box key-speed-${at}` }, name(from, at))),
  );
}
