//! Members, invites, groups, workspaces: who may do what to whom, and what follows from it.

use floe_model::access::Role;
use floe_model::id::{MemberId, WorkspaceId, parse_bits};
use floe_testkit::on_both;
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use crate::app::{Answer, OWNER, PASSWORD, TestApp};

const BASE: &str = "/console/v1";

pub fn text<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.json[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer:?}"))
}

/// The workspace of a session.
async fn workspace_of(app: &TestApp, session: &str) -> WorkspaceId {
    let own = app.get("/console/v1/session").bearer(session).send().await;
    parse_bits(own.json["workspace"]["id"].as_str().expect("an id")).expect("an id").into()
}

/// One more member of the owner's workspace: its id and a session.
pub async fn add(app: &TestApp, session: &str, name: &str, role: Role) -> (MemberId, String) {
    let workspace = workspace_of(app, session).await;
    let email = format!("{}@floe.test", name.to_lowercase());
    let id = app.app.access.add_member(workspace, name, &email, role).await.expect("a member");
    (id, app.session_by_link(&email).await)
}

async fn confirm(app: &TestApp, session: &str) {
    let body = json!({ "password": PASSWORD });
    assert_eq!(app.post("/console/v1/session/confirm").bearer(session).json(&body).send().await.status, 200);
}

async fn invite(app: &TestApp, session: &str, body: Value) -> (String, Answer) {
    let made = app.post(&format!("{BASE}/invites")).bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    let token = text(&made, "url").split_once("/ui/invite#token=").expect("a link").1.to_owned();
    (token, made)
}

async fn accept(app: &TestApp, token: &str, name: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "name": name, "password": password, "transport": "token" });
    app.post(&format!("{BASE}/invites/accept")).json(&body).send().await
}

