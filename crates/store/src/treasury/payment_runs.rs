//! Table `payment_runs`: one row a payment run. Amounts are in kobo.
//!
//! [`lock`] comes first in every act on a run: it holds the run until the end of the transaction, so that acts on one run follow
//! each other on both databases. [`save`] writes only over the status and version that were locked.

use floe_model::{
    Fault, Scope, Timestamp,
    id::{MemberId, PaymentRunId, ScheduledRunId},
    treasury::{Kobo, PublicRunStatus, RunStatus, Score},
};

use super::places;
use crate::{Row, Tx, params, statements};

/// Runs of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// Who made a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator {
    /// `member`, `key`, `token` or `system`.
    pub kind: String,
    /// Its id, when it has one.
    pub id: Option<u128>,
    /// Its name at that time.
    pub name: String,
    /// The member who it is, or who made the key that it is.
    pub member: Option<MemberId>,
}

/// A payment run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRun {
    /// Its id.
    pub id: PaymentRunId,
    /// Its number in the workspace and mode, from 1; given by [`insert`].
    pub seq: i64,
    /// What it is for.
    pub objective: String,
    /// The highest score that is preselected.
    pub risk_tolerance: Score,
    /// The most that may be released.
    pub budget_cap: Option<Kobo>,
    /// The first day of its window, `YYYY-MM-DD`.
    pub date_from: Option<String>,
    /// The last day of its window.
    pub date_to: Option<String>,
    /// Where it is.
    pub status: RunStatus,
    /// Counts changes of what is to be paid, from 1.
    pub version: i64,
    /// JSON that the planner reads.
    pub plan: String,
    /// All candidates.
    pub candidate_count: i64,
    /// The number of the newest candidate.
    pub last_candidate: i64,
    /// What all candidates come to.
    pub total_amount: Kobo,
    /// Candidates that are approved.
    pub approved_count: i64,
    /// Candidates that are rejected.
    pub rejected_count: i64,
    /// How many people have to approve it, since it came to approval.
    pub approvals_required: Option<i64>,
    /// JSON: the approval rules at that time.
    pub rules: Option<String>,
    /// Digest of the candidates at that time.
    pub content_hash: Option<Vec<u8>>,
    /// What ended it.
    pub error: Option<String>,
    /// Who made it.
    pub creator: Creator,
    /// The run whose failed candidates it pays again.
    pub retry_of: Option<PaymentRunId>,
    /// The schedule that made it.
    pub schedule: Option<ScheduledRunId>,
    /// The number of its newest event.
    pub last_event: i64,
    /// What was released.
    pub released_amount: Option<Kobo>,
    /// When it was released.
    pub released_at: Option<Timestamp>,
    /// When it came to approval.
    pub requested_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its status, a candidate or the number of candidates changed.
    pub updated_at: Timestamp,
}

/// Columns of [`PaymentRun`], in the order of the mapper.
macro_rules! run_columns {
    () => {
        "id, seq, objective, risk_tolerance, budget_cap, date_from, date_to, status, version, plan, candidate_count, last_candidate,
             total_amount, approved_count, rejected_count, approvals_required, rules, content_hash, error, created_by_kind, created_by,
             created_by_name, creator, retry_of, schedule_id, last_event, released_amount, released_at, requested_at, finished_at,
             created_at, updated_at"
    };
}
pub(super) use run_columns;

macro_rules! select_runs {
    ($tail:literal) => {
        concat!("select ", run_columns!(), " from payment_runs ", $tail)
    };
}

