// The form of a share link: shows what the flow asks for, runs it, and follows the run to its end. Texts that come from the flow are
// only ever set as text.
"use strict";

const token = encodeURIComponent(decodeURIComponent(location.pathname.split("/").pop()));
// How long one question about a run is held, and how often it is asked at most: about an hour.
const HOLD_SECONDS = 25;
const QUESTIONS_MAX = 150;
const PAUSE_MS = 2000;

const part = (id) => document.getElementById(id);

function show(id, text) {
  part(id).textContent = text;
  part(id).hidden = text === "";
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Calls the server; a refusal becomes an error with the fields that are wrong.
async function call(method, path, body, headers) {
  const isJson = body !== undefined && !(body instanceof FormData);
  const answer = await fetch(path, {
    method,
    headers: { ...(isJson ? { "Content-Type": "application/json" } : {}), ...headers },
    body: isJson ? JSON.stringify(body) : body,
  });
  const text = await answer.text();
  const result = text === "" ? null : JSON.parse(text);
  const status = answer.headers.get("X-Flow-Run-Status");
  if (!answer.ok) {
    const details = (result && result.error && result.error.details) || {};
    const said = details.message || (result && result.message) || "The server answered " + answer.status;
    throw Object.assign(new Error(said), { status: answer.status, fields: details.fields || [] });
  }
  return { status, result };
}

const INPUT_TYPES = { number: "number", date: "date", email: "email", url: "url", file: "file" };

// The control of one field, with its value from `read`.
function control(field) {
  const required = Boolean(field.required);
  const common = { name: field.key, required };
  const options = (field.options || []).map((option) =>
    typeof option === "object" ? [String(option.value), String(option.label ?? option.value), option.value] : [String(option), String(option), option]);
  const chosen = (text) => options.find(([key]) => key === text)[2];
  switch (field.type) {
    case "boolean": {
      const box = element("input", { name: field.key, type: "checkbox", checked: field.default === true });
      return { box, read: async () => box.checked };
    }
    case "select": {
      const box = element("select", common, element("option", { value: "" }, ""),
        ...options.map(([key, label, value]) => element("option", { value: key, selected: field.default === value }, label)));
      return { box, read: async () => (box.value === "" ? undefined : chosen(box.value)) };
    }
    case "multi-select": {
      const defaults = Array.isArray(field.default) ? field.default : [];
      const box = element("select", { ...common, multiple: true },
        ...options.map(([key, label, value]) => element("option", { value: key, selected: defaults.includes(value) }, label)));
      return { box, read: async () => Array.from(box.selectedOptions, (option) => chosen(option.value)) };
    }
    case "long-text": {
      const box = element("textarea", { ...common, value: field.default ?? "" });
      return { box, read: async () => (box.value === "" ? undefined : box.value) };
    }
    case "json":
    case "array": {
      const given = field.default === undefined || field.default === null ? "" : JSON.stringify(field.default, null, 2);
      const box = element("textarea", { ...common, value: given, spellcheck: false });
      return { box, read: async () => (box.value.trim() === "" ? undefined : parsed(field, box.value)) };
    }
    case "file": {
      const box = element("input", { ...common, type: "file" });
      return { box, read: async () => (box.files.length === 0 ? undefined : upload(box.files[0])) };
    }
    default: {
      const type = INPUT_TYPES[field.type] || "text";
      const box = element("input", { ...common, type, value: field.default ?? "" });
      if (type === "number") {
        box.step = "any";
      }
      const value = () => (type === "number" ? Number(box.value) : box.value);
      return { box, read: async () => (box.value === "" ? undefined : value()) };
    }
  }
}

function parsed(field, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw Object.assign(new Error("Some answers are not right."), {
      fields: [{ path: field.key, message: "This must be JSON" }],
    });
  }
}

async function upload(file) {
  const form = new FormData();
  form.append("file", file);
  const { result } = await call("POST", "/v1/flow/share/file/" + token, form);
  return { fileId: result.fileId };
}

