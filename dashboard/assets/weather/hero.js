/** The first thing to see of Weather: which place and which period, and four figures of them. */

import { h } from "../dom.js";
import { keyFigure, picker } from "../parts.js";
import { hourName, instant, longDay, noonOf } from "../time.js";
import { ofPeriod, periodInWords } from "./period.js";
import { chosenOf, follow, loader } from "./small.js";

/** @param {import("../main.js").Context} context */
export function heroPanel(context) {
  const { format, route } = context;
  return follow(
    route,
    {
      id: "place",
      title: "At a glance",
      place: "hero",
      shape: "line",
      load: loader(context, [], async (_, answers) => answers),
      empty: ({ city }) =>
        city
          ? null
          : "No hour of weather has been published yet. " +
            "Poll OpenWeather or upload its history; then this publishes it:",
      fills: "lake run openweather/gold --wait",
      draw(answers) {
        const chosen = chosenOf(answers, route.get);
        const newest = Object.values(answers).find((one) => one?.published)?.published;
        return [
          h(
            "div",
            { class: "hero-words" },
            h("p", { class: "kicker" }, `Published ${longDay(instant(newest))}`),
            h(
              "p",
              { class: "headline" },
              "Sun, wind and weather in ",
              h("strong", { class: "place" }, chosen.city.name),
            ),
            pickers(chosen, route),
            h(
              "p",
              { class: "fine" },
              "Sun is not measured but reckoned from its height and the cover of clouds. ",
              chosen.period
                ? `Days, directions and extremes are of ${periodInWords(chosen.period)}.`
                : "",
            ),
          ),
          figures(answers, chosen, format),
        ];
      },
    },
    "city",
    "period",
  );
}

function pickers({ cities, city, periods, period }, route) {
  const choose = (word) => (value) => {
    route.set(word, value);
    route.tell(word);
  };
  const names = new Map(cities.map((one) => [one.key, one.name]));
  const place = (key) => names.get(key);
  return h(
    "div",
    { class: "pickers tools" },
    picker("pick-city", "Place", [...names.keys()], city.key, place, choose("city")),
    periods.length > 1
      ? picker("pick-period", "Period", periods, period, periodInWords, choose("period"))
      : null,
  );
}

function figures(answers, { city, period }, format) {
  const first = (name) => ofPeriod(answers[name]?.rows ?? [], city.key, period)[0];
  const [hot, cold, wind, day] = ["hottest", "coldest", "sectors", "best"].map(first);
  const at = (row) =>
    row
      ? `${longDay(noonOf(row.event_date))}, ${hourName(Number(row.event_ts_local.slice(11, 13)))}`
      : undefined;
  return h(
    "dl",
    { class: "figures" },
    keyFigure(format.measure(hot?.temp_c, "°C"), "hottest hour", at(hot)),
    keyFigure(format.measure(cold?.temp_c, "°C"), "coldest hour", at(cold)),
    keyFigure(
      wind?.wind_sector ?? "–",
      "commonest wind",
      wind ? `${format.share(wind.share)} of windy hours` : undefined,
    ),
    keyFigure(
      day ? longDay(noonOf(day.event_date)) : "–",
      "best day",
      day ? `of ${format.count(day.days_ranked)} days` : undefined,
    ),
  );
}
