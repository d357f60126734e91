use serde_json::Value;

use super::*;

#[test]
fn the_check_value_of_the_contract() {
    let secret = "whsec_3q2-7wEjV0Yk9nQpX1sT5uBzC8dLmR4aHfGjKoPvWxE";
    let body = r#"{"event":"webhook.test","timestamp":"2026-04-14T18:30:00.000Z","delivery_id":"d3f4a5b6-0000-4000-8000-000000000001","data":{"message":"FlowPilot webhook test"}}"#;
    assert_eq!(body.len(), 160);
    let expected = "sha256=72407e807dcf85d1dfcb03d121e3d87e9cc3dac22b2cbac6f32c1035b845d7db";
    assert_eq!(treasury(secret, body.as_bytes()), expected);
    for at in 0..body.len() {
        let mut changed = body.as_bytes().to_vec();
        changed[at] ^= 1;
        assert_ne!(treasury(secret, &changed), expected, "one byte of difference at {at}");
    }
}

#[test]
fn workflow_signatures_are_those_of_the_contract() {
    let file: Value =
        serde_json::from_str(include_str!("../../tests/data/vectors-webhook-signature.json")).expect("the file");
    let cases = file["cases"].as_array().expect("a list");
    for case in cases {
        let text = |name: &str| case[name].as_str().expect("a text");
        assert_eq!(workflow(text("secret"), text("body").as_bytes()), text("header"));
        assert_ne!(workflow(&text("secret")[6..], text("body").as_bytes()), text("header"), "the prefix is of the key");
    }
    assert_eq!(cases.len(), 3);
    let secret = secret_text(Style::Workflow, &[0xab; 32]);
    assert_eq!(secret, format!("whsec_{}", "ab".repeat(32)));
}

#[test]
fn standard_signatures_are_those_of_the_published_vectors() {
    let file: Value = serde_json::from_str(include_str!("../../tests/data/webhook-signatures.json")).expect("the file");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bytes = |value: &Value| STANDARD.decode(text(value)).expect("base64");
    let extra = file["extra_hmac"].as_array().expect("a list");
    for case in extra {
        let made = standard(
            [text(&case["secret"]).as_str()],
            &text(&case["id"]),
            case["timestamp"].as_i64().expect("a number"),
            &bytes(&case["body_b64"]),
        );
        assert_eq!(made, text(&case["signature"]));
    }
    assert_eq!(extra.len(), 40);
    let mut judged = 0;
    for case in file["hmac"].as_array().expect("a list") {
        let (name, headers) = (text(&case["name"]), &case["headers"]);
        let (id, given) = (text(&headers["webhook-id"]), text(&headers["webhook-signature"]));
        let stamp = text(&headers["webhook-timestamp"]);
        // Whether a request is too old or badly written is for receivers to say.
        let Some(timestamp) = stamp.parse::<i64>().ok().filter(|number| number.to_string() == stamp) else { continue };
        if name.starts_with("now-") || id.is_empty() {
            continue;
        }
        let made = standard([text(&case["secret"]).as_str()], &id, timestamp, &bytes(&case["body_b64"]));
        let is_valid = given.split(' ').any(|token| token == made);
        assert_eq!(is_valid, text(&case["expect"]).starts_with("valid"), "{name}");
        judged += 1;
    }
    assert!(judged >= 20, "{judged} cases were judged");
}

#[test]
fn both_secrets_sign_while_one_takes_over() {
    let (new, old) = (secret_text(Style::Standard, &[1; 32]), secret_text(Style::Standard, &[2; 32]));
    let both = standard([new.as_str(), old.as_str()], "evt_1", 1, b"{}");
    let alone = |secret: &str| standard([secret], "evt_1", 1, b"{}");
    assert_eq!(both, format!("{} {}", alone(&new), alone(&old)));
    assert_ne!(alone(&new), alone(&old));
}

#[test]
fn secrets_have_the_form_of_their_style() {
    let treasury = secret_text(Style::Treasury, &[0xfb; 32]);
    assert_eq!((treasury.len(), treasury.starts_with("whsec_-_v7")), (6 + 43, true));
    let standard = secret_text(Style::Standard, &[0xfb; 32]);
    assert_eq!((standard.len(), standard.ends_with('=')), (6 + 44, true));
}
