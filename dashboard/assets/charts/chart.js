/** Charts: a canvas with a summary in words, drawn when its panel is in the page. */

import { echarts } from "../vendor/echarts/index.js";
import { h, styled } from "../dom.js";
import { family, palette } from "./palette.js";

/** @type {WeakMap<Element, {dispose: () => void, resize: () => void}>} */
const drawn = new WeakMap();
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * A chart as a figure. The summary is its name for a screen reader and stands below it for
 * everybody.
 * @param {object} settings
 * @param {string} settings.summary
 * @param {number} settings.height in rem
 * @param {(colours: Record<string, string>, size: {width: number, height: number, rem: number}) =>
 * object} settings.option
 * @param {Node | null} [settings.legend]
 * @returns {HTMLElement}
 */
export function chart({ summary, height, option, legend = null }) {
  const canvas = styled(h("div", { class: "chart", role: "img", "aria-label": summary }), {
    height: `${height}rem`,
  });
  const figure = h("figure", {}, legend, canvas, h("figcaption", { class: "summary" }, summary));
  // The panel puts the figure into the page first: only then has the canvas a size.
  queueMicrotask(() => canvas.isConnected && draw(canvas, option));
  return figure;
}

function draw(canvas, option) {
  const instance = echarts.init(canvas);
  const size = () => ({
    width: canvas.clientWidth,
    height: canvas.clientHeight,
    rem: parseFloat(getComputedStyle(document.documentElement).fontSize),
  });
  const apply = () => instance.setOption({ animation: false, ...option(palette(), size()) }, true);
  apply();
  let width = canvas.clientWidth;
  drawn.set(canvas, {
    dispose: () => instance.dispose(),
    resize: () => {
      if (canvas.clientWidth === width) return;
      width = canvas.clientWidth;
      instance.resize({ animation: still() ? undefined : { duration: 0 } });
      apply();
    },
  });
}

const each = (within, act) =>
  within.querySelectorAll(".chart").forEach((one) => act(drawn.get(one)));

/** @param {Element} within */
export const disposeCharts = (within) => each(within, (one) => one?.dispose());
/** @param {Element} within */
export const resizeCharts = (within) => each(within, (one) => one?.resize());

/** Text of axes and labels. */
export const letters = (colours, rem, size = 0.75) => ({
  color: colours.soft,
  fontFamily: family(),
  fontSize: rem * size,
});

/** A box of the page's own elements that follows the pointer; names from the data stay text. */
export const tooltip = (colours, formatter, more = {}) => ({
  backgroundColor: colours.raised,
  borderColor: colours.rule,
  padding: [8, 12],
  confine: true,
  transitionDuration: 0,
  textStyle: { color: colours.ink, fontFamily: family(), fontSize: 13 },
  extraCssText:
    "box-shadow: 0 6px 24px rgb(0 0 0 / 0.14); border-radius: 8px; max-width: 20rem;" +
    "white-space: normal;",
  formatter,
  ...more,
});

/** @param {string} title @param {[string, string][]} lines */
export const tooltipBox = (title, lines) =>
  h(
    "div",
    { class: "tip" },
    h("strong", {}, title),
    h(
      "dl",
      {},
      lines.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
    ),
  );

/** The next number that reads well at the end of an axis. @param {number} most above 0 */
export function roundUp(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * [1, 2, 3, 4, 5, 6, 8, 10].find((step) => power * step >= most - 1e-9);
}

/**
 * The axis of shares: it ends at all of them, and not above.
 * @param {(number | null | undefined)[]} shares
 */
export function shareAxis(shares) {
  const most = Math.max(0, ...shares.map((one) => one ?? 0));
  return most > 0.75 ? { min: 0, max: 1, interval: 0.25 } : { min: 0 };
}
