//! Rows of the treasury.

use serde_json::{Value, json};

use super::{Row, Thing, row};

pub(super) fn all() -> Vec<Row> {
    let groups = [organisation(), payees(), developer(), webhooks()];
    groups.into_iter().flatten().collect()
}

fn organisation() -> Vec<Row> {
    use Thing::{ApprovalRule, Block, Member, None};
    let rule: fn(&Value) -> Value = |_| json!({ "name": "Large", "condition_type": "amount_above", "threshold": 1_000_000, "required_approvers": 2 });
    vec![
        row("GET", "/api/v1/org", None),
        row("PATCH", "/api/v1/org", None)
            .body(|_| json!({ "strict_check_digit": true, "single_payout_cap": 5_000_000 })),
        row("GET", "/api/v1/org/members", None).lists(Member),
        row("POST", "/api/v1/org/members", None)
            .body(|_| json!({ "email": "bola@floe.test", "role": "approver" }))
            .other(|_| json!({ "email": "bola@floe.test", "role": "analyst" })),
        row("PATCH", "/api/v1/org/members/{id}", Member).body(|_| json!({ "role": "analyst" })),
        row("DELETE", "/api/v1/org/members/{id}", Member),
        row("GET", "/api/v1/org/approval-rules", None).lists(ApprovalRule),
        row("POST", "/api/v1/org/approval-rules", None)
            .body(rule)
            .other(|_| json!({ "name": "Always", "condition_type": "always" })),
        row("PATCH", "/api/v1/org/approval-rules/{id}", ApprovalRule).body(|_| json!({ "is_active": false })),
        row("DELETE", "/api/v1/org/approval-rules/{id}", ApprovalRule),
        row("GET", "/api/v1/org/blocklist", None).lists(Block),
        row("POST", "/api/v1/org/blocklist", None)
            .body(|_| json!({ "kind": "beneficiary_name", "value": "Mister Nobody" }))
            .other(|_| json!({ "kind": "bank_code", "value": "011" })),
        row("DELETE", "/api/v1/org/blocklist/{id}", Block),
    ]
}

fn payees() -> Vec<Row> {
    use Thing::{None, Recipient};
    let ada: fn(&Value) -> Value =
        |_| json!({ "name": "Adaeze Okonkwo", "account_number": "0123456789", "institution_code": "058" });
    let bola: fn(&Value) -> Value =
        |_| json!({ "name": "Bola Ade", "account_number": "0123456789", "institution_code": "058" });
    vec![
        row("GET", "/api/v1/public/recipients", None).lists(Recipient),
        row("POST", "/api/v1/public/recipients", None).body(ada).other(bola),
        row("DELETE", "/api/v1/public/recipients/{recipient_id}", Recipient),
        row("GET", "/api/v1/recipients", None).lists(Recipient),
        row("POST", "/api/v1/recipients", None).body(ada).other(bola),
        row("GET", "/api/v1/recipients/{id}", Recipient),
        row("PATCH", "/api/v1/recipients/{id}", Recipient).body(|_| json!({ "name": "Bola Ade" })),
        row("DELETE", "/api/v1/recipients/{id}", Recipient),
        row("POST", "/api/v1/recipients/import", None).cannot_succeed("takes a file; see treasury_files.rs"),
        row("GET", "/api/v1/institutions", None),
        row("POST", "/api/v1/institutions/resolve", None)
            .body(|_| json!({ "account_number": "0108024071", "institution_code": "058" }))
            .cannot_succeed("live mode has no rail here; see treasury_base/payees.rs"),
    ]
}

fn developer() -> Vec<Row> {
    use Thing::{None, Recipient, TreasuryKey};
    let all: fn(&Value) -> Value = |_| json!({ "name": "Server", "scopes": ["runs:read", "runs:write"] });
    vec![
        row("GET", "/api/v1/developer/api-keys", None).lists(TreasuryKey),
        row("POST", "/api/v1/developer/api-keys", None)
            .body(all)
            .other(|_| json!({ "name": "Server", "scopes": ["runs:read"] })),
        row("PATCH", "/api/v1/developer/api-keys/{id}", TreasuryKey).body(|_| json!({ "name": "Other" })),
        row("DELETE", "/api/v1/developer/api-keys/{id}", TreasuryKey),
        row("POST", "/api/v1/developer/api-keys/{id}/rotate", TreasuryKey)
            .body(|_| json!({ "overlap_minutes": 5 }))
            .other(|_| json!({ "overlap_minutes": 6 })),
        row("GET", "/api/v1/public/audit", None).lists(Recipient),
        row("GET", "/api/v1/audit", None).lists(Recipient),
        row("GET", "/api/v1/audit/verify", None),
    ]
}

fn webhooks() -> Vec<Row> {
    use Thing::{None, TreasuryWebhook};
    let new: fn(&Value) -> Value = |_| json!({ "url": crate::hooks::url(200), "events": ["run.failed"] });
    vec![
        row("GET", "/api/v1/developer/webhooks", None).lists(TreasuryWebhook),
        row("POST", "/api/v1/developer/webhooks", None)
            .body(new)
            .other(|_| json!({ "url": crate::hooks::url(200), "events": ["run.completed"] })),
        row("GET", "/api/v1/developer/webhooks/{id}", TreasuryWebhook),
        row("PATCH", "/api/v1/developer/webhooks/{id}", TreasuryWebhook)
            .body(|_| json!({ "events": ["payout.failed"] })),
        row("DELETE", "/api/v1/developer/webhooks/{id}", TreasuryWebhook),
        row("POST", "/api/v1/developer/webhooks/{id}/test", TreasuryWebhook),
        row("POST", "/api/v1/developer/webhooks/{id}/rotate-secret", TreasuryWebhook),
        row("GET", "/api/v1/developer/webhooks/{id}/deliveries", TreasuryWebhook),
        row("POST", "/api/v1/developer/webhooks/{id}/deliveries/{delivery_id}/redeliver", TreasuryWebhook),
    ]
}
