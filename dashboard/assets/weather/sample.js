/** What a picture rests on, said the same way in each panel. */

import { h } from "../dom.js";

/**
 * @param {string} words what was counted, as a sentence
 * @param {boolean} isFew
 * @param {string} [why] what a small sample cannot say
 */
export const sample = (words, isFew, why = "") =>
  h(
    "p",
    { class: "sample" },
    isFew ? [h("span", { class: "tag" }, "few"), " "] : null,
    isFew && why ? `${words} ${why}` : words,
  );
