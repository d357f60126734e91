//! Tables `files` and `file_chunks`: what was uploaded, in pieces of a bounded size.

use floe_model::{
    Fault, Timestamp,
    id::{FileId, FlowId, RunId, ShareId, WorkspaceId},
};

use super::documents::Hash;
use crate::{Row, Tx, Value, params, statements};

/// Bytes of one piece.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its id.
    pub id: FileId,
    /// The share link that it came by.
    pub share: Option<ShareId>,
    /// Who sent it, e.g. `member:<id>`.
    pub uploaded_by: String,
    /// Name as given, without folders.
    pub name: String,
    /// Type as found from the bytes.
    pub mime_type: String,
    /// Bytes; none while it is being received.
    pub size: Option<u64>,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// When its first byte came.
    pub created_at: Timestamp,
    /// When it vanishes, unless it is used.
    pub expires_at: Timestamp,
    /// The first run that uses it.
    pub run: Option<RunId>,
    /// The flow of that run.
    pub flow: Option<FlowId>,
}

/// The first use of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub workspace: WorkspaceId,
    /// The file.
    pub file: FileId,
    /// The run that uses it.
    pub run: RunId,
    /// The flow of that run.
    pub flow: FlowId,
}

/// Files that nobody uses yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unused {
    /// How many.
    pub files: u64,
    /// Bytes of those that were received whole.
    pub bytes: u64,
}

statements! {
    /// A file whose bytes are still to come.
    INSERT = both(
        "insert into files (workspace_id, id, share_id, uploaded_by, name, mime_type, sha256, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    );
    /// All bytes are there.
    COMPLETE = both(
        "update files set mime_type = $3, size = $4, sha256 = $5, expires_at = $6
         where workspace_id = $1 and id = $2 and size is null"
    );
    /// One file.
    FIND = both(
        "select workspace_id, id, share_id, uploaded_by, name, mime_type, size, sha256, created_at, expires_at, run_id, flow_id
         from files where workspace_id = $1 and id = $2"
    ) -> [id, id, opt id, text, text, text, opt int, bytes, time, time, opt id, opt id];
    /// A run uses files, unless others used them before.
    CLAIM = both(
        "update files set run_id = $3, flow_id = $4
         where workspace_id = $1 and id = $2 and run_id is null and size is not null"
    );
    /// What nobody uses yet.
    UNUSED = both(
        "select count(*), cast(coalesce(sum(coalesce(size, 0)), 0) as bigint) from files
         where workspace_id = $1 and run_id is null and (share_id = $2 or $2 is null)"
    ) -> [int, int];
    /// Pieces.
    ADD_CHUNKS = bulk("insert into file_chunks (workspace_id, file_id, position, bytes)", [id, id, int, bytes]);
    /// One piece.
    CHUNK = both(
        "select bytes from file_chunks where workspace_id = $1 and file_id = $2 and position = $3"
    ) -> [bytes];
    /// A file that nobody uses and whose time is over.
    DELETE_UNUSED = both(
        "delete from files where workspace_id = $1 and id = $2 and run_id is null and expires_at <= $3"
    );
    /// The pieces of a file.
    DELETE_CHUNKS = both("delete from file_chunks where workspace_id = $1 and file_id = $2");
}

/// Adds a file whose bytes are still to come.
///
/// # Errors
/// Of the database.
pub fn insert(tx: &mut Tx<'_>, file: &FileRow) -> Result<(), Fault> {
    tx.execute(
        &INSERT,
        params![
            file.workspace,
            file.id,
            file.share,
            &file.uploaded_by,
            &file.name,
            &file.mime_type,
            &file.sha256,
            file.created_at,
            file.expires_at
        ],
    )?;
    Ok(())
}

/// Notes that all bytes of a file are there: size, type, digest, and when it vanishes. False when that was noted before, or when
/// the file is gone.
///
/// # Errors
/// Of the database.
pub fn complete(tx: &mut Tx<'_>, file: &FileRow) -> Result<bool, Fault> {
    let values = params![file.workspace, file.id, &file.mime_type, file.size, &file.sha256, file.expires_at];
    Ok(tx.execute(&COMPLETE, values)? == 1)
}

/// One file.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, id: FileId) -> Result<Option<FileRow>, Fault> {
    tx.row(&FIND, params![workspace, id], file)
}

