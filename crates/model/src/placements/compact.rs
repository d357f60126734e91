//! The text of a screen flow without the blanks between its parts. Nothing else is touched: numbers, escapes, the order and
//! repetition of members stay as they were sent (Placements contract, sections 2.2 and 15, no. 11).

/// Leaves the blanks between the parts of a JSON text out. The text has to be JSON.
#[must_use]
pub fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    // From `start` on nothing was copied yet.
    let mut start = 0;
    for (at, byte) in json.bytes().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
        } else if byte == b'"' {
            in_text = true;
        } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            out.push_str(&json[start..at]);
            start = at + 1;
        }
    }
    out.push_str(&json[start..]);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::compact;

    #[test]
    fn only_blanks_between_parts_go() {
        for (sent, kept) in [
            ("{ }", "{}"),
            (
                " { \"a b\" : [ 1.0 , 1e3,\t12345678901234567890123 ] }\r\n",
                "{\"a b\":[1.0,1e3,12345678901234567890123]}",
            ),
            (r#"{"a": "x \" y \\" , "a" : " ü "}"#, r#"{"a":"x \" y \\","a":" ü "}"#),
        ] {
            assert_eq!(compact(sent), kept);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ \"\\\\\\n\\ta-cä]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[ \"\\\\a]{0,4}", inner), 0..4).prop_map(|list| list.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_pretty_text_becomes_the_short_one(value in value()) {
            let pretty = serde_json::to_string_pretty(&value).expect("JSON");
            prop_assert_eq!(compact(&pretty), value.to_string());
        }
    }
}
