/** What is asked of the app: its own routes, and the admin API. */

/** Every route that the dashboard uses; a test holds it to those that there are. */
export const ROUTES = {
  status: ["GET", "/api/v1/queues/status"],
  workers: ["GET", "/api/v1/workers/"],
  openBreaker: ["POST", "/api/v1/workers/open-circuit-breaker"],
  resetBreaker: ["POST", "/api/v1/workers/reset-circuit-breaker"],
  provider: ["GET", "/api/v1/openrouter/status"],
  tasks: ["GET", "/api/v1/tasks/summaries/"],
  task: ["GET", "/api/v1/tasks/{task_id}"],
  retry: ["POST", "/api/v1/tasks/{task_id}/retry"],
  remove: ["DELETE", "/api/v1/tasks/{task_id}"],
  requeue: ["POST", "/api/v1/tasks/requeue-orphaned"],
  app: ["GET", "/__motia/api/app"],
  queue: ["GET", "/__motia/api/queues/{step}"],
  changes: ["GET", "/__motia/api/changes"],
};

/** The step that works on tasks. */
export const STEP = "ProcessTask";

/** The path of a route with its parameters in it. */
export function path([, template], parameters = {}, query = {}) {
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(parameters[name]));
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  return given.length > 0 ? `${filled}?${new URLSearchParams(given)}` : filled;
}

/** Asks; what is refused becomes an error that says why. */
export async function ask(route, { parameters, query, body } = {}) {
  const options = { method: route[0], headers: { accept: "application/json" } };
  if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path(route, parameters, query), options);
  const document = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(reason(document) ?? `the app answered ${answer.status}`);
  return document;
}

/** `{"detail": "…"}`, or one entry for each rule that is broken. */
function reason(document) {
  const detail = document?.detail;
  if (Array.isArray(detail)) return detail.map(({ msg }) => msg).join("; ");
  return detail;
}
