//! What an act leaves in the audit log. Endpoints of style `treasury` belong to the treasury's log, others to the console's.

use floe_model::Fault;
use floe_model::webhooks::Style;
use floe_runtime::{Ctx, Platform};
use floe_store::Tx;
use floe_store::platform::audit::{self, Actor, Entry, Target};
use floe_store::webhooks::endpoints::Endpoint;
use serde_json::Value;

/// Writes the audit entry of an act of the caller.
pub(crate) fn by_caller(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    endpoint: &Endpoint,
    action: &str,
    detail: &Value,
) -> Result<(), Fault> {
    let entry =
        Entry { request_id: Some(ctx.request_id), ..entry(ctx, endpoint, action, Actor::of(&ctx.caller), detail) };
    audit::record(tx, &entry)
}

/// Writes the audit entry of something that nobody asked for.
pub(crate) fn by_itself(
    tx: &mut Tx<'_>,
    platform: &Platform,
    endpoint: &Endpoint,
    action: &str,
    detail: &Value,
) -> Result<(), Fault> {
    let actor = Actor { kind: "system".to_owned(), id: None, name: "webhooks".to_owned() };
    audit::record(tx, &entry(platform, endpoint, action, actor, detail))
}

fn entry(platform: &Platform, endpoint: &Endpoint, action: &str, actor: Actor, detail: &Value) -> Entry {
    let product = match endpoint.style {
        Style::Treasury => "treasury",
        Style::Workflow => "workflows",
        Style::Standard | Style::Callback => "console",
    };
    Entry {
        id: platform.ids.next(),
        workspace: endpoint.workspace,
        seq: None,
        mode: endpoint.mode,
        product: product.to_owned(),
        action: action.to_owned(),
        actor,
        target: Some(Target { kind: "webhook".to_owned(), id: Some(endpoint.id.0), name: Some(endpoint.name.clone()) }),
        run_id: None,
        detail: detail.to_string(),
        request_id: None,
        ip: None,
        at: platform.clock.now(),
    }
}
