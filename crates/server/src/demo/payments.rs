//! The payments of the demo: a funded wallet, three runs of the past, and a payroll that waits for its approval.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use floe_access::Act;
use floe_access::workspace::{self, WorkspacePatch};
use floe_model::Fault;
use floe_model::id::PaymentRunId;
use floe_model::treasury::{Kobo, RiskDecision, RunStatus};
use floe_runtime::Ctx;
use floe_store::Tx;
use floe_store::treasury::candidates;
use floe_treasury::Treasury;
use floe_treasury::import::{CandidateRow, read_candidates};
use floe_treasury::payees::blocklist::{self, BlockKind, NewBlock};
use floe_treasury::runs::{self, Approve, NewCandidate, NewRun};
use floe_treasury::wallet::{self, Topup};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};

use super::people::{ADDRESS, People};

/// What the run that waits is for.
pub(super) const OBJECTIVE: &str = "Pay November field staff";
/// Whole naira that are in the wallet before anything is paid.
const FUNDS: i64 = 50_000_000;
/// Whole naira that the payroll may come to.
const CAP: i64 = 60_000_000;
/// The account of the payroll that the workspace pays nothing to.
const BLOCKED_ACCOUNT: &str = "0000210390";

/// The payroll of the examples, and two of its payments that were made before.
const PAYROLL: &[u8] = include_bytes!("../../../../examples/payroll/november.csv");
const EARLIER: &[u8] = include_bytes!("../../../../examples/payroll/earlier-today.csv");
/// Runs of other people, beside those of the payroll.
const PAST: [(&str, &str); 2] = [
    (
        "Pay the couriers of October",
        "beneficiary_name,account_number,institution_code,amount,purpose\n\
         Ngozi Eze,0108024071,058,25000,Deliveries\n\
         Tari Briggs,0054556411,221,31500.50,Deliveries\n",
    ),
    (
        "Pay the generator supplier",
        "beneficiary_name,account_number,institution_code,amount,purpose\n\
         Harmattan Power Ltd,1012854016,057,1850000,Diesel\n",
    ),
];

/// Longest that one run may take to its next stop.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Pause between two looks at a run.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What was made.
pub(super) struct Payments {
    /// The run that waits.
    pub(super) run: PaymentRunId,
    /// What is paid when nobody decides otherwise: all of it but the blocked ones.
    pub(super) amount: Kobo,
    /// How many payments the risk agent approved by itself, wants looked at, and blocked.
    pub(super) decisions: [usize; 3],
    /// Runs that are over.
    pub(super) completed: usize,
}

/// Makes everything through the services; the colleague makes the runs, the owner approves those of the past.
pub(super) async fn make(treasury: &Arc<Treasury>, people: &People) -> anyhow::Result<Payments> {
    prepare(treasury, &people.as_owner).await.context("the wallet")?;
    let clerk = Clerk { treasury, people };
    let mut past = vec![clerk.create("Pay two of the field staff early", EARLIER, None).await?];
    for (objective, file) in PAST {
        past.push(clerk.create(objective, file.as_bytes(), None).await?);
    }
    for &run in &past {
        clerk.until(run, RunStatus::AwaitingApproval).await?;
        clerk.approve(run).await?;
    }
    // What is paid already today counts for the payroll, also while it is under way.
    let run = clerk.create(OBJECTIVE, PAYROLL, Kobo::naira(CAP)).await?;
    clerk.until(run, RunStatus::AwaitingApproval).await?;
    for &run in &past {
        clerk.until(run, RunStatus::Completed).await?;
    }
    let (amount, decisions) = clerk.decisions(run).await?;
    Ok(Payments { run, amount, decisions, completed: past.len() })
}

