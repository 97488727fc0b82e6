/** Panel: how strong the wind is in each hour of the day. */

import { chart } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { asTable, picker } from "../parts.js";
import { total } from "../stats.js";
import { hourName, monthName } from "../time.js";
import { FEW_DAYS, monthsIn } from "./pool.js";
import { sample } from "./sample.js";
import { follow, loader } from "./small.js";
import { windChart } from "./windchart.js";
import { monthsOfYear, windByHour } from "./windhours.js";

const FIELDS = "year,month,event_hour,obs_count,wind_mean_ms,wind_p90_ms,wind_max_ms,calm_share";
const ALL = "all";

/** @param {import("../main.js").Context} context */
export function windPanel(context) {
  const { api, format, route } = context;
  const asked = (city_key) => ({ city_key, fields: FIELDS, limit: "1000" });
  const spec = {
    id: "wind",
    title: "Wind through the day",
    lead: "Mean, 90th percentile and highest speed by hour; below, the share of calm (under 1.5 m/s).",
    place: "span-6 wide-4",
    tools: h("div", { class: "pickers tools" }),
    load: loader(context, [], async ({ key }) => ({
      own: await api.rows("openweather_wind_patterns", asked(key)),
    })),
    empty: ({ own }) => (own?.rows.length ? null : "No hour of wind has been published yet."),
    draw({ own, name }) {
      const months = monthsOfYear(own.rows);
      const month = months.find((one) => String(one) === route.get("month")) ?? null;
      spec.tools.replaceChildren(monthPicker(months, month, route));
      const hours = windByHour(own.rows, month);
      const seen = total(hours, (hour) => hour.seen);
      if (!seen) return [h("p", {}, "No hour of these has a known wind.")];
      const of = own.rows.filter((row) => month === null || row.month === month);
      const spans = monthsIn(of).length;
      return [
        sample(
          `Of ${plural(seen, "observation", "observations", format.count(seen))} ` +
            `in ${plural(spans, "month", "months")}.`,
          hours.some((hour) => hour.seen < FEW_DAYS),
          `Hollow: hours of fewer than ${FEW_DAYS} observations.`,
        ),
        chart({
          summary: windInWords(hours, name, month, format),
          height: 25,
          legend: legend(),
          option: (colours, size) => windChart(hours, format, colours, size),
        }),
        spans > 1
          ? h("p", { class: "fine" }, "The 90th percentile is the mean of those of the months.")
          : null,
        windTable(hours, `Wind in ${name} by hour`, format),
      ];
    },
  };
  route.on("month", () => spec.choose());
  return follow(route, spec, "city");
}

function monthPicker(months, month, route) {
  const words = (one) => (one === ALL ? "all months" : monthName(Number(one)));
  const values = [ALL, ...months.map(String)];
  return picker(
    "pick-month",
    "Month",
    values,
    month === null ? ALL : String(month),
    words,
    (one) => {
      route.set("month", one === ALL ? null : one);
      route.tell("month");
    },
  );
}

const legend = () =>
  h(
    "ul",
    { class: "legend" },
    h("li", { class: "key-line key-wind" }, "mean"),
    h("li", { class: "key-line key-p90" }, "nine of ten stay below"),
    h("li", { class: "key-line key-most" }, "highest"),
    h("li", { class: "key-box key-count" }, "calm"),
  );

/** What the chart shows, in words. */
export function windInWords(hours, name, month, format) {
  const seen = hours.filter((hour) => hour.mean !== null);
  const extreme = (of, better) =>
    seen.reduce((best, one) => (better(of(one), of(best)) ? one : best));
  const strong = extreme(
    (hour) => hour.mean,
    (a, b) => a > b,
  );
  const weak = extreme(
    (hour) => hour.mean,
    (a, b) => a < b,
  );
  const calm = extreme(
    (hour) => hour.calm ?? 0,
    (a, b) => a > b,
  );
  const speed = (hour) => `${format.measure(hour.mean, "m/s")} (${hourName(hour.hour)})`;
  return [
    `${name}, ${month === null ? "all months" : monthName(month)}:`,
    `mean wind from ${speed(weak)} to ${speed(strong)}.`,
    calm.calm
      ? `Calmest at ${hourName(calm.hour)}: ${format.share(calm.calm)} of hours.`
      : "No hour was calm.",
  ].join(" ");
}

const windTable = (hours, caption, format) =>
  asTable(
    "wind-table",
    caption,
    [
      { label: "Hour" },
      { label: "Mean", number: true },
      { label: "P90", number: true },
      { label: "Highest", number: true },
      { label: "Calm", number: true },
      { label: "Observations", number: true },
    ],
    () =>
      hours
        .filter((hour) => hour.seen)
        .map((hour) => [
          hourName(hour.hour),
          format.measure(hour.mean, "m/s"),
          format.measure(hour.p90, "m/s"),
          format.measure(hour.most, "m/s"),
          format.share(hour.calm),
          `${format.count(hour.seen)}${hour.seen < FEW_DAYS ? " (few)" : ""}`,
        ]),
  );
