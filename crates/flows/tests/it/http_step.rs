//! The step type `http-request` against real servers.

use floe_runtime::effect::EffectCall;
use serde_json::{Value, json};

use crate::stub::{Seen, Stub, json as json_response, response};
use crate::world::{RUN, World, call, sandbox_config};

const HTTP: &str = "http-request";

#[tokio::test]
async fn a_call_carries_what_the_step_says_and_the_keys_of_the_step() {
    let world = World::new().await;
    let stub = Stub::answering(json_response(200, r#"{"a":[1,2.50]}"#)).await;
    let result = world
        .done(
            HTTP,
            json!({
                "url": stub.url("/items?page=2#top"),
                "query": { "q": "a b&c", "tag": ["x", "y"], "none": null, "n": 3 },
                "headers": { "X-Team": "billing", "Accept-Language": ["de", "en"], "X-None": null, "X-Number": 7 },
            }),
        )
        .await;
    let seen = stub.last();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/items?page=2&q=a+b%26c&tag=x&tag=y&n=3"));
    assert_eq!((seen.header("x-team"), seen.header("x-number")), ("billing", "7"));
    assert!(!seen.headers.contains_key("x-none"));
    let key = format!("{RUN}:fetch:0");
    assert_eq!((seen.header("x-flow-step-key"), seen.header("idempotency-key")), (key.as_str(), key.as_str()));
    assert!(seen.header("user-agent").starts_with("Floe/"), "{}", seen.header("user-agent"));
    assert_eq!(result["status"], 200);
    assert_eq!(result["ok"], true);
    assert_eq!(result["headers"], json!({ "content-type": "application/json", "content-length": "14" }));
    assert_eq!(result["body"], json!({ "a": [1, 2.5] }));
    assert!(result["durationMs"].is_u64());
}

#[tokio::test]
async fn the_step_may_set_the_idempotency_key_but_not_its_own_key() {
    let world = World::new().await;
    let stub = Stub::answering(response("204 No Content", "")).await;
    let headers = json!({ "Idempotency-Key": "order-7", "x-flow-step-key": "forged", "Host": "other.example" });
    let result = world.done(HTTP, json!({ "url": stub.url("/"), "method": "delete", "headers": headers })).await;
    let seen = stub.last();
    assert_eq!(seen.header("idempotency-key"), "order-7");
    assert_eq!(seen.header("x-flow-step-key"), format!("{RUN}:fetch:0"));
    assert_eq!(seen.header("host"), stub.address.to_string());
    assert_eq!((seen.method.as_str(), &result["body"]), ("DELETE", &Value::Null));
}

#[tokio::test]
async fn a_repeat_sends_the_same_request() {
    let world = World::new().await;
    let stub = Stub::start(|seen: &Seen| match seen.before {
        0 => json_response(503, "{}"),
        _ => json_response(200, "{}"),
    })
    .await;
    let input = json!({ "url": stub.url("/pay"), "bodyType": "multipart", "body": { "amount": 5 } });
    let first = world.call_with(HTTP, call(input.clone())).await.result.expect_err("503 fails");
    assert!(first.retryable && first.code == "http_status");
    world.call_with(HTTP, EffectCall { attempt: 2, ..call(input) }).await.result.expect("the repeat succeeds");
    let seen = stub.requests();
    assert_eq!(seen.len(), 2);
    assert_eq!((&seen[0].headers, &seen[0].body), (&seen[1].headers, &seen[1].body));
}

#[tokio::test]
async fn each_body_type_is_sent_as_its_receivers_expect() {
    let world = World::new().await;
    let stub = Stub::answering(response("200 OK", "")).await;
    for (kind, body, content_type, sent) in [
        ("json", json!({ "b": [1], "a": "ä" }), "application/json", r#"{"b":[1],"a":"ä"}"#),
        ("json", json!("{\"n\": 1.10}"), "application/json", "{\"n\": 1.10}"),
        ("json", json!(false), "application/json", "false"),
        ("form", json!({ "a": "x y", "b": [1, 2], "c": null }), "application/x-www-form-urlencoded", "a=x+y&b=1&b=2"),
        (
            "form",
            json!([{ "key": "a", "value": { "n": 1 } }]),
            "application/x-www-form-urlencoded",
            "a=%7B%22n%22%3A1%7D",
        ),
        ("form", json!("a=1&b=2"), "application/x-www-form-urlencoded", "a=1&b=2"),
        ("form", json!("{\"a\": 1}"), "application/x-www-form-urlencoded", "a=1"),
        ("text", json!("plain"), "text/plain; charset=utf-8", "plain"),
        ("text", json!({ "a": 1 }), "text/plain; charset=utf-8", "{\"a\":1}"),
        ("none", json!("left out"), "", ""),
        ("json", json!(""), "", ""),
    ] {
        let input = json!({ "url": stub.url("/"), "method": "PUT", "bodyType": kind, "body": body });
        world.done(HTTP, input).await;
        let seen = stub.last();
        assert_eq!((seen.header("content-type"), seen.body.as_str()), (content_type, sent), "{kind} {body}");
        assert_eq!(seen.header("content-length"), sent.len().to_string());
    }
}

#[tokio::test]
async fn multipart_parts_stand_between_a_boundary_that_is_in_none_of_them() {
    let world = World::new().await;
    let stub = Stub::answering(response("200 OK", "")).await;
    let send = async |body: Value| {
        world.done(HTTP, json!({ "url": stub.url("/"), "bodyType": "multipart", "body": body })).await;
        let seen = stub.last();
        assert_eq!(seen.method, "POST", "a body without a method is posted");
        let boundary = seen.header("content-type").strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
        (boundary, seen.body)
    };
    let (boundary, body) = send(json!({ "note \"x\"\r\n": "line 1\r\nline 2", "n": 4 })).await;
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"note %22x%22%0D%0A\"\r\n\r\nline 1\r\nline 2\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n4\r\n--{boundary}--\r\n"
    );
    assert_eq!(body, expected);
    let (other, _) = send(json!({ "note": format!("--{boundary}--") })).await;
    assert_ne!(other, boundary);
}

#[tokio::test]
async fn a_content_type_of_the_step_wins_unless_it_would_lose_the_boundary() {
    let world = World::new().await;
    let stub = Stub::answering(response("200 OK", "")).await;
    let headers = json!({ "content-type": "application/vnd.api+json" });
    for (kind, expected) in [("json", "application/vnd.api+json"), ("multipart", "multipart/form-data; boundary=floe-")]
    {
        let input = json!({ "url": stub.url("/"), "headers": headers, "bodyType": kind, "body": { "a": 1 } });
        world.done(HTTP, input).await;
        let seen = stub.last();
        assert!(seen.header("content-type").starts_with(expected), "{}", seen.header("content-type"));
    }
}

#[tokio::test]
async fn what_templates_made_unusable_is_a_bad_value_and_nothing_is_sent() {
    let world = World::new().await;
    let stub = Stub::answering(response("200 OK", "")).await;
    let url = stub.url("/");
    for (input, field) in [
        (json!({}), "url"),
        (json!({ "url": 5 }), "url"),
        (json!({ "url": " " }), "url"),
        (json!({ "url": "not a url" }), "url"),
        (json!({ "url": "ftp://files.example/x" }), "url"),
        (json!({ "url": "https://user:secret@host.example/" }), "url"),
        (json!({ "url": "https://host.example\\@other.example/" }), "url"),
        (json!({ "url": url, "query": { "q": "x".repeat(20_000) } }), "url"),
        (json!({ "url": url, "query": "a=1" }), "query"),
        (json!({ "url": url, "method": "CONNECT" }), "method"),
        (json!({ "url": url, "method": ["GET"] }), "method"),
        (json!({ "url": url, "headers": { "bad name": "x" } }), "headers"),
        (json!({ "url": url, "headers": { "": "x" } }), "headers"),
        (json!({ "url": url, "headers": { "X-A": "secret\r\nX-B: 1" } }), "headers"),
        (json!({ "url": url, "headers": { "X-A": { "secret": 1 } } }), "headers"),
        (json!({ "url": url, "headers": { "X-A": vec!["secret"; 101] } }), "headers"),
        (json!({ "url": url, "headers": { "X-A": "x".repeat(70_000) } }), "headers"),
        (json!({ "url": url, "bodyType": "xml", "body": "x" }), "bodyType"),
        (json!({ "url": url, "bodyType": "xml" }), "bodyType"),
        (json!({ "url": url, "body": "secret, not JSON" }), "body"),
        (json!({ "url": url, "bodyType": "form", "body": [1] }), "body"),
        (json!({ "url": url, "bodyType": "multipart", "body": "secret" }), "body"),
        (json!({ "url": url, "followRedirects": "maybe" }), "followRedirects"),
        (json!({ "url": url, "failOnStatus": 1 }), "failOnStatus"),
    ] {
        let shown = input.to_string().chars().take(120).collect::<String>();
        let error = world.failed(HTTP, input).await;
        assert_eq!((error.code.as_str(), error.retryable), ("bad_value", false), "{shown}");
        assert!(error.message.starts_with(field), "{shown}: {}", error.message);
        assert!(!error.message.contains("secret"), "{shown}: {}", error.message);
    }
    assert_eq!(stub.requests().len(), 0);
}

#[tokio::test]
async fn a_status_of_400_or_more_fails_unless_told_otherwise() {
    let world = World::new().await;
    let stub =
        Stub::start(|seen: &Seen| json_response(seen.path[1..].parse().unwrap(), r#"{"why":"echo of a token"}"#)).await;
    for (status, retryable) in [
        (400, false),
        (401, false),
        (404, false),
        (408, true),
        (409, false),
        (422, false),
        (425, true),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
        (599, true),
        (600, false),
        (999, false),
    ] {
        let effected = world.call(HTTP, json!({ "url": stub.url(&format!("/{status}")) })).await;
        let error = effected.result.expect_err("fails");
        assert_eq!((error.code.as_str(), error.retryable), ("http_status", retryable), "{status}");
        assert_eq!(error.message, format!("The server answered with status {status}"));
        assert_eq!(error.details, Some(json!({ "status": status })));
        assert_eq!((effected.logs.len(), effected.logs[0].level.as_str()), (1, "warn"));
        assert_eq!(effected.logs[0].message, format!(r#"{status}: {{"why":"echo of a token"}}"#));
    }
    let result = world.done(HTTP, json!({ "url": stub.url("/404"), "failOnStatus": "false" })).await;
    assert_eq!((&result["status"], &result["ok"]), (&json!(404), &json!(false)));
    assert_eq!(result["body"]["why"], "echo of a token");
}

#[tokio::test]
async fn redirects_are_followed_five_times_and_drop_the_keys_at_another_origin() {
    let world = World::new().await;
    let target = Stub::answering(response("200 OK\r\ncontent-type: text/plain", "there")).await;
    let away = target.url("/landing");
    let stub = Stub::start(move |seen: &Seen| match seen.path.as_str() {
        "/home" => response("200 OK\r\ncontent-type: text/plain", "home"),
        "/near" => response("302 Found\r\nlocation: /home", ""),
        "/away" => response(&format!("307 Temporary Redirect\r\nlocation: {away}"), ""),
        _ => response("302 Found\r\nlocation: /again", ""),
    })
    .await;
    let headers = json!({ "Authorization": "Bearer secret" });

    let near = world.done(HTTP, json!({ "url": stub.url("/near"), "headers": headers })).await;
    assert_eq!(near["body"], "home");
    assert_eq!(stub.last().header("idempotency-key"), format!("{RUN}:fetch:0"));

    let away = world.done(HTTP, json!({ "url": stub.url("/away"), "headers": headers, "body": { "a": 1 } })).await;
    assert_eq!(away["body"], "there");
    let seen = target.last();
    assert_eq!((seen.method.as_str(), seen.body.as_str()), ("POST", r#"{"a":1}"#));
    for name in ["authorization", "idempotency-key", "x-flow-step-key"] {
        assert_eq!(seen.header(name), "", "{name} must not reach another origin");
    }

    let held = world.done(HTTP, json!({ "url": stub.url("/near"), "followRedirects": false })).await;
    assert_eq!(
        (&held["status"], &held["ok"], &held["headers"]["location"]),
        (&json!(302), &json!(false), &json!("/home"))
    );

    let before = stub.requests().len();
    let error = world.failed(HTTP, json!({ "url": stub.url("/again") })).await;
    assert_eq!((error.code.as_str(), error.retryable), ("http_connect", false));
    assert_eq!(stub.requests().len() - before, 6, "the first call and five redirects");
}

#[tokio::test]
async fn addresses_that_are_not_public_are_blocked_also_behind_a_redirect() {
    let stub = Stub::start(|seen: &Seen| {
        let location = format!("http://{}/latest/meta-data", &seen.path[1..]);
        response(&format!("302 Found\r\nlocation: {location}"), "")
    })
    .await;
    let closed = World::with("", sandbox_config()).await;
    let error = closed.failed(HTTP, json!({ "url": stub.url("/x?key=secret") })).await;
    assert_eq!((error.code.as_str(), error.retryable), ("http_blocked", false));
    assert_eq!(error.details, Some(json!({ "reason": "loopback" })));
    assert!(!error.message.contains("secret") && !error.message.contains("127.0.0.1"), "{}", error.message);
    assert_eq!(stub.requests().len(), 0);

    let world = World::new().await;
    for host in ["169.254.169.254", "10.0.0.1", "[::1]"] {
        for url in [format!("http://{host}/"), stub.url(&format!("/{host}"))] {
            let error = world.failed(HTTP, json!({ "url": url })).await;
            assert_eq!((error.code.as_str(), error.retryable), ("http_blocked", false), "{url}");
        }
    }
}

#[tokio::test]
async fn what_does_not_answer_is_a_timeout_or_a_failed_connection() {
    let world = World::new().await;
    let silent = Stub::answering(Vec::new()).await;
    let slow = EffectCall { timeout_ms: 150, ..call(json!({ "url": silent.url("/") })) };
    let error = world.call_with(HTTP, slow).await.result.expect_err("no answer");
    assert_eq!((error.code.as_str(), error.retryable), ("http_timeout", true));
    assert_eq!(error.message, "No complete answer within 150 ms");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = world.failed(HTTP, json!({ "url": format!("http://{free}/") })).await;
    assert_eq!((error.code.as_str(), error.retryable), ("http_connect", true));

    let garbage = Stub::answering(b"220 mail.example ready\r\n\r\n".to_vec()).await;
    let error = world.failed(HTTP, json!({ "url": garbage.url("/") })).await;
    assert_eq!((error.code.as_str(), error.retryable), ("http_connect", true));
}

#[tokio::test]
async fn bodies_become_json_text_or_base64_by_their_type() {
    let world = World::new().await;
    let binary = json!({ "$binary": true, "contentType": "image/png", "size": 4, "base64": "iVBOAA==" });
    for (content_type, body, expected) in [
        ("application/json", &b"[1]"[..], json!([1])),
        ("application/problem+json; charset=utf-8", b"\xef\xbb\xbf{\"a\":null}", json!({ "a": null })),
        ("application/json", b"{broken", json!("{broken")),
        ("application/json", b"\"\\ud800\"", json!("\"\\ud800\"")),
        ("application/json", b"1e999", json!("1e999")),
        ("application/json", b"{\"__proto__\":{\"a\":1},\"a\":1,\"a\":2}", json!({ "__proto__": { "a": 1 }, "a": 2 })),
        ("Text/CSV", b"a,b\r\n", json!("a,b\r\n")),
        ("text/plain; charset=utf-8", b"\xff\xfe!", json!("\u{fffd}\u{fffd}!")),
        ("application/soap+xml", b"<a/>", json!("<a/>")),
        ("", b"untyped", json!("untyped")),
        ("image/png", b"\x89PN\0", binary),
        ("", b"\0\xff", json!({ "$binary": true, "contentType": "", "size": 2, "base64": "AP8=" })),
        ("application/json", b"", Value::Null),
    ] {
        let head = if content_type.is_empty() {
            "200 OK".to_owned()
        } else {
            format!("200 OK\r\ncontent-type: {content_type}")
        };
        let stub = Stub::answering(response(&head, body)).await;
        let result = world.done(HTTP, json!({ "url": stub.url("/") })).await;
        assert_eq!(result["body"], expected, "{content_type}");
    }
}

#[tokio::test]
async fn repeated_headers_are_joined_and_strange_bytes_replaced() {
    let world = World::new().await;
    let mut answer =
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\nSet-Cookie: a=1\r\nx-a: 2\r\nx-b: \xff\r\ncontent-length: 0\r\n\r\n".to_vec();
    answer.shrink_to_fit();
    let stub = Stub::answering(answer).await;
    let result = world.done(HTTP, json!({ "url": stub.url("/") })).await;
    assert_eq!(
        result["headers"],
        json!({ "x-a": "1, 2", "set-cookie": "a=1", "x-b": "\u{fffd}", "content-length": "0" })
    );
}

#[tokio::test]
async fn answers_that_would_fill_the_memory_are_refused() {
    let world = World::new().await;
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (content_type, body, too_large) in [
        ("text/plain", vec![b'x'; 10 * 1024 * 1024 + 1], true),
        ("image/png", vec![0; 1024 * 1024 + 1], true),
        ("image/png", vec![0; 1024 * 1024], false),
        ("application/json", format!("[0{}]", ",0".repeat(1_100_000)).into_bytes(), true),
        ("application/json", format!("[\"{}\\\"\"]", ",[{".repeat(1_000_000)).into_bytes(), false),
        ("application/json", nested.into_bytes(), false),
    ] {
        let size = body.len();
        let stub = Stub::answering(response(&format!("200 OK\r\ncontent-type: {content_type}"), body)).await;
        let result = world.call(HTTP, json!({ "url": stub.url("/") })).await.result;
        match result {
            Ok(_) => assert!(!too_large, "{content_type} of {size} bytes"),
            Err(error) => {
                assert!(too_large, "{content_type} of {size} bytes: {}", error.message);
                assert_eq!((error.code.as_str(), error.retryable), ("response_too_large", false));
            }
        }
    }
}

#[tokio::test]
async fn a_dropped_call_is_given_up() {
    let world = World::new().await;
    let silent = Stub::answering(Vec::new()).await;
    let call = world.call(HTTP, json!({ "url": silent.url("/") }));
    let waited = tokio::time::timeout(std::time::Duration::from_millis(100), call).await;
    assert!(waited.is_err(), "the server never answers");
}
