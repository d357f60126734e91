//! The thread that keeps this node alive among the others, ends those that are gone, and tells the others what changed here.
//!
//! It has a connection of its own, so that no load delays a renewal. On it stands a session lock: when the process is killed the
//! server lets go of it, and the others need not wait for the end of the lease.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::{Duration, Instant},
};

use floe_model::{Fault, id::NodeId};

use super::{news, session::Session, worker::commit_alone};
use crate::{
    Change, Tx,
    change::{Announcer, Changes},
    node::{LEASE, Node},
    params,
    platform::nodes,
    statements,
};

/// Pause between two renewals of the lease.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// Pause between two looks for nodes that are gone.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long news are collected before they are sent.
const NEWS_PAUSE: Duration = Duration::from_millis(10);
/// Pause between two sendings of what is not urgent: each wakes every node, and the database for each of them.
const NEWS_SPACE: Duration = Duration::from_millis(50);
/// Pause before a database that cannot be reached is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// News collected at most; over it the others are told to look at everything.
const NEWS_MAX: usize = 4_096;

statements! {
    /// A number for a session lock that nobody else has.
    FRESH_KEY = split {
        sqlite: "select abs(random())",
        postgres: "select (random() * 9007199254740991)::bigint * 1021 + (random() * 1020)::bigint",
    } -> [int];
    /// An id for a new life.
    FRESH_ID = split { sqlite: "select randomblob(16)", postgres: "select gen_random_uuid()" } -> [id];
    /// Takes the session lock.
    LOCK = split { sqlite: "select $1", postgres: "select case when pg_try_advisory_lock($1) then 1::bigint else 0::bigint end" } -> [int];
    /// Lets the statements of this transaction wait for locks only a little.
    WAIT_BRIEFLY = split { sqlite: "select '500ms'", postgres: "select set_config('lock_timeout', '500ms', true)" } -> [text];
    /// Tells the other nodes. What is lost with a crash of the database is found at the next look, so its commit waits for no disk.
    NOTIFY = split {
        sqlite: "select $1",
        postgres: "select set_config('synchronous_commit', 'off', true) || pg_notify('floe', $1)::text",
    } -> [text];
}

/// What the thread is told.
pub(crate) enum Command {
    /// Become a node.
    Join(Node),
    /// Something changed in this process.
    Changed(Change),
    /// End: leave what is owned to the others.
    Stop,
}

/// The thread's end of things.
pub(super) struct NodeThread {
    session: Session,
    announcer: Announcer,
    commands: Receiver<Command>,
    life: Option<Life>,
    news: Vec<Change>,
    news_due: Option<Instant>,
    news_sent: Option<Instant>,
}

struct Life {
    node: Node,
    id: Option<NodeId>,
    lock_key: i64,
    renew_at: Instant,
    look_at: Instant,
}

/// A channel to the thread.
pub(crate) fn commands() -> (Sender<Command>, Receiver<Command>) {
    channel()
}

impl NodeThread {
    pub(super) fn new(session: Session, announcer: Announcer, commands: Receiver<Command>) -> Self {
        Self { session, announcer, commands, life: None, news: Vec::new(), news_due: None, news_sent: None }
    }

