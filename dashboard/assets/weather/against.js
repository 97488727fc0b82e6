/** A day beside the same day a year before. Pure. */

/** What each metric is called, and its unit. */
const METRICS = {
  temp_c: ["Temperature", "°C"],
  humidity_pct: ["Humidity", "%"],
  clouds_pct: ["Clouds", "%"],
  rain_mm: ["Rain", "mm"],
  est_ghi_wm2: ["Sun", "W/m²"],
  wind_speed_ms: ["Wind", "m/s"],
  wind_power_wm2: ["Wind power", "W/m²"],
};

/**
 * @typedef {object} Metric
 * @property {string} name
 * @property {string} unit
 * @property {number | null} now
 * @property {number | null} then
 * @property {number | null} change in percent
 * @property {"known" | "zero" | "nothing"} state `zero`: a year before it was 0, which no percent
 * fits; `nothing`: there is no baseline
 */

/**
 * The metrics in the order in which people ask for them; unknown ones last.
 * @param {Record<string, any>[]} rows of one place and day
 * @returns {Metric[]}
 */
export function metricsOf(rows) {
  const order = Object.keys(METRICS);
  const place = ({ metric }) => (order.indexOf(metric) + 1 || order.length + 1) - 1;
  return [...rows]
    .sort((a, b) => place(a) - place(b))
    .map((row) => {
      const [name, unit] = METRICS[row.metric] ?? [row.metric, ""];
      const [now, then] = [row.value_today ?? null, row.value_last_year ?? null];
      const change = row.diff_pct ?? null;
      const state = now === null || then === null ? "nothing" : change === null ? "zero" : "known";
      return { name, unit, now, then, change, state };
    });
}

/** The change in words. @param {Metric} metric @param {(value: number) => string} percent */
export const changeInWords = ({ state, change }, percent) =>
  ({ known: () => percent(change), zero: () => "was 0", nothing: () => "no baseline" })[state]();

/** The days that rows speak of, newest first. @param {Record<string, any>[]} rows */
export const datesOf = (rows, city) =>
  [...new Set(rows.filter((row) => row.city_key === city).map((row) => row.date))].sort().reverse();
