//! Restoring a backup into a data folder that no server uses.
//!
//! Everything is prepared and checked in a folder beside the data: the database, and the key when the backup holds it. Renaming that
//! folder to `restore.ready` is the one step that counts. What follows only moves files, and is finished by whoever opens the data
//! folder next if the process is killed meanwhile: see [`finish_pending`].

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use floe_model::Timestamp;
use floe_store::{CopyError, OpenError};

use crate::archive::{self, ArchiveError, Trailer, Verified};
use crate::secret::Secret;

/// The database in a data folder.
const DATABASE: &str = "floe.db";
/// What SQLite may leave beside it.
const COMPANIONS: [&str; 2] = ["floe.db-wal", "floe.db-shm"];
/// The key in a data folder.
const KEY: &str = "secret.key";
/// Prepared and checked: will be put in place.
const READY: &str = "restore.ready";
/// Under preparation: counts for nothing.
const DRAFT: &str = "restore.draft";
/// Names in a data folder that hold no data.
const EMPTY: [&str; 6] = ["floe.toml", "floe.db.lock", "operator.sock", "lost+found", DRAFT, READY];
/// How long another process may still hold the database, seconds.
const LOCK_WAIT_S: u64 = 1;

/// How a restored folder stands to the key that its data needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// It was in the backup and is in place.
    Restored,
    /// It was there already.
    Fits,
    /// There is none: API keys, tokens and sealed values do not work until the old one is put there.
    Missing,
    /// Another one is there.
    Differs,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says about itself.
    pub trailer: Trailer,
    /// Bytes of the backup.
    pub bytes: u64,
    /// SHA-256 of the backup.
    pub sha256: String,
    /// Where what was there before is, if something was.
    pub snapshot: Option<PathBuf>,
    /// The key.
    pub key: Key,
}

/// Why nothing was restored; the text is for an operator. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The file is not a sound backup.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Its database does not pass its check, or is not what the trailer says.
    #[error("the database in the backup did not pass its check: {0}")]
    Unsound(String),
    /// Made by a newer program.
    #[error(
        "the backup has schema version {found}, and this program knows versions up to {known}: use Floe {version} or newer"
    )]
    Newer {
        /// Version in the backup.
        found: u32,
        /// Highest version of this program.
        known: u32,
        /// The program that made it.
        version: String,
    },
    /// The folder is not empty and nobody said that it may be replaced.
    #[error("{} holds data already: restore into an empty folder, or say --yes to replace it (what is there is kept beside it)", .0.display())]
    Occupied(PathBuf),
    /// A server uses the folder.
    #[error("{0}")]
    InUse(String),
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// What.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// What is wanted.
#[derive(Clone)]
pub struct Wanted<'a> {
    /// The backup.
    pub file: &'a Path,
    /// The data folder.
    pub data_dir: &'a Path,
    /// Whether what is there may be replaced.
    pub replace: bool,
    /// The key of the settings, when they give one instead of the file in the folder.
    pub given_key: Option<&'a Secret>,
    /// Now, for the name of the snapshot.
    pub now: Timestamp,
}

/// Reads a backup whole without restoring it.
///
/// # Errors
/// [`RestoreError::Archive`].
pub fn look(file: &Path) -> Result<Verified, RestoreError> {
    Ok(archive::verify(file)?)
}

/// Restores a backup: the folder is what it was before or what the backup says, whenever the process is killed.
///
/// # Errors
/// [`RestoreError`]; nothing was changed then.
pub fn restore(wanted: &Wanted<'_>) -> Result<Restored, RestoreError> {
    let verified = archive::verify(wanted.file)?;
    let known = floe_store::schema_version();
    if verified.trailer.schema_version > known {
        let (found, version) = (verified.trailer.schema_version, verified.trailer.version);
        return Err(RestoreError::Newer { found, known, version });
    }
    let folder = wanted.data_dir;
    if folder.exists() && occupied(folder)? && !wanted.replace {
        return Err(RestoreError::Occupied(folder.to_owned()));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|source| io_error(folder, source))?;
    let lock = floe_store::DatabaseLock::acquire(&folder.join(DATABASE), LOCK_WAIT_S).map_err(opening)?;
    move_in(folder)?;
    let prepared = prepare(wanted, &verified).and_then(|()| put_aside(folder, wanted.now));
    let snapshot = prepared.inspect_err(|_| drop(fs::remove_dir_all(folder.join(DRAFT))))?;
    let (draft, ready) = (folder.join(DRAFT), folder.join(READY));
    fs::rename(&draft, &ready).map_err(|source| io_error(&ready, source))?;
    sync(folder)?;
    move_in(folder)?;
    drop(lock);
    let key = key_state(wanted, &verified.trailer)?;
    Ok(Restored { trailer: verified.trailer, bytes: verified.bytes, sha256: verified.sha256, snapshot, key })
}

