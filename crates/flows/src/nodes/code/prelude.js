// What code of a workflow sees: every name of the run as `inputs.x`, `variables.x` and bare `x`. Members that templates find behind a record
// are found here too; that is the business of `$open`, which runs before this (`scripts/prelude.js`).
(() => {
  const { names, origins } = globalThis.$scope;
  const open = globalThis.$open;
  for (const name of ["$scope", "$open"]) delete globalThis[name];

  // Real definitions parse what older engines kept as text; a value that is no text any more stays what it is.
  const { parse } = JSON;
  JSON.parse = function (text, reviver) {
    return text !== null && typeof text === "object" ? text : parse(text, reviver);
  };

  const place = (object, name, value) =>
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: true });
  const inputs = {};
  const variables = {};
  const own = new Set(Object.getOwnPropertyNames(globalThis));
  for (const name of Object.keys(names)) {
    const value = names[name];
    const origin = origins[name];
    if (origin) open(value, origin.kind, origin.output);
    place(inputs, name, value);
    place(variables, name, value);
    // The language's own names stay what they are.
    if (!own.has(name)) place(globalThis, name, value);
  }
  // A run input may have one of these names.
  if (!Object.hasOwn(names, "inputs")) globalThis.inputs = inputs;
  if (!Object.hasOwn(names, "variables")) globalThis.variables = variables;
})();
