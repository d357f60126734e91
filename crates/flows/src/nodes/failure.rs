//! Failures of nodes, with the codes of the Workflow API contract, section 17. Those that may pass by themselves are repeated.

use floe_engine::event::StepError;
use floe_model::Fault;
use floe_runtime::documents::child::ReadFailure;
use floe_runtime::outside::{ConnectFailure, OutsideError};
use serde_json::json;

/// The configuration cannot be used. Messages name fields and never their values, which may be secret.
pub(super) fn invalid(message: impl Into<String>) -> StepError {
    StepError::new("VALIDATION", message)
}

/// There is nothing under that name.
pub(super) fn not_found(message: impl Into<String>) -> StepError {
    StepError::new("NOT_FOUND", message)
}

/// This server or workspace has not been given what the node needs.
pub(super) fn not_configured(message: impl Into<String>) -> StepError {
    StepError::new("NOT_CONFIGURED", message)
}

/// The credentials are not taken, or not for this.
pub(super) fn auth(message: impl Into<String>) -> StepError {
    StepError::new("AUTH", message)
}

/// Nobody answered.
pub(super) fn network(message: impl Into<String>) -> StepError {
    StepError::retryable("NETWORK", message)
}

/// It took too long.
pub(super) fn timeout(message: impl Into<String>) -> StepError {
    StepError::retryable("TIMEOUT", message)
}

/// The server is at fault; what happened stands in its log.
pub(super) fn internal(fault: &Fault) -> StepError {
    tracing::error!(%fault, source = ?std::error::Error::source(fault), "a node cannot be performed");
    StepError::new("INTERNAL", "The node broke off")
}

/// A call that gave no answer; `what` begins the message.
pub(super) fn of_outside(what: &str, error: OutsideError) -> StepError {
    let message = format!("{what} failed: {error}");
    match error {
        OutsideError::InvalidUrl(_) | OutsideError::TooLarge { .. } => invalid(message),
        OutsideError::Blocked(refusal) => {
            StepError::new("ADDRESS_BLOCKED", message).with_details(json!({ "reason": refusal.code() }))
        }
        OutsideError::Timeout { .. } | OutsideError::Connect(ConnectFailure::Timeout) => timeout(message),
        OutsideError::Withheld => StepError::retryable("TRANSIENT", message),
        OutsideError::TooManyRedirects { .. } => StepError::new("NETWORK", message),
        OutsideError::Connect(_) | OutsideError::Tls(_) | OutsideError::Protocol(_) => network(message),
    }
}

/// An answer whose status says that nothing came of the call; none when something did.
pub(super) fn of_status(what: &str, status: u16) -> Option<StepError> {
    let (code, may_pass) = match status {
        status if status < 400 => return None,
        401 | 403 => ("AUTH", false),
        404 | 410 => ("NOT_FOUND", false),
        408 | 425 => ("TIMEOUT", true),
        429 => ("RATE_LIMIT", true),
        status if status >= 500 => ("SERVER_ERROR", true),
        _ => ("VALIDATION", false),
    };
    let error = StepError::new(code, format!("{what} answered with status {status}"));
    Some(StepError { retryable: may_pass, ..error.with_details(json!({ "status": status })) })
}

/// A file that says nothing.
pub(super) fn of_reading(name: &str, failure: ReadFailure) -> StepError {
    match failure {
        ReadFailure::File(why) => invalid(format!("{name}: {why}")).with_details(json!({ "reason": why.code() })),
        ReadFailure::Server(fault) => {
            tracing::error!(%fault, source = ?std::error::Error::source(&fault), "a file cannot be read");
            StepError::retryable("TRANSIENT", "Files cannot be read at the moment")
        }
    }
}

/// A failure of the parts that nodes share with steps of flows, with its code in the words of nodes.
pub(super) fn of_step(error: StepError) -> StepError {
    let code = match error.code.as_str() {
        "http_blocked" => "ADDRESS_BLOCKED",
        "http_timeout" | "step_timeout" => "TIMEOUT",
        "http_connect" => "NETWORK",
        "bad_value" | "response_too_large" => "VALIDATION",
        "overloaded" => "TRANSIENT",
        _ => "INTERNAL",
    };
    StepError { code: code.into(), ..error }
}
