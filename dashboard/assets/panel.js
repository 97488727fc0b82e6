/**
 * A panel: one question of the page with its own answer, and every state that an answer can be in.
 */

import { Problem } from "./api.js";
import { h } from "./dom.js";
import { asSentence, duration } from "./format.js";
import { clock } from "./time.js";
import { commandLine, skeleton } from "./parts.js";
import { disposeCharts, resizeCharts } from "./charts/chart.js";

/**
 * @template T
 * @typedef {object} PanelSpec
 * @property {string} id
 * @property {string} title
 * @property {string} [lead] what is shown, in a sentence
 * @property {string} [place] classes for the grid
 * @property {() => Promise<T>} load gives the same object when nothing changed
 * @property {(data: T) => string | null} [empty] what to say when there is nothing to draw
 * @property {string} [fills] the command that would change that
 * @property {(data: T) => (Node | null)[]} draw
 * @property {HTMLElement | null} [tools] controls beside the title
 * @property {string} [shape] what the skeleton looks like
 */

const TROUBLES = {
  limited: "Too many questions at once",
  unavailable: "The lake cannot answer right now",
  missing: "Not published yet",
  network: "The lake does not answer",
  broken: "The answer cannot be read",
};

/**
 * @template T
 * @param {PanelSpec<T>} spec
 * @param {object} page
 * @param {(problem: Problem) => void} page.askForKey called when the key is missing or refused
 * @param {() => void} page.lookAgain asks for everything on the page
 * @param {() => void} page.changed called after each answer, whatever it was
 */
export function createPanel(spec, page) {
  const heading = `${spec.id}-title`;
  const note = h("div", { class: "panel-note" });
  const body = h("div", { class: "panel-body" });
  const element = h(
    "section",
    { class: `panel ${spec.place ?? ""}`, id: spec.id, "aria-labelledby": heading },
    h(
      "div",
      { class: "panel-head" },
      h(
        "div",
        {},
        h("h2", { id: heading }, spec.title),
        spec.lead ? h("p", { class: "lead" }, spec.lead) : null,
      ),
      spec.tools ?? null,
    ),
    note,
    body,
  );
  /** @type {any} */
  let shown = null;
  let cameAt = 0;
  /** @type {"waiting" | "shown" | "empty" | "trouble"} */
  let condition = "waiting";
  let again = 0;
  let asked = 0;

  body.append(skeleton(spec.shape));
  element.setAttribute("aria-busy", "true");
  new ResizeObserver(() => resizeCharts(body)).observe(body);

  function show(data) {
    const restore = remember(element);
    disposeCharts(body);
    const nothing = spec.empty?.(data);
    const fills = nothing && spec.fills ? commandLine(spec.fills) : null;
    body.replaceChildren(
      ...(nothing
        ? [message("empty", "Nothing here yet", nothing, fills)]
        : spec.draw(data).filter(Boolean)),
    );
    condition = nothing ? "empty" : "shown";
    restore();
  }

  /** Asks again. Whether there is something new to see. */
  async function refresh() {
    clearTimeout(again);
    asked += 1;
    const turn = asked;
    try {
      const data = await spec.load();
      // Meanwhile somebody chose something else: that answer is the one to show.
      if (turn !== asked) return false;
      const news = data !== shown;
      shown = data;
      cameAt = Date.now();
      if (news) show(data);
      note.replaceChildren(...staleNote(data));
      return news;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (turn !== asked) return false;
      if (problem.kind === "key" || problem.kind === "refused") page.askForKey(problem);
      else trouble(problem);
      return false;
    } finally {
      element.removeAttribute("aria-busy");
      page.changed();
    }
  }

  function trouble(problem) {
    if (problem.retryAfter) again = setTimeout(refresh, problem.retryAfter * 1000);
    const text = [
      `${asSentence(problem.message).replace(/\.$/, "")}.`,
      problem.retryAfter ? `Asks again in ${problem.retryAfter} s.` : "Asks again each minute.",
    ].join(" ");
    const button = h(
      "button",
      { type: "button", class: "button again", id: `${spec.id}-again`, onclick: page.lookAgain },
      "Ask now",
    );
    if (shown !== null) {
      note.replaceChildren(
        h(
          "p",
          { class: "notice notice-late", role: "alert" },
          h("strong", {}, `${TROUBLES[problem.kind]}. `),
          `${text} What you see came at ${clock(cameAt)}. `,
          button,
        ),
      );
    } else {
      body.replaceChildren(message("trouble", TROUBLES[problem.kind], text, button));
      condition = "trouble";
    }
  }

  return {
    element,
    refresh,
    get condition() {
      return condition;
    },
    get isStale() {
      return Boolean(shown?.stale);
    },
    /** Draws what it has once more, for example in other colours. */
    redraw: () => shown !== null && show(shown),
    stop: () => {
      clearTimeout(again);
      asked += 1; // What is still to come is for nobody.
      disposeCharts(body);
    },
  };
}

/** @param {any} data */
function staleNote(data) {
  const stale = data?.stale ?? null;
  if (!stale) return [];
  return [
    h(
      "p",
      { class: "notice notice-late" },
      h("strong", {}, "An older answer. "),
      `A part of the lake is down; this is the last good one, ${duration(stale.age / 60)} old.`,
    ),
  ];
}

/** A state as a person reads it: what is, and what follows. */
export function message(kind, title, text, ...more) {
  return h(
    "div",
    { class: `message message-${kind}`, role: kind === "trouble" ? "alert" : null },
    h("p", { class: "message-title" }, title),
    h("p", {}, text),
    more,
  );
}

/** Opened details, scrolled tables and the focus outlive a redraw. */
function remember(panel) {
  const open = new Set([...panel.querySelectorAll("details[open][id]")].map((one) => one.id));
  const focused = panel.contains(document.activeElement) ? document.activeElement.id : "";
  return () => {
    for (const one of panel.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = true;
    if (focused) document.getElementById(focused)?.focus();
  };
}
