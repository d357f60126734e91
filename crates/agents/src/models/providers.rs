//! Providers that people configure (console contract, section 5.1). Keys and headers are sealed at rest and never given out.

use floe_model::id::{ProviderId, WorkspaceId};
use floe_model::{Fault, FaultKind};
use floe_runtime::Ctx;
use floe_runtime::outside::Refusal;
use floe_store::Tx;
use floe_store::agents::model_providers::{self as rows, Page, Provider};
use floe_store::agents::models as model_rows;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::ModelService;
use super::catalog::{headers_place, key_place, open};
use super::given::{BUILTIN_NAME, CONCURRENCY, TIMEOUT_MS, given_providers};
use super::kinds::{ANTHROPIC, OPENAI, Origin, ProviderKind};
use super::probe::Tested;
use super::settings::ANTHROPIC_URL;
use crate::trail::{self, Note, Who};
use crate::{check_revision, stale};

/// Providers of a workspace at most.
const PROVIDERS_MAX: i64 = 100;
/// Headers of a provider at most.
const HEADERS_MAX: usize = 20;
/// Characters of a key or of the value of a header.
const SECRET_CHARS_MAX: usize = 4_096;
/// Characters of a key from which its last ones may be shown.
const TAIL_FROM_CHARS: usize = 12;
/// How many of them.
const TAIL_CHARS: usize = 4;
/// What stands for a value that is kept.
const KEPT: &str = "***";
/// Headers that belong to the message or the connection.
const OWN_HEADERS: [&str; 8] =
    ["host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding", "te"];
/// Models that are named when a provider cannot be removed.
const NAMED_MAX: usize = 20;

/// A provider as asked for.
#[derive(Clone, Default)]
pub struct NewProvider {
    /// Shown name, unique in the workspace, without a slash.
    pub name: String,
    /// Which protocol.
    pub kind: Option<ProviderKind>,
    /// Where it is; Anthropic's own server needs none.
    pub base_url: Option<String>,
    /// Its key.
    pub api_key: Option<String>,
    /// Further headers.
    pub headers: Map<String, Value>,
    /// For one try, 1,000 to 120,000 milliseconds; 60,000 unless given.
    pub timeout_ms: Option<i64>,
    /// Calls under way at a time from one server, 1 to 1,000; 64 unless given.
    pub max_concurrency: Option<i64>,
}

/// What shall be changed; what is none stays.
#[derive(Clone, Default)]
pub struct ProviderPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another address.
    pub base_url: Option<String>,
    /// Another key; inner none takes it away.
    pub api_key: Option<Option<String>>,
    /// Other headers, as a whole; a value `***` keeps the stored one.
    pub headers: Option<Map<String, Value>>,
    /// For one try, milliseconds.
    pub timeout_ms: Option<i64>,
    /// Calls under way at a time.
    pub max_concurrency: Option<i64>,
}

/// A provider as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The record.
    pub row: Provider,
    /// Where it comes from; only those of the workspace can be changed.
    pub origin: Origin,
    /// Whether it has a key.
    pub has_key: bool,
}

/// A page of providers.
#[derive(Debug, Clone)]
pub struct ProviderList {
    /// The providers.
    pub providers: Vec<Shown>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all, when asked for.
    pub total: Option<i64>,
}

