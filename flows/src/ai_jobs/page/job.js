// Follows a job: moves the bar with each of its changes, and stops when the job is over.
"use strict";

const job = document.getElementById("job");
const part = (id) => document.getElementById(id);
const over = ["completed", "failed", "cancelled"];

const events = new EventSource(`/ai/events/${encodeURIComponent(job.dataset.job)}`);

events.addEventListener("job", (event) => {
  const { status, progress, result, error, attempts, durationMs } = JSON.parse(event.data);
  const percent = progress ? progress.percent : 0;

  job.dataset.status = status;
  document.title = `AI job: ${status}`;
  part("status").textContent = status;
  part("message").textContent = progress ? progress.message : "waiting for its turn";
  part("percent").textContent = `${percent} %`;
  part("bar").value = percent;
  part("attempts").textContent = attempts;
  part("took").textContent = durationMs === null ? "–" : `${(durationMs / 1000).toFixed(1)} s`;
  show("answer", result && result.text);
  show("error", error);
  part("cancel").hidden = over.includes(status);
  part("note").textContent = "";

  if (over.includes(status)) {
    events.close();
  }
});

events.addEventListener("error", () => {
  if (events.readyState !== EventSource.CLOSED) {
    part("note").textContent = "The connection is lost; trying again.";
  }
});

part("cancel").hidden = false;
part("cancel").addEventListener("click", async () => {
  part("cancel").disabled = true;
  const body = JSON.stringify({ jobId: job.dataset.job });
  const headers = { "content-type": "application/json" };
  try {
    const answer = await fetch("/ai/cancel", { method: "POST", headers, body });
    part("note").textContent = (await answer.json()).message ?? "";
  } catch {
    part("note").textContent = "The job could not be cancelled: the server does not answer.";
    part("cancel").disabled = false;
  }
});

function show(section, text) {
  part(section).hidden = !text;
  part(`${section}-text`).textContent = text || "";
}
