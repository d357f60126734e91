//! An act of a caller: the context, the address it comes from, and the audit entry that it leaves.

use std::net::IpAddr;

use floe_model::id::WorkspaceId;
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::platform::audit::{self, Actor, Entry, Target};
use serde_json::Value;

/// Who does something, and from where. Cheap to clone into a transaction.
#[derive(Clone)]
pub struct Act {
    /// Who calls, and the platform.
    pub ctx: Ctx,
    /// Where the request comes from; none for the command line.
    pub address: Option<IpAddr>,
}

/// What an audit entry of this slice says.
pub(crate) struct Note<'a> {
    pub(crate) action: &'static str,
    pub(crate) mode: Option<Mode>,
    pub(crate) target: Option<(&'static str, u128, &'a str)>,
    pub(crate) detail: Value,
}

impl Act {
    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.ctx.now()
    }

    /// Writes the audit entry of an act of the caller in its workspace.
    pub(crate) fn note(&self, tx: &mut Tx<'_>, note: Note<'_>) -> Result<(), Fault> {
        self.note_as(tx, self.ctx.caller.workspace, Actor::of(&self.ctx.caller), note)
    }

    /// Writes the audit entry of somebody who is not signed in yet.
    pub(crate) fn note_as(
        &self,
        tx: &mut Tx<'_>,
        workspace: WorkspaceId,
        actor: Actor,
        note: Note<'_>,
    ) -> Result<(), Fault> {
        let target = note.target.map(|(kind, id, name)| Target {
            kind: kind.to_owned(),
            id: Some(id),
            name: Some(name.to_owned()),
        });
        let entry = Entry {
            id: self.ctx.ids.next(),
            workspace,
            seq: None,
            mode: note.mode,
            product: "console".to_owned(),
            action: note.action.to_owned(),
            actor,
            target,
            run_id: None,
            detail: note.detail.to_string(),
            request_id: Some(self.ctx.request_id),
            ip: self.address.map(|address| address.to_string()),
            at: self.now(),
        };
        audit::record(tx, &entry)
    }
}
