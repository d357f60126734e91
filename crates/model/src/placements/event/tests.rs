use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AppRules, Entry, Event, EventType, Missed, NotEvents, Shown, journal, json::shape, split};
use crate::id::{AppId, ScreenFlowId, ScreenVersionId, WorkspaceId};
use crate::placements::{NoFlow, Platform};
use crate::{Mode, Scope, Timestamp};

const APP: &str = "3b2e0000-0000-4000-8000-000000000001";
const FLOW: &str = "6f0f0000-0000-4000-8000-000000000002";
const VERSION: &str = "b2b70000-0000-4000-8000-000000000003";

fn now() -> Timestamp {
    Timestamp::parse("2026-01-20T00:00:00Z").expect("an instant")
}

fn rules(app: AppId) -> Option<AppRules> {
    (app.to_string() == APP).then_some(AppRules { app, custom_events: false })
}

/// An event that is right.
fn good() -> Value {
    json!({
        "event_id": "0D9C1B1E-3F0A-4A41-9A2D-7A6A7E5B1F10", "app_id": APP.to_uppercase(), "flow_id": FLOW,
        "flow_version_id": VERSION, "flow_version": 3, "placement_id": "onboarding",
        "user_id": "F5057FEE-4C3E-4459-82DD-21250B729601", "session_id": "S-1", "device_platform": "ios",
        "event_type": "screen_exit", "timestamp": "2026-01-15T10:30:00.123456789+01:00", "sdk_version": "1.3.1",
        "is_debug": false, "screen_id": "s1", "screen_index": 0, "time_on_screen_ms": 4210, "app_version": "2.1.0",
        "country": "us", "properties": {"delivery_source": "network"}, "unknown": [1, 2],
    })
}

/// A good event with one member changed; `null` takes it away.
fn with(member: &str, value: Value) -> String {
    let mut event = good();
    event[member] = value;
    event.to_string()
}

/// Reads one event: what it is shown as, or code and field of the rejection.
fn read(text: &str, custom_events: bool) -> Result<Value, (String, String)> {
    let events = split(text.as_bytes()).expect("an event");
    let rules = |app| rules(app).map(|rules| AppRules { custom_events, ..rules });
    match Event::read(events[0], &rules, now()) {
        Ok(event) => {
            let mut text = String::new();
            Shown { mode: Mode::Live, received_at: now(), event }.write(&mut text);
            Ok(serde_json::from_str(&text).expect("JSON"))
        }
        Err(rejection) => Err((rejection.code.to_owned(), rejection.field.to_owned())),
    }
}

#[test]
fn a_good_event_is_kept_as_it_was_sent() {
    let shown = read(&good().to_string(), false).expect("a good event");
    let mut expected = good();
    expected["event_id"] = json!("0d9c1b1e-3f0a-4a41-9a2d-7a6a7e5b1f10");
    expected["app_id"] = json!(APP);
    expected["country"] = json!("US");
    expected["timestamp"] = json!("2026-01-15T09:30:00.123Z");
    expected["environment"] = json!("live");
    expected["received_at"] = json!("2026-01-20T00:00:00.000Z");
    expected.as_object_mut().expect("an object").remove("unknown");
    assert_eq!(shown, expected);
}

