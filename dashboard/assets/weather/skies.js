/** Kinds of weather over all months of a place. Pure. */

import { rate, total } from "../stats.js";
import { grouped, isKnown, pooled } from "./pool.js";

/**
 * @typedef {{kind: string, hours: number, share: number | null, sun: number | null,
 * wind: number | null, known: number}} Sky `sun`, `wind`: in percent against a clear sky of the
 * same month; `known`: hours in months that had a clear sky to compare with
 */

/**
 * The commonest kind first.
 * @param {Record<string, any>[]} rows of one place: one a year, month and kind
 * @returns {Sky[]}
 */
export function skies(rows) {
  const all = total(rows, (row) => row.hours);
  return grouped(rows, (row) => row.weather_main)
    .map((alike) => {
      const mean = (of) => pooled(alike, of, (row) => row.hours);
      const hours = total(alike, (row) => row.hours);
      return {
        kind: alike[0].weather_main,
        hours,
        share: rate(hours, all),
        sun: mean((row) => row.ghi_change_vs_clear_pct),
        wind: mean((row) => row.wind_change_vs_clear_pct),
        known: total(
          alike.filter((row) => isKnown(row.ghi_change_vs_clear_pct)),
          (row) => row.hours,
        ),
      };
    })
    .sort((a, b) => b.hours - a.hours || (a.kind < b.kind ? -1 : 1));
}
