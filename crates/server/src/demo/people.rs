//! The people of the demo, and the credentials that it hands out.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Context as _;
use floe_access::links::SIGN_IN_MINUTES;
use floe_access::sessions::{NewSession, Transport};
use floe_access::setup::NewOwner;
use floe_access::tokens::NewToken;
use floe_access::{Access, Act, Presented, Proof};
use floe_model::access::{Caller, KeyKind, Role};
use floe_model::id::MemberId;
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use floe_store::access::workspaces::Workspace;

use crate::app::App;

/// E-mail address of the owner.
pub(super) const OWNER_EMAIL: &str = "you@demo.invalid";
/// E-mail address of the colleague.
pub(super) const COLLEAGUE_EMAIL: &str = "ada@demo.invalid";
/// Shown name of the colleague.
pub(super) const COLLEAGUE_NAME: &str = "Ada";

/// Where everybody calls from.
pub(super) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What the token of the owner may do: everything that there is without a session.
const TOKEN_SCOPES: [&str; 12] = [
    "console.read",
    "console.write",
    "admin",
    "inbox.answer",
    "flows.read",
    "flows.run",
    "flows.write",
    "flows.manage",
    "treasury.read",
    "treasury.write",
    "treasury.approve",
    "placements.manage",
];

/// The workspace with its people.
pub(super) struct People {
    pub(super) workspace: Workspace,
    pub(super) owner: MemberId,
    pub(super) colleague: MemberId,
    /// Text of the flows key.
    pub(super) key: String,
    /// Text of the treasury key.
    pub(super) treasury_key: String,
    /// Text of the key for the SDK of placements.
    pub(super) sdk_key: String,
    /// Text of the agents key.
    pub(super) agents_key: String,
    /// Text of the workflows key.
    pub(super) workflows_key: String,
    /// Text of the owner's token.
    pub(super) token: String,
    /// Calls as the owner does with the token.
    pub(super) as_owner: Ctx,
    /// Calls as the colleague does in a session.
    pub(super) as_colleague: Ctx,
    /// Calls as a program does with the key.
    pub(super) as_program: Ctx,
    /// Calls as a program does with the agents key.
    pub(super) as_support: Ctx,
    /// Calls as a program does with the workflows key.
    pub(super) as_triage: Ctx,
}

impl People {
    /// Makes owner, workspace, colleague, key and token. Nobody has a password: who reads the terminal is the owner.
    pub(super) async fn settle(app: &App) -> anyhow::Result<Self> {
        let access = &app.access;
        let owner = NewOwner {
            name: "You".to_owned(),
            email: OWNER_EMAIL.to_owned(),
            password: None,
            workspace_name: "Demo".to_owned(),
            timezone: "UTC".to_owned(),
            starter_keys: Some(Mode::Test),
        };
        let made = access.create_admin(owner).await?;
        let workspace = made.workspace.id;
        let colleague = access.add_member(workspace, COLLEAGUE_NAME, COLLEAGUE_EMAIL, Role::Builder).await?;
        let key_of = |kind| made.keys.iter().find(|key| key.key.kind == kind).map(|key| key.text.clone());
        let key = key_of(KeyKind::Flows).context("no key for flows")?;
        let treasury_key = key_of(KeyKind::Treasury).context("no key for the treasury")?;
        let sdk_key = key_of(KeyKind::PlacementsSdk).context("no key for the SDK of placements")?;
        let agents_key = key_of(KeyKind::Agents).context("no key for agents")?;
        let workflows_key = key_of(KeyKind::Workflows).context("no key for workflows")?;
        let system = Arc::new(Caller::system(workspace, Mode::Test));
        let ctx = Ctx::new(Arc::clone(&app.platform), system, app.platform.ids.next());
        let act = Act { ctx, address: Some(ADDRESS) };
        let session = sign_in(access, &act).await?;
        let token = make_token(app, &act, made.member.id).await?;
        let proof = Proof::Key { kind: KeyKind::Flows, mode: Mode::Test, text: &key };
        let talks = Proof::Key { kind: KeyKind::Agents, mode: Mode::Test, text: &agents_key };
        let starts = Proof::Key { kind: KeyKind::Workflows, mode: Mode::Test, text: &workflows_key };
        Ok(Self {
            as_triage: caller(app, access, starts).await?,
            as_program: caller(app, access, proof).await?,
            as_support: caller(app, access, talks).await?,
            as_colleague: caller(app, access, Proof::Session(&session)).await?,
            as_owner: caller(app, access, Proof::Token(&token)).await?,
            workspace: made.workspace,
            owner: made.member.id,
            colleague,
            key,
            treasury_key,
            sdk_key,
            agents_key,
            workflows_key,
            token,
        })
    }
}

async fn make_token(app: &App, act: &Act, owner: MemberId) -> Result<String, Fault> {
    let scopes = TOKEN_SCOPES.map(str::to_owned).to_vec();
    let new = NewToken { name: "Demo".to_owned(), scopes: scopes.clone(), expires_in_days: None };
    let prepared = app.access.draw_token(act.ctx.caller.workspace, owner, &new, &scopes, act.now());
    let act = act.clone();
    let made = app.platform.store.write(move |tx| prepared.apply(tx, &act)).await?;
    Ok(made.text)
}

/// Signs the colleague in, as the links of the command line do; nobody learns the session's text.
async fn sign_in(access: &Access, act: &Act) -> Result<String, Fault> {
    let link = access.issue_sign_in_link(COLLEAGUE_EMAIL, SIGN_IN_MINUTES).await?;
    let new = NewSession { transport: Transport::Token, remember: false, agent: Some("floe demo".to_owned()) };
    Ok(access.sign_in_by_link(act, &link, new).await?.text)
}

/// The caller that a credential makes of a request, as the API would see it.
async fn caller(app: &App, access: &Access, proof: Proof<'_>) -> Result<Ctx, Fault> {
    let presented = Presented { proof, mode: Mode::Test, workspace: None, address: ADDRESS };
    let identity = access.authenticate(presented).await?;
    Ok(Ctx::new(Arc::clone(&app.platform), identity.caller, app.platform.ids.next()))
}
