//! Commands against a server that speaks just enough of the APIs: what is sent, what is printed, which exit code follows.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::binary::{Folder, floe, output, text};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// The state of the one flow and one inbox item that this server knows.
#[derive(Default)]
struct Known {
    flow: Option<Value>,
    polls: u32,
    answers: Vec<Value>,
}

type Shared = Arc<Mutex<Known>>;

fn locked(shared: &Shared) -> std::sync::MutexGuard<'_, Known> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (
        status,
        Json(
            json!({ "statusCode": status.as_u16(), "message": message, "error": { "code": code, "message": message } }),
        ),
    )
        .into_response()
}

async fn list(State(shared): State<Shared>, Query(query): Query<Vec<(String, String)>>) -> Json<Value> {
    assert!(query.iter().any(|(name, _)| name == "limit"));
    let rows: Vec<Value> = locked(&shared).flow.iter().cloned().collect();
    Json(json!({ "data": rows, "total": rows.len() }))
}

async fn create(State(shared): State<Shared>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let mut record = json!({ "_id": ID, "revision": 1, "status": "draft", "currentDraftVersion": 1, "latestPublishedVersion": null,
        "description": "", "settings": {} });
    for (key, value) in body.as_object().expect("an object") {
        record[key] = value.clone();
    }
    locked(&shared).flow = Some(record.clone());
    (StatusCode::CREATED, Json(record))
}

async fn record(State(shared): State<Shared>, UrlPath(id): UrlPath<String>) -> Response {
    match &locked(&shared).flow {
        Some(flow) if id == ID => Json(flow.clone()).into_response(),
        _ => refused(404, "not_found", "Flow not found"),
    }
}

async fn autosave(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut known = locked(&shared);
    let flow = known.flow.as_mut().expect("a flow");
    if body["baseRevision"] != flow["revision"] {
        return refused(409, "conflict", "The flow was changed by someone else");
    }
    flow["definition"] = body["definition"].clone();
    flow["revision"] = json!(flow["revision"].as_i64().unwrap_or(0) + 1);
    Json(json!({ "_id": ID, "version": 1, "status": "draft", "revision": flow["revision"], "problems": [] }))
        .into_response()
}

async fn publish(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut known = locked(&shared);
    let flow = known.flow.as_mut().expect("a flow");
    if flow["definition"]["steps"] == json!([]) {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            Json(json!({ "error": { "code": "invalid_definition", "message": "Not publishable",
                "details": { "problems": [{ "path": "/steps", "message": "no trigger" }] } } })),
        )
            .into_response();
    }
    assert_eq!(body["summary"], "first");
    flow["latestPublishedVersion"] = json!(1);
    Json(json!({ "version": 1, "status": "published" })).into_response()
}

async fn execute(headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert_eq!(headers["floe-mode"], "test");
    assert_eq!(body["returnExecutionMetadata"], true);
    Json(match body["inputs"]["as"].as_str() {
        Some("slow") => json!({ "status": "running", "appRunId": "r1" }),
        Some("broken") => json!({ "status": "failed", "appRunId": "r1",
            "error": { "code": "http_status", "message": "404", "stepName": "Call" } }),
        Some("asking") => json!({ "status": "waiting", "appRunId": "r1", "waitState": { "type": "user-approval" } }),
        _ => json!({ "status": "completed", "appRunId": "r1", "output": body["inputs"] }),
    })
    .into_response()
}

async fn poll(State(shared): State<Shared>) -> Json<Value> {
    let mut known = locked(&shared);
    known.polls += 1;
    let done = known.polls > 1;
    Json(
        json!({ "appRunId": "r1", "status": if done { "completed" } else { "running" }, "done": done, "revision": known.polls,
        "output": if done { json!({ "total": 3 }) } else { Value::Null } }),
    )
}

async fn steps() -> Json<Value> {
    Json(json!({ "data": [{ "stepId": "a", "name": "Add \u{1b}[31m", "type": "set-variable", "status": "completed",
        "attempt": 1, "iteration": [], "durationMs": 2 }] }))
}

async fn item() -> Json<Value> {
    Json(
        json!({ "id": "inb_1", "kind": "flow_approval", "title": "Refund?", "content_hash": "9f2c", "content": { "amount": 250 } }),
    )
}