on_both! {
    async fn an_invite_makes_a_member_once(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (token, made) = invite(&app, &session, json!({ "email": "Bo@Floe.test", "role": "approver" })).await;
        assert_eq!((&made.json["treasury_role"], &made.json["email"]), (&json!("approver"), &json!("bo@floe.test")));
        let again = app.post(&format!("{BASE}/invites")).bearer(&session).json(&json!({ "email": "bo@floe.test", "role": "viewer" }));
        again.send().await.is(409, "conflict");

        accept(&app, "never", "Bo", "wandering heron").await.is(410, "expired");
        accept(&app, &token, "Bo", "short").await.is(400, "validation_failed");
        let joined = accept(&app, &token, "Bo", "wandering heron").await;
        assert_eq!((joined.status.as_u16(), &joined.json["role"], &joined.json["treasury_role"]), (201, &json!("approver"), &json!("approver")));
        accept(&app, &token, "Bo", "wandering heron").await.is(410, "expired");

        let listed = app.get(&format!("{BASE}/invites?status=accepted")).bearer(&session).send().await;
        assert_eq!(listed.json["data"][0]["status"], "accepted");
        let scope = floe_model::Scope { workspace: workspace_of(&app, &session).await, mode: floe_model::Mode::Live };
        let events = app.store.read(move |tx| floe_store::platform::events::latest(tx, scope, None, 100)).await.expect("events");
        assert!(events.iter().any(|event| event.kind == "platform.member.added" && event.data.contains("bo@floe.test")));

        // Somebody who has an account here proves to be that person; the name is not needed.
        let other = crate::members::other_workspace(&app, "eve@floe.test").await;
        let eve = app.session_by_link("eve@floe.test").await;
        let (token, _) = invite(&app, &eve, json!({ "email": "bo@floe.test", "role": "viewer" })).await;
        accept(&app, &token, "Bo", "another heron").await.is(401, "invalid_credentials");
        let joined = accept(&app, &token, "Someone", "wandering heron").await;
        assert_eq!((joined.status.as_u16(), &joined.json["workspace"]["slug"]), (201, &json!(other)));
        assert_eq!(joined.json["member"]["name"], "Bo", "the record stays");
    }

    async fn the_last_owner_stays_and_only_owners_touch_owners(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (admin, admins) = add(&app, &session, "Ann", Role::Admin).await;
        let owner = app.store.read(|tx| floe_store::access::members::find_by_email(tx, OWNER)).await.expect("read").expect("the owner").id;
        let member = |id: MemberId| format!("{BASE}/members/{}", id.prefixed());
        let patch = |session: &str, id: MemberId, body: Value| app.patch(&member(id)).bearer(session).json(&body).send();

        patch(&session, owner, json!({ "role": "admin" })).await.is(409, "last_owner");
        app.delete(&member(owner)).bearer(&session).send().await.is(409, "last_owner");
        patch(&admins, owner, json!({ "role": "viewer" })).await.is(403, "forbidden");
        app.delete(&member(owner)).bearer(&admins).send().await.is(403, "forbidden");
        patch(&admins, admin, json!({ "role": "owner" })).await.is(403, "forbidden");
        patch(&admins, admin, json!({ "treasury_role": "owner" })).await.is(403, "forbidden");
        app.post(&format!("{BASE}/invites")).bearer(&admins).json(&json!({ "email": "x@y", "role": "owner" })).send().await.is(403, "forbidden");
        patch(&session, owner, json!({ "treasury_role": "reader" })).await.is(403, "forbidden");
        patch(&session, admin, json!({ "role": "king" })).await.is(400, "validation_failed");
        patch(&session, admin, json!({ "rank": 1 })).await.is(400, "unknown_field");

        // A new owner needs the password again; a token cannot do it at all.
        patch(&session, admin, json!({ "role": "owner" })).await.is(403, "confirmation_required");
        let token = app.token_of(&session, &["admin", "console.read"]).await;
        patch(&token, admin, json!({ "treasury_role": "owner" })).await.is(403, "insufficient_scope");
        let changed = patch(&session, admin, json!({ "role": "owner" })).await;
        assert_eq!((&changed.json["role"], &changed.json["treasury_role"], changed.header("etag")), (&json!("owner"), &json!("owner"), "\"2\""));
        app.get("/console/v1/me").bearer(&admins).send().await.is(401, "unauthenticated");

        // Who changes itself goes on with a new session.
        let stale = app.patch(&member(owner)).bearer(&session).header("if-match", "\"9\"").json(&json!({ "role": "viewer" }));
        stale.send().await.is(412, "stale_revision");
        let lowered = patch(&session, owner, json!({ "role": "viewer" })).await;
        assert_eq!((&lowered.json["role"], &lowered.json["treasury_role"]), (&json!("viewer"), &json!("owner")));
        app.get("/console/v1/me").bearer(&session).send().await.is(401, "unauthenticated");
        let next = text(&lowered, "token").to_owned();
        let seen = app.get("/console/v1/session").bearer(&next).send().await;
        assert_eq!((&seen.json["role"], &seen.json["permissions"]), (&json!("viewer"), &json!(["read"])));
    }

    async fn a_removed_member_leaves_nothing_behind(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (bo, bos) = add(&app, &session, "Bo", Role::Builder).await;
        let group = app.post(&format!("{BASE}/groups")).bearer(&session).json(&json!({ "name": "Crew", "member_ids": [bo.prefixed()] })).send().await;
        assert_eq!(group.status, 201, "{group:?}");
        let flow = app.post("/v1/flow").bearer(&bos).json(&json!({ "name": "Mine" })).send().await;
        assert_eq!(flow.status, 201, "{flow:?}");
        let token = {
            let act = floe_access::Act { ctx: context(&app, &bos).await, address: None };
            let new = floe_access::tokens::NewToken { name: "t".to_owned(), scopes: vec!["flows.read".to_owned()], expires_in_days: None };
            let prepared = app.app.access.prepare_token(&act, &new).expect("a token");
            app.store.write(move |tx| prepared.apply(tx, &act)).await.expect("stored").text
        };
        assert_eq!(app.get("/v1/flow").bearer(&token).send().await.status, 200);

        let gone = app.delete(&format!("{BASE}/members/{}", bo.prefixed())).bearer(&session).send().await;
        assert_eq!(gone.status, 204, "{gone:?}");
        assert_eq!(app.get("/console/v1/me").bearer(&bos).send().await.status, 401);
        assert_eq!(app.get("/v1/flow").bearer(&token).send().await.status, 401);
        let crew = app.get(&format!("{BASE}/groups/{}", text(&group, "id"))).bearer(&session).send().await;
        assert_eq!(crew.json["member_ids"], json!([]));
        let taken = app.get(&format!("/v1/flow/{}", text(&flow, "_id"))).bearer(&session).send().await;
        let owner = app.store.read(|tx| floe_store::access::members::find_by_email(tx, OWNER)).await.expect("read").expect("the owner").id;
        let of = text(&flow, "_id").to_owned();
        let found = app.store.read(move |tx| {
            let workspace = floe_store::access::workspaces::find_by_slug(tx, "lagos-fit")?.expect("the workspace").id;
            floe_store::flows::flows::find(tx, workspace, parse_bits(&of).expect("an id").into())
        });
        let found = found.await.expect("read").expect("the flow");
        assert_eq!((taken.status.as_u16(), found.owner), (200, Some(owner)));
        assert_eq!(app.delete(&format!("{BASE}/members/{}", bo.prefixed())).bearer(&session).send().await.status, 404);
    }

    async fn groups_are_lists_of_members_of_the_workspace(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (bo, bos) = add(&app, &session, "Bo", Role::Viewer).await;
        let make = |body: Value| app.post(&format!("{BASE}/groups")).bearer(&session).json(&body).send();
        for (body, code) in [
            (json!({ "name": "Crew", "member_ids": ["mem_00000000000000000000000001"] }), "validation_failed"),
            (json!({ "name": "Crew", "member_ids": ["junk"] }), "validation_failed"),
            (json!({ "name": "bo@floe.test" }), "validation_failed"),
            (json!({ "member_ids": [] }), "validation_failed"),
            (json!({ "name": "Crew", "colour": 1 }), "unknown_field"),
        ] {
            make(body).await.is(400, code);
        }
        let made = make(json!({ "name": "Crew", "member_ids": [bo.prefixed(), bo.to_string()] })).await;
        assert_eq!((made.status.as_u16(), &made.json["member_ids"]), (201, &json!([bo.prefixed()])));
        make(json!({ "name": "CREW" })).await.is(409, "conflict");
        let path = format!("{BASE}/groups/{}", text(&made, "id"));
        assert_eq!(app.get(&path).bearer(&bos).send().await.status, 200, "a viewer reads");
        app.patch(&path).bearer(&bos).json(&json!({ "name": "x" })).send().await.is(403, "forbidden");
        let seen = app.get(&format!("{BASE}/members?role=viewer&q=bo&total=true")).bearer(&bos).send().await;
        assert_eq!((&seen.json["data"][0]["groups"], &seen.json["total"]), (&json!([text(&made, "id")]), &json!(1)));

        let change = |etag: &str, body: Value| app.patch(&path).bearer(&session).header("if-match", etag).json(&body).send();
        let changed = change("\"1\"", json!({ "name": "Ship", "member_ids": [] })).await;
        assert_eq!((changed.header("etag"), &changed.json["member_ids"]), ("\"2\"", &json!([])));
        change("\"1\"", json!({ "name": "y" })).await.is(412, "stale_revision");
        for number in 0..3 {
            assert_eq!(make(json!({ "name": format!("Group {number}") })).await.status, 201);
        }
        let first = app.get(&format!("{BASE}/groups?limit=2&sort=created_at")).bearer(&session).send().await;
        let cursor = text(&first, "next_cursor");
        let second = app.get(&format!("{BASE}/groups?limit=2&sort=created_at&cursor={cursor}")).bearer(&session).send().await;
        let names = |answer: &Answer| answer.json["data"].as_array().expect("a list").iter().map(|group| group["name"].clone()).collect::<Vec<_>>();
        assert_eq!((names(&first), names(&second)), (vec![json!("Ship"), json!("Group 0")], vec![json!("Group 1"), json!("Group 2")]));
        assert_eq!(app.delete(&path).bearer(&session).send().await.status, 204);
        app.get(&path).bearer(&session).send().await.is(404, "not_found");
    }

    async fn workspaces_are_made_and_deleted_by_their_owner(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let make = |body: Value| app.post(&format!("{BASE}/workspaces")).bearer(&session).json(&body).send();
        make(json!({ "name": "Second", "slug": "lagos-fit" })).await.is(409, "conflict");
        make(json!({ "name": "Second", "slug": "No" })).await.is(400, "validation_failed");
        let made = make(json!({ "name": "Second", "timezone": "Africa/Lagos" })).await;
        assert_eq!((made.status.as_u16(), &made.json["slug"]), (201, &json!("second")));
        let mine = app.get(&format!("{BASE}/workspaces?total=true")).bearer(&session).send().await;
        assert_eq!((&mine.json["total"], &mine.json["data"][1]["role"]), (&json!(2), &json!("owner")));

        let key = app.post("/console/v1/keys").bearer(&session).header("floe-workspace", "second").json(&json!({ "kind": "flows", "name": "k" })).send().await;
        let key = text(&key, "key").to_owned();
        assert_eq!(app.get("/echo/client").bearer(&key).send().await.status, 200);
        let flow = app.post("/v1/flow").bearer(&session).header("floe-workspace", "second").json(&json!({ "name": "Gone" })).send().await;
        assert_eq!(flow.status, 201, "{flow:?}");
        let path = format!("{BASE}/workspaces/{}", text(&made, "id"));
        let delete = |query: &str| app.delete(&format!("{path}{query}")).bearer(&session).send();
        delete("?confirm=second").await.is(403, "confirmation_required");
        confirm(&app, &session).await;
        delete("").await.is(400, "validation_failed");
        delete("?confirm=first").await.is(400, "validation_failed");
        assert_eq!(delete("?confirm=second").await.status, 204);
        delete("?confirm=second").await.is(404, "not_found");
        app.get("/echo/client").bearer(&key).send().await.is(418, "unauthenticated");
        flows_are_closed(&app, parse_bits(text(&made, "id")).expect("an id").into()).await;
        assert_eq!(make(json!({ "name": "Second", "slug": "second" })).await.status, 201, "the name is free again");
        let own = workspace_of(&app, &session).await;
        let other = app.get(&format!("{BASE}/workspaces")).bearer(&session).send().await.json["data"][1]["id"].clone();
        let path = format!("{BASE}/workspaces/{}?confirm=second", other.as_str().expect("an id"));
        assert_eq!(app.delete(&path).bearer(&session).send().await.status, 204);
        let last = app.delete(&format!("{BASE}/workspaces/{}?confirm=lagos-fit", own.prefixed())).bearer(&session);
        last.send().await.is(409, "conflict");
    }

    async fn a_reset_link_works_once_and_ends_the_sessions(store: TestStore) {
        let (app, session) = TestApp::with_owner(store).await;
        let (bo, bos) = add(&app, &session, "Bo", Role::Admin).await;
        let path = |id: MemberId| format!("{BASE}/members/{}/reset-link", id.prefixed());
        app.post(&path(bo)).bearer(&bos).send().await.is(403, "forbidden");
        let made = app.post(&path(bo)).bearer(&session).header("idempotency-key", "once").send().await;
        assert_eq!(made.status, 201, "{made:?}");
        let token = text(&made, "url").split_once("/ui/reset#token=").expect("a link").1.to_owned();
        let repeat = app.post(&path(bo)).bearer(&session).header("idempotency-key", "once").send().await;
        assert_eq!((repeat.header("idempotent-replayed"), &repeat.json["url"]), ("true", &json!(null)));

        let reset = |token: &str, password: &str| {
            let body = json!({ "token": token, "password": password, "transport": "token" });
            app.post(&format!("{BASE}/session/reset")).json(&body).send()
        };
        reset(&token, "short").await.is(400, "validation_failed");
        let opened = reset(&token, "wandering heron").await;
        assert_eq!((opened.status.as_u16(), &opened.json["member"]["name"]), (200, &json!("Bo")));
        reset(&token, "wandering crane").await.is(410, "expired");
        app.get("/console/v1/me").bearer(&bos).send().await.is(401, "unauthenticated");
        app.session_of("bo@floe.test", "wandering heron").await;

        // A member of a workspace that the caller does not own is not the caller's to take over.
        crate::members::other_workspace(&app, "eve@floe.test").await;
        let eve = app.session_by_link("eve@floe.test").await;
        let (token, _) = invite(&app, &eve, json!({ "email": "bo@floe.test", "role": "viewer" })).await;
        assert_eq!(accept(&app, &token, "Bo", "wandering heron").await.status, 201);
        app.post(&path(bo)).bearer(&session).send().await.is(409, "conflict");
    }
}

