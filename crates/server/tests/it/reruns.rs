//! Runs run again, listed and followed with the command line, by a server that is killed in between.

use serde_json::{Value, json};

use crate::binary::text;
use crate::flows::Workshop;
use crate::stub::Stub;

fn json_of(printed: &str) -> Value {
    serde_json::from_str(printed.trim()).unwrap_or_else(|_| panic!("not one JSON document: {printed}"))
}

/// Two calls: the second fails the first time.
fn flow(stub: &Stub) -> Value {
    let call = |id: &str, next: &str| {
        let data = json!({ "url": format!("http://{}/{id}", stub.address), "method": "POST" });
        json!({ "id": id, "name": id, "type": "http-request", "data": data, "nextStepId": next })
    };
    let steps = json!([
        { "id": "start", "type": "api", "nextStepId": "pay" },
        call("pay", "mail"),
        call("mail", "end"),
        { "id": "end", "type": "final", "data": { "outputs": { "ok": true } } },
    ]);
    json!({ "name": "Pay", "definition": { "steps": steps } })
}

#[test]
fn a_failed_run_is_run_again_without_paying_twice() {
    let stub = Stub::start();
    let workshop = Workshop::open_with(&format!("outbound_allow = \"{}\"", stub.address));
    let failing = json!([{ "status": 500, "body": {} }, { "status": 500, "body": {} }, { "status": 200, "body": {} }]);
    stub.play(vec![
        json!({ "method": "POST", "path": "/pay", "answers": [{ "status": 200, "body": {} }] }),
        json!({ "method": "POST", "path": "/mail", "answers": failing }),
    ]);
    workshop.write("pay.flow.json", &flow(&stub));
    workshop.printed(&["flow", "push", "pay.flow.json", "--publish"]);
    let failed = workshop.run(&["flow", "run", "Pay", "--json"]);
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed.stderr));
    let listed = json_of(&workshop.printed(&["run", "list", "--status", "failed", "--json"]));
    assert_eq!((&listed["name"], &listed["error"]["step_id"]), (&json!("Pay"), &json!("mail")));
    let run = listed["id"].as_str().expect("an id");
    assert_eq!(stub.requests(), 2);

    let dry = json_of(&workshop.printed(&["run", "retry", run, "--from-step", "failed", "--dry-run", "--json"]));
    assert_eq!(dry, json!({ "reused": ["pay"], "again": ["mail", "end"], "kept_approvals": [] }));
    let again = json_of(&workshop.printed(&["run", "retry", run, "--from-step", "failed", "--json"]));
    assert_eq!((&again["reused"], &again["again"]), (&dry["reused"], &dry["again"]));
    let watched = workshop.run(&["run", "watch", again["run_id"].as_str().expect("an id"), "--json"]);
    assert_eq!(watched.status.code(), Some(1), "it fails once more: {}", text(&watched.stdout));
    assert!(text(&watched.stderr).contains("mail"), "{}", text(&watched.stderr));
    assert_eq!(stub.requests(), 3);

    // What it takes over is in its journal, so the server may have been another one.
    let workshop = workshop.restarted();
    let failed = workshop.printed(&["run", "list", "--status", "failed", "--json"]);
    assert_eq!(failed.lines().count(), 2, "{failed}");
    let job = workshop.run(&["run", "retry", "--filter", "status=failed kind=flow", "--from-step", "failed", "--json"]);
    assert_eq!(job.status.code(), Some(0), "{}", text(&job.stderr));
    let job = json_of(&text(&job.stdout));
    assert_eq!((&job["kind"], &job["done"], &job["failed"]), (&json!("runs.rerun"), &json!(2), &json!(0)));
    let done = workshop.printed(&["run", "list", "--json", "--limit", "2"]);
    for line in done.lines() {
        let run = json_of(line);
        let state = json_of(&workshop.printed(&["run", "watch", run["id"].as_str().expect("an id"), "--json"]));
        assert_eq!(state["status"], "completed", "{state}");
    }
    assert_eq!(stub.requests(), 5, "two more mails, and no more payment");
    let missing = workshop.run(&["run", "retry", "00000000-0000-7000-8000-000000000001"]);
    assert_eq!(missing.status.code(), Some(4));
    let conflict = workshop.run(&["run", "retry", "--filter", "status"]);
    assert_eq!(conflict.status.code(), Some(2));
}
