//! `/triggers`: what starts workflows and flows, the calls of their addresses; `/events/ingest`: events of providers (console contract,
//! section 5.3).

use floe_flows::triggers::{self, NewTrigger, ProviderEvent, Shown, TriggerPatch};
use floe_flows::workflows;
use floe_model::access::Permission;
use floe_model::flows::trigger::TriggerKind;
use floe_model::flows::{Engine, Overlap};
use floe_model::id::{FlowId, TriggerId, TriggerRequestId};
use floe_model::{Fault, Mode};
use floe_store::Tx;
use floe_store::flows::triggers::TriggerFilter;
use http::StatusCode;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{WINDOW, triggers as shapes};
use super::trigger_requests;
use super::{Rights, SURFACE, filters};
use crate::http::shape::{FLAG, TEXT};
use crate::http::{Auth, Call, Fields, Reply, Route};

const KINDS: &str = "schedule, webhook, event, manual";
const MODES: &str = "live, test";
const NAME_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/triggers";
    const ONE: &str = "/console/v1/triggers/{id}";
    let reads = [
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .doc("List triggers")
            .about("Schedules of flows are among them; they are changed with their flow.")
            .queries(WINDOW)
            .query("workflow_id", TEXT, "Of one workflow or flow")
            .query("type", shapes::KIND, "Of one type")
            .query("enabled", FLAG, "That fire, or do not")
            .answers(200, shapes::TRIGGERS),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show).doc("Show a trigger").answers(200, shapes::TRIGGER),
    ];
    let builds = [
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .doc("Create a trigger")
            .about("The secret of an address is shown this once.")
            .takes(shapes::NEW_TRIGGER)
            .answers(201, shapes::MADE_TRIGGER)
            .refuses(404, &["not_found"])
            .refuses(409, &["conflict"])
            .refuses(422, &["not_supported"]),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .doc("Change a trigger")
            .revised()
            .takes(shapes::TRIGGER_PATCH)
            .answers(200, shapes::TRIGGER),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .doc("Delete a trigger")
            .revised()
            .answers_nothing(204)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/console/v1/triggers/{id}/fire", Auth::MEMBER, fire)
            .doc("Fire a trigger")
            .about("In the mode of the request, with these inputs instead of what its type would give.")
            .takes(shapes::FIRE)
            .answers(202, shapes::FIRED)
            .refuses(409, &["conflict"]),
        Route::post(&SURFACE, "/console/v1/triggers/{id}/rotate-secret", Auth::MEMBER, rotate)
            .doc("Rotate the secret of a trigger")
            .answers(200, shapes::MADE_TRIGGER)
            .refuses(409, &["conflict"]),
    ];
    let runs = [
        Route::get(&SURFACE, "/console/v1/triggers/{id}/requests", Auth::MEMBER, trigger_requests::list)
            .doc("List calls of a trigger")
            .about("The last 100 calls of its address, of the last 7 days.")
            .answers(200, shapes::REQUESTS),
        Route::post(
            &SURFACE,
            "/console/v1/triggers/{id}/requests/{request_id}/replay",
            Auth::MEMBER,
            trigger_requests::replay,
        )
        .doc("Repeat a call of a trigger")
        .answers(202, shapes::FIRED)
        .refuses(409, &["conflict"]),
    ];
    let ingest = Route::post(&SURFACE, "/console/v1/events/ingest", Auth::MEMBER, ingest)
        .needs(Permission::Manage)
        .doc("Hand in an event of a provider")
        .about("Fires the event triggers of this mode that listen to it and whose filters it passes.")
        .takes(shapes::EVENT)
        .answers(202, shapes::INGESTED);
    let reads = reads.into_iter().map(|route| route.needs(Permission::Read));
    let builds = builds.into_iter().map(|route| route.needs(Permission::Build));
    let runs = runs.into_iter().map(|route| route.needs(Permission::Run));
    reads.chain(builds).chain(runs).chain([ingest]).collect()
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["workflow_id", "type", "enabled"])?;
    filters::newest_first(window.newest_first)?;
    let kind = filters::word(&call, "type", &TriggerKind::ALL.map(TriggerKind::as_str))?;
    let (kind, enabled) = (kind.as_deref().and_then(TriggerKind::parse), call.query.flag("enabled")?);
    let (ctx, target) = (call.ctx.clone(), filters::text(&call, "workflow_id")?);
    let (after, limit, counts, urls) = (window.after, window.limit, window.total, Urls::of(&call));
    let reading = move |tx: &mut Tx<'_>| {
        let flow = match &target {
            Some(text) => match workflows::ids::known_id(tx, ctx.caller.workspace, text)? {
                Some(flow) => Some(flow),
                None => return Ok((Vec::new(), None, Some(0))),
            },
            None => None,
        };
        let filter = TriggerFilter { flow, kind, enabled };
        let (page, next) = triggers::list(tx, &ctx, filter, after, limit)?;
        let total = if counts { Some(triggers::total_with_schedules(tx, &ctx, filter)?) } else { None };
        Ok((page.iter().map(|one| urls.object(one)).collect(), next, total))
    };
    let (data, next, total): (Vec<Value>, _, _) = call.ctx.store.read(reading).await?;
    Reply::ok(&window.page(data, next, next.is_some(), total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (ctx, id, urls) = (call.ctx.clone(), trigger_id(&call).await?, Urls::of(&call));
    let found = call.ctx.store.read(move |tx| triggers::get(tx, &ctx, id)).await?;
    Ok(Reply::ok(&urls.object(&found))?.revision(found.trigger.revision))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let target = read_target(&mut body);
    let name = body.required_text("name", 1, NAME_MAX);
    let kind = body.required_word("type", KINDS, TriggerKind::parse).unwrap_or(TriggerKind::Manual);
    let config = body.object("config").unwrap_or_default();
    let enabled = body.flag("enabled").unwrap_or(true);
    let mode = body.word("mode", MODES, Mode::parse).unwrap_or(Mode::Live);
    let id = body.text("id", 1, 64);
    body.finish()?;
    let (ctx, urls) = (call.ctx.clone(), Urls::of(&call));
    let act = move |tx: &mut Tx<'_>| {
        let flow = target_id(tx, &ctx, &target)?;
        let (id, name, config) = (id.clone(), name.clone(), config.clone());
        let made = triggers::create(tx, &ctx, &NewTrigger { flow, id, name, kind, config, enabled, mode })?;
        Ok((urls.object(&triggers::get(tx, &ctx, made.trigger.id)?), made))
    };
    call.commit(act, |(shown, made)| {
        let location = format!("/console/v1/triggers/{}", triggers::shown_id(&made.trigger));
        let with = |secret: Option<&str>| with_secret(&shown, secret);
        Reply::created(&location, &with(made.secret.as_deref()))?.revision(1).replay_as(&with(None))
    })
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let patch = TriggerPatch {
        name: body.text("name", 1, NAME_MAX),
        config: body.object("config"),
        enabled: body.flag("enabled"),
        mode: body.word("mode", MODES, Mode::parse),
    };
    body.finish()?;
    let (ctx, id, if_match, urls) = (call.ctx.clone(), trigger_id(&call).await?, call.if_match()?, Urls::of(&call));
    let act = move |tx: &mut Tx<'_>| {
        let changed = triggers::change(tx, &ctx, id, &patch, if_match)?;
        Ok((urls.object(&triggers::get(tx, &ctx, id)?), changed.revision))
    };
    call.commit(act, |(shown, revision)| Ok(Reply::ok(&shown)?.revision(revision))).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let (ctx, id, if_match) = (call.ctx.clone(), trigger_id(&call).await?, call.if_match()?);
    call.commit(move |tx| triggers::delete(tx, &ctx, id, if_match), |()| Ok(Reply::no_content())).await
}

