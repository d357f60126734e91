//! Definitions in force (the published latest and the draft of each flow) that hold a word: who uses a secret.

use floe_model::{
    Fault,
    flows::Visibility,
    id::{FlowId, MemberId, WorkspaceId},
};

use crate::{Row, Tx, params, statements};

/// Definitions in one answer; each may take a megabyte.
pub const PAGE_MAX: usize = 20;

/// A definition that holds the word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Of which flow.
    pub flow: FlowId,
    /// The flow's name.
    pub name: String,
    /// The flow's owner.
    pub owner: Option<MemberId>,
    /// Who sees the flow.
    pub visibility: Visibility,
    /// JSON of whom it is shared with.
    pub sharing: String,
    /// Number of the version.
    pub version: i64,
    /// Whether it is the published latest one.
    pub is_latest: bool,
    /// The definition.
    pub body: String,
}

statements! {
    /// Definitions behind one, in the order of flows and versions.
    LIST = both(
        "select f.id, f.name, f.owner_id, f.visibility, f.sharing, v.version, f.latest_version, d.body
         from flows f
             join flow_versions v on v.workspace_id = f.workspace_id and v.flow_id = f.id
                 and (v.version = f.latest_version or v.version = f.draft_version)
             join documents d on d.workspace_id = v.workspace_id and d.hash = v.document_hash
         where f.workspace_id = $1 and f.deleted_at is null and d.body like $2 escape '!'
             and (f.id > $3 or (f.id = $3 and v.version > $4))
         order by f.id, v.version limit $5"
    ) -> [id, text, opt id, text, json, int, opt int, text];
}

/// Definitions that hold a word (letters and digits only; case does not count on SQLite), behind a flow and version, at most
/// [`PAGE_MAX`].
///
/// # Errors
/// Of the database.
pub fn list(tx: &mut Tx<'_>, workspace: WorkspaceId, word: &str, after: (FlowId, i64)) -> Result<Vec<Mention>, Fault> {
    tx.rows(&LIST, params![workspace, &format!("%{word}%"), after.0, after.1, PAGE_MAX], map)
}

fn map(row: &Row<'_>) -> Result<Mention, Fault> {
    let version = row.int(5)?;
    Ok(Mention {
        flow: FlowId(row.id(0)?),
        name: row.string(1)?,
        owner: row.opt_id(2)?.map(MemberId),
        visibility: Visibility::parse(row.text(3)?).ok_or_else(|| row.mismatch(3, "a visibility"))?,
        sharing: row.string(4)?,
        version,
        is_latest: row.opt_int(6)? == Some(version),
        body: row.string(7)?,
    })
}
