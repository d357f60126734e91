//! `/workflows/{id}/versions` and `/workflows/{id}/export`: what a workflow was, and its way out (console contract, section 5.3).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::CONTENT_DISPOSITION;
use floe_flows::definitions::VersionWord;
use floe_flows::workflows::{self, Form, Version};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::MemberId;
use floe_store::Tx;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{WINDOW, flow_diff, workflows as shapes};
use super::workflows::{acting, shown};
use super::{Rights, SURFACE, filters};
use crate::http::shape::{JSON_OBJECT, TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/workflows/{id}/versions", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List versions of a workflow")
            .about("Newest first; without the draft.")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .answers(200, shapes::VERSIONS),
        Route::get(&SURFACE, "/console/v1/workflows/{id}/versions/{n}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a version of a workflow")
            .about("A number, latest or draft.")
            .answers(200, shapes::WHOLE_VERSION),
        Route::get(&SURFACE, "/console/v1/workflows/{id}/diff", Auth::MEMBER, diff)
            .needs(Permission::Read)
            .doc("Compare versions of a workflow")
            .query("from", TEXT, "The earlier version: a number, latest or draft; latest unless given")
            .query("to", TEXT, "The later version: a number, latest or draft; draft unless given")
            .answers(200, flow_diff::DIFF),
        Route::post(&SURFACE, "/console/v1/workflows/{id}/versions/{n}/restore", Auth::MEMBER, restore)
            .needs(Permission::Build)
            .doc("Restore a version of a workflow")
            .about("Makes a new version that is like the old one; a draft is written over.")
            .revised()
            .answers(200, shapes::WORKFLOW),
        Route::get(&SURFACE, "/console/v1/workflows/{id}/export", Auth::MEMBER, export)
            .needs(Permission::Read)
            .doc("Export a workflow")
            .query("form", words(Form::WORDS), "record unless given; original is the text as it came in")
            .query("version", TEXT, "A number, latest or draft; latest unless given")
            .answers(200, JSON_OBJECT),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    filters::newest_first(window.newest_first)?;
    let (id, ctx, limit) = (call.param("id")?.to_owned(), call.ctx.clone(), window.limit);
    // Versions are never removed, so the number that were shown is a place in the list.
    let skip = window.after.and_then(|shown| usize::try_from(shown).ok()).unwrap_or(0);
    let reading = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::list_versions(tx, &ctx, id, limit, skip)
    };
    let found = call.ctx.store.read(reading).await?;
    let shown = skip + found.data.len();
    let more = u64::try_from(shown).is_ok_and(|shown| shown < found.total);
    let data = found.data.iter().map(outline).collect();
    let total = i64::try_from(found.total).ok();
    Reply::ok(&window.page(data, u128::try_from(shown).ok(), more, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (call.param("id")?.to_owned(), call.ctx.clone());
    let word = VersionWord::parse(call.param("n")?).map_err(|_| Fault::not_found("Version"))?;
    let reading = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::version(tx, &ctx, id, word)
    };
    let found = call.ctx.store.read(reading).await?;
    let mut object = outline(&found);
    object["definition"] = found.definition.unwrap_or_default();
    object["validation"] = found.problems.unwrap_or_default();
    Reply::ok(&object)
}

async fn diff(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (call.param("id")?.to_owned(), call.ctx.clone());
    let (from, to) = (asked(&call, "from")?, asked(&call, "to")?);
    let reading = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::differences(tx, &ctx, id, from.unwrap_or(VersionWord::Latest), to.unwrap_or(VersionWord::Draft))
    };
    let changes = call.ctx.store.read(reading).await?;
    let changes: Vec<Value> = changes
        .iter()
        .map(|one| {
            json!({
                "op": one.op.as_str(), "step_id": one.step_id, "pointer": one.pointer,
                "before": one.before, "after": one.after,
            })
        })
        .collect();
    Reply::ok(&json!({ "changes": changes }))
}

async fn restore(call: Call) -> Result<Reply, Fault> {
    let number = VersionWord::parse_number(call.param("n")?).map_err(|_| Fault::not_found("Version"))?;
    call.fields()?.finish()?;
    let catalog = Arc::clone(&call.app.flows.catalog);
    let act = move |tx: &mut Tx<'_>, ctx: &floe_runtime::Ctx, id, expected| {
        workflows::restore(tx, ctx, &catalog, id, number, expected)
    };
    acting(&call, act, |found| shown(&found)).await
}

async fn export(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (call.param("id")?.to_owned(), call.ctx.clone());
    let form = filters::word(&call, "form", Form::WORDS)?.and_then(|word| Form::parse(&word)).unwrap_or(Form::Record);
    let version = asked(&call, "version")?;
    let reading = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::export(tx, &ctx, id, form, version)
    };
    let (name, text) = call.ctx.store.read(reading).await?;
    let reply = Reply::bytes(StatusCode::OK, "application/json", text);
    Ok(reply.text_header(CONTENT_DISPOSITION, &format!("attachment; filename=\"{}.workflow.json\"", file_name(&name))))
}

/// A name as part of a file's name: what could mean something there is a dash.
fn file_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(80).collect();
    let plain = plain.trim_matches('-').to_owned();
    if plain.is_empty() { "workflow".to_owned() } else { plain }
}

/// A version in the query.
fn asked(call: &Call, name: &str) -> Result<Option<VersionWord>, Fault> {
    let Some(text) = call.query.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let message = format!("{name} must be the number of a version, latest or draft");
    VersionWord::parse(text).map(Some).map_err(|_| Fault::field(format!("/{name}"), "value", message))
}

fn outline(version: &Version) -> Value {
    let row = &version.row;
    let person = |text: Option<&str>| -> Value {
        let person: Value = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        // Kept as flows print it.
        let id = person["_id"].as_str().and_then(|id| MemberId::parse(id).ok()).map(|id| id.prefixed());
        if person.is_null() { Value::Null } else { json!({ "id": id, "name": person["name"] }) }
    };
    json!({
        "version": row.version,
        "status": row.status.as_str(),
        "is_latest": version.is_latest,
        "note": Some(&row.summary).filter(|note| !note.is_empty()),
        "based_on": row.based_on,
        "errors": version.errors,
        "created_by": person(Some(&row.created_by)),
        "published_by": person(row.published_by.as_deref()),
        "created_at": row.created_at,
        "published_at": row.published_at,
    })
}
