/** The states of tasks, how many are in each, and the ways between them. */

import { el, number, show, svg, tone } from "./dom.js";

const SIZE = { width: 130, height: 60 };

/** Where the states stand, and the ways between them, on a wide screen and on a narrow one. */
const WIDE = {
  box: "0 0 700 262",
  at: {
    PENDING: [10, 20],
    ACTIVE: [285, 20],
    COMPLETED: [560, 20],
    SCHEDULED: [148, 130],
    FAILED: [422, 130],
    DLQ: [560, 180],
  },
  ways: [
    ["M140 50 H281"],
    ["M415 50 H556"],
    ["M320 80 C320 110 300 150 282 158"],
    ["M148 160 C110 160 90 120 84 84"],
    ["M390 80 C395 110 400 130 419 152"],
    ["M552 170 C560 172 566 174 572 178"],
    ["M405 80 C470 92 590 110 618 176"],
    ["M560 226 C380 262 60 260 40 84", "by-hand"],
  ],
};

const NARROW = {
  box: "0 0 330 330",
  at: {
    PENDING: [5, 10],
    ACTIVE: [195, 10],
    SCHEDULED: [5, 120],
    COMPLETED: [195, 120],
    FAILED: [5, 250],
    DLQ: [195, 250],
  },
  ways: [
    ["M135 40 H191"],
    ["M280 70 V116"],
    ["M215 70 C190 110 165 140 139 148"],
    ["M50 120 V74"],
    ["M225 70 C180 130 175 210 139 262"],
    ["M135 280 H191"],
    ["M310 70 C336 130 336 200 312 246"],
    ["M195 262 C158 240 168 110 118 74", "by-hand"],
  ],
};

const narrow = matchMedia("(max-width: 46rem)");

/** Draws the states; `choose` is told which one somebody wants to see. */
export function draw(states, choose) {
  const { box, at, ways } = narrow.matches ? NARROW : WIDE;
  const edges = ways.map(([d, kind = ""]) => svg("path", { class: `edge ${kind}`, d }));
  const nodes = Object.entries(at).map(([state, [x, y]]) => node(state, states[state], x, y, choose));
  show(
    "graph",
    svg("svg", { viewBox: box, role: "group", "aria-label": "States of tasks" }, arrow(), edges, nodes),
    el("p", { class: "quiet" }, "Choose a state to list its tasks. The dashed way is one that people go."),
  );
}

function node(state, count = 0, x, y, choose) {
  const chosen = () => choose(state);
  const typed = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    chosen();
  };
  const middle = x + SIZE.width / 2;
  return svg(
    "g",
    {
      class: `node ${tone(state)} ${count > 0 ? "some" : ""}`,
      role: "button",
      tabindex: 0,
      "data-key": state,
      "aria-label": `${state}: ${number(count)}`,
      onclick: chosen,
      onkeydown: typed,
    },
    svg("rect", { x, y, rx: 8, ...SIZE }),
    svg("text", { class: "count", x: middle, y: y + 29 }, number(count)),
    svg("text", { class: "name", x: middle, y: y + 48 }, state),
  );
}

function arrow() {
  const marker = { id: "arrow", viewBox: "0 0 10 10", refX: 8, refY: 5, orient: "auto-start-reverse" };
  const head = svg("path", { d: "M0 0 L10 5 L0 10 z" });
  return svg("defs", {}, svg("marker", { ...marker, markerWidth: 7, markerHeight: 7 }, head));
}

/** Has it drawn anew when the screen becomes wide or narrow. */
export const whenTurned = (again) => narrow.addEventListener("change", again);
