/** Panel: the hottest and the coldest hours, and at what time of the day they came. */

import { chart, letters, tooltip, tooltipBox } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { asTable, table } from "../parts.js";
import { hourName, longDay, noonOf } from "../time.js";
import { ofPeriod, periodInWords } from "./period.js";
import { highest } from "./pool.js";
import { sample } from "./sample.js";
import { follow, loader } from "./small.js";

const FIRST = 4;
/** Ten days: what is extreme of fewer is not rare. */
const FEW = 240;
/** The clock of the place stands in the text itself. */
export const hourOf = (row) => Number(row.event_ts_local.slice(11, 13));
const at = (row) => `${longDay(noonOf(row.event_date))}, ${hourName(hourOf(row))}`;

/** @param {import("../main.js").Context} context */
export function extremesPanel(context) {
  const { format, route } = context;
  return follow(
    route,
    {
      id: "extremes",
      title: "Hottest and coldest hours",
      lead: "At what time of the day the extremes came, at most one a day; clocks of the place.",
      place: "wide-3",
      load: loader(context, ["hottest", "coldest"]),
      empty: ({ hottest, coldest }) =>
        hottest.rows.length || coldest.rows.length ? null : "No hour has a known temperature yet.",
      draw({ hottest, coldest, city, name, period }) {
        const [hot, cold] = [hottest, coldest].map((one) => ofPeriod(one.rows, city, period));
        if (!hot.length && !cold.length)
          return [h("p", {}, `No hour of ${name} has a known temperature yet.`)];
        const seen = highest([...hot, ...cold], (row) => row.hours_seen);
        return [
          sample(
            `Of ${plural(seen, "hour", "hours", format.count(seen))} of ${periodInWords(period)}.`,
            seen < FEW,
            "What is extreme of so few hours need not be rare.",
          ),
          h(
            "div",
            { class: "split" },
            chart({
              summary: extremesInWords(hot[0], cold[0], name, format),
              height: 22,
              legend: legend(),
              option: (colours, size) => extremesChart(hot, cold, format, colours, size),
            }),
            h(
              "div",
              { class: "pair-of-lists" },
              list(hot.slice(0, FIRST), "Hottest hours", format),
              list(cold.slice(0, FIRST), "Coldest hours", format),
            ),
          ),
          wholeTable(hot, cold, `Hottest and coldest hours of ${name}`, format),
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
    h("li", { class: "key-dot key-hot" }, "hottest"),
    h("li", { class: "key-dot key-cold" }, "coldest"),
  );

const list = (rows, caption, format) =>
  table(
    caption,
    [{ label: caption }, { label: "°C", number: true }, { label: "Weather" }],
    rows.map((row) => [at(row), format.tenths(row.temp_c), row.weather_main ?? "unknown"]),
  );

function extremesChart(hot, cold, format, colours, { width, rem }) {
  const small = letters(colours, rem);
  const dots = (rows, color, symbol) => ({
    type: "scatter",
    symbol,
    symbolSize: rem * 0.7,
    itemStyle: { color, borderColor: colours.ink, borderWidth: 0.6, opacity: 0.85 },
    emphasis: { scale: 1.25 },
    data: rows.map((row) => ({ value: [hourOf(row), row.temp_c], row })),
  });
  return {
    grid: { left: rem * 3, right: rem, top: rem * 2, bottom: rem * 1.7 },
    xAxis: {
      type: "value",
      min: 0,
      max: 24,
      interval: width < rem * 26 ? 6 : 3,
      axisTick: { show: false },
      axisLine: { onZero: false, lineStyle: { color: colours["rule-firm"] } },
      axisLabel: { ...small, formatter: (hour) => hourName(hour) },
      splitLine: { lineStyle: { color: colours.grid } },
    },
    yAxis: {
      type: "value",
      scale: true,
      splitNumber: 4,
      name: "°C",
      nameGap: rem * 0.75,
      nameTextStyle: { ...small, align: "right", padding: [0, rem * 0.5, 0, 0] },
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: { ...small },
      splitLine: { lineStyle: { color: colours.grid } },
    },
    tooltip: tooltip(colours, ({ data }) => tip(data.row, format), { trigger: "item" }),
    series: [dots(hot, colours.hot, "circle"), dots(cold, colours.cold, "diamond")],
  };
}

const tip = (row, format) =>
  tooltipBox(at(row), [
    ["Temperature", format.measure(row.temp_c, "°C")],
    ["Weather", row.weather_main ?? "unknown"],
    ["Humidity", format.measure(row.humidity_pct, "%")],
  ]);

/** What the chart shows, in words. */
export function extremesInWords(hot, cold, name, format) {
  const words = (row) => `${format.measure(row.temp_c, "°C")} (${at(row)})`;
  return `${name}: ${[
    hot ? `hottest ${words(hot)}` : "no hottest hour is known",
    cold ? `coldest ${words(cold)}` : "no coldest hour is known",
  ].join(", ")}.`;
}

const wholeTable = (hot, cold, caption, format) =>
  asTable(
    "extremes-table",
    caption,
    [
      { label: "Place" },
      { label: "Hour" },
      { label: "Temperature", number: true },
      { label: "Weather" },
      { label: "Humidity", number: true },
    ],
    () =>
      [
        [hot, "hottest"],
        [cold, "coldest"],
      ].flatMap(([rows, of]) =>
        rows.map((row) => [
          `${of} ${row.rank}`,
          at(row),
          format.measure(row.temp_c, "°C"),
          row.weather_main ?? "unknown",
          format.measure(row.humidity_pct, "%"),
        ]),
      ),
  );
