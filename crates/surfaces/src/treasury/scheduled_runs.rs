//! Payment runs that begin by themselves (Treasury contract, section 12).

use floe_model::id::{MemberId, PaymentRunId, ScheduledRunId};
use floe_model::treasury::{Directory, Kobo};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::treasury::scheduled_runs::ScheduledRun;
use floe_treasury::runs::schedules::{self, NewSchedule, SchedulePatch, When, ZONE};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::input::{Input, path_id};
use super::page::Page;
use super::runs::read_new_run;
use super::shapes::{PAGING, recipients::DELETED, runs as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, KEY, OWNER_OR_ANALYST, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// Characters of a pattern, and of the name of a zone.
const CRON_MAX: usize = 200;
const ZONE_MAX: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/public/scheduled-runs", KEY, list)
            .scope("runs:read")
            .doc("List scheduled runs with a key")
            .queries(PAGING)
            .answers(200, shapes::SCHEDULED_RUNS),
        Route::get(&SURFACE, "/api/v1/scheduled-runs", DASHBOARD, list)
            .any_reads()
            .doc("List scheduled runs")
            .queries(PAGING)
            .answers(200, shapes::SCHEDULED_RUNS),
        Route::post(&SURFACE, "/api/v1/scheduled-runs", DASHBOARD, create)
            .written_by(OWNER_OR_ANALYST)
            .doc("Schedule payment runs")
            .about("Once at run_at, or by a pattern in a zone. People release each run.")
            .takes(shapes::NEW_SCHEDULED_RUN)
            .answers(201, shapes::SCHEDULED_RUN),
        Route::get(&SURFACE, "/api/v1/scheduled-runs/{id}", DASHBOARD, show)
            .any_reads()
            .doc("Show a scheduled run")
            .answers(200, shapes::SCHEDULED_RUN),
        Route::patch(&SURFACE, "/api/v1/scheduled-runs/{id}", DASHBOARD, change)
            .written_by(OWNER_OR_ANALYST)
            .doc("Change a scheduled run")
            .about("What is not there stays; the fields of the run are given together, with their objective.")
            .takes(shapes::SCHEDULED_RUN_PATCH)
            .answers(200, shapes::SCHEDULED_RUN),
        Route::delete(&SURFACE, "/api/v1/scheduled-runs/{id}", DASHBOARD, delete)
            .written_by(OWNER_OR_ANALYST)
            .doc("Delete a scheduled run")
            .answers(200, DELETED),
    ]
}

#[derive(Serialize)]
struct ScheduledOut {
    id: ScheduledRunId,
    objective: String,
    cron: Option<String>,
    timezone: String,
    is_active: bool,
    candidate_count: usize,
    total_amount: Option<Kobo>,
    next_run_at: Option<Seconds>,
    last_run_at: Option<Seconds>,
    last_run_id: Option<PaymentRunId>,
    run_count: i64,
    created_by: Option<MemberId>,
    created_at: Seconds,
    updated_at: Seconds,
}

impl TryFrom<ScheduledRun> for ScheduledOut {
    type Error = Fault;

    fn try_from(one: ScheduledRun) -> Result<Self, Fault> {
        let run = schedules::request(&one)?;
        let (candidate_count, total_amount) = match &run.recipients {
            Some((ids, each)) => {
                let all = i64::try_from(ids.len()).ok().and_then(|count| each.minor().checked_mul(count));
                (ids.len(), all.map(Kobo))
            }
            None => (run.candidates.len(), Kobo::checked_sum(run.candidates.iter().map(|one| one.amount))),
        };
        Ok(Self {
            id: one.id,
            objective: one.name,
            cron: one.cron,
            timezone: one.zone,
            is_active: one.is_active,
            candidate_count,
            total_amount,
            next_run_at: one.next_at.filter(|_| one.is_active).map(Seconds),
            last_run_at: one.last_at.map(Seconds),
            last_run_id: one.last_run,
            run_count: one.runs,
            created_by: one.created_by,
            created_at: Seconds(one.created_at),
            updated_at: Seconds(one.updated_at),
        })
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, scope) = (Page::of(&call.query), call.ctx.caller.scope());
    let reading = call.ctx.store.read(move |tx| schedules::list(tx, scope, page.limit(), page.offset));
    let (rows, total) = reading.await?;
    let rows = rows.into_iter().map(ScheduledOut::try_from).collect::<Result<Vec<_>, _>>()?;
    Reply::ok(&page.around(rows, total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: ScheduledRunId = path_id(&call, "id")?;
    let scope = call.ctx.caller.scope();
    let found = call.ctx.store.read(move |tx| schedules::get(tx, scope, id)).await?;
    Reply::ok(&ScheduledOut::try_from(found)?)
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = Input::of(&call)?;
    let run = read_new_run(&mut body, call.app.treasury.directory);
    let when = read_when(&mut body);
    let zone = body.text("timezone", 1, ZONE_MAX);
    let is_active = body.flag("is_active").unwrap_or(true);
    if when.is_none() {
        body.problem("cron", "missing", "field required, or run_at");
    }
    body.finish()?;
    let Some(when) = when else { return Err(Fault::internal("a schedule without a time passed its checks")) };
    let new = NewSchedule { when, zone: zone.unwrap_or_else(|| ZONE.to_owned()), run, is_active };
    let (ctx, id) = (call.ctx.clone(), call.ctx.ids.next());
    let act = move |tx: &mut Tx<'_>| schedules::create(tx, &ctx, id, &new);
    call.commit(act, |made| Reply::json(StatusCode::CREATED, &ScheduledOut::try_from(made)?)).await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: ScheduledRunId = path_id(&call, "id")?;
    let patch = read_patch(&call, call.app.treasury.directory)?;
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| schedules::change(tx, &ctx, id, &patch);
    call.commit(act, |changed| Reply::ok(&ScheduledOut::try_from(changed)?)).await
}

async fn delete(call: Call) -> Result<Reply, Fault> {
    let id: ScheduledRunId = path_id(&call, "id")?;
    let ctx = call.ctx.clone();
    let act = move |tx: &mut Tx<'_>| schedules::delete(tx, &ctx, id);
    call.commit(act, move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "deleted", "id": id })))).await
}

fn read_patch(call: &Call, directory: &Directory) -> Result<SchedulePatch, Fault> {
    let mut body = Input::of(call)?;
    const OF_RUN: [&str; 8] = [
        "objective",
        "risk_tolerance",
        "budget_cap",
        "candidates",
        "recipient_ids",
        "amount_each",
        "date_from",
        "date_to",
    ];
    let run = OF_RUN.iter().any(|name| body.has(name)).then(|| read_new_run(&mut body, directory));
    let patch = SchedulePatch {
        run,
        when: read_when(&mut body),
        zone: body.text("timezone", 1, ZONE_MAX),
        is_active: body.flag("is_active"),
    };
    body.finish()?;
    Ok(patch)
}

/// When a schedule fires; none when nothing is said about it.
fn read_when(body: &mut Input<'_>) -> Option<When> {
    let cron = body.text("cron", 1, CRON_MAX);
    let text = body.text("run_at", 1, ZONE_MAX);
    let at = text.as_deref().and_then(Timestamp::parse);
    if text.is_some() && at.is_none() {
        body.problem("run_at", "date_parsing", super::input::NO_INSTANT);
    }
    if cron.is_some() && text.is_some() {
        body.problem("run_at", "enum", "must not be given together with cron");
    }
    cron.map(When::Cron).or(at.map(When::Once))
}
