//! Declared inputs: what a trigger or a form takes, and the check of values against it
//! (Flow API contract, section 3.4).

mod form;

use floe_model::FieldProblem;
use serde_json::{Map, Value};

pub use form::read_form;

/// One declared input.
#[derive(Debug, Clone, PartialEq)]
pub struct InputField {
    /// Key of the value.
    pub key: String,
    /// What it may hold.
    pub kind: InputKind,
    /// Whether it must be there; null counts as missing.
    pub required: bool,
    /// Filled in when missing.
    pub default: Option<Value>,
    /// Allowed values of a select.
    pub options: Vec<Value>,
}

/// Types of declared inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Text of one line.
    Text,
    /// Text of several lines.
    LongText,
    /// Number.
    Number,
    /// True or false.
    Boolean,
    /// Date or instant as text.
    Date,
    /// One of the options.
    Select,
    /// Some of the options.
    MultiSelect,
    /// Any JSON.
    Json,
    /// Array.
    Array,
    /// File reference: an object with `fileId`.
    File,
    /// E-mail address.
    Email,
    /// Absolute http or https address.
    Url,
}

impl InputKind {
    /// Every kind with its word.
    pub const ALL: [(Self, &'static str); 12] = [
        (Self::Text, "text"),
        (Self::LongText, "long-text"),
        (Self::Number, "number"),
        (Self::Boolean, "boolean"),
        (Self::Date, "date"),
        (Self::Select, "select"),
        (Self::MultiSelect, "multi-select"),
        (Self::Json, "json"),
        (Self::Array, "array"),
        (Self::File, "file"),
        (Self::Email, "email"),
        (Self::Url, "url"),
    ];

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// A declaration that cannot be read: pointer below the list, and why.
pub type DeclarationProblem = (String, String);

/// Reads a list of declarations. Keys are not checked against reserved names here, since forms may use any.
///
/// # Errors
/// The first declaration that is not one, with a JSON pointer relative to the list.
pub fn parse_fields(list: &Value) -> Result<Vec<InputField>, DeclarationProblem> {
    let Value::Array(items) = list else {
        return Err((String::new(), "must be a list of {key, label, type, required, default, options}".to_owned()));
    };
    let mut fields: Vec<InputField> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let field = parse_field(item).map_err(|(path, why)| (format!("/{index}{path}"), why))?;
        if fields.iter().any(|known| known.key == field.key) {
            return Err((format!("/{index}/key"), format!("the key {} is declared twice", field.key)));
        }
        fields.push(field);
    }
    Ok(fields)
}

/// Checks values against declarations: fills in defaults, passes undeclared keys through, converts nothing.
///
/// # Errors
/// Every wrong field; `path` points below `base`, e.g. `/amount`.
pub fn check_values(
    fields: &[InputField],
    mut values: Map<String, Value>,
    base: &str,
) -> Result<Map<String, Value>, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    for field in fields {
        let given = values.get(&field.key).filter(|value| !value.is_null());
        match (given, &field.default) {
            (Some(value), _) => {
                if let Err((code, why)) = check_value(field, value) {
                    problems.push(FieldProblem::new(pointer(base, &field.key), code, format!("{} {why}", field.key)));
                }
            }
            (None, Some(default)) => {
                values.insert(field.key.clone(), default.clone());
            }
            (None, None) if field.required => {
                let message = format!("{} is required", field.key);
                problems.push(FieldProblem::new(pointer(base, &field.key), "required", message));
            }
            (None, None) => {}
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// Whether a name is kept for the engine: `steps`, `secrets` and everything that begins with `_`
/// (Flow API contract, section 6.3).
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    name == "steps" || name == "secrets" || name.starts_with('_')
}

fn parse_field(item: &Value) -> Result<InputField, DeclarationProblem> {
    let Value::Object(map) = item else { return Err((String::new(), "must be an object".to_owned())) };
    let key = match map.get("key") {
        Some(Value::String(key)) if !key.is_empty() && key.len() <= 64 => key.clone(),
        _ => return Err(("/key".to_owned(), "must be a text of 1 to 64 characters".to_owned())),
    };
    let kind = match map.get("type") {
        None => InputKind::Text,
        Some(word) => word
            .as_str()
            .and_then(InputKind::parse)
            .ok_or_else(|| ("/type".to_owned(), format!("{word} is not an input type")))?,
    };
    let required = match map.get("required") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(required)) => *required,
        Some(_) => return Err(("/required".to_owned(), "must be true or false".to_owned())),
    };
    let options = match map.get("options") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(options)) => options.iter().map(option_value).collect(),
        Some(_) => return Err(("/options".to_owned(), "must be a list".to_owned())),
    };
    let default = map.get("default").filter(|value| !value.is_null()).cloned();
    let field = InputField { key, kind, required, default, options };
    if let Some(default) = &field.default
        && let Err((_, why)) = check_value(&field, default)
    {
        return Err(("/default".to_owned(), why));
    }
    Ok(field)
}

