//! Table `workflow_versions`: what was found out about a version of a workflow when it was written.

use floe_model::{
    Fault,
    id::{FlowId, WorkspaceId},
};

use super::documents::Hash;
use crate::{Row, Tx, params, statements};

/// What is known of a version of a workflow beside its row in `flow_versions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowVersion {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which workflow.
    pub flow: FlowId,
    /// Number of the version.
    pub version: u32,
    /// Digest of the text as it came in.
    pub original_hash: Hash,
    /// JSON list: what validation said.
    pub problems: String,
    /// How many of them are errors.
    pub errors: u32,
    /// JSON: its inputs by name; none when it takes none.
    pub inputs: Option<String>,
    /// JSON Schema of its inputs.
    pub input_schema: String,
}

statements! {
    /// What is known of a version; a draft's is written again and again.
    PUT = both(
        "insert into workflow_versions (workspace_id, flow_id, version, original_hash, problems, errors, inputs, input_schema)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (workspace_id, flow_id, version) do update set original_hash = excluded.original_hash,
             problems = excluded.problems, errors = excluded.errors, inputs = excluded.inputs,
             input_schema = excluded.input_schema"
    );
    /// One version.
    FIND = both(
        "select workspace_id, flow_id, version, original_hash, problems, errors, inputs, input_schema
         from workflow_versions where workspace_id = $1 and flow_id = $2 and version = $3"
    ) -> [id, id, int, bytes, json, int, opt json, json];
}

/// Writes what is known of a version.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, version: &WorkflowVersion) -> Result<(), Fault> {
    tx.execute(
        &PUT,
        params![
            version.workspace,
            version.flow,
            version.version,
            &version.original_hash,
            &version.problems,
            version.errors,
            &version.inputs,
            &version.input_schema
        ],
    )?;
    Ok(())
}

/// What is known of a version.
///
/// # Errors
/// Of the database.
pub fn find(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    flow: FlowId,
    version: u32,
) -> Result<Option<WorkflowVersion>, Fault> {
    tx.row(&FIND, params![workspace, flow, version], map)
}

fn map(row: &Row<'_>) -> Result<WorkflowVersion, Fault> {
    Ok(WorkflowVersion {
        workspace: WorkspaceId(row.id(0)?),
        flow: FlowId(row.id(1)?),
        version: row.u32(2)?,
        original_hash: row.bytes(3)?.try_into().map_err(|_| row.mismatch(3, "a digest"))?,
        problems: row.string(4)?,
        errors: row.u32(5)?,
        inputs: row.opt_string(6)?,
        input_schema: row.string(7)?,
    })
}
