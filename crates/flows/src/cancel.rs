//! Cancelling a run on behalf of a caller (Flow API contract, section 13).

use floe_model::Fault;
use floe_model::access::{Credential, Permission};
use floe_model::id::RunId;
use floe_runtime::Ctx;
use floe_store::platform::audit::{Actor, Entry, Target};
use serde_json::json;

use crate::Flows;
use crate::execute::started_by;
use crate::runs::RunState;

impl Flows {
    /// Cancels a run that the caller may see: with the permission `run`, or as the key that started it. `ip` is the address of
    /// the caller, for the audit log.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `run_finished`, `overloaded`.
    pub async fn cancel(&self, ctx: &Ctx, run: RunId, ip: Option<String>) -> Result<RunState, Fault> {
        self.cancel_because(ctx, run, None, ip).await
    }

    /// [`Flows::cancel`] with a reason in the caller's words, for the audit log.
    ///
    /// # Errors
    /// As [`Flows::cancel`].
    pub async fn cancel_because(
        &self,
        ctx: &Ctx,
        run: RunId,
        reason: Option<String>,
        ip: Option<String>,
    ) -> Result<RunState, Fault> {
        let row = self.run_row(ctx, run).await?;
        let caller = &ctx.caller;
        let is_own_key = matches!(caller.credential, Credential::FlowsKey(_)) && row.started_by == started_by(caller);
        if !is_own_key && !caller.may(Permission::Run) {
            let fault = Fault::forbidden("Your role does not allow cancelling runs");
            return Err(fault.with_details(json!({ "required": "run" })));
        }
        let entry = Entry {
            id: ctx.ids.next(),
            workspace: caller.workspace,
            seq: None,
            mode: Some(row.mode),
            product: "flows".to_owned(),
            action: "cancelled_run".to_owned(),
            actor: Actor::of(caller),
            target: Some(Target { kind: "run".to_owned(), id: Some(run.0), name: Some(row.flow_name.clone()) }),
            run_id: Some(run),
            detail: json!({ "flow_id": row.flow, "status": row.status, "reason": reason }).to_string(),
            request_id: Some(ctx.request_id),
            ip,
            at: ctx.now(),
        };
        self.runs.cancel(caller.workspace, run, Some(caller.name.clone()), Some(entry)).await
    }
}
