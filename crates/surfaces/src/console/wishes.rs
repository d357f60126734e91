//! `/me/pin` and `/me/notification-rules`: what a member sets for itself (console contract, sections 5.1 and 5.10).

use floe_access::wishes::{self, CHANNELS, Rule};
use floe_model::Fault;
use floe_model::event_types::EVENT_TYPES;
use serde_json::{Value, json};

use super::shapes::wishes as shapes;
use super::{Rights, SURFACE, session};
use crate::http::{Auth, Call, Fields, Reply, Route};

/// Rules of one member.
const RULES_MAX: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::put(&SURFACE, "/console/v1/me/pin", Auth::SESSION, set_pin)
            .doc("Set your PIN for payments")
            .takes(shapes::PIN)
            .answers_nothing(204)
            .refuses(403, &["invalid_credentials"])
            .refuses(429, &["rate_limited"]),
        Route::get(&SURFACE, "/console/v1/me/notification-rules", Auth::MEMBER, rules)
            .any_reads()
            .doc("Show where you are told what")
            .answers(200, shapes::RULES),
        Route::put(&SURFACE, "/console/v1/me/notification-rules", Auth::MEMBER, set_rules)
            .any_writes()
            .doc("Set where you are told what")
            .takes(shapes::NEW_RULES)
            .answers(200, shapes::RULES),
    ]
}

async fn set_pin(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let password = body.required_text("password", 1, 1_000);
    let pin = body.required_text("pin", 0, 100);
    if !(4..=6).contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
        body.problem("pin", "value", "pin must be 4 to 6 digits");
    }
    body.finish()?;
    session::facts(&call)?;
    call.app.access.set_pin(&call.act(), &password, &pin).await.map_err(session::confirm_fault)?;
    Ok(Reply::no_content())
}

async fn rules(call: Call) -> Result<Reply, Fault> {
    let rules = call.app.access.notification_rules(&call.ctx.caller).await?;
    Reply::ok(&rules_object(&rules))
}

async fn set_rules(call: Call) -> Result<Reply, Fault> {
    let mut body = call.fields()?;
    let rules = read_rules(&mut body);
    body.finish()?;
    let act = call.act();
    call.commit(
        move |tx| {
            wishes::set_notification_rules(tx, &act, &rules)?;
            Ok(rules_object(&rules))
        },
        |object| Reply::ok(&object),
    )
    .await
}

fn read_rules(body: &mut Fields) -> Vec<Rule> {
    let list = match body.value("rules") {
        Some(Value::Array(list)) if list.len() <= RULES_MAX => list,
        Some(_) => {
            body.problem("rules", "type", format!("rules must be a list of at most {RULES_MAX}"));
            return Vec::new();
        }
        None => {
            body.problem("rules", "required", "rules is required");
            return Vec::new();
        }
    };
    let mut rules: Vec<Rule> = Vec::with_capacity(list.len());
    for (at, value) in list.into_iter().enumerate() {
        match read_rule(&value) {
            Ok(rule) if rules.iter().any(|known| known.event == rule.event) => {
                body.problem(&format!("rules/{at}/event"), "value", "There is a rule for this event already");
            }
            Ok(rule) => rules.push(rule),
            Err((field, message)) => body.problem(&format!("rules/{at}{field}"), "value", message),
        }
    }
    rules
}

/// Reads `{event, channels[]}`, or says which part is wrong.
fn read_rule(value: &Value) -> Result<Rule, (&'static str, String)> {
    let Value::Object(map) = value else { return Err(("", "A rule is an object".to_owned())) };
    if let Some(name) = map.keys().find(|name| !matches!(name.as_str(), "event" | "channels")) {
        let shown: String = name.chars().take(100).collect();
        return Err(("", format!("There is no field {shown:?} here")));
    }
    let event = map.get("event").and_then(Value::as_str).filter(|event| EVENT_TYPES.contains(event));
    let event = event.ok_or(("/event", "There is no such event; see /console/v1/catalog/event-types".to_owned()))?;
    let wrong = || ("/channels", format!("channels must hold some of: {}", CHANNELS.join(", ")));
    let list = map.get("channels").and_then(Value::as_array).ok_or_else(wrong)?;
    let known = |value: &Value| CHANNELS.into_iter().find(|channel| value.as_str() == Some(channel));
    let asked = list.iter().map(|value| known(value).ok_or_else(wrong)).collect::<Result<Vec<_>, _>>()?;
    let channels = CHANNELS.into_iter().filter(|channel| asked.contains(channel)).map(str::to_owned).collect();
    Ok(Rule { event: event.to_owned(), channels })
}

fn rules_object(rules: &[Rule]) -> Value {
    let list: Vec<Value> = rules.iter().map(|rule| json!({ "event": rule.event, "channels": rule.channels })).collect();
    json!({ "rules": list })
}
