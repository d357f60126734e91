//! The treasury API (Treasury contract): the public side for API keys below `/api/v1/public`, and the dashboard side for members
//! below the rest of `/api/v1`.
//!
//! A handler reads its body with [`input`], which names every problem in the contract's words, and answers with structs that are
//! written to text directly, because an amount of money is a number with two decimals. Parameters of path and query are checked from
//! the route table before the body is read ([`check`]).
//!
//! Start reading with [`routes`], then `recipients.rs` as an example of a resource with both sides.

mod approvals;
mod audit;
mod blocklist;
mod called_runs;
mod candidates;
mod check;
mod errors;
mod input;
mod institutions;
mod keys;
mod members;
mod org;
mod page;
mod recipient_files;
mod recipients;
mod reports;
mod rules;
mod run_wire;
mod runs;
mod scheduled_runs;
mod shapes;
mod transactions;
mod upload;
mod wallet;
mod webhooks;
mod wire;

use floe_model::access::{KeyKind, TreasuryRole};

use crate::http::{Auth, Customs, RateStyle, Route, Surface, SurfaceDoc};

pub use called_runs::PaymentRuns;

/// Largest JSON body, bytes (Treasury contract, section 1.1).
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// What programs call: a key of the treasury, in `X-API-Key` or as a bearer.
const KEY: Auth = Auth::only_key(KeyKind::Treasury);

/// What the dashboard calls: a session or a personal access token; an API key is unknown.
const DASHBOARD: Auth = Auth::MEMBER;

/// Everything below `/api/v1` that no other surface has.
pub static SURFACE: Surface = Surface {
    name: "treasury",
    prefixes: &["/api/v1"],
    render: errors::render,
    rate_style: RateStyle::XSeconds,
    token_limits: None,
    repeats_by_member: false,
    mode_headers: &["x-flowpilot-mode", "floe-mode"],
    customs: Customs {
        key_header: Some(("x-api-key", "fp_")),
        no_credential: "no_credential",
        wrong_per_minute: 30,
        check: Some(check::parameters),
        repeats_by_workspace: true,
        alias: Some(("/api/v1/public/v1", "/api/v1/public")),
        ..Customs::PLAIN
    },
    doc: SurfaceDoc {
        title: "Floe: treasury",
        about: "Payment runs, payees, approvals, the wallet and its transactions. What is below /public is for API keys, also as \
                /public/v1; the rest is for members.",
        fault_media: "application/json",
        fault: errors::FAULT,
        code: floe_model::Fault::code,
    },
};

/// Every route of the treasury, one list a resource.
#[must_use]
pub fn routes() -> Vec<Route> {
    let groups = [
        org::routes(),
        members::routes(),
        rules::routes(),
        blocklist::routes(),
        recipients::routes(),
        recipient_files::routes(),
        institutions::routes(),
        keys::routes(),
        runs::routes(),
        candidates::routes(),
        approvals::routes(),
        reports::routes(),
        scheduled_runs::routes(),
        wallet::routes(),
        transactions::routes(),
        audit::routes(),
        webhooks::routes(),
    ];
    groups.into_iter().flatten().collect()
}

/// Who is let in, in the words of the contract's tables.
trait Rights: Sized {
    /// Any member; tokens may read.
    fn any_reads(self) -> Self;
    /// Owners read; tokens may read.
    fn owner_reads(self) -> Self;
    /// Members with one of these roles; tokens may write.
    fn written_by(self, roles: &'static [TreasuryRole]) -> Self;
}

/// Owners.
const OWNER: &[TreasuryRole] = &[TreasuryRole::Owner];
/// Who approves payments.
const OWNER_OR_APPROVER: &[TreasuryRole] = &[TreasuryRole::Owner, TreasuryRole::Approver];
/// Who prepares payments.
const OWNER_OR_ANALYST: &[TreasuryRole] = &[TreasuryRole::Owner, TreasuryRole::Analyst];

impl Rights for Route {
    fn any_reads(self) -> Self {
        self.scope("treasury.read")
    }

    fn owner_reads(self) -> Self {
        self.scope("treasury.read").treasury_roles(OWNER)
    }

    fn written_by(self, roles: &'static [TreasuryRole]) -> Self {
        self.scope("treasury.write").treasury_roles(roles).body_limit(BODY_LIMIT)
    }
}
