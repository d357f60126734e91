//! The log of a flow: `/v1/flow/{id}/logs` (Flow API contract, section 9).

use floe_flows::logs::{Entry, Event, LEVELS, LogPage, Wanted};
use floe_model::Fault;
use floe_model::id::{FlowId, RunId};
use serde_json::{Value, json};

use super::paging::{LIMIT, LIMIT_MAX, Paging};
use super::records::{id, word};
use super::runs::instant;
use super::shapes::{PAGING, logs as shapes};
use super::{DASHBOARD, SURFACE};
use crate::http::shape::{ID, INSTANT};
use crate::http::{Call, Query, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/flow/{id}/logs", DASHBOARD, list)
            .scope("flows.read")
            .doc("List the log of a flow")
            .about("What happened to it, its runs, its schedule and its share link.")
            .queries(PAGING)
            .query("sort", shapes::SORT, "Newest first unless given")
            .query("level", shapes::LEVELS, "Levels, with commas between them")
            .query("event", shapes::EVENTS, "Events, with commas between them")
            .query("appRunId", ID, "Entries about this run")
            .query("from", INSTANT, "Not before")
            .query("to", INSTANT, "Before")
            .answers(200, shapes::LOG),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let flow: FlowId = call.id("id", "Flow")?;
    let paging = Paging::read(&call.query, LIMIT, LIMIT_MAX)?;
    let (wanted, newest_first) = (wanted(&call.query)?, newest_first(&call.query)?);
    let flows = &call.app.flows;
    let page = flows.list_log(&call.ctx, flow, wanted, newest_first, paging.limit, paging.skip).await?;
    let LogPage { entries, total, complete_from } = page;
    let answer = paging.around(entries.iter().map(shown).collect::<Vec<Value>>(), total);
    let mut answer = serde_json::to_value(&answer).map_err(Fault::internal)?;
    if let Some(instant) = complete_from {
        answer["completeFrom"] = json!(instant);
    }
    Reply::ok(&answer)
}

fn wanted(query: &Query) -> Result<Wanted, Fault> {
    let level = |text: &str| LEVELS.into_iter().find(|level| *level == text);
    let events: Vec<&str> = Event::ALL.iter().map(|event| event.as_str()).collect();
    let wanted = Wanted {
        levels: words(query, "level", &LEVELS.join(", "), level)?,
        events: words(query, "event", &events.join(", "), Event::parse)?,
        run: id(query, "appRunId", "a run", |id| RunId::parse(id).ok())?,
        from: instant(query, "from")?,
        to: instant(query, "to")?,
    };
    if wanted.from.zip(wanted.to).is_some_and(|(from, to)| from > to) {
        return Err(Fault::field("/from", "range", "from must not be after to"));
    }
    Ok(wanted)
}

/// A comma list of words; empty when it is not given.
fn words<T>(query: &Query, name: &str, known: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Fault> {
    let list =
        word(query, name, known, |text| text.split(',').map(|one| parse(one.trim())).collect::<Option<Vec<T>>>())?;
    Ok(list.unwrap_or_default())
}

fn newest_first(query: &Query) -> Result<bool, Fault> {
    let sort = word(query, "sort", "timestamp, createdAt, each also with - before it", |text| match text {
        "-timestamp" | "-createdAt" => Some(true),
        "timestamp" | "createdAt" => Some(false),
        _ => None,
    })?;
    Ok(sort.unwrap_or(true))
}

fn shown(entry: &Entry) -> Value {
    json!({
        "_id": entry.id,
        "timestamp": entry.at,
        "level": entry.level,
        "event": entry.event,
        "message": entry.message,
        "appRunId": entry.run,
        "stepId": entry.step,
        "version": entry.version,
        "actor": entry.actor,
        "data": entry.data,
    })
}