#[test]
fn each_wrong_member_rejects_the_event_with_its_code() {
    let long = |length: usize| Value::String("é".repeat(length));
    let deep = json!({"a": {"b": {"c": {"d": {"e": 1}}}}});
    let many: Value = (0..101).map(|at| (format!("k{at}"), json!(at))).collect::<serde_json::Map<_, _>>().into();
    let cases: Vec<(&str, Value, &str)> = vec![
        ("event_id", Value::Null, "invalid_event_id"),
        ("event_id", json!("0d9c1b1e3f0a4a419a2d7a6a7e5b1f10"), "invalid_event_id"),
        ("event_id", json!(7), "invalid_event_id"),
        ("app_id", json!(FLOW), "app_id_mismatch"),
        ("app_id", Value::Null, "app_id_mismatch"),
        ("flow_id", json!("bundled"), "flow_mismatch"),
        ("flow_version_id", json!("bundled"), "unknown_flow_version"),
        ("user_id", json!("  "), "validation_failed"),
        ("user_id", long(257), "validation_failed"),
        ("user_id", json!("a\u{0}b"), "validation_failed"),
        ("session_id", json!(5), "validation_failed"),
        ("device_platform", json!("iOS"), "validation_failed"),
        ("event_type", json!("bought"), "unknown_event_type"),
        ("event_type", Value::Null, "unknown_event_type"),
        ("event_type", json!("resolve_no_flow"), "server_only_event"),
        ("timestamp", json!("yesterday"), "invalid_timestamp"),
        ("timestamp", json!("2026-01-15"), "invalid_timestamp"),
        ("timestamp", json!("2026-01-15T10:30:00"), "invalid_timestamp"),
        ("timestamp", json!("2026-01-15T10:30:00Z[UTC]"), "invalid_timestamp"),
        ("timestamp", json!(1_768_473_000), "invalid_timestamp"),
        ("timestamp", json!("2025-10-21T23:59:59Z"), "timestamp_out_of_range"),
        ("timestamp", json!("2026-01-21T00:00:01Z"), "timestamp_out_of_range"),
        ("sdk_version", Value::Null, "validation_failed"),
        ("sdk_version", json!(""), "validation_failed"),
        ("placement_id", json!(["a"]), "validation_failed"),
        ("flow_version", json!(0), "validation_failed"),
        ("flow_version", json!(1.5), "validation_failed"),
        ("screen_index", json!(-1), "validation_failed"),
        ("time_on_screen_ms", json!(9_007_199_254_740_993_i64), "validation_failed"),
        ("revenue", json!("9.99"), "validation_failed"),
        ("revenue", json!(1e16), "validation_failed"),
        ("currency", json!("EURO"), "validation_failed"),
        ("is_debug", json!("true"), "validation_failed"),
        ("properties", json!([]), "validation_failed"),
        ("properties", json!({"a": deep}), "validation_failed"),
        ("properties", many, "validation_failed"),
        ("properties", json!({"a": "x".repeat(16 * 1024)}), "validation_failed"),
        ("ab_assignments", json!({"node": 5}), "validation_failed"),
        ("ab_assignments", json!({"node": "a\u{0}"}), "validation_failed"),
    ];
    for (member, value, code) in cases {
        let text = with(member, value.clone());
        assert_eq!(read(&text, false), Err((code.to_owned(), member.to_owned())), "{member}: {value}");
    }
    let huge = good().to_string().replace("4210", "1e999");
    assert_eq!(read(&huge, false).map_err(|(code, _)| code), Err("validation_failed".to_owned()));
}

#[test]
fn what_the_contract_allows_is_taken() {
    let deep = json!({"a": {"b": {"c": {"d": 1}}}, "text": "}]{[\"\\"});
    let cases: Vec<(&str, Value, &str, Value)> = vec![
        ("user_id", Value::String("é".repeat(256)), "user_id", Value::String("é".repeat(256))),
        ("country", json!("USA"), "country", Value::Null),
        ("country", json!(5), "country", Value::Null),
        ("currency", json!("eur"), "currency", json!("EUR")),
        ("revenue", json!(-9.99), "revenue", json!(-9.99)),
        ("properties", deep.clone(), "properties", deep),
        ("timestamp", json!("2025-10-22T00:00:00Z"), "timestamp", json!("2025-10-22T00:00:00.000Z")),
        ("timestamp", json!("2026-01-21T00:00:00Z"), "timestamp", json!("2026-01-21T00:00:00.000Z")),
        ("experiment_id", json!(FLOW.to_uppercase()), "experiment_id", json!(FLOW)),
        ("experiment_id", json!("My-Test"), "experiment_id", json!("My-Test")),
        ("flow_version", Value::Null, "flow_version", Value::Null),
        ("screen_name", json!("a\"b\\c"), "screen_name", json!("a\"b\\c")),
        ("ab_assignments", json!({"node": "v1"}), "ab_assignments", json!({"node": "v1"})),
    ];
    for (member, value, shown, expected) in cases {
        let read = read(&with(member, value), false).expect(member);
        assert_eq!(read.get(shown).cloned().unwrap_or(Value::Null), expected, "{member}");
    }
}

#[test]
fn an_app_may_take_types_of_its_own() {
    let cases = [("bought.it:now-2", true), ("1st", false), ("a b", false), ("resolve_no_flow", false)];
    for (word, taken) in cases {
        assert_eq!(read(&with("event_type", json!(word)), true).is_ok(), taken, "{word}");
    }
    assert!(read(&with("event_type", Value::String("a".repeat(64))), true).is_ok());
    assert!(read(&with("event_type", Value::String("a".repeat(65))), true).is_err());
}