async fn rotate(call: Call) -> Result<Reply, Fault> {
    call.fields()?.finish()?;
    let (ctx, id, urls) = (call.ctx.clone(), trigger_id(&call).await?, Urls::of(&call));
    let act = move |tx: &mut Tx<'_>| {
        let made = triggers::rotate(tx, &ctx, id)?;
        Ok((urls.object(&triggers::get(tx, &ctx, id)?), made))
    };
    call.commit(act, |(shown, made)| {
        let with = |secret: Option<&str>| with_secret(&shown, secret);
        Reply::ok(&with(made.secret.as_deref()))?.revision(made.trigger.revision).replay_as(&with(None))
    })
    .await
}

async fn fire(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let inputs = body.object("inputs").unwrap_or_default();
    body.finish()?;
    let id = trigger_id(&call).await?;
    let by_hand = call.app.flows.by_hand(&call.ctx, id, "dashboard", Some(call.peer.to_string())).await;
    let (ctx, firing) = (call.ctx.clone(), by_hand.clone());
    let done = call.commit(move |tx| firing.fire(tx, &ctx, &inputs), |fired| fired_reply(&fired)).await;
    call.app.flows.let_go(&by_hand);
    done
}

async fn ingest(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let given = ProviderEvent {
        provider: body.required_text("provider_id", 1, 200),
        event: body.required_text("event_id", 1, 200),
        payload: body.value("payload").unwrap_or_default(),
    };
    body.finish()?;
    let ctx = call.ctx.clone();
    let render = |done: triggers::Ingested| {
        let answer =
            json!({ "id": done.event.prefixed(), "matched": done.triggers.len(), "trigger_ids": done.triggers });
        Ok(Reply::value(StatusCode::ACCEPTED, &answer))
    };
    call.commit(move |tx| triggers::ingest(tx, &ctx, &given), render).await
}