impl ModelService {
    /// A page of the providers of the caller's workspace, with those that no table holds: they are the oldest.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list_providers(&self, ctx: &Ctx, page: Page, total: bool) -> Result<ProviderList, Fault> {
        let (workspace, given) = (ctx.caller.workspace, given_providers(&self.settings, ctx.caller.workspace));
        let (limit, asked) = (page.limit, page.clone());
        let reading = self.platform.store.read(move |tx| {
            let stored = rows::list(tx, workspace, &Page { limit: asked.limit + 1, ..asked.clone() })?;
            let count = if total { Some(rows::count(tx, workspace)?) } else { None };
            Ok((stored, count))
        });
        let (mut all, count) = reading.await?;
        let start = if page.newest_first { u128::MAX } else { 0 };
        let after = page.after.unwrap_or(start);
        let is_behind = |id: u128| if page.newest_first { id < after } else { id > after };
        let total = count.map(|count| count + given.len() as i64);
        all.extend(given.into_iter().filter(|one| is_behind(one.id.0)));
        all.sort_by_key(|one| if page.newest_first { !one.id.0 } else { one.id.0 });
        let more = all.len() > limit;
        all.truncate(limit);
        Ok(ProviderList { providers: all.into_iter().map(|row| self.shown(row)).collect(), more, total })
    }

    /// A provider of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_provider(&self, ctx: &Ctx, id: ProviderId) -> Result<Shown, Fault> {
        let (workspace, settings) = (ctx.caller.workspace, std::sync::Arc::clone(&self.settings));
        let reading = self.platform.store.read(move |tx| super::catalog::provider(tx, &settings, workspace, id));
        reading.await?.map(|row| self.shown(row)).ok_or_else(not_found)
    }

    /// Adds a provider.
    ///
    /// # Errors
    /// 400 for wrong fields; `outbound_blocked` for an address that may not be called; `conflict` for a name that is taken.
    pub fn create_provider(&self, tx: &mut Tx<'_>, ctx: &Ctx, new: &NewProvider) -> Result<Shown, Fault> {
        let (workspace, now, id) = (ctx.caller.workspace, ctx.now(), ctx.ids.next());
        let kind = new.kind.unwrap_or(ProviderKind::OpenaiCompatible);
        check_name(&new.name)?;
        let base_url = match (&new.base_url, kind) {
            (Some(url), _) => self.check_url(url)?,
            (None, ProviderKind::Anthropic) => ANTHROPIC_URL.to_owned(),
            (None, _) => return Err(Fault::field("/base_url", "required", "base_url is required for this kind")),
        };
        if rows::count(tx, workspace)? >= PROVIDERS_MAX {
            return Err(Fault::conflict("conflict", format!("A workspace has at most {PROVIDERS_MAX} providers")));
        }
        let headers = read_headers(&new.headers, &Map::new())?;
        let mut row = Provider {
            workspace,
            id,
            name: new.name.clone(),
            kind: kind.as_str().to_owned(),
            base_url,
            api_key: None,
            tail: None,
            headers: None,
            header_names: "[]".to_owned(),
            timeout_ms: new.timeout_ms.unwrap_or(TIMEOUT_MS),
            max_concurrency: new.max_concurrency.unwrap_or(CONCURRENCY),
            last_error: None,
            last_tested_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        seal_key(tx, ctx, &mut row, new.api_key.as_deref())?;
        seal_headers(tx, ctx, &mut row, &headers)?;
        if !rows::insert(tx, &row)? {
            return Err(taken(&row.name));
        }
        note(tx, ctx, &row, "created_model_provider", json!({ "kind": row.kind, "base_url": row.base_url }))?;
        Ok(self.shown(row))
    }

    /// Changes a provider.
    ///
    /// # Errors
    /// As [`ModelService::create_provider`]; `not_found`; `stale_revision`; `not_supported` for one that is not the workspace's own.
    pub fn patch_provider(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        id: ProviderId,
        patch: &ProviderPatch,
        if_match: Option<i64>,
    ) -> Result<Shown, Fault> {
        let mut row = self.own(tx, ctx.caller.workspace, id)?;
        check_revision(row.revision, if_match)?;
        let mut changed = Vec::new();
        if let Some(name) = patch.name.as_ref().filter(|name| **name != row.name) {
            check_name(name)?;
            if rows::named(tx, row.workspace, name)?.is_some() {
                return Err(taken(name));
            }
            row.name.clone_from(name);
            changed.push("name");
        }
        if let Some(url) = &patch.base_url {
            let url = self.check_url(url)?;
            // A key goes to nobody it was not given for.
            if url != row.base_url && row.api_key.is_some() && patch.api_key.is_none() {
                return Err(Fault::field("/api_key", "required", "api_key must be given again with another base_url"));
            }
            row.base_url = url;
            changed.push("base_url");
        }
        if let Some(key) = &patch.api_key {
            seal_key(tx, ctx, &mut row, key.as_deref())?;
            changed.push("api_key");
        }
        if let Some(headers) = &patch.headers {
            let stored = open(tx, ctx, &self.settings, &row)?.headers;
            let stored = stored.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            let headers = read_headers(headers, &stored)?;
            seal_headers(tx, ctx, &mut row, &headers)?;
            changed.push("headers");
        }
        row.timeout_ms = patch.timeout_ms.inspect(|_| changed.push("timeout_ms")).unwrap_or(row.timeout_ms);
        row.max_concurrency =
            patch.max_concurrency.inspect(|_| changed.push("max_concurrency")).unwrap_or(row.max_concurrency);
        row.updated_at = ctx.now();
        if !rows::update(tx, &row)? {
            return Err(stale());
        }
        row.revision += 1;
        note(tx, ctx, &row, "changed_model_provider", json!({ "changed": changed }))?;
        Ok(self.shown(row))
    }

    /// Removes a provider.
    ///
    /// # Errors
    /// `not_found`; `stale_revision`; `in_use` while it has models; `not_supported` for one that is not the workspace's own.
    pub fn delete_provider(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        id: ProviderId,
        if_match: Option<i64>,
    ) -> Result<(), Fault> {
        let row = self.own(tx, ctx.caller.workspace, id)?;
        check_revision(row.revision, if_match)?;
        let models = model_rows::names_of(tx, row.workspace, id, NAMED_MAX)?;
        if !models.is_empty() {
            let used_by: Vec<Value> = models.iter().map(|name| json!({ "type": "model", "name": name })).collect();
            let fault = Fault::conflict("in_use", "This provider still has models; remove them first");
            return Err(fault.with_details(json!({ "used_by": used_by })));
        }
        if !rows::delete(tx, row.workspace, id, row.revision)? {
            return Err(stale());
        }
        note(tx, ctx, &row, "deleted_model_provider", json!({}))
    }

    /// Keeps what came of a test. Of a provider that no table holds there is nothing to keep.
    ///
    /// # Errors
    /// `not_found`.
    pub fn note_test(&self, tx: &mut Tx<'_>, ctx: &Ctx, id: ProviderId, tested: &Tested) -> Result<(), Fault> {
        let workspace = ctx.caller.workspace;
        let row = super::catalog::provider(tx, &self.settings, workspace, id)?.ok_or_else(not_found)?;
        if Origin::of(id) == Origin::Workspace {
            let error = (!tested.ok).then_some(tested.message.as_str());
            rows::tested(tx, workspace, id, error, ctx.now())?;
        }
        note(tx, ctx, &row, "tested_model_provider", json!({ "ok": tested.ok, "status_code": tested.status_code }))
    }

    fn shown(&self, row: Provider) -> Shown {
        let has_key = match row.id {
            OPENAI => self.settings.openai_api_key.is_some(),
            ANTHROPIC => self.settings.anthropic_api_key.is_some(),
            _ => row.api_key.is_some(),
        };
        Shown { origin: Origin::of(row.id), has_key, row }
    }

    /// A provider that the workspace may change.
    fn own(&self, tx: &mut Tx<'_>, workspace: WorkspaceId, id: ProviderId) -> Result<Provider, Fault> {
        let row = super::catalog::provider(tx, &self.settings, workspace, id)?.ok_or_else(not_found)?;
        match Origin::of(id) {
            Origin::Workspace => Ok(row),
            Origin::Environment => Err(unsupported("This provider is set in the environment of the server")),
            Origin::Builtin => Err(unsupported("The built-in provider cannot be changed")),
        }
    }

    /// An address that a provider may have, without a slash at the end.
    fn check_url(&self, text: &str) -> Result<String, Fault> {
        let text = text.trim_end_matches('/');
        let target = self.platform.outside.judge(text).map_err(|refusal: Refusal| {
            if refusal.is_malformed() {
                Fault::field("/base_url", "format", format!("base_url is no address of a server: {refusal}"))
            } else {
                blocked(format!("base_url may not be called: {refusal}"))
            }
        })?;
        if target.url().query().is_some() || target.url().fragment().is_some() {
            return Err(Fault::field("/base_url", "format", "base_url must have no query and no fragment"));
        }
        if !target.is_https() && !target.is_listed() {
            let listing = format!("{}:{}", target.host(), target.port());
            return Err(blocked(format!("base_url must be https unless FLOE_OUTBOUND_ALLOW lists {listing}")));
        }
        Ok(text.to_owned())
    }
}

