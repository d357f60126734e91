//! `sharing` on the wire: `{ users: [{_id, permission}], groups: [{_id, permission}] }`.

use floe_model::FieldProblem;
use floe_model::flows::{Grant, Permitted, Sharing};
use floe_model::id::MemberId;
use serde_json::Value;

/// Entries of each of the two lists.
const GRANTS_MAX: usize = 100;

/// Reads `sharing`; null shares with nobody, and a list that is not given is empty.
///
/// # Errors
/// Every wrong field, with its path from the body.
pub(super) fn parse(value: &Value) -> Result<Sharing, Vec<FieldProblem>> {
    let mut problems = Vec::new();
    let sharing = match value {
        Value::Null => Sharing::default(),
        Value::Object(map) => Sharing {
            users: grants("users", map.get("users"), &mut problems),
            groups: grants("groups", map.get("groups"), &mut problems),
        },
        _ => {
            problems.push(FieldProblem::new("/sharing", "type", "sharing must be an object"));
            Sharing::default()
        }
    };
    if problems.is_empty() { Ok(sharing) } else { Err(problems) }
}

fn grants(list: &str, value: Option<&Value>, problems: &mut Vec<FieldProblem>) -> Vec<Grant> {
    let path = format!("/sharing/{list}");
    let items = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) if items.len() <= GRANTS_MAX => items,
        Some(_) => {
            let message = format!("{list} must be a list of at most {GRANTS_MAX} entries");
            problems.push(FieldProblem::new(path, "type", message));
            return Vec::new();
        }
    };
    let mut grants: Vec<Grant> = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let id = text("_id").and_then(|id| MemberId::parse(id).ok());
        let permission = text("permission").and_then(Permitted::parse);
        match (id, permission) {
            (Some(id), _) if grants.iter().any(|grant| grant.id == id) => {
                problems.push(FieldProblem::new(format!("{path}/{at}/_id"), "duplicate", "This _id is there twice"));
            }
            (Some(id), Some(permission)) => grants.push(Grant { id, permission }),
            (None, _) => problems.push(FieldProblem::new(format!("{path}/{at}/_id"), "type", "_id must be an id")),
            (_, None) => {
                let message = "permission must be one of: view, edit, manage";
                problems.push(FieldProblem::new(format!("{path}/{at}/permission"), "value", message));
            }
        }
    }
    grants
}
