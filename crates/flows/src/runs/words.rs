//! What models say while they say it, for those who follow a run on this server (Flow API contract, section 13, `delta`).
//!
//! Nothing of it is kept, and it tells nothing that the step's result will not hold: what counts is the journal. Where several servers
//! share the work, only followers on the one that moves the run see it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use floe_model::id::RunId;
use floe_runtime::effect::Progress;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Pieces that wait for a slow follower; older ones are dropped then.
const PIECES_WAITING: usize = 256;

/// A piece of what a model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The step that asked.
    pub step_id: String,
    /// Which attempt of it.
    pub attempt: u32,
    /// The piece.
    pub text: String,
}

/// Who follows which run.
#[derive(Default)]
pub(super) struct Listeners(Mutex<HashMap<RunId, broadcast::Sender<Words>>>);

impl Listeners {
    fn map(&self) -> MutexGuard<'_, HashMap<RunId, broadcast::Sender<Words>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows a run from now on.
    pub(super) fn follow(self: &Arc<Self>, run: RunId) -> Following {
        let mut map = self.map();
        let sender = map.entry(run).or_insert_with(|| broadcast::channel(PIECES_WAITING).0);
        Following { run, receiver: Some(sender.subscribe()), listeners: Arc::clone(self) }
    }

    /// What a call of a step tells its followers with.
    pub(super) fn teller(self: &Arc<Self>, run: RunId, step_id: &str, attempt: u32) -> Arc<dyn Progress> {
        Arc::new(Teller { run, step_id: step_id.to_owned(), attempt, listeners: Arc::clone(self) })
    }
}

/// A follower of a run.
pub struct Following {
    run: RunId,
    receiver: Option<broadcast::Receiver<Words>>,
    listeners: Arc<Listeners>,
}

impl Following {
    /// The next piece; never comes when there is none.
    pub async fn next(&mut self) -> Words {
        while let Some(receiver) = &mut self.receiver {
            match receiver.recv().await {
                Ok(words) => return words,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => self.receiver = None,
            }
        }
        std::future::pending().await
    }

    /// A piece that has come already.
    pub fn ready(&mut self) -> Option<Words> {
        loop {
            match self.receiver.as_mut()?.try_recv() {
                Ok(words) => return Some(words),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.receiver = None;
        let mut map = self.listeners.map();
        if map.get(&self.run).is_some_and(|sender| sender.receiver_count() == 0) {
            map.remove(&self.run);
        }
    }
}

struct Teller {
    run: RunId,
    step_id: String,
    attempt: u32,
    listeners: Arc<Listeners>,
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Teller({} {})", self.run, self.step_id)
    }
}

impl Progress for Teller {
    fn is_followed(&self) -> bool {
        self.listeners.map().contains_key(&self.run)
    }

    fn text(&self, piece: &str) {
        if let Some(sender) = self.listeners.map().get(&self.run) {
            let words = Words { step_id: self.step_id.clone(), attempt: self.attempt, text: piece.to_owned() };
            // The last follower may just have gone.
            let _ = sender.send(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_reach_who_follows_and_nobody_else() {
        let listeners = Arc::new(Listeners::default());
        let teller = listeners.teller(RunId(1), "ask", 2);
        assert!(!teller.is_followed());
        teller.text("lost");
        let (mut one, mut other) = (listeners.follow(RunId(1)), listeners.follow(RunId(2)));
        assert!(teller.is_followed());
        teller.text("Hel");
        teller.text("lo");
        let words = Words { step_id: "ask".to_owned(), attempt: 2, text: "Hel".to_owned() };
        assert_eq!((one.next().await, other.ready()), (words, None));
        assert_eq!((one.ready().map(|words| words.text).as_deref(), one.ready()), (Some("lo"), None));
        drop(one);
        assert!(!teller.is_followed());
        for _ in 0..2 * PIECES_WAITING {
            listeners.teller(RunId(2), "ask", 1).text("x");
        }
        assert!(other.ready().is_some(), "a slow follower misses some and goes on");
    }
}
