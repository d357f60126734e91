//! One route as an operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::refusals::{refusals, repeats};
use super::schema::Components;
use super::security;
use crate::http::shape::{ID, Kind, Shape, TEXT, text, words};
use crate::http::{Answer, Body, Param, Route, permission_word};

/// The id of an operation, from its surface and summary: `flowsListFlows`.
#[must_use]
pub fn operation_id(route: &Route) -> String {
    let mut id = route.surface.name.to_owned();
    for word in route.doc.summary.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

/// The resource that a route is about. A surface with one prefix has a folder for each resource; else a prefix is a resource.
pub(super) fn tag(route: &Route) -> String {
    let below = |prefix: &&str| route.path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let prefixes = route.surface.prefixes.iter().copied();
    let prefix = prefixes.filter(|prefix| below(prefix).is_some()).max_by_key(|prefix| prefix.len());
    let word = match prefix {
        Some(prefix) if route.surface.prefixes.len() > 1 => prefix.rsplit('/').next(),
        Some(prefix) => below(&prefix).unwrap_or_default().split('/').nth(1),
        None => route.path.split('/').nth(1),
    };
    let word = word.filter(|word| !word.is_empty()).unwrap_or("root");
    word.split('.').next().unwrap_or(word).to_owned()
}

/// The operation.
pub(super) fn operation(route: &Route, components: &mut Components) -> Value {
    let mut operation = Map::new();
    let mut put = |name: &str, value: Value| operation.insert(name.to_owned(), value);
    put("operationId", operation_id(route).into());
    put("summary", route.doc.summary.into());
    if !route.doc.about.is_empty() {
        put("description", route.doc.about.into());
    }
    put("tags", json!([tag(route)]));
    put("parameters", parameters(route, components));
    if let Some(body) = &route.doc.takes {
        let mut content = request_body(body, components);
        if let Some(other) = &route.doc.takes_too {
            add_content(&mut content, other.media, &other.shape, components);
        }
        put("requestBody", content);
    }
    put("responses", responses(route, components));
    put("security", json!(security::alternatives(route)));
    if let Some(permission) = route.permission {
        put("x-floe-permission", permission_word(permission).into());
    }
    if let Some(scope) = route.scope {
        put("x-floe-scope", scope.into());
    }
    if !route.also_scopes.is_empty() {
        put("x-floe-also-scopes", json!(route.also_scopes));
    }
    if let Some(scope) = route.or_scope {
        put("x-floe-or-scope", scope.into());
    }
    Value::Object(operation)
}

fn parameters(route: &Route, components: &mut Components) -> Value {
    let mut list = Vec::new();
    let mut add = |place: &str, required: bool, param: &Param| {
        list.push(components.parameter(place, required, param));
    };
    for name in path_names(route.path) {
        let shape = if name == "id" || name.ends_with("_id") { ID } else { TEXT };
        add("path", true, &Param::new(name, shape, ""));
    }
    for param in &route.doc.query {
        add("query", false, param);
    }
    for param in &route.doc.headers {
        add("header", false, param);
    }
    list.extend(common_headers(route).into_iter().map(|param| components.header(param)));
    json!(list)
}

/// Names in the braces of a path.
pub(super) fn path_names(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.split_once('{')?.1.split_once('}').map(|(name, _)| name))
}

fn common_headers(route: &Route) -> Vec<Param> {
    let mut headers = Vec::new();
    let signed_in = route.auth.session || route.auth.token;
    if signed_in && let Some(name) = route.surface.mode_headers.first() {
        let about = "Mode of a session or token; live unless given";
        headers.push(Param::new(shown_header(name), words(&["live", "test"]), about));
    }
    if route.auth.session {
        headers.push(Param::new("Floe-Workspace", TEXT, "Id or slug of another workspace of the member"));
    }
    if repeats(route) {
        headers.push(Param::new("Idempotency-Key", text(1, 255), "Repeats with this key get the first answer"));
    }
    if route.doc.revised {
        headers.push(Param::new("If-Match", TEXT, "The ETag that was read; another one by now is refused"));
    }
    headers
}

/// A header as people write it.
fn shown_header(name: &'static str) -> &'static str {
    match name {
        "floe-mode" => "Floe-Mode",
        "x-flowpilot-mode" => "X-FlowPilot-Mode",
        other => other,
    }
}

fn request_body(body: &Body, components: &mut Components) -> Value {
    let required = match body.shape.kind {
        Kind::Object(object) => object.fields().any(|field| field.required),
        Kind::Map(_) | Kind::Any => false,
        _ => true,
    };
    let mut value = json!({ "required": required });
    add_content(&mut value, body.media, &body.shape, components);
    value
}

fn responses(route: &Route, components: &mut Components) -> Value {
    let mut responses = BTreeMap::new();
    for Answer { status, body } in &route.doc.answers {
        let known = responses.entry(*status).or_insert_with(|| success(route, *status));
        if let Some(body) = body {
            add_content(known, body.media, &body.shape, components);
        }
    }
    for (status, codes) in refusals(route) {
        let value = match responses.remove(&status) {
            None => components.refusal(route.surface, status, &codes),
            Some(mut known) => {
                add_content(&mut known, route.surface.doc.fault_media, &route.surface.doc.fault, components);
                known["description"] = format!("{}, or refused: {}", route.doc.summary, codes.join(", ")).into();
                known
            }
        };
        responses.insert(status, value);
    }
    let responses: Map<String, Value> =
        responses.into_iter().map(|(status, value)| (status.to_string(), value)).collect();
    Value::Object(responses)
}

/// Adds a media type to an answer; two shapes of one media type are alternatives.
pub(super) fn add_content(answer: &mut Value, media: &str, shape: &Shape, components: &mut Components) {
    let schema = components.schema(shape);
    let place = &mut answer["content"][media];
    *place = match place.get("schema") {
        None => json!({ "schema": schema }),
        Some(known) => json!({ "schema": { "anyOf": [known, schema] } }),
    };
}

fn success(route: &Route, status: u16) -> Value {
    let mut value = json!({ "description": route.doc.summary });
    let mut headers = Map::new();
    if status == 201 {
        headers.insert("Location".to_owned(), header("Path of what was made"));
    }
    if route.doc.revised {
        headers.insert("ETag".to_owned(), header("Its revision"));
    }
    if repeats(route) {
        headers.insert("Idempotent-Replayed".to_owned(), header("true when this is the answer to an earlier request"));
    }
    if !headers.is_empty() {
        value["headers"] = Value::Object(headers);
    }
    value
}

pub(super) fn header(about: &str) -> Value {
    json!({ "description": about, "schema": { "type": "string" } })
}