/// The job of an ended workspace leaves no flow.
async fn flows_are_closed(app: &TestApp, workspace: WorkspaceId) {
    let left = || app.store.read(move |tx| floe_store::flows::ownership::first(tx, workspace, 10));
    assert_eq!(left().await.expect("read").len(), 1);
    let platform = &app.app.platform;
    let now = platform.clock.now();
    let handler = floe_flows::definitions::handlers().remove(0);
    let kind = handler.kind();
    let claiming =
        platform.store.write(move |tx| floe_store::platform::jobs::claim_due(tx, &[kind], now, 60_000, 10, None));
    let claimed = claiming.await.expect("claimed");
    assert_eq!(claimed.len(), 1);
    handler.run(platform, &claimed[0]).await.expect("done");
    assert_eq!(left().await.expect("read"), []);
}

/// The context of a session, for services that are called without a request.
async fn context(app: &TestApp, session: &str) -> floe_runtime::Ctx {
    let presented = floe_access::Presented {
        proof: floe_access::Proof::Session(session),
        mode: floe_model::Mode::Live,
        workspace: None,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let identity = app.app.access.authenticate(presented).await.expect("a caller");
    let platform = std::sync::Arc::clone(&app.app.platform);
    floe_runtime::Ctx::new(std::sync::Arc::clone(&platform), identity.caller, platform.ids.next())
}

#[tokio::test]
async fn what_a_member_sets_for_itself() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let put = |path: &str, body: Value| app.ask("PUT", &format!("{BASE}{path}")).bearer(&session).json(&body).send();
    for pin in ["123", "1234567", "12a4", ""] {
        put("/me/pin", json!({ "password": PASSWORD, "pin": pin })).await.is(400, "validation_failed");
    }
    put("/me/pin", json!({ "password": "wrong password", "pin": "2468" })).await.is(403, "invalid_credentials");
    assert_eq!(put("/me/pin", json!({ "password": PASSWORD, "pin": "2468" })).await.status, 204);
    assert_eq!(app.get("/console/v1/me").bearer(&session).send().await.json["has_pin"], true);
    let stored = app.store.read(|tx| {
        let id = floe_store::access::members::find_by_email(tx, OWNER)?.expect("the owner").id;
        floe_store::access::members::pin_hash(tx, id)
    });
    let stored = stored.await.expect("read").expect("a hash");
    assert!(stored.starts_with("$argon2id$") && !stored.contains("2468"), "{stored}");

    let rules = app.get(&format!("{BASE}/me/notification-rules")).bearer(&session).send().await;
    assert_eq!(rules.json["rules"][0]["event"], "platform.inbox.created");
    let wanted = json!({ "rules": [{ "event": "flows.run.failed", "channels": ["mail"] }] });
    assert_eq!(put("/me/notification-rules", wanted.clone()).await.json, wanted);
    assert_eq!(app.get(&format!("{BASE}/me/notification-rules")).bearer(&session).send().await.json, wanted);
    for wrong in [
        json!({ "rules": [{ "event": "no.such", "channels": [] }] }),
        json!({ "rules": [{ "event": "flows.run.failed", "channels": ["pigeon"] }] }),
        json!({ "rules": [{ "event": "flows.run.failed", "channels": [], "x": 1 }] }),
        json!({ "rules": {} }),
        json!({}),
    ] {
        put("/me/notification-rules", wrong).await.is(400, "validation_failed");
    }
}

