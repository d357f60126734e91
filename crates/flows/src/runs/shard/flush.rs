//! Writing: what is dirty goes to disk in one transaction; what it allows is done afterwards.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use floe_engine::machine::Command;
use floe_model::id::RunId;
use floe_model::{Fault, FaultKind};
use floe_runtime::Ids;
use floe_store::Store;
use floe_store::flows::runs::RunRow;
use floe_store::platform::nodes;
use tokio::sync::oneshot;

use super::super::admission::Ticket;
use super::super::batch::{self, Part, WrittenBy};
use super::super::message::Reply;
use super::super::start::ChildStart;
use super::super::state::RunState;
use super::{Shard, Slot, overloaded};

/// Runs in one write at most.
const RUNS_PER_WRITE_MAX: usize = 512;

/// What became of each run of a write.
type Results = Vec<Result<(), Fault>>;

/// A write under way.
pub(super) struct Flush {
    done: Pin<Box<dyn Future<Output = Results> + Send>>,
    runs: Vec<Flushed>,
    /// The shard's life in which it was begun.
    life: u64,
}

/// What is to be done for a run once its write is on disk.
pub(super) struct Flushed {
    run: RunId,
    commands: Vec<Command>,
    children: Vec<Ticket>,
    accepted: Option<oneshot::Sender<Result<(), Fault>>>,
    settled: Option<RunState>,
    waiters: Vec<oneshot::Sender<Result<RunState, Fault>>>,
    replies: Vec<Reply>,
}

impl Shard {
    /// Starts a write of everything that is dirty.
    pub(super) fn start_flush(&mut self) -> Option<Flush> {
        let now = self.core.platform.clock.now();
        let ids = self.core.platform.ids.clone();
        let mut parts = Vec::new();
        let mut flushed = Vec::new();
        let mut later = Vec::new();
        for run in std::mem::take(&mut self.dirty) {
            let Some(live) = self.live(run).filter(|live| live.is_dirty()) else { continue };
            if parts.len() >= RUNS_PER_WRITE_MAX {
                later.push(run);
                continue;
            }
            let (write, commands) = live.take_write();
            let waiters = if live.is_settled() { std::mem::take(&mut live.waiters) } else { Vec::new() };
            flushed.push(Flushed {
                run,
                commands,
                children: write.extras.children.iter().map(ChildStart::ticket).collect(),
                accepted: live.accepted.take(),
                settled: (!waiters.is_empty()).then(|| live.state()),
                waiters,
                replies: std::mem::take(&mut live.replies),
            });
            live.is_flushing = true;
            parts.push(Part::new(write, now, &mut || ids.next_bits()));
        }
        self.dirty = later;
        if parts.is_empty() {
            return None;
        }
        let store = self.core.platform.store.clone();
        let written_by = WrittenBy::of(self.core.node.as_ref());
        Some(Flush { done: Box::pin(write_all(store, ids, written_by, parts)), runs: flushed, life: self.life })
    }

    pub(super) fn flushed(&mut self, flush: Flush, results: Results) {
        for (flushed, result) in flush.runs.into_iter().zip(results) {
            if flush.life != self.life {
                // The run may be in memory again, as it was read since. Whoever waits finds out from the database.
                continue;
            }
            match result {
                Ok(()) => self.on_disk(flushed),
                Err(fault) => {
                    if batch::is_overtaken(&fault) && self.core.node.is_some() {
                        tracing::info!(run.id = %flushed.run, %fault, "another node moves a run that was to be written here");
                    } else {
                        tracing::error!(run.id = %flushed.run, %fault, "a run could not be written; it goes on from what is on disk");
                    }
                    self.forget(flushed, &fault);
                }
            }
        }
    }

    pub(super) fn on_disk(&mut self, flushed: Flushed) {
        let run = flushed.run;
        self.failures.remove(&run);
        if let Some(accepted) = flushed.accepted {
            let _ = accepted.send(Ok(()));
        }
        if let Some(state) = flushed.settled {
            for waiter in flushed.waiters {
                let _ = waiter.send(Ok(state.clone()));
            }
        }
        for watcher in self.watchers.remove(&run).unwrap_or_default() {
            let _ = watcher.send(());
        }
        for command in flushed.commands {
            self.carry_out(run, command);
        }
        for child in flushed.children {
            self.core.admit(child, true);
        }
        flushed.replies.into_iter().for_each(Reply::give);
        if let Some(live) = self.live(run) {
            live.is_flushing = false;
            if live.is_on_disk() {
                std::mem::take(&mut live.replies).into_iter().for_each(Reply::give);
                count_end(&live.row);
            }
        }
        self.rest(run);
    }

