//! This process as one of the nodes that share a database.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::{Duration, Instant};

use floe_model::id::NodeId;
use tokio::sync::watch;

/// How long a node lives without renewing.
pub(crate) const LEASE: Duration = Duration::from_secs(6);
/// What a node leaves of its lease unused, since its clock and the database's may not run at the same speed.
const MARGIN: Duration = Duration::from_millis(500);

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Answers requests and moves runs.
    All,
    /// Answers requests only.
    Web,
    /// Moves runs only.
    Worker,
}

impl Role {
    /// Its word in settings and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Web => "web",
            Self::Worker => "worker",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::All, Self::Web, Self::Worker].into_iter().find(|role| role.as_str() == word)
    }

    /// Whether it moves runs and does jobs.
    #[must_use]
    pub const fn works(self) -> bool {
        !matches!(self, Self::Web)
    }
}

/// A node's life, shared by whoever has to know whether it still counts. Clones are the same node.
#[derive(Clone)]
pub struct Node(Arc<Shared>);

struct Shared {
    role: Role,
    /// The id under which it lives now; a node that was ended comes back under another one.
    life: watch::Sender<Option<NodeId>>,
    /// Until when its lease holds for certain, by this machine's clock.
    valid_until: Mutex<Option<Instant>>,
    has_others: AtomicBool,
}

impl Node {
    pub(crate) fn new(role: Role) -> Self {
        Self(Arc::new(Shared {
            role,
            life: watch::Sender::new(None),
            valid_until: Mutex::new(None),
            has_others: AtomicBool::new(false),
        }))
    }

    /// What it does.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// The id under which it lives now; `None` while it is dead, from which it comes back by itself.
    #[must_use]
    pub fn id(&self) -> Option<NodeId> {
        *self.0.life.borrow()
    }

    /// Whether its lease holds for certain: what may not be done by two nodes is done only then.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "measures how long ago the lease was renewed, also while this process stood still"
    )]
    pub fn is_valid(&self) -> bool {
        let until = *self.0.valid_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether other nodes share the database.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.0.has_others.load(Ordering::Relaxed)
    }

    /// Tells when its id changes: it died, or came back.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<NodeId>> {
        self.0.life.subscribe()
    }

    /// It lives under this id, by a lease that was asked for at `asked_at`; there are `nodes` in all.
    pub(crate) fn lives(&self, id: NodeId, asked_at: Instant, nodes: u64) {
        *self.0.valid_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(asked_at + (LEASE - MARGIN));
        self.0.has_others.store(nodes > 1, Ordering::Relaxed);
        self.0.life.send_if_modified(|life| {
            let is_new = *life != Some(id);
            *life = Some(id);
            is_new
        });
    }

    /// It was ended.
    pub(crate) fn died(&self) {
        *self.0.valid_until.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.life.send_if_modified(|life| life.take().is_some());
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({:?}, {:?})", self.0.role, self.id())
    }
}
