/** Elements, and how values read. */

/** Makes an element: `el("p", { class: "quiet" }, "text", child)`. Attributes that are not set are left out. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same of a drawing. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

const NUMBER = new Intl.NumberFormat();
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const number = (value) => NUMBER.format(value ?? 0);

export const when = (instant) => (instant ? WHEN.format(new Date(instant)) : "–");

/** `in 12 s`, `3 min ago`. */
export function fromNow(instant) {
  if (!instant) return "–";
  const seconds = Math.round((new Date(instant) - Date.now()) / 1000);
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(
    ([size]) => Math.abs(seconds) >= size || size === 1,
  );
  const relative = new Intl.RelativeTimeFormat(undefined, { style: "narrow" });
  return relative.format(Math.trunc(seconds / size), unit);
}

/** The class that a state is coloured by. */
export const tone = (state) =>
  ({ COMPLETED: "good", ACTIVE: "busy", SCHEDULED: "busy", FAILED: "bad", DLQ: "bad" })[state] ?? "";

/** Replaces what a place shows, and leaves the focus where it was if what had it is still there. */
export function show(id, ...children) {
  const place = document.getElementById(id);
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.key;
  place.replaceChildren(...children.flat().filter(Boolean));
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** Asks a person; resolves to whether they are sure. */
export function sure(title, text, verb) {
  const dialog = document.getElementById("sure");
  const decide = (value) => () => dialog.close(value);
  dialog.replaceChildren(
    el("h2", { id: "sure-title" }, title),
    el("p", {}, text),
    el(
      "div",
      { class: "row" },
      el("button", { class: "danger", type: "button", onclick: decide("yes") }, verb),
      el("button", { type: "button", autofocus: true, onclick: decide("") }, "Leave it"),
    ),
  );
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
