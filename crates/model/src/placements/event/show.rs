//! How a stored event is shown: the members of the wire, and when it came in.

use std::fmt::Write as _;

use serde::Serialize;

use super::Event;
use crate::{Mode, Timestamp};

/// A stored event; serialises as it was sent, with `environment` and `received_at` beside.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown<'a> {
    /// Live or test.
    pub mode: Mode,
    /// When it came in.
    pub received_at: Timestamp,
    /// The event.
    pub event: Event<'a>,
}

impl Shown<'_> {
    /// Adds the event to a text as one JSON object.
    pub fn write(&self, text: &mut String) {
        let event = &self.event;
        let _ = write!(text, "{{\"event_id\":\"{}\",\"app_id\":\"{}\"", uuid::Uuid::from_u128(event.id), event.app);
        for (name, id) in [("flow_id", event.flow.map(|id| id.0)), ("flow_version_id", event.version.map(|id| id.0))] {
            if let Some(id) = id {
                let _ = write!(text, ",\"{name}\":\"{}\"", uuid::Uuid::from_u128(id));
            }
        }
        member(text, "event_type", &event.kind);
        member(text, "timestamp", &event.at);
        member(text, "user_id", &event.user_id);
        member(text, "session_id", &event.session_id);
        member(text, "device_platform", &event.platform);
        let texts = [
            ("placement_id", &event.placement),
            ("experiment_id", &event.experiment),
            ("variant_id", &event.variant),
            ("screen_id", &event.screen_id),
            ("screen_name", &event.screen_name),
            ("currency", &event.currency),
            ("app_version", &event.app_version),
            ("country", &event.country),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                member(text, name, value);
            }
        }
        for (name, value) in [("screen_index", event.screen_index), ("time_on_screen_ms", event.time_on_screen_ms)] {
            if let Some(value) = value {
                member(text, name, &value);
            }
        }
        if let Some(revenue) = event.revenue {
            member(text, "revenue", &revenue);
        }
        if let Some(assignments) = &event.ab_assignments {
            let _ = write!(text, ",\"ab_assignments\":{assignments}");
        }
        // The server's own event has what it says where the contract says it (section 5.5).
        if let Some(reason) = &event.reason {
            text.push_str(",\"properties\":{\"reason\":");
            value(text, reason);
            text.push('}');
        }
        member(text, "is_debug", &event.is_debug);
        if let Some(more) = event.more.strip_prefix('{').and_then(|more| more.strip_suffix('}'))
            && !more.trim().is_empty()
        {
            text.push(',');
            text.push_str(more);
        }
        member(text, "environment", &self.mode);
        member(text, "received_at", &self.received_at);
        text.push('}');
    }
}

fn member(text: &mut String, name: &str, shown: &impl Serialize) {
    let _ = write!(text, ",\"{name}\":");
    value(text, shown);
}

fn value(text: &mut String, shown: &impl Serialize) {
    // Texts, numbers and words only, which have no way to fail.
    text.push_str(&serde_json::to_string(shown).unwrap_or_else(|_| "null".to_owned()));
}
