//! Where the text of each setting comes from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::SettingsError;
use super::nearest::nearest;
use super::table::{Definition, RESERVED_PREFIX, SETTINGS, find};

/// Bytes of `floe.toml` or of a file named by a `…_FILE` setting.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this command.
    Flag,
    /// The environment.
    Env,
    /// `floe.toml` at this path.
    File(PathBuf),
    /// Nothing was said.
    Default,
}

impl Origin {
    /// The word in tables: `flag`, `env`, `file`, `default`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Env => "env",
            Self::File(_) => "file",
            Self::Default => "default",
        }
    }
}

/// The text of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The text; empty means none.
    pub text: String,
    /// Where it came from.
    pub origin: Origin,
}

/// The texts of all settings by name.
#[derive(Debug, Clone, Default)]
pub struct Values(BTreeMap<&'static str, Value>);

impl Values {
    /// The text of a setting; empty when there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.text.as_str())
    }

    /// These values in place of what was found, as if flags had said so; an empty text takes a value away.
    #[must_use]
    pub fn replaced(mut self, by: &[(&'static str, String)]) -> Self {
        for (name, text) in by {
            let origin = if text.is_empty() { Origin::Default } else { Origin::Flag };
            self.0.insert(name, Value { text: text.clone(), origin });
        }
        self
    }

    /// The value of a setting of the table.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// What the process was started with.
#[derive(Debug, Default)]
pub struct Sources {
    /// Values of flags by setting name.
    pub flags: Vec<(&'static str, String)>,
    /// `--config`: must exist.
    pub config: Option<PathBuf>,
    /// The environment; only names beginning with `FLOE_` matter.
    pub env: Vec<(OsString, OsString)>,
    /// The folder in which `./floe.toml` is looked for.
    pub working_dir: PathBuf,
}

impl Sources {
    /// The sources of this process with the flags of one command.
    #[must_use]
    pub fn of_process(flags: Vec<(&'static str, String)>, config: Option<PathBuf>) -> Self {
        Self { flags, config, env: std::env::vars_os().collect(), working_dir: PathBuf::from(".") }
    }

    /// Finds the text of every setting: flag, then environment, then file, then default.
    pub(super) fn resolve(&self) -> Result<Values, SettingsError> {
        let mut problems = Vec::new();
        let mut env = self.read_env(&mut problems);
        let mut flags: BTreeMap<&'static str, String> = self.flags.iter().cloned().collect();
        let data_dir = flags.get("FLOE_DATA_DIR").or_else(|| env.get("FLOE_DATA_DIR")).cloned();
        let mut file = self.read_file(data_dir.as_deref(), &mut problems);

        let mut values = Values::default();
        for definition in SETTINGS {
            let name = definition.name;
            let value = None
                .or_else(|| flags.remove(name).map(|text| Value { text, origin: Origin::Flag }))
                .or_else(|| env.remove(name).map(|text| Value { text, origin: Origin::Env }))
                .or_else(|| file.remove(name))
                .unwrap_or_else(|| Value { text: definition.default.to_owned(), origin: Origin::Default });
            values.0.insert(name, value);
        }
        if problems.is_empty() { Ok(values) } else { Err(SettingsError(problems)) }
    }

    fn read_env(&self, problems: &mut Vec<String>) -> BTreeMap<&'static str, String> {
        let mut found = BTreeMap::new();
        let mut names: Vec<&(OsString, OsString)> = self.env.iter().collect();
        names.sort();
        for (name, text) in names {
            let Some(name) = name.to_str().filter(|name| name.starts_with("FLOE_")) else { continue };
            if name.starts_with(RESERVED_PREFIX) {
                continue;
            }
            let Some(text) = text.to_str() else {
                problems.push(format!("{name} is not UTF-8 text"));
                continue;
            };
            match accept(name, text, &self.working_dir) {
                Ok((definition, _)) if found.contains_key(definition.name) => {
                    problems.push(both_forms(definition.name))
                }
                Ok((definition, text)) => {
                    found.insert(definition.name, text);
                }
                Err(problem) => problems.push(problem),
            }
        }
        found
    }

    fn read_file(&self, data_dir: Option<&str>, problems: &mut Vec<String>) -> BTreeMap<&'static str, Value> {
        let data_dir = data_dir.or_else(|| find("FLOE_DATA_DIR").map(|definition| definition.default)).unwrap_or(".");
        let path = match &self.config {
            Some(path) => path.clone(),
            None => {
                let candidates =
                    [self.working_dir.join("floe.toml"), self.working_dir.join(data_dir).join("floe.toml")];
                let Some(path) = candidates.into_iter().find(|path| path.exists()) else { return BTreeMap::new() };
                path
            }
        };
        let table =
            match read_limited(&path).and_then(|text| text.parse::<toml::Table>().map_err(|error| error.to_string())) {
                Ok(table) => table,
                Err(problem) => {
                    problems.push(format!("{}: {}", path.display(), problem.trim_end()));
                    return BTreeMap::new();
                }
            };
        let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
        let mut found: BTreeMap<&'static str, Value> = BTreeMap::new();
        for (key, item) in &table {
            let outcome = text_of(item)
                .ok_or_else(|| "must be a text, number, true, false, or a list of texts".to_owned())
                .and_then(|text| accept_key(key, &text, &folder));
            match outcome {
                Ok((definition, _)) if found.contains_key(definition.name) => {
                    problems.push(both_forms(definition.name))
                }
                Ok((definition, text)) => {
                    found.insert(definition.name, Value { text, origin: Origin::File(path.clone()) });
                }
                Err(problem) => problems.push(format!("{}: {key}: {problem}", path.display())),
            }
        }
        found
    }
}

fn both_forms(name: &str) -> String {
    format!("{name} and {name}_FILE are both given; give one")
}

/// The setting that a name of the environment means, and its text.
fn accept(name: &str, text: &str, folder: &Path) -> Result<(&'static Definition, String), String> {
    if let Some(definition) = find(name) {
        return Ok((definition, text.to_owned()));
    }
    let secret = name.strip_suffix("_FILE").and_then(find).filter(|definition| definition.secret);
    if let Some(definition) = secret {
        let path = folder.join(text);
        let content = read_limited(&path).map_err(|problem| format!("{name}: {}: {problem}", path.display()))?;
        return Ok((definition, content.trim().to_owned()));
    }
    let known = nearest(name, SETTINGS.iter().map(|definition| definition.name)).unwrap_or_default();
    Err(format!("{name} is not a setting; the nearest is {known}"))
}

/// The same for a key of `floe.toml`.
fn accept_key(key: &str, text: &str, folder: &Path) -> Result<(&'static Definition, String), String> {
    let name = format!("FLOE_{}", key.to_ascii_uppercase());
    let known = find(&name).is_some() || name.strip_suffix("_FILE").and_then(find).is_some_and(|found| found.secret);
    if known && key.chars().all(|character| !character.is_ascii_uppercase()) {
        return accept(&name, text, folder);
    }
    let keys: Vec<String> = SETTINGS.iter().map(Definition::key).collect();
    let known = nearest(&key.to_ascii_lowercase(), keys.iter().map(String::as_str)).unwrap_or_default();
    Err(format!("not a setting; the nearest is {known}"))
}

fn text_of(item: &toml::Value) -> Option<String> {
    match item {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(on) => Some(if *on { "on" } else { "off" }.to_owned()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}

fn read_limited(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(format!("the file is larger than {FILE_BYTES_MAX} bytes"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
