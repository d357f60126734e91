//! Models that people configure (console contract, section 5.1): what agents and steps can name, and what each costs.

use floe_model::Fault;
use floe_model::id::{ModelId, ProviderId, WorkspaceId};
use floe_runtime::Ctx;
use floe_runtime::models::{DEFAULT_MODEL, ModelKind, Price, Supports};
use floe_store::Tx;
use floe_store::agents::models::{self as rows, Model, Page};
use serde_json::{Value, json};

use super::ModelService;
use super::catalog::{self, kind_of};
use super::given::{BUILTIN_MODELS, builtin_models, json_of};
use super::kinds::{BUILTIN, Origin, ProviderKind, is_builtin};
use super::providers::unsupported;
use super::uses::check_unnamed;
use crate::trail::{self, Note, Who};
use crate::{check_revision, stale};

/// Models of a workspace at most.
const MODELS_MAX: i64 = 1_000;
/// Tokens of question and answer together, unless given.
const CONTEXT_TOKENS: i64 = 128_000;
/// Tokens of an answer, unless given.
const OUTPUT_TOKENS: i64 = 4_096;

/// A model as asked for.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// What agents and steps say, unique in the workspace.
    pub name: String,
    /// Its provider.
    pub provider: ProviderId,
    /// Its name there.
    pub upstream_model: String,
    /// What it does.
    pub kind: ModelKind,
    /// What is set.
    pub set: ModelPatch,
}

/// What shall be set or changed; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct ModelPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another name at the provider.
    pub upstream_model: Option<String>,
    /// Tokens of question and answer together.
    pub context_tokens: Option<i64>,
    /// Tokens of an answer.
    pub max_output_tokens: Option<i64>,
    /// What it can do.
    pub supports: SupportsPatch,
    /// What it costs.
    pub price: PricePatch,
    /// Whether it is the default one of its kind. False makes the built-in one the default again.
    pub is_default: Option<bool>,
    /// Whether it may be used.
    pub enabled: Option<bool>,
}

/// Of [`Supports`] what shall be changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SupportsPatch {
    /// Ask for tools.
    pub tools: Option<bool>,
    /// See images.
    pub vision: Option<bool>,
    /// Answer by a schema.
    pub json_schema: Option<bool>,
    /// Answer piece by piece.
    pub stream: Option<bool>,
}

/// Of [`Price`] what shall be changed, in thousandths of a credit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PricePatch {
    /// Each call.
    pub per_call: Option<i64>,
    /// Each call of a tool.
    pub per_tool_call: Option<i64>,
    /// A thousand tokens in.
    pub per_1k_input: Option<i64>,
    /// A thousand tokens out.
    pub per_1k_output: Option<i64>,
}

/// A model as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The record.
    pub row: Model,
    /// What it can do.
    pub supports: Supports,
    /// What it costs.
    pub price: Price,
    /// Whether it is the default one of its kind.
    pub is_default: bool,
    /// Whether it is part of this program.
    pub is_builtin: bool,
}

/// A page of models.
#[derive(Debug, Clone)]
pub struct ModelList {
    /// The models.
    pub models: Vec<Shown>,
    /// Whether there are more behind them.
    pub more: bool,
    /// How many there are in all, when asked for.
    pub total: Option<i64>,
}

impl ModelService {
    /// A page of the models of the caller's workspace; the built-in ones are the oldest.
    ///
    /// # Errors
    /// Of the database.
    pub async fn list_models(&self, ctx: &Ctx, page: Page, total: bool) -> Result<ModelList, Fault> {
        let workspace = ctx.caller.workspace;
        let fits = |row: &Model| {
            page.provider.is_none_or(|provider| provider == row.provider)
                && page.kind.as_ref().is_none_or(|kind| *kind == row.kind)
                && page.enabled.is_none_or(|enabled| enabled == row.enabled)
        };
        let given: Vec<Model> = builtin_models(workspace).into_iter().filter(fits).collect();
        let reading = self.platform.store.read(move |tx| {
            let mut all = rows::list(tx, workspace, &Page { limit: page.limit + 1, ..page.clone() })?;
            let total = if total { Some(rows::count(tx, workspace, &page)? + given.len() as i64) } else { None };
            let start = if page.newest_first { u128::MAX } else { 0 };
            let after = page.after.unwrap_or(start);
            let is_behind = |id: u128| if page.newest_first { id < after } else { id > after };
            all.extend(given.iter().filter(|one| is_behind(one.id.0)).cloned());
            all.sort_by_key(|one| if page.newest_first { !one.id.0 } else { one.id.0 });
            let more = all.len() > page.limit;
            all.truncate(page.limit);
            let models = all.into_iter().map(|row| shown(tx, row)).collect::<Result<_, Fault>>()?;
            Ok(ModelList { models, more, total })
        });
        reading.await
    }

