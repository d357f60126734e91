use serde_json::{Value, from_str};

use super::canonical_json;

#[track_caller]
fn check(source: &str, expected: &str) {
    let value: Value = from_str(source).expect("JSON");
    assert_eq!(canonical_json(&value), expected);
}

/// The examples of RFC 8785, sections 3.2.2 and 3.2.3.
#[test]
fn the_examples_of_the_rfc() {
    check(
        r#"{ "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
             "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
             "literals": [null, true, false] }"#,
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#,
    );
    check(
        r#"{ "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
             "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" }"#,
        concat!(
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",",
            "\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        ),
    );
}

#[test]
fn numbers_are_written_as_javascript_does() {
    check(
        "[1.0, -0.0, 100000000000000000000, 1e21, 9007199254740993, 5e-324]",
        "[1,0,100000000000000000000,1e+21,9007199254740992,5e-324]",
    );
}

#[test]
fn the_order_of_members_does_not_matter_and_that_of_items_does() {
    check(r#"{"b":{"z":1,"a":[2,1]},"a":""}"#, r#"{"a":"","b":{"a":[2,1],"z":1}}"#);
}
