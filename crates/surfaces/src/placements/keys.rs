//! API keys of placements: a view of the one table of keys (placements contract, sections 1.1 and 12; console contract, section 3).

use floe_access::keys::{self, MadeKey, NewKey};
use floe_model::access::{KeyKind, PLACEMENTS_MANAGEMENT, Permission};
use floe_model::id::KeyId;
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::keys::{self as rows, Key};
use floe_store::placements::legacy_calls;
use serde::Serialize;

use super::input::name;
use super::page::Page;
use super::shapes::{PAGING, keys as shapes};
use super::wire::{etag, if_match, made};
use super::{MANAGE, SURFACE};
use crate::http::{Call, Reply, Route};

/// Characters of a name.
const NAME_MAX: usize = 100;
/// The kinds of placements.
const KINDS: [KeyKind; 2] = [KeyKind::PlacementsSdk, KeyKind::PlacementsManagement];

pub(super) fn routes() -> Vec<Route> {
    // Keys take more than the rest of the management (console contract, section 2.5).
    let managed = |route: Route| route.scope(PLACEMENTS_MANAGEMENT).permission(Permission::Manage);
    vec![
        managed(Route::get(&SURFACE, "/v1/api-keys", MANAGE, list))
            .doc("List API keys of placements")
            .about("Newest first; revoked ones too.")
            .queries(PAGING)
            .answers(200, shapes::API_KEYS),
        managed(Route::post(&SURFACE, "/v1/api-keys", MANAGE, create))
            .doc("Create an API key of placements")
            .about("Its text is in this answer only.")
            .takes(shapes::NEW_API_KEY)
            .answers(201, shapes::MADE_API_KEY),
        managed(Route::delete(&SURFACE, "/v1/api-keys/{id}", MANAGE, revoke))
            .revised()
            .doc("Revoke an API key of placements")
            .answers_nothing(204),
    ]
}

/// A key on the wire; `key` is its text, once.
#[derive(Serialize)]
struct KeyOut<'a> {
    id: KeyId,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    environment: Option<&'static str>,
    prefix: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_used_at: Option<Timestamp>,
    legacy_calls: u64,
    revoked_at: Option<Timestamp>,
    etag: String,
}

/// A key that was just made.
#[derive(Serialize)]
struct MadeKeyOut<'a> {
    #[serde(flatten)]
    key: KeyOut<'a>,
    /// Null in the answer to a repeat.
    #[serde(rename = "key")]
    text: Option<&'a str>,
}

impl<'a> KeyOut<'a> {
    fn of(key: &'a Key, legacy_calls: u64) -> Self {
        Self {
            id: key.id,
            name: &key.name,
            kind: if key.kind == KeyKind::PlacementsSdk { "sdk" } else { "management" },
            environment: key.mode.map(Mode::as_str),
            prefix: &key.prefix,
            created_at: key.created_at,
            updated_at: key.revoked_at.unwrap_or(key.created_at),
            last_used_at: key.last_used_at,
            legacy_calls,
            revoked_at: key.revoked_at,
            etag: etag(key.revision),
        }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, workspace) = (Page::of(&call.query), call.ctx.caller.workspace);
    let reading = move |tx: &mut Tx<'_>| {
        let found = rows::page_of_two(tx, workspace, KINDS, page.limit(), page.offset)?;
        Ok((found, legacy_calls::of_workspace(tx, workspace)?))
    };
    let ((found, total), legacy) = call.ctx.store.read(reading).await?;
    let calls = |key: &Key| legacy.iter().filter(|calls| calls.key == key.id).map(|calls| calls.calls).sum();
    Reply::ok(&page.around(found.iter().map(|key| KeyOut::of(key, calls(key))).collect(), total))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let kind = |word: &str| match word {
        "sdk" => Some(KeyKind::PlacementsSdk),
        "management" => Some(KeyKind::PlacementsManagement),
        _ => None,
    };
    let new = NewKey {
        name: name(&mut body, NAME_MAX).unwrap_or_default(),
        kind: body.required_word("type", "sdk, management", kind).unwrap_or(KeyKind::PlacementsSdk),
        mode: body.word("environment", "live, test", Mode::parse).unwrap_or(Mode::Live),
        scopes: None,
        expires_in_days: None,
        per_minute: None,
        per_day: None,
        agent_ids: None,
    };
    body.finish_ignoring_unknown()?;
    let act = call.act();
    let prepared = call.app.access.prepare_key(&act, &new)?;
    call.commit(move |tx| prepared.apply(tx, &act), made_reply).await
}

fn made_reply(new: MadeKey) -> Result<Reply, Fault> {
    let told = |text| MadeKeyOut { key: KeyOut::of(&new.key, 0), text };
    let place = format!("/v1/api-keys/{}", new.key.id);
    made(&place, &told(Some(new.text.as_str())), new.key.revision)?.replay_as(&told(None))
}

async fn revoke(call: Call) -> Result<Reply, Fault> {
    let (id, expected): (KeyId, _) = (call.id("id", "API key")?, if_match(&call)?);
    let (act, ctx) = (call.act(), call.ctx.clone());
    let write = move |tx: &mut Tx<'_>| {
        find(tx, &ctx, id)?;
        keys::revoke(tx, &act, id, expected).map(drop)
    };
    let reply = call.commit(write, |()| Ok(Reply::no_content())).await?;
    call.app.access.forget();
    Ok(reply)
}

/// A key of placements; keys of other kinds are not there.
fn find(tx: &mut Tx<'_>, ctx: &Ctx, id: KeyId) -> Result<Key, Fault> {
    let found = rows::find(tx, ctx.caller.workspace, id)?.filter(|key| KINDS.contains(&key.kind));
    found.ok_or_else(|| Fault::not_found("API key"))
}
