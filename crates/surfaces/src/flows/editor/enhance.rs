//! Editing with a model's help: what is asked for is read here, and the proposal is shown or saved.

use std::sync::Arc;

use floe_engine::lang::steps::Change;
use floe_flows::definitions::{self, Autosave, Content, Saved, VersionWord};
use floe_flows::enhance::{Proposal, Wish};
use floe_model::Fault;
use floe_model::access::{Permission, credits};
use floe_model::flows::Level;
use floe_model::id::FlowId;
use floe_runtime::Ctx;
use floe_store::Tx;
use serde_json::{Value, json};

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

/// What is asked for.
struct Asked {
    prompt: String,
    model: Option<String>,
    definition: Option<Value>,
    steps: Vec<String>,
    apply: bool,
    base_revision: Option<u64>,
}

async fn enhance_nothing(call: Call) -> Result<Reply, Fault> {
    call.require(Permission::Build)?;
    let asked = read(&call)?;
    if let Some(known) = call.answered().await? {
        return Ok(known);
    }
    let definition = asked.definition.unwrap_or_default();
    let wish = Wish { prompt: asked.prompt, model: asked.model, definition, ..Wish::default() };
    let proposal = call.app.flows.propose(&call.ctx, wish).await?;
    call.commit(|_| Ok(()), move |()| Reply::ok(&shown(&proposal, None, None))).await
}

async fn enhance_flow(call: Call) -> Result<Reply, Fault> {
    let id: FlowId = call.id("id", "Flow")?;
    let asked = read(&call)?;
    let ctx = call.ctx.clone();
    let edited = call.ctx.store.read(move |tx| edited(tx, &ctx, id)).await?;
    if let Some(known) = call.answered().await? {
        return Ok(known);
    }
    if asked.base_revision.is_some_and(|base| base != edited.revision) {
        let message = format!("The flow was changed meanwhile; its revision is {}", edited.revision);
        return Err(Fault::conflict("conflict", message).with_details(json!({ "revision": edited.revision })));
    }
    let wish = Wish {
        prompt: asked.prompt,
        definition: asked.definition.unwrap_or(edited.definition),
        labels: Some(edited.labels),
        steps: asked.steps,
        model: asked.model,
        flow: Some((id, edited.owner)),
    };
    let proposal = Arc::new(call.app.flows.propose(&call.ctx, wish).await?);
    let revision = edited.revision;
    let save = (asked.apply && proposal.is_valid()).then(|| Autosave {
        content: Some(proposal.content.clone()),
        base_revision: Some(revision),
        ..Autosave::default()
    });
    let (ctx, app) = (call.ctx.clone(), call.app.clone());
    let act = move |tx: &mut Tx<'_>| {
        let saving = save.as_ref().map(|save| definitions::autosave(tx, &ctx, &app.flows.catalog, id, save));
        saving.transpose()
    };
    call.commit(act, move |saved| Reply::ok(&shown(&proposal, saved.as_ref(), Some(revision)))).await
}

/// The flow that is edited.
struct Edited {
    revision: u64,
    definition: Value,
    labels: (String, String),
    owner: Option<floe_model::id::MemberId>,
}

/// What an editor sees of a flow: its draft, else its latest version, else nothing.
fn edited(tx: &mut Tx<'_>, ctx: &Ctx, id: FlowId) -> Result<Edited, Fault> {
    let (flow, _, level) = definitions::visible(tx, ctx, id)?;
    if level < Level::Edit {
        return Err(Fault::forbidden("You may not change this flow").with_details(json!({ "required": "edit" })));
    }
    let definition = match flow.pointers.draft.or(flow.pointers.latest) {
        Some(number) => definitions::version(tx, ctx, id, VersionWord::Number(number))?.definition,
        None => None,
    };
    let definition = definition.map_or(Ok(json!({ "steps": [] })), |text| serde_json::from_str(&text));
    Ok(Edited {
        revision: flow.revision,
        definition: definition.map_err(Fault::internal)?,
        labels: (flow.name, flow.description),
        owner: flow.owner,
    })
}

/// Reads and checks the body.
fn read(call: &Call) -> Result<Asked, Fault> {
    let mut body = call.fields()?;
    let prompt = body.required_text("prompt", 1, PROMPT_MAX);
    let model = body.text("modelId", 1, MODEL_MAX);
    let steps = body.texts("stepIds", STEPS_MAX).unwrap_or_default();
    let apply = body.flag("apply").unwrap_or(false);
    let base_revision = body.number("baseRevision", 0, i64::MAX).map(i64::unsigned_abs);
    let definition = body.value("definition");
    body.finish_ignoring_unknown()?;
    if let Some(definition) = &definition {
        Content::take(definition, &call.app.flows.catalog)?;
    }
    Ok(Asked { prompt, model, definition, steps, apply, base_revision })
}

/// A proposal; `saved` when it was stored, `revision` of the flow that it is for.
fn shown(proposal: &Proposal, saved: Option<&Saved>, revision: Option<u64>) -> Value {
    let Proposal { definition, name, description, summary, problems, model, usage, .. } = proposal;
    json!({
        "definition": definition, "name": name, "description": description, "summary": summary,
        "changes": proposal.changes.iter().map(change).collect::<Vec<Value>>(),
        "valid": proposal.is_valid(), "problems": problems,
        "applied": saved.is_some(), "version": saved.map(|saved| saved.version),
        "revision": saved.map(|saved| saved.revision).or(revision),
        "modelId": model,
        "usage": {
            "inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens,
            "credits": credits::number(proposal.credits),
        },
    })
}

fn change(change: &Change) -> Value {
    json!({ "op": change.op.as_str(), "stepId": change.step_id, "before": change.before, "after": change.after })
}
