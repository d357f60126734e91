//! Keys made with the command line, and what they open.

use serde_json::{Value, json};

use crate::binary::{floe, output, text};
use crate::flows::Workshop;

/// Both ways to the same keys: through the API with a token, and as the owner of the data folder through its socket.
#[derive(Clone, Copy)]
enum Way {
    Api,
    Socket,
}

fn key(workshop: &Workshop, token: &str, way: Way, line: &[&str]) -> Value {
    let mut command = floe(&workshop.folder.0);
    command.arg("key").args(line).arg("--json");
    match way {
        Way::Api => command.env("FLOE_URL", workshop.server.url()).env("FLOE_TOKEN", token),
        Way::Socket => command.args(["--data", "data"]),
    };
    let done = output(&mut command);
    assert_eq!(done.status.code(), Some(0), "{line:?}: {}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("not one JSON document: {}", text(&done.stdout)))
}

#[test]
fn a_key_opens_the_client_routes_until_it_is_rotated_or_revoked() {
    let workshop = Workshop::open();
    let sum = json!({ "name": "Sum", "definition": { "steps": [
        { "id": "start", "type": "api", "nextStepId": "end" },
        { "id": "end", "type": "final", "data": { "outputs": { "total": "{{ a + b }}" } } } ] } });
    workshop.write("sum.flow.json", &sum);
    let pushed = workshop.printed(&["flow", "push", "sum.flow.json", "--publish", "--json"]);
    let pushed: Value = serde_json::from_str(pushed.trim()).expect("one JSON document");
    let path = format!("/v1/client/flow/{}/execute", pushed["_id"].as_str().expect("an id"));
    let call = |key: &Value| {
        let text = key["key"].as_str().expect("the text of a key");
        workshop.server.post(&path, Some(text), &json!({ "a": 1, "b": 2 }))
    };
    let token = workshop.server.token(&["admin", "console.read"]);

    for way in [Way::Api, Way::Socket] {
        let first = key(&workshop, &token, way, &["create", "--name", "ci", "--mode", "test"]);
        assert!(first["key"].as_str().is_some_and(|text| text.starts_with("fl_test_")), "{first}");
        assert_eq!(call(&first), (200, json!({ "total": 3 })));
        let second = key(&workshop, &token, way, &["rotate", first["id"].as_str().expect("an id")]);
        assert_eq!((call(&first).0, call(&second).0), (401, 200), "the old one ends at once");
        let id = second["id"].as_str().expect("an id");
        let third = key(&workshop, &token, way, &["rotate", id, "--overlap-minutes", "5"]);
        assert_eq!((call(&second).0, call(&third).0), (200, 200), "the old one works for five minutes more");
        let revoked = key(&workshop, &token, way, &["revoke", third["id"].as_str().expect("an id")]);
        assert_eq!((&revoked["status"], call(&third).0), (&json!("revoked"), 401));
    }
    let reader = key(&workshop, &token, Way::Api, &["create", "--name", "reader", "--scope", "flows.read"]);
    let (status, refused) = call(&reader);
    assert_eq!((status, &refused["error"]["code"]), (403, &json!("insufficient_scope")), "{refused}");
    assert_eq!(workshop.server.stop(), Some(0));
}
