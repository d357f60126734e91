//! The claim of this node on its database: a session lock on a connection of its own.
//!
//! While the connection lives nobody else can take the lock. When it is lost, writes stop (the fence goes up) until the lock is
//! taken again, since another node may have taken it meanwhile.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Runtime, sync::Notify};

use super::connect::{Address, Link};
use crate::OpenError;

/// Number of the session lock, "floe node" to us; locks are per database.
const LOCK_NUMBER: i64 = 0x666c_6f65_0001;
/// Pause between two tries to take the lock.
const RETRY_MS: u64 = 100;
/// How long a write waits for the lock to be taken again before its caller is sent away.
const FENCE_WAIT_MS: u64 = 3_000;

/// Stops writes while the claim is lost.
#[derive(Default)]
pub(super) struct Fence {
    up: Mutex<bool>,
    down: Condvar,
}

impl Fence {
    /// Whether writes are stopped now.
    pub(super) fn is_up(&self) -> bool {
        *self.lock()
    }

    /// Waits a little for the claim to come back; false when it did not.
    pub(super) fn wait_until_down(&self) -> bool {
        let up = self.lock();
        if !*up {
            return true;
        }
        let wait = Duration::from_millis(FENCE_WAIT_MS);
        let (up, _) = self.down.wait_timeout_while(up, wait, |up| *up).unwrap_or_else(PoisonError::into_inner);
        !*up
    }

    fn set(&self, up: bool) {
        *self.lock() = up;
        if !up {
            self.down.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the guard thread.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Notify>);

impl Stop {
    /// Lets go of the database.
    pub(crate) fn now(&self) {
        self.0.notify_one();
    }
}

/// The connection that holds the lock.
pub(super) struct Guard {
    runtime: Runtime,
    address: Address,
    link: Link,
    fence: Arc<Fence>,
    stop: Stop,
}

impl Guard {
    /// Takes the lock, waiting up to `wait_s` seconds for another node to let go.
    pub(super) fn acquire(address: Address, wait_s: u64) -> Result<Self, OpenError> {
        let runtime =
            super::connect::runtime().map_err(|source| OpenError::Io { path: "PostgreSQL".to_owned(), source })?;
        let link = runtime.block_on(async {
            let link = Link::connect(&address).await.map_err(unreachable)?;
            let tries = wait_s.saturating_mul(1_000) / RETRY_MS + 1;
            for _ in 0..tries {
                if take(&link).await.map_err(unreachable)? {
                    return Ok(link);
                }
                tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
            }
            Err(OpenError::InUse(
                "the PostgreSQL database is in use by another node: stop that node first, or give this one another database".to_owned(),
            ))
        })?;
        Ok(Self { runtime, address, link, fence: Arc::default(), stop: Stop::default() })
    }

    /// Runs something on the connection that holds the lock, such as the migrations.
    pub(super) fn with<T>(&mut self, act: impl AsyncFnOnce(&mut tokio_postgres::Client) -> T) -> T {
        self.runtime.block_on(act(&mut self.link.client))
    }

    /// What the workers ask before they write.
    pub(super) fn fence(&self) -> Arc<Fence> {
        Arc::clone(&self.fence)
    }

    /// What ends [`Guard::run`].
    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Watches the connection until it is told to stop; takes the lock again when it is lost.
    pub(super) fn run(self) {
        let Self { runtime, address, mut link, fence, stop } = self;
        runtime.block_on(async {
            loop {
                tokio::select! {
                    () = stop.0.notified() => break,
                    _ = &mut link.driver => {}
                }
                fence.set(true);
                tracing::error!("the claim on the database was lost; writes wait until it is taken again");
                tokio::select! {
                    () = stop.0.notified() => break,
                    again = take_again(&address) => link = again,
                }
                fence.set(false);
                tracing::info!("the claim on the database was taken again");
            }
        });
        let _inside = runtime.enter();
        drop(link);
    }
}

async fn take_again(address: &Address) -> Link {
    loop {
        // Another node that holds the lock now keeps this one fenced for as long as it lives.
        if let Ok(link) = Link::connect(address).await
            && take(&link).await.unwrap_or(false)
        {
            return link;
        }
        tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
    }
}

async fn take(link: &Link) -> Result<bool, tokio_postgres::Error> {
    let row = link.client.query_one("select pg_try_advisory_lock($1)", &[&LOCK_NUMBER]).await?;
    row.try_get(0)
}

/// The driver's message with its cause; neither holds the password.
pub(super) fn unreachable(error: tokio_postgres::Error) -> OpenError {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    OpenError::Postgres(format!("{error}{cause}"))
}
