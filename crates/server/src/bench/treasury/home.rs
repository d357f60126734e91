//! What the measured server works on: a workspace with money, credits and a past, made before it starts.

use std::path::Path;

use anyhow::Context as _;
use floe_access::setup::NewOwner;
use floe_access::tokens::NewToken;
use floe_access::workspace::{self, WorkspacePatch};
use floe_access::{Act, credits};
use floe_model::access::KeyKind;
use floe_model::treasury::Kobo;
use floe_model::{Fault, Mode};
use floe_runtime::Ctx;
use floe_treasury::wallet::{self, Topup};
use serde_json::{Map, Value, json};

use super::super::prepare;
use super::past;
use crate::app::App;
use crate::cli::Output;

/// Whole naira that are in the wallet.
const FUNDS: i64 = 50_000_000;
/// Thousandths of credits for runs: each costs one credit.
const CREDITS: i64 = 500_000_000;
/// What every payout pays, whole naira.
const AMOUNT: i64 = 100;
/// The same in kobo.
pub(super) const AMOUNT_KOBO: i64 = AMOUNT * 100;
/// The bank of all accounts.
pub(super) const BANK: &str = "058";

/// Who calls the server.
pub(super) struct Home {
    /// A key of test mode.
    pub(super) key: String,
    /// Token of the owner, who may approve with it.
    pub(super) token: String,
}

impl Home {
    /// Makes everything in a fresh data folder.
    pub(super) async fn settle(
        folder: &Path,
        database: Option<&str>,
        payouts: usize,
        output: Output,
    ) -> anyhow::Result<Self> {
        let app = prepare::open(folder, database).await?;
        let owner = NewOwner {
            name: "Bench".to_owned(),
            email: "treasury@bench.invalid".to_owned(),
            password: None,
            workspace_name: "Bench".to_owned(),
            timezone: "UTC".to_owned(),
            starter_keys: Some(Mode::Test),
        };
        let first = app.access.create_admin(owner).await?;
        let key = first.keys.iter().find(|made| made.key.kind == KeyKind::Treasury).context("no key was made")?;
        let key = key.text.clone();
        let ctx = prepare::ctx(&app.platform, first.workspace.id, first.member.id);
        let act = Act { ctx: ctx.clone(), address: None };
        let scopes = ["treasury.read", "treasury.write", "treasury.approve"].map(str::to_owned).to_vec();
        let new = NewToken { name: "Bench".to_owned(), scopes: scopes.clone(), expires_in_days: None };
        let token = app.access.draw_token(first.workspace.id, first.member.id, &new, &scopes, act.now());
        let signer = act.clone();
        let token = app.platform.store.write(move |tx| token.apply(tx, &signer)).await?.text;
        provide(&app, &act).await?;
        past::fill(&app, ctx.caller.scope(), payouts, output).await?;
        app.close().await;
        Ok(Self { key, token })
    }
}

/// Money, credits, and approvals by token.
async fn provide(app: &App, act: &Act) -> Result<(), Fault> {
    let (treasury, act) = (app.treasury.clone(), act.clone());
    let settings = Map::from_iter([("token_approvals".to_owned(), Value::Bool(true))]);
    let patch = WorkspacePatch { settings, ..WorkspacePatch::default() };
    let amount = Kobo::naira(FUNDS).ok_or_else(|| Fault::internal("an amount of the bench is too large"))?;
    let funds = Topup { amount, reference: "bench".to_owned(), description: None };
    let writing = app.platform.store.write(move |tx| {
        workspace::patch(tx, &act, &patch, None)?;
        credits::grant(tx, &act, Mode::Test, CREDITS, "bench")?;
        let ctx: &Ctx = &act.ctx;
        wallet::top_up(tx, &treasury, ctx, &funds).map(drop)
    });
    writing.await
}

/// The account with a number.
pub(super) fn account(at: usize) -> String {
    format!("01{at:08}")
}

/// The name of the holder of that account.
pub(super) fn name(at: usize) -> String {
    format!("Payee {at}")
}

/// The body of a request for a run that pays the first accounts.
pub(super) fn run_body(objective: &str, candidates: usize) -> String {
    let candidate = |at| {
        let (name, account) = (name(at), account(at));
        json!({ "beneficiary_name": name, "account_number": account, "institution_code": BANK, "amount": AMOUNT })
    };
    let candidates: Vec<Value> = (0..candidates).map(candidate).collect();
    json!({ "objective": objective, "candidates": candidates }).to_string()
}
