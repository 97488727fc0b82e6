/** The sectors of the wind made ready for a rose. Pure. */

import { total } from "../stats.js";

/** Sixteenths of the compass, clockwise from north. */
export const SECTORS = [
  "N",
  "NNE",
  "NE",
  "ENE",
  "E",
  "ESE",
  "SE",
  "SSE",
  "S",
  "SSW",
  "SW",
  "WSW",
  "W",
  "WNW",
  "NW",
  "NNW",
];

/**
 * @typedef {{sector: string, share: number | null, hours: number | null, speed: number | null}}
 * Petal
 */

/**
 * Sixteen petals clockwise from north. A sector without a row had no wind when the rows hold all of
 * it, and is not known (null) when they are only the first few.
 * @param {Record<string, any>[]} rows
 * @returns {{petals: Petal[], windy: number, told: number}} `windy`: all hours with wind; `told`:
 * the share of them that the rows hold
 */
export function roseOf(rows) {
  const told = Math.min(
    1,
    total(rows, (row) => row.share),
  );
  const none = told > 0.9999 ? 0 : null;
  const petals = SECTORS.map((sector, at) => {
    const row = rows.find((one) => placeOf(one.sector_center_deg) === at);
    return {
      sector,
      share: row ? row.share : none,
      hours: row ? row.hours : none,
      speed: row?.wind_mean_ms ?? null,
    };
  });
  const widest = rows.reduce((most, row) => (row.hours > (most?.hours ?? 0) ? row : most), null);
  return { petals, windy: widest ? Math.round(widest.hours / widest.share) : 0, told };
}

const placeOf = (degrees) => Math.round((((degrees % 360) + 360) % 360) / 22.5) % SECTORS.length;

/** Lower ends of the classes by which petals are coloured, in m/s; the same for every place. */
export const SPEEDS = [0, 3, 6, 9, 12];

/** The class of a speed. @param {number} speed @returns {number} 0 to 4 */
export const speedClass = (speed) => SPEEDS.findLastIndex((from) => speed >= from);
