//! The table of `floe config`.

use serde_json::{Value as Json, json};

use super::Settings;
use super::table::{Definition, SETTINGS};

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// One line per setting in the shape of `GET /console/v1/settings` (console contract, section 5.10).
#[must_use]
pub fn effective_table(settings: &Settings) -> Vec<Json> {
    SETTINGS.iter().map(|definition| line(definition, settings)).collect()
}

fn line(definition: &Definition, settings: &Settings) -> Json {
    let found = settings.values.get(definition.name);
    let text = found.map(|value| value.text.as_str()).filter(|text| !text.is_empty());
    let shown = text.map(|text| if definition.secret { HIDDEN } else { text });
    json!({
        "key": definition.key(),
        "value": shown.map_or_else(|| derived(definition, settings), |text| Some(text.to_owned())),
        "origin": found.map_or("default", |value| value.origin.word()),
        "env": definition.name,
        "restart_required": true,
        "meaning": definition.meaning,
    })
}

/// The value that stands for an unset setting when it follows from another one or from the machine.
fn derived(definition: &Definition, settings: &Settings) -> Option<String> {
    match definition.name {
        "FLOE_PUBLIC_URL" => Some(settings.own_url()),
        "FLOE_BACKUP_DIR" => Some(settings.backup_folder(&settings.data_dir).display().to_string()),
        "FLOE_WORKERS" => Some(settings.workers.to_string()),
        _ => None,
    }
}

/// The same without any source but the defaults.
#[must_use]
pub fn defaults_table() -> Vec<Json> {
    let line = |definition: &Definition| {
        json!({
            "key": definition.key(),
            "value": Some(definition.default).filter(|text| !text.is_empty()),
            "origin": "default",
            "env": definition.name,
            "restart_required": true,
            "meaning": definition.meaning,
        })
    };
    SETTINGS.iter().map(line).collect()
}
