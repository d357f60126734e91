//! Rows of the console.

use serde_json::{Value, json};

use super::{Row, Thing, row};
use crate::walk::world::MISSING;

pub(super) fn all() -> Vec<Row> {
    let groups = [accounts(), people(), keys(), secrets(), inbox(), joined_runs(), records(), operation(), webhooks()];
    groups.into_iter().flatten().collect()
}

fn accounts() -> Vec<Row> {
    use Thing::{None, Session, Token};
    vec![
        row("GET", "/console/v1/setup", None),
        row("POST", "/console/v1/setup", None)
            .body(|_| {
                json!({
                    "token": "t", "name": "N", "email": "n@floe.test", "password": "wandering otter", "workspace_name": "W",
                })
            })
            .cannot_succeed("the server is set up"),
        row("POST", "/console/v1/session", None)
            .body(|_| json!({ "email": crate::app::OWNER, "password": crate::app::PASSWORD, "transport": "token" })),
        row("POST", "/console/v1/session/link", None).body(|_| json!({ "token": "t" })).cannot_succeed("needs a one-use link"),
        row("GET", "/console/v1/session", None),
        row("PATCH", "/console/v1/session", None)
            .body(|_| json!({ "workspace_id": MISSING }))
            .cannot_succeed("would move the session; see members.rs"),
        row("DELETE", "/console/v1/session", None).ends_session(),
        row("POST", "/console/v1/session/confirm", None)
            .body(|_| json!({ "password": crate::app::PASSWORD }))
            .cannot_succeed("keeps no repeats: a password is not stored, as little as its digest"),
        row("GET", "/console/v1/sessions", None).lists(Session),
        row("DELETE", "/console/v1/sessions", None),
        row("DELETE", "/console/v1/sessions/{id}", Session),
        row("GET", "/console/v1/me", None),
        row("PATCH", "/console/v1/me", None).body(|_| json!({ "theme": "dark" })),
        row("PUT", "/console/v1/me/password", None)
            .body(|_| json!({ "current": "wandering otter", "new": "sitting heron 22" }))
            .ends_session(),
        row("GET", "/console/v1/tokens", None).lists(Token),
        row("POST", "/console/v1/tokens", None)
            .body(|_| json!({ "name": "CI", "scopes": ["console.read"] }))
            .other(|_| json!({ "name": "CD", "scopes": ["console.read"] })),
        row("GET", "/console/v1/tokens/{id}", Token),
        row("PATCH", "/console/v1/tokens/{id}", Token).body(|_| json!({ "name": "New" })),
        row("DELETE", "/console/v1/tokens/{id}", Token),
        row("POST", "/console/v1/tokens/{id}/rotate", Token)
            .body(|_| json!({ "overlap_minutes": 5 }))
            .other(|_| json!({ "overlap_minutes": 6 })),
        row("GET", "/console/v1/workspace", None),
        row("PATCH", "/console/v1/workspace", None).body(|_| json!({ "name": "Lagos Fit" })),
    ]
}

