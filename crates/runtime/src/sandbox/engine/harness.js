// Runs before user code. Everything it needs later is captured here, because user code may replace any global.
(function (emit, resultMax, logMax) {
  "use strict";
  const { TypeError, RangeError, Error, String, JSON, Reflect } = globalThis;
  const { stringify } = JSON;
  const { apply } = Reflect;
  const { slice, isWellFormed, toWellFormed } = String.prototype;

  const text = (value) => {
    switch (typeof value) {
      case "string": return value;
      case "bigint": return `${value}n`;
      case "function": return "[function]";
    }
    try {
      if (value instanceof Error) return `${value}`;
      const json = stringify(value);
      if (json !== undefined) return json;
    } catch { /* cycles, big integers, a failing toJSON: shown as text below */ }
    try { return String(value); } catch { return "[value without text]"; }
  };

  const writer = (level) => function (...values) {
    let line = "";
    for (let index = 0; index < values.length && line.length <= logMax; index += 1) {
      line += (index === 0 ? "" : " ") + text(values[index]);
    }
    emit(level, apply(toWellFormed, apply(slice, line, [0, logMax + 1]), []));
  };
  const console = {};
  for (const level of ["debug", "log", "info", "warn", "error"]) console[level] = writer(level);

  // Every value and the comma after it add at least this much to the JSON text (the last comma of a container pays for its
  // second bracket), so a result that is too large ends here and is never built.
  let size = 0;
  let over = false;
  const replacer = function (key, value) {
    switch (typeof value) {
      case "string":
        size += value.length + 3;
        if (!apply(isWellFormed, value, [])) value = apply(toWellFormed, value, []);
        break;
      case "undefined": break;
      case "function": case "symbol": case "bigint":
        throw new TypeError(`the returned value holds a ${typeof value}${key === "" ? "" : ` in "${key}"`}, which JSON cannot carry`);
      default: size += 2;
    }
    if (size > resultMax + 1) {
      over = true;
      throw new RangeError("the returned value is too large");
    }
    return value;
  };

  return { console, replacer, over: () => over };
})
