//! Money that came for an account that nobody has (Treasury contract, section 10.4): who runs the server finds out whose it is.

use std::sync::Arc;

use floe_model::{Fault, Mode, Scope};
use floe_store::treasury::funding::{self, Notice};
use floe_treasury::wallet::assign_notice;
use serde_json::{Value, json};

use super::perform::act_in;
use crate::app::App;

/// Notices of one list.
const NOTICES_MAX: usize = 1_000;

/// What nobody has been credited with, the oldest first.
pub(super) async fn unmatched(app: &App) -> Result<Value, Fault> {
    let found = app.platform.store.read(|tx| funding::unmatched(tx, NOTICES_MAX)).await?;
    Ok(json!({ "data": found.iter().map(document).collect::<Vec<Value>>() }))
}

/// Credits the wallet of a workspace and mode with one of them, once.
pub(super) async fn assign(
    app: &App,
    workspace: Option<String>,
    mode: Mode,
    (provider, reference): (String, String),
) -> Result<Value, Fault> {
    let workspace = act_in(&app.platform, workspace).await?.ctx.caller.workspace;
    let (treasury, scope) = (Arc::clone(&app.treasury), Scope { workspace, mode });
    let assigning = app.platform.store.write(move |tx| assign_notice(tx, &treasury, &provider, &reference, scope));
    Ok(document(&assigning.await?))
}

fn document(notice: &Notice) -> Value {
    json!({
        "provider": notice.provider, "reference": notice.reference, "account_number": notice.account_number,
        "amount": notice.amount.to_string(), "sender_name": notice.sender_name, "received_at": notice.received_at,
        "workspace": notice.scope.map(|scope| scope.workspace.prefixed()),
        "mode": notice.scope.map(|scope| scope.mode.as_str()),
    })
}