/// Finishes a restore that was killed after it was decided. Called before a data folder is opened.
///
/// # Errors
/// When the files cannot be moved, or a server uses the folder.
pub fn finish_pending(folder: &Path) -> Result<(), RestoreError> {
    if !folder.join(READY).exists() {
        return Ok(());
    }
    let _lock = floe_store::DatabaseLock::acquire(&folder.join(DATABASE), LOCK_WAIT_S).map_err(opening)?;
    tracing::warn!("a restore that was interrupted is finished now");
    move_in(folder)
}

/// Writes database and key into the draft folder and checks them there.
fn prepare(wanted: &Wanted<'_>, verified: &Verified) -> Result<(), RestoreError> {
    let draft = wanted.data_dir.join(DRAFT);
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(|source| io_error(&draft, source))?;
    }
    DirBuilder::new().mode(0o700).create(&draft).map_err(|source| io_error(&draft, source))?;
    let database = draft.join(DATABASE);
    archive::extract(wanted.file, verified, &database)?;
    let contents = floe_store::check_file(&database).map_err(unsound)?;
    let rows: BTreeMap<String, u64> = contents.rows.into_iter().collect();
    if contents.schema_version != verified.trailer.schema_version || rows != verified.trailer.rows {
        return Err(RestoreError::Unsound("it does not hold what the backup says that it holds".to_owned()));
    }
    if let Some(text) = &verified.trailer.secret_key {
        let path = draft.join(KEY);
        let fits = Secret::read(text).is_some_and(|key| key.fingerprint() == verified.trailer.key_fingerprint);
        if !fits {
            return Err(RestoreError::Unsound("the key in it is not the one that its data needs".to_owned()));
        }
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            writeln!(file, "{text}")?;
            file.sync_all()
        };
        write().map_err(|source| io_error(&path, source))?;
    }
    sync(&draft)
}

/// Gives what is there a second name in a folder of its own, as it is: also what cannot be opened any more.
fn put_aside(folder: &Path, now: Timestamp) -> Result<Option<PathBuf>, RestoreError> {
    let there: Vec<&str> =
        [DATABASE, COMPANIONS[0], KEY].into_iter().filter(|name| folder.join(name).exists()).collect();
    if there.is_empty() {
        return Ok(None);
    }
    let name = format!("before-restore-{}", now.to_string().replace([':', '.'], "-"));
    let aside = folder.join(name);
    DirBuilder::new().mode(0o700).create(&aside).map_err(|source| io_error(&aside, source))?;
    for name in there {
        let (from, to) = (folder.join(name), aside.join(name));
        // A copy, not a link: should the restore be killed before it is decided, the server goes on writing into the old file.
        let copied = fs::copy(&from, &to).and_then(|_| File::open(&to)?.sync_all());
        copied.map_err(|source| io_error(&to, source))?;
    }
    sync(&aside)?;
    Ok(Some(aside))
}

/// Moves what is ready into its place. May be begun again after a kill at any point.
fn move_in(folder: &Path) -> Result<(), RestoreError> {
    let ready = folder.join(READY);
    if !ready.exists() {
        return Ok(());
    }
    if ready.join(DATABASE).exists() {
        // The log of the old database must never meet the new one.
        for name in COMPANIONS {
            remove(&folder.join(name))?;
        }
    }
    for name in [DATABASE, KEY] {
        let (from, to) = (ready.join(name), folder.join(name));
        if from.exists() {
            fs::rename(&from, &to).map_err(|source| io_error(&to, source))?;
        }
    }
    sync(folder)?;
    fs::remove_dir_all(&ready).map_err(|source| io_error(&ready, source))?;
    sync(folder)
}

fn occupied(folder: &Path) -> Result<bool, RestoreError> {
    let entries = fs::read_dir(folder).map_err(|source| io_error(folder, source))?;
    for entry in entries {
        let name = entry.map_err(|source| io_error(folder, source))?.file_name();
        if !EMPTY.iter().any(|known| name == *known) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn key_state(wanted: &Wanted<'_>, trailer: &Trailer) -> Result<Key, RestoreError> {
    let path = wanted.data_dir.join(KEY);
    let in_file = match fs::read_to_string(&path) {
        Ok(text) => Secret::read(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(io_error(&path, source)),
    };
    // A key of the settings wins over the file.
    Ok(match wanted.given_key.cloned().or(in_file) {
        None => Key::Missing,
        Some(key) if key.fingerprint() != trailer.key_fingerprint => Key::Differs,
        Some(_) if trailer.secret_key.is_some() => Key::Restored,
        Some(_) => Key::Fits,
    })
}

fn remove(path: &Path) -> Result<(), RestoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error(path, source)),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), RestoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| io_error(folder, source))
}

fn unsound(error: CopyError) -> RestoreError {
    RestoreError::Unsound(error.to_string())
}

fn opening(error: OpenError) -> RestoreError {
    RestoreError::InUse(error.to_string())
}

fn io_error(path: &Path, source: io::Error) -> RestoreError {
    RestoreError::Io { path: path.display().to_string(), source }
}
