//! Table `experiment_assignments`: who was given which variant (Placements contract, section 9.2). They are written after the answer;
//! until one lands, the hash gives the same.

use floe_model::{
    Fault, Mode, Scope, Timestamp,
    id::{ExperimentId, VariantId, WorkspaceId},
};

use crate::{Row, Tx, Value, params, statements};

/// Assignments of one page at most.
pub const PAGE_MAX: usize = 10_000;

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The experiment.
    pub experiment: ExperimentId,
    /// The user.
    pub user_id: String,
    /// What the user was given.
    pub variant: VariantId,
    /// Whether it was not by chance: it does not count.
    pub forced: bool,
    /// When it was given first.
    pub assigned_at: Timestamp,
}

statements! {
    /// New ones. The first one stays, but one that does not count takes the place of one that does. The condition also keeps the
    /// common case, a user who comes again, from writing anything.
    INSERT = bulk(
        "insert into experiment_assignments (workspace_id, mode, experiment_id, user_id, variant_id, forced, assigned_at)",
        [id, text, id, text, id, bool, time],
        "on conflict (workspace_id, mode, experiment_id, user_id) do update set variant_id = excluded.variant_id, forced = excluded.forced
         where excluded.forced and not experiment_assignments.forced"
    );
    /// Of one user.
    FIND = both(
        "select experiment_id, user_id, variant_id, forced, assigned_at from experiment_assignments
         where workspace_id = $1 and mode = $2 and experiment_id = $3 and user_id = $4"
    ) -> [id, text, id, bool, time];
    /// Those since an instant, oldest first.
    AFTER = both(
        "select experiment_id, user_id, variant_id, forced, assigned_at from experiment_assignments
         where workspace_id = $1 and mode = $2 and experiment_id = $3 and (assigned_at, user_id) > ($4, $5)
         order by assigned_at, user_id limit $6"
    ) -> [id, text, id, bool, time];
    /// A user who is forced to a variant from now on.
    FORCE = both(
        "update experiment_assignments set variant_id = $5, forced = true
         where workspace_id = $1 and mode = $2 and experiment_id = $3 and user_id = $4"
    );
    /// Those of a user that were not by chance.
    RELEASE = both(
        "delete from experiment_assignments where workspace_id = $1 and mode = $2 and experiment_id = $3 and user_id = $4 and forced"
    );
    /// Of one user, gone.
    FORGET = both(
        "delete from experiment_assignments where workspace_id = $1 and mode = $2 and experiment_id = $3 and user_id = $4"
    );
    /// All of them, gone.
    DELETE_ALL = both("delete from experiment_assignments where workspace_id = $1 and mode = $2 and experiment_id = $3");
}

/// Both modes: what is configured holds for both.
const MODES: [Mode; 2] = [Mode::Live, Mode::Test];

/// Writes assignments; of a user who has one already the first one stays, but one that does not count takes the place of one that does.
/// There must not be two of one user and experiment in the list: the later ones are left out.
///
/// # Errors
/// Of the database.
pub fn insert_many(tx: &mut Tx<'_>, scope: Scope, assignments: &[Assignment]) -> Result<(), Fault> {
    // In one order everywhere, so that two nodes never wait for each other in a circle.
    let mut order: Vec<&Assignment> = assignments.iter().collect();
    order.sort_by(|one, other| rank(one).cmp(&rank(other)));
    order.dedup_by(|later, first| later.experiment == first.experiment && later.user_id == first.user_id);
    let rows: Vec<[Value<'_>; 7]> = order.into_iter().map(|one| values(scope, one)).collect();
    tx.bulk(&INSERT, &rows).map(drop)
}

/// The order in which they are written; of one user the one that does not count first.
fn rank(one: &Assignment) -> (ExperimentId, &str, bool) {
    (one.experiment, &one.user_id, !one.forced)
}

fn values(scope: Scope, one: &Assignment) -> [Value<'_>; 7] {
    [
        scope.workspace.into(),
        scope.mode.into(),
        one.experiment.into(),
        (&one.user_id).into(),
        one.variant.into(),
        one.forced.into(),
        one.assigned_at.into(),
    ]
}

/// That of a user.
///
/// # Errors
/// Of the database.
pub fn find(
    tx: &mut Tx<'_>,
    scope: Scope,
    experiment: ExperimentId,
    user_id: &str,
) -> Result<Option<Assignment>, Fault> {
    tx.row(&FIND, params![scope.workspace, scope.mode, experiment, user_id], map)
}

/// Those after an instant and user, oldest first, up to `limit` ([`PAGE_MAX`] at most). One that is being written when this reads can have
/// an older time: whoever goes on later begins a little earlier.
///
/// # Errors
/// Of the database.
pub fn after(
    tx: &mut Tx<'_>,
    scope: Scope,
    experiment: ExperimentId,
    (at, user_id): (Timestamp, &str),
    limit: usize,
) -> Result<Vec<Assignment>, Fault> {
    let values = params![scope.workspace, scope.mode, experiment, at, user_id, limit.min(PAGE_MAX)];
    tx.rows(&AFTER, values, map)
}

/// A user is forced to a variant: what is stored of the user says so, and counts no more.
///
/// # Errors
/// Of the database.
pub fn force(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    experiment: ExperimentId,
    user_id: &str,
    variant: VariantId,
) -> Result<(), Fault> {
    MODES
        .iter()
        .try_for_each(|&mode| tx.execute(&FORCE, params![workspace, mode, experiment, user_id, variant]).map(drop))
}

/// A user is forced no more: what was stored of that goes, and the user is assigned anew.
///
/// # Errors
/// Of the database.
pub fn release(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId, user_id: &str) -> Result<(), Fault> {
    MODES.iter().try_for_each(|&mode| tx.execute(&RELEASE, params![workspace, mode, experiment, user_id]).map(drop))
}

/// Forgets a user in one mode; false when nothing was stored.
///
/// # Errors
/// Of the database.
pub fn forget(tx: &mut Tx<'_>, scope: Scope, experiment: ExperimentId, user_id: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&FORGET, params![scope.workspace, scope.mode, experiment, user_id])? == 1)
}

/// Takes those of an experiment away, in both modes.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId) -> Result<(), Fault> {
    MODES.iter().try_for_each(|&mode| tx.execute(&DELETE_ALL, params![workspace, mode, experiment]).map(drop))
}

fn map(row: &Row<'_>) -> Result<Assignment, Fault> {
    Ok(Assignment {
        experiment: ExperimentId(row.id(0)?),
        user_id: row.string(1)?,
        variant: VariantId(row.id(2)?),
        forced: row.bool(3)?,
        assigned_at: row.time(4)?,
    })
}
