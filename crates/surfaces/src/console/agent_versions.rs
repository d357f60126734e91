//! `/agents/{id}/versions`: every configuration that an agent had (console contract, section 5.2).

use floe_agents::agents;
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::AgentId;
use floe_store::Tx;
use serde_json::{Value, json};

use super::agents::{expected, shown, with_recent};
use super::list::Window;
use super::shapes::{WINDOW, agents as shapes};
use super::{Rights, SURFACE, filters};
use crate::agents::wire::{self, Instants};
use crate::http::shape::{TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

/// The word for the newest version.
const LATEST: &str = "latest";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/agents/{id}/versions", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List versions of an agent")
            .about("Newest first.")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .answers(200, shapes::VERSIONS),
        Route::get(&SURFACE, "/console/v1/agents/{id}/versions/{n}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a version of an agent")
            .answers(200, shapes::WHOLE_VERSION),
        Route::get(&SURFACE, "/console/v1/agents/{id}/versions/diff", Auth::MEMBER, diff)
            .needs(Permission::Read)
            .doc("Compare versions of an agent")
            .query("from", TEXT, "A number or latest; the version before `to` unless given")
            .query("to", TEXT, "A number or latest; latest unless given")
            .answers(200, shapes::DIFF),
        Route::post(&SURFACE, "/console/v1/agents/{id}/versions/{n}/restore", Auth::MEMBER, restore)
            .needs(Permission::Build)
            .doc("Restore a version of an agent")
            .about("Makes a new version that is like the old one.")
            .revised()
            .answers(200, shapes::AGENT),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    filters::newest_first(window.newest_first)?;
    let (id, workspace) = (call.id::<AgentId>("id", "Agent")?, call.ctx.caller.workspace);
    let (before, limit) = (window.after.and_then(|number| i64::try_from(number).ok()), window.limit);
    let reading = move |tx: &mut Tx<'_>| {
        let newest = agents::require(tx, workspace, id)?.config_version;
        Ok((agents::versions(tx, workspace, id, before, limit + 1)?, newest))
    };
    let (mut found, newest) = call.ctx.store.read(reading).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|version| u128::from(version.row.number.unsigned_abs()));
    let data = found.iter().map(|version| wire::version(version, Instants::Millis).into()).collect();
    // They are numbered from 1, and none is ever removed.
    Reply::ok(&window.page(data, last, more, Some(newest)))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, number, workspace) = (call.id::<AgentId>("id", "Agent")?, number(&call)?, call.ctx.caller.workspace);
    let found = call.ctx.store.read(move |tx| agents::version(tx, workspace, id, number)).await?;
    Reply::ok(&wire::whole_version(&found, Instants::Millis))
}

async fn diff(call: Call) -> Result<Reply, Fault> {
    let (id, workspace) = (call.id::<AgentId>("id", "Agent")?, call.ctx.caller.workspace);
    let (from, to) = (asked(&call, "from")?, asked(&call, "to")?);
    let reading = move |tx: &mut Tx<'_>| {
        let newest = agents::require(tx, workspace, id)?.config_version;
        let to = to.unwrap_or(None).unwrap_or(newest);
        let from = match from {
            Some(number) => number.unwrap_or(newest),
            None => (to - 1).max(1),
        };
        agents::diff(tx, workspace, id, from, to)
    };
    let changes: Vec<Value> = call.ctx.store.read(reading).await?;
    Reply::ok(&json!({ "changes": changes }))
}

async fn restore(call: Call) -> Result<Reply, Fault> {
    let (id, number) = (call.id::<AgentId>("id", "Agent")?, number(&call)?);
    call.fields()?.finish()?;
    let (expected, ctx) = (expected(&call)?, call.ctx.clone());
    let act = move |tx: &mut Tx<'_>| with_recent(tx, &ctx, |tx| agents::restore(tx, &ctx, id, number, expected));
    call.commit(act, |found| shown(&found)).await
}

/// The number of a version in the path; what is no number is no version.
fn number(call: &Call) -> Result<i64, Fault> {
    call.param("n")?.parse().map_err(|_| Fault::not_found("Version"))
}

/// A version in the query: not given, the newest, or a number.
fn asked(call: &Call, name: &str) -> Result<Option<Option<i64>>, Fault> {
    match call.query.get(name) {
        None | Some("") => Ok(None),
        Some(LATEST) => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(number) if number >= 1 => Ok(Some(Some(number))),
            _ => Err(Fault::field(format!("/{name}"), "value", format!("{name} must be a number from 1, or latest"))),
        },
    }
}
