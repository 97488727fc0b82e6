/** Numbers in a row, as a person says them. Pure. */

/**
 * "January to March and May": neighbours from three on are one span.
 * @param {number[]} numbers
 * @param {(number: number) => string} name
 */
export function inSpans(numbers, name) {
  /** @type {[number, number][]} */
  const spans = [];
  for (const one of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    if (last && one === last[1] + 1) last[1] = one;
    else spans.push([one, one]);
  }
  return inARow(
    spans.flatMap(([from, to]) => {
      if (to - from < 2) return from === to ? [name(from)] : [name(from), name(to)];
      return [`${name(from)} to ${name(to)}`];
    }),
  );
}

/** "a, b and c" @param {string[]} words */
export const inARow = (words) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
