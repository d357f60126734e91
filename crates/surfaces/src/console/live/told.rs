//! What domain events tell the readers of a stream: that a run, an item, an experiment changed, and what a member wants to know.
//!
//! A message says how the thing stands when it is told, so of many events about one thing the last is enough.

use floe_model::access::Permission;
use floe_model::id::{EventId, parse_bits};
use floe_model::{Fault, Mode};
use floe_store::platform::events::{Cursor, Event};
use serde_json::{Value, json};

use super::topics::Topics;
use crate::console::notices::Told;
use crate::console::{inbox, runs};
use crate::http::Call;

/// Events of both modes are one stream.
pub(super) const BOTH: &[Mode] = &[Mode::Live, Mode::Test];

/// One message.
pub(super) struct Message {
    /// `event:` of it.
    pub(super) name: &'static str,
    /// Where a reader goes on who has seen it; none for what has no place.
    pub(super) place: Option<Cursor>,
    /// Its data.
    pub(super) data: Value,
}

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thing {
    Run(u128),
    Item(u128),
    Experiment(u128),
    Notice(EventId),
}

/// The messages that some events are, in their order.
///
/// # Errors
/// Of the database.
pub(super) async fn of(call: &Call, topics: &Topics, events: &[Event]) -> Result<Vec<Message>, Fault> {
    let mut things: Vec<(Thing, &Event)> = Vec::new();
    for event in events {
        for thing in of_event(topics, event) {
            things.retain(|(known, _)| *known != thing);
            things.push((thing, event));
        }
    }
    let wishes = if topics.notifications && !events.is_empty() { Some(Told::of(call).await?) } else { None };
    let mut messages: Vec<Message> = Vec::new();
    for (thing, event) in things {
        let told = match thing {
            Thing::Run(id) => run(call, id, event).await?,
            Thing::Item(id) => item(call, id, event).await?,
            Thing::Experiment(id) => experiment(call, id, event),
            Thing::Notice(_) => notice(call, wishes.as_ref(), event).await?,
        };
        messages.extend(told.map(|(name, data)| Message { name, place: Some(event.cursor), data }));
    }
    // A reader who was cut between two messages of one event gets both again: only the last one says how far it came.
    for at in 1..messages.len() {
        if messages[at - 1].place == messages[at].place {
            messages[at - 1].place = None;
        }
    }
    Ok(messages)
}

fn of_event(topics: &Topics, event: &Event) -> Vec<Thing> {
    let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
    let named = |name: &str| data[name].as_str().and_then(|id| parse_bits(id).ok());
    let product = event.kind.split('.').next().unwrap_or_default();
    let run = match product {
        "flows" if event.kind.starts_with("flows.run.") => event.subject_id,
        "workflows" if event.kind.starts_with("workflows.execution.") => event.subject_id,
        "agents" => named("exchange_id"),
        "treasury" | "platform" => named("run_id"),
        _ => None,
    };
    let item = if event.kind.starts_with("platform.inbox.") { named("inbox_id") } else { None };
    let experiment = if event.kind.starts_with("placements.experiment.") { event.subject_id } else { None };
    [
        run.filter(|_| topics.runs).map(Thing::Run),
        item.filter(|_| topics.inbox).map(Thing::Item),
        experiment.filter(|_| topics.experiments).map(Thing::Experiment),
        topics.notifications.then_some(Thing::Notice(event.id)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

type Said = Option<(&'static str, Value)>;

async fn run(call: &Call, id: u128, event: &Event) -> Result<Said, Fault> {
    let run = runs::find_object(call, id).await?;
    Ok(run.map(|run| ("run.changed", run_data(&run, &json!(event.created_at)))))
}

/// What is told of a run that changed.
pub(super) fn run_data(run: &Value, at: &Value) -> Value {
    json!({
        "type": "run.changed", "id": run["id"], "kind": run["kind"], "mode": run["mode"], "status": run["status"],
        "revision": null, "at": at,
    })
}

async fn item(call: &Call, id: u128, event: &Event) -> Result<Said, Fault> {
    let told = inbox::find_object(call, id).await?.map(|(item, revision)| {
        let data = json!({
            "type": "inbox.changed", "id": item["id"], "kind": item["kind"], "mode": item["mode"], "status": item["status"],
            "revision": revision, "at": event.created_at,
        });
        ("inbox.changed", data)
    });
    Ok(told)
}

fn experiment(call: &Call, id: u128, event: &Event) -> Said {
    // Management of placements is for those who build.
    if !call.ctx.caller.may(Permission::Build) {
        return None;
    }
    let happened = event.kind.rsplit('.').next().unwrap_or_default();
    let status = if happened == "started" { "running" } else { happened };
    let data = json!({
        "type": "experiment.changed", "id": EventId(id).to_string(), "kind": null, "mode": event.scope.mode.as_str(),
        "status": status, "revision": null, "at": event.created_at,
    });
    Some(("experiment.changed", data))
}

async fn notice(call: &Call, wishes: Option<&Told>, event: &Event) -> Result<Said, Fault> {
    let Some(wishes) = wishes else { return Ok(None) };
    let told = wishes.notice(call, event).await?.map(|notice| {
        let data = json!({
            "type": "notification", "id": notice["id"], "kind": notice["event"], "mode": notice["mode"], "status": null,
            "revision": null, "at": notice["at"], "title": notice["title"], "url": notice["url"],
        });
        ("notification", data)
    });
    Ok(told)
}
