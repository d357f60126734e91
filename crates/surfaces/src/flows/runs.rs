//! The runs of a flow: lists and sums (Flow API contract, section 7).

use floe_flows::history::RunPage;
use floe_flows::totals::Overview;
use floe_model::access::credits::number;
use floe_model::id::FlowId;
use floe_model::{Fault, Timestamp};
use floe_store::flows::run_totals::Group;
use floe_store::flows::runs::{RunFilter, RunOrder, RunRow};
use floe_store::flows::waits::contains_pattern;
use serde_json::{Map, Value, json};

use super::paging::{LIMIT, LIMIT_MAX, Paging};
use super::shapes::{PAGING, runs as shapes};
use super::{DASHBOARD, SURFACE, run_wire};
use crate::http::shape::{INSTANT, TEXT, int};
use crate::http::{Call, Query, Reply, Route};
use crate::run_credits;

/// Every status of a run.
const STATUSES: [&str; 6] = ["queued", "running", "waiting", "completed", "failed", "cancelled"];
/// Days that an overview covers unless asked otherwise.
const OVERVIEW_DAYS: i64 = 30;
/// Characters of a searched text at most.
const SEARCH_CHARS_MAX: usize = 200;

pub(super) fn routes() -> Vec<Route> {
    let listed = |path, handler| {
        Route::get(&SURFACE, path, DASHBOARD, move |call: Call| page(call, handler))
            .queries(PAGING)
            .query("sort", shapes::SORT, "Newest first unless given")
            .query("status", TEXT, "Statuses between commas")
            .query("trigger", TEXT, "Type of the trigger")
            .query("version", int(1, i64::from(u32::MAX)), "Version that ran")
            .query("source", TEXT, "Kind of the source")
            .query("from", INSTANT, "First instant")
            .query("to", INSTANT, "Instant after the last")
            .query("q", TEXT, "Text in the error")
    };
    let routes = [
        listed("/v1/flowrun/{id}", run_wire::listed).doc("List the runs of a flow").answers(200, shapes::RUNS),
        listed("/v1/flowrun/light/{id}", run_wire::light)
            .doc("List the runs of a flow in short")
            .answers(200, shapes::LIGHT_RUNS),
        Route::get(&SURFACE, "/v1/flowrun/overview/{id}", DASHBOARD, overview)
            .doc("Sum up the runs of a flow")
            .query("from", INSTANT, "First instant; 30 days before the last unless given")
            .query("to", INSTANT, "Instant after the last; now unless given")
            .answers(200, shapes::OVERVIEW),
    ];
    routes.into_iter().map(|route| route.scope("flows.read")).collect()
}

async fn overview(call: Call) -> Result<Reply, Fault> {
    let flow: FlowId = call.id("id", "Flow")?;
    let to = instant(&call.query, "to")?;
    // The present instant is part of the period that ends with it.
    let to_shown = to.unwrap_or_else(|| call.ctx.now());
    let to = to.unwrap_or(to_shown.plus_millis(1));
    let from = instant(&call.query, "from")?.unwrap_or(to_shown.plus_seconds(-OVERVIEW_DAYS * 86_400));
    if from > to {
        return Err(Fault::field("/from", "range", "from must not be after to"));
    }
    let found = call.app.flows.overview(&call.ctx, flow, from, to).await?;
    Reply::ok(&overview_out(flow, from, to_shown, &found))
}

async fn page(call: Call, row: fn(&RunRow) -> Value) -> Result<Reply, Fault> {
    let flow: FlowId = call.id("id", "Flow")?;
    let paging = Paging::read(&call.query, LIMIT, LIMIT_MAX)?;
    let (filter, order) = (read_filter(&call.query)?, read_order(&call.query)?);
    let found = call.app.flows.list_runs(&call.ctx, flow, filter, order, paging.limit, paging.skip).await?;
    let RunPage { rows, total } = found;
    let mut shown: Vec<Value> = rows.iter().map(row).collect();
    let with_credits = rows.iter().map(|run| run.id).zip(&mut shown).filter(|(_, row)| row.get("credits").is_some());
    run_credits::fill_rows(&call, &mut with_credits.collect::<Vec<_>>()).await?;
    Reply::ok(&paging.around(shown, total))
}

