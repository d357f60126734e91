//! Questions of runs, seen and answered with the command line.

use std::path::Path;

use serde_json::{Value, json};

use crate::binary::text;
use crate::flows::Workshop;

fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../examples/{name}.flow.json"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("the example")).expect("JSON")
}

fn json_of(printed: &str) -> Value {
    serde_json::from_str(printed.trim()).unwrap_or_else(|_| panic!("not one JSON document: {printed}"))
}

/// The only open item.
fn open_item(workshop: &Workshop) -> Value {
    let list = workshop.printed(&["inbox", "list", "--mine", "--json"]);
    assert_eq!(list.lines().count(), 1, "{list}");
    json_of(&list)
}

#[test]
fn an_approval_is_shown_with_its_hash_and_answered() {
    let workshop = Workshop::open();
    workshop.write("refund-approval.flow.json", &example("refund-approval"));
    workshop.printed(&["flow", "push", "refund-approval.flow.json", "--publish"]);
    assert_eq!(workshop.printed(&["inbox", "list", "--json"]), "");
    let start = ["flow", "run", "Refund approval", "-i", "orderId=A-1002", "-i", "amount=120", "--json"];
    let waiting = json_of(&workshop.printed(&start));
    assert_eq!(waiting["status"], "waiting", "{waiting}");
    let run = waiting["appRunId"].as_str().expect("a run");

    let item = open_item(&workshop);
    assert_eq!((&item["kind"], &item["status"]), (&json!("flow_approval"), &json!("open")), "{item}");
    let id = item["id"].as_str().expect("an id");
    let shown = workshop.printed(&["inbox", "show", id]);
    let hash = item["content_hash"].as_str().expect("a hash");
    assert!(shown.contains(hash) && shown.contains("Refund 120 EUR for order A-1002?"), "{shown}");

    let stale = workshop.run(&["inbox", "answer", id, "--approve", "--hash", &"0".repeat(64)]);
    assert_eq!(stale.status.code(), Some(5), "{}", text(&stale.stderr));
    let misfit = workshop.run(&["inbox", "answer", id, "--data", "{\"a\":1}"]);
    assert_eq!(misfit.status.code(), Some(1), "{}", text(&misfit.stderr));
    let answered =
        json_of(&workshop.printed(&["inbox", "answer", id, "--approve", "--comment", "photo seen", "--json"]));
    assert_eq!(answered["item"]["status"], "answered", "{answered}");
    let again = workshop.run(&["inbox", "answer", id, "--approve"]);
    assert_eq!(again.status.code(), Some(5), "{}", text(&again.stderr));
    assert_eq!(workshop.run(&["inbox", "show", "inb_nonsense"]).status.code(), Some(4));

    let state = json_of(&workshop.printed(&["run", "watch", run, "--json"]));
    assert_eq!(
        (&state["status"], &state["output"]["why"]),
        (&json!("completed"), &json!("Approved: photo seen")),
        "{state}"
    );
    assert_eq!(workshop.printed(&["inbox", "list", "--json"]), "");
    assert!(workshop.printed(&["inbox", "list", "--status", "answered", "--json"]).contains(id));
    assert_eq!(workshop.server.stop(), Some(0));
}

#[test]
fn a_form_is_filled_in_from_a_file_and_an_answer_survives_a_restart() {
    let workshop = Workshop::open();
    workshop.write("form-intake.flow.json", &example("form-intake"));
    workshop.printed(&["flow", "push", "form-intake.flow.json", "--publish"]);
    let start = ["flow", "run", "Form intake", "-i", "company=Weber", "-i", "contact=a@weber.example", "--json"];
    let waiting = json_of(&workshop.printed(&start));
    let run = waiting["appRunId"].as_str().expect("a run");
    let workshop = workshop.restarted();

    let item = open_item(&workshop);
    assert_eq!(item["kind"], "flow_form", "{item}");
    let id = item["id"].as_str().expect("an id");
    let form = json!({ "legalName": "Weber GmbH", "country": "Atlantis", "iban": "x", "acceptsTerms": false });
    workshop.write("form.json", &form);
    let wrong = workshop.run(&["inbox", "answer", id, "--data", "@form.json"]);
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong.stderr));
    assert!(text(&wrong.stderr).contains("/data/country"), "{}", text(&wrong.stderr));
    workshop.write("form.json", &json!({ "country": "DE", "legalName": "W", "iban": "x", "acceptsTerms": false }));
    workshop.printed(&["inbox", "answer", id, "--data", "@form.json"]);
    let state = json_of(&workshop.printed(&["run", "watch", run, "--json"]));
    assert_eq!(state["output"]["outcome"], "declined", "{state}");
    assert_eq!(workshop.server.stop(), Some(0));
}
