/** Instants of the lake (UTC) as people in Madrid read them. Pure. */

const ZONE = "Europe/Madrid";
export const HOUR = 3_600_000;

const formats = new Map();

/** Weekday and month are words and the hour has 24, so no reader takes 9/8 for 8/9. */
function inMadrid(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key))
    formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, ...options }));
  return formats.get(key);
}

/**
 * Milliseconds of an instant of the lake; one without a zone is UTC (ADR 10).
 * @param {string | null | undefined} text
 * @returns {number | null}
 */
export function instant(text) {
  if (!text) return null;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text.replace(" ", "T")}Z`;
  const at = Date.parse(zoned);
  return Number.isNaN(at) ? null : at;
}

/** The day in Madrid, "2025-08-30". @param {number} at */
export function dayOf(at) {
  const parts = inMadrid({ year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(at);
  const part = (type) => parts.find((one) => one.type === type)?.value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** The hour in Madrid, 0 to 23. @param {number} at */
export function hourOf(at) {
  return Number(inMadrid({ hour: "2-digit", hourCycle: "h23" }).format(at));
}

/** "14:00" @param {number} at */
export const clock = (at) =>
  inMadrid({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);

/** "Sat 30 Aug" @param {number} at */
export const shortDay = (at) =>
  plain(inMadrid({ weekday: "short", day: "numeric", month: "short" }).format(at));

/** "Sat 30 Aug 2025" @param {number} at */
export const longDay = (at) =>
  plain(inMadrid({ weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(at));

/** "Sat 30 Aug 2025, 14:00" @param {number | null} at */
export const moment = (at) => (at === null ? "never" : `${longDay(at)}, ${clock(at)}`);

/** "Sat 30 Aug, 14:00" @param {number | null} at */
export const shortMoment = (at) => (at === null ? "never" : `${shortDay(at)}, ${clock(at)}`);

/** A day as its noon in UTC, which is the same day in Madrid. @param {string} day */
export const noonOf = (day) => Date.parse(`${day}T12:00:00Z`);

/** "05:00" @param {number} hour of a day, 0 to 23 */
export const hourName = (hour) => `${String(hour).padStart(2, "0")}:00`;

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
/** @param {number} month 1 to 12 */
export const monthName = (month) => MONTHS[month - 1] ?? String(month);
/** "Sep" @param {number} month 1 to 12 */
export const shortMonth = (month) => monthName(month).slice(0, 3);

const plain = (text) => text.replace(",", "");
