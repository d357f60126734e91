//! Runs of calls, and what flows take.

use floe_engine::inputs::parse_fields;
use serde_json::json;

use super::{parameters, run_of};

#[test]
fn the_same_call_is_the_same_run_and_another_one_is_not() {
    let exchange = "0197c0de-0000-7abc-8def-0123456789ab";
    let first = run_of(&format!("{exchange}:1:0")).expect("a run");
    assert_eq!(run_of(&format!("{exchange}:1:0")), Some(first));
    assert_ne!(run_of(&format!("{exchange}:1:1")), Some(first));
    // It stands among runs where the exchange stands in time, and is an id like any other.
    assert_eq!(first.to_string()[..15], exchange[..15]);
    assert!(matches!(first.to_string().as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{first}");
    assert_eq!(run_of("nothing"), None);
}

#[test]
fn a_model_is_told_what_the_trigger_declares() {
    let declared = json!([
        { "key": "order", "label": "Number of the order", "type": "text", "required": true },
        { "key": "amount", "type": "number", "default": 1, "required": true },
        { "key": "kind", "type": "select", "options": ["refund", "return"] },
    ]);
    let fields = parse_fields(&declared).expect("they can be read");
    let wanted = json!({
        "type": "object",
        "properties": {
            "order": { "type": "string", "description": "Number of the order" },
            "amount": { "type": "number", "default": 1 },
            "kind": { "enum": ["refund", "return"] },
        },
        "required": ["order"],
        "additionalProperties": false,
    });
    assert_eq!(parameters::of_inputs(&fields, &json!({ "inputs": declared })), wanted);
    assert_eq!(parameters::plain_name(" Refund an order! "), "Refund_an_order");
    assert_eq!(parameters::plain_name("заказ"), "flow");
}
