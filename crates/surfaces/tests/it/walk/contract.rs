//! What the contract says about who may do what, written down a second time: the walk compares the route table with it.

/// What a member's role must allow for a call of the console (console contract, section 5, column P).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nobody has to prove anything.
    Nothing,
    /// Any member.
    Any,
    /// A permission.
    Permission(&'static str),
}

use Need::{Any, Nothing, Permission};

const READ: Need = Permission("read");
const BUILD: Need = Permission("build");
const RUN: Need = Permission("run");
const ANSWER: Need = Permission("answer");
const MANAGE: Need = Permission("manage");
const OWN: Need = Permission("own");

/// Longest path first where one begins another; reading, then everything else.
const CONSOLE: &[(&str, Need, Need)] = &[
    ("/console/v1/setup", Nothing, Nothing),
    ("/console/v1/session/link", Any, Nothing),
    ("/console/v1/session/reset", Any, Nothing),
    ("/console/v1/session/confirm", Any, Any),
    ("/console/v1/session", Any, Any),
    ("/console/v1/sessions", Any, Any),
    ("/console/v1/me", Any, Any),
    ("/console/v1/tokens", Any, Any),
    ("/console/v1/workspaces/{id}", Any, OWN),
    ("/console/v1/workspaces", Any, OWN),
    ("/console/v1/workspace", READ, MANAGE),
    ("/console/v1/members/{id}/reset-link", READ, OWN),
    ("/console/v1/members", READ, MANAGE),
    ("/console/v1/invites/accept", Nothing, Nothing),
    ("/console/v1/invites", MANAGE, MANAGE),
    ("/console/v1/groups", READ, MANAGE),
    ("/console/v1/keys", MANAGE, MANAGE),
    ("/console/v1/key-bundles", MANAGE, MANAGE),
    ("/console/v1/catalog", Any, Any),
    ("/console/v1/variables", READ, MANAGE),
    ("/console/v1/connections", MANAGE, MANAGE),
    ("/console/v1/model-providers", MANAGE, MANAGE),
    ("/console/v1/models", MANAGE, MANAGE),
    ("/console/v1/webhooks/{id}/replay", RUN, RUN),
    ("/console/v1/webhooks", MANAGE, MANAGE),
    ("/console/v1/deliveries", READ, RUN),
    ("/console/v1/events/ingest", MANAGE, MANAGE),
    ("/console/v1/events", READ, RUN),
    ("/console/v1/triggers/{id}/requests", RUN, RUN),
    ("/console/v1/triggers", READ, BUILD),
    ("/console/v1/workspace/callback-secret", MANAGE, MANAGE),
    ("/console/v1/audit/verify", MANAGE, MANAGE),
    ("/console/v1/audit/export", MANAGE, MANAGE),
    ("/console/v1/audit", READ, MANAGE),
    ("/console/v1/requests", MANAGE, MANAGE),
    ("/console/v1/usage", READ, MANAGE),
    ("/console/v1/credits/entries", MANAGE, MANAGE),
    ("/console/v1/credits", READ, MANAGE),
    ("/console/v1/runs", READ, RUN),
    ("/console/v1/jobs", READ, RUN),
    ("/console/v1/flows/{id}/diff", READ, BUILD),
    ("/console/v1/automations/{id}/test", RUN, RUN),
    ("/console/v1/automations/step-test", RUN, RUN),
    ("/console/v1/automations", READ, BUILD),
    ("/console/v1/workflows", READ, BUILD),
    ("/console/v1/doctor", MANAGE, MANAGE),
    ("/console/v1/settings", MANAGE, MANAGE),
    ("/console/v1/backups", OWN, OWN),
    ("/console/v1/backup-schedule", OWN, OWN),
    ("/console/v1/knowledge-bases/{id}/search", READ, READ),
    ("/console/v1/knowledge-bases", READ, BUILD),
    ("/console/v1/agents/{id}/whatsapp", MANAGE, MANAGE),
    ("/console/v1/agents/{id}/chat", RUN, RUN),
    ("/console/v1/agents", READ, BUILD),
    ("/console/v1/threads", READ, ANSWER),
    ("/console/v1/inbox/{id}/answer", READ, Any),
    ("/console/v1/inbox", READ, ANSWER),
    ("/console/v1/notifications", Any, Any),
    ("/console/v1/stream", READ, READ),
    ("/console/v1/home", READ, READ),
    ("/console/v1/search", READ, READ),
];

/// Words of every permission; each role's are those marked (console contract, section 2.4).
const ROLES: &[(&str, &[&str])] = &[
    ("owner", &["read", "build", "run", "answer", "manage", "own"]),
    ("admin", &["read", "build", "run", "answer", "manage"]),
    ("builder", &["read", "build", "run", "answer"]),
    ("approver", &["read", "answer"]),
    ("viewer", &["read"]),
];

/// What a call of the console needs; `None` when this table does not know it.
pub fn need(method: &str, path: &str) -> Option<Need> {
    // Signing in is the one call of its path that nobody has to prove anything for.
    if (method, path) == ("POST", "/console/v1/session") {
        return Some(Nothing);
    }
    // What was said is removed by those who build, not by those who answer.
    if (method, path) == ("DELETE", "/console/v1/threads/{id}") {
        return Some(BUILD);
    }
    let below = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let (_, reading, writing) = CONSOLE.iter().find(|(prefix, ..)| below(prefix))?;
    Some(if method == "GET" { *reading } else { *writing })
}

/// Answering is for those whom a step names, whatever their role, and its scope is that of answering.
const ANY_ANSWERS: &str = "/console/v1/inbox/{id}/answer";

/// Whether a role has what is needed.
pub fn allows(role: &str, need: Need) -> bool {
    match need {
        Nothing | Any => true,
        Permission(word) => ROLES.iter().any(|(name, words)| *name == role && words.contains(&word)),
    }
}

/// The scope with which a token may do what needs this (console contract, section 2.6); `None` when no scope covers it.
pub fn scope(method: &str, path: &str, need: Need) -> Option<&'static str> {
    match need {
        Any if path == ANY_ANSWERS => Some("inbox.answer"),
        READ => Some("console.read"),
        BUILD | RUN => Some("console.write"),
        ANSWER => Some("inbox.answer"),
        MANAGE => Some("admin"),
        Any if method == "GET" => Some("console.read"),
        Any => Some("console.write"),
        _ => None,
    }
}
