//! Why a model gave no answer.

use std::fmt;

use super::Try;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelFault {
    /// No model may answer here: the default one is a built-in one that the workspace's `offline_models` does not allow in this mode.
    NotConfigured,
    /// There is no such model, or it is switched off, or of the other kind.
    UnknownModel(String),
    /// The provider refuses more calls for now, or as many as it may have are under way here.
    RateLimited,
    /// The provider says that it is overloaded.
    Overloaded,
    /// The provider failed, with this HTTP status.
    Upstream(u16),
    /// No connection, or it broke before the answer was whole.
    Unreachable,
    /// No complete answer in time.
    TimedOut,
    /// The provider does not accept the request, for this reason: too long, a tool it cannot, a schema it does not know.
    Refused(String),
    /// The provider's answer cannot be read.
    Malformed,
    /// The provider does not accept the key, or there is none.
    NoCredentials,
    /// The address of the provider may not be called.
    Blocked,
    /// Our own fault, such as the database's; already logged.
    Internal,
}

impl ModelFault {
    /// Stable, short code for traces and for the errors of steps.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotConfigured => "model_unavailable",
            Self::UnknownModel(_) => "unknown_model",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Upstream(_) => "upstream_error",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Refused(_) => "refused",
            Self::Malformed => "malformed",
            Self::NoCredentials => "no_credentials",
            Self::Blocked => "outbound_blocked",
            Self::Internal => "internal",
        }
    }

    /// Whether another model, or the same one later, may answer: rate limits, overload, 5xx, time-outs, broken connections (agents
    /// contract, section 2.2, the row of 503). A workspace that has no model at all counts as well: the service is unavailable.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::NotConfigured
                | Self::RateLimited
                | Self::Overloaded
                | Self::Upstream(_)
                | Self::Unreachable
                | Self::TimedOut
        )
    }
}

impl fmt::Display for ModelFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("no model is configured"),
            Self::UnknownModel(name) => write!(f, "there is no model {name}"),
            Self::RateLimited => f.write_str("the model provider takes no more calls for now"),
            Self::Overloaded => f.write_str("the model provider is overloaded"),
            Self::Upstream(status) => write!(f, "the model provider failed with status {status}"),
            Self::Unreachable => f.write_str("the model provider cannot be reached"),
            Self::TimedOut => f.write_str("the model did not answer in time"),
            Self::Refused(reason) => write!(f, "the model provider refused the request: {reason}"),
            Self::Malformed => f.write_str("the answer of the model provider cannot be read"),
            Self::NoCredentials => f.write_str("the model provider does not accept the key"),
            Self::Blocked => f.write_str("the address of the model provider may not be called"),
            Self::Internal => f.write_str("the model could not be called"),
        }
    }
}

/// A call that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFailure {
    /// Why: what the last model said, or the first one whose request was refused.
    pub fault: ModelFault,
    /// Every try, in order.
    pub tries: Vec<Try>,
}

impl From<ModelFault> for ModelFailure {
    fn from(fault: ModelFault) -> Self {
        Self { fault, tries: Vec::new() }
    }
}

impl fmt::Display for ModelFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}
