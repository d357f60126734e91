//! The address of a tool, with places for arguments.

use floe_runtime::tools::ToolFault;
use serde_json::{Map, Value};
use url::Url;

/// Bytes of an argument in an address at most.
const PART_BYTES_MAX: usize = 2_048;
/// Places in an address at most.
const PLACES_MAX: usize = 20;

/// A URL with `{names}` in its path and query.
pub(super) struct Address {
    parts: Vec<Part>,
    /// How many parts the path has, whatever the arguments.
    segments: usize,
    origin: String,
}

enum Part {
    Text(String),
    Place(String),
}

impl Address {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(template: &str) -> Result<Self, &'static str> {
        let parts = split(template)?;
        let sample: String = parts.iter().map(|part| if let Part::Text(text) = part { text } else { "x" }).collect();
        let url = Url::parse(&sample).map_err(|_| "url must be an absolute http or https URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("url must be an absolute http or https URL");
        }
        // Where it goes is the author's word alone: the first place comes after scheme, host and port.
        let first = parts.first().and_then(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
        let is_fixed = parts.len() < 2 || first.is_some_and(has_path);
        if !is_fixed || url.fragment().is_some() {
            return Err("url may have {names} in its path and query only, and no fragment");
        }
        Ok(Self { segments: count_segments(&url), origin: url.origin().ascii_serialization(), parts })
    }

    /// The URL with the arguments that it names, which are taken out; the others become its query when asked for.
    ///
    /// # Errors
    /// `invalid_arguments` for one that is missing, or cannot stand in an address.
    pub(super) fn with(&self, arguments: &mut Map<String, Value>, rest_as_query: bool) -> Result<String, ToolFault> {
        let mut url = String::new();
        let mut used = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => url.push_str(text),
                Part::Place(name) => {
                    url.push_str(&encoded(&plain(name, arguments.get(name))?));
                    used.push(name);
                }
            }
        }
        for name in used {
            arguments.shift_remove(name);
        }
        let mut url = Url::parse(&url).map_err(|_| wrong("The arguments do not make an address".to_owned()))?;
        // Parts such as `..` would lead elsewhere.
        if count_segments(&url) != self.segments || url.origin().ascii_serialization() != self.origin {
            return Err(wrong("An argument in the address must be a plain value".to_owned()));
        }
        if rest_as_query && !arguments.is_empty() {
            let mut query = url.query_pairs_mut();
            for (name, value) in std::mem::take(arguments) {
                match value {
                    Value::Null => {}
                    Value::Array(items) => {
                        for item in items {
                            query.append_pair(&name, &written(&item));
                        }
                    }
                    value => {
                        query.append_pair(&name, &written(&value));
                    }
                }
            }
        }
        Ok(url.into())
    }
}

fn split(template: &str) -> Result<Vec<Part>, &'static str> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("url has a { without its }")?;
        if name.is_empty() || parts.len() > PLACES_MAX * 2 {
            return Err("url has an empty {}, or too many places");
        }
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Place(name.to_owned()));
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

/// Whether the beginning of a URL reaches into its path or query, so that nothing after it changes the host.
fn has_path(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, after)| after.contains(['/', '?']))
}

fn count_segments(url: &Url) -> usize {
    url.path_segments().map_or(0, Iterator::count)
}

fn plain(name: &str, value: Option<&Value>) -> Result<String, ToolFault> {
    let text = match value {
        None | Some(Value::Null) => return Err(wrong(format!("{name} is required"))),
        Some(Value::Array(_) | Value::Object(_)) => return Err(wrong(format!("{name} must be a plain value"))),
        Some(value) => written(value),
    };
    if text.is_empty() || text.len() > PART_BYTES_MAX {
        return Err(wrong(format!("{name} must have 1 to {PART_BYTES_MAX} bytes")));
    }
    Ok(text)
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Everything but unreserved characters (RFC 3986, section 2.3) as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn wrong(message: String) -> ToolFault {
    ToolFault::new("invalid_arguments", message)
}
