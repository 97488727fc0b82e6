/** Panel: delays in adverse and in other weather, explained in one honest sentence. */

import { h, styled } from "../dom.js";
import { table } from "../parts.js";
import { compareWeather, inOneSentence } from "./attribution.js";

const ORDER = ["good", "moderate", "bad", "severe", "unknown"];

/** @param {import("../main.js").Context} context */
export function weatherPanel({ api, format }) {
  return {
    id: "weather",
    title: "Is it the weather?",
    place: "span-4 wide-3",
    shape: "line",
    load: () => api.rows("emt_weather"),
    empty: ({ rows }) => (rows.length ? null : "No prediction has met any weather yet."),
    draw({ rows }) {
      const seen = compareWeather(rows);
      return [
        h("p", { class: "sentence", id: "attribution" }, inOneSentence(seen, format)),
        seen.verdict === "nothing" ? null : comparison(seen, format),
        table(
          "Delays by weather",
          [
            { label: "Weather" },
            { label: "Delayed", number: true },
            { label: "of rated", number: true },
          ],
          [...rows]
            .sort((a, b) => ORDER.indexOf(a.weather_severity) - ORDER.indexOf(b.weather_severity))
            .map((row) => [
              h(
                "span",
                {},
                row.weather_severity,
                row.adverse ? h("span", { class: "tag" }, "adverse") : null,
              ),
              format.share(row.delay_rate),
              format.count(row.rated_preds),
            ]),
        ),
        h(
          "p",
          { class: "fine" },
          "Adverse: from 0.5 mm of rain, from 30 km/h of wind or below 6 km of sight. ",
          seen.unknown
            ? `${format.count(seen.unknown)} rated predictions met no known weather ` +
                "and count for neither. "
            : "",
          seen.verdict === "nothing"
            ? ""
            : "Whiskers: 95 % intervals, as if predictions were independent; they are not quite, " +
                "so the truth is less sharp.",
        ),
      ];
    },
  };
}

function comparison(seen, format) {
  const most = Math.max(seen.adverse.interval[1], seen.other.interval[1]);
  const row = (name, label, side) =>
    h(
      "div",
      { class: "versus-row" },
      h("span", { class: "versus-name" }, label),
      whisker(side, most, name),
      h("span", { class: "versus-value" }, format.share(side.rate)),
    );
  return h(
    "div",
    { class: "versus", "aria-hidden": "true" },
    row("adverse", "adverse", seen.adverse),
    row("other", "other", seen.other),
  );
}

/** A share as a bar from zero with its interval across its end. */
export function whisker({ rate, interval }, most, name) {
  const at = (value) => `${(100 * (value ?? 0)) / most}%`;
  return h(
    "span",
    { class: `whisker whisker-${name}` },
    styled(h("span", { class: "whisker-bar" }), { width: at(rate) }),
    interval
      ? styled(h("span", { class: "whisker-line" }), {
          left: at(interval[0]),
          width: at(interval[1] - interval[0]),
        })
      : null,
  );
}
