//! Personal access tokens (console contract, section 2.6).

use floe_model::access::{Caller, KeyStatus, TOKEN_PREFIX, TOKEN_SCOPES, key_status, make_text};
use floe_model::id::{MemberId, TokenId, WorkspaceId};
use floe_model::{Fault, Timestamp};
use floe_store::Tx;
use floe_store::access::tokens::{self as rows, Token};
use floe_store::platform::audit::Actor;
use serde_json::json;

use crate::act::{Act, Note};
use crate::authenticate::{read_scopes, require_member};
use crate::keys::check_revision;
use crate::secret::Hasher;
use crate::service::Access;

/// Characters of the text that are shown later.
const PREFIX_LEN: usize = 12;
/// Tokens that a member may have in a workspace, ended ones included.
const TOKENS_MAX: i64 = 500;

/// A token as asked for.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Shown name, 1 to 100 characters.
    pub name: String,
    /// Scopes; at least one.
    pub scopes: Vec<String>,
    /// Days until it ends, 1 to 365.
    pub expires_in_days: Option<i64>,
}

/// A token that was just made, with its text.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// The text; shown once.
    pub text: String,
    /// The record.
    pub token: Token,
}

/// A token with its text drawn, ready for the transaction.
#[derive(Clone)]
pub struct PreparedToken {
    text: String,
    row: Token,
}

/// The draw of a rotation.
#[derive(Clone)]
pub struct TokenRotation {
    random: [u8; 64],
    id: TokenId,
    hasher: Hasher,
}

impl Access {
    /// Draws the text of a new token of the caller.
    ///
    /// # Errors
    /// `forbidden` for keys; 400 for unknown scopes.
    pub fn prepare_token(&self, act: &Act, new: &NewToken) -> Result<PreparedToken, Fault> {
        let member = require_member(&act.ctx.caller)?;
        let scopes = check_scopes(&new.scopes)?;
        Ok(self.draw_token(act.ctx.caller.workspace, member, new, &scopes, act.now()))
    }

    /// Draws the text of a token for any member; for the demo and the command line on the data folder.
    #[must_use]
    pub fn draw_token(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
        new: &NewToken,
        scopes: &[String],
        now: Timestamp,
    ) -> PreparedToken {
        let text = make_text(TOKEN_PREFIX, &self.platform.ids.secret());
        let row = Token {
            workspace,
            id: self.platform.ids.next(),
            member,
            hash: self.hashers.token.hash(&text),
            name: new.name.clone(),
            prefix: text[..PREFIX_LEN].to_owned(),
            scopes: json!(scopes).to_string(),
            created_at: now,
            expires_at: new.expires_in_days.map(|days| now.plus_seconds(days * 86_400)),
            last_used_at: None,
            last_used_ip: None,
            revoked_at: None,
            rotated_to: None,
            revision: 1,
        };
        PreparedToken { text, row }
    }

    /// Draws the token that takes the place of another one.
    #[must_use]
    pub fn prepare_token_rotation(&self) -> TokenRotation {
        let ids = &self.platform.ids;
        TokenRotation { random: ids.secret(), id: ids.next(), hasher: self.hashers.token.clone() }
    }

    /// Tokens of the caller, newest first, before one; whether there are more; and how many there are.
    ///
    /// # Errors
    /// `forbidden` for keys.
    pub async fn list_tokens(
        &self,
        caller: &Caller,
        before: Option<TokenId>,
        limit: usize,
    ) -> Result<(Vec<Token>, bool, i64), Fault> {
        let (workspace, member) = (caller.workspace, require_member(caller)?);
        let reading = self.platform.store.read(move |tx| {
            let mut list = rows::list(tx, workspace, member, before, limit + 1)?;
            let more = list.len() > limit;
            list.truncate(limit);
            Ok((list, more, rows::count(tx, workspace, member)?))
        });
        reading.await
    }

    /// A token of the caller.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_token(&self, caller: &Caller, id: TokenId) -> Result<Token, Fault> {
        let (workspace, member) = (caller.workspace, require_member(caller)?);
        self.platform.store.read(move |tx| find(tx, workspace, member, id)).await
    }
}

impl PreparedToken {
    /// Adds the token.
    ///
    /// # Errors
    /// `conflict` when the member has as many as it may.
    pub fn apply(&self, tx: &mut Tx<'_>, act: &Act) -> Result<MadeToken, Fault> {
        if rows::count(tx, self.row.workspace, self.row.member)? >= TOKENS_MAX {
            return Err(Fault::conflict("conflict", format!("A member has at most {TOKENS_MAX} tokens")));
        }
        rows::insert(tx, &self.row)?;
        note(tx, act, &self.row, "created_token")?;
        Ok(MadeToken { text: self.text.clone(), token: self.row.clone() })
    }
}

