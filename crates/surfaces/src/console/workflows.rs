//! `/workflows`: workflows as records, their draft and what it becomes (console contract, section 5.3).

use std::sync::Arc;

use floe_flows::workflows::{self, AutomationFilter, Content, Patch, Version, Workflow};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::flows::{Activity, DESCRIPTION_MAX, Engine, NAME_MAX, SUMMARY_MAX, VersionStatus};
use floe_model::id::FlowId;
use floe_store::Tx;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, workflows as shapes};
use super::{Rights, SURFACE, filters};
use crate::http::shape::{TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

const FILTERS: &[&str] = &["status", "q", "tag"];

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/workflows";
    const ONE: &str = "/console/v1/workflows/{id}";
    let mut routes = vec![
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List workflows")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("status", words(Activity::WORDS), "Those that may be started, or may not")
            .query("q", TEXT, "Part of name or description")
            .query("tag", TEXT, "With this tag")
            .answers(200, shapes::WORKFLOWS),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .needs(Permission::Build)
            .doc("Create a workflow")
            .about("Takes any file of the workflow format; with errors it is kept and inactive.")
            .takes(shapes::NEW_FILE)
            .answers(201, shapes::VALIDATED)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a workflow")
            .answers(200, shapes::WORKFLOW),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .needs(Permission::Build)
            .doc("Change a workflow")
            .revised()
            .takes(shapes::PATCH)
            .answers(200, shapes::WORKFLOW)
            .refuses(422, &["invalid_definition"]),
        Route::put(&SURFACE, ONE, Auth::MEMBER, replace)
            .needs(Permission::Build)
            .doc("Replace a workflow")
            .about("Makes a new version at once, also with errors; then it is inactive.")
            .revised()
            .takes(shapes::FILE)
            .answers(200, shapes::VALIDATED),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .needs(Permission::Build)
            .doc("Delete a workflow")
            .revised()
            .answers_nothing(204),
    ];
    routes.extend(draft_routes());
    routes
}

fn draft_routes() -> Vec<Route> {
    const DRAFT: &str = "/console/v1/workflows/{id}/draft";
    vec![
        Route::get(&SURFACE, DRAFT, Auth::MEMBER, show_draft)
            .needs(Permission::Read)
            .doc("Show the draft of a workflow")
            .answers(200, shapes::DRAFT),
        Route::put(&SURFACE, DRAFT, Auth::MEMBER, save_draft)
            .needs(Permission::Build)
            .doc("Save the draft of a workflow")
            .revised()
            .takes(shapes::FILE)
            .answers(200, shapes::DRAFT),
        Route::post(&SURFACE, "/console/v1/workflows/{id}/validate", Auth::MEMBER, validate)
            .needs(Permission::Build)
            .doc("Validate a workflow")
            .about("The file in the body; without one the draft, else the version in force.")
            .takes(shapes::FILE)
            .answers(200, shapes::VALIDATION),
        Route::post(&SURFACE, "/console/v1/workflows/{id}/publish", Auth::MEMBER, publish)
            .needs(Permission::Build)
            .doc("Publish the draft of a workflow")
            .revised()
            .takes(shapes::PUBLISH)
            .answers(200, shapes::WORKFLOW)
            .refuses(409, &["conflict"])
            .refuses(422, &["invalid_definition"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, FILTERS)?;
    let filter = AutomationFilter {
        engine: Some(Engine::Workflow),
        activity: filters::word(&call, "status", Activity::WORDS)?.and_then(|word| Activity::parse(&word)),
        text: filters::text(&call, "q")?.filter(|text| !text.is_empty()).map(|text| text.to_lowercase()),
        tag: filters::text(&call, "tag")?.filter(|text| !text.is_empty()),
    };
    let after = window.after.map(FlowId);
    let found =
        call.app.flows.automations(&call.ctx, filter, window.newest_first, after, window.limit, window.total).await?;
    let (last, more, total) = (found.last.map(|id| id.0), found.more, found.total);
    let ctx = call.ctx.clone();
    let reading = move |tx: &mut Tx<'_>| {
        found.items.iter().map(|item| workflows::get(tx, &ctx, item.flow.id)).collect::<Result<Vec<_>, Fault>>()
    };
    let data = call.ctx.store.read(reading).await?.iter().map(object).collect();
    Reply::ok(&window.page(data, last, more, total.and_then(|total| i64::try_from(total).ok())))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let (content, file) = content(&call)?;
    let given = match file.get("id").filter(|id| !id.is_null()) {
        None => None,
        Some(Value::String(id)) => Some(workflows::ids::read_given(id)?),
        Some(_) => return Err(Fault::field("/id", "type", "id must be a text")),
    };
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| workflows::create(tx, &ctx, &content, given.as_ref());
    call.commit(act, |workflow: Workflow| {
        let location = format!("/console/v1/workflows/{}", workflow.shown_id);
        Ok(Reply::created(&location, &validated(&workflow))?.revision(revision(&workflow)))
    })
    .await
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (call.param("id")?.to_owned(), call.ctx.clone());
    let reading = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::get(tx, &ctx, id)
    };
    shown(&call.ctx.store.read(reading).await?)
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let patch = Patch {
        name: body.text("name", 1, NAME_MAX),
        description: if body.has("description") && !body.is_set("description") {
            Some(String::new())
        } else {
            body.text("description", 0, DESCRIPTION_MAX)
        },
        activity: body.word("status", "active or inactive", Activity::parse),
    };
    body.finish()?;
    acting(&call, move |tx, ctx, id, expected| workflows::patch(tx, ctx, id, &patch, expected), |found| shown(&found))
        .await
}

