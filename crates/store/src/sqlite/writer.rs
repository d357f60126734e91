//! The writer thread: takes all closures that wait, runs each by itself inside one transaction, commits once, then answers.

use std::{
    collections::VecDeque,
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::{Duration, Instant},
};

use floe_model::Fault;
use rusqlite::Connection;

use super::{
    checkpoint::{Checkpoints, log_back},
    copy::Copies,
    exec,
    open::TemporaryFolder,
};
use crate::{
    act::Act,
    change::{Announcer, Changes},
    queue::{Lane, Queue, Serves},
    tx::Tx,
};

/// Closures that share one commit at most.
const GROUP_MAX: usize = 256;
/// How long a group takes in further closures; bounds how long a small one waits for large ones behind it. About ten times what a
/// commit takes, so that no more than a tenth of the time goes into commits when there is more work than time.
const GROUP_TIME: Duration = Duration::from_millis(3);
/// The same for a group of what is for later: whoever comes meanwhile waits for all of it.
const LATER_TIME: Duration = Duration::from_millis(1);
/// Log pages (4 KiB each) after which the writer writes the rest of the log back itself, once little of it is left: it has left the other
/// thread no gap, and only while nobody adds to the log can all of it be written back.
const CHECKPOINT_PAGES: i32 = 12_000;
/// Pages that count as little: what is added while the other thread is at its work.
const LITTLE_PAGES: i32 = 200;
/// Log pages after which the writer does so however much is left.
const CHECKPOINT_ANYWAY_PAGES: i32 = 24_000;
/// Log pages after which it waits for readers too, so that the log starts anew instead of growing.
const CHECKPOINT_WAIT_PAGES: i32 = 32_000;

/// A closure that was taken out of the queue.
type Waiting = (Lane, Box<dyn Act>);

/// What the writer thread owns.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) queue: Arc<Queue>,
    pub(super) announcer: Announcer,
    /// Pages in the log after the last commit.
    pub(super) pages: Arc<AtomicI32>,
    /// Who writes the log back beside this thread.
    pub(super) checkpoints: Checkpoints,
    pub(super) lock: File,
    /// Copies under way, whose read transactions are not waited for.
    pub(super) copies: Copies,
    pub(super) folder: Option<Arc<TemporaryFolder>>,
}

/// Counts the pages of the log, as each commit reports them.
pub(super) fn count_log_pages(connection: &mut Connection) -> rusqlite::Result<Arc<AtomicI32>> {
    let pages = Arc::new(AtomicI32::new(0));
    let counter = Arc::clone(&pages);
    connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
        counter.store(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(pages)
}

impl Writer {
    /// Serves until the queue is closed and empty, then leaves a file without a log.
    pub(super) fn run(self) {
        let mut batch = Vec::with_capacity(GROUP_MAX);
        let mut waiting = VecDeque::with_capacity(GROUP_MAX);
        let mut checkpointed = 0;
        while !waiting.is_empty() || self.queue.take(Serves::Writes, GROUP_MAX, &mut batch) {
            waiting.extend(batch.drain(..));
            let mut group = Group::new(&self.connection);
            self.fill(&mut group, &mut waiting, &mut batch);
            group.finish(&self.announcer);
            checkpointed = self.checkpoint(checkpointed);
        }
        self.checkpoints.close();
        log_back(&self.connection, "truncate");
        drop(self.connection);
        drop(self.lock);
        drop(self.folder);
    }

    /// Runs what waits, and what arrived meanwhile, until the group is full or its time is over; the rest stays in `waiting`. What
    /// is for later shares a group with nothing that was there before it: whoever waits would wait for it as well.
    #[expect(clippy::disallowed_methods, reason = "measures how long the group takes")]
    fn fill(&self, group: &mut Group<'_>, waiting: &mut VecDeque<Waiting>, batch: &mut Vec<Waiting>) {
        let begun = Instant::now();
        let (mut ran, mut all_later) = (0, true);
        while let Some((lane, act)) = waiting.pop_front() {
            group.run(act);
            ran += 1;
            all_later &= lane == Lane::Later;
            let time = if all_later { LATER_TIME } else { GROUP_TIME };
            if ran == GROUP_MAX || begun.elapsed() >= time {
                return;
            }
            if waiting.is_empty() {
                self.queue.take_more(Serves::Writes, GROUP_MAX - ran, batch);
                if all_later && batch.is_empty() {
                    self.queue.take_later(batch);
                }
                waiting.extend(batch.drain(..));
            }
        }
    }

    /// Has the log written back when it has grown enough since `done` pages; the callers of this group are answered already.
    fn checkpoint(&self, done: i32) -> i32 {
        let pages = self.pages.load(Ordering::Relaxed);
        let left = self.checkpoints.note(pages);
        // A shorter log is a new log.
        let done = if pages < done { 0 } else { done };
        let grown = pages - done;
        if grown < CHECKPOINT_PAGES || (left > LITTLE_PAGES && grown < CHECKPOINT_ANYWAY_PAGES) {
            return done;
        }
        let wait = pages >= CHECKPOINT_WAIT_PAGES && !self.copies.any();
        // While the other thread is at it, this one would do nothing: then the next group tries again. Who waits does so once in a while only.
        let back = log_back(&self.connection, if wait { "restart" } else { "passive" });
        if wait || back.is_some_and(|back| !back.is_busy) { pages } else { done }
    }
}

/// One transaction that several closures share.
struct Group<'c> {
    connection: &'c Connection,
    open: bool,
    /// Whether the open transaction holds writes of a closure, so that the next one needs a savepoint.
    shared: bool,
    /// Closures that ran, answered after the commit: what they say may rest on writes of the same group.
    ran: Vec<Box<dyn Act>>,
    changes: Changes,
    own: Changes,
}