impl TokenRotation {
    /// Puts a new token of the same rights in the place of one, which ends after the overlap.
    ///
    /// # Errors
    /// `not_found`; `stale_revision`; `conflict` for a token that does not work or was rotated before.
    pub fn apply(
        &self,
        tx: &mut Tx<'_>,
        act: &Act,
        id: TokenId,
        overlap_minutes: i64,
        if_match: Option<i64>,
    ) -> Result<MadeToken, Fault> {
        let caller = &act.ctx.caller;
        let (now, member) = (act.now(), require_member(caller)?);
        let old = find(tx, caller.workspace, member, id)?;
        check_revision(old.revision, if_match)?;
        if status(&old, now) != KeyStatus::Active {
            return Err(Fault::conflict("conflict", "Only an active token can be rotated"));
        }
        let text = make_text(TOKEN_PREFIX, &self.random);
        let lifetime = old.expires_at.map(|end| end.millis_since(old.created_at));
        let row = Token {
            id: self.id,
            hash: self.hasher.hash(&text),
            prefix: text[..PREFIX_LEN].to_owned(),
            created_at: now,
            expires_at: lifetime.map(|millis| now.plus_millis(millis)),
            last_used_at: None,
            last_used_ip: None,
            revision: 1,
            ..old.clone()
        };
        rows::insert(tx, &row)?;
        let overlap_end = now.plus_seconds(overlap_minutes * 60);
        let ends_at = old.expires_at.map_or(overlap_end, |end| end.min(overlap_end));
        rows::rotate(tx, old.workspace, old.id, row.id, ends_at)?;
        note(tx, act, &old, "rotated_token")?;
        Ok(MadeToken { text, token: row })
    }
}

/// Gives a token another name.
///
/// # Errors
/// `not_found`; `stale_revision`.
pub fn rename(tx: &mut Tx<'_>, act: &Act, id: TokenId, name: &str, if_match: Option<i64>) -> Result<Token, Fault> {
    let (workspace, member) = (act.ctx.caller.workspace, require_member(&act.ctx.caller)?);
    let token = find(tx, workspace, member, id)?;
    check_revision(token.revision, if_match)?;
    rows::rename(tx, workspace, id, name)?;
    let token = Token { name: name.to_owned(), revision: token.revision + 1, ..token };
    note(tx, act, &token, "changed_token")?;
    Ok(token)
}

/// Revokes a token of the caller; a second time changes nothing.
///
/// # Errors
/// `not_found`; `stale_revision`.
pub fn revoke(tx: &mut Tx<'_>, act: &Act, id: TokenId, if_match: Option<i64>) -> Result<Token, Fault> {
    let (workspace, member) = (act.ctx.caller.workspace, require_member(&act.ctx.caller)?);
    let token = find(tx, workspace, member, id)?;
    check_revision(token.revision, if_match)?;
    if rows::revoke(tx, workspace, id, act.now())? {
        note(tx, act, &token, "revoked_token")?;
    }
    find(tx, workspace, member, id)
}

/// Whether a token works, and if not, why.
#[must_use]
pub fn status(token: &Token, now: Timestamp) -> KeyStatus {
    key_status(true, token.revoked_at.is_some(), token.rotated_to.is_some(), token.expires_at, now)
}

/// The scopes of a token.
///
/// # Errors
/// Internal, when the record is damaged.
pub fn scopes(token: &Token) -> Result<Vec<String>, Fault> {
    read_scopes(&token.scopes)
}

fn check_scopes(scopes: &[String]) -> Result<Vec<String>, Fault> {
    if let Some(at) = scopes.iter().position(|scope| !TOKEN_SCOPES.contains(&scope.as_str())) {
        let message = format!("There is no such scope; there are: {}", TOKEN_SCOPES.join(", "));
        return Err(Fault::field(format!("/scopes/{at}"), "value", message));
    }
    if scopes.is_empty() {
        return Err(Fault::field("/scopes", "required", "A token needs a scope"));
    }
    let held = TOKEN_SCOPES.iter().filter(|scope| scopes.iter().any(|asked| asked == *scope));
    Ok(held.map(|&scope| scope.to_owned()).collect())
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, member: MemberId, id: TokenId) -> Result<Token, Fault> {
    rows::find(tx, workspace, member, id)?.ok_or_else(|| Fault::not_found("Token"))
}

fn note(tx: &mut Tx<'_>, act: &Act, token: &Token, action: &'static str) -> Result<(), Fault> {
    let target = Some(("token", token.id.0, token.name.as_str()));
    let detail = json!({ "scopes": read_scopes(&token.scopes)? });
    let actor = Actor::of(&act.ctx.caller);
    act.note_as(tx, token.workspace, actor, Note { action, mode: None, target, detail })
}
