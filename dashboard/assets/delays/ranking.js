/** Lines from worst to best, and stops by their share of delays. Pure. */

import { FEW, wilson } from "../stats.js";

/** @typedef {Record<string, any> & {few: boolean, interval: [number, number] | null}} Ranked */

/**
 * Highest share first; lines of which too little is known come after all others, however late they
 * seem.
 * @param {Record<string, any>[]} rows
 * @returns {Ranked[]}
 */
export function rankLines(rows) {
  /** @type {Ranked[]} */
  const judged = rows.map((row) => ({
    ...row,
    few: row.rated_preds < FEW,
    interval: wilson(row.delayed_preds, row.rated_preds),
  }));
  return judged.sort(
    (a, b) =>
      Number(a.few) - Number(b.few) ||
      (b.delay_rate ?? -1) - (a.delay_rate ?? -1) ||
      b.rated_preds - a.rated_preds ||
      a.line.localeCompare(b.line, "en", { numeric: true }),
  );
}

/**
 * Lower ends of the classes by which stops are coloured; fixed, so that a colour means the same
 * every day.
 */
export const BINS = [0, 0.05, 0.1, 0.2, 0.3];

/** The class of a share. @param {number} share @returns {number} 0 to 4 */
export const binOf = (share) => BINS.findLastIndex((from) => share >= from);

/**
 * Stops that can stand on a map, small circles last so that they stay on top.
 * @param {Record<string, any>[]} rows
 */
export function placedStops(rows) {
  const known = (value) => typeof value === "number" && Number.isFinite(value);
  return rows
    .filter(
      (row) => known(row.lon) && known(row.lat) && row.delay_rate !== null && row.rated_preds > 0,
    )
    .sort((a, b) => b.rated_preds - a.rated_preds);
}

/**
 * Diameter of a circle whose area counts predictions.
 * @param {number} count
 * @param {number} most
 */
export const diameter = (count, most, largest = 26, smallest = 5) =>
  Math.max(smallest, largest * Math.sqrt(count / Math.max(most, 1)));

/**
 * Limits of both axes such that a kilometre is as long to the east as to the north.
 * @param {Record<string, any>[]} stops
 * @param {number} width
 * @param {number} height
 */
export function mapLimits(stops, width, height) {
  const lons = stops.map((one) => one.lon);
  const lats = stops.map((one) => one.lat);
  const [west, east, south, north] = [
    Math.min(...lons),
    Math.max(...lons),
    Math.min(...lats),
    Math.max(...lats),
  ];
  const shrink = Math.cos(((south + north) / 2) * (Math.PI / 180));
  // Degrees of latitude a pixel; a single stop still gets a neighbourhood of some 500 m.
  const scale =
    Math.max(
      ((east - west) * shrink) / width,
      (north - south) / height,
      0.005 / Math.min(width, height),
    ) * 1.12;
  const [middleLon, middleLat] = [(west + east) / 2, (south + north) / 2];
  const [halfLon, halfLat] = [(scale * width) / 2 / shrink, (scale * height) / 2];
  return {
    lon: [middleLon - halfLon, middleLon + halfLon],
    lat: [middleLat - halfLat, middleLat + halfLat],
    metresPerPixel: scale * 111_195,
  };
}

/**
 * A round length for the scale bar, at most so many pixels long.
 * @param {number} metresPerPixel
 * @param {number} most
 */
export function scaleLength(metresPerPixel, most = 120) {
  const room = metresPerPixel * most;
  const power = 10 ** Math.floor(Math.log10(room));
  return power * [5, 2, 1].find((step) => power * step <= room);
}
