//! Providers as data (Workflow API contract, section 21): what can be asked of each, and which request that is. A provider is a file in
//! `providers/`; operations are found by name, ignoring case, `_` and `-`.

use std::sync::LazyLock;

use floe_engine::event::StepError;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::config::written;
use super::super::failure::invalid;

/// The files.
const FILES: [&str; 7] = [
    include_str!("providers/slack.json"),
    include_str!("providers/discord.json"),
    include_str!("providers/teams.json"),
    include_str!("providers/tavily.json"),
    include_str!("providers/brave.json"),
    include_str!("providers/serper.json"),
    include_str!("providers/searxng.json"),
];

static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    FILES.iter().map(|file| serde_json::from_str(file).expect("provider files are part of the program")).collect()
});

/// A provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Definition {
    pub(in super::super) provider: String,
    #[serde(default)]
    pub(in super::super) aliases: Vec<String>,
    /// Shown name.
    pub(in super::super) name: String,
    /// Where it is, unless the connection says so.
    pub(in super::super) base_url: Option<String>,
    /// The header of a key, unless the connection says so.
    pub(in super::super) key_header: Option<String>,
    operations: Vec<Operation>,
}

/// What can be asked of a provider. The first one that fits the name and the connection counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Operation {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    /// Types of connections that it takes; empty for any.
    #[serde(default)]
    types: Vec<String>,
    /// Where it is, when that differs from the provider; it does not take connections to another place.
    pub(in super::super) base_url: Option<String>,
    pub(in super::super) method: String,
    path: String,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    /// Where the answer says whether it was done.
    pub(in super::super) ok: Option<String>,
    /// Where it says why not.
    pub(in super::super) reason: Option<String>,
    /// How results of a web search stand in the answer.
    pub(in super::super) search: Option<Found>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    required: bool,
    default: Option<Value>,
}

/// Where the results of a web search stand, by type, and the names of their parts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in super::super) struct Found {
    pub(in super::super) general: Listed,
    pub(in super::super) news: Listed,
    pub(in super::super) images: Listed,
    pub(in super::super) title: Vec<String>,
    pub(in super::super) url: Vec<String>,
    pub(in super::super) snippet: Vec<String>,
    pub(in super::super) published_date: Vec<String>,
}

/// The results of one type of search, and what has to be asked for them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Listed {
    pub(in super::super) results: String,
    #[serde(default)]
    pub(in super::super) parameters: Map<String, Value>,
}

/// A request below a base URL.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Asked {
    pub(in super::super) path: String,
    pub(in super::super) query: Map<String, Value>,
    pub(in super::super) body: Option<Value>,
}

/// A word as names are compared.
pub(in super::super) fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The provider under a name.
pub(in super::super) fn find(provider: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|one| one.names().any(|name| plain(name) == plain(provider)))
}

/// Providers that can be asked for a web search.
pub(in super::super) fn searching() -> impl Iterator<Item = &'static Definition> {
    DEFINITIONS.iter().filter(|one| one.operations.iter().any(|operation| operation.search.is_some()))
}

impl Definition {
    /// Every name under which connections of it may be kept.
    pub(in super::super) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.provider.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// The operation under a name, for a connection of a type with a base URL of its own.
    pub(in super::super) fn operation(&self, name: &str, kind: &str, base: Option<&str>) -> Option<&Operation> {
        let name = plain(name);
        self.operations.iter().find(|one| one.is_named(&name) && one.takes(kind, base))
    }

    /// The operation that searches the web.
    pub(in super::super) fn search(&self) -> Option<(&Operation, &Found)> {
        self.operations.iter().find_map(|one| Some((one, one.search.as_ref()?)))
    }
}

impl Operation {
    fn is_named(&self, name: &str) -> bool {
        plain(&self.name) == name || self.aliases.iter().any(|alias| plain(alias) == name)
    }

    fn takes(&self, kind: &str, base: Option<&str>) -> bool {
        let own = self.base_url.as_deref().map(|own| own.trim_end_matches('/'));
        let fits_place = own.is_none() || base.is_none_or(|base| Some(base.trim_end_matches('/')) == own);
        (self.types.is_empty() || self.types.iter().any(|one| one == kind)) && fits_place
    }

