//! What an operator sets about placements (Placements contract, sections 1.3, 5 and 11.3).

use floe_placements::Settings;

use super::parse::{self, Parser};

/// Days that events are kept unless said otherwise: a year can be compared with the one before.
const EVENT_DAYS: u32 = 400;
/// Days that events are kept at least: for so long an event that is sent again is known.
const EVENT_DAYS_MIN: u64 = 30;

/// Reads everything of placements but what follows from other settings.
pub(super) fn read(parse: &mut Parser<'_>) -> Settings {
    let icons = parse.optional("FLOE_ICONS_DIR", parse::path);
    let days = |text: &str| parse::number(text, EVENT_DAYS_MIN, 3_650);
    let event_retention_days = parse.required("FLOE_EVENT_RETENTION_DAYS", days, EVENT_DAYS);
    Settings { icons, event_retention_days, ..Settings::default() }
}