statements! {
    /// A new run.
    INSERT = both(
        "insert into payment_runs (workspace_id, mode, id, seq, objective, risk_tolerance, budget_cap, date_from, date_to, status, shown,
             version, plan, candidate_count, last_candidate, total_amount, approved_count, rejected_count, created_by_kind, created_by,
             created_by_name, creator, retry_of, schedule_id, last_event, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
             $27)"
    );
    /// A run, held until the end of the transaction.
    LOCK = both(concat!(
        "update payment_runs set last_event = last_event where workspace_id = $1 and mode = $2 and id = $3 returning ",
        run_columns!()
    )) -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// A run as it is now.
    FIND = both(select_runs!("where workspace_id = $1 and mode = $2 and id = $3"))
        -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// What changes of a run, over the status and version that were locked.
    SAVE = both(
        "update payment_runs set status = $4, shown = $5, version = $6, plan = $7, candidate_count = $8, last_candidate = $9,
             total_amount = $10, approved_count = $11, rejected_count = $12, approvals_required = $13, rules = $14, content_hash = $15,
             error = $16, last_event = $17, released_amount = $18, released_at = $19, requested_at = $20, finished_at = $21,
             updated_at = $22
         where workspace_id = $1 and mode = $2 and id = $3 and status = $23 and version = $24"
    );
    /// Moves the instant of the last change, never back.
    TOUCH = both(
        "update payment_runs set updated_at = $4 where workspace_id = $1 and mode = $2 and id = $3 and updated_at < $4"
    );
    /// All runs from a number down.
    LIST = both(select_runs!("where workspace_id = $1 and mode = $2 and seq <= $3 order by seq desc limit $4"))
        -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// The number at a place among the runs that are shown in one state, newest first.
    PLACE = both(
        "select seq from payment_runs where workspace_id = $1 and mode = $2 and shown = $3 order by seq desc limit 1 offset $4"
    ) -> [int];
    /// The same from the other end.
    PLACE_BACK = both(
        "select seq from payment_runs where workspace_id = $1 and mode = $2 and shown = $3 order by seq limit 1 offset $4"
    ) -> [int];
    /// How many runs of a span of numbers are shown in one state.
    COUNT_SHOWN = split {
        sqlite: "select count(*) from payment_runs indexed by payment_runs_shown
             where workspace_id = $1 and mode = $2 and shown = $3 and seq > $4 and seq <= $5",
        postgres: "select count(*) from payment_runs
             where workspace_id = $1 and mode = $2 and shown = $3 and seq > $4 and seq <= $5",
    } -> [int];
    /// Runs that are shown in one state, from a number down.
    LIST_SHOWN = both(select_runs!("where workspace_id = $1 and mode = $2 and shown = $3 and seq <= $4 order by seq desc limit $5"))
        -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// Runs that wait for approval, oldest first.
    WAITING = both(select_runs!(
        "where workspace_id = $1 and mode = $2 and shown = 'awaiting_approval' and status = 'awaiting_approval' and seq > $3
         order by seq limit $4"
    )) -> [id, int, text, int, opt int, opt text, opt text, text, int, json, int, int, int, int, int, opt int, opt json, opt bytes,
        opt text, text, opt id, text, opt id, opt id, opt id, int, opt int, opt time, opt time, opt time, time, time];
    /// What was released since an instant.
    RELEASED = both(
        "select cast(coalesce(sum(released_amount), 0) as bigint) from payment_runs
         where workspace_id = $1 and mode = $2 and released_at >= $3 and released_at is not null"
    ) -> [int];
    /// Completed runs, newest first, for repeating one.
    COMPLETED = both(
        "select id, objective from payment_runs where workspace_id = $1 and mode = $2 and shown = 'completed' order by seq desc limit $3"
    ) -> [id, text];
}

/// Writes a new run as its number `run.seq`, which [`super::payment_run_totals::open_run`] gave.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, scope: Scope, run: &PaymentRun) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            scope.workspace,
            scope.mode,
            run.id.0,
            run.seq,
            &run.objective,
            run.risk_tolerance.ten_thousandths(),
            run.budget_cap.map(Kobo::minor),
            &run.date_from,
            &run.date_to,
            run.status.as_str(),
            run.status.shown().as_str(),
            run.version,
            &run.plan,
            run.candidate_count,
            run.last_candidate,
            run.total_amount.0,
            run.approved_count,
            run.rejected_count,
            &run.creator.kind,
            run.creator.id,
            &run.creator.name,
            run.creator.member,
            run.retry_of.map(|id| id.0),
            run.schedule.map(|id| id.0),
            run.last_event,
            run.created_at,
            run.updated_at
        ],
    )
    .map(drop)
}