fn people() -> Vec<Row> {
    use Thing::{Group, Invite, Member, None};
    let password: fn(&Value) -> Value = |_| json!({ "token": "t", "password": "sitting heron 22" });
    vec![
        row("POST", "/console/v1/session/reset", None).body(password).cannot_succeed("needs a one-use link"),
        row("PUT", "/console/v1/me/pin", None).body(|_| json!({ "password": crate::app::PASSWORD, "pin": "1234" })),
        row("GET", "/console/v1/me/notification-rules", None),
        row("PUT", "/console/v1/me/notification-rules", None).body(|_| json!({ "rules": [] })),
        row("GET", "/console/v1/notifications", None)
            .fixed("its pages are those of what happened; see flows_runs/live.rs"),
        row("POST", "/console/v1/notifications/read", None).body(|_| json!({})).other(|_| json!({ "until": null })),
        row("GET", "/console/v1/home", None),
        row("GET", "/console/v1/search", None).fixed("has one page of at most twenty hits"),
        row("GET", "/console/v1/stream", None).cannot_succeed("does not end; see flows_runs/live.rs"),
        row("GET", "/console/v1/workspaces", None),
        row("POST", "/console/v1/workspaces", None)
            .body(|_| json!({ "name": "Second" }))
            .other(|_| json!({ "name": "Third" })),
        row("DELETE", "/console/v1/workspaces/{id}", None).cannot_succeed("needs a confirmation; see accounts.rs"),
        row("POST", "/console/v1/workspace/callback-secret/rotate", None)
            .body(|_| json!({ "overlap_minutes": 5 }))
            .other(|_| json!({ "overlap_minutes": 6 })),
        row("GET", "/console/v1/members", None).lists(Member),
        row("GET", "/console/v1/members/{id}", Member),
        row("PATCH", "/console/v1/members/{id}", Member).body(|_| json!({ "role": "builder" })),
        row("DELETE", "/console/v1/members/{id}", Member),
        row("POST", "/console/v1/members/{id}/reset-link", Member),
        row("GET", "/console/v1/invites", None).lists(Invite),
        row("POST", "/console/v1/invites", None)
            .body(|_| json!({ "email": "new@floe.test", "role": "viewer" }))
            .other(|_| json!({ "email": "other@floe.test", "role": "viewer" })),
        row("GET", "/console/v1/invites/{id}", Invite),
        row("PATCH", "/console/v1/invites/{id}", Invite).body(|_| json!({ "role": "approver" })),
        row("DELETE", "/console/v1/invites/{id}", Invite),
        row("POST", "/console/v1/invites/accept", None).body(password).cannot_succeed("needs a one-use link"),
        row("GET", "/console/v1/groups", None).lists(Group),
        row("POST", "/console/v1/groups", None)
            .body(|_| json!({ "name": "Finance" }))
            .other(|_| json!({ "name": "Law" })),
        row("GET", "/console/v1/groups/{id}", Group),
        row("PATCH", "/console/v1/groups/{id}", Group).body(|_| json!({ "name": "Renamed" })),
        row("DELETE", "/console/v1/groups/{id}", Group),
        row("GET", "/console/v1/catalog/{name}", None).cannot_succeed("needs a name; see accounts.rs"),
    ]
}

fn keys() -> Vec<Row> {
    use Thing::{Key, None};
    vec![
        row("GET", "/console/v1/keys", None).lists(Key),
        row("POST", "/console/v1/keys", None)
            .body(|_| json!({ "kind": "flows", "name": "App", "mode": "live" }))
            .other(|_| json!({ "kind": "flows", "name": "Other", "mode": "live" })),
        row("GET", "/console/v1/keys/{id}", Key),
        row("PATCH", "/console/v1/keys/{id}", Key).body(|_| json!({ "name": "New" })),
        row("DELETE", "/console/v1/keys/{id}", Key),
        row("POST", "/console/v1/keys/{id}/rotate", Key)
            .body(|_| json!({ "overlap_minutes": 5 }))
            .other(|_| json!({ "overlap_minutes": 6 })),
        row("POST", "/console/v1/key-bundles", None)
            .body(|_| json!({ "bundle": "starter", "mode": "test" }))
            .other(|_| json!({ "bundle": "starter", "mode": "live" })),
    ]
}