/// Notes the first use of a file, so that it stays; a later one changes nothing.
///
/// # Errors
/// Of the database.
pub fn claim(tx: &mut Tx<'_>, claim: &Claim) -> Result<(), Fault> {
    tx.execute(&CLAIM, params![claim.workspace, claim.file, claim.run, claim.flow])?;
    Ok(())
}

/// What nobody uses yet, in a workspace, or of one share link.
///
/// # Errors
/// Of the database.
pub fn unused(tx: &mut Tx<'_>, workspace: WorkspaceId, share: Option<ShareId>) -> Result<Unused, Fault> {
    let found = tx.row(&UNUSED, params![workspace, share], |row| {
        Ok(Unused { files: row.int(0)?.unsigned_abs(), bytes: row.int(1)?.unsigned_abs() })
    })?;
    Ok(found.unwrap_or_default())
}

/// Adds pieces of a file, the first of them at `position`. Each has at most [`CHUNK_BYTES`].
///
/// # Errors
/// Of the database.
pub fn add_chunks<B: AsRef<[u8]>>(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    file: FileId,
    position: u32,
    chunks: &[B],
) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 4]> = (position..)
        .zip(chunks)
        .map(|(position, chunk)| [workspace.into(), file.into(), position.into(), chunk.as_ref().into()])
        .collect();
    tx.bulk(&ADD_CHUNKS, &rows)?;
    Ok(())
}

/// One piece of a file.
///
/// # Errors
/// Of the database.
pub fn chunk(tx: &mut Tx<'_>, workspace: WorkspaceId, file: FileId, position: u32) -> Result<Option<Vec<u8>>, Fault> {
    tx.row(&CHUNK, params![workspace, file, position], |row| row.bytes(0).map(<[u8]>::to_vec))
}

/// All bytes of a file.
///
/// # Errors
/// Of the database.
pub fn bytes(tx: &mut Tx<'_>, workspace: WorkspaceId, file: FileId) -> Result<Vec<u8>, Fault> {
    let mut all = Vec::new();
    let mut position = 0;
    while let Some(piece) = chunk(tx, workspace, file, position)? {
        all.extend_from_slice(&piece);
        position += 1;
    }
    Ok(all)
}

/// Removes a file that nobody uses and whose time was over at `now`; false when it stays or is gone.
///
/// # Errors
/// Of the database.
pub fn delete_unused(tx: &mut Tx<'_>, workspace: WorkspaceId, id: FileId, now: Timestamp) -> Result<bool, Fault> {
    let deleted = tx.execute(&DELETE_UNUSED, params![workspace, id, now])? == 1;
    if deleted {
        tx.execute(&DELETE_CHUNKS, params![workspace, id])?;
    }
    Ok(deleted)
}

fn file(row: &Row<'_>) -> Result<FileRow, Fault> {
    let size = row.opt_int(6)?.map(|size| u64::try_from(size).map_err(|_| row.mismatch(6, "a size")));
    Ok(FileRow {
        workspace: WorkspaceId(row.id(0)?),
        id: FileId(row.id(1)?),
        share: row.opt_id(2)?.map(ShareId),
        uploaded_by: row.string(3)?,
        name: row.string(4)?,
        mime_type: row.string(5)?,
        size: size.transpose()?,
        sha256: row.bytes(7)?.try_into().map_err(|_| row.mismatch(7, "32 bytes"))?,
        created_at: row.time(8)?,
        expires_at: row.time(9)?,
        run: row.opt_id(10)?.map(RunId),
        flow: row.opt_id(11)?.map(FlowId),
    })
}
