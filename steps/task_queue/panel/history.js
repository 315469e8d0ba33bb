/** The list of tasks, by what is asked for. */

import { el, number, show, tone, when } from "./dom.js";

const PAGE = 20;

/** What the filters ask for. */
export function asked(form, page, size = PAGE) {
  const query = Object.fromEntries(new FormData(form));
  for (const name of ["start_date", "end_date"]) {
    // What a person types is of their own time.
    if (query[name]) query[name] = new Date(query[name]).toISOString();
  }
  return { ...query, page, page_size: size };
}

/** A page of tasks; `turn` is told which page is wanted, `open` which task. */
export function list(found, { turn, open }) {
  const { tasks, page, total_items: total, total_pages: pages } = found;
  if (tasks.length === 0) {
    show("history", el("p", { class: "quiet" }, "No task is like that."));
    return;
  }
  const columns = ["Task", "State", "Type", "Tried again", "Created", "Updated", "Last error"];
  const head = el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)));
  show(
    "history",
    el(
      "table",
      { class: "cards" },
      el("thead", {}, head),
      el("tbody", {}, tasks.map((task) => row(task, open))),
    ),
    el(
      "nav",
      { class: "row", "aria-label": "Pages" },
      turnTo("Sooner", page - 1, page > 1),
      el("span", {}, `Page ${number(page)} of ${number(pages)}, ${number(total)} tasks`),
      turnTo("Later", page + 1, page < pages),
    ),
  );

  function turnTo(name, to, possible) {
    const attributes = { type: "button", "data-key": name, disabled: !possible, onclick: () => turn(to) };
    return el("button", attributes, name === "Sooner" ? "Previous" : "Next");
  }
}

function row(task, open) {
  const id = task.task_id;
  const link = { class: "link mono", type: "button", "data-key": id, onclick: () => open(id) };
  return el(
    "tr",
    {},
    el("td", { class: "whole" }, el("button", link, id)),
    el("td", { class: tone(task.state) }, task.state),
    el("td", {}, task.task_type),
    el("td", { "data-name": "Tried again" }, `${task.retry_count} of ${task.max_retries}`),
    el("td", { class: "when", "data-name": "Created" }, when(task.created_at)),
    el("td", { class: "when", "data-name": "Updated" }, when(task.updated_at)),
    el("td", { class: "whole bad" }, brief(task)),
  );
}

/** As much of an error as fits a row. */
function brief({ error_type: kind, last_error: error }) {
  if (!error) return "";
  const text = kind ? `${kind}: ${error}` : error;
  return text.length > 120 ? `${text.slice(0, 120)} …` : text;
}
