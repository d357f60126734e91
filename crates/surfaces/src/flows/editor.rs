//! Editor helpers: the catalogue, choices of fields, and editing with a model's help (Flow API contract, section 11).

mod catalogue;
mod enhance;

use floe_flows::editor::{self, Asked, LIMIT, LIMIT_MAX};
use floe_model::Fault;
use floe_model::id::FlowId;
use floe_runtime::models::ModelKind;
use serde_json::{Value, json};

use super::shapes::editor as shapes;
use super::{BODY_LIMIT, DASHBOARD, SURFACE};
use crate::http::{Call, Reply, Route};

/// Characters of a step type, field or search at most.
const WORD_MAX: usize = 200;
/// Choices that can be passed over.
const SKIP_MAX: i64 = 1_000_000;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get(&SURFACE, "/v1/flow/preferences", DASHBOARD, preferences)
            .scope("flows.read")
            .doc("Show the editor's catalogue")
            .about("Step types, triggers, functions and limits: exactly what this server runs.")
            .answers(200, shapes::PREFERENCES),
        Route::post(&SURFACE, "/v1/flow/step-field-items", DASHBOARD, items)
            .scope("flows.read")
            .body_limit(BODY_LIMIT)
            .doc("List choices of a step field")
            .takes(shapes::ITEMS_IN)
            .answers(200, shapes::ITEMS),
    ];
    routes.extend(enhance::routes());
    routes
}

async fn preferences(call: Call) -> Result<Reply, Fault> {
    let workspace = call.app.access.workspace(&call.ctx.caller).await?;
    let models = match &call.app.flows.models {
        Some(models) => models.list(call.ctx.caller.scope(), ModelKind::Chat).await?,
        None => Vec::new(),
    };
    Ok(Reply::value(http::StatusCode::OK, &catalogue::catalogue(&call.app.flows.catalog, &workspace.timezone, &models)))
}

async fn items(call: Call) -> Result<Reply, Fault> {
    let asked = read_items(&call)?;
    let (ctx, app) = (call.ctx.clone(), call.app.clone());
    let found = call.ctx.store.read(move |tx| editor::items(tx, &ctx, &app.flows, &asked)).await?;
    let item = |item: &editor::Item| json!({ "label": item.label, "value": item.value, "description": item.description, "group": item.group });
    let items: Vec<Value> = found.items.iter().map(item).collect();
    Reply::ok(&json!({ "items": items, "total": found.total }))
}

fn read_items(call: &Call) -> Result<Asked, Fault> {
    let mut body = call.fields()?;
    let step_type = body.required_text("stepType", 1, WORD_MAX);
    let field = body.required_text("field", 1, WORD_MAX);
    let data = match body.value("data") {
        Some(Value::Object(data)) => data,
        None => serde_json::Map::new(),
        Some(_) => {
            body.problem("data", "type", "data must be an object");
            serde_json::Map::new()
        }
    };
    let flow = body.text("flowId", 1, WORD_MAX);
    let search = body.text("search", 0, WORD_MAX).map(|text| text.to_lowercase()).filter(|text| !text.is_empty());
    let limit = body.number("limit", 1, LIMIT_MAX as i64).and_then(|limit| usize::try_from(limit).ok());
    let skip = body.number("skip", 0, SKIP_MAX).and_then(|skip| usize::try_from(skip).ok());
    body.finish_ignoring_unknown()?;
    let flow = flow.map(|id| FlowId::parse(&id).map_err(|_| Fault::not_found("Flow"))).transpose()?;
    let (limit, skip) = (limit.unwrap_or(LIMIT), skip.unwrap_or(0));
    Ok(Asked { step_type, field, data, flow, search, limit, skip })
}
