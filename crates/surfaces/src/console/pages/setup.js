// The set-up page: makes the first owner with the one-time token of the link, then a personal access token.
"use strict";

const form = document.getElementById("setup");
const problem = document.getElementById("problem");

function say(text) {
  problem.textContent = text;
  problem.hidden = false;
}

async function call(path, body) {
  const answer = await fetch("/console/v1" + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const result = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    const first = result.errors && result.errors[0];
    throw new Error(first ? first.message : result.detail || "The server answered " + answer.status);
  }
  return result;
}

async function setUp(event) {
  event.preventDefault();
  problem.hidden = true;
  const values = Object.fromEntries(new FormData(form));
  // The token stands in the fragment, so that it reaches no log.
  const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
  try {
    await call("/setup", { token, ...values });
    history.replaceState(null, "", location.pathname);
    await call("/session/confirm", { password: values.password });
    const scopes = ["flows.read", "flows.run", "flows.write", "flows.manage", "console.read", "console.write", "inbox.answer", "admin"];
    const made = await call("/tokens", { name: "First token", scopes });
    document.getElementById("commands").textContent =
      "export FLOE_URL=" + location.origin + "\nexport FLOE_TOKEN=" + made.token + "\nfloe flow list";
    document.getElementById("done").hidden = false;
    form.hidden = true;
  } catch (error) {
    say(error.message);
  }
}

async function start() {
  form.elements.timezone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  form.addEventListener("submit", setUp);
  const state = await (await fetch("/console/v1/setup")).json();
  if (state.needed) {
    form.hidden = false;
  } else {
    say("This server is set up already.");
  }
}

start().catch((error) => say(error.message));
