/** The chart of hours: four panes above one another that share their hours. */

import { letters, roundUp, shareAxis, tooltip, tooltipBox } from "../charts/chart.js";
import { duration } from "../format.js";
import { FEW } from "../stats.js";
import { clock, hourOf, moment, shortDay } from "../time.js";
import { adverseStretches } from "./series.js";

/** Where each pane begins and how high it is, in percent; the last stands on the hours. */
const PANES = [
  { top: "2%", height: "42%" },
  { top: "51%", height: "14%" },
  { top: "72%", height: "13%" },
];
const DELAY = 0;
const RAIN = 1;
const WIND = 2;
const SAMPLE = 3;

/** @typedef {import("./series.js").Slot} Slot */

/**
 * @param {Slot[]} slots
 * @param {ReturnType<typeof import("../format.js").formatter>} format
 * @param {Record<string, string>} colours
 * @param {{width: number, rem: number}} size
 */
export function hoursChart(slots, format, colours, { width, rem }) {
  const small = letters(colours, rem);
  const left = rem * 3.6;
  const sides = { left, right: rem };
  return {
    grid: [
      ...PANES.map((pane) => ({ ...sides, ...pane })),
      { ...sides, bottom: rem * 1.7, height: "6%" },
    ],
    xAxis: [DELAY, RAIN, WIND, SAMPLE].map((pane) => ({
      ...hoursAxis(slots, pane, colours, small, width < rem * 36),
    })),
    yAxis: valueAxes(slots, format, colours, small, left, rem),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: tooltip(colours, (found) => tip(slots[found[0].dataIndex], format), {
      trigger: "axis",
    }),
    series: [
      {
        ...line(DELAY, slots, (row) => row.delay_rate, colours.delay, 2.25),
        areaStyle: { color: colours.delay, opacity: 0.1 },
      },
      bars(RAIN, slots, (row) => row.avg_precip_mm, { color: colours.rain }),
      line(WIND, slots, (row) => row.avg_wind_kph, colours.wind, 1.75),
      bars(SAMPLE, slots, (row) => row.rated_preds, { color: colours.other, opacity: 0.7 }),
      ...[DELAY, RAIN, WIND].map((pane) => shade(pane, slots, colours)),
    ],
  };
}

function hoursAxis(slots, pane, colours, small, narrow) {
  const lowest = pane === SAMPLE;
  return {
    type: "category",
    gridIndex: pane,
    data: slots.map((_, at) => String(at)),
    axisLine: { lineStyle: { color: lowest ? colours["rule-firm"] : colours.rule } },
    axisTick: { show: false },
    axisLabel: {
      show: lowest,
      ...small,
      interval: (at) => isLabelled(slots, at, narrow),
      formatter: (at) => labelOf(slots[Number(at)]),
      hideOverlap: true,
    },
    splitLine: {
      show: true,
      interval: (at) => startsDay(slots[at]),
      lineStyle: { color: colours.grid },
    },
    axisPointer: {
      label: { show: false },
      lineStyle: { color: colours["rule-firm"], type: "solid" },
    },
  };
}

function valueAxes(slots, format, colours, small, left, rem) {
  const axis = (pane, more) => ({
    type: "value",
    gridIndex: pane,
    min: 0,
    axisLabel: { ...small, showMaxLabel: true, formatter: more.formatter },
    splitLine: { lineStyle: { color: colours.grid } },
    ...more,
  });
  const measured = (pane, unit, of, least) => {
    const most = niceMost(slots, of, least);
    return axis(pane, {
      name: unit,
      nameGap: rem * 0.4,
      nameTextStyle: { ...small, align: "left", padding: [0, 0, 0, rem * 0.2 - left] },
      max: most,
      interval: most,
    });
  };
  return [
    axis(DELAY, {
      ...shareAxis(valuesOf(slots, (row) => row.delay_rate)),
      splitNumber: 4,
      formatter: format.axisShare,
    }),
    measured(RAIN, "mm", (row) => row.avg_precip_mm, 1),
    measured(WIND, "km/h", (row) => row.avg_wind_kph, 20),
    { type: "value", gridIndex: SAMPLE, min: 0, show: false },
  ];
}

const valuesOf = (slots, of) => slots.map((slot) => (slot.row ? (of(slot.row) ?? null) : null));

/** Points are drawn where they can be told apart, and where an hour stands alone without a line. */
function line(pane, slots, of, colour, width) {
  const values = valuesOf(slots, of);
  const isAlone = (at) => (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;
  const size = (value, at) => (slots.length <= 72 || (value !== null && isAlone(at)) ? 5 : 0);
  return {
    type: "line",
    xAxisIndex: pane,
    yAxisIndex: pane,
    data: values.map((value, at) => ({ value, symbolSize: size(value, at) })),
    symbol: "circle",
    lineStyle: { width, color: colour },
    itemStyle: { color: colour },
    emphasis: { disabled: true },
  };
}

const bars = (pane, slots, of, itemStyle) => ({
  type: "bar",
  xAxisIndex: pane,
  yAxisIndex: pane,
  data: valuesOf(slots, of),
  barCategoryGap: "25%",
  itemStyle,
  emphasis: { disabled: true },
});

/**
 * Adverse weather as a ground behind a pane, over whole hours: a marked area would end in their
 * middle.
 */
const shade = (pane, slots, colours) => ({
  type: "custom",
  xAxisIndex: pane,
  yAxisIndex: pane,
  silent: true,
  z: 0,
  tooltip: { show: false },
  data: adverseStretches(slots),
  encode: { x: [0, 1], y: -1 },
  renderItem(params, api) {
    const half = api.size([1, 0])[0] / 2;
    const [from, to] = [0, 1].map((end) => api.coord([api.value(end), 0])[0]);
    const { y, height } = params.coordSys;
    const shape = { x: from - half, y, width: to - from + 2 * half, height };
    return { type: "rect", shape, style: { fill: colours["adverse-wash"] } };
  },
});

/**
 * One line at the top of a small pane, at a number that reads well.
 * @param {Slot[]} slots
 * @param {(row: Record<string, any>) => number | null} of
 * @param {number} least
 */
export function niceMost(slots, of, least) {
  return roundUp(Math.max(least, ...valuesOf(slots, of).map((value) => value ?? 0)));
}

const startsDay = (slot) => slot !== undefined && (slot.silent > 0 || hourOf(slot.at) === 0);

/** Midnights always; the hours between as the span allows. */
function isLabelled(slots, at, narrow) {
  if (at === 0 || startsDay(slots[at])) return true;
  if (slots.length > 200) return false;
  const step = slots.length <= 30 ? 3 : slots.length <= 80 ? 6 : 12;
  return hourOf(slots[at].at) % (narrow ? Math.min(12, 2 * step) : step) === 0;
}

const labelOf = ({ silent, at }) => (silent ? "⋯" : hourOf(at) === 0 ? shortDay(at) : clock(at));

function tip({ row, at, silent }, format) {
  if (silent) return tooltipBox("No predictions", [["for", duration(silent * 60)]]);
  if (!row) return tooltipBox(moment(at), [["", "no predictions"]]);
  const few = row.rated_preds < FEW ? " (few)" : "";
  return tooltipBox(moment(at), [
    ["Delayed", format.share(row.delay_rate)],
    ["of rated predictions", `${format.count(row.rated_preds)}${few}`],
    ["Rain", format.measure(row.avg_precip_mm, "mm")],
    ["Wind", format.measure(row.avg_wind_kph, "km/h")],
    ["Temperature", format.measure(row.avg_temp_c, "°C")],
    ["Worst weather", row.worst_severity ?? "unknown"],
  ]);
}
