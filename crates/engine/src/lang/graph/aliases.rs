//! Alias rewriting: every key of a config gets its canonical name (Workflow API contract, section 19).
//!
//! The canonical key wins when both exist. Rewriting what was rewritten changes nothing.

use serde_json::{Map, Value, json};

/// Keys of an integration that are not parameters of its operation.
const INTEGRATION_OWN: [&str; 8] =
    ["provider", "operation", "connectionId", "parameters", "outputVariable", "retry", "action", "timeoutMs"];

type Config = Map<String, Value>;

/// Rewrites the config of a node of a canonical type.
pub(super) fn rewrite(kind: &str, config: &mut Config) {
    for (from, to) in renames(kind) {
        rename(config, from, to);
    }
    match kind {
        "loop" => loop_kind(config),
        "humanReview" => review(config),
        "conditional" if config.contains_key("expression") && !is_there(config, "leftValue") => {
            config.insert("conditionType".to_owned(), json!("expression"));
        }
        "switch" => switch(config),
        "wait" => wait(config),
        "shared-memory" => word(config, "operation", "set", "store"),
        "integration" => integration(config),
        "http" => {
            key_values(config, "headers");
            key_values(config, "queryParams");
            upper(config, "method");
        }
        "trigger" => word(config, "triggerType", "cron", "schedule"),
        "router" => values(config, "routes"),
        _ => {}
    }
}

/// Old and new keys of a type, in order of preference.
fn renames(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "loop" => &[
            ("collection", "arrayPath"),
            ("items", "arrayPath"),
            ("arrayVariable", "arrayPath"),
            ("array", "arrayPath"),
            ("arraySource", "arrayPath"),
            ("times", "count"),
        ],
        "transform" => &[("transformType", "operation")],
        "conditional" => &[("condition", "expression")],
        "switch" => &[("switchVariable", "expression"), ("inputVariable", "expression")],
        "wait" => &[("unit", "durationUnit"), ("untilDate", "timestamp")],
        "integration" => &[("action", "operation")],
        "knowledgeBaseQuery" => &[("queryText", "query"), ("similarityThreshold", "threshold")],
        "trigger" => &[("schedule", "cronExpression"), ("webhookProvider", "providerId")],
        "files" => &[
            ("inputVariable", "inputName"),
            ("allowedTypes", "allowedFileTypes"),
            ("acceptedTypes", "allowedFileTypes"),
        ],
        "vision" => &[("image", "imageInput")],
        "audioOutput" => &[("input", "textInput"), ("text", "textInput")],
        "audioTranscription" => &[("audioFile", "audioSource")],
        "ocrExtraction" => &[("image", "imageSource")],
        "pdfExtract" => &[("file", "path")],
        "chartGeneration" | "spreadsheetGeneration" => &[("data", "dataSource")],
        "code" => &[("memoryLimit", "memory")],
        _ => &[],
    }
}

/// The error strategy: `onError`, with the aliases of the config under it, which are taken out.
pub(super) fn on_error(config: &mut Config, written: Option<&Value>) -> Config {
    let inner = config.shift_remove("onError");
    let mut found = match (written, inner) {
        (Some(Value::Object(map)), _) => map.clone(),
        (_, Some(Value::Object(map))) => map,
        (Some(Value::String(word)), _) => Config::from_iter([("strategy".to_owned(), Value::from(word.as_str()))]),
        (_, Some(word @ Value::String(_))) => Config::from_iter([("strategy".to_owned(), word)]),
        _ => Config::new(),
    };
    for (from, to) in [
        ("errorStrategy", "strategy"),
        ("outputOnError", "fallbackValue"),
        ("gotoNodeId", "gotoNode"),
        ("fallbackNodeId", "fallbackNodeId"),
    ] {
        if let Some(value) = config.shift_remove(from).filter(|value| !value.is_null()) {
            found.entry(to).or_insert(value);
        }
    }
    rename(&mut found, "errorStrategy", "strategy");
    rename(&mut found, "outputOnError", "fallbackValue");
    rename(&mut found, "gotoNodeId", "gotoNode");
    found
}

