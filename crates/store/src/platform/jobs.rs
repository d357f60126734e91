//! Table `jobs`: durable work with a due time, claimed under a lease.

use floe_model::{
    Fault, Mode, Timestamp,
    id::{JobId, NodeId, WorkspaceId},
};

use crate::{Change, Row, Tx, params, statements};

/// Jobs of one claim at most.
pub const CLAIM_MAX: usize = 256;

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Whose work it is.
    pub workspace: WorkspaceId,
    /// Live or test, where that is known.
    pub mode: Option<Mode>,
    /// Which job this is, by its registered name.
    pub kind: &'static str,
    /// What it is about. There is at most one job for a kind and a subject: a new one replaces the old one.
    pub subject_id: Option<u128>,
    /// JSON that the job reads.
    pub payload: String,
    /// Not before this instant.
    pub due_at: Timestamp,
    /// Now.
    pub created_at: Timestamp,
}

/// A claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose work it is.
    pub workspace: WorkspaceId,
    /// Live or test, where that is known.
    pub mode: Option<Mode>,
    /// Its registered name.
    pub kind: String,
    /// What it is about.
    pub subject_id: Option<u128>,
    /// JSON that the job reads.
    pub payload: String,
    /// When it was to be done.
    pub due_at: Timestamp,
    /// Number of this claim, from 1.
    pub attempts: u32,
    /// What the last attempt died of.
    pub last_error: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// Proof of a claim. It is void as soon as the job is claimed again, replaced or cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The claimed job.
    pub job: JobId,
    /// Number of the claim: counts up, so it tells an old claim from a new one.
    pub attempt: u32,
}

impl Job {
    /// The proof of this claim.
    #[must_use]
    pub const fn lease(&self) -> Lease {
        Lease { job: self.id, attempt: self.attempts }
    }
}

/// How much work there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that could be claimed now.
    pub due: u64,
    /// All jobs, with those that wait for their time or are under a lease.
    pub total: u64,
}

statements! {
    /// A job without a subject, or the one job of its kind and subject.
    ENQUEUE = both(
        "insert into jobs (id, workspace_id, mode, kind, subject_id, payload, due_at, ready_at, attempts, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, 0, $8)
         on conflict (subject_id, kind) where subject_id is not null do update set
             id = excluded.id, workspace_id = excluded.workspace_id, mode = excluded.mode, payload = excluded.payload,
             due_at = excluded.due_at, ready_at = excluded.ready_at, lease_until = null, node_id = null, attempts = 0, last_error = null,
             created_at = excluded.created_at"
    );
    /// Due jobs of some kinds, the longest waiting first.
    CLAIM = split {
        sqlite: "update jobs set attempts = attempts + 1, lease_until = $3, ready_at = $3, node_id = $5
             where id in (
                 select id from jobs where ready_at <= $1 and kind in (select value from json_each($2))
                 order by ready_at limit $4)
             returning id, workspace_id, mode, kind, subject_id, payload, due_at, attempts, last_error, created_at",
        postgres: "with due as materialized (
                 select id from jobs
                 where ready_at <= $1 and kind in (select json_array_elements_text($2::text::json))
                 order by ready_at limit $4 for update skip locked)
             update jobs set attempts = jobs.attempts + 1, lease_until = $3, ready_at = $3, node_id = $5
             from due where jobs.id = due.id
             returning jobs.id, workspace_id, mode, kind, subject_id, payload, due_at, attempts, last_error, created_at",
    } -> [id, id, opt text, text, opt id, json, time, int, opt text, time];
    /// A claimed job is done.
    FINISH = both("delete from jobs where id = $1 and attempts = $2");
    /// A claimed job comes again.
    RETRY = both(
        "update jobs set due_at = $3, ready_at = $3, lease_until = null, node_id = null, last_error = $4 where id = $1 and attempts = $2"
    );
    /// A claimed job takes longer.
    EXTEND = both("update jobs set lease_until = $3, ready_at = $3 where id = $1 and attempts = $2");
    /// Claims of a process that is no more.
    RELEASE = both("update jobs set lease_until = null, ready_at = due_at where lease_until is not null");
    /// The next instant at which a job can be claimed.
    NEXT = both("select min(ready_at) from jobs") -> [opt time];
    /// All jobs about something.
    CANCEL_SUBJECT = both("delete from jobs where subject_id = $1");
    /// The job of one kind about something.
    CANCEL = both("delete from jobs where subject_id = $1 and kind = $2");
    /// How much there is to do.
    BACKLOG = both(
        "select count(case when ready_at <= $1 then 1 end), count(*) from jobs"
    ) -> [int, int];
}

