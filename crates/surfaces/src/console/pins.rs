//! `/automations/step-test` and pins: trying one step, and outputs that tests use instead of running a step (console contract, section
//! 5.3).

use std::sync::Arc;

use floe_engine::event::StepError;
use floe_flows::runs::Trial;
use floe_flows::workflows::{self, StepTest};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::flows::Engine;
use serde_json::{Value, json};

use super::shapes::pins as shapes;
use super::{Rights, SURFACE};
use crate::flows::late::once;
use crate::http::{Auth, Call, Reply, Route};

/// Characters of the id of a step at most (workflows contract, section 13).
const STEP_ID_MAX: usize = 128;

pub(super) fn routes() -> Vec<Route> {
    const PIN: &str = "/console/v1/automations/{id}/pins/{step_id}";
    vec![
        Route::post(&SURFACE, "/console/v1/automations/step-test", Auth::MEMBER, step_test)
            .needs(Permission::Run)
            .doc("Test a step")
            .about("Runs one step in test mode with what the context and the inputs hold; nothing is kept of it.")
            .takes(shapes::STEP_TEST)
            .answers(200, shapes::STEP_TESTED)
            .refuses(422, &["invalid_definition", "not_supported"]),
        Route::put(&SURFACE, PIN, Auth::MEMBER, pin)
            .needs(Permission::Build)
            .doc("Pin the output of a step")
            .about("Tests of the draft use it instead of running the step.")
            .takes(shapes::NEW_PIN)
            .answers(200, shapes::PIN)
            .refuses(409, &["conflict"])
            .refuses(422, &["invalid_definition", "not_supported"]),
        Route::delete(&SURFACE, PIN, Auth::MEMBER, unpin)
            .needs(Permission::Build)
            .doc("Unpin a step")
            .answers_nothing(204),
    ]
}

async fn step_test(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let engine = body.required_word("engine", "flow or workflow", Engine::parse).unwrap_or(Engine::Flow);
    if !body.is_set("step") {
        body.problem("step", "required", "step is required: an object");
    }
    let step = body.object("step");
    let context = body.object("context").unwrap_or_default();
    let inputs = body.object("inputs").unwrap_or_default();
    body.finish()?;
    let test = StepTest { engine, step: step.unwrap_or_default(), context, inputs };
    let act = |_| async {
        let trial = call.app.flows.test_step(&call.ctx, test).await?;
        Reply::ok(&told(trial))
    };
    once(&call, call.ctx.ids.next_bits(), act).await
}

async fn pin(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    if !body.is_set("output") {
        body.problem("output", "required", "output is required");
    }
    let output = body.value("output").unwrap_or_default();
    body.finish()?;
    let (ctx, plans) = (call.ctx.clone(), Arc::clone(&call.app.flows.plans));
    let (id, step) = (call.param("id")?.to_owned(), step_id(&call)?);
    let shown = output.clone();
    let act = move |tx: &mut floe_store::Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::pin(tx, &ctx, &plans, id, &step, &output)
    };
    let told = move |row: floe_store::flows::pins::PinRow| {
        Reply::ok(&json!({ "step_id": row.step, "output": shown, "updated_at": row.updated_at }))
    };
    call.commit(act, told).await
}

async fn unpin(call: Call) -> Result<Reply, Fault> {
    let (ctx, id, step) = (call.ctx.clone(), call.param("id")?.to_owned(), step_id(&call)?);
    let act = move |tx: &mut floe_store::Tx<'_>| {
        let id = workflows::find_id(tx, ctx.caller.workspace, &id)?;
        workflows::unpin(tx, &ctx, id, &step)
    };
    call.commit(act, |()| Ok(Reply::no_content())).await
}

fn step_id(call: &Call) -> Result<String, Fault> {
    let text = call.param("step_id")?;
    if text.chars().count() > STEP_ID_MAX {
        return Err(Fault::not_found("Step"));
    }
    Ok(text.to_owned())
}

fn told(trial: Trial) -> Value {
    let of_error = |error: StepError| json!({ "code": error.code, "message": error.message, "details": error.details });
    let logs: Vec<Value> =
        trial.logs.iter().map(|line| json!({ "level": line.level, "message": line.message })).collect();
    json!({
        "status": trial.status,
        "input": trial.input,
        "output": trial.output,
        "error": trial.error.map(of_error),
        "logs": logs,
        "duration_ms": trial.duration_ms,
    })
}
