//! Answering an item of the inbox (console contract, section 5.5).

use floe_model::id::{RunId, WaitId};
use floe_model::{Fault, FaultKind, FieldProblem};
use floe_runtime::Ctx;
use serde_json::{Value, json};

use super::given::tool_result;
use super::items::Item;
use super::rights::Refusal;
use super::written::{Way, answer_in};
use crate::Flows;
use crate::files::resolve_answer;
use crate::runs::AnswerKind;

/// How long an answer waits for what its run does next, in milliseconds.
const WAIT_MS: u64 = 5_000;

/// An answer to an item.
#[derive(Debug, Clone)]
pub struct ItemAnswer {
    /// Digest of what the caller saw.
    pub content_hash: String,
    /// What it says.
    pub given: Given,
    /// By which way it came.
    pub way: Way,
}

/// What an answer says, before it is known what the item asks.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `approve` or `reject`.
    pub decision: Option<Value>,
    /// Free text.
    pub comment: Option<String>,
    /// Values of a form, or the result of a client tool.
    pub data: Option<Value>,
}

/// What became of an answer.
#[derive(Debug)]
pub struct Answered {
    /// The item afterwards.
    pub item: Item,
    /// The run that asked.
    pub run: RunId,
    /// Its status.
    pub status: &'static str,
}

impl Flows {
    /// The item and its run, when the item was answered with this caller's credential and this answer: what a repeat of that
    /// answer is told.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn answered_item(&self, ctx: &Ctx, id: WaitId, given: &Given) -> Result<Option<Answered>, Fault> {
        let item = self.item(ctx, id).await?;
        let Ok(kind) = fit(&item, given.clone()) else { return Ok(None) };
        if !self.answered_by_caller(ctx, id, &kind).await? {
            return Ok(None);
        }
        let run = item.asked.wait.run;
        let status = self.state_on_disk(ctx.caller.workspace, run).await?.status;
        Ok(Some(Answered { item, run, status }))
    }

    /// Answers an item.
    ///
    /// # Errors
    /// `not_found`; `self_approval`, `not_assignee`, `forbidden`; `content_changed`, `already_answered`, `not_waiting`; 410
    /// `expired`; 422 `invalid_answer`.
    pub async fn answer_item(&self, ctx: &Ctx, id: WaitId, answer: ItemAnswer) -> Result<Answered, Fault> {
        let item = self.item(ctx, id).await?;
        let is_right =
            |refusal: &Refusal| matches!(refusal, Refusal::NotAssignee | Refusal::SelfApproval | Refusal::Forbidden);
        if let Some(refusal) = item.refusal.filter(is_right) {
            return Err(refusal.fault());
        }
        if item.content_hash != answer.content_hash {
            return Err(content_changed(&item.content_hash));
        }
        if let Some(refusal) = item.refusal {
            return Err(refusal.fault());
        }
        let kind = fit(&item, answer.given)?;
        let kind = resolve_answer(ctx, &item.asked.wait, kind).await.map_err(in_words_of_the_inbox)?;
        let run = item.asked.wait.run;
        let written = answer_in(ctx, &item.asked, kind, &answer.way);
        let state = self.answer(ctx, run, written, WAIT_MS).await.map_err(in_words_of_the_inbox)?;
        let item = self.item(ctx, id).await?;
        match state {
            Some(state) => Ok(Answered { item, run, status: state.status }),
            None if item.asked.wait.status == "open" => {
                let message = "The answer is being taken; look at the item again";
                Err(Fault::new(FaultKind::Overloaded, "overloaded", message).with_retry_after(1))
            }
            None => Ok(Answered { item, run, status: "running" }),
        }
    }
}

/// Brings an answer into the form that the item takes.
fn fit(item: &Item, given: Given) -> Result<AnswerKind, Fault> {
    let wait = &item.asked.wait;
    let unwanted = match wait.kind.as_str() {
        "user-approval" => given.data.is_some().then_some("data"),
        _ => given.decision.is_some().then_some("decision"),
    };
    if let Some(name) = unwanted {
        return Err(invalid(&format!("/{name}"), "unknown", format!("This item takes no {name}")));
    }
    match (wait.kind.as_str(), given.data) {
        ("user-approval", _) => match given.decision.as_ref().and_then(Value::as_str) {
            Some(word @ ("approve" | "reject")) => {
                Ok(AnswerKind::Decision { approve: word == "approve", comment: given.comment })
            }
            _ => Err(invalid("/decision", "value", "decision must be approve or reject")),
        },
        ("show-form", Some(Value::Object(data))) => Ok(AnswerKind::FormData(data)),
        ("human-review" | "webhook-wait", Some(data)) => Ok(AnswerKind::Response(data)),
        ("human-review" | "webhook-wait", None) => Err(invalid("/data", "required", "data is required")),
        ("client-tool", Some(data)) => tool_result(&data, Some(&wait.id.to_string()), "/data").map_err(invalid_answer),
        _ => Err(invalid("/data", "type", "data must be an object")),
    }
}

/// A fault of the run as the console words it.
fn in_words_of_the_inbox(fault: Fault) -> Fault {
    match fault.code() {
        "already_resumed" => Refusal::AlreadyAnswered.fault(),
        "run_not_waiting" => Refusal::NotWaiting.fault(),
        "validation_error" => {
            let below_data = |path: &str| {
                let rest = path.strip_prefix("/formData").or_else(|| path.strip_prefix("/response"));
                rest.map_or(path.to_owned(), |rest| format!("/data{rest}"))
            };
            let fields = fault.fields().iter();
            invalid_answer(
                fields.map(|one| FieldProblem::new(below_data(&one.path), one.code, one.message.clone())).collect(),
            )
        }
        "execution_id_mismatch" => invalid("/data/executionId", "value", fault.message()),
        _ => fault,
    }
}

fn content_changed(hash: &str) -> Fault {
    // The pointer and the new digest are what a client needs to show the item again.
    let stale = FieldProblem::new("/content_hash", "stale", format!("expected {hash}"));
    Fault::conflict("content_changed", "The content is not what you saw; look at it again")
        .with_fields(vec![stale])
        .with_details(json!({ "content_hash": hash }))
}

fn invalid(path: &str, code: &'static str, message: impl Into<String>) -> Fault {
    invalid_answer(vec![FieldProblem::new(path, code, message)])
}

fn invalid_answer(problems: Vec<FieldProblem>) -> Fault {
    let message = problems.first().map_or_else(|| "The answer does not fit".to_owned(), |first| first.message.clone());
    Fault::new(FaultKind::Unprocessable, "invalid_answer", message).with_fields(problems)
}