#[test]
fn a_body_is_an_event_or_a_list_or_wrapped() {
    let count = |body: &str| split(body.as_bytes()).map(|events| events.len());
    let many = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
    let cases: Vec<(String, Result<usize, NotEvents>)> = vec![
        ("{}".to_owned(), Ok(1)),
        (" [ {} , 5, null ] ".to_owned(), Ok(3)),
        (r#"{"events":[{},{}],"more":1}"#.to_owned(), Ok(2)),
        (r#"{"events":{}}"#.to_owned(), Err(NotEvents::Type)),
        (r#"{"events":null}"#.to_owned(), Ok(1)),
        (many(100), Ok(100)),
        (many(101), Err(NotEvents::TooMany)),
        ("[]".to_owned(), Err(NotEvents::None)),
        ("\"text\"".to_owned(), Err(NotEvents::Type)),
        ("[{}".to_owned(), Err(NotEvents::Json)),
        (String::new(), Err(NotEvents::Json)),
        ("[".repeat(100_000), Err(NotEvents::Json)),
    ];
    for (body, expected) in cases {
        assert_eq!(count(&body), expected, "{}", &body[..body.len().min(60)]);
    }
    assert_eq!(split(b"[\"\xff\"]").map(|events| events.len()), Err(NotEvents::Json));
    let nested = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
    let events = split(nested.as_bytes());
    assert!(events.is_ok_and(|events| Event::read(events[0], &rules, now()).is_err()), "only that event is wrong");
}

#[test]
fn flow_and_version_have_to_belong_together() {
    let body = good().to_string();
    let events = split(body.as_bytes()).expect("an event");
    let event = Event::read(events[0], &rules, now()).expect("a good event");
    let app = AppId::parse(APP).expect("an id");
    let flow = ScreenFlowId::parse(FLOW).expect("an id");
    assert_eq!(event.version, ScreenVersionId::parse(VERSION).ok());
    let code = |known| event.check_flow(known).map_err(|rejection| rejection.code);
    assert_eq!(code(Some((app, flow))), Ok(()));
    assert_eq!(code(Some((app, ScreenFlowId(5)))), Err("flow_mismatch"));
    assert_eq!(code(Some((AppId(5), flow))), Err("unknown_flow_version"));
    assert_eq!(code(None), Err("unknown_flow_version"));
}

#[test]
fn shapes_are_found_without_building() {
    let cases = [
        ("{}", (1, 0)),
        ("{ }", (1, 0)),
        (r#"{"a":1}"#, (1, 1)),
        (r#"{"a":[],"b":{"c":[1,2,3]}}"#, (3, 2)),
        (r#"{"a":",{\"[","b":"\\"}"#, (1, 2)),
        (r#"{"":{}}"#, (2, 1)),
        ("5", (0, 0)),
    ];
    for (text, expected) in cases {
        assert_eq!(shape(text), expected, "{text}");
    }
}

#[test]
fn the_event_of_a_resolve_without_a_flow_says_why() {
    let from = Missed {
        app: AppId::parse(APP).expect("an id"),
        placement: "pay",
        user_id: "u\0",
        session_id: "s",
        platform: Platform::Web,
        reason: NoFlow::PlacementPaused,
        at: now(),
    };
    let event = Event::no_flow(9, &from);
    assert_eq!(event.known_kind(), Some(EventType::ResolveNoFlow));
    let mut text = String::new();
    Shown { mode: Mode::Test, received_at: now(), event }.write(&mut text);
    let shown: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(shown["properties"], json!({"reason": "placement_paused"}));
    assert_eq!(shown["user_id"], "u\u{fffd}");
    assert!(shown.get("flow_id").is_none());
}

fn a_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{0,20}")
}

proptest! {
    /// What goes into the journal comes out of it, however many entries there are.
    #[test]
    fn the_journal_gives_back_what_it_took(
        ids in (any::<u128>(), any::<u128>(), 1..u128::MAX, any::<i64>()),
        texts in proptest::collection::vec(a_text(), 8),
        numbers in (proptest::option::of(0..i64::MAX), proptest::option::of(-1e9..1e9_f64)),
        is_debug in any::<bool>(),
        count in 0..4_usize,
    ) {
        let text = |at: usize| texts[at].as_deref().map(std::borrow::Cow::Borrowed);
        let from = Missed {
            app: AppId(ids.0), placement: "p", user_id: "u", session_id: "s", platform: Platform::Android,
            reason: NoFlow::NoDefaultFlow, at: Timestamp(ids.3),
        };
        let event = Event {
            version: Some(ScreenVersionId(ids.2)),
            experiment: text(0), variant: text(1), screen_id: text(2), screen_name: text(3), currency: text(4),
            app_version: text(5), country: text(6), ab_assignments: text(7),
            screen_index: numbers.0, revenue: numbers.1, is_debug,
            ..Event::no_flow(ids.1, &from)
        };
        let scope = Scope { workspace: WorkspaceId(ids.1), mode: Mode::Test };
        let entry = Entry { scope, received_at: Timestamp(7), event };
        let mut body = journal::begin();
        for _ in 0..count {
            journal::append(&mut body, &entry);
        }
        prop_assert_eq!(journal::read(&body), Ok(vec![entry.clone(); count]));
        if count > 0 {
            prop_assert!(journal::read(&body[..body.len() - 1]).is_err());
        }
    }
}
