//! One line for each route: how it is called well. Everything else about a route is in the table.

use serde_json::{Value, json};

/// What the parameters of a path name; `things.rs` makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    None,
    /// A flow with a draft.
    Flow,
    /// A flow with version 1 published and no draft.
    Published,
    /// A flow with versions 1 to 3, of which 1 and 2 are published; `version` is 1.
    Versions,
    /// A flow with three runs.
    Ran,
    /// A run that ended.
    Run,
    /// A run that waits for an approval.
    Waiting,
    /// Its item in the inbox.
    Item,
    Key,
    Token,
    /// A session of the same member, besides the one that calls.
    Session,
    /// A run that failed.
    Failed,
    /// A run that ended and the `span_id` of its first step.
    Span,
    /// The `token` of a share link.
    Link,
    File,
    Variable,
    Connection,
    Group,
    Invite,
    /// A member besides the owner.
    Member,
    /// A job that runs many runs again.
    Job,
    AuditEntry,
    /// An entry of the request log.
    Request,
    /// Credits that were granted.
    Grant,
}

/// How a route is called well.
pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    pub thing: Thing,
    /// What fills the list.
    pub lists: Thing,
    /// Why its list is not walked page by page here.
    pub not_walked: &'static str,
    pub body: Option<fn(&Value) -> Value>,
    /// Another body as good as the first.
    pub other: Option<fn(&Value) -> Value>,
    /// Fields whose problems are told under the name of another one.
    pub told_elsewhere: &'static [&'static str],
    /// Calling it well ends the session that calls.
    pub ends_session: bool,
    /// Why it cannot be called well here; another test does it then.
    pub cannot_succeed: &'static str,
}

fn row(method: &'static str, path: &'static str, thing: Thing) -> Row {
    Row {
        method,
        path,
        thing,
        lists: Thing::None,
        not_walked: "",
        body: None,
        other: None,
        told_elsewhere: &[],
        ends_session: false,
        cannot_succeed: "",
    }
}

impl Row {
    fn body(self, body: fn(&Value) -> Value) -> Self {
        Self { body: Some(body), ..self }
    }

    fn other(self, other: fn(&Value) -> Value) -> Self {
        Self { other: Some(other), ..self }
    }

    fn lists(self, thing: Thing) -> Self {
        Self { lists: thing, ..self }
    }

    /// A list that is not walked.
    fn fixed(self, why: &'static str) -> Self {
        Self { not_walked: why, ..self }
    }

    fn told_elsewhere(self, fields: &'static [&'static str]) -> Self {
        Self { told_elsewhere: fields, ..self }
    }

    fn ends_session(self) -> Self {
        Self { ends_session: true, cannot_succeed: "it ends the session", ..self }
    }

    fn cannot_succeed(self, why: &'static str) -> Self {
        Self { cannot_succeed: why, ..self }
    }
}

/// Every row.
pub fn rows() -> Vec<Row> {
    let groups = [
        root(), accounts(), people(), keys(), secrets(), inbox(), joined_runs(), records(), operation(), flows(), shared(), helpers(),
        versions(), runs(),
    ];
    groups.into_iter().flatten().collect()
}

const METRICS: &str = "only for this machine or with a token; see operation.rs";

