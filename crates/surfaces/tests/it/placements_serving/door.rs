//! What is checked before a device is answered, in which order, and in what form answers come (placements contract, sections 1.1 to 1.3
//! and 6).

use std::io::{Read as _, Write as _};

use floe_surfaces::http::RateLimits;
use floe_testkit::on_both;
use serde_json::{Value, json};

use super::{House, refused, screen, text, user};

/// Bytes of a body at most.
const BODY_MAX: usize = 65_536;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).expect("gzip");
    text
}

/// A good body of so many bytes.
fn body_of(bytes: usize) -> Vec<u8> {
    let mut body = user("u").to_string().into_bytes();
    body.resize(bytes, b' ');
    body
}

on_both! {
    async fn checks_come_in_their_order(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        house.place("onboarding", &one, json!({})).await;
        let here = house.path("placements/onboarding/resolve");
        let missing = "/v1/apps/0198c0de-0000-7000-8000-000000000000/placements/onboarding/resolve";
        let large = body_of(BODY_MAX + 1);
        let json_type = "application/json";
        let key = house.live.as_str();
        for (path, key, media, body, expected) in [
            (missing, "nobody", "text/plain", large.clone(), (401, "unauthorized")),
            ("/v1/apps/x/placements/onboarding/resolve", key, "text/plain", large.clone(), (400, "invalid_app_id")),
            (missing, key, "text/plain", large.clone(), (404, "app_not_found")),
            (&here, key, "text/plain", large.clone(), (413, "payload_too_large")),
            (&here, key, "text/plain", body_of(200), (415, "unsupported_media_type")),
            (&here, key, json_type, b"{".to_vec(), (400, "invalid_json")),
            (&here, key, json_type, b"{}".to_vec(), (400, "validation_failed")),
            (&here, key, json_type, b"".to_vec(), (400, "invalid_json")),
            (&here, key, json_type, body_of(BODY_MAX), (200, "")),
        ] {
            let answer = house.app.post(path).bearer(key).header("content-type", media).body(body).send().await;
            assert_eq!(refused(&answer), (expected.0, expected.1.to_owned()), "{path} {media}");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert_eq!(answer.header("cache-control"), "private, no-store");
            assert!(!answer.header("x-request-id").is_empty());
        }
        // A type that is left out counts as JSON.
        let answer = house.app.post(&here).bearer(key).body(user("u").to_string().into_bytes()).send().await;
        assert_eq!(answer.status, 200);
        let answer = house.app.ask("PUT", &here).bearer(key).send().await;
        assert_eq!(refused(&answer), (405, "method_not_allowed".to_owned()));
        assert_eq!(answer.header("allow"), "POST");
        // Every problem of a body in one answer, by the name of its field.
        let answer = house.app.post(&here).bearer(key).json(&json!({ "user_id": " ", "device_platform": "tv" })).send().await;
        let fields: Vec<&str> = answer.json["details"].as_array().expect("details").iter().filter_map(|one| one["field"].as_str()).collect();
        assert_eq!(fields, ["user_id", "session_id", "device_platform"], "{answer:?}");
    }

    async fn point_06_a_body_that_names_another_app_is_refused(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        house.place("onboarding", &one, json!({})).await;
        for (named, status) in [
            (house.id.clone(), 200),
            (house.id.to_uppercase(), 200),
            ("0198c0de-0000-7000-8000-000000000000".to_owned(), 400),
            ("x".to_owned(), 400),
        ] {
            let mut body = user("u");
            body["app_id"] = json!(named);
            let answer = house.device("placements/onboarding/resolve", &house.live).json(&body).send().await;
            assert_eq!(answer.status.as_u16(), status, "{named}: {answer:?}");
            if status == 400 {
                assert_eq!(answer.json["details"][0]["field"], "app_id");
            }
        }
    }

    async fn bodies_and_answers_are_packed(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        let (_, long) = house.publish("Long", &screen(&"Long ".repeat(30_000))).await;
        house.place("short", &one, json!({})).await;
        house.place("long", &long, json!({})).await;
        let ask = |placement: &str, body: Vec<u8>| {
            let path = house.path(&format!("placements/{placement}/resolve"));
            house.app.post(&path).bearer(&house.live).header("content-type", "application/json").body(body)
        };
        let plain = ask("long", body_of(200)).send().await;
        assert!(plain.header("content-encoding").is_empty() && plain.bytes.len() > 150_000);
        let (answer, _) = ask("long", packed(&body_of(200))).header("content-encoding", "gzip").header("accept-encoding", "gzip, br").try_send().await;
        assert_eq!((answer.status.as_u16(), answer.header("content-encoding"), answer.header("vary")), (200, "gzip", "Accept-Encoding"));
        assert!(answer.bytes.len() < 10_000, "{} bytes", answer.bytes.len());
        assert!(unpacked(&answer.bytes) == plain.bytes, "the same answer");
        let (refused_it, _) = ask("long", body_of(200)).header("accept-encoding", "gzip;q=0").try_send().await;
        assert!(refused_it.bytes == plain.bytes);
        let (short, _) = ask("short", body_of(200)).header("accept-encoding", "gzip").try_send().await;
        assert!(short.bytes.len() <= 1_024 && short.header("content-encoding").is_empty(), "not worth while: {short:?}");
        let mut body = user("u");
        body["placement_keys"] = json!(["long", "short", "long_2"]);
        let batch = |encoding: &str| {
            house.device("placements/resolve-batch", &house.live).header("accept-encoding", encoding).json(&body).try_send()
        };
        let (plain, packed_batch) = (batch("br").await.0, batch("gzip").await.0);
        assert!(unpacked(&packed_batch.bytes) == plain.bytes);

        // Bombs, cuts, and what is no gzip.
        let bomb = packed(&vec![b' '; 60_000_000]);
        assert!(bomb.len() < BODY_MAX);
        for (body, coding, expected) in [
            (bomb, "gzip", (413, "payload_too_large")),
            (packed(&body_of(BODY_MAX + 1)), "gzip", (413, "payload_too_large")),
            (packed(&body_of(BODY_MAX)), "gzip", (200, "")),
            (packed(&body_of(300))[..40].to_vec(), "gzip", (400, "invalid_json")),
            (body_of(300), "gzip", (400, "invalid_json")),
            (packed(b"[]"), "gzip", (400, "invalid_json")),
            (body_of(300), "br", (415, "unsupported_media_type")),
            (body_of(300), "gzip, gzip", (415, "unsupported_media_type")),
            (body_of(300), "identity", (200, "")),
        ] {
            let answer = ask("short", body).header("content-encoding", coding).send().await;
            assert_eq!(refused(&answer), (expected.0, expected.1.to_owned()), "{coding}");
        }
    }

    async fn pages_of_any_site_may_ask(store: TestStore) {
        let house = House::new(store).await;
        let preflight = async |path: &str, asked: &str| {
            let asking = house.app.ask("OPTIONS", path).header("origin", "https://shop.example");
            asking.header("access-control-request-method", asked).header("access-control-request-headers", "authorization").try_send().await.0
        };
        for path in ["placements/a/resolve", "placements/resolve-batch", "flows/x/resolve", "events", "sdk-errors"] {
            let answer = preflight(&house.path(path), "POST").await;
            assert_eq!(answer.status, 204, "{path}: {answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert!(answer.header("access-control-allow-credentials").is_empty());
            assert!(answer.header("access-control-allow-headers").to_lowercase().contains("authorization"));
        }
        // A page is told what it may read of an answer; an app has no use for that.
        let here = house.path("placements/onboarding/resolve");
        let ask = || house.app.post(&here).bearer(&house.live).json(&user("u"));
        let answer = ask().header("origin", "https://shop.example").send().await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-expose-headers").contains("RateLimit-Remaining"));
        assert!(ask().send().await.header("access-control-expose-headers").is_empty());
        for (path, asked) in [(house.path("events"), "GET"), ("/v1/apps".to_owned(), "POST"), (house.path("placements"), "POST")] {
            let answer = preflight(&path, asked).await;
            assert_eq!(answer.status, 405, "{path}: the management answers no preflight");
            assert!(answer.header("access-control-allow-origin").is_empty());
        }
    }

    async fn the_older_route_finds_its_app(store: TestStore) {
        let house = House::new(store).await;
        let (_, one) = house.publish("One", &screen("One")).await;
        house.place("onboarding", &one, json!({})).await;
        let ask = async |app: Value| {
            let mut body = user("u");
            body["app_id"] = app;
            house.device("/v1/placements/onboarding/resolve", &house.live).json(&body).send().await
        };
        let alone = ask(Value::Null).await;
        assert_eq!((alone.status.as_u16(), &alone.json["flow_version_id"]), (200, &json!(one)));
        assert_eq!(alone.header("deprecation"), "true");
        let successor = format!("</v1/apps/{}/placements/onboarding/resolve>; rel=\"successor-version\"", house.id);
        assert_eq!(alone.header("link"), successor);
        assert_eq!(alone.json, house.resolve("onboarding", &user("u")).await);
        house.new_app("Second").await;
        assert_eq!(refused(&ask(Value::Null).await), (400, "invalid_app_id".to_owned()));
        assert_eq!(ask(json!(house.id)).await.status, 200);
        assert_eq!(refused(&ask(json!("x")).await), (400, "invalid_app_id".to_owned()));
        let missing = json!("0198c0de-0000-7000-8000-000000000000");
        assert_eq!(refused(&ask(missing).await), (404, "app_not_found".to_owned()));
    }

    async fn a_flow_is_resolved_by_its_id(store: TestStore) {
        let house = House::new(store).await;
        let (flow, _) = house.publish("One", &screen("One")).await;
        let second = house.publish_again(&flow, &screen("Two")).await;
        let draft = text(&house.manage("POST", "flows", json!({ "name": "Draft", "type": "survey" })).await, "id");
        let newest = house.resolve_at(&format!("flows/{flow}/resolve"), &house.live, &user("u")).await;
        assert_eq!((&newest["flow_version_id"], &newest["flow_version"]), (&json!(second), &json!(2)));
        let none = house.resolve_at(&format!("flows/{draft}/resolve"), &house.test, &user("u")).await;
        assert_eq!(none, json!({ "flow_id": null, "cache_ttl_seconds": 60 }));
        for other in ["x", "0198c0de-0000-7000-8000-000000000000"] {
            let answer = house.device(&format!("flows/{other}/resolve"), &house.live).json(&user("u")).send().await;
            assert_eq!(refused(&answer), (404, "flow_not_found".to_owned()));
        }
    }

    async fn requests_are_counted(store: TestStore) {
        let limits = RateLimits::PerMinute(vec![("sdk-resolve".to_owned(), 120), ("sdk-address".to_owned(), 60)]);
        let house = House::with(store, limits).await;
        let ask = |peer: &str, keys: usize, key: &str| {
            let mut body = user("u");
            body["placement_keys"] = (0..keys).map(|number| format!("p{number}")).collect();
            house.app.post_from(peer, &house.path("placements/resolve-batch")).bearer(key).json(&body)
        };
        // Two a second, four at once; addresses that are private are not counted.
        let home = "10.0.0.7:1";
        let answer = ask(home, 3, &house.live).send().await;
        let told = |name: &str| answer.header(name).parse::<i64>().expect("a number");
        assert_eq!((told("ratelimit-limit"), told("ratelimit-remaining")), (4, 1));
        assert!(told("ratelimit-reset") >= 1);
        let answer = ask(home, 2, &house.live).send().await;
        assert_eq!(refused(&answer), (429, "rate_limited".to_owned()), "one is left, and two would be needed");
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(ask(home, 1, &house.test).send().await.status, 200, "each key has its own");
        house.app.pass_seconds(2);
        assert_eq!(ask(home, 4, &house.live).send().await.status, 200);
        // One a second and four at once from an address, whatever the key.
        let street = "198.51.100.9:1";
        house.app.pass_seconds(2);
        for _ in 0..4 {
            let answer = ask(street, 1, "nobody").send().await;
            assert_eq!(refused(&answer), (401, "unauthorized".to_owned()));
            assert_eq!(answer.header("ratelimit-limit"), "4");
        }
        assert_eq!(refused(&ask(street, 1, "nobody").send().await), (429, "rate_limited".to_owned()));
        assert_eq!(refused(&ask(street, 1, &house.live).send().await), (429, "rate_limited".to_owned()));
        assert_eq!(ask("198.51.100.10:1", 1, &house.live).send().await.status, 200);
    }
}