async fn answer(State(shared): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    locked(&shared).answers.push(body);
    Json(json!({ "item": { "status": "answered" }, "outcome": { "status": "running", "run_id": "r1" } }))
}

async fn session(headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|value| value != "Bearer pat_good") {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "code": "unauthenticated", "detail": "Unknown token." })))
            .into_response();
    }
    Json(json!({ "member": { "name": "Ada", "email": "ada@x" }, "workspace": { "name": "Main" }, "role": "owner" }))
        .into_response()
}

async fn make_key(Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    assert_eq!(body, json!({ "kind": "flows", "name": "ci", "mode": "live", "scopes": ["flows.run"] }));
    (StatusCode::CREATED, Json(json!({ "id": "key_1", "key": "fl_live_text" })))
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/flow", get(list).post(create))
        .route("/v1/flow/{id}", get(record))
        .route("/v1/flow/{id}/autosave", post(autosave))
        .route("/v1/flow/{id}/publish", post(publish))
        .route("/v1/flow/execute/{id}", post(execute))
        .route("/v1/flowrun/poll/{id}", get(poll))
        .route("/v1/flowrun/steps/{id}", get(steps))
        .route("/console/v1/inbox/{id}", get(item))
        .route("/console/v1/inbox/{id}/answer", post(answer))
        .route(
            "/console/v1/workflows",
            get(async || Json(json!({ "data": [], "has_more": false, "next_cursor": null }))),
        )
        .route("/console/v1/workflows/{id}", get(async || refused(404, "not_found", "Workflow not found")))
        .route("/console/v1/session", get(session))
        .route("/console/v1/keys", post(make_key))
        .with_state(shared)
}

async fn start() -> (SocketAddr, Shared) {
    let shared = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = router(Arc::clone(&shared));
    tokio::spawn(async move { axum_serve(listener, router).await });
    (address, shared)
}

/// Serves through the product's own front door, which is all that this crate has to serve with.
async fn axum_serve(listener: tokio::net::TcpListener, router: Router) {
    let request_ids: floe_server::http::RequestIds = Arc::new(|| floe_model::id::RequestId(1));
    let (limits, proxies) = (floe_server::http::Limits::default(), floe_server::http::TrustedProxies::default());
    let front = floe_server::http::Front { router, limits, proxies, request_ids };
    let (_running, stop) = tokio::sync::watch::channel(false);
    floe_server::http::serve(listener, front, stop).await;
}

