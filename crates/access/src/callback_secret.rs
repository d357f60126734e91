//! The secret that signs the callbacks of agents (console contract, section 5.1). Kept sealed; shown once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use floe_model::Fault;
use floe_runtime::seal::Place;
use floe_store::Tx;
use floe_store::access::callback_secrets as rows;
use serde_json::json;

use crate::act::{Act, Note};
use crate::service::Access;

/// A secret that was drawn, ready for the transaction.
#[derive(Clone)]
pub struct PreparedSecret {
    text: String,
}

impl Access {
    /// Draws a secret: `whsec_` and 32 random bytes as base64.
    #[must_use]
    pub fn prepare_callback_secret(&self) -> PreparedSecret {
        let random: [u8; 32] = self.platform.ids.secret();
        PreparedSecret { text: format!("whsec_{}", STANDARD.encode(random)) }
    }
}

impl PreparedSecret {
    /// Puts the secret in the place of the caller's workspace's others, which sign along until the overlap ends; answers its
    /// text.
    ///
    /// # Errors
    /// Of the database, and when it cannot be sealed.
    pub fn apply(&self, tx: &mut Tx<'_>, act: &Act, overlap_minutes: i64) -> Result<String, Fault> {
        let (workspace, now) = (act.ctx.caller.workspace, act.now());
        let place = Place::callback_secret(workspace);
        let sealed = act.ctx.seal.seal(tx, &act.ctx.ids, workspace, place, self.text.as_bytes())?;
        let others_end_at = now.plus_seconds(overlap_minutes * 60);
        rows::rotate(tx, workspace, act.ctx.ids.next_bits(), &sealed, now, others_end_at)?;
        let detail = json!({ "overlap_minutes": overlap_minutes });
        act.note(tx, Note { action: "rotated_callback_secret", mode: None, target: None, detail })?;
        Ok(self.text.clone())
    }
}

/// The secrets that sign a callback of a workspace now, newest first.
///
/// # Errors
/// Of the database, and when one cannot be opened.
pub fn callback_secrets(tx: &mut Tx<'_>, act: &Act) -> Result<Vec<String>, Fault> {
    let workspace = act.ctx.caller.workspace;
    let place = Place::callback_secret(workspace);
    let sealed = rows::open(tx, workspace, act.now())?;
    sealed.iter().map(|(_, sealed)| act.ctx.seal.open_text(tx, workspace, place, sealed)).collect()
}
