//! Usage (agents contract, section 3).

use floe_agents::monitoring;
use floe_model::Fault;
use floe_model::access::credits::number;
use floe_model::agents::days::{Days, Until, date, written};
use floe_store::Tx;
use serde_json::{Value, json};

use super::gate::agent_id;
use super::shapes::usage as shapes;
use super::{KEY, SURFACE};
use crate::http::shape::format as form;
use crate::http::{Call, Query, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/public/agent/{agent_id}/usage", KEY, usage)
            .scope("usage")
            .doc("Get the credits that an agent used")
            .about("Every UTC day of the range, newest first. Without dates: the seven days that end yesterday; 31 days at most.")
            .query("start_date", form("date"), "The first day")
            .query("end_date", form("date"), "The last day, yesterday at the latest; yesterday unless given")
            .answers(200, shapes::USAGE)
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
    ]
}

async fn usage(call: Call) -> Result<Reply, Fault> {
    let days = days(&call, Until::Yesterday)?;
    let (id, scope) = (agent_id(&call)?, call.ctx.caller.scope());
    let since = call.app.agents.settings.usage_since_day;
    let reading = move |tx: &mut Tx<'_>| monitoring::usage(tx, scope, id, days, since);
    let found = call.ctx.store.read(reading).await?;
    let day = |(day, used): &(i64, i64)| json!({ "date": date(*day), "credits_used": number(*used) });
    let mut body = json!({
        "agent_id": call.param("agent_id")?,
        "time_range": found.days.range(),
        "usage": {
            "total_credits_used": number(found.total()),
            "daily_breakdown": found.by_day.iter().map(day).collect::<Vec<Value>>(),
        },
    });
    if let Some(since) = found.told_since {
        body["note"] = format!("Endpoint active from {} onwards", written(since)).into();
    }
    Reply::ok(&body)
}

/// The days that a request asks about.
///
/// # Errors
/// 400 by the table of the contract.
pub(crate) fn days(call: &Call, until: Until) -> Result<Days, Fault> {
    Days::read(first(&call.query, "start_date"), first(&call.query, "end_date"), call.ctx.now(), until)
}

/// Of a parameter that comes twice the first value counts.
fn first<'q>(query: &'q Query, name: &'q str) -> Option<&'q str> {
    query.all(name).next()
}
