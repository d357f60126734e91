//! Table `experiment_overrides`: users who always get one variant (Placements contract, sections 9.2 and 12).

use floe_model::{
    Fault, Timestamp,
    id::{ExperimentId, VariantId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Overrides of one experiment at most: each resolve of its placement has them at hand.
pub const OVERRIDES_MAX: usize = 1_000;

/// A user and the variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The user.
    pub user_id: String,
    /// What the user gets.
    pub variant: VariantId,
    /// Since when.
    pub created_at: Timestamp,
}

statements! {
    /// A new one, or another variant for a known one.
    PUT = both(
        "insert into experiment_overrides (workspace_id, experiment_id, user_id, variant_id, created_at) values ($1, $2, $3, $4, $5)
         on conflict (workspace_id, experiment_id, user_id) do update set variant_id = excluded.variant_id"
    );
    /// Of one user.
    FIND = both(
        "select user_id, variant_id, created_at from experiment_overrides
         where workspace_id = $1 and experiment_id = $2 and user_id = $3"
    ) -> [text, id, time];
    /// Of one experiment.
    OF = both(
        "select user_id, variant_id, created_at from experiment_overrides
         where workspace_id = $1 and experiment_id = $2 order by user_id limit $3"
    ) -> [text, id, time];
    /// Of every experiment that holds a placement.
    ACTIVE = both(
        "select o.experiment_id, o.user_id, o.variant_id, o.created_at from experiment_overrides o
             join experiments e on e.workspace_id = o.workspace_id and e.id = o.experiment_id
         where o.workspace_id = $1 and e.status in ('running', 'paused') order by o.experiment_id, o.user_id"
    ) -> [id, text, id, time];
    /// How many.
    COUNT = both("select count(*) from experiment_overrides where workspace_id = $1 and experiment_id = $2") -> [int];
    /// Gone.
    DELETE = both("delete from experiment_overrides where workspace_id = $1 and experiment_id = $2 and user_id = $3");
    /// All of them gone.
    DELETE_ALL = both("delete from experiment_overrides where workspace_id = $1 and experiment_id = $2");
}

/// Gives a user one variant for good.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId, one: &Override) -> Result<(), Fault> {
    let Override { user_id, variant, created_at } = one;
    tx.execute(&PUT, params![workspace, experiment, user_id, *variant, *created_at]).map(drop)
}

/// That of a user.
///
/// # Errors
/// Of the database.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    experiment: ExperimentId,
    user_id: &str,
) -> Result<Option<Override>, Fault> {
    tx.row(&FIND, params![workspace, experiment, user_id], map)
}

/// Those of an experiment, by user; [`OVERRIDES_MAX`] at most.
///
/// # Errors
/// Of the database.
pub fn of(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId) -> Result<Vec<Override>, Fault> {
    tx.rows(&OF, params![workspace, experiment, OVERRIDES_MAX], map)
}

/// Those of every experiment that holds a placement, by experiment and user.
///
/// # Errors
/// Of the database.
pub fn active(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<(ExperimentId, Override)>, Fault> {
    tx.rows(&ACTIVE, params![workspace], |row| {
        let one = Override { user_id: row.string(1)?, variant: VariantId(row.id(2)?), created_at: row.time(3)? };
        Ok((ExperimentId(row.id(0)?), one))
    })
}

/// How many an experiment has.
///
/// # Errors
/// Of the database.
pub fn count(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId) -> Result<i64, Fault> {
    Ok(tx.row(&COUNT, params![workspace, experiment], |row| row.int(0))?.unwrap_or(0))
}

/// Takes that of a user away; false when there was none.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId, user_id: &str) -> Result<bool, Fault> {
    Ok(tx.execute(&DELETE, params![workspace, experiment, user_id])? == 1)
}

/// Takes those of an experiment away.
///
/// # Errors
/// Of the database.
pub fn delete_all(tx: &mut Tx<'_>, workspace: WorkspaceId, experiment: ExperimentId) -> Result<(), Fault> {
    tx.execute(&DELETE_ALL, params![workspace, experiment]).map(drop)
}

fn map(row: &Row<'_>) -> Result<Override, Fault> {
    Ok(Override { user_id: row.string(0)?, variant: VariantId(row.id(1)?), created_at: row.time(2)? })
}
