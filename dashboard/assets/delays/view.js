/** View: how late Madrid's buses are, where, and in what weather. */

import { dayPanel } from "./day.js";
import { heroPanel } from "./hero.js";
import { hoursPanel } from "./hours.js";
import { linesPanel } from "./lines.js";
import { stopsPanel } from "./stops.js";
import { weatherPanel } from "./weather.js";

/** @type {import("../views.js").View} */
export const delays = {
  id: "delays",
  title: "Delays",
  heading: "Delays of Madrid's buses",
  clocks: "Times are Madrid's.",
  panels: (context) =>
    [heroPanel, hoursPanel, weatherPanel, linesPanel, dayPanel, stopsPanel].map((make) =>
      make(context),
    ),
};
