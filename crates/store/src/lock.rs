//! The lock of a SQLite file, for those who work on the file itself.

use std::{fs::File, path::Path};

use crate::{OpenError, sqlite};

/// Keeps every other process away from a SQLite file while it lives. [`crate::Store::open`] takes it by itself.
pub struct DatabaseLock(#[expect(dead_code, reason = "held only for its lock")] File);

impl DatabaseLock {
    /// Takes the lock of `<path>.lock`, waiting up to `wait_s` seconds.
    ///
    /// # Errors
    /// [`OpenError::InUse`] when another process has it.
    pub fn acquire(path: &Path, wait_s: u64) -> Result<Self, OpenError> {
        sqlite::lock(path, wait_s).map(Self)
    }
}
