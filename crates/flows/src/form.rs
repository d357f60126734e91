//! What a form has to know before it is read: values that come as texts are read as the declared type.

use floe_engine::inputs::InputField;
use floe_model::flows::{Engine, Level};
use floe_model::id::FlowId;
use floe_runtime::Ctx;

use crate::definitions::{self, VersionChoice};
use crate::runs::choose_entry;
use crate::{Flows, WayIn};

impl Flows {
    /// What the trigger that a client or the holder of a link would start declares. `None` for a flow that the caller may not start,
    /// or that cannot be started: the call itself says why.
    pub async fn declared_inputs(
        &self,
        ctx: &Ctx,
        flow: FlowId,
        version: VersionChoice,
        way: &WayIn,
    ) -> Option<Vec<InputField>> {
        let runnable = self.runnable(ctx, flow, version).await.ok()?;
        let by_link = matches!(way, WayIn::Share);
        let is_allowed = by_link || definitions::may(&ctx.caller, &runnable.access, Level::Run);
        if !is_allowed || runnable.engine == Engine::Workflow {
            return None;
        }
        let entry = choose_entry(&runnable.plan, if by_link { "share" } else { "client" }, None).ok()?;
        Some(runnable.plan.entries[entry].inputs.clone())
    }
}
