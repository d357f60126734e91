//! The connection of an agent to a WhatsApp number (Agents contract, section 5).

use serde_json::{Map, Value};

use crate::FieldProblem;

/// What stands for a token wherever one is read; sent back, it keeps the stored one.
const KEPT: &str = "***";
/// Characters of a token at most.
const TOKEN_MAX: usize = 4_096;
/// Characters of a token from which its last ones may be shown.
const TAIL_FROM: usize = 12;
/// How many of them.
const TAIL: usize = 4;
/// Digits of an id of the Graph API at most.
const ID_MAX: usize = 32;
/// Characters of the shown number at most.
const SHOWN_MAX: usize = 40;

/// A connection as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionInput {
    /// The number's id at the Graph API, digits.
    pub phone_number_id: String,
    /// Its token; none to keep the stored one.
    pub access_token: Option<String>,
    /// The account that it belongs to, digits.
    pub business_account_id: Option<String>,
    /// The number as people read it.
    pub display_phone_number: Option<String>,
}

impl ConnectionInput {
    /// Reads a body; unknown members are left to the caller.
    ///
    /// # Errors
    /// Every wrong field; never a value.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let input = Self {
            phone_number_id: digits(body, "phone_number_id", true, &mut problems).unwrap_or_default(),
            access_token: token(body, &mut problems),
            business_account_id: digits(body, "business_account_id", false, &mut problems),
            display_phone_number: shown(body, &mut problems),
        };
        if problems.is_empty() { Ok(input) } else { Err(problems) }
    }
}

/// The last characters of a token that is long enough for them to tell little.
#[must_use]
pub fn token_tail(token: &str) -> Option<String> {
    let letters: Vec<char> = token.chars().collect();
    (letters.len() >= TAIL_FROM).then(|| letters[letters.len() - TAIL..].iter().collect())
}

fn digits(
    body: &Map<String, Value>,
    key: &'static str,
    required: bool,
    problems: &mut Vec<FieldProblem>,
) -> Option<String> {
    let value = body.get(key).filter(|value| !value.is_null());
    match value.map(Value::as_str) {
        None if required => {
            problems.push(FieldProblem::new(format!("/{key}"), "required", format!("{key} is required")))
        }
        None => {}
        Some(Some(text)) if (1..=ID_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Some(text.to_owned());
        }
        Some(_) => {
            let message = format!("{key} must be a text of 1 to {ID_MAX} digits");
            problems.push(FieldProblem::new(format!("/{key}"), "value", message));
        }
    }
    None
}

/// A token can be sent in a header: visible characters only.
fn token(body: &Map<String, Value>, problems: &mut Vec<FieldProblem>) -> Option<String> {
    let value = body.get("access_token").filter(|value| !value.is_null())?;
    let fits = |text: &&str| (1..=TOKEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    match value.as_str().filter(fits) {
        Some(KEPT) => None,
        Some(token) => Some(token.to_owned()),
        None => {
            let message = "access_token must be a text without blanks";
            problems.push(FieldProblem::new("/access_token", "value", message));
            None
        }
    }
}

fn shown(body: &Map<String, Value>, problems: &mut Vec<FieldProblem>) -> Option<String> {
    let value = body.get("display_phone_number").filter(|value| !value.is_null())?;
    let fits = |text: &&str| text.chars().count() <= SHOWN_MAX && !text.chars().any(char::is_control);
    match value.as_str().map(str::trim).filter(fits) {
        Some("") => None,
        Some(text) => Some(text.to_owned()),
        None => {
            let message = format!("display_phone_number must be a text of at most {SHOWN_MAX} characters");
            problems.push(FieldProblem::new("/display_phone_number", "value", message));
            None
        }
    }
}

impl std::fmt::Debug for ConnectionInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionInput").field("phone_number_id", &self.phone_number_id).finish_non_exhaustive()
    }
}
