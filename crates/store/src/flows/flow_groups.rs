//! Table `flow_groups`: the groups that a flow is shared with, so that lists can be limited to what a member sees.

use floe_model::{
    Fault,
    id::{FlowId, WorkspaceId},
};

use crate::{Tx, Value, params, statements};

statements! {
    /// Ends all.
    CLEAR = both("delete from flow_groups where workspace_id = $1 and flow_id = $2");
    /// Groups of a flow.
    INSERT = bulk("insert into flow_groups (workspace_id, flow_id, group_id)", [id, id, id]);
}

/// Replaces the groups that a flow is shared with.
///
/// # Errors
/// Of the database.
pub fn replace(tx: &mut Tx<'_>, workspace: WorkspaceId, flow: FlowId, groups: &[u128]) -> Result<(), Fault> {
    tx.execute(&CLEAR, params![workspace, flow])?;
    let rows: Vec<[Value<'_>; 3]> = groups.iter().map(|&group| [workspace.into(), flow.into(), group.into()]).collect();
    tx.bulk(&INSERT, &rows)?;
    Ok(())
}
