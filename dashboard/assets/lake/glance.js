/** What the state of the lake comes down to. Pure. */

import { plural } from "../format.js";

const WORDS = {
  failing: (n) => `${n} ${n === 1 ? "thing fails" : "things fail"}`,
  late: (n) => `${n} ${n === 1 ? "is late" : "are late"}`,
  person: (n) => `${n} ${n === 1 ? "waits for a person" : "wait for a person"}`,
};
/** The dearest first. */
const ORDER = ["failing", "late", "person"];

/** @param {{kind: string}[]} advice */
export const byUrgency = (advice) => [...advice].sort((a, b) => rank(a.kind) - rank(b.kind));

const rank = (kind) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);

/**
 * One line: what is wrong, or that nothing is.
 * @param {Record<string, any>} state
 */
export function glance(state) {
  const advice = state.advice ?? [];
  if (!advice.length) return { calm: true, text: "All is well" };
  const counted = ORDER.map((kind) => [
    kind,
    advice.filter((one) => one.kind === kind).length,
  ]).filter(([, n]) => n);
  const text = counted.map(([kind, n]) => WORDS[kind](n)).join(", ");
  return { calm: false, text: text.charAt(0).toUpperCase() + text.slice(1) };
}

/** What is well, counted. @param {Record<string, any>} state */
export function wellInWords({ sources = [], tables = [], quality = [] }) {
  const promised = tables.filter((one) => typeof one.promise_minutes === "number");
  const fresh = sources.filter((one) => one.status === "fresh").length;
  const onTime = promised.filter((one) => !one.late).length;
  const passed = quality.filter((one) => one.passed).length;
  return [
    sources.length && `${fresh} of ${plural(sources.length, "source", "sources")} fresh`,
    promised.length &&
      `${onTime} of ${plural(promised.length, "promised table", "promised tables")} on time`,
    quality.length && `${passed} of ${plural(quality.length, "check", "checks")} passed`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/**
 * Whether every row that was read is accounted for.
 * @param {Record<"read" | "accepted" | "duplicate" | "rejected" | "empty", number> | null} counts
 */
export function balance(counts) {
  if (!counts) return null;
  const parts = ["accepted", "duplicate", "rejected", "empty"].map((name) => ({
    name,
    value: counts[name] ?? 0,
  }));
  const sum = parts.reduce((all, part) => all + part.value, 0);
  return { read: counts.read, parts, sum, holds: sum === counts.read };
}

/**
 * Age over promise: 1 is the moment in which a promise breaks.
 * @param {number | null} age
 * @param {number | null} promise
 */
export function used(age, promise) {
  return age === null || age === undefined || !promise ? null : age / promise;
}
