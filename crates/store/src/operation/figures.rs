//! Numbers over all workspaces, for metrics and checks. Each is one look into an index.

use floe_model::{Fault, Timestamp, id::MemberId};

use crate::{Tx, params, statements};

/// How much is under way now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Unfinished runs of flows by status.
    pub runs_open: Vec<(String, u64)>,
    /// Unfinished payment runs by status, in the words of the runs of all products.
    pub payment_runs_open: Vec<(String, u64)>,
    /// Unfinished exchanges of agents by status, in the words of the runs of all products.
    pub exchanges_open: Vec<(String, u64)>,
    /// Open questions by kind.
    pub inbox_open: Vec<(String, u64)>,
    /// Jobs that are queued, due or not.
    pub jobs_queued: u64,
    /// How long the longest overdue job waits, milliseconds.
    pub job_lag_ms: u64,
    /// Audit entries that are not sealed yet.
    pub audit_unsealed: u64,
    /// Ledgers whose balance is not what their last entry says.
    pub ledger_imbalance: u64,
}

/// What a check of an installation wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Concerns {
    /// Runs that began before the given instant and are still at work.
    pub stuck_runs: u64,
    /// Keys and tokens that end before the given instant.
    pub expiring_keys: u64,
    /// Workspaces.
    pub workspaces: u64,
}

statements! {
    /// Unfinished runs by status.
    RUNS_OPEN = split {
        // By itself SQLite would count with the index of failed and cancelled runs as well.
        sqlite: "select status, count(*) from runs where status in ('queued', 'running') group by status
             union all select status, count(*) from runs indexed by runs_waiting where status = 'waiting' group by status",
        postgres: "select status, count(*) from runs where status in ('queued', 'running') group by status
             union all select status, count(*) from runs where status = 'waiting' group by status",
    } -> [text, int];
    /// Unfinished payment runs, from the counts of each workspace. A run that is being paid is shown as one that waits; what truly waits
    /// has a job that ends it.
    PAYMENTS_OPEN = both(
        "select cast(coalesce(sum(pending), 0) as bigint), cast(coalesce(sum(planning + scoring + awaiting_approval), 0) as bigint),
             (select count(*) from jobs where kind = 'treasury.run.expire')
         from payment_run_totals"
    ) -> [int, int, int];
    /// Unfinished exchanges of agents, of which there are few.
    EXCHANGES_OPEN = both(
        "select case when state = 'waiting' then 'queued' else state end, count(*) from exchanges where finished_at is null group by 1"
    ) -> [text, int];
    /// Open questions by kind.
    INBOX_OPEN = both(
        "select kind, count(*) from waits where status = 'open' group by kind
         union all select 'payment_approval', count(*) from jobs where kind = 'treasury.run.expire'
         union all select agent_items.kind, count(*) from workspaces
             join agent_items on agent_items.workspace_id = workspaces.id and agent_items.status = 'open' group by agent_items.kind"
    ) -> [text, int];
    /// Webhooks that were switched off because they failed.
    WEBHOOKS_OFF = both(
        "select count(*) from webhook_endpoints where not is_active and disabled_reason is not null and disabled_reason <> $1"
    ) -> [int];
    /// Jobs, and the longest overdue one that nobody has.
    JOBS = both(
        "select count(*), min(case when lease_until is null and ready_at <= $1 then ready_at end) from jobs"
    ) -> [int, opt time];
    /// Entries that wait for their seal.
    UNSEALED = both("select count(*) from audit_entries where seq is null") -> [int];
    /// Runs and exchanges that are at work since before an instant.
    STUCK = both(
        "select (select count(*) from runs where status in ('queued', 'running') and coalesce(started_at, queued_at) < $1)
             + (select count(*) from exchanges where finished_at is null and coalesce(started_at, accepted_at) < $1)"
    ) -> [int];
    /// Keys that end soon.
    KEYS_EXPIRING = both(
        "select count(*) from keys where revoked_at is null and expires_at is not null and expires_at > $1 and expires_at < $2"
    ) -> [int];
    /// Tokens that end soon.
    TOKENS_EXPIRING = both(
        "select count(*) from tokens where revoked_at is null and expires_at is not null and expires_at > $1 and expires_at < $2"
    ) -> [int];
    /// Workspaces.
    WORKSPACES = both("select count(*) from workspaces") -> [int];
    /// Workspaces that a member does not own.
    NOT_OWNED = both(
        "select count(*) from workspaces where id not in
             (select workspace_id from memberships where member_id = $1 and role = 'owner')"
    ) -> [int];
    /// Ledgers whose balance is not what their last entry says.
    UNBALANCED = both(
        "select count(*) from credit_accounts a where a.seq > 0 and a.balance <> coalesce(
             (select balance_after from credit_entries e
              where e.workspace_id = a.workspace_id and e.mode = a.mode and e.seq = a.seq), -1)"
    ) -> [int];
    /// Ledgers whose balance is not the sum of their entries.
    WRONG_SUMS = both(
        "select count(*) from credit_accounts a where a.balance <> coalesce(
             (select sum(amount) from credit_entries e where e.workspace_id = a.workspace_id and e.mode = a.mode), 0)"
    ) -> [int];
    /// When the last domain event was written, by the clock of its node.
    LAST_EVENT = split {
        sqlite: "select created_at from events order by position desc limit 1",
        postgres: "select created_at from events order by commit_group desc, position desc limit 1",
    } -> [time];
    /// What time it is for the database.
    CLOCK = split {
        sqlite: "select cast(unixepoch('subsec') * 1000000 as integer)",
        postgres: "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)",
    } -> [int];
}

