/** View: how the lake itself is doing. */

import { glancePanel } from "./glancepanel.js";
import { rowsPanel, sourcesPanel } from "./sources.js";
import { resultsPanel, tablesPanel } from "./tables.js";
import { pipelinesPanel, qualityPanel, quarantinePanel } from "./work.js";

/** @type {import("../views.js").View} */
export const lake = {
  id: "lake",
  title: "Lake",
  heading: "State of the lake",
  clocks: "Times are Madrid's.",
  panels: (context) =>
    [
      glancePanel,
      sourcesPanel,
      rowsPanel,
      quarantinePanel,
      pipelinesPanel,
      tablesPanel,
      resultsPanel,
      qualityPanel,
    ].map((make) => make(context)),
};