fn secrets() -> Vec<Row> {
    use Thing::{Connection, None, Variable};
    let connection: fn(&Value) -> Value =
        |_| json!({ "name": "CRM", "provider": "http", "type": "bearer", "secret": "s" });
    vec![
        row("GET", "/console/v1/variables", None).lists(Variable),
        row("POST", "/console/v1/variables", None)
            .body(|_| json!({ "name": "REGION", "value": "eu" }))
            .other(|_| json!({ "name": "ZONE", "value": "eu" })),
        row("GET", "/console/v1/variables/{id}", Variable),
        row("PATCH", "/console/v1/variables/{id}", Variable).body(|_| json!({ "description": "New" })),
        row("DELETE", "/console/v1/variables/{id}", Variable),
        row("GET", "/console/v1/connections", None).lists(Connection),
        row("POST", "/console/v1/connections", None)
            .body(connection)
            .other(|_| json!({ "name": "ERP", "provider": "http", "type": "bearer", "secret": "s" })),
        row("GET", "/console/v1/connections/{id}", Connection),
        row("PATCH", "/console/v1/connections/{id}", Connection).body(|_| json!({ "name": "Renamed" })),
        row("DELETE", "/console/v1/connections/{id}", Connection),
        row("PUT", "/console/v1/connections/{id}/secret", Connection).body(|_| json!({ "secret": "t" })),
        row("POST", "/console/v1/connections/{id}/test", Connection)
            .cannot_succeed("calls the outside; see connections.rs"),
        row("GET", "/console/v1/connections/{id}/operations", Connection),
    ]
}

fn inbox() -> Vec<Row> {
    use Thing::{Item, None};
    vec![
        row("GET", "/console/v1/inbox", None).lists(Item),
        row("GET", "/console/v1/inbox/counts", None),
        row("POST", "/console/v1/inbox/answers", Item)
            .body(|item| json!([{ "id": item["id"], "content_hash": item["content_hash"], "decision": "approve" }]))
            .other(|item| json!([{ "id": item["id"], "content_hash": item["content_hash"], "decision": "reject" }])),
        row("GET", "/console/v1/inbox/{id}", Item),
        row("POST", "/console/v1/inbox/{id}/answer", Item)
            .body(|item| json!({ "content_hash": item["content_hash"], "decision": "approve" }))
            .other(|item| json!({ "content_hash": item["content_hash"], "decision": "reject" })),
    ]
}

fn joined_runs() -> Vec<Row> {
    use Thing::{Failed, Job, None, Run, Span, Versions, Waiting};
    vec![
        row("GET", "/console/v1/runs", None).lists(Run),
        row("GET", "/console/v1/runs/{id}", Run),
        row("GET", "/console/v1/runs/{id}/timeline", Run),
        row("GET", "/console/v1/runs/{id}/spans/{span_id}", Span),
        row("POST", "/console/v1/runs/{id}/cancel", Waiting)
            .body(|_| json!({ "reason": "Too late" }))
            .other(|_| json!({ "reason": "Too early" })),
        row("POST", "/console/v1/runs/{id}/rerun", Failed)
            .body(|_| json!({ "reason": "Once more" }))
            .other(|_| json!({ "reason": "And again" })),
        row("POST", "/console/v1/runs/bulk", Failed)
            .body(|run| json!({ "action": "rerun", "ids": [run["id"]] }))
            .other(|run| json!({ "action": "rerun", "ids": [run["id"]], "reason": "Other" }))
            // Either is given, and of both that is told.
            .told_elsewhere(&["ids", "filter"]),
        row("GET", "/console/v1/jobs/{id}", Job),
        row("DELETE", "/console/v1/jobs/{id}", Job),
        row("GET", "/console/v1/flows/{id}/diff", Versions)
            .cannot_succeed("needs two versions; see sharing/differences.rs"),
    ]
}