/// What is under way now.
///
/// # Errors
/// Of the database.
pub fn figures(tx: &mut Tx<'_>, now: Timestamp) -> Result<Figures, Fault> {
    let pair = |row: &crate::Row<'_>| Ok((row.string(0)?, row.int(1)?.unsigned_abs()));
    let (jobs, overdue) = tx.row(&JOBS, params![now], |row| Ok((row.int(0)?, row.opt_time(1)?)))?.unwrap_or((0, None));
    let payments = tx.row(&PAYMENTS_OPEN, &[], |row| Ok([row.int(0)?, row.int(1)?, row.int(2)?]))?;
    let [queued, moving, waiting] = payments.unwrap_or_default().map(i64::unsigned_abs);
    let payment_runs_open = vec![
        ("queued".to_owned(), queued),
        ("running".to_owned(), moving.saturating_sub(waiting)),
        ("waiting".to_owned(), waiting),
    ];
    Ok(Figures {
        runs_open: tx.rows(&RUNS_OPEN, &[], pair)?,
        payment_runs_open,
        exchanges_open: tx.rows(&EXCHANGES_OPEN, &[], pair)?,
        inbox_open: tx.rows(&INBOX_OPEN, &[], pair)?,
        jobs_queued: jobs.unsigned_abs(),
        job_lag_ms: overdue.map_or(0, |due| now.millis_since(due).max(0).unsigned_abs()),
        audit_unsealed: one(tx.row(&UNSEALED, &[], |row| row.int(0))?),
        ledger_imbalance: one(tx.row(&UNBALANCED, &[], |row| row.int(0))?),
    })
}

/// What may need an operator's look.
///
/// # Errors
/// Of the database.
pub fn concerns(
    tx: &mut Tx<'_>,
    now: Timestamp,
    at_work_since: Timestamp,
    ending_before: Timestamp,
) -> Result<Concerns, Fault> {
    let keys = one(tx.row(&KEYS_EXPIRING, params![now, ending_before], |row| row.int(0))?);
    let tokens = one(tx.row(&TOKENS_EXPIRING, params![now, ending_before], |row| row.int(0))?);
    Ok(Concerns {
        stuck_runs: one(tx.row(&STUCK, params![at_work_since], |row| row.int(0))?),
        expiring_keys: keys + tokens,
        workspaces: one(tx.row(&WORKSPACES, &[], |row| row.int(0))?),
    })
}

/// How many ledgers do not add up, entry by entry; reads all of them.
///
/// # Errors
/// Of the database.
pub fn wrong_ledgers(tx: &mut Tx<'_>) -> Result<u64, Fault> {
    Ok(one(tx.row(&WRONG_SUMS, &[], |row| row.int(0))?))
}

/// Whether a member owns every workspace of this installation.
///
/// # Errors
/// Of the database.
pub fn owns_everything(tx: &mut Tx<'_>, member: MemberId) -> Result<bool, Fault> {
    Ok(one(tx.row(&NOT_OWNED, params![member], |row| row.int(0))?) == 0)
}

/// How many webhooks are off for another reason than `by_person`, which says that a person switched them off.
///
/// # Errors
/// Of the database.
pub fn webhooks_off(tx: &mut Tx<'_>, by_person: &str) -> Result<u64, Fault> {
    Ok(one(tx.row(&WEBHOOKS_OFF, params![by_person], |row| row.int(0))?))
}

/// The database's own clock.
///
/// # Errors
/// Of the database.
pub fn clock(tx: &mut Tx<'_>) -> Result<Timestamp, Fault> {
    Ok(Timestamp(tx.row(&CLOCK, &[], |row| row.int(0))?.unwrap_or(0)))
}

/// When the last domain event was written.
///
/// # Errors
/// Of the database.
pub fn last_event(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Fault> {
    tx.row(&LAST_EVENT, &[], |row| row.time(0))
}

fn one(count: Option<i64>) -> u64 {
    count.unwrap_or(0).unsigned_abs()
}
