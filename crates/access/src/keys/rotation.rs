//! Putting a new key in the place of another one.

use floe_model::Fault;
use floe_model::Mode;
use floe_model::access::{KeyStatus, make_key_text};
use floe_model::id::KeyId;
use floe_store::Tx;
use floe_store::access::keys::{self as rows, Key};
use floe_store::platform::audit::Actor;
use serde_json::json;

use super::{MadeKey, check_kind, check_revision, find, note, shown, stale, status, tell};
use crate::act::Act;
use crate::secret::Hasher;
use crate::service::Access;

/// The draw of a rotation.
#[derive(Clone)]
pub struct Rotation {
    random: [u8; 64],
    id: KeyId,
    hasher: Hasher,
}

impl Rotation {
    /// Puts a new key of the same rights in the place of one, which ends after the overlap.
    ///
    /// # Errors
    /// As [`super::patch`]; `conflict` for a key that does not work or was rotated before.
    pub fn apply(
        &self,
        tx: &mut Tx<'_>,
        act: &Act,
        id: KeyId,
        overlap_minutes: i64,
        if_match: Option<i64>,
    ) -> Result<MadeKey, Fault> {
        let now = act.now();
        let old = find(tx, act.ctx.caller.workspace, id)?;
        check_kind(tx, act, old.kind)?;
        check_revision(old.revision, if_match)?;
        if status(&old, now) != KeyStatus::Active {
            return Err(Fault::conflict("conflict", "Only an active key can be rotated"));
        }
        let text = make_key_text(old.kind, old.mode.unwrap_or(Mode::Live), &self.random);
        let lifetime = old.expires_at.map(|end| end.millis_since(old.created_at));
        let row = Key {
            id: self.id,
            hash: self.hasher.hash(&text),
            prefix: shown(old.kind, &text),
            revision: 1,
            created_by: act.ctx.caller.member_id(),
            created_at: now,
            expires_at: lifetime.map(|millis| now.plus_millis(millis)),
            last_used_at: None,
            last_used_ip: None,
            ..old.clone()
        };
        rows::insert(tx, &row)?;
        let overlap_end = now.plus_seconds(overlap_minutes * 60);
        let ends_at = old.expires_at.map_or(overlap_end, |end| end.min(overlap_end));
        if !rows::rotate(tx, &old, row.id, ends_at)? {
            return Err(stale());
        }
        let detail = json!({ "rotated_to": row.id.prefixed(), "overlap_minutes": overlap_minutes });
        note(tx, act, Actor::of(&act.ctx.caller), &old, "rotated_key", detail)?;
        tell(tx, act, &old, "platform.key.rotated")?;
        Ok(MadeKey { text, key: row })
    }
}

impl Access {
    /// Draws the key that takes the place of another one; its record is completed in the transaction.
    #[must_use]
    pub fn prepare_rotation(&self) -> Rotation {
        Rotation { random: self.platform.ids.secret(), id: self.platform.ids.next(), hasher: self.hashers.key.clone() }
    }
}
