//! Reading rules: every problem at once, with its path.

use regex::RegexBuilder;
use serde_json::{Map, Value};

use super::{
    Action, Guardrails, LENGTH_MAX, MESSAGE_CHARS_MAX, PATTERN_BYTES_MAX, PATTERN_CHARS_MAX, PiiKind, RULES_MAX, Rule,
    TOPIC_CHARS_MAX, TOPICS_MAX, What,
};
use crate::FieldProblem;

struct Problems(Vec<FieldProblem>);

impl Problems {
    fn add(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        self.0.push(FieldProblem::new(path, code, message));
    }
}

pub(super) fn read(value: &Value, path: &str) -> Result<Guardrails, Vec<FieldProblem>> {
    let mut problems = Problems(Vec::new());
    let rails = match value {
        Value::Null => Guardrails::default(),
        Value::Object(map) => Guardrails {
            input: side(map.get("input"), &format!("{path}/input"), &mut problems),
            output: side(map.get("output"), &format!("{path}/output"), &mut problems),
        },
        _ => {
            problems.add(path, "type", "guardrails must be an object with input and output");
            Guardrails::default()
        }
    };
    if problems.0.is_empty() { Ok(rails) } else { Err(problems.0) }
}

fn side(value: Option<&Value>, path: &str, problems: &mut Problems) -> Vec<Rule> {
    let items = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => {
            problems.add(path, "type", "must be a list of rules");
            return Vec::new();
        }
    };
    if items.len() > RULES_MAX {
        problems.add(path, "length", format!("must hold at most {RULES_MAX} rules"));
        return Vec::new();
    }
    items.iter().enumerate().filter_map(|(at, item)| rule(item, &format!("{path}/{at}"), problems)).collect()
}

fn rule(value: &Value, path: &str, problems: &mut Problems) -> Option<Rule> {
    let Value::Object(map) = value else {
        problems.add(path, "type", "a rule must be an object");
        return None;
    };
    let action = map.get("action").and_then(Value::as_str).and_then(Action::parse);
    if action.is_none() {
        problems.add(&format!("{path}/action"), "value", "action must be block, redact or flag");
    }
    let message = match map.get("message") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.chars().count() <= MESSAGE_CHARS_MAX => {
            Some(text.clone()).filter(|text| !text.is_empty())
        }
        Some(_) => {
            let text = format!("message must be a text of at most {MESSAGE_CHARS_MAX} characters");
            problems.add(&format!("{path}/message"), "value", text);
            None
        }
    };
    let what = match map.get("type").and_then(Value::as_str) {
        Some("regex") => pattern(map, path, problems),
        Some("pii") => kinds(map, path, problems),
        Some("max_length") => max(map, path, problems),
        Some("topic") => topics(map, path, problems),
        _ => {
            problems.add(&format!("{path}/type"), "value", "type must be regex, pii, max_length or topic");
            None
        }
    };
    Some(Rule { action: action?, message, what: what? })
}

fn pattern(map: &Map<String, Value>, path: &str, problems: &mut Problems) -> Option<What> {
    let path = format!("{path}/pattern");
    let text = map.get("pattern").and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(text) = text.filter(|text| text.chars().count() <= PATTERN_CHARS_MAX) else {
        problems.add(&path, "value", format!("pattern must be a text of 1 to {PATTERN_CHARS_MAX} characters"));
        return None;
    };
    match RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build() {
        Ok(compiled) => Some(What::Pattern { text: text.to_owned(), compiled }),
        Err(regex::Error::CompiledTooBig(_)) => {
            problems.add(&path, "pattern", "pattern is too large when it is compiled");
            None
        }
        Err(_) => {
            problems.add(
                &path,
                "pattern",
                "pattern is not a regular expression; look-around and back-references are none",
            );
            None
        }
    }
}

fn kinds(map: &Map<String, Value>, path: &str, problems: &mut Problems) -> Option<What> {
    let words = match map.get("kinds") {
        None | Some(Value::Null) => return Some(What::Pii(PiiKind::ALL.to_vec())),
        Some(Value::Array(words)) if !words.is_empty() => words,
        Some(_) => &Vec::new(),
    };
    let read: Option<Vec<PiiKind>> = words.iter().map(|word| PiiKind::parse(word.as_str()?)).collect();
    match read {
        Some(mut kinds) if !kinds.is_empty() => {
            // What can be told from less is looked for first, whatever the order in which they were named.
            kinds.sort_unstable();
            kinds.dedup();
            Some(What::Pii(kinds))
        }
        _ => {
            let words: Vec<&str> = PiiKind::ALL.iter().map(|kind| kind.as_str()).collect();
            problems.add(&format!("{path}/kinds"), "value", format!("kinds must be a list of {}", words.join(", ")));
            None
        }
    }
}

fn max(map: &Map<String, Value>, path: &str, problems: &mut Problems) -> Option<What> {
    let max = map.get("max").and_then(Value::as_u64).filter(|max| (1..=LENGTH_MAX).contains(max));
    match max.and_then(|max| usize::try_from(max).ok()) {
        Some(max) => Some(What::MaxLength(max)),
        None => {
            problems.add(&format!("{path}/max"), "range", format!("max must be a whole number from 1 to {LENGTH_MAX}"));
            None
        }
    }
}

fn topics(map: &Map<String, Value>, path: &str, problems: &mut Problems) -> Option<What> {
    let items = map.get("topics").and_then(Value::as_array).filter(|items| (1..=TOPICS_MAX).contains(&items.len()));
    let is_topic = |text: &&str| !text.trim().is_empty() && text.chars().count() <= TOPIC_CHARS_MAX;
    let texts: Option<Vec<String>> =
        items.and_then(|items| items.iter().map(|item| item.as_str().filter(is_topic).map(str::to_owned)).collect());
    let compiled = texts.as_deref().and_then(topic_pattern);
    match (texts, compiled) {
        (Some(topics), Some(compiled)) => Some(What::Topics { topics, compiled }),
        _ => {
            let text = format!("topics must be a list of 1 to {TOPICS_MAX} texts of 1 to {TOPIC_CHARS_MAX} characters");
            problems.add(&format!("{path}/topics"), "value", text);
            None
        }
    }
}

/// Any of the topics as whole words, in the singular or with a plain ending of the plural.
fn topic_pattern(topics: &[String]) -> Option<regex::Regex> {
    let phrase = |topic: &String| {
        let words: Vec<String> = topic.split_whitespace().map(regex::escape).collect();
        words.join(r"\s+")
    };
    let any: Vec<String> = topics.iter().map(phrase).collect();
    // Topics may begin or end with a sign, where there is no edge of a word to look for.
    let pattern = format!(r"(?i)(?:^|\b|\s)(?:{})(?:e?s)?(?:$|\b|\s)", any.join("|"));
    RegexBuilder::new(&pattern).size_limit(PATTERN_BYTES_MAX * 8).build().ok()
}
