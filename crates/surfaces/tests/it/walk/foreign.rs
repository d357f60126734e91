//! What is not there: ids of another workspace, of nothing, and texts that are no ids are answered alike.

use floe_model::access::KeyKind;
use floe_surfaces::http::Route;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::rows::{Row, Thing};
use super::walk;
use super::world::{MISSING, World, code, is_agents, is_placements, is_treasury, key_of};
use crate::app::{Answer, Asking};

/// Read as an id, with a digit in the place of its last letter; nothing has it.
const LOOKS_LIKE_AN_ID: &str = "flow_0000000000000000000000000I";

/// Texts that are nobody's id.
const MALFORMED: &[&str] = &[
    "x",
    "%20",
    "%00",
    "%2e%2e%2f",
    "00000000-0000-7000-8000-00000000000",
    LOOKS_LIKE_AN_ID,
    "%F0%9F%90%91",
    "1%27%20OR%20%271%27=%271",
];

/// A page of a browser is the same whatever its address names; what it shows it asks other routes for.
fn is_page(route: &Route) -> bool {
    route.doc.answers.iter().any(|answer| answer.body.is_some_and(|body| body.media == "text/html"))
}

/// What an answer says, without what differs by request.
fn told(answer: &Answer) -> Value {
    let mut json = answer.json.clone();
    if let Value::Object(map) = &mut json {
        map.retain(|name, _| !matches!(name.as_str(), "instance" | "request_id" | "meta" | "id"));
    }
    // The workflow API says which id it was asked for.
    if let Some(details) = json.pointer_mut("/error/details").and_then(Value::as_object_mut) {
        details.retain(|name, _| name != "id");
    }
    json!([answer.status.as_u16(), json])
}

/// Everybody of the first workspace who could call the route.
fn callers(world: &World, route: &Route) -> Vec<(&'static str, String)> {
    let mut callers = Vec::new();
    if route.auth.session {
        callers.push(("a session", world.home.session.clone()));
    }
    if route.auth.token && route.scope != Some("own") {
        callers.push(("a token", world.home.token.clone()));
    }
    if route.auth.key.is_some() {
        callers.push(("a key", key_of(&world.home, route).to_owned()));
    }
    callers
}

fn named(path: &str, text: &str) -> Value {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    // A version of a flow, and a placement of an app, that is not there is not looked at.
    let text_of = |name: &str| match name {
        "version" | "n" => "1".to_owned(),
        "key" => "nothing_here".to_owned(),
        _ => text.to_owned(),
    };
    names.map(|name| (name.to_owned(), json!(text_of(name)))).collect()
}

