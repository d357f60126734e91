//! API keys of the treasury: a view of the one table of keys (Treasury contract, section 10.6; console contract, section 3).

use floe_access::keys::{self, KeyPatch, MadeKey, NewKey};
use floe_model::access::KeyKind;
use floe_model::id::KeyId;
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::access::keys::{self as rows, Filter, Key};
use floe_store::platform::audit;
use floe_treasury::trail::{self, Who};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use super::input::{Input, path_id};
use super::page::Page;
use super::shapes::{PAGING, keys as shapes};
use super::wire::Seconds;
use super::{DASHBOARD, OWNER, Rights, SURFACE};
use crate::http::{Call, Reply, Route};

/// Scopes that one request can name.
const SCOPES_MAX: usize = 20;
const MODES: &str = "live, test";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/api/v1/developer/api-keys", DASHBOARD, list)
            .owner_reads()
            .doc("List API keys of the treasury")
            .about("Of both modes, newest first; revoked ones too.")
            .queries(PAGING)
            .answers(200, shapes::API_KEYS),
        Route::post(&SURFACE, "/api/v1/developer/api-keys", DASHBOARD, create)
            .written_by(OWNER)
            .doc("Create an API key of the treasury")
            .about("Its text is in this answer only. Without a mode it is of the mode of the request.")
            .takes(shapes::NEW_API_KEY)
            .answers(201, shapes::MADE_API_KEY),
        Route::patch(&SURFACE, "/api/v1/developer/api-keys/{id}", DASHBOARD, change)
            .written_by(OWNER)
            .doc("Change an API key of the treasury")
            .takes(shapes::API_KEY_PATCH)
            .answers(200, shapes::API_KEY)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/api/v1/developer/api-keys/{id}", DASHBOARD, revoke)
            .written_by(OWNER)
            .doc("Revoke an API key of the treasury")
            .answers(200, shapes::REVOKED),
        Route::post(&SURFACE, "/api/v1/developer/api-keys/{id}/rotate", DASHBOARD, rotate)
            .written_by(OWNER)
            .doc("Rotate an API key of the treasury")
            .about("A new key of the same rights; the old one works until the overlap ends.")
            .takes(shapes::API_KEY_ROTATION)
            .answers(201, shapes::MADE_API_KEY)
            .refuses(409, &["conflict"]),
    ]
}

/// A key on the wire.
#[derive(Debug, Clone, Serialize)]
struct KeyOut {
    id: KeyId,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    mode: &'static str,
    created_at: Seconds,
    expires_at: Option<Seconds>,
    last_used_at: Option<Seconds>,
    revoked_at: Option<Seconds>,
}

/// A key that was just made; its text is null in the answer to a repeat.
#[derive(Serialize)]
struct MadeKeyOut<'a> {
    id: KeyId,
    name: &'a str,
    prefix: &'a str,
    scopes: &'a [String],
    mode: &'static str,
    created_at: Seconds,
    expires_at: Option<Seconds>,
    last_used_at: Option<Seconds>,
    revoked_at: Option<Seconds>,
    key: Option<&'a str>,
}

impl TryFrom<Key> for KeyOut {
    type Error = Fault;

    fn try_from(key: Key) -> Result<Self, Fault> {
        Ok(Self {
            id: key.id,
            scopes: keys::scopes(&key)?,
            name: key.name,
            prefix: key.prefix,
            mode: key.mode.unwrap_or(Mode::Live).as_str(),
            created_at: Seconds(key.created_at),
            expires_at: key.expires_at.map(Seconds),
            last_used_at: key.last_used_at.map(Seconds),
            revoked_at: key.revoked_at.map(Seconds),
        })
    }
}

impl KeyOut {
    fn with_text<'a>(&'a self, key: Option<&'a str>) -> MadeKeyOut<'a> {
        let Self { id, name, prefix, scopes, mode, created_at, expires_at, last_used_at, revoked_at } = self;
        let (expires_at, last_used_at, revoked_at) = (*expires_at, *last_used_at, *revoked_at);
        MadeKeyOut {
            id: *id,
            name,
            prefix,
            scopes,
            mode,
            created_at: *created_at,
            expires_at,
            last_used_at,
            revoked_at,
            key,
        }
    }
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let (page, workspace, now) = (Page::of(&call.query), call.ctx.caller.workspace, call.ctx.now());
    let reading = move |tx: &mut Tx<'_>| {
        let found = rows::page(tx, workspace, KeyKind::Treasury, page.limit(), page.offset)?;
        let filter = Filter { kind: Some(KeyKind::Treasury), ..Filter::default() };
        Ok((found, rows::count(tx, workspace, &filter, now)?))
    };
    let (found, total) = call.ctx.store.read(reading).await?;
    let rows = found.into_iter().map(KeyOut::try_from).collect::<Result<Vec<_>, Fault>>()?;
    Reply::ok(&page.around(rows, total))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let new = read_new(&call)?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let prepared = call.app.access.prepare_key(&act, &new)?;
    let write = move |tx: &mut Tx<'_>| {
        let made = prepared.apply(tx, &act)?;
        note(tx, &ctx, &made.key, "created_api_key", json!({}))?;
        Ok(made)
    };
    call.commit(write, made_reply).await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: KeyId = path_id(&call, "id")?;
    let mut body = Input::of(&call)?;
    let patch = KeyPatch { name: body.text("name", 1, 100), scopes: read_scopes(&mut body), ..KeyPatch::default() };
    body.finish()?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let write = move |tx: &mut Tx<'_>| {
        find(tx, &ctx, id)?;
        let key = keys::patch(tx, &act, id, &patch, None)?;
        note(tx, &ctx, &key, "updated_api_key", json!({ "name": key.name }))?;
        Ok(key)
    };
    let reply = call.commit(write, |key| Reply::ok(&KeyOut::try_from(key)?)).await?;
    call.app.access.forget();
    Ok(reply)
}

