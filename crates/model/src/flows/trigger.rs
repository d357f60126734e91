//! Triggers: what starts a workflow or a flow by itself, by a call of an address, by an event or by hand (Workflow API contract,
//! section 11). What their configuration may say, which times and events count, as pure functions.

mod config;
mod matching;
mod times;

pub use config::{
    AuthKind, EventSource, Format, ManualRules, ScheduleRules, TriggerConfig, WebhookRules, canonical, read_config,
};
pub use matching::{body_of_request, check_manual, matches, object_of_pairs};
pub use times::{TickRule, next_times, tick};

/// The kinds of triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerKind {
    /// At times of a pattern.
    Schedule,
    /// When its address is called.
    Webhook,
    /// When something happened here, or at a provider.
    Event,
    /// By the API or a person only.
    Manual,
}

impl TriggerKind {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Schedule, Self::Webhook, Self::Event, Self::Manual];

    /// The word on the wire and in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Webhook => "webhook",
            Self::Event => "event",
            Self::Manual => "manual",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind that a `trigger` node of a definition asks for; words of providers are events (contract section 8.6).
    #[must_use]
    pub fn of_node(word: &str) -> Self {
        if word == "cron" { Self::Schedule } else { Self::parse(word).unwrap_or(Self::Event) }
    }
}

#[cfg(test)]
mod tests;
