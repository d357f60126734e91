//! `/model-providers`: servers that answer for models (console contract, section 5.1).

use floe_agents::models::providers::{NewProvider, ProviderPatch, Shown, header_names};
use floe_agents::models::{Listed, Origin, ProviderKind};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::ProviderId;
use floe_store::agents::model_providers::Page;
use serde_json::{Map, Value, json};

use super::list::Window;
use super::shapes::{BY_AGE, WINDOW, models as shapes};
use super::{Rights, SURFACE};
use crate::http::{Auth, Call, Fields, Reply, Route};

const KINDS: &str = "openai_compatible, anthropic";
/// What stands for the value of a header.
const HIDDEN: &str = "***";

pub(super) fn routes() -> Vec<Route> {
    const ALL: &str = "/console/v1/model-providers";
    const ONE: &str = "/console/v1/model-providers/{id}";
    let routes = [
        Route::get(&SURFACE, ALL, Auth::MEMBER, list)
            .doc("List model providers")
            .queries(WINDOW)
            .query("sort", BY_AGE, "Newest first unless given")
            .answers(200, shapes::PROVIDERS),
        Route::post(&SURFACE, ALL, Auth::MEMBER, create)
            .doc("Create a model provider")
            .takes(shapes::NEW_PROVIDER)
            .answers(201, shapes::PROVIDER)
            .refuses(409, &["conflict"])
            .refuses(422, &["outbound_blocked"]),
        Route::get(&SURFACE, ONE, Auth::MEMBER, show).doc("Show a model provider").answers(200, shapes::PROVIDER),
        Route::patch(&SURFACE, ONE, Auth::MEMBER, change)
            .doc("Change a model provider")
            .revised()
            .takes(shapes::PROVIDER_PATCH)
            .answers(200, shapes::PROVIDER)
            .refuses(409, &["conflict"])
            .refuses(422, &["outbound_blocked", "not_supported"]),
        Route::delete(&SURFACE, ONE, Auth::MEMBER, remove)
            .doc("Delete a model provider")
            .revised()
            .answers_nothing(204)
            .refuses(409, &["in_use"])
            .refuses(422, &["not_supported"]),
        Route::post(&SURFACE, "/console/v1/model-providers/{id}/test", Auth::MEMBER, test)
            .doc("Test a model provider")
            .about("Makes one call with the key, for the list of models.")
            .answers(200, shapes::TESTED)
            .refuses(422, &["outbound_blocked"]),
        Route::post(&SURFACE, "/console/v1/model-providers/{id}/sync", Auth::MEMBER, sync)
            .doc("List models of a provider")
            .about("Asks the provider; changes nothing here.")
            .answers(200, shapes::UPSTREAMS)
            .refuses(422, &["outbound_blocked", "not_supported"]),
    ];
    routes.into_iter().map(|route| route.needs(Permission::Manage)).collect()
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, &[])?;
    let page = Page { newest_first: window.newest_first, after: window.after, limit: window.limit };
    let found = call.app.agents.models.list_providers(&call.ctx, page, window.total).await?;
    let data = found.providers.iter().map(object).collect();
    Reply::ok(&window.page(data, found.providers.last().map(|one| one.row.id.0), found.more, found.total))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let found = call.app.agents.models.find_provider(&call.ctx, call.id("id", "Model provider")?).await?;
    reply(&found)
}

async fn create(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let new = NewProvider {
        name: body.required_text("name", 1, 64),
        kind: body.required_word("kind", KINDS, ProviderKind::parse),
        base_url: body.text("base_url", 1, 2_000),
        api_key: body.text("api_key", 1, 4_096),
        headers: read_headers(&mut body).unwrap_or_default(),
        timeout_ms: body.number("timeout_ms", 1_000, 120_000),
        max_concurrency: body.number("max_concurrency", 1, 1_000),
    };
    body.finish()?;
    let (ctx, models) = (call.ctx.clone(), std::sync::Arc::clone(&call.app.agents.models));
    call.commit(
        move |tx| models.create_provider(tx, &ctx, &new),
        |made| {
            let location = format!("/console/v1/model-providers/{}", made.row.id.prefixed());
            Ok(Reply::created(&location, &object(&made))?.revision(made.row.revision))
        },
    )
    .await
}

