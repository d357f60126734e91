//! Payment runs with the command line: from a file to the report, and through the inbox.

use std::path::Path;

use serde_json::{Value, json};

use crate::binary::text;
use crate::flows::Workshop;

fn workshop() -> Workshop {
    let scopes = ["console.read", "admin", "inbox.answer", "treasury.read", "treasury.write", "treasury.approve"];
    Workshop::open_for("", &scopes)
}

fn json_of(printed: &str) -> Value {
    serde_json::from_str(printed.trim()).unwrap_or_else(|_| panic!("not one JSON document: {printed}"))
}

/// Puts money into the wallet.
fn fund(workshop: &Workshop) {
    let headers = format!("Authorization: Bearer {}\r\nFloe-Mode: test\r\n", workshop.token);
    let body = json!({ "amount": 50_000_000, "reference": "test" }).to_string();
    let (status, answer) = workshop.server.send_with("POST", "/api/v1/wallet/topup", &headers, &body);
    assert_eq!(status, 200, "{answer}");
}

/// Lets tokens approve.
fn let_tokens_approve(workshop: &Workshop) {
    let headers = format!("Authorization: Bearer {}\r\n", workshop.token);
    let body = json!({ "token_approvals": true }).to_string();
    let (status, answer) = workshop.server.send_with("PATCH", "/console/v1/workspace", &headers, &body);
    assert_eq!(status, 200, "{answer}");
}

fn write(workshop: &Workshop, name: &str, rows: &str) {
    let header = "beneficiary_name,account_number,institution_code,amount,purpose\n";
    std::fs::write(workshop.folder.0.join(name), format!("{header}{rows}")).expect("a file");
}

#[test]
fn a_payroll_goes_from_a_file_to_its_report() {
    let workshop = workshop();
    fund(&workshop);
    write(&workshop, "bad.csv", "Ada Obi,123,058,10,x\nBola Ade,0263874788,058,-5,x\n");
    let bad = workshop.run(&["payment-run", "create", "bad.csv", "--objective", "Pay", "--mode", "test"]);
    assert_eq!(bad.status.code(), Some(7), "{}", text(&bad.stderr));
    let told = text(&bad.stderr);
    assert!(told.contains("row 2: account_number") && told.contains("row 3: amount"), "{told}");

    let payroll = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/payroll/november.csv");
    let payroll = payroll.to_str().expect("a path");
    let line = ["payment-run", "create", payroll, "--objective", "Pay November field staff", "--cap", "60000000"];
    let made = json_of(&workshop.printed(&[&line[..], &["--wait", "--mode", "test", "--json"]].concat()));
    assert_eq!((&made["phase"], &made["candidate_count"]), (&json!("awaiting_approval"), &json!(142)), "{made}");
    let id = made["id"].as_str().expect("an id");
    let listed = workshop.printed(&["payment-run", "list", "--mine", "--mode", "test"]);
    assert!(listed.contains(id) && listed.contains("awaiting_approval"), "{listed}");
    let shown = workshop.printed(&["payment-run", "show", id, "--mode", "test"]);
    assert!(shown.contains("142 over") && shown.contains("0000000000") && shown.contains("blocked"), "{shown}");
    let all = workshop.printed(&["payment-run", "show", id, "--candidates", "--mode", "test", "--json"]);
    assert_eq!(all.lines().count(), 142);

    // A token approves only where the workspace lets it.
    let refused = workshop.run(&["payment-run", "approve", id, "--mode", "test"]);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("token_approvals"), "{}", text(&refused.stderr));
    let_tokens_approve(&workshop);
    let stale = workshop.run(&["payment-run", "approve", id, "--mode", "test", "--expected-version", "9"]);
    assert_eq!(stale.status.code(), Some(5), "{}", text(&stale.stderr));
    let line = ["payment-run", "approve", id, "--notes", "roster seen", "--mode", "test", "--json"];
    let approved = json_of(&workshop.printed(&line));
    assert_eq!(approved["approvals_required"], 1, "{approved}");
    let ended = json_of(&workshop.printed(&["payment-run", "watch", id, "--mode", "test", "--json"]));
    assert_eq!((&ended["phase"], &ended["totals"]["succeeded"]), (&json!("completed"), &approved["approved_count"]));
    let report = json_of(&workshop.printed(&["payment-run", "report", id, "--mode", "test", "--json"]));
    assert_eq!(report["candidates"].as_array().map(Vec::len), Some(142));
    let readable = workshop.printed(&["payment-run", "report", id, "--mode", "test"]);
    assert!(readable.contains("paid out") && readable.contains("FP-"), "{readable}");
    let again = workshop.run(&["payment-run", "approve", id, "--mode", "test"]);
    assert_eq!(again.status.code(), Some(5), "{}", text(&again.stderr));
    assert_eq!(workshop.server.stop(), Some(0));
}

#[test]
fn a_payment_is_answered_in_the_inbox() {
    let workshop = workshop();
    fund(&workshop);
    let_tokens_approve(&workshop);
    write(&workshop, "two.csv", "Ada Obi,0108024071,058,1000,x\nBola Ade,0263874788,058,2000.50,x\n");
    let line = ["payment-run", "create", "two.csv", "--objective", "Pay two", "--wait", "--mode", "test", "--json"];
    let run = json_of(&workshop.printed(&line));
    let id = run["id"].as_str().expect("an id");
    let items = workshop.printed(&["inbox", "list", "--mine", "--kind", "payment_approval", "--json"]);
    let item = json_of(&items);
    assert_eq!((&item["title"], &item["amount"]), (&json!("Pay two"), &json!("3000.50")), "{item}");
    let inbox = item["id"].as_str().expect("an id");
    let shown = workshop.printed(&["inbox", "show", inbox]);
    assert!(shown.contains("0263874788") && shown.contains(item["content_hash"].as_str().expect("a hash")), "{shown}");
    let stale = workshop.run(&["inbox", "answer", inbox, "--approve", "--hash", &"0".repeat(64)]);
    assert_eq!(stale.status.code(), Some(5), "{}", text(&stale.stderr));
    let candidates = workshop.printed(&["payment-run", "show", id, "--candidates", "--mode", "test", "--json"]);
    let first = json_of(candidates.lines().next().expect("a candidate"));
    let chosen = first["id"].as_str().expect("an id");
    let answered = workshop.printed(&[
        "inbox",
        "answer",
        inbox,
        "--approve",
        "--candidate",
        chosen,
        "--comment",
        "only her",
        "--json",
    ]);
    let answered = json_of(&answered);
    assert_eq!(answered["item"]["status"], "answered", "{answered}");
    assert_eq!(answered["item"]["answers"][0]["comment"], "only her", "{answered}");
    let ended = json_of(&workshop.printed(&["payment-run", "watch", id, "--mode", "test", "--json"]));
    assert_eq!((&ended["totals"]["succeeded"], &ended["totals"]["rejected"]), (&json!(1), &json!(1)), "{ended}");
    let again = workshop.run(&["inbox", "answer", inbox, "--reject"]);
    assert_eq!(again.status.code(), Some(5), "{}", text(&again.stderr));

    let run = json_of(&workshop.printed(&line));
    let id = run["id"].as_str().expect("an id");
    let rejected = workshop.printed(&["payment-run", "reject", id, "--reason", "twice", "--mode", "test", "--json"]);
    assert_eq!(json_of(&rejected)["rejected_count"], 2);
    assert_eq!(workshop.printed(&["inbox", "list", "--json"]), "");
    assert_eq!(workshop.server.stop(), Some(0));
}
