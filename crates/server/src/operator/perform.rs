//! What each operation does: one call of a service, as the server itself.

use std::path::PathBuf;
use std::sync::Arc;

use floe_access::keys::{self, Bundle, MadeKey};
use floe_access::setup::NewOwner as FirstOwner;
use floe_access::{Access, Act};
use floe_model::access::{Caller, KeyKind, check_password, is_email, is_time_zone};
use floe_model::id::{KeyId, WorkspaceId};
use floe_model::{Fault, Mode, Timestamp};
use floe_runtime::{Ctx, Platform};
use floe_store::access::keys::{Filter, Page};
use floe_store::access::memberships::{self, Belonging};
use floe_store::access::workspaces;
use floe_surfaces::console::{backup_object, key_object};
use serde_json::{Value, json};

use super::operation::{Answer, NewKey, NewOwner, Operation};
use super::{funding, links};
use crate::app::App;
use crate::cli::exit_number;
use crate::settings::Settings;

/// How long a command waits for another process to let go of the database, seconds.
const LOCK_WAIT_S: u64 = 1;
/// Keys on one page of the store.
const PAGE_KEYS: usize = 200;
/// Keys that one list shows.
const KEYS_MAX: usize = 1_000;
/// Characters of names.
const NAME_CHARS_MAX: usize = 100;
/// Characters of an e-mail address.
const EMAIL_CHARS_MAX: usize = 254;

/// Carries out an operation on open parts.
pub async fn perform(app: &App, operation: Operation) -> Answer {
    match Box::pin(attempt(app, operation)).await {
        Ok(document) => Answer::Done(document),
        Err(fault) => {
            let cause = std::error::Error::source(&fault).map(ToString::to_string);
            if let Some(cause) = cause {
                tracing::error!(%fault, cause, "an operation on the data folder failed");
            }
            let (exit, code) = (exit_number(&fault), fault.code().to_owned());
            Answer::Refused { exit, code, message: fault.message().to_owned() }
        }
    }
}

/// Opens the data folder, carries out one operation, and closes it again.
///
/// # Errors
/// When the folder or database cannot be opened, for example because a server without a socket holds it.
pub async fn perform_alone(settings: &Settings, operation: Operation) -> anyhow::Result<Answer> {
    let app = App::open(settings.clone(), LOCK_WAIT_S).await?;
    let answer = perform(&app, operation).await;
    app.close().await;
    Ok(answer)
}

async fn attempt(app: &App, operation: Operation) -> Result<Value, Fault> {
    match operation {
        Operation::SetupLink => setup_link(app).await,
        Operation::CreateAdmin(owner) => create_admin(&app.access, owner).await,
        Operation::ListKeys { workspace } => list_keys(app, workspace).await,
        Operation::CreateBundle { workspace, bundle, mode } => create_bundle(app, workspace, &bundle, mode).await,
        Operation::ResetLink { email } => links::reset(app, &email).await,
        Operation::LoginLink { email } => links::login(app, &email).await,
        Operation::CreateKey { workspace, key } => create_key(app, workspace, key).await,
        Operation::RotateKey { workspace, id, overlap_minutes } => {
            rotate_key(app, workspace, &id, overlap_minutes).await
        }
        Operation::Backup { output, with_key } => backup(app, output, with_key).await,
        Operation::Doctor => Ok(json!({ "data": app.operation.examine().await? })),
        Operation::UnmatchedFunding => funding::unmatched(app).await,
        Operation::MatchFunding { workspace, mode, provider, reference } => {
            funding::assign(app, workspace, mode, (provider, reference)).await
        }
        Operation::RevokeKey { workspace, id } => revoke_key(app, workspace, &id).await,
    }
}

async fn backup(app: &App, output: Option<PathBuf>, with_key: bool) -> Result<Value, Fault> {
    let taken = app.operation.take_now("manual", with_key, None, output).await?;
    let mut document = backup_object(&taken.backup);
    document["path"] = json!(taken.path);
    document["rows"] = json!(taken.trailer.rows);
    Ok(document)
}

