//! Calls of addresses: who may, what a run gets, what is answered and logged (workflows contract, section 11).

use floe_surfaces::http::RateLimits;
use floe_testkit::on_both;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{hook, mirror, path_of};
use crate::workflows::{World, greeter, text};

/// Names and values.
type Headers = Vec<(&'static str, String)>;

fn sign(secret: &str, body: &str) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The last calls of a trigger, newest first.
async fn log(world: &World, trigger: &Value) -> Vec<Value> {
    let path = format!("/console/v1/triggers/{}/requests", text(&trigger["id"]));
    let list = world.console("GET", &path, None).await;
    assert_eq!(list.status, 200, "{list:?}");
    list.json["data"].as_array().expect("a list").clone()
}

on_both! {
    async fn a_call_starts_a_run_with_what_came(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&mirror()).await;
        let made = hook(&world, &workflow, json!({ "method": "POST" })).await;
        let id = text(&made["id"]);
        assert!(id.starts_with("trigger_") && text(&made["url"]).ends_with(&format!("/webhooks/{id}")), "{made:#}");
        for base in ["/webhooks", "/api/webhooks"] {
            let asked = world.app.post(&format!("{base}/{id}?a=1&a=2&b=x"))
                .header("x-mine", "v").header("cookie", "s=1").header("authorization", "Bearer top")
                .json(&json!({ "who": "Ada", "method": "mine" }));
            let called = asked.send().await;
            assert_eq!(called.status, 202, "{called:?}");
            assert_eq!(called.json["success"], true);
            let run = world.execution(&text(&called.json["executionId"]), &["completed", "failed"]).await;
            assert_eq!((&run["status"], &run["trigger_id"], &run["test"]), (&json!("completed"), &json!(id), &json!(false)), "{run:#}");
            let inputs = &run["inputs"];
            assert_eq!((&inputs["body"]["who"], &inputs["who"]), (&json!("Ada"), &json!("Ada")), "members of the body stand at the top");
            assert_eq!((&inputs["method"], &inputs["query"]), (&json!("POST"), &json!({ "a": ["1", "2"], "b": "x" })), "where they are free");
            assert_eq!((&inputs["headers"]["x-mine"], &inputs["triggerId"]), (&json!("v"), &json!(id)));
            assert_eq!((&inputs["headers"]["cookie"], &inputs["headers"]["authorization"]), (&json!("***"), &json!("***")));
            let got = &run["outputs"]["got"];
            assert_eq!((&got["type"], &got["id"], &got["name"]), (&json!("webhook"), &json!(id), &json!("Hook")), "{run:#}");
            assert_eq!(run["outputs"]["name"], "Ada");
        }
        let shown = world.console("GET", &format!("/console/v1/triggers/{id}"), None).await.json;
        assert_eq!((&shown["trigger_count"], shown["last_run_id"].is_string(), &shown["secret"]), (&json!(2), true, &Value::Null));
        let listed = world.get(&format!("/v1/executions?trigger_id={id}")).send().await;
        assert_eq!(listed.json["pagination"]["total_count"], 2, "{listed:?}");
    }

    async fn every_way_to_be_refused(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&greeter()).await;
        let secret_of = |made: &Value| text(&made["secret"]);
        let signed = hook(&world, &workflow, json!({ "authType": "hmac", "allowedOrigins": ["https://a.example"] })).await;
        let keyed = hook(&world, &workflow, json!({ "authType": "api_key" })).await;
        let bearer = hook(&world, &workflow, json!({ "authType": "bearer", "method": "PUT", "responseFormat": "text" })).await;
        let body = json!({ "name": "Ada" });
        let good = sign(&secret_of(&signed), &body.to_string());
        let ask = |method: &str, trigger: &Value, headers: &[(&'static str, String)]| {
            let asking = world.app.ask(method, &path_of(trigger)).json(&body);
            headers.iter().fold(asking, |asking, (name, value)| asking.header(name, value)).send()
        };
        let (key, token) = (secret_of(&keyed), secret_of(&bearer));
        let other = sign("trgsec_0", &body.to_string());
        let cases: Vec<(&str, &Value, Headers, u16)> = vec![
            ("POST", &signed, vec![("x-signature", good.clone())], 202),
            ("PATCH", &signed, vec![("x-hub-signature-256", format!("sha256={good}")), ("origin", "https://a.example".into())], 202),
            ("POST", &signed, vec![("x-signature", good.clone()), ("origin", "https://b.example".into())], 403),
            ("POST", &signed, vec![("x-signature", other)], 401),
            ("POST", &signed, vec![], 401),
            ("POST", &keyed, vec![("x-api-key", key.clone())], 202),
            ("POST", &keyed, vec![("x-api-key", format!("{key}0"))], 401),
            ("PUT", &bearer, vec![("authorization", format!("Bearer {token}"))], 202),
            ("PUT", &bearer, vec![("authorization", format!("Bearer {key}"))], 401),
            ("POST", &bearer, vec![("authorization", format!("Bearer {token}"))], 405),
        ];
        for (at, (method, trigger, headers, status)) in cases.iter().enumerate() {
            let answer = ask(method, trigger, headers).await;
            assert_eq!(answer.status.as_u16(), *status, "case {at}: {answer:?}");
            if *status == 405 {
                assert_eq!(answer.headers["allow"], "PUT");
            }
            if *status != 202 {
                assert_eq!((&answer.json["success"], answer.json["error"].is_string()), (&json!(false), true), "case {at}");
            } else if **trigger == bearer {
                assert_eq!(answer.bytes, b"OK");
            }
        }
        let off = format!("/console/v1/triggers/{}", text(&keyed["id"]));
        // A look starts nothing, whatever the trigger takes.
        let looked = ask("HEAD", &keyed, &[("x-api-key", key.clone())]).await;
        assert_eq!((looked.status.as_u16(), &looked.headers["allow"]), (405, &"GET, POST, PUT, PATCH, DELETE".parse().expect("a value")));
        world.console("PATCH", &off, Some(&json!({ "enabled": false }))).await;
        let refused = ask("POST", &keyed, &[("x-api-key", key.clone())]).await;
        assert_eq!(refused.status, 403, "{refused:?}");
        assert_eq!(ask("POST", &keyed, &[]).await.status, 401, "nobody is told before he proved himself");
        let entries = log(&world, &keyed).await;
        let seen: Vec<(&Value, &Value, &Value)> = entries.iter().map(|one| (&one["status"], &one["can_replay"], &one["body"])).collect();
        let (yes, no, none) = (json!(true), json!(false), Value::Null);
        assert_eq!(seen, [(&json!(401), &no, &none), (&json!(403), &yes, &body), (&json!(405), &no, &none), (&json!(401), &no, &none), (&json!(202), &yes, &body)]);
        assert_eq!(entries[4]["headers"]["x-api-key"], "***");
        for path in ["/webhooks/trigger_00000000000000000000000000", "/webhooks/x", "/webhooks/x/y", "/api/webhooks"] {
            let answer = world.app.post(path).json(&body).send().await;
            assert_eq!((answer.status.as_u16(), &answer.json["success"]), (404, &json!(false)), "{path}: {answer:?}");
        }
    }

    async fn an_address_takes_so_many_calls_a_minute(store: TestStore) {
        let world = World::with_limits(store, RateLimits::PerMinute(vec![("inbound".to_owned(), 2)])).await;
        let workflow = world.workflow(&greeter()).await;
        let (one, other) = (hook(&world, &workflow, json!({})).await, hook(&world, &workflow, json!({})).await);
        let ask = |trigger: &Value| world.app.post(&path_of(trigger)).json(&json!({ "name": "Ada" })).send();
        assert_eq!((ask(&one).await.status.as_u16(), ask(&one).await.status.as_u16()), (202, 202));
        let refused = ask(&one).await;
        assert_eq!((refused.status.as_u16(), &refused.json["success"]), (429, &json!(false)), "{refused:?}");
        assert!(refused.headers.contains_key("retry-after") && refused.json["error"].is_string(), "{refused:?}");
        assert_eq!(ask(&other).await.status, 202, "each address is counted by itself");
    }

    async fn bodies_of_every_kind(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&mirror()).await;
        let made = hook(&world, &workflow, json!({})).await;
        let cases: [(&str, &str, &[u8], Value); 5] = [
            ("POST", "application/x-www-form-urlencoded", b"name=Ada+L&x=%C3%A9", json!({ "name": "Ada L", "x": "\u{e9}" })),
            ("PUT", "text/plain", b"plain", json!("plain")),
            ("POST", "application/json", b"{not json", json!("{not json")),
            ("POST", "application/octet-stream", b"\xff\x00a", json!("\u{fffd}\u{fffd}a")),
            ("DELETE", "application/json", b"[1,2]", json!([1, 2])),
        ];
        for (method, media, body, expected) in cases {
            let called = world.app.ask(method, &path_of(&made)).header("content-type", media).body(body.to_vec()).send().await;
            assert_eq!(called.status, 202, "{media}: {called:?}");
            let run = world.execution(&text(&called.json["executionId"]), &["completed", "failed"]).await;
            assert_eq!(run["inputs"]["body"], expected, "{media}");
        }
        let called = world.app.get(&path_of(&made)).send().await;
        assert_eq!(called.status, 202, "{called:?}");
        let large = world.app.post(&path_of(&made)).header("content-type", "text/plain").body(vec![b'a'; 1024 * 1024 + 1]).send().await;
        assert_eq!((large.status.as_u16(), &large.json["success"]), (413, &json!(false)));
        let whole = world.app.post(&path_of(&made)).header("content-type", "text/plain").body(vec![b'a'; 1024 * 1024]).send().await;
        assert_eq!(whole.status, 202);
    }

    async fn a_call_can_be_repeated_and_a_workflow_be_an_address(store: TestStore) {
        let world = World::new(store).await;
        let workflow = world.workflow(&mirror()).await;
        let made = hook(&world, &workflow, json!({ "authType": "bearer" })).await;
        let by_workflow = world.app.post(&format!("/webhooks/{workflow}")).bearer(&text(&made["secret"])).json(&json!({ "who": "Eve" })).send().await;
        assert_eq!(by_workflow.status, 202, "{by_workflow:?}");
        let first = log(&world, &made).await.remove(0);
        let path = format!("/console/v1/triggers/{}/requests/{}/replay", text(&made["id"]), text(&first["id"]));
        let again = world.console("POST", &path, Some(&json!({}))).await;
        assert_eq!(again.status, 202, "{again:?}");
        let run = world.execution(&text(&again.json["run_id"]), &["completed", "failed"]).await;
        assert_eq!(run["outputs"]["name"], "Eve");
        let entries = log(&world, &made).await;
        assert_eq!((&entries[0]["replay_of"], &entries[0]["run_id"]), (&first["id"], &again.json["run_id"]));
        let refused = world.app.post(&path_of(&made)).json(&json!({})).send().await;
        assert_eq!(refused.status, 401);
        let last = log(&world, &made).await.remove(0);
        let path = format!("/console/v1/triggers/{}/requests/{}/replay", text(&made["id"]), text(&last["id"]));
        assert_eq!(world.console("POST", &path, Some(&json!({}))).await.status, 409, "its body was not kept");
        hook(&world, &workflow, json!({})).await;
        let two = world.app.post(&format!("/webhooks/{workflow}")).json(&json!({})).send().await;
        assert_eq!(two.status, 404, "two addresses: the workflow names none");
        for _ in 0..105 {
            assert_eq!(world.app.post(&path_of(&made)).json(&json!({})).send().await.status, 401);
        }
        assert_eq!(log(&world, &made).await.len(), 100, "the last hundred");
    }
}
