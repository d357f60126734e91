use serde_json::{Value, json};

use super::*;

fn read(body: &Value) -> Result<TemplateMessage, Refused> {
    TemplateMessage::read(body.as_object().expect("an object"))
}

fn with(key: &str, value: Value) -> Value {
    let mut body =
        json!({ "recipient_phone_number": "+31 6 1234 5678", "template_name": "order_update", "language": "en_US" });
    body[key] = value;
    body
}

#[test]
fn numbers_lose_what_people_write_between_digits() {
    for (written, digits) in [
        ("31612345678", "31612345678"),
        ("+31 6 1234-5678", "31612345678"),
        ("0031 (6) 12345678", "31612345678"),
        (" 1234567 ", "1234567"),
        ("123456789012345", "123456789012345"),
    ] {
        assert_eq!(read(&with("recipient_phone_number", json!(written))).expect(written).to, digits);
    }
    for wrong in [
        "123456",
        "1234567890123456",
        "0612345678",
        "+0612345678",
        "000612345678",
        "3161234567a",
        "31.6123456",
        "++3161234567",
        "٣١٦١٢٣٤٥",
    ] {
        let refused = read(&with("recipient_phone_number", json!(wrong))).expect_err(wrong);
        assert_eq!(refused.code, "invalid_phone_number", "{wrong}");
    }
    assert_eq!(
        read(&with("recipient_phone_number", json!(31_612_345_678_u64))).expect_err("a number").code,
        "invalid_phone_number"
    );
}

#[test]
fn what_is_missing_is_told_before_what_is_wrong() {
    let both = "recipient_phone_number and template_name are required";
    for (key, value, message) in [
        ("recipient_phone_number", json!(null), both),
        ("recipient_phone_number", json!(""), both),
        ("template_name", json!("  "), both),
        ("language", json!(""), "language is required"),
    ] {
        let mut body = with(key, value);
        body["parameters"] = json!("wrong");
        let refused = read(&body).expect_err(key);
        assert_eq!((refused.code, refused.message.as_str()), ("missing_fields", message));
    }
}

#[test]
fn names_languages_and_components_have_a_form() {
    for (key, value, error) in [
        ("template_name", json!("Order"), "invalid_template_name"),
        ("template_name", json!("a".repeat(513)), "invalid_template_name"),
        ("template_name", json!(1), "invalid_template_name"),
        ("language", json!("english"), "invalid_language"),
        ("language", json!("EN"), "invalid_language"),
        ("language", json!("en-US"), "invalid_language"),
        ("language", json!("en_us"), "invalid_language"),
        ("language", json!("en_"), "invalid_language"),
        ("customer_name", json!(7), "invalid_customer_name"),
        ("customer_name", json!("a\u{0}b"), "invalid_customer_name"),
        ("parameters", json!({}), "invalid_parameters"),
        ("parameters", json!(["x"]), "invalid_parameters"),
        ("parameters", json!([{ "type": "" }]), "invalid_parameters"),
        ("parameters", json!([{ "type": "body", "parameters": {} }]), "invalid_parameters"),
        ("parameters", json!([{ "type": "body", "parameters": [{ "text": "x" }] }]), "invalid_parameters"),
    ] {
        assert_eq!(read(&with(key, value.clone())).expect_err(key).code, error, "{key} {value}");
    }
    for language in ["en", "nl_NL", "fil", "zh_Hans", "es_419", "prs_AF"] {
        assert_eq!(read(&with("language", json!(language))).expect(language).language, language);
    }
    let refused = read(&with(
        "parameters",
        json!([{ "type": "header" }, { "type": "body", "parameters": [{ "type": "text" }, 3] }]),
    ));
    assert_eq!(refused.expect_err("a number").message, "parameters[1].parameters[1] must be an object");
    assert_eq!(read(&with("template_name", json!("a".repeat(512)))).expect("512").template.len(), 512);
}

#[test]
fn components_are_sent_on_unchanged_and_left_out_when_there_are_none() {
    let components = json!([
        { "type": "header", "parameters": [{ "type": "image", "image": { "link": "https://x.example/a.png" } }] },
        { "type": "body", "parameters": [{ "type": "text", "text": "ABC123" }, { "type": "brand_new", "more": [1] }] },
        { "type": "button", "sub_type": "url", "index": "0" },
    ]);
    let message = read(&with("parameters", components.clone())).expect("a message");
    assert_eq!(
        message.payload(),
        json!({
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "31612345678", "type": "template",
            "template": { "name": "order_update", "language": { "code": "en_US" }, "components": components },
        })
    );
    assert_eq!(message.shown(), "WhatsApp template order_update (en_US): https://x.example/a.png, ABC123, brand_new");
    for none in [json!(null), json!([])] {
        let message = read(&with("parameters", none)).expect("a message");
        assert!(message.payload()["template"].get("components").is_none());
    }
}