    /// Serves until it is told to stop.
    pub(super) fn run(mut self) {
        loop {
            match self.commands.recv_timeout(self.pause()) {
                Ok(Command::Join(node)) => {
                    let now = now();
                    self.life = Some(Life { node, id: None, lock_key: 0, renew_at: now, look_at: now });
                }
                Ok(Command::Changed(change)) => self.note(change),
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return self.leave(),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.live();
            self.send_news();
        }
    }

    /// How long there is nothing to do.
    fn pause(&self) -> Duration {
        let life = self.life.iter().map(|life| life.renew_at.min(life.look_at));
        let next = life.chain(self.news_due).min();
        next.map_or(Duration::from_secs(60), |at| at.saturating_duration_since(now()))
    }

    fn live(&mut self) {
        let Some(mut life) = self.life.take() else { return };
        let now = now();
        if life.renew_at <= now {
            life.renew_at = match self.renew(&mut life) {
                Ok(()) => now + RENEW_EVERY,
                Err(fault) => {
                    tracing::warn!(%fault, "this node's lease could not be renewed; trying again");
                    now + RETRY_PAUSE
                }
            };
        }
        if life.look_at <= now {
            life.look_at = now + LOOK_EVERY;
            if let Some(own) = life.id
                && let Err(fault) = self.end_gone(own)
            {
                tracing::info!(%fault, "nodes that are gone could not be ended yet; trying again");
            }
        }
        self.life = Some(life);
    }

    /// Renews the lease, or begins a new life.
    fn renew(&mut self, life: &mut Life) -> Result<(), Fault> {
        let asked_at = now();
        if let Some(id) = life.id {
            let key = life.lock_key;
            let alive = self.transaction(|tx| {
                // A connection that was made anew takes the lock again, once the server has noticed the end of the old one.
                match nodes::renew(tx, id, millis(LEASE))? {
                    Some(_) if !lock(tx, key)? => {
                        Err(Fault::internal("the session lock is still held by a lost connection"))
                    }
                    alive => Ok(alive),
                }
            })?;
            if let Some(count) = alive {
                life.node.lives(id, asked_at, count);
                return Ok(());
            }
            tracing::warn!(node.id = %id, "this node was taken for gone; it goes on as a new one");
            life.id = None;
            life.node.died();
        }
        let role = life.node.role().as_str();
        let (id, key, count) = self.transaction(|tx| {
            let key = tx.row(&FRESH_KEY, &[], |row| row.int(0))?.unwrap_or(1);
            let id = tx.row(&FRESH_ID, &[], |row| row.id(0))?.map(NodeId).unwrap_or(NodeId(0));
            lock(tx, key)?;
            nodes::register(tx, id, role, key, millis(LEASE))?;
            let count = nodes::renew(tx, id, millis(LEASE))?.unwrap_or(1);
            Ok((id, key, count))
        })?;
        (life.id, life.lock_key) = (Some(id), key);
        life.node.lives(id, asked_at, count);
        // Nodes of processes that were killed are looked for at once.
        life.look_at = asked_at;
        Ok(())
    }

    /// Ends the nodes that are gone, so that the others take over what they owned.
    fn end_gone(&mut self, own: NodeId) -> Result<(), Fault> {
        let gone = self.transaction(|tx| nodes::gone(tx, own))?;
        for node in gone {
            let ended = self.transaction(|tx| {
                // A transaction of a process that stands still may hold the row. Own renewals must not wait for it.
                tx.row(&WAIT_BRIEFLY, &[], |_| Ok(()))?;
                nodes::end(tx, node)
            });
            if ended? {
                tracing::warn!(node.id = %node, "a node is gone; its runs are taken over");
                self.announcer.hear(Change::Work);
                self.announcer.hear(Change::Many);
                self.note(Change::Work);
            }
        }
        Ok(())
    }

    /// Leaves what is owned to the others, at once.
    fn leave(&mut self) {
        let Some(Life { node, id: Some(id), .. }) = self.life.take() else { return };
        node.died();
        if let Err(fault) = self.transaction(|tx| nodes::end(tx, id)) {
            tracing::warn!(%fault, "this node could not say that it ends; the others find out by themselves");
            return;
        }
        self.note(Change::Work);
        self.news_due = Some(now());
        self.send_news();
    }

    fn note(&mut self, change: Change) {
        let soon = now() + NEWS_PAUSE;
        let due = match self.news_sent {
            Some(sent) if !is_urgent(&change) => soon.max(sent + NEWS_SPACE),
            _ => soon,
        };
        self.news_due = Some(self.news_due.map_or(due, |known| known.min(due)));
        if self.news.len() >= NEWS_MAX {
            self.news = vec![Change::Many];
        } else if !self.news.contains(&change) {
            self.news.push(change);
        }
    }

    fn send_news(&mut self) {
        if self.news_due.is_none_or(|due| due > now()) {
            return;
        }
        self.news_due = None;
        self.news_sent = Some(now());
        let own = self.life.as_ref().and_then(|life| life.id).unwrap_or(NodeId(0));
        for text in news::write(own, &std::mem::take(&mut self.news)) {
            let sent = self.transaction(|tx| tx.row(&NOTIFY, params![&text], |_| Ok(())));
            if let Err(fault) = sent {
                // They look again from time to time.
                tracing::warn!(%fault, "the other nodes could not be told what changed");
                return;
            }
        }
    }

    fn transaction<T>(&mut self, act: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut changes = Changes::default();
        commit_alone(&mut self.session, &mut changes, act)
    }
}

/// Whether another node may be waiting for just this.
fn is_urgent(change: &Change) -> bool {
    matches!(change, Change::Mail { .. } | Change::Work | Change::Access | Change::Many)
}

/// Takes the session lock; once more when this session has it already, which the server counts.
fn lock(tx: &mut Tx<'_>, key: i64) -> Result<bool, Fault> {
    Ok(tx.row(&LOCK, params![key], |row| row.int(0))? == Some(1))
}

#[expect(clippy::disallowed_methods, reason = "measures how long ago the lease was renewed")]
fn now() -> Instant {
    Instant::now()
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
