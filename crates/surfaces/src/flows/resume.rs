//! Resuming and cancelling runs (Flow API contract, sections 4 and 13).

use floe_flows::WAIT_MS_MAX;
use floe_flows::questions::{ResumeIn, Resumed, Way, tool_result};
use floe_flows::runs::{AnswerKind, COMMENT_CHARS_MAX, RunState};
use floe_model::access::Credential;
use floe_model::id::{RunId, WaitId};
use floe_model::{Fault, FaultKind};
use http::header::USER_AGENT;
use serde_json::{Value, json};

use super::late::{Turn, in_progress, once};
use super::outcome::{self, Form};
use super::shapes::outcome as shapes;
use super::{BODY_LIMIT, OWN_RUNS, RESUMED_RUNS, SURFACE, share};
use crate::http::{Call, Fields, Reply, Route};

/// How the command line names itself to the server.
const CLI_AGENT: &str = "floe/";

pub(super) fn routes() -> Vec<Route> {
    let routes = [
        Route::post(&SURFACE, "/v1/flowrun/resume/{id}", RESUMED_RUNS, resume)
            .body_limit(BODY_LIMIT)
            .doc("Answer what a run waits for")
            .takes(shapes::RESUME)
            .answers(200, shapes::METADATA)
            .answers(202, shapes::RUNNING)
            .refuses(400, &["resume_mismatch"])
            .refuses(409, &["run_not_waiting", "already_resumed", "execution_id_mismatch", "run_cancelled"])
            .refuses(403, &["forbidden"]),
        Route::post(&SURFACE, "/v1/flowrun/cancel/{id}", OWN_RUNS, cancel)
            .doc("Cancel a run")
            .answers(200, shapes::CANCELLED)
            .refuses(403, &["forbidden"])
            .refuses(409, &["run_finished"]),
    ];
    routes.into_iter().map(|route| route.scope("flows.run")).collect()
}

/// By which way a call came, for audit entries.
pub(crate) fn way(call: &Call) -> Way {
    let agent = call.header(USER_AGENT.as_str()).unwrap_or_default();
    let via = match call.ctx.caller.credential {
        Credential::Session(_) => "dashboard",
        Credential::Token(_) if agent.starts_with(CLI_AGENT) => "cli",
        _ => "api",
    };
    Way { via, ip: Some(call.peer.to_string()) }
}

async fn resume(mut call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    share::enter_run(&mut call, run).await?;
    call.trace.caused_run(run);
    let given = read(&call)?;
    let flows = &call.app.flows;
    // What a repeat can find out about: the question that this call answers, if it answers one.
    let question = match call.headers.contains_key("idempotency-key") {
        true => match named(&given) {
            Some(question) => Some(question),
            None => flows.current_question(&call.ctx, run).await?,
        },
        false => None,
    };
    let subject = question.map_or(run.0, |question| question.0);
    let call = &call;
    let act = |turn| async move {
        let mut given = given;
        if let Turn::Again(subject) = turn
            && subject != run.0
        {
            if let Some(state) = earlier(call, run, WaitId(subject), &given.kind).await? {
                return Ok(outcome::present(call, &state));
            }
            given.wait = given.wait.or(Some(WaitId(subject)));
        }
        Ok(match flows.resume(&call.ctx, run, given, WAIT_MS_MAX).await? {
            Resumed::Settled(state) => outcome::reply(call, Form::Metadata, run, Some(&state)),
            Resumed::Running => outcome::reply(call, Form::Metadata, run, None),
            Resumed::Repeated(state) => outcome::present(call, &state),
        })
    };
    once(call, subject, act).await
}

/// The question that an answer names.
fn named(given: &ResumeIn) -> Option<WaitId> {
    given.wait.or(match &given.kind {
        AnswerKind::ToolResult { execution_id, .. } => WaitId::parse(execution_id).ok(),
        _ => None,
    })
}

/// The run's state, when an earlier try of the same call has answered the question.
async fn earlier(call: &Call, run: RunId, question: WaitId, given: &AnswerKind) -> Result<Option<RunState>, Fault> {
    if !call.app.flows.answered_by_caller(&call.ctx, question, given).await? {
        return Ok(None);
    }
    match call.app.flows.run_history(&call.ctx, run).await {
        Ok(found) if found.state.is_over() || found.state.status == "waiting" => Ok(Some(found.state)),
        Ok(_) => Err(in_progress()),
        Err(fault) if fault.kind() == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn cancel(call: Call) -> Result<Reply, Fault> {
    let run: RunId = call.id("id", "Run")?;
    let (call, flows) = (&call, &call.app.flows);
    let act = |turn| async move {
        let ip = Some(call.peer.to_string());
        let status = match flows.cancel(&call.ctx, run, ip).await {
            Ok(state) => state.status,
            // The first call has done it.
            Err(fault) if turn != Turn::First && fault.code() == "run_finished" => {
                flows.run_history(&call.ctx, run).await?.state.status
            }
            Err(fault) => return Err(fault),
        };
        Reply::ok(&json!({ "appRunId": run, "status": status }))
    };
    once(call, run.0, act).await
}

fn read(call: &Call) -> Result<ResumeIn, Fault> {
    let mut body = call.fields()?;
    let wait = body.value("waitId");
    let comment = body.text("comment", 0, COMMENT_CHARS_MAX);
    let kinds = [body.value("decision"), body.value("toolResult"), body.value("formData")];
    let given = kinds.iter().filter(|kind| kind.is_some()).count();
    if given != 1 {
        let message = "Give exactly one of decision, toolResult and formData";
        return Err(Fault::new(FaultKind::Invalid, "resume_mismatch", message));
    }
    let wait = read_wait(&mut body, wait);
    let kind = match kinds {
        [Some(decision), ..] => read_decision(&mut body, &decision, comment),
        [_, Some(result), _] => Some(tool_result(&result, None, "/toolResult").map_err(Fault::validation)?),
        [.., Some(Value::Object(data))] => Some(AnswerKind::FormData(data)),
        _ => {
            body.problem("formData", "type", "formData must be an object");
            None
        }
    };
    body.finish_ignoring_unknown()?;
    let kind = kind.ok_or_else(|| Fault::internal("an answer without a problem and without a kind"))?;
    Ok(ResumeIn { wait, kind, way: way(call) })
}

/// A text that is no id of ours is the id of no question.
fn read_wait(body: &mut Fields, wait: Option<Value>) -> Option<WaitId> {
    match wait? {
        Value::String(id) => Some(WaitId::parse(&id).unwrap_or(WaitId(0))),
        _ => {
            body.problem("waitId", "type", "waitId must be a text");
            None
        }
    }
}

fn read_decision(body: &mut Fields, decision: &Value, comment: Option<String>) -> Option<AnswerKind> {
    match decision.as_str() {
        Some("approve") => Some(AnswerKind::Decision { approve: true, comment }),
        Some("reject") => Some(AnswerKind::Decision { approve: false, comment }),
        _ => {
            body.problem("decision", "value", "decision must be approve or reject");
            None
        }
    }
}
