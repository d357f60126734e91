//! Scopes of personal access tokens (console contract, section 2.6).

/// Every scope that a personal access token may carry.
pub const TOKEN_SCOPES: [&str; 13] = [
    "console.read",
    "console.write",
    "admin",
    "inbox.answer",
    "flows.read",
    "flows.run",
    "apps.run",
    "flows.write",
    "flows.manage",
    "placements.manage",
    "treasury.read",
    "treasury.write",
    "treasury.approve",
];

/// The scope with which a token approves payments, in workspaces whose setting `token_approvals` is on.
pub const PAYMENT_APPROVAL: &str = "treasury.approve";

/// The scope that opens the management of placements; every key of that kind holds it.
pub const PLACEMENTS_MANAGEMENT: &str = "placements.manage";

/// Whether two scope words mean the same right: `apps.run` is another name of `flows.run`.
#[must_use]
pub fn same_scope(held: &str, asked: &str) -> bool {
    canonical(held) == canonical(asked)
}

fn canonical(scope: &str) -> &str {
    if scope == "apps.run" { "flows.run" } else { scope }
}
