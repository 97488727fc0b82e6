/** The chart of the wind's directions: sixteen petals around, north up, clockwise. */

import { letters, tooltip, tooltipBox } from "../charts/chart.js";
import { SECTORS, speedClass } from "./rose.js";

/** So that the middle of the first petal, not its edge, points up. */
const NORTH_UP = 90 + 360 / SECTORS.length / 2;

/**
 * @param {ReturnType<typeof import("./rose.js").roseOf>} rose
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 * @param {Record<string, string>} colours
 * @param {{width: number, height: number, rem: number}} size
 */
export function roseChart({ petals }, format, colours, { width, height, rem }) {
  const small = letters(colours, rem);
  return {
    polar: {
      center: ["50%", "50%"],
      radius: [0, Math.min(width / 2 - rem * 2.6, height / 2 - rem * 1.8)],
    },
    angleAxis: {
      type: "category",
      data: SECTORS,
      startAngle: NORTH_UP,
      clockwise: true,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colours.rule } },
      axisLabel: { ...small, color: colours.ink, interval: 0 },
      splitLine: { show: false },
    },
    radiusAxis: {
      type: "value",
      min: 0,
      splitNumber: 3,
      z: 3,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        ...small,
        showMaxLabel: false,
        formatter: (share) => (share ? format.axisShare(share) : ""),
        textBorderColor: colours.surface,
        textBorderWidth: 3,
      },
      splitLine: { lineStyle: { color: colours.grid } },
    },
    tooltip: tooltip(colours, ({ dataIndex }) => tip(petals[dataIndex], format), {
      trigger: "item",
    }),
    series: [
      {
        type: "bar",
        coordinateSystem: "polar",
        barCategoryGap: "14%",
        emphasis: { disabled: true },
        data: petals.map(({ share, speed }) => ({
          value: share,
          itemStyle: {
            color: speed === null ? colours.other : colours[`speed-${speedClass(speed)}`],
            borderColor: colours["rule-firm"],
            borderWidth: 0.75,
          },
        })),
      },
    ],
  };
}

const tip = (petal, format) =>
  tooltipBox(`From ${petal.sector}`, [
    ["Share of hours with wind", format.share(petal.share)],
    ["Hours", format.count(petal.hours)],
    ["Mean speed", format.measure(petal.speed, "m/s")],
  ]);
