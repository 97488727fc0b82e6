/** Panels: what runs and ran, what waits for a person in quarantine, and what the checks say. */

import { h } from "../dom.js";
import { plural, seconds } from "../format.js";
import { commandLine, pill, table } from "../parts.js";
import { instant, shortMoment } from "../time.js";
import { message } from "../panel.js";
import { named } from "./sources.js";

/** @param {import("../main.js").Context} context */
export function pipelinesPanel({ api, format }) {
  return {
    id: "pipelines",
    title: "Pipelines",
    lead: "What runs now, and how the last run of each ended.",
    place: "span-6 wide-5",
    shape: "rows",
    load: () => api.status(),
    empty: (state) =>
      state.pipelines?.length ? null : "No pipeline is declared in the catalogue.",
    draw: ({ pipelines, queues = [] }) => [
      h(
        "ul",
        { class: "runs" },
        [...pipelines]
          .sort((a, b) => Number(b.status === "running") - Number(a.status === "running"))
          .map(run),
      ),
      queues.some((one) => one.messages)
        ? h(
            "p",
            { class: "fine" },
            "In queues: ",
            queues
              .filter((one) => one.messages)
              .map((one) => `${one.queue} ${format.count(one.messages)}`)
              .join(", "),
          )
        : h("p", { class: "fine" }, "All queues are empty."),
    ],
  };
}

function run(one) {
  const when =
    one.status === "never"
      ? "has not run yet"
      : one.status === "running"
        ? `since ${shortMoment(instant(one.started_at))}`
        : `${shortMoment(instant(one.started_at))}, took ${seconds(one.seconds)}`;
  return h(
    "li",
    { class: "run" },
    h("div", { class: "run-head" }, named(one.pipeline, one.about), pill(one.status)),
    h("p", { class: "fine" }, when, one.schedule ? ` · ${one.schedule}` : ""),
    one.reason ? h("p", { class: "reason" }, one.reason) : null,
  );
}

/** @param {import("../main.js").Context} context */
export function quarantinePanel({ api }) {
  return {
    id: "quarantine",
    title: "Quarantine",
    lead: "Files that were refused. They are kept as they came.",
    place: "span-6 wide-3",
    shape: "rows",
    load: () => api.status(),
    empty: (state) => (state.at ? null : "Nobody has looked yet."),
    draw: ({ quarantine = [] }) =>
      quarantine.length
        ? [
            h(
              "ol",
              { class: "runs" },
              quarantine.map((one) =>
                h(
                  "li",
                  { class: "run" },
                  h(
                    "div",
                    { class: "run-head" },
                    named(
                      one.file_name,
                      `${one.source ?? "unknown source"} · ${shortMoment(instant(one.at))}`,
                    ),
                    pill("person"),
                  ),
                  h("p", { class: "reason" }, one.reason),
                ),
              ),
            ),
            h(
              "div",
              { class: "next-step" },
              h(
                "p",
                {},
                "Mend the file and upload it again; or, when the catalogue was wrong, ",
                "mend that and send the kept file through once more:",
              ),
              commandLine(
                quarantine.length === 1 && one(quarantine)
                  ? `lake replay ${one(quarantine)}`
                  : "lake replay --all",
              ),
            ),
          ]
        : [
            message(
              "calm",
              "Nothing is waiting",
              "Every file that came was one that the lake can read.",
            ),
          ],
  };
}

const one = (quarantine) =>
  /^[0-9a-f]{16,64}$/.test(quarantine[0].sha256 ?? "") ? quarantine[0].sha256.slice(0, 16) : null;

/** @param {import("../main.js").Context} context */
export function qualityPanel({ api, format }) {
  return {
    id: "quality",
    title: "Quality checks",
    lead: "What must be true of a table before it is shown.",
    place: "span-6",
    shape: "rows",
    load: () => api.status(),
    empty: (state) =>
      state.quality?.length ? null : "No check has run yet. They run with the gold pipeline:",
    fills: "lake run emt/gold --wait",
    draw({ quality }) {
      const failed = quality.filter((check) => !check.passed);
      const [bad, all] = [format.count(failed.length), format.count(quality.length)];
      const words = failed.length
        ? `${plural(failed.length, "check", "checks", bad)} of ${all} did not pass.`
        : `All ${all} checks passed.`;
      return [
        h("p", { class: "sentence sentence-small" }, words),
        failed.length ? checks("Checks that did not pass", failed) : null,
        h(
          "details",
          { class: "as-table", id: "quality-all" },
          h("summary", {}, "Show every check"),
          checks("Every check", quality),
        ),
      ];
    },
  };
}

const checks = (caption, list) =>
  table(
    caption,
    [{ label: "Check" }, { label: "Expected" }, { label: "Found" }, { label: "Verdict" }],
    list.map((check) => [
      named(
        check.column ? `${check.check} of ${check.column}` : check.check,
        `${check.table} · ${shortMoment(instant(check.at))}`,
      ),
      text(check.expected),
      text(check.actual),
      verdict(check),
    ]),
    "roomy",
  );

function verdict({ passed, severity }) {
  if (passed) return pill("passed");
  return severity === "warn" ? pill("late", "warning") : pill("failed");
}

const text = (value) =>
  value === null || value === undefined
    ? "–"
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
