//! Failures in the words of workflows (Workflow API contract, section 17).

use floe_engine::event::StepError;
use floe_model::{Fault, FaultKind};
use floe_runtime::models::{ModelFailure, ModelFault};
use floe_runtime::paid::Unpaid;
use serde_json::json;

/// What the configuration gave cannot be used. The message names the field and never its value, which may be secret.
pub(super) fn invalid(field: &str, what: &str) -> StepError {
    StepError::new("VALIDATION", format!("{field} {what}")).with_details(json!({ "field": field }))
}

/// Something that the configuration names is not there.
pub(super) fn not_found(what: &str) -> StepError {
    StepError::new("NOT_FOUND", format!("There is no such {what}"))
}

/// There is nothing to pay with.
pub(super) fn no_credits() -> StepError {
    StepError::new("NO_CREDITS", "There are no credits left")
}

/// What the server cannot do as it is set up.
pub(super) fn not_configured(message: impl Into<String>) -> StepError {
    StepError::new("NOT_CONFIGURED", message)
}

/// Why a call that is paid for has no answer.
pub(super) fn unpaid(unpaid: Unpaid) -> StepError {
    match unpaid {
        Unpaid::NoCredits => no_credits(),
        Unpaid::Model(failure) => model(&failure),
        Unpaid::Fault(fault) => fault_of(&fault),
    }
}

/// Why a model gave nothing.
pub(super) fn model(failure: &ModelFailure) -> StepError {
    let text = failure.to_string();
    let mut letters = text.chars();
    let message: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    let error = match &failure.fault {
        ModelFault::NotConfigured | ModelFault::UnknownModel(_) => not_configured(message),
        ModelFault::RateLimited => StepError::retryable("RATE_LIMIT", message),
        ModelFault::Overloaded | ModelFault::Upstream(_) => StepError::retryable("SERVER_ERROR", message),
        ModelFault::Unreachable => StepError::retryable("NETWORK", message),
        ModelFault::TimedOut => StepError::retryable("TIMEOUT", message),
        ModelFault::Malformed => StepError::retryable("TRANSIENT", message),
        ModelFault::Refused(_) => StepError::new("VALIDATION", message),
        ModelFault::NoCredentials => StepError::new("AUTH", message),
        ModelFault::Blocked => StepError::new("ADDRESS_BLOCKED", message),
        ModelFault::Internal => StepError::retryable("TRANSIENT", "The model could not be called"),
    };
    error.with_details(json!({ "reason": failure.fault.code(), "tries": failure.tries }))
}

/// A refusal of this server itself.
pub(super) fn fault_of(fault: &Fault) -> StepError {
    match fault.kind() {
        FaultKind::Overloaded => StepError::retryable("TRANSIENT", fault.message().to_owned()),
        FaultKind::Internal | FaultKind::StorageFull => {
            tracing::error!(%fault, source = ?std::error::Error::source(fault), "a node broke off");
            StepError::retryable("TRANSIENT", "The node broke off")
        }
        FaultKind::NotFound => StepError::new("NOT_FOUND", fault.message().to_owned()),
        _ => StepError::new("VALIDATION", fault.message().to_owned()),
    }
}
