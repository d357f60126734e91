//! Which node moves a run: column `node_id` of table `runs`. A run that waits or is over has no owner; any node may take it up.

use floe_model::{
    Fault,
    id::{FlowId, NodeId, RunId, WorkspaceId},
};

use super::runs::Moving;
use crate::{Tx, params, statements};

/// Runs of one claim at most.
pub const CLAIM_MAX: usize = 500;

/// What a claim returns of each run.
macro_rules! returning_moving {
    () => {
        "returning runs.workspace_id, runs.id, flow_id, settings, status,
             case when recovered_at = (select max(seq) from run_journal
                     where run_journal.workspace_id = runs.workspace_id and run_journal.run_id = runs.id)
                 then recoveries else 0 end"
    };
}

statements! {
    /// The owner of a run.
    OWNER = both("select node_id from runs where workspace_id = $1 and id = $2") -> [opt id];
    /// Takes runs that nobody owns.
    CLAIM_UNOWNED = split {
        sqlite: concat!(
            "update runs set node_id = $1 where (workspace_id, id) in (
                 select workspace_id, id from runs where node_id is null and status in ('queued', 'running') order by id limit $2) ",
            returning_moving!()
        ),
        postgres: concat!(
            "with unowned as materialized (
                 select workspace_id, id from runs where node_id is null and status in ('queued', 'running') order by id limit $2
                 for update skip locked)
             update runs set node_id = $1 from unowned where runs.workspace_id = unowned.workspace_id and runs.id = unowned.id ",
            returning_moving!()
        ),
    } -> [id, id, id, json, text, int];
    /// Takes runs that another node owned.
    CLAIM_OF = split {
        sqlite: concat!(
            "update runs set node_id = $1 where (workspace_id, id) in (
                 select workspace_id, id from runs where node_id = $3 and status in ('queued', 'running') order by id limit $2) ",
            returning_moving!()
        ),
        postgres: concat!(
            "with left_behind as materialized (
                 select workspace_id, id from runs where node_id = $3 and status in ('queued', 'running') order by id limit $2
                 for update skip locked)
             update runs set node_id = $1 from left_behind
             where runs.workspace_id = left_behind.workspace_id and runs.id = left_behind.id ",
            returning_moving!()
        ),
    } -> [id, id, id, json, text, int];
}

/// The node that moves a run; `None` when none does, or there is no such run.
///
/// # Errors
/// Of the database.
pub fn owner(tx: &mut Tx<'_>, workspace: WorkspaceId, run: RunId) -> Result<Option<NodeId>, Fault> {
    Ok(tx.row(&OWNER, params![workspace, run], |row| row.opt_id(0))?.flatten().map(NodeId))
}

/// Makes `node` the owner of up to `limit` ([`CLAIM_MAX`] at most) runs that are under way and have no owner, or that `left_by` owned,
/// which has ended. Oldest first.
///
/// # Errors
/// Of the database.
pub fn claim(tx: &mut Tx<'_>, node: NodeId, left_by: Option<NodeId>, limit: usize) -> Result<Vec<Moving>, Fault> {
    let limit = limit.min(CLAIM_MAX);
    let moving = |row: &crate::Row<'_>| {
        Ok(Moving {
            workspace: WorkspaceId(row.id(0)?),
            run: RunId(row.id(1)?),
            flow: FlowId(row.id(2)?),
            settings: row.string(3)?,
            had_begun: row.text(4)? == "running",
            recoveries: row.u32(5)?,
        })
    };
    let mut claimed = match left_by {
        None => tx.rows(&CLAIM_UNOWNED, params![node, limit], moving)?,
        Some(left_by) => tx.rows(&CLAIM_OF, params![node, limit, left_by], moving)?,
    };
    claimed.sort_by_key(|moving| moving.run);
    Ok(claimed)
}
