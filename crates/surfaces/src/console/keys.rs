//! `/keys` and `/key-bundles`: API keys (console contract, section 3).

use floe_access::keys::{self, Bundle, KeyPatch, MadeKey, NewKey};
use floe_model::access::{KeyKind, KeyStatus, Permission};
use floe_model::id::{KeyId, parse_bits};
use floe_model::{Fault, Mode, Timestamp};
use floe_store::access::keys::{Filter, Page};
use http::StatusCode;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, keys as shapes};
use super::{Rights, SURFACE, commit_and_forget, wire};
use crate::http::shape::TEXT;
use crate::http::{Auth, Call, Fields, Reply, Route};

const SCOPES_MAX: usize = 50;
/// Agents that a key may be confined to.
const AGENTS_MAX: usize = 100;
/// Highest limit that a key may have.
const RATE_MAX: i64 = 1_000_000;

const KINDS: &str = KeyKind::WORDS;
const MODES: &str = "live, test";
const BUNDLES: &str = "starter, read_only";

pub(super) fn routes() -> Vec<Route> {
    let routes = [
        Route::get(&SURFACE, "/console/v1/keys", Auth::MEMBER, list)
            .doc("List keys")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("kind", shapes::KIND, "What they are for")
            .query("mode", shapes::MODE, "Live or test")
            .query("status", shapes::STATUS, "What they are good for now")
            .query("q", TEXT, "Text in name or prefix")
            .answers(200, shapes::KEYS),
        Route::post(&SURFACE, "/console/v1/keys", Auth::MEMBER, create)
            .doc("Create a key")
            .about("Its text is in this answer only.")
            .takes(shapes::NEW_KEY)
            .answers(201, shapes::MADE_KEY),
        Route::get(&SURFACE, "/console/v1/keys/{id}", Auth::MEMBER, show).doc("Show a key").answers(200, shapes::KEY),
        Route::patch(&SURFACE, "/console/v1/keys/{id}", Auth::MEMBER, change)
            .doc("Change a key")
            .revised()
            .takes(shapes::KEY_PATCH)
            .answers(200, shapes::KEY)
            .refuses(409, &["conflict"]),
        Route::delete(&SURFACE, "/console/v1/keys/{id}", Auth::MEMBER, revoke)
            .doc("Revoke a key")
            .revised()
            .answers(200, shapes::KEY),
        Route::post(&SURFACE, "/console/v1/keys/{id}/rotate", Auth::MEMBER, rotate)
            .doc("Rotate a key")
            .revised()
            .takes(shapes::ROTATION)
            .answers(201, shapes::MADE_KEY),
        Route::post(&SURFACE, "/console/v1/key-bundles", Auth::MEMBER, create_bundle)
            .doc("Create a bundle of keys")
            .takes(shapes::NEW_BUNDLE)
            .answers(201, shapes::MADE_KEYS),
    ];
    routes.into_iter().map(|route| route.needs(Permission::Manage)).collect()
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["kind", "mode", "status", "q"])?;
    let filter = read_filter(&call)?;
    let page = Page { newest_first: window.newest_first, after: window.after.map(KeyId), limit: window.limit };
    let found = call.app.access.list_keys(&call.act(), filter, page, window.total).await?;
    let now = call.ctx.now();
    let data = found.keys.iter().map(|key| wire::key_object(key, now)).collect::<Result<Vec<Value>, Fault>>()?;
    Reply::ok(&window.page(data, found.keys.last().map(|key| key.id.0), found.more, found.total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let key = call.app.access.find_key(&call.act(), call.id("id", "Key")?).await?;
    Ok(Reply::ok(&wire::key_object(&key, call.ctx.now())?)?.revision(key.revision))
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let new = read_new(&mut body, call.ctx.caller.mode);
    body.finish()?;
    let (act, now) = (call.act(), call.ctx.now());
    let prepared = call.app.access.prepare_key(&act, &new)?;
    call.commit(move |tx| prepared.apply(tx, &act), move |made| made_reply(&made, now)).await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: KeyId = call.id("id", "Key")?;
    let mut body = call.fields()?;
    let patch = KeyPatch {
        name: body.text("name", 1, 100),
        scopes: body.texts("scopes", SCOPES_MAX),
        per_minute: read_rate(&mut body, "rate_limit_per_minute"),
        per_day: read_rate(&mut body, "rate_limit_per_day"),
        is_active: body.flag("is_active"),
        agent_ids: read_agents(&mut body),
    };
    body.finish()?;
    let (act, now, if_match) = (call.act(), call.ctx.now(), call.if_match()?);
    commit_and_forget(
        &call,
        move |tx| keys::patch(tx, &act, id, &patch, if_match),
        move |key| Ok(Reply::ok(&wire::key_object(&key, now)?)?.revision(key.revision)),
    )
    .await
}

async fn revoke(call: Call) -> Result<Reply, Fault> {
    let id: KeyId = call.id("id", "Key")?;
    let (act, now, if_match) = (call.act(), call.ctx.now(), call.if_match()?);
    commit_and_forget(
        &call,
        move |tx| keys::revoke(tx, &act, id, if_match),
        move |key| Ok(Reply::ok(&wire::key_object(&key, now)?)?.revision(key.revision)),
    )
    .await
}

async fn rotate(call: Call) -> Result<Reply, Fault> {
    let id: KeyId = call.id("id", "Key")?;
    let mut body = call.fields()?;
    let overlap = body.number("overlap_minutes", 0, 1_440).unwrap_or(0);
    body.finish()?;
    let (act, now, if_match) = (call.act(), call.ctx.now(), call.if_match()?);
    let rotation = call.app.access.prepare_rotation();
    commit_and_forget(
        &call,
        move |tx| rotation.apply(tx, &act, id, overlap, if_match),
        move |made| made_reply(&made, now),
    )
    .await
}

async fn create_bundle(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let bundle = body.required_word("bundle", BUNDLES, Bundle::parse);
    let mode = body.word("mode", MODES, Mode::parse).unwrap_or(call.ctx.caller.mode);
    body.finish()?;
    let (act, now) = (call.act(), call.ctx.now());
    let prepared = call.app.access.prepare_bundle(&act, bundle.unwrap_or(Bundle::Starter), mode);
    call.commit(
        move |tx| prepared.iter().map(|key| key.apply(tx, &act)).collect::<Result<Vec<MadeKey>, Fault>>(),
        move |made| bundle_reply(&made, now),
    )
    .await
}

fn read_filter(call: &Call) -> Result<Filter, Fault> {
    let word =
        |name: &str, words: &str| Fault::field(format!("/{name}"), "value", format!("{name} must be one of: {words}"));
    let query = &call.query;
    let kind = query.get("kind").map(|text| KeyKind::parse(text).ok_or_else(|| word("kind", KINDS))).transpose()?;
    let mode = query.get("mode").map(|text| Mode::parse(text).ok_or_else(|| word("mode", MODES))).transpose()?;
    let status = match query.get("status") {
        None => None,
        Some(text) => {
            Some(status_word(text).ok_or_else(|| word("status", "active, expiring, expired, revoked, inactive"))?)
        }
    };
    let q = query.get("q").map(|text| text.chars().take(100).collect());
    Ok(Filter { kind, mode, status, q })
}

fn status_word(text: &str) -> Option<&'static str> {
    use KeyStatus::{Active, Expired, Expiring, Inactive, Revoked};
    [Active, Expiring, Expired, Revoked, Inactive].map(KeyStatus::as_str).into_iter().find(|word| *word == text)
}

