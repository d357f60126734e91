use bytes::Bytes;
use floe_model::flows::trigger::Format;
use floe_model::hex;

use super::*;

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

const SECRET: &str = "trgsec_0123";
const BODY: &[u8] = br#"{"a":"\u00e9"}"#;

fn rules(auth: AuthKind) -> WebhookRules {
    WebhookRules { method: None, auth, origins: Vec::new(), format: Format::Json }
}

fn call(method: &str, headers: &[(&str, &str)]) -> Inbound {
    Inbound {
        id: String::new(),
        method: method.to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        query: Vec::new(),
        body: Bytes::from_static(BODY),
        ip: None,
    }
}

fn signature(secret: &str) -> String {
    hex::encode(&mac(secret.as_bytes(), BODY).finalize().into_bytes())
}

#[test]
fn callers_prove_themselves_in_three_ways() {
    let (good, prefixed) = (signature(SECRET), format!("sha256={}", signature(SECRET).to_uppercase()));
    let (other, short) = (signature("trgsec_0124"), signature(SECRET)[..62].to_owned());
    let bearer = format!("bearer {SECRET}");
    let cases: &[(AuthKind, Headers<'_>, bool)] = &[
        (AuthKind::None, &[], true),
        (AuthKind::ApiKey, &[("x-api-key", SECRET)], true),
        (AuthKind::ApiKey, &[("x-api-key", "trgsec_012")], false),
        (AuthKind::ApiKey, &[("x-api-key", "")], false),
        (AuthKind::ApiKey, &[("authorization", &bearer)], false),
        (AuthKind::Bearer, &[("authorization", &bearer)], true),
        (AuthKind::Bearer, &[("authorization", SECRET)], false),
        (AuthKind::Bearer, &[("authorization", "Basic trgsec_0123")], false),
        (AuthKind::Bearer, &[], false),
        (AuthKind::Hmac, &[("x-hub-signature-256", &prefixed)], true),
        (AuthKind::Hmac, &[("x-signature", &good)], true),
        (AuthKind::Hmac, &[("x-webhook-signature", &good)], true),
        (AuthKind::Hmac, &[("x-signature", &other)], false),
        (AuthKind::Hmac, &[("x-signature", &short)], false),
        (AuthKind::Hmac, &[("x-signature", "sha256=")], false),
        // The first header that is there counts.
        (AuthKind::Hmac, &[("x-hub-signature-256", &other), ("x-signature", &good)], false),
        (AuthKind::Hmac, &[], false),
    ];
    for (at, (auth, headers, expected)) in cases.iter().enumerate() {
        let checked = check(&rules(*auth), Some(SECRET), &call("POST", headers));
        assert_eq!(checked, if *expected { Ok(()) } else { Err(Refused::Caller) }, "case {at}");
        let without = check(&rules(*auth), None, &call("POST", headers));
        assert_eq!(
            without.is_ok(),
            *auth == AuthKind::None,
            "case {at}: nobody proves himself where there is no secret"
        );
    }
}

#[test]
fn a_signature_is_of_the_bytes_that_came() {
    let mut changed = call("POST", &[("x-signature", &signature(SECRET))]);
    for at in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[at] ^= 1;
        changed.body = body.into();
        assert_eq!(check(&rules(AuthKind::Hmac), Some(SECRET), &changed), Err(Refused::Caller), "byte {at}");
    }
}

#[test]
fn methods_and_origins() {
    let posts = WebhookRules { method: Some("POST".to_owned()), ..rules(AuthKind::None) };
    assert_eq!(check(&posts, None, &call("POST", &[])), Ok(()));
    assert_eq!(check(&posts, None, &call("GET", &[])), Err(Refused::Method));
    for method in [None, Some("GET".to_owned())] {
        let rules = WebhookRules { method, ..rules(AuthKind::None) };
        assert_eq!(check(&rules, None, &call("GET", &[])), Ok(()));
        assert_eq!(check(&rules, None, &call("HEAD", &[])), Err(Refused::Method));
    }
    let origins = vec!["https://a.example/".to_owned(), "http://localhost:3000".to_owned()];
    let from = WebhookRules { origins, ..rules(AuthKind::None) };
    for (origin, expected) in [
        (Some("https://a.example"), true),
        (Some("https://A.example"), true),
        (Some("http://localhost:3000"), true),
        (Some("https://a.example.evil"), false),
        (Some("null"), false),
        // A server has no origin.
        (None, true),
    ] {
        let headers: Vec<(&str, &str)> = origin.map(|origin| ("origin", origin)).into_iter().collect();
        assert_eq!(check(&from, None, &call("POST", &headers)).is_ok(), expected, "{origin:?}");
    }
}
