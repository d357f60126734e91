//! Who may do what with a flow: visibility, sharing with members and groups, and the caps of roles.

use floe_model::access::Role;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::patch;
use crate::flows::refused;
use crate::flows_runs::{World, echo};

/// What each level opens: method, tail of the path, body, and the level that it takes.
fn acts() -> Vec<(&'static str, &'static str, Value, u8)> {
    let nothing = json!({});
    vec![
        ("GET", "", nothing.clone(), VIEW),
        ("GET", "/versions", nothing.clone(), VIEW),
        ("GET", "/versions/1", nothing.clone(), VIEW),
        ("GET", "/export", nothing.clone(), VIEW),
        ("GET", "/logs", nothing.clone(), VIEW),
        ("GET", "/schedule", nothing.clone(), VIEW),
        ("EXECUTE", "", json!({ "inputs": { "topic": "x" } }), RUN),
        ("POST", "/autosave", json!({ "summary": "x" }), EDIT),
        ("PATCH", "", json!({ "icon": "x" }), EDIT),
        ("POST", "/publish", nothing.clone(), EDIT),
        ("POST", "/versions/1/set-latest", nothing.clone(), EDIT),
        ("POST", "/versions/1/rollback", nothing.clone(), EDIT),
        ("POST", "/schedule", json!({ "cron": "0 9 * * *" }), EDIT),
        ("POST", "/schedule-cancel", nothing.clone(), EDIT),
        ("POST", "/enhance", json!({ "prompt": "x" }), EDIT),
        ("PATCH", "", json!({ "visibility": "shared" }), MANAGE),
        ("PATCH", "", json!({ "share": { "enabled": true } }), MANAGE),
        ("PATCH", "", json!({ "share": null }), MANAGE),
    ]
}

const NONE: u8 = 0;
const VIEW: u8 = 1;
const RUN: u8 = 2;
const EDIT: u8 = 3;
const MANAGE: u8 = 4;

/// Tries every act with a session that has a level.
async fn try_all(world: &World, flow: &str, session: &str, level: u8, who: &str) {
    for (method, tail, body, needed) in acts() {
        let (method, path) = match method {
            "EXECUTE" => ("POST", format!("/v1/flow/execute/{flow}")),
            method => (method, format!("/v1/flow/{flow}{tail}")),
        };
        let asking = world.app.ask(method, &path).bearer(session);
        let answer = if method == "GET" { asking.send().await } else { asking.json(&body).send().await };
        let status = answer.status.as_u16();
        let told = format!("{who}: {method} {path} {body} gave {status}");
        match (level >= needed, level) {
            // Nothing to publish, no model: the right was there.
            (true, _) => assert!(status < 300 || matches!(status, 409 | 503), "{told}"),
            (false, NONE) => assert_eq!(refused(&answer), (404, "not_found".to_owned()), "{told}"),
            (false, _) => assert_eq!(refused(&answer), (403, "forbidden".to_owned()), "{told}"),
        }
    }
}

async fn id_of(world: &World, session: &str) -> String {
    let shown = world.app.get("/console/v1/session").bearer(session).send().await;
    shown.json["member"]["id"].as_str().expect("an id").to_owned()
}

on_both! {
    async fn every_route_asks_for_its_level(store: TestStore) {
        let world = World::with_limits(store, floe_surfaces::http::RateLimits::Off).await;
        let flow = world.flow("Echo", echo()).await;
        let builder = world.member("ben@floe.test", Role::Builder).await;
        let approver = world.member("ann@floe.test", Role::Approver).await;
        let viewer = world.member("vic@floe.test", Role::Viewer).await;
        let admin = world.member("ada2@floe.test", Role::Admin).await;
        let ids = [id_of(&world, &builder).await, id_of(&world, &approver).await, id_of(&world, &viewer).await];
        for (visibility, permission, levels) in [
            ("private", "manage", [NONE, NONE, NONE]),
            ("shared", "view", [RUN, VIEW, VIEW]),
            ("shared", "edit", [EDIT, VIEW, VIEW]),
            ("shared", "manage", [MANAGE, VIEW, VIEW]),
            ("public", "view", [RUN, VIEW, VIEW]),
        ] {
            for ((session, level), who) in [&builder, &approver, &viewer].into_iter().zip(levels).zip(["builder", "approver", "viewer"]) {
                let users: Vec<Value> = ids.iter().map(|id| json!({ "_id": id, "permission": permission })).collect();
                let shared = patch(&world, &flow, json!({ "visibility": visibility, "sharing": { "users": users } })).await;
                assert_eq!(shared.status, 200, "{shared:?}");
                try_all(&world, &flow, session, level, &format!("{who} of {visibility} for {permission}")).await;
            }
        }
        try_all(&world, &flow, &admin, MANAGE, "admin").await;
    }

    async fn groups_give_what_they_are_given(store: TestStore) {
        let world = World::with_limits(store, floe_surfaces::http::RateLimits::Off).await;
        let flow = world.flow("Echo", echo()).await;
        let (ben, vic) = (world.member("ben@floe.test", Role::Builder).await, world.member("vic@floe.test", Role::Viewer).await);
        let members = [id_of(&world, &ben).await, id_of(&world, &vic).await];
        let group = world.post("/console/v1/groups", json!({ "name": "Sales", "member_ids": members })).await;
        assert_eq!(group.status, 201, "{group:?}");
        let group = group.json["id"].as_str().expect("an id").to_owned();
        let share = |id: &str| patch(&world, &flow, json!({
            "visibility": "shared", "sharing": { "groups": [{ "_id": id, "permission": "edit" }] },
        }));
        let unknown = share("018f2d6e-0000-7000-8000-000000000001").await;
        assert_eq!(refused(&unknown), (400, "validation_error".to_owned()));
        assert_eq!(unknown.json["error"]["details"]["fields"][0]["path"], "/sharing/groups/0/_id");
        assert_eq!(share(&group).await.status, 200);
        let listed = |session: String| {
            let app = &world.app;
            async move { app.get("/v1/flow").bearer(&session).send().await.json["total"].clone() }
        };
        try_all(&world, &flow, &ben, EDIT, "builder in the group").await;
        try_all(&world, &flow, &vic, VIEW, "viewer in the group").await;
        assert_eq!((listed(ben.clone()).await, listed(vic.clone()).await), (json!(1), json!(1)));

        let left = world.app.patch(&format!("/console/v1/groups/{group}")).bearer(&world.session);
        let left = left.json(&json!({ "member_ids": [members[1]] })).send().await;
        assert_eq!(left.status, 200, "{left:?}");
        assert_eq!((listed(ben.clone()).await, listed(vic.clone()).await), (json!(0), json!(1)));
        try_all(&world, &flow, &ben, NONE, "builder who left the group").await;
        let gone = world.app.delete(&format!("/console/v1/groups/{group}")).bearer(&world.session).send().await;
        assert_eq!(gone.status, 204, "{gone:?}");
        assert_eq!(listed(vic.clone()).await, json!(0));
    }
}
