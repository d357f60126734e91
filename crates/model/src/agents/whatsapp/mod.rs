//! WhatsApp templates: what a caller may ask to be sent, what is sent on, and what an answer of the Graph API means (Agents
//! contract, section 4).

mod connection;
mod graph;

use serde_json::{Map, Value, json};

pub use connection::{ConnectionInput, token_tail};
pub use graph::{GraphError, Judgement, Meaning, error_of, judge};

/// Characters of a template's name at most.
const TEMPLATE_MAX: usize = 512;
/// Digits of a phone number, with its country code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Characters of a message in its thread at most.
const SHOWN_MAX: usize = 4_096;
/// Characters of a customer's name at most.
const CUSTOMER_MAX: usize = 200;

/// A template that is to be sent; everything in it was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateMessage {
    /// Country code and number, digits only.
    pub to: String,
    /// Name of the template.
    pub template: String,
    /// Language code, e.g. `en_US`.
    pub language: String,
    /// Name for a contact that has none yet.
    pub customer_name: Option<String>,
    /// Component objects, sent on unchanged; empty for none.
    pub components: Vec<Value>,
}

/// Why a body cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Stable word, for which the agent API has its own words in `error`.
    pub code: &'static str,
    /// Member `message` of the answer.
    pub message: String,
}

impl TemplateMessage {
    /// Reads a body. Unknown members are ignored, null counts as absent.
    ///
    /// # Errors
    /// What is missing is told before what is wrong.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Refused> {
        let given = |key: &str| body.get(key).filter(|value| !is_empty(value));
        let (Some(to), Some(template)) = (given("recipient_phone_number"), given("template_name")) else {
            return Err(missing("recipient_phone_number and template_name are required"));
        };
        let language = given("language").ok_or_else(|| missing("language is required"))?;
        Ok(Self {
            to: phone_number(to)?,
            template: template_name(template)?,
            language: language_code(language)?,
            customer_name: given("customer_name").map(customer_name).transpose()?,
            components: body.get("parameters").filter(|value| !value.is_null()).map_or(Ok(Vec::new()), components)?,
        })
    }

    /// What is sent on (Agents contract, section 4.1).
    #[must_use]
    pub fn payload(&self) -> Value {
        let mut template = json!({ "name": self.template, "language": { "code": self.language } });
        if let (false, Some(members)) = (self.components.is_empty(), template.as_object_mut()) {
            members.insert("components".to_owned(), Value::Array(self.components.clone()));
        }
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": self.to, "type": "template",
            "template": template,
        })
    }

    /// What the network would answer, for test mode: nothing is sent, and the id says so (console contract, section 2.5).
    #[must_use]
    pub fn test_answer(&self, id: &str) -> Value {
        json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": self.to, "wa_id": self.to }],
            "messages": [{ "id": format!("wamid.test{id}") }],
        })
    }

    /// The alias of the thread in which it is kept (Agents contract, section 4.3).
    #[must_use]
    pub fn thread_alias(&self) -> String {
        format!("wa:{}", self.to)
    }

    /// What the thread shows: the template's name, its language, and its parameters in order.
    #[must_use]
    pub fn shown(&self) -> String {
        let texts: Vec<&str> = self.components.iter().flat_map(texts_of).collect();
        let title = format!("WhatsApp template {} ({})", self.template, self.language);
        let shown = if texts.is_empty() { title } else { format!("{title}: {}", texts.join(", ")) };
        shown.chars().take(SHOWN_MAX).collect()
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn missing(message: &str) -> Refused {
    Refused { code: "missing_fields", message: message.to_owned() }
}

/// Digits of a number as people write it.
fn phone_number(value: &Value) -> Result<String, Refused> {
    let refused = || Refused {
        code: "invalid_phone_number",
        message: "recipient_phone_number must be a country code and number of 7 to 15 digits".to_owned(),
    };
    let written = value.as_str().ok_or_else(refused)?;
    let bare: String =
        written.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '(' | ')')).collect();
    let digits = bare.strip_prefix('+').or_else(|| bare.strip_prefix("00")).unwrap_or(&bare);
    let fits = DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits && !digits.starts_with('0') { Ok(digits.to_owned()) } else { Err(refused()) }
}

