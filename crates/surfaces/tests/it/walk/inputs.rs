//! Bad input, made from the declared shapes: each wrong body and parameter is a 400 that names the field, before anything is
//! looked up.

use floe_surfaces::http::shape::{Field, Kind, Object, Role, Shape};
use floe_surfaces::http::{Param, Route};
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::rows::Row;
use super::walk;
use super::world::{World, code, is_agents, is_placements, is_treasury, is_workflows};
use crate::app::Answer;

/// Values that a shape does not allow.
fn wrong(shape: &Shape) -> Vec<Value> {
    let long = |max: usize| (max < 100_000).then(|| json!("x".repeat(max + 1)));
    match shape.kind {
        Kind::Any | Kind::AnyOf(_) => Vec::new(),
        Kind::Text { min, max } => {
            let short = (min > 0).then(|| json!("x".repeat(min - 1)));
            [Some(json!(7)), Some(json!({})), long(max), short].into_iter().flatten().collect()
        }
        Kind::Format(_) | Kind::Pattern(_) => vec![json!(7), json!("?")],
        Kind::Id => vec![json!(7), json!(["x"])],
        Kind::Int { min, max } => {
            let least = min.checked_sub(1).map(|number| json!(number));
            let most = (max != i64::MAX).then(|| json!(max + 1));
            [Some(json!("x")), Some(json!(1.5)), least, most].into_iter().flatten().collect()
        }
        Kind::Number => vec![json!("x")],
        Kind::Flag => vec![json!("yes"), json!(1)],
        Kind::Words(_) => vec![json!("no such word"), json!(7)],
        Kind::List { of, max } => {
            let many = (max < 1_000).then(|| vec![right(of); max + 1].into());
            let inner = wrong(of).into_iter().next().map(|value| json!([value]));
            [Some(json!("x")), many, inner].into_iter().flatten().collect()
        }
        Kind::Map(_) | Kind::Object(_) => vec![json!("x"), json!([])],
    }
}

/// A value that a shape allows, as far as a shape can tell.
fn right(shape: &Shape) -> Value {
    match shape.kind {
        Kind::Text { min, .. } => json!("x".repeat(min.max(1))),
        Kind::Words(words) => json!(words[0]),
        Kind::Int { min, .. } => json!(min),
        Kind::Flag => json!(true),
        Kind::Id => json!(super::world::MISSING),
        Kind::Object(object) => {
            object.fields().filter(|field| field.required).map(|field| (field.name, right(&field.shape))).collect()
        }
        _ => Value::Null,
    }
}

/// Each wrong body with the path of the field that is wrong in it.
fn wrong_bodies(object: &Object, good: &Value) -> Vec<(String, Value)> {
    let mut bodies = Vec::new();
    for field in object.fields() {
        for value in wrong(&field.shape) {
            bodies.push((field.name.to_owned(), with(good, field.name, Some(value))));
        }
        if field.required {
            bodies.push((field.name.to_owned(), with(good, field.name, None)));
            bodies.push((field.name.to_owned(), with(good, field.name, Some(Value::Null))));
        }
        bodies.extend(inside(field, good));
    }
    if object.role == Role::Closed {
        bodies.push(("surprise".to_owned(), with(good, "surprise", Some(json!(1)))));
    }
    bodies
}

/// Wrong values one level down, in a member that is an object.
fn inside(field: &Field, good: &Value) -> Vec<(String, Value)> {
    let Kind::Object(object) = field.shape.kind else { return Vec::new() };
    let inner = good.get(field.name).filter(|inner| inner.is_object()).cloned().unwrap_or_else(|| right(&field.shape));
    let outer = |(name, value)| (format!("{}/{name}", field.name), with(good, field.name, Some(value)));
    wrong_bodies(&object, &inner).into_iter().map(outer).collect()
}

fn with(body: &Value, name: &str, value: Option<Value>) -> Value {
    let mut body = body.as_object().cloned().unwrap_or_default();
    match value {
        Some(value) => drop(body.insert(name.to_owned(), value)),
        None => drop(body.shift_remove(name)),
    }
    body.into()
}

/// Texts that a parameter does not allow.
fn wrong_texts(param: &Param) -> Vec<String> {
    match param.shape.kind {
        Kind::Int { min, max } => {
            let mut texts = vec!["x".to_owned(), "1.5".to_owned(), (min - 1).to_string()];
            texts.extend((max != i64::MAX).then(|| (max + 1).to_string()));
            texts
        }
        Kind::Words(_) => vec!["no-such-word".to_owned()],
        Kind::Flag => vec!["maybe".to_owned()],
        Kind::Format("date-time") => vec!["yesterday".to_owned()],
        _ => Vec::new(),
    }
}