async fn setup_link(app: &App) -> Result<Value, Fault> {
    match app.access.issue_setup_link().await? {
        Some(token) => Ok(json!({ "url": app.setup_url(&token) })),
        None => Err(Fault::conflict("setup_done", "This server has an owner already")),
    }
}

async fn create_admin(access: &Access, owner: NewOwner) -> Result<Value, Fault> {
    let bundle = owner.keys.as_deref().map(Bundle::parse);
    if bundle.is_some_and(|bundle| bundle != Some(Bundle::Starter)) {
        return Err(Fault::field("/keys", "value", "The only bundle here is starter"));
    }
    let name = text("/name", &owner.name, NAME_CHARS_MAX)?;
    let email = text("/email", &owner.email, EMAIL_CHARS_MAX)?;
    let workspace_name = text("/workspace_name", &owner.workspace_name, NAME_CHARS_MAX)?;
    if !is_email(&email) {
        return Err(Fault::field("/email", "format", "This is not an e-mail address"));
    }
    if !is_time_zone(&owner.timezone) {
        return Err(Fault::field("/timezone", "value", "This is not the name of a time zone, such as Africa/Lagos"));
    }
    check_password(&owner.password).map_err(|problem| Fault::field("/password", "value", problem.to_string()))?;
    let new = FirstOwner {
        name,
        email,
        password: Some(owner.password),
        workspace_name,
        timezone: owner.timezone,
        starter_keys: bundle.is_some().then_some(owner.mode),
    };
    let made = access.create_admin(new).await?;
    let now = made.workspace.created_at;
    let keys: Result<Vec<Value>, Fault> = made.keys.iter().map(|key| made_document(key, now)).collect();
    Ok(json!({
        "member": { "id": made.member.id.prefixed(), "name": made.member.name, "email": made.member.email },
        "workspace": { "id": made.workspace.id.prefixed(), "name": made.workspace.name, "slug": made.workspace.slug },
        "keys": keys?,
    }))
}

async fn list_keys(app: &App, workspace: Option<String>) -> Result<Value, Fault> {
    let act = act_in(&app.platform, workspace).await?;
    let mut documents = Vec::new();
    let mut after = None;
    while documents.len() < KEYS_MAX {
        let page = Page { newest_first: true, after, limit: PAGE_KEYS };
        let list = app.access.list_keys(&act, Filter::default(), page, false).await?;
        for key in &list.keys {
            documents.push(key_object(key, act.now())?);
        }
        after = list.keys.last().map(|key| key.id);
        if !list.more {
            break;
        }
    }
    Ok(json!({ "data": documents }))
}

async fn create_key(app: &App, workspace: Option<String>, key: NewKey) -> Result<Value, Fault> {
    let act = act_in(&app.platform, workspace).await?;
    let kinds = KeyKind::ALL.map(KeyKind::as_str).join(", ");
    let kind = KeyKind::parse(&key.kind)
        .ok_or_else(|| Fault::field("/kind", "value", format!("There is no such kind of key; there is: {kinds}")))?;
    let new = keys::NewKey {
        kind,
        name: text("/name", &key.name, NAME_CHARS_MAX)?,
        mode: key.mode,
        scopes: Some(key.scopes).filter(|scopes| !scopes.is_empty()),
        expires_in_days: key.expires_in_days.map(i64::from),
        per_minute: None,
        per_day: None,
        agent_ids: None,
    };
    let prepared = app.access.prepare_key(&act, &new)?;
    let now = act.now();
    let made = app.platform.store.write(move |tx| prepared.apply(tx, &act)).await?;
    app.access.forget();
    made_document(&made, now)
}

