//! Resuming a run (Flow API contract, section 4).

use std::sync::Arc;

use floe_engine::event::QuestionKind;
use floe_engine::machine::Machine;
use floe_model::access::{Credential, Permission};
use floe_model::id::{RunId, WaitId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::runs;
use floe_store::flows::waits::{self, Asked};
use serde_json::{Value, json};

use super::rights::Judge;
use super::written::{Way, answer_in};
use crate::Flows;
use crate::execute::started_by;
use crate::files::resolve_answer;
use crate::runs::{AnswerKind, DEPTH_MAX, RunState, load};

/// A call that resumes a run.
#[derive(Debug, Clone)]
pub struct ResumeIn {
    /// The question that the caller means; the current one when absent.
    pub wait: Option<WaitId>,
    /// What it says.
    pub kind: AnswerKind,
    /// By which way it came.
    pub way: Way,
}

/// What became of a resume.
#[derive(Debug)]
pub enum Resumed {
    /// The run went on, and ended or waits again.
    Settled(RunState),
    /// The run goes on.
    Running,
    /// The same result was accepted before: this is the run's present state, and nothing happened.
    Repeated(RunState),
}

/// What a resume is about.
enum Question {
    /// A question that is open, or was when it was looked at.
    Open(Asked),
    /// One that the run asked and no longer does.
    Past(Asked),
    /// The run asks nothing.
    Nothing,
}

impl Flows {
    /// Answers the question of a run, or of the child run that it waits for, on behalf of a caller, and waits up to `wait_ms`
    /// for what follows.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `run_not_waiting`, `already_resumed`, `resume_mismatch`, `execution_id_mismatch`,
    /// `validation_error`, `overloaded`.
    pub async fn resume(&self, ctx: &Ctx, run: RunId, given: ResumeIn, wait_ms: u64) -> Result<Resumed, Fault> {
        let execution = execution_of(&given.kind);
        let (state, question) = self.question_for(ctx, run, given.wait.or(execution)).await?;
        let asked = match question {
            Question::Open(asked) => asked,
            Question::Past(asked) => {
                self.check_may_answer(ctx, run, &asked).await?;
                if execution == Some(asked.wait.id) && asked.wait.status == "answered" {
                    return Ok(Resumed::Repeated(state));
                }
                return match execution {
                    Some(_) if given.wait.is_none() => Err(execution_mismatch()),
                    _ => Err(already_resumed()),
                };
            }
            Question::Nothing => {
                self.check_may_resume(ctx, run).await?;
                return Err(not_waiting(&state));
            }
        };
        self.check_may_answer(ctx, run, &asked).await?;
        if given.wait.is_some_and(|wanted| wanted != asked.wait.id) {
            return Err(already_resumed());
        }
        let kind = resolve_answer(ctx, &asked.wait, given.kind).await?;
        let answer = answer_in(ctx, &asked, kind, &given.way);
        Ok(self.answer(ctx, run, answer, wait_ms).await?.map_or(Resumed::Running, Resumed::Settled))
    }

    /// The question that an answer to this run would answer now: its own, or that of the child run that it waits for.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn current_question(&self, ctx: &Ctx, run: RunId) -> Result<Option<WaitId>, Fault> {
        Ok(self.open_questions(ctx.caller.workspace, run).await?.1.first().copied())
    }

    /// Whether a question was answered with this caller's credential, and with this answer: another answer of the same caller
    /// may have been quicker.
    ///
    /// # Errors
    /// Of the database.
    pub async fn answered_by_caller(&self, ctx: &Ctx, question: WaitId, given: &AnswerKind) -> Result<bool, Fault> {
        let workspace = ctx.caller.workspace;
        let row = ctx.store.read(move |tx| waits::find(tx, workspace, question)).await?;
        let Some(row) = row.filter(|row| row.status == "answered") else { return Ok(false) };
        // As it was stored: with what is known of its files.
        let Ok(given) = resolve_answer(ctx, &row, given.clone()).await else { return Ok(false) };
        let value = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let (by, answer): (Value, Value) = (value(row.answered_by), value(row.answer));
        let actor = ctx.caller.actor();
        Ok(by["type"] == actor.kind && by["id"] == actor.id && answer == given.stored())
    }

    /// The run's state, and the question that is meant: the wanted one if it belongs to the run, else the current one.
    async fn question_for(&self, ctx: &Ctx, run: RunId, wanted: Option<WaitId>) -> Result<(RunState, Question), Fault> {
        let workspace = ctx.caller.workspace;
        let (state, open) = self.open_questions(workspace, run).await?;
        let current = wanted.filter(|wanted| open.contains(wanted)).or(open.first().copied());
        let question = ctx
            .store
            .read(move |tx| {
                if let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != current)
                    && let Some(asked) = waits::find_asked(tx, workspace, wanted)?
                    && descends_from(tx, workspace, asked.wait.run, run)?
                {
                    return Ok(Question::Past(asked));
                }
                let Some(current) = current else { return Ok(Question::Nothing) };
                let asked = waits::find_asked(tx, workspace, current)?;
                Ok(asked.map_or(Question::Nothing, Question::Open))
            })
            .await?;
        Ok((state, question))
    }

    /// The run's state, its own questions that can be answered, and that of the child run that it waits for.
    async fn open_questions(&self, workspace: WorkspaceId, run: RunId) -> Result<(RunState, Vec<WaitId>), Fault> {
        let loaded = load(&self.platform.store, &self.plans, workspace, run).await?;
        let loaded = loaded.ok_or_else(|| Fault::not_found("Run"))?;
        let machine = Machine::recover(Arc::clone(&loaded.plan), &loaded.events);
        let own = machine.questions().filter(|question| matches!(question.kind, QuestionKind::Answer(_)));
        let mut open: Vec<WaitId> = own.map(|question| question.wait).collect();
        let of_child = machine.paused_child().and_then(|(_, _, shown)| shown.get("waitId")?.as_str());
        open.extend(of_child.and_then(|id| WaitId::parse(id).ok()));
        Ok((RunState::of(&loaded.row, &machine), open))
    }

    /// Whoever sees neither the run nor the question is told that there is no such run.
    async fn check_may_answer(&self, ctx: &Ctx, run: RunId, asked: &Asked) -> Result<(), Fault> {
        let (caller, wait) = (ctx.clone(), asked.wait.clone());
        let rights = ctx.store.read(move |tx| Judge::new(&caller).rights(tx, &wait)).await?;
        if !rights.may_see {
            self.run_row(ctx, run).await?;
        }
        match rights.refusal {
            None => Ok(()),
            Some(refusal) => Err(Fault::forbidden(refusal.message())),
        }
    }

    /// Who might resume this run if it waited.
    async fn check_may_resume(&self, ctx: &Ctx, run: RunId) -> Result<(), Fault> {
        let row = self.run_row(ctx, run).await?;
        let caller = &ctx.caller;
        let is_program = matches!(caller.credential, Credential::FlowsKey(_) | Credential::Share(_));
        let is_own_key = is_program && row.started_by == started_by(caller);
        if is_own_key || caller.may(Permission::Answer) {
            return Ok(());
        }
        let fault = Fault::forbidden("Your role does not allow answering; it needs the permission answer");
        Err(fault.with_details(json!({ "required": "answer" })))
    }
}