/// Whether an answer says that this field is wrong, or one that it stands in.
fn names(route: &Route, row: &Row, answer: &Answer, path: &str) -> bool {
    if is_treasury(route) {
        return told_by_treasury(answer, path);
    }
    if answer.status != 400 {
        return false;
    }
    let field = path.rsplit('/').next().unwrap_or(path);
    let own = route.doc.refuses.iter().filter(|(status, _)| *status == 400).flat_map(|(_, codes)| *codes);
    // A whole object may be out of place, and everything in it.
    let is_it = |named: &str| named.rsplit('/').next() == Some(field) || path.split('/').next() == Some(named);
    let unknown = answer.json["field"].as_str().is_some_and(is_it);
    if own.into_iter().any(|own| *own == code(answer)) || unknown || row.told_elsewhere.contains(&field) {
        return true;
    }
    let console = answer.json["errors"].as_array().into_iter().flatten().filter_map(|one| one["pointer"].as_str());
    let flows = answer.json["error"]["details"]["fields"].as_array().into_iter().flatten();
    let placements = answer.json["details"].as_array().into_iter().flatten().filter_map(|one| one["field"].as_str());
    let placements = placements.map(|field| field.replace('.', "/"));
    let agents = answer.json["fields"].as_array().into_iter().flatten().filter_map(|one| one["path"].as_str());
    let paths = console.chain(flows.filter_map(|one| one["path"].as_str())).map(str::to_owned);
    let workflows = answer.json["error"]["details"]["errors"].as_array().into_iter().flatten();
    let workflows = workflows.filter_map(|one| one["field"].as_str()).map(|field| field.replace('.', "/"));
    let mut paths = paths.chain(workflows).chain(placements).chain(agents.map(|field| field.replace('.', "/")));
    paths.any(|told| told.split('/').any(|part| !part.is_empty() && path.split('/').any(|own| own == part)))
}

/// The treasury tells every problem with its place.
fn told_by_treasury(answer: &Answer, path: &str) -> bool {
    let problems = answer.json["errors"].as_array().into_iter().flatten();
    let mut words = problems.flat_map(|one| one["loc"].as_array().into_iter().flatten()).filter_map(Value::as_str);
    answer.status == 422 && words.any(|word| path.split('/').any(|own| own == word))
}

async fn see(world: &World, route: &Route, row: &Row, problems: &mut Vec<String>) {
    let thing = world.make(&world.home, row.thing).await;
    let path = world.path(row, &thing);
    let mut judge = |what: String, field: &str, (answer, unlike): (Answer, Option<String>)| {
        problems.extend(unlike);
        if !names(route, row, &answer, field) {
            problems.push(format!("{route:?}: {what} is not refused as {field}: {} {}", answer.status, answer.json));
        }
    };
    // Pages of the workflow API are whatever is nearest to what is asked for (workflows contract, section 6).
    let is_free = |param: &Param| is_workflows(route) && matches!(param.name, "page" | "per_page");
    for param in route.doc.query.iter().filter(|param| !is_free(param)) {
        for text in wrong_texts(param) {
            let body = row.body.map(|body| body(&thing));
            let asked = world.call(route, &world.home, &format!("{path}?{}={text}", param.name), body.as_ref());
            judge(format!("?{}={text}", param.name), param.name, asked.try_send().await);
        }
    }
    let Some(takes) = route.doc.takes.filter(|takes| takes.media == "application/json") else { return };
    let Kind::Object(object) = takes.shape.kind else { return };
    let good = row.body.map_or_else(|| json!({}), |body| body(&thing));
    for (field, body) in wrong_bodies(&object, &good) {
        let shown: String = body.to_string().chars().take(200).collect();
        judge(shown, &field, world.call(route, &world.home, &path, Some(&body)).try_send().await);
    }
}

on_both! {
    async fn a_wrong_field_is_named_and_changes_nothing(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        for (route, row) in walk() {
            see(&world, &route, &row, &mut problems).await;
        }
        assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    }

    async fn a_body_that_is_no_json_is_told_so(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        for (route, row) in walk() {
            let Some(takes) = route.doc.takes.filter(|takes| takes.media == "application/json") else { continue };
            let path = world.path(&row, &world.make(&world.home, row.thing).await);
            let ask = |media: &str, body: &[u8]| {
                let asking = world.call(&route, &world.home, &path, None).header("content-type", media);
                asking.body(body.to_vec()).try_send()
            };
            let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
            // To devices that is a list of one event that is none, which counts as rejected (placements contract, section 5).
            let is_of_events = is_placements(&route) && route.path.ends_with("/events");
            let large = vec![b' '; route.body_limit + 1];
            let mut cases = vec![
                ("a broken text", 400, ask("application/json", b"{\"a\":").await),
                ("bytes that are no text", 400, ask("application/json", &[b'"', 0xff, 0xfe, b'"']).await),
                ("deep nesting", if is_of_events { 202 } else { 400 }, ask("application/json", deep.as_bytes()).await),
                ("another media type", 415, ask("text/plain", b"{}").await),
                ("another character set", 415, ask("application/json; charset=utf-16", b"{}").await),
                ("a body over the limit", 413, ask("application/json", &large).await),
            ];
            if matches!(takes.shape.kind, Kind::Object(_) | Kind::Map(_)) {
                cases.push(("a list", 400, ask("application/json", b"[]").await));
                cases.push(("a text", 400, ask("application/json", b"\"x\"").await));
            }
            for (what, expected, (answer, unlike)) in cases {
                problems.extend(unlike);
                let expected = if is_treasury(&route) && expected != 413 { 422 } else { expected };
                // The agent API has one answer to whatever is no JSON (agents contract, section 1.1), and so has the workflow API.
                let expected = if (is_agents(&route) || is_workflows(&route)) && expected == 415 { 400 } else { expected };
                // An event that is too deep spoils only the event (placements contract, section 5).
                let expected = if what == "deep nesting" && route.path.ends_with("/events") { 202 } else { expected };
                if answer.status != expected {
                    problems.push(format!("{route:?}: {what} was answered {} {}", answer.status, code(&answer)));
                }
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