async fn change(call: Call) -> Result<Reply, Fault> {
    let id: ProviderId = call.id("id", "Model provider")?;
    let mut body = call.fields()?;
    let takes_key_away = body.has("api_key") && !body.is_set("api_key");
    let patch = ProviderPatch {
        name: body.text("name", 1, 64),
        base_url: body.text("base_url", 1, 2_000),
        api_key: body.text("api_key", 1, 4_096).map(Some).or_else(|| takes_key_away.then_some(None)),
        headers: read_headers(&mut body),
        timeout_ms: body.number("timeout_ms", 1_000, 120_000),
        max_concurrency: body.number("max_concurrency", 1, 1_000),
    };
    // Taken out of the body when it was null.
    let _ = body.value("api_key");
    body.finish()?;
    let (ctx, models, if_match) = (call.ctx.clone(), std::sync::Arc::clone(&call.app.agents.models), call.if_match()?);
    call.commit(move |tx| models.patch_provider(tx, &ctx, id, &patch, if_match), |changed| reply(&changed)).await
}

async fn remove(call: Call) -> Result<Reply, Fault> {
    let id: ProviderId = call.id("id", "Model provider")?;
    let (ctx, models, if_match) = (call.ctx.clone(), std::sync::Arc::clone(&call.app.agents.models), call.if_match()?);
    call.commit(move |tx| models.delete_provider(tx, &ctx, id, if_match), |()| Ok(Reply::no_content())).await
}

async fn test(call: Call) -> Result<Reply, Fault> {
    let id: ProviderId = call.id("id", "Model provider")?;
    call.fields()?.finish()?;
    let (ctx, models) = (call.ctx.clone(), std::sync::Arc::clone(&call.app.agents.models));
    let tested = models.test_provider(&ctx, id).await?;
    let shown = json!({
        "ok": tested.ok,
        "status_code": tested.status_code,
        "duration_ms": tested.duration_ms,
        "message": tested.message,
    });
    call.commit(move |tx| models.note_test(tx, &ctx, id, &tested), move |()| Reply::ok(&shown)).await
}

async fn sync(call: Call) -> Result<Reply, Fault> {
    let id: ProviderId = call.id("id", "Model provider")?;
    call.fields()?.finish()?;
    let listed = call.app.agents.models.list_upstream(&call.ctx, id).await?;
    let object = |one: &Listed| json!({ "upstream_model": one.upstream_model, "configured_as": one.configured_as });
    Reply::ok(&json!({ "data": listed.iter().map(object).collect::<Vec<_>>() }))
}

fn read_headers(body: &mut Fields) -> Option<Map<String, Value>> {
    match body.value("headers")? {
        Value::Object(map) => Some(map),
        _ => {
            body.problem("headers", "type", "headers must be an object of texts");
            None
        }
    }
}

fn reply(provider: &Shown) -> Result<Reply, Fault> {
    Ok(Reply::ok(&object(provider))?.revision(provider.row.revision))
}

fn object(provider: &Shown) -> Value {
    let row = &provider.row;
    let headers: Map<String, Value> = header_names(row).into_iter().map(|name| (name, json!(HIDDEN))).collect();
    let is_own = provider.origin == Origin::Workspace;
    json!({
        "id": row.id.prefixed(),
        "name": row.name,
        "kind": row.kind,
        "base_url": Some(&row.base_url).filter(|url| !url.is_empty()),
        "has_key": provider.has_key,
        "last4": row.tail,
        "headers": headers,
        "timeout_ms": row.timeout_ms,
        "max_concurrency": row.max_concurrency,
        "origin": provider.origin.as_str(),
        "last_error": row.last_error,
        "last_tested_at": row.last_tested_at,
        "revision": row.revision,
        "created_at": is_own.then_some(row.created_at),
        "updated_at": is_own.then_some(row.updated_at),
    })
}
