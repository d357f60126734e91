//! Two workspaces that must not know of each other, a member of each role, and credentials that are good, narrow, or over.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use floe_flows::runs::handlers;
use floe_model::access::{KeyKind, Role};
use floe_runtime::jobs::JobLoop;
use floe_store::access::members;
use floe_surfaces::http::{RateLimits, Route};
use floe_testkit::store::TestStore;
use serde_json::{Value, json};

use super::rows::Row;
use crate::app::{Answer, Asking, OWNER, PASSWORD, TestApp};
use crate::members::other_workspace;

const EVE: &str = "eve@floe.test";
/// An id that nothing has.
pub const MISSING: &str = "00000000-0000-7000-8000-000000000000";

/// Scopes that exist, but for the second name of `flows.run`.
const SCOPES: [&str; 12] = [
    "console.read",
    "console.write",
    "admin",
    "inbox.answer",
    "flows.read",
    "flows.run",
    "flows.write",
    "flows.manage",
    "placements.manage",
    "treasury.read",
    "treasury.write",
    "treasury.approve",
];

/// What one workspace calls with.
pub struct Side {
    pub email: &'static str,
    pub session: String,
    pub key: String,
    /// A key of the treasury with every scope, live.
    pub treasury_key: String,
    /// A key of the management of placements.
    pub management_key: String,
    /// A live key of the SDK of placements.
    pub sdk_key: String,
    /// A live key of agents with every scope.
    pub agents_key: String,
    /// A live key of workflows with every scope.
    pub workflows_key: String,
    /// A token with every scope.
    pub token: String,
}

pub struct World {
    pub app: TestApp,
    pub home: Side,
    pub away: Side,
    /// A session of a member of each role.
    pub roles: Vec<(&'static str, String)>,
    /// A token that has no scope but that of placements.
    pub narrow_token: String,
    /// A token that has no scope of placements.
    pub foreign_token: String,
    /// Credentials that were good once: revoked, expired, signed out.
    pub over: Vec<(&'static str, String)>,
    /// Tells the names of things apart.
    pub made: AtomicU32,
    _jobs: JobLoop,
}

impl World {
    pub async fn new(store: TestStore) -> Self {
        let (app, session) = TestApp::owned(store, RateLimits::Off).await;
        crate::hooks::receive().await;
        let jobs = JobLoop::start(Arc::clone(&app.app.platform), handlers(&app.app.flows.runs));
        let over = over(&app, &session).await;
        // The first session ended meanwhile: nobody asked to stay signed in.
        let session = app.session_of(OWNER, PASSWORD).await;
        let roles = members_of(&app).await;
        let narrow_token = app.token_of(&session, &["placements.manage"]).await;
        let foreign_token = app.token_of(&session, &["flows.read", "treasury.read"]).await;
        let home = side(&app, OWNER, session).await;
        let away = away(&app).await;
        Self { app, home, away, roles, narrow_token, foreign_token, over, made: AtomicU32::new(0), _jobs: jobs }
    }

    /// The path of a row with its parameters from a thing; what it does not have is missing.
    pub fn path(&self, row: &Row, thing: &Value) -> String {
        let parts =
            row.path.split('/').map(|part| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => thing[name].as_str().unwrap_or(MISSING).to_owned(),
                None => part.to_owned(),
            });
        parts.collect::<Vec<_>>().join("/")
    }

    /// A request without a credential, with this body when the route takes one.
    pub fn ask(&self, route: &Route, path: &str, body: Option<&Value>) -> Asking<'_> {
        let asking = self.app.ask(route.method.as_str(), path);
        match body {
            Some(body) => asking.json(body),
            None => asking,
        }
    }

    /// A credential of this side that the route takes; none for a public route.
    pub fn credential<'a>(&self, route: &Route, side: &'a Side) -> Option<&'a str> {
        let auth = route.auth;
        match (auth.public, auth.session, auth.key) {
            (true, ..) => None,
            (.., Some(KeyKind::Treasury)) => Some(&side.treasury_key),
            (.., Some(KeyKind::PlacementsSdk)) => Some(&side.sdk_key),
            (.., Some(KeyKind::Agents)) => Some(&side.agents_key),
            (.., Some(KeyKind::Workflows)) => Some(&side.workflows_key),
            (_, true, _) => Some(&side.session),
            (.., Some(_)) => Some(&side.key),
            _ => Some(&side.token),
        }
    }

    /// A call of this side.
    pub fn call<'a>(&'a self, route: &Route, side: &Side, path: &str, body: Option<&Value>) -> Asking<'a> {
        let asking = self.ask(route, path, body);
        match self.credential(route, side) {
            Some(credential) => asking.bearer(credential),
            None => asking,
        }
    }
}

