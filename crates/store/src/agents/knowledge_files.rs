//! Table `knowledge_files`: the files of documents as they came, in pieces of a bounded size.

use floe_model::{
    Fault,
    id::{DocumentId, WorkspaceId},
};

use crate::{Tx, Value, params, statements};

/// Bytes of one piece.
const PIECE_BYTES: usize = 256 * 1024;

statements! {
    /// The pieces of a file.
    ADD = bulk("insert into knowledge_files (workspace_id, document_id, position, bytes)", [id, id, int, bytes]);
    /// All of them, in order.
    WHOLE = both(
        "select bytes from knowledge_files where workspace_id = $1 and document_id = $2 order by position"
    ) -> [bytes];
    /// Gone.
    DELETE = both("delete from knowledge_files where workspace_id = $1 and document_id = $2");
}

/// Keeps the file of a document.
///
/// # Errors
/// Of the database.
pub fn put(tx: &mut Tx<'_>, workspace: WorkspaceId, document: DocumentId, bytes: &[u8]) -> Result<(), Fault> {
    let rows: Vec<[Value<'_>; 4]> = (0_u32..)
        .zip(bytes.chunks(PIECE_BYTES))
        .map(|(position, piece)| [workspace.into(), document.into(), position.into(), piece.into()])
        .collect();
    tx.bulk(&ADD, &rows).map(drop)
}

/// The file of a document; empty when there is none.
///
/// # Errors
/// Of the database.
pub fn whole(tx: &mut Tx<'_>, workspace: WorkspaceId, document: DocumentId) -> Result<Vec<u8>, Fault> {
    let mut whole = Vec::new();
    for piece in tx.rows(&WHOLE, params![workspace, document], |row| row.bytes(0).map(<[u8]>::to_vec))? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Takes the file of a document away.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, document: DocumentId) -> Result<(), Fault> {
    tx.execute(&DELETE, params![workspace, document]).map(drop)
}