#[tokio::test]
async fn the_catalogue_holds_what_is_here() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    for (name, first) in [
        ("key-kinds", "treasury"),
        ("scopes", "console.read"),
        ("event-types", "flows.run.started"),
        ("audience-operators", "equals"),
        ("shortcuts", "anywhere Ctrl K"),
    ] {
        let answer = app.get(&format!("{BASE}/catalog/{name}")).bearer(&session).send().await;
        assert_eq!((answer.status.as_u16(), &answer.json["data"][0]["key"]), (200, &json!(first)), "{name}");
    }
    let steps = app.get(&format!("{BASE}/catalog/steps-flow")).bearer(&session).send().await;
    let steps = steps.json["data"].as_array().expect("a list").clone();
    assert!(steps.iter().any(|step| step["key"] == "user-approval" && step["waits"] == true));
    let nodes = app.get(&format!("{BASE}/catalog/steps-workflow")).bearer(&session).send().await;
    let nodes = nodes.json["data"].as_array().expect("a list").clone();
    assert!(nodes.iter().any(|node| node["key"] == "humanReview"), "{nodes:?}");
    for name in ["import-formats", "nothing"] {
        app.get(&format!("{BASE}/catalog/{name}")).bearer(&session).send().await.is(404, "not_found");
    }
}