/// A token without the scope of a route.
pub fn narrow<'a>(world: &'a World, route: &Route) -> &'a str {
    if is_placements(route) { &world.foreign_token } else { &world.narrow_token }
}

/// The API key of a side that a route is called with where it takes keys.
pub fn key_of<'a>(side: &'a Side, route: &Route) -> &'a str {
    match route.auth.key {
        Some(KeyKind::Treasury) => &side.treasury_key,
        Some(KeyKind::PlacementsSdk) => &side.sdk_key,
        Some(KeyKind::Agents) => &side.agents_key,
        Some(KeyKind::Workflows) => &side.workflows_key,
        Some(KeyKind::PlacementsManagement) => &side.management_key,
        _ => &side.key,
    }
}

/// Whether a route is one of placements, which have no 422 and look at the id of the app first.
pub fn is_placements(route: &Route) -> bool {
    route.surface.name == "placements"
}

/// Whether a route is one of the treasury, which words its refusals in its own way.
pub fn is_treasury(route: &Route) -> bool {
    route.surface.name == "treasury"
}

/// Whether a route is one of the agent API, which has words for codes, and one answer for agents that are foreign or missing.
pub fn is_agents(route: &Route) -> bool {
    route.surface.name == "agents"
}

/// Whether a route is one of the workflow API, which has few statuses and codes.
pub fn is_workflows(route: &Route) -> bool {
    route.surface.name == "workflows"
}

/// The code of a refusal, in the form of any surface.
pub fn code(answer: &Answer) -> &str {
    let json = &answer.json;
    if let Some(detail) = json["detail"].as_str().filter(|_| json["code"].is_null()) {
        return treasury_code(answer.status.as_u16(), detail);
    }
    if let Some(words) = json["error"].as_str().filter(|_| json["code"].is_null()) {
        return agents_code(answer.status.as_u16(), words, json["message"].as_str().unwrap_or_default());
    }
    json["code"].as_str().or(json["error"]["code"].as_str()).unwrap_or_default()
}

/// The agent API has no codes: its statuses and words tell.
fn agents_code(status: u16, words: &str, message: &str) -> &'static str {
    match (status, words) {
        (401, _) => "unauthenticated",
        (403, _) if message == "This API key is not allowed to do this" => "insufficient_scope",
        (403, _) => "no_agent",
        (404, _) => "not_found",
        (422, "Idempotency mismatch") => "idempotency_mismatch",
        (400, "Invalid cursor") => "invalid_cursor",
        (400, "Invalid messages") => "invalid_messages",
        (400, "Invalid thread_id") => "invalid_thread_id",
        (400, "Invalid callback_url") => "invalid_callback_url",
        (400, "Invalid request") => "invalid_request",
        (400, "Missing required fields") => "missing_fields",
        (400, "Invalid phone number") => "invalid_phone_number",
        (400, "Invalid template name") => "invalid_template_name",
        (400, "Invalid language") => "invalid_language",
        (400, "Invalid customer name") => "invalid_customer_name",
        (400, "Invalid parameters") => "invalid_parameters",
        (400, "Invalid metadata") => "invalid_metadata",
        (400, "Validation failed") => "validation_error",
        _ => "",
    }
}

/// The treasury has no codes: its statuses and sentences tell.
fn treasury_code(status: u16, detail: &str) -> &'static str {
    match status {
        401 => "unauthenticated",
        403 if detail.contains("missing required scope") => "insufficient_scope",
        403 => "forbidden",
        404 => "not_found",
        422 if detail == "Idempotency-Key was used with a different request." => "idempotency_mismatch",
        422 => "validation_error",
        _ => "",
    }
}

