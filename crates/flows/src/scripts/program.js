// Carries out expressions; a fresh function scope each, so that none sees another's variables.
const scripts = globalThis.$scripts;
const resultMax = globalThis.$resultMax;
const open = globalThis.$open;
for (const name of ["$scripts", "$resultMax", "$open"]) delete globalThis[name];
// Captured: an expression may replace any global, and others come after it.
const { stringify } = JSON;
const { keys } = Object;
const compile = globalThis.Function;
const show = globalThis.String;

const made = (names, script) => {
  // A line end before the bracket: the expression may end in a comment.
  const expression = () => compile(...names, `return (\n${script.code}\n);`);
  if (!script.isBody) return expression();
  try { return expression(); } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return compile(...names, `return (async function () {\n${script.code}\n})();`);
  }
};

const carriedOut = async (script) => {
  for (const { name, kind, output } of script.records) open(script.names[name], kind, output);
  const names = keys(script.names);
  const values = [];
  for (let at = 0; at < names.length; at += 1) values[at] = script.names[names[at]];
  for (const name of script.absent) if (!(name in globalThis)) names[names.length] = name;
  const json = stringify(await made(names, script)(...values));
  if (json !== undefined && json.length > resultMax) return { error: "the value of the expression is too large" };
  return { json: json === undefined ? "null" : json };
};

const answers = [];
for (let at = 0; at < scripts.length; at += 1) {
  try {
    answers[at] = await carriedOut(scripts[at]);
  } catch (error) {
    answers[at] = { error: show(error).slice(0, 1000) };
  }
}
return answers;
