//! Making, replacing and ending a share link.

use floe_model::Fault;
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::flows::flows::FlowRow;
use floe_store::flows::shares::{self, ShareRow};
use serde_json::json;

use crate::definitions::{audit, person};

/// What is kept of a link's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkSecret {
    /// What the text is made from.
    pub nonce: [u8; 32],
    /// Keyed hash by which it is looked up.
    pub hash: [u8; 32],
}

/// What a caller with `manage` does with the link of a flow (Flow API contract, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareChange {
    /// There shall be one; the one that is there stays.
    Enable(LinkSecret),
    /// There shall be another one.
    Replace(LinkSecret),
    /// There shall be none.
    End,
}

impl ShareChange {
    /// What the text of the link is made from, if this change made it.
    #[must_use]
    pub fn nonce(&self) -> Option<[u8; 32]> {
        match self {
            Self::Enable(secret) | Self::Replace(secret) => Some(secret.nonce),
            Self::End => None,
        }
    }
}

/// Changes the link of a held flow, and notes it.
///
/// # Errors
/// Of the database.
pub(crate) fn apply(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow, change: ShareChange) -> Result<(), Fault> {
    let before = shares::find(tx, flow.workspace, flow.id)?;
    let secret = match (change, &before) {
        (ShareChange::End, Some(_)) => return end(tx, ctx, flow),
        (ShareChange::End, None) | (ShareChange::Enable(_), Some(_)) => return Ok(()),
        (ShareChange::Enable(secret), None) | (ShareChange::Replace(secret), _) => secret,
    };
    let share = ShareRow {
        workspace: flow.workspace,
        flow: flow.id,
        id: ctx.ids.next(),
        hash: secret.hash,
        nonce: secret.nonce,
        created_by: person(&ctx.caller),
        created_at: ctx.now(),
    };
    shares::put(tx, &share)?;
    let detail = json!({ "share": share.id, "replaces": before.map(|before| before.id) });
    audit(tx, ctx, flow, "enabled_share", detail)
}

/// Ends the link of a held flow, if it has one.
///
/// # Errors
/// Of the database.
pub(crate) fn end(tx: &mut Tx<'_>, ctx: &Ctx, flow: &FlowRow) -> Result<(), Fault> {
    let Some(share) = shares::find(tx, flow.workspace, flow.id)? else { return Ok(()) };
    shares::delete(tx, flow.workspace, flow.id)?;
    audit(tx, ctx, flow, "disabled_share", json!({ "share": share.id }))
}
