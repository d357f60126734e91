//! A treasury on a test store with a clock that the test moves, and jobs that run when the test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use floe_model::access::{Caller, Credential, Member, Role, TreasuryRole};
use floe_model::id::{CandidateId, MemberId, PaymentRunId, RequestId, SessionId, WorkspaceId};
use floe_model::treasury::{
    AccountCheck, ApprovalStatus, ExecutionStatus, FeeSchedule, Kobo, LookupStatus, RunStatus, Schedule, Score,
};
use floe_model::{Fault, Mode, Scope, Timestamp};
use floe_runtime::ids::SystemRandom;
use floe_runtime::jobs::JobHandler;
use floe_runtime::outside::{Outside, OutsideConfig};
use floe_runtime::sandbox::{Sandbox, SandboxConfig};
use floe_runtime::{Clock, Ctx, Ids, Platform, Seal};
use floe_store::platform::jobs::{self, Job};
use floe_store::treasury::candidates::{self, Candidate};
use floe_store::treasury::payment_run_totals;
use floe_store::treasury::payment_runs::{self, Creator, PaymentRun};
use floe_store::{Store, Tx};
use floe_treasury::payouts::rails::Rails;
use floe_treasury::payouts::{Payout, PayoutSettings, Release, Released, release};
use floe_treasury::trail::Who;
use floe_treasury::{Settings, Treasury, handlers};

/// The wallet of all tests here.
pub(super) const SCOPE: Scope =
    Scope { workspace: WorkspaceId(0x0190_0000_0000_7000_8000_0000_0000_0001), mode: Mode::Test };
/// Jobs of money.
const KINDS: [&str; 2] = ["treasury.payouts", "treasury.looks"];
/// Jobs that one call works off at most.
const JOBS_MAX: usize = 10_000;

/// A clock that stands until it is moved.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A treasury whose time and work a test controls.
pub(super) struct World {
    pub(super) treasury: Arc<Treasury>,
    hands: Arc<Hands>,
    handlers: Vec<Arc<dyn JobHandler>>,
}

/// A payee of a test.
#[derive(Debug, Clone)]
pub(super) struct Payee {
    pub(super) account: String,
    pub(super) amount: Kobo,
    pub(super) check: AccountCheck,
}

impl World {
    pub(super) fn new(store: &Store, schedule: Schedule) -> Self {
        floe_runtime::outside::install_tls_provider();
        let hands = Arc::new(Hands(AtomicI64::new(1_780_000_000_000_000)));
        let clock: Arc<dyn Clock> = Arc::clone(&hands) as Arc<dyn Clock>;
        let platform = Arc::new(Platform {
            store: store.clone(),
            ids: Ids::new(Arc::clone(&clock), Arc::new(SystemRandom)),
            clock,
            outside: Outside::new(OutsideConfig::default()),
            sandbox: Sandbox::new(SandboxConfig::default()),
            seal: Seal::new([9; 32]),
        });
        let payouts = PayoutSettings { schedule, ..PayoutSettings::default() };
        let treasury = Arc::new(Treasury::new(platform, Settings { payouts, ..Settings::default() }));
        let handlers = money_handlers(&treasury);
        Self { treasury, hands, handlers }
    }

    /// The same with other rails.
    pub(super) fn with_rails(self, rails: Rails) -> Self {
        let Self { treasury, hands, .. } = self;
        let mut other = Treasury::new(Arc::clone(&treasury.platform), treasury.settings.clone());
        other.rails = rails;
        let treasury = Arc::new(other);
        let handlers = money_handlers(&treasury);
        Self { treasury, hands, handlers }
    }

    /// Does one job.
    pub(super) async fn run(&self, job: &Job) {
        let handler = self.handlers.iter().find(|handler| handler.kind() == job.kind).expect("a handler");
        handler.run(&self.treasury.platform, job).await.expect("the job is done");
    }

    pub(super) fn now(&self) -> Timestamp {
        self.hands.now()
    }

