/** Numbers for people, in the reader's locale. Pure. */

export const NOTHING = "–";

/** @param {string} [locale] the browser's own when left out */
export function formatter(locale) {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const tenth = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const hundredth = new Intl.NumberFormat(locale, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
  const share = new Intl.NumberFormat(locale, {
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const round = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const signed = new Intl.NumberFormat(locale, {
    style: "percent",
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  });
  const some = (value) => value !== null && value !== undefined && Number.isFinite(value);
  return {
    /** @param {number | null | undefined} value */
    count: (value) => (some(value) ? whole.format(value) : NOTHING),
    /** @param {number | null | undefined} value */
    share: (value) => (some(value) ? share.format(value) : NOTHING),
    /**
     * A share beside an axis or in a class, where a needless decimal is noise.
     * @param {number} value
     */
    axisShare: (value) => round.format(value),
    /** How much more or less it is, out of hundredths. @param {number | null | undefined} value */
    change: (value) => (some(value) ? signed.format(value / 100) : NOTHING),
    /** @param {number | null | undefined} value */
    tenths: (value) => (some(value) ? tenth.format(value) : NOTHING),
    /** A number from 0 to 1. @param {number | null | undefined} value */
    decimal: (value) => (some(value) ? hundredth.format(value) : NOTHING),
    /** @param {number | null | undefined} value @param {string} unit */
    measure: (value, unit) => (some(value) ? `${tenth.format(value)} ${unit}` : NOTHING),
    /** The difference of two shares. @param {number} difference */
    points: (difference) => tenth.format(Math.abs(difference) * 100),
    /** @param {number | null | undefined} value */
    bytes: (value) => (some(value) ? bytes(value, tenth) : NOTHING),
  };
}

function bytes(value, tenth) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let step = 0;
  let size = value;
  while (size >= 1000 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  return `${tenth.format(size)} ${units[step]}`;
}

/**
 * A text that begins with a word begins with a capital; one that begins with a name keeps it.
 * @param {string} text
 */
export const asSentence = (text) =>
  /^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;

/**
 * "3 files" and "1 file".
 * @param {number} n
 * @param {string} one
 * @param {string} many
 * @param {string} written
 */
export function plural(n, one, many, written = String(n)) {
  return `${written} ${n === 1 ? one : many}`;
}

/**
 * A span in the two units that matter: "3 h 20 min", "2 d 5 h".
 * @param {number | null | undefined} minutes
 */
export function duration(minutes) {
  if (minutes === null || minutes === undefined || !Number.isFinite(minutes)) return NOTHING;
  const total = Math.round(minutes);
  if (total < 1) return "under 1 min";
  if (total < 60) return `${total} min`;
  const [days, hours, rest] = [
    Math.floor(total / 1440),
    Math.floor((total % 1440) / 60),
    total % 60,
  ];
  if (days) return hours ? `${days} d ${hours} h` : `${days} d`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

/** How long a run took: "42 s", "3 min 5 s". @param {number | null | undefined} elapsed */
export function seconds(elapsed) {
  if (elapsed === null || elapsed === undefined || !Number.isFinite(elapsed)) return NOTHING;
  const total = Math.round(elapsed);
  if (total < 60) return `${total} s`;
  if (total < 3600)
    return total % 60 ? `${Math.floor(total / 60)} min ${total % 60} s` : `${total / 60} min`;
  return duration(total / 60);
}
