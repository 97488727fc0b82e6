/** What the figures say about weather and delay, and what they do not. Pure. */

import { FEW, differenceInterval, rate, total, wilson } from "../stats.js";

/**
 * @typedef {{part: number, whole: number, rate: number | null, interval: [number, number] | null}}
 * Side
 */

/**
 * Delays in adverse weather against delays in other weather; where no weather is known a prediction
 * counts for neither.
 * @param {Record<string, any>[]} rows one a severity
 * @returns {{adverse: Side, other: Side, unknown: number, verdict: "nothing" | "same" | "more" |
 * "less"}}
 */
export function compareWeather(rows) {
  const adverse = side(rows.filter((row) => row.adverse === true));
  const other = side(rows.filter((row) => row.adverse === false));
  const unknown = total(
    rows.filter((row) => row.adverse !== true && row.adverse !== false),
    (row) => row.rated_preds,
  );
  return { adverse, other, unknown, verdict: verdict(adverse, other) };
}

function side(rows) {
  const [part, whole] = [
    total(rows, (row) => row.delayed_preds),
    total(rows, (row) => row.rated_preds),
  ];
  return { part, whole, rate: rate(part, whole), interval: wilson(part, whole) };
}

function verdict(adverse, other) {
  if (adverse.whole < FEW || other.whole < FEW) return "nothing";
  const [low, high] = differenceInterval(adverse, other);
  if (low <= 0 && high >= 0) return "same";
  return low > 0 ? "more" : "less";
}

/**
 * One honest sentence.
 * @param {ReturnType<typeof compareWeather>} seen
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 */
export function inOneSentence({ adverse, other, verdict: said }, format) {
  if (said === "nothing") {
    return (
      "Nothing can be said about the weather yet: " +
      `${format.count(adverse.whole)} rated predictions fell in adverse weather ` +
      `and ${format.count(other.whole)} in other weather, and at least ${FEW} of each are needed.`
    );
  }
  const figures =
    `In adverse weather ${format.share(adverse.rate)} of ${format.count(adverse.whole)} ` +
    "predictions were delayed, in other weather " +
    `${format.share(other.rate)} of ${format.count(other.whole)}`;
  if (said === "same") return `${figures}: a difference this small can be chance.`;
  const points = format.points(adverse.rate - other.rate);
  return (
    `${figures}: ${points} points ${said}, together with the weather, ` +
    "which does not mean because of it."
  );
}
