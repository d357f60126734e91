//! What a call that gave no answer means to a flow (Flow API contract, section 6.5).

use floe_engine::event::StepError;
use floe_runtime::outside::{ConnectFailure, OutsideError, ProtocolFailure};
use serde_json::json;

/// The step's failure. The messages of the client name nothing that the author did not write.
///
/// The contract has five codes; an answer that cannot be used (broken HTTP, a bad certificate, redirects without end) counts
/// as `http_connect`.
pub(super) fn of(error: OutsideError) -> StepError {
    let message = sentence(&error.to_string());
    match error {
        OutsideError::InvalidUrl(refusal) => StepError::new("bad_value", format!("url: {refusal}")),
        OutsideError::Blocked(refusal) => {
            StepError::new("http_blocked", message).with_details(json!({ "reason": refusal.code() }))
        }
        OutsideError::Timeout { .. } | OutsideError::Connect(ConnectFailure::Timeout) => {
            StepError::retryable("http_timeout", message)
        }
        OutsideError::Connect(_) | OutsideError::Tls(_) | OutsideError::Withheld => {
            StepError::retryable("http_connect", message)
        }
        OutsideError::TooLarge { .. } => StepError::new("response_too_large", message),
        OutsideError::Protocol(ProtocolFailure::Method) => StepError::new("bad_value", format!("method: {error}")),
        OutsideError::Protocol(_) => StepError::retryable("http_connect", message),
        OutsideError::TooManyRedirects { .. } => StepError::new("http_connect", message),
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