fn template_name(value: &Value) -> Result<String, Refused> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match value.as_str() {
        Some(name) if name.len() <= TEMPLATE_MAX && name.bytes().all(fits) => Ok(name.to_owned()),
        _ => Err(Refused {
            code: "invalid_template_name",
            message: "template_name must be 1 to 512 lower-case letters, digits or _".to_owned(),
        }),
    }
}

fn language_code(value: &Value) -> Result<String, Refused> {
    match value.as_str() {
        Some(code) if is_language(code) => Ok(code.to_owned()),
        _ => {
            Err(Refused { code: "invalid_language", message: "language must be a code such as en or en_US".to_owned() })
        }
    }
}

/// Two or three lower-case letters, optionally `_` and a region (two or three capitals, or three digits) or a script (`Latn`).
fn is_language(code: &str) -> bool {
    let (language, more) = code.split_once('_').map_or((code, None), |(language, more)| (language, Some(more)));
    let is_name = matches!(language.len(), 2 | 3) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_more = more.is_none_or(|more| match more.as_bytes() {
        [_, _] => more.bytes().all(|byte| byte.is_ascii_uppercase()),
        [_, _, _] => {
            more.bytes().all(|byte| byte.is_ascii_uppercase()) || more.bytes().all(|byte| byte.is_ascii_digit())
        }
        [first, rest @ ..] if rest.len() == 3 => first.is_ascii_uppercase() && rest.iter().all(u8::is_ascii_lowercase),
        _ => false,
    });
    is_name && is_more
}

fn customer_name(value: &Value) -> Result<String, Refused> {
    let name = value.as_str().map(str::trim);
    match name {
        Some(name) if name.chars().count() <= CUSTOMER_MAX && !name.chars().any(char::is_control) => {
            Ok(name.to_owned())
        }
        _ => Err(Refused {
            code: "invalid_customer_name",
            message: "customer_name must be a string of at most 200 characters".to_owned(),
        }),
    }
}

/// Only the form is checked, so that new kinds work without a release of ours (Agents contract, section 4.1).
fn components(value: &Value) -> Result<Vec<Value>, Refused> {
    let refused = |message: String| Refused { code: "invalid_parameters", message };
    let list = value.as_array();
    let list = list.ok_or_else(|| refused("parameters must be an array of component objects".to_owned()))?;
    for (n, component) in list.iter().enumerate() {
        let path = format!("parameters[{n}]");
        check_object(component, &path).map_err(refused)?;
        let Some(parameters) = component.get("parameters").filter(|value| !value.is_null()) else { continue };
        let parameters = parameters.as_array().ok_or_else(|| refused(format!("{path}.parameters must be an array")))?;
        for (m, parameter) in parameters.iter().enumerate() {
            check_object(parameter, &format!("{path}.parameters[{m}]")).map_err(refused)?;
        }
    }
    Ok(list.clone())
}

fn check_object(value: &Value, path: &str) -> Result<(), String> {
    if !value.is_object() {
        return Err(format!("{path} must be an object"));
    }
    match value.get("type").and_then(Value::as_str) {
        Some(kind) if !kind.is_empty() => Ok(()),
        _ => Err(format!("{path}.type must be a non-empty string")),
    }
}

/// What people see of a component's parameters: a text, what stands for a value, where a file is, else what kind it is.
fn texts_of(component: &Value) -> Vec<&str> {
    let parameters = component.get("parameters").and_then(Value::as_array);
    parameters.into_iter().flatten().filter_map(text_of).collect()
}

fn text_of(parameter: &Value) -> Option<&str> {
    let kind = parameter.get("type")?.as_str()?;
    let Some(value) = parameter.get(kind) else { return Some(kind) };
    let inner = ["fallback_value", "link", "id"].iter().find_map(|key| value.get(key)?.as_str());
    Some(value.as_str().or(inner).unwrap_or(kind))
}

#[cfg(test)]
mod tests;