/// Moves a value to its canonical key, unless that has one.
fn rename(config: &mut Config, from: &str, to: &str) {
    if let Some(value) = config.shift_remove(from)
        && !value.is_null()
        && !is_there(config, to)
    {
        config.insert(to.to_owned(), value);
    }
}

fn is_there(config: &Config, key: &str) -> bool {
    config.get(key).is_some_and(|value| !value.is_null())
}

/// Replaces one word in a field.
fn word(config: &mut Config, key: &str, from: &str, to: &str) {
    if config.get(key).and_then(Value::as_str) == Some(from) {
        config.insert(key.to_owned(), json!(to));
    }
}

fn upper(config: &mut Config, key: &str) {
    if let Some(text) = config.get(key).and_then(Value::as_str)
        && !text.contains("{{")
    {
        let text = text.trim().to_uppercase();
        config.insert(key.to_owned(), Value::from(text));
    }
}

/// `times` is `count`; a kind that is not given follows from what is.
fn loop_kind(config: &mut Config) {
    for (from, to) in [("times", "count"), ("foreach", "forEach"), ("for", "forEach"), ("repeat", "count")] {
        word(config, "loopType", from, to);
    }
    if is_there(config, "loopType") || is_there(config, "arrayPath") {
        return;
    }
    let kind = ["condition", "count"].into_iter().find(|key| is_there(config, key));
    if let Some(kind) = kind {
        let kind = if kind == "condition" { "while" } else { kind };
        config.insert("loopType".to_owned(), json!(kind));
    }
}

/// `reviewPrompt` is the question of a JSON answer; the variable has one name.
fn review(config: &mut Config) {
    if is_there(config, "reviewPrompt") && !is_there(config, "prompt") {
        config.entry("inputType").or_insert(json!("json"));
    }
    rename(config, "reviewPrompt", "prompt");
    for (from, to) in [("outputVariable", "variableName"), ("variableName", "outputVariable")] {
        if let Some(name) = config.get(from).filter(|name| name.is_string()).cloned()
            && !is_there(config, to)
        {
            config.insert(to.to_owned(), name);
        }
    }
}

fn switch(config: &mut Config) {
    if config.shift_remove("hasDefault").is_some_and(|has| has == json!(true)) {
        config.entry("defaultCase").or_insert(json!("default"));
    }
    values(config, "cases");
}

/// Plain texts in a list of cases or routes become `{value}`.
fn values(config: &mut Config, key: &str) {
    let Some(Value::Array(list)) = config.get_mut(key) else { return };
    for one in list {
        if one.is_string() || one.is_number() || one.is_boolean() {
            let value = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
            *one = json!({ "value": value });
        }
    }
}

fn wait(config: &mut Config) {
    if config.shift_remove("delayType").is_some_and(|kind| kind == json!("fixed")) {
        config.entry("waitType").or_insert(json!("duration"));
    }
    if is_there(config, "waitType") {
        return;
    }
    let has = |key: &str| is_there(config, key);
    let kind = if has("duration") || has("durationValue") {
        "duration"
    } else if has("timestamp") {
        "until"
    } else if has("condition") {
        "condition"
    } else if has("triggerType") || has("event") {
        "webhook"
    } else {
        "duration"
    };
    config.insert("waitType".to_owned(), json!(kind));
}

/// All keys that are not its own are parameters.
fn integration(config: &mut Config) {
    let loose: Vec<String> = config.keys().filter(|key| !INTEGRATION_OWN.contains(&key.as_str())).cloned().collect();
    if loose.is_empty() {
        return;
    }
    let mut parameters = match config.shift_remove("parameters") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        // A text that yields an object at run time cannot be joined with keys: it stays, and so do they.
        Some(other) => {
            config.insert("parameters".to_owned(), other);
            return;
        }
    };
    for key in loose {
        if let Some(value) = config.shift_remove(&key) {
            parameters.entry(key).or_insert(value);
        }
    }
    config.insert("parameters".to_owned(), Value::Object(parameters));
}

/// An object of names and values becomes a list of `{key, value}`.
fn key_values(config: &mut Config, key: &str) {
    let Some(Value::Object(map)) = config.get(key) else { return };
    let list: Vec<Value> = map.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    config.insert(key.to_owned(), Value::Array(list));
}
