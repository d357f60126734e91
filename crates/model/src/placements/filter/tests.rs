use std::collections::HashMap;

use proptest::prelude::*;

use super::super::attributes::Attributes;
use super::super::words::Platform;
use super::*;

const VECTORS: &str = include_str!("../../../tests/data/placements-filter-vectors.json");

fn subject<'a>(attributes: &'a Attributes<'a>) -> Subject<'a> {
    Subject { user_id: "user-1", platform: Platform::Ios, attributes: Some(attributes) }
}

fn attributes(value: &Value) -> Attributes<'_> {
    Attributes::of(value.as_object().expect("attributes are an object"))
}

fn matches(filter: &Value, attributes: &Value) -> bool {
    let filter = Filter::check(filter, "").unwrap_or_else(|problems| panic!("{filter} is refused: {problems:?}"));
    filter.matches(&subject(&self::attributes(attributes)))
}

fn one(operator: &str, value: Value, actual: Value) -> bool {
    let filter = json!({ "conditions": [{ "property": "p", "operator": operator, "value": value }] });
    matches(&filter, &json!({ "p": actual }))
}

#[test]
fn every_filter_vector_holds() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("the file is JSON");
    let cases = vectors["cases"].as_array().expect("cases");
    assert!(cases.len() >= 186, "the file lost cases");
    for case in cases {
        let attributes = &attributes(&case["attributes"]);
        // A filter with a value of the wrong type cannot be saved; one that was saved all the same matches nobody there.
        let filter = Filter::stored(&case["filter"]);
        let expected = case["match"].as_bool().expect("an answer");
        assert_eq!(filter.matches(&subject(attributes)), expected, "{}", case["description"]);
        assert_eq!(filter.explain(&subject(attributes)).0, expected, "explained: {}", case["description"]);
        let is_refused = Filter::check(&case["filter"], "").is_err();
        assert_eq!(is_refused, case["description"] == "in \"US\" against \"US\"", "{}", case["description"]);
    }
}

#[test]
fn semantics_that_the_vectors_leave_out() {
    let cases = [
        ("equals", json!(true), json!("true"), true),
        ("equals", json!("1"), json!(true), false),
        ("equals", json!("9007199254740993"), json!(9_007_199_254_740_993_i64), true),
        ("equals", json!("-0.5"), json!(-0.5), true),
        ("equals", json!("0"), json!(-0.0), true),
        ("contains", json!("straße"), json!("HAUPTSTRASSE"), false),
        ("contains", json!("οδός"), json!("ΜΕΓΆΛΗ ΟΔΌΣ"), true),
        ("contains", json!("1"), json!(12), true),
        ("contains", json!("1"), json!([1]), true),
        ("contains", json!("a"), json!({ "a": 1 }), false),
        ("not_contains", json!("a"), json!({ "a": 1 }), true),
        ("in", json!(["5"]), json!(5.0), true),
        ("in", json!([true]), json!("true"), true),
        ("not_in", json!(["a"]), json!([]), true),
        ("gt", json!("5"), json!("1e1"), true),
        ("gt", json!("5"), json!("0x10"), false),
        ("gt", json!("5"), json!("inf"), false),
        ("gt", json!("5"), json!("1e999"), false),
        ("lt", json!(".5"), json!("-.25"), true),
        ("exists", json!("false"), json!(null), true),
        ("exists", json!("false"), json!(0), false),
        ("semver_eq", json!("1.2"), json!("1.2.0.0+7"), true),
        ("semver_lt", json!("1.0.0-10"), json!("1.0.0-9"), true),
        ("semver_lt", json!("1.0.0-a"), json!("1.0.0-99999999999999999999999"), true),
        ("semver_gt", json!("1"), json!("+2"), false),
        ("semver_gt", json!("1"), json!("2."), false),
        ("semver_gt", json!("1.0"), json!("Version 17.4 (Build 21E213)"), false),
        ("semver_eq", json!("x"), json!("x"), false),
        ("date_after", json!("2026-01-01T00:00:00.123456788Z"), json!("2026-01-01T00:00:00.123456789Z"), true),
        ("date_before", json!("2026-02-30"), json!("2026-01-01"), false),
        ("date_after", json!(0), json!("1767225599.5"), true),
        ("date_after", json!("2026-01-01"), json!(1e300), false),
        ("matches", json!("b+"), json!("abbbc"), true),
        ("matches", json!("^\\d+$"), json!(15), true),
        ("matches", json!("^é$"), json!("é"), true),
    ];
    for (operator, value, actual, expected) in cases {
        assert_eq!(one(operator, value.clone(), actual.clone()), expected, "{actual} {operator} {value}");
    }
}