    /// A write failed: what memory holds is ahead of the disk, so the run is dropped and read again.
    pub(super) fn forget(&mut self, flushed: Flushed, fault: &Fault) {
        let Some(Slot::Live(mut live)) = self.runs.remove(&flushed.run) else { return };
        live.tasks.values().for_each(tokio::task::AbortHandle::abort);
        self.leave(&live);
        if self.core.node.is_some() && batch::is_overtaken(fault) {
            // Another node moves it now. Whoever waits asks again, and is told from the database. Or what was written before was kept
            // though its outcome was not known: then the run is still this node's, and goes on from there.
            return self.admit_later(live.ticket());
        }
        let is_new = flushed.accepted.is_some();
        if let Some(accepted) = flushed.accepted {
            let _ = accepted.send(Err(not_stored(fault)));
        }
        for waiter in flushed.waiters.into_iter().chain(std::mem::take(&mut live.waiters)) {
            let _ = waiter.send(Err(not_stored(fault)));
        }
        for reply in flushed.replies.into_iter().chain(std::mem::take(&mut live.replies)) {
            reply.refuse(not_stored(fault));
        }
        if is_new && fault.kind() == FaultKind::StorageFull {
            // It was refused, and is certainly not on disk.
            return;
        }
        // Also a run that was never accepted: a database that broke off may have kept it. If not, it is not found.
        self.admit_later(live.ticket());
    }
}

/// Counts a run whose end is on disk; nothing of it is written any more, so it is counted once.
fn count_end(row: &RunRow) {
    let status = match row.status.as_str() {
        "completed" => "completed",
        "failed" => "failed",
        "cancelled" => "cancelled",
        _ => return,
    };
    metrics::counter!("floe_runs_total", "kind" => "flow", "status" => status).increment(1);
}

/// What is told to those who wait for a run whose write failed.
fn not_stored(fault: &Fault) -> Fault {
    match fault.kind() {
        FaultKind::StorageFull => Fault::storage_full(),
        _ => overloaded("The run could not be stored"),
    }
}

pub(super) async fn wait_for(flush: &mut Option<Flush>) -> Results {
    match flush {
        Some(flush) => flush.done.as_mut().await,
        None => std::future::pending().await,
    }
}

/// Writes all runs in one transaction. If that fails, each is tried alone, so that one run which cannot be written does
/// not take the others with it.
async fn write_all(store: Store, ids: Ids, written_by: WrittenBy, parts: Vec<Result<Part, Fault>>) -> Results {
    if parts.iter().all(Result::is_ok) {
        let whole: Arc<Vec<Part>> = Arc::new(parts.into_iter().flatten().collect());
        let count = whole.len();
        let together = Arc::clone(&whole);
        let own = ids.clone();
        return match store.write(move |tx| batch::write(tx, &own, written_by, &together)).await {
            Ok(()) => std::iter::repeat_with(|| Ok(())).take(count).collect(),
            Err(fault) if count == 1 => vec![Err(fault)],
            Err(fault) if fault.code() == nodes::ENDED_CODE => {
                std::iter::repeat_with(|| Err(nodes::ended_fault())).take(count).collect()
            }
            Err(_) => {
                let mut results = Vec::with_capacity(count);
                for index in 0..count {
                    let (whole, ids) = (Arc::clone(&whole), ids.clone());
                    results
                        .push(store.write(move |tx| batch::write(tx, &ids, written_by, &whole[index..=index])).await);
                }
                results
            }
        };
    }
    let mut results = Vec::with_capacity(parts.len());
    for part in parts {
        results.push(match part {
            Ok(part) => {
                let ids = ids.clone();
                store.write(move |tx| batch::write(tx, &ids, written_by, std::slice::from_ref(&part))).await
            }
            Err(fault) => Err(fault),
        });
    }
    results
}
