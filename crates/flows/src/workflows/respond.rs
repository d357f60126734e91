//! Answering what an execution waits for (workflow API contract, section 8.2).

use floe_model::id::RunId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::runs::{self, RunRow};
use floe_store::flows::waits::{self, Asked, WaitRow};
use serde_json::Value;

use super::executions::{Execution, not_found};
use super::pause::pending;
use crate::Flows;
use crate::questions::{Way, answer_in};
use crate::runs::{AnswerKind, DEPTH_MAX};

/// Questions of one run that are looked through.
const PENDING_MAX: usize = 200;

impl Flows {
    /// Answers the review or the wait for an event of a node, or the oldest one.
    ///
    /// # Errors
    /// 404; 400 `validation_error` when nothing of the kind is pending, and with an entry for each breach of what the review asks.
    pub async fn submit_response(
        &self,
        ctx: &Ctx,
        run: RunId,
        node_id: Option<&str>,
        response: Value,
        way: &Way,
    ) -> Result<Execution, Fault> {
        self.execution(ctx, run).await?;
        let (workspace, node) = (ctx.caller.workspace, node_id.map(str::to_owned));
        let reading = move |tx: &mut Tx<'_>| {
            let row = runs::find(tx, workspace, run)?.ok_or_else(|| not_found(run))?;
            let Some(wait) = question(tx, &row, node.as_deref())? else { return Ok(None) };
            waits::find_asked(tx, workspace, wait.id)
        };
        let Some(asked) = ctx.store.read(reading).await? else { return Err(nothing_pending(node_id)) };
        self.respond(ctx, &asked, response, way).await?;
        self.execution(ctx, run).await
    }

    async fn respond(&self, ctx: &Ctx, asked: &Asked, response: Value, way: &Way) -> Result<(), Fault> {
        let answer = answer_in(ctx, asked, AnswerKind::Response(response), way);
        let answered = self.runs.answer_on_disk(ctx.caller.workspace, asked.wait.run, answer).await;
        answered.map_err(|fault| match fault.code() {
            "run_not_waiting" | "already_resumed" => nothing_pending(Some(&asked.wait.step_id)),
            _ => fault,
        })
    }
}

/// The question that is meant: the one of a node, else the oldest.
fn question(tx: &mut Tx<'_>, run: &RunRow, node: Option<&str>) -> Result<Option<WaitRow>, Fault> {
    let takes_response = |wait: &WaitRow| matches!(wait.kind.as_str(), "human-review" | "webhook-wait");
    let own = waits::open_of_run(tx, run.workspace, run.id, PENDING_MAX)?;
    let is_meant = |wait: &WaitRow| takes_response(wait) && node.is_none_or(|node| wait.step_id == node);
    if let Some(wait) = own.into_iter().find(is_meant) {
        return Ok(Some(wait));
    }
    Ok(pending(tx, run, DEPTH_MAX)?.filter(is_meant))
}

fn nothing_pending(node: Option<&str>) -> Fault {
    let message = match node {
        Some(node) => {
            let shown: String = node.chars().take(128).collect();
            format!("The execution does not wait for a response to node {shown}")
        }
        None => "The execution does not wait for a response".to_owned(),
    };
    Fault::new(FaultKind::Invalid, "validation_error", message)
}
