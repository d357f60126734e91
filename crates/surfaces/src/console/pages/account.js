// The pages of one form each: signing in, a sign-in link, an invite, another password. Tokens of links stand in the
// fragment, so that they reach no log; the page posts them, so that opening a link alone changes nothing.
"use strict";

const page = document.querySelector("main").dataset.page;
const form = document.getElementById("form");
const problem = document.getElementById("problem");
const fragment = new URLSearchParams(location.hash.slice(1));
const calls = { home: "/session", link: "/session/link", invite: "/invites/accept", reset: "/session/reset" };

function say(text) {
  problem.textContent = text;
  problem.hidden = false;
}

async function call(method, path, body) {
  const answer = await fetch("/console/v1" + path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const result = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) {
    const first = result.errors && result.errors[0];
    const error = new Error(first ? first.message : result.detail || "The server answered " + answer.status);
    error.status = answer.status;
    throw error;
  }
  return result;
}

function values() {
  const values = Object.fromEntries(new FormData(form));
  if ("remember" in values) values.remember = true;
  const token = fragment.get("token") || fragment.get("t");
  if (page !== "home") values.token = token || "";
  return values;
}

async function send(event) {
  if (event) event.preventDefault();
  problem.hidden = true;
  try {
    await call("POST", calls[page], values());
    location.replace("/ui/");
  } catch (error) {
    say(error.message);
  }
}

async function home() {
  let session;
  try {
    session = await call("GET", "/session");
  } catch (error) {
    if (error.status !== 401) throw error;
    const setup = await call("GET", "/setup");
    if (setup.needed) say("This server has no owner yet. Open the set-up link that it prints.");
    else form.hidden = false;
    return;
  }
  document.getElementById("who").textContent = session.member.name + " (" + session.member.email + ")";
  document.getElementById("workspace").textContent = session.workspace.name;
  document.getElementById("role").textContent = session.role;
  document.getElementById("sign-out").addEventListener("click", signOut);
  document.getElementById("signed-in").hidden = false;
}

async function signOut() {
  try {
    await call("DELETE", "/session");
    location.reload();
  } catch (error) {
    say(error.message);
  }
}

async function start() {
  form.addEventListener("submit", send);
  if (page === "home") await home();
  else if (page === "link") await send();
  else form.hidden = false;
}

start().catch((error) => say(error.message));