async fn replace(call: Call) -> Result<Reply, Fault> {
    let (content, _) = content(&call)?;
    let act = move |tx: &mut Tx<'_>, ctx: &floe_runtime::Ctx, id, expected| {
        workflows::replace(tx, ctx, id, &content, expected)
    };
    acting(&call, act, |found| Ok(Reply::ok(&validated(&found))?.revision(revision(&found)))).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let app = Arc::clone(&call.app);
    let (workspace, by) = (call.ctx.caller.workspace, call.ctx.caller.name.clone());
    let (id, expected, ctx) = (call.param("id")?.to_owned(), expected(&call)?, call.ctx.clone());
    let open = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&open);
    let act = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        let deleted = workflows::delete(tx, &ctx, id, expected)?;
        *seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = deleted.open_runs;
        Ok(())
    };
    let reply = call.commit(act, |()| Ok(Reply::no_content())).await?;
    let open = std::mem::take(&mut *open.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    for run in open {
        // Jobs end what is left; who is answered finds the runs over where that is possible.
        let _ = app.flows.runs.cancel(workspace, run, Some(by.clone()), None).await;
    }
    Ok(reply)
}

async fn show_draft(call: Call) -> Result<Reply, Fault> {
    let (id, ctx) = (call.param("id")?.to_owned(), call.ctx.clone());
    let reading = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::edited(tx, &ctx, id)
    };
    let found = call.ctx.store.read(reading).await?;
    draft_reply(&found)
}

async fn save_draft(call: Call) -> Result<Reply, Fault> {
    let (content, _) = content(&call)?;
    let act = move |tx: &mut Tx<'_>, ctx: &floe_runtime::Ctx, id, expected| {
        workflows::save_draft(tx, ctx, id, &content, expected)?;
        workflows::edited(tx, ctx, id)
    };
    acting(&call, act, |found| draft_reply(&found)).await
}