/// Adds a job, or replaces the one of the same kind and subject (whose claim, if any, becomes void).
///
/// # Errors
/// Of the database.
pub fn enqueue(tx: &mut Tx<'_>, job: &NewJob) -> Result<(), Fault> {
    tx.execute(
        &ENQUEUE,
        params![job.id, job.workspace, job.mode, job.kind, job.subject_id, &job.payload, job.due_at, job.created_at],
    )?;
    tx.announce(Change::Job { due_at: job.due_at });
    Ok(())
}

/// Claims up to `limit` ([`CLAIM_MAX`] at most) due jobs of these kinds for `lease_ms` milliseconds, the longest waiting first.
/// A job whose lease ran out is claimed again, and one whose `node` ended.
///
/// # Errors
/// Of the database.
pub fn claim_due(
    tx: &mut Tx<'_>,
    kinds: &[&str],
    now: Timestamp,
    lease_ms: i64,
    limit: usize,
    node: Option<NodeId>,
) -> Result<Vec<Job>, Fault> {
    let kinds = serde_json::to_string(kinds).map_err(Fault::internal)?;
    let lease_until = now.plus_millis(lease_ms);
    let mut jobs = tx.rows(&CLAIM, params![now, &kinds, lease_until, limit.min(CLAIM_MAX), node], job)?;
    jobs.sort_by_key(|job| (job.due_at, job.id));
    Ok(jobs)
}

/// Removes a job that is done; false when the claim is void, and the caller should undo what it did.
///
/// # Errors
/// Of the database.
pub fn finish(tx: &mut Tx<'_>, lease: Lease) -> Result<bool, Fault> {
    Ok(tx.execute(&FINISH, params![lease.job, lease.attempt])? == 1)
}

/// Gives a claimed job back, to be done at `due_at`; `error` is what went wrong, without secrets. False when the claim is void.
///
/// # Errors
/// Of the database.
pub fn retry_at(tx: &mut Tx<'_>, lease: Lease, due_at: Timestamp, error: Option<&str>) -> Result<bool, Fault> {
    let kept = tx.execute(&RETRY, params![lease.job, lease.attempt, due_at, error])? == 1;
    if kept {
        tx.announce(Change::Job { due_at });
    }
    Ok(kept)
}

/// Makes a claim last until `until`; false when it is void.
///
/// # Errors
/// Of the database.
pub fn extend(tx: &mut Tx<'_>, lease: Lease, until: Timestamp) -> Result<bool, Fault> {
    Ok(tx.execute(&EXTEND, params![lease.job, lease.attempt, until])? == 1)
}

/// Gives all claimed jobs back at once, without waiting for their leases to run out; returns how many. For a process that has
/// the database to itself and has claimed nothing yet: all claims are those of processes that have ended.
///
/// # Errors
/// Of the database.
pub fn release_all(tx: &mut Tx<'_>) -> Result<u64, Fault> {
    tx.execute(&RELEASE, params![])
}

/// The next instant at which some job can be claimed: a due time, or the end of a lease. One look into an index.
///
/// # Errors
/// Of the database.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, Fault> {
    Ok(tx.row(&NEXT, &[], |row| row.opt_time(0))?.flatten())
}

/// Removes all jobs about `subject_id`, also claimed ones; returns how many.
///
/// # Errors
/// Of the database.
pub fn cancel_by_subject(tx: &mut Tx<'_>, subject_id: u128) -> Result<u64, Fault> {
    tx.execute(&CANCEL_SUBJECT, params![subject_id])
}

/// Removes the job of one kind about `subject_id`; false when there is none.
///
/// # Errors
/// Of the database.
pub fn cancel(tx: &mut Tx<'_>, kind: &str, subject_id: u128) -> Result<bool, Fault> {
    Ok(tx.execute(&CANCEL, params![subject_id, kind])? == 1)
}

/// Counts the work.
///
/// # Errors
/// Of the database.
pub fn backlog(tx: &mut Tx<'_>, now: Timestamp) -> Result<Backlog, Fault> {
    let counts = tx.row(&BACKLOG, params![now], |row| {
        Ok(Backlog { due: row.int(0)?.unsigned_abs(), total: row.int(1)?.unsigned_abs() })
    })?;
    Ok(counts.unwrap_or(Backlog { due: 0, total: 0 }))
}

fn job(row: &Row<'_>) -> Result<Job, Fault> {
    Ok(Job {
        id: JobId(row.id(0)?),
        workspace: WorkspaceId(row.id(1)?),
        mode: row.opt_text(2)?.and_then(Mode::parse),
        kind: row.string(3)?,
        subject_id: row.opt_id(4)?,
        payload: row.string(5)?,
        due_at: row.time(6)?,
        attempts: row.u32(7)?,
        last_error: row.opt_string(8)?,
        created_at: row.time(9)?,
    })
}
