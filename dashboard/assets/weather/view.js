/** View: seven questions to the weather of a place, each with one picture. */

import { daysPanel } from "./days.js";
import { extremesPanel } from "./extremes.js";
import { heroPanel } from "./hero.js";
import { kindsPanel } from "./kinds.js";
import { sectorsPanel } from "./sectors.js";
import { sunPanel } from "./sun.js";
import { todayPanel } from "./today.js";
import { windPanel } from "./wind.js";

/** @type {import("../views.js").View} */
export const weather = {
  id: "weather",
  title: "Weather",
  heading: "Sun, wind and weather of each place",
  clocks: "Hours are those of each place's own clocks.",
  panels: (context) =>
    [
      heroPanel,
      sunPanel,
      windPanel,
      kindsPanel,
      todayPanel,
      daysPanel,
      sectorsPanel,
      extremesPanel,
    ].map((make) => make(context)),
};
