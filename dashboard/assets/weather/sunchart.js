/** The chart of the sun: months across, hours down, the best hour of each month ringed. */

import { letters, tooltip, tooltipBox } from "../charts/chart.js";
import { hourName, monthName, shortMonth } from "../time.js";
import { FEW_DAYS } from "./pool.js";

/** Lower ends of the classes, in W/m²: fixed, so that a colour means the same in each place. */
export const SUNS = [0, 200, 400, 600, 800];
/** Less than this is no sun. */
const NIGHT = 1;
const YEAR = Array.from({ length: 12 }, (_, at) => at + 1);

/**
 * The whole year, or the few months that there are.
 * @param {number[]} months
 */
export function monthsShown(months) {
  const found = YEAR.filter((month) => months.includes(month));
  return found.length && found.length < 6 ? found : YEAR;
}

/**
 * @param {ReturnType<typeof import("./sunhours.js").sunByMonth>} sun
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 * @param {Record<string, string>} colours
 * @param {{width: number, rem: number}} size
 */
export function sunChart({ cells, best }, format, colours, { width, rem }) {
  const small = letters(colours, rem);
  const months = monthsShown(cells.map((cell) => cell.month));
  const place = (cell) => [months.indexOf(cell.month), cell.hour];
  const isRoomy = width / months.length > rem * 5;
  return {
    grid: { left: rem * 3.1, right: rem * 0.25, top: rem * 0.25, bottom: rem * 1.6 },
    xAxis: {
      ...axis(colours, small),
      data: months.map(shortMonth),
      axisLabel: { ...small, interval: 0, formatter: width < rem * 30 ? initial : undefined },
    },
    yAxis: {
      ...axis(colours, small),
      data: Array.from({ length: 24 }, (_, hour) => hourName(hour)),
      inverse: true,
      axisLabel: { ...small, interval: (hour) => hour % 3 === 0 },
    },
    visualMap: {
      type: "piecewise",
      show: false,
      dimension: 2,
      seriesIndex: 0,
      pieces: [
        { lt: NIGHT, color: colours.grid },
        ...SUNS.map((from, at) => ({
          gte: at ? from : NIGHT,
          ...(at + 1 < SUNS.length ? { lt: SUNS[at + 1] } : {}),
          color: colours[`bin-${at}`],
        })),
      ],
    },
    tooltip: tooltip(colours, ({ data }) => tip(data.cell, best, format), { trigger: "item" }),
    series: [
      {
        type: "heatmap",
        emphasis: { itemStyle: { borderColor: colours.ink, borderWidth: 1.5 } },
        data: cells.map((cell) => ({
          value: [...place(cell), cell.mean],
          cell,
          label: {
            show: isRoomy && cell.mean >= NIGHT,
            formatter: format.count(cell.mean),
            color: onClass(cell.mean, colours),
          },
          itemStyle: {
            borderColor: colours.surface,
            borderWidth: 1,
            opacity: cell.days < FEW_DAYS ? 0.45 : 1,
          },
        })),
      },
      {
        type: "scatter",
        silent: true,
        symbolSize: rem * 0.6,
        symbolOffset: isRoomy ? [rem * -2, 0] : [0, 0],
        itemStyle: { color: colours.surface, borderColor: colours.ink, borderWidth: 1.75 },
        data: best.map(place),
      },
    ],
  };
}

const initial = (month) => month.slice(0, 1);

const axis = (colours) => ({
  type: "category",
  axisTick: { show: false },
  axisLine: { lineStyle: { color: colours.rule } },
  splitArea: { show: false },
});

function onClass(mean, colours) {
  const at = SUNS.findLastIndex((from) => mean >= from);
  return at < 2 ? colours.ink : at > 2 ? colours.surface : colours["on-middle"];
}

const tip = (cell, best, format) =>
  tooltipBox(`${monthName(cell.month)}, ${hourName(cell.hour)}`, [
    ["Irradiance", `${format.count(cell.mean)} W/m²`],
    ["of observations", format.count(cell.seen)],
    ["on days", `${format.count(cell.days)}${cell.days < FEW_DAYS ? " (few)" : ""}`],
    ...(best.includes(cell) ? [["", "best hour of the month"]] : []),
  ]);
