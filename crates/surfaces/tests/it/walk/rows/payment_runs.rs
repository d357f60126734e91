//! Rows of payment runs, and what their paths name.

use std::sync::Arc;

use floe_model::id::PaymentRunId;
use floe_model::{Mode, Scope};
use floe_store::treasury::payment_runs;
use serde_json::{Value, json};

use super::super::world::{Side, World};
use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    [runs(), candidates(), decisions(), schedules()].into_iter().flatten().collect()
}

fn runs() -> Vec<Row> {
    use Thing::{None, PaymentRun, PaymentRunEnded};
    let first: fn(&Value) -> Value = |_| json!({ "objective": "Pay the suppliers" });
    let other: fn(&Value) -> Value = |_| json!({ "objective": "Pay the staff" });
    vec![
        row("GET", "/api/v1/public/runs", None).lists(PaymentRun),
        row("POST", "/api/v1/public/runs", None).body(first).other(other),
        row("GET", "/api/v1/public/runs/{run_id}", PaymentRun),
        row("GET", "/api/v1/runs", None).lists(PaymentRun),
        row("POST", "/api/v1/runs", None).body(first).other(other),
        row("GET", "/api/v1/runs/{id}", PaymentRun),
        row("POST", "/api/v1/runs/{id}/cancel", PaymentRun)
            .body(|_| json!({ "reason": "Not now" }))
            .other(|_| json!({ "reason": "Never" })),
        row("POST", "/api/v1/runs/{id}/retry-failed", PaymentRun)
            .cannot_succeed("nothing failed; see treasury_runs/life.rs"),
        row("GET", "/api/v1/runs/{id}/report", PaymentRun),
        row("GET", "/api/v1/runs/{id}/events/stream", PaymentRunEnded),
    ]
}

fn candidates() -> Vec<Row> {
    use Thing::PaymentRun;
    let more: fn(&Value) -> Value = |_| json!({ "candidates": [candidate("Chidi", "0010246780")] });
    let others: fn(&Value) -> Value = |_| json!({ "candidates": [candidate("Dayo", "0010246780")] });
    vec![
        row("GET", "/api/v1/public/runs/{run_id}/candidates", PaymentRun),
        row("GET", "/api/v1/runs/{id}/candidates", PaymentRun),
        row("POST", "/api/v1/runs/{id}/candidates", PaymentRun).body(more).other(others),
        row("POST", "/api/v1/runs/{id}/candidates/upload", PaymentRun)
            .cannot_succeed("needs a file; see treasury_runs/input.rs"),
        row("PATCH", "/api/v1/runs/{id}/candidates/{candidate_id}", PaymentRun).body(|_| json!({ "amount": 6 })),
        row("DELETE", "/api/v1/runs/{id}/candidates/{candidate_id}", PaymentRun),
    ]
}

fn decisions() -> Vec<Row> {
    use Thing::{None, PaymentRunWaiting};
    const RAIL: &str = "live mode has no rail here; see treasury_runs/approvals.rs";
    const KEYS: &str = "keys approve nothing unless they may; see treasury_runs/approvals.rs";
    let reason: fn(&Value) -> Value = |_| json!({ "reason": "Checked" });
    let other: fn(&Value) -> Value = |_| json!({ "reason": "Checked twice" });
    vec![
        row("GET", "/api/v1/approvals", None)
            .fixed("own runs do not wait for who made them; see treasury_runs/approvals.rs"),
        row("POST", "/api/v1/public/runs/{run_id}/approve", PaymentRunWaiting)
            .body(|_| json!({ "notes": "Fine" }))
            .cannot_succeed(KEYS),
        row("POST", "/api/v1/public/runs/{run_id}/reject", PaymentRunWaiting).body(reason).cannot_succeed(KEYS),
        row("POST", "/api/v1/runs/{id}/approve", PaymentRunWaiting)
            .body(|_| json!({ "notes": "Fine" }))
            .cannot_succeed(RAIL),
        row("POST", "/api/v1/runs/{id}/reject", PaymentRunWaiting).body(reason).other(other),
        row("DELETE", "/api/v1/runs/{id}/approvals", PaymentRunWaiting)
            .cannot_succeed("nobody approved; see treasury_runs/approvals.rs"),
        row("POST", "/api/v1/runs/{id}/candidates/{candidate_id}/approve", PaymentRunWaiting).body(reason).other(other),
        row("POST", "/api/v1/runs/{id}/candidates/{candidate_id}/reject", PaymentRunWaiting).body(reason).other(other),
    ]
}

fn schedules() -> Vec<Row> {
    use Thing::{None, ScheduledRun};
    vec![
        row("GET", "/api/v1/public/scheduled-runs", None).lists(ScheduledRun),
        row("GET", "/api/v1/scheduled-runs", None).lists(ScheduledRun),
        row("POST", "/api/v1/scheduled-runs", None)
            .body(|_| json!({ "objective": "Salaries", "cron": "0 9 25 * *" }))
            .other(|_| json!({ "objective": "Rent", "cron": "0 9 1 * *" })),
        row("GET", "/api/v1/scheduled-runs/{id}", ScheduledRun),
        row("PATCH", "/api/v1/scheduled-runs/{id}", ScheduledRun).body(|_| json!({ "is_active": false })),
        row("DELETE", "/api/v1/scheduled-runs/{id}", ScheduledRun),
    ]
}

fn candidate(name: &str, account: &str) -> Value {
    json!({ "beneficiary_name": name, "account_number": account, "institution_code": "058", "amount": 5 })
}

/// A run of two candidates that is pending, or past it.
pub async fn run(world: &World, side: &Side, thing: Thing) -> Value {
    let body = json!({ "objective": "Walked", "candidates": [candidate("Ada", "0108024071"), candidate("Bola", "0263874788")] });
    let made = world.app.post("/api/v1/runs").bearer(&side.session).json(&body).send().await;
    assert_eq!(made.status, 201, "{made:?}");
    let run = made.json["id"].as_str().expect("an id").to_owned();
    if thing == Thing::PaymentRunEnded {
        let path = format!("/api/v1/runs/{run}/cancel");
        assert_eq!(world.app.post(&path).bearer(&side.session).send().await.status, 200);
    }
    if thing == Thing::PaymentRunWaiting {
        advance(world, side, &run).await;
    }
    let path = format!("/api/v1/runs/{run}/candidates");
    let candidates = world.app.get(&path).bearer(&side.session).send().await.json;
    json!({ "id": run, "run_id": run, "candidate_id": candidates["data"][0]["id"] })
}

/// Does the jobs of a run: this world has nobody else who does them.
async fn advance(world: &World, side: &Side, run: &str) {
    let id = PaymentRunId::parse(run).expect("an id");
    let me = world.app.get("/console/v1/session").bearer(&side.session).send().await.json;
    let workspace = me["workspace"]["id"].as_str().expect("a workspace");
    let workspace = floe_model::id::WorkspaceId::parse(workspace).expect("an id");
    let scope = Scope { workspace, mode: Mode::Live };
    let treasury = Arc::clone(&world.app.app.treasury);
    for _ in 0..2 {
        treasury.advance(scope, id).await.expect("a step");
    }
    let read = world.app.app.platform.store.read(move |tx| payment_runs::find(tx, scope, id));
    let status = read.await.expect("a read").expect("the run").status;
    assert_eq!(status.as_str(), "awaiting_approval");
}
