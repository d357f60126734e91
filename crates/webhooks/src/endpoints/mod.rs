//! Endpoints: made, changed, tested, rotated, deleted, read.

mod change;
mod create;
mod rules;
pub(crate) mod stream;

use floe_model::access::{Caller, Credential, Permission, TreasuryRole};
use floe_model::id::{WebhookId, WorkspaceId};
use floe_model::webhooks::Style;
use floe_model::{Fault, Scope};
use floe_store::Tx;
use floe_store::webhooks::attempts::{self, Rate};
use floe_store::webhooks::endpoints::{self as rows, Endpoint};

pub use change::{Patch, PreparedChange, PreparedRotation, delete, enable};
pub use create::{Made, NewEndpoint, PreparedEndpoint};

use crate::Webhooks;

/// How far back the share of successes looks, in seconds.
const RATE_S: i64 = 86_400;

/// Which endpoints a surface shows.
#[derive(Debug, Clone, Copy)]
pub enum View {
    /// Those of style `treasury` of one mode (treasury contract, section 10.6).
    Treasury(Scope),
    /// Those of style `workflow` (Workflow API contract, section 8.7): both modes share them.
    Workflow(WorkspaceId),
    /// All that the caller may see (console contract, section 5.4): those of style `treasury` need `treasury_role` owner.
    Console {
        /// Whose.
        workspace: WorkspaceId,
        /// Whether those of style `treasury` are among them.
        with_treasury: bool,
    },
}

impl View {
    /// What a caller of the console sees.
    #[must_use]
    pub fn of_console(caller: &Caller) -> Self {
        Self::Console { workspace: caller.workspace, with_treasury: is_treasury_owner(caller) }
    }

    /// Whose endpoints.
    #[must_use]
    pub const fn workspace(&self) -> WorkspaceId {
        match self {
            Self::Treasury(scope) => scope.workspace,
            Self::Workflow(workspace) => *workspace,
            Self::Console { workspace, .. } => *workspace,
        }
    }

    /// Whether an endpoint is among them.
    #[must_use]
    pub fn shows(&self, endpoint: &Endpoint) -> bool {
        match self {
            Self::Treasury(scope) => endpoint.style == Style::Treasury && endpoint.mode == Some(scope.mode),
            Self::Workflow(_) => endpoint.style == Style::Workflow,
            Self::Console { with_treasury, .. } => *with_treasury || endpoint.style != Style::Treasury,
        }
    }
}

/// Whether a caller may see and change endpoints of style `treasury` (console contract, section 2.4).
#[must_use]
pub fn is_treasury_owner(caller: &Caller) -> bool {
    let member = caller.member.as_ref();
    caller.credential == Credential::System || member.is_some_and(|one| one.treasury_role == TreasuryRole::Owner)
}

/// Refuses callers who may not change endpoints of this style.
pub(crate) fn check_style(caller: &Caller, style: Style) -> Result<(), Fault> {
    let (is_allowed, needs) = match style {
        Style::Treasury => (is_treasury_owner(caller), "the treasury role owner"),
        // The scope of a key of the workflow API was asked for at the door.
        Style::Workflow if matches!(caller.credential, Credential::WorkflowsKey(_)) => (true, ""),
        Style::Standard | Style::Workflow | Style::Callback => {
            (caller.may(Permission::Manage), "the permission manage")
        }
    };
    if is_allowed {
        return Ok(());
    }
    let required = if style == Style::Treasury { "owner" } else { "manage" };
    Err(Fault::forbidden(format!("Webhooks of this style need {needs}"))
        .with_details(serde_json::json!({ "required": required })))
}

/// One endpoint of a view.
///
/// # Errors
/// 404.
pub fn find(tx: &mut Tx<'_>, view: View, id: WebhookId) -> Result<Endpoint, Fault> {
    let found = rows::find(tx, view.workspace(), id)?.filter(|endpoint| view.shows(endpoint));
    found.ok_or_else(|| Fault::not_found("Webhook"))
}

/// All endpoints of a view, newest first.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, view: View) -> Result<Vec<Endpoint>, Fault> {
    let mut all = rows::all(tx, view.workspace())?;
    all.retain(|endpoint| view.shows(endpoint));
    all.reverse();
    Ok(all)
}

/// The headers that an endpoint adds.
///
/// # Errors
/// Of the database, and when they cannot be opened.
pub fn headers(tx: &mut Tx<'_>, webhooks: &Webhooks, endpoint: &Endpoint) -> Result<Vec<(String, String)>, Fault> {
    crate::attempt::open_headers(tx, &webhooks.platform, endpoint)
}

/// The names of the headers that an endpoint adds.
///
/// # Errors
/// Of the database, and when they cannot be opened.
pub fn header_names(tx: &mut Tx<'_>, webhooks: &Webhooks, endpoint: &Endpoint) -> Result<Vec<String>, Fault> {
    let headers = crate::attempt::open_headers(tx, &webhooks.platform, endpoint)?;
    Ok(headers.into_iter().map(|(name, _)| name).collect())
}

/// How an endpoint did within the last 24 hours.
///
/// # Errors
/// Of the database.
pub fn rate(tx: &mut Tx<'_>, webhooks: &Webhooks, endpoint: &Endpoint) -> Result<Rate, Fault> {
    let since = webhooks.platform.clock.now().plus_seconds(-RATE_S);
    attempts::rate(tx, endpoint.workspace, endpoint.id, since)
}