    /// The request for parameters; those that the operation does not name are left out.
    ///
    /// # Errors
    /// VALIDATION for one that is missing.
    pub(in super::super) fn fill(&self, given: &Map<String, Value>) -> Result<Asked, StepError> {
        let mut values = given.clone();
        for parameter in &self.parameters {
            let names = std::iter::once(&parameter.name).chain(&parameter.aliases);
            let found = names.filter_map(|name| given.get(name)).find(|value| !is_empty(value));
            match found.cloned().or_else(|| parameter.default.clone()) {
                Some(value) => drop(values.insert(parameter.name.clone(), value)),
                None if parameter.required => return Err(invalid(format!("{} is missing", parameter.name))),
                None => drop(values.remove(&parameter.name)),
            }
        }
        let path = match filled(&Value::String(self.path.clone()), &values) {
            Some(path) => written(&path).into_owned(),
            None => String::new(),
        };
        let query = self.query.iter().filter_map(|(name, value)| Some((name.clone(), filled(value, &values)?)));
        Ok(Asked { path, query: query.collect(), body: self.body.as_ref().and_then(|body| filled(body, &values)) })
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A template with its placeholders filled. A text that is one placeholder becomes the value; a member without a value is left out.
fn filled(template: &Value, values: &Map<String, Value>) -> Option<Value> {
    let value_of = |name: &str| values.get(name).filter(|value| !is_empty(value));
    match template {
        Value::String(text) => match text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(name) if !name.contains("{{") => value_of(name).cloned(),
            _ => {
                let mut parts = text.split("{{");
                let mut whole = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    let (name, rest) = part.split_once("}}").unwrap_or(("", part));
                    whole.push_str(&value_of(name).map(written).unwrap_or_default());
                    whole.push_str(rest);
                }
                Some(Value::String(whole))
            }
        },
        Value::Object(map) => {
            Some(Value::Object(map.iter().filter_map(|(key, one)| Some((key.clone(), filled(one, values)?))).collect()))
        }
        Value::Array(items) => Some(Value::Array(items.iter().filter_map(|one| filled(one, values)).collect())),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(provider: &str, operation: &str, kind: &str, base: Option<&str>, given: Value) -> Result<Asked, String> {
        let found = find(provider).and_then(|one| one.operation(operation, kind, base)).ok_or("no operation")?;
        found.fill(given.as_object().expect("an object")).map_err(|error| error.message)
    }

    #[test]
    fn every_file_is_read_and_its_names_are_free() {
        let mut names: Vec<String> = DEFINITIONS.iter().flat_map(Definition::names).map(plain).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(searching().count(), 4);
    }

    #[test]
    fn an_operation_is_found_by_any_spelling_and_filled() {
        let hook = Some("https://hooks.slack.com/services/x");
        for name in ["sendMessage", "send_message", "SEND-MESSAGE", "postMessage"] {
            let asked =
                ask("slack", name, "custom_headers", hook, json!({ "message": "Hi", "channel": "#a", "icon": 1 }));
            let expected =
                Asked { path: String::new(), query: Map::new(), body: Some(json!({ "text": "Hi", "channel": "#a" })) };
            assert_eq!(asked, Ok(expected), "{name}");
        }
        let asked =
            ask("Slack", "sendMessage", "bearer", None, json!({ "text": "Hi", "channel": "C1" })).expect("asked");
        assert_eq!(asked.path, "chat.postMessage");
        assert_eq!(ask("slack", "sendMessage", "bearer", hook, json!({ "text": "Hi" })).expect("asked").path, "");
        assert_eq!(
            ask("slack", "sendMessage", "bearer", hook, json!({ "text": " " })),
            Err("text is missing".to_owned())
        );
        assert_eq!(ask("slack", "archive", "bearer", hook, json!({})), Err("no operation".to_owned()));
        let asked = ask("brave", "search", "api_key", None, json!({ "query": "a b", "maxResults": 3 })).expect("asked");
        assert_eq!(
            (asked.path.as_str(), Value::Object(asked.query)),
            ("web/search", json!({ "q": "a b", "count": 3 }))
        );
    }
}
