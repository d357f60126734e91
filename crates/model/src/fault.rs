//! What a caller is told when something cannot be done.
//!
//! A [`Fault`] has a kind (from which each surface derives its status), a stable code, and a sentence for the caller.
//! What happened inside stays in `source`, which is logged once and never shown.

use std::fmt;

use serde_json::Value;

/// Seconds after which somebody may have made room.
const STORAGE_FULL_RETRY_S: u64 = 10;

/// The class of a fault; each surface maps kinds to statuses in its own `errors.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The request itself is wrong: syntax, type, range.
    Invalid,
    /// No credential, or one that is unknown, expired or revoked.
    Unauthenticated,
    /// Money or credits for this are missing (HTTP 402).
    PaymentRequired,
    /// The caller is known and may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not know that there is.
    NotFound,
    /// The method does not exist on this path.
    MethodNotAllowed,
    /// The thing is in a state that does not allow this.
    Conflict,
    /// The thing is gone for good: an expired or used link.
    Gone,
    /// The caller's copy is stale (`If-Match`).
    Stale,
    /// The body is over a limit.
    TooLarge,
    /// The body is of a type that the route does not take.
    UnsupportedMedia,
    /// Understood, and cannot be carried out as it is.
    Unprocessable,
    /// The request was sent to a host name that is not ours (HTTP 421).
    Misdirected,
    /// Over a rate limit; `retry_after_s` says when to come again.
    RateLimited,
    /// A bound of this server is reached; try again later.
    Overloaded,
    /// There is no room left to write; reading goes on (HTTP 507).
    StorageFull,
    /// Our own failure; the message says nothing about the inside.
    Internal,
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// JSON pointer to the field, e.g. `/data/amount`.
    pub path: String,
    /// Stable word, e.g. `required`, `type`, `range`.
    pub code: &'static str,
    /// Sentence for a person.
    pub message: String,
}

impl FieldProblem {
    /// A problem at `path`.
    pub fn new(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into() }
    }
}

/// A refusal or failure that a caller can see.
#[derive(Debug)]
pub struct Fault(Box<FaultBody>);

#[derive(Debug)]
struct FaultBody {
    kind: FaultKind,
    code: &'static str,
    message: String,
    fields: Vec<FieldProblem>,
    details: Option<Value>,
    retry_after_s: Option<u64>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault of a kind with a stable code and a sentence for the caller.
    pub fn new(kind: FaultKind, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(FaultBody {
            kind,
            code,
            message: message.into(),
            fields: Vec::new(),
            details: None,
            retry_after_s: None,
            source: None,
        }))
    }

    /// Bad fields in the request.
    #[must_use]
    pub fn validation(fields: Vec<FieldProblem>) -> Self {
        let message = match fields.first() {
            Some(first) if fields.len() == 1 => first.message.clone(),
            Some(first) => format!("{} (and {} more)", first.message, fields.len() - 1),
            None => "The request is not valid".to_owned(),
        };
        let mut fault = Self::new(FaultKind::Invalid, "validation_error", message);
        fault.0.fields = fields;
        fault
    }

    /// One bad field in the request.
    pub fn field(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::validation(vec![FieldProblem::new(path, code, message)])
    }

    /// There is no such thing (`what` as in "Flow").
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(FaultKind::NotFound, "not_found", format!("{what} not found"))
    }

    /// The state does not allow this.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(FaultKind::Conflict, code, message)
    }

    /// The caller may not do this.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(FaultKind::Forbidden, "forbidden", message)
    }

    /// There is no room left on the disk of the database; nothing of the request was kept.
    #[must_use]
    pub fn storage_full() -> Self {
        Self::new(FaultKind::StorageFull, "storage_full", "There is no room left to store this; nothing was changed")
            .with_retry_after(STORAGE_FULL_RETRY_S)
    }

    /// Our own failure; `source` is logged, never shown.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut fault = Self::new(FaultKind::Internal, "internal_error", "Something went wrong on our side");
        fault.0.source = Some(source.into());
        fault
    }

    /// Names the fields that are the reason.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldProblem>) -> Self {
        self.0.fields = fields;
        self
    }

    /// Adds facts for programs, shown beside the message.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    /// Says after how many seconds a repeat makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// The class.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        self.0.kind
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The sentence for the caller.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The wrong fields, when the request itself was wrong.
    #[must_use]
    pub fn fields(&self) -> &[FieldProblem] {
        &self.0.fields
    }

    /// Facts for programs.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    /// Seconds after which a repeat makes sense.
    #[must_use]
    pub fn retry_after_s(&self) -> Option<u64> {
        self.0.retry_after_s
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source.as_ref() as &(dyn std::error::Error + 'static))
    }
}