/// An option is a plain value, or `{label, value}`.
fn option_value(option: &Value) -> Value {
    option.get("value").unwrap_or(option).clone()
}

fn check_value(field: &InputField, value: &Value) -> Result<(), (&'static str, String)> {
    let allowed = |value: &Value| field.options.is_empty() || field.options.contains(value);
    let wrong = |what: &str| Err(("type", format!("must be {what}")));
    match (field.kind, value) {
        (InputKind::Text | InputKind::LongText, Value::String(_))
        | (InputKind::Number, Value::Number(_))
        | (InputKind::Boolean, Value::Bool(_))
        | (InputKind::Json, _)
        | (InputKind::Array, Value::Array(_)) => Ok(()),
        (InputKind::Text | InputKind::LongText, _) => wrong("a text"),
        (InputKind::Number, _) => wrong("a number"),
        (InputKind::Boolean, _) => wrong("true or false"),
        (InputKind::Array, _) => wrong("a list"),
        (InputKind::Select, value) if allowed(value) && !value.is_array() && !value.is_object() => Ok(()),
        (InputKind::Select, _) => Err(("option", "must be one of the options".to_owned())),
        (InputKind::MultiSelect, Value::Array(items)) if items.iter().all(allowed) => Ok(()),
        (InputKind::MultiSelect, Value::Array(_)) => Err(("option", "must hold only options".to_owned())),
        (InputKind::MultiSelect, _) => wrong("a list of options"),
        (InputKind::File, Value::Object(map)) if map.get("fileId").is_some_and(Value::is_string) => Ok(()),
        (InputKind::File, _) => wrong("an object with fileId"),
        (InputKind::Date, Value::String(text)) if is_date(text) => Ok(()),
        (InputKind::Date, _) => wrong("a date such as 2026-01-31 or 2026-01-31T09:00:00Z"),
        (InputKind::Email, Value::String(text)) if is_email(text) => Ok(()),
        (InputKind::Email, _) => wrong("an e-mail address"),
        (InputKind::Url, Value::String(text)) if is_url(text) => Ok(()),
        (InputKind::Url, _) => wrong("an http or https address"),
    }
}

fn is_date(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok()
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let clean = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.len() <= 254
        && clean(local)
        && clean(domain)
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace))
}

/// A JSON pointer to a key below a base (RFC 6901).
fn pointer(base: &str, key: &str) -> String {
    format!("{base}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(declared: Value, given: Value, expected: Result<Value, Vec<(&str, &str)>>) {
        let fields = parse_fields(&declared).expect("a readable declaration");
        let given = given.as_object().cloned().expect("an object");
        let result = check_values(&fields, given, "");
        match (result, expected) {
            (Ok(values), Ok(expected)) => assert_eq!(Value::Object(values), expected),
            (Err(problems), Err(expected)) => {
                let found: Vec<_> = problems.iter().map(|problem| (problem.path.as_str(), problem.code)).collect();
                assert_eq!(found, expected);
            }
            (result, expected) => panic!("{result:?} is not {expected:?}"),
        }
    }

    #[test]
    fn values_are_checked_and_never_converted() {
        let amount = json!([{ "key": "amount", "type": "number", "required": true }]);
        check(amount.clone(), json!({ "amount": 5, "more": 1 }), Ok(json!({ "amount": 5, "more": 1 })));
        check(amount.clone(), json!({ "amount": "5" }), Err(vec![("/amount", "type")]));
        check(amount.clone(), json!({ "amount": null }), Err(vec![("/amount", "required")]));
        check(amount, json!({}), Err(vec![("/amount", "required")]));
        let size = json!([{ "key": "size", "type": "select", "options": ["s", { "label": "Large", "value": "l" }], "default": "s" }]);
        check(size.clone(), json!({}), Ok(json!({ "size": "s" })));
        check(size.clone(), json!({ "size": "l" }), Ok(json!({ "size": "l" })));
        check(size, json!({ "size": "m" }), Err(vec![("/size", "option")]));
        let mail =
            json!([{ "key": "to", "type": "email" }, { "key": "at", "type": "date" }, { "key": "u", "type": "url" }]);
        check(
            mail.clone(),
            json!({ "to": "a@b.example", "at": "2026-02-29", "u": "https://x" }),
            Err(vec![("/at", "type")]),
        );
        check(mail, json!({ "to": "a b@c.de", "u": "ftp://x" }), Err(vec![("/to", "type"), ("/u", "type")]));
    }

    #[test]
    fn bad_declarations_are_pointed_at() {
        for (declared, path) in [
            (json!({}), ""),
            (json!([1]), "/0"),
            (json!([{ "key": "" }]), "/0/key"),
            (json!([{ "key": "a", "type": "colour" }]), "/0/type"),
            (json!([{ "key": "a" }, { "key": "a" }]), "/1/key"),
            (json!([{ "key": "a", "type": "number", "default": "x" }]), "/0/default"),
        ] {
            assert_eq!(parse_fields(&declared).expect_err("refused").0, path);
        }
    }
}