fn records() -> Vec<Row> {
    use Thing::{AuditEntry, Grant, None, Request};
    vec![
        row("GET", "/console/v1/audit", None).lists(AuditEntry).fixed("every call adds to it"),
        row("GET", "/console/v1/audit/{id}", AuditEntry),
        row("GET", "/console/v1/audit/heads", None).fixed("heads are signed by time"),
        row("POST", "/console/v1/audit/verify", None)
            .body(|_| json!({}))
            .cannot_succeed("changes nothing, so it keeps no repeats; see records/audit.rs"),
        row("GET", "/console/v1/audit/export", None).cannot_succeed("a stream; see records/audit.rs"),
        row("GET", "/console/v1/requests", None).lists(Request).fixed("every call adds to it"),
        row("GET", "/console/v1/requests/{id}", Request),
        row("GET", "/console/v1/usage", None),
        row("GET", "/console/v1/credits", None),
        row("PATCH", "/console/v1/credits", None).body(|_| json!({ "live": { "low_at": 5 } })),
        row("GET", "/console/v1/credits/entries", None).lists(Grant),
        row("POST", "/console/v1/credits/grants", None)
            .body(|_| json!({ "mode": "live", "credits": 5, "reference": "order-1" }))
            .other(|_| json!({ "mode": "live", "credits": 6, "reference": "order-2" })),
    ]
}

fn operation() -> Vec<Row> {
    use Thing::None;
    const COPIES: &str = "copies the database of a file; see operation.rs";
    vec![
        row("GET", "/console/v1/settings", None),
        row("GET", "/console/v1/doctor", None).cannot_succeed("looks at the machine; see operation.rs"),
        row("POST", "/console/v1/doctor/run", None).cannot_succeed("looks at the machine; see operation.rs"),
        row("GET", "/console/v1/backups", None).fixed(COPIES).cannot_succeed(COPIES),
        row("POST", "/console/v1/backups", None).body(|_| json!({ "with_key": false })).cannot_succeed(COPIES),
        row("GET", "/console/v1/backups/{id}", None).cannot_succeed(COPIES),
        row("DELETE", "/console/v1/backups/{id}", None).cannot_succeed(COPIES),
        row("GET", "/console/v1/backups/{id}/download", None).cannot_succeed(COPIES),
        row("POST", "/console/v1/backups/{id}/verify", None).cannot_succeed(COPIES),
        row("GET", "/console/v1/backup-schedule", None).cannot_succeed(COPIES),
        row("PUT", "/console/v1/backup-schedule", None)
            .body(|_| json!({ "cron": "15 3 * * *" }))
            .cannot_succeed(COPIES),
    ]
}

fn webhooks() -> Vec<Row> {
    use Thing::{Delivery, Event, None, Webhook};
    let new: fn(&Value) -> Value = |_| json!({ "name": "All", "url": crate::hooks::url(200), "style": "standard", "mode": "any", "events": ["flows.*"] });
    let other: fn(&Value) -> Value = |_| json!({ "name": "Some", "url": crate::hooks::url(200), "style": "standard", "events": ["flows.run.failed"] });
    vec![
        row("GET", "/console/v1/webhooks", None).lists(Webhook),
        row("POST", "/console/v1/webhooks", None).body(new).other(other),
        row("GET", "/console/v1/webhooks/{id}", Webhook),
        row("PATCH", "/console/v1/webhooks/{id}", Webhook).body(|_| json!({ "name": "New" })),
        row("DELETE", "/console/v1/webhooks/{id}", Webhook),
        row("POST", "/console/v1/webhooks/{id}/test", Webhook),
        row("POST", "/console/v1/webhooks/{id}/rotate-secret", Webhook)
            .body(|_| json!({ "overlap_minutes": 5 }))
            .other(|_| json!({ "overlap_minutes": 6 })),
        row("POST", "/console/v1/webhooks/{id}/enable", Webhook),
        row("POST", "/console/v1/webhooks/{id}/replay", Webhook)
            .body(|_| json!({ "status": ["failed"] }))
            .other(|_| json!({ "status": ["skipped"] })),
        row("GET", "/console/v1/deliveries", None).lists(Delivery),
        row("GET", "/console/v1/deliveries/{id}", Delivery),
        row("POST", "/console/v1/deliveries/{id}/replay", Delivery),
        row("GET", "/console/v1/events", None).fixed("holds what other calls caused; see treasury_runs/events.rs"),
        row("GET", "/console/v1/events/{id}", Event),
    ]
}
