//! The lock file beside a SQLite file: one process at a time.

use std::{
    fs::{File, TryLockError},
    path::Path,
    time::Duration,
};

use crate::{OpenError, sqlite::beside};

/// Pause between two tries.
const RETRY_MS: u64 = 50;

/// Takes `<file>.lock`, waiting up to `wait_s` seconds. The lock goes away with the file handle, however the process ends.
pub(crate) fn acquire(path: &Path, wait_s: u64) -> Result<File, OpenError> {
    let lock_path = beside(path, ".lock");
    let io = |source| OpenError::Io { path: lock_path.display().to_string(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(io)?;
    let tries = wait_s.saturating_mul(1_000) / RETRY_MS + 1;
    for attempt in 1..=tries {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(io(source)),
            Err(TryLockError::WouldBlock) if attempt < tries => pause(),
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Err(OpenError::InUse(format!(
        "the database {} is in use by another process: stop that process first, or give this one another file; \
         a SQLite database belongs to one process at a time",
        path.display()
    )))
}

#[expect(clippy::disallowed_methods, reason = "a file lock can only be polled; happens while the server starts")]
fn pause() {
    std::thread::sleep(Duration::from_millis(RETRY_MS));
}
