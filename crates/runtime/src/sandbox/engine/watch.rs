//! The end of a job's time, asked by the interrupt handler and between promise jobs.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::process::{Pid, getppid};

/// Knows when a job has to stop. Once over, it stays over.
#[derive(Debug)]
pub(in crate::sandbox) struct Watch {
    deadline: Instant,
    parent: Option<Pid>,
    over: Cell<bool>,
}

impl Watch {
    /// A watch that ends `time_ms` milliseconds from now, or when the process has another parent than `parent`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "measures how long user code runs, in a process without a context")]
    pub(in crate::sandbox) fn start(time_ms: u64, parent: Option<Pid>) -> Self {
        Self { deadline: Instant::now() + Duration::from_millis(time_ms), parent, over: Cell::new(false) }
    }

    /// Whether the job has to stop: its time is over, or nobody waits for it since the parent process is gone.
    #[expect(clippy::disallowed_methods, reason = "measures how long user code runs, in a process without a context")]
    pub(in crate::sandbox) fn is_over(&self) -> bool {
        if !self.over.get() {
            self.over.set(Instant::now() >= self.deadline || getppid() != self.parent);
        }
        self.over.get()
    }
}
