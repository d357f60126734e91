//! `/agents/{id}/activity` and `/agents/{id}/performance` (console contract, section 5.2; agents contract, section 6).

use floe_agents::{agents, monitoring};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::agents::activity::Kind;
use floe_model::agents::days::Until;
use floe_model::id::{ActivityId, AgentId};
use floe_store::Tx;
use floe_store::agents::activity as rows;

use super::list::Window;
use super::shapes::{WINDOW, agents as shapes};
use super::{Rights, SURFACE, filters};
use crate::agents::monitoring::filter;
use crate::agents::usage::days;
use crate::agents::wire::{self, Instants};
use crate::http::shape::{INSTANT, TEXT, format, words};
use crate::http::{Auth, Call, Reply, Route};

const FILTERS: &[&str] = &["type", "status", "thread_id", "from", "to"];

pub(super) fn routes() -> Vec<Route> {
    let routes = [
        Route::get(&SURFACE, "/console/v1/agents/{id}/activity", Auth::MEMBER, list)
            .doc("List what happened to an agent")
            .about("Newest first.")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .query("type", words(Kind::WORDS), "One type")
            .query("status", TEXT, "One status")
            .query("thread_id", TEXT, "One thread")
            .query("from", INSTANT, "Not before")
            .query("to", INSTANT, "Before")
            .answers(200, shapes::ACTIVITIES),
        Route::get(&SURFACE, "/console/v1/agents/{id}/activity/{aid}", Auth::MEMBER, show)
            .doc("Show what happened to an agent")
            .about("With the whole trace of the exchange, where there is one.")
            .answers(200, shapes::ENTRY),
        Route::get(&SURFACE, "/console/v1/agents/{id}/performance", Auth::MEMBER, performance)
            .doc("Get the numbers of an agent")
            .query("start_date", format("date"), "The first day; the seven days that end yesterday unless given")
            .query("end_date", format("date"), "The last day, today at the latest; yesterday unless given")
            .answers(200, shapes::PERFORMANCE),
    ];
    routes.into_iter().map(|route| route.needs(Permission::Read)).collect()
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, FILTERS)?;
    filters::newest_first(window.newest_first)?;
    let (id, scope) = (call.id::<AgentId>("id", "Agent")?, call.ctx.caller.scope());
    let (filter, after) = (filter(&call)?, window.after.map(ActivityId));
    let (limit, total) = (window.limit, window.total);
    let reading = move |tx: &mut Tx<'_>| {
        agents::require(tx, scope.workspace, id)?;
        let found = monitoring::activity(tx, scope, id, &filter, after, limit + 1)?;
        let total = if total { Some(rows::count(tx, scope, id, &filter)?) } else { None };
        Ok((found, total))
    };
    let (mut found, total) = call.ctx.store.read(reading).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|entry| entry.id.0);
    let data = found.iter().map(|entry| wire::activity(entry, Instants::Millis)).collect();
    Reply::ok(&window.page(data, last, more, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (agent, id) = (call.id::<AgentId>("id", "Agent")?, call.id::<ActivityId>("aid", "Activity")?);
    let scope = call.ctx.caller.scope();
    let reading = move |tx: &mut Tx<'_>| {
        agents::require(tx, scope.workspace, agent)?;
        monitoring::entry(tx, scope, agent, id)
    };
    let found = call.ctx.store.read(reading).await?;
    Reply::ok(&wire::entry(&found, Instants::Millis))
}

async fn performance(call: Call) -> Result<Reply, Fault> {
    // The words of the agent API for wrong dates are problems of the fields here.
    let days = days(&call, Until::Today).map_err(|fault| Fault::field("/start_date", fault.code(), fault.message()))?;
    let (id, scope) = (call.id::<AgentId>("id", "Agent")?, call.ctx.caller.scope());
    let since = call.app.agents.settings.usage_since_day;
    let reading = move |tx: &mut Tx<'_>| {
        agents::require(tx, scope.workspace, id)?;
        monitoring::performance(tx, scope, id, days, since)
    };
    let found = call.ctx.store.read(reading).await?;
    Reply::ok(&wire::performance(&id.to_string(), &found))
}
