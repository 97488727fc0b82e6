/** Panel: a day beside the same day a year before. */

import { lyingBars } from "../charts/bars.js";
import { chart, roundUp, tooltip, tooltipBox } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { message } from "../panel.js";
import { asTable, picker } from "../parts.js";
import { longDay, noonOf } from "../time.js";
import { changeInWords, datesOf, metricsOf } from "./against.js";
import { sample } from "./sample.js";
import { follow, loader } from "./small.js";

/** Half a day: fewer hours say little of it. */
const FEW_HOURS = 12;
/** A longer bar is cut here; its figure tells how long it were. */
const LONGEST = 200;
const day = (text) => longDay(noonOf(text));

/** @param {import("../main.js").Context} context */
export function todayPanel(context) {
  const { api, format, route } = context;
  const shown = (dates) => dates.find((date) => date === route.get("date")) ?? dates[0];
  const asked = (city_key, date) => ({ city_key, date, limit: "1000" });
  const spec = {
    id: "today",
    title: "Today against last year",
    lead: "A day beside the same day a year before, over the hours that both have.",
    place: "span-6 wide-3",
    tools: h("div", { class: "pickers tools" }),
    load: loader(context, ["dates"], async ({ key }, { dates }) => {
      const date = shown(datesOf(dates?.rows ?? [], key));
      const own = date ? await api.rows("openweather_today_vs_last_year", asked(key, date)) : null;
      return { own, date };
    }),
    empty: ({ own }) => (own?.rows.length ? null : "No day has been compared yet."),
    draw({ own, dates, city, name }) {
      const days = datesOf(dates.rows, city);
      spec.tools.replaceChildren(datePicker(days, own.rows[0].date, route));
      const { date, baseline_date: before } = own.rows[0];
      const matched = Math.max(...own.rows.map((row) => row.n_hours_matched));
      const metrics = metricsOf(own.rows);
      const isKnown = metrics.some((metric) => metric.state !== "nothing");
      const both = `both ${day(date)} and ${day(before)}`;
      return [
        sample(
          `Over ${plural(matched, "hour", "hours")} of 24 that ${both} have.`,
          matched < FEW_HOURS,
          isKnown ? "So few hours say little of a day." : "",
        ),
        isKnown
          ? chart({
              summary: todayInWords(metrics, name, format),
              height: Math.max(17, 1 + 3 * metrics.length),
              option: (colours, size) => todayChart(metrics, format, colours, size),
            })
          : message("empty", "No baseline", `${name} has no hour that ${both} saw.`),
        todayTable(metrics, `${name}, ${day(date)} against ${day(before)}`, format),
      ];
    },
  };
  return follow(route, spec, "city", "date");
}

const datePicker = (days, date, route) =>
  picker("pick-date", "Day", days, date, day, (one) => {
    route.set("date", one === days[0] ? null : one);
    route.tell("date");
  });

function todayChart(metrics, format, colours, size) {
  const changes = metrics.map((metric) => Math.abs(metric.change ?? 0));
  const most = Math.min(LONGEST, roundUp(Math.max(10, ...changes)));
  const cut = (value) => value && Math.max(-most, Math.min(most, value));
  const pane = {
    figure: 5.6,
    values: metrics.map((metric) => cut(metric.change)),
    words: (at) => changeInWords(metrics[at], format.change),
    colour: (at) => (metrics[at].change > 0 ? colours.hot : colours.cold),
    least: -most,
    most,
  };
  return {
    ...lyingBars(
      metrics.map((metric) => metric.name),
      [pane],
      colours,
      size,
      6.4,
    ),
    tooltip: tooltip(colours, ({ dataIndex }) => tip(metrics[dataIndex], format), {
      trigger: "item",
    }),
  };
}

const tip = (metric, format) =>
  tooltipBox(metric.name, [
    ["This day", format.measure(metric.now, metric.unit)],
    ["A year before", format.measure(metric.then, metric.unit)],
    ["Change", changeInWords(metric, format.change)],
  ]);

/** What the chart shows, in words. */
export function todayInWords(metrics, name, format) {
  const known = metrics.filter((metric) => metric.state === "known");
  const lost = metrics.filter((metric) => metric.state === "nothing");
  const words = ({ name: of, now, then, unit, change }) =>
    `${of} ${format.measure(now, unit)} (a year before ${format.measure(then, unit)}, ` +
    `${format.change(change)})`;
  const most = known.reduce(
    (a, b) => (a && Math.abs(a.change) >= Math.abs(b.change) ? a : b),
    null,
  );
  const [first] = known;
  return [
    `${name}: ${first ? words(first) : "no change in percent is known"}.`,
    most && most !== first ? `Furthest from a year before: ${words(most)}.` : "",
    lost.length ? `No baseline: ${lost.map((metric) => metric.name).join(", ")}.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

const todayTable = (metrics, caption, format) =>
  asTable(
    "today-table",
    caption,
    [
      { label: "What" },
      { label: "This day", number: true },
      { label: "A year before", number: true },
      { label: "Change", number: true },
    ],
    () =>
      metrics.map((metric) => [
        metric.name,
        format.measure(metric.now, metric.unit),
        format.measure(metric.then, metric.unit),
        changeInWords(metric, format.change),
      ]),
  );
