/** Months of several years taken together, each by what it rests on. Pure. */

import { total } from "../stats.js";

/** @typedef {Record<string, any>} Row */

/** Fewer days, or fewer observations of an hour, than this say little of it. */
export const FEW_DAYS = 10;

/**
 * The mean of what is known, each value by its weight; null when nothing is known.
 * @param {Row[]} rows
 * @param {(row: Row) => number | null | undefined} of
 * @param {(row: Row) => number} weight
 * @returns {number | null}
 */
export function pooled(rows, of, weight) {
  const known = rows.filter((row) => isKnown(of(row)));
  const whole = total(known, weight);
  return whole > 0 ? total(known, (row) => of(row) * weight(row)) / whole : null;
}

/** The highest of what is known. @param {Row[]} rows @param {(row: Row) => any} of */
export const highest = (rows, of) =>
  rows
    .map(of)
    .filter(isKnown)
    .reduce((most, value) => Math.max(most, value), -Infinity);

export const isKnown = (value) => typeof value === "number" && Number.isFinite(value);

/**
 * Rows that belong together, by the order of their first.
 * @param {Row[]} rows
 * @param {(row: Row) => string | number} of
 * @returns {Row[][]}
 */
export function grouped(rows, of) {
  const found = new Map();
  for (const row of rows) {
    const name = of(row);
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(row);
  }
  return [...found.values()];
}

/** The months of rows, each once: "2025-10". @param {Row[]} rows @returns {string[]} */
export const monthsIn = (rows) => [
  ...new Set(rows.map((row) => `${row.year}-${String(row.month).padStart(2, "0")}`)),
];
