/** The stretches of time for which rankings were computed, and which of them is shown. Pure. */

import { monthName } from "../time.js";
import { inSpans } from "./words.js";

/** @typedef {{years: string, months: string}} Pair as rows carry it: "2024,2025" and "10" */

/** One word for a pair, as it stands in the address. @param {Pair} pair */
export const periodOf = ({ years, months }) => `${years}/${months}`;

const parts = (period) =>
  period.split("/").map((text) => (text.match(/\d+/g) ?? []).map((number) => Number(number)));

/**
 * The periods that rows speak of: the one that covers the most months first, of equals the newest.
 * @param {Pair[]} rows
 * @returns {string[]}
 */
export function periodsOf(rows) {
  const found = [...new Set(rows.map(periodOf))].map((period) => {
    const [years, months] = parts(period);
    return {
      period,
      covers: years.length * months.length,
      newest: Math.max(0, ...years) * 100 + Math.max(0, ...months),
    };
  });
  found.sort(
    (a, b) => b.covers - a.covers || b.newest - a.newest || (a.period < b.period ? -1 : 1),
  );
  return found.map(({ period }) => period);
}

/**
 * The rows of one period in the order of their ranks.
 * @param {Record<string, any>[]} rows
 * @param {string} city
 * @param {string | null} period
 */
export const ofPeriod = (rows, city, period) =>
  rows
    .filter((row) => row.city_key === city && periodOf(/** @type {any} */ (row)) === period)
    .sort((a, b) => a.rank - b.rank);

/** "October of 2024 and 2025", or "2014 to 2025" when no month is left out. @param {string} period */
export function periodInWords(period) {
  const [years, months] = parts(period);
  if (!years.length || !months.length) return period;
  const of = inSpans(years, String);
  return months.length === 12 ? of : `${inSpans(months, monthName)} of ${of}`;
}
