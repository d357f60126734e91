//! Publishing: the only place where a definition is refused for what it says (Flow API contract, sections 6.6 and 8).

use floe_engine::lang::Severity;
use floe_engine::lang::steps::{self, PROBLEMS_MAX};
use floe_model::flows::{Level, Published, VersionStatus};
use floe_model::id::FlowId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::versions::{self, VersionRow};
use serde_json::json;

use super::access::hold;
use super::draft::stored;
use super::references::{Known, missing};
use super::resolve::text_of;
use super::trail;
use super::versions::{VersionRecord, numbered, whole};
use crate::schedules;

/// What is to be published.
#[derive(Debug, Clone)]
pub struct Publish {
    /// A draft by its number; the current one otherwise.
    pub version: Option<u32>,
    /// What the version says of itself; what it said before stays otherwise.
    pub summary: Option<String>,
    /// Whether clients get it from now on.
    pub set_latest: bool,
}

/// Publishes the current draft, or the draft that is named.
///
/// # Errors
/// 404; 403 without `edit`; 409 `no_draft`, `version_published`; 422 `invalid_definition` with `details.problems`.
pub fn publish(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    known: &impl Known,
    id: FlowId,
    act: &Publish,
) -> Result<VersionRecord, Fault> {
    let mut flow = hold(tx, ctx, id, Level::Edit)?;
    let named = match act.version {
        Some(number) => Some((number, numbered(tx, &flow, number)?.status)),
        None => None,
    };
    let published = flow.pointers.publish_draft(named, act.set_latest)?;
    let row = stored(tx, &flow, published.version)?;
    carry_out(tx, ctx, known, &mut flow, row, published, act.summary.as_deref())
}

/// Makes a version what clients get, publishing it when it is a draft.
///
/// # Errors
/// As [`publish`], without its 409.
pub fn publish_version(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    known: &impl Known,
    id: FlowId,
    number: u32,
    summary: Option<&str>,
) -> Result<VersionRecord, Fault> {
    let mut flow = hold(tx, ctx, id, Level::Edit)?;
    let row = numbered(tx, &flow, number)?;
    let published = flow.pointers.publish_version(number, row.status);
    if published.was_draft {
        return carry_out(tx, ctx, known, &mut flow, row, published, summary);
    }
    super::transitions::make_latest(tx, ctx, &mut flow, row)
}

/// Checks a draft of a held flow, publishes it, and writes the flow.
pub(super) fn carry_out(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    known: &impl Known,
    flow: &mut FlowRow,
    mut row: VersionRow,
    published: Published,
    summary: Option<&str>,
) -> Result<VersionRecord, Fault> {
    check(tx, known, flow, &row)?;
    row.status = VersionStatus::Published;
    row.published_by = Some(trail::person(&ctx.caller));
    row.published_at = Some(ctx.now());
    row.updated_at = ctx.now();
    if let Some(summary) = summary {
        summary.clone_into(&mut row.summary);
    }
    versions::set_status(tx, &row)?;
    flow.pointers = published.pointers;
    if flow.pointers.latest == Some(row.version) {
        flow.name.clone_from(&row.name);
        flow.description.clone_from(&row.description);
        flow.settings.clone_from(&row.settings);
    }
    trail::write(tx, ctx, flow)?;
    let latest = flow.pointers.latest;
    let detail = json!({ "version": row.version, "latest": latest, "revision": flow.revision, "summary": row.summary });
    trail::audit(tx, ctx, flow, "published_flow", detail)?;
    trail::tell(tx, ctx, flow, "flows.flow.published", Some(row.version))?;
    if latest == Some(row.version) {
        schedules::follow_latest(tx, ctx, flow)?;
    }
    whole(tx, flow, row)
}

/// Refuses a definition with errors.
fn check(tx: &mut Tx<'_>, known: &impl Known, flow: &FlowRow, row: &VersionRow) -> Result<(), Fault> {
    let definition = serde_json::from_str(&text_of(tx, row)?).map_err(Fault::internal)?;
    let compiled = steps::compile(&definition, known.catalog());
    let mut problems = missing(tx, known, flow.workspace, flow.owner, &compiled.references)?;
    problems.extend(compiled.problems);
    problems.sort_by_key(|problem| problem.severity);
    problems.truncate(PROBLEMS_MAX);
    if problems.first().is_none_or(|problem| problem.severity != Severity::Error) {
        return Ok(());
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let message = format!("The definition cannot be published: it has {errors} error(s)");
    let problems = serde_json::to_value(problems).map_err(Fault::internal)?;
    let fault = Fault::new(FaultKind::Unprocessable, "invalid_definition", message);
    Err(fault.with_details(json!({ "problems": problems })))
}
