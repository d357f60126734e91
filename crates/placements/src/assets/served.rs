//! What goes out: the bytes behind an address below `/cdn/{workspaceId}` (Placements contract, section 11.3). Nobody has to prove
//! anything: an address cannot be guessed, since it holds the digest of what is behind it.

use std::ops::RangeInclusive;

use floe_model::Fault;
use floe_model::hex;
use floe_model::id::WorkspaceId;
use floe_model::placements::assets::{digest_of, extension_of};
use floe_store::placements::blobs::{self, CHUNK_BYTES};
use floe_store::{Store, Tx};

/// Pieces that are read at once.
const PIECES_AT_ONCE: u64 = 4;

/// Where a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Font files.
    Fonts,
    /// Pictures and animations.
    Media,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    workspace: WorkspaceId,
    sha256: [u8; 32],
    /// Its media type.
    pub mime_type: String,
    /// Bytes.
    pub size: u64,
}

impl Served {
    /// A strong validator: the digest of the bytes.
    #[must_use]
    pub fn etag(&self) -> String {
        etag(&self.sha256)
    }
}

/// A strong validator of bytes with this digest.
#[must_use]
pub fn etag(sha256: &[u8; 32]) -> String {
    format!("\"{}\"", hex::encode(sha256))
}

/// The file of an address; the extension has to be the one that its type has.
///
/// # Errors
/// 404; of the database.
pub async fn find(store: &Store, workspace: WorkspaceId, folder: Folder, file: &str) -> Result<Served, Fault> {
    let unknown = || Fault::not_found("File");
    let (sha256, extension) = digest_of(file).ok_or_else(unknown)?;
    let is_font = extension == "ttf";
    if is_font != (folder == Folder::Fonts) {
        return Err(unknown());
    }
    let blob = store.read(move |tx: &mut Tx<'_>| blobs::find(tx, workspace, &sha256)).await?.ok_or_else(unknown)?;
    if extension_of(&blob.mime_type) != Some(extension) {
        return Err(unknown());
    }
    Ok(Served { workspace, sha256, mime_type: blob.mime_type, size: blob.size })
}

/// The next bytes of a range of a file, a bounded number of them; empty at its end.
///
/// # Errors
/// Of the database.
pub async fn bytes(store: &Store, file: &Served, range: &RangeInclusive<u64>) -> Result<Vec<u8>, Fault> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let chunk = CHUNK_BYTES as u64;
    let first = range.start() / chunk;
    let last = (range.end() / chunk).min(first + PIECES_AT_ONCE - 1);
    let (workspace, sha256) = (file.workspace, file.sha256);
    let pieces = store.read(move |tx: &mut Tx<'_>| blobs::pieces(tx, workspace, &sha256, first, last)).await?;
    let begin = first * chunk;
    let from = usize::try_from(range.start() - begin).map_err(Fault::internal)?;
    let to = usize::try_from(range.end() - begin + 1).map_err(Fault::internal)?.min(pieces.len());
    // A file that was taken away while it was read ends early.
    pieces.get(from..to).map(<[u8]>::to_vec).ok_or_else(|| Fault::not_found("File"))
}
