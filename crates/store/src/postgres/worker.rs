//! A thread that runs closures, one transaction each, on its own connection.

use std::{sync::Arc, time::Duration};

use floe_model::Fault;

use super::session::{self, Defers, Session, Trouble, Uncommitted};
use crate::{
    act::Act,
    change::{Announcer, Changes},
    queue::{Lane, Queue, Serves},
    store::overloaded,
    tx::Tx,
};

/// Runs of one closure at most, counting those that met contention or a lost connection.
const RUNS_MAX: u32 = 12;
/// Tries to reach the server for one closure.
const CONNECTS_MAX: u32 = 4;
/// Pause before the second try; doubled for each further one.
const PAUSE_FIRST_MS: u64 = 5;
/// Different pauses for threads that met each other.
const PAUSE_PARTS: u64 = 16;
/// Longest pause between two tries.
const PAUSE_MAX_MS: u64 = 500;

/// How a write begins. The level is named because a database can have another default.
const BEGIN_WRITE: &str = "begin isolation level read committed read write";
/// How a read begins: one snapshot for all of its statements.
const BEGIN_READ: &str = "begin isolation level repeatable read read only";

/// The same where the snapshot of the last read is still open: its end travels with the next beginning.
const END_READ_BEGIN_WRITE: &str = "rollback; begin isolation level read committed read write";
/// As [`END_READ_BEGIN_WRITE`].
const END_READ_BEGIN_READ: &str = "rollback; begin isolation level repeatable read read only";

/// What a worker thread owns.
pub(super) struct Worker {
    /// Its number, which spreads the pauses of those who met each other.
    pub(super) number: u64,
    pub(super) session: Session,
    pub(super) queue: Arc<Queue>,
    pub(super) serves: Serves,
    pub(super) announcer: Announcer,
    /// Whether the snapshot of the last read is still open. Only until the next closure, or until there is none.
    pub(super) reading: bool,
}

enum Outcome {
    /// Answer with what the closure said.
    Answer,
    /// Nothing was committed, and another run may succeed.
    Again,
    /// Answer with this.
    Refuse(Fault),
}

