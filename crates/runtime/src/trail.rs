//! What every act of the management of a slice leaves behind: an entry in the audit chain of the workspace, written in the transaction
//! of the act (console contract, section 5.6).
//!
//! Configuration belongs to both modes, so its entries have none.

use floe_model::id::{RequestId, WorkspaceId};
use floe_model::{Fault, Mode};
use floe_store::Tx;
use floe_store::platform::audit::{self, Actor, Entry, Target};
use serde_json::Value;

use crate::{Ctx, Platform};

/// Who acts, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Whose configuration or data.
    pub workspace: WorkspaceId,
    actor: Actor,
    request: Option<RequestId>,
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    /// Past verb and object, e.g. `published_screen_flow`.
    pub action: &'a str,
    /// What kind of thing it was done to, e.g. `app`.
    pub kind: &'a str,
    /// Its id.
    pub id: u128,
    /// Its name at that time.
    pub name: &'a str,
    /// Facts, an object without secrets.
    pub detail: Value,
    /// Live or test, when it was done to what users did and not to configuration.
    pub mode: Option<Mode>,
}

impl<'a> Note<'a> {
    /// Something done to configuration.
    #[must_use]
    pub fn new(action: &'a str, kind: &'a str, id: u128, name: &'a str, detail: Value) -> Self {
        Self { action, kind, id, name, detail, mode: None }
    }
}

impl Who {
    /// Whoever made a request: a person or a key.
    #[must_use]
    pub fn caller(ctx: &Ctx) -> Self {
        Self { workspace: ctx.caller.workspace, actor: Actor::of(&ctx.caller), request: Some(ctx.request_id) }
    }

    /// The server itself: what was set for a time, and the time came.
    #[must_use]
    pub fn system(workspace: WorkspaceId) -> Self {
        let actor = Actor { kind: "system".to_owned(), id: None, name: "system".to_owned() };
        Self { workspace, actor, request: None }
    }

    /// `member`, `token`, `key` or `system`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.actor.kind
    }

    /// The name under which people know it, for histories.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.actor.name
    }
}

/// Writes an entry of a product.
///
/// # Errors
/// Of the database.
pub fn note(tx: &mut Tx<'_>, platform: &Platform, product: &str, who: &Who, note: Note<'_>) -> Result<(), Fault> {
    let entry = Entry {
        id: platform.ids.next(),
        workspace: who.workspace,
        seq: None,
        mode: note.mode,
        product: product.to_owned(),
        action: note.action.to_owned(),
        actor: who.actor.clone(),
        target: Some(Target { kind: note.kind.to_owned(), id: Some(note.id), name: Some(note.name.to_owned()) }),
        run_id: None,
        detail: note.detail.to_string(),
        request_id: who.request,
        ip: None,
        at: platform.clock.now(),
    };
    audit::record(tx, &entry)
}
