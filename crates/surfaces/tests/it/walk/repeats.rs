//! Good calls: each route does what it declares, and a repeat under the same key does nothing more.

use floe_model::access::KeyKind;
use floe_surfaces::http::Route;
use floe_testkit::on_both;
use http::Method;
use serde_json::Value;

use super::rows::Row;
use super::walk;
use super::world::{World, code, is_placements, is_treasury, is_workflows};
use crate::app::Answer;

/// Characters from which a text can be a secret.
const SECRET_MIN: usize = 20;
/// Members that are told once: null in an answer that is repeated (console contract, section 4).
const ONCE: [&str; 5] = ["key", "token", "url", "secret", "reset_url"];

fn is_good(route: &Route, answer: &Answer) -> bool {
    let status = answer.status.as_u16();
    (200..400).contains(&status) && route.doc.answers.iter().any(|one| one.status == status)
}

fn is_told_once(name: &str, text: &str) -> bool {
    // The address of a webhook is no secret link, nor is that of a trigger.
    let is_address = text == crate::hooks::url(200) || text.contains("/webhooks/trigger_");
    ONCE.contains(&name) && text.len() >= SECRET_MIN && !is_address
}

/// Whether a repeat says what the first answer said, but for what is told once.
fn repeats(first: &Value, again: &Value, name: &str) -> bool {
    match (first, again) {
        (_, Value::Null) if ONCE.contains(&name) => true,
        // Told once, and told again.
        (Value::String(text), Value::String(_)) if is_told_once(name, text) => false,
        (Value::Object(one), Value::Object(other)) => {
            let same =
                |(name, value): (&String, &Value)| other.get(name).is_some_and(|again| repeats(value, again, name));
            one.len() == other.len() && one.iter().all(same)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(first, again)| repeats(first, again, ""))
        }
        _ => first == again,
    }
}

async fn see(world: &World, route: &Route, row: &Row) -> Vec<String> {
    let thing = world.make(&world.home, row.thing).await;
    let body = row.body.map(|body| body(&thing));
    let path = world.path(row, &thing);
    let mut problems = Vec::new();
    let mut tell = |what: &str, good: bool, (answer, unlike): &(Answer, Option<String>)| {
        problems.extend(unlike.clone());
        if !good {
            problems.push(format!("{route:?}: {what} was answered {} {} {}", answer.status, code(answer), answer.json));
        }
    };
    let ask = |key: &str, body: Option<&Value>| {
        let asking = world.call(route, &world.home, &path, body);
        match key {
            "" => asking,
            key => asking.header("idempotency-key", key),
        }
    };
    // What a device sends is told apart by its content, if at all.
    let is_of_sdk = route.auth.key == Some(KeyKind::PlacementsSdk);
    if route.method != Method::POST || route.auth.public || is_of_sdk {
        let answer = ask("", body.as_ref()).try_send().await;
        tell("a good call", is_good(route, &answer.0), &answer);
        return problems;
    }
    let long = "k".repeat(256);
    // The treasury takes every printable character.
    let wrong = if is_treasury(route) { &[long.as_str()][..] } else { &[long.as_str(), "with space"] };
    for key in wrong {
        let answer = ask(key, body.as_ref()).try_send().await;
        tell("a key of another form", answer.0.status == 400, &answer);
    }
    let first = ask("once", body.as_ref()).try_send().await;
    tell("a good call", is_good(route, &first.0) && first.0.header("idempotent-replayed").is_empty(), &first);
    let again = ask("once", body.as_ref()).try_send().await;
    let same = again.0.status == first.0.status
        && again.0.header("idempotent-replayed") == "true"
        && repeats(&first.0.json, &again.0.json, "");
    tell("a repeat", same, &again);
    if let Some(other) = row.other.map(|other| other(&thing)) {
        let answer = ask("once", Some(&other)).try_send().await;
        let expected = match () {
            () if is_placements(route) => (409, "conflict"),
            () if is_workflows(route) => (400, "validation_error"),
            () => (422, "idempotency_mismatch"),
        };
        let refused = (answer.0.status.as_u16(), code(&answer.0)) == expected;
        tell("another body under the same key", refused, &answer);
    } else if route.doc.takes.is_some() {
        problems.push(format!("{route:?}: its row has no other good body"));
    }
    problems
}

on_both! {
    async fn a_good_call_is_answered_as_declared_and_a_repeat_adds_nothing(store: TestStore) {
        let world = World::new(store).await;
        let mut problems = Vec::new();
        for (route, row) in walk().into_iter().filter(|(_, row)| row.cannot_succeed.is_empty()) {
            problems.extend(see(&world, &route, &row).await);
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
