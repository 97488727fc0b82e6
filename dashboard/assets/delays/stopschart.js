/** The map of stops: places on the plane, in colour and size; no ground below them. */

import { tooltip, tooltipBox } from "../charts/chart.js";
import { FEW } from "../stats.js";
import { binOf, diameter, mapLimits, scaleLength } from "./ranking.js";

/**
 * @param {Record<string, any>[]} stops
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 * @param {Record<string, string>} colours
 * @param {{width: number, height: number, rem: number}} size
 */
export function stopsChart(stops, format, colours, { width, height, rem }) {
  const limits = mapLimits(stops, width, height);
  const most = Math.max(...stops.map((row) => row.rated_preds));
  const axis = (ends) => ({ type: "value", min: ends[0], max: ends[1], show: false });
  const zoom = (axes) => ({
    type: "inside",
    zoomOnMouseWheel: "ctrl",
    moveOnMouseMove: true,
    moveOnMouseWheel: false,
    filterMode: "none",
    ...axes,
  });
  return {
    grid: { left: 0, right: 0, top: 0, bottom: 0 },
    xAxis: axis(limits.lon),
    yAxis: axis(limits.lat),
    dataZoom: [zoom({ xAxisIndex: 0 }), zoom({ yAxisIndex: 0 })],
    graphic: scale(limits.metresPerPixel, height, format, colours, rem),
    tooltip: tooltip(colours, ({ data }) => tip(data.row, format), { trigger: "item" }),
    series: [
      {
        type: "scatter",
        data: stops.map((row) => {
          const few = row.rated_preds < FEW;
          const colour = colours[`bin-${binOf(row.delay_rate)}`];
          return {
            value: [row.lon, row.lat],
            row,
            symbolSize: diameter(row.rated_preds, most),
            itemStyle: {
              color: few ? "transparent" : colour,
              borderColor: few ? colours["rule-firm"] : colours.ink,
              borderWidth: few ? 1.25 : 0.6,
              opacity: 0.92,
            },
          };
        }),
        emphasis: { scale: 1.25, itemStyle: { borderWidth: 2 } },
      },
    ],
  };
}

function scale(metresPerPixel, height, format, colours, rem) {
  const metres = scaleLength(metresPerPixel);
  const long = metres / metresPerPixel;
  const words = metres >= 1000 ? `${format.count(metres / 1000)} km` : `${format.count(metres)} m`;
  const style = { stroke: colours.soft, lineWidth: 1.5 };
  const y = height - 8;
  return [
    {
      type: "polyline",
      silent: true,
      style: { ...style, fill: "none" },
      shape: {
        points: [
          [8, y - 5],
          [8, y],
          [8 + long, y],
          [8 + long, y - 5],
        ],
      },
    },
    {
      type: "text",
      silent: true,
      style: { text: words, x: 14, y: y - rem * 1.05, fill: colours.soft, fontSize: rem * 0.75 },
    },
  ];
}

const tip = (row, format) =>
  tooltipBox(row.stop_name ?? `Stop ${row.stop_id}`, [
    ["Stop", row.stop_id],
    ["Lines", format.count(row.lines)],
    ["Delayed", format.share(row.delay_rate)],
    [
      "of rated predictions",
      `${format.count(row.rated_preds)}${row.rated_preds < FEW ? " (few)" : ""}`,
    ],
  ]);
