/** All there is to know of a task, and what can be done with it. */

import { el, fromNow, number, tone, when } from "./dom.js";

const AGAIN = ["FAILED", "DLQ"];

/** Shows a task in its dialog. */
export function detail(task, { mayChange, retry, remove }) {
  const dialog = document.getElementById("task");
  const reset = el("input", { type: "checkbox", id: "reset" });
  const again = AGAIN.includes(task.state);
  dialog.replaceChildren(
    el("h2", { id: "task-title", class: "mono" }, task.task_id),
    facts(task),
    el(
      "div",
      { class: "row" },
      again && button("Try it again", () => retry(task, reset.checked), "", !mayChange),
      again && el("label", { for: "reset" }, reset, " as if it were new"),
      button("Delete it", () => remove(task), "danger", !mayChange),
      button("Close", () => dialog.close()),
    ),
    el("h3", {}, "What went wrong"),
    errors(task.error_history),
    el("h3", {}, "States"),
    states(task.state_history),
    el("h3", {}, task.task_type === "pdfxtract" ? "File" : "Text"),
    el("pre", { tabindex: 0 }, task.content),
    task.result && el("h3", {}, "Result"),
    task.result && el("pre", { tabindex: 0 }, pretty(task.result)),
  );
  if (!dialog.open) dialog.showModal();
}

function button(text, onclick, kind = "", disabled = false) {
  return el("button", { type: "button", class: kind, disabled, onclick }, text);
}

function facts(task) {
  const said = [
    ["State", el("strong", { class: tone(task.state) }, task.state)],
    ["Type", task.task_type],
    ["Tried again", `${number(task.retry_count)} of ${number(task.max_retries)}`],
    ["Created", when(task.created_at)],
    ["Updated", when(task.updated_at)],
    task.completed_at && ["Ended", when(task.completed_at)],
    task.retry_after && ["Next attempt", `${fromNow(task.retry_after)}, ${when(task.retry_after)}`],
    task.last_error && ["Last error", `${task.error_type ?? "Error"}: ${task.last_error}`],
  ];
  return el("dl", {}, said.filter(Boolean).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function errors(history) {
  if (history.length === 0) return el("p", { class: "quiet" }, "Nothing.");
  const lines = history.map((entry) =>
    el(
      "tr",
      {},
      el("td", { class: "when" }, when(entry.timestamp)),
      el("td", {}, entry.error_type),
      el("td", { class: "whole" }, entry.error),
      el("td", { class: "whole quiet" }, entry.state_transition),
    ),
  );
  const head = ["When", "Kind", "Error", "What it did"].map((name) => el("th", { scope: "col" }, name));
  return el("table", { class: "cards" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, lines));
}

function states(history) {
  const lines = history.map(({ state, timestamp }) =>
    el("li", {}, el("span", { class: tone(state) }, state), ` `, el("span", { class: "quiet" }, when(timestamp))),
  );
  return el("ol", { class: "stages" }, lines);
}

/** JSON in lines, anything else as it is. */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