    pub(super) fn wait_s(&self, seconds: i64) {
        self.hands.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Moves the clock by so many seconds, from anywhere.
    pub(super) fn mover(&self) -> impl Fn(i64) + Send + Sync + 'static {
        let hands = Arc::clone(&self.hands);
        move |seconds| {
            hands.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.treasury.platform.store
    }

    /// The context of a member.
    pub(super) fn ctx(&self, member: u128) -> Ctx {
        let caller = Caller {
            workspace: SCOPE.workspace,
            mode: SCOPE.mode,
            credential: Credential::Session(SessionId(member)),
            name: format!("Member {member}"),
            member: Some(Member {
                id: MemberId(member),
                name: format!("Member {member}"),
                email: format!("{member}@floe.test"),
                role: Role::Owner,
                treasury_role: TreasuryRole::Owner,
                groups: Vec::new(),
            }),
            scopes: None,
            agents: None,
        };
        Ctx::new(Arc::clone(&self.treasury.platform), Arc::new(caller), RequestId(7))
    }

    /// Does all due jobs of money, and those that come of them; how many.
    pub(super) async fn work(&self) -> usize {
        let mut done = 0;
        while done < JOBS_MAX {
            let (now, kinds) = (self.now(), KINDS);
            let claim = move |tx: &mut Tx<'_>| jobs::claim_due(tx, &kinds, now, 60_000, 4, None);
            let claimed = self.store().write(claim).await.expect("jobs are claimed");
            if claimed.is_empty() {
                return done;
            }
            // Several at a time, as the loop of jobs does.
            let work = claimed.into_iter().map(|job| async move {
                self.run(&job).await;
                let lease = job.lease();
                self.store().write(move |tx| jobs::finish(tx, lease)).await.expect("the job ends");
            });
            done += join_all(work).await;
        }
        panic!("more jobs than there can be");
    }

    /// Releases a run of these payees, as an approval does; the run and what the release did.
    pub(super) async fn release(
        &self,
        payees: &[Payee],
        fees: &FeeSchedule,
    ) -> Result<(PaymentRunId, Vec<CandidateId>, Released), Fault> {
        let treasury = Arc::clone(&self.treasury);
        let (payees, fees, now) = (payees.to_vec(), fees.clone(), self.now());
        let run: PaymentRunId = treasury.platform.ids.next();
        let ids: Vec<CandidateId> = payees.iter().map(|_| treasury.platform.ids.next()).collect();
        let act = move |tx: &mut Tx<'_>| {
            let payouts: Vec<Payout> = payees.iter().zip(&ids).map(|(payee, id)| payout(*id, payee, now)).collect();
            write_run(tx, run, &payouts, now)?;
            let asked = Release {
                scope: SCOPE,
                run,
                objective: "Pay people",
                fees: &fees,
                who: &Who::system(),
                payouts: &payouts,
                at: now,
            };
            Ok((run, ids.clone(), release(tx, &treasury, &asked)?))
        };
        self.store().write(act).await
    }
}

fn money_handlers(treasury: &Arc<Treasury>) -> Vec<Arc<dyn JobHandler>> {
    handlers(treasury).into_iter().filter(|handler| KINDS.contains(&handler.kind())).collect()
}

async fn join_all(work: impl Iterator<Item = impl Future<Output = ()>>) -> usize {
    let mut waiting: Vec<_> = work.map(Box::pin).collect();
    let count = waiting.len();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    count
}

fn payout(candidate: CandidateId, payee: &Payee, now: Timestamp) -> Payout {
    Payout {
        candidate,
        beneficiary_name: "Adaeze Okonkwo".to_owned(),
        account_number: payee.account.clone(),
        institution_code: "058".to_owned(),
        bank_name: Some("GTBank".to_owned()),
        amount: payee.amount,
        purpose: None,
        check: payee.check,
        checked_at: (payee.check != AccountCheck::Needed).then_some(now),
    }
}

/// A run that is released, with its candidates, as the slice of runs would have written it.
fn write_run(tx: &mut Tx<'_>, id: PaymentRunId, payouts: &[Payout], now: Timestamp) -> Result<(), Fault> {
    let seq = payment_run_totals::open_run(tx, SCOPE)?;
    let pending = PaymentRun {
        id,
        seq,
        objective: "Pay people".to_owned(),
        risk_tolerance: Score::DEFAULT_TOLERANCE,
        budget_cap: None,
        date_from: None,
        date_to: None,
        status: RunStatus::Pending,
        version: 1,
        plan: "{}".to_owned(),
        candidate_count: payouts.len() as i64,
        last_candidate: payouts.len() as i64,
        total_amount: Kobo::checked_sum(payouts.iter().map(|payout| payout.amount)).expect("a sum"),
        approved_count: payouts.len() as i64,
        rejected_count: 0,
        approvals_required: Some(1),
        rules: None,
        content_hash: None,
        error: None,
        creator: Creator { kind: "system".to_owned(), id: None, name: "system".to_owned(), member: None },
        retry_of: None,
        schedule: None,
        last_event: 0,
        released_amount: None,
        released_at: None,
        requested_at: None,
        finished_at: None,
        created_at: now,
        updated_at: now,
    };
    payment_runs::insert(tx, SCOPE, &pending)?;
    let way = [RunStatus::Planning, RunStatus::Scoring, RunStatus::AwaitingApproval, RunStatus::Executing];
    let mut before = pending;
    for status in way {
        let after = PaymentRun { status, ..before.clone() };
        payment_runs::save(tx, SCOPE, &before, &after)?;
        before = after;
    }
    let all: Vec<Candidate> = payouts.iter().zip(1..).map(|(payout, seq)| candidate(payout, seq, now)).collect();
    candidates::put(tx, SCOPE, id, &all)
}

fn candidate(payout: &Payout, seq: i64, now: Timestamp) -> Candidate {
    Candidate {
        id: payout.candidate,
        seq,
        beneficiary_name: payout.beneficiary_name.clone(),
        account_number: payout.account_number.clone(),
        institution_code: payout.institution_code.clone(),
        amount: payout.amount,
        purpose: None,
        beneficiary_email: None,
        recipient: None,
        risk_score: None,
        risk_decision: None,
        risk_factors: None,
        risk_reasons: None,
        lookup_status: LookupStatus::Success,
        lookup_name: None,
        name_match: None,
        lookup_at: Some(now),
        approval: ApprovalStatus::Approved,
        decision_reason: None,
        decided_by: None,
        execution: ExecutionStatus::Pending,
        failure_reason: None,
        reference: None,
        retry_of: None,
        retried_by: None,
        created_at: now,
        updated_at: now,
    }
}
