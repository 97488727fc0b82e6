/** Panel: in which hour of the day the sun is strongest, month by month. */

import { chart } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { asTable } from "../parts.js";
import { hourName, monthName, shortMonth } from "../time.js";
import { FEW_DAYS, grouped } from "./pool.js";
import { sample } from "./sample.js";
import { follow, loader } from "./small.js";
import { SUNS, monthsShown, sunChart } from "./sunchart.js";
import { sunByMonth } from "./sunhours.js";
import { inARow, inSpans } from "./words.js";

const FIELDS = "year,month,event_hour,obs_count,days_covered,avg_est_ghi_wm2";

/** @param {import("../main.js").Context} context */
export function sunPanel(context) {
  const { api, format, route } = context;
  const asked = (city_key) => ({ city_key, fields: FIELDS, limit: "1000" });
  return follow(
    route,
    {
      id: "sun",
      title: "The hour of the sun",
      lead: "Mean irradiance by month and hour, all years together. Ring: a month's best hour.",
      place: "span-6 wide-4",
      load: loader(context, [], async ({ key }) => ({
        own: await api.rows("openweather_solar_hour_by_month", asked(key)),
      })),
      empty: ({ own }) => (own?.rows.length ? null : "No hour of sun has been published yet."),
      draw({ own, name }) {
        const sun = sunByMonth(own.rows);
        if (!sun.cells.length) return [h("p", {}, "No hour of these has a known irradiance.")];
        return [
          sample(
            sampleInWords(sun, format),
            sun.cells.some((cell) => cell.days < FEW_DAYS),
            `Pale: hours of fewer than ${FEW_DAYS} days.`,
          ),
          chart({
            summary: sunInWords(sun, name, format),
            height: 27,
            legend: legend(format),
            option: (colours, size) => sunChart(sun, format, colours, size),
          }),
          asTable(
            "sun-table",
            `Irradiance in ${name} by month and hour`,
            [
              { label: "Month" },
              { label: "Hour" },
              { label: "Irradiance", number: true },
              { label: "Observations", number: true },
              { label: "Days", number: true },
            ],
            () =>
              sun.cells.map((cell) => [
                monthName(cell.month),
                sun.best.includes(cell) ? `${hourName(cell.hour)} (best)` : hourName(cell.hour),
                `${format.count(cell.mean)} W/m²`,
                format.count(cell.seen),
                format.count(cell.days),
              ]),
          ),
        ];
      },
    },
    "city",
  );
}

function sampleInWords({ cells, seen, days, isWhole }, format) {
  const missing = monthsShown([]).filter((month) => !cells.some((cell) => cell.month === month));
  const on = plural(days, "day", "days", format.count(days));
  return (
    `Of ${plural(seen, "observation", "observations", format.count(seen))} on ` +
    `${isWhole ? on : `at least ${on}`}.` +
    (missing.length ? ` Nothing of ${inSpans(missing, shortMonth)}.` : "")
  );
}

/** What the chart shows, in words. */
export function sunInWords({ best }, name, format) {
  if (!best.length) return `${name}: no month has any sun.`;
  const hours = grouped(best, (cell) => cell.hour).sort((a, b) => b.length - a.length);
  const words = hours.map(
    (alike) =>
      `${hourName(alike[0].hour)} in ` +
      inSpans(
        alike.map((cell) => cell.month),
        shortMonth,
      ),
  );
  const most = best.reduce((a, b) => (b.mean > a.mean ? b : a));
  return (
    `${name}: the best hour is ${inARow(words)}. ` +
    `Most sun: ${monthName(most.month)} at ${hourName(most.hour)}, ` +
    `${format.count(most.mean)} W/m² on the mean of ${format.count(most.seen)} observations.`
  );
}

function legend(format) {
  const name = (from, at) =>
    at === SUNS.length - 1
      ? `${format.count(from)} W/m² and more`
      : `${at ? "" : "up "}to ${format.count(SUNS[at + 1])}`;
  return h(
    "ul",
    { class: "legend" },
    h("li", { class: "key-box key-night" }, "no sun"),
    SUNS.map((from, at) => h("li", { class: `key-box key-bin-${at}` }, name(from, at))),
    h("li", { class: "key-dot key-best" }, "best hour"),
  );
}
