//! `/automations`: flows and workflows in one list, and trying one out (console contract, section 5.3).

use std::sync::Arc;

use floe_flows::definitions::VersionChoice;
use floe_flows::workflows::{self, Automation, AutomationFilter, Start};
use floe_model::access::Permission;
use floe_model::flows::{Activity, Engine};
use floe_model::id::{FlowId, MemberId, RunId};
use floe_model::{Fault, Mode};
use floe_store::Tx;
use floe_store::access::members;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, workflows as shapes};
use super::{Rights, SURFACE, filters};
use crate::flows::late::{Turn, once};
use crate::http::shape::{TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

/// Characters of the id of a step at most (workflows contract, section 13).
const STEP_ID_MAX: usize = 128;
const FILTERS: &[&str] = &["engine", "status", "q", "tag"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/automations", Auth::MEMBER, list)
            .needs(Permission::Read)
            .doc("List automations")
            .about("Flows and workflows.")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("engine", words(Engine::WORDS), "Of one language")
            .query("status", words(Activity::WORDS), "Those that may be started, or may not")
            .query("q", TEXT, "Part of name or description")
            .query("tag", TEXT, "With this tag")
            .answers(200, shapes::AUTOMATIONS),
        Route::post(&SURFACE, "/console/v1/automations/{id}/test", Auth::MEMBER, test)
            .needs(Permission::Run)
            .doc("Test an automation")
            .about("Starts a run in test mode, of the draft unless another version is given.")
            .takes(shapes::TEST)
            .answers(202, shapes::TESTED)
            .refuses(409, &["conflict"])
            .refuses(422, &["invalid_definition"]),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, FILTERS)?;
    let filter = AutomationFilter {
        engine: filters::word(&call, "engine", Engine::WORDS)?.and_then(|word| Engine::parse(&word)),
        activity: filters::word(&call, "status", Activity::WORDS)?.and_then(|word| Activity::parse(&word)),
        text: filters::text(&call, "q")?.filter(|text| !text.is_empty()).map(|text| text.to_lowercase()),
        tag: filters::text(&call, "tag")?.filter(|text| !text.is_empty()),
    };
    let after = window.after.map(FlowId);
    let found =
        call.app.flows.automations(&call.ctx, filter, window.newest_first, after, window.limit, window.total).await?;
    let (last, more, total) = (found.last.map(|id| id.0), found.more, found.total);
    let reading = move |tx: &mut Tx<'_>| {
        let mut data = Vec::with_capacity(found.items.len());
        for item in &found.items {
            let owner = item.flow.owner.map(|owner| named(tx, owner)).transpose()?;
            data.push(object(item, owner));
        }
        Ok(data)
    };
    let data = call.ctx.store.read(reading).await?;
    Reply::ok(&window.page(data, last, more, total.and_then(|total| i64::try_from(total).ok())))
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let inputs = body.object("inputs").unwrap_or_default();
    let version = match body.value("version") {
        None => VersionChoice::DraftElseLatest,
        Some(Value::String(word)) if word == "draft" => VersionChoice::DraftElseLatest,
        Some(word) => {
            let text = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
            floe_flows::parse_version(&text).unwrap_or_else(|_| {
                body.problem("version", "value", "version must be draft, latest or a number");
                VersionChoice::Latest
            })
        }
    };
    let stop_after = body.text("stop_after", 1, STEP_ID_MAX);
    body.finish()?;
    let (id, workspace) = (call.param("id")?.to_owned(), call.ctx.caller.workspace);
    let workflow = call.ctx.store.read(move |tx| workflows::find_id(tx, workspace, &id)).await?;
    // Whatever mode the caller works in: a test is a run of test mode.
    let mut caller = (*call.ctx.caller).clone();
    caller.mode = Mode::Test;
    let ctx = call.ctx.with_caller(Arc::new(caller));
    let (call, first, stop_after) = (&call, ctx.ids.next_bits(), stop_after.as_deref());
    let act = |turn| async move {
        let run = match turn {
            Turn::First => RunId(first),
            // An earlier try of the same call may have started it.
            Turn::Again(subject) => RunId(subject),
        };
        if turn != Turn::First
            && let Ok(found) = call.app.flows.run_item(&ctx, run).await
        {
            return receipt(found.engine, run);
        }
        let start = Start {
            workflow,
            version,
            inputs,
            lenient: false,
            trigger: None,
            source: "test",
            run,
            depth: 0,
            chain: Vec::new(),
            ip: Some(call.peer.to_string()),
        };
        let started = call.app.flows.try_out(&ctx, start, stop_after).await?;
        call.trace.caused_run(started.run);
        receipt(started.engine, started.run)
    };
    once(call, first, act).await
}

fn receipt(engine: Engine, run: RunId) -> Result<Reply, Fault> {
    Reply::json(axum::http::StatusCode::ACCEPTED, &json!({ "run_id": workflows::ids::run(engine, run) }))
}

fn named(tx: &mut Tx<'_>, owner: MemberId) -> Result<Value, Fault> {
    let name = members::find(tx, owner)?.map(|member| member.name);
    Ok(json!({ "id": owner.prefixed(), "name": name }))
}

fn object(item: &Automation, owner: Option<Value>) -> Value {
    let flow = &item.flow;
    let last_run = item.last_run.as_ref().map(
        |run| json!({ "id": workflows::ids::run(flow.engine, run.id), "status": run.status, "at": run.queued_at }),
    );
    json!({
        "id": item.shown_id,
        "engine": flow.engine.as_str(),
        "name": flow.name,
        "status": item.activity().as_str(),
        "version": flow.pointers.latest,
        "has_draft": flow.pointers.draft.is_some(),
        "triggers": triggers(item),
        "last_run": last_run,
        "runs_7d": { "completed": item.recent.completed, "failed": item.recent.failed },
        "waiting": item.recent.waiting,
        "owner": owner,
        "updated_at": flow.updated_at,
    })
}

/// The records of its triggers, and those of its definition that have none.
fn triggers(item: &Automation) -> Vec<Value> {
    let records = item.triggers.iter().map(|trigger| {
        json!({
            "id": floe_flows::triggers::shown_id(trigger), "type": trigger.kind.as_str(), "name": trigger.name,
            "enabled": trigger.enabled, "next_fire_at": trigger.next_at.filter(|_| trigger.enabled),
        })
    });
    let has_record = |kind: &String| {
        item.triggers.iter().any(|trigger| kind == trigger.kind.as_str() || kind.starts_with("webhook"))
    };
    let others = item.trigger_kinds().into_iter().filter(|kind| !has_record(kind)).map(|kind| {
        let enabled = item.activity() == Activity::Active;
        json!({ "id": null, "type": kind, "name": null, "enabled": enabled, "next_fire_at": null })
    });
    records.chain(others).collect()
}
