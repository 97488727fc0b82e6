/** What the panels of the view share: its small results, and what is chosen among them. */

import { joined } from "../answers.js";
import { Problem } from "../api.js";
import { periodsOf } from "./period.js";

const MOST = { limit: "1000" };
const RANKED = ["best", "worst", "sectors", "hottest", "coldest"];
/** One metric is enough to know the days. */
const ASKED = {
  dates: [
    "openweather_today_vs_last_year",
    { metric: "temp_c", fields: "city_key,city,date", ...MOST },
  ],
  best: ["openweather_best_days", MOST],
  worst: ["openweather_worst_days", MOST],
  sectors: ["openweather_wind_sectors", MOST],
  hottest: ["openweather_hottest_hours", MOST],
  coldest: ["openweather_coldest_hours", MOST],
};

/** @typedef {import("../api.js").Result} Result */
/** @typedef {{key: string, name: string}} City */

/**
 * Every small result that there is; what goes wrong with one is a matter of the panels that need it.
 * @param {import("../main.js").Context["api"]} api
 * @returns {Promise<{answers: Record<string, Result | null>, of: (name: string) => Result}>} `of`
 * throws the problem of that result
 */
async function smallResults(api) {
  const names = Object.keys(ASKED);
  const settled = await Promise.allSettled(names.map((name) => api.rows(...ASKED[name])));
  const problems = settled.map((one) => (one.status === "rejected" ? one.reason : null));
  const ours = problems.find((one) => one && !(one instanceof Problem));
  if (ours || problems.every(Boolean)) throw ours ?? problems[0];
  const found = (at) => {
    const one = settled[at];
    return one.status === "fulfilled" ? one.value : null;
  };
  return {
    answers: Object.fromEntries(names.map((name, at) => [name, found(at)])),
    of(name) {
      const at = names.indexOf(name);
      if (problems[at]) throw problems[at];
      return found(at);
    },
  };
}

/**
 * The places of all results, by name. Pure.
 * @param {Record<string, any>[]} rows
 * @returns {City[]}
 */
export function citiesOf(rows) {
  const names = new Map(rows.map((row) => [row.city_key, row.city]));
  return [...names]
    .map(([key, name]) => ({ key, name }))
    .sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/**
 * The place and the period of the address, or those that come first. Pure.
 * @param {Record<string, Result | null>} answers
 * @param {(name: string) => string | null} wish
 * @returns {{cities: City[], city: City | null, periods: string[], period: string | null}}
 */
export function chosenOf(answers, wish) {
  const rows = (name) => answers[name]?.rows ?? [];
  const cities = citiesOf(Object.keys(ASKED).flatMap(rows));
  const city = cities.find((one) => one.key === wish("city")) ?? cities[0] ?? null;
  const periods = periodsOf(RANKED.flatMap(rows).filter((row) => row.city_key === city?.key));
  const period = periods.find((one) => one === wish("period")) ?? periods[0] ?? null;
  return { cities, city, periods, period };
}

/**
 * A panel's load: the small results that it names, what `more` asks for the chosen place, and the
 * choice itself.
 * @param {import("../main.js").Context} context
 * @param {string[]} names
 * @param {(city: City, small: Record<string, Result | null>) => Promise<Record<string, any>>}
 * [more]
 */
export function loader({ api, route }, names, more) {
  const same = joined();
  return async () => {
    const small = await smallResults(api);
    const { city, period } = chosenOf(small.answers, route.get);
    const own = Object.fromEntries(names.map((name) => [name, small.of(name)]));
    const asked = city && more ? await more(city, small.answers) : {};
    return same({ ...own, ...asked, city: city?.key ?? null, name: city?.name ?? null, period });
  };
}

/** Asks a panel again whenever one of these words of the address is chosen anew. */
export function follow(route, spec, ...words) {
  for (const word of words) route.on(word, () => spec.refresh());
  return Object.assign(spec, { refresh: null, choose: null });
}
