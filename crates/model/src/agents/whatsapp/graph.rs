//! What an answer of the Graph API means (Agents contract, section 4.2).

use serde_json::{Value, json};

/// Characters of a text of the Graph API that are passed on at most.
const TEXT_MAX: usize = 2_000;

/// The error object of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphError {
    /// What happened, in a sentence.
    pub message: String,
    /// What the answer is judged by.
    pub code: Option<i64>,
    /// A group of codes.
    pub kind: Option<String>,
    /// What exactly is wrong.
    pub details: Option<String>,
    /// What to give to Meta's support.
    pub fbtrace_id: Option<String>,
}

/// What a caller is told when a message was not sent, or may not have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The message is wrong or cannot reach this recipient: 400.
    Refused,
    /// Too much at a time: 429.
    Limited,
    /// The token or the rights of the account: 502.
    Rights,
    /// The other side's fault, and the message may have gone out: 502.
    Theirs,
    /// No answer in time, and the message may have gone out: 504.
    Late,
}

/// A judged answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What it means.
    pub meaning: Meaning,
    /// What the other side said.
    pub error: GraphError,
}

impl Meaning {
    /// The HTTP status of our answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Refused => 400,
            Self::Limited => 429,
            Self::Rights | Self::Theirs => 502,
            Self::Late => 504,
        }
    }

    /// Seconds after which a repeat makes sense.
    #[must_use]
    pub const fn retry_after_s(self) -> Option<u64> {
        match self {
            Self::Limited => Some(60),
            _ => None,
        }
    }

    /// Whether the connection needs a person's attention from now on.
    #[must_use]
    pub const fn needs_attention(self) -> bool {
        matches!(self, Self::Rights)
    }

    /// The status of the activity: `unknown` for what a 502 or 504 was answered.
    #[must_use]
    pub const fn activity_status(self) -> &'static str {
        match self {
            Self::Refused | Self::Limited => "error",
            Self::Rights | Self::Theirs | Self::Late => "unknown",
        }
    }
}

impl Judgement {
    /// No answer that could be read.
    #[must_use]
    pub fn unreadable() -> Self {
        Self::without_answer(Meaning::Theirs, "The WhatsApp API gave no answer that can be read")
    }

    /// No answer in time.
    #[must_use]
    pub fn late() -> Self {
        Self::without_answer(Meaning::Late, "The WhatsApp API did not answer in time")
    }

    fn without_answer(meaning: Meaning, message: &str) -> Self {
        Self { meaning, error: GraphError { message: message.to_owned(), ..GraphError::default() } }
    }

    /// The body of our answer.
    #[must_use]
    pub fn body(&self) -> Value {
        let GraphError { message, code, kind, details, fbtrace_id } = &self.error;
        json!({
            "error": "WhatsApp API error", "message": message,
            "details": { "code": code, "type": kind, "details": details, "fbtrace_id": fbtrace_id },
        })
    }
}

/// The error of an answer; `None` for one that tells of none.
#[must_use]
pub fn error_of(answer: &Value) -> Option<GraphError> {
    let error = answer.get("error")?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(cut);
    let message = text(error.get("message")).or_else(|| text(Some(error)));
    Some(GraphError {
        message: message.unwrap_or_else(|| "The WhatsApp API refused the message".to_owned()),
        code: error.get("code").and_then(Value::as_i64),
        kind: text(error.get("type")),
        details: text(error.pointer("/error_data/details")),
        fbtrace_id: text(error.get("fbtrace_id")),
    })
}

/// Judges an answer with this HTTP status; `None` when the message was taken.
#[must_use]
pub fn judge(status: u16, answer: Option<&Value>) -> Option<Judgement> {
    let Some(answer) = answer.filter(|answer| answer.is_object()) else { return Some(Judgement::unreadable()) };
    match error_of(answer) {
        Some(error) => {
            let meaning = error.code.and_then(by_code).unwrap_or_else(|| by_status(status));
            Some(Judgement { meaning, error })
        }
        None if (200..300).contains(&status) => None,
        None => {
            let message = format!("The WhatsApp API answered with status {status}");
            Some(Judgement { meaning: by_status(status), error: GraphError { message, ..GraphError::default() } })
        }
    }
}

/// The code is the thing to judge by; `None` for one that the contract does not list.
const fn by_code(code: i64) -> Option<Meaning> {
    Some(match code {
        // A parameter that is bad, missing or unsupported.
        100 | 131_008 | 131_009 | 131_051 => Meaning::Refused,
        // The template.
        132_000 | 132_001 | 132_005 | 132_007 | 132_012 | 132_015 | 132_016 => Meaning::Refused,
        // The recipient.
        131_021 | 131_026 | 131_047 | 131_049 | 131_050 => Meaning::Refused,
        // Limits: app, account, throughput, spam, pair.
        4 | 80_007 | 130_429 | 131_048 | 131_056 => Meaning::Limited,
        // Token or rights of the account.
        0 | 3 | 10 | 190 | 200..=299 | 131_005 | 131_031 | 368 => Meaning::Rights,
        1 | 2 | 131_000 | 131_016 | 133_004 => Meaning::Theirs,
        _ => return None,
    })
}

const fn by_status(status: u16) -> Meaning {
    match status {
        429 => Meaning::Limited,
        400..=499 => Meaning::Refused,
        _ => Meaning::Theirs,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}
