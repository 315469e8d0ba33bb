/** Shows how often each name was greeted, and looks again when state changes. */

async function show() {
  const answer = await fetch("/__motia/api/state/greeted");
  const { items } = await answer.json();
  const lines = items.map(({ key, value }) => {
    const line = document.createElement("li");
    line.textContent = `${key}: ${value}`;
    return line;
  });
  document.getElementById("names").replaceChildren(...lines);
}

const changes = new EventSource("/__motia/api/changes");
changes.addEventListener("changed", ({ data }) => {
  if (JSON.parse(data).topics.includes("state")) show();
});
// What changed before somebody listened, now or when the connection broke, is told to nobody.
changes.addEventListener("open", show);