fn root() -> Vec<Row> {
    use Thing::None;
    vec![
        row("GET", "/health/live", None),
        row("GET", "/health/ready", None),
        row("GET", "/openapi.json", None),
        row("GET", "/openapi.yaml", None),
        row("GET", "/openapi/{document}", None).cannot_succeed("needs a name; see documents.rs"),
        row("GET", "/", None),
        row("GET", "/favicon.ico", None),
        row("GET", "/api/v1/health/live", None),
        row("GET", "/api/v1/health/ready", None),
        row("GET", "/metrics", None).cannot_succeed(METRICS),
        row("GET", "/api/v1/metrics", None).cannot_succeed(METRICS),
        row("GET", "/ui/", None),
        row("GET", "/ui/account.js", None),
        row("GET", "/ui/icon.svg", None),
        row("GET", "/ui/invite", None),
        row("GET", "/ui/link", None),
        row("GET", "/ui/reset", None),
        row("GET", "/ui/setup", None),
        row("GET", "/ui/setup.css", None),
        row("GET", "/ui/setup.js", None),
    ]
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
            .body(|_| json!({ "workspace_id": super::world::MISSING }))
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
        row("PUT", "/console/v1/me/notification-rules", None)
            .body(|_| json!({ "rules": [] })),
        row("GET", "/console/v1/workspaces", None),
        row("POST", "/console/v1/workspaces", None).body(|_| json!({ "name": "Second" })).other(|_| json!({ "name": "Third" })),
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
        row("POST", "/console/v1/groups", None).body(|_| json!({ "name": "Finance" })).other(|_| json!({ "name": "Law" })),
        row("GET", "/console/v1/groups/{id}", Group),
        row("PATCH", "/console/v1/groups/{id}", Group).body(|_| json!({ "name": "Renamed" })),
        row("DELETE", "/console/v1/groups/{id}", Group),
        row("GET", "/console/v1/catalog/{name}", None).cannot_succeed("needs a name; see accounts.rs"),
    ]
}

fn secrets() -> Vec<Row> {
    use Thing::{Connection, None, Variable};
    let connection: fn(&Value) -> Value = |_| json!({ "name": "CRM", "provider": "http", "type": "bearer", "secret": "s" });
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
        row("POST", "/console/v1/connections/{id}/test", Connection).cannot_succeed("calls the outside; see connections.rs"),
        row("GET", "/console/v1/connections/{id}/operations", Connection),
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
        row("GET", "/console/v1/flows/{id}/diff", Versions).cannot_succeed("needs two versions; see sharing/differences.rs"),
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
        row("PUT", "/console/v1/backup-schedule", None).body(|_| json!({ "cron": "15 3 * * *" })).cannot_succeed(COPIES),
    ]
}

fn shared() -> Vec<Row> {
    use Thing::{File, Link, None};
    const FORM: &str = "takes a form; see sharing/files.rs";
    vec![
        row("GET", "/v1/flow/share/{token}", Link),
        row("POST", "/v1/flow/share/execute/{token}", Link).body(|_| json!({})),
        row("POST", "/v1/flow/share/file/{token}", Link).cannot_succeed(FORM),
        row("POST", "/v1/flow/file", None).cannot_succeed(FORM),
        row("GET", "/v1/flow/file/{id}", File),
    ]
}

