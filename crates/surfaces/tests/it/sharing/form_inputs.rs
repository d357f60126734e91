//! Executions whose inputs come as a form, and the mode in which links run.

use floe_testkit::on_both;
use serde_json::{Value, json};

use super::link;
use crate::app::{Answer, Asking};
use crate::flows::refused;
use crate::flows_runs::World;

const CUT: &str = "multipart/form-data; boundary=cut";

/// A form of parts: key, name of the file if it is one, content.
async fn send(asking: Asking<'_>, parts: &[(&str, Option<&str>, &str)]) -> Answer {
    let mut body = String::new();
    for (key, file, content) in parts {
        let file = file.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        body += &format!("--cut\r\nContent-Disposition: form-data; name=\"{key}\"{file}\r\n\r\n{content}\r\n");
    }
    asking.header("content-type", CUT).body(format!("{body}--cut--\r\n").into_bytes()).send().await
}

fn order(mode: Value) -> Value {
    let inputs = json!([
        { "key": "amount", "type": "number", "required": true }, { "key": "gift", "type": "boolean" },
        { "key": "sizes", "type": "multi-select", "options": ["s", "m"] }, { "key": "photo", "type": "file" },
    ]);
    let outputs =
        json!({ "amount": "{{amount}}", "gift": "{{gift}}", "sizes": "{{sizes}}", "photo": "{{photo.name}}" });
    json!([
        { "id": "api", "type": "api", "nextStepId": "end", "data": { "inputs": inputs } },
        { "id": "form", "type": "form", "nextStepId": "end", "data": { "inputs": inputs, "mode": mode } },
        { "id": "end", "type": "final", "data": { "outputs": outputs } },
    ])
}

on_both! {
    async fn the_parts_of_a_form_are_read_as_declared(store: TestStore) {
        let world = World::new(store).await;
        let flow = world.flow("Order", order(json!("live"))).await;
        let path = format!("/v1/client/flow/{flow}/execute");
        let parts = [("amount", None, "12.5"), ("gift", None, "on"), ("sizes", None, "s"), ("sizes", None, "m")];
        let done = send(world.app.post(&path).bearer(&world.key), &parts).await;
        let expected = json!({ "amount": 12.5, "gift": true, "sizes": ["s", "m"], "photo": null });
        assert_eq!((done.status.as_u16(), &done.json), (200, &expected));
        let shared = format!("/v1/flow/share/execute/{}", link(&world, &flow).await);
        let done = send(world.app.post(&shared), &[("amount", None, "3"), ("photo", Some("a.txt"), "hello")]).await;
        assert_eq!((done.status.as_u16(), &done.json["photo"]), (200, &json!("a.txt")), "{done:?}");

        let wrong = send(world.app.post(&path).bearer(&world.key), &[("amount", None, "many")]).await;
        assert_eq!(refused(&wrong), (400, "validation_error".to_owned()));
        assert_eq!(wrong.json["error"]["details"]["fields"][0]["path"], "/amount");
        let wrong = send(world.app.post(&path).bearer(&world.key), &[("amount", Some("a.txt"), "5")]).await;
        assert_eq!(wrong.json["error"]["details"]["fields"][0]["path"], "/amount", "{wrong:?}");
        let unknown = format!("/v1/client/flow/{}/execute", uuid_of_nothing());
        assert_eq!(refused(&send(world.app.post(&unknown).bearer(&world.key), &parts).await).0, 404);
        let text = world.app.post(&path).bearer(&world.key).header("content-type", "text/plain").body(b"x".to_vec());
        assert_eq!(refused(&text.send().await), (415, "unsupported_media_type".to_owned()));
    }

    async fn a_link_runs_in_the_mode_of_its_trigger(store: TestStore) {
        let world = World::new(store).await;
        for (mode, is_test) in [(json!("test"), true), (json!("live"), false), (Value::Null, false)] {
            let flow = world.flow("Order", order(mode.clone())).await;
            let shared = format!("/v1/flow/share/execute/{}", link(&world, &flow).await);
            let done = world.app.post(&shared).json(&json!({ "amount": 1 })).send().await;
            assert_eq!(done.status, 200, "{done:?}");
            let run = world.get(&format!("/v1/flowrun/summary/{}", done.header("x-flow-run-id"))).await;
            assert_eq!(run.json["test"], is_test, "{mode}");
        }
        let draft = world.draft("Odd", order(json!("sometimes"))).await;
        let answer = world.post(&format!("/v1/flow/{draft}/publish"), json!({})).await;
        assert_eq!(refused(&answer), (422, "invalid_definition".to_owned()));
        assert_eq!(answer.json["error"]["details"]["problems"][0]["path"], "/steps/1/data/mode");
    }
}

fn uuid_of_nothing() -> &'static str {
    "00000000-0000-7000-8000-000000000000"
}
