/** Panel: one line on one day, hour by hour, beside the whole network. */

import { joined } from "../answers.js";
import { chart } from "../charts/chart.js";
import { h } from "../dom.js";
import { plural } from "../format.js";
import { message } from "../panel.js";
import { asTable, picker } from "../parts.js";
import { FEW } from "../stats.js";
import { clock, instant, longDay, noonOf } from "../time.js";
import { dayChart } from "./daychart.js";
import { rankLines } from "./ranking.js";
import { daysOf, hourly, rowsOfDay, sums } from "./series.js";

const FIELDS = "event_hour,line,total_preds,rated_preds,delayed_preds,delay_rate,worst_severity";
const LEGEND =
  "Bars: the line. Dots: all lines in the same hour. Pale bars rest on few predictions.";

/**
 * @typedef {object} Day
 * @property {string} line
 * @property {string} day
 * @property {import("./series.js").Slot[]} slots
 * @property {Map<number, Record<string, any>>} network rows of all lines by hour
 */

/** @param {import("../main.js").Context} context */
export function dayPanel({ api, format, route }) {
  const load = loader(api, route);
  const spec = {
    id: "day",
    title: "A line's day",
    place: "span-7 wide-4",
    tools: h("div", { class: "pickers tools" }),
    // Both are given by the page when the panel stands.
    choose: null,
    refresh: null,
    load,
    empty: ({ own }) => (own ? null : "No line has been published yet."),
    draw({ lines, network, own, line }) {
      const days = daysOf(own.rows);
      const day = days.includes(route.get("day")) ? route.get("day") : days[0];
      spec.tools.replaceChildren(linePicker(lines.rows, line, route), dayPicker(days, day, route));
      return drawn(
        {
          line,
          day,
          slots: day ? hourly(rowsOfDay(own.rows, day)) : [],
          network: new Map(network.rows.map((row) => [instant(row.event_hour), row])),
        },
        format,
      );
    },
  };
  route.on("line", () => spec.refresh());
  route.on("day", () => spec.choose());
  return spec;
}

/** Loads the chosen line; gives the same object while its parts are the same. */
function loader(api, route) {
  const same = joined();
  return async () => {
    const [lines, network] = await Promise.all([
      api.rows("emt_lines"),
      api.rows("emt_network_by_hour"),
    ]);
    const isKnown = lines.rows.some((row) => row.line === route.get("line"));
    const line = isKnown ? route.get("line") : rankLines(lines.rows)[0]?.line;
    const own = line ? await api.rows("emt_delays_by_hour", { line, fields: FIELDS }) : null;
    return same({ lines, network, own, line });
  };
}

/** @param {Day} shown */
function drawn(shown, format) {
  const { line, day, slots, network } = shown;
  if (!day) return [message("empty", "Nothing here yet", `Line ${line} has no hour yet.`)];
  const found = sums(slots.flatMap(({ row }) => (row ? [row] : [])));
  const title = `Line ${line} on ${longDay(noonOf(day))}`;
  if (!found.rated) {
    const why = "It was seen, but no timetable tells how often it should have come.";
    return [message("empty", `${title}: no delay is known`, why)];
  }
  const columns = [
    { label: "Hour (Madrid)" },
    { label: "Delayed", number: true },
    { label: "of rated", number: true },
    { label: "All lines", number: true },
  ];
  const rows = () =>
    slots.flatMap(({ at, row }) =>
      row
        ? [
            [
              clock(at),
              format.share(row.delay_rate),
              format.count(row.rated_preds),
              format.share(network.get(at)?.delay_rate),
            ],
          ]
        : [],
    );
  return [
    h("p", { class: "sentence sentence-small" }, dayInWords(shown, found, format)),
    chart({
      summary: LEGEND,
      height: 21,
      option: (colours, size) => dayChart(shown, format, colours, size),
    }),
    asTable("day-table", title, columns, rows),
  ];
}

/**
 * What the chart of a day shows, in words.
 * @param {Day} shown
 * @param {ReturnType<typeof sums>} found
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 */
export function dayInWords({ line, day, slots }, found, format) {
  const rated = plural(
    found.rated,
    "rated prediction",
    "rated predictions",
    format.count(found.rated),
  );
  const share = format.share(found.rate);
  const whole = `On ${longDay(noonOf(day))} ${share} of line ${line}'s ${rated} were delayed`;
  const worst = slots
    .filter(({ row }) => row && row.rated_preds >= FEW)
    .sort((a, b) => b.row.delay_rate - a.row.delay_rate)[0];
  if (!worst) return `${whole}.`;
  const { delay_rate: rate, rated_preds: count } = worst.row;
  return `${whole}, most at ${clock(worst.at)} (${format.share(rate)} of ${format.count(count)}).`;
}

function linePicker(lines, line, route) {
  const names = lines.map((row) => row.line);
  names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return picker("pick-line", "Line", names, line, String, (name) => {
    route.set("line", name);
    route.set("day", null);
    route.tell("line");
  });
}

function dayPicker(days, day, route) {
  const words = (one) => longDay(noonOf(one));
  return picker("pick-day", "Day", days, day, words, (one) => {
    route.set("day", one);
    route.tell("day");
  });
}
