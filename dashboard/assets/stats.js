/** What a share of a sample is worth. Pure. */

/**
 * Below this many rated predictions a share is marked as "few": one prediction more would move it
 * visibly.
 */
export const FEW = 30;

const Z95 = 1.959964;

/** @param {number} part @param {number} whole @returns {number | null} */
export const rate = (part, whole) => (whole > 0 ? part / whole : null);

/**
 * Wilson's 95 % interval of a share, which stays inside 0 and 1 and is honest for small samples.
 * @param {number} part
 * @param {number} whole
 * @returns {[number, number] | null}
 */
export function wilson(part, whole) {
  if (!(whole > 0)) return null;
  const share = part / whole;
  const zz = (Z95 * Z95) / whole;
  const middle = (share + zz / 2) / (1 + zz);
  const reach = (Z95 / (1 + zz)) * Math.sqrt((share * (1 - share)) / whole + zz / (4 * whole));
  return [Math.max(0, middle - reach), Math.min(1, middle + reach)];
}

/**
 * Newcombe's 95 % interval of the difference between two shares, from their Wilson intervals.
 * @param {{part: number, whole: number}} one
 * @param {{part: number, whole: number}} other
 * @returns {[number, number] | null}
 */
export function differenceInterval(one, other) {
  const [a, b] = [wilson(one.part, one.whole), wilson(other.part, other.whole)];
  if (!a || !b) return null;
  const [p, q] = [one.part / one.whole, other.part / other.whole];
  const below = Math.hypot(p - a[0], b[1] - q);
  const above = Math.hypot(a[1] - p, q - b[0]);
  return [p - q - below, p - q + above];
}

/** @template T @param {T[]} rows @param {(row: T) => number | null | undefined} of */
export const total = (rows, of) => rows.reduce((sum, row) => sum + (of(row) ?? 0), 0);
