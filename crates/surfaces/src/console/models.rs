//! `/models`: the models that agents and steps can name (console contract, section 5.1).

use std::sync::Arc;

use floe_agents::models::records::{ModelPatch, NewModel, PricePatch, Shown, SupportsPatch};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::access::credits::{number, read};
use floe_model::id::{ModelId, ProviderId};
use floe_runtime::models::{ModelKind, PRICE_MAX};
use floe_store::agents::models::Page;
use serde_json::{Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, models as shapes};
use super::{Rights, SURFACE};
use crate::http::shape::{FLAG, ID};
use crate::http::{Auth, Call, Fields, Reply, Route};

const KINDS: &str = "chat, embedding";
/// Tokens that a model can be said to take.
const TOKENS_MAX: i64 = 100_000_000;

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/models";
    const ONE: &str = "/console/v1/models/{id}";
    let routes = [
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .doc("List models")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .query("provider_id", ID, "Of one provider")
            .query("kind", shapes::MODEL_KIND, "Of one kind")
            .query("enabled", FLAG, "Those that may be used, or those that may not")
            .answers(200, shapes::MODELS),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .doc("Create a model")
            .takes(shapes::NEW_MODEL)
            .answers(201, shapes::MODEL)
            .refuses(409, &["conflict"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show).doc("Show a model").answers(200, shapes::MODEL),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .doc("Change a model")
            .revised()
            .takes(shapes::MODEL_PATCH)
            .answers(200, shapes::MODEL)
            .refuses(409, &["conflict", "in_use"])
            .refuses(422, &["not_supported"]),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .doc("Delete a model")
            .revised()
            .answers_nothing(204)
            .refuses(409, &["in_use"])
            .refuses(422, &["not_supported"]),
    ];
    routes.into_iter().map(|route| route.needs(Permission::Manage)).collect()
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &["provider_id", "kind", "enabled"])?;
    let provider = call.query.get("provider_id").map(|text| {
        ProviderId::parse(text).map_err(|_| Fault::field("/provider_id", "format", "provider_id must be an id"))
    });
    let kind = call.query.get("kind").map(|text| {
        kind_of(text).ok_or_else(|| Fault::field("/kind", "value", format!("kind must be one of: {KINDS}")))
    });
    let page = Page {
        provider: provider.transpose()?,
        kind: kind.transpose()?.map(|kind| kind.as_str().to_owned()),
        enabled: call.query.flag("enabled")?,
        newest_first: window.newest_first,
        after: window.after,
        limit: window.limit,
    };
    let found = call.app.agents.models.list_models(&call.ctx, page, window.total).await?;
    let data = found.models.iter().map(object).collect();
    Reply::ok(&window.page(data, found.models.last().map(|one| one.row.id.0), found.more, found.total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let found = call.app.agents.models.find_model(&call.ctx, call.id("id", "Model")?).await?;
    reply(&found)
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let name = body.required_text("name", 1, 120);
    let provider = ProviderId::parse(&body.required_text("provider_id", 1, 100)).unwrap_or(ProviderId(0));
    let upstream_model = body.required_text("upstream_model", 1, 200);
    let kind = body.word("kind", KINDS, kind_of).unwrap_or(ModelKind::Chat);
    let new = NewModel { name, provider, upstream_model, kind, set: read_settings(&mut body)? };
    body.finish()?;
    let (ctx, models) = (call.ctx.clone(), Arc::clone(&call.app.agents.models));
    call.commit(
        move |tx| models.create_model(tx, &ctx, &new),
        |made| {
            let location = format!("/console/v1/models/{}", made.row.id.prefixed());
            Ok(Reply::created(&location, &object(&made))?.revision(made.row.revision))
        },
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: ModelId = call.id("id", "Model")?;
    let mut body = call.fields()?;
    let (name, upstream_model) = (body.text("name", 1, 120), body.text("upstream_model", 1, 200));
    let patch = ModelPatch { name, upstream_model, ..read_settings(&mut body)? };
    body.finish()?;
    let (ctx, models, if_match) = (call.ctx.clone(), Arc::clone(&call.app.agents.models), call.if_match()?);
    call.commit(move |tx| models.patch_model(tx, &ctx, id, &patch, if_match), |changed| reply(&changed)).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: ModelId = call.id("id", "Model")?;
    let (ctx, models, if_match) = (call.ctx.clone(), Arc::clone(&call.app.agents.models), call.if_match()?);
    call.commit(move |tx| models.delete_model(tx, &ctx, id, if_match), |()| Ok(Reply::no_content())).await
}

/// What both bodies have.
fn read_settings(body: &mut Fields) -> Result<ModelPatch, Fault> {
    Ok(ModelPatch {
        name: None,
        upstream_model: None,
        context_tokens: body.number("context_tokens", 1, TOKENS_MAX),
        max_output_tokens: body.number("max_output_tokens", 1, TOKENS_MAX),
        supports: read_supports(body),
        price: read_price(body),
        is_default: body.flag("is_default"),
        enabled: body.flag("enabled"),
    })
}

fn read_supports(body: &mut Fields) -> SupportsPatch {
    const NAMES: [&str; 4] = ["tools", "vision", "json_schema", "stream"];
    let [tools, vision, json_schema, stream] = part(body, "supports", NAMES, "true or false", Value::as_bool);
    SupportsPatch { tools, vision, json_schema, stream }
}

fn read_price(body: &mut Fields) -> PricePatch {
    const NAMES: [&str; 4] = ["per_call", "per_tool_call", "per_1k_input", "per_1k_output"];
    const RULE: &str = "a number of credits from 0 with three digits after the point at most";
    let credits = |value: &Value| read(value).filter(|milli| (0..=PRICE_MAX).contains(milli));
    let [per_call, per_tool_call, per_1k_input, per_1k_output] = part(body, "price", NAMES, RULE, credits);
    PricePatch { per_call, per_tool_call, per_1k_input, per_1k_output }
}

/// The members of an object in the body, in the order of `names`.
fn part<T: Copy>(
    body: &mut Fields,
    name: &str,
    names: [&'static str; 4],
    rule: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> [Option<T>; 4] {
    let mut found = [None; 4];
    match body.value(name) {
        None => {}
        Some(Value::Object(map)) => {
            for (key, value) in map {
                let at = names.iter().position(|known| *known == key);
                match at {
                    None => body.problem(&format!("{name}/{key}"), "value", format!("{name} has no {key}")),
                    Some(_) if value.is_null() => {}
                    Some(at) => {
                        found[at] = read(&value);
                        if found[at].is_none() {
                            body.problem(&format!("{name}/{key}"), "value", format!("{name}.{key} must be {rule}"));
                        }
                    }
                }
            }
        }
        Some(_) => body.problem(name, "type", format!("{name} must be an object")),
    }
    found
}

fn kind_of(text: &str) -> Option<ModelKind> {
    match text {
        "chat" => Some(ModelKind::Chat),
        "embedding" => Some(ModelKind::Embedding),
        _ => None,
    }
}

fn reply(model: &Shown) -> Result<Reply, Fault> {
    Ok(Reply::ok(&object(model))?.revision(model.row.revision))
}

fn object(model: &Shown) -> Value {
    let (row, supports, price) = (&model.row, model.supports, model.price);
    json!({
        "id": row.id.prefixed(),
        "name": row.name,
        "provider_id": row.provider.prefixed(),
        "upstream_model": row.upstream_model,
        "kind": row.kind,
        "context_tokens": row.context_tokens,
        "max_output_tokens": row.max_output_tokens,
        "supports": supports,
        "price": {
            "per_call": number(price.per_call),
            "per_tool_call": number(price.per_tool_call),
            "per_1k_input": number(price.per_1k_input),
            "per_1k_output": number(price.per_1k_output),
        },
        "is_default": model.is_default,
        "enabled": row.enabled,
        "builtin": model.is_builtin,
        "revision": row.revision,
        "created_at": (!model.is_builtin).then_some(row.created_at),
        "updated_at": (!model.is_builtin).then_some(row.updated_at),
    })
}