/// The names of a provider's headers.
#[must_use]
pub fn header_names(row: &Provider) -> Vec<String> {
    serde_json::from_str(&row.header_names).unwrap_or_default()
}

fn check_name(name: &str) -> Result<(), Fault> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.');
    if name.trim() != name || !name.chars().all(is_plain) {
        return Err(Fault::field("/name", "value", "name must be letters, digits, blanks, _, - and ."));
    }
    if [BUILTIN_NAME, "mock", "default"].contains(&name) {
        return Err(taken(name));
    }
    Ok(())
}

/// Headers as they are kept, names in lower case.
fn read_headers(given: &Map<String, Value>, stored: &Map<String, Value>) -> Result<Map<String, Value>, Fault> {
    let wrong = |name: &str, message: &str| Fault::field(format!("/headers/{name}"), "value", message);
    if given.len() > HEADERS_MAX {
        return Err(Fault::field("/headers", "length", format!("headers holds more than {HEADERS_MAX} entries")));
    }
    let mut headers = Map::new();
    for (name, value) in given {
        let Ok(lower) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(wrong(name, "this is no name of a header"));
        };
        if OWN_HEADERS.contains(&lower.as_str()) {
            return Err(wrong(name, "this header cannot be set"));
        }
        let text = match value.as_str() {
            Some(KEPT) => stored.get(lower.as_str()).and_then(Value::as_str),
            text => text,
        };
        let is_sendable = |text: &str| text.len() <= SECRET_CHARS_MAX && HeaderValue::from_str(text).is_ok();
        let text =
            text.filter(|text| is_sendable(text)).ok_or_else(|| wrong(name, "a header must be a text of one line"))?;
        headers.insert(lower.as_str().to_owned(), Value::String(text.to_owned()));
    }
    Ok(headers)
}

