//! `/usage`: what was used, summed up by days in UTC (console contract, section 5.6).

use floe_access::usage::{Counts, DAYS_MAX, GroupBy, Key};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::access::credits::{day_of, number};
use floe_model::{Scope, Timestamp};
use serde_json::{Value, json};

use super::shapes::usage as shapes;
use super::{Rights, SURFACE, filters};
use crate::http::shape::{INSTANT, TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

/// Days of an answer unless asked otherwise.
const DAYS: i64 = 30;
const DAY_US: i64 = 86_400_000_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/usage", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Sum up usage")
            .about(
                "Whole days in UTC: from the day of from up to and with the day of to. Runs count on the day on which they arrived; \
                 errors are requests answered with 400 or more, and runs that failed.",
            )
            .query("from", INSTANT, "First day; the last 30 days unless given, 366 at most")
            .query("to", INSTANT, "Last day; today unless given")
            .query("group_by", TEXT, "Any of day, product, key, model, agent, flow, with commas; day unless given")
            .query("mode", words(&["live", "test"]), "The request's mode unless given")
            .answers(200, shapes::USAGE),
    ]
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let (by, names) = read_groups(call.query.get("group_by").unwrap_or("day"))?;
    let now = call.ctx.now();
    let last = filters::instant(&call, "to")?.map_or(day_of(now), day_of);
    let first = filters::instant(&call, "from")?.map_or(last - (DAYS - 1), day_of);
    if !(first..first + DAYS_MAX).contains(&last) {
        let message = format!("from must be before to, and at most {DAYS_MAX} days before it");
        return Err(Fault::field("/from", "range", message));
    }
    let mode = filters::mode(&call)?.unwrap_or(call.ctx.caller.mode);
    let scope = Scope { workspace: call.ctx.caller.workspace, mode };
    let groups = call.app.access.usage_of(scope, first, last + 1, by).await?;
    let mut total = Counts::default();
    groups.iter().for_each(|(_, counts)| total += *counts);
    let data: Vec<Value> = groups.iter().map(|(key, counts)| group(&names, key, counts)).collect();
    Reply::ok(&json!({
        "mode": mode.as_str(),
        "from": at_day(first),
        "to": at_day(last + 1),
        "group_by": names,
        "data": data,
        "total": counted(&total),
    }))
}

fn read_groups(text: &str) -> Result<(GroupBy, Vec<&str>), Fault> {
    let mut by = GroupBy::default();
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    for name in &names {
        let switch = match *name {
            "day" => &mut by.day,
            "product" => &mut by.product,
            "key" => &mut by.key,
            "model" => &mut by.model,
            "agent" => &mut by.agent,
            "flow" => &mut by.flow,
            _ => {
                let message = "group_by must be any of day, product, key, model, agent, flow";
                return Err(Fault::field("/group_by", "value", message));
            }
        };
        if std::mem::replace(switch, true) {
            return Err(Fault::field("/group_by", "value", format!("group_by holds {name} twice")));
        }
    }
    Ok((by, names))
}

/// A group: what it is of (null where that does not apply), and its counts.
fn group(names: &[&str], key: &Key, counts: &Counts) -> Value {
    let mut object = counted(counts);
    for &name in names {
        let text = match name {
            "day" => {
                object["day"] = json!(at_day(key.day).to_string().get(..10));
                continue;
            }
            "product" => &key.product,
            "key" => &key.key,
            "model" => &key.model,
            "agent" => &key.agent,
            _ => &key.flow,
        };
        object[name] = if text.is_empty() { Value::Null } else { Value::from(text.clone()) };
    }
    object
}

/// Sums as they are shown.
pub(super) fn counted(counts: &Counts) -> Value {
    json!({
        "requests": counts.requests,
        "runs": counts.runs,
        "errors": counts.errors,
        "credits": number(counts.credits),
        "input_tokens": counts.input_tokens,
        "output_tokens": counts.output_tokens,
    })
}

const fn at_day(day: i64) -> Timestamp {
    Timestamp(day.saturating_mul(DAY_US))
}
