//! The console API: what the dashboard and the command line call (console contract).

mod account;
mod accounts_wire;
mod agent_activity;
mod agent_chat;
mod agent_tools;
mod agent_versions;
mod agent_whatsapp;
mod agents;
mod audit;
mod audit_export;
mod automations;
mod backups;
mod bulk;
mod catalog;
mod connections;
mod credits;
mod doctor;
mod documents;
mod errors;
mod events;
mod filters;
mod flow_diff;
mod groups;
mod health;
mod home;
mod inbox;
mod inbox_agents;
mod inbox_confirmations;
mod inbox_joined;
mod inbox_payments;
mod inbox_wire;
mod invites;
mod keys;
mod knowledge;
mod knowledge_documents;
mod knowledge_search;
mod list;
mod live;
mod members;
mod model_providers;
mod models;
mod notices;
mod operation;
mod pages;
mod pins;
mod requests;
mod run_detail;
mod run_exchanges;
mod run_payments;
mod run_phases;
mod run_wire;
mod runs;
mod runs_joined;
mod search;
mod session;
mod settings;
mod setup;
mod shapes;
mod threads;
mod tokens;
mod trigger_requests;
mod triggers;
mod usage;
mod variables;
mod webhook_log;
mod webhooks;
mod wire;
mod wishes;
mod workflow_versions;
mod workflows;
mod workspace;
mod workspaces;

use floe_model::Fault;
use floe_model::access::Permission;
use floe_store::Tx;

use crate::http::{Call, Customs, RateStyle, Reply, Route, Surface, SurfaceDoc};

pub(crate) use accounts_wire::invite_url;
pub use backups::backup_object;
pub use wire::key_object;

/// The console, and everything at the root that belongs to no other surface.
pub static SURFACE: Surface = Surface {
    name: "console",
    prefixes: &["/console/v1"],
    render: errors::render,
    rate_style: RateStyle::Seconds,
    token_limits: None,
    repeats_by_member: true,
    mode_headers: &["floe-mode"],
    customs: Customs::PLAIN,
    doc: SurfaceDoc {
        title: "Floe: console",
        about: "Accounts, workspaces, keys, the inbox and operation: what the dashboard and the command line call.",
        fault_media: "application/problem+json",
        fault: errors::FAULT,
        code: errors::code,
    },
};

/// Every route of the console.
pub(crate) fn routes() -> Vec<Route> {
    let groups = [
        documents::routes(),
        health::routes(),
        pages::routes(),
        setup::routes(),
        session::routes(),
        account::routes(),
        tokens::routes(),
        keys::routes(),
        inbox::routes(),
        runs::routes(),
        threads::routes(),
        agent_chat::routes(),
        run_detail::routes(),
        bulk::routes(),
        flow_diff::routes(),
        automations::routes(),
        pins::routes(),
        workflows::routes(),
        workflow_versions::routes(),
        connections::routes(),
        model_providers::routes(),
        models::routes(),
        agent_whatsapp::routes(),
        agents::routes(),
        agent_tools::routes(),
        agent_versions::routes(),
        agent_activity::routes(),
        variables::routes(),
        workspace::routes(),
        workspaces::routes(),
        members::routes(),
        invites::routes(),
        groups::routes(),
        audit::routes(),
        credits::routes(),
        requests::routes(),
        usage::routes(),
        wishes::routes(),
        notices::routes(),
        live::routes(),
        home::routes(),
        search::routes(),
        catalog::routes(),
        operation::routes(),
        backups::routes(),
        doctor::routes(),
        settings::routes(),
        triggers::routes(),
        webhooks::routes(),
        webhook_log::routes(),
        events::routes(),
        knowledge::routes(),
        knowledge_documents::routes(),
        knowledge_search::routes(),
    ];
    groups.into_iter().flatten().collect()
}

/// What the console asks of a caller: a permission of the role, and the scope that covers it for tokens
/// (console contract, section 2.6).
trait Rights {
    /// Needs a permission.
    fn needs(self, permission: Permission) -> Self;
    /// Any member; tokens may read.
    fn any_reads(self) -> Self;
    /// Any member; tokens may write.
    fn any_writes(self) -> Self;
}

impl Rights for Route {
    fn needs(self, permission: Permission) -> Self {
        let scope = match permission {
            Permission::Read => "console.read",
            Permission::Build | Permission::Run => "console.write",
            Permission::Answer => "inbox.answer",
            Permission::Manage => "admin",
            // No scope covers it, so no token has it.
            Permission::Own => "own",
        };
        self.permission(permission).scope(scope)
    }

    fn any_reads(self) -> Self {
        self.scope("console.read")
    }

    fn any_writes(self) -> Self {
        self.scope("console.write")
    }
}

/// [`Call::commit`] for acts that change credentials: what this process remembers of them is forgotten afterwards.
async fn commit_and_forget<T, A, R>(call: &Call, act: A, render: R) -> Result<Reply, Fault>
where
    A: FnMut(&mut Tx<'_>) -> Result<T, Fault> + Send + 'static,
    R: Fn(T) -> Result<Reply, Fault> + Send + 'static,
{
    let reply = call.commit(act, render).await?;
    call.app.access.forget();
    Ok(reply)
}