// Asks for the fields and calls `send` with the values, until it was taken.
function ask(fields, button, send) {
  const form = part("form");
  const controls = fields.map((field) => {
    const { box, read } = control(field);
    const name = field.label || field.key;
    const wrong = element("span", { className: "wrong", hidden: true });
    const hint = element("span", { className: "hint", textContent: field.description || "", hidden: !field.description });
    const label = field.type === "boolean"
      ? element("label", { className: "choice" }, box, name, hint, wrong)
      : element("label", {}, name + (field.required ? " *" : ""), box, hint, wrong);
    return { key: field.key, label, wrong, read };
  });
  const submit = element("button", {}, button);
  form.replaceChildren(...controls.map((one) => one.label), submit);
  form.hidden = false;
  form.onsubmit = async (event) => {
    event.preventDefault();
    show("problem", "");
    controls.forEach((one) => { one.wrong.hidden = true; });
    submit.disabled = true;
    try {
      const values = {};
      for (const one of controls) {
        const value = await one.read();
        if (value !== undefined) {
          values[one.key] = value;
        }
      }
      await send(values);
    } catch (error) {
      tell(error, controls);
    } finally {
      submit.disabled = false;
    }
  };
}

// Puts what is wrong beside its field, the rest above the form.
function tell(error, controls) {
  const others = [];
  for (const { path, message } of error.fields || []) {
    const key = String(path).replace(/^(\/|inputs\.|formData\.)+/, "").split(/[./]/)[0];
    const found = controls.find((one) => one.key === key);
    if (found) {
      found.wrong.textContent = message;
      found.wrong.hidden = false;
    } else {
      others.push(message);
    }
  }
  show("problem", others[0] || error.message);
}

// What the run says now, from an answer that started or continued it.
async function follow(status, result, resume) {
  part("form").hidden = true;
  if (status === "completed") {
    return finish(result);
  }
  if (status === "waiting" && result.waitState.type === "show-form") {
    return askAgain(result, resume);
  }
  return watch(result.appRunId, resume);
}

// A form in the middle of the run.
function askAgain({ appRunId, waitState }, resume) {
  show("state", "");
  show("title", waitState.title || part("title").textContent);
  show("description", waitState.message || "");
  ask(waitState.fields || [], waitState.submitLabel || "Send", async (formData) => {
    const body = { waitId: waitState.waitId, formData };
    const { status, result } = await call("POST", "/v1/flowrun/resume/" + appRunId, body, { "X-Resume-Token": resume });
    if (status === "completed") {
      part("form").hidden = true;
      return finish(result.output);
    }
    if (status === "failed") {
      part("form").hidden = true;
      return show("problem", result.error.message);
    }
    return follow(status, result, resume);
  });
}

// Looks at the run until it ends or asks for something.
async function watch(run, resume) {
  let revision = 0;
  for (let question = 0; question < QUESTIONS_MAX; question += 1) {
    const path = "/v1/flowrun/poll/" + run + "?timeout=" + HOLD_SECONDS + "&revision=" + revision;
    const { result } = await call("GET", path, undefined, { "X-Resume-Token": resume });
    revision = result.revision;
    if (result.done) {
      show("state", "");
      return result.status === "completed"
        ? finish(result.output)
        : show("problem", (result.error && result.error.message) || "This was stopped.");
    }
    if (result.waitState && result.waitState.type === "show-form") {
      return askAgain(result, resume);
    }
    const waits = result.status === "waiting";
    show("state", waits ? "Sent. Somebody has to look at it; you may leave this page open." : "Sent. This is being worked on …");
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  show("state", "Sent. This takes longer; there is nothing more to do here.");
}

function finish(output) {
  const result = part("result");
  const entries = output !== null && typeof output === "object" && !Array.isArray(output) ? Object.entries(output) : [["", output]];
  const texts = entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
  show("state", "Done. Thank you.");
  if (texts.length > 0) {
    const list = element("dl", {});
    for (const [key, value] of texts) {
      const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
      list.append(element("dt", {}, key), element("dd", {}, text));
    }
    result.replaceChildren(list);
    result.hidden = false;
  }
}

async function start() {
  const { result: form } = await call("GET", "/v1/flow/share/" + token);
  document.title = form.title || form.name;
  show("title", form.title || form.name);
  show("description", form.description || "");
  ask(form.inputs, form.submitLabel || "Send", async (values) => {
    const { status, result } = await call("POST", "/v1/flow/share/execute/" + token, values);
    await follow(status, result, result && result.resumeToken);
  });
}

start().catch((error) => {
  show("title", "Form");
  show("problem", error.status === 404 ? "This link does not work any more." : error.message);
});
