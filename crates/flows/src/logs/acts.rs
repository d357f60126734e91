//! Log entries of what people do to a flow: each act that leaves an audit entry leaves one here, in the same transaction.

use floe_model::Fault;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use serde_json::Value;

use super::{Event, Note, note};

/// Facts of an audit entry that the log shows too.
const SHOWN: [&str; 6] = ["fields", "version", "latest", "basedOn", "revision", "openRuns"];

/// Writes the log entry that goes with an audit entry, if its act has one.
pub(crate) fn note_act(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, action: &str, detail: &Value) -> Result<(), Fault> {
    let version = detail.get("version").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let number = version.map_or_else(String::new, |number| format!(" {number}"));
    let (event, message) = match action {
        "updated_flow" => (Event::FlowUpdated, "The flow was changed".to_owned()),
        "set_latest_version" => (Event::FlowUpdated, format!("Version{number} was made the latest")),
        "deleted_version" => (Event::FlowUpdated, format!("Draft{number} was deleted")),
        "published_flow" => (Event::FlowPublished, format!("Version{number} was published")),
        "unpublished_flow" => (Event::FlowUnpublished, format!("Version{number} was unpublished")),
        "rolled_back_flow" => (Event::FlowRolledBack, format!("Draft{number} was made from an older version")),
        "deleted_flow" => (Event::FlowDeleted, "The flow was deleted".to_owned()),
        "enabled_share" => (Event::ShareEnabled, "The share link was made".to_owned()),
        "disabled_share" => (Event::ShareDisabled, "The share link was ended".to_owned()),
        _ => return Ok(()),
    };
    let entry = Note::new(event, message);
    let entry = version.map_or(entry.clone(), |version| entry.version(version));
    let facts = SHOWN.iter().filter_map(|name| detail.get(*name).map(|value| (*name, value)));
    note(tx, ctx, flow.id, &facts.fold(entry, |entry, (name, value)| entry.with(name, value.clone())))
}
