/** Panel: how often each kind of weather is, and what it leaves of the sun. */

import { lyingBars } from "../charts/bars.js";
import { chart, tooltip, tooltipBox } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { asTable } from "../parts.js";
import { FEW, total } from "../stats.js";
import { monthsIn } from "./pool.js";
import { sample } from "./sample.js";
import { skies } from "./skies.js";
import { follow, loader } from "./small.js";

const FIELDS = "year,month,weather_main,hours,ghi_change_vs_clear_pct,wind_change_vs_clear_pct";
const CLEAR = "Clear";

/** @param {import("../main.js").Context} context */
export function kindsPanel(context) {
  const { api, format, route } = context;
  const asked = (city_key) => ({ city_key, fields: FIELDS, limit: "1000" });
  return follow(
    route,
    {
      id: "kinds",
      title: "Kinds of weather",
      lead: "How often each kind is, and how much more or less sun it has than a clear sky.",
      place: "span-6 wide-4",
      load: loader(context, [], async ({ key }) => ({
        own: await api.rows("openweather_weather_main", asked(key)),
      })),
      empty: ({ own }) => (own?.rows.length ? null : "No kind of weather has been published yet."),
      draw({ own, name }) {
        const kinds = skies(own.rows);
        const hours = total(kinds, (kind) => kind.hours);
        return [
          sample(
            `Of ${plural(hours, "hour", "hours", format.count(hours))} in ` +
              `${plural(monthsIn(own.rows).length, "month", "months")}.`,
            kinds.some((kind) => kind.hours < FEW),
            `Pale: kinds of fewer than ${FEW} hours.`,
          ),
          chart({
            summary: kindsInWords(kinds, name, format),
            height: Math.max(17, 3 + 2.4 * kinds.length),
            option: (colours, size) => kindsChart(kinds, format, colours, size),
          }),
          h(
            "p",
            { class: "fine" },
            "Against the clear sky of the same month, day and night together: a kind that comes " +
              "mostly by night has little sun for that alone. Unknown: its months had no clear hour.",
          ),
          kindsTable(kinds, `Kinds of weather in ${name}`, format),
        ];
      },
    },
    "city",
  );
}

const sunOf = (kind, format) => (kind.sun === null ? "unknown" : format.change(kind.sun));

function kindsChart(kinds, format, colours, size) {
  const changes = kinds.flatMap((kind) => (kind.sun === null ? [] : [kind.sun]));
  const paleness = (at) => (kinds[at].hours < FEW ? 0.4 : 1);
  const isRoomy = size.width > size.rem * 26;
  const panes = [
    {
      title: isRoomy ? "share of hours" : "share",
      figure: isRoomy ? 4.1 : 2.9,
      values: kinds.map((kind) => kind.share),
      words: (at) => format.share(kinds[at].share),
      colour: () => colours.other,
      opacity: paleness,
      most: Math.max(...kinds.map((kind) => kind.share)),
    },
    {
      title: isRoomy ? "sun against a clear sky" : "sun, clear is 0",
      figure: isRoomy ? 4.1 : 3.5,
      values: kinds.map((kind) => kind.sun),
      words: (at) => sunOf(kinds[at], format),
      colour: () => colours.sun,
      opacity: paleness,
      least: Math.min(-10, ...changes),
      most: Math.max(10, ...changes),
    },
  ];
  return {
    ...lyingBars(
      kinds.map((kind) => kind.kind),
      panes,
      colours,
      size,
      5.9,
    ),
    tooltip: tooltip(colours, ({ dataIndex }) => tip(kinds[dataIndex], format), {
      trigger: "item",
    }),
  };
}

const tip = (kind, format) =>
  tooltipBox(kind.kind, [
    ["Share of hours", format.share(kind.share)],
    ["Hours", `${format.count(kind.hours)}${kind.hours < FEW ? " (few)" : ""}`],
    ["Sun", sunOf(kind, format)],
    ["of hours that can be compared", format.count(kind.known)],
  ]);

/** What the chart shows, in words. */
export function kindsInWords(kinds, name, format) {
  const [first] = kinds;
  const known = kinds.filter((kind) => kind.sun !== null && kind.kind !== CLEAR);
  const least = known.reduce((a, b) => (a && a.sun <= b.sun ? a : b), null);
  return [
    `${name}: mostly ${first.kind}, ${format.share(first.share)} of hours.`,
    least
      ? `Least sun: ${least.kind}, ${format.change(least.sun)} against a clear sky.`
      : "What each kind leaves of the sun is unknown.",
  ].join(" ");
}

const kindsTable = (kinds, caption, format) =>
  asTable(
    "kinds-table",
    caption,
    [
      { label: "Kind" },
      { label: "Hours", number: true },
      { label: "Share", number: true },
      { label: "Sun against clear", number: true },
      { label: "Wind against clear", number: true },
    ],
    () =>
      kinds.map((kind) => [
        kind.kind,
        `${format.count(kind.hours)}${kind.hours < FEW ? " (few)" : ""}`,
        format.share(kind.share),
        sunOf(kind, format),
        kind.wind === null ? "unknown" : format.change(kind.wind),
      ]),
  );
