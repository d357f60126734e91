//! Table `reruns`: which run repeats which.

use floe_model::{
    Fault, Timestamp,
    id::{RunId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Repetitions of one run that are listed at most.
pub const LISTED_MAX: usize = 100;

/// A run that repeats another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rerun {
    /// Whose run.
    pub workspace: WorkspaceId,
    /// The run.
    pub run: RunId,
    /// The run that it repeats.
    pub of: RunId,
    /// The step from which it does.
    pub from_step: Option<String>,
    /// Why, in the words of who asked for it.
    pub reason: Option<String>,
    /// JSON: `{reused, again, kept_approvals}`, as told when it was accepted.
    pub foreseen: String,
    /// When.
    pub created_at: Timestamp,
}

statements! {
    /// Notes a repetition.
    INSERT = both(
        "insert into reruns (workspace_id, run_id, rerun_of, from_step, reason, foreseen, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)"
    );
    /// What a run repeats.
    FIND = both(
        "select workspace_id, run_id, rerun_of, from_step, reason, foreseen, created_at from reruns
         where workspace_id = $1 and run_id = $2"
    ) -> [id, id, id, opt text, opt text, json, time];
    /// Runs that repeat one, the newest first.
    OF = both("select run_id from reruns where workspace_id = $1 and rerun_of = $2 order by run_id desc limit $3") -> [id];
}

/// Notes that a run repeats another one.
///
/// # Errors
/// `already_exists` for a run that was noted before, and of the database.
pub fn insert(tx: &mut Tx<'_>, rerun: &Rerun) -> Result<(), Fault> {
    let (from_step, reason) = (rerun.from_step.as_deref(), rerun.reason.as_deref());
    let values = params![rerun.workspace, rerun.run, rerun.of, from_step, reason, &rerun.foreseen, rerun.created_at];
    tx.execute(&INSERT, values).map(drop)
}

/// What a run repeats; `None` when it repeats nothing.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Option<Rerun>, Fault> {
    tx.row(&FIND, params![workspace, run], rerun)
}

/// Runs that repeat one, the newest first, [`LISTED_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Vec<RunId>, Fault> {
    tx.rows(&OF, params![workspace, run, LISTED_MAX], |row| row.id(0).map(RunId))
}

fn rerun(row: &Row<'_>) -> Result<Rerun, Fault> {
    Ok(Rerun {
        workspace: WorkspaceId(row.id(0)?),
        run: RunId(row.id(1)?),
        of: RunId(row.id(2)?),
        from_step: row.opt_string(3)?,
        reason: row.opt_string(4)?,
        foreseen: row.string(5)?,
        created_at: row.time(6)?,
    })
}