    /// A model of the caller's workspace.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn find_model(&self, ctx: &Ctx, id: ModelId) -> Result<Shown, Fault> {
        let workspace = ctx.caller.workspace;
        let reading = self.platform.store.read(move |tx| {
            let row = find(tx, workspace, id)?;
            shown(tx, row)
        });
        reading.await
    }

    /// Adds a model.
    ///
    /// # Errors
    /// 400 for a provider that is not there or makes no such models; `conflict` for a name that is taken.
    pub fn create_model(&self, tx: &mut Tx<'_>, ctx: &Ctx, new: &NewModel) -> Result<Shown, Fault> {
        let (workspace, now) = (ctx.caller.workspace, ctx.now());
        check_name(&new.name)?;
        let provider = catalog::provider(tx, &self.settings, workspace, new.provider)?.filter(|row| row.id != BUILTIN);
        let Some(provider) = provider else {
            return Err(Fault::field("/provider_id", "value", "provider_id is no provider of this workspace"));
        };
        let speaks_anthropic = provider.kind == ProviderKind::Anthropic.as_str();
        if speaks_anthropic && new.kind == ModelKind::Embedding {
            return Err(Fault::field("/kind", "value", "a provider of this kind has no embedding models"));
        }
        if rows::count(tx, workspace, &Page::default())? >= MODELS_MAX {
            return Err(Fault::conflict("conflict", format!("A workspace has at most {MODELS_MAX} models")));
        }
        let is_chat = new.kind == ModelKind::Chat;
        let usual = Supports { tools: is_chat, vision: false, json_schema: is_chat, stream: is_chat };
        let price = if is_chat { Price::default() } else { Price { per_call: 0, ..Price::default() } };
        let mut row = Model {
            workspace,
            id: ctx.ids.next(),
            name: new.name.clone(),
            provider: provider.id,
            upstream_model: new.upstream_model.clone(),
            kind: new.kind.as_str().to_owned(),
            context_tokens: CONTEXT_TOKENS,
            max_output_tokens: OUTPUT_TOKENS,
            supports: json_of(usual),
            price: json_of(price),
            enabled: true,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        set(&mut row, &new.set)?;
        if !rows::insert(tx, &row)? {
            return Err(taken(&row.name));
        }
        let detail = json!({ "provider": provider.name, "upstream_model": row.upstream_model, "kind": row.kind });
        note(tx, ctx, &row, "created_model", detail)?;
        set_default(tx, ctx, &row, new.set.is_default)?;
        shown(tx, row)
    }

    /// Changes a model. Of a built-in one only whether it is the default can be changed.
    ///
    /// # Errors
    /// As [`ModelService::create_model`]; `not_found`; `stale_revision`; `conflict` for a default model that is to be switched off; `in_use`
    /// for another name while agents or knowledge bases say the old one.
    pub fn patch_model(
        &self,
        tx: &mut Tx<'_>,
        ctx: &Ctx,
        id: ModelId,
        patch: &ModelPatch,
        if_match: Option<i64>,
    ) -> Result<Shown, Fault> {
        let mut row = find(tx, ctx.caller.workspace, id)?;
        check_revision(row.revision, if_match)?;
        let before = row.clone();
        if let Some(name) = patch.name.as_ref().filter(|name| **name != row.name) {
            check_name(name)?;
            if rows::named(tx, row.workspace, name)?.is_some() {
                return Err(taken(name));
            }
            check_unnamed(tx, &row)?;
            row.name.clone_from(name);
        }
        set(&mut row, patch)?;
        let is_default = rows::default_of(tx, row.workspace, &row.kind)? == Some(id);
        if !row.enabled && (patch.is_default == Some(true) || (is_default && patch.is_default.is_none())) {
            return Err(Fault::conflict(
                "conflict",
                "The default model cannot be switched off; make another one the default",
            ));
        }
        if row != before {
            if is_builtin(id) {
                return Err(unsupported("A built-in model cannot be changed; it can be made the default"));
            }
            row.updated_at = ctx.now();
            if !rows::update(tx, &row)? {
                return Err(stale());
            }
            row.revision += 1;
            note(tx, ctx, &row, "changed_model", json!({ "changed": differences(&before, &row) }))?;
        }
        set_default(tx, ctx, &row, patch.is_default)?;
        shown(tx, row)
    }

    /// Removes a model. Steps of flows that name it fail with `unknown_model` from then on.
    ///
    /// # Errors
    /// `not_found`; `stale_revision`; `in_use` for the default one, and for one that agents or knowledge bases name; `not_supported` for a
    /// built-in one.
    pub fn delete_model(&self, tx: &mut Tx<'_>, ctx: &Ctx, id: ModelId, if_match: Option<i64>) -> Result<(), Fault> {
        let row = find(tx, ctx.caller.workspace, id)?;
        check_revision(row.revision, if_match)?;
        if is_builtin(id) {
            return Err(unsupported("A built-in model cannot be removed"));
        }
        if rows::default_of(tx, row.workspace, &row.kind)? == Some(id) {
            let used_by = json!([{ "type": "default", "name": row.kind }]);
            let fault = Fault::conflict("in_use", "This is the default model; make another one the default first");
            return Err(fault.with_details(json!({ "used_by": used_by })));
        }
        check_unnamed(tx, &row)?;
        if !rows::delete(tx, row.workspace, id, row.revision)? {
            return Err(stale());
        }
        note(tx, ctx, &row, "deleted_model", json!({}))
    }
}

fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: ModelId) -> Result<Model, Fault> {
    let given = builtin_models(workspace).into_iter().find(|row| row.id == id);
    let found = match given {
        Some(row) => Some(row),
        None => rows::find(tx, workspace, id)?,
    };
    found.ok_or_else(|| Fault::not_found("Model"))
}

fn shown(tx: &mut Tx<'_>, row: Model) -> Result<Shown, Fault> {
    let default = rows::default_of(tx, row.workspace, &row.kind)?;
    // While no other is set, `offline` and `hash-256` are.
    let is_default = default.map_or(row.id == builtin_default(kind_of(&row)?), |default| default == row.id);
    Ok(Shown {
        supports: serde_json::from_str(&row.supports).map_err(Fault::internal)?,
        price: serde_json::from_str(&row.price).map_err(Fault::internal)?,
        is_default,
        is_builtin: Origin::of(row.provider) == Origin::Builtin,
        row,
    })
}

fn builtin_default(kind: ModelKind) -> ModelId {
    match kind {
        ModelKind::Chat => super::kinds::OFFLINE,
        ModelKind::Embedding => super::kinds::HASH_256,
    }
}

fn set(row: &mut Model, patch: &ModelPatch) -> Result<(), Fault> {
    if let Some(upstream) = &patch.upstream_model {
        row.upstream_model.clone_from(upstream);
    }
    row.context_tokens = patch.context_tokens.unwrap_or(row.context_tokens);
    row.max_output_tokens = match patch.max_output_tokens {
        Some(tokens) if tokens > row.context_tokens => {
            let message = "max_output_tokens must not be more than context_tokens";
            return Err(Fault::field("/max_output_tokens", "range", message));
        }
        Some(tokens) => tokens,
        None => row.max_output_tokens.min(row.context_tokens),
    };
    let old: Supports = serde_json::from_str(&row.supports).map_err(Fault::internal)?;
    row.supports = json_of(Supports {
        tools: patch.supports.tools.unwrap_or(old.tools),
        vision: patch.supports.vision.unwrap_or(old.vision),
        json_schema: patch.supports.json_schema.unwrap_or(old.json_schema),
        stream: patch.supports.stream.unwrap_or(old.stream),
    });
    let old: Price = serde_json::from_str(&row.price).map_err(Fault::internal)?;
    row.price = json_of(Price {
        per_call: patch.price.per_call.unwrap_or(old.per_call),
        per_tool_call: patch.price.per_tool_call.unwrap_or(old.per_tool_call),
        per_1k_input: patch.price.per_1k_input.unwrap_or(old.per_1k_input),
        per_1k_output: patch.price.per_1k_output.unwrap_or(old.per_1k_output),
    });
    row.enabled = patch.enabled.unwrap_or(row.enabled);
    Ok(())
}

/// Makes a model the default of its kind, or the built-in one again.
fn set_default(tx: &mut Tx<'_>, ctx: &Ctx, row: &Model, wanted: Option<bool>) -> Result<(), Fault> {
    let Some(wanted) = wanted else { return Ok(()) };
    let default = rows::default_of(tx, row.workspace, &row.kind)?;
    let next = match (wanted, is_builtin(row.id)) {
        (true, false) => Some(row.id),
        (true, true) if row.id == builtin_default(kind_of(row)?) => None,
        (true, true) => return Err(unsupported("This built-in model cannot be the default")),
        (false, _) if default == Some(row.id) => None,
        (false, _) => return Ok(()),
    };
    if wanted && !row.enabled {
        return Err(Fault::conflict("conflict", "A model that is switched off cannot be the default"));
    }
    if next == default {
        return Ok(());
    }
    rows::set_default(tx, row.workspace, &row.kind, next)?;
    note(tx, ctx, row, "changed_default_model", json!({ "kind": row.kind, "is_default": wanted }))
}

fn differences(before: &Model, after: &Model) -> Vec<&'static str> {
    let all = [
        ("name", before.name != after.name),
        ("upstream_model", before.upstream_model != after.upstream_model),
        ("context_tokens", before.context_tokens != after.context_tokens),
        ("max_output_tokens", before.max_output_tokens != after.max_output_tokens),
        ("supports", before.supports != after.supports),
        ("price", before.price != after.price),
        ("enabled", before.enabled != after.enabled),
    ];
    all.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

fn check_name(name: &str) -> Result<(), Fault> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | ':' | '/' | '@' | '+');
    if name.trim() != name || !name.chars().all(is_plain) {
        return Err(Fault::field("/name", "value", "name must be letters, digits, blanks and _-.:/@+"));
    }
    if name == DEFAULT_MODEL || BUILTIN_MODELS.contains(&name) {
        return Err(taken(name));
    }
    Ok(())
}

fn taken(name: &str) -> Fault {
    Fault::conflict("conflict", format!("There is already a model {name}"))
}

fn note(tx: &mut Tx<'_>, ctx: &Ctx, row: &Model, action: &str, detail: Value) -> Result<(), Fault> {
    trail::note(tx, ctx, &Who::caller(ctx), Note::new(action, "model", row.id.0, &row.name, detail))
}
