/** The sun by month of the year and hour of the day, all years together. Pure. */

import { total } from "../stats.js";
import { grouped, isKnown, pooled } from "./pool.js";

/** @typedef {{month: number, hour: number, mean: number | null, seen: number, days: number}} Cell */

/**
 * @param {Record<string, any>[]} rows of one place: one a year, month and hour
 * @returns {{cells: Cell[], best: Cell[], seen: number, days: number, isWhole: boolean}} `best`:
 * the sunniest hour of each month that has sun, of equals the earliest; `days`: those that were
 * seen, when `isWhole` is false at least so many
 */
export function sunByMonth(rows) {
  const known = rows.filter((row) => isKnown(row.avg_est_ghi_wm2));
  const cells = grouped(known, (row) => row.month * 24 + row.event_hour)
    .map((alike) => ({
      month: alike[0].month,
      hour: alike[0].event_hour,
      mean: pooled(
        alike,
        (row) => row.avg_est_ghi_wm2,
        (row) => row.obs_count,
      ),
      seen: total(alike, (row) => row.obs_count),
      days: total(alike, (row) => row.days_covered),
    }))
    .sort((a, b) => a.month - b.month || a.hour - b.hour);
  const best = grouped(cells, (cell) => cell.month)
    .map((month) => month.reduce((most, cell) => (cell.mean > most.mean ? cell : most)))
    .filter((cell) => cell.mean > 0);
  return { cells, best, seen: total(cells, (cell) => cell.seen), ...daysSeen(known) };
}

/** A month has as many days as its hour of most days, or more when some days lack that hour. */
function daysSeen(rows) {
  const months = grouped(rows, (row) => row.year * 12 + row.month).map((hours) => ({
    days: Math.max(...hours.map((row) => row.days_covered)),
    all: new Date(Date.UTC(hours[0].year, hours[0].month, 0)).getUTCDate(),
  }));
  return {
    days: total(months, (month) => month.days),
    isWhole: months.every(({ days, all }) => days >= all),
  };
}