impl Worker {
    /// Serves until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut batch = Vec::with_capacity(1);
        while self.next(&mut batch) {
            for (lane, act) in batch.drain(..) {
                if lane.writes() || !act.abandoned() {
                    self.serve(lane, act);
                }
            }
        }
    }

    /// The next closure. Before this thread sleeps, it ends the snapshot of the last read.
    fn next(&mut self, batch: &mut Vec<(Lane, Box<dyn Act>)>) -> bool {
        if self.reading {
            self.queue.take_more(self.serves, 1, batch);
            if !batch.is_empty() {
                return true;
            }
            self.end_reading();
        }
        self.queue.take(self.serves, 1, batch)
    }

    fn serve(&mut self, lane: Lane, mut act: Box<dyn Act>) {
        let mut changes = Changes::default();
        for run in 0..RUNS_MAX {
            pause(run, self.number);
            if let Err(fault) = self.ready() {
                return act.refuse(fault);
            }
            changes.clear();
            match self.transaction(lane, act.as_mut(), &mut changes) {
                Outcome::Answer => {
                    // Announced first: whoever is answered must not find what it changed in somebody's memory.
                    self.announcer.send(&mut changes);
                    return act.answer();
                }
                Outcome::Again => {}
                Outcome::Refuse(fault) => return act.refuse(fault),
            }
        }
        act.refuse(overloaded("Too many transactions want to change the same records"));
    }

    /// Connected.
    fn ready(&mut self) -> Result<(), Fault> {
        for attempt in 0..CONNECTS_MAX {
            pause(attempt * 2, self.number);
            match self.session.connect() {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(%error, "the database cannot be reached"),
            }
        }
        Err(overloaded("The database cannot be reached"))
    }

    fn transaction(&mut self, lane: Lane, act: &mut dyn Act, changes: &mut Changes) -> Outcome {
        let begin = match (lane.writes(), self.reading) {
            (true, false) => BEGIN_WRITE,
            (true, true) => END_READ_BEGIN_WRITE,
            (false, false) => BEGIN_READ,
            (false, true) => END_READ_BEGIN_READ,
        };
        let defers = match (lane.writes(), self.reading) {
            (false, _) => Defers::None,
            (true, true) => Defers::Statements,
            (true, false) => Defers::All,
        };
        self.session.begin(begin, defers);
        let keep = act.run(&mut Tx::postgres(&mut self.session, changes));
        self.reading &= !self.session.begun();
        if self.reading && self.session.trouble().is_some() {
            // A statement could not even be prepared, which spoiled the snapshot that was still open.
            self.end_reading();
        }
        match self.session.trouble() {
            Some(Trouble::Lost) => {
                self.session.disconnect();
                return Outcome::Again;
            }
            Some(Trouble::Contention) => {
                self.roll_back();
                return Outcome::Again;
            }
            Some(Trouble::Statement) | None => {}
        }
        if lane == Lane::Read {
            changes.clear();
            if self.session.trouble().is_none() {
                self.reading |= self.session.begun();
            } else {
                // In a failed transaction nothing can be prepared, so its end cannot wait for the next beginning.
                self.roll_back();
            }
            return Outcome::Answer;
        }
        if !keep {
            changes.clear();
            self.session.forget();
            self.roll_back();
            return Outcome::Answer;
        }
        self.commit()
    }

    fn commit(&mut self) -> Outcome {
        if !self.session.has_work() {
            return Outcome::Answer;
        }
        // If the snapshot of a read was still open, its end went out with the beginning.
        self.reading = false;
        match self.session.commit() {
            Ok(()) => Outcome::Answer,
            Err(Uncommitted::Statement(_) | Uncommitted::Commit(Trouble::Contention, _))
                if self.session.trouble().is_none_or(|trouble| trouble == Trouble::Contention) =>
            {
                Outcome::Again
            }
            Err(Uncommitted::Undone) => {
                self.session.disconnect();
                Outcome::Again
            }
            Err(Uncommitted::Statement(fault)) => Outcome::Refuse(fault),
            Err(Uncommitted::Commit(_, error)) if session::is_full(&error) => {
                self.roll_back();
                Outcome::Refuse(Fault::storage_full())
            }
            Err(Uncommitted::Commit(trouble, error)) => {
                // Whether it was committed is not known, so it must not run again by itself.
                tracing::error!(%error, ?trouble, "the outcome of a commit is not known");
                self.session.disconnect();
                Outcome::Refuse(Fault::internal(error))
            }
        }
    }

    fn end_reading(&mut self) {
        self.reading = false;
        if self.session.end("rollback").is_err() {
            self.session.disconnect();
        }
    }

    fn roll_back(&mut self) {
        if self.session.begun() && self.session.end("rollback").is_err() {
            self.session.disconnect();
        }
    }
}

/// Waits before try number `attempt`; not before the first.
#[expect(
    clippy::disallowed_methods,
    reason = "a database thread has nothing else to do meanwhile; bounded by the tries"
)]
fn pause(attempt: u32, number: u64) {
    if attempt > 0 {
        let doubled = (PAUSE_FIRST_MS << attempt.min(10)).min(PAUSE_MAX_MS);
        // Between half and all of it, another part for each thread.
        let spread = doubled * (number % PAUSE_PARTS) / (2 * PAUSE_PARTS);
        std::thread::sleep(Duration::from_millis(doubled / 2 + spread));
    }
}

/// Runs one closure in a transaction of its own on a connection that no queue feeds. It is not tried again.
pub(super) fn commit_alone<T>(
    session: &mut Session,
    changes: &mut Changes,
    act: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    session.connect().map_err(|_| overloaded("The database cannot be reached"))?;
    session.begin(BEGIN_WRITE, Defers::None);
    let result = act(&mut Tx::postgres(session, changes));
    if session.trouble() == Some(Trouble::Lost) {
        session.disconnect();
    } else if session.begun() {
        let end = if result.is_ok() { "commit" } else { "rollback" };
        if let Err((_, error)) = session.end(end) {
            session.disconnect();
            return Err(Fault::internal(error));
        }
    }
    result
}
