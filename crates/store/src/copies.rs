//! Copies of a store: what a backup is made of.

use std::{path::PathBuf, sync::mpsc, thread};

use crate::{Dialect, Store, sqlite};

/// What is in a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Number of the last applied migration.
    pub schema_version: u32,
    /// Rows of each table, by name.
    pub rows: Vec<(String, u64)>,
}

/// Why there is no copy, or why a copy is not to be used; the text is for an operator.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The database has its own tools.
    #[error(
        "PostgreSQL has its own tools for copies: use pg_dump and pg_restore, or the backups of the service that runs it"
    )]
    NotSqlite,
    /// Some pages or tables are not what they have to be.
    #[error("the copy is not sound: {0}")]
    Unsound(String),
    /// The server is ending.
    #[error("the copy was stopped")]
    Stopped,
    /// The file system refused.
    #[error("the copy could not be written or read: {0}")]
    Io(#[from] std::io::Error),
    /// SQLite refused.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl Store {
    /// Copies the database, as it is at one moment, into the new file `target`, while others read and write; then opens the copy
    /// and checks every page of it. A future that is dropped ends the copying.
    ///
    /// # Errors
    /// [`CopyError`]; a half file may be left behind then, which the caller removes.
    pub async fn copy_to(&self, target: PathBuf) -> Result<Contents, CopyError> {
        let (Dialect::Sqlite, Some(source)) = (self.dialect(), self.file()) else { return Err(CopyError::NotSqlite) };
        let (source, copies) = (source.to_owned(), self.copies());
        // Dropping this future drops `going`, which ends the copy at its next step.
        let (going, stop) = mpsc::channel::<()>();
        let (answer, answered) = tokio::sync::oneshot::channel();
        // A thread of its own, because it lowers its priority for good.
        let work = move || {
            let done = sqlite::copy(&source, &target, &copies, &stop).and_then(|()| sqlite::contents(&target));
            let _ = answer.send(done);
        };
        thread::Builder::new().name("floe-copy".to_owned()).spawn(work)?;
        let outcome = answered.await.unwrap_or(Err(CopyError::Stopped));
        drop(going);
        outcome
    }
}

/// Checks every page of a SQLite file that nobody has open, and counts what is in it.
///
/// # Errors
/// [`CopyError::Unsound`] and what the file system says.
pub fn check_file(path: &std::path::Path) -> Result<Contents, CopyError> {
    sqlite::contents(path)
}

impl Store {
    /// Looks at every page while others read and write: what is wrong, if anything. PostgreSQL looks after its own pages; there it is always sound.
    ///
    /// # Errors
    /// [`CopyError`] when they cannot be read.
    pub async fn check_pages(&self) -> Result<Option<String>, CopyError> {
        let (Dialect::Sqlite, Some(file)) = (self.dialect(), self.file()) else { return Ok(None) };
        let (file, copies) = (file.to_owned(), self.copies());
        let (answer, answered) = tokio::sync::oneshot::channel();
        let work = move || drop(answer.send(sqlite::verdict(&file, &copies)));
        thread::Builder::new().name("floe-check".to_owned()).spawn(work)?;
        answered.await.unwrap_or(Err(CopyError::Stopped))
    }
}
