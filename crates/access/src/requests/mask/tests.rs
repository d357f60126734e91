use super::*;

fn part(content_type: &str, text: &str) -> BodyPart {
    let bytes = text.as_bytes();
    BodyPart {
        content_type: content_type.to_owned(),
        bytes: bytes[..bytes.len().min(BODY_MAX)].to_vec(),
        size: bytes.len(),
    }
}

#[test]
fn names_of_secrets() {
    let secret = [
        "password",
        "new_password",
        "X-API-Key",
        "apiKey",
        "client_secret",
        "Authorization",
        "Cookie",
        "Set-Cookie",
        "resumeToken",
        "access_token",
        "token",
        "key",
        "PIN",
        "private-key",
        "credentials",
        "x-resume-token",
    ];
    let plain = [
        "name",
        "Idempotency-Key",
        "keyboard",
        "inputTokens",
        "max_tokens",
        "author",
        "pinned",
        "monkey",
        "amount",
        "x-hook-id",
    ];
    for name in secret {
        assert!(is_secret_name(name), "{name}");
    }
    for name in plain {
        assert!(!is_secret_name(name), "{name}");
    }
}

#[test]
fn members_of_secrets_are_masked_in_whole_and_in_cut_json() {
    let cases = [
        (r#"{"a":1,"password":"x\"y","b":[2]}"#, r#"{"a":1,"password":"***","b":[2]}"#),
        (r#"{"secret":{"deep":["x"]},"b":2}"#, r#"{"secret":"***","b":2}"#),
        (r#"{"pin": 1234}"#, r#"{"pin": "***"}"#),
        (r#"{"pin":[1,2],"b":3}"#, r#"{"pin":"***","b":3}"#),
        (r#"{"secret":true,"key":null,"token" : "t"}"#, r#"{"secret":true,"key":null,"token" : "***"}"#),
        (r#"{"pass\u0077ord":"x"}"#, r#"{"pass\u0077ord":"***"}"#),
        (r#"{"password":"cut in the mid"#, r#"{"password":"***""#),
        (r#"{"password":"#, r#"{"password":"***""#),
        (r#"{"note":"password: x"}"#, r#"{"note":"password: x"}"#),
        (r#"{"ü":"é","token":"ü"}"#, r#"{"ü":"é","token":"***"}"#),
        ("plain text", "plain text"),
        (r#"["unfinished \"#, r#"["unfinished \"#),
    ];
    for (text, expected) in cases {
        assert_eq!(json_text(text), expected, "{text}");
    }
}

#[test]
fn credentials_are_masked_whatever_they_are_called() {
    let key = format!("fl_test_{}", "a1B2".repeat(9));
    let id = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    let text = format!("see {key}, not {id} or run_01h2x3y4z5a6b7c8d9e0f1g2h3");
    assert_eq!(masked(&text), format!("see ***, not {id} or run_01h2x3y4z5a6b7c8d9e0f1g2h3"));
    let shown = body(&part("application/json", &format!(r#"{{"note":"{key}"}}"#)));
    assert_eq!(shown["text"], r#"{"note":"***"}"#);
    let form = body(&part("application/x-www-form-urlencoded", "user=ada&password=x%26y&n=1"));
    assert_eq!(form["text"], "user=ada&password=***&n=1");
}

#[test]
fn long_bodies_are_cut_and_binary_ones_left_out() {
    let long = body(&part("application/json", &format!(r#"{{"text":"{}","password":"x"}}"#, "word ".repeat(4_000))));
    assert_eq!((long["truncated"].as_bool(), long["text"].as_str().map(str::len)), (Some(true), Some(BODY_MAX)));
    let binary = body(&part("image/png", "\u{1}\u{2}"));
    assert_eq!((binary["size"].as_u64(), binary["text"].is_null()), (Some(2), true));
}
