//! The thread that writes the write-ahead log back into the file, beside the writer.
//!
//! A checkpoint waits for the disk a few times as long as a commit does. Done by the writer, every caller of that moment would
//! wait for it too; done here, commits go on meanwhile. SQLite lets the log begin anew when all of it is written back: where commits leave
//! gaps, one of them is soon wide enough for what is left. Where they leave none, only the writer can do it: see `writer.rs`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::open::TemporaryFolder;

/// Log pages (4 KiB each) after which the log is written back, without waiting for readers. Few, so that the disk is never busy with it for
/// long: whoever commits meanwhile waits for what is written back too.
const CHECKPOINT_PAGES: i32 = 1_000;
/// Length of the log from which it is written back again and again, each time the little that was added, until nothing is left.
const ANEW_PAGES: i32 = 8_000;
/// Pause between two times. Commits wait for the disk with this thread, so one after the other would leave them no gap; and a reader of old
/// pages, or the writer that does the same, has to pass.
const REST: Duration = Duration::from_millis(20);
/// Pause after one that failed.
const REST_AFTER_ERROR: Duration = Duration::from_secs(1);

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
        let left = self.pages - self.done;
        left >= CHECKPOINT_PAGES || (self.pages >= ANEW_PAGES && left > 0)
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

    /// Waits until the log is worth writing back; the pages of it that are written back already, or `None` at the end.
    fn next(&self) -> Option<i32> {
        let idle = |state: &mut State| !state.closed && !state.is_due();
        let state = self.0.woken.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        (!state.closed).then_some(state.done)
    }

    fn done(&self, pages: i32) {
        let mut state = self.lock();
        // Else the log began anew meanwhile, or the last commit is not noted yet: the next time tells.
        if pages <= state.pages {
            state.done = pages;
        }
    }

    /// Waits, but not beyond the end.
    fn rest(&self, pause: Duration) {
        let open = |state: &mut State| !state.closed;
        drop(self.0.woken.wait_timeout_while(self.lock(), pause, open));
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
        while let Some(done) = self.checkpoints.next() {
            let back = log_back(&self.connection, "passive");
            if let Some(back) = back.as_ref().filter(|back| back.pages > done) {
                self.checkpoints.done(back.pages);
            }
            self.checkpoints.rest(if back.is_some() { REST } else { REST_AFTER_ERROR });
        }
        drop(self.connection);
        drop(self.folder);
    }
}

/// What a checkpoint did.
pub(super) struct Back {
    /// Whether it could not begin or end: somebody else is at it, or a reader that was to be waited for did not go.
    pub(super) is_busy: bool,
    /// Pages of the log that are written back, from its beginning; negative when it could not begin.
    pages: i32,
}

/// Writes the log back; what stands in the way is left for the next time. `None` when it failed.
pub(super) fn log_back(connection: &Connection, how: &str) -> Option<Back> {
    let back = connection.query_row(&format!("pragma wal_checkpoint({how})"), [], |row| {
        Ok(Back { is_busy: row.get(0)?, pages: row.get(2)? })
    });
    back.inspect_err(|error| tracing::warn!(%error, "the write-ahead log could not be written back")).ok()
}