on_both! {
    async fn what_is_not_there_is_not_told_from_what_is_elsewhere(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        let names_something = |route: &Route| route.path.contains('{') && !is_page(route);
        for (route, row) in walk().into_iter().filter(|(route, row)| names_something(route) && !row.ends_session) {
            let foreign = world.make(&world.away, row.thing).await;
            let body = row.body.map(|body| body(&foreign));
            let callers = match route.auth.public {
                true => vec![("nobody", String::new())],
                false => callers(&world, &route),
            };
            // The treasury looks at a file before it looks for what the file is for (Treasury contract, section 1.4), and so do placements.
            let takes_file = route.doc.takes.is_some_and(|takes| takes.media != "application/json");
            let looks_first = is_treasury(&route) || is_placements(&route);
            let callers = if looks_first && takes_file { Vec::new() } else { callers };
            for (who, credential) in callers {
                let ask = |path: String| -> Asking<'_> {
                    let asking = world.ask(&route, &path, body.as_ref());
                    if credential.is_empty() { asking } else { asking.bearer(&credential) }
                };
                let (missing, unlike) = ask(world.path(&row, &named(route.path, MISSING))).try_send().await;
                problems.extend(unlike);
                // Some calls are not for everybody, or not for every database, whatever they name, and say so before they look.
                let is_agents = is_agents(&route);
                let by_rule = !is_agents && missing.status == 403 && route.doc.refuses.iter().any(|(status, _)| *status == 403);
                // Of placements, some need a parameter that a row does not give.
                let needs_more = is_placements(&route) && !row.cannot_succeed.is_empty() && missing.status == 400;
                if by_rule || needs_more || code(&missing) == "not_supported" {
                    continue;
                }
                // Agents of others and agents that are none are refused alike (agents contract, section 1.1).
                let expected = if is_agents { 403 } else { 404 };
                if missing.status != expected {
                    let (status, code) = (missing.status, code(&missing));
                    problems.push(format!("{route:?}: {who} was answered {status} {code} for what is not there: {}", missing.json));
                }
                let mut others: Vec<String> = MALFORMED.iter().map(|text| world.path(&row, &named(route.path, text))).collect();
                if is_agents {
                    // An id of blanks only is no id at all.
                    others.retain(|path| !path.contains("%20"));
                }
                if is_treasury(&route) && !route.auth.public {
                    // There, what is no id is wrong input.
                    let (ids, malformed): (Vec<String>, Vec<String>) =
                        others.drain(..).partition(|path| path.contains(LOOKS_LIKE_AN_ID));
                    others = ids;
                    for path in malformed {
                        let (answer, unlike) = ask(path.clone()).try_send().await;
                        problems.extend(unlike);
                        if answer.status != 422 || answer.json["errors"][0]["loc"][0] != "path" {
                            problems.push(format!("{route:?}: {who} is told {} at {path}", told(&answer)));
                        }
                    }
                }
                if is_placements(&route) && route.path.contains("{appId}") {
                    // The id of the app is looked at before anything else.
                    let (ids, malformed): (Vec<String>, Vec<String>) =
                        others.drain(..).partition(|path| path.contains(LOOKS_LIKE_AN_ID));
                    others = ids;
                    for path in malformed {
                        let (answer, unlike) = ask(path.clone()).try_send().await;
                        problems.extend(unlike);
                        if (answer.status.as_u16(), code(&answer)) != (400, "invalid_app_id") {
                            problems.push(format!("{route:?}: {who} is told {} at {path}", told(&answer)));
                        }
                    }
                }
                let is_of_sdk = route.auth.key == Some(KeyKind::PlacementsSdk);
                if is_of_sdk && row.thing != Thing::None {
                    // Devices are told which of the two it is (placements contract, section 1.2).
                    let (answer, unlike) = ask(world.path(&row, &foreign)).try_send().await;
                    problems.extend(unlike);
                    if (answer.status.as_u16(), code(&answer)) != (403, "forbidden") {
                        problems.push(format!("{route:?}: {who} is told {} of what is elsewhere", told(&answer)));
                    }
                } else if !route.auth.public && row.thing != Thing::None {
                    others.push(world.path(&row, &foreign));
                }
                for path in others {
                    let (answer, unlike) = ask(path.clone()).try_send().await;
                    problems.extend(unlike);
                    if told(&answer) != told(&missing) {
                        problems.push(format!("{route:?}: {who} is told {} at {path}, not {}", told(&answer), told(&missing)));
                    }
                }
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    async fn ones_own_is_found_in_both_spellings(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        let has_id = |(route, row): &(Route, Row)| {
            let is_read = route.path.contains("{id}") && route.method == http::Method::GET;
            is_read && row.thing != Thing::None && row.cannot_succeed.is_empty()
        };
        for (route, row) in walk().into_iter().filter(has_id) {
            let thing = world.make(&world.home, row.thing).await;
            let bits = floe_model::id::parse_bits(thing["id"].as_str().unwrap_or_default()).expect("an id");
            for text in [thing["id"].as_str().unwrap_or_default().to_owned(), uuid(bits), format!("flow_{}", floe_model::id::to_base32(bits))] {
                let mut other = thing.clone();
                other["id"] = json!(text);
                let (answer, unlike) = world.call(&route, &world.home, &world.path(&row, &other), None).try_send().await;
                problems.extend(unlike);
                if !answer.status.is_success() {
                    problems.push(format!("{route:?}: {text} was answered {} {}", answer.status, code(&answer)));
                }
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}

fn uuid(bits: u128) -> String {
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
