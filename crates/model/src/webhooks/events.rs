//! Which events an endpoint picks.

use crate::event_types::EVENT_TYPES;

/// Names that one endpoint picks, at most.
pub const EVENTS_MAX: usize = 100;

/// The event that only a test sends (treasury contract, section 8.2).
pub const TREASURY_TEST: &str = "webhook.test";

/// The seven events that an endpoint of style `treasury` picks from, beside the test, which it always gets (treasury contract,
/// section 8.2).
pub const TREASURY_EVENTS: &[&str] = &[
    "approval.requested",
    "approval.completed",
    "run.completed",
    "run.failed",
    "payout.succeeded",
    "payout.failed",
    "candidate.flagged",
];

/// The ten events that an endpoint of style `workflow` picks from (Workflow API contract, section 10).
pub const WORKFLOW_EVENTS: &[&str] = &[
    "execution.started",
    "execution.completed",
    "execution.failed",
    "execution.cancelled",
    "thread.message.created",
    "thread.message.completed",
    "thread.message.failed",
    "agent.execution.started",
    "agent.execution.completed",
    "agent.execution.failed",
];

/// The event that the test call of such an endpoint sends, and nothing else.
pub const WORKFLOW_TEST: &str = "test";

/// The product that stands before the names of these events in the stream of all.
const WORKFLOWS: &str = "workflows.";

/// What the delivery of an agent's answer is called in the log of deliveries. It is no event: nobody else is told.
pub const CALLBACK_KIND: &str = "agents.callback";

/// How a delivery is written and signed (console contract, section 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Treasury contract, section 8.
    Treasury,
    /// Standard Webhooks.
    Standard,
    /// Workflow API contract, section 10.
    Workflow,
    /// The answer to a background call of an agent, to the address that came with the call (agents contract, section 2.5). It has no endpoint.
    Callback,
}

impl Style {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Treasury, Self::Standard, Self::Workflow, Self::Callback];
    /// Those that an endpoint can have.
    pub const OF_ENDPOINTS: [Self; 3] = [Self::Treasury, Self::Standard, Self::Workflow];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Treasury => "treasury",
            Self::Standard => "standard",
            Self::Workflow => "workflow",
            Self::Callback => "callback",
        }
    }

    /// Reads the word of a style that an endpoint can have.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::OF_ENDPOINTS.into_iter().find(|style| style.as_str() == word)
    }
}

/// Whether an endpoint that picks `picked` wants an event of this full name (`<product>.<name>`). Endpoints of the styles `treasury` and
/// `workflow` name events without the product; those of style `standard` may say `*` and `<product>.*`.
#[must_use]
pub fn wants<'a>(style: Style, picked: impl IntoIterator<Item = &'a str>, kind: &str) -> bool {
    let mut picked = picked.into_iter();
    match style {
        Style::Treasury => {
            let Some(name) = kind.strip_prefix("treasury.") else { return false };
            name == TREASURY_TEST || picked.any(|one| one == name)
        }
        Style::Workflow => {
            let name = kind.strip_prefix(WORKFLOWS);
            name.is_some_and(|name| picked.any(|one| one == name))
        }
        Style::Standard => picked.any(|one| one == "*" || one == kind || is_of_product(one, kind)),
        Style::Callback => false,
    }
}

/// Whether an endpoint of this style may pick this name.
#[must_use]
pub fn is_known(style: Style, name: &str) -> bool {
    match style {
        Style::Treasury => TREASURY_EVENTS.contains(&name),
        Style::Workflow => WORKFLOW_EVENTS.contains(&name),
        Style::Standard => {
            name == "*" || EVENT_TYPES.contains(&name) || EVENT_TYPES.iter().any(|kind| is_of_product(name, kind))
        }
        Style::Callback => false,
    }
}

fn is_of_product(pattern: &str, kind: &str) -> bool {
    let product = pattern.strip_suffix(".*");
    product.is_some_and(|product| kind.split_once('.').is_some_and(|(of, _)| of == product))
}
