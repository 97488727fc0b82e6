/** The wind by hour of the day, over the months that are asked for. Pure. */

import { total } from "../stats.js";
import { highest, isKnown, pooled } from "./pool.js";

/**
 * @typedef {{hour: number, seen: number, mean: number | null, p90: number | null,
 * most: number | null, calm: number | null}} WindHour
 */

/**
 * Twenty-four hours; one that nobody saw has nothing but its name. The p90 of several months is
 * the mean of theirs: their observations are not here to be ranked anew.
 * @param {Record<string, any>[]} rows of one place: one a year, month and hour
 * @param {number | null} month of the year; null is all
 * @returns {WindHour[]}
 */
export function windByHour(rows, month) {
  const asked = rows.filter((row) => month === null || row.month === month);
  return Array.from({ length: 24 }, (_, hour) => {
    const alike = asked.filter((row) => row.event_hour === hour && isKnown(row.wind_mean_ms));
    const mean = (of) => pooled(alike, of, (row) => row.obs_count);
    const most = highest(alike, (row) => row.wind_max_ms);
    return {
      hour,
      seen: total(alike, (row) => row.obs_count),
      mean: mean((row) => row.wind_mean_ms),
      p90: mean((row) => row.wind_p90_ms),
      most: Number.isFinite(most) ? most : null,
      calm: mean((row) => row.calm_share),
    };
  });
}

/** The months of the year that rows speak of. @param {Record<string, any>[]} rows */
export const monthsOfYear = (rows) =>
  [...new Set(rows.map((row) => row.month))].sort((a, b) => a - b);