/// Reads a new key. `environment` is taken for `mode`; without either the mode of the request counts.
fn read_new(body: &mut Fields, mode: Mode) -> NewKey {
    // The reading goes on after a problem, so that one answer names all of them.
    let kind = body.required_word("kind", KINDS, KeyKind::parse).unwrap_or(KeyKind::Flows);
    let environment = body.word("environment", MODES, Mode::parse);
    let mode = body.word("mode", MODES, Mode::parse).or(environment).unwrap_or(mode);
    let bundle = body.text("bundle", 1, 100);
    let scopes = body.texts("scopes", SCOPES_MAX);
    if scopes.is_some() && bundle.is_some() {
        body.problem("bundle", "conflict", "Give scopes or bundle, not both");
    }
    let of_bundle = bundle.and_then(|word| {
        let found = scopes_of(kind, &word);
        if found.is_none() {
            body.problem("bundle", "value", format!("There is no such bundle for keys of kind {}", kind.as_str()));
        }
        found
    });
    let agent_ids = read_agents(body);
    if agent_ids.is_some() && kind != KeyKind::Agents {
        body.problem("agent_ids", "value", "agent_ids is for keys of kind agents");
    }
    NewKey {
        kind,
        name: body.required_text("name", 1, 100),
        mode,
        scopes: scopes.or(of_bundle),
        expires_in_days: body.number("expires_in_days", 1, 3_650),
        per_minute: read_rate(body, "rate_limit_per_minute"),
        per_day: read_rate(body, "rate_limit_per_day"),
        agent_ids,
    }
}

/// The scopes of a bundle: of one over all kinds, or of the kind's own. `None` when there is no such bundle, or it makes no
/// key of the kind.
fn scopes_of(kind: KeyKind, word: &str) -> Option<Vec<String>> {
    let scopes = match Bundle::parse(word) {
        Some(bundle) if bundle.kinds().any(|made| made == kind) => bundle.scopes(kind),
        Some(_) => return None,
        None => kind.scope_bundles().iter().find(|(name, _)| *name == word)?.1,
    };
    Some(scopes.iter().map(|&scope| scope.to_owned()).collect())
}

/// Reads `agent_ids`, in either spelling.
fn read_agents(body: &mut Fields) -> Option<Vec<u128>> {
    let texts = body.texts("agent_ids", AGENTS_MAX)?;
    let mut agents = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        match parse_bits(text) {
            Ok(bits) => agents.push(bits),
            Err(_) => body.problem(&format!("agent_ids/{at}"), "value", "This is not an id"),
        }
    }
    Some(agents)
}

fn read_rate(body: &mut Fields, name: &str) -> Option<u32> {
    body.number(name, 0, RATE_MAX).and_then(|number| u32::try_from(number).ok())
}

fn made_reply(made: &MadeKey, now: Timestamp) -> Result<Reply, Fault> {
    let object = wire::key_object(&made.key, now)?;
    let location = format!("/console/v1/keys/{}", made.key.id.prefixed());
    Reply::created(&location, &wire::with_secret(object.clone(), "key", Some(&made.text)))?
        .revision(made.key.revision)
        .replay_as(&wire::with_secret(object, "key", None))
}

fn bundle_reply(made: &[MadeKey], now: Timestamp) -> Result<Reply, Fault> {
    let object =
        |made: &MadeKey, text: Option<&str>| Ok(wire::with_secret(wire::key_object(&made.key, now)?, "key", text));
    let shown = made.iter().map(|made| object(made, Some(&made.text))).collect::<Result<Vec<Value>, Fault>>()?;
    let again = made.iter().map(|made| object(made, None)).collect::<Result<Vec<Value>, Fault>>()?;
    Reply::json(StatusCode::CREATED, &json!({ "keys": shown }))?.replay_as(&json!({ "keys": again }))
}
