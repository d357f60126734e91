//! Every answer that a test of this crate sees is held against what its route declares: status, media type and shape. So the
//! documents say what the server does, and nothing else.

use std::sync::OnceLock;

use floe_model::Timestamp;
use floe_model::agents::envelope;
use floe_model::id::parse_bits;
use floe_surfaces::http::shape::{Kind, Object, Role, Shape};
use floe_surfaces::http::{Body, Route};
use floe_surfaces::openapi::refusals;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde_json::Value;

/// Whether an answer is as its route declares it. Paths that no route of ours takes are not looked at.
///
/// # Errors
/// What is different.
pub fn check(method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let Some(route) = find(method, path).filter(|route| !route.doc.summary.is_empty()) else { return Ok(()) };
    judge(route, status, headers, body)
        .map_err(|problem| format!("{route:?} answered {status} with {}: {problem}", String::from_utf8_lossy(body)))
}

/// The route for a request. A path with literal words wins over one with parameters, whatever the methods of the two.
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    static ROUTES: OnceLock<Vec<Route>> = OnceLock::new();
    let routes = ROUTES.get_or_init(floe_surfaces::routes);
    let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
    let takes = routes.iter().filter(|route| matches(route.path, path));
    let pattern = takes.min_by_key(|route| route.path.matches('{').count())?.path;
    routes.iter().find(|route| route.path == pattern && route.method == method)
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || one.starts_with('{') && !other.is_empty() => {}
            _ => return false,
        }
    }
}

fn judge(route: &Route, status: u16, headers: &HeaderMap, bytes: &[u8]) -> Result<(), String> {
    let declared: Vec<Option<Body>> =
        route.doc.answers.iter().filter(|answer| answer.status == status).map(|answer| answer.body).collect();
    let surface = &route.surface.doc;
    let refusal =
        refusals(route).contains_key(&status).then_some(Body { media: surface.fault_media, shape: surface.fault });
    let all: Vec<Option<Body>> = declared.into_iter().chain(refusal.map(Some)).collect();
    if all.is_empty() {
        return Err("this status is not declared".to_owned());
    }
    let problems: Vec<String> = all.iter().filter_map(|body| fits_body(*body, headers, bytes).err()).collect();
    if problems.len() < all.len() { Ok(()) } else { Err(problems.join("; or ")) }
}

fn fits_body(body: Option<Body>, headers: &HeaderMap, bytes: &[u8]) -> Result<(), String> {
    let Some(body) = body else {
        return if bytes.is_empty() { Ok(()) } else { Err("no body is declared".to_owned()) };
    };
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media.split(';').next() != Some(body.media) {
        return Err(format!("the media type is {media:?} and not {}", body.media));
    }
    let is_json = body.media == "application/json" || body.media.ends_with("+json");
    // The answer to HEAD has no body.
    if !is_json || bytes.is_empty() {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    fits(&body.shape, &value, "")
}

/// Whether a value has a shape.
pub fn fits(shape: &Shape, value: &Value, at: &str) -> Result<(), String> {
    if value.is_null() && shape.null {
        return Ok(());
    }
    let holds = match (&shape.kind, value) {
        (Kind::Any, _) => true,
        (Kind::Text { min, max }, Value::String(text)) => (*min..=*max).contains(&text.chars().count()),
        (Kind::Format("date-time"), Value::String(text)) => is_instant(text),
        (Kind::Format(_) | Kind::Pattern(_), Value::String(text)) => !text.is_empty(),
        (Kind::Id, Value::String(text)) => parse_bits(text).is_ok(),
        (Kind::Int { min, max }, Value::Number(number)) => {
            number.as_i64().is_some_and(|number| (*min..=*max).contains(&number))
        }
        (Kind::Number, Value::Number(_)) | (Kind::Flag, Value::Bool(_)) => true,
        (Kind::Words(words), Value::String(text)) => words.contains(&text.as_str()),
        (Kind::List { of, max }, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                fits(of, item, &format!("{at}/{index}"))?;
            }
            items.len() <= *max
        }
        (Kind::Map(of), Value::Object(map)) => {
            for (name, member) in map {
                fits(of, member, &format!("{at}/{name}"))?;
            }
            true
        }
        (Kind::Object(object), Value::Object(_)) => return fits_object(object, value, at),
        (Kind::AnyOf(shapes), _) => {
            let problems: Vec<String> = shapes.iter().filter_map(|shape| fits(shape, value, at).err()).collect();
            if problems.len() == shapes.len() {
                return Err(problems.join("; or "));
            }
            true
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(format!("{at}: {value} is no {:?}", shape.kind)) }
}

fn fits_object(object: &Object, value: &Value, at: &str) -> Result<(), String> {
    for field in object.fields() {
        match value.get(field.name) {
            Some(member) => fits(&field.shape, member, &format!("{at}/{}", field.name))?,
            None if field.required => return Err(format!("{at}/{} is missing", field.name)),
            None => {}
        }
    }
    let open = matches!(object.role, Role::Open | Role::Input);
    let known = |name: &String| object.fields().any(|field| field.name == name);
    match value.as_object().into_iter().flat_map(|map| map.keys()).find(|name| !open && !known(name)) {
        Some(name) => Err(format!("{at}/{name} is not declared")),
        None => Ok(()),
    }
}

/// RFC 3339 in UTC with milliseconds, or in whole seconds as the agent API has it.
fn is_instant(text: &str) -> bool {
    Timestamp::parse(text).is_some_and(|instant| instant.to_string() == text || envelope::instant(instant) == text)
}
