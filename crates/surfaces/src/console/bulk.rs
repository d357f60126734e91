//! `/runs/bulk` and `/jobs`: acts on many runs (console contract, section 5.7).

use floe_flows::reruns::{BulkAct, BulkProgress, BulkWhich, REASON_CHARS_MAX, stop_bulk};
use floe_flows::run_list::ListFilter;
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::{JobId, RunId};
use floe_store::flows::bulk::{ITEMS_MAX, ItemEnd};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::runs::{filter_names, read_filter};
use super::shapes::bulk as shapes;
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Fields, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/console/v1/runs/bulk", Auth::MEMBER, bulk)
            .needs(Permission::Run)
            .doc("Cancel or rerun many runs")
            .about("Up to 10,000 runs, by their ids or by the filters of the list; of more the newest are taken.")
            .takes(shapes::BULK)
            .answers(202, shapes::BULK_RECEIPT)
            .answers(200, shapes::BULK_PLAN),
        Route::get(&SURFACE, "/console/v1/jobs/{id}", Auth::MEMBER, show)
            .needs(Permission::Read)
            .doc("Show a job")
            .answers(200, shapes::JOB),
        Route::delete(&SURFACE, "/console/v1/jobs/{id}", Auth::MEMBER, stop)
            .needs(Permission::Run)
            .doc("Stop a job")
            .about(
                "What it has not come to is left alone; what it has done stays. A job that has ended stays as it is.",
            )
            .answers_nothing(204),
    ]
}

async fn bulk(call: Call) -> Result<Reply, Fault> {
    let (act, which, is_dry) = read(&call)?;
    let asked = call.app.flows.prepare_bulk(&call.ctx, act, which, Some(call.peer.to_string())).await?;
    if is_dry {
        return Reply::ok(&json!({ "job_id": null, "matched": asked.matched() }));
    }
    let act = move |tx: &mut floe_store::Tx<'_>| {
        asked.write(tx)?;
        Ok((asked.id(), asked.matched()))
    };
    call.commit(act, |(id, matched)| {
        Reply::json(StatusCode::ACCEPTED, &json!({ "job_id": id.prefixed(), "matched": matched }))
    })
    .await
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let id: JobId = call.id("id", "Job")?;
    Reply::ok(&job_object(&call.app.flows.bulk_progress(&call.ctx, id).await?))
}

async fn stop(call: Call) -> Result<Reply, Fault> {
    let id: JobId = call.id("id", "Job")?;
    let ctx = call.ctx.clone();
    call.commit(move |tx| stop_bulk(tx, &ctx, id), |_| Ok(Reply::no_content())).await
}

fn job_object(progress: &BulkProgress) -> Value {
    let job = &progress.job;
    let result = (job.status != "running").then(|| {
        json!({ "succeeded": job.done, "failed": job.failed, "left": job.total.saturating_sub(job.done + job.failed) })
    });
    json!({
        "id": job.id.prefixed(), "kind": job.kind, "status": job.status, "done": job.done + job.failed, "total": job.total,
        "failed": job.failed, "errors": progress.failures.iter().map(error_object).collect::<Vec<Value>>(),
        "result": result, "created_at": job.created_at, "finished_at": job.finished_at,
    })
}

fn error_object(end: &ItemEnd) -> Value {
    let (code, message) = end.error.clone().unzip();
    json!({ "run_id": end.run, "code": code, "message": message })
}

fn read(call: &Call) -> Result<(BulkAct, BulkWhich, bool), Fault> {
    let mut body = call.fields()?;
    let action = body.required_word("action", "cancel or rerun", |word| match word {
        "cancel" => Some(false),
        "rerun" => Some(true),
        _ => None,
    });
    let from_step = body.text("from_step", 1, 64);
    if from_step.as_deref().is_some_and(|word| word != "failed") {
        body.problem("from_step", "value", "from_step must be failed, since steps differ from flow to flow");
    }
    if from_step.is_some() && action == Some(false) {
        body.problem("from_step", "value", "from_step is for the action rerun");
    }
    let reason = body.text("reason", 0, REASON_CHARS_MAX);
    let is_dry = body.flag("dry_run").unwrap_or(false);
    let which = read_which(&mut body)?;
    body.finish()?;
    let act = if action == Some(true) {
        BulkAct::Rerun { from_failed: from_step.is_some(), reason }
    } else {
        BulkAct::Cancel { reason }
    };
    Ok((act, which, is_dry))
}

/// Ids or a filter, one of them.
fn read_which(body: &mut Fields) -> Result<BulkWhich, Fault> {
    let (ids, filter) = (body.value("ids"), body.value("filter"));
    let none = || BulkWhich::Ids(Vec::new());
    let filter = match filter {
        Some(Value::Object(filter)) => Some(filter),
        Some(_) => {
            body.problem("filter", "type", "filter must be an object");
            return Ok(none());
        }
        None => None,
    };
    Ok(match (ids, filter) {
        (Some(_), Some(_)) => {
            body.problem("filter", "conflict", "Give either ids or filter");
            none()
        }
        (Some(ids), None) => match ids_of(&ids) {
            Some(ids) => BulkWhich::Ids(ids),
            None => {
                body.problem("ids", "type", format!("ids must be a list of 1 to {ITEMS_MAX} ids"));
                none()
            }
        },
        (None, Some(filter)) => BulkWhich::Filter(Box::new(filter_of(&filter)?)),
        (None, None) => {
            body.problem("ids", "required", "Give either ids or filter");
            none()
        }
    })
}

/// Texts as ids. One that is no id of ours is the id of no run.
fn ids_of(value: &Value) -> Option<Vec<RunId>> {
    let items = value.as_array().filter(|items| (1..=ITEMS_MAX).contains(&items.len()))?;
    let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
    Some(texts?.into_iter().filter_map(|text| RunId::parse(text).ok()).collect())
}

fn filter_of(filter: &Map<String, Value>) -> Result<ListFilter, Fault> {
    if let Some(name) = filter.keys().find(|name| !filter_names().contains(&name.as_str())) {
        return Err(Fault::field(format!("/filter/{name}"), "unknown_field", format!("There is no filter {name}")));
    }
    if let Some((name, _)) = filter.iter().find(|(_, value)| !matches!(value, Value::String(_) | Value::Null)) {
        return Err(Fault::field(format!("/filter/{name}"), "type", format!("{name} must be a text")));
    }
    read_filter(|name| filter.get(name).and_then(Value::as_str).map(str::to_owned))
}
