use serde_json::{Map, Value, json};

use super::*;
use crate::Timestamp;

fn read(kind: TriggerKind, config: &Value) -> Result<TriggerConfig, Vec<String>> {
    let given = config.as_object().expect("an object");
    let read = read_config(kind, &canonical(kind, given));
    read.map_err(|problems| problems.into_iter().map(|one| one.path).collect())
}

#[test]
fn configurations_are_checked() {
    use TriggerKind::{Event, Manual, Schedule, Webhook};
    let cases = [
        (Schedule, json!({ "cronExpression": "*/5 * * * *" }), None),
        (Schedule, json!({ "schedule": "0 9 * * 1-5", "timezone": "Africa/Lagos" }), None),
        (Schedule, json!({ "cron": "@daily" }), None),
        (Schedule, json!({}), Some("/config/cronExpression")),
        (Schedule, json!({ "cron": "* * * * * *" }), Some("/config/cronExpression")),
        (Schedule, json!({ "cron": "61 * * * *" }), Some("/config/cronExpression")),
        (Schedule, json!({ "cron": "0 0 30 2 *" }), Some("/config/cronExpression")),
        (Schedule, json!({ "cron": "0 0 * * *", "timezone": "Mars/North" }), Some("/config/timezone")),
        (Webhook, json!({}), None),
        (Webhook, json!({ "method": "post", "authType": "hmac", "responseFormat": "text" }), None),
        (Webhook, json!({ "method": "OPTIONS" }), Some("/config/method")),
        (Webhook, json!({ "authType": "basic" }), Some("/config/authType")),
        (Webhook, json!({ "responseFormat": "xml" }), Some("/config/responseFormat")),
        (Webhook, json!({ "allowedOrigins": 1 }), Some("/config/allowedOrigins")),
        (Event, json!({ "eventType": "execution.failed" }), None),
        (Event, json!({ "eventType": "workflows.execution.failed" }), None),
        (Event, json!({ "provider": "github", "event": "push" }), None),
        (Event, json!({ "source": "github", "eventType": "push" }), None),
        (Event, json!({ "eventType": "push" }), Some("/config/eventType")),
        (Event, json!({ "providerId": "github" }), Some("/config/eventId")),
        (Event, json!({ "eventType": "execution.failed", "filters": [] }), Some("/config/filters")),
        (Manual, json!({ "inputs": { "a": 1 }, "requireInputs": true, "inputSchema": {} }), None),
        (Manual, json!({ "inputs": [] }), Some("/config/inputs")),
        (Manual, json!({ "requireInputs": "yes" }), Some("/config/requireInputs")),
    ];
    for (kind, config, problem) in cases {
        match (read(kind, &config), problem) {
            (Ok(_), None) => {}
            (Err(paths), Some(problem)) => assert_eq!(paths, [problem], "{config}"),
            (read, _) => panic!("{config}: {read:?}"),
        }
    }
}

#[test]
fn members_have_one_name() {
    let config =
        json!({ "schedule": "1 * * * *", "cron": "2 * * * *", "cronExpression": "3 * * * *", "x": null, "y": 1 });
    let config = canonical(TriggerKind::Schedule, config.as_object().expect("an object"));
    assert_eq!(Value::Object(config), json!({ "cronExpression": "3 * * * *", "timezone": "UTC", "y": 1 }));
    assert_eq!(TriggerKind::of_node("cron"), TriggerKind::Schedule);
    assert_eq!(TriggerKind::of_node("slack"), TriggerKind::Event);
}

