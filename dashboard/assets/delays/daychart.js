/** The chart of a line's day: bars for the line, dots for all lines in the same hour. */

import { letters, shareAxis, tooltip, tooltipBox } from "../charts/chart.js";
import { FEW } from "../stats.js";
import { clock, shortDay } from "../time.js";

/** @typedef {import("./day.js").Day} Day */

/**
 * @param {Day} day
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 * @param {Record<string, string>} colours
 * @param {{rem: number}} size
 */
export function dayChart(day, format, colours, { rem }) {
  const small = letters(colours, rem);
  const { slots } = day;
  const ofAll = slots.map(({ at }) => day.network.get(at)?.delay_rate ?? null);
  return {
    grid: { left: rem * 3, right: rem * 0.5, top: rem * 0.75, bottom: rem * 1.75 },
    xAxis: {
      type: "category",
      data: slots.map((_, at) => String(at)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours["rule-firm"] } },
      axisLabel: {
        ...small,
        hideOverlap: true,
        formatter: (at) => (slots[at].silent ? "⋯" : clock(slots[at].at)),
      },
    },
    yAxis: {
      type: "value",
      ...shareAxis([...slots.map(({ row }) => row?.delay_rate), ...ofAll]),
      splitNumber: 3,
      axisLabel: { ...small, formatter: format.axisShare },
      splitLine: { lineStyle: { color: colours.grid } },
    },
    tooltip: tooltip(colours, (found) => tip(slots[found[0].dataIndex], day, format), {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colours["adverse-wash"] } },
    }),
    series: [
      {
        type: "bar",
        barMaxWidth: 34,
        barCategoryGap: "30%",
        emphasis: { disabled: true },
        data: slots.map(({ row }) => bar(row, colours.delay)),
      },
      {
        type: "scatter",
        symbolSize: 8,
        emphasis: { disabled: true },
        data: ofAll,
        itemStyle: { color: colours.surface, borderColor: colours.ink, borderWidth: 1.75 },
      },
    ],
  };
}

const bar = (row, color) => ({
  value: row?.delay_rate ?? null,
  itemStyle: {
    color,
    opacity: (row?.rated_preds ?? 0) < FEW ? 0.4 : 1,
    borderRadius: [2, 2, 0, 0],
  },
});

function tip({ row, at }, { network, line }, format) {
  const hour = `${shortDay(at)}, ${clock(at)}`;
  if (!row) return tooltipBox(hour, [["", "no predictions"]]);
  const few = row.rated_preds < FEW ? " (few)" : "";
  return tooltipBox(hour, [
    [`Line ${line}`, format.share(row.delay_rate)],
    ["of rated predictions", `${format.count(row.rated_preds)}${few}`],
    ["All lines", format.share(network.get(at)?.delay_rate)],
  ]);
}
