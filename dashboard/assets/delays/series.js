/** Rows by hour made ready for a time axis. Pure. */

import { HOUR, dayOf, instant, shortMoment } from "../time.js";
import { plural } from "../format.js";
import { total } from "../stats.js";

/** Longer silences are drawn as one break, not as days of nothing. */
const LONGEST_GAP = 12;
const ADVERSE = new Set(["bad", "severe"]);

/**
 * @typedef {{at: number, row: Record<string, any> | null, silent: number}} Slot an hour; `silent`:
 * hours left out
 */

/**
 * One slot an hour, in order; an hour without a row is a gap, a long silence one slot that says how
 * long.
 * @param {Record<string, any>[]} rows
 * @returns {Slot[]}
 */
export function hourly(rows) {
  const known = rows
    .map((row) => ({ at: instant(row.event_hour), row, silent: 0 }))
    .filter((slot) => slot.at !== null)
    .sort((a, b) => a.at - b.at);
  const slots = [];
  for (const slot of known) {
    const before = slots.at(-1);
    const missing = before ? Math.round((slot.at - before.at) / HOUR) - 1 : 0;
    if (missing > LONGEST_GAP) slots.push({ at: before.at + HOUR, row: null, silent: missing });
    else
      for (let hour = 1; hour <= missing; hour += 1)
        slots.push({ at: before.at + hour * HOUR, row: null, silent: 0 });
    slots.push(slot);
  }
  return slots;
}

/**
 * The slots of the last so many hours before the newest one.
 * @param {Slot[]} slots
 * @param {number} hours
 */
export function newest(slots, hours) {
  const from = (slots.at(-1)?.at ?? 0) - (hours - 1) * HOUR;
  const kept = slots.filter((slot) => slot.at >= from);
  while (kept.length && kept[0].row === null) kept.shift();
  return kept;
}

/** @param {Record<string, any> | null} row */
export const isAdverse = (row) => row !== null && ADVERSE.has(row.worst_severity);

/**
 * First and last slot of each stretch of adverse weather.
 * @param {Slot[]} slots
 * @returns {[number, number][]}
 */
export function adverseStretches(slots) {
  const found = [];
  slots.forEach((slot, place) => {
    if (!isAdverse(slot.row)) return;
    if (found.at(-1)?.[1] === place - 1) found.at(-1)[1] = place;
    else found.push([place, place]);
  });
  return found;
}

/**
 * The days in Madrid that rows speak of, newest first.
 * @param {Record<string, any>[]} rows
 * @returns {string[]}
 */
export function daysOf(rows) {
  return [...new Set(rows.map((row) => dayOf(instant(row.event_hour))))].sort().reverse();
}

/** @param {Record<string, any>[]} rows @param {string} day */
export const rowsOfDay = (rows, day) =>
  rows.filter((row) => dayOf(instant(row.event_hour)) === day);

/** Rated, delayed and their share over rows. @param {Record<string, any>[]} rows */
export function sums(rows) {
  const rated = total(rows, (row) => row.rated_preds);
  const delayed = total(rows, (row) => row.delayed_preds);
  return {
    seen: total(rows, (row) => row.total_preds),
    rated,
    delayed,
    rate: rated ? delayed / rated : null,
  };
}

/**
 * What the chart of hours shows, in words.
 * @param {Slot[]} slots
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 */
export function hoursInWords(slots, format) {
  const rows = slots.flatMap((slot) => (slot.row ? [slot.row] : []));
  const rated = rows.filter((row) => row.delay_rate !== null && row.delay_rate !== undefined);
  if (!rated.length) return "No hour has a delay that is known.";
  const by = (row) => row.delay_rate;
  const high = rated.reduce((best, row) => (by(row) > by(best) ? row : best));
  const low = rated.reduce((best, row) => (by(row) < by(best) ? row : best));
  const share = (row) => format.share(by(row));
  const at = (row) => shortMoment(instant(row.event_hour));
  const wet = rows.filter((row) => row.avg_precip_mm > 0);
  const wettest = Math.max(...wet.map((row) => row.avg_precip_mm));
  const hours = (count) => plural(count, "hour", "hours", format.count(count));
  const windiest = rows
    .filter((row) => row.avg_wind_kph !== null && row.avg_wind_kph !== undefined)
    .reduce(
      (best, row) => (best === null || row.avg_wind_kph > best.avg_wind_kph ? row : best),
      null,
    );
  return [
    `${hours(rows.length)}, ${at(rows[0])} to ${at(rows.at(-1))}, Madrid time.`,
    `Delayed: from ${share(low)} (${at(low)}) to ${share(high)} (${at(high)}).`,
    wet.length
      ? `Rain in ${hours(wet.length)}, up to ${format.measure(wettest, "mm")}.`
      : "No rain.",
    windiest
      ? `Wind up to ${format.measure(windiest.avg_wind_kph, "km/h")} (${at(windiest)}).`
      : "Wind not known.",
  ].join(" ");
}