async fn validate(call: Call) -> Result<Reply, Fault> {
    let (id, ctx, catalog) = (call.param("id")?.to_owned(), call.ctx.clone(), Arc::clone(&call.app.flows.catalog));
    let given = if call.body.is_empty() { None } else { Some(content(&call)?.0) };
    let reading = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::edited(tx, &ctx, id)
    };
    let edited = call.ctx.store.read(reading).await?;
    let content = match given {
        Some(content) => content,
        None => {
            let definition = edited.definition.unwrap_or_default();
            Content::take(definition.to_string(), &definition, &catalog)?
        }
    };
    let told = json!({
        "valid": content.errors == 0, "validation": content.problems,
        "inputs": content.inputs, "input_schema": content.input_schema,
    });
    // Nothing changes; a repeat gets the first answer all the same.
    call.commit(move |_| Ok(told.clone()), |told| Reply::ok(&told)).await
}

async fn publish(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let note = body.text("note", 0, SUMMARY_MAX);
    body.finish()?;
    let catalog = Arc::clone(&call.app.flows.catalog);
    let act = move |tx: &mut Tx<'_>, ctx: &floe_runtime::Ctx, id, expected| {
        workflows::publish(tx, ctx, &catalog, id, note.as_deref(), expected)
    };
    acting(&call, act, |found| shown(&found)).await
}

/// Does something to the workflow in the path, in one transaction.
///
/// # Errors
/// 404, 412 for an `If-Match` that is no revision, and those of what is done.
pub(super) async fn acting<T, A, R>(call: &Call, act: A, render: R) -> Result<Reply, Fault>
where
    T: 'static,
    A: Fn(&mut Tx<'_>, &floe_runtime::Ctx, FlowId, Option<u64>) -> Result<T, Fault> + Send + 'static,
    R: Fn(T) -> Result<Reply, Fault> + Send + 'static,
{
    let (id, expected, ctx) = (call.param("id")?.to_owned(), expected(call)?, call.ctx.clone());
    let acting = move |tx: &mut Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        act(tx, &ctx, id, expected)
    };
    call.commit(acting, render).await
}

/// What `If-Match` asks for.
fn expected(call: &Call) -> Result<Option<u64>, Fault> {
    Ok(call.if_match()?.map(|revision| u64::try_from(revision).unwrap_or(u64::MAX)))
}

/// The file in the body, as text and as it was read.
fn content(call: &Call) -> Result<(Content, Value), Fault> {
    let file = call.json_value()?;
    let original = String::from_utf8_lossy(&call.body).into_owned();
    Ok((Content::take(original, &file, &call.app.flows.catalog)?, file))
}

/// 200 with a workflow.
///
/// # Errors
/// Internal, when it cannot be written.
pub(super) fn shown(workflow: &Workflow) -> Result<Reply, Fault> {
    Ok(Reply::ok(&object(workflow))?.revision(revision(workflow)))
}

fn revision(workflow: &Workflow) -> i64 {
    i64::try_from(workflow.flow.revision).unwrap_or(i64::MAX)
}

fn draft_reply(found: &Version) -> Result<Reply, Fault> {
    let body = json!({
        "version": found.row.version,
        "is_draft": found.row.status == VersionStatus::Draft,
        "based_on": found.row.based_on,
        "definition": found.definition,
        "validation": found.problems,
        "revision": found.revision,
        "updated_at": found.row.updated_at,
    });
    Ok(Reply::ok(&body)?.revision(i64::try_from(found.revision).unwrap_or(i64::MAX)))
}

fn validated(workflow: &Workflow) -> Value {
    json!({ "workflow": object(workflow), "validation": workflow.problems })
}

/// A workflow as the console shows it.
fn object(workflow: &Workflow) -> Value {
    let mut object = workflow.to_json();
    let flow = &workflow.flow;
    let errors = workflow.problems.as_array().into_iter().flatten().filter(|one| one["severity"] == "error").count();
    object["revision"] = flow.revision.into();
    object["has_draft"] = flow.pointers.draft.is_some().into();
    object["errors"] = errors.into();
    object["tags"] = serde_json::from_str(&flow.tags).unwrap_or_default();
    object
}