fn read_filter(query: &Query) -> Result<RunFilter, Fault> {
    let word = |name: &str| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let version = query.number("version", 1, i64::from(u32::MAX))?;
    Ok(RunFilter {
        statuses: word("status").map(|list| read_statuses(&list)).transpose()?,
        trigger: word("trigger"),
        version: version.and_then(|version| u32::try_from(version).ok()),
        source: word("source"),
        from: instant(query, "from")?,
        to: instant(query, "to")?,
        error_like: word("q").map(|text| contains_pattern(&text.chars().take(SEARCH_CHARS_MAX).collect::<String>())),
    })
}

/// A list between commas, as the filter of the store takes it.
fn read_statuses(list: &str) -> Result<String, Fault> {
    let mut wrapped = String::from(",");
    for status in list.split(',').map(str::trim) {
        if !STATUSES.contains(&status) {
            let message = format!("status must hold some of: {}", STATUSES.join(", "));
            return Err(Fault::field("/status", "value", message));
        }
        wrapped.push_str(status);
        wrapped.push(',');
    }
    Ok(wrapped)
}

/// Runs come in the order of their arrival, which is that of their start but for those that queued.
fn read_order(query: &Query) -> Result<RunOrder, Fault> {
    Ok(match query.get("sort") {
        None | Some("-createdAt" | "-startedAt" | "-queuedAt") => RunOrder::Newest,
        Some("createdAt" | "startedAt" | "queuedAt") => RunOrder::Oldest,
        Some("-durationMs") => RunOrder::Longest,
        Some("durationMs") => RunOrder::Shortest,
        Some(_) => {
            let message = "sort must be createdAt, startedAt, queuedAt or durationMs, with - before it for descending";
            return Err(Fault::field("/sort", "value", message));
        }
    })
}

pub(super) fn instant(query: &Query, name: &str) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let wrong = || Fault::field(format!("/{name}"), "type", format!("{name} must be an RFC 3339 instant"));
    Timestamp::parse(text).map(Some).ok_or_else(wrong)
}

fn overview_out(flow: FlowId, from: Timestamp, to: Timestamp, found: &Overview) -> Value {
    let days = found.days.iter().map(|day| {
        let date = day.at.to_string();
        let date = date.split('T').next();
        json!({ "date": date, "total": day.total, "completed": day.completed, "failed": day.failed, "credits": number(day.credits) })
    });
    let errors = found.errors.iter();
    let durations = found.durations;
    json!({
        "appId": flow, "from": from, "to": to, "total": found.count(None),
        "byStatus": STATUSES.iter().map(|status| ((*status).to_owned(), json!(found.count(Some(status))))).collect::<Map<_, _>>(),
        "successRate": found.success_rate(),
        "durationMs": { "avg": durations.avg, "p50": durations.p50, "p95": durations.p95, "p99": durations.p99 },
        "credits": number(found.days.iter().map(|day| day.credits).sum()),
        "byDay": days.collect::<Vec<Value>>(),
        "byTrigger": sums(&found.groups, |group| group.trigger.clone()),
        "byVersion": sums(&found.groups, |group| group.version.to_string()),
        "topErrors": errors.map(|one| json!({ "code": one.code, "stepId": one.step, "count": one.count })).collect::<Vec<Value>>(),
        "waiting": found.waiting,
        "lastRun": found.last.as_ref().map(run_wire::light),
    })
}

/// How many runs there are under each name.
fn sums(groups: &[Group], name: impl Fn(&Group) -> String) -> Value {
    let mut sums: Map<String, Value> = Map::new();
    for group in groups {
        let sum = sums.entry(name(group)).or_insert_with(|| json!(0));
        *sum = json!(sum.as_u64().unwrap_or(0) + group.count);
    }
    Value::Object(sums)
}
