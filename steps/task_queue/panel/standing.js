/** How the queues, the workers and the model stand. */

import { el, fromNow, number, show, when } from "./dom.js";

const MEANING = {
  primary: "for a first attempt",
  retry: "for another attempt",
  scheduled: "until another attempt is due",
  dlq: "for somebody to look at it",
};

/** The depths of the queues; `choose` is told which one somebody wants to see. */
export function queues({ queues: depths, retry_ratio: share }, step, choose) {
  const most = Math.max(1, ...Object.values(depths));
  const lines = Object.entries(depths).map(([queue, depth]) =>
    el(
      "div",
      { class: "depth" },
      el("button", { class: "link", type: "button", "data-key": queue, onclick: () => choose(queue) }, queue),
      el("meter", { min: 0, max: most, value: depth, "aria-label": `${queue}, ${MEANING[queue]}` }),
      el("span", { class: "number" }, number(depth)),
    ),
  );
  show(
    "queues",
    lines,
    el("p", { class: "quiet" }, `${Math.round(share * 100)} % of the starts go to what was tried before.`),
    step && el("p", { class: "quiet" }, told(step)),
  );
}

/** What the app's own queue of events says. */
function told({ waiting, delayed, held, dead, running, paused }) {
  const parts = [`${number(waiting)} wait`, `${number(delayed)} are delayed`, `${number(running)} run`];
  if (held > 0) parts.push(`${number(held)} are held`);
  if (dead > 0) parts.push(`${number(dead)} are dead`);
  const halted = paused ? ` Paused by ${paused.by}, ${fromNow(paused.since)}.` : "";
  return `Of the events that lead to them, ${parts.join(", ")}.${halted}`;
}

/** The workers, the circuit, and the provider of the model. */
export function workers(workers, provider, { mayChange, turn, open }) {
  const breaker = workers.worker_details[0]?.circuit_breaker;
  show(
    "workers",
    el(
      "p",
      {},
      el("strong", { class: workers.overall_status === "healthy" ? "good" : "bad" }, workers.overall_status),
      `: ${number(workers.healthy_workers)} of ${number(workers.total_workers)} workers may work.`,
    ),
    el("ul", { class: "workers" }, workers.worker_details.map((worker) => one(worker, open))),
    breaker && el("p", {}, "Circuit: ", circuit(breaker)),
    el(
      "div",
      { class: "row" },
      turnButton("Close the circuit", "resetBreaker"),
      turnButton("Open the circuit", "openBreaker"),
    ),
    provider && el("p", { class: "quiet" }, `Provider: ${provider.status}. ${provider.message ?? ""}`),
  );

  function turnButton(text, route) {
    const attributes = { type: "button", "data-key": route, disabled: !mayChange, onclick: () => turn(route) };
    return el("button", attributes, text);
  }
}

function one({ worker_id: id, status, current_task: task }, open) {
  return el(
    "li",
    {},
    el("div", { class: "mono" }, id),
    el("div", { class: status === "healthy" ? "good" : "bad" }, status),
    task
      ? el("button", { class: "link mono", type: "button", "data-key": id, onclick: () => open(task) }, task)
      : el("span", { class: "quiet" }, "idle"),
  );
}

function circuit({ state, fail_count: failed, fail_max: most, opens_until: until, held_by: by }) {
  if (by) return el("span", { class: "bad" }, `held open by ${by}`);
  if (state === "open") {
    return el("span", { class: "bad", title: when(until) }, `open; an attempt is let through ${fromNow(until)}`);
  }
  if (state === "half-open") return el("span", { class: "busy" }, "half open: one attempt is let through");
  return el("span", { class: "good" }, `closed, after ${failed} of ${most} failures in a row`);
}
