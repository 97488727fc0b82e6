/** Panel: the days with the most, and with the least, of sun and wind together. */

import { lyingBars } from "../charts/bars.js";
import { chart, roundUp, tooltip, tooltipBox } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { asTable } from "../parts.js";
import { longDay, noonOf } from "../time.js";
import { highest } from "./pool.js";
import { ofPeriod, periodInWords } from "./period.js";
import { sample } from "./sample.js";
import { follow, loader } from "./small.js";

/** Of each list so many are drawn; the table has them all. */
const FIRST = 5;
/** Fewer than two lists of ten: a day may stand in both. */
const FEW = 20;
const day = (row) => longDay(noonOf(row.event_date));

/** @param {import("../main.js").Context} context */
export function daysPanel(context) {
  const { format, route } = context;
  return follow(
    route,
    {
      id: "days",
      title: "Best and worst days",
      lead: "Sun and wind together, from 0 to 1 within a month; beside it the two parts.",
      place: "span-6 wide-3",
      load: loader(context, ["best", "worst"]),
      empty: ({ best, worst }) =>
        best.rows.length || worst.rows.length ? null : "No day has been ranked yet.",
      draw({ best, worst, city, name, period }) {
        const [top, low] = [best, worst].map((one) => ofPeriod(one.rows, city, period));
        const all = [...top, ...low];
        if (!all.length) return [h("p", {}, `No day of ${name} has been ranked yet.`)];
        const ranked = highest(all, (row) => row.days_ranked);
        const hours = all.map((row) => row.hours_observed);
        const [fewest, most] = [Math.min(...hours), Math.max(...hours)];
        const drawn = [...top.slice(0, FIRST), ...low.slice(0, FIRST).reverse()];
        return [
          sample(
            `Of ${plural(ranked, "day", "days", format.count(ranked))} of ` +
              `${periodInWords(period)}; these were seen in ` +
              `${fewest === most ? most : `${fewest} to ${most}`} of 24 hours.`,
            ranked < FEW,
            "So few days that one may be among the best and the worst.",
          ),
          chart({
            summary: daysInWords(top[0], low[0], name, format),
            height: 2.5 + 2.1 * drawn.length,
            legend: legend(),
            option: (colours, size) =>
              daysChart(drawn, Math.min(top.length, FIRST), format, colours, size),
          }),
          daysTable(top, low, `Best and worst days of ${name}`, format),
        ];
      },
    },
    "city",
    "period",
  );
}

const legend = () =>
  h(
    "ul",
    { class: "legend" },
    h("li", { class: "key-box key-top" }, "the best days"),
    h("li", { class: "key-box key-low" }, "the worst days"),
  );

const score = (row, format) => format.decimal(row.combined_score);

function daysChart(rows, best, format, colours, size) {
  const pane = (title, of, words, colour) => ({
    title,
    figure: 2.6,
    values: rows.map(of),
    words: (at) => words(of(rows[at])),
    colour,
    most: roundUp(Math.max(1e-6, highest(rows, of))),
  });
  const isRoomy = size.width > size.rem * 28;
  return {
    ...lyingBars(
      rows.map((row) => (isRoomy ? day(row) : row.event_date)),
      [
        {
          ...pane(
            "score",
            (row) => row.combined_score,
            format.decimal,
            (at) => (at < best ? colours.accent : colours.other),
          ),
          most: 1,
        },
        pane(
          "sun, W/m²",
          (row) => row.avg_est_ghi_wm2,
          format.count,
          () => colours.sun,
        ),
        pane(
          "wind, W/m²",
          (row) => row.avg_wind_power_wm2,
          format.count,
          () => colours.wind,
        ),
      ],
      colours,
      size,
      isRoomy ? 7.8 : 5.4,
    ),
    tooltip: tooltip(colours, ({ dataIndex }) => tip(rows[dataIndex], format), {
      trigger: "item",
    }),
  };
}

const tip = (row, format) =>
  tooltipBox(day(row), [
    ["Score", score(row, format)],
    ["Sun", format.measure(row.avg_est_ghi_wm2, "W/m²")],
    ["Wind", format.measure(row.avg_wind_power_wm2, "W/m²")],
    ["Hours observed", `${format.count(row.hours_observed)} of 24`],
  ]);

/** What the chart shows, in words. */
export function daysInWords(top, low, name, format) {
  const words = (row) =>
    `${day(row)} (${score(row, format)}: sun ${format.count(row.avg_est_ghi_wm2)}, ` +
    `wind ${format.count(row.avg_wind_power_wm2)} W/m²)`;
  return `${name}: ${[
    top ? `best ${words(top)}` : "no best day is known",
    low ? `worst ${words(low)}` : "no worst day is known",
  ].join("; ")}.`;
}

const daysTable = (top, low, caption, format) =>
  asTable(
    "days-table",
    caption,
    [
      { label: "Place" },
      { label: "Day" },
      { label: "Score", number: true },
      { label: "Sun", number: true },
      { label: "Wind", number: true },
      { label: "Hours", number: true },
    ],
    () =>
      [
        [top, "best"],
        [low, "worst"],
      ].flatMap(([rows, of]) =>
        rows.map((row) => [
          `${of} ${row.rank}`,
          day(row),
          score(row, format),
          `${format.count(row.avg_est_ghi_wm2)} W/m²`,
          `${format.count(row.avg_wind_power_wm2)} W/m²`,
          format.count(row.hours_observed),
        ]),
      ),
  );
