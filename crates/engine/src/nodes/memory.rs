//! `shared-memory`: values that the nodes of a run keep for each other (Workflow API contract, section 18).

use floe_model::agents::embedding::hash_256;
use serde_json::{Map, Value, json};

use super::config::{self, NodeProblem, Parsed, failed, wrong};
use super::{Computed, NodeInfo, SharedChange, convert};
use crate::event::StepError;
use crate::expr::{Env, JsonTemplate, Names, Template};

/// Entries of one run at most.
const ENTRIES_MAX: usize = 1_000;
/// Bytes of one entry as JSON at most.
const ENTRY_BYTES_MAX: usize = 100 * 1024;
/// Bytes of all entries of one run at most.
const ALL_BYTES_MAX: usize = 10 * 1024 * 1024;
/// A text of more characters can be searched for.
const SEARCHABLE_CHARS: usize = 50;
/// Results of a search at most, and unless it is told.
const TOP_K_MAX: u64 = 50;
const TOP_K: u64 = 5;
/// Similarity that a result has at least, unless it is told.
const THRESHOLD: f64 = 0.7;

/// One use of the shared memory.
#[derive(Debug)]
pub struct Memory {
    work: Work,
    /// Whether texts are looked for by what they are about.
    searchable: bool,
}

#[derive(Debug)]
enum Work {
    Store { key: Template, value: JsonTemplate },
    Append { key: Template, value: JsonTemplate },
    Get { key: Template },
    Delete { key: Template },
    Search { query: Template, top_k: Option<JsonTemplate>, threshold: Option<JsonTemplate> },
}

impl Memory {
    pub(super) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<NodeProblem>> {
        let query = config::first(config, &["searchQuery", "query"]);
        let operation = config::text(config, &["operation"]).unwrap_or(match (query, config.get("value")) {
            (Some(_), _) => "search",
            (None, Some(_)) => "store",
            (None, None) => "get",
        });
        let key = || {
            let value = config::first(config, &["key"]).ok_or_else(|| vec![NodeProblem::missing("key")])?;
            config::template("key", value)
        };
        let value = || config::json("value", config.get("value").unwrap_or(&Value::Null));
        let number = |field: &str, value: Option<&Value>, max: f64| {
            if let Some(value) = value.filter(|value| !config::is_computed(value)) {
                let number = convert::to_number(value).and_then(|value| value.as_f64());
                if !number.is_some_and(|number| (0.0..=max).contains(&number)) {
                    return Err(vec![NodeProblem::invalid(field, format!("`{field}` is a number from 0 to {max}"))]);
                }
            }
            value.map(|value| config::json(field, value)).transpose()
        };
        let work = match operation {
            "store" | "set" => Work::Store { key: key()?, value: value()? },
            "append" => Work::Append { key: key()?, value: value()? },
            "get" | "retrieve" => Work::Get { key: key()? },
            "delete" => Work::Delete { key: key()? },
            "search" => Work::Search {
                query: config::template(
                    "searchQuery",
                    query.ok_or_else(|| vec![NodeProblem::missing("searchQuery")])?,
                )?,
                top_k: number("topK", config::first(config, &["topK"]), TOP_K_MAX as f64)?,
                threshold: number("similarityThreshold", config::first(config, &["similarityThreshold"]), 1.0)?,
            },
            other => {
                let why = format!("`{other}` is no operation of a shared memory");
                return Err(vec![NodeProblem::invalid("operation", why)]);
            }
        };
        let searchable = config.get("enableSemanticSearch").and_then(convert::to_boolean).unwrap_or(true);
        Ok(Self { work, searchable })
    }

    pub(super) fn sources(&self) -> Vec<Parsed<'_>> {
        match &self.work {
            Work::Store { key, value } | Work::Append { key, value } => {
                vec![Parsed::Template(key), Parsed::Json(value)]
            }
            Work::Get { key } | Work::Delete { key } => vec![Parsed::Template(key)],
            Work::Search { query, top_k, threshold } => {
                let mut sources = vec![Parsed::Template(query)];
                sources.extend([top_k, threshold].into_iter().flatten().map(Parsed::Json));
                sources
            }
        }
    }

    pub(super) fn run(&self, info: &NodeInfo<'_>, names: &dyn Names, env: &mut Env<'_>) -> Result<Computed, StepError> {
        let text = |template: &Template, env: &mut Env<'_>| template.render_text(names, env).map_err(failed);
        match &self.work {
            Work::Store { key, value } => {
                let (key, value) = (text(key, env)?, value.render(names, env).map_err(failed)?);
                let record = json!({ "key": key, "stored": true, "searchable": self.is_searchable(&value) });
                set(info.shared, key, value, !self.searchable, record)
            }
            Work::Append { key, value } => {
                let (key, value) = (text(key, env)?, value.render(names, env).map_err(failed)?);
                let value = appended(info.shared.get(&key), value);
                let searchable = self.is_searchable(&value);
                let record = json!({ "key": key, "stored": true, "searchable": searchable, "value": value });
                set(info.shared, key, value, !self.searchable, record)
            }
            Work::Get { key } => {
                let key = text(key, env)?;
                let value = info.shared.get(&key).cloned().unwrap_or_default();
                Ok(Computed::record(json!({ "key": key, "value": value })))
            }
            Work::Delete { key } => {
                let key = text(key, env)?;
                let record = json!({ "key": key, "deleted": info.shared.contains_key(&key) });
                Ok(Computed { shared: vec![SharedChange::Delete { key }], ..Computed::record(record) })
            }
            Work::Search { query, top_k, threshold } => {
                let query = text(query, env)?;
                let top_k = number(top_k.as_ref(), TOP_K as f64, TOP_K_MAX as f64, names, env)? as usize;
                let threshold = number(threshold.as_ref(), THRESHOLD, 1.0, names, env)?;
                let results = if self.searchable {
                    nearest(info, &query, top_k, threshold)
                } else {
                    holding(info.shared, &query, top_k)
                };
                let count = results.len();
                Ok(Computed::record(json!({ "query": query, "results": results, "resultCount": count })))
            }
        }
    }

    fn is_searchable(&self, value: &Value) -> bool {
        self.searchable && searchable_text(value).is_some()
    }
}