#[test]
fn codes_are_judged_as_the_contract_lists_them() {
    let judged = |status: u16, code: i64| {
        let answer = json!({ "error": { "message": "m", "type": "OAuthException", "code": code, "error_data": { "messaging_product": "whatsapp", "details": "d" }, "fbtrace_id": "A1" } });
        judge(status, Some(&answer)).expect("an error").meaning
    };
    let rows: [(&[i64], Meaning); 6] = [
        (&[100, 131_008, 131_009, 131_051], Meaning::Refused),
        (&[132_000, 132_001, 132_005, 132_007, 132_012, 132_015, 132_016], Meaning::Refused),
        (&[131_021, 131_026, 131_047, 131_049, 131_050], Meaning::Refused),
        (&[4, 80_007, 130_429, 131_048, 131_056], Meaning::Limited),
        (&[0, 3, 10, 190, 200, 250, 299, 131_005, 131_031, 368], Meaning::Rights),
        (&[1, 2, 131_000, 131_016, 133_004], Meaning::Theirs),
    ];
    for (codes, meaning) in rows {
        for code in codes {
            // The status says nothing beside a code that is known.
            assert_eq!([judged(400, *code), judged(500, *code)], [meaning, meaning], "{code}");
        }
    }
    let others = [
        (400, Meaning::Refused),
        (404, Meaning::Refused),
        (429, Meaning::Limited),
        (500, Meaning::Theirs),
        (503, Meaning::Theirs),
        (302, Meaning::Theirs),
    ];
    for (status, meaning) in others {
        assert_eq!(judged(status, 999_999), meaning, "{status}");
        assert_eq!(judge(status, Some(&json!({}))).expect("an error").meaning, meaning, "{status}");
    }
    assert_eq!(judge(200, None).expect("an error").meaning, Meaning::Theirs);
    assert_eq!(judge(400, Some(&json!("text"))).expect("an error").meaning, Meaning::Theirs);
    assert_eq!(judge(200, Some(&json!({ "messages": [{ "id": "wamid.x" }] }))), None);
}

#[test]
fn an_error_is_passed_on_with_what_support_needs() {
    let answer = json!({ "error": { "message": "(#132001) Template name does not exist", "type": "OAuthException", "code": 132_001,
        "error_data": { "messaging_product": "whatsapp", "details": "template name (x) does not exist in en_US" }, "fbtrace_id": "AbC" } });
    let body = judge(404, Some(&answer)).expect("an error").body();
    assert_eq!(
        body.to_string(),
        r#"{"error":"WhatsApp API error","message":"(#132001) Template name does not exist","details":{"code":132001,"type":"OAuthException","details":"template name (x) does not exist in en_US","fbtrace_id":"AbC"}}"#
    );
}

#[test]
fn a_connection_keeps_its_token_and_shows_little_of_it() {
    let given = |body: Value| ConnectionInput::read(body.as_object().expect("an object"));
    let read = given(
        json!({ "phone_number_id": "106540352242922", "access_token": "EAAJB-longToken", "display_phone_number": " +31 6 " }),
    );
    let read = read.expect("a connection");
    assert_eq!(
        (read.access_token.as_deref(), read.display_phone_number.as_deref()),
        (Some("EAAJB-longToken"), Some("+31 6"))
    );
    assert!(!format!("{read:?}").contains("EAAJB"));
    assert_eq!(given(json!({ "phone_number_id": "1", "access_token": "***" })).expect("kept").access_token, None);
    let wrong = given(json!({ "access_token": "a b", "business_account_id": "x", "display_phone_number": 5 }));
    let paths: Vec<String> = wrong.expect_err("problems").into_iter().map(|problem| problem.path).collect();
    assert_eq!(paths, ["/phone_number_id", "/access_token", "/business_account_id", "/display_phone_number"]);
    assert_eq!((token_tail("EAAJB-longToken").as_deref(), token_tail("short")), (Some("oken"), None));
}
