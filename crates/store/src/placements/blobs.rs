//! Tables `placement_blobs` and `placement_blob_chunks`: the bytes of fonts and media, once a workspace, under their SHA-256
//! (Placements contract, section 11.3).

use floe_model::{Fault, Timestamp, id::WorkspaceId};

use crate::{Tx, Value, params, statements};

/// Bytes of one piece.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// Blobs without an owner that are looked at in one go.
const UNOWNED_MAX: usize = 100;

/// A SHA-256.
pub type Hash = [u8; 32];

/// What is known of a blob beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its type, as found from the bytes.
    pub mime_type: String,
    /// Bytes.
    pub size: u64,
}

statements! {
    /// A blob, unless it is there.
    INSERT = both(
        "insert into placement_blobs (workspace_id, sha256, mime_type, size, created_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing"
    );
    /// Its pieces.
    ADD_CHUNKS = bulk("insert into placement_blob_chunks (workspace_id, sha256, position, bytes)", [id, bytes, int, bytes]);
    /// One blob.
    FIND = both("select mime_type, size from placement_blobs where workspace_id = $1 and sha256 = $2") -> [text, int];
    /// Some of its pieces, in order.
    CHUNKS = both(
        "select bytes from placement_blob_chunks
         where workspace_id = $1 and sha256 = $2 and position >= $3 and position <= $4 order by position"
    ) -> [bytes];
    /// Blobs that neither a font nor a media file has.
    UNOWNED = both(
        "select b.sha256 from placement_blobs b where b.workspace_id = $1
         and not exists (select 1 from placement_fonts f where f.workspace_id = b.workspace_id and f.sha256 = b.sha256)
         and not exists (select 1 from placement_media m where m.workspace_id = b.workspace_id and m.sha256 = b.sha256)
         order by b.sha256 limit $2"
    ) -> [bytes];
    /// A published version that names it.
    PUBLISHED = both(
        "select number from screen_flow_versions where workspace_id = $1 and (fonts like $2 or schema like $2) limit 1"
    ) -> [int];
    /// Gone.
    DELETE = both("delete from placement_blobs where workspace_id = $1 and sha256 = $2");
    /// Its bytes too.
    DELETE_CHUNKS = both("delete from placement_blob_chunks where workspace_id = $1 and sha256 = $2");
}

/// Keeps bytes, unless they are there already.
///
/// # Errors
/// Of the database.
pub fn put(
    tx: &mut Tx<'_>,
    workspace: WorkspaceId,
    sha256: &Hash,
    mime_type: &str,
    bytes: &[u8],
    now: Timestamp,
) -> Result<(), Fault> {
    if tx.execute(&INSERT, params![workspace, sha256, mime_type, bytes.len(), now])? == 0 {
        return Ok(());
    }
    let rows: Vec<[Value<'_>; 4]> = (0_u32..)
        .zip(bytes.chunks(CHUNK_BYTES))
        .map(|(position, chunk)| [workspace.into(), sha256.into(), position.into(), chunk.into()])
        .collect();
    tx.bulk(&ADD_CHUNKS, &rows)?;
    Ok(())
}

/// What is known of a blob.
///
/// # Errors
/// Of the database.
pub fn find(tx: &mut Tx<'_>, workspace: WorkspaceId, sha256: &Hash) -> Result<Option<Blob>, Fault> {
    tx.row(&FIND, params![workspace, sha256], |row| {
        let size = u64::try_from(row.int(1)?).map_err(|_| row.mismatch(1, "a size"))?;
        Ok(Blob { mime_type: row.string(0)?, size })
    })
}

/// The pieces from the one at `first` to the one at `last`, each of [`CHUNK_BYTES`] but for the last of the blob, one after another.
///
/// # Errors
/// Of the database.
pub fn pieces(tx: &mut Tx<'_>, workspace: WorkspaceId, sha256: &Hash, first: u64, last: u64) -> Result<Vec<u8>, Fault> {
    let mut whole = Vec::new();
    for piece in tx.rows(&CHUNKS, params![workspace, sha256, first, last], |row| row.bytes(0).map(<[u8]>::to_vec))? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Blobs that no font and no media file has, a bounded number of them.
///
/// # Errors
/// Of the database.
pub fn unowned(tx: &mut Tx<'_>, workspace: WorkspaceId) -> Result<Vec<Hash>, Fault> {
    tx.rows(&UNOWNED, params![workspace, UNOWNED_MAX], |row| {
        row.bytes(0)?.try_into().map_err(|_| row.mismatch(0, "32 bytes"))
    })
}

/// Whether a published version names a blob, as a font or in its screens: its digest stands in every address. Reads the versions of the
/// workspace, so it is asked only when something was taken away.
///
/// # Errors
/// Of the database.
pub fn is_published(tx: &mut Tx<'_>, workspace: WorkspaceId, sha256: &Hash) -> Result<bool, Fault> {
    let digits: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let pattern = format!("%{digits}%");
    Ok(tx.row(&PUBLISHED, params![workspace, &pattern], |row| row.int(0))?.is_some())
}

/// Removes a blob.
///
/// # Errors
/// Of the database.
pub fn delete(tx: &mut Tx<'_>, workspace: WorkspaceId, sha256: &Hash) -> Result<(), Fault> {
    tx.execute(&DELETE_CHUNKS, params![workspace, sha256])?;
    tx.execute(&DELETE, params![workspace, sha256]).map(drop)
}