#[tokio::test]
async fn the_secret_of_callbacks_is_shown_once_and_kept_sealed() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let path = format!("{BASE}/workspace/callback-secret/rotate");
    let rotate = |key: &str, overlap: i64| {
        let asking = app.post(&path).bearer(&session).header("idempotency-key", key);
        asking.json(&json!({ "overlap_minutes": overlap })).send()
    };
    rotate("a", 1_441).await.is(400, "validation_failed");
    let first = rotate("b", 0).await;
    assert!(text(&first, "secret").starts_with("whsec_"), "{first:?}");
    let repeat = rotate("b", 0).await;
    assert_eq!((repeat.header("idempotent-replayed"), &repeat.json["secret"]), ("true", &json!(null)));
    let second = rotate("c", 10).await;
    let third = rotate("d", 5).await;
    let act = floe_access::Act { ctx: context(&app, &session).await, address: None };
    let open =
        |act: floe_access::Act| app.store.read(move |tx| floe_access::callback_secret::callback_secrets(tx, &act));
    let wanted: Vec<String> = [&third, &second, &first].map(|answer| text(answer, "secret").to_owned()).to_vec();
    assert_eq!(open(act.clone()).await.expect("opened"), wanted, "the older ones sign along");
    app.pass_seconds(301);
    assert_eq!(open(act).await.expect("opened"), wanted[..1], "no overlap lasts longer than the last one asked for");
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let (app, session) = TestApp::with_owner(TestStore::quick().await).await;
    let second = app.session_of(OWNER, PASSWORD).await;
    let third = app.session_of(OWNER, PASSWORD).await;
    let page = app.get(&format!("{BASE}/sessions?limit=2")).bearer(&third).send().await;
    assert_eq!((page.json["data"].as_array().map(Vec::len), &page.json["data"][0]["current"]), (Some(2), &json!(true)));
    let cursor = text(&page, "next_cursor");
    let rest = app.get(&format!("{BASE}/sessions?limit=2&cursor={cursor}")).bearer(&third).send().await;
    assert_eq!((rest.json["data"].as_array().map(Vec::len), &rest.json["next_cursor"]), (Some(1), &json!(null)));
    let id = page.json["data"][1]["id"].as_str().expect("an id");
    assert_eq!(app.delete(&format!("{BASE}/sessions/{id}")).bearer(&third).send().await.status, 204);
    app.get("/console/v1/me").bearer(&second).send().await.is(401, "unauthenticated");
    assert_eq!(app.delete(&format!("{BASE}/sessions")).bearer(&third).send().await.status, 204);
    app.get("/console/v1/me").bearer(&session).send().await.is(401, "unauthenticated");
    assert_eq!(app.get("/console/v1/me").bearer(&third).send().await.status, 200);
}