/// A number of the configuration, moved into its range; the default for what is no number.
fn number(
    template: Option<&JsonTemplate>,
    default: f64,
    max: f64,
    names: &dyn Names,
    env: &mut Env<'_>,
) -> Result<f64, StepError> {
    let Some(template) = template else { return Ok(default) };
    let value = template.render(names, env).map_err(failed)?;
    let number = convert::to_number(&value).and_then(|value| value.as_f64());
    Ok(number.unwrap_or(default).clamp(0.0, max))
}

/// A list gets a member, or those of another list; a text goes on; anything else becomes a list.
fn appended(old: Option<&Value>, value: Value) -> Value {
    match (old.cloned(), value) {
        (None | Some(Value::Null), value @ Value::Array(_)) => value,
        (None | Some(Value::Null), value) => Value::Array(vec![value]),
        (Some(Value::Array(mut items)), Value::Array(more)) => {
            items.extend(more);
            Value::Array(items)
        }
        (Some(Value::Array(mut items)), value) => {
            items.push(value);
            Value::Array(items)
        }
        (Some(Value::String(text)), Value::String(more)) => Value::String(text + &more),
        (Some(old), value) => Value::Array(vec![old, value]),
    }
}

fn set(
    shared: &Map<String, Value>,
    key: String,
    value: Value,
    unsearchable: bool,
    record: Value,
) -> Result<Computed, StepError> {
    let bytes = |key: &str, value: &Value| key.len() + value.to_string().len();
    let size = bytes(&key, &value);
    if size > ENTRY_BYTES_MAX {
        return Err(wrong(format!("An entry of the shared memory has at most {ENTRY_BYTES_MAX} bytes")));
    }
    if !shared.contains_key(&key) && shared.len() >= ENTRIES_MAX {
        return Err(wrong(format!("The shared memory of a run has at most {ENTRIES_MAX} entries")));
    }
    // As many full entries fit anyway; only a memory that may be too full is measured.
    if (shared.len() + 1) * ENTRY_BYTES_MAX > ALL_BYTES_MAX {
        let others = shared.iter().filter(|(other, _)| **other != key);
        let all: usize = others.map(|(key, value)| bytes(key, value)).sum();
        if all + size > ALL_BYTES_MAX {
            return Err(wrong(format!("The shared memory of a run has at most {ALL_BYTES_MAX} bytes")));
        }
    }
    Ok(Computed { shared: vec![SharedChange::Set { key, value, unsearchable }], ..Computed::record(record) })
}

fn searchable_text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| text.chars().nth(SEARCHABLE_CHARS).is_some())
}

/// Entries about the same as the query, the nearest first.
fn nearest(info: &NodeInfo<'_>, query: &str, top_k: usize, threshold: f64) -> Vec<Value> {
    let wanted = hash_256(query);
    let similarity = |text: &str| -> f64 {
        let found = hash_256(text);
        wanted.iter().zip(&found).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let is_open = |(key, _): &(&String, &Value)| !info.unsearchable.is_some_and(|keys| keys.contains(*key));
    let entries = info.shared.iter().filter(is_open);
    let entries = entries.filter_map(|(key, value)| searchable_text(value).map(|text| (key, value, similarity(text))));
    let mut found: Vec<_> = entries.filter(|(.., similarity)| *similarity >= threshold).collect();
    found.sort_by(|(left, _, a), (right, _, b)| b.total_cmp(a).then_with(|| left.cmp(right)));
    found.truncate(top_k);
    found.into_iter().map(|(key, value, similarity)| result(key, value, similarity)).collect()
}

/// Entries whose key or text holds the query, in the order in which they were stored.
fn holding(shared: &Map<String, Value>, query: &str, top_k: usize) -> Vec<Value> {
    let query = query.to_lowercase();
    let holds = |(key, value): &(&String, &Value)| {
        key.to_lowercase().contains(&query) || convert::text(value).to_lowercase().contains(&query)
    };
    shared.iter().filter(holds).take(top_k).map(|(key, value)| result(key, value, 1.0)).collect()
}

fn result(key: &str, value: &Value, similarity: f64) -> Value {
    // Six digits: what floating point adds behind them says nothing.
    json!({ "key": key, "value": value, "similarity": (similarity * 1e6).round() / 1e6 })
}
