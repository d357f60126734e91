//! Whether what a placement names is there: published versions and saved audiences of its own app (Placements contract, section 12).

use std::collections::HashSet;

use floe_model::id::{AudienceId, ScreenVersionId, WorkspaceId};
use floe_model::placements::decide::RuleAudience;
use floe_model::placements::filter::{Filter, Saved};
use floe_model::placements::schedule::Change;
use floe_model::{Fault, FieldProblem};
use floe_store::Tx;
use floe_store::placements::placements::Placement;
use floe_store::placements::{audiences, versions};
use serde_json::Value;

use super::Patch;
use crate::targeting;

/// Checks a patch of a placement against its app.
///
/// # Errors
/// 400 with every field that is wrong.
pub(super) fn patch(tx: &mut Tx<'_>, workspace: WorkspaceId, row: &Placement, patch: &Patch) -> Result<(), Fault> {
    let mut problems = versions_of(tx, workspace, row, patch)?;
    problems.extend(audiences_of(tx, workspace, row, patch)?);
    let from = patch.active_from.unwrap_or(row.active_from);
    let until = patch.active_until.unwrap_or(row.active_until);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        problems.push(FieldProblem::new("/active_until", "range", "active_until must be after active_from"));
    }
    if problems.is_empty() { Ok(()) } else { Err(Fault::validation(problems)) }
}

/// Gives the problem of one field another name.
pub(super) fn rename(fault: Fault, from: &str, to: &str) -> Fault {
    let rename = |field: &FieldProblem| {
        let path = if field.path == from { to.to_owned() } else { field.path.clone() };
        FieldProblem { path, ..field.clone() }
    };
    let fields: Vec<FieldProblem> = fault.fields().iter().map(rename).collect();
    if fields.is_empty() { fault } else { Fault::validation(fields) }
}

fn versions_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    row: &Placement,
    patch: &Patch,
) -> Result<Vec<FieldProblem>, Fault> {
    let mut named: Vec<(String, ScreenVersionId)> = Vec::new();
    named.extend(patch.default_version.flatten().map(|id| ("/default_flow_version_id".to_owned(), id)));
    named.extend(patch.rollout_fallback.flatten().map(|id| ("/rollout_fallback_version_id".to_owned(), id)));
    for (index, rule) in patch.rules.iter().flatten().enumerate() {
        named.push((format!("/rules/{index}/flow_version_id"), rule.version));
    }
    for (index, change) in patch.scheduled_changes.iter().flatten().enumerate() {
        if let Change::Default(Some(id)) = change.change {
            named.push((format!("/scheduled_changes/{index}/default_flow_version_id"), id));
        }
    }
    let ids: Vec<ScreenVersionId> = named.iter().map(|(_, id)| *id).collect();
    let known: HashSet<ScreenVersionId> = versions::flows_of(tx, workspace, &ids)?
        .into_iter()
        .filter(|(_, _, app)| *app == row.app)
        .map(|(id, _, _)| id)
        .collect();
    let unknown = named.into_iter().filter(|(_, id)| !known.contains(id));
    let problem = |(path, id)| FieldProblem::new(path, "unknown", format!("This app has not published a version {id}"));
    Ok(unknown.map(problem).collect())
}

fn audiences_of(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    row: &Placement,
    patch: &Patch,
) -> Result<Vec<FieldProblem>, Fault> {
    let mut named: Vec<(String, Named<'_>)> = Vec::new();
    named.extend(patch.audience.flatten().map(|id| ("/audience_id".to_owned(), Named::Saved(id))));
    let filter = patch.audience_filter.as_ref().and_then(Option::as_ref);
    named.extend(filter.map(|filter| ("/audience_filter".to_owned(), Named::Filter(filter))));
    for (index, rule) in patch.rules.iter().flatten().enumerate() {
        named.push(match &rule.audience {
            RuleAudience::Filter(filter) => (format!("/rules/{index}/filter"), Named::Filter(filter)),
            RuleAudience::Saved(id) => (format!("/rules/{index}/audience_id"), Named::Saved(*id)),
        });
    }
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let saved = targeting::saved(&audiences::of_app(tx, workspace, row.app)?);
    Ok(named.iter().filter_map(|(path, named)| named.problem(&saved, path)).collect())
}

/// Where an audience is named.
enum Named<'a> {
    Filter(&'a Value),
    Saved(AudienceId),
}

impl Named<'_> {
    fn problem(&self, saved: &Saved, path: &str) -> Option<FieldProblem> {
        let problem = match self {
            Self::Filter(filter) => saved.check(&Filter::stored(filter)).err()?,
            Self::Saved(id) => saved.check_use(*id).err()?,
        };
        Some(problem.at(path))
    }
}