/// A run, held until the end of the transaction; none when there is none.
///
/// # Errors
/// Of the database.
pub fn lock(tx: &mut Tx<'_>, scope: Scope, id: PaymentRunId) -> Result<Option<PaymentRun>, Fault> {
    tx.row(&LOCK, params![scope.workspace, scope.mode, id.0], run)
}

/// A run as it is now.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, scope: Scope, id: PaymentRunId) -> Result<Option<PaymentRun>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, id.0], run)
}

/// Writes a run over what [`lock`] gave, and keeps the counts of states.
///
/// # Errors
/// An internal fault when the run is not as it was locked, or when its state cannot follow on the one before.
pub fn save(tx: &mut Tx<'_>, scope: Scope, before: &PaymentRun, after: &PaymentRun) -> Result<(), Fault> {
    if before.status != after.status && !before.status.can_become(after.status) {
        return Err(Fault::internal("a payment run cannot come from this state into that one"));
    }
    let saved = tx.execute(
        &SAVE,
        params![
            scope.workspace,
            scope.mode,
            after.id.0,
            after.status.as_str(),
            after.status.shown().as_str(),
            after.version,
            &after.plan,
            after.candidate_count,
            after.last_candidate,
            after.total_amount.0,
            after.approved_count,
            after.rejected_count,
            after.approvals_required,
            &after.rules,
            after.content_hash.as_deref(),
            &after.error,
            after.last_event,
            after.released_amount.map(Kobo::minor),
            after.released_at,
            after.requested_at,
            after.finished_at,
            after.updated_at,
            before.status.as_str(),
            before.version
        ],
    )?;
    if saved != 1 {
        return Err(Fault::internal("a payment run changed while it was held"));
    }
    super::payment_run_totals::moved(tx, scope, before.status.shown(), after.status.shown())
}

/// Moves the instant of the last change.
///
/// # Errors
/// Of the database.
pub fn touch(tx: &mut Tx<'_>, scope: Scope, id: PaymentRunId, at: Timestamp) -> Result<(), Fault> {
    tx.execute(&TOUCH, params![scope.workspace, scope.mode, id.0, at]).map(drop)
}

/// Runs from a number down, newest first.
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, scope: Scope, from: i64, limit: usize) -> Result<Vec<PaymentRun>, Fault> {
    tx.rows(&LIST, params![scope.workspace, scope.mode, from, limit.min(PAGE_MAX)], run)
}

/// Runs that are shown in a state, newest first, from the `offset`th of `total` among `all`.
///
/// # Errors
/// Of the database.
pub fn list_shown(
    tx: &mut Tx<'_>,
    scope: Scope,
    shown: PublicRunStatus,
    (total, all): (i64, i64),
    offset: i64,
    limit: usize,
) -> Result<Vec<PaymentRun>, Fault> {
    let behind = total - 1 - offset;
    if behind < 0 {
        return Ok(Vec::new());
    }
    let mut place = None;
    if all - total < offset.min(behind) {
        place = places::number_at(all, offset, |above, up_to| others(tx, scope, shown, above, up_to))?;
    }
    // The shorter way through the index.
    let word = shown.as_str();
    let place = match place {
        Some(from) => Some(from),
        None if offset <= behind => {
            tx.row(&PLACE, params![scope.workspace, scope.mode, word, offset], |row| row.int(0))?
        }
        None => tx.row(&PLACE_BACK, params![scope.workspace, scope.mode, word, behind], |row| row.int(0))?,
    };
    let Some(from) = place else { return Ok(Vec::new()) };
    tx.rows(&LIST_SHOWN, params![scope.workspace, scope.mode, word, from, limit.min(PAGE_MAX)], run)
}

