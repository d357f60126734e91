//! The file of a backup.
//!
//! It is the copied database, then a trailer of JSON that says what it is, then a footer: the length of the trailer (8 bytes, big
//! endian), the SHA-256 of everything before it (32 bytes), and a mark (8 bytes). The database comes first, so that the usual tools
//! open a backup as it stands; the digest covers every byte, so that what was cut, mixed up or flipped anywhere is refused.

use floe_model::hex;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The last bytes of a backup.
const MARK: &[u8; 8] = b"FLOEBAK1";
/// Bytes of the footer.
const FOOTER_BYTES: u64 = 8 + 32 + 8;
/// Bytes of the largest trailer.
const TRAILER_BYTES_MAX: u64 = 1 << 20;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// The only format so far.
const FORMAT: u32 = 1;

/// What a backup says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// Version of this format: 1.
    pub format: u32,
    /// Id of the backup.
    pub id: String,
    /// `manual`, `scheduled` or `pre_upgrade`.
    pub kind: String,
    /// When it was begun: it holds what was answered before, RFC 3339.
    pub taken_at: String,
    /// Version of the program that took it.
    pub version: String,
    /// Schema version of the database.
    pub schema_version: u32,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Fingerprint of the secret key that the data needs.
    pub key_fingerprint: String,
    /// The secret key, when it was asked for.
    pub secret_key: Option<String>,
}

/// A backup that was read whole and is what it was when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub trailer: Trailer,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Bytes of the database at its beginning.
    database_bytes: u64,
}

/// Why a file is not taken for a backup; the text is for an operator.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It does not end as a backup does.
    #[error("this is not a backup of Floe, or its end is missing")]
    NotOne,
    /// Its bytes are not those that were written.
    #[error("the backup was damaged or changed after it was made: its digest does not fit its content")]
    Damaged,
    /// Of a format that this program does not know.
    #[error("the backup has format {0}, and this program reads format {FORMAT}: use the newer program that made it")]
    Format(u32),
    /// The file system refused.
    #[error("the backup cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

/// Appends trailer and footer to a copied database, and forces the file to disk.
///
/// # Errors
/// [`ArchiveError::Io`].
pub fn seal(path: &Path, trailer: &Trailer) -> Result<Verified, ArchiveError> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let database_bytes = file.metadata()?.len();
    let mut digest = Sha256::new();
    hash(&mut file, database_bytes, &mut digest)?;
    let text = serde_json::to_vec(trailer).map_err(io::Error::other)?;
    let mut end = text;
    let length = u64::try_from(end.len()).unwrap_or(u64::MAX);
    end.extend_from_slice(&length.to_be_bytes());
    digest.update(&end);
    let inner = digest.clone().finalize();
    let mut rest = inner.to_vec();
    rest.extend_from_slice(MARK);
    digest.update(&rest);
    end.extend_from_slice(&rest);
    file.write_all(&end)?;
    file.sync_all()?;
    let bytes = database_bytes + u64::try_from(end.len()).unwrap_or(0);
    Ok(Verified { trailer: trailer.clone(), bytes, sha256: hex::encode(&digest.finalize()), database_bytes })
}

/// Reads a backup whole.
///
/// # Errors
/// [`ArchiveError`] for everything that is not a backup as it was made.
pub fn verify(path: &Path) -> Result<Verified, ArchiveError> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let footer_at = bytes.checked_sub(FOOTER_BYTES).ok_or(ArchiveError::NotOne)?;
    file.seek(SeekFrom::Start(footer_at))?;
    let mut footer = [0; FOOTER_BYTES as usize];
    file.read_exact(&mut footer)?;
    let (length, rest) = footer.split_at(8);
    let (written, mark) = rest.split_at(32);
    if mark != MARK {
        return Err(ArchiveError::NotOne);
    }
    let length = u64::from_be_bytes(length.try_into().map_err(|_| ArchiveError::NotOne)?);
    let database_bytes = footer_at.checked_sub(length).filter(|_| length <= TRAILER_BYTES_MAX);
    let database_bytes = database_bytes.ok_or(ArchiveError::Damaged)?;
    file.rewind()?;
    let mut digest = Sha256::new();
    hash(&mut file, footer_at + 8, &mut digest)?;
    if digest.clone().finalize().as_slice() != written {
        return Err(ArchiveError::Damaged);
    }
    digest.update(rest);
    file.seek(SeekFrom::Start(database_bytes))?;
    let mut text = Vec::new();
    (&mut file).take(length).read_to_end(&mut text)?;
    Ok(Verified { trailer: read_trailer(&text)?, bytes, sha256: hex::encode(&digest.finalize()), database_bytes })
}

/// Writes the database of a backup into the new file `target`, for its owner alone, and forces it to disk.
///
/// # Errors
/// [`ArchiveError::Io`], also when `target` is there.
pub fn extract(path: &Path, verified: &Verified, target: &Path) -> Result<(), ArchiveError> {
    let source = File::open(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(target)?;
    let copied = io::copy(&mut source.take(verified.database_bytes), &mut file)?;
    if copied != verified.database_bytes {
        return Err(ArchiveError::Damaged);
    }
    file.sync_all()?;
    Ok(())
}

fn read_trailer(text: &[u8]) -> Result<Trailer, ArchiveError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_slice(text).map_err(|_| ArchiveError::NotOne)?;
    if format != FORMAT {
        return Err(ArchiveError::Format(format));
    }
    serde_json::from_slice(text).map_err(|_| ArchiveError::NotOne)
}

fn hash(file: &mut File, bytes: u64, digest: &mut Sha256) -> io::Result<()> {
    let mut left = bytes;
    let mut chunk = vec![0; CHUNK_BYTES];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let read = file.read(&mut chunk[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        digest.update(&chunk[..read]);
        left -= u64::try_from(read).unwrap_or(left);
    }
    Ok(())
}

impl Trailer {
    /// The format that this program writes.
    pub(crate) const FORMAT: u32 = FORMAT;
}

#[cfg(test)]
mod tests;