#[test]
fn properties_are_looked_up_whole_then_by_dots_then_in_the_request() {
    let equals = |property: &str, value: &str, attributes: Value| {
        matches(&json!({ "conditions": [{ "property": property, "operator": "equals", "value": value }] }), &attributes)
    };
    assert!(equals("device.platform", "ios", json!({})));
    assert!(equals("device.platform", "ios", json!({ "device.platform": null })));
    assert!(equals("device.platform", "tv", json!({ "device.platform": "tv" })), "the app's own word counts");
    assert!(equals("device.platform", "tv", json!({ "device": { "platform": "tv" } })));
    assert!(equals("user_id", "user-1", json!({})));
    assert!(equals("a.b.c", "x", json!({ "a.b.c": null, "a": { "b": { "c": "x" } } })));
    assert!(!equals("a.b.c", "x", json!({ "a.b": { "c": "x" } })), "dots are walked one by one");
    assert!(!equals("a.b", "x", json!({ "a": "x" })));
    let absent = Subject { user_id: "user-1", platform: Platform::Web, attributes: None };
    let filter = Filter::stored(&json!({ "conditions": [
        { "property": "device.platform", "operator": "equals", "value": "web" },
        { "property": "plan", "operator": "not_exists" },
    ]}));
    assert!(filter.matches(&absent));
}

#[test]
fn what_cannot_be_saved_is_named() {
    let condition = |operator: &str, value: Value| json!({ "conditions": [{ "property": "p", "operator": operator, "value": value }] });
    let deep = |levels: usize| {
        let leaf = json!({ "conditions": [{ "property": "p", "operator": "exists" }] });
        (1..levels).fold(leaf, |inner, _| json!({ "conditions": [inner] }))
    };
    let wide = |count: usize| json!({ "conditions": vec![json!({ "property": "p", "operator": "exists" }); count] });
    let cases = [
        (json!([]), "/f", "type"),
        (json!({ "match": "none", "conditions": [] }), "/f/match", "unknown"),
        (json!({ "conditions": {} }), "/f/conditions", "type"),
        (json!({ "conditions": [null] }), "/f/conditions/0", "type"),
        (json!({ "conditions": [{ "operator": "exists" }] }), "/f/conditions/0/property", "required"),
        (json!({ "conditions": [{ "property": "p" }] }), "/f/conditions/0/operator", "required"),
        (json!({ "conditions": [{ "property": "", "operator": "exists" }] }), "/f/conditions/0/property", "length"),
        (json!({ "conditions": [{ "property": 1, "operator": "exists" }] }), "/f/conditions/0/property", "type"),
        (json!({ "conditions": [{ "audience_id": "x" }] }), "/f/conditions/0/audience_id", "invalid"),
        (
            json!({ "conditions": [{ "property": "p", "operator": "exists", "conditions": [] }] }),
            "/f/conditions/0",
            "invalid",
        ),
        (condition("is", json!("x")), "/f/conditions/0/operator", "unknown"),
        (condition("equals", json!(null)), "/f/conditions/0/value", "required"),
        (condition("equals", json!(["x"])), "/f/conditions/0/value", "type"),
        (condition("gt", json!({})), "/f/conditions/0/value", "type"),
        (condition("in", json!("x")), "/f/conditions/0/value", "type"),
        (condition("in", json!(["x", null])), "/f/conditions/0/value/1", "type"),
        (condition("in", json!(vec!["x"; LIST_MAX + 1])), "/f/conditions/0/value", "range"),
        (condition("exists", json!([])), "/f/conditions/0/value", "type"),
        (condition("equals", json!("x".repeat(VALUE_CHARS_MAX + 1))), "/f/conditions/0/value", "length"),
        (condition("matches", json!("(")), "/f/conditions/0/value", "invalid"),
        (condition("matches", json!("(?=a)")), "/f/conditions/0/value", "invalid"),
        (condition("matches", json!("a".repeat(PATTERN_CHARS_MAX + 1))), "/f/conditions/0/value", "length"),
        (condition("matches", json!("((\\w{50}){50}){50}")), "/f/conditions/0/value", "range"),
        (deep(DEPTH_MAX + 1), "/f/conditions/0/conditions/0/conditions/0/conditions/0/conditions/0", "range"),
        (wide(CONDITIONS_MAX + 1), "/f", "range"),
        (json!({ "conditions": [wide(CONDITIONS_MAX), wide(1)] }), "/f/conditions/1/conditions/0", "range"),
    ];
    for (filter, path, code) in cases {
        let problems = Filter::check(&filter, "/f").expect_err("a filter that must be refused");
        assert_eq!(problems.len(), 1, "{filter}: {problems:?}");
        assert_eq!((problems[0].path.as_str(), problems[0].code), (path, code), "{filter}");
        assert!(!problems[0].message.is_empty());
    }
    for filter in [json!(null), json!({}), json!({ "match": "any" }), deep(DEPTH_MAX), wide(CONDITIONS_MAX)] {
        assert!(Filter::check(&filter, "").is_ok(), "{filter}");
    }
    let many = json!({ "conditions": vec![json!({}); 60] });
    assert_eq!(Filter::check(&many, "").expect_err("refused").len(), 20, "the list of problems ends");
}

#[test]
fn no_conditions_match_everybody_and_groups_nest() {
    for filter in [json!(null), json!({}), json!({ "match": "any", "conditions": [] })] {
        assert!(matches(&filter, &json!({})), "{filter}");
    }
    let empty_group = json!({ "match": "any", "conditions": [{ "conditions": [] }] });
    assert!(matches(&empty_group, &json!({})), "a group without conditions matches as well");
}

