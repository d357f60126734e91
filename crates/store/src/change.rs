//! What a committed transaction tells the rest of this process.

use floe_model::{
    Timestamp,
    id::{NodeId, WorkspaceId},
};

/// Most different changes that one commit announces one by one; over it watchers get [`Change::Many`].
const CHANGES_PER_COMMIT_MAX: usize = 256;

/// Changes held for a slow watcher; over it the watcher is told that it missed some.
const WATCH_CAPACITY: usize = 4_096;

/// A hint that something changed; the truth is in the tables. Hints can be lost (a slow watcher lags), so whoever
/// waits for one also looks again from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// A job was added or moved, due at this time.
    Job {
        /// The earliest due time in the transaction.
        due_at: Timestamp,
    },
    /// Domain events were published.
    Events,
    /// A record of a workspace was written.
    Record {
        /// Whose record.
        workspace: WorkspaceId,
        /// What it is, e.g. `run` or `wait`.
        kind: &'static str,
        /// Its id.
        id: u128,
    },
    /// A credential, role or session was changed or ended: remembered callers are looked up again.
    Access,
    /// There are runs that no node moves: they were left behind, or begun by a node that moves none.
    Work,
    /// A letter came, or an answer to one.
    Mail {
        /// For whom; `None` for any node that moves runs.
        to: Option<NodeId>,
    },
    /// More than could be told one by one: look at everything again.
    Many,
}

/// The changes of one commit, each once; of the jobs only the earliest.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    list: Vec<Change>,
}

impl Changes {
    /// Adds a change unless it is there.
    pub(crate) fn add(&mut self, change: Change) {
        if let Change::Job { due_at } = change {
            let known = self.list.iter_mut().find_map(|known| match known {
                Change::Job { due_at } => Some(due_at),
                _ => None,
            });
            match known {
                Some(earliest) => *earliest = due_at.min(*earliest),
                None => self.list.push(change),
            }
            return;
        }
        if self.list.contains(&change) || self.list.contains(&Change::Many) {
            return;
        }
        if self.list.len() >= CHANGES_PER_COMMIT_MAX {
            self.list.retain(|known| matches!(known, Change::Job { .. }));
            self.list.push(Change::Many);
            return;
        }
        self.list.push(change);
    }

    /// Forgets everything: the transaction was rolled back.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// Hands out the changes and starts anew.
    pub(crate) fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.list)
    }

    /// Adds all changes of another transaction of the same commit.
    pub(crate) fn absorb(&mut self, other: &mut Self) {
        for change in other.list.drain(..) {
            self.add(change);
        }
    }
}

/// Tells the watchers of this process, and whoever tells the other nodes.
#[derive(Clone)]
pub(crate) struct Announcer {
    here: tokio::sync::broadcast::Sender<Change>,
    others: Option<std::sync::Arc<dyn Fn(Change) + Send + Sync>>,
}

impl Announcer {
    /// An announcer without watchers.
    pub(crate) fn new() -> Self {
        Self { here: tokio::sync::broadcast::Sender::new(WATCH_CAPACITY), others: None }
    }

    /// The same, which also tells `others` of every change that is made here.
    pub(crate) fn telling(others: impl Fn(Change) + Send + Sync + 'static) -> Self {
        Self { others: Some(std::sync::Arc::new(others)), ..Self::new() }
    }

    /// A new watcher, from now on.
    pub(crate) fn watch(&self) -> tokio::sync::broadcast::Receiver<Change> {
        self.here.subscribe()
    }

    /// Sends what a commit announced; nobody listening is fine.
    pub(crate) fn send(&self, changes: &mut Changes) {
        for change in changes.take() {
            self.hear(change);
            if let Some(others) = &self.others {
                others(change);
            }
        }
    }

    /// Sends what another node told.
    pub(crate) fn hear(&self, change: Change) {
        let _ = self.here.send(change);
    }
}

#[cfg(test)]
mod tests;