#[test]
fn filters_are_equality_on_paths() {
    let payload = json!({ "status": "failed", "run": { "tries": 2, "tags": ["a", "b"] }, "a.b": 1 });
    for (filters, expected) in [
        (json!({}), true),
        (json!({ "status": "failed" }), true),
        (json!({ "status": "Failed" }), false),
        (json!({ "run.tries": 2.0, "run.tags.1": "b" }), true),
        (json!({ "run.tags.2": "b" }), false),
        (json!({ "run.tags.2": null, "missing.path": null }), true),
        (json!({ "a.b": 1 }), true),
        (json!({ "run": { "tries": 2, "tags": ["a", "b"] } }), true),
    ] {
        let Value::Object(map) = filters.clone() else { unreachable!("an object") };
        let source = EventSource { provider: None, event: String::new(), filters: map };
        assert_eq!(matches(&source, &payload), expected, "{filters}");
    }
}

#[test]
fn ticks_are_made_up_for_within_a_minute() {
    let Ok(TriggerConfig::Schedule(rules)) = read(TriggerKind::Schedule, &json!({ "cron": "*/5 * * * *" })) else {
        panic!("a schedule")
    };
    let minute = |minutes: i64| Timestamp(minutes * 60_000_000);
    let seconds = |minutes: i64, seconds: i64| minute(minutes).plus_seconds(seconds);
    for (due, now, fires_for, next) in [
        (minute(5), minute(5), Some(minute(5)), minute(10)),
        (minute(5), seconds(5, 59), Some(minute(5)), minute(10)),
        (minute(5), seconds(6, 1), None, minute(10)),
        (minute(5), seconds(20, 30), Some(minute(20)), minute(25)),
        (minute(5), seconds(22, 0), None, minute(25)),
        // A clock that was set back.
        (minute(5), minute(1), Some(minute(5)), minute(10)),
    ] {
        assert_eq!(tick(&rules, due, now), TickRule { fires_for, next: Some(next) }, "{due} {now}");
    }
    assert_eq!(next_times(&rules, seconds(5, 1), 3), [minute(10), minute(15), minute(20)]);
}

#[test]
fn manual_inputs_lie_over_the_defaults() {
    let schema =
        json!({ "required": ["a"], "properties": { "a": { "type": "integer" }, "b": { "enum": ["x", "y"] } } });
    let rules = ManualRules {
        inputs: Map::from_iter([("b".to_owned(), json!("x"))]),
        schema: Some(schema),
        require_inputs: true,
    };
    let given = |value: Value| check_manual(&rules, value.as_object().expect("an object").clone());
    assert_eq!(given(json!({ "a": 1 })).map(Value::Object), Ok(json!({ "a": 1, "b": "x" })));
    assert_eq!(given(json!({ "a": 1, "b": "y", "c": 2 })).map(Value::Object), Ok(json!({ "a": 1, "b": "y", "c": 2 })));
    for (inputs, field) in [
        (json!({}), "/inputs"),
        (json!({ "b": "x" }), "/inputs/a"),
        (json!({ "a": 1.5 }), "/inputs/a"),
        (json!({ "a": 1, "b": "z" }), "/inputs/b"),
    ] {
        let problems = given(inputs.clone()).expect_err("refused");
        assert_eq!(problems[0].path, field, "{inputs}");
    }
}

#[test]
fn bodies_come_as_what_they_are() {
    let form = |_: &[u8]| vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
    for (media, body, expected) in [
        (None, &b""[..], Value::Null),
        (Some("application/json; charset=utf-8"), br#"{"a":1}"#, json!({ "a": 1 })),
        (Some("application/cloudevents+json"), b"[1]", json!([1])),
        (None, br#"{"a":1}"#, json!({ "a": 1 })),
        (Some("application/json"), b"{a", json!("{a")),
        (Some("text/plain"), br#"{"a":1}"#, json!(r#"{"a":1}"#)),
        (Some("application/x-www-form-urlencoded"), b"a=1&a=2", json!({ "a": ["1", "2"] })),
        (Some("application/octet-stream"), b"a\0\xff", json!("a\u{fffd}\u{fffd}")),
    ] {
        assert_eq!(body_of_request(media, body, form), expected, "{media:?}");
    }
    assert_eq!(object_of_pairs(Vec::new()), json!({}));
}
