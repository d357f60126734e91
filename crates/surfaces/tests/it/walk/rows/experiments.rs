//! Rows of experiments.

use floe_model::id::{ExperimentId, VariantId, WorkspaceId};
use floe_model::{Mode, Scope, Timestamp};
use floe_store::placements::assignments::{self, Assignment};
use serde_json::{Value, json};

use super::super::world::{Side, World};
use super::{Row, Thing, row};

/// The user whom the rows of users are about.
const USER: &str = "user-1";

pub(super) fn all() -> Vec<Row> {
    use Thing::{Experiment, ExperimentPaused, ExperimentRunning};
    const OVERRIDE: &str = "/v1/apps/{appId}/experiments/{id}/overrides/{userId}";
    const ASSIGNMENT: &str = "/v1/apps/{appId}/experiments/{id}/assignments/{userId}";
    vec![
        row("GET", "/v1/apps/{appId}/experiments", Experiment),
        row("POST", "/v1/apps/{appId}/experiments", Experiment)
            .body(new)
            .other(|thing| json!({ "name": "Another", "placement_id": thing["key"] })),
        row("GET", "/v1/apps/{appId}/experiments/{id}", Experiment),
        row("PATCH", "/v1/apps/{appId}/experiments/{id}", Experiment).body(|thing| {
            let mut body = new(thing);
            body["allocation_percentage"] = json!(12.5);
            body["start_at"] = json!("2100-01-01T00:00:00Z");
            body
        }),
        row("DELETE", "/v1/apps/{appId}/experiments/{id}", Experiment),
        row("POST", "/v1/apps/{appId}/experiments/{id}/start", Experiment),
        row("POST", "/v1/apps/{appId}/experiments/{id}/pause", ExperimentRunning),
        row("POST", "/v1/apps/{appId}/experiments/{id}/resume", ExperimentPaused),
        row("POST", "/v1/apps/{appId}/experiments/{id}/stop", ExperimentRunning),
        row("POST", "/v1/apps/{appId}/experiments/{id}/declare-winner", ExperimentRunning)
            .body(|thing| json!({ "variant_id": thing["variantId"] }))
            .other(|thing| json!({ "variant_id": thing["variantId"], "note": "ignored" })),
        row("POST", "/v1/apps/{appId}/experiments/{id}/duplicate", Experiment),
        row("GET", "/v1/apps/{appId}/experiments/{id}/results", ExperimentRunning),
        row("GET", OVERRIDE, ExperimentRunning),
        row("PUT", OVERRIDE, ExperimentRunning).body(|thing| json!({ "variant_id": thing["variantId"] })),
        row("DELETE", OVERRIDE, ExperimentRunning),
        row("GET", ASSIGNMENT, ExperimentRunning),
        row("DELETE", ASSIGNMENT, ExperimentRunning),
    ]
}

fn new(thing: &Value) -> Value {
    json!({
        "name": "Onboarding length", "placement_id": thing["key"],
        "variants": [
            { "name": "Control", "flow_version_id": thing["versionId"], "weight": 60, "is_control": true },
            { "name": "Short", "flow_version_id": thing["other"], "weight": 40 },
        ],
    })
}

/// A new experiment on a placement of its own.
pub async fn make(world: &World, side: &Side, thing: Thing) -> Value {
    let mut made = super::placements::make(world, side, Thing::ScreenVersion).await;
    let base = format!("/v1/apps/{}", text(&made["appId"]));
    let placement = |at| json!({ "key": format!("place_{at}"), "platforms": ["ios"] });
    made["key"] = world.posted(side, &format!("{base}/placements"), placement).await["key"].clone();
    for _ in 0..2 {
        let experiment = world.post(side, &format!("{base}/experiments"), new(&made)).await.json;
        (made["id"], made["variantId"]) = (experiment["id"].clone(), experiment["variants"][1]["id"].clone());
    }
    if thing != Thing::Experiment {
        let path = format!("{base}/experiments/{}", text(&made["id"]));
        world.post(side, &format!("{path}/start"), json!({})).await;
        enrol(world, side, &path, &made).await;
        if thing == Thing::ExperimentPaused {
            world.post(side, &format!("{path}/pause"), json!({})).await;
        }
        made["userId"] = json!(USER);
    }
    made
}

/// Assigns a variant to a user and forces it.
async fn enrol(world: &World, side: &Side, path: &str, made: &Value) {
    let body = json!({ "variant_id": made["variantId"] });
    let put = world.app.ask("PUT", &format!("{path}/overrides/{USER}")).bearer(&side.session).json(&body).send().await;
    assert_eq!(put.status, 200, "{put:?}");
    let workspace = world.get(side, "/console/v1/workspace").await["id"].clone();
    let scope = Scope { workspace: WorkspaceId::parse(&text(&workspace)).expect("an id"), mode: Mode::Live };
    let one = Assignment {
        experiment: ExperimentId::parse(&text(&made["id"])).expect("an id"),
        user_id: USER.to_owned(),
        variant: VariantId::parse(&text(&made["variantId"])).expect("an id"),
        forced: true,
        assigned_at: Timestamp(1_800_000_000_000_000),
    };
    let writing = world.app.store.write(move |tx| assignments::insert_many(tx, scope, std::slice::from_ref(&one)));
    writing.await.expect("the store");
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
