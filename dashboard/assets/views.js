/**
 * The views of the page, in the order of their tabs. A new one is a module of its own and one word
 * here.
 */

import { delays } from "./delays/view.js";
import { lake } from "./lake/view.js";
import { weather } from "./weather/view.js";

/**
 * @typedef {object} View
 * @property {string} id its address is #/id
 * @property {string} title in its tab
 * @property {string} heading for those who hear the page
 * @property {string} clocks whose times it tells, in a sentence
 * @property {(context: import("./main.js").Context) => import("./panel.js").PanelSpec<any>[]}
 * panels
 */

/** @type {View[]} */
export const views = [delays, weather, lake];
