//! Answers to questions: does this answer fit what the run asks? (Flow API contract, section 4.)

use floe_engine::event::{Answer, Happening, Question, QuestionKind};
use floe_engine::inputs::{check_values, parse_fields};
use floe_engine::machine::Machine;
use floe_engine::nodes::review;
use floe_engine::plan::WaitKind;
use floe_model::id::WaitId;
use floe_model::{Fault, FaultKind, Timestamp};
use floe_store::flows::runs::RunRow;
use floe_store::flows::waits::WaitEnd;
use floe_store::platform::audit;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::state::status;

/// Characters of a comment at most (Flow API contract, section 4).
pub const COMMENT_CHARS_MAX: usize = 2_000;

/// An answer as it came in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AnswerIn {
    /// The question that the caller means; the current one when absent.
    pub wait: Option<WaitId>,
    /// What it says.
    pub kind: AnswerKind,
    /// Shown name of who answers.
    pub by: Option<String>,
    /// JSON: who answers, `{type, id, name}`.
    pub actor: Value,
    /// Written with it.
    pub audit: Option<audit::Entry>,
}

/// What an answer says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// To an approval.
    Decision {
        /// Approve, else reject.
        approve: bool,
        /// Free text.
        comment: Option<String>,
    },
    /// To a client tool.
    ToolResult {
        /// The execution that the client was asked for.
        execution_id: String,
        /// Output, or the error's text.
        outcome: Result<Value, String>,
    },
    /// To a form.
    FormData(Map<String, Value>),
    /// To a review, or to a wait for an event.
    Response(Value),
}

impl AnswerKind {
    /// The answer as it is stored with its question.
    pub(crate) fn stored(&self) -> Value {
        match self {
            Self::Decision { approve, comment } => {
                json!({ "decision": if *approve { "approve" } else { "reject" }, "comment": comment })
            }
            Self::ToolResult { outcome: Ok(output), .. } => json!({ "success": true, "output": output }),
            Self::ToolResult { outcome: Err(error), .. } => json!({ "success": false, "error": error }),
            Self::FormData(data) => json!({ "data": data }),
            Self::Response(response) => json!({ "data": response }),
        }
    }
}

/// What to do with an answer.
pub(super) enum Verdict {
    /// It counts.
    Accept { happening: Box<Happening>, end: Box<WaitEnd> },
    /// The same tool result was accepted before: nothing happens twice.
    Repeat,
}

/// Judges an answer against the run's state.
///
/// # Errors
/// `run_not_waiting`, `already_resumed`, `resume_mismatch`, `execution_id_mismatch`, `validation_error`.
pub(super) fn judge(answer: &AnswerIn, row: &RunRow, machine: &Machine, now: Timestamp) -> Result<Verdict, Fault> {
    if let AnswerKind::ToolResult { execution_id, .. } = &answer.kind
        && WaitId::parse(execution_id).is_ok_and(|wait| machine.was_answered(wait))
    {
        return Ok(Verdict::Repeat);
    }
    let question = machine.questions().find(|question| answer.wait.is_none_or(|wait| wait == question.wait));
    let Some(question) = question.filter(|question| question.kind != (QuestionKind::Delay { inline: false })) else {
        return Err(not_waiting(answer, row, machine));
    };
    let happening = Happening::Answered { wait: question.wait, answer: fit(answer, question)?, by: answer.by.clone() };
    let end = WaitEnd {
        workspace: row.workspace,
        id: question.wait,
        status: "answered",
        at: now,
        by: Some(answer.actor.to_string()),
        answer: Some(answer.kind.stored().to_string()),
    };
    Ok(Verdict::Accept { happening: Box::new(happening), end: Box::new(end) })
}

/// Why there is nothing to answer.
fn not_waiting(answer: &AnswerIn, row: &RunRow, machine: &Machine) -> Fault {
    let was_answered = answer.wait.is_some_and(|wait| machine.was_answered(wait));
    if was_answered || (answer.wait.is_some() && machine.is_waiting()) {
        return Fault::conflict("already_resumed", "This question was answered before or is no longer the current one");
    }
    let state = status(machine, row.status == "queued");
    Fault::conflict("run_not_waiting", format!("The run does not wait for an answer; it is {state}"))
        .with_details(json!({ "status": state, "appRunId": row.id }))
}

/// Brings an answer into the form that the question takes.
fn fit(answer: &AnswerIn, question: &Question) -> Result<Answer, Fault> {
    let QuestionKind::Answer(kind) = question.kind else {
        return Err(Fault::conflict("run_not_waiting", "The run waits for time, not for an answer"));
    };
    match (kind, &answer.kind) {
        (WaitKind::UserApproval, AnswerKind::Decision { approve, comment }) => {
            Ok(Answer::Decision { approve: *approve, comment: comment.clone() })
        }
        (WaitKind::ClientTool, AnswerKind::ToolResult { execution_id, outcome }) => {
            if WaitId::parse(execution_id) != Ok(question.wait) {
                let message = "executionId is not the one that the run waits for";
                return Err(Fault::conflict("execution_id_mismatch", message));
            }
            Ok(Answer::ToolResult { outcome: outcome.clone() })
        }
        (WaitKind::ShowForm, AnswerKind::FormData(data)) => {
            let fields = question.body.get("fields").cloned().unwrap_or_default();
            let fields = parse_fields(&fields).unwrap_or_default();
            let data = check_values(&fields, data.clone(), "/formData").map_err(Fault::validation)?;
            Ok(Answer::FormData(Value::Object(data)))
        }
        (WaitKind::Review, AnswerKind::Response(response)) => {
            let value = review::check(&question.body, response).map_err(Fault::validation)?;
            Ok(Answer::Response(value))
        }
        (WaitKind::Hook, AnswerKind::Response(response)) => Ok(Answer::Response(response.clone())),
        (kind, _) => {
            let wants = match kind {
                WaitKind::UserApproval => "a decision",
                WaitKind::ClientTool => "a toolResult",
                WaitKind::ShowForm => "formData",
                WaitKind::Review | WaitKind::Hook => "a response",
            };
            Err(Fault::new(FaultKind::Invalid, "resume_mismatch", format!("The run waits for {wants}")))
        }
    }
}