#[test]
fn saved_audiences_are_joined_in() {
    let id = |number: u128| AudienceId(number);
    let reference = |number: u128| json!({ "conditions": [{ "audience_id": id(number) }] });
    let nigeria = json!({ "conditions": [{ "property": "country", "operator": "equals", "value": "NG" }] });
    let filters = [(1, nigeria), (2, reference(1)), (3, reference(9)), (4, reference(5)), (5, reference(4))];
    let saved = Saved::new(filters.into_iter().map(|(number, filter)| (id(number), Filter::stored(&filter))).collect());
    let linked = saved.link();
    let attributes = json!({ "country": "NG" });
    let found: HashMap<u128, bool> =
        linked.iter().map(|(id, filter)| (id.0, filter.matches(&subject(&self::attributes(&attributes))))).collect();
    assert_eq!(found, HashMap::from([(1, true), (2, true), (3, false), (4, false), (5, false)]));

    let check = |number| saved.check(&Filter::stored(&reference(number)));
    assert_eq!(check(2), Ok(()));
    assert_eq!(check(9), Err(LinkProblem::Unknown(id(9))));
    assert_eq!(check(4), Err(LinkProblem::Cycle(id(4))));
    let own = saved.check_audience(id(1), &Filter::stored(&reference(2)));
    assert_eq!(own, Err(LinkProblem::Cycle(id(1))), "1 would use 2, which uses 1");
    assert_eq!(Filter::stored(&json!({ "conditions": [reference(2), reference(2)] })).audiences(), [id(2)]);
}

#[test]
fn the_limits_hold_with_saved_audiences_in_place() {
    let wide = |count| json!({ "conditions": vec![json!({ "property": "p", "operator": "exists" }); count] });
    let chain = |number: u128| json!({ "conditions": [{ "audience_id": AudienceId(number) }] });
    let mut saved = Saved::default();
    saved.insert(AudienceId(1), Filter::stored(&wide(60)));
    for number in 2..=6 {
        saved.insert(AudienceId(number), Filter::stored(&chain(number - 1)));
    }
    let twice =
        Filter::stored(&json!({ "conditions": [{ "audience_id": AudienceId(1) }, { "audience_id": AudienceId(1) }] }));
    assert_eq!(saved.check(&twice), Err(LinkProblem::TooMany));
    assert_eq!(saved.check(&Filter::stored(&chain(4))), Ok(()));
    assert_eq!(saved.check(&Filter::stored(&chain(5))), Err(LinkProblem::TooDeep));
    assert_eq!(saved.with_links().count(), 5);
}

#[test]
fn an_explanation_names_every_condition() {
    let filter = json!({ "match": "any", "conditions": [
        { "property": "country", "operator": "in", "value": ["US"] },
        { "match": "all", "conditions": [{ "property": "plan", "operator": "not_exists" }] },
        { "audience_id": AudienceId(7) },
    ]});
    let attributes = json!({ "country": "US", "plan": "free" });
    let (matched, detail) = Filter::stored(&filter).explain(&subject(&self::attributes(&attributes)));
    assert!(matched);
    let expected = json!([
        { "property": "country", "operator": "in", "actual": "US", "matched": true },
        { "match": "all", "matched": false, "detail": [
            { "property": "plan", "operator": "not_exists", "actual": "free", "matched": false },
        ]},
        { "audience_id": AudienceId(7), "matched": false, "detail": [] },
    ]);
    assert_eq!(Value::Array(detail), expected);
}

proptest! {
    /// Whatever is saved and whatever is sent: an answer, never a panic, and the negations are the opposite.
    #[test]
    fn any_filter_gives_an_answer(
        operator in prop::sample::select(Operator::ALL),
        value in json_value(),
        actual in json_value(),
    ) {
        let filter = json!({ "conditions": [{ "property": "p", "operator": operator.as_str(), "value": value }] });
        let attributes = json!({ "p": actual });
        let attributes = self::attributes(&attributes);
        let subject = subject(&attributes);
        let loose = Filter::stored(&filter).matches(&subject);
        if let Ok(checked) = Filter::check(&filter, "") {
            prop_assert_eq!(checked.matches(&subject), loose);
            prop_assert_eq!(checked.explain(&subject).0, loose);
            let opposite = match operator {
                Operator::Equals => "not_equals",
                Operator::Contains => "not_contains",
                Operator::In => "not_in",
                _ => return Ok(()),
            };
            let opposite = json!({ "conditions": [{ "property": "p", "operator": opposite, "value": value }] });
            prop_assert_eq!(Filter::check(&opposite, "").map(|filter| filter.matches(&subject)), Ok(!loose));
        } else {
            prop_assert!(!loose, "what cannot be read matches nobody");
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[vV]?[0-9.]{0,6}(-[a-z0-9.]{0,4})?".prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:]{0,8}Z)?".prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.clone().prop_recursive(2, 8, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
