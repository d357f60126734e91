//! Copies of a SQLite file while it is in use, and the check of a copy.
//!
//! The copy is one snapshot: the reading connection holds a read transaction for as long as it copies, so that commits of the
//! writer neither change what is copied nor make it begin anew (as they would without it). What costs callers nothing to speak of is
//! the lowest priority for the thread, and forcing the copy to disk in pieces, since a commit waits for whatever is on its way to the
//! disk. Pauses between the steps were measured and only drag it out.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::{Contents, CopyError, sqlite::beside};

/// Pages (4 KiB each) of one step.
const STEP_PAGES: i32 = 256;
/// Steps after which what was written is forced to disk.
const SYNC_STEPS: u32 = 16;
/// How long the copy waits for a lock that a tool holds.
const BUSY: Duration = Duration::from_secs(5);
/// What the scheduler takes off a thread that nobody waits for.
const NICE: i32 = 19;

/// Counts the copies under way: the writer does not wait for their read transactions when it writes its log back.
#[derive(Clone, Default)]
pub(crate) struct Copies(Arc<AtomicUsize>);

/// One copy under way.
struct Underway(Copies);

impl Copies {
    /// Whether a copy is under way.
    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn begin(&self) -> Underway {
        self.0.fetch_add(1, Ordering::Relaxed);
        Underway(self.clone())
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Copies `source` into the new file `target` and forces it to disk. A disconnected or signalled `stop` ends it between two steps.
pub(crate) fn copy(source: &Path, target: &Path, copies: &Copies, stop: &Receiver<()>) -> Result<(), CopyError> {
    stand_back();
    let underway = copies.begin();
    let from =
        Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    from.busy_timeout(BUSY)?;
    from.pragma_update(None, "query_only", true)?;
    from.execute_batch("begin")?;
    // The first read fixes the snapshot.
    from.query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let mut to = Connection::open(target)?;
    to.pragma_update(None, "synchronous", "off")?;
    to.query_row("pragma journal_mode = off", [], |_| Ok(()))?;
    steps(&from, &mut to, &File::options().write(true).open(target)?, stop)?;
    from.execute_batch("rollback")?;
    drop(from);
    drop(underway);
    // The copied header asks for a log; a copy is one file.
    to.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
    to.close().map_err(|(_, error)| error)?;
    File::open(target)?.sync_all()?;
    Ok(())
}

fn steps(from: &Connection, to: &mut Connection, file: &File, stop: &Receiver<()>) -> Result<(), CopyError> {
    let backup = Backup::new(from, to)?;
    for step in 1_u32.. {
        match backup.step(STEP_PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => return Err(CopyError::Unsound("another program holds a lock on the database".to_owned())),
        }
        if step.is_multiple_of(SYNC_STEPS) {
            file.sync_data()?;
        }
        if !matches!(stop.try_recv(), Err(TryRecvError::Empty)) {
            return Err(CopyError::Stopped);
        }
    }
    Err(CopyError::Stopped)
}

/// Takes the lowest share of the processor for this thread, for good. It is one that was made for this work.
fn stand_back() {
    // A refusal only means that callers are slowed a little more.
    let _ = rustix::process::nice(NICE);
}

/// Reads a copy whole: its pages are sound, its schema version, and the rows of every table.
pub(crate) fn contents(path: &Path) -> Result<Contents, CopyError> {
    if std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(CopyError::Unsound("it has a write-ahead log beside it, so it is no finished copy".to_owned()));
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let verdict: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(CopyError::Unsound(verdict));
    }
    let schema_version: Option<u32> =
        connection.query_row("select max(number) from schema_migrations", [], |row| row.get(0))?;
    let mut names = connection
        .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name")?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let count = |name: String| -> rusqlite::Result<(String, u64)> {
        let text = format!("select count(*) from \"{}\"", name.replace('"', "\"\""));
        let rows: i64 = connection.query_row(&text, [], |row| row.get(0))?;
        Ok((name, rows.unsigned_abs()))
    };
    let rows = names.into_iter().map(count).collect::<Result<Vec<_>, _>>()?;
    Ok(Contents { schema_version: schema_version.unwrap_or(0), rows })
}

/// Looks at every page of a file that is in use; what is wrong, if anything.
pub(crate) fn verdict(path: &Path, copies: &Copies) -> Result<Option<String>, CopyError> {
    stand_back();
    let _underway = copies.begin();
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    let verdict: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}
