// Says what a query would do while it is written. Without this script, the button Check does.
"use strict";
const query = document.getElementById("query");
const verdict = document.getElementById("verdict");
let asked = 0;
let waiting;

async function judge() {
  const number = ++asked;
  const answer = await fetch("/explorer/query/verdict", {
    method: "POST",
    body: new URLSearchParams({ QUERY: query.value }),
  });
  const text = await answer.text();
  if (number === asked && answer.ok) verdict.innerHTML = text;
}

query.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(judge, 400);
});
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    query.form.querySelector("button").click();
  }
});
