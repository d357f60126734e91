//! Schedules: `/v1/flow/{id}/schedule` and `/v1/flow/{id}/schedule-cancel` (Flow API contract, section 9).

use floe_flows::schedules::{self, NewSchedule};
use floe_model::Fault;
use floe_model::flows::Overlap;
use floe_model::id::FlowId;
use floe_store::flows::schedules::ScheduleRow;
use serde_json::{Value, json};

use super::shapes::schedule as shapes;
use super::{DASHBOARD, SURFACE};
use crate::http::{Call, Reply, Route};

/// Characters of a cron pattern that are looked at; far more than a pattern may have.
const CRON_CHARS_MAX: usize = 10_000;
/// Characters of a zone's name.
const ZONE_CHARS_MAX: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/v1/flow/{id}/schedule", DASHBOARD, get)
            .scope("flows.read")
            .doc("Show the schedule of a flow")
            .answers(200, shapes::SCHEDULE),
        Route::post(&SURFACE, "/v1/flow/{id}/schedule", DASHBOARD, set)
            .scope("flows.write")
            .doc("Set the schedule of a flow")
            .about("Takes the place of the one that is set. Each time starts the version that is the latest then.")
            .takes(shapes::NEW_SCHEDULE)
            .answers(200, shapes::SCHEDULE)
            .refuses(400, &["invalid_cron"])
            .refuses(409, &["flow_not_published"]),
        Route::post(&SURFACE, "/v1/flow/{id}/schedule-cancel", DASHBOARD, cancel)
            .scope("flows.write")
            .doc("Cancel the schedule of a flow")
            .answers(200, shapes::SCHEDULE),
    ]
}

async fn get(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let ctx = call.ctx.clone();
    let schedule = call.ctx.store.read(move |tx| schedules::get(tx, &ctx, id)).await?;
    Reply::ok(&of_flow(id, schedule.as_ref()))
}

async fn set(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let new = new_schedule(&call)?;
    let ctx = call.ctx.clone();
    call.commit(move |tx| schedules::set(tx, &ctx, id, &new), |schedule| Reply::ok(&shown(&schedule))).await
}

async fn cancel(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let ctx = call.ctx.clone();
    let render = move |schedule: Option<ScheduleRow>| Reply::ok(&of_flow(id, schedule.as_ref()));
    call.commit(move |tx| schedules::cancel(tx, &ctx, id), render).await
}

fn new_schedule(call: &Call) -> Result<NewSchedule, Fault> {
    let mut body = call.fields()?;
    let cron = body.required_text("cron", 0, CRON_CHARS_MAX);
    let timezone = body.text("timezone", 1, ZONE_CHARS_MAX);
    let overlap = body.word("overlap", "skip, allow", Overlap::parse).unwrap_or(Overlap::Skip);
    let data = match body.value("data") {
        None => json!({}),
        Some(Value::Object(data)) => match data.get("inputs") {
            None | Some(Value::Null) => json!({}),
            Some(inputs @ Value::Object(_)) => json!({ "inputs": inputs }),
            Some(_) => {
                body.problem("data/inputs", "type", "inputs must be an object");
                json!({})
            }
        },
        Some(_) => {
            body.problem("data", "type", "data must be an object");
            json!({})
        }
    };
    body.finish_ignoring_unknown()?;
    NewSchedule::new(&cron, timezone.as_deref(), overlap, data)
}

/// What a flow without a schedule answers, or its schedule.
fn of_flow(flow: FlowId, schedule: Option<&ScheduleRow>) -> Value {
    schedule.map_or_else(|| json!({ "flowId": flow, "active": false }), shown)
}

/// A schedule on the wire.
pub(super) fn shown(schedule: &ScheduleRow) -> Value {
    let data: Value = serde_json::from_str(&schedule.data).unwrap_or_default();
    json!({
        "flowId": schedule.flow,
        "active": schedule.active,
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "data": data,
        "overlap": schedule.overlap.as_str(),
        "source": schedule.source.as_str(),
        "nextRunAt": schedule.next_at,
        "lastRunAt": schedule.last_at,
        "lastRunId": schedule.last_run,
        "lastStatus": schedule.last_status,
        "pausedReason": schedule.paused_reason,
        "createdAt": schedule.created_at,
        "updatedAt": schedule.updated_at,
    })
}
