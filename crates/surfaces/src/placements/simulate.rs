//! What a user would see at a placement, and why (placements contract, sections 2, 7.2 and 12).

use floe_model::Fault;
use floe_model::id::{AppId, ExperimentId, ScreenFlowId, ScreenVersionId, VariantId};
use floe_model::placements::asking::Asking;
use floe_model::placements::assets::{ServedFont, icon_base_url, media_base_url};
use floe_model::placements::decide::Explanation;
use floe_placements::placements::{self, Asked, Simulated};
use floe_store::Tx;
use floe_store::placements::versions::Version;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::input::environment;
use super::place_input::{note, read_time};
use super::places::key_of;
use super::question::answered;
use super::shapes::places as shapes;
use super::wire::app_id;
use super::{MANAGE, Rights, SURFACE};
use crate::http::{Call, Fields, Reply, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post(&SURFACE, "/v1/apps/{appId}/placements/{key}/simulate", MANAGE, simulate)
            .managed()
            .doc("Simulate a resolve")
            .about("What a resolve would answer, and why. Nothing is stored.")
            .query("environment", shapes::MODE, "Whose stored variants count; live unless given")
            .takes(shapes::SIMULATION_INPUT)
            .answers(200, shapes::SIMULATION),
    ]
}

/// What a resolve would answer, in the order of the contract.
#[derive(Serialize)]
struct SimulationOut {
    flow_id: Option<ScreenFlowId>,
    #[serde(flatten)]
    flow: Option<FlowOut>,
    #[serde(flatten)]
    variant: Option<VariantOut>,
    cache_ttl_seconds: i64,
    explanation: Explanation,
}

#[derive(Serialize)]
struct FlowOut {
    flow_version_id: ScreenVersionId,
    flow_version: i64,
    schema_version: i64,
    /// Byte by byte as it was published.
    flow_schema: Box<RawValue>,
    media_base_url: String,
    icon_base_url: String,
    fonts: Vec<Value>,
}

#[derive(Serialize)]
struct VariantOut {
    experiment_id: ExperimentId,
    variant_id: VariantId,
    variant_name: String,
}

async fn simulate(call: Call) -> Result<Reply, Fault> {
    let (app, key, ctx) = (app_id(&call)?, key_of(&call)?, call.ctx.clone());
    let asked = read(&call, app)?;
    let bases = Bases {
        media: media_base_url(&call.app.placements.settings.public_url, call.ctx.caller.workspace),
        icons: icon_base_url(&call.app.placements.settings.public_url),
    };
    let simulating = move |tx: &mut Tx<'_>| placements::simulate(tx, &ctx, app, &key, &asked);
    answered(&call, simulating, move |found| Reply::ok(&out(&bases, found)?)).await
}

/// What addresses begin with.
struct Bases {
    media: String,
    icons: String,
}

fn read(call: &Call, app: AppId) -> Result<Asked, Fault> {
    let value = call.json_value_or_empty()?;
    let mut body = Fields::of(value.clone())?;
    let now = call.ctx.now();
    let at = read_time(&mut body, "at").unwrap_or(now);
    let mode = environment(&call.query);
    let Value::Object(members) = value else { return Err(Fault::field("", "type", "The body must be a JSON object")) };
    let asking = match Asking::read(members) {
        Ok(asking) => Some(asking),
        Err(problems) => {
            note(&mut body, problems);
            None
        }
    };
    let names_another = |asking: &Asking| asking.app_id.as_ref().is_some_and(|id| AppId::parse(id) != Ok(app));
    if asking.as_ref().is_some_and(names_another) {
        body.problem("app_id", "mismatch", "app_id is not the app of the address");
    }
    body.finish_ignoring_unknown()?;
    let asking = asking.ok_or_else(|| Fault::internal("a body without problems was not read"))?;
    Ok(Asked { user_id: asking.user_id, platform: asking.platform, attributes: asking.attributes, mode, at })
}

fn out(bases: &Bases, found: Simulated) -> Result<SimulationOut, Fault> {
    let flow_id = found.version.as_ref().map(|version| version.head.flow);
    let variant = found.variant.map(|(experiment_id, variant_id, variant_name)| VariantOut {
        experiment_id,
        variant_id,
        variant_name,
    });
    let flow = found.version.map(|version| flow(bases, version)).transpose()?;
    Ok(SimulationOut { flow_id, flow, variant, cache_ttl_seconds: found.ttl_s, explanation: found.explanation })
}

fn flow(bases: &Bases, version: Version) -> Result<FlowOut, Fault> {
    let Version { head, schema } = version;
    let fonts: Vec<ServedFont> = serde_json::from_str(&head.fonts).map_err(Fault::internal)?;
    let font = |font: ServedFont| {
        let url = format!("{}/{}", bases.media, font.path);
        json!({ "family": font.family, "weight": font.weight, "style": font.style, "url": url })
    };
    Ok(FlowOut {
        flow_version_id: head.id,
        flow_version: head.number,
        schema_version: head.schema_version,
        flow_schema: RawValue::from_string(schema).map_err(Fault::internal)?,
        fonts: fonts.into_iter().map(font).collect(),
        media_base_url: bases.media.clone(),
        icon_base_url: bases.icons.clone(),
    })
}
