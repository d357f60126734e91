//! The queues between callers and database threads: three lanes, a bound for each, and workers that sleep when idle.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::Thread,
};

use crate::act::Act;

/// What a closure may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Change data.
    Write = 0,
    /// Look only.
    Read = 1,
    /// Change data that nobody waits for: taken when no [`Lane::Write`] waits, or when passed over too often.
    Later = 2,
}

impl Lane {
    /// Whether what it holds may change data.
    pub(crate) fn writes(self) -> bool {
        self != Self::Read
    }
}

/// How often writes are taken before [`Lane::Later`] while something waits there: what nobody waits for is done in the end too.
const PASSED_OVER_MAX: u32 = 8;

/// Which lanes a worker serves; with several workers each lane has some of its own, so neither starves the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serves {
    Writes,
    Reads,
    Both,
}

impl Serves {
    fn takes(self, lane: Lane) -> bool {
        self == Self::Both || lane.writes() == (self == Self::Writes)
    }
}

/// Why a closure was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many wait as may.
    Full,
    /// The store is closed.
    Closed,
}

/// Closures that wait for a database thread.
pub(crate) struct Queue {
    state: Mutex<State>,
    waiting_max: [usize; 3],
}

#[derive(Default)]
struct State {
    lanes: [VecDeque<Box<dyn Act>>; 3],
    /// How often [`Lane::Later`] was passed over since something was taken from it.
    passed_over: u32,
    /// Sleeping workers; the last one that fell asleep is woken first, so that few connections stay warm.
    idle: Vec<(Thread, Serves)>,
    closed: bool,
}

impl Queue {
    /// A queue that holds so many writes, as many for later, and so many reads.
    pub(crate) fn new(writes_max: usize, reads_max: usize) -> Self {
        Self { state: Mutex::new(State::default()), waiting_max: [writes_max, reads_max, writes_max] }
    }

    /// Adds a closure and wakes a worker for it; hands it back when it cannot wait here.
    pub(crate) fn push(&self, lane: Lane, act: Box<dyn Act>) -> Result<(), (Refused, Box<dyn Act>)> {
        let mut state = self.lock();
        if state.closed {
            return Err((Refused::Closed, act));
        }
        if state.lanes[lane as usize].len() >= self.waiting_max[lane as usize] {
            return Err((Refused::Full, act));
        }
        state.lanes[lane as usize].push_back(act);
        let sleeper = state.idle.iter().rposition(|(_, serves)| serves.takes(lane));
        let worker = sleeper.map(|at| state.idle.remove(at).0);
        drop(state);
        if let Some(worker) = worker {
            worker.unpark();
        }
        Ok(())
    }

    /// Moves up to `limit` closures that this worker serves into `batch`, writes first, or one that is for later; sleeps while there are
    /// none. False when the queue is closed and nothing is left.
    pub(crate) fn take(&self, serves: Serves, limit: usize, batch: &mut Vec<(Lane, Box<dyn Act>)>) -> bool {
        loop {
            let mut state = self.lock();
            state.take(serves, limit, batch);
            if !batch.is_empty() {
                return true;
            }
            if state.closed {
                return false;
            }
            let me = std::thread::current();
            // A wake-up without a reason leaves the entry of the last round behind.
            state.idle.retain(|(thread, _)| thread.id() != me.id());
            state.idle.push((me, serves));
            drop(state);
            std::thread::park();
        }
    }

    /// Moves up to `limit` more closures into `batch` without waiting.
    pub(crate) fn take_more(&self, serves: Serves, limit: usize, batch: &mut Vec<(Lane, Box<dyn Act>)>) {
        self.lock().drain(serves, limit, batch);
    }

    /// Moves one more closure of [`Lane::Later`] into `batch` if no write waits, without waiting.
    pub(crate) fn take_later(&self, batch: &mut Vec<(Lane, Box<dyn Act>)>) {
        let mut state = self.lock();
        if state.lanes[Lane::Write as usize].is_empty() {
            state.take_later(batch);
        }
    }

    /// Refuses new closures; workers end when the waiting ones are done.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        for (worker, _) in idle {
            worker.unpark();
        }
    }

    /// How many closures wait in a lane.
    pub(crate) fn waiting(&self, lane: Lane) -> usize {
        self.lock().lanes[lane as usize].len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing inside can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, serves: Serves, limit: usize, batch: &mut Vec<(Lane, Box<dyn Act>)>) {
        let later = serves.takes(Lane::Later) && !self.lanes[Lane::Later as usize].is_empty();
        if !later || self.passed_over < PASSED_OVER_MAX {
            self.drain(serves, limit, batch);
        }
        if later && batch.is_empty() {
            self.take_later(batch);
        } else if later {
            self.passed_over += 1;
        }
    }

    fn drain(&mut self, serves: Serves, limit: usize, batch: &mut Vec<(Lane, Box<dyn Act>)>) {
        for lane in [Lane::Write, Lane::Read] {
            if serves.takes(lane) {
                let waiting = &mut self.lanes[lane as usize];
                let count = waiting.len().min(limit.saturating_sub(batch.len()));
                batch.extend(waiting.drain(..count).map(|act| (lane, act)));
            }
        }
    }

    fn take_later(&mut self, batch: &mut Vec<(Lane, Box<dyn Act>)>) {
        self.passed_over = 0;
        batch.extend(self.lanes[Lane::Later as usize].pop_front().map(|act| (Lane::Later, act)));
    }
}

#[cfg(test)]
mod tests;
