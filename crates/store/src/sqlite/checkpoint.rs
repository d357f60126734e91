//! The thread that writes the write-ahead log back into the file, beside the writer.
//!
//! A checkpoint waits for the disk a few times as long as a commit does. Done by the writer, every caller of that moment would
//! wait for it too; done here, commits go on meanwhile. What only the writer can do is to let the log begin anew: see
//! `writer.rs`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::open::TemporaryFolder;

/// Log pages (4 KiB each) after which the log is written back, without waiting for readers. Few, so that the disk is never busy with it for
/// long: whoever commits meanwhile waits for what is written back too.
const CHECKPOINT_PAGES: i32 = 1_000;

/// Tells the thread how long the log is.
#[derive(Clone, Default)]
pub(super) struct Checkpoints(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    /// Pages in the log after the last commit.
    pages: i32,
    /// Pages that were there when it was last written back.
    done: i32,
    closed: bool,
}

impl State {
    fn is_due(&self) -> bool {
        self.pages - self.done >= CHECKPOINT_PAGES
    }
}

impl Checkpoints {
    /// Notes the length of the log; returns how many of its pages are not written back, as far as is known.
    pub(super) fn note(&self, pages: i32) -> i32 {
        let mut state = self.lock();
        if pages < state.done {
            // A shorter log is a new log.
            state.done = 0;
        }
        state.pages = pages;
        if state.is_due() {
            self.0.woken.notify_one();
        }
        pages - state.done
    }

    /// Ends the thread.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.0.woken.notify_one();
    }

    /// The length of the log, once it is worth writing back; `None` at the end.
    fn next(&self) -> Option<i32> {
        let idle = |state: &mut State| !state.closed && !state.is_due();
        let state = self.0.woken.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        (!state.closed).then_some(state.pages)
    }

    fn done(&self, pages: i32) {
        let mut state = self.lock();
        if pages <= state.pages {
            state.done = pages;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread owns.
pub(super) struct Checkpointer {
    pub(super) connection: Connection,
    pub(super) checkpoints: Checkpoints,
    pub(super) folder: Option<Arc<TemporaryFolder>>,
}

impl Checkpointer {
    /// Serves until it is closed.
    pub(super) fn run(self) {
        while let Some(pages) = self.checkpoints.next() {
            log_back(&self.connection, "passive");
            self.checkpoints.done(pages);
        }
        drop(self.connection);
        drop(self.folder);
    }
}

/// Writes the log back; what stands in the way is left for the next time. False when somebody else is just doing it, or it failed.
pub(super) fn log_back(connection: &Connection, how: &str) -> bool {
    let is_busy = connection.query_row(&format!("pragma wal_checkpoint({how})"), [], |row| row.get::<_, bool>(0));
    is_busy.map(|is_busy| !is_busy).unwrap_or_else(|error| {
        tracing::warn!(%error, "the write-ahead log could not be written back");
        false
    })
}