async fn side(app: &TestApp, email: &'static str, session: String) -> Side {
    // Otherwise no token approves payments, whatever its scopes.
    let approvals = json!({ "token_approvals": true });
    let patched = app.patch("/console/v1/workspace").bearer(&session).json(&approvals).send().await;
    assert_eq!(patched.status, 200, "{patched:?}");
    let token = app.token_of(&session, &SCOPES).await;
    let key = new_key(app, &session).await;
    let treasury_key = new_treasury_key(app, &session).await;
    let management_key = new_placements_key(app, &session, "placements_management").await;
    let sdk_key = new_placements_key(app, &session, "placements_sdk").await;
    let agents_key = new_placements_key(app, &session, "agents").await;
    let workflows_key = new_placements_key(app, &session, "workflows").await;
    Side { email, session, key, treasury_key, management_key, sdk_key, agents_key, workflows_key, token }
}

pub async fn new_key(app: &TestApp, session: &str) -> String {
    let body = json!({ "kind": "flows", "name": "Walk", "mode": "live", "scopes": ["flows.run", "flows.read"] });
    let made = app.post("/console/v1/keys").bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["key"].as_str().expect("a key").to_owned()
}

/// A key of the treasury with every scope, live.
pub async fn new_treasury_key(app: &TestApp, session: &str) -> String {
    let body = json!({ "name": "Walk", "mode": "live", "scopes": KeyKind::Treasury.scopes() });
    let made = app.post("/api/v1/developer/api-keys").bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["key"].as_str().expect("a key").to_owned()
}

/// A live key of a kind, with the scopes that are usual.
async fn new_placements_key(app: &TestApp, session: &str, kind: &str) -> String {
    let body = json!({ "kind": kind, "name": "Walk", "mode": "live" });
    let made = app.post("/console/v1/keys").bearer(session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["key"].as_str().expect("a key").to_owned()
}

/// The other workspace; its owner has the password of the first one's.
async fn away(app: &TestApp) -> Side {
    other_workspace(app, EVE).await;
    let store = &app.app.platform.store;
    let write = store.write(|tx| {
        let hash = members::find_by_email(tx, OWNER)?.and_then(|member| member.password_hash).expect("a password");
        let eve = members::find_by_email(tx, EVE)?.expect("the other owner");
        members::set_password(tx, eve.id, &hash)
    });
    write.await.expect("a password");
    let session = app.session_of(EVE, PASSWORD).await;
    side(app, EVE, session).await
}

async fn members_of(app: &TestApp) -> Vec<(&'static str, String)> {
    let read = app.app.platform.store.read(|tx| floe_store::access::workspaces::find_by_slug(tx, "lagos-fit"));
    let workspace = read.await.expect("a read").expect("the workspace").id;
    let mut sessions = Vec::new();
    for (word, email, role) in [
        ("owner", "olu@floe.test", Role::Owner),
        ("admin", "amy@floe.test", Role::Admin),
        ("builder", "bea@floe.test", Role::Builder),
        ("approver", "abe@floe.test", Role::Approver),
        ("viewer", "vic@floe.test", Role::Viewer),
    ] {
        app.app.access.add_member(workspace, word, email, role).await.expect("a member");
        sessions.push((word, app.session_by_link(email).await));
    }
    sessions
}

async fn over(app: &TestApp, session: &str) -> Vec<(&'static str, String)> {
    let expired = app.token_of(session, &SCOPES).await;
    let body = json!({ "name": "Short", "scopes": SCOPES, "expires_in_days": 1 });
    let short = app.post("/console/v1/tokens").bearer(session).json(&body).send().await;
    let list = app.get("/console/v1/tokens").bearer(session).send().await;
    let revoked_id = list.json["data"].as_array().and_then(|list| list.last()).expect("a token")["id"].clone();
    let path = format!("/console/v1/tokens/{}", revoked_id.as_str().expect("an id"));
    assert_eq!(app.delete(&path).bearer(session).send().await.status, 204);
    let key = new_key(app, session).await;
    let keys = app.get("/console/v1/keys").bearer(session).send().await;
    let path = format!("/console/v1/keys/{}", keys.json["data"][0]["id"].as_str().expect("an id"));
    assert_eq!(app.delete(&path).bearer(session).send().await.status, 200);
    let left = app.session_of(OWNER, PASSWORD).await;
    assert_eq!(app.delete("/console/v1/session").bearer(&left).send().await.status, 204);
    // The short token ends.
    app.pass_seconds(90_000);
    let short = short.json["token"].as_str().expect("a token").to_owned();
    vec![
        ("a revoked token", expired),
        ("an expired token", short),
        ("a revoked key", key),
        ("a session that was left", left),
    ]
}
