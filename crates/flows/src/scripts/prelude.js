// Runs before the expressions of workflows. Members that templates find behind a record are found here too (Workflow API contract,
// section 15: fall-through). They are not enumerable, so copies and JSON of a record are what it is.
(() => {
  "use strict";
  const { parse } = JSON;
  const { defineProperty, keys, hasOwn } = Object;
  const MODELS = ["llm", "vision", "agent"];

  const unfenced = (text) => text.trim().replace(/^```[^\n]*\n/, "").replace(/```$/, "").trim();
  // What a text holds, if that is an object or a list.
  const behind = (text) => {
    if (!/^\s*[{[]/.test(text)) return undefined;
    try { return parse(text); } catch { return undefined; }
  };
  const add = (record, key, value) => {
    if (!hasOwn(record, key)) defineProperty(record, key, { value, writable: true, configurable: true, enumerable: false });
  };
  const addAll = (record, from) => {
    const held = typeof from === "string" ? behind(from) : from;
    if (held !== null && typeof held === "object") for (const key of keys(held)) add(record, key, held[key]);
  };

  globalThis.$open = (record, kind, output) => {
    if (record === null || typeof record !== "object" || Array.isArray(record)) return;
    const own = { output: record.output, text: record.text, data: record.data, combinedText: record.combinedText };
    const isModel = MODELS.includes(kind);
    const hasOutput = hasOwn(record, "output");
    if (output) add(record, output, record);
    add(record, "output", record);
    if (isModel && hasOwn(record, "text")) { add(record, "response", own.text); add(record, "content", own.text); }
    if (kind === "http" && hasOwn(record, "data")) add(record, "body", own.data);
    if (kind === "files") { add(record, "content", own.combinedText); add(record, "text", own.combinedText); }
    if (hasOutput) addAll(record, own.output);
    if (isModel && typeof own.text === "string") addAll(record, unfenced(own.text));
    if (kind === "http") addAll(record, own.data);
  };

  // A text that is a JSON object or list has its members, and what lists can do, where texts have none of that name.
  let lastText;
  let lastHeld;
  const held = (text) => {
    if (text !== lastText) { lastText = text; lastHeld = behind(text); }
    return lastHeld;
  };
  Object.setPrototypeOf(String.prototype, new Proxy(Object.prototype, {
    get(target, key, receiver) {
      if (typeof key === "string" && typeof receiver === "string" && !(key in target)) {
        const found = held(receiver);
        if (found === undefined) return undefined;
        if (hasOwn(found, key)) return found[key];
        return Array.isArray(found) && typeof found[key] === "function" ? found[key].bind(found) : undefined;
      }
      return Reflect.get(target, key, receiver);
    },
  }));
})();