async fn revoke(call: Call) -> Result<Reply, Fault> {
    let id: KeyId = path_id(&call, "id")?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let write = move |tx: &mut Tx<'_>| {
        let was_revoked = find(tx, &ctx, id)?.revoked_at.is_some();
        let key = keys::revoke(tx, &act, id, None)?;
        if was_revoked { Ok(()) } else { note(tx, &ctx, &key, "revoked_api_key", json!({})) }
    };
    let gone = move |()| Ok(Reply::value(StatusCode::OK, &json!({ "status": "revoked", "id": id })));
    let reply = call.commit(write, gone).await?;
    call.app.access.forget();
    Ok(reply)
}

async fn rotate(call: Call) -> Result<Reply, Fault> {
    let id: KeyId = path_id(&call, "id")?;
    let mut body = Input::of(&call)?;
    let overlap = body.int("overlap_minutes", 0, 1_440).unwrap_or(0);
    body.finish()?;
    let (act, ctx) = (call.act(), call.ctx.clone());
    let rotation = call.app.access.prepare_rotation();
    let write = move |tx: &mut Tx<'_>| {
        let old = find(tx, &ctx, id)?;
        let made = rotation.apply(tx, &act, id, overlap, None)?;
        note(tx, &ctx, &old, "rotated_api_key", json!({ "rotated_to": made.key.id, "overlap_minutes": overlap }))?;
        Ok(made)
    };
    let reply = call.commit(write, made_reply).await?;
    call.app.access.forget();
    Ok(reply)
}

/// A key of the treasury; keys of other kinds are not there.
fn find(tx: &mut Tx<'_>, ctx: &Ctx, id: KeyId) -> Result<Key, Fault> {
    let found = rows::find(tx, ctx.caller.workspace, id)?.filter(|key| key.kind == KeyKind::Treasury);
    found.ok_or_else(|| Fault::not_found("API key"))
}

fn made_reply(made: MadeKey) -> Result<Reply, Fault> {
    let key = KeyOut::try_from(made.key)?;
    Reply::json(StatusCode::CREATED, &key.with_text(Some(&made.text)))?.replay_as(&key.with_text(None))
}

fn read_new(call: &Call) -> Result<NewKey, Fault> {
    let mut body = Input::of(call)?;
    let name = body.required_text("name", 1, 100);
    let scopes = if body.require("scopes") { read_scopes(&mut body) } else { None };
    let new = NewKey {
        kind: KeyKind::Treasury,
        name,
        mode: body.word("mode", MODES, Mode::parse).unwrap_or(call.ctx.caller.mode),
        scopes,
        expires_in_days: body.int("expires_in_days", 1, 3_650),
        per_minute: None,
        per_day: None,
        agent_ids: None,
    };
    body.finish()?;
    Ok(new)
}

fn read_scopes(body: &mut Input<'_>) -> Option<Vec<String>> {
    let scopes = body.texts("scopes", 1, SCOPES_MAX, 100)?;
    let known = KeyKind::Treasury.scopes();
    for (at, scope) in scopes.iter().enumerate().filter(|(_, scope)| !known.contains(&scope.as_str())) {
        let shown: String = scope.chars().take(40).collect();
        body.problem(&format!("scopes/{at}"), "enum", format!("{shown:?} is not one of: {}", known.join(", ")));
    }
    Some(scopes)
}

/// The treasury's own entry beside that of the console: id and scopes, never the text.
fn note(tx: &mut Tx<'_>, ctx: &Ctx, key: &Key, action: &str, more: Value) -> Result<(), Fault> {
    let mut detail = json!({ "key_id": key.id, "scopes": keys::scopes(key)? });
    if let (Value::Object(detail), Value::Object(more)) = (&mut detail, more) {
        detail.extend(more);
    }
    let entry = trail::entry(ctx, ctx.caller.scope(), &Who::caller(ctx), action, None, &detail);
    audit::record(tx, &trail::on(entry, "key", key.id.0, Some(&key.name)))
}