/// Lets tokens approve, blocks an account, and funds the wallet.
async fn prepare(treasury: &Arc<Treasury>, owner: &Ctx) -> Result<(), Fault> {
    let act = Act { ctx: owner.clone(), address: Some(ADDRESS) };
    let settings = Map::from_iter([("token_approvals".to_owned(), Value::Bool(true))]);
    let patch = WorkspacePatch { settings, ..WorkspacePatch::default() };
    let block = NewBlock {
        kind: BlockKind::AccountNumber,
        value: BLOCKED_ACCOUNT.to_owned(),
        reason: Some("left the company".to_owned()),
    };
    let funds = Topup {
        amount: Kobo::naira(FUNDS).ok_or_else(|| Fault::internal("an amount of the demo is too large"))?,
        reference: "demo".to_owned(),
        description: Some("Money to try things out with".to_owned()),
    };
    let treasury = Arc::clone(treasury);
    let writing = owner.store.write(move |tx| {
        workspace::patch(tx, &act, &patch, None)?;
        blocklist::add(tx, &act.ctx, treasury.directory, &block)?;
        wallet::top_up(tx, &treasury, &act.ctx, &funds).map(drop)
    });
    writing.await
}

/// Makes runs and sees them through.
struct Clerk<'a> {
    treasury: &'a Arc<Treasury>,
    people: &'a People,
}

impl Clerk<'_> {
    async fn create(&self, objective: &str, file: &[u8], cap: Option<Kobo>) -> anyhow::Result<PaymentRunId> {
        let imported = read_candidates(file, self.treasury.directory)?;
        ensure!(imported.bad_rows == 0, "{objective}: {:?}", imported.problems);
        let new = NewRun {
            objective: objective.to_owned(),
            budget_cap: cap,
            candidates: imported.rows.into_iter().map(candidate).collect(),
            ..NewRun::default()
        };
        let (treasury, ctx) = (Arc::clone(self.treasury), self.people.as_colleague.clone());
        let id = ctx.ids.next();
        let create = move |tx: &mut Tx<'_>| runs::create(tx, &treasury, &ctx, id, &new).map(drop);
        self.people.as_colleague.store.write(create).await.with_context(|| objective.to_owned())?;
        Ok(id)
    }

    async fn approve(&self, run: PaymentRunId) -> anyhow::Result<()> {
        let (treasury, ctx) = (Arc::clone(self.treasury), self.people.as_owner.clone());
        let approve = move |tx: &mut Tx<'_>| runs::approve(tx, &treasury, &ctx, run, &Approve::default()).map(drop);
        self.people.as_owner.store.write(approve).await.context("an approval")
    }

    async fn until(&self, id: PaymentRunId, wanted: RunStatus) -> anyhow::Result<()> {
        let (scope, deadline) = (self.people.as_owner.caller.scope(), Instant::now() + WAIT_MAX);
        loop {
            let run = self.people.as_owner.store.read(move |tx| runs::run(tx, scope, id)).await?;
            if run.status == wanted {
                return Ok(());
            }
            if run.status.is_final() || Instant::now() > deadline {
                bail!("the payment run \"{}\" is {} and should be {wanted}", run.objective, run.status);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// What is paid of a run when nobody decides otherwise, and how many candidates it has of each decision.
    async fn decisions(&self, run: PaymentRunId) -> anyhow::Result<(Kobo, [usize; 3])> {
        let scope = self.people.as_owner.caller.scope();
        let all = self.people.as_owner.store.read(move |tx| candidates::all(tx, scope, run)).await?;
        let of = |decision| all.iter().filter(move |one| one.risk_decision == Some(decision));
        let (approved, review) = (of(RiskDecision::AutoApproved), of(RiskDecision::NeedsReview));
        let paid = approved.clone().chain(review.clone()).map(|one| one.amount);
        let amount = Kobo::checked_sum(paid).context("the payroll is too large")?;
        Ok((amount, [approved.count(), review.count(), of(RiskDecision::Blocked).count()]))
    }
}

fn candidate(row: CandidateRow) -> NewCandidate {
    NewCandidate {
        beneficiary_name: row.beneficiary_name,
        account_number: row.account_number.as_str().to_owned(),
        institution_code: row.institution_code,
        amount: row.amount,
        purpose: row.purpose,
        beneficiary_email: row.beneficiary_email,
        recipient: None,
    }
}
