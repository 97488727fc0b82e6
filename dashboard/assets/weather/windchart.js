/** The chart of the wind: speeds by hour, and below them how often it was calm. */

import { letters, shareAxis, tooltip, tooltipBox } from "../charts/chart.js";
import { hourName } from "../time.js";
import { FEW_DAYS } from "./pool.js";

const PANES = [
  { top: "8%", height: "58%" },
  { top: "75%", height: "15%" },
];

/**
 * @param {import("./windhours.js").WindHour[]} hours
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 * @param {Record<string, string>} colours
 * @param {{width: number, rem: number}} size
 */
export function windChart(hours, format, colours, { width, rem }) {
  const small = letters(colours, rem);
  const sides = { left: rem * 3, right: rem * 0.75 };
  const values = (pane, more) => ({
    type: "value",
    gridIndex: pane,
    min: 0,
    splitLine: { lineStyle: { color: colours.grid } },
    ...more,
  });
  return {
    grid: PANES.map((pane) => ({ ...sides, ...pane })),
    xAxis: PANES.map((_, pane) => hoursAxis(hours, pane, colours, small, width < rem * 26 ? 6 : 3)),
    yAxis: [
      values(0, {
        name: "m/s",
        nameGap: rem * 0.75,
        nameTextStyle: { ...small, align: "right", padding: [0, rem * 0.5, 0, 0] },
        axisLabel: { ...small },
        splitNumber: 4,
      }),
      values(1, {
        ...shareAxis(hours.map((hour) => hour.calm)),
        splitNumber: 1,
        axisLabel: { ...small, formatter: format.axisShare, hideOverlap: true },
      }),
    ],
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: tooltip(colours, (found) => tip(hours[found[0].dataIndex], format), {
      trigger: "axis",
    }),
    series: [
      line(hours, (hour) => hour.mean, colours.wind, { width: 2.5 }, colours.surface),
      line(
        hours,
        (hour) => hour.p90,
        colours.wind,
        { width: 1.5, type: "dashed" },
        colours.surface,
      ),
      line(hours, (hour) => hour.most, colours.other, { width: 1.25 }, colours.surface),
      {
        type: "bar",
        xAxisIndex: 1,
        yAxisIndex: 1,
        barCategoryGap: "25%",
        data: hours.map((hour) => hour.calm),
        itemStyle: { color: colours.other, opacity: 0.7 },
        emphasis: { disabled: true },
      },
    ],
  };
}

const hoursAxis = (hours, pane, colours, small, step) => ({
  type: "category",
  gridIndex: pane,
  data: hours.map((hour) => hourName(hour.hour)),
  axisTick: { show: false },
  axisLine: { lineStyle: { color: colours["rule-firm"] } },
  axisLabel: { show: pane === PANES.length - 1, ...small, interval: (at) => at % step === 0 },
  axisPointer: {
    label: { show: false },
    lineStyle: { color: colours["rule-firm"], type: "solid" },
  },
});

const line = (hours, of, color, style, hollow) => ({
  type: "line",
  symbol: "circle",
  symbolSize: 5,
  data: hours.map((hour) => ({
    value: of(hour),
    itemStyle: hour.seen < FEW_DAYS ? { color: hollow, borderColor: color, borderWidth: 1.5 } : {},
  })),
  lineStyle: { ...style, color },
  itemStyle: { color },
  emphasis: { disabled: true },
});

const tip = (hour, format) =>
  tooltipBox(hourName(hour.hour), [
    ["Mean", format.measure(hour.mean, "m/s")],
    ["Nine of ten below", format.measure(hour.p90, "m/s")],
    ["Highest", format.measure(hour.most, "m/s")],
    ["Calm", format.share(hour.calm)],
    ["of observations", `${format.count(hour.seen)}${hour.seen < FEW_DAYS ? " (few)" : ""}`],
  ]);
