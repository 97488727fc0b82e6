/** Panel: the lines from worst to best, with what their figures are worth. */

import { h } from "../dom.js";
import { table } from "../parts.js";
import { FEW } from "../stats.js";
import { rankLines } from "./ranking.js";
import { whisker } from "./weather.js";

const FIRST = 12;

/** @param {import("../main.js").Context} context */
export function linesPanel({ api, format, route }) {
  const spec = {
    id: "lines",
    title: "Worst lines",
    lead: "Share of rated predictions that were delayed. Choose a line to see its day.",
    place: "span-5 wide-3",
    shape: "rows",
    load: () => api.rows("emt_lines"),
    empty: ({ rows }) => (rows.length ? null : "No line has been published yet."),
    draw({ rows }) {
      const ranked = rankLines(rows);
      const shown = route.get("lines") === "all" ? ranked : ranked.slice(0, FIRST);
      const most = Math.max(0.01, ...shown.map((row) => row.delay_rate ?? 0)) * 1.15;
      const few = ranked.filter((row) => row.few).length;
      return [
        table(
          "Lines from worst to best",
          [{ label: "Line" }, { label: "Delayed" }, { label: "of rated", number: true }],
          shown.map((row) => [
            badge(row.line, route),
            share(row, most, format),
            count(row, format),
          ]),
          "ranking",
        ),
        ranked.length > FIRST
          ? h(
              "button",
              {
                type: "button",
                class: "button",
                id: "lines-more",
                onclick: () => toggle(route, spec),
              },
              shown.length === ranked.length
                ? "Show the worst only"
                : `Show all ${format.count(ranked.length)} lines`,
            )
          : null,
        h(
          "p",
          { class: "fine" },
          "Whiskers: 95 % intervals.",
          few
            ? ` "few": fewer than ${FEW} rated predictions; ` +
                "these lines stand last, however late they seem."
            : "",
        ),
      ];
    },
    choose: null,
  };
  return spec;
}

function toggle(route, spec) {
  route.set("lines", route.get("lines") === "all" ? null : "all");
  spec.choose();
}

/** The line's label as a link to its day. */
function badge(line, route) {
  const id = `line-${line}`;
  return h(
    "a",
    {
      class: "badge",
      id,
      href: route.with({ line, day: null }),
      "aria-label": `Line ${line}: see its day`,
      onclick: (event) => {
        event.preventDefault();
        route.set("line", line);
        route.set("day", null);
        route.tell("line");
      },
    },
    line,
  );
}

const share = (row, most, format) =>
  h(
    "span",
    { class: `share${row.few ? " share-few" : ""}` },
    h("span", { class: "share-value" }, format.share(row.delay_rate)),
    whisker(
      {
        rate: row.delay_rate,
        interval: row.interval && row.interval.map((end) => Math.min(end, most)),
      },
      most,
      row.few ? "few" : "delay",
    ),
  );

const count = (row, format) =>
  h("span", {}, row.few ? h("span", { class: "tag" }, "few") : null, format.count(row.rated_preds));