async fn create_bundle(app: &App, workspace: Option<String>, bundle: &str, mode: Mode) -> Result<Value, Fault> {
    let act = act_in(&app.platform, workspace).await?;
    let bundle = Bundle::parse(bundle)
        .ok_or_else(|| Fault::field("/bundle", "value", "There is no such bundle; there are: starter, read_only"))?;
    let (prepared, now) = (app.access.prepare_bundle(&act, bundle, mode), act.now());
    let writing = app
        .platform
        .store
        .write(move |tx| prepared.iter().map(|key| key.apply(tx, &act)).collect::<Result<Vec<MadeKey>, Fault>>());
    let made = writing.await?;
    let keys = made.iter().map(|key| made_document(key, now)).collect::<Result<Vec<Value>, Fault>>()?;
    Ok(json!({ "keys": keys }))
}

async fn rotate_key(app: &App, workspace: Option<String>, id: &str, overlap_minutes: u32) -> Result<Value, Fault> {
    let act = act_in(&app.platform, workspace).await?;
    let (id, now) = (key_id(id)?, act.now());
    let rotation = app.access.prepare_rotation();
    let writing = app.platform.store.write(move |tx| rotation.apply(tx, &act, id, i64::from(overlap_minutes), None));
    let made = writing.await?;
    app.access.forget();
    made_document(&made, now)
}

async fn revoke_key(app: &App, workspace: Option<String>, id: &str) -> Result<Value, Fault> {
    let act = act_in(&app.platform, workspace).await?;
    let (id, now) = (key_id(id)?, act.now());
    let key = app.platform.store.write(move |tx| keys::revoke(tx, &act, id, None)).await?;
    app.access.forget();
    key_object(&key, now)
}

fn key_id(text: &str) -> Result<KeyId, Fault> {
    KeyId::parse(text).map_err(|_| Fault::not_found("Key"))
}

/// Acts as the server in the named workspace, or in the only one.
pub(super) async fn act_in(platform: &Arc<Platform>, named: Option<String>) -> Result<Act, Fault> {
    let workspace = platform.store.read(move |tx| {
        if let Some(named) = &named {
            let by_id = match WorkspaceId::parse(named) {
                Ok(id) => workspaces::find(tx, id)?,
                Err(_) => None,
            };
            let found = match by_id {
                Some(found) => Some(found),
                None => workspaces::find_by_slug(tx, named)?,
            };
            return found.map(|workspace| workspace.id).ok_or_else(|| Fault::not_found("Workspace"));
        }
        let owner = workspaces::first_owner(tx)?.ok_or_else(no_owner)?;
        only(&memberships::of_member(tx, owner)?)
    });
    let caller = Arc::new(Caller::system(workspace.await?, Mode::Live));
    let ctx = Ctx::new(Arc::clone(platform), caller, platform.ids.next());
    Ok(Act { ctx, address: None })
}

fn only(workspaces: &[Belonging]) -> Result<WorkspaceId, Fault> {
    match workspaces {
        [one] => Ok(one.workspace),
        [] => Err(Fault::not_found("Workspace")),
        several => {
            let slugs: Vec<&str> = several.iter().map(|belonging| belonging.slug.as_str()).collect();
            Err(Fault::field("/workspace", "required", format!("Say which workspace: {}", slugs.join(", "))))
        }
    }
}

fn no_owner() -> Fault {
    Fault::not_found("Owner")
}

/// A text without surrounding space, 1 to `chars_max` characters, none of them a control character.
fn text(pointer: &str, given: &str, chars_max: usize) -> Result<String, Fault> {
    let text = given.trim();
    let fits = !text.is_empty() && text.chars().count() <= chars_max && !text.chars().any(char::is_control);
    let message = || format!("{} must have 1 to {chars_max} characters", pointer.trim_start_matches('/'));
    if fits { Ok(text.to_owned()) } else { Err(Fault::field(pointer, "length", message())) }
}

/// A key with its text, this once.
fn made_document(made: &MadeKey, now: Timestamp) -> Result<Value, Fault> {
    let mut document = key_object(&made.key, now)?;
    document["key"] = json!(made.text);
    Ok(document)
}
