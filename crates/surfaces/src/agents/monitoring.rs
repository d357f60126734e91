//! What happened to an agent, its numbers, and what is left of the credits (agents contract, section 6).

use floe_access::secret::sha256;
use floe_agents::monitoring;
use floe_model::access::credits::number;
use floe_model::agents::activity::Kind;
use floe_model::agents::days::Until;
use floe_model::id::{ActivityId, parse_bits, to_base32};
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::Tx;
use floe_store::agents::activity::Filter;
use serde_json::{Value, json};

use super::gate::agent_id;
use super::shapes::monitoring as shapes;
use super::usage::days;
use super::wire::{self, Instants};
use super::{KEY, SURFACE};
use crate::http::shape::{INSTANT, TEXT, format, int, words};
use crate::http::{Call, Reply, Route};

const LIMIT: i64 = 50;
const LIMIT_MAX: i64 = 200;
/// Characters of each half of a cursor.
const CURSOR_PART: usize = 26;
/// Characters of a filter at most.
const FILTER_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/public/agent/{agent_id}/activity", KEY, list)
            .scope("usage")
            .doc("List what happened to an agent")
            .about("Newest first.")
            .query("limit", int(1, LIMIT_MAX), "Entries of a page; 50 unless given")
            .query("cursor", TEXT, "next_cursor of the page before")
            .query("type", words(Kind::WORDS), "One type")
            .query("status", TEXT, "One status")
            .query("thread_id", TEXT, "One thread")
            .query("from", INSTANT, "Not before")
            .query("to", INSTANT, "Before")
            .answers(200, shapes::ACTIVITIES),
        Route::get(&SURFACE, "/api/public/agent/{agent_id}/activity/{id}", KEY, show)
            .scope("usage")
            .doc("Show what happened to an agent")
            .about("With the whole trace of the exchange, where there is one.")
            .answers(200, shapes::ENTRY),
        Route::get(&SURFACE, "/api/public/agent/{agent_id}/performance", KEY, performance)
            .scope("usage")
            .doc("Get the numbers of an agent")
            .about("By the rules of dates of usage, but the last day may be today.")
            .query("start_date", format("date"), "The first day")
            .query("end_date", format("date"), "The last day; yesterday unless given")
            .answers(200, shapes::PERFORMANCE)
            .refuses(
                400,
                &[
                    "invalid_date_range",
                    "invalid_date_format",
                    "invalid_dates",
                    "invalid_end_date",
                    "date_range_too_large",
                ],
            ),
        Route::get(&SURFACE, "/api/public/credits", KEY, credits)
            .scope("usage")
            .doc("Get the credits that are left")
            .answers(200, shapes::CREDITS),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let limit = call.query.number("limit", 1, LIMIT_MAX)?.unwrap_or(LIMIT);
    let size = usize::try_from(limit).unwrap_or(1);
    let (filter, before) = (filter(&call)?, cursor(&call)?);
    let (id, scope) = (agent_id(&call)?, call.ctx.caller.scope());
    let reading = move |tx: &mut Tx<'_>| monitoring::activity(tx, scope, id, &filter, before, size + 1);
    let mut found = call.ctx.store.read(reading).await?;
    let has_more = found.len() > size;
    found.truncate(size);
    let mark = mark(&call);
    let next = found.last().filter(|_| has_more).map(|last| format!("{}{}", to_base32(last.id.0), to_base32(mark)));
    let data: Vec<Value> = found.iter().map(|entry| wire::activity(entry, Instants::Seconds)).collect();
    Reply::ok(&json!({ "data": data, "next_cursor": next }))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (agent, id) = (agent_id(&call)?, call.id::<ActivityId>("id", "Activity")?);
    let scope = call.ctx.caller.scope();
    let found = call.ctx.store.read(move |tx| monitoring::entry(tx, scope, agent, id)).await?;
    Reply::ok(&wire::entry(&found, Instants::Seconds))
}

async fn performance(call: Call) -> Result<Reply, Fault> {
    let days = days(&call, Until::Today)?;
    let (id, scope) = (agent_id(&call)?, call.ctx.caller.scope());
    let since = call.app.agents.settings.usage_since_day;
    let reading = move |tx: &mut Tx<'_>| monitoring::performance(tx, scope, id, days, since);
    let found = call.ctx.store.read(reading).await?;
    Reply::ok(&wire::performance(call.param("agent_id")?, &found))
}

async fn credits(call: Call) -> Result<Reply, Fault> {
    let (ctx, scope) = (call.ctx.clone(), call.ctx.caller.scope());
    let found = call.ctx.store.read(move |tx| monitoring::credits(tx, &ctx, scope)).await?;
    Reply::ok(&json!({
        "balance": number(found.balance),
        "used_today": number(found.used_today),
        "used_this_month": number(found.used_this_month),
        "limit": found.limit.map(number),
    }))
}

/// What a list of activity is filtered by.
///
/// # Errors
/// 400 for a value that none can have.
pub(crate) fn filter(call: &Call) -> Result<Filter, Fault> {
    let text = |name: &str| {
        let text = call.query.get(name).filter(|text| !text.is_empty());
        if text.is_some_and(|text| text.chars().count() > FILTER_MAX || text.contains('\0')) {
            return Err(Fault::field(format!("/{name}"), "length", format!("{name} is too long")));
        }
        Ok(text.map(str::to_owned))
    };
    let instant = |name: &str| {
        let found = call.query.get(name).filter(|text| !text.is_empty());
        let wrong = || Fault::field(format!("/{name}"), "value", format!("{name} must be an instant as in RFC 3339"));
        found.map(|text| Timestamp::parse(text).ok_or_else(wrong)).transpose()
    };
    let kind = call.query.get("type").filter(|word| !word.is_empty()).map(|word| {
        let message = || format!("type must be one of: {}", Kind::WORDS.join(", "));
        Kind::parse(word).ok_or_else(|| Fault::field("/type", "value", message()))
    });
    Ok(Filter {
        kind: kind.transpose()?,
        status: text("status")?,
        thread: text("thread_id")?,
        from: instant("from")?,
        to: instant("to")?,
    })
}

/// Where a page begins; a cursor is good for the filters that it was given for.
fn cursor(call: &Call) -> Result<Option<ActivityId>, Fault> {
    let Some(text) = call.query.get("cursor").filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong = || {
        let message = "cursor must be the next_cursor of a page of this list with the same filters";
        Fault::new(FaultKind::Invalid, "invalid_cursor", message)
    };
    let (id, own) = text.split_at_checked(CURSOR_PART).ok_or_else(wrong)?;
    match (parse_bits(id), parse_bits(own)) {
        (Ok(id), Ok(own)) if own == mark(call) => Ok(Some(ActivityId(id))),
        _ => Err(wrong()),
    }
}

/// A digest of the list and its filters.
fn mark(call: &Call) -> u128 {
    let filters = ["type", "status", "thread_id", "from", "to"].map(|name| call.query.get(name));
    let digest = sha256(json!([call.path, filters]).to_string().as_bytes());
    let mut head = [0; 16];
    head.copy_from_slice(&digest[..16]);
    u128::from_be_bytes(head)
}