impl<'c> Group<'c> {
    fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            open: false,
            shared: false,
            ran: Vec::new(),
            changes: Changes::default(),
            own: Changes::default(),
        }
    }

    /// Runs one closure; if it fails, the others of the group are not touched.
    fn run(&mut self, mut act: Box<dyn Act>) {
        if let Err(error) = self.enter() {
            let cause = Cause::from(error);
            self.abandon(&cause);
            return act.refuse(cause.fault());
        }
        self.own.clear();
        let mut tx = Tx::sqlite(self.connection, &mut self.own);
        let keep = act.run(&mut tx);
        let is_full = tx.is_full();
        self.ran.push(act);
        if let Err(error) = self.leave(keep) {
            return self.abandon(&Cause { is_full: is_full || exec::is_full(&error), text: error.to_string() });
        }
        if self.connection.is_autocommit() && self.open {
            // SQLite itself rolled everything back (disk full, read error).
            return self.abandon(&Cause { is_full, text: "the transaction was rolled back by SQLite".to_owned() });
        }
        if keep {
            self.changes.absorb(&mut self.own);
        }
    }

    /// Commits what is kept, then answers everyone.
    fn finish(mut self, announcer: &Announcer) {
        if self.open
            && let Err(error) = self.statement("commit")
        {
            return self.abandon(&Cause::from(error));
        }
        // Announced first: whoever is answered must not find what it changed in somebody's memory.
        announcer.send(&mut self.changes);
        for act in self.ran.drain(..) {
            act.answer();
        }
    }

    /// The first closure of a transaction needs no savepoint: nothing of others would be lost with it.
    fn enter(&mut self) -> rusqlite::Result<()> {
        if !self.open {
            self.statement("begin immediate")?;
            self.open = true;
            self.shared = false;
        }
        if self.shared {
            self.statement("savepoint one")?;
        }
        Ok(())
    }

    fn leave(&mut self, keep: bool) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        match (keep, self.shared) {
            (true, true) => self.statement("release one")?,
            (true, false) => self.shared = true,
            (false, true) => {
                self.statement("rollback to one")?;
                self.statement("release one")?;
            }
            (false, false) => {
                self.statement("rollback")?;
                self.open = false;
            }
        }
        Ok(())
    }

    /// Gives up the transaction: nobody's writes are kept, everybody is told so.
    fn abandon(&mut self, cause: &Cause) {
        tracing::error!(reason = cause.text, closures = self.ran.len(), "a group of transactions was rolled back");
        if !self.connection.is_autocommit()
            && let Err(error) = self.statement("rollback")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        self.open = false;
        self.shared = false;
        self.changes.clear();
        for act in self.ran.drain(..) {
            act.refuse(cause.fault());
        }
    }

    fn statement(&self, text: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(text)?.execute([]).map(drop)
    }
}

/// Why a group was given up.
struct Cause {
    is_full: bool,
    text: String,
}

impl Cause {
    fn fault(&self) -> Fault {
        if self.is_full {
            return Fault::storage_full();
        }
        Fault::internal(format!("a transaction could not be committed: {}", self.text))
    }
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        Self { is_full: exec::is_full(&error), text: error.to_string() }
    }
}

#[cfg(test)]
mod tests;