fn seal_key(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut Provider, key: Option<&str>) -> Result<(), Fault> {
    row.api_key = None;
    row.tail = None;
    let Some(key) = key.map(str::trim).filter(|key| !key.is_empty()) else { return Ok(()) };
    if key.len() > SECRET_CHARS_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Fault::field("/api_key", "value", "api_key holds characters that no key has"));
    }
    row.api_key = Some(ctx.seal.seal(tx, &ctx.ids, row.workspace, key_place(row.id), key.as_bytes())?);
    row.tail = (key.len() >= TAIL_FROM_CHARS).then(|| key[key.len() - TAIL_CHARS..].to_owned());
    Ok(())
}

fn seal_headers(tx: &mut Tx<'_>, ctx: &Ctx, row: &mut Provider, headers: &Map<String, Value>) -> Result<(), Fault> {
    row.header_names = json!(headers.keys().collect::<Vec<_>>()).to_string();
    row.headers = match headers.is_empty() {
        true => None,
        false => {
            let text = Value::Object(headers.clone()).to_string();
            Some(ctx.seal.seal(tx, &ctx.ids, row.workspace, headers_place(row.id), text.as_bytes())?)
        }
    };
    Ok(())
}

pub(super) fn not_found() -> Fault {
    Fault::not_found("Model provider")
}

pub(super) fn unsupported(message: &str) -> Fault {
    Fault::new(FaultKind::Unprocessable, "not_supported", message)
}

fn blocked(message: String) -> Fault {
    Fault::new(FaultKind::Unprocessable, "outbound_blocked", message)
}

fn taken(name: &str) -> Fault {
    Fault::conflict("conflict", format!("There is already a provider {name}"))
}

/// The audit entry of an act on a provider: which fields, never the key.
fn note(tx: &mut Tx<'_>, ctx: &Ctx, row: &Provider, action: &str, detail: Value) -> Result<(), Fault> {
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "model_provider", row.id.0, &row.name, detail))
}
