/** Panes of lying bars side by side that share their names. */

import { total } from "../stats.js";
import { letters } from "./chart.js";

/**
 * @typedef {object} Pane
 * @property {(number | null)[]} values one a name, the uppermost first
 * @property {(at: number) => string} words its figure
 * @property {(at: number) => string} colour
 * @property {number} figure room for its figures, in rem
 * @property {string} [title]
 * @property {number} [least] where its axis begins; 0 when left out
 * @property {number} most where it ends
 * @property {(at: number) => number} [opacity]
 */

/**
 * Grids, axes and series of the panes: names at the left, each pane's figures in a column at its
 * right.
 * @param {string[]} names
 * @param {Pane[]} panes
 * @param {Record<string, string>} colours
 * @param {{width: number, rem: number}} size
 * @param {number} room for the names, in rem
 */
export function lyingBars(names, panes, colours, { width, rem }, room) {
  const small = letters(colours, rem);
  const figures = (end) => rem * total(panes.slice(0, end), (pane) => pane.figure);
  const each = (width - rem * room - figures(panes.length)) / panes.length;
  const grid = panes.map((_, at) => ({
    left: rem * room + at * each + figures(at),
    width: each,
    top: panes.some((pane) => pane.title) ? rem * 1.6 : rem * 0.25,
    bottom: rem * 0.25,
  }));
  const category = (pane, more) => ({
    type: "category",
    gridIndex: pane,
    data: names,
    inverse: true,
    axisTick: { show: false },
    axisLine: { show: false, onZero: false },
    ...more,
  });
  return {
    grid,
    xAxis: panes.map((pane, at) => ({
      type: "value",
      gridIndex: at,
      min: pane.least ?? 0,
      max: pane.most,
      splitNumber: 2,
      axisLabel: { show: false },
      splitLine: { lineStyle: { color: colours.grid } },
      position: "top",
      name: pane.title,
      nameLocation: "start",
      nameGap: 0,
      nameTextStyle: { ...small, align: "left", verticalAlign: "bottom", padding: [0, 0, 6, 0] },
    })),
    yAxis: panes.flatMap((pane, at) => [
      category(at, {
        axisLabel: at ? { show: false } : { ...small, color: colours.ink, interval: 0 },
      }),
      category(at, {
        position: "right",
        axisLabel: {
          ...small,
          interval: 0,
          margin: rem * 0.3,
          formatter: (_, place) => pane.words(place),
        },
      }),
    ]),
    series: panes.map((pane, at) => ({
      type: "bar",
      xAxisIndex: at,
      yAxisIndex: 2 * at,
      barMaxWidth: rem * 1.1,
      barCategoryGap: "30%",
      emphasis: { disabled: true },
      markLine: {
        silent: true,
        symbol: "none",
        label: { show: false },
        lineStyle: { color: colours["rule-firm"], type: "solid", width: 1 },
        data: [{ xAxis: 0 }],
      },
      data: pane.values.map((value, place) => ({
        value,
        itemStyle: { color: pane.colour(place), opacity: pane.opacity?.(place) ?? 1 },
      })),
    })),
  };
}