fn helpers() -> Vec<Row> {
    use Thing::{Flow, None, Published};
    const MODEL: &str = "needs a model, and there is none yet";
    let prompt: fn(&Value) -> Value = |_| json!({ "prompt": "Add a step" });
    vec![
        row("GET", "/v1/flow/preferences", None),
        row("POST", "/v1/flow/step-field-items", None)
            .body(|_| json!({ "stepType": "sub-flow", "field": "flowId" }))
            .cannot_succeed("changes nothing, so it keeps no repeats; see sharing/editor.rs"),
        row("POST", "/v1/flow/enhance", None).body(prompt).cannot_succeed(MODEL),
        row("POST", "/v1/flow/{id}/enhance", Flow).body(prompt).cannot_succeed(MODEL),
        row("POST", "/v1/flow/{id}/clone", Flow).body(|_| json!({ "name": "Copy" })).other(|_| json!({ "name": "Other" })),
        row("GET", "/v1/flow/{id}/export", Published),
        row("POST", "/v1/flow/import", None).body(|_| json!({ "document": {} })).cannot_succeed("needs a document; see sharing/transfer.rs"),
        row("GET", "/v1/flow/{id}/logs", Published).fixed("see flows/schedule.rs"),
        row("GET", "/v1/flow/{id}/schedule", Published),
        row("POST", "/v1/flow/{id}/schedule", Published)
            .body(|_| json!({ "cron": "0 9 * * *" }))
            .other(|_| json!({ "cron": "0 10 * * *" })),
        row("POST", "/v1/flow/{id}/schedule-cancel", Published),
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

fn flows() -> Vec<Row> {
    use Thing::{Flow, None, Published};
    let inputs: fn(&Value) -> Value = |_| json!({ "topic": "tea" });
    let others: fn(&Value) -> Value = |_| json!({ "topic": "rice" });
    vec![
        row("GET", "/v1/flow", None).lists(Flow),
        row("POST", "/v1/flow", None).body(|_| json!({ "name": "Renewal" })).other(|_| json!({ "name": "Other" })),
        row("GET", "/v1/flow/{id}", Flow),
        row("PATCH", "/v1/flow/{id}", Flow).body(|_| json!({ "name": "New" })),
        row("DELETE", "/v1/flow/{id}", Flow),
        row("POST", "/v1/client/flow/{id}/execute", Published).body(inputs).other(others),
        row("POST", "/v1/sdk/flow/{id}/execute", Published).body(inputs).other(others),
        row("POST", "/v1/flow/execute/{id}", Published)
            .body(|_| json!({ "inputs": { "topic": "tea" }, "returnExecutionMetadata": true }))
            .other(|_| json!({ "inputs": { "topic": "rice" } })),
    ]
}

fn versions() -> Vec<Row> {
    use Thing::{Flow, Published, Versions};
    let summary: fn(&Value) -> Value = |_| json!({ "summary": "Better" });
    let other: fn(&Value) -> Value = |_| json!({ "summary": "Best" });
    vec![
        row("POST", "/v1/flow/{id}/autosave", Flow).body(|_| json!({ "name": "Saved" })).other(|_| json!({ "name": "Again" })),
        row("POST", "/v1/flow/{id}/publish", Flow).body(summary).other(other),
        row("GET", "/v1/flow/{id}/versions", Versions),
        row("GET", "/v1/flow/{id}/versions/{version}", Published),
        row("DELETE", "/v1/flow/{id}/versions/{version}", Flow),
        row("POST", "/v1/flow/{id}/versions/{version}/publish", Flow).body(summary).other(other),
        row("POST", "/v1/flow/{id}/versions/{version}/set-latest", Versions),
        row("POST", "/v1/flow/{id}/versions/{version}/rollback", Published)
            .body(|_| json!({ "publish": false }))
            .other(|_| json!({ "publish": true })),
        row("POST", "/v1/flow/{id}/versions/{version}/unpublish", Versions),
    ]
}

fn runs() -> Vec<Row> {
    use Thing::{Failed, Ran, Run, Waiting};
    vec![
        row("POST", "/v1/flowrun/resume/{id}", Waiting)
            .body(|_| json!({ "decision": "approve" }))
            .other(|_| json!({ "decision": "reject" })),
        row("POST", "/v1/flowrun/cancel/{id}", Waiting),
        row("POST", "/v1/flowrun/retry/{id}", Failed)
            .body(|_| json!({ "fromFailedStep": true }))
            .other(|_| json!({ "fromFailedStep": false })),
        row("GET", "/v1/flowrun/stream/{id}", Run),
        row("GET", "/v1/flowrun/{id}", Ran),
        row("GET", "/v1/flowrun/light/{id}", Ran),
        row("GET", "/v1/flowrun/overview/{id}", Ran),
        row("GET", "/v1/flowrun/poll/{id}", Run),
        row("GET", "/v1/flowrun/minimal-details/{id}", Run),
        row("GET", "/v1/flowrun/summary/{id}", Run),
        row("GET", "/v1/flowrun/details/{id}", Waiting),
        row("GET", "/v1/flowrun/detailed/{id}", Run),
        row("GET", "/v1/flowrun/inputs/{id}", Run),
        row("GET", "/v1/flowrun/outputs/{id}", Run),
        row("GET", "/v1/flowrun/errorDetails/{id}", Run),
        row("GET", "/v1/flowrun/steps/{id}", Run),
        row("GET", "/v1/flowrun/context/{id}", Run),
        row("GET", "/v1/flowrun/credit-details/{id}", Run),
    ]
}
