//! `/requests`: what came in during the last days, and what was answered (console contract, section 5.6).

use floe_access::audit::chain;
use floe_access::requests::{Filter, Found, Request};
use floe_model::Fault;
use floe_model::access::Permission;
use floe_model::id::{KeyId, MemberId, RequestId, TokenId};
use serde_json::{Map, Value, json};

use super::list::Window;
use super::shapes::{WINDOW, requests as shapes};
use super::{Rights, SURFACE, filters};
use crate::http::shape::{ID, INSTANT, TEXT, words};
use crate::http::{Auth, Call, Reply, Route};

const FILTERS: &[&str] = &["key_id", "surface", "status", "method", "path", "mode", "from", "to"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(&SURFACE, "/console/v1/requests", Auth::MEMBER, list)
            .needs(Permission::Manage)
            .doc("List requests")
            .about("A page can be shorter than its limit and have a next one: each looks at so many requests only.")
            .queries(WINDOW)
            .query("sort", words(&["-created_at"]), "Newest first")
            .query("key_id", ID, "Requests of one key or token")
            .query("surface", TEXT, "Requests of one API")
            .query("status", TEXT, "A status such as 404, or a class such as 4xx")
            .query("method", TEXT, "Requests of one method")
            .query("path", TEXT, "Requests whose path begins so")
            .query("mode", words(&["live", "test"]), "Requests of one mode")
            .query("from", INSTANT, "Not before; a day is its beginning in UTC")
            .query("to", INSTANT, "Before")
            .answers(200, shapes::REQUESTS),
        Route::get(&SURFACE, "/console/v1/requests/{id}", Auth::MEMBER, show)
            .needs(Permission::Manage)
            .doc("Show a request")
            .answers(200, shapes::WHOLE_REQUEST),
    ]
}

async fn list(call: Call) -> Result<Reply, Fault> {
    let window = Window::of(&call, FILTERS)?;
    filters::newest_first(window.newest_first)?;
    let (status_from, status_to) = statuses(call.query.get("status"))?;
    let filter = Filter {
        key_id: filters::id(&call, "key_id")?,
        surface: filters::text(&call, "surface")?,
        mode: filters::mode(&call)?,
        status_from,
        status_to,
        method: filters::text(&call, "method")?.map(|method| method.to_uppercase()),
        path: filters::text(&call, "path")?,
        from: filters::instant(&call, "from")?,
        to: filters::instant(&call, "to")?,
    };
    let before = window.after.map(RequestId);
    let page = call.app.access.request_page(&call.ctx.caller, filter, before, window.limit).await?;
    let data = page.requests.iter().map(request_object).collect();
    Reply::ok(&window.page(data, page.next.map(|id| id.0), page.next.is_some(), None))
}

async fn show(call: Call) -> Result<Reply, Fault> {
    let found = call.app.access.request(&call.ctx.caller, call.id("id", "Request")?).await?;
    Reply::ok(&whole(&found))
}

/// `404`, or `4xx`.
fn statuses(text: Option<&str>) -> Result<(Option<i64>, Option<i64>), Fault> {
    let Some(text) = text else { return Ok((None, None)) };
    let class = text.strip_suffix("xx").and_then(|class| class.parse::<i64>().ok());
    match (class, text.parse::<i64>()) {
        (Some(class @ 1..=5), _) => Ok((Some(class * 100), Some(class * 100 + 99))),
        (None, Ok(status @ 100..=599)) => Ok((Some(status), Some(status))),
        _ => Err(Fault::field("/status", "value", "status must be a status such as 404, or a class such as 4xx")),
    }
}

fn request_object(request: &Request) -> Value {
    let key = request.key_id.map(KeyId::prefixed).or_else(|| request.token_id.map(TokenId::prefixed));
    json!({
        "id": request.id.prefixed(),
        "at": request.at,
        "key_id": key,
        "member_id": request.member_id.map(MemberId::prefixed),
        "surface": request.surface,
        "mode": request.mode.as_str(),
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "error_code": request.error_code,
        "duration_ms": request.duration_ms,
        "ip": request.ip,
        "idempotency_key": request.idempotency_key,
    })
}

fn whole(found: &Found) -> Value {
    let mut object = request_object(&found.request);
    let detail: Map<String, Value> = serde_json::from_str(&found.request.detail).unwrap_or_default();
    for name in ["headers", "query", "request_body", "response_body"] {
        object[name] = detail.get(name).cloned().unwrap_or(Value::Null);
    }
    let run = found.request.run_id.map(|run| json!({ "type": "run", "id": run }));
    let entries: Vec<Value> = found.entries.iter().map(chain::entry_object).collect();
    let targets = entries.iter().map(|entry| &entry["target"]).filter(|target| target["id"].is_string());
    let mut objects: Vec<Value> = run.into_iter().collect();
    for target in targets {
        let object = json!({ "type": target["type"], "id": target["id"] });
        if !objects.contains(&object) {
            objects.push(object);
        }
    }
    let events = found
        .events
        .iter()
        .map(|event| json!({ "id": event.id.prefixed(), "type": event.kind, "at": event.created_at }));
    object["objects"] = Value::Array(objects);
    object["audit"] = entries
        .iter()
        .map(|entry| json!({ "id": entry["id"], "action": entry["action"], "at": entry["at"] }))
        .collect();
    object["events"] = events.collect();
    // Deliveries are made from events; none are kept yet.
    object["deliveries"] = json!([]);
    object
}
