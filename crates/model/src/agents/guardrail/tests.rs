//! Rules: what they take, what they find, and what is done about it.

use serde_json::{Value, json};

use super::{BLOCKED, Guardrails, TEXT_BYTES_MAX};

fn input(rules: Value) -> Guardrails {
    Guardrails::read(&json!({ "input": rules }), "/guardrails").expect("the rules of a test are right")
}

/// The text after the rule, or `!` and the message when it is blocked.
fn judged(rule: Value, text: &str) -> String {
    let verdict = input(json!([rule])).judge_input(text);
    verdict.blocked.map_or(verdict.text, |message| format!("!{message}"))
}

#[test]
fn personal_data_is_told_by_its_form_and_its_check_digits() {
    let rule = json!({ "type": "pii", "action": "redact" });
    let cases = [
        ("write to Ada.L@mail.example.org.", "write to [email]."),
        ("card 4111 1111 1111 1111, ok", "card [card], ok"),
        ("card 4111 1111 1111 1112, ok", "card 4111 1111 1111 1112, ok"),
        ("card 4111 1111 1111 1111 12/27", "card [card] 12/27"),
        ("to DE89 3704 0044 0532 0130 00 please", "to [iban] please"),
        ("from 203.0.113.7 and 999.1.1.1", "from [ip] and 999.1.1.1"),
        ("call +31 6 1234 5678 today", "call [phone] today"),
        ("call 0031612345678", "call [phone]"),
        ("call (555) 123-4567", "call [phone]"),
        ("on 2024-03-21 at 14:30, order 48213, 12,500.00", "on 2024-03-21 at 14:30, order 48213, 12,500.00"),
    ];
    for (text, wanted) in cases {
        assert_eq!(judged(rule.clone(), text), wanted, "{text}");
    }
    let only_iban = json!({ "type": "pii", "action": "redact", "kinds": ["iban"] });
    let wrong_digits = "to DE89 3704 0044 0532 0130 01 please";
    assert_eq!(judged(only_iban, wrong_digits), wrong_digits);
    let only_mail = json!({ "type": "pii", "action": "redact", "kinds": ["email"] });
    assert_eq!(judged(only_mail, "a@b.example +31 612345678"), "[email] +31 612345678");
}

#[test]
fn each_action_does_what_its_name_says() {
    let block = json!({ "type": "regex", "action": "block", "pattern": "(?i)password", "message": "No passwords." });
    assert_eq!(judged(block, "my PassWord is 1"), "!No passwords.");
    let silent = json!({ "type": "regex", "action": "block", "pattern": "x" });
    assert_eq!(judged(silent, "x"), format!("!{BLOCKED}"));
    let redact = json!({ "type": "regex", "action": "redact", "pattern": "[A-Z]{2}-[0-9]+" });
    assert_eq!(judged(redact, "orders AB-12 and CD-7"), "orders [redacted] and [redacted]");
    let cut = json!({ "type": "max_length", "action": "redact", "max": 3 });
    assert_eq!(judged(cut.clone(), "äöüß"), "äöü");
    assert_eq!(judged(cut, "äöü"), "äöü");
    let topic = json!({ "type": "topic", "action": "redact", "topics": ["election", "stock price"] });
    assert_eq!(judged(topic.clone(), "The Elections and\nStock  prices rise"), "The [redacted] and [redacted] rise");
    assert_eq!(judged(topic, "selection of stocks"), "selection of stocks");
}

#[test]
fn rules_are_asked_in_order_and_a_block_ends_it() {
    let rails = input(json!([
        { "type": "regex", "action": "flag", "pattern": "secret" },
        { "type": "regex", "action": "redact", "pattern": "secret" },
        { "type": "regex", "action": "block", "pattern": "secret" },
        { "type": "max_length", "action": "block", "max": 5, "message": "too long" },
        { "type": "regex", "action": "flag", "pattern": "." },
    ]));
    let verdict = rails.judge_input("a secret");
    assert_eq!(verdict.text, "a [redacted]");
    assert_eq!(verdict.blocked.as_deref(), Some("too long"));
    assert_eq!(verdict.hits.iter().map(|hit| hit.at).collect::<Vec<_>>(), [0, 1, 3]);
    assert!(rails.judge_output("a secret").hits.is_empty(), "the other side has no rules");
    assert!(!rails.holds_back_answers());
}

#[test]
fn a_text_too_long_to_be_looked_through_is_not_let_through() {
    let text = "a".repeat(TEXT_BYTES_MAX + 1);
    for action in ["block", "redact"] {
        assert_eq!(judged(json!({ "type": "pii", "action": action }), &text), format!("!{BLOCKED}"), "{action}");
    }
    assert_eq!(judged(json!({ "type": "pii", "action": "flag" }), &text), text);
}

#[test]
fn wrong_rules_are_named_by_their_paths() {
    let refused = |value: Value| {
        let problems = Guardrails::read(&value, "/guardrails").expect_err("the rules are wrong");
        problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
    };
    assert_eq!(refused(json!([])), ["/guardrails"]);
    assert_eq!(refused(json!({ "input": {} })), ["/guardrails/input"]);
    assert_eq!(refused(json!({ "input": vec![json!({}); 21] })), ["/guardrails/input"]);
    let rules = json!([
        1,
        { "type": "colour", "action": "paint", "message": 5 },
        { "type": "regex", "action": "block", "pattern": "(" },
        { "type": "regex", "action": "block", "pattern": r"(?:\pL{1,500}){1,100}" },
        { "type": "regex", "action": "block" },
        { "type": "pii", "action": "block", "kinds": ["name"] },
        { "type": "max_length", "action": "block", "max": 0 },
        { "type": "topic", "action": "block", "topics": [" "] },
    ]);
    let wanted = [
        "/guardrails/output/0",
        "/guardrails/output/1/action",
        "/guardrails/output/1/message",
        "/guardrails/output/1/type",
        "/guardrails/output/2/pattern",
        "/guardrails/output/3/pattern",
        "/guardrails/output/4/pattern",
        "/guardrails/output/5/kinds",
        "/guardrails/output/6/max",
        "/guardrails/output/7/topics",
    ];
    assert_eq!(refused(json!({ "output": rules })), wanted);
}

#[test]
fn what_was_read_is_written_back_and_a_damaged_record_lets_nothing_in() {
    let rules = json!({
        "input": [{ "type": "topic", "action": "flag", "topics": ["tax"], "message": "m" }],
        "output": [{ "type": "pii", "action": "redact", "kinds": ["email", "phone"] }],
    });
    let rails = Guardrails::read(&rules, "").expect("the rules are right");
    assert_eq!(rails.to_value(), rules);
    assert!(rails.holds_back_answers());
    assert!(Guardrails::read(&Value::Null, "").is_ok_and(|rails| rails.is_empty()));
    assert!(Guardrails::stored(&json!("damaged")).judge_input("hello").blocked.is_some());
}
