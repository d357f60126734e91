//! JSON bodies: depth and syntax.

use floe_model::{Fault, FaultKind};
use serde_json::{Value, json};

/// Arrays and objects inside each other (Flow API contract, section 1; console contract, section 4).
pub const JSON_DEPTH_MAX: usize = 64;

/// Whether arrays and objects are nested at most `max` deep. Looks at the bytes only, without recursion, so that it can
/// come before the parser; says nothing about whether the text is JSON.
#[must_use]
pub fn depth_within(bytes: &[u8], max: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > max {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// Reads a JSON text. Of a name that an object holds twice the last value counts.
///
/// # Errors
/// 400 `invalid_json` with line and column.
pub fn parse_json(bytes: &[u8]) -> Result<Value, Fault> {
    if !depth_within(bytes, JSON_DEPTH_MAX) {
        return Err(too_deep());
    }
    serde_json::from_slice(bytes).map_err(|error| syntax_fault(&error))
}

/// Whether the bytes are a JSON text, without keeping anything of it.
///
/// # Errors
/// As [`parse_json`].
pub(super) fn check_syntax(bytes: &[u8]) -> Result<(), Fault> {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map(drop).map_err(|error| syntax_fault(&error))
}

pub(super) fn too_deep() -> Fault {
    let message = format!("The JSON is nested more than {JSON_DEPTH_MAX} levels deep");
    Fault::new(FaultKind::Invalid, "invalid_json", message)
}

fn syntax_fault(error: &serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    // The parser's text names what it expected and never quotes the input.
    let full = error.to_string();
    let reason = full.split(" at line ").next().unwrap_or("syntax error");
    let message = format!("The body is not JSON: {reason} at line {line}, column {column}");
    Fault::new(FaultKind::Invalid, "invalid_json", message).with_details(json!({ "line": line, "column": column }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        for (text, max, expected) in [
            ("", 0, true),
            ("1", 0, true),
            ("[]", 0, false),
            ("[[]]", 1, false),
            ("[[],[],{}]", 2, true),
            (r#""[[[[""#, 0, true),
            (r#"["\"[[[["]"#, 1, true),
            (r#"["\\",[[]]]"#, 2, false),
            ("]]]][", 1, true),
        ] {
            assert_eq!(depth_within(text.as_bytes(), max), expected, "{text}");
        }
    }

    #[test]
    fn a_syntax_error_names_its_place() {
        let fault = parse_json(b"{\n \"a\": x}").expect_err("not JSON");
        assert_eq!(fault.code(), "invalid_json");
        assert_eq!(fault.details(), Some(&json!({ "line": 2, "column": 7 })));
    }
}
