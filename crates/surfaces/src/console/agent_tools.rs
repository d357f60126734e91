//! `/agents/{id}/tools/test`: a tool tried by hand (console contract, section 5.2).

use floe_agents::tools::TryTool;
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::AgentId;
use serde_json::{Value, json};

use super::shapes::agent_tools as shapes;
use super::{Rights, SURFACE};
use crate::flows::late::once;
use crate::http::{Auth, Call, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/console/v1/agents/{id}/tools/test", Auth::MEMBER, test)
            .needs(Permission::Build)
            .doc("Try a tool of an agent")
            .about(
                "Calls it once, in test mode, whether or not its calls need an approval. A definition that is not saved yet takes the place of \
                 a name; a secret that it gives as *** is that of the saved tool of its name.",
            )
            .takes(shapes::TRY)
            .answers(200, shapes::TRIED),
    ]
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let agent: AgentId = call.id("id", "Agent")?;
    let mut body = call.fields()?;
    let tool = body.value("tool");
    if tool.is_none() {
        body.problem("tool", "required", "tool is required");
    }
    let arguments = body.value("arguments").unwrap_or_else(|| json!({}));
    if !arguments.is_object() {
        body.problem("arguments", "type", "arguments must be an object");
    }
    body.finish()?;
    let wanted = TryTool { agent, tool: tool.unwrap_or_default(), arguments };
    let shared = &call;
    let act = |_| async move {
        let tested = shared.app.agents.try_tool(&shared.ctx, wanted).await?;
        let (result, error) = match tested.result {
            Ok(result) => (result, Value::Null),
            Err(fault) => (Value::Null, json!({ "code": fault.code, "message": fault.message })),
        };
        Reply::ok(&json!({
            "ok": error.is_null(), "result": result, "error": error, "duration_ms": tested.duration_ms,
        }))
    };
    once(shared, call.ctx.ids.next_bits(), act).await
}
