//! Editing with a model's help. No provider of models is set up on this server, so what is asked for is read and checked, and
//! then refused with 503 `model_unavailable`.

use floe_flows::definitions::{self, Content};
use floe_model::flows::Level;
use floe_model::id::FlowId;
use floe_model::{Fault, FaultKind};
use serde_json::json;

use super::super::shapes::editor as shapes;
use super::super::{BODY_LIMIT, DASHBOARD, SURFACE};
use crate::http::{Call, Reply, Route};

/// Characters of a prompt at most (Flow API contract, section 11).
const PROMPT_MAX: usize = 8_000;
/// Characters of a model's name at most.
const MODEL_MAX: usize = 200;
/// Steps that a prompt can be about at most.
const STEPS_MAX: usize = 500;

pub(super) fn routes() -> Vec<Route> {
    let routes = [
        Route::post(&SURFACE, "/v1/flow/enhance", DASHBOARD, enhance_nothing)
            .doc("Propose a flow")
            .takes(shapes::ENHANCE),
        Route::post(&SURFACE, "/v1/flow/{id}/enhance", DASHBOARD, enhance_flow)
            .doc("Propose changes of a flow")
            .takes(shapes::ENHANCE_FLOW),
    ];
    let answered = |route: Route| {
        let route = route.scope("flows.write").body_limit(BODY_LIMIT).answers(200, shapes::PROPOSAL);
        route.refuses(503, &["model_unavailable"]).refuses(422, &["invalid_definition"])
    };
    routes.into_iter().map(answered).collect()
}

async fn enhance_nothing(call: Call) -> Result<Reply, Fault> {
    call.require(floe_model::access::Permission::Build)?;
    read(&call)?;
    Err(no_model())
}

async fn enhance_flow(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    read(&call)?;
    let ctx = call.ctx.clone();
    let (_, _, level) = call.ctx.store.read(move |tx| definitions::visible(tx, &ctx, id)).await?;
    if level < Level::Edit {
        return Err(Fault::forbidden("You may not change this flow").with_details(json!({ "required": "edit" })));
    }
    Err(no_model())
}

/// Checks the body.
fn read(call: &Call) -> Result<(), Fault> {
    let mut body = call.fields()?;
    body.required_text("prompt", 1, PROMPT_MAX);
    body.text("modelId", 1, MODEL_MAX);
    body.texts("stepIds", STEPS_MAX);
    body.flag("apply");
    body.number("baseRevision", 0, i64::MAX);
    let definition = body.value("definition");
    body.finish_ignoring_unknown()?;
    definition.map_or(Ok(()), |definition| Content::take(&definition, &call.app.flows.catalog).map(drop))
}

fn no_model() -> Fault {
    let message = "No model is set up; the operator adds a provider of models first";
    Fault::new(FaultKind::Overloaded, "model_unavailable", message)
}