/// Runs a command line beside the server and answers exit code, stdout and stderr.
async fn run(address: SocketAddr, folder: &Path, line: &[&str]) -> (i32, String, String) {
    let mut command = floe(folder);
    command.env("FLOE_URL", format!("http://{address}")).env("FLOE_TOKEN", "pat_good").args(line);
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || output(&mut command)).await.expect("no panic");
    (status.code().unwrap_or(-1), text(&stdout), text(&stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flows_go_into_files_and_back_and_a_stale_file_is_refused() {
    let (address, shared) = start().await;
    let folder = Folder::new();
    let file = folder.0.join("refund.flow.json");
    std::fs::write(&file, "{\"name\":\"Refund\",\"definition\":{\"steps\":[{\"id\":\"a\"}]}}").expect("a file");
    let run = async |line: &[&str]| run(address, &folder.0, line).await;

    let (code, stdout, stderr) = run(&["flow", "push", "refund.flow.json", "--publish", "--note", "first"]).await;
    assert_eq!((code, stdout.contains("published")), (0, true), "{stdout}{stderr}");
    let (_, stdout, _) = run(&["flow", "push", "refund.flow.json"]).await;
    assert!(stdout.starts_with("unchanged"), "{stdout}");
    let (code, stdout, _) = run(&["flow", "list", "--json"]).await;
    assert_eq!((code, stdout.contains("\"name\":\"Refund\"")), (0, true), "{stdout}");

    locked(&shared).flow.as_mut().expect("a flow")["definition"] = json!({ "steps": [{ "id": "theirs" }] });
    locked(&shared).flow.as_mut().expect("a flow")["revision"] = json!(9);
    std::fs::write(&file, "{\"name\":\"Refund\",\"definition\":{\"steps\":[{\"id\":\"mine\"}]}}").expect("a file");
    let (code, _, stderr) = run(&["flow", "push", "refund.flow.json"]).await;
    assert_eq!((code, stderr.contains("changed by someone else")), (5, true), "{stderr}");

    let (code, stdout, stderr) = run(&["flow", "pull", "Refund"]).await;
    assert_eq!((code, stdout.trim()), (0, "written    ./refund.flow.json"), "{stderr}");
    assert!(std::fs::read_to_string(&file).expect("the file").contains("theirs"));
    std::fs::write(&file, "{\"name\":\"Refund\",\"definition\":{\"steps\":[]}}").expect("a file");
    let (code, _, stderr) = run(&["flow", "push", "refund.flow.json", "--publish"]).await;
    assert_eq!((code, stderr.contains("/steps no trigger")), (7, true), "{stderr}");
    let (code, _, _) = run(&["flow", "pull", "Nothing"]).await;
    assert_eq!(code, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_print_their_output_or_what_they_wait_for() {
    let (address, shared) = start().await;
    let folder = Folder::new();
    let run = async |line: &[&str]| run(address, &folder.0, line).await;
    let flow = ["flow", "run", ID, "--mode", "test", "--json"];

    let (code, stdout, stderr) = run(&[&flow[..], &["-i", "n=3"]].concat()).await;
    assert_eq!((code, stdout.as_str()), (0, "{\"n\":3}\n"), "{stderr}");
    let (code, stdout, _) = run(&[&flow[..], &["-i", "as=asking"]].concat()).await;
    assert_eq!((code, stdout.contains("\"status\":\"waiting\"")), (0, true));
    let (code, stdout, stderr) = run(&[&flow[..], &["-i", "as=broken"]].concat()).await;
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("http_status") && stderr.contains("at step \\\"Call\\\": 404"), "{stderr}");
    let (code, stdout, _) = run(&[&flow[..], &["-i", "as=slow", "--wait"]].concat()).await;
    assert_eq!((code, stdout.as_str()), (0, "{\"total\":3}\n"));

    locked(&shared).polls = 0;
    let (code, stdout, stderr) = run(&["run", "watch", "r1"]).await;
    assert_eq!((code, stdout.contains("\"status\": \"completed\"")), (0, true));
    assert!(stderr.contains("Add \u{fffd}[31m  (set-variable)  2 ms"), "control characters are taken out: {stderr:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_carry_the_hash_of_what_was_shown() {
    let (address, shared) = start().await;
    let folder = Folder::new();
    let run = async |line: &[&str]| run(address, &folder.0, line).await;

    let (code, stdout, stderr) = run(&["inbox", "answer", "inb_1", "--approve", "--comment", "fine"]).await;
    assert_eq!((code, stdout.as_str()), (0, "answered  run r1\n"), "{stderr}");
    assert!(stderr.contains("\"amount\": 250") && stderr.contains("9f2c"), "{stderr}");
    let expected = json!({ "decision": "approve", "comment": "fine", "content_hash": "9f2c" });
    assert_eq!(locked(&shared).answers, [expected]);
    let (code, _, _) = run(&["inbox", "answer", "inb_1", "--reject", "--hash", "other"]).await;
    assert_eq!((code, locked(&shared).answers.len()), (5, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_checked_and_remembered_for_its_server_only() {
    let (address, _) = start().await;
    let folder = Folder::new();
    let (code, stdout, _) =
        run(address, &folder.0, &["key", "create", "--name", "ci", "--scope", "flows.run", "--quiet"]).await;
    assert_eq!((code, stdout.as_str()), (0, "fl_live_text\n"));
    let (code, _, _) = run(address, &folder.0, &["login", "--token", "pat_bad"]).await;
    assert_eq!(code, 3);
    let (code, _, stderr) = run(address, &folder.0, &["login"]).await;
    assert_eq!((code, stderr.contains("as Ada")), (0, true), "{stderr}");

    let folder = folder.0.clone();
    let without_token = move |url: &str| output(floe(&folder).args(["whoami", "--url", url]));
    let (here, elsewhere) = tokio::task::spawn_blocking(move || {
        (without_token(&format!("http://{address}")), without_token("http://127.0.0.1:9"))
    })
    .await
    .expect("no panic");
    assert_eq!((here.status.code(), elsewhere.status.code()), (Some(0), Some(3)));
    assert!(text(&here.stdout).starts_with("Ada <ada@x>, owner of Main"));
}