fn execution_of(kind: &AnswerKind) -> Option<WaitId> {
    match kind {
        AnswerKind::ToolResult { execution_id, .. } => WaitId::parse(execution_id).ok(),
        AnswerKind::Decision { .. } | AnswerKind::FormData(_) | AnswerKind::Response(_) => None,
    }
}

/// Whether a run is another one, or was called by it, directly or through others.
fn descends_from(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId, ancestor: RunId) -> Result<bool, Fault> {
    let mut at = run;
    for _ in 0..=DEPTH_MAX {
        if at == ancestor {
            return Ok(true);
        }
        match runs::find(tx, workspace, at)?.and_then(|row| row.parent) {
            Some(parent) => at = parent,
            None => return Ok(false),
        }
    }
    Ok(false)
}

fn already_resumed() -> Fault {
    Fault::conflict("already_resumed", "This question was answered before or is no longer the current one")
}

fn execution_mismatch() -> Fault {
    Fault::new(FaultKind::Conflict, "execution_id_mismatch", "executionId is not the one that the run waits for")
}

fn not_waiting(state: &RunState) -> Fault {
    let message = format!("The run does not wait for an answer; it is {}", state.status);
    Fault::conflict("run_not_waiting", message).with_details(json!({ "status": state.status, "appRunId": state.run }))
}
