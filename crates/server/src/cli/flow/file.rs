//! Flow files: `<name>.flow.json`, and beside them the note of what they were pulled from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::input;
use super::Failure;

/// End of every flow file's name.
const EXTENSION: &str = ".flow.json";
/// Remembers for each file of a folder which revision of the flow it holds; not part of the flow, so not in its file.
const BASES_FILE: &str = ".floe-bases.json";
/// Characters of a file name made from a flow's name.
const STEM_CHARS_MAX: usize = 80;

/// A flow as a file holds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FlowFile {
    /// Name of the flow.
    pub(super) name: String,
    /// Its description.
    pub(super) description: Option<Value>,
    /// Its definition.
    pub(super) definition: Value,
    /// Its settings.
    pub(super) settings: Option<Value>,
}

impl FlowFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let refuse = |what: &str| Failure::invalid(format!("{}: {what}", path.display()));
        if path.to_string_lossy().ends_with(".workflow.json") {
            return Err(refuse("is a workflow file, not a flow file"));
        }
        let Value::Object(mut fields) = input::file_json(path)? else { return Err(refuse("is not a JSON object")) };
        let name = fields.get("name").and_then(Value::as_str).map(str::to_owned);
        let file = Self {
            name: name.filter(|name| !name.is_empty()).ok_or_else(|| refuse("/name is missing"))?,
            description: fields.remove("description"),
            definition: fields.remove("definition").ok_or_else(|| refuse("/definition is missing"))?,
            settings: fields.remove("settings"),
        };
        match fields.keys().find(|key| *key != "name") {
            Some(unknown) => Err(refuse(&format!("/{unknown} is not a field of a flow file"))),
            None => Ok(file),
        }
    }

    /// What a flow's record holds of it.
    pub(super) fn of_record(record: &Value) -> Self {
        let kept = |key: &str| record.get(key).filter(|value| !is_empty(value)).cloned();
        Self {
            name: record["name"].as_str().unwrap_or_default().to_owned(),
            description: kept("description"),
            definition: record["definition"].clone(),
            settings: kept("settings"),
        }
    }

    /// The fields in their fixed order, as request bodies and files hold them.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), Value::String(self.name.clone()));
        let optional = [
            ("description", &self.description),
            ("definition", &Some(self.definition.clone())),
            ("settings", &self.settings),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                fields.insert(key.to_owned(), value.clone());
            }
        }
        fields
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        format!("{:#}\n", Value::Object(self.fields()))
    }

    /// `<name>.flow.json` with everything but letters, digits, `-` and `_` as `-`.
    pub(super) fn file_name(&self) -> String {
        let plain = |found: char| if found.is_alphanumeric() || matches!(found, '-' | '_') { found } else { '-' };
        let stem: String = self.name.chars().take(STEM_CHARS_MAX).map(plain).collect();
        format!("{}{EXTENSION}", stem.to_lowercase())
    }
}

/// Null, an empty text or an empty object: the record's way to say that nothing is set.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Which revision of which flow a file was written from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Base {
    /// Server on which the flow is.
    pub(super) server: String,
    /// The flow.
    pub(super) id: String,
    /// Its revision then.
    pub(super) revision: i64,
}

/// The bases of the files in one folder.
pub(super) struct Bases {
    path: PathBuf,
    by_file: BTreeMap<String, Base>,
}

impl Bases {
    /// Reads the notes of a folder; a missing or broken note counts as none.
    pub(super) fn of_folder(folder: &Path) -> Self {
        let path = folder.join(BASES_FILE);
        let by_file =
            std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { path, by_file }
    }

    /// The base of a file, if it was taken from this server and flow.
    pub(super) fn revision(&self, file_name: &str, server: &str, id: &str) -> Option<i64> {
        let base = self.by_file.get(file_name)?;
        (base.server == server && base.id == id).then_some(base.revision)
    }

    /// Notes the base of a file and writes the notes.
    pub(super) fn note(&mut self, file_name: &str, base: Base) -> Result<(), Failure> {
        self.by_file.insert(file_name.to_owned(), base);
        let written = serde_json::to_string_pretty(&self.by_file).map_err(std::io::Error::from);
        let written = written.and_then(|text| std::fs::write(&self.path, text + "\n"));
        written.map_err(|error| Failure::usage(format!("{}: {error}", self.path.display())))
    }
}

/// Folder and name of a path.
pub(super) fn split(path: &Path) -> (PathBuf, String) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (folder.to_path_buf(), name)
}

#[cfg(test)]
mod tests;