/// How many runs of a span of numbers are shown in another state.
fn others(tx: &mut Tx<'_>, scope: Scope, shown: PublicRunStatus, above: i64, up_to: i64) -> Result<i64, Fault> {
    let mut found = 0;
    for other in PublicRunStatus::ALL.iter().filter(|&&other| other != shown) {
        let span = params![scope.workspace, scope.mode, other.as_str(), above, up_to];
        found += tx.row(&COUNT_SHOWN, span, |row| row.int(0))?.unwrap_or(0);
    }
    Ok(found)
}

/// Runs that wait for approval and have a larger number than `after`, oldest first.
///
/// # Errors
/// Of the database.
pub fn waiting(tx: &mut Tx<'_>, scope: Scope, after: i64, limit: usize) -> Result<Vec<PaymentRun>, Fault> {
    tx.rows(&WAITING, params![scope.workspace, scope.mode, after, limit.min(PAGE_MAX)], run)
}

/// What was released at or after an instant. Hold the wallet before: otherwise two releases do not see each other.
///
/// # Errors
/// Of the database.
pub fn released_since(tx: &mut Tx<'_>, scope: Scope, since: Timestamp) -> Result<Kobo, Fault> {
    Ok(Kobo(tx.row(&RELEASED, params![scope.workspace, scope.mode, since], |row| row.int(0))?.unwrap_or(0)))
}

/// The newest completed runs with their objectives.
///
/// # Errors
/// Of the database.
pub fn completed(tx: &mut Tx<'_>, scope: Scope, limit: usize) -> Result<Vec<(PaymentRunId, String)>, Fault> {
    tx.rows(&COMPLETED, params![scope.workspace, scope.mode, limit.min(PAGE_MAX)], |row| {
        Ok((PaymentRunId(row.id(0)?), row.string(1)?))
    })
}

pub(super) fn run(row: &Row<'_>) -> Result<PaymentRun, Fault> {
    Ok(PaymentRun {
        id: PaymentRunId(row.id(0)?),
        seq: row.int(1)?,
        objective: row.string(2)?,
        risk_tolerance: score(row.int(3)?),
        budget_cap: row.opt_int(4)?.map(Kobo),
        date_from: row.opt_string(5)?,
        date_to: row.opt_string(6)?,
        status: RunStatus::parse(row.text(7)?).ok_or_else(|| row.mismatch(7, "a status"))?,
        version: row.int(8)?,
        plan: row.string(9)?,
        candidate_count: row.int(10)?,
        last_candidate: row.int(11)?,
        total_amount: Kobo(row.int(12)?),
        approved_count: row.int(13)?,
        rejected_count: row.int(14)?,
        approvals_required: row.opt_int(15)?,
        rules: row.opt_string(16)?,
        content_hash: row.opt_bytes(17)?.map(<[u8]>::to_vec),
        error: row.opt_string(18)?,
        creator: Creator {
            kind: row.string(19)?,
            id: row.opt_id(20)?,
            name: row.string(21)?,
            member: row.opt_id(22)?.map(MemberId),
        },
        retry_of: row.opt_id(23)?.map(PaymentRunId),
        schedule: row.opt_id(24)?.map(ScheduledRunId),
        last_event: row.int(25)?,
        released_amount: row.opt_int(26)?.map(Kobo),
        released_at: row.opt_time(27)?,
        requested_at: row.opt_time(28)?,
        finished_at: row.opt_time(29)?,
        created_at: row.time(30)?,
        updated_at: row.time(31)?,
    })
}

/// A score as it was stored.
pub(super) fn score(units: i64) -> Score {
    Score::from_ten_thousandths(u16::try_from(units).unwrap_or(u16::MAX))
}
