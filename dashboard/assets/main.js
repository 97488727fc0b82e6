/** Starts the page: address, key, views, and a fresh look each minute. */

import { createApi } from "./api.js";
import { h } from "./dom.js";
import { formatter } from "./format.js";
import { forgetKey, storeKey, storedKey, takeKeyFromAddress } from "./key.js";
import { keyForm } from "./keyform.js";
import { createPanel } from "./panel.js";
import { createRoute } from "./route.js";
import { onTheme, themeSwitch } from "./theme.js";
import { clock } from "./time.js";
import { views } from "./views.js";

/**
 * @typedef {{api: ReturnType<typeof createApi>, format: ReturnType<typeof formatter>, route:
 * ReturnType<typeof createRoute>}} Context
 */

const EACH = 60_000;
const byId = (id) => document.getElementById(id);

const api = createApi({ key: storedKey });
const route = createRoute();
const context = { api, format: formatter(), route };
/** @type {ReturnType<typeof createPanel>[]} */
let panels = [];
let gate = null;
let lookedAt = 0;

function start() {
  takeKeyFromAddress();
  byId("tabs").append(
    ...views.map((view) => h("a", { href: `#/${view.id}`, id: `tab-${view.id}` }, view.title)),
  );
  byId("bar-end").append(h("span", { class: "checked", id: "checked" }), themeSwitch());
  byId("foot").append(
    h(
      "span",
      {},
      h("span", { id: "clocks" }),
      " Every answer comes from this lake; nothing is sent elsewhere.",
    ),
    h(
      "a",
      { href: new URL("licences/NOTICE.txt", import.meta.url).href },
      "Charts: Apache ECharts",
    ),
    h("a", { href: "docs" }, "The API behind this page"),
    h(
      "button",
      { type: "button", class: "button button-plain", id: "forget", onclick: forget },
      "Forget my key",
    ),
  );
  // The address belongs to the views, so the skip link moves the focus by itself.
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("content").focus();
  });
  addEventListener("hashchange", () => {
    if (takeKeyFromAddress()) api.forget();
    open(true);
  });
  onTheme(() => panels.forEach((panel) => panel.redraw()));
  setInterval(() => !document.hidden && look(), EACH);
  document.addEventListener(
    "visibilitychange",
    () => !document.hidden && Date.now() - lookedAt > EACH && look(),
  );
  open(false);
}

/** Shows the view that the address names. */
function open(moved) {
  route.read(views[0].id);
  const view = views.find((one) => one.id === route.view) ?? views[0];
  panels.forEach((panel) => panel.stop());
  gate = null;
  byId("forget").hidden = false;
  document.title = `${view.title} · Albufera`;
  byId("clocks").textContent = view.clocks;
  for (const one of views) byId(`tab-${one.id}`).toggleAttribute("aria-current", false);
  byId(`tab-${view.id}`).setAttribute("aria-current", "page");
  panels = view.panels(context).map((spec) => {
    const panel = createPanel(spec, { askForKey, lookAgain: () => look(), changed: sumUp });
    return Object.assign(spec, { choose: panel.redraw, refresh: panel.refresh }) && panel;
  });
  byId("content").replaceChildren(
    h("h1", { class: "unseen" }, view.heading),
    h(
      "div",
      { class: "view" },
      panels.map((panel) => panel.element),
    ),
  );
  if (moved) {
    byId("content").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  look(view.title);
}

/** Asks for everything once more; says so only where something is new. */
async function look(title) {
  if (gate) return;
  lookedAt = Date.now();
  const looked = panels;
  const news = await Promise.all(looked.map((panel) => panel.refresh()));
  if (looked !== panels || gate) return;
  byId("checked").textContent = `Looked at ${clock(Date.now())}`;
  if (news.some(Boolean))
    byId("announcer").textContent = title
      ? `${title} loaded`
      : `New figures came at ${clock(Date.now())}`;
}

/** What all panels have in common is said once, by the first of them. */
function sumUp() {
  const view = /** @type {HTMLElement | null} */ (document.querySelector(".view"));
  if (!view) return;
  const [first, ...others] = panels.map((panel) => panel.condition);
  view.dataset.all = others.every((one) => one === first) ? first : "";
  view.toggleAttribute(
    "data-stale",
    panels.every((panel) => panel.isStale),
  );
}

/** @param {{kind: any}} problem */
function askForKey(problem) {
  if (gate) return;
  forgetKey();
  api.forget();
  panels.forEach((panel) => panel.stop());
  gate = keyForm(problem.kind, (key) => {
    storeKey(key);
    open(false);
  });
  byId("content").replaceChildren(gate.element);
  byId("forget").hidden = true;
  gate.focus();
}

function forget() {
  askForKey({ kind: "key" });
}

start();
