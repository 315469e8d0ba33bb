/** The dashboard of the task queue: reads how everything stands, and again when something changed. */

import { ask, path, ROUTES, STEP } from "./api.js";
import { el, number, show, sure } from "./dom.js";
import { detail } from "./detail.js";
import { draw, whenTurned } from "./graph.js";
import { asked, list } from "./history.js";
import { queues, workers } from "./standing.js";

/** As many tasks are deleted, or tried again, in one go. */
const MOST = 1000;
/** As many of these at a time. */
const AT_ONCE = 8;
/** How long changes gather before they are looked at, and how often to look where nobody tells of them, in
 * milliseconds: each look is a few runs of the app's own steps. */
const GATHER = 1_000;
const LOOK = 10_000;

const filters = document.getElementById("filters");
let page = 1;
let mayChange = false;
let states = {};

async function standing() {
  const parts = [ask(ROUTES.status), ask(ROUTES.workers), ask(ROUTES.provider).catch(() => null)];
  const step = ask(ROUTES.queue, { parameters: { step: STEP } }).catch(() => null);
  const [status, who, provider, events] = await Promise.all([...parts, step]);
  states = status.states;
  draw(states, (state) => choose("task_status", state));
  queues(status, events, (queue) => choose("queue", queue));
  workers(who, provider, { mayChange, turn, open });
}

async function history() {
  const found = await ask(ROUTES.tasks, { query: asked(filters, page) });
  if (found.tasks.length === 0 && page > 1 && found.total_pages > 0) {
    page = found.total_pages;
    return history();
  }
  list(found, { turn: turnTo, open });
  cleanUp(found.total_items);
}

function cleanUp(found) {
  const act = (text, onclick, kind = "", possible = true) =>
    el("button", { type: "button", class: kind, "data-key": text, disabled: !mayChange || !possible, onclick }, text);
  const given = states.DLQ ?? 0;
  show(
    "clean",
    el(
      "div",
      { class: "row" },
      act("Queue again what no event leads to", requeue),
      act(`Try all ${number(given)} again that were given up`, retryAll, "", given > 0),
      act(`Delete the ${number(found)} tasks listed`, removeAll, "danger", found > 0),
    ),
    el("p", { class: "quiet" }, `Up to ${number(MOST)} in one go. The filters above say which tasks are listed.`),
  );
}

/** Lists the tasks that have this. */
function choose(name, value) {
  filters.reset();
  filters.elements[name].value = value;
  page = 1;
  look();
  document.getElementById("history-title").scrollIntoView({ block: "start" });
}

function turnTo(wanted) {
  page = wanted;
  look();
}

async function open(task_id) {
  await trying(async () => {
    const task = await ask(ROUTES.task, { parameters: { task_id } });
    detail(task, { mayChange, retry, remove });
  });
}

async function retry(task, reset_retry_count) {
  const parameters = { task_id: task.task_id };
  await doing(() => ask(ROUTES.retry, { parameters, body: { reset_retry_count } }));
  await open(task.task_id);
}

async function remove(task) {
  const text = "The task, its text, its result and its file are gone for good.";
  if (!(await sure("Delete this task?", text, "Delete it"))) return;
  await doing(() => ask(ROUTES.remove, { parameters: { task_id: task.task_id } }));
  document.getElementById("task").close();
}

async function turn(route) {
  await doing(() => ask(ROUTES[route]));
}

async function requeue() {
  await doing(async () => tell((await ask(ROUTES.requeue)).message));
}

async function retryAll() {
  const query = { task_status: "DLQ", sort_by: "created_at", sort_order: "asc" };
  const body = { reset_retry_count: false };
  await all("Try them again?", "Try again", query, (task_id) => ask(ROUTES.retry, { parameters: { task_id }, body }));
}

async function removeAll() {
  const query = asked(filters, 1);
  await all("Delete them?", "Delete", query, (task_id) => ask(ROUTES.remove, { parameters: { task_id } }));
}

/** Does something with every task that is found, and tells how many it was done with. */
async function all(title, verb, query, act) {
  await doing(async () => {
    const ids = await find(query);
    const text = `${verb} ${number(ids.length)} tasks. Those that change meanwhile are left out.`;
    if (ids.length === 0 || !(await sure(title, text, verb))) return;
    let [done, failed] = [0, 0];
    while (ids.length > 0) {
      const ended = await Promise.allSettled(ids.splice(0, AT_ONCE).map(act));
      for (const { status } of ended) status === "fulfilled" ? done++ : failed++;
      tell(`${verb}: ${number(done)} done, ${number(failed)} refused, ${number(ids.length)} to go`);
    }
  });
}

/** The ids of the tasks that are found. */
async function find(query) {
  const ids = [];
  for (let page = 1; ids.length < MOST; page++) {
    const found = await ask(ROUTES.tasks, { query: { ...query, page, page_size: 100 } });
    ids.push(...found.tasks.map(({ task_id }) => task_id));
    if (page >= found.total_pages) break;
  }
  return ids.slice(0, MOST);
}

/** Does something that changes what is shown. */
async function doing(act) {
  await trying(act);
  await look();
}

/** Does something, and says why if it cannot be done. */
async function trying(act) {
  const trouble = document.getElementById("trouble");
  try {
    await act();
    trouble.hidden = true;
    return true;
  } catch (error) {
    trouble.textContent = `It could not be done: ${error.message}`;
    trouble.hidden = false;
    return false;
  }
}

function tell(text) {
  document.getElementById("live").textContent = text;
}

let looking = false;
let again = false;
let soon = null;

/** Reads everything; what is asked for meanwhile is one more look. */
async function look() {
  clearTimeout(soon);
  soon = null;
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  do {
    again = false;
    await trying(async () => {
      await standing();
      await history();
    });
  } while (again);
  looking = false;
}

/** Follows the theme of the Workbench that it is shown in. */
function follow() {
  if (parent === window) return;
  const theirs = parent.document.documentElement;
  const take = () => {
    const scheme = parent.getComputedStyle(theirs).colorScheme;
    document.documentElement.style.colorScheme = scheme === "normal" ? "" : scheme;
  };
  take();
  new MutationObserver(take).observe(theirs, { attributes: true });
}

async function begin() {
  follow();
  const app = await ask(ROUTES.app).catch(() => ({ role: "read" }));
  mayChange = app.role !== "read";

  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("input", () => turnTo(1));
  filters.addEventListener("reset", () => setTimeout(() => turnTo(1)));
  whenTurned(() => draw(states, (state) => choose("task_status", state)));

  const changes = new EventSource(path(ROUTES.changes));
  changes.addEventListener("open", () => tell("Live"));
  changes.addEventListener("error", () => tell("Not connected; looking every ten seconds"));
  changes.addEventListener("changed", ({ data }) => {
    const { topics } = JSON.parse(data);
    if (topics.includes("state") || topics.includes("queues")) soon ??= setTimeout(look, GATHER);
  });
  setInterval(() => changes.readyState !== EventSource.OPEN && look(), LOOK);
  await look();
}

begin();
