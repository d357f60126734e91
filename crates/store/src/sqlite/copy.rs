//! Copies of a SQLite file while it is in use, and the check of a copy.
//!
//! The copy is one snapshot: the reading connection holds a read transaction for as long as it copies, so that commits of the
//! writer neither change what is copied nor make it begin anew (as they would without it). Measured against `vacuum into`: pages
//! copied in steps cost callers less, because the copying thread can be told to stand back between two steps.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::{Contents, CopyError, sqlite::beside};

/// Pages (4 KiB each) of one step.
const STEP_PAGES: i32 = 256;
/// Steps after which what was written is forced to disk, so that no callers' commit has to wait for all of it at once.
const SYNC_STEPS: u32 = 16;
/// Pause after a step, as a multiple of the time that the step took.
const PAUSE_FACTOR: u32 = 2;
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_millis(100);
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

/// Copies `source` into the new file `target` in small steps, and forces it to disk. A disconnected or signalled `stop` ends it.
pub(crate) fn copy(source: &Path, target: &Path, copies: &Copies, stop: &Receiver<()>) -> Result<(), CopyError> {
    stand_back();
    let underway = copies.begin();
    let from = Connection::open_with_flags(source, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    from.busy_timeout(BUSY)?;
    from.pragma_update(None, "query_only", true)?;
    from.execute_batch("begin")?;
    // The first read fixes the snapshot.
    from.query_row("select count(*) from sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    let mut to = Connection::open(target)?;
    to.pragma_update(None, "synchronous", "off")?;
    to.query_row("pragma journal_mode = off", [], |_| Ok(()))?;
    steps(&from, &mut to, target, stop)?;
    from.execute_batch("rollback")?;
    drop(from);
    drop(underway);
    // The copied header asks for a log; a copy is one file.
    to.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
    to.close().map_err(|(_, error)| error)?;
    File::open(target)?.sync_all()?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measures how long a step took, to rest in proportion")]
fn steps(from: &Connection, to: &mut Connection, target: &Path, stop: &Receiver<()>) -> Result<(), CopyError> {
    let written = File::options().write(true).open(target)?;
    let backup = Backup::new(from, to)?;
    let mut steps = 0_u32;
    loop {
        let started = Instant::now();
        let outcome = backup.step(STEP_PAGES)?;
        if matches!(outcome, StepResult::Done) {
            return Ok(());
        }
        steps += 1;
        if steps.is_multiple_of(SYNC_STEPS) {
            written.sync_data()?;
        }
        let pause = (started.elapsed() * PAUSE_FACTOR).min(PAUSE_MAX);
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Err(CopyError::Stopped),
        }
    }
}

/// Takes the lowest share of the processor for this thread, for good. It is one that was made for this work.
fn stand_back() {
    // A refusal only means that callers are slowed a little more.
    let _ = rustix::process::nice(NICE);
}

/// Reads a copy whole: its pages are sound, its schema version, and the rows of every table.
pub(crate) fn contents(path: &Path) -> Result<Contents, CopyError> {
    if beside(path, "-wal").exists() {
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
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    let verdict: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    Ok((verdict != "ok").then_some(verdict))
}