/// The trigger in the path: by its id, or the one that was given.
pub(super) async fn trigger_id(call: &Call) -> Result<TriggerId, Fault> {
    let (text, workspace) = (call.param("id")?.to_owned(), call.ctx.caller.workspace);
    call.ctx.store.read(move |tx| triggers::find_id(tx, workspace, &text)).await
}

/// The call of an address in the path.
pub(super) fn request_id(call: &Call) -> Result<TriggerRequestId, Fault> {
    call.id("request_id", "Request")
}

/// The answer to a run that was started by hand.
pub(super) fn fired_reply(fired: &triggers::FiredByHand) -> Result<Reply, Fault> {
    let answer = json!({
        "run_id": fired.execution_id, "trigger_id": fired.trigger_id, "workflow_id": fired.workflow_id,
        "status": "pending",
    });
    Ok(Reply::value(StatusCode::ACCEPTED, &answer))
}

/// What a new trigger shall start: `target` or `workflow_id`.
#[derive(Clone)]
struct Target {
    engine: Option<Engine>,
    text: String,
}

fn read_target(body: &mut Fields) -> Target {
    if let Some(text) = body.text("workflow_id", 1, 64) {
        return Target { engine: None, text };
    }
    let Some(Value::Object(target)) = body.value("target") else {
        body.problem("target", "required", "target is required: an object with kind and id");
        return Target { engine: None, text: String::new() };
    };
    let engine = target.get("kind").and_then(Value::as_str).and_then(Engine::parse);
    if engine.is_none() {
        body.problem("target/kind", "value", "kind must be workflow or flow");
    }
    let text = target.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if text.is_empty() || text.len() > 64 {
        body.problem("target/id", "required", "id is required");
    }
    Target { engine, text }
}

fn target_id(tx: &mut Tx<'_>, ctx: &floe_runtime::Ctx, target: &Target) -> Result<FlowId, Fault> {
    let missing = || Fault::not_found("Automation");
    let id = workflows::ids::known_id(tx, ctx.caller.workspace, &target.text)?.ok_or_else(missing)?;
    let flow = floe_store::flows::flows::find(tx, ctx.caller.workspace, id)?.ok_or_else(missing)?;
    if target.engine.is_some_and(|engine| engine != flow.engine) {
        return Err(missing());
    }
    Ok(id)
}

fn with_secret(shown: &Value, secret: Option<&str>) -> Value {
    let mut with = shown.clone();
    with["secret"] = secret.into();
    with
}

/// Makes what is shown of triggers: it needs the public address and the time.
#[derive(Clone)]
pub(super) struct Urls {
    origin: String,
    now: floe_model::Timestamp,
}

impl Urls {
    fn of(call: &Call) -> Self {
        Self { origin: call.app.settings.public_url.origin.clone(), now: call.ctx.now() }
    }

    fn object(&self, shown: &Shown) -> Value {
        let one = &shown.trigger;
        let id = triggers::shown_id(one);
        let is_schedule = one.kind == TriggerKind::Schedule;
        let (missed, overlap) = match &shown.schedule {
            Some(schedule) => {
                (Some("last_within_1_hour"), Some(if schedule.overlap == Overlap::Allow { "allow" } else { "skip" }))
            }
            None => (is_schedule.then_some("within_1_minute"), is_schedule.then_some("buffer_one")),
        };
        let by_flow = one.engine == Engine::Flow && (shown.schedule.is_some() || one.node.is_some());
        let target = match one.engine {
            Engine::Workflow => shown.workflow_id.clone(),
            Engine::Flow => one.flow.to_string(),
        };
        let last_run = one.last_run.map(|run| workflows::ids::run(one.engine, run));
        json!({
            "id": id,
            "target": { "kind": one.engine.as_str(), "id": target, "name": shown.workflow_name },
            "workflow_id": shown.workflow_id,
            "name": one.name,
            "type": one.kind.as_str(),
            "config": shown.config,
            "enabled": one.enabled,
            "mode": one.mode.as_str(),
            "managed_by": by_flow.then_some("flow"),
            "node_id": one.node,
            "url": (one.kind == TriggerKind::Webhook).then(|| format!("{}/webhooks/{id}", self.origin)),
            "has_secret": one.secret.is_some(),
            "next_fire_at": triggers::next_fires(shown, self.now),
            "missed_rule": missed,
            "overlap_rule": overlap,
            "trigger_count": one.count,
            "last_triggered_at": one.last_at,
            "last_run_id": last_run,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "revision": one.revision,
        })
    }
}
