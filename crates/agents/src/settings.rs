//! What an operator sets about agents.

use crate::models::ModelSettings;
use crate::whatsapp::GraphSettings;

/// What an operator sets about agents.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What people type to reach this server, without a slash at the end.
    pub public_url: String,
    /// The first UTC day of which usage is told, days since 1970 (agents contract, section 3); 2025-05-28 unless set.
    pub usage_since_day: i64,
    /// Where WhatsApp messages are handed over.
    pub graph: GraphSettings,
    /// Providers of the environment, and when built-in models answer.
    pub models: ModelSettings,
}

/// 2025-05-28 in days since 1970.
const USAGE_SINCE: i64 = 20_236;

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            usage_since_day: USAGE_SINCE,
            graph: GraphSettings::default(),
            models: ModelSettings::default(),
        }
    }
}
