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

/// The resource that a route is about: the word after the prefix of its surface, else the last word of the prefix.
pub(super) fn tag(route: &Route) -> String {
    let below = |prefix: &&str| route.path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let prefixes = route.surface.prefixes.iter().copied();
    let longest = prefixes.filter(|prefix| below(prefix).is_some()).max_by_key(|prefix| prefix.len());
    let rest = longest.as_ref().and_then(below).unwrap_or(route.path);
    let word = rest.split('/').nth(1).filter(|word| !word.is_empty() && !word.starts_with('{'));
    let last = longest.and_then(|prefix| prefix.rsplit('/').next());
    let word = word.or(last).unwrap_or("root");
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
        put("requestBody", request_body(body, components));
    }
    put("responses", responses(route, components));
    put("security", json!(security::alternatives(route)));
    if let Some(permission) = route.permission {
        put("x-floe-permission", permission_word(permission).into());
    }
    if let Some(scope) = route.scope {
        put("x-floe-scope", scope.into());
    }
    Value::Object(operation)
}

fn parameters(route: &Route, components: &mut Components) -> Value {
    let mut list = Vec::new();
    let mut add = |place: &str, required: bool, param: &Param| {
        let schema = components.schema(&param.shape);
        let mut value = json!({ "name": param.name, "in": place, "required": required, "schema": schema });
        if !param.about.is_empty() {
            value["description"] = param.about.into();
        }
        list.push(value);
    };
    for name in path_names(route.path) {
        let shape = if name == "id" || name.ends_with("_id") { ID } else { TEXT };
        add("path", true, &Param::new(name, shape, ""));
    }
    for param in &route.doc.query {
        add("query", false, param);
    }
    for param in common_headers(route).iter().chain(&route.doc.headers) {
        add("header", false, param);
    }
    json!(list)
}

/// Names in the braces of a path.
pub(super) fn path_names(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.split_once('{')?.1.split_once('}').map(|(name, _)| name))
}

fn common_headers(route: &Route) -> Vec<Param> {
    let mut headers = Vec::new();
    let signed_in = route.auth.session || route.auth.token;
    if signed_in {
        headers.push(Param::new("Floe-Mode", words(&["live", "test"]), "Mode of a session or token; live unless given"));
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

fn request_body(body: &Body, components: &mut Components) -> Value {
    let required = match body.shape.kind {
        Kind::Object(object) => object.fields().any(|field| field.required),
        Kind::Map(_) | Kind::Any => false,
        _ => true,
    };
    json!({ "required": required, "content": content(body.media, &body.shape, components) })
}

fn content(media: &str, shape: &Shape, components: &mut Components) -> Value {
    json!({ media: { "schema": components.schema(shape) } })
}

fn responses(route: &Route, components: &mut Components) -> Value {
    let mut responses = BTreeMap::new();
    for answer in &route.doc.answers {
        responses.insert(answer.status, success(route, answer, components));
    }
    for (status, codes) in refusals(route) {
        let fault = content(route.surface.doc.fault_media, &route.surface.doc.fault, components);
        let known = responses.entry(status).or_insert_with(|| json!({ "description": "", "content": {} }));
        let codes = codes.join(", ");
        let text = match known["description"].as_str() {
            None | Some("") => format!("Refused: {codes}"),
            Some(text) => format!("{text}; refused: {codes}"),
        };
        known["description"] = text.into();
        let Some(media) = known["content"].as_object_mut() else { continue };
        if let Value::Object(fault) = fault {
            for (name, schema) in fault {
                media.entry(name).or_insert(schema);
            }
        }
        if matches!(status, 429 | 503) {
            known["headers"] = json!({ "Retry-After": header("Seconds to wait") });
        }
    }
    let responses: Map<String, Value> =
        responses.into_iter().map(|(status, value)| (status.to_string(), value)).collect();
    Value::Object(responses)
}

fn success(route: &Route, answer: &Answer, components: &mut Components) -> Value {
    let mut value = json!({ "description": route.doc.summary });
    if let Some(body) = &answer.body {
        value["content"] = content(body.media, &body.shape, components);
    }
    let mut headers = Map::new();
    if answer.status == 201 {
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

fn header(about: &str) -> Value {
    json!({ "description": about, "schema": { "type": "string" } })
}
